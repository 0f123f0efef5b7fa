"""HTTP of "Connect a phone": the device and its links, what has happened so far, the place that is brought to it, and
the listener on the local network. Only phones that were connected here are shown here.
"""

from datetime import datetime
from typing import Any, Literal
from uuid import UUID

from fastapi import APIRouter, Request, Response
from fastapi.concurrency import run_in_threadpool

from geoengage.kit import errors
from geoengage.kit.db import Session, transaction
from geoengage.kit.http import CONFLICT, PROBLEMS, NewId, Now, Tx
from geoengage.kit.ids import TenantId
from geoengage.phones import service, store
from geoengage.phones.lan import LanListener
from geoengage.phones.rules import links, pairing
from geoengage.phones.rules.places import Place
from geoengage.phones.shapes import (
    CodeIn,
    Connected,
    ConnectIn,
    ConnectOut,
    ConsentStep,
    HeaderLink,
    LanOut,
    Links,
    MessageStep,
    PositionStep,
    QrCodes,
    RelocationIn,
    StepsOut,
    ZoneStep,
)
from geoengage.presence.service import Batch
from geoengage.presence.writer import PingWriter
from geoengage.profiles.models import Device
from geoengage.profiles.shapes import ConsentsIn, ConsentsOut
from geoengage.profiles.store import get_device
from geoengage.tenancy.auth import Operator, PeopleReader, make_device_token
from geoengage.tenancy.models import App
from geoengage.tenancy.rules import Principal, PrincipalKind, Scope, actor_name
from geoengage.tenancy.store import insert_audit_entry

router = APIRouter(tags=["connect a phone"], responses=PROBLEMS)
Reach = Literal["public", "lan", "this_computer"]
_SECRET = {"Cache-Control": "no-store"}  # what holds a token is kept by no browser


# --- the listener; before the phones, whose path would take `lan` for an id ----------------------------------------


@router.get("/v1/connect/lan")
async def get_lan(request: Request, me: Operator) -> LanOut:
    """Whether phones on the local network reach this computer. Operators of a demo tenant only."""
    _check_demo(me)
    return _lan_out(request)


@router.post("/v1/connect/lan", responses=CONFLICT)
async def open_lan(request: Request, me: Operator, tx: Tx, now: Now) -> LanOut:
    """Let phones on the local network reach this computer for two hours; again: two hours from now.

    They reach what phones need (positions in, consents, inbox, the shopper page) and nothing of the console. It is not
    encrypted, so it is for trials at home or in an office. Operators of a demo tenant only.
    """
    _check_demo(me)
    if request.app.state.settings.public_url:
        raise errors.Conflict("not needed: phones reach this server under its public address")
    await _listener(request).open(now)
    await insert_audit_entry(tx, me.tenant_id, actor=actor_name(me), action="lan.open", subject=None, now=now)
    return _lan_out(request)


@router.delete("/v1/connect/lan", status_code=204)
async def close_lan(request: Request, me: Operator, tx: Tx, now: Now) -> None:
    """Close the listener for phones at once. Operators of a demo tenant only."""
    _check_demo(me)
    await _listener(request).close()
    await insert_audit_entry(tx, me.tenant_id, actor=actor_name(me), action="lan.close", subject=None, now=now)


# --- a phone --------------------------------------------------------------------------------------------------------


@router.post("/v1/connect", status_code=201, responses=CONFLICT)
async def connect_phone(
    body: ConnectIn, request: Request, response: Response, me: PeopleReader, tx: Tx, now: Now, new: NewId
) -> ConnectOut:
    """Make a device for a phone in somebody's hand, and the links and QR codes that turn the phone into it.

    The link of the shopper page holds a pairing code: good for 15 minutes and one use. The links of phone apps hold the
    device's own token, since those apps take nothing else: whoever sees them can send positions as this device, and
    nothing more. Removing the phone ends all of them. Needs the scope `people` or role support or owner.
    """
    response.headers.update(_SECRET)
    app = await service.choose_app(tx, me.tenant_id, body.app_id)
    device_id = await service.add_phone(tx, new.id, app, me, now)
    if body.consents.stated() and not new.replayed:
        await service.state_consents(tx, me.tenant_id, device_id, body.consents.stated(), now)
    return await _links(request, me, await get_device(tx, me.tenant_id, device_id), app, body, now)


@router.post("/v1/connect/{device_id}/code")
async def renew_code(
    device_id: UUID, body: CodeIn, request: Request, response: Response, me: PeopleReader, tx: Tx, now: Now
) -> ConnectOut:
    """A new pairing code for a connected phone, and its links again, for another address of this computer perhaps.

    For a code that was too old, or a browser that has lost the page. Holds the device's token, see POST /v1/connect.
    """
    response.headers.update(_SECRET)
    await store.check_connected(tx, me.tenant_id, device_id)
    device = await get_device(tx, me.tenant_id, device_id)
    app = await service.choose_app(tx, me.tenant_id, device.app_id)
    return await _links(request, me, device, app, body, now)


@router.get("/v1/connect/{device_id}")
async def get_steps(device_id: UUID, me: PeopleReader, tx: Tx) -> StepsOut:
    """What has happened to a phone that was connected from the console, never a coordinate.

    Other devices are not found here: nobody's phone is watched by its id.
    """
    await store.check_connected(tx, me.tenant_id, device_id)
    return await _steps(tx, me.tenant_id, await get_device(tx, me.tenant_id, device_id))


@router.put("/v1/connect/{device_id}/consents")
async def state_phone_consents(device_id: UUID, body: ConsentsIn, me: PeopleReader, tx: Tx, now: Now) -> ConsentsOut:
    """Record what whoever holds the phone agreed to, for apps that have no page to ask on.

    Kept as proof with the source `connect-a-phone`. Ask the person; the shopper page asks by itself.
    """
    await store.check_connected(tx, me.tenant_id, device_id)
    device = await service.state_consents(tx, me.tenant_id, device_id, body.stated(), now)
    return ConsentsOut.model_validate(device)


@router.post("/v1/connect/{device_id}/relocation", responses=CONFLICT)
async def bring_place(device_id: UUID, body: RelocationIn, request: Request, me: PeopleReader, now: Now) -> StepsOut:
    """Bring the demo mall, or a 60 m circle, to a phone that is elsewhere; null takes it away again.

    Every position of this device, and of no other, is moved; the circles that it monitors are moved back. Where it was
    moved from is deleted with its positions: when consent is withdrawn, or the phone removed. Needs a first position
    and location consent. Demo tenants only.
    """
    _check_demo(me)
    sessions = request.app.state.sessions
    async with transaction(sessions, me.tenant_id) as session:
        await store.check_connected(session, me.tenant_id, device_id)
        repeat = await service.bring(session, me.tenant_id, device_id, body.to, now)
    if repeat is not None:
        writer: PingWriter = request.app.state.ping_writer
        await writer.submit(me.tenant_id, Batch(device_id, repeat.token_version, None, now, [(0, repeat.ping)]))
    async with transaction(sessions, me.tenant_id) as session:
        return await _steps(session, me.tenant_id, await get_device(session, me.tenant_id, device_id))


@router.delete("/v1/connect/{device_id}", status_code=204)
async def remove_phone(device_id: UUID, me: PeopleReader, tx: Tx, now: Now) -> None:
    """Disconnect a phone: its token and links stop working, its consents count as withdrawn, its positions go."""
    await store.check_connected(tx, me.tenant_id, device_id)
    await service.remove_phone(tx, me, device_id, now)


async def _links(request: Request, me: Principal, device: Device, app: App, body: CodeIn, now: datetime) -> ConnectOut:
    base, reach = _base(request, body.address)
    key, ends = request.app.state.signing_key, now + pairing.LIFETIME
    caller = Principal(
        me.tenant_id,
        device.id,
        PrincipalKind.DEVICE,
        is_test=device.is_test,
        is_demo=me.is_demo,
        token_version=device.token_version,
    )
    code = pairing.write(key, pairing.PairingCode(me.tenant_id, device.id, device.token_version, ends))
    phone = links.Phone(base, device.id, make_device_token(key, caller), body.name)
    made = Links(
        shopper=links.shopper(base, app.id, code) if app.shopper_key else None,
        owntracks=links.owntracks(phone),
        overland=links.overland(phone),
        traccar=links.traccar(phone),
        background_geolocation=HeaderLink(**links.background_geolocation(phone)),
    )
    return ConnectOut(
        device_id=device.id,
        pairing_code=code,
        expires_at=ends,
        base_url=base,
        reach=reach,
        links=made,
        qr=await run_in_threadpool(_qr_codes, made),  # some 300 ms
    )


async def _steps(session: Session, tenant_id: TenantId, device: Device) -> StepsOut:
    decided_at = await store.find_consent_time(session, tenant_id, device.id)
    position = await store.find_position(session, tenant_id, device.id)
    zone = await store.find_open_zone(session, tenant_id, device.id)
    message = await store.find_last_message(session, tenant_id, device.id)
    return StepsOut(
        device_id=device.id,
        connected=device.connected_at and Connected(at=device.connected_at, client=device.client),
        paired_at=device.paired_at,
        consent=decided_at and ConsentStep(location=device.location, at=decided_at),
        position=position and PositionStep.model_validate(position),
        zone=zone and ZoneStep(name=zone[0], entered_at=zone[1]),
        last_message=message and MessageStep.model_validate(message),
        relocation=device.relocation and Place(device.relocation["place"]),
    )


def _qr_codes(made: Links) -> QrCodes:
    return QrCodes(
        shopper=made.shopper and links.qr_svg(made.shopper),
        owntracks=links.qr_svg(made.owntracks),
        overland=links.qr_svg(made.overland),
        traccar=links.qr_svg(made.traccar),
    )


def _check_demo(me: Principal) -> None:
    if not me.is_demo:
        raise errors.Forbidden("this is for trials in a demo tenant")
    if not me.may(Scope.PEOPLE):
        raise errors.Forbidden(f"this needs the scope or role right '{Scope.PEOPLE.value}'", needs=Scope.PEOPLE.value)


def _listener(request: Request) -> LanListener:
    found: LanListener = request.app.state.lan
    return found


def _lan_out(request: Request) -> LanOut:
    lan = _listener(request)
    public_url: Any = request.app.state.settings.public_url
    return LanOut(
        open=lan.is_open, url=next(iter(lan.urls), None), urls=lan.urls, until=lan.until, public_url=public_url or None
    )


def _base(request: Request, wanted: str | None) -> tuple[str, Reach]:
    """The server's address as a phone reaches it, and from where it does."""
    public_url, urls = request.app.state.settings.public_url, _listener(request).urls
    if wanted is not None and wanted not in urls:
        raise errors.field("address", "take one of the `urls` of GET /v1/connect/lan")
    if public_url:
        return public_url.rstrip("/"), "public"
    if urls:
        return wanted or urls[0], "lan"
    return str(request.base_url).rstrip("/"), "this_computer"
