"""What presence tells the rest of the product, as ledger events. No coordinates: a zone says where."""

from datetime import datetime, timedelta
from uuid import UUID

import msgspec

from geoengage.kit.event_base import Event

HISTORY_AGE = timedelta(hours=1)


def is_history(at: datetime, recorded_at: datetime) -> bool:
    """Whether an event was recorded so long after it happened that nobody waits for what follows from it.

    A phone that was off for hours, a mall that brings its past along. `late` alone (two minutes) still is an answer to
    "why did I get nothing?"; this is for reports only: campaigns pass it by and the live stream does not show it.
    """
    return recorded_at - at > HISTORY_AGE


class ZoneTransition(Event, frozen=True, kw_only=True):
    """Common to all: `id` is hashed, so it is the same however often it is computed; `at` is event time, UTC.

    `confidence` 0–1; `evidence` what the deciding fix rests on; `late`: too old to push when it was recorded;
    `by_silence`: a dwell mark that passed while the phone said nothing.
    """

    id: UUID
    at: datetime
    device_id: UUID
    zone_id: UUID
    zone_version: int
    visit_id: UUID
    confidence: float
    evidence: str
    reason: str
    late: bool
    dwell_s: int | None = None
    by_silence: bool = False


class ZoneEntered(ZoneTransition, frozen=True, kw_only=True, tag="zone.entered"):
    """A device came in."""


class ZoneDwelled(ZoneTransition, frozen=True, kw_only=True, tag="zone.dwelled"):
    """A device has been inside for `dwell_s` seconds."""


class ZoneExited(ZoneTransition, frozen=True, kw_only=True, tag="zone.exited"):
    """A device left, fell silent, or its zone changed (`reason`)."""


# Exits that nobody walked: the zone was edited, closed or taken down, consent went, a trial moved the phone.
NOT_WALKED = frozenset({"zone_changed", "zone_deleted", "schedule_closed", "consent_withdrawn", "relocated"})


class ZoneRetracted(ZoneTransition, frozen=True, kw_only=True, tag="zone.retracted"):
    """Something that never was: with `dwell_s` a mark that a later time-out contradicts, for the device had left before
    it; without, a whole visit that late fixes contradict (`at`: when it was believed to have begun)."""


class VisitSpan(msgspec.Struct, frozen=True, kw_only=True):
    """A visit as a whole. `exited_at` null: it goes on."""

    entered_at: datetime
    exited_at: datetime | None
    exit_reason: str | None
    last_dwell_s: int | None


class ZoneRevised(ZoneTransition, frozen=True, kw_only=True, tag="zone.revised"):
    """Late fixes have put a visit right: `visit` is what holds now, `before` what was told. `at`: when it began.

    `revision` counts how often that has happened to the visit.
    """

    revision: int
    visit: VisitSpan
    before: VisitSpan


EVENT_CLASSES: dict[str, type[ZoneTransition]] = {
    "entered": ZoneEntered,
    "dwelled": ZoneDwelled,
    "exited": ZoneExited,
    "retracted": ZoneRetracted,
    "revised": ZoneRevised,
}
