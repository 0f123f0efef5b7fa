"""Every check that a message or a waiting campaign went through, in order, each with its numbers. Pure.

What was decided is what was recorded: the blockers of the message. The numbers beside it are of that moment, as far as
they are kept: sends by their times, consents and the campaign's own settings as they are now.
"""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime, time, timedelta
from uuid import UUID
from zoneinfo import ZoneInfo

from geoengage.campaigns.rules import Content, Policy, in_audience
from geoengage.campaigns.rules.definition import Everyone, InSegment, QuietHours, TriggerKind
from geoengage.messaging.rules import REASONS, Blocker, Budget
from geoengage.profiles.rules import Recipient

# As `campaigns.rules.decide` asks them; then those of the delivery, asked once more just before sending.
DECIDING = (
    Blocker.NO_CONSENT,
    Blocker.SUPPRESSED,
    Blocker.HOLDOUT,
    Blocker.QUIET_HOURS,
    Blocker.CAMPAIGN_HOURS,
    Blocker.COOLDOWN,
    Blocker.CAP,
    Blocker.BUDGET,
    Blocker.OUTRANKED,
    Blocker.NO_OFFER,
    Blocker.LATE,
    Blocker.VISIT_ENDED,
    Blocker.NOT_IN_AUDIENCE,
)
DELIVERING = (
    Blocker.EXPIRED,
    Blocker.CAMPAIGN_INACTIVE,
    Blocker.ZONE_UNPUBLISHED,
    Blocker.CONTENT_WITHDRAWN,
    Blocker.LEFT_JOURNEY,
    Blocker.SENDING_STOPPED,
    Blocker.SPEND_LIMIT,
    Blocker.NO_ADDRESS,
)
# Of few messages: told only where they held one back.
_RARE = frozenset(
    {
        Blocker.OUTRANKED,
        Blocker.NO_OFFER,
        Blocker.NOT_IN_AUDIENCE,
        Blocker.CONTENT_WITHDRAWN,
        Blocker.LEFT_JOURNEY,
        Blocker.SPEND_LIMIT,
    }
)
_DOES = {"entered": "comes in", "exited": "leaves"}  # by the kind of trigger
DAYS = {"mon": "Mon", "tue": "Tue", "wed": "Wed", "thu": "Thu", "fri": "Fri", "sat": "Sat", "sun": "Sun"}


@dataclass(frozen=True, slots=True)
class Check:
    """One check: its name, whether it let the message pass (None: not asked), and the numbers in words."""

    check: str
    passed: bool | None
    text: str


@dataclass(frozen=True, slots=True)
class Decided:
    """A message's decision: its moment and place on the clock, and what the person had been sent before (`budget`).

    `event_at` is when what set it off happened, None where that is not kept any more; `campaign` None: deleted.
    """

    at: datetime
    event_at: datetime | None
    expires_at: datetime
    blockers: frozenset[str]
    campaign: tuple[Content, str] | None  # with its id as the budget has it
    person: Recipient
    policy: Policy
    budget: Budget
    timezone: ZoneInfo


def message_checks(d: Decided) -> list[Check]:
    """All checks of a message in order. What delivery asks is not reached when the decision held it back."""
    checks = [Check(b, b not in d.blockers, _text(b, d)) for b in DECIDING if b in d.blockers or b not in _RARE]
    reached = all(check.passed for check in checks)
    for blocker in DELIVERING:
        if blocker in _RARE and blocker not in d.blockers:
            continue
        held = blocker in d.blockers
        checks.append(Check(blocker, (not held) if reached or held else None, _text(blocker, d)))
    return checks


def _text(blocker: Blocker, d: Decided) -> str:
    """The numbers of one check; without any, whether it held."""
    if blocker in _RARE:
        return REASONS[blocker]
    if blocker in _PLAIN:
        free, held = _PLAIN[blocker]
        return held if blocker in d.blockers else free
    return _NUMBERS[blocker](d, d.campaign[0] if d.campaign else None)


_PLAIN = {
    Blocker.SUPPRESSED: ("may be written to", "asked not to be written to"),
    Blocker.VISIT_ENDED: ("still there", "had left again"),
    Blocker.CAMPAIGN_INACTIVE: ("running", "paused or over"),
    Blocker.ZONE_UNPUBLISHED: ("published", "taken down"),
    Blocker.SENDING_STOPPED: ("not stopped", "stopped for the whole programme"),
    Blocker.NO_ADDRESS: ("known, or not needed", "no push address"),
}


def _consent(d: Decided, content: Content | None) -> str:
    if content is not None and content.kind is TriggerKind.SEGMENT:
        return f"personal content {d.person.personalisation}, pushes {d.person.marketing_push}"
    needs = "" if content is None or content.is_marketing else " (needs location only)"
    wished = "" if d.person.wishes is None else "; the person has decided about pushes themselves"
    return f"location {d.person.location}, pushes {d.person.marketing_push}{wished}{needs}"


def _clock(at: datetime, d: Decided) -> str:
    return f"{at.astimezone(d.timezone):%H:%M:%S}"


def _quiet(d: Decided, content: Content | None) -> str:
    if content is not None and content.definition.quiet_hours is QuietHours.IGNORE:
        return "this campaign is exempt"
    if d.policy.quiet_start == d.policy.quiet_end:
        return "none are set"
    return f"{_hm(d.policy.quiet_start)} to {_hm(d.policy.quiet_end)}; it was {_clock(d.at, d)}"


def _hm(at: time) -> str:
    return f"{at:%H:%M}"


def _hours(d: Decided, content: Content | None) -> str:
    if content is None:
        return "the campaign is deleted"
    definition = content.definition
    if not definition.days and definition.hours is None:
        return "at all times"
    span = "all day" if definition.hours is None else f"{definition.hours.start} to {definition.hours.end}"
    days = ", ".join(DAYS[day] for day in DAYS if day in definition.days) or "every day"
    return f"{days}, {span}; it was {d.at.astimezone(d.timezone):%a %H:%M}"


def _before(d: Decided) -> Budget:
    """What had been sent before this message."""
    return Budget(d.budget.person_id, tuple(s for s in d.budget.sends if s.at < d.at))


def _cooldown(d: Decided, content: Content | None) -> str:
    if content is None or d.campaign is None:
        return "the campaign is deleted"
    last = max((s.at for s in _before(d).sends if str(s.campaign_id) == d.campaign[1]), default=None)
    pause = _span(content.definition.cooldown_s)
    if last is None:
        return f"{pause} between two; none was sent before"
    again = last + timedelta(seconds=content.definition.cooldown_s)
    was, free = (at.astimezone(d.timezone) for at in (last, again))
    return f"{pause} between two; the last one {was:%d %b %H:%M}, free from {free:%d %b %H:%M}"


def _cap(d: Decided, content: Content | None) -> str:
    if content is None or d.campaign is None:
        return "the campaign is deleted"
    cap, before = content.definition.cap, _before(d)
    since = d.at - timedelta(days=cap.per_days)
    own = sum(s.at >= since and str(s.campaign_id) == d.campaign[1] for s in before.sends)
    span = "a day" if cap.per_days == 1 else f"{cap.per_days} days"
    said = f"{own} of {cap.count} from this campaign in {span}"
    return f"{said}; one win-back in six months" if content.definition.win_back else said


def _budget(d: Decided, content: Content | None) -> str:
    if content is not None and not content.is_marketing:
        return "for advertising only"
    return f"{_before(d).marketing_since(d.at - timedelta(days=1))} of {d.policy.daily_cap} from all in a day"


def _late(d: Decided, _: Content | None) -> str:
    if d.event_at is None:
        return "up to 120 s"
    return f"decided {max(0, round((d.at - d.event_at).total_seconds()))} s after it happened; up to 120 s counts"


_NUMBERS: dict[Blocker, Callable[[Decided, Content | None], str]] = {
    Blocker.NO_CONSENT: _consent,
    Blocker.HOLDOUT: lambda d, _: f"control group of {d.policy.holdout_percent} %",
    Blocker.QUIET_HOURS: _quiet,
    Blocker.CAMPAIGN_HOURS: _hours,
    Blocker.COOLDOWN: _cooldown,
    Blocker.CAP: _cap,
    Blocker.BUDGET: _budget,
    Blocker.LATE: _late,
    Blocker.EXPIRED: lambda d, _: f"good until {_clock(d.expires_at, d)}",
}


def _span(seconds: int) -> str:
    if seconds % 3600 == 0:
        return f"{seconds // 3600} h"
    return f"{seconds // 60} min" if seconds % 60 == 0 else f"{seconds} s"


# --- campaigns that sent nothing ----------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Waiting:
    """A campaign at a zone. `happened`: the kinds of events recorded there in the span; `marks`: dwell marks reached;
    `instead`: what became of the zone, in words; `segments`: those in which the person is, of the ones named."""

    content: Content
    status: str
    happened: frozenset[str]
    marks: frozenset[int]
    instead: str
    person: Recipient
    segments: frozenset[UUID] = frozenset()


def waiting_checks(w: Waiting) -> list[Check]:
    """Why a campaign decided nothing: does it run, did what it waits for happen, does it address this person."""
    return list(_waiting(w))


def _waiting(w: Waiting) -> Iterator[Check]:
    is_active = w.status == "active"
    yield Check("status", is_active, f"the campaign is {w.status.replace('_', ' ')}")
    yield Check("trigger", *_trigger(w))
    audience = w.content.definition.audience
    addressed = in_audience(audience, w.person, w.segments)
    if isinstance(audience, Everyone):
        words = "everybody"
    elif isinstance(audience, InSegment):
        words = "by a segment, in which this person is" + (" not" if audience.segment_id not in w.segments else "")
        if w.person.personalisation != "granted":
            words = f"by a segment, which needs consent to personal content ({w.person.personalisation})"
    elif w.person.personalisation != "granted":
        words = f"by {audience.name}, which needs consent to personal content ({w.person.personalisation})"
    else:
        known = w.person.attributes.get(audience.name)
        words = f"{audience.name} {audience.op} {audience.value}; this person's is {known}"
    yield Check("audience", addressed, words)


def _trigger(w: Waiting) -> tuple[bool, str]:
    kind = w.content.kind
    if kind is TriggerKind.DWELLED:
        mark = w.content.definition.dwell_s or 0
        if mark in w.marks:
            return True, f"stayed {_span(mark)}"
        return False, f"waits for a stay of {_span(mark)}; that mark was not reached" + (
            "" if "entered" in w.happened else f": {w.instead}"
        )
    if str(kind) in w.happened:
        return True, f"somebody who {_DOES.get(str(kind), str(kind))}"
    return False, f"waits for somebody who {_DOES.get(str(kind), str(kind))}: {w.instead}"


def verdict_of_checks(checks: Sequence[Check], status: str) -> tuple[str, str]:
    """The first check that failed as verdict and sentence."""
    failed = next((c for c in checks if c.passed is False), None)
    if failed is None:
        return "undecided", "The campaign started after this visit, heard of it over an hour late, or decides just now."
    verdict = {"status": status, "trigger": "not_triggered", "audience": "not_in_audience"}[failed.check]
    words = {"status": "", "trigger": "", "audience": "Not in the campaign's audience: "}[failed.check] + failed.text
    return verdict, f"{words[:1].upper()}{words[1:].rstrip('.')}."
