"""Counting attempts in memory, per process: enough to make guessing passwords slow, not a quota. Pure.

A restart forgets, and several processes each count for themselves. Bounded: the keys unused for longest are dropped.
"""

from collections import OrderedDict
from dataclasses import dataclass
from datetime import datetime, timedelta

from geoengage.kit.errors import TooMany


@dataclass(slots=True)
class _Window:
    started_at: datetime
    used: int


class RateLimit:
    """At most `count` attempts per key within a window that starts with the key's first attempt."""

    def __init__(self, count: int, window: timedelta, *, max_keys: int = 10_000) -> None:
        self.count = count
        self.window = window
        self._max_keys = max_keys
        self._windows: OrderedDict[str, _Window] = OrderedDict()

    def spend(self, key: str, now: datetime) -> None:
        """Count one attempt; TooMany, with the seconds to wait, when the window has none left."""
        window = self._windows.get(key)
        if window is None or now - window.started_at >= self.window:
            window = self._windows[key] = _Window(now, 0)
        self._windows.move_to_end(key)
        if len(self._windows) > self._max_keys:
            self._windows.popitem(last=False)
        if window.used >= self.count:
            raise self._too_many(window, now)
        window.used += 1

    def check(self, key: str, now: datetime) -> None:
        """TooMany when no attempt is left; counts none."""
        window = self._windows.get(key)
        if window is not None and now - window.started_at < self.window and window.used >= self.count:
            raise self._too_many(window, now)

    def _too_many(self, window: _Window, now: datetime) -> TooMany:
        wait_s = max(1, round((window.started_at + self.window - now).total_seconds()))
        return TooMany(
            f"too many attempts; wait {wait_s} s",
            retry_after_s=wait_s,
            limit=self.count,
            window_s=int(self.window.total_seconds()),
        )

    def forget(self, key: str) -> None:
        """Start afresh, after a success."""
        self._windows.pop(key, None)
