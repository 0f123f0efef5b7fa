"""`python -m geoengage`."""

from geoengage.cli import main

main()
