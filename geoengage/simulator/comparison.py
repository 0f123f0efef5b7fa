"""Plain point-in-polygon and the engine on the same walks: counts since the noise was set, one walk to look at. Pure.

What plain makes of a position is known here at once; what the engine recorded is brought by whoever reads its events.
"""

from collections.abc import Iterable, Mapping
from dataclasses import asdict, dataclass, field
from typing import Any

from geoengage.simulator.truth import Fences, Followed, Reported, Said, Tally, Way

KEPT_S = 600.0  # a walk is remembered so long after its end: events may come late
SHOWN_S = 420.0  # of the walk that is shown
FRESH_S = 90.0  # it was heard of so lately
BETTER_BY = 2  # wrong entries that another walk must have more, so that the picture does not jump


@dataclass(slots=True)
class Comparison:
    """All shoppers that are followed. `since`: Unix seconds at which counting began."""

    since: float
    positions: int = 0
    visits: int = 0
    tallies: dict[Way, Tally] = field(default_factory=lambda: {"plain": Tally(), "ours": Tally()})
    fences: Fences = field(default_factory=dict)
    followed: dict[str, Followed] = field(default_factory=dict)
    _shown: str | None = None

    def begin_anew(self, now: float) -> None:
        """The noise is another one: count from here."""
        self.since, self.positions, self.visits = now, 0, 0
        self.tallies = {"plain": Tally(), "ours": Tally()}

    def follow(self, one: Followed) -> None:
        """A shopper comes in with a phone of her own."""
        self.followed[one.device_id] = one

    def hear(self, device_id: str, fix: Reported, x: float, y: float) -> None:
        """A position of a followed phone, at x, y metres as it says."""
        one = self.followed.get(device_id)
        if one is not None:
            self.positions += 1
            self._count(one.hear(fix, x, y, self.fences.values()))

    def heard_of(self, event: Mapping[str, Any], at: float) -> None:
        """An entry that the engine recorded (as GET /v1/zone-events gives it). A late one finds its visit, and pushes
        nothing."""
        one = self.followed.get(event["device_id"])
        fence = self.fences.get((event["zone_id"], event["zone_version"]))
        if one is None or fence is None or at < self.since:
            return
        if event["late"]:
            one.judge("ours", fence, at)
        else:
            self._count([one.say("ours", fence, at)])

    def _count(self, said: Iterable[Said]) -> None:
        for entry in said:
            tally = self.tallies[entry.way]
            setattr(tally, entry.verdict, getattr(tally, entry.verdict) + 1)

    def settle(self, now: float) -> None:
        """Count the true visits that nobody will find any more; forget walks that ended long ago."""
        for one in self.followed.values():
            for stay in one.settled(self.fences.values(), self.since, now):
                self.visits += 1
                for way, tally in self.tallies.items():
                    tally.missed += way not in stay.found
        self.followed = {d: one for d, one in self.followed.items() if one.end + KEPT_S > now}

    def report(self, revision: int, now: float) -> dict[str, Any]:
        """As the API takes it; times still in Unix seconds."""
        walk = self._walk(now)
        return {
            "revision": revision,
            "since": self.since,
            "positions": self.positions,
            "shoppers": len(self.followed),
            "visits": self.visits,
            **{way: asdict(tally) for way, tally in self.tallies.items()},
            "walk": walk.told(SHOWN_S) if walk else None,
        }

    def _walk(self, now: float) -> Followed | None:
        """The walk that plain got most wrong lately; the one shown before stays unless another is clearly worse."""
        fresh = [o for o in self.followed.values() if len(o.fixes) > 1 and o.fixes[-1].at > now - FRESH_S]
        worst = max(fresh, key=self._wrong, default=None)
        before = next((o for o in fresh if o.device_id == self._shown), None)
        if before is not None and worst is not None and self._wrong(worst) < self._wrong(before) + BETTER_BY:
            worst = before
        self._shown = worst.device_id if worst else None
        return worst

    def _wrong(self, one: Followed) -> int:
        since = max(self.since, one.fixes[-1].at - SHOWN_S)
        return sum(s.way == "plain" and s.verdict == "wrong" and s.at >= since for s in one.said)
