"""Consent of a person: what was decided for channel × purpose × store, which decision counts, whom one may contact.

Pure. Every decision belongs to the id that it came with (an e-mail address, a customer number …); a person is a set of
ids, so what holds for the person is computed from the decisions of all. The consents of a device (DESIGN 4.0) stand
beside these: a push asks both.
"""

from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from enum import StrEnum
from typing import Any
from uuid import UUID

from geoengage.kit import errors

PAUSE = timedelta(days=30)  # what the preference page offers
MAX_PAUSE = timedelta(days=365)
SKEW = timedelta(minutes=5)  # between the clock of whoever states a decision and ours


class Channel(StrEnum):
    """A way to reach a person."""

    PUSH = "push"
    WEB_PUSH = "web_push"
    EMAIL = "email"
    SMS = "sms"
    WHATSAPP = "whatsapp"
    VIBER = "viber"
    IN_APP = "in_app"


class Purpose(StrEnum):
    """What a message is for. Marketing needs a yes, service must not meet a no, transactional is always due."""

    TRANSACTIONAL = "transactional"
    SERVICE = "service"
    MARKETING = "marketing"


class ConsentState(StrEnum):
    """`pending`: said yes and has yet to prove the address. `redacted`: the address may not be used for anything."""

    SUBSCRIBED = "subscribed"
    PENDING = "pending"
    UNSUBSCRIBED = "unsubscribed"
    REDACTED = "redacted"


class PointState(StrEnum):
    """Whether an address reaches the person. `unproven`: imported, or typed by somebody, without proof."""

    REACHABLE = "reachable"
    UNPROVEN = "unproven"
    BOUNCED = "bounced"
    COMPLAINED = "complained"
    STOPPED = "stopped"


class Hindrance(StrEnum):
    """Why one may not contact a person."""

    NO_CONSENT = "no_consent"  # never asked
    PENDING = "pending"
    UNSUBSCRIBED = "unsubscribed"
    REDACTED = "redacted"
    STOPPED = "stopped"  # said "stop everything" after whatever they had agreed to
    PAUSED = "paused"
    UNREACHABLE = "unreachable"


# Which kind of id is the address of which channel; a push address hangs on the device, in_app needs none.
ADDRESS_KIND: Mapping[Channel, str] = {
    Channel.EMAIL: "email",
    Channel.SMS: "phone",
    Channel.WHATSAPP: "phone",
    Channel.VIBER: "phone",
}
_PUSHES = (Channel.PUSH, Channel.WEB_PUSH)
_LESS = {ConsentState.SUBSCRIBED: 0, ConsentState.PENDING: 1, ConsentState.UNSUBSCRIBED: 2, ConsentState.REDACTED: 3}


class ConsentRefused(errors.Invalid):
    """A decision that cannot be recorded as it is stated."""

    code = "consent-refused"
    title = "This decision cannot be recorded"


@dataclass(frozen=True, slots=True, kw_only=True)
class Decision:
    """One decision of an id. `store_id` None: for the tenant itself, and for stores about which nothing was decided.

    `at` is when the person decided; `source` where (`settings`, `csv:2024-05.csv`, `till:…`).
    """

    identifier_id: UUID
    channel: Channel
    purpose: Purpose
    store_id: UUID | None
    state: ConsentState
    text_version: str | None
    source: str
    at: datetime


@dataclass(frozen=True, slots=True)
class Hold:
    """What holds back all marketing of an id, whatever it agreed to: a pause, or "stop everything" at a moment."""

    paused_until: datetime | None = None
    stopped_at: datetime | None = None


@dataclass(frozen=True, slots=True)
class Standing:
    """All decisions of a person's ids, the holds on them, and the states of their addresses by (id, channel)."""

    decisions: Sequence[Decision] = ()
    holds: Sequence[Hold] = ()
    points: Mapping[tuple[UUID, Channel], PointState] | None = None


def check(decision: Decision, now: datetime) -> None:
    """Raise ConsentRefused for what makes no sense: a decision from the future, a no to what is always due."""
    if decision.at > now + SKEW:
        raise ConsentRefused("at lies in the future; send the moment when the person decided")
    if decision.purpose is Purpose.TRANSACTIONAL and decision.state is ConsentState.UNSUBSCRIBED:
        raise ConsentRefused(
            "transactional messages (receipts, delivery) cannot be unsubscribed from; use service or marketing"
        )


def supersedes(new: Decision, old: Decision) -> bool:
    """Whether `new` is the one that counts of two about the same: the newer; at the same moment the stricter."""
    return (new.at, _LESS[new.state]) > (old.at, _LESS[old.state])


def deciding(
    decisions: Iterable[Decision], channel: Channel, purpose: Purpose, store_id: UUID | None
) -> Decision | None:
    """The decision that holds for a person: the store's before the tenant's, the newest, a no wins ties.

    None: nothing was decided that concerns it. An address that is `redacted` for the tenant is so for every store.
    """
    found: dict[UUID | None, Decision] = {}
    for decision in decisions:
        if (decision.channel, decision.purpose) == (channel, purpose) and decision.store_id in (store_id, None):
            before = found.get(decision.store_id)
            if before is None or supersedes(decision, before):
                found[decision.store_id] = decision
    general = found.get(None)
    if general is not None and general.state is ConsentState.REDACTED:
        return general
    return found.get(store_id, general)


def hold_of(holds: Iterable[Hold]) -> Hold:
    """The holds of a person's ids as one: the longest pause, the latest stop."""
    every = list(holds)
    return Hold(
        max((h.paused_until for h in every if h.paused_until), default=None),
        max((h.stopped_at for h in every if h.stopped_at), default=None),
    )


def may_contact(
    standing: Standing,
    channel: Channel,
    purpose: Purpose,
    store_id: UUID | None,
    *,
    now: datetime,
    address_id: UUID | None = None,
) -> Hindrance | None:
    """Why a person may not be contacted so; None: they may.

    `store_id` None: by the tenant itself. `address_id`: the id (e-mail, phone) that the message would go to; an address
    of which no state is known counts as unproven. Without it only consent is judged.
    """
    if address_id is not None and channel in ADDRESS_KIND and not _reaches(standing, channel, purpose, address_id):
        return Hindrance.UNREACHABLE
    decision = deciding(standing.decisions, channel, purpose, store_id)
    if decision is not None and decision.state is ConsentState.REDACTED:
        return Hindrance.REDACTED
    if purpose is Purpose.TRANSACTIONAL:
        return None
    if decision is not None and decision.state is ConsentState.UNSUBSCRIBED:
        return Hindrance.UNSUBSCRIBED
    return None if purpose is Purpose.SERVICE else _about_marketing(decision, hold_of(standing.holds), now)


def _about_marketing(decision: Decision | None, hold: Hold, now: datetime) -> Hindrance | None:
    if decision is None:
        return Hindrance.NO_CONSENT
    if decision.state is ConsentState.PENDING:
        return Hindrance.PENDING
    if hold.stopped_at is not None and decision.at <= hold.stopped_at:
        return Hindrance.STOPPED
    if hold.paused_until is not None and now < hold.paused_until:
        return Hindrance.PAUSED
    return None


def push_hindrance(standing: Standing, store_id: UUID | None, *, now: datetime) -> Hindrance | None:
    """Why a person's marketing pushes are held back although the device agrees; None: nothing does.

    A device's own consent is the yes; what the person decided elsewhere can only take away from it.
    """
    decisions = [replace(d, channel=Channel.PUSH) for d in standing.decisions if d.channel in _PUSHES]
    if deciding(decisions, Channel.PUSH, Purpose.MARKETING, store_id) is not None:
        of_push = Standing(decisions, standing.holds)
        return may_contact(of_push, Channel.PUSH, Purpose.MARKETING, store_id, now=now)
    # "Everything" denied every device; one that agrees now was asked later.
    paused_until = hold_of(standing.holds).paused_until
    return Hindrance.PAUSED if paused_until is not None and now < paused_until else None


def _reaches(standing: Standing, channel: Channel, purpose: Purpose, address_id: UUID) -> bool:
    """A STOP and a complaint are about marketing and service; a dead or unproven address is no address at all."""
    state = (standing.points or {}).get((address_id, channel), PointState.UNPROVEN)
    if state in (PointState.STOPPED, PointState.COMPLAINED):
        return purpose is Purpose.TRANSACTIONAL
    return state is PointState.REACHABLE


def pause_until(now: datetime, until: datetime | None) -> datetime:
    """The end of a pause that somebody asks for; None: the usual 30 days."""
    end = until or now + PAUSE
    if not now < end <= now + MAX_PAUSE:
        raise ConsentRefused(f"until must lie within the next {MAX_PAUSE.days} days")
    return end


def withdrawn_by_stop(
    identifier_ids: Collection[UUID], channel: Channel, store_id: UUID | None, *, source: str, at: datetime
) -> list[Decision]:
    """What a STOP to a sender withdraws: the marketing of that sender's store (None: the tenant) by that channel."""
    return [
        Decision(
            identifier_id=identifier_id,
            channel=channel,
            purpose=Purpose.MARKETING,
            store_id=store_id,
            state=ConsentState.UNSUBSCRIBED,
            text_version=None,
            source=source,
            at=at,
        )
        for identifier_id in identifier_ids
    ]


def withdrawn_by_stop_all(decisions: Iterable[Decision], *, source: str, at: datetime) -> list[Decision]:
    """What "everything" withdraws of a person's present decisions: each yes to marketing, for every store and channel.

    The hold's `stopped_at` does the rest: for what arrives later and was decided before.
    """
    return [
        Decision(
            identifier_id=d.identifier_id,
            channel=d.channel,
            purpose=d.purpose,
            store_id=d.store_id,
            state=ConsentState.UNSUBSCRIBED,
            text_version=None,
            source=source,
            at=at,
        )
        for d in decisions
        if d.purpose is Purpose.MARKETING and d.state in (ConsentState.SUBSCRIBED, ConsentState.PENDING)
    ]


def confirmed(decision: Decision, *, source: str, at: datetime) -> Decision:
    """A pending decision whose address was proven."""
    return replace(decision, state=ConsentState.SUBSCRIBED, source=source, at=at)


def read_wishes(found: Sequence[Sequence[Any]]) -> Standing:
    """What the store finds of a person's push wishes: rows of four are decisions, rows of two are holds."""
    decisions = [
        Decision(
            identifier_id=UUID(row[0]),
            channel=Channel.PUSH,
            purpose=Purpose.MARKETING,
            store_id=None if row[1] is None else UUID(row[1]),
            state=ConsentState(row[2]),
            text_version=None,
            source="",
            at=datetime.fromisoformat(row[3]),
        )
        for row in found
        if len(row) == 4
    ]
    holds = [Hold(*(at and datetime.fromisoformat(at) for at in row)) for row in found if len(row) == 2]
    return Standing(decisions, holds)
