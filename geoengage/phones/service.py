"""Connecting a phone from the console: its device, its pairing, and the place that is brought to it for a trial."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from uuid import UUID

from geoengage.kit import errors
from geoengage.kit.db import Session
from geoengage.kit.geo import Frame
from geoengage.kit.ids import TenantId, derived_id
from geoengage.messaging.rules import in_holdout
from geoengage.phones import store
from geoengage.phones.rules import pairing
from geoengage.phones.rules.places import Place, before_the_door
from geoengage.presence import service as presence
from geoengage.presence import store as positions
from geoengage.presence.rules.fixes import PingIn
from geoengage.presence.rules.relocation import Relocation
from geoengage.profiles import service as profiles
from geoengage.profiles import store as devices
from geoengage.profiles.models import Device
from geoengage.profiles.rules import Consent, ConsentKind
from geoengage.tenancy import store as tenancy
from geoengage.tenancy.models import App
from geoengage.tenancy.rules import Principal, PrincipalKind, actor_name

SOURCE = "connect-a-phone"  # of consents that the holder of the phone gave in the console's dialog
TEXT_VERSION = "connect-a-phone-1"
CLIENT_PAGE = "shopper-page"
FRESH = timedelta(minutes=15)  # an older position is not taken for where the phone is now
APPS = 500


class NoPosition(errors.Conflict):
    """Nothing can be brought to a phone that has not said where it is, or may not."""

    code = "no-position"
    title = "The phone has no position yet"


async def choose_app(session: Session, tenant_id: TenantId, app_id: UUID | None) -> App:
    """The app that was asked for; else the tenant's first with a shopper page, else its first."""
    if app_id is not None:
        return await tenancy.get_row(session, tenant_id, App, app_id)
    apps = await tenancy.list_apps(session, tenant_id, None, None, APPS)
    if not apps:
        raise errors.Conflict("make an app first: a phone belongs to one")
    return next((app for app in apps if app.shopper_key), apps[0])


async def add_phone(session: Session, id_: UUID, app: App, me: Principal, now: datetime) -> UUID:
    """Make the device of a phone that is about to be connected; its id, derived from `id_`.

    In a demo tenant never one of the people held out from messages: whoever tries the product shall get one.
    """
    if me.is_demo:
        tenant = await tenancy.get_tenant(session, me.tenant_id)
        while in_holdout(me.tenant_id, id_, tenant.holdout_percent):
            id_ = derived_id(id_)
    if await devices.list_recipients(session, me.tenant_id, [id_]):
        return id_  # a repeated call
    device = Device(id=id_, app_id=app.id, platform="web", is_test=me.is_test, permission="unknown")
    await profiles.register_device(session, me.tenant_id, device, {}, text_version=None, user_token=None, now=now)
    await _note(session, me, store.CONNECTED, id_, now)
    return id_


async def state_consents(
    session: Session, tenant_id: TenantId, device_id: UUID, stated: Mapping[ConsentKind, Consent], now: datetime
) -> Device:
    """Record what whoever holds the phone agreed to in the console."""
    device = await devices.lock_device(session, tenant_id, device_id)
    await profiles.state_consents(session, tenant_id, device, stated, text_version=TEXT_VERSION, source=SOURCE, now=now)
    return device


async def remove_phone(session: Session, me: Principal, device_id: UUID, now: datetime) -> None:
    """Forget a connected phone: its credentials end, its consents count as withdrawn, its positions are deleted."""
    device = await devices.lock_device(session, me.tenant_id, device_id)
    await profiles.delete_device(session, me.tenant_id, device, now)
    await _note(session, me, store.REMOVED, device_id, now)


async def pair(session: Session, code: pairing.PairingCode, now: datetime) -> Principal:
    """Hand the device of a code to whoever shows it, once. Raises CodeInvalid, CodeUsed."""
    try:
        device = await devices.lock_device(session, code.tenant_id, code.device_id)
    except errors.NotFound as error:
        raise pairing.CodeInvalid("the phone of this code is gone: make a new one in the console") from error
    if device.token_version != code.token_version:
        raise pairing.CodeInvalid("the phone of this code was removed: make a new one in the console")
    if code.was_used(device.paired_at):
        raise pairing.CodeUsed("this code was used before: make a new one in the console")
    device.paired_at = now
    device.client, device.connected_at = CLIENT_PAGE, now
    tenant = await tenancy.get_tenant(session, code.tenant_id)
    return Principal(
        code.tenant_id,
        device.id,
        PrincipalKind.DEVICE,
        is_test=device.is_test,
        is_demo=tenant.is_demo,
        token_version=device.token_version,
    )


@dataclass(frozen=True, slots=True)
class Repeat:
    """A position that the phone sent before it was moved, to be taken in again where it counts now."""

    token_version: int
    ping: PingIn


async def bring(
    session: Session, tenant_id: TenantId, device_id: UUID, place: Place | None, now: datetime
) -> Repeat | None:
    """Lay a place around a phone, or take it away again (None).

    A fresh position is returned, to be recorded again once this is committed: it ends up at the place at once, instead
    of with the phone's next report. Raises NoPosition; Conflict where there is no such place.
    """
    locked = (await positions.lock_devices(session, tenant_id, [device_id])).get(device_id)
    state = (await positions.list_states(session, tenant_id, [device_id])).get(device_id)
    if locked is None or state is None or not locked.may_locate:
        if place is None and locked is not None:
            await presence.relocate_device(session, tenant_id, device_id, None, now)
            return None
        raise NoPosition("a first position with location consent is needed: the place is laid around it")
    lon, lat = presence.true_position(locked, state)
    target = None if place is None else await _middle_of(session, tenant_id, place)
    relocation = None if place is None or target is None else Relocation((lon, lat), target, place.value)
    await presence.relocate_device(session, tenant_id, device_id, relocation, now)
    if now - state.last_at > FRESH:
        return None
    ping = PingIn(at=now, lon=lon, lat=lat, accuracy_m=state.accuracy_m, source="relocated")
    return Repeat(locked.token_version, ping)


async def _middle_of(session: Session, tenant_id: TenantId, place: Place) -> tuple[float, float]:
    if place is Place.CIRCLE:
        middle = await store.find_circle(session, tenant_id)
        if middle is None:
            raise errors.Conflict("the welcome circle is not there, or not published")
        return middle
    found = await store.find_entrance(session, tenant_id)
    if found is None:
        raise errors.Conflict("there is no mall with a floor and an entrance")
    mall, outline, entrance = found
    return before_the_door(Frame(mall.origin_lon, mall.origin_lat), outline, entrance)


async def _note(session: Session, me: Principal, action: str, device_id: UUID, now: datetime) -> None:
    await tenancy.insert_audit_entry(
        session, me.tenant_id, actor=actor_name(me), action=action, subject=str(device_id), now=now
    )
