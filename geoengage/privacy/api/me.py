"""HTTP of a person's own data: look at it, take it along, have it erased. All by the device token, from inside the app.

Whose data: the calling device's, and while it is proven to be a person's, that profile and all its devices.
"""

from collections.abc import AsyncIterator
from typing import Any

from fastapi import APIRouter, Request
from fastapi.responses import StreamingResponse
from pydantic import AwareDatetime, Field

from geoengage.kit.db import transaction
from geoengage.kit.http import CONFLICT, PROBLEMS, Now, Tx
from geoengage.kit.ids import TenantId
from geoengage.kit.shapes import Shape
from geoengage.privacy import service, store
from geoengage.profiles import store as profiles
from geoengage.profiles.shapes import DeviceOut, device_out
from geoengage.tenancy.auth import DeviceCaller
from geoengage.tenancy.rules import Principal

router = APIRouter(tags=["my data"], responses=PROBLEMS)


class KnownPerson(Shape):
    """What the programme knows by name."""

    external_id: str | None = Field(description="The shop's id of the person; null while it gave none.")
    first_name: str | None = Field(description="First name.")
    language: str | None = Field(description="Language the person reads.")
    attributes: dict[str, Any] = Field(description="Facts that choose messages.")
    suppressed_at: AwareDatetime | None = Field(description="Since when nothing is sent.")
    created_at: AwareDatetime = Field(description="When the person became known.")


class KeptData(Shape):
    """One kind of data and how much of it there is."""

    name: str = Field(description="The member of the export that holds it.")
    what: str = Field(description="What it is, in words.")
    count: int = Field(description="Rows.")
    kept: str = Field(description="For how long, in words.")


class MeOut(Shape):
    """What is kept about the person with this device."""

    controller: str = Field(description="The company that is responsible for the data.")
    device: DeviceOut = Field(description="The calling device with the consents in force.")
    devices: int = Field(description="How many devices are proven to be this person's, the calling one included.")
    person: KnownPerson | None = Field(description="What is known by name; null while the device is anonymous.")
    data: list[KeptData] = Field(description="What is kept, by kind; only kinds of which there is something.")


class ErasedOut(Shape):
    """What an erasure did."""

    devices: int = Field(description="Devices that are forgotten; the calling device's token has stopped working.")
    profile: bool = Field(description="Whether a profile went with them.")
    rows: dict[str, int] = Field(description="Rows by kind, named as in the export. In the record of events they were"
    " emptied, everything else is deleted.")  # fmt: skip


@router.get("/v1/me")
async def get_my_data(me: DeviceCaller, tx: Tx) -> MeOut:
    """What is kept about me, how much of it and for how long.

    While the device is logged in this is about the person and all their devices, else about the calling device.
    """
    tenant_id = TenantId(me.tenant_id)
    device = await profiles.get_device(tx, tenant_id, me.id, me.token_version)
    person = await store.find_person(tx, tenant_id, me.id, device.token_version)
    profile = None if person.profile_id is None else await profiles.get_profile(tx, tenant_id, person.profile_id)
    controller = await store.get_controller(tx, tenant_id)
    kept = await service.list_kept(tx, tenant_id, person)
    return MeOut(
        controller=controller["name"],
        device=device_out(device),
        devices=len(person.devices),
        person=None if profile is None else KnownPerson.model_validate(profile),
        data=[KeptData.model_validate(k) for k in kept],
    )


@router.get(
    "/v1/me/export",
    response_class=StreamingResponse,
    responses={
        200: {
            "description": "One document: members as named in GET /v1/me, each a list of rows; `about` says what they"
            " are, `places` names the zones.",
            "content": {
                "application/json": {"schema": {"type": "object", "description": "All data about the person."}}
            },
            "headers": {"Content-Disposition": {"description": "attachment", "schema": {"type": "string"}}},
        }
    },
)
async def export_my_data(request: Request, me: DeviceCaller, now: Now) -> StreamingResponse:
    """Everything about me in one JSON document, coordinates included, to keep or to take elsewhere.

    Messages to somebody else who was logged in on this device before are not in it.
    """
    person = await _person(request, me)
    pieces: AsyncIterator[bytes] = service.export(request.app.state.sessions, TenantId(me.tenant_id), person, now)
    name = f'attachment; filename="my-data-{now:%Y-%m-%d}.json"'
    headers = {"Content-Disposition": name, "Cache-Control": "no-store"}
    return StreamingResponse(pieces, media_type="application/json", headers=headers)


async def _person(request: Request, me: Principal) -> store.Person:
    """In a transaction of its own: the stream that follows must not hold one."""
    tenant_id = TenantId(me.tenant_id)
    async with transaction(request.app.state.sessions, tenant_id) as session:
        return await store.find_person(session, tenant_id, me.id, me.token_version)


@router.delete("/v1/me", responses=CONFLICT)
async def erase_my_data(request: Request, me: DeviceCaller, now: Now) -> ErasedOut:
    """Erase me: the calling device, and while it is logged in the person with all their devices.

    Positions, visits, messages, consents and their proof, the profile: nothing is left, waiting messages are not sent,
    and the token stops working (the next call is a 401). A message that is on its way to the phone at this moment can
    still arrive. It cannot be undone. `DELETE /v1/devices/me` forgets one installation and keeps the person.
    """
    state = request.app.state
    traces = service.Traces.of(state.settings, state.signing_key)
    receipt = await service.erase_caller(state.sessions, TenantId(me.tenant_id), me.id, me.token_version, traces, now)
    return ErasedOut(devices=receipt.devices, profile=bool(receipt.rows.get("profile")), rows=receipt.rows)
