"""The versions of a tenant's zones in time: which one is in force at a moment, and when which zones change. No SQL."""

from bisect import bisect_right
from collections.abc import Sequence
from datetime import datetime
from uuid import UUID
from zoneinfo import ZoneInfo

from geoengage.presence.rules.run import ZoneFacts
from geoengage.presence.rules.schedule import OpeningHours
from geoengage.presence.rules.state import NEVER
from geoengage.venues.rules import PASSED_THROUGH, PublishedZone


class Versions:
    """Versions by their number in `zones`. One is in force from `effective_from` until before `effective_to`."""

    def __init__(self, zones: Sequence[PublishedZone]) -> None:
        self._zones = zones
        self._facts: dict[int, ZoneFacts] = {}
        self._of: dict[UUID, list[int]] = {}
        changed: dict[datetime, set[UUID]] = {}
        for number in sorted(range(len(zones)), key=lambda n: zones[n].effective_from):
            zone = zones[number]
            self._of.setdefault(zone.zone_id, []).append(number)
            for at in (zone.effective_from, zone.effective_to):
                if at is not None:
                    changed.setdefault(at, set()).add(zone.zone_id)
        self._times = sorted(changed)
        self._changed = [frozenset(changed[at]) for at in self._times]

    @property
    def newest(self) -> dict[UUID, int]:
        """The last version of each zone: in force, to come, or ended last."""
        return {zone_id: numbers[-1] for zone_id, numbers in self._of.items()}

    def in_force(self, number: int, at: datetime) -> bool:
        """Whether a version counts at a moment."""
        zone = self._zones[number]
        return zone.effective_from <= at and (zone.effective_to is None or at < zone.effective_to)

    def number_at(self, zone_id: UUID, at: datetime) -> int | None:
        """The version of a zone that is in force at a moment."""
        return next((n for n in reversed(self._of.get(zone_id, ())) if self.in_force(n, at)), None)

    def facts(self, number: int) -> ZoneFacts:
        """What the decision must know of a version."""
        known = self._facts.get(number)
        if known is None:
            zone = self._zones[number]
            hours = None if zone.schedule is None else OpeningHours(zone.schedule, ZoneInfo(zone.timezone))
            known = self._facts[number] = ZoneFacts(
                zone.zone_id, zone.version, zone.rules, hours, is_passed_through=zone.kind in PASSED_THROUGH
            )
        return known

    def last_change(self, until: datetime) -> datetime:
        """When zones changed last, up to a moment; the beginning of time if never."""
        number = bisect_right(self._times, until)
        return self._times[number - 1] if number else NEVER

    def changes(self, after: datetime, until: datetime) -> list[tuple[datetime, frozenset[UUID]]]:
        """When zones change in `after` < t <= `until`, and which; mostly never."""
        first, last = bisect_right(self._times, after), bisect_right(self._times, until)
        return list(zip(self._times[first:last], self._changed[first:last], strict=True))
