"""Who gets a message because of a segment, and when. Pure.

Time alone moves people at midnight, when nobody is to be disturbed: so a start waits until the campaign's hours are
open and the quiet ones are over, for a day at most, and all is decided then. Nothing of it is about a place, so
location needs no consent; but a segment is somebody's history, which may choose a message only with consent to
personalisation.
"""

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from datetime import UTC, datetime, time, timedelta
from uuid import UUID
from zoneinfo import ZoneInfo

from geoengage.campaigns.rules.decision import GRANTED, History, Policy, common_checks, is_quiet
from geoengage.campaigns.rules.definition import Content, Move, schedule
from geoengage.messaging.rules import Blocker
from geoengage.profiles.rules import Recipient, agrees_to_push
from geoengage.venues.rules import is_open

VALID_FOR = timedelta(hours=24)
_HALF_HOUR = timedelta(minutes=30)


@dataclass(frozen=True, slots=True)
class MoveCase:
    """One campaign and one person who has entered or left its segment, with the device that is addressed."""

    campaign_id: UUID
    content: Content
    person: Recipient
    timezone: ZoneInfo


def decide_move(case: MoveCase, policy: Policy, history: History, now: datetime) -> list[Blocker]:
    """Everything that holds the message back, in DESIGN's order; empty when it may go."""
    checks: tuple[tuple[Blocker, Callable[[], bool]], ...] = (
        (Blocker.NO_CONSENT, lambda: not agrees(case.content, case.person, now)),
        (Blocker.SUPPRESSED, lambda: case.person.suppressed),
        *common_checks(case, policy, history, now),
    )
    return [blocker for blocker, holds in checks if holds()]


def is_still_so(move: Move, *, inside: bool) -> bool:
    """Whether what started the campaign still holds: who came in is in, who left is out."""
    return inside is (move is Move.ENTERED)


def stale_at(content: Content, moved_at: datetime) -> datetime:
    """When the message is of no use any more: a day after the move, or with the campaign."""
    ends = moved_at + VALID_FOR
    return ends if content.valid_to is None else min(ends, content.valid_to)


def starts_at(content: Content, policy: Policy, timezone: ZoneInfo, now: datetime, until: datetime) -> datetime:
    """When it may be said: now, else the next minute outside quiet hours and within the campaign's; if there is none
    before `until`, now, and the message tells why it was not sent.
    """
    hours = schedule(content.definition)
    for at in _turns(content, policy, timezone, now, until):
        if is_open(hours, timezone, at) and not is_quiet(content, policy, timezone, at):
            return at
    return now


def _turns(content: Content, policy: Policy, timezone: ZoneInfo, now: datetime, until: datetime) -> list[datetime]:
    """The moments before `until` at which it may begin to be open: where a span begins, quiet hours end, a day begins;
    and every half hour, for a change of the clocks may leave such a moment out.
    """
    clocks = {policy.quiet_end, *([time.fromisoformat(span.start)] if (span := content.definition.hours) else ())}
    day = now.astimezone(timezone).date()
    found = {
        datetime.combine(day + timedelta(days=n), clock, tzinfo=timezone).replace(fold=fold).astimezone(UTC)
        for n in (0, 1, 2)
        for clock in clocks
        for fold in (0, 1)
    }
    half = now.replace(minute=now.minute // 30 * 30, second=0, microsecond=0)
    found |= {half + n * _HALF_HOUR for n in range(1, 2 + int((until - now) / _HALF_HOUR))}
    return [now, *sorted(at for at in found if now < at < until)] if now < until else []


Agrees = Callable[[Content, Recipient, datetime], bool]


def agrees(content: Content, person: Recipient, now: datetime) -> bool:
    """Whether a message because of a segment may go to this phone."""
    said_yes = not content.is_marketing or agrees_to_push(person, content.store_id, now)
    return person.personalisation == GRANTED and said_yes


def addressed(devices: Iterable[Recipient], content: Content, now: datetime, may: Agrees = agrees) -> Recipient | None:
    """The one device of a person that gets the message: one that may and can, else one that may, the newest of them."""

    def rank(device: Recipient) -> tuple[bool, bool, bool, UUID]:
        has_address = device.push_address is not None and not device.push_retired
        return may(content, device, now), has_address, not device.is_test, device.device_id

    return max(devices, key=rank, default=None)
