"""Explain in words: why did a zone (not) fire, why was a message (not) sent. Pure; numbers in, one sentence out."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum
from typing import Any
from uuid import UUID

from geoengage.messaging.rules import REASONS, in_order, not_taken, refusal_text


class Verdict(StrEnum):
    """What became of a device and a zone within the time asked about."""

    ENTERED = "entered"
    INSIDE = "inside"
    LEFT = "left"
    RETRACTED = "retracted"
    CLOSED = "closed"
    PENDING = "pending"
    BELOW_CONFIDENCE = "below_confidence"
    WRONG_LEVEL = "wrong_level"
    NOT_IN_FORCE = "not_in_force"
    OUTSIDE = "outside"


@dataclass(frozen=True, slots=True)
class Approach:
    """The fix that came closest to being inside a zone: signed metres, accuracy, share and level probability 0–1."""

    zone_id: UUID
    name: str
    at: datetime
    s_m: float
    accuracy_m: float
    share: float
    level_p: float
    trust: float
    reported_level: int | None
    zone_levels: tuple[int, ...]
    needed: float
    n_inside: int  # fixes of the window whose confidence was high enough
    source: str = "gnss"  # what that fix rests on
    is_open: bool = True  # by the zone's schedule
    in_force_from: datetime | None = None  # None: for ever

    @property
    def confidence(self) -> float:
        """Share × level × trust, as the engine reckons."""
        return self.share * self.level_p * self.trust

    @property
    def is_in_force(self) -> bool:
        """Whether the zone was there already."""
        return self.in_force_from is None or self.at >= self.in_force_from


@dataclass(frozen=True, slots=True)
class Happened:
    """What the engine recorded for one zone within the window."""

    entered: bool = False
    exited: bool = False
    was_inside: bool = False
    reasons: Mapping[str, str] = field(default_factory=dict)  # kind → reason
    taken_back: bool = False  # the whole visit was retracted
    corrected: bool = False  # late fixes have put the visit right


def verdict_of(a: Approach, happened: Happened) -> Verdict:
    """Recorded events speak first; without any, the closest approach says what was missing."""
    if happened.taken_back:
        return Verdict.RETRACTED
    if happened.entered:
        return Verdict.ENTERED
    if happened.exited:
        return Verdict.LEFT
    if happened.was_inside:
        return Verdict.INSIDE
    if a.s_m <= 0 and not a.is_in_force:
        return Verdict.NOT_IN_FORCE
    if a.confidence >= a.needed:
        return Verdict.PENDING if a.is_open else Verdict.CLOSED
    if a.level_p == 0.0 and a.s_m <= 0:
        return Verdict.WRONG_LEVEL
    return Verdict.OUTSIDE if a.s_m >= a.accuracy_m else Verdict.BELOW_CONFIDENCE


def rule_of(a: Approach, verdict: Verdict, happened: Happened) -> str | None:
    """What decided: the reason of the recorded event, or what held the zone back.

    That is share, level or trust where confidence was too small (whichever was the smallest), else confirmation, level,
    distance, schedule or publication. None: nothing was to be decided.
    """
    if verdict is Verdict.BELOW_CONFIDENCE:
        return min((a.share, "share"), (a.level_p, "level"), (a.trust, "trust"))[1]
    recorded = {Verdict.ENTERED: "entered", Verdict.LEFT: "exited", Verdict.RETRACTED: "retracted"}.get(verdict)
    return happened.reasons.get(recorded) if recorded else _HELD_BY.get(verdict)


_HELD_BY = {
    Verdict.PENDING: "confirmation",
    Verdict.CLOSED: "schedule",
    Verdict.NOT_IN_FORCE: "publication",
    Verdict.WRONG_LEVEL: "level",
    Verdict.OUTSIDE: "distance",
}


def zone_text(a: Approach, verdict: Verdict, happened: Happened) -> str:
    """One or two sentences with the numbers that decided."""
    corrected = " Positions that came late have put this visit right." if happened.corrected else ""
    return _zone_text(a, verdict, happened) + corrected


def _zone_text(a: Approach, verdict: Verdict, happened: Happened) -> str:
    if verdict in (Verdict.ENTERED, Verdict.LEFT, Verdict.RETRACTED, Verdict.INSIDE):
        return _recorded_text(a, verdict, happened)
    number = f"{a.confidence:.2f} (needs {a.needed:.2f})"
    match verdict:
        case Verdict.PENDING:
            times = "One position" if a.n_inside <= 1 else f"{a.n_inside} positions"
            why = "no second one agreed and time was too short, or it walked on"
            return f"{times} inside {a.name} with {number}, not confirmed: {why}."
        case Verdict.CLOSED:
            return f"Inside {a.name} with {number}, but it was closed by its schedule; it fires when it opens."
        case Verdict.NOT_IN_FORCE:
            return f"Inside the outline of {a.name}, which was not published yet."
        case Verdict.WRONG_LEVEL:
            floors = ", ".join(map(str, a.zone_levels))
            return f"Inside the outline of {a.name}, but on floor {a.reported_level}; the zone is on floor {floors}."
        case Verdict.OUTSIDE:
            return f"{a.s_m:.0f} m outside {a.name}; {_accuracy(a)}."
        case _:
            where = "Inside" if a.s_m <= 0 else f"{a.s_m:.0f} m outside"
            return f"{where} {a.name} with {number}: {_accuracy(a)}{_weakest(a)}."


def _recorded_text(a: Approach, verdict: Verdict, happened: Happened) -> str:
    match verdict:
        case Verdict.ENTERED:
            return f"Entered {a.name}: {_entered(a, happened.reasons.get('entered', ''))}."
        case Verdict.LEFT:
            return f"Left {a.name}: {how(happened.reasons.get('exited', ''))}."
        case Verdict.RETRACTED:
            return f"{a.name} was taken back: {how(happened.reasons.get('retracted', ''))}."
        case _:
            return f"Was in {a.name} already; it fires when somebody comes in."


def _accuracy(a: Approach) -> str:
    if a.source in _HEARD:
        return f"{_HEARD[a.source]}, ±{a.accuracy_m:.0f} m"
    return f"the phone says ±{a.accuracy_m:.0f} m"


def _entered(a: Approach, reason: str) -> str:
    if reason in _NOT_BY_A_FIX:
        return how(reason)
    return f"inside with {a.confidence:.2f} (needs {a.needed:.2f}), {how(reason)}; {_accuracy(a)}"


def _weakest(a: Approach) -> str:
    if a.level_p < min(a.share, a.trust):
        return f", and its floor is only {a.level_p:.0%} certain"
    if a.source in _HEARD:
        return ", so much a single reading is worth at most" if a.trust < min(a.share, a.level_p) else ""
    return ", and it moved faster than people walk" if a.trust < min(a.share, a.level_p) else ""


_HOW = {
    "confirmed_by_fix": "confirmed by a second position",
    "confirmed_by_time": "nothing contradicted it in time",
    "whole_disc": "the whole accuracy circle was inside",
    "single_fix": "one position is enough here",
    "crossing": "its way cut the zone",
    "phone_enter": "the phone's own monitoring reported that it came into the circle around it",
    "phone_exit": "the phone's own monitoring reported that it left the circle around it",
    "left": "outside for long enough",
    "silence": "the phone fell silent",
    "zone_deleted": "the zone was taken down",
    "zone_changed": "the zone was changed",
    "zone_published": "the zone was published or grew over it while it stood there",
    "schedule_closed": "the zone closed",
    "schedule_opened": "the zone opened while it stood there",
    "late_fixes": "positions that came late show that it was otherwise",
    "dwell": "stayed long enough",
    "known": "so it was before already",
    "one_fix": "one position inside, not believed yet",
    "seen_outside": "seen outside, not believed yet",
    "came_back": "seen inside again",
    "contradicted": "the next position contradicted it",
    "dormant": "inside while the zone is closed",
    "consent_withdrawn": "location consent was withdrawn",
    "relocated": "the phone was moved to another place for a trial",
}


_NOT_BY_A_FIX = frozenset({"phone_enter", "zone_published", "schedule_opened"})
_HEARD = {
    "beacon": "by a beacon that it heard",
    "wifi": "by a Wi-Fi access point that it heard",
    "check_in": "checked in there by scanning a code",
    "region": "by the circle that its own monitoring reported",
}


def how(reason: str) -> str:
    """By which rule something was recorded, in words."""
    return _HOW.get(reason, reason.replace("_", " "))


_REJECTIONS = {
    "no_location_consent": "no location consent: the position was not looked at and not kept",
    "in_future": "the phone's clock is ahead of ours",
    "too_old": "older than positions are kept",
    "null_island": "0, 0 is no position",
    "impossible_speed": "over 70 m/s from the position before: impossible",
    "mock_location": "the phone says that the position is made up",
    "invalid": "longitude or latitude out of range",
    "no_position": "no position, and nothing heard or scanned that the map knows",
    "unknown_zone": "the phone reported a circle whose zone is not published (any more); that report was left out",
}


def rejection_text(reason: str) -> str:
    """Why a position was refused."""
    return _REJECTIONS.get(reason, reason)


# By the name of the adapter, or of the channel where none took it.
_BY = {
    "fcm": "push", "webpush": "web push", "email": "e-mail", "inbox": "the app's inbox",
    "web_card": "a card on the page", "whatsapp": "WhatsApp", "viber": "Viber", "sms": "SMS",
}  # fmt: skip


def message_text(row: Mapping[str, Any]) -> str:
    """What became of a message (its columns), by which way, and why by no other."""
    return " ".join([_became(row), not_by_text(row["passed_over"])]).rstrip()


def _became(row: Mapping[str, Any]) -> str:
    status, channel, answer = row["status"], row["channel"], row["provider_answer"]
    if status == "skipped":
        return blockers_text(row["blockers"])
    if status == "sent":
        by = _BY.get(channel, channel)
        return "Shown in the preview inbox (no provider)." if channel == "preview" else f"Handed over: {by}."
    if status == "failed" and (words := refusal_text(row["reason"])) is not None:
        return f"Failed: {words}"
    return {
        "queued": "Waiting to be sent.",
        "sending": "Being sent.",
        "failed": f"Failed: {answer or 'the provider refused it'}.",
        "misconfigured": f"Not sent, something is set up wrong: {answer or 'see the campaign'}.",
        "unknown": "Handed over, but no answer came.",
    }.get(status, str(status))


def not_by_text(passed_over: Sequence[str]) -> str:
    """Which of its channels a message did not take, and why; empty where it took the first."""
    others = map(not_taken, passed_over)
    return " ".join(f"Not by {_BY.get(other.channel, other.channel)}: {other.text}" for other in others)


def blockers_text(blockers: Sequence[str]) -> str:
    """What holds a message back."""
    return "Held back: " + " Also: ".join(REASONS[b] for b in in_order(blockers))


def summary(fixes: int, rejections: int, zones: Sequence[Verdict], statuses: Sequence[str]) -> str:
    """The answer in one plain sentence."""
    if not fixes and not rejections:
        return "Nothing was heard from this device in that time."
    if not fixes:
        return f"All {rejections} positions were refused; see why below."
    sent = sum(s == "sent" for s in statuses)
    held = sum(s == "skipped" for s in statuses)
    entered = sum(v is Verdict.ENTERED for v in zones)
    parts = [f"{fixes} position{'s' * (fixes != 1)}", f"{entered} zone{'s' * (entered != 1)} entered"]
    parts.append(f"{sent} message{'s' * (sent != 1)} sent")
    if held:
        parts.append(f"{held} held back")
    return ", ".join(parts) + "."


def silence(status: str, trigger: str, *, addressed: bool) -> tuple[str, str]:
    """Verdict and words for a campaign that waits at an entered zone and decided nothing."""
    if status != "active":
        return status, f"The campaign is {status.replace('_', ' ')}."
    if not addressed:
        return "not_in_audience", "This person is not in the campaign's audience."
    if trigger == "exited":
        return "not_exited", (
            "The campaign waits for people who leave. This visit goes on, or its end was nobody's walking out: the zone"
            " was edited, closed or taken down, or the phone may not be located any more."
        )
    if trigger == "dwelled":
        return "not_dwelled", "The campaign waits for people who stay; this visit did not reach its mark in that time."
    return "undecided", "The campaign started after this visit, heard of it over an hour late, or has not decided yet."
