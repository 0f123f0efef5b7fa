"""SQL of e-mail: the mail servers of apps, how their e-mails look, and what is reported of sent ones."""

from collections.abc import Collection
from dataclasses import dataclass
from uuid import UUID

import msgspec
from sqlalchemy import delete, select, text
from sqlalchemy.dialects.postgresql import insert

from geoengage.kit import pgarrays
from geoengage.kit.db import Session, send
from geoengage.kit.ids import TenantId
from geoengage.messaging.models import AppBrand, ChannelPolicy, EmailSender
from geoengage.messaging.rules import BrandKit


@dataclass(frozen=True, slots=True)
class EmailAccount:
    """An app's mail server without its secret, with what its e-mails wear. `language`: the app's default."""

    app_id: UUID
    store_id: UUID | None
    revision: UUID
    status: str
    brand: BrandKit
    language: str
    takes_answers: bool


async def list_email_senders(session: Session, tenant_id: TenantId, store_ids: Collection[UUID]) -> list[EmailAccount]:
    """The apps with a mail server: the tenant's own and those of these stores, in the order of their ids."""
    found = await send(
        session,
        "SELECT s.app_id, a.store_id, s.revision, s.status, b.kit, a.brand_color, a.default_language,"
        " s.takes_answers"
        " FROM email_sender s JOIN app a ON a.tenant_id = s.tenant_id AND a.id = s.app_id"
        " LEFT JOIN app_brand b ON b.tenant_id = s.tenant_id AND b.app_id = s.app_id"
        " WHERE s.tenant_id = :tenant_id AND (a.store_id IS NULL OR a.store_id = ANY(CAST(:stores AS uuid[])))"
        " ORDER BY s.app_id",
        {"tenant_id": tenant_id, "stores": pgarrays.uuids(store_ids)},
    )
    return [
        EmailAccount(
            row.app_id,
            row.store_id,
            row.revision,
            row.status,
            _kit(row.kit, row.brand_color),
            row.default_language,
            row.takes_answers,
        )
        for row in found.named()
    ]


def _kit(stored: dict[str, object] | None, color: str | None) -> BrandKit:
    if stored is not None:
        return msgspec.convert(stored, BrandKit)
    return BrandKit() if color is None else BrandKit(color=color)


async def get_email_sender(session: Session, tenant_id: TenantId, app_id: UUID) -> EmailSender:
    """The mail server of an app that has one."""
    query = select(EmailSender).where(EmailSender.tenant_id == tenant_id, EmailSender.app_id == app_id)
    return (await session.execute(query.execution_options(populate_existing=True))).scalar_one()


async def find_email_sender(session: Session, tenant_id: TenantId, app_id: UUID) -> EmailSender | None:
    """An app's mail server, read afresh; None when it has none."""
    query = select(EmailSender).where(EmailSender.tenant_id == tenant_id, EmailSender.app_id == app_id)
    return (await session.execute(query.execution_options(populate_existing=True))).scalar_one_or_none()


async def find_tenant_of_mailer(session: Session, app_id: UUID) -> TenantId | None:
    """Whose app takes answers to its e-mails (cross-tenant: the address of a webhook names no tenant)."""
    query = select(EmailSender.tenant_id).where(EmailSender.app_id == app_id, EmailSender.takes_answers)
    found = (await session.execute(query)).scalar_one_or_none()
    return None if found is None else TenantId(found)


async def upsert_email_sender(session: Session, tenant_id: TenantId, sender: EmailSender) -> None:
    """Store an app's mail server in the place of the one it had."""
    names = (
        "revision", "host", "port", "tls", "username", "sealed", "from_address", "from_name", "reply_to",
        "takes_answers", "per_minute", "status", "since", "checked_at", "detail",
    )  # fmt: skip
    values = {name: getattr(sender, name) for name in names}
    statement = insert(EmailSender).values(tenant_id=tenant_id, app_id=sender.app_id, **values)
    await session.execute(statement.on_conflict_do_update(index_elements=["tenant_id", "app_id"], set_=values))


async def delete_email_sender(session: Session, tenant_id: TenantId, app_id: UUID) -> bool:
    """Forget an app's mail server; False when it had none."""
    gone = await session.execute(
        delete(EmailSender)
        .where(EmailSender.tenant_id == tenant_id, EmailSender.app_id == app_id)
        .returning(EmailSender.app_id)
    )
    return gone.scalar() is not None


async def find_brand(session: Session, tenant_id: TenantId, app_id: UUID) -> BrandKit | None:
    """An app's brand kit; None when it has none."""
    query = select(AppBrand.kit).where(AppBrand.tenant_id == tenant_id, AppBrand.app_id == app_id)
    stored = (await session.execute(query)).scalar_one_or_none()
    return None if stored is None else msgspec.convert(stored, BrandKit)


async def upsert_brand(session: Session, tenant_id: TenantId, app_id: UUID, kit: BrandKit) -> None:
    """Store an app's brand kit in the place of the one it had."""
    values = {"kit": msgspec.to_builtins(kit)}
    statement = insert(AppBrand).values(tenant_id=tenant_id, app_id=app_id, **values)
    await session.execute(statement.on_conflict_do_update(index_elements=["tenant_id", "app_id"], set_=values))


async def find_policy(session: Session, tenant_id: TenantId) -> tuple[str, ...]:
    """The tenant's order of channels; empty when it has none."""
    query = select(ChannelPolicy.channels).where(ChannelPolicy.tenant_id == tenant_id)
    return tuple((await session.execute(query)).scalar_one_or_none() or ())


async def upsert_policy(session: Session, tenant_id: TenantId, channels: Collection[str]) -> None:
    """Store the tenant's order of channels."""
    statement = insert(ChannelPolicy).values(tenant_id=tenant_id, channels=list(channels))
    await session.execute(
        statement.on_conflict_do_update(index_elements=["tenant_id"], set_={"channels": list(channels)})
    )


async def find_reader(session: Session, tenant_id: TenantId, identifier_id: UUID) -> UUID | None:
    """Whose address this is now; None when the person is erased."""
    rows = await session.execute(
        text("SELECT profile_id FROM identifier WHERE tenant_id = :tenant_id AND id = :id"),
        {"tenant_id": tenant_id, "id": identifier_id},
    )
    return rows.scalar_one_or_none()
