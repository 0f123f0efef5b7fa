"""SQL of people and devices. The device row is the lock under which everything about a device is decided.

Lock order: identifier, profile, device. A caller's device token counts only while its version is the row's.
"""

from collections.abc import Collection, Mapping, Sequence
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import or_, select, update
from sqlalchemy.dialects.postgresql import distinct_on
from sqlalchemy.exc import IntegrityError

from geoengage.kit import errors, pgarrays
from geoengage.kit.db import Later, Session, pipelined, send
from geoengage.kit.ids import TenantId, new_id
from geoengage.profiles.models import ConsentEntry, Device, Profile
from geoengage.profiles.rules import ConsentKind, Recipient
from geoengage.profiles.rules.consents import read_wishes
from geoengage.profiles.store.consents import PUSH_WISHES


async def get_device(
    session: Session, tenant_id: TenantId, device_id: UUID, token_version: int | None = None
) -> Device:
    """A device. With the `token_version` of a calling device: Unauthenticated when its token was revoked.

    Without: NotFound when there is no such device in the tenant.
    """
    return await _device(session, tenant_id, device_id, token_version, lock=False)


async def lock_device(
    session: Session, tenant_id: TenantId, device_id: UUID, token_version: int | None = None
) -> Device:
    """Like `get_device`, with the row locked FOR NO KEY UPDATE and read afresh."""
    return await _device(session, tenant_id, device_id, token_version, lock=True)


async def _device(
    session: Session, tenant_id: TenantId, device_id: UUID, token_version: int | None, *, lock: bool
) -> Device:
    query = select(Device).where(Device.tenant_id == tenant_id, Device.id == device_id)
    if lock:
        query = query.with_for_update(key_share=True).execution_options(populate_existing=True)
    device = (await session.execute(query)).scalar_one_or_none()
    if token_version is not None and (device is None or device.token_version != token_version):
        raise errors.Unauthenticated("this device token was revoked; register the device again")
    if device is None:
        raise errors.NotFound(f"device {device_id} does not exist")
    return device


async def insert_device(session: Session, tenant_id: TenantId, device: Device) -> None:
    """Store a new device; its columns with defaults are filled in."""
    device.tenant_id = tenant_id
    session.add(device)
    await session.flush()
    await session.refresh(device)


async def retire_address(
    session: Session, tenant_id: TenantId, device_id: UUID, address: str, reason: str, now: datetime
) -> bool:
    """Stop using a push address the provider refused; False when the device has another one by now."""
    result = await session.execute(
        update(Device)
        .where(
            Device.tenant_id == tenant_id,
            Device.id == device_id,
            Device.push_address == address,
            Device.push_retired_at.is_(None),
        )
        .values(push_retired_at=now, push_retired_reason=reason)
        .returning(Device.id)
    )
    return result.scalar_one_or_none() is not None


async def retire_moved(
    session: Session, tenant_id: TenantId, address: str, device_id: UUID, now: datetime
) -> set[UUID]:
    """Retire this push address wherever another device than `device_id` has it (`moved`); returns those devices."""
    rows = await session.execute(
        update(Device)
        .where(
            Device.tenant_id == tenant_id,
            Device.push_address == address,
            Device.id != device_id,
            Device.push_retired_at.is_(None),
        )
        .values(push_retired_at=now, push_retired_reason="moved")
        .returning(Device.id)
        .execution_options(synchronize_session=False)
    )
    return set(rows.scalars())


async def hold_recipients(session: Session, tenant_id: TenantId, device_ids: Collection[UUID]) -> dict[UUID, Recipient]:
    """Recipients by device id, kept from being erased until the commit (FOR KEY SHARE, which delays nobody else).

    For whoever is about to write rows about them without a lock of its own.
    """
    parameters = {"tenant_id": tenant_id, "ids": pgarrays.uuids(device_ids)}
    async with pipelined(session):
        await send(session, _HOLD_PROFILES, parameters)  # profiles come first in the lock order
        held = await send(session, _HOLD_RECIPIENTS, parameters)
    return {row.id: _recipient(row) for row in held.named()}


async def list_recipients(session: Session, tenant_id: TenantId, device_ids: Collection[UUID]) -> dict[UUID, Recipient]:
    """Recipients by device id; unknown ids are left out. Takes no lock."""
    return (await ask_recipients(session, tenant_id, device_ids))()


async def ask_recipients(
    session: Session, tenant_id: TenantId, device_ids: Collection[UUID]
) -> Later[dict[UUID, Recipient]]:
    """The same in a trip with other statements."""
    found = await send(session, _RECIPIENT, {"tenant_id": tenant_id, "ids": pgarrays.uuids(device_ids)})
    return Later(found, lambda answer: {row.id: _recipient(row) for row in answer.named()})


# As text, and columns instead of whole rows: these are asked for every message that is sent.
_RECIPIENT = (
    "SELECT d.id, d.app_id, d.profile_id, d.locale, d.location, d.marketing_push, d.personalisation,"  # noqa: S608
    " d.is_test,"
    " d.timezone, d.push_provider, d.push_address, d.push_kind, d.push_retired_at, d.platform, p.first_name,"
    f" p.language, p.attributes, p.suppressed_at, {PUSH_WISHES} AS wishes"
    " FROM device d LEFT JOIN profile p ON p.tenant_id = d.tenant_id AND p.id = d.profile_id"
    " WHERE d.tenant_id = :tenant_id AND d.id = ANY(CAST(:ids AS uuid[]))"
)
_HOLD_RECIPIENTS = _RECIPIENT + " ORDER BY d.id FOR KEY SHARE OF d"
_HOLD_PROFILES = (
    "SELECT id FROM profile WHERE tenant_id = :tenant_id AND id IN (SELECT profile_id FROM device"
    " WHERE tenant_id = :tenant_id AND id = ANY(CAST(:ids AS uuid[]))) ORDER BY id FOR KEY SHARE"
)


def _recipient(row: Any) -> Recipient:
    return Recipient(
        device_id=row.id,
        app_id=row.app_id,
        person_id=row.profile_id or row.id,
        profile_id=row.profile_id,
        first_name=row.first_name,
        language=row.language or row.locale,
        attributes=row.attributes or {},
        location=row.location,
        marketing_push=row.marketing_push,
        personalisation=row.personalisation,
        suppressed=row.suppressed_at is not None,
        is_test=row.is_test,
        timezone=row.timezone,
        push_provider=row.push_provider,
        push_address=row.push_address,
        push_kind=row.push_kind,
        push_retired=row.push_retired_at is not None,
        platform=row.platform,
        wishes=None if row.wishes is None else read_wishes(row.wishes),
    )


async def note_client(
    session: Session, tenant_id: TenantId, device_id: UUID, token_version: int, client: str, now: datetime
) -> None:
    """Which program speaks for a device, and since when; nothing happens while it is the same."""
    await session.execute(
        update(Device)
        .where(
            Device.tenant_id == tenant_id,
            Device.id == device_id,
            Device.token_version == token_version,
            Device.client.is_distinct_from(client),
        )
        .values(client=client, connected_at=now)
    )


async def set_wifi_hash(session: Session, tenant_id: TenantId, device: Device, wifi_hash: str | None) -> None:
    """Say what is kept of a locked device's Wi-Fi address; Conflict when another device of the tenant has it."""
    device.wifi_hash = wifi_hash
    try:
        await session.flush()
    except IntegrityError as error:
        raise errors.Conflict("another device has this address; delete it there first") from error


async def list_by_wifi_hash(session: Session, tenant_id: TenantId, hashes: Collection[str]) -> dict[str, UUID]:
    """Devices with location consent by the hash of their Wi-Fi address; all other hashes are left out."""
    rows = await session.execute(
        select(Device.wifi_hash, Device.id).where(
            Device.tenant_id == tenant_id, Device.wifi_hash.in_(hashes), Device.location == "granted"
        )
    )
    return {wifi_hash: id_ for wifi_hash, id_ in rows if wifi_hash is not None}


# --- consents -----------------------------------------------------------------------------------------------------


async def list_latest_consents(
    session: Session, tenant_id: TenantId, device_id: UUID
) -> dict[ConsentKind, ConsentEntry]:
    """The newest history row of each kind that was ever stated."""
    rows = await session.execute(
        select(ConsentEntry)
        .where(ConsentEntry.tenant_id == tenant_id, ConsentEntry.device_id == device_id)
        .ext(distinct_on(ConsentEntry.kind))
        .order_by(ConsentEntry.kind, ConsentEntry.at.desc(), ConsentEntry.id.desc())
    )
    return {ConsentKind(entry.kind): entry for entry in rows.scalars()}


async def insert_consents(
    session: Session,
    tenant_id: TenantId,
    device_id: UUID,
    stated: Mapping[ConsentKind, str],
    *,
    text_version: str | None,
    source: str,
    now: datetime,
) -> None:
    """Append proof of each stated decision."""
    for kind, status in stated.items():
        session.add(
            ConsentEntry(
                tenant_id=tenant_id,
                id=new_id(now),
                device_id=device_id,
                kind=kind,
                status=status,
                at=now,
                text_version=text_version,
                source=source,
            )
        )
    await session.flush()


# --- profiles -----------------------------------------------------------------------------------------------------


async def get_profile(session: Session, tenant_id: TenantId, profile_id: UUID) -> Profile:
    """A person; NotFound also when another tenant's."""
    query = select(Profile).where(Profile.tenant_id == tenant_id, Profile.id == profile_id)
    profile = (await session.execute(query)).scalar_one_or_none()
    if profile is None:
        raise errors.NotFound(f"profile {profile_id} does not exist")
    return profile


async def list_profile_devices(session: Session, tenant_id: TenantId, profile_id: UUID) -> Sequence[Device]:
    """The devices that belong to a person, in id order."""
    query = select(Device).where(Device.tenant_id == tenant_id, Device.profile_id == profile_id)
    return (await session.execute(query.order_by(Device.id))).scalars().all()


async def list_test_devices(session: Session, tenant_id: TenantId, app_id: UUID | None, limit: int) -> Sequence[Device]:
    """Devices of test keys and those that an operator connected, the newest first."""
    query = select(Device).where(
        Device.tenant_id == tenant_id,
        or_(Device.is_test, Device.paired_at.is_not(None)),
    )
    if app_id is not None:
        query = query.where(Device.app_id == app_id)
    return (await session.execute(query.order_by(Device.id.desc()).limit(limit))).scalars().all()
