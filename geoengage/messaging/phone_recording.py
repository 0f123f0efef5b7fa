"""What follows from a provider's refusal beyond the message: for consent, for WhatsApp's window, for templates."""

from collections.abc import Iterable
from datetime import datetime
from uuid import UUID

from geoengage.kit import log
from geoengage.kit.db import Session
from geoengage.kit.ids import TenantId
from geoengage.messaging import store
from geoengage.messaging.recording import Flight
from geoengage.messaging.rules import Failed, Outcome, Then
from geoengage.profiles import service as profiles
from geoengage.profiles.rules import Channel

logger = log.get("messaging")


async def write_consequences(
    session: Session, tenant_id: TenantId, landed: Iterable[tuple[Flight, Outcome]], now: datetime
) -> None:
    """For what has just been refused. Call it before the messages are written: people are locked before those."""
    for flight, outcome in landed:
        if not isinstance(outcome, Failed) or outcome.then is None or flight.contact is None:
            continue
        own, note = flight.sender.own, flight.note
        if outcome.then is Then.WITHDRAW:
            stores = {flight.waiting.store_id}
            at = flight.contact.identifier_id
            await withdraw(session, tenant_id, at, flight.contact.channel, stores, source="provider", at=now, now=now)
        elif own is not None and outcome.then is Then.CLOSE_WINDOW:
            await store.forget_inbound(session, tenant_id, own.owner_id, flight.contact.identifier_id)
        elif own is not None and outcome.then is Then.END_SESSION:
            await store.note_full(session, tenant_id, own.owner_id, flight.contact.identifier_id, now)
        elif own is not None and note is not None and note.template is not None:
            name, language = str(note.template["name"]), str(note.template["language"]["code"])
            await pause_template(session, tenant_id, own.owner_id, name, language, outcome.reason, now)


async def withdraw(
    session: Session,
    tenant_id: TenantId,
    identifier_id: UUID,
    channel: Channel,
    store_ids: Iterable[UUID | None],
    *,
    source: str,
    at: datetime,
    now: datetime,
) -> None:
    """The person of an address wants no more marketing of these stores (None: of the tenant) by that channel."""
    profile_id = await store.find_reader(session, tenant_id, identifier_id)
    if profile_id is None:
        return
    ids = await profiles.identifiers_of(session, tenant_id, profile_id)
    for store_id in sorted(store_ids, key=lambda id_: (id_ is not None, id_ or UUID(int=0))):
        await profiles.stop_sender(
            session, tenant_id, ids, channel=channel, store_id=store_id, source=source, at=at, now=now
        )


async def pause_template(
    session: Session, tenant_id: TenantId, sender_id: UUID, name: str, language: str, why: str, now: datetime
) -> None:
    """Meta took a template back: what would go by it has no template until Meta says otherwise."""
    status = "paused" if why == "template_paused" else "disabled"
    await store.set_template_status(session, tenant_id, sender_id, name, language, status=status, reason=why, now=now)
    logger.error("a WhatsApp template may not be used", tenant=str(tenant_id), template=name, status=status)
