"""The shopper page as the server hands it out: what it must know, who may open and close it, its files and icons."""

from io import BytesIO
from pathlib import Path
from uuid import UUID

import httpx
import pytest
from fastapi import FastAPI
from PIL import Image
from sqlalchemy import select

from geoengage.app import create_app
from geoengage.kit.db import Session
from geoengage.kit.settings import Settings
from geoengage.tenancy.models import AuditEntry, Credential
from geoengage.tenancy.rules import KeyKind
from tests.factories import World, make_key_row, make_world


def page(world: World) -> str:
    return f"/v1/apps/{world.app_id}/shopper-page"


async def open_page(client: httpx.AsyncClient, world: World, **body: object) -> dict[str, str]:
    answer = await client.post(page(world), json=body or None, headers=world.sk_headers)
    assert answer.status_code == 200, answer.text
    opened: dict[str, str] = answer.json()
    return opened


async def test_an_app_gets_a_page_whose_key_registers_devices(
    client: httpx.AsyncClient, app: FastAPI, session: Session
) -> None:
    world = await make_world(session)
    path = f"/v1/apps/{world.app_id}"
    before = await client.get(path, headers=world.sk_headers)
    assert (before.json()["shopper_page"], before.json()["brand_color"]) == (False, None)
    tag = {"If-Match": before.headers["etag"]}
    changed = await client.patch(path, json={"brand_color": "#AA3300"}, headers=world.sk_headers | tag)
    assert changed.json()["brand_color"] == "#aa3300"

    opened = await open_page(client, world)
    assert opened["url"] == f"http://testserver/shopper/?app={world.app_id}"
    told = await client.get("/shopper/app.json", params={"app": str(world.app_id)})
    assert told.headers["cache-control"] == "no-cache"
    assert told.json() == {
        "app_id": str(world.app_id),
        "name": "Test app",
        "brand_color": "#aa3300",
        "language": "en",
        "key": opened["key"],
        "vapid_public_key": app.state.vapid_public_key,
        "text_version": "shopper-2026-11",
        "data_controller": "Test mall",
    }
    assert (await client.get(path, headers=world.sk_headers)).json()["shopper_page"] is True
    headers = {"Authorization": f"Bearer {opened['key']}"}
    assert (await client.post("/v1/devices", json={"platform": "web"}, headers=headers)).status_code == 201
    audit = (await session.execute(select(AuditEntry.action).where(AuditEntry.tenant_id == world.tenant_id))).scalars()
    assert sorted(audit) == ["app.change", "key.create"]


async def test_opening_is_repeatable_and_another_kind_of_key_replaces_the_first(
    client: httpx.AsyncClient, session: Session
) -> None:
    world = await make_world(session)
    first = await open_page(client, world)
    assert await open_page(client, world) == first
    second = await open_page(client, world, is_test=True)
    assert second["key"].startswith("pk_test_")
    body, refused = {"platform": "web"}, {"Authorization": f"Bearer {first['key']}"}
    assert (await client.post("/v1/devices", json=body, headers=refused)).status_code == 401
    keys = (await session.execute(select(Credential).where(Credential.name == "shopper page"))).scalars().all()
    assert sorted(key.revoked_at is None for key in keys) == [False, True]


async def test_a_closed_page_tells_nothing_and_registers_nobody(client: httpx.AsyncClient, session: Session) -> None:
    world = await make_world(session)
    opened = await open_page(client, world)
    key = {"Authorization": f"Bearer {opened['key']}"}
    token = (await client.post("/v1/devices", json={"platform": "web"}, headers=key)).json()["device_token"]
    for _ in range(2):
        assert (await client.delete(page(world), headers=world.sk_headers)).status_code == 204
    missing = await client.get("/shopper/app.json", params={"app": str(world.app_id)})
    assert missing.status_code == 404
    assert "shopper-page" in missing.json()["detail"]
    assert (await client.post("/v1/devices", json={"platform": "web"}, headers=key)).status_code == 401
    device = await client.get("/v1/devices/me", headers={"Authorization": f"Bearer {token}"})
    assert device.status_code == 200


async def test_revoking_the_key_closes_the_page(client: httpx.AsyncClient, session: Session) -> None:
    world = await make_world(session)
    opened = await open_page(client, world)
    keys = (await client.get("/v1/keys?limit=100", headers=world.sk_headers)).json()["items"]
    key_id = next(key["id"] for key in keys if key["hint"] == opened["key"][-4:] and key["name"] == "shopper page")
    assert (await client.delete(f"/v1/keys/{key_id}", headers=world.sk_headers)).status_code == 204
    assert (await client.get("/shopper/app.json", params={"app": str(world.app_id)})).status_code == 404
    app = await client.get(f"/v1/apps/{world.app_id}", headers=world.sk_headers)
    assert app.json()["shopper_page"] is False


async def test_without_a_name_the_only_page_answers(client: httpx.AsyncClient, session: Session) -> None:
    world, other = await make_world(session), await make_world(session)
    assert (await client.get("/shopper/app.json")).status_code == 404
    await open_page(client, world)
    assert (await client.get("/shopper/app.json")).json()["app_id"] == str(world.app_id)
    await open_page(client, other)
    several = await client.get("/shopper/app.json")
    assert several.status_code == 404
    assert "?app=" in several.json()["detail"]
    assert str(other.app_id) not in several.text  # there is no list to read off


async def test_only_admins_of_the_tenant(client: httpx.AsyncClient, session: Session) -> None:
    world, other = await make_world(session), await make_world(session)
    reader = await make_key_row(session, world.tenant_id, KeyKind.SECRET, scopes=["read"])
    await session.commit()
    for headers, status in [
        ({}, 401),
        ({"Authorization": f"Bearer {reader}"}, 403),
        (world.pk_headers, 403),
        (other.sk_headers, 404),
    ]:
        assert (await client.post(page(world), headers=headers)).status_code == status
        assert (await client.delete(page(world), headers=headers)).status_code == status


async def test_manifest_and_icons_show_the_app(client: httpx.AsyncClient, session: Session) -> None:
    world = await make_world(session)
    await open_page(client, world)
    query = {"app": str(world.app_id)}
    answer = await client.get("/shopper/manifest.webmanifest", params=query)
    assert answer.headers["content-type"] == "application/manifest+json"
    manifest = answer.json()
    assert (manifest["name"], manifest["display"], manifest["scope"]) == ("Test app", "standalone", "./")
    assert manifest["start_url"] == f"./?app={world.app_id}"
    for icon in manifest["icons"]:
        drawn = await client.get(f"/shopper/{icon['src']}")
        assert (drawn.status_code, drawn.headers["content-type"]) == (200, icon["type"])
        if icon["type"] == "image/png":
            assert "x".join(map(str, Image.open(BytesIO(drawn.content)).size)) == icon["sizes"]
    assert (await client.get("/shopper/icon-64.png", params=query)).status_code == 422
    nobody = await client.get("/shopper/manifest.webmanifest", params={"app": str(UUID(int=1))})
    assert nobody.json()["name"] == "Offers nearby"


# --- the files ----------------------------------------------------------------------------------------------------


@pytest.fixture
def built(settings: Settings, app: FastAPI, tmp_path: Path) -> FastAPI:
    """The application with a page of two files."""
    (tmp_path / "shopper" / "assets").mkdir(parents=True)
    (tmp_path / "shopper" / "index.html").write_text("<title>shopper</title>" + " " * 1000)
    (tmp_path / "shopper" / "assets" / "index-abc.js").write_text("1;" * 1000)
    made = create_app(settings.model_copy(update={"web_dir": tmp_path}), "postgresql+psycopg://unused")
    made.state.sessions = app.state.sessions
    return made


async def test_the_files_come_small_and_with_a_strict_csp(built: FastAPI) -> None:
    transport = httpx.ASGITransport(app=built)
    async with httpx.AsyncClient(transport=transport, base_url="http://testserver") as client:
        led = await client.get("/shopper?app=x")
        assert (led.status_code, led.headers["location"]) == (307, "http://testserver/shopper/?app=x")
        shell = await client.get("/shopper/")
        assert "shopper" in shell.text
        assert shell.headers["cache-control"] == "no-cache"
        policy = shell.headers["content-security-policy"]
        assert "script-src 'self';" in policy
        assert "unsafe" not in policy
        script = await client.get("/shopper/assets/index-abc.js")
        assert "immutable" in script.headers["cache-control"]
        assert script.headers["content-encoding"] == "gzip"
        assert (await client.get("/shopper/none.js")).status_code == 404


async def test_a_page_that_is_not_built_says_how(built: FastAPI, tmp_path: Path) -> None:
    (tmp_path / "shopper" / "index.html").unlink()
    transport = httpx.ASGITransport(app=built)
    async with httpx.AsyncClient(transport=transport, base_url="http://testserver") as client:
        answer = await client.get("/shopper/")
    assert (answer.status_code, answer.text) == (503, "The shopper page is not built. Run: make web\n")
