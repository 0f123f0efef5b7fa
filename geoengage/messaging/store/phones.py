"""SQL of WhatsApp, SMS and Viber: accounts, templates, who wrote when, and whom an address belongs to."""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

import msgspec
from sqlalchemy import delete, or_, select, text, update
from sqlalchemy.dialects.postgresql import insert

from geoengage.kit import pgarrays
from geoengage.kit.db import Session, send
from geoengage.kit.ids import TenantId
from geoengage.messaging.phone_models import PhoneSender, WhatsappTemplate
from geoengage.messaging.rules.phone import Template


async def list_phone_senders(
    session: Session, tenant_id: TenantId, store_ids: Collection[UUID] | None = None
) -> list[PhoneSender]:
    """The tenant's accounts and those of these stores (None: of all), in the order of their ids."""
    query = select(PhoneSender).where(PhoneSender.tenant_id == tenant_id)
    if store_ids is not None:
        query = query.where(or_(PhoneSender.store_id.is_(None), PhoneSender.store_id.in_(store_ids)))
    query = query.order_by(PhoneSender.id).execution_options(populate_existing=True)
    return list((await session.execute(query)).scalars())


async def find_phone_sender(session: Session, tenant_id: TenantId, sender_id: UUID) -> PhoneSender | None:
    """An account, read afresh; None when the tenant has no such one."""
    query = select(PhoneSender).where(PhoneSender.tenant_id == tenant_id, PhoneSender.id == sender_id)
    return (await session.execute(query.execution_options(populate_existing=True))).scalar_one_or_none()


async def find_sender_of_store(
    session: Session, tenant_id: TenantId, channel: str, store_id: UUID | None
) -> PhoneSender | None:
    """The account that was put for a store (None: for the tenant) and a channel."""
    query = select(PhoneSender).where(
        PhoneSender.tenant_id == tenant_id,
        PhoneSender.channel == channel,
        PhoneSender.store_id.is_not_distinct_from(store_id),
    )
    return (await session.execute(query.execution_options(populate_existing=True))).scalar_one_or_none()


async def find_tenant_of_sender(session: Session, sender_id: UUID, channel: str) -> TenantId | None:
    """Whose account a webhook's address names (cross-tenant: the address names no tenant)."""
    query = select(PhoneSender.tenant_id).where(PhoneSender.id == sender_id, PhoneSender.channel == channel)
    found = (await session.execute(query)).scalar_one_or_none()
    return None if found is None else TenantId(found)


async def upsert_phone_sender(session: Session, tenant_id: TenantId, sender: PhoneSender) -> None:
    """Store an account in the place of the one with the same id."""
    names = ("revision", "account", "sealed", "per_minute", "status", "since", "checked_at", "detail")
    values = {name: getattr(sender, name) for name in names}
    whose = {"tenant_id": tenant_id, "id": sender.id, "channel": sender.channel, "store_id": sender.store_id}
    statement = insert(PhoneSender).values(**whose, **values)
    await session.execute(statement.on_conflict_do_update(index_elements=["tenant_id", "id"], set_=values))


async def delete_phone_sender(session: Session, tenant_id: TenantId, sender_id: UUID) -> bool:
    """Forget an account with its templates; False when there was none."""
    gone = await session.execute(
        delete(PhoneSender)
        .where(PhoneSender.tenant_id == tenant_id, PhoneSender.id == sender_id)
        .returning(PhoneSender.id)
    )
    return gone.scalar() is not None


# --- templates ---------------------------------------------------------------------------------------------------


async def list_templates(session: Session, tenant_id: TenantId, sender_ids: Collection[UUID]) -> list[WhatsappTemplate]:
    """The templates of these accounts, by name and language."""
    query = (
        select(WhatsappTemplate)
        .where(WhatsappTemplate.tenant_id == tenant_id, WhatsappTemplate.sender_id.in_(sender_ids))
        .order_by(WhatsappTemplate.sender_id, WhatsappTemplate.name, WhatsappTemplate.language)
    )
    return list((await session.execute(query.execution_options(populate_existing=True))).scalars())


async def put_templates(
    session: Session,
    tenant_id: TenantId,
    sender_id: UUID,
    templates: Sequence[tuple[Template, str | None]],
    now: datetime,
) -> None:
    """Store what Meta says of these templates, each with why it was rejected."""
    for template, reason in sorted(templates, key=lambda pair: (pair[0].name, pair[0].language)):
        values: dict[str, Any] = {
            "category": template.category, "status": template.status, "reason": reason,
            "components": msgspec.to_builtins(template.components), "changed_at": now,
        }  # fmt: skip
        key = {"tenant_id": tenant_id, "sender_id": sender_id, "name": template.name, "language": template.language}
        statement = insert(WhatsappTemplate).values(**key, **values)
        await session.execute(statement.on_conflict_do_update(index_elements=list(key), set_=values))


async def set_template_status(
    session: Session,
    tenant_id: TenantId,
    sender_id: UUID,
    name: str,
    language: str,
    *,
    status: str,
    reason: str | None,
    now: datetime,
) -> bool:
    """Note where a template stands; False when it is not known here."""
    changed = await session.execute(
        update(WhatsappTemplate)
        .where(
            WhatsappTemplate.tenant_id == tenant_id,
            WhatsappTemplate.sender_id == sender_id,
            WhatsappTemplate.name == name,
            WhatsappTemplate.language == language,
        )
        .values(status=status, reason=reason, changed_at=now)
        .returning(WhatsappTemplate.name)
    )
    return changed.scalar() is not None


# --- who wrote when ----------------------------------------------------------------------------------------------


async def list_inbound(
    session: Session, tenant_id: TenantId, sender_ids: Collection[UUID], identifier_ids: Collection[UUID]
) -> dict[tuple[UUID, UUID], datetime]:
    """When these last wrote to these accounts, by (account, id)."""
    found = await send(
        session,
        "SELECT sender_id, identifier_id, last_at FROM phone_inbound WHERE tenant_id = :tenant_id"
        " AND last_at IS NOT NULL"
        " AND sender_id = ANY(CAST(:senders AS uuid[])) AND identifier_id = ANY(CAST(:ids AS uuid[]))",
        {"tenant_id": tenant_id, "senders": pgarrays.uuids(sender_ids), "ids": pgarrays.uuids(identifier_ids)},
    )
    return {(sender_id, identifier_id): at for sender_id, identifier_id, at in found.rows}


async def list_full(
    session: Session,
    tenant_id: TenantId,
    sender_ids: Collection[UUID],
    identifier_ids: Collection[UUID],
    since: datetime,
) -> frozenset[tuple[UUID, UUID]]:
    """To whom these accounts may send no more until they write: (account, id), where that was said after `since`."""
    found = await send(
        session,
        "SELECT sender_id, identifier_id FROM phone_inbound WHERE tenant_id = :tenant_id AND full_at > :since"
        " AND sender_id = ANY(CAST(:senders AS uuid[])) AND identifier_id = ANY(CAST(:ids AS uuid[]))",
        {
            "tenant_id": tenant_id,
            "since": since,
            "senders": pgarrays.uuids(sender_ids),
            "ids": pgarrays.uuids(identifier_ids),
        },
    )
    return frozenset((sender_id, identifier_id) for sender_id, identifier_id in found.rows)


async def note_full(session: Session, tenant_id: TenantId, sender_id: UUID, identifier_id: UUID, at: datetime) -> None:
    """From that moment on the account may send them no more until they write. If they wrote since, or account or id is
    gone, nothing is kept."""
    await session.execute(
        text("""
INSERT INTO phone_inbound AS p (tenant_id, sender_id, identifier_id, full_at)
SELECT :tenant_id, s.id, i.id, :at FROM phone_sender s JOIN identifier i ON i.tenant_id = s.tenant_id
WHERE s.tenant_id = :tenant_id AND s.id = :sender_id AND i.id = :identifier_id
ON CONFLICT (tenant_id, sender_id, identifier_id) DO UPDATE SET full_at = excluded.full_at
  WHERE p.last_at IS NULL OR p.last_at < excluded.full_at
"""),
        {"tenant_id": tenant_id, "sender_id": sender_id, "identifier_id": identifier_id, "at": at},
    )


async def note_inbound(
    session: Session, tenant_id: TenantId, sender_id: UUID, identifier_id: UUID, at: datetime
) -> None:
    """They wrote at that moment; an earlier one than is known changes nothing."""
    await session.execute(
        text("""
INSERT INTO phone_inbound AS p (tenant_id, sender_id, identifier_id, last_at)
VALUES (:tenant_id, :sender_id, :identifier_id, :at)
ON CONFLICT (tenant_id, sender_id, identifier_id) DO UPDATE SET last_at = greatest(p.last_at, excluded.last_at),
  full_at = CASE WHEN p.full_at > excluded.last_at THEN p.full_at END
"""),
        {"tenant_id": tenant_id, "sender_id": sender_id, "identifier_id": identifier_id, "at": at},
    )


async def forget_inbound(session: Session, tenant_id: TenantId, sender_id: UUID, identifier_id: UUID) -> None:
    """The provider knows better: they have not written of late."""
    await session.execute(
        text(
            "DELETE FROM phone_inbound WHERE tenant_id = :tenant_id AND sender_id = :sender_id"
            " AND identifier_id = :identifier_id"
        ),
        {"tenant_id": tenant_id, "sender_id": sender_id, "identifier_id": identifier_id},
    )


@dataclass(frozen=True, slots=True)
class Writer:
    """Whose id somebody wrote from."""

    identifier_id: UUID
    profile_id: UUID


async def find_writers(
    session: Session, tenant_id: TenantId, names: Collection[tuple[str, str]]
) -> dict[tuple[str, str], Writer]:
    """Those of these (kind, value) that are somebody's id."""
    found = await send(
        session,
        "SELECT i.kind, i.value, i.id, i.profile_id FROM identifier i"
        " JOIN unnest(CAST(:kinds AS text[]), CAST(:values AS text[])) AS w (kind, value)"
        " ON i.kind = w.kind AND i.value = w.value WHERE i.tenant_id = :tenant_id",
        {
            "tenant_id": tenant_id,
            "kinds": pgarrays.texts(kind for kind, _ in names),
            "values": pgarrays.texts(value for _, value in names),
        },
    )
    return {(kind, value): Writer(id_, profile_id) for kind, value, id_, profile_id in found.rows}


async def list_stores_written_for(
    session: Session, tenant_id: TenantId, identifier_id: UUID, channel: str
) -> set[UUID | None]:
    """For which stores (None: the tenant) messages went to this address by a channel, while they are kept."""
    rows = await session.execute(
        text(
            "SELECT DISTINCT m.store_id FROM identifier i JOIN message m ON m.tenant_id = i.tenant_id"
            " AND m.person_id = i.profile_id AND m.address_id = i.id AND m.channel = :channel"
            " WHERE i.tenant_id = :tenant_id AND i.id = :id"
        ),
        {"tenant_id": tenant_id, "id": identifier_id, "channel": channel},
    )
    return set(rows.scalars())


async def requeue_message(
    session: Session, tenant_id: TenantId, message_id: UUID, due_at: datetime, *, is_urgent: bool
) -> None:
    """Let a message that was out wait to be sent again."""
    await session.execute(
        text(
            "INSERT INTO message_due (tenant_id, message_id, due_at, is_urgent)"
            " VALUES (:tenant_id, :message_id, :due_at, :is_urgent)"
            " ON CONFLICT (tenant_id, message_id) DO UPDATE SET due_at = excluded.due_at, lease = NULL"
        ),
        {"tenant_id": tenant_id, "message_id": message_id, "due_at": due_at, "is_urgent": is_urgent},
    )


Inbounds = Mapping[tuple[UUID, UUID], datetime]
