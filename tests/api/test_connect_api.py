"""Connect a phone: links, pairing, what has happened, the place that is brought to it, the listener on the LAN."""

import asyncio
import base64
import json
from collections.abc import AsyncIterator
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any
from urllib.parse import parse_qs, urlsplit
from uuid import UUID
from xml.etree import ElementTree

import httpx
import pytest
from fastapi import FastAPI
from shapely.geometry import MultiPolygon, box
from sqlalchemy import select, text

from geoengage.kit.clock import utc_now
from geoengage.kit.db import Session
from geoengage.kit.events import LedgerRow, Recorded
from geoengage.kit.geo import Frame, circle
from geoengage.kit.ids import new_id
from geoengage.messaging.rules import in_holdout
from geoengage.phones import lan
from geoengage.phones.rules import pairing
from geoengage.phones.rules.places import BEFORE_THE_DOOR_M, CIRCLE_ID
from geoengage.presence.service import on_consent_changed
from geoengage.profiles.models import ConsentEntry, Device
from geoengage.tenancy import service as tenancy
from geoengage.tenancy.models import App, AuditEntry, Operator
from geoengage.tenancy.rules import KeyKind
from geoengage.venues.models import Level, Unit, Zone
from tests.api.wall.world import PASSWORD_HASH, bearer, cookie
from tests.campaign_rows import make_mall, make_zone
from tests.factories import World, make_key_row, make_world

SAME = {"Origin": "http://testserver"}
LOOPBACK = "127.0.0.2"
MALL = Frame(8.5, 47.4)
CIRCLE = (8.6, 47.5)
OFFICE = Frame(-122.4, 37.77)  # where the phone really is
GRANTED = {"location": "granted", "marketing_push": "granted"}


@dataclass(frozen=True)
class Trial:
    """A demo tenant with a mall and the welcome circle, and its operator at the console."""

    world: World
    owner: dict[str, str]

    async def connect(self, client: httpx.AsyncClient, **body: Any) -> dict[str, Any]:
        answer = await client.post("/v1/connect", json=body, headers=self.owner)
        assert answer.status_code == 201, answer.text
        assert answer.headers["cache-control"] == "no-store"
        made: dict[str, Any] = answer.json()
        return made

    async def steps(self, client: httpx.AsyncClient, made: dict[str, Any]) -> dict[str, Any]:
        answer = await client.get(f"/v1/connect/{made['device_id']}", headers=self.owner)
        assert answer.status_code == 200, answer.text
        steps: dict[str, Any] = answer.json()
        return steps

    async def bring(self, client: httpx.AsyncClient, made: dict[str, Any], to: str | None) -> httpx.Response:
        return await client.post(f"/v1/connect/{made['device_id']}/relocation", json={"to": to}, headers=self.owner)


async def operator(session: Session, world: World, role: str = "owner") -> dict[str, str]:
    """Headers of somebody at the console."""
    id_ = new_id()
    session.add(
        Operator(
            tenant_id=world.tenant_id, id=id_, email=f"{id_.hex}@example.com", name=role, role=role,
            password_hash=PASSWORD_HASH,
        )
    )  # fmt: skip
    await session.flush()
    secret = await tenancy.open_session(session, world.tenant_id, id_, utc_now())
    await session.commit()
    return cookie(secret) | SAME


async def make_trial(session: Session, **over: object) -> Trial:
    world = await make_world(session, **({"is_demo": True} | over))
    app = await session.get_one(App, (world.tenant_id, world.app_id))
    app.shopper_key = world.pk
    mall = await make_mall(session, world)
    hall = MALL.geometry_to_lonlat(box(-50, -20, 50, 20))
    door = MALL.geometry_to_lonlat(box(-5, -20, 5, -16))
    place = {"tenant_id": world.tenant_id, "mall_id": mall}
    session.add_all(
        [
            Level(**place, id=new_id(), ordinal=0, name="G", short_name="G", geom=MultiPolygon([hall])),
            Unit(**place, id=new_id(), level=0, category="entrance", name="Side door", geom=hall),
            Unit(**place, id=new_id(), level=0, category="entrance", name="Main entrance", geom=door),
        ]
    )
    await make_zone(session, world, mall_id=mall, name="Hall", kind="corridor", geom=MultiPolygon([hall]))
    ring = circle(Frame(*CIRCLE), *CIRCLE, 60)
    zone_id = await make_zone(
        session, world, name="Welcome circle", geom=MultiPolygon([ring]), rules={"single_fix": True, "enter_s": 5}
    )
    (await session.get_one(Zone, (world.tenant_id, zone_id))).external_id = CIRCLE_ID
    await session.commit()
    return Trial(world, await operator(session, world))


@pytest.fixture
async def trial(session: Session) -> Trial:
    return await make_trial(session)


def configuration(made: dict[str, Any]) -> dict[str, Any]:
    """What OwnTracks reads from its link."""
    parts = urlsplit(made["links"]["owntracks"])
    assert (parts.scheme, parts.path) == ("owntracks", "/config")
    (inline,) = parse_qs(parts.query)["inline"]
    found: dict[str, Any] = json.loads(base64.b64decode(inline, validate=True))
    return found


def token_of(made: dict[str, Any]) -> dict[str, str]:
    return bearer(configuration(made)["password"])


async def send(
    client: httpx.AsyncClient, headers: dict[str, str], *metres: tuple[float, float], accuracy_m: float = 12
) -> None:
    """Positions around the office, two seconds apart, the first one just now."""
    now = utc_now()
    pings = []
    for number, step in enumerate(metres):
        lon, lat = OFFICE.to_lonlat(*step)
        at = now + timedelta(seconds=2 * number)
        pings.append({"at": at.isoformat(), "lon": lon, "lat": lat, "accuracy_m": accuracy_m})
    answer = await client.post("/v1/pings", json={"pings": pings}, headers=headers)
    assert answer.json() == {"accepted": len(pings), "duplicates": 0, "rejected": []}, answer.text


async def state(session: Session, made: dict[str, Any]) -> tuple[float, float] | None:
    rows = await session.execute(
        text("SELECT lon, lat FROM device_state WHERE device_id = :id"), {"id": UUID(made["device_id"])}
    )
    row = rows.one_or_none()
    return None if row is None else (row[0], row[1])


# --- links --------------------------------------------------------------------------------------------------------


async def test_links_for_each_client(client: httpx.AsyncClient, trial: Trial) -> None:
    made = await trial.connect(client, name="Mia's phone")
    assert (made["base_url"], made["reach"]) == ("http://testserver", "this_computer")
    ours = configuration(made)
    token = ours.pop("password")
    assert ours == {
        "_type": "configuration", "mode": 3, "url": "http://testserver/ingest/owntracks", "auth": True,
        "username": made["device_id"], "deviceId": "mia-s-phone", "tid": "MI", "cmd": True,
        "remoteConfiguration": True, "monitoring": 2,
    }  # fmt: skip
    links = made["links"]
    overland = urlsplit(links["overland"])
    assert (overland.scheme, overland.netloc) == ("overland", "setup")
    assert parse_qs(overland.query) == {
        "url": ["http://testserver/ingest/overland"], "token": [token], "device_id": ["mia-s-phone"],
        "unique_id": ["yes"],
    }  # fmt: skip
    traccar = urlsplit(links["traccar"])
    assert (traccar.scheme, traccar.netloc, traccar.path) == ("http", "testserver", "/ingest/osmand")
    assert parse_qs(traccar.query) == {"id": [token], "interval": ["10"], "distance": ["0"], "accuracy": ["high"]}
    assert links["background_geolocation"] == {
        "url": "http://testserver/ingest/background-geolocation", "header": f"Authorization: Bearer {token}",
    }  # fmt: skip
    page = urlsplit(links["shopper"])
    assert (page.path, page.query) == ("/shopper/", f"app={trial.world.app_id}")
    assert page.fragment == f"pair={made['pairing_code']}"
    assert token not in links["shopper"]
    me = await client.get("/v1/devices/me", headers=bearer(token))
    assert me.json()["device_id"] == made["device_id"]
    assert me.json()["consents"]["location"] == "unknown"


async def test_qr_codes_are_pictures_with_a_quiet_zone(client: httpx.AsyncClient, trial: Trial) -> None:
    made = await trial.connect(client, name="<b>&'\"")
    assert set(made["qr"]) == {"shopper", "owntracks", "overland", "traccar"}
    for svg in made["qr"].values():
        root = ElementTree.fromstring(svg)  # noqa: S314 - our own
        assert root.tag == "{http://www.w3.org/2000/svg}svg"
        side = int(root.attrib["viewBox"].split()[2])
        paths = {part.attrib.get("stroke") or part.attrib["fill"]: part.attrib["d"] for part in root}
        assert set(paths) == {"#fff", "#14202b"}
        assert paths["#fff"].startswith(f"M0 0h{side}v{side}")
        assert paths["#14202b"].startswith("M4 4.5h7")  # a finder pattern, four modules in
        assert "script" not in svg


async def test_an_app_without_a_page_has_no_link_to_it(
    client: httpx.AsyncClient, session: Session, trial: Trial
) -> None:
    plain = App(tenant_id=trial.world.tenant_id, id=new_id(), name="Without")
    session.add(plain)
    await session.commit()
    made = await trial.connect(client, app_id=str(plain.id))
    assert (made["links"]["shopper"], made["qr"]["shopper"]) == (None, None)
    assert (await trial.connect(client))["links"]["shopper"]  # the other app comes first


async def test_a_public_address_is_used_everywhere(client: httpx.AsyncClient, app: FastAPI, trial: Trial) -> None:
    app.state.settings.public_url = "https://mall.example/"
    made = await trial.connect(client)
    assert (made["base_url"], made["reach"]) == ("https://mall.example", "public")
    assert configuration(made)["url"] == "https://mall.example/ingest/owntracks"
    refused = await client.post("/v1/connect/lan", headers=trial.owner)
    assert (refused.status_code, refused.json()["type"]) == (409, "/problems/conflict")
    assert (await client.get("/v1/connect/lan", headers=trial.owner)).json()["public_url"] == "https://mall.example/"


async def test_a_repeated_call_is_one_device(client: httpx.AsyncClient, session: Session, trial: Trial) -> None:
    headers = trial.owner | {"Idempotency-Key": "7c9e6679-7425-40de-944b-e07fc1f90ae7"}
    first, second = [(await client.post("/v1/connect", json={}, headers=headers)).json() for _ in range(2)]
    assert first["device_id"] == second["device_id"]
    assert len((await session.execute(select(Device))).scalars().all()) == 1
    entries = (await session.execute(select(AuditEntry.action).where(AuditEntry.action == "phone.connect"))).all()
    assert len(entries) == 1


async def test_nobody_who_tries_it_is_held_out(client: httpx.AsyncClient, session: Session) -> None:
    trial = await make_trial(session, holdout_percent=50)
    made = [await trial.connect(client) for _ in range(12)]
    assert not any(in_holdout(trial.world.tenant_id, UUID(one["device_id"]), 50) for one in made)


# --- who may ------------------------------------------------------------------------------------------------------


async def test_who_may_connect(client: httpx.AsyncClient, session: Session, trial: Trial) -> None:
    analyst = await operator(session, trial.world, "analyst")
    support = await operator(session, trial.world, "support")
    key = await make_key_row(session, trial.world.tenant_id, KeyKind.SECRET, scopes=["read", "venues"])
    await session.commit()
    for headers, status in ((analyst, 403), (bearer(key), 403), (support, 201), (trial.world.sk_headers, 201)):
        assert (await client.post("/v1/connect", json={}, headers=headers)).status_code == status
    lan_ = [await client.get("/v1/connect/lan", headers=h) for h in (analyst, trial.world.sk_headers, support)]
    assert [answer.status_code for answer in lan_] == [403, 403, 200]


async def test_only_phones_of_the_console_are_shown(client: httpx.AsyncClient, trial: Trial) -> None:
    """A shopper's device is not watched by its id, moved, given consents or removed."""
    shopper = await client.post("/v1/devices", json={"platform": "ios"}, headers=trial.world.pk_headers)
    path = f"/v1/connect/{shopper.json()['device_id']}"
    for method, end, body in [
        ("GET", "", None), ("DELETE", "", None), ("PUT", "/consents", GRANTED), ("POST", "/relocation", {"to": "mall"}),
    ]:  # fmt: skip
        answer = await client.request(method, path + end, json=body, headers=trial.owner)
        assert answer.status_code == 404, f"{method} {end}"
    me = await client.get("/v1/devices/me", headers=bearer(shopper.json()["device_token"]))
    assert me.json()["consents"]["location"] == "unknown"


async def test_a_real_tenant_has_neither_listener_nor_moving(client: httpx.AsyncClient, session: Session) -> None:
    trial = await make_trial(session, is_demo=False)
    made = await trial.connect(client)
    assert (await trial.steps(client, made))["connected"] is None
    assert (await trial.bring(client, made, "mall")).status_code == 403
    for method in ("GET", "POST", "DELETE"):
        assert (await client.request(method, "/v1/connect/lan", headers=trial.owner)).status_code == 403


# --- pairing ------------------------------------------------------------------------------------------------------


async def test_a_browser_becomes_the_device_once(client: httpx.AsyncClient, trial: Trial) -> None:
    made = await trial.connect(client)
    paired = await client.post("/v1/devices/pair", json={"code": made["pairing_code"]})
    assert (paired.status_code, paired.headers["cache-control"]) == (200, "no-store")
    assert paired.json()["device_id"] == made["device_id"]
    assert bearer(paired.json()["device_token"]) == token_of(made)  # the phone's app and the page are one device
    steps = await trial.steps(client, made)
    assert steps["connected"]["client"] == "shopper-page"
    again = await client.post("/v1/devices/pair", json={"code": made["pairing_code"]})
    assert (again.status_code, again.json()["type"]) == (409, "/problems/pairing-code-used")


async def test_a_new_code_for_the_same_phone(client: httpx.AsyncClient, trial: Trial) -> None:
    """Also for one that was paired: its page may be lost. The older codes stay as used as they were."""
    made = await trial.connect(client)
    path = f"/v1/connect/{made['device_id']}/code"
    first = (await client.post("/v1/devices/pair", json={"code": made["pairing_code"]})).json()
    again = await client.post(path, json={"name": "Mia"}, headers=trial.owner)
    assert (again.status_code, again.headers["cache-control"]) == (200, "no-store")
    new = again.json()
    assert (new["device_id"], configuration(new)["deviceId"]) == (made["device_id"], "mia")
    old = await client.post("/v1/devices/pair", json={"code": made["pairing_code"]})
    assert (old.status_code, old.json()["type"]) == (409, "/problems/pairing-code-used")
    assert (await client.post("/v1/devices/pair", json={"code": new["pairing_code"]})).json() == first
    used = await client.post("/v1/devices/pair", json={"code": new["pairing_code"]})
    assert used.json()["type"] == "/problems/pairing-code-used"


async def test_a_code_is_good_for_fifteen_minutes(client: httpx.AsyncClient, app: FastAPI, trial: Trial) -> None:
    made = await trial.connect(client)
    ends = datetime.fromisoformat(made["expires_at"])
    assert timedelta(minutes=14, seconds=50) < ends - utc_now() < timedelta(minutes=15, seconds=1)
    app.state.clock = lambda: ends + timedelta(seconds=1)
    late = await client.post("/v1/devices/pair", json={"code": made["pairing_code"]})
    assert (late.status_code, late.json()["type"]) == (404, "/problems/pairing-code-expired")


async def test_codes_that_are_none(client: httpx.AsyncClient, app: FastAPI, trial: Trial) -> None:
    made = await trial.connect(client)
    code = made["pairing_code"]
    assert len(code) == 78
    ends = utc_now() + timedelta(minutes=5)
    said = pairing.PairingCode(trial.world.tenant_id, UUID(made["device_id"]), 1, ends)
    unknown = pairing.PairingCode(trial.world.tenant_id, new_id(), 1, ends)
    older = pairing.PairingCode(trial.world.tenant_id, UUID(made["device_id"]), 2, ends)
    forged = [
        code[:-1] + ("A" if code[-1] != "A" else "B"), code[:40], code + "AAAA", "ä" * 78, "x", "=" * 78, code[1:],
        pairing.write("another-key", said),
        pairing.write(app.state.signing_key, unknown),
        pairing.write(app.state.signing_key, older),
    ]  # fmt: skip
    for one in forged:
        answer = await client.post("/v1/devices/pair", json={"code": one})
        assert (answer.status_code, answer.json()["type"]) == (404, "/problems/pairing-code-invalid"), one
    assert (await client.post("/v1/devices/pair", json={"code": code})).status_code == 200


async def test_guessing_is_slowed_down(client: httpx.AsyncClient, trial: Trial) -> None:
    for _ in range(20):
        assert (await client.post("/v1/devices/pair", json={"code": "guess"})).status_code == 404
    refused = await client.post("/v1/devices/pair", json={"code": "guess"})
    assert (refused.status_code, int(refused.headers["retry-after"]) > 500) == (429, True)


async def test_a_removed_phone_is_out(client: httpx.AsyncClient, session: Session, trial: Trial) -> None:
    made = await trial.connect(client, consents=GRANTED)
    path = f"/v1/connect/{made['device_id']}"
    assert (await client.delete(path, headers=trial.owner)).status_code == 204
    paired = await client.post("/v1/devices/pair", json={"code": made["pairing_code"]})
    assert (paired.status_code, paired.json()["type"]) == (404, "/problems/pairing-code-invalid")
    assert (await client.get("/v1/devices/me", headers=token_of(made))).status_code == 401
    for method, end, body in [("GET", "", None), ("DELETE", "", None), ("PUT", "/consents", GRANTED)]:
        assert (await client.request(method, path + end, json=body, headers=trial.owner)).status_code == 404
    device = (await session.execute(select(Device).execution_options(populate_existing=True))).scalar_one()
    assert (device.location, device.token_version) == ("denied", 2)


# --- what has happened --------------------------------------------------------------------------------------------


async def test_steps_as_they_happen(client: httpx.AsyncClient, session: Session, trial: Trial) -> None:
    made = await trial.connect(client)
    nothing = {"connected", "paired_at", "consent", "position", "zone", "last_message", "relocation"}
    assert {name for name, step in (await trial.steps(client, made)).items() if step is None} == nothing
    path = f"/v1/connect/{made['device_id']}/consents"
    assert (await client.put(path, json=GRANTED, headers=trial.owner)).json()["location"] == "granted"
    entries = (await session.execute(select(ConsentEntry).order_by(ConsentEntry.kind))).scalars().all()
    assert [(e.kind, e.status, e.source, e.text_version) for e in entries] == [
        ("location", "granted", "connect-a-phone", "connect-a-phone-1"),
        ("marketing_push", "granted", "connect-a-phone", "connect-a-phone-1"),
    ]
    await send(client, token_of(made), (0, 0))
    answer = await client.get(f"/v1/connect/{made['device_id']}", headers=trial.owner)
    steps = answer.json()
    assert steps["consent"]["location"] == "granted"
    assert (steps["position"]["accuracy_m"], steps["zone"]) == (12, None)
    assert steps["position"]["nearest_mall_m"] == pytest.approx(9_370_000, rel=0.01)  # San Francisco to Zurich
    assert not any(part in answer.text for part in ("lon", 'lat"', "-122.", "37.7"))


async def test_consent_given_while_connecting(client: httpx.AsyncClient, session: Session, trial: Trial) -> None:
    made = await trial.connect(client, consents=GRANTED)
    assert (await trial.steps(client, made))["consent"]["location"] == "granted"
    entries = (await session.execute(select(ConsentEntry.source))).scalars().all()
    assert entries == ["connect-a-phone"] * 2


# --- bring a mall to me -------------------------------------------------------------------------------------------


async def test_a_place_needs_a_position_with_consent(client: httpx.AsyncClient, trial: Trial) -> None:
    made = await trial.connect(client)
    for to in ("mall", "circle"):
        refused = await trial.bring(client, made, to)
        assert (refused.status_code, refused.json()["type"]) == (409, "/problems/no-position")
    assert (await trial.bring(client, made, None)).status_code == 200
    assert (await trial.bring(client, made, "moon")).status_code == 422


async def test_the_circle_greets_at_once_and_ends(client: httpx.AsyncClient, session: Session, trial: Trial) -> None:
    made = await trial.connect(client, consents=GRANTED)
    await send(client, token_of(made), (3, 4))
    brought = (await trial.bring(client, made, "circle")).json()
    assert (brought["relocation"], brought["zone"]["name"]) == ("circle", "Welcome circle")
    assert brought["position"]["nearest_mall_m"] < 20_000
    assert await state(session, made) == pytest.approx(CIRCLE, abs=2e-7)
    await send(client, token_of(made), (23, 4))  # twenty metres east: still inside
    east, north = Frame(*CIRCLE).to_metres(*(await state(session, made) or (0, 0)))
    assert (east, north) == pytest.approx((20, 0), abs=0.02)
    ended = (await trial.bring(client, made, None)).json()
    assert (ended["relocation"], ended["zone"]) == (None, None)
    assert await state(session, made) == pytest.approx(OFFICE.to_lonlat(23, 4), abs=2e-7)
    visits = await session.execute(text("SELECT exit_reason FROM visit"))
    assert visits.scalars().all() == ["relocated"]


async def test_the_mall_stands_before_the_phone(client: httpx.AsyncClient, session: Session, trial: Trial) -> None:
    made = await trial.connect(client, consents=GRANTED)
    await send(client, token_of(made), (0, 0), accuracy_m=5)
    brought = (await trial.bring(client, made, "mall")).json()
    assert (brought["relocation"], brought["zone"]) == ("mall", None)  # outside to begin with
    assert brought["position"]["nearest_mall_m"] == pytest.approx(BEFORE_THE_DOOR_M, abs=0.1)
    await send(client, token_of(made), (0, 10), (0, 16), (0, 22), accuracy_m=5)  # a few steps north
    assert (await trial.steps(client, made))["zone"]["name"] == "Hall"
    switched = (await trial.bring(client, made, "circle")).json()  # laid around where the phone is now
    assert switched["zone"]["name"] == "Welcome circle"
    assert await state(session, made) == pytest.approx(CIRCLE, abs=2e-7)


async def test_only_that_phone_is_moved(client: httpx.AsyncClient, session: Session, trial: Trial) -> None:
    made, other = [await trial.connect(client, consents=GRANTED) for _ in range(2)]
    for one in (made, other):
        await send(client, token_of(one), (0, 0))
    await trial.bring(client, made, "circle")
    await send(client, token_of(other), (1, 0))
    assert await state(session, other) == pytest.approx(OFFICE.to_lonlat(1, 0), abs=2e-7)
    assert (await trial.steps(client, other))["relocation"] is None


async def test_circles_come_back_to_where_the_phone_is(client: httpx.AsyncClient, trial: Trial) -> None:
    made = await trial.connect(client, consents=GRANTED)
    await send(client, token_of(made), (0, 0))
    await trial.bring(client, made, "circle")
    lon, lat = OFFICE.to_lonlat(0, 30)
    query = {"lon": lon, "lat": lat, "limit": 2}
    answer = await client.get("/v1/geofences/nearby", params=query, headers=token_of(made))
    (nearest,) = answer.json()["circles"]
    assert nearest["name"] == "Welcome circle"
    assert OFFICE.to_metres(nearest["lon"], nearest["lat"]) == pytest.approx((0, 0), abs=0.5)
    refresh = answer.json()["refresh"]
    assert (refresh["lon"], refresh["lat"]) == pytest.approx((lon, lat))


async def test_what_is_no_position_is_refused_as_ever(client: httpx.AsyncClient, trial: Trial) -> None:
    made = await trial.connect(client, consents=GRANTED)
    await send(client, token_of(made), (0, 0))
    await trial.bring(client, made, "circle")
    pings = [{"at": utc_now().isoformat(), "lon": lon, "lat": lat} for lon, lat in ((0, 0), (999, 10))]
    answer = await client.post("/v1/pings", json={"pings": pings}, headers=token_of(made))
    assert [one["reason"] for one in answer.json()["rejected"]] == ["null_island", "invalid"]


async def test_where_it_was_moved_from_goes_with_the_consent(
    client: httpx.AsyncClient, session: Session, trial: Trial
) -> None:
    made = await trial.connect(client, consents=GRANTED)
    await send(client, token_of(made), (0, 0))
    await trial.bring(client, made, "circle")
    proof = {"location": "denied", "text_version": "1", "source": "page"}
    await client.put("/v1/devices/me/consents", json=proof, headers=token_of(made))
    row = (await session.execute(select(LedgerRow).order_by(LedgerRow.position.desc()).limit(1))).scalar_one()
    recorded = Recorded(row.position, row.type, row.recorded_at, row.payload)
    await on_consent_changed(session, trial.world.tenant_id, [recorded], utc_now())
    await session.commit()
    device = (await session.execute(select(Device).execution_options(populate_existing=True))).scalar_one()
    assert (device.relocation, await state(session, made)) == (None, None)
    steps = await trial.steps(client, made)
    assert (steps["consent"]["location"], steps["position"], steps["relocation"]) == ("denied", None, None)


async def test_a_place_that_is_not_there(client: httpx.AsyncClient, session: Session) -> None:
    world = await make_world(session, is_demo=True)
    trial = Trial(world, await operator(session, world))
    made = await trial.connect(client, consents=GRANTED)
    await send(client, token_of(made), (0, 0))
    for to in ("mall", "circle"):
        refused = await trial.bring(client, made, to)
        assert (refused.status_code, refused.json()["type"]) == (409, "/problems/conflict"), to
    assert (await trial.steps(client, made))["position"] is not None  # nothing was forgotten for it


# --- the listener -------------------------------------------------------------------------------------------------


@pytest.fixture
async def listening(app: FastAPI, client: httpx.AsyncClient, trial: Trial) -> AsyncIterator[httpx.AsyncClient]:
    """A phone on the network of a listener that was opened from the console."""
    app.state.lan = lan.LanListener(app, LOOPBACK, 0)
    opened = (await client.post("/v1/connect/lan", headers=trial.owner)).json()
    assert opened["open"] is True
    async with httpx.AsyncClient(base_url=opened["url"], timeout=5) as phone:
        yield phone
    await app.state.lan.close()


SERVED = {
    ("GET", "/healthz"): 200, ("POST", "/v1/devices"): 401, ("POST", "/v1/devices/pair"): 422,
    ("GET", "/v1/devices/me"): 401, ("PUT", "/v1/devices/me/consents"): 401, ("POST", "/v1/pings"): 401,
    ("GET", "/v1/inbox"): 401, ("POST", "/v1/receipts"): 401, ("GET", "/v1/config"): 401,
    ("GET", "/v1/geofences/nearby"): 401, ("GET", "/shopper/app.json"): 200, ("POST", "/ingest/owntracks"): 401,
    ("POST", "/ingest/overland"): 401,
}  # fmt: skip
NOT_SERVED = [
    "/", "/map", "/login", "/ui/index.html", "/docs", "/openapi.json", "/metrics", "/readyz", "/go/x", "/v1/session",
    "/v1/login", "/v1/tenant", "/v1/keys", "/v1/apps", "/v1/connect", "/v1/connect/lan", "/v1/live", "/v1/zones",
    "/v1/messages", "/v1/profiles", "/v1/explain", "/v1/devicesx", "/v1/meter", "/v1/devices/pair/x",
    "/v1/pings/../keys",
    "/ingest/", "/ingest/meraki/x", f"/v1/devices/{UUID(int=1)}/link", "/shopperx", "//v1/keys", "/shopper%0A",
    "/problems/conflict",
]  # fmt: skip


async def test_phones_are_served_and_nothing_of_the_console(listening: httpx.AsyncClient, trial: Trial) -> None:
    for (method, path), status in SERVED.items():
        answer = await listening.request(method, path, json={} if method != "GET" else None)
        assert answer.status_code == status, f"{method} {path}: {answer.status_code} {answer.text}"
    for path in NOT_SERVED:
        for headers in (trial.owner, trial.world.sk_headers):
            url = httpx.URL(str(listening.base_url).rstrip("/")).copy_with(raw_path=path.encode())
            answer = await listening.get(url, headers=headers)
            assert (answer.status_code, answer.json()["detail"]) == (404, "only phones are served here"), path


async def test_a_console_session_is_worth_nothing_there(listening: httpx.AsyncClient, trial: Trial) -> None:
    headers = trial.owner | {"Origin": str(listening.base_url).rstrip("/")}
    answer = await listening.get("/v1/devices/me", headers=headers)
    assert answer.status_code == 401  # not 403: the cookie did not even arrive


async def test_a_phone_connects_through_it(
    client: httpx.AsyncClient, listening: httpx.AsyncClient, trial: Trial
) -> None:
    told = (await client.get("/v1/connect/lan", headers=trial.owner)).json()
    assert (told["urls"], told["url"]) == ([str(listening.base_url).rstrip("/")], told["urls"][0])
    ends = datetime.fromisoformat(told["until"])
    assert timedelta(minutes=119) < ends - utc_now() <= timedelta(hours=2)
    made = await trial.connect(client, consents=GRANTED, address=told["url"])
    assert (made["base_url"], made["reach"]) == (told["url"], "lan")
    assert configuration(made)["url"] == f"{told['url']}/ingest/owntracks"
    paired = await listening.post("/v1/devices/pair", json={"code": made["pairing_code"]})
    assert paired.status_code == 200
    await send(listening, bearer(paired.json()["device_token"]), (0, 0))
    assert (await trial.steps(client, made))["position"]["accuracy_m"] == 12
    other = await client.post("/v1/connect", json={"address": "http://evil.example"}, headers=trial.owner)
    assert (other.status_code, other.json()["errors"][0]["pointer"]) == (422, "#/address")


async def test_it_closes_when_told(
    client: httpx.AsyncClient, app: FastAPI, listening: httpx.AsyncClient, trial: Trial
) -> None:
    assert (await listening.get("/healthz")).status_code == 200
    assert (await client.delete("/v1/connect/lan", headers=trial.owner)).status_code == 204
    with pytest.raises(httpx.ConnectError):
        await listening.get("/healthz", headers={"Connection": "close"})
    told = (await client.get("/v1/connect/lan", headers=trial.owner)).json()
    assert (told["open"], told["url"], told["urls"], told["until"]) == (False, None, [], None)
    assert (await client.delete("/v1/connect/lan", headers=trial.owner)).status_code == 204  # again does no harm
    assert (await trial.connect(client))["reach"] == "this_computer"


async def test_it_closes_by_itself(app: FastAPI) -> None:
    listener = lan.LanListener(app, LOOPBACK, 0, lifetime=timedelta(seconds=1))
    await listener.open(utc_now())
    (url,) = listener.urls
    async with asyncio.timeout(20):
        while listener.is_open:  # noqa: ASYNC110 - a listener rings no bell
            await asyncio.sleep(0.05)
    async with httpx.AsyncClient() as phone:
        with pytest.raises(httpx.ConnectError):
            await phone.get(f"{url}/healthz")
    await listener.close()


async def test_opening_again_keeps_one(app: FastAPI) -> None:
    listener = lan.LanListener(app, LOOPBACK, 0)
    await listener.open(utc_now())
    (first,) = listener.urls
    later = utc_now() + timedelta(minutes=30)
    await listener.open(later)
    (second,) = listener.urls
    assert listener.until == later + lan.LIFETIME
    async with httpx.AsyncClient() as phone:
        assert (await phone.get(f"{second}/healthz")).status_code == 200
        if first != second:
            with pytest.raises(httpx.ConnectError):
                await phone.get(f"{first}/healthz")
    await listener.close()


async def test_a_port_that_is_taken(app: FastAPI) -> None:
    holder = lan.LanListener(app, LOOPBACK, 0)
    await holder.open(utc_now())
    port = int(holder.urls[0].rpartition(":")[2])
    with pytest.raises(lan.NoLan, match="cannot be opened"):
        await lan.LanListener(app, LOOPBACK, port).open(utc_now())
    await holder.close()


async def test_no_network_at_all(app: FastAPI, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(lan, "_PROBES", ())
    monkeypatch.setattr(lan, "_SIOCGIFADDR", {})
    with pytest.raises(lan.NoLan, match="no private network address"):
        await lan.LanListener(app, None, 0).open(utc_now())


def test_only_private_addresses_are_taken() -> None:
    judged = {
        "192.168.1.20": True, "10.1.2.3": True, "172.20.0.5": True, "100.101.102.103": True, "8.8.8.8": False,
        "127.0.0.1": False, "169.254.1.1": False, "0.0.0.0": False,  # noqa: S104
    }  # fmt: skip
    assert {address: lan.is_private(address) for address in judged} == judged
    assert all(lan.is_private(address) for address in lan.private_addresses())
