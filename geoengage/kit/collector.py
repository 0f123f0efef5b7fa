"""Python's cyclic garbage collector in processes that many wait for: it halts everything while it looks."""

import contextlib
import gc
from collections.abc import Iterator

MADE_BETWEEN = 20_000  # objects; by default 700, which is several times in a group of pings


def settle() -> None:
    """At a process's start: what is there stays, and what comes is looked through less often."""
    gc.freeze()
    gc.set_threshold(MADE_BETWEEN, 20, 100)


@contextlib.contextmanager
def at_rest() -> Iterator[None]:
    """What is made here is not looked through, neither now nor later: of 50,000 zones, that takes half a second."""
    gc.disable()
    try:
        yield
    finally:
        gc.freeze()
        gc.enable()
