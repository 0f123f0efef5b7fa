"""`python -m tests.bench.campaign_kills`: ten campaigns of 20,000 messages, each with worker, API and database killed.

Prints what became of each. Fails at the first (campaign, person, step) without a known end, or message of a
never-repeat campaign that arrived twice.
"""

import argparse
import asyncio
import sys
import tempfile
from pathlib import Path

from tests.e2e.campaign_kills import story


def main() -> None:
    """Run the rounds."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--messages", type=int, default=20_000)
    parser.add_argument("--rounds", type=int, default=10)
    asked = parser.parse_args()
    for number in range(asked.rounds):
        with tempfile.TemporaryDirectory() as directory:
            kills = ("worker", "database", "serve", "database", "worker")
            outcome = asyncio.run(story(Path(directory), messages=asked.messages, kills=kills, seed=number))
        sys.stdout.write(f"{number + 1}: {outcome}\n")
        sys.stdout.flush()


if __name__ == "__main__":
    main()
