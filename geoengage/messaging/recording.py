"""Writing down what became of messages, with all that follows: addresses, budgets, pauses, the state of senders."""

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from geoengage.kit import log
from geoengage.kit.db import Session
from geoengage.kit.ids import TenantId
from geoengage.messaging import store
from geoengage.messaging.channels import Push
from geoengage.messaging.letters import Letter
from geoengage.messaging.rules import (
    Failed,
    MessageChanged,
    Misconfigured,
    Outcome,
    Paused,
    Route,
    SenderStatus,
    Sent,
    Settled,
    Status,
    Waiting,
    fall_back,
    settle,
)
from geoengage.messaging.rules.phone import Note
from geoengage.messaging.sender import OwnAccount, Sender
from geoengage.messaging.store import Way
from geoengage.profiles import service as profiles
from geoengage.profiles import store as profiles_store
from geoengage.profiles.rules import Address, Channel, PointState, Recipient

# Not a sign that the account itself is wrong: Apple's key in the project, or our own settings.
_NOT_THE_ACCOUNT = ("third_party_auth", "push_host", "vapid")
logger = log.get("messaging")


@dataclass(frozen=True, slots=True)
class Flight:
    """One message on its way through a channel; `recipient` is which device it was when it was checked, None for an
    e-mail that follows from no device. `way`: what is to be noted of it where it is no plain push; `contact`: the
    address, with the `letter` or `note` that goes there."""

    tenant_id: TenantId
    waiting: Waiting
    recipient: Recipient | None
    sender: Sender
    way: Way | None = None
    contact: Address | None = None
    letter: Letter | None = None
    note: Note | None = None

    @property
    def platform(self) -> str:
        """Of the device; an e-mail has none of its own. To a phone number: what for, since advertising alone may be
        paused."""
        if self.note is not None:
            return self.note.purpose
        return "email" if self.recipient is None or self.letter is not None else self.recipient.platform

    @property
    def address(self) -> str | Address | None:
        """Where it goes."""
        return self.contact or (None if self.recipient is None else self.recipient.push_address)


async def write(
    session: Session,
    tenant_id: TenantId,
    messages: Mapping[UUID, Waiting],
    addresses: Mapping[UUID, str | Address | None],
    outcomes: Mapping[UUID, Outcome],
    now: datetime,
) -> list[MessageChanged]:
    """Store outcomes with what follows from them for people; returns what readers should hear."""
    if not outcomes:
        return []
    settled = {
        id_: fall_back(messages[id_], settle(messages[id_].status, outcome), now) for id_, outcome in outcomes.items()
    }
    await _retire(session, tenant_id, messages, addresses, settled, now)
    refunds = [id_ for id_, s in settled.items() if s.refund]
    if refunds:
        await store.refund_budgets(session, tenant_id, [messages[id_].person_id for id_ in refunds], refunds)
    await store.settle_messages(session, tenant_id, settled, now)
    return [
        changed(messages[id_], s.status, s.reason, now)
        for id_, s in settled.items()
        if s.status not in (Status.QUEUED, messages[id_].status)
    ]


async def _retire(
    session: Session,
    tenant_id: TenantId,
    messages: Mapping[UUID, Waiting],
    addresses: Mapping[UUID, str | Address | None],
    settled: Mapping[UUID, Settled],
    now: datetime,
) -> None:
    for id_, s in sorted(settled.items()):
        address, device_id = addresses.get(id_), messages[id_].device_id
        if s.retire is None or address is None:
            continue
        if isinstance(address, Address):
            await profiles.tell_state(
                session, tenant_id, address.identifier_id, address.channel, PointState.BOUNCED,
                reason=s.retire, source="smtp" if address.channel is Channel.EMAIL else "provider", now=now,
            )  # fmt: skip
        elif device_id is not None:
            await profiles_store.retire_address(session, tenant_id, device_id, address, s.retire, now)
            if s.retire == "sender_id_mismatch":
                logger.error("an address of another Firebase project was detached", device=str(device_id))


async def write_pauses(session: Session, landed: Collection[tuple[Flight, Outcome]]) -> None:
    """Tell all workers which ways are closed for a while."""
    pauses: dict[Route, Paused] = {}
    for flight, outcome in landed:
        if not isinstance(outcome, Failed | Misconfigured) or outcome.pause is None:
            continue
        route = flight.sender.route(outcome.pause.scope, flight.platform)
        reason = outcome.what if isinstance(outcome, Misconfigured) else outcome.reason
        if route is not None and (route not in pauses or pauses[route].until < outcome.pause.until):
            pauses[route] = Paused(outcome.pause.until, reason, outcome.answer)
    for route, pause in sorted(pauses.items(), key=lambda item: item[0]):
        logger.error("a way to a provider is paused", route=route.name, reason=pause.reason, answer=pause.answer)
        await store.pause_route(session, TenantId(route.tenant_id), route.name, pause)


async def write_statuses(
    session: Session, tenant_id: TenantId, landed: Collection[tuple[Flight, Outcome]], now: datetime
) -> None:
    """Keep `works / fails since` of apps' own senders true. Costs nothing while it stays as it was."""
    found: dict[OwnAccount, tuple[SenderStatus, str | None]] = {}
    for flight, outcome in landed:
        if flight.sender.own is not None and (proof := status_after(outcome)) is not None:
            found[flight.sender.own] = proof
    for own, (status, detail) in sorted(found.items(), key=lambda item: item[0].owner_id):
        if own.status != status:
            await store.set_sender_status(
                session, tenant_id, own.owner_id, own.revision, status, detail, now, kind=own.kind
            )


def status_after(outcome: Outcome) -> tuple[SenderStatus, str | None] | None:
    """What an outcome says of the credentials it was sent with; None when it says nothing."""
    match outcome:
        case Sent():
            return SenderStatus.WORKS, None
        case Misconfigured() if outcome.pause is not None and outcome.what not in _NOT_THE_ACCOUNT:
            return SenderStatus.FAILS, outcome.answer
        case _:
            return None


def changed(waiting: Waiting, status: str, reason: str | None, now: datetime) -> MessageChanged:
    """What readers hear about a message."""
    return MessageChanged(
        message_id=waiting.id,
        at=now,
        device_id=waiting.device_id,
        campaign_id=waiting.campaign_id,
        store_id=waiting.store_id,
        zone_id=waiting.zone_id,
        status=str(status),
        reason=reason,
        title=waiting.title,
        body=waiting.body,
        profile_id=waiting.person_id if waiting.device_id is None else None,
    )


def push_of(flight: Flight) -> Push:
    """What its channel gets."""
    waiting, recipient = flight.waiting, flight.recipient
    ids = {"message_id": waiting.id, "campaign_id": waiting.campaign_id, "zone_id": waiting.zone_id}
    link = {} if waiting.push.link is None else {"link": waiting.push.link}
    return Push(
        message_id=waiting.id,
        campaign_id=waiting.campaign_id,
        title=waiting.title,
        body=waiting.body,
        data=waiting.data | link | {name: str(id_) for name, id_ in ids.items() if id_ is not None},
        collapse_key=waiting.collapse_key,
        expires_at=waiting.expires_at,
        platform=flight.platform,
        address=None if recipient is None else recipient.push_address,
        address_kind=None if recipient is None else recipient.push_kind,
        options=waiting.push,
        letter=flight.letter,
        note=flight.note,
    )
