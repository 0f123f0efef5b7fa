"""Accounts of WhatsApp, SMS and Viber as operators put them, and WhatsApp's templates.

No provider is called here: what a check found, or what Meta said of templates, is handed in and written down.
"""

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

import msgspec

from geoengage.kit import errors, sealed
from geoengage.kit.db import Session
from geoengage.kit.ids import TenantId, new_id
from geoengage.messaging import store
from geoengage.messaging.phone_models import PhoneSender, WhatsappTemplate
from geoengage.messaging.phone_senders import phone_about, secrets_of
from geoengage.messaging.rules import Check, MessageChannel, SenderStatus
from geoengage.messaging.rules.phone import Account, Template, account_flaws
from geoengage.tenancy.rules import Principal
from geoengage.tenancy.service import audit
from geoengage.venues import store as venues_store
from geoengage.venues.models import Store


@dataclass(frozen=True, slots=True)
class NewPhoneSender:
    """An account to put: of a store, or of the tenant (`store_id` None). A secret that is None stays as it was."""

    channel: MessageChannel
    store_id: UUID | None
    account: Account
    secrets: Mapping[str, Any]
    per_minute: int


async def put_phone_sender(
    session: Session, me: Principal, new: NewPhoneSender, *, sealing_keys: sealed.Keys, now: datetime
) -> PhoneSender:
    """Store the account of a store (None: of the tenant) for a channel, in the place of the one it had.

    ItemErrors names each wrong member.
    """
    tenant_id, channel, store_id = TenantId(me.tenant_id), new.channel, new.store_id
    if store_id is not None:
        await venues_store.get_row(session, tenant_id, Store, store_id)
    kept = await store.find_sender_of_store(session, tenant_id, channel, store_id)
    known = {} if kept is None else dict(secrets_of(sealing_keys, kept) or {})
    merged = known | {name: value for name, value in new.secrets.items() if value is not None}
    flaws = account_flaws(channel, new.account, merged)
    if flaws:
        raise errors.ItemErrors(
            [{"pointer": f"#/{name}", "in": "body", "detail": flaw} for name, flaw in flaws.items()]
        )
    id_ = new_id(now) if kept is None else kept.id
    sender = PhoneSender(
        tenant_id=tenant_id,
        id=id_,
        channel=channel.value,
        store_id=store_id,
        revision=new_id(now),
        account=msgspec.to_builtins(new.account),
        sealed=sealed.seal(sealing_keys, phone_about(tenant_id, id_), json.dumps(merged).encode()),
        per_minute=new.per_minute,
        status=SenderStatus.UNCHECKED,
        since=now,
    )
    await store.upsert_phone_sender(session, tenant_id, sender)
    await store.lift_pauses(session, tenant_id, id_, account="phone")
    await audit(session, me, f"{channel.value}.put", id_, now)
    return sender


async def get_phone_sender(
    session: Session, me: Principal, sender_id: UUID, channel: MessageChannel | None = None
) -> PhoneSender:
    """An account that this caller may see; NotFound for others, and for one of another channel."""
    sender = await store.find_phone_sender(session, TenantId(me.tenant_id), sender_id)
    if sender is None or not me.sees_store(sender.store_id) or channel not in (None, sender.channel):
        raise errors.NotFound(f"sender {sender_id} does not exist")
    return sender


async def remove_phone_sender(session: Session, me: Principal, sender_id: UUID, now: datetime) -> None:
    """Forget an account; what would go by it takes the tenant's, or its next channel."""
    sender = await get_phone_sender(session, me, sender_id)
    await store.delete_phone_sender(session, TenantId(me.tenant_id), sender.id)
    await store.lift_pauses(session, TenantId(me.tenant_id), sender.id, account="phone")
    await audit(session, me, f"{sender.channel}.delete", sender_id, now)


async def note_phone_check(session: Session, sender: PhoneSender, found: Check, now: datetime) -> None:
    """Write down what a check found. One that works lets what waits go at once."""
    tenant_id = TenantId(sender.tenant_id)
    works = found.status is SenderStatus.WORKS
    detail = None if works else found.words
    await store.set_sender_status(
        session, tenant_id, sender.id, sender.revision, found.status, detail, now, kind="phone"
    )
    if works:
        await store.lift_pauses(session, tenant_id, sender.id, account="phone")


async def put_templates(
    session: Session, sender: PhoneSender, templates: Sequence[tuple[Template, str | None]], now: datetime
) -> list[WhatsappTemplate]:
    """Write down what Meta says of templates; returns all of the account."""
    tenant_id = TenantId(sender.tenant_id)
    await store.put_templates(session, tenant_id, sender.id, templates, now)
    return await store.list_templates(session, tenant_id, [sender.id])
