"""Evidence points over HTTP: placing, moving, listing; pings that hear them; what reaches a zone."""

from datetime import datetime
from decimal import Decimal
from typing import Any
from uuid import UUID, uuid4

import httpx
import pytest
import shapely
from hypothesis import given, settings
from hypothesis import strategies as st

from geoengage.kit.db import Session
from geoengage.kit.ids import new_id
from geoengage.presence.index import ZoneIndex
from geoengage.presence.rules.heard import HeardAccessPoint, HeardBeacon
from geoengage.tenancy.models import Owner
from geoengage.tenancy.rules import KeyKind
from geoengage.venues.models import Store
from geoengage.venues.rules import EvidenceKind, PlacedEvidence
from tests.factories import World, make_key_row, make_world
from tests.places import FRAME, ago, lonlat, make_mall, make_phone, make_zone, ping, rows, send, square, zone_events

BEACON = "f7826da6-4fa2-4e98-8024-bc5b71e0893e"
FRAME_POINT = shapely.Point(FRAME.lon, FRAME.lat)
SHOP = square(half=3)  # far too small for GPS


def point(x: float, y: float = 0.0, **properties: Any) -> dict[str, Any]:
    """A Feature at a place of the mall, a beacon unless `properties` say otherwise."""
    about = {"kind": "beacon", "name": "Door"} | properties
    if about["kind"] == "beacon":
        about = {"uuid": BEACON, "major": 1, "minor": 7} | about
    return {"type": "Feature", "geometry": {"type": "Point", "coordinates": list(lonlat(x, y))}, "properties": about}


async def place(client: httpx.AsyncClient, world: World, body: dict[str, Any]) -> dict[str, Any]:
    answer = await client.post("/v1/evidence-points", json=body, headers=world.sk_headers)
    assert answer.status_code == 201, answer.text
    result: dict[str, Any] = answer.json()
    return result


def heard(at: datetime, rssi: int | None = -59, minor: int = 7, **over: Any) -> dict[str, Any]:
    """A ping of a phone that hears the beacon and knows its own place to 12 m, some metres off, and no floor."""
    beacon = {"uuid": BEACON.upper(), "major": 1, "minor": minor} | ({} if rssi is None else {"rssi": rssi})
    return ping(at, 9, 3, accuracy_m=12, level=None) | {"beacons": [beacon]} | over


def nowhere(body: dict[str, Any]) -> dict[str, Any]:
    """The same ping without a position of its own."""
    return {k: v for k, v in body.items() if k not in ("lon", "lat", "accuracy_m", "level")}


# --- points on the map --------------------------------------------------------------------------------------------


async def test_a_beacon_is_placed_read_moved_and_taken_away(client: httpx.AsyncClient, session: Session) -> None:
    world = await make_world(session)
    mall_id = await make_mall(session, world)
    zone_id = await make_zone(session, world, SHOP, mall_id=mall_id, name="Café")
    made = await place(client, world, point(0, mall_id=str(mall_id), level=0))
    assert made["geometry"]["coordinates"] == pytest.approx(lonlat(0, 0))
    p = made["properties"]
    said = ("kind", "level", "uuid", "major", "minor", "rssi_at_1m", "radius_m", "code", "bssid")
    assert {k: p[k] for k in said} == {
        "kind": "beacon", "level": 0, "uuid": BEACON.replace("-", ""), "major": 1, "minor": 7, "rssi_at_1m": -59,
        "radius_m": 8.0, "code": None, "bssid": None,
    }  # fmt: skip
    assert p["reaches"] == [{"zone_id": str(zone_id), "name": "Café"}]
    path = f"/v1/evidence-points/{made['id']}"
    read = await client.get(path, headers=world.sk_headers)
    assert (read.json(), read.headers["ETag"]) == (made, '"v1"')
    patch = {"geometry": point(50)["geometry"], "properties": {"name": "Moved", "radius_m": 3}}
    assert (await client.patch(path, json=patch, headers=world.sk_headers)).status_code == 428
    moved = await client.patch(path, json=patch, headers=world.sk_headers | {"If-Match": '"v1"'})
    assert (moved.status_code, moved.headers["ETag"]) == (200, '"v2"')
    assert moved.json()["properties"] | {"updated_at": None} == p | {
        "name": "Moved", "radius_m": 3.0, "reaches": [], "version": 2, "updated_at": None
    }  # fmt: skip
    stale = await client.patch(path, json=patch, headers=world.sk_headers | {"If-Match": '"v1"'})
    assert stale.status_code == 412
    back = {"properties": {"radius_m": None}}
    reset = await client.patch(path, json=back, headers=world.sk_headers | {"If-Match": '"v2"'})
    assert reset.json()["properties"]["radius_m"] == 8.0, "null: the default"
    assert (await client.delete(path, headers=world.sk_headers)).status_code == 204
    assert (await client.get(path, headers=world.sk_headers)).status_code == 404


async def test_the_kinds(client: httpx.AsyncClient, session: Session) -> None:
    world = await make_world(session)
    wifi = await place(client, world, point(0, kind="access_point", bssid="AA-BB-CC-DD-EE-F"))
    assert wifi["properties"]["bssid"] == "aa:bb:cc:dd:ee:0f"
    assert (wifi["properties"]["radius_m"], wifi["properties"]["rssi_at_1m"]) == (25.0, -40)
    codes = {(await place(client, world, point(0, kind="check_in")))["properties"]["code"] for _ in range(3)}
    assert len(codes) == 3
    assert all(len(code) == 12 and not set(code) & set("01OILU") for code in codes)
    taken = await client.post("/v1/evidence-points", json=point(9, kind="access_point", bssid="aa:bb:cc:dd:ee:0f"),
                              headers=world.sk_headers)  # fmt: skip
    assert (taken.status_code, taken.json()["detail"]) == (409, "another point has this bssid already")
    await place(client, world, point(0))
    taken = await client.post("/v1/evidence-points", json=point(9), headers=world.sk_headers)
    assert (taken.status_code, taken.json()["detail"]) == (409, "another point has this uuid, major and minor already")
    other = await make_world(session)
    await place(client, other, point(0))  # another tenant may have the same beacon in its list


@pytest.mark.parametrize(
    "properties, pointer, words",
    [
        ({"minor": None}, "#/properties/minor", "needs it"),
        ({"bssid": "aa:bb:cc:dd:ee:ff"}, "#/properties/bssid", "has none"),
        ({"uuid": "x"}, "#/properties/uuid", "32 hexadecimal digits"),
        ({"kind": "access_point"}, "#/properties/bssid", "needs it"),
        ({"kind": "access_point", "bssid": "nonsense"}, "#/properties/bssid", "MAC address"),
        ({"kind": "check_in", "radius_m": 5}, "#/properties/radius_m", "has none"),
        ({"level": 0}, "#/properties/level", "give mall_id too"),
        ({"mall_id": "MALL"}, "#/properties/level", "name its level"),
        ({"mall_id": "MALL", "level": 7}, "#/properties/level", "no level 7"),
        ({"mall_id": str(UUID(int=5)), "level": 0}, "#/properties/mall_id", "no such mall"),
        ({"store_id": str(UUID(int=5))}, "#/properties/store_id", "no such store"),
        ({"radius_m": 0.5}, "#/properties/radius_m", "1.5"),
        ({"code": "MINE"}, "#/properties/code", "Extra inputs"),
    ],
)
async def test_what_cannot_be_placed_is_said(
    client: httpx.AsyncClient, session: Session, properties: dict[str, Any], pointer: str, words: str
) -> None:
    world = await make_world(session)
    mall_id = str(await make_mall(session, world))
    body = point(0, **{k: mall_id if v == "MALL" else v for k, v in properties.items()})
    answer = await client.post("/v1/evidence-points", json=body, headers=world.sk_headers)
    assert answer.status_code == 422, answer.text
    found = {e["pointer"]: e["detail"] for e in answer.json()["errors"]}
    assert words in found[pointer], found


async def test_far_from_its_mall_and_another_kind(client: httpx.AsyncClient, session: Session) -> None:
    world = await make_world(session)
    mall_id = str(await make_mall(session, world))
    far = await client.post("/v1/evidence-points", json=point(5000, mall_id=mall_id, level=0), headers=world.sk_headers)
    assert far.status_code == 422
    made = await place(client, world, point(0))
    patch = {"properties": {"kind": "check_in", "uuid": None, "major": None, "minor": None, "rssi_at_1m": None,
                            "radius_m": None}}  # fmt: skip
    changed = await client.patch(
        f"/v1/evidence-points/{made['id']}", json=patch, headers=world.sk_headers | {"If-Match": '"v1"'}
    )
    assert [e["pointer"] for e in changed.json()["errors"]] == ["#/properties/kind"]


async def test_created_twice_with_one_key(client: httpx.AsyncClient, session: Session) -> None:
    world = await make_world(session)
    headers = world.sk_headers | {"Idempotency-Key": "once"}
    body = point(0, kind="check_in")
    first, again = [(await client.post("/v1/evidence-points", json=body, headers=headers)).json() for _ in range(2)]
    assert first == again
    other = await client.post("/v1/evidence-points", json=point(1, kind="check_in"), headers=headers)
    assert other.json()["type"] == "/problems/idempotency-key-reused"


async def test_lists_and_pages(client: httpx.AsyncClient, session: Session) -> None:
    world = await make_world(session)
    mall_id = await make_mall(session, world)
    indoors = {"mall_id": str(mall_id)}
    zone_id = await make_zone(session, world, SHOP, mall_id=mall_id)
    for n, (x, level) in enumerate(((0, 0), (0, 1), (40, 0))):
        await place(client, world, point(x, minor=n, name=f"B{n}", level=level, **indoors))
    await place(client, world, point(2, kind="check_in", name="Counter", level=0, **indoors))
    await place(client, world, point(400, kind="access_point", bssid="aa:bb:cc:dd:ee:ff", name="Street"))

    async def names(**query: Any) -> list[str]:
        answer = await client.get("/v1/evidence-points", params=query, headers=world.sk_headers)
        assert answer.status_code == 200, answer.text
        return [item["properties"]["name"] for item in answer.json()["items"]]

    assert await names() == ["B0", "B1", "B2", "Counter", "Street"]
    assert await names(mall_id=str(mall_id), level=0) == ["B0", "B2", "Counter"]
    assert await names(kind="beacon") == ["B0", "B1", "B2"]
    assert await names(zone_id=str(zone_id)) == ["B0", "Counter"], "B1 is a floor above, B2 too far away"
    assert await names(zone_id=str(zone_id), kind="check_in") == ["Counter"]
    assert await names(zone_id=str(uuid4())) == []
    page = await client.get("/v1/evidence-points?limit=2", headers=world.sk_headers)
    assert [i["properties"]["name"] for i in page.json()["items"]] == ["B0", "B1"]
    assert await names(limit=9, cursor=page.json()["next"]) == ["B2", "Counter", "Street"]
    page = await client.get(f"/v1/evidence-points?limit=1&zone_id={zone_id}", headers=world.sk_headers)
    assert await names(zone_id=str(zone_id), cursor=page.json()["next"]) == ["Counter"]


async def test_whoever_is_restricted_to_stores(client: httpx.AsyncClient, session: Session) -> None:
    world = await make_world(session)
    owner = Owner(tenant_id=world.tenant_id, id=new_id(), name="Owner")
    session.add(owner)
    await session.flush()
    mine, theirs = (
        Store(tenant_id=world.tenant_id, id=new_id(), name=n, owner_id=owner.id, point=FRAME_POINT)
        for n in ("Mine", "Theirs")
    )
    session.add_all([mine, theirs])
    await session.flush()
    key = await make_key_row(session, world.tenant_id, KeyKind.SECRET, store_ids=[mine.id])
    await session.commit()
    headers = {"Authorization": f"Bearer {key}"}
    own = await place(client, world, point(0, kind="check_in", name="Own", store_id=str(mine.id)))
    other = await place(client, world, point(0, kind="check_in", name="Other", store_id=str(theirs.id)))
    await make_zone(session, world, square(), name="Their zone", store_id=theirs.id)
    own_zone = await make_zone(session, world, SHOP, name="My zone", store_id=mine.id)
    await place(client, world, point(0, name="Of the mall"))
    listed = (await client.get("/v1/evidence-points", headers=headers)).json()["items"]
    assert [(i["id"], i["properties"]["reaches"]) for i in listed] == [
        (own["id"], [{"zone_id": str(own_zone), "name": "My zone"}])
    ], "nor hears of others' zones"
    told = await client.get(f"/v1/zones/{own_zone}/evidence", headers=headers)
    assert ([p["name"] for p in told.json()["points"]], told.json()["verdict"]) == (["Own"], "beacon")
    assert told.json()["words"].endswith("A beacon of the mall reaches it.")
    path = "/v1/evidence-points/"
    assert (await client.get(path + own["id"], headers=headers)).status_code == 200
    assert (await client.get(path + other["id"], headers=headers)).status_code == 404
    edit = headers | {"If-Match": '"v1"'}
    assert (await client.patch(path + own["id"], json={"properties": {"name": "x"}}, headers=edit)).status_code == 404
    assert (await client.delete(path + own["id"], headers=headers)).status_code == 404
    assert (await client.post(path[:-1], json=point(0, kind="check_in"), headers=headers)).status_code == 404


async def test_a_store_or_level_with_points_stays(client: httpx.AsyncClient, session: Session) -> None:
    world = await make_world(session)
    mall_id = await make_mall(session, world)
    store = Store(tenant_id=world.tenant_id, id=new_id(), name="Shop", mall_id=mall_id, level=1, point=FRAME_POINT)
    session.add(store)
    await session.commit()
    made = await place(client, world, point(0, mall_id=str(mall_id), level=0, store_id=str(store.id)))
    refused = await client.delete(f"/v1/stores/{store.id}", headers=world.sk_headers)
    assert (refused.status_code, "evidence points" in refused.text) == (409, True)
    (level_id,) = (await rows(session, "SELECT id FROM level WHERE ordinal = 0 AND mall_id = :m", m=mall_id))[0]
    refused = await client.delete(f"/v1/malls/{mall_id}/levels/{level_id}", headers=world.sk_headers)
    assert (refused.status_code, "evidence points" in refused.text) == (409, True)
    await client.delete(f"/v1/evidence-points/{made['id']}", headers=world.sk_headers)
    assert (await client.delete(f"/v1/stores/{store.id}", headers=world.sk_headers)).status_code == 204


# --- pings that hear them -----------------------------------------------------------------------------------------


async def test_a_shop_too_small_for_gps_is_entered_by_its_beacon(client: httpx.AsyncClient, session: Session) -> None:
    world = await make_world(session)
    mall_id = await make_mall(session, world, levels=(0, 1, 2))
    upstairs = await make_zone(session, world, SHOP, mall_id=mall_id, levels=[2], name="Café")
    await make_zone(session, world, SHOP, mall_id=mall_id, levels=[0], name="Below")
    phone = await make_phone(session, world)
    await send(client, phone, *(ping(ago(s), 0, accuracy_m=12, level=None) for s in (100, 90, 80)))
    assert await zone_events(session, world) == [], "GPS alone never gets in, not even from the middle"
    await place(client, world, point(0, mall_id=str(mall_id), level=2))
    await send(client, phone, heard(ago(20)), heard(ago(15), rssi=-61))
    assert await rows(session, "SELECT zone_id, kind, reason, evidence FROM zone_event") == [
        (upstairs, "entered", "confirmed_by_fix", "beacon")
    ], "the point on the map takes effect with the next ping, and the floor is its floor"
    stored = await rows(session, "SELECT accuracy_m, level, source FROM ping ORDER BY at DESC LIMIT 1")
    assert stored == [(pytest.approx(1.57, abs=0.01), 2, "beacon")]
    assert await rows(session, "SELECT level FROM device_state") == [(2,)], "and is believed from now on"
    why = await client.get("/v1/explain", params={"device_id": phone.id, "reason": "test"}, headers=world.sk_headers)
    texts = [zone["text"] for zone in why.json()["zones"]]
    assert any("Entered Café" in t and "by a beacon that it heard" in t for t in texts), texts


async def test_a_phone_without_a_position(client: httpx.AsyncClient, session: Session) -> None:
    world = await make_world(session)
    await make_zone(session, world, SHOP)
    phone = await make_phone(session, world)
    unknown = await send(client, phone, nowhere(heard(ago(30))))
    assert unknown["rejected"] == [{"index": 0, "reason": "no_position"}]
    made = await place(client, world, point(0))
    assert (await send(client, phone, nowhere(heard(ago(20)))))["accepted"] == 1
    assert await zone_events(session, world) == [], "a single reading may be a stray one"
    assert (await send(client, phone, nowhere(heard(ago(15)))))["accepted"] == 1
    assert await zone_events(session, world) == [("zone.entered", "confirmed_by_fix")]
    stored = await rows(session, "SELECT DISTINCT lon, lat, round(trust::numeric, 2) FROM ping")
    assert stored == [(*made["geometry"]["coordinates"], Decimal("0.70"))]
    await client.delete(f"/v1/evidence-points/{made['id']}", headers=world.sk_headers)
    assert (await send(client, phone, nowhere(heard(ago(10)))))["accepted"] == 0, "taken down: it says nothing more"


async def test_without_consent_nothing_is_looked_at(client: httpx.AsyncClient, session: Session) -> None:
    world = await make_world(session)
    await place(client, world, point(0))
    phone = await make_phone(session, world, location="denied")
    answer = await send(client, phone, nowhere(heard(ago(20))))
    assert answer["rejected"] == [{"index": 0, "reason": "no_location_consent"}]
    assert await rows(session, "SELECT FROM ping") == await rows(session, "SELECT FROM device_state") == []


async def test_another_tenants_beacon_says_nothing(client: httpx.AsyncClient, session: Session) -> None:
    world, other = await make_world(session), await make_world(session)
    await place(client, other, point(0))
    phone = await make_phone(session, world)
    assert (await send(client, phone, nowhere(heard(ago(20)))))["accepted"] == 0


async def test_a_sensitive_zone_is_never_entered(client: httpx.AsyncClient, session: Session) -> None:
    world = await make_world(session)
    zone_id = await make_zone(session, world, SHOP, sensitivity="health")
    made = await place(client, world, point(0))
    assert made["properties"]["reaches"] == []
    phone = await make_phone(session, world)
    await send(client, phone, heard(ago(20)), heard(ago(10)))
    assert await rows(session, "SELECT zones::text FROM device_state") == [("{}",)]
    told = (await client.get(f"/v1/zones/{zone_id}/evidence", headers=world.sk_headers)).json()
    assert (told["verdict"], told["gnss"]["reaches"]) == ("none", False)
    assert "anonymous totals" in told["words"]


# --- what reaches a zone ------------------------------------------------------------------------------------------


async def test_which_evidence_reaches_a_zone(client: httpx.AsyncClient, session: Session) -> None:
    world = await make_world(session)
    mall_id = await make_mall(session, world)
    indoors = {"mall_id": str(mall_id)}
    zone_id = await make_zone(session, world, SHOP, mall_id=mall_id)

    async def ask() -> dict[str, Any]:
        answer = await client.get(f"/v1/zones/{zone_id}/evidence", headers=world.sk_headers)
        assert answer.status_code == 200, answer.text
        result: dict[str, Any] = answer.json()
        return result

    alone = await ask()
    share = 36 / (3.14159265 * 12**2)  # the whole shop in the phone's circle
    assert alone["gnss"] | {"words": ""} == {
        "reaches": False, "typical_accuracy_m": 12.0, "largest_share": pytest.approx(share, abs=1e-3), "needs": 0.5,
        "words": "",
    }  # fmt: skip
    assert (alone["verdict"], alone["points"]) == ("none", [])
    assert "at most 8%" in alone["words"]
    assert "place a beacon" in alone["words"]
    await place(client, world, point(0, kind="check_in", name="Counter", level=0, **indoors))
    assert (await ask())["verdict"] == "check_in"
    await place(client, world, point(0, name="Door", level=0, **indoors))
    await place(client, world, point(0, name="Above", minor=8, level=1, **indoors))
    await place(client, world, point(6, name="Corridor", minor=9, level=0, **indoors))
    told = await ask()
    assert told["verdict"] == "beacon"
    assert told["words"].endswith("GPS alone will not enter it. Beacon “Door” reaches it.")
    near = {p["name"]: (p["distance_m"], p["share"]) for p in told["points"]}
    assert near["Door"] == (0.0, 1.0)
    assert near["Above"] == (0.0, 0.0), "another floor"
    assert near["Corridor"][0] == pytest.approx(3.0, abs=0.1)
    assert 0 < near["Corridor"][1] < 0.5


async def test_a_large_zone_and_a_drawn_one(client: httpx.AsyncClient, session: Session) -> None:
    world = await make_world(session)
    zone_id = await make_zone(session, world, square(half=30))
    told = (await client.get(f"/v1/zones/{zone_id}/evidence", headers=world.sk_headers)).json()
    assert (told["verdict"], told["gnss"]["reaches"], told["gnss"]["largest_share"]) == ("gnss", True, 1.0)
    assert "GPS alone can enter it" in told["words"]
    draft = {"geometry": point(0)["geometry"], "properties": {"radius_m": 4}}
    answer = await client.post("/v1/zones/evidence", json=draft, headers=world.sk_headers)
    assert (answer.status_code, answer.json()["verdict"]) == (200, "none")
    assert answer.json()["gnss"]["largest_share"] == pytest.approx(16 / 144, abs=2e-3)
    bad = {"geometry": {"type": "Polygon", "coordinates": []}, "properties": {}}
    assert (await client.post("/v1/zones/evidence", json=bad, headers=world.sk_headers)).status_code == 422
    lint = await client.post("/v1/zones/lint", json=draft, headers=world.sk_headers)
    finding = next(f for f in lint.json()["findings"] if f["code"] == "cannot_reach_confidence")
    assert (finding["severity"], "place a beacon" in finding["advice"]) == ("error", True)
    await place(client, world, point(0))
    lint = await client.post("/v1/zones/lint", json=draft, headers=world.sk_headers)
    finding = next(f for f in lint.json()["findings"] if f["code"] == "cannot_reach_confidence")
    assert (finding["severity"], "Beacon “Door” reaches it" in finding["text"]) == ("hint", True)


# --- the index ----------------------------------------------------------------------------------------------------

_identities = st.lists(
    st.tuples(st.integers(0, 3), st.integers(0, 65_535), st.integers(0, 65_535), st.integers(0, 2**48 - 1)),
    min_size=1,
    max_size=20,
    unique=True,
)


@settings(max_examples=50, deadline=None)
@given(_identities, st.booleans())
def test_the_index_finds_each_point_however_its_identity_is_written(
    identities: list[tuple[int, int, int, int]], upper: bool
) -> None:
    about = {"name": "P", "store_id": None, "level": 0, "lon": 8.5, "lat": 47.4, "radius_m": 8.0, "rssi_at_1m": -59}
    placed = []
    for number, (uuid, major, minor, mac) in enumerate(identities):
        beacon = (UUID(int=uuid).hex, major, minor)
        bssid = ":".join(f"{mac:012x}"[i : i + 2] for i in range(0, 12, 2))
        for kind, identity in ((EvidenceKind.BEACON, beacon), (EvidenceKind.ACCESS_POINT, bssid)):
            placed.append(PlacedEvidence(id=UUID(int=number), kind=kind, identity=identity, **about))  # type: ignore[arg-type]
    by_identity = {p.identity: p for p in placed}
    known = ZoneIndex(1, [], [], placed).points
    assert len(known) == len(by_identity)
    for p in by_identity.values():
        if p.kind is EvidenceKind.BEACON:
            text = str(UUID(str(p.identity[0])))
            one = HeardBeacon(uuid=text.upper() if upper else text, major=p.identity[1], minor=p.identity[2])  # type: ignore[arg-type]
            assert known.beacon(one) == p
        else:
            text = str(p.identity)
            assert known.access_point(HeardAccessPoint(bssid=text.upper() if upper else text)) == p
