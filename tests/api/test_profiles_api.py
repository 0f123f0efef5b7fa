"""Who is this device's person: user tokens, the server's word, nothing else."""

from datetime import timedelta

import httpx
import jwt
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat
from sqlalchemy import select, update

from geoengage.kit.clock import utc_now
from geoengage.kit.db import Session
from geoengage.kit.ids import new_id
from geoengage.profiles.models import Device, Profile
from geoengage.tenancy.models import App
from geoengage.tenancy.rules import KeyKind
from tests.api.test_devices_api import register
from tests.campaign_rows import make_profile
from tests.factories import World, make_key_row, make_world

SIGNER = Ed25519PrivateKey.generate()
PEM = SIGNER.public_key().public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo).decode()


async def make_trusting_world(session: Session) -> World:
    """A world whose app trusts SIGNER."""
    world = await make_world(session)
    await session.execute(update(App).where(App.id == world.app_id).values(user_token_keys=[PEM]))
    await session.commit()
    return world


def user_token(world: World, sub: str = "anna", **over: object) -> str:
    claims = {"sub": sub, "aud": str(world.app_id), "exp": utc_now() + timedelta(hours=1)} | over
    return jwt.encode(claims, SIGNER, algorithm="EdDSA")


async def linked_to(session: Session) -> list[str | None]:
    """The external ids of the persons of all devices, in the devices' order."""
    query = select(Profile.external_id).select_from(Device).outerjoin(Profile, Profile.id == Device.profile_id)
    return list((await session.execute(query.order_by(Device.id))).scalars())


async def test_log_in_and_out(client: httpx.AsyncClient, session: Session) -> None:
    world = await make_trusting_world(session)
    device = await register(client, world)
    body = {"user_token": user_token(world)}
    assert (await client.put("/v1/devices/me/link", json=body, headers=device)).status_code == 204
    assert await linked_to(session) == ["anna"]
    assert (await client.delete("/v1/devices/me/link", headers=device)).status_code == 204
    assert await linked_to(session) == [None]
    assert (await client.get("/v1/devices/me", headers=device)).json()["linked"] is False  # still a valid token


async def test_two_devices_of_one_person(client: httpx.AsyncClient, session: Session) -> None:
    world = await make_trusting_world(session)
    await register(client, world, user_token=user_token(world))
    second = await register(client, world)
    await client.put("/v1/devices/me/link", json={"user_token": user_token(world)}, headers=second)
    assert await linked_to(session) == ["anna", "anna"]
    assert len((await session.execute(select(Profile))).scalars().all()) == 1


async def test_a_refused_user_token_changes_nothing(client: httpx.AsyncClient, session: Session) -> None:
    world = await make_trusting_world(session)
    late = user_token(world, exp=utc_now() - timedelta(seconds=1))
    answer = await client.post("/v1/devices", json={"platform": "ios", "user_token": late}, headers=world.pk_headers)
    assert (answer.status_code, answer.json()["type"]) == (422, "/problems/user-token-refused")
    assert (await session.execute(select(Device))).first() is None
    device = await register(client, world)
    foreign = user_token(world, aud=str(new_id()))
    assert (await client.put("/v1/devices/me/link", json={"user_token": foreign}, headers=device)).status_code == 422
    assert await linked_to(session) == [None]
    assert (await session.execute(select(Profile))).first() is None


async def test_the_server_links_and_describes(client: httpx.AsyncClient, session: Session) -> None:
    world = await make_world(session)
    await register(client, world)
    device_id = (await session.execute(select(Device.id))).scalar_one()
    body = {"external_id": "anna", "first_name": "Anna", "language": "de", "attributes": {"tier": "gold", "n": 1.5}}
    path = f"/v1/devices/{device_id}/link"
    made = (await client.post(path, json=body, headers=world.sk_headers)).json()
    again = {"external_id": "anna", "attributes": {"tier": "silver", "vip": True}}
    assert (await client.post(path, json=again, headers=world.sk_headers)).json() == made
    person = (await client.get(f"/v1/profiles/{made['profile_id']}", headers=world.sk_headers)).json()
    assert (person["first_name"], person["language"]) == ("Anna", "de")
    assert person["attributes"] == {"tier": "silver", "n": 1.5, "vip": True}
    assert [device["device_id"] for device in person["devices"]] == [str(device_id)]


async def test_traits_are_simple_values(client: httpx.AsyncClient, session: Session) -> None:
    world = await make_world(session)
    await register(client, world)
    device_id = (await session.execute(select(Device.id))).scalar_one()
    for attributes in ({"a": [1]}, {"a": {"b": 1}}, {"": 1}, {"a": "x" * 501}, {"a": "\u0000"}):
        body = {"external_id": "anna", "attributes": attributes}
        answer = await client.post(f"/v1/devices/{device_id}/link", json=body, headers=world.sk_headers)
        assert answer.status_code == 422, attributes
    raw = b'{"external_id": "anna", "attributes": {"a": NaN}}'
    headers = world.sk_headers | {"Content-Type": "application/json"}
    assert (await client.post(f"/v1/devices/{device_id}/link", content=raw, headers=headers)).status_code == 422


async def test_a_test_key_links_test_devices_only(client: httpx.AsyncClient, session: Session) -> None:
    world = await make_world(session)
    await register(client, world)
    device = (await session.execute(select(Device))).scalar_one()
    key = await make_key_row(session, world.tenant_id, KeyKind.SECRET, is_test=True)
    await session.commit()
    headers, path = {"Authorization": f"Bearer {key}"}, f"/v1/devices/{device.id}/link"
    assert (await client.post(path, json={"external_id": "a"}, headers=headers)).status_code == 404
    device.is_test = True
    await session.commit()
    assert (await client.post(path, json={"external_id": "a"}, headers=headers)).status_code == 200


async def test_people_are_paged_and_found(client: httpx.AsyncClient, session: Session) -> None:
    world = await make_world(session)
    for name in "abcde":
        await make_profile(session, world, external_id=name)
    await session.commit()
    seen, cursor = [], None
    while True:
        query = {"limit": 2} | ({"cursor": cursor} if cursor else {})
        page = (await client.get("/v1/profiles", params=query, headers=world.sk_headers)).json()
        seen += [item["external_id"] for item in page["items"]]
        cursor = page["next"]
        if cursor is None:
            break
    assert sorted(seen) == list("abcde")
    found = (await client.get("/v1/profiles?external_id=c", headers=world.sk_headers)).json()
    assert [item["external_id"] for item in found["items"]] == ["c"]
    for bad in ("limit=0", "limit=501", "limit=x", "cursor=%21"):
        assert (await client.get(f"/v1/profiles?{bad}", headers=world.sk_headers)).status_code == 422


async def test_people_need_the_scope_and_the_tenant(client: httpx.AsyncClient, session: Session) -> None:
    world, other = await make_world(session), await make_world(session)
    await register(client, world)
    device_id = (await session.execute(select(Device.id))).scalar_one()
    profile = Profile(tenant_id=world.tenant_id, id=new_id(), external_id="anna")
    session.add(profile)
    reader = await make_key_row(session, world.tenant_id, KeyKind.SECRET, scopes=["read"])
    shop = await make_key_row(session, world.tenant_id, KeyKind.SECRET, store_ids=[new_id()])
    await session.commit()
    for key, status in ((other.sk, 404), (reader, 403), (shop, 404)):
        headers = {"Authorization": f"Bearer {key}"}
        link = await client.post(f"/v1/devices/{device_id}/link", json={"external_id": "x"}, headers=headers)
        person = await client.get(f"/v1/profiles/{profile.id}", headers=headers)
        assert (link.status_code, person.status_code) == (status, status)
    assert (await client.get("/v1/profiles", headers=other.sk_headers)).json() == {"items": [], "next": None}
    assert await linked_to(session) == [None]
