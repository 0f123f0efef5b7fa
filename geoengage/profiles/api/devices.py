"""HTTP of devices, their consents and whose they are. No location data passes here.

Who a device belongs to is said by a user token or a secret key. Any other claim is refused by the shapes.
"""

from typing import Annotated
from uuid import UUID

from fastapi import APIRouter, Query, Request

from geoengage.kit import errors
from geoengage.kit.http import PROBLEMS, NewId, Now, Tx
from geoengage.kit.pseudonym import as_text, pseudonym
from geoengage.profiles import service, store
from geoengage.profiles.models import Device
from geoengage.profiles.push_addresses import is_allowed, read_subscription
from geoengage.profiles.shapes import (
    ConsentsOut,
    ConsentsPut,
    DeviceCreated,
    DeviceIn,
    DeviceOut,
    DevicePatch,
    LinkIn,
    LinkOut,
    PushIn,
    TestDeviceOut,
    TestDevices,
    UserTokenIn,
    device_out,
)
from geoengage.tenancy.auth import Admin, AppCaller, DeviceCaller, PeopleReader, make_device_token
from geoengage.tenancy.rules import Principal, PrincipalKind

TEST_DEVICES = 50  # so many are listed
KEY_LENGTH = 16  # a repeated registration answers with the device's token, so its key must not be guessable

router = APIRouter(tags=["devices and people"], responses=PROBLEMS)


@router.post("/v1/devices", status_code=201)
async def register_device(
    body: DeviceIn, request: Request, me: AppCaller, tx: Tx, now: Now, new: NewId
) -> DeviceCreated:
    """Register an installation of your app, once after it is installed.

    The answer's `device_token` is the credential for everything else the app does. With an `Idempotency-Key` (a random
    UUID that the app keeps until it has the answer) a repeated call returns the same device and token.
    A publishable key cannot say who the user is: `external_id`, e-mail and the like are refused. Send `user_token`.
    """
    if 0 < len(request.headers.get("idempotency-key", "")) < KEY_LENGTH:
        raise errors.Invalid(f"Idempotency-Key: use a random UUID, at least {KEY_LENGTH} characters")
    if me.app_id is None and body.app_id is None:
        raise errors.field("app_id", "name the app: this key serves all apps of the tenant")
    if me.app_id is not None and body.app_id not in (None, me.app_id):
        raise errors.field("app_id", f"this key belongs to the app {me.app_id}")
    if not new.replayed:
        device = Device(
            id=new.id,
            app_id=me.app_id or body.app_id,
            platform=body.platform,
            locale=body.locale,
            timezone=body.timezone,
            permission=body.permission,
            is_test=me.is_test,
        )
        service.set_push_address(device, _address(request, body.push))
        await service.register_device(
            tx,
            me.tenant_id,
            device,
            body.consents.stated(),
            text_version=body.consent_text_version,
            user_token=body.user_token,
            now=now,
        )
    caller = Principal(
        me.tenant_id,
        new.id,
        PrincipalKind.DEVICE,
        is_test=me.is_test,
        is_demo=me.is_demo,
        token_version=service.FIRST_TOKEN_VERSION,
    )
    return DeviceCreated(device_id=new.id, device_token=make_device_token(request.app.state.signing_key, caller))


@router.get("/v1/devices")
async def list_test_devices(
    request: Request,
    me: Admin,
    tx: Tx,
    now: Now,
    app_id: Annotated[UUID | None, Query(description="Only those of this app.")] = None,
) -> TestDevices:
    """The newest test devices and phones that an operator connected, to choose one for a test; no others."""
    rows = await store.list_test_devices(tx, me.tenant_id, app_id, TEST_DEVICES)
    key = request.app.state.signing_key
    return TestDevices(
        items=[
            TestDeviceOut(
                id=row.id,
                app_id=row.app_id,
                platform=row.platform,
                client=row.client,
                pseudonym=as_text(pseudonym(key, me.tenant_id, row.id, now.date())),
                push=None if row.push_retired_at else row.push_provider,
                connected_at=row.connected_at,
                created_at=row.created_at,
            )
            for row in rows
        ]
    )


def _address(request: Request, push: PushIn | None) -> tuple[str, str, str] | None:
    """The address as columns; a web push service that is not on the list is refused."""
    if push is None:
        return None
    if push.provider == "webpush":
        origin = read_subscription(push.address).origin
        if not is_allowed(origin, request.app.state.settings.webpush.allowed_hosts):
            raise errors.field("push/address", f"{origin} is no push service that this server sends to")
    return push.as_row()


@router.get("/v1/devices/me")
async def get_device(me: DeviceCaller, tx: Tx) -> DeviceOut:
    """What is known about the calling installation."""
    return device_out(await store.get_device(tx, me.tenant_id, me.id, me.token_version))


@router.patch("/v1/devices/me")
async def change_device(body: DevicePatch, request: Request, me: DeviceCaller, tx: Tx, now: Now) -> DeviceOut:
    """Change push address, language, time zone or permission of the calling installation.

    Call it whenever the push service hands the app a new token. No If-Match: an installation edits only itself.
    An address belongs to one installation: the last one that names it.
    """
    device = await store.lock_device(tx, me.tenant_id, me.id, me.token_version)
    changes = body.changes()
    if "push" in changes:
        service.set_push_address(device, _address(request, changes.pop("push")))
        await service.take_address(tx, me.tenant_id, device, now)
    for name, value in changes.items():
        setattr(device, name, value)
    return device_out(device)


@router.delete("/v1/devices/me", status_code=204)
async def delete_device(me: DeviceCaller, tx: Tx, now: Now) -> None:
    """Delete the calling installation: its token stops working, its push address and its person are forgotten.

    All its consents count as withdrawn, so its pings are deleted and nothing more is sent.
    """
    device = await store.lock_device(tx, me.tenant_id, me.id, me.token_version)
    await service.delete_device(tx, me.tenant_id, device, now)


@router.put("/v1/devices/me/consents")
async def state_consents(body: ConsentsPut, me: DeviceCaller, tx: Tx, now: Now) -> ConsentsOut:
    """State what the user decided, with the version of the text and the place where it was asked.

    A withdrawal acts at once: without `location` no position is stored any more and those stored are deleted; without
    `marketing_push` nothing is sent. Kinds left out keep their decision. Every decision is kept as proof.
    """
    device = await store.lock_device(tx, me.tenant_id, me.id, me.token_version)
    await service.state_consents(
        tx, me.tenant_id, device, body.stated(), text_version=body.text_version, source=body.source, now=now
    )
    return ConsentsOut.model_validate(device)


@router.put("/v1/devices/me/link", status_code=204)
async def log_person_in(body: UserTokenIn, me: DeviceCaller, tx: Tx, now: Now) -> None:
    """Log the user in: link the calling installation to the person whom your server's `user_token` names.

    The token is a JWT signed with a key registered in the app's `user_token_keys`. Only RS256, ES256 and EdDSA count.
    """
    await service.link_by_user_token(tx, me.tenant_id, me.id, me.token_version, body.user_token, now)


@router.delete("/v1/devices/me/link", status_code=204)
async def log_person_out(me: DeviceCaller, tx: Tx, now: Now) -> None:
    """Log the user out: from now on the installation is anonymous. Its device token and consents stay."""
    device = await store.lock_device(tx, me.tenant_id, me.id, me.token_version)
    service.log_out(tx, me.tenant_id, device, now)


@router.post("/v1/devices/{device_id}/link")
async def link_device(device_id: UUID, body: LinkIn, me: PeopleReader, tx: Tx, now: Now) -> LinkOut:
    """Say from your server whose device this is, and what you know about the person.

    Makes the profile when `external_id` is new. Members left out (or null) keep what was known before. Needs the scope
    `people`; a test key links test devices only.
    """
    device = await store.get_device(tx, me.tenant_id, device_id)
    if me.is_test and not device.is_test:
        raise errors.NotFound(f"test device {device_id} does not exist")
    traits = body.model_dump(include={"first_name", "language"}, exclude_none=True) | (body.attributes or {})
    return LinkOut(profile_id=await service.link_by_server(tx, me.tenant_id, device, body.external_id, traits, now))
