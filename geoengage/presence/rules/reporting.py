"""How a phone should report: often beside zones, rarely further off, not at all where nothing is to be said. Pure.

After Radar's three presets (responsive, efficient, continuous) and its stop detection; the distances are ours: a region
that a phone monitors has at least 100 m radius and fires some 200 m late (Apple's and Google's guides), and within
5 km a driver is at the door in five minutes.
"""

from dataclasses import dataclass
from datetime import timedelta
from enum import StrEnum

NEAR_M = 300.0
FAR_M = 5_000.0
FRESH = timedelta(minutes=10)  # a position older than that does not say that the phone is still beside a zone


class Mode(StrEnum):
    """What the app does."""

    RESPONSIVE = "responsive"
    EFFICIENT = "efficient"
    FAR_AWAY = "far_away"


class Reason(StrEnum):
    """Why this mode."""

    NO_LOCATION_CONSENT = "no_location_consent"
    PERMISSION_DENIED = "permission_denied"
    NO_ZONES = "no_zones"
    NO_POSITION = "no_position"
    POSITION_OLD = "position_old"
    NEAR_A_ZONE = "near_a_zone"
    SOME_WAY_OFF = "some_way_off"
    FAR_FROM_ALL_ZONES = "far_from_all_zones"


@dataclass(frozen=True, slots=True)
class Known:
    """What the server knows of a phone. `nearest_m`: metres to the nearest zone, None without a position.

    `age` of that position; `permission` as the app told it: always, while_in_use, denied, unknown.
    """

    consent: bool
    permission: str
    has_zones: bool
    nearest_m: float | None
    age: timedelta


@dataclass(frozen=True, slots=True)
class Advice:
    """What to do until the next question. Seconds, metres, numbers of pings."""

    mode: Mode
    reason: Reason
    send_pings: bool
    ping_interval_s: int
    distance_filter_m: int
    send_after: int  # pings to collect before a request
    send_within_s: int
    monitors_regions: bool
    ask_again_s: int


_WORDS = {
    Reason.NO_LOCATION_CONSENT: "The user has not agreed: do not ask the system for positions.",
    Reason.PERMISSION_DENIED: "The system does not give positions to this app.",
    Reason.NO_ZONES: "There is no published zone yet.",
    Reason.NO_POSITION: "Nothing is known of where the phone is: report now and then.",
    Reason.POSITION_OLD: "It was beside a zone some time ago: report now and then until it is again.",
    Reason.NEAR_A_ZONE: "A zone is near: what happens in the next minutes counts.",
    Reason.SOME_WAY_OFF: "The nearest zone is minutes away.",
    Reason.FAR_FROM_ALL_ZONES: "All zones are far away: stop, and wait for the phone to leave the refresh circle.",
}


def words(reason: Reason) -> str:
    """The reason as a sentence for developers."""
    return _WORDS[reason]


def advise(known: Known) -> Advice:
    """The mode for a phone, from what is known of it. Consent and permission come before any position."""
    if not known.consent:
        return _stop(Reason.NO_LOCATION_CONSENT, monitors=False)
    if known.permission == "denied":
        return _stop(Reason.PERMISSION_DENIED, monitors=False)
    # Neither system wakes an app for a region without permission in the background.
    monitors = known.permission != "while_in_use"
    if not known.has_zones:
        return _stop(Reason.NO_ZONES, monitors=False)
    if known.nearest_m is None:
        return _efficient(Reason.NO_POSITION, monitors=monitors)
    # However old: a phone that has come nearer has left its refresh circle and has said so.
    if known.nearest_m > FAR_M:
        return _stop(Reason.FAR_FROM_ALL_ZONES, monitors=monitors)
    if known.nearest_m > NEAR_M:
        return _efficient(Reason.SOME_WAY_OFF, monitors=monitors)
    if known.age > FRESH:
        return _efficient(Reason.POSITION_OLD, monitors=monitors)
    return Advice(Mode.RESPONSIVE, Reason.NEAR_A_ZONE, True, 15, 5, 1, 15, monitors, 300)


def _efficient(reason: Reason, *, monitors: bool) -> Advice:
    return Advice(Mode.EFFICIENT, reason, True, 120, 50, 5, 600, monitors, 900)


def _stop(reason: Reason, *, monitors: bool) -> Advice:
    return Advice(Mode.FAR_AWAY, reason, False, 900, 500, 1, 900, monitors, 21_600)
