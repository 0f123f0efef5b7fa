"""Registering installations, their consents, and whose they are.

A device is linked to a person by a proof only: a user token signed for its app, or the tenant's secret key. Neither a
publishable key nor a device token can name a person.
"""

from collections.abc import Mapping
from datetime import datetime
from typing import Any
from uuid import UUID

from geoengage.kit import errors
from geoengage.kit.db import Session
from geoengage.kit.events import publish
from geoengage.kit.ids import TenantId
from geoengage.profiles import rules, store
from geoengage.profiles.models import Device
from geoengage.profiles.rules import Consent, ConsentChanged, ConsentKind, Id, Kind, Proof
from geoengage.profiles.service.identity import Resolved, resolve
from geoengage.profiles.service.telling import tell_changed
from geoengage.profiles.service.traits import set_traits
from geoengage.tenancy.models import App
from geoengage.tenancy.store import get_row

FIRST_TOKEN_VERSION = 1
USER_TOKEN, SERVER = "user token", "server"  # who said whose a device is


async def register_device(
    session: Session,
    tenant_id: TenantId,
    device: Device,
    consents: Mapping[ConsentKind, Consent],
    *,
    text_version: str | None,
    user_token: str | None,
    now: datetime,
) -> Device:
    """Store a new installation with the consents it starts with; `user_token` links it at once.

    Nobody reacts to the consents of a device that is only just there, so no event of them is published.
    """
    app = await get_row(session, tenant_id, App, device.app_id)
    if user_token is not None:
        external_id = rules.read_user_token(user_token, app.user_token_keys, app.id, now)
        await _link(session, tenant_id, device, await _resolve(session, tenant_id, external_id, USER_TOKEN, now), now)
    stated = rules.changed_consents({}, consents)
    for kind, status in stated.items():
        setattr(device, kind, status)
    device.token_version = FIRST_TOKEN_VERSION
    device.created_at = now
    await store.insert_device(session, tenant_id, device)
    await take_address(session, tenant_id, device, now)
    await store.insert_consents(
        session, tenant_id, device.id, stated, text_version=text_version, source="registration", now=now
    )
    return device


def set_push_address(device: Device, push: tuple[str, str, str] | None) -> None:
    """Give a loaded device (provider, address, kind), or none. An address stated anew is used again."""
    device.push_provider, device.push_address, device.push_kind = push or (None, None, None)
    device.push_retired_at = device.push_retired_reason = None


async def take_address(session: Session, tenant_id: TenantId, device: Device, now: datetime) -> None:
    """A push address leads to one installation: older rows with the address of this device stop using it."""
    changed = set() if device.profile_id is None else {device.id}
    if device.push_address is not None:
        changed |= await store.retire_moved(session, tenant_id, device.push_address, device.id, now)
    tell_changed(session, tenant_id, "devices", now, devices=changed)


async def state_consents(
    session: Session,
    tenant_id: TenantId,
    device: Device,
    stated: Mapping[ConsentKind, Consent],
    *,
    text_version: str,
    source: str,
    now: datetime,
) -> None:
    """Record what the user of a locked device decided, and publish what changed.

    A repeated statement of the same text leaves no second row, so that a retry does no harm.
    """
    changed = rules.changed_consents({kind: Consent(getattr(device, kind)) for kind in ConsentKind}, stated)
    latest = await store.list_latest_consents(session, tenant_id, device.id)
    decided = {kind: status for kind, status in stated.items() if status is not Consent.UNKNOWN}
    new = {
        kind: status
        for kind, status in decided.items()
        if kind in changed or kind not in latest or latest[kind].text_version != text_version
    }
    for kind, status in changed.items():
        setattr(device, kind, status)
    await store.insert_consents(session, tenant_id, device.id, new, text_version=text_version, source=source, now=now)
    await _publish(session, tenant_id, device.id, changed, now)


async def link_by_user_token(
    session: Session, tenant_id: TenantId, device_id: UUID, token_version: int, user_token: str, now: datetime
) -> None:
    """Link a calling device to the person whom its app's back end vouches for."""
    device = await store.get_device(session, tenant_id, device_id, token_version)
    app = await get_row(session, tenant_id, App, device.app_id)
    external_id = rules.read_user_token(user_token, app.user_token_keys, app.id, now)
    resolved = await _resolve(session, tenant_id, external_id, USER_TOKEN, now)
    device = await store.lock_device(session, tenant_id, device_id, token_version)  # ids before devices
    await _link(session, tenant_id, device, resolved, now)


async def link_by_server(
    session: Session, tenant_id: TenantId, device: Device, external_id: str, traits: Mapping[str, Any], now: datetime
) -> UUID:
    """Link a device on the word of the tenant's own server, and keep what it says about the person: their profile."""
    resolved = await _resolve(session, tenant_id, external_id, SERVER, now)
    await set_traits(
        session, tenant_id, resolved.identifier_id, traits, source=SERVER, at=now, proof=Proof.LINK, now=now
    )
    device = await store.lock_device(session, tenant_id, device.id)
    return await _link(session, tenant_id, device, resolved, now)


async def _resolve(session: Session, tenant_id: TenantId, external_id: str, source: str, now: datetime) -> Resolved:
    """The person whom the tenant calls so. Invalid when it is what programs write where they know nobody."""
    policy = await store.get_policy(session, tenant_id)
    value = rules.normalise(Kind.EXTERNAL_ID, external_id, blocked=policy.blocked)
    if value is None:
        raise errors.field("external_id", "this value stands for nobody; send your own id of the person")
    ids = [Id(Kind.EXTERNAL_ID, value)]
    return await resolve(session, tenant_id, ids, proof=Proof.LINK, source=source, at=now, now=now)


async def _link(session: Session, tenant_id: TenantId, device: Device, resolved: Resolved, now: datetime) -> UUID:
    """Make a locked or new device a person's. The id is held, so that a merge takes the device along."""
    owners = await store.hold_owners(session, tenant_id, [resolved.identifier_id])
    theirs = {id_ for id_ in (resolved.identifier_id, device.identifier_id) if id_ is not None}
    tell_changed(session, tenant_id, "devices", now, identifiers=theirs)
    device.identifier_id, device.profile_id = resolved.identifier_id, owners[resolved.identifier_id]
    return device.profile_id


def log_out(session: Session, tenant_id: TenantId, device: Device, now: datetime) -> None:
    """Make a locked device anonymous."""
    if device.identifier_id is not None:
        tell_changed(session, tenant_id, "devices", now, identifiers=[device.identifier_id])
    device.identifier_id = device.profile_id = None


async def delete_device(session: Session, tenant_id: TenantId, device: Device, now: datetime) -> None:
    """Forget a locked installation: its token, address and person go, and all consent counts as withdrawn.

    The row stays, without anything personal, because past visits are counted by it.
    """
    granted = {k: Consent.DENIED for k in ConsentKind if getattr(device, k) == Consent.GRANTED}
    for kind, status in granted.items():
        setattr(device, kind, status)
    set_push_address(device, None)
    log_out(session, tenant_id, device, now)
    device.locale = device.timezone = device.wifi_hash = None
    device.token_version += 1
    await store.insert_consents(
        session, tenant_id, device.id, granted, text_version=None, source="device deleted", now=now
    )
    await _publish(session, tenant_id, device.id, granted, now)


async def _publish(
    session: Session, tenant_id: TenantId, device_id: UUID, changed: Mapping[ConsentKind, Consent], now: datetime
) -> None:
    events = [ConsentChanged(device_id=device_id, kind=k, status=s, at=now) for k, s in changed.items()]
    await publish(session, tenant_id, events, now)
