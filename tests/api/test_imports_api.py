"""Importing and exporting malls over HTTP: previews, refusals, round trips, the documents of others."""

import io
import json
import zipfile
from collections import Counter
from pathlib import Path
from random import Random
from typing import Any

import httpx
import pytest
from sqlalchemy import func, select, text

from geoengage.kit.db import Session
from geoengage.venues.models import Mall, Store, Unit, VenueFeature, Zone, ZoneVersion
from tests import imdf_sample
from tests.api.test_venues_api import MALL, epoch, feature, lonlat, make_mall, make_store, rectangle, shop_headers
from tests.conftest import ROOT
from tests.factories import World, make_world
from tests.imdf_sample import archive, document, id_of, layers, zipped
from tests.shared_data import shared_data

DEMO = ROOT / "zones" / "demo_mall"
CATEGORIES = ROOT / "tests" / "data" / "xixi_categories.json"
Json = dict[str, Any]


async def bring(client: httpx.AsyncClient, world: World, body: bytes | Json, **how: Any) -> httpx.Response:
    content = body if isinstance(body, bytes) else json.dumps(body).encode()
    return await client.post("/v1/imports/venue", params=how, content=content, headers=world.sk_headers)


async def stored(client: httpx.AsyncClient, world: World, body: bytes | Json, **how: Any) -> Json:
    """The report of an import that must succeed."""
    response = await bring(client, world, body, mode="commit", **how)
    assert response.status_code == 200, response.text[:2000]
    report: Json = response.json()
    return report


async def export(client: httpx.AsyncClient, world: World, mall_id: str, format_: str) -> bytes:
    response = await client.get(f"/v1/malls/{mall_id}/export", params={"format": format_}, headers=world.sk_headers)
    assert response.status_code == 200, response.text[:2000]
    return response.content


def folder(path: Path) -> bytes:
    files = (file for file in sorted(path.rglob("*")) if file.suffix in (".json", ".geojson"))
    return zipped({file.relative_to(path).as_posix(): file.read_bytes() for file in files})


def counts(report: Json, outcome: str) -> dict[str, int]:
    return {kind: n[outcome] for kind, n in report["counts"].items() if n[outcome]}


async def rows(session: Session, world: World, kind: Any) -> int:
    query = select(func.count()).select_from(kind).where(kind.tenant_id == world.tenant_id)
    return int((await session.execute(query)).scalar_one())


def collection(*features: Json) -> Json:
    return {"type": "FeatureCollection", "features": list(features)}


# --- preview, commit, refusals ----------------------------------------------------------------------------------------


async def test_a_preview_tells_all_and_stores_nothing(client: httpx.AsyncClient, session: Session) -> None:
    world = await make_world(session)
    response = await bring(client, world, archive(layers()), mode="preview")
    assert response.status_code == 200
    report = response.json()
    assert (report["mode"], report["format"], report["mall_id"]) == ("preview", "imdf", None)
    assert report["mall_name"] == "Ulmenhof"
    assert counts(report, "added") == {"mall": 1, "level": 2, "unit": 3, "store": 2, "zone": 4, "feature": 10}
    bakery = next(item for item in report["items"] if item["external_id"] == id_of("bakery"))
    assert bakery["geometry"] == imdf_sample.box(-40, 5, 12, 10)
    assert (bakery["kind"], bakery["outcome"], bakery["level"]) == ("store", "added", 0)
    assert [await rows(session, world, kind) for kind in (Mall, Unit, Store, Zone, VenueFeature)] == [0] * 5
    assert await epoch(session, world) == 0


async def test_an_import_is_repeated_at_will(client: httpx.AsyncClient, session: Session) -> None:
    world = await make_world(session)
    first = await stored(client, world, archive(layers()), publish=True)
    assert all(item["geometry"] is None for item in first["items"])
    assert await epoch(session, world) == 1
    again = await stored(client, world, archive(layers()), publish=True)
    assert (counts(again, "added"), counts(again, "updated")) == ({}, {})
    assert again["mall_id"] == first["mall_id"]
    assert await epoch(session, world) == 1
    changed = layers()
    changed["occupant"][0]["properties"]["name"] = {"de": "Backhaus"}
    third = await stored(client, world, archive(changed))
    assert counts(third, "updated") == {"store": 1}


async def test_nothing_is_half_imported(client: httpx.AsyncClient, session: Session) -> None:
    world = await make_world(session)
    content = layers()
    content["unit"][0]["geometry"]["coordinates"][0][2] = content["unit"][0]["geometry"]["coordinates"][0][0]
    body = archive(content)
    refused = await bring(client, world, body, mode="commit")
    assert refused.status_code == 422
    problem = refused.json()
    assert problem["type"] == "/problems/import-refused"
    assert problem["errors"][0]["pointer"].startswith("#/features/0/geometry/coordinates/0")
    assert problem["errors"][0]["file"] == "unit.geojson"
    assert problem["errors"][0]["place"] == pytest.approx(imdf_sample.at(-50, -3))
    assert counts(problem["report"], "refused") == {"unit": 1}
    assert await rows(session, world, Mall) == 0
    report = await stored(client, world, body, skip_invalid=True)
    assert (counts(report, "refused"), counts(report, "added")["unit"]) == ({"unit": 1}, 2)
    assert await rows(session, world, Unit) == 2


async def test_what_we_know_better_survives_an_import(client: httpx.AsyncClient, session: Session) -> None:
    """Rules, tags and brand colours are no business of an archive: importing it again leaves them."""
    world = await make_world(session)
    await stored(client, world, archive(layers()))
    for path, words in (("zones", {"tags": ["vip"], "rules": {"enter_s": 3}}), ("stores", {"brand_color": "#112233"})):
        for item in (await client.get(f"/v1/{path}", headers=world.sk_headers)).json()["items"]:
            headers = world.sk_headers | {"If-Match": '"v1"'}
            body = {"properties": {**words, "metadata": {"note": "ours"}}}
            response = await client.patch(f"/v1/{path}/{item['id']}", json=body, headers=headers)
            assert response.status_code == 200, response.text
    again = await stored(client, world, archive(layers()))
    assert counts(again, "updated") == {}
    moved = layers()
    moved["geofence"][0]["geometry"] = imdf_sample.box(-20, -10, 41, 20)
    assert counts(await stored(client, world, archive(moved)), "updated") == {"zone": 1}
    zones = (await client.get("/v1/zones", headers=world.sk_headers)).json()["items"]
    changed = next(z["properties"] for z in zones if z["properties"]["external_id"] == id_of("both floors"))
    assert (changed["tags"], changed["rules"]) == (["vip"], {"enter_s": 3})
    assert set(changed["metadata"]) == {"note", "imdf"}


async def test_importing_into_a_known_mall(client: httpx.AsyncClient, session: Session) -> None:
    world = await make_world(session)
    mall_id = await make_mall(client, world, 0, 1)
    areas = collection(
        feature(rectangle(), name="Here", level="Level 1", rent=7),
        feature(rectangle(30), name="There", floor=0),
        feature(rectangle(60), name="Outside"),
    )
    report = await stored(client, world, areas, mall_id=mall_id)
    assert (report["format"], report["mall_id"]) == ("geojson", mall_id)
    assert [item["level"] for item in report["items"]] == [1, 0, None]
    zones = (await client.get("/v1/zones", headers=world.sk_headers)).json()["items"]
    found = {z["properties"]["name"]: z["properties"] for z in zones}
    assert found["Here"]["metadata"] == {"level": "Level 1", "rent": 7}
    assert (found["Here"]["mall_id"], found["Outside"]["mall_id"]) == (mall_id, None)
    assert counts(await stored(client, world, areas, mall_id=mall_id), "unchanged") == {"zone": 3}
    nowhere = await bring(client, world, collection(feature(rectangle(), level=9)), mode="commit", mall_id=mall_id)
    assert nowhere.json()["errors"][0]["pointer"] == "#/features/0/properties/level"
    assert (await bring(client, world, areas, mall_id=id_of("none"))).status_code == 404


async def test_metadata_of_places(client: httpx.AsyncClient, session: Session) -> None:
    world = await make_world(session)
    response = await client.post("/v1/malls", json=MALL | {"metadata": {"a": 1, "b": 2}}, headers=world.sk_headers)
    mall = response.json()
    assert mall["metadata"] == {"a": 1, "b": 2}
    for path, body in (
        (f"malls/{mall['id']}/levels", feature(rectangle(), ordinal=0, name="G", short_name="G", metadata={"a": 1})),
        (f"malls/{mall['id']}/units", feature(rectangle(), level=0, category="void", metadata={"a": 1})),
        ("stores", feature(rectangle(), name="S", metadata={"a": 1})),
    ):
        created = (await client.post(f"/v1/{path}", json=body, headers=world.sk_headers)).json()
        assert created["properties"]["metadata"] == {"a": 1}
        url, headers = f"/v1/{path}/{created['id']}", world.sk_headers | {"If-Match": '"v1"'}
        patched = await client.patch(url, json={"properties": {"metadata": {"b": [2]}}}, headers=headers)
        assert patched.json()["properties"]["metadata"] == {"a": 1, "b": [2]}
    headers = world.sk_headers | {"If-Match": '"v1"'}
    patched = await client.patch(f"/v1/malls/{mall['id']}", json={"metadata": {"a": None, "c": 3}}, headers=headers)
    assert patched.json()["metadata"] == {"b": 2, "c": 3}


async def test_features_for_the_map(client: httpx.AsyncClient, session: Session) -> None:
    world = await make_world(session)
    mall_id = (await stored(client, world, archive(layers())))["mall_id"]
    url = f"/v1/malls/{mall_id}/features"
    everything = (await client.get(url, headers=world.sk_headers)).json()["items"]
    assert len(everything) == 10
    ground = (await client.get(url, params={"level": 0}, headers=world.sk_headers)).json()["items"]
    door = next(f for f in ground if f["properties"]["feature_type"] == "opening")
    assert door["geometry"]["type"] == "LineString"
    assert door["properties"]["properties"]["door"]["type"] == "sliding"
    address = next(f for f in everything if f["properties"]["feature_type"] == "address")
    assert address["geometry"] is None
    first = (await client.get(url, params={"limit": 4}, headers=world.sk_headers)).json()
    rest = (await client.get(url, params={"cursor": first["next"]}, headers=world.sk_headers)).json()
    assert [*first["items"], *rest["items"]] == everything


async def test_shops_neither_import_nor_export(client: httpx.AsyncClient, session: Session) -> None:
    world = await make_world(session)
    mall_id = await make_mall(client, world, 0)
    shop = await shop_headers(session, world, await make_store(client, world))
    content = json.dumps(collection(feature(rectangle(), name="Mine"))).encode()
    assert (await client.post("/v1/imports/venue", content=content, headers=shop)).status_code == 404
    assert (await client.get(f"/v1/malls/{mall_id}/export", headers=shop)).status_code == 404
    assert (await client.get(f"/v1/malls/{mall_id}/features", headers=shop)).status_code == 200


# --- round trips ------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("format_", ["geojson", "imdf"])
@pytest.mark.parametrize("body", [folder(DEMO), archive(layers()), imdf_sample.as_real_exporters_write_it()])
async def test_export_import_export_is_identical(
    client: httpx.AsyncClient, session: Session, body: bytes, format_: str
) -> None:
    ours, theirs = await make_world(session), await make_world(session)
    mall_id = (await stored(client, ours, body, publish=True))["mall_id"]
    first = await export(client, ours, mall_id, format_)
    there = await stored(client, theirs, first, publish=True)
    assert await export(client, theirs, there["mall_id"], format_) == first
    home = await stored(client, ours, first, publish=True)
    assert (counts(home, "added"), counts(home, "updated")) == ({}, {})
    both = ["geojson", "imdf"]
    for other in both:  # nothing was lost on the way, whichever way it is looked at
        assert await export(client, ours, mall_id, other) == await export(client, theirs, there["mall_id"], other)


async def make_odd_mall(client: httpx.AsyncClient, world: World) -> str:
    """A mall of everything that is hard to carry, nothing of it with an external id."""
    mall_id = await make_mall(client, world, -1, 0, 2)
    owner = (await client.post("/v1/owners", json={"name": "Nobody's & Sons"}, headers=world.sk_headers)).json()["id"]
    store_id = await make_store(
        client, world, name="Ünïcode <&> 商店", mall_id=mall_id, level=2, owner_id=owner, point=lonlat(3, 3),
        category="bakery", brand_color="#AABBCC", address="Somewhere", timezone="Asia/Tokyo",
        opening_hours=[{"days": ["fri", "mon"], "open": "22:00", "close": "02:00"}], metadata={"x": {"y": [1.5, None]}},
    )  # fmt: skip
    here = {"mall_id": mall_id}
    point = {"type": "Point", "coordinates": lonlat(5, 5)}
    hole = rectangle(0, 0, 30, 30)
    hole["coordinates"].append(rectangle(10, 10, 5, 5)["coordinates"][0][::-1])
    parts = {"type": "MultiPolygon", "coordinates": [hole["coordinates"], rectangle(-60)["coordinates"]]}
    schedule = {
        "valid_from": "2026-01-01T00:00:00Z",
        "hours": [{"days": ["mon"], "open": "09:00", "close": "24:00"}],
    }
    zones = [
        feature(parts, name="Parts", levels=[-1, 0, 2], **here),
        feature(point, name="Circle", levels=[0], radius_m=12.5, kind="events_area", **here),
        feature(hole, name="Rules", levels=[0], store_id=store_id, rules={"enter_s": 1, "dwell_s": [60, 5]}, **here),
        feature(rectangle(), name="Hours", levels=[2], schedule=schedule, tags=["b", "a"], color="#00FF00", **here),
        feature(rectangle(), name="Health", levels=[-1], sensitivity="health", metadata={"imdf": "no object"}, **here),
        feature(point, name="Catchment", radius_m=400, kind="catchment", store_id=store_id),
        feature(rectangle(200), name="Car park", kind="parking"),
    ]
    ids = [(await client.post("/v1/zones", json=zone, headers=world.sk_headers)).json()["id"] for zone in zones]
    for id_ in ids[1::2]:
        await client.post(f"/v1/zones/{id_}/publish", headers=world.sk_headers)
    edit = {"geometry": rectangle(0, 0, 7, 7), "properties": {"name": "Edited since", "radius_m": None}}
    headers = world.sk_headers | {"If-Match": '"v1"'}
    assert (await client.patch(f"/v1/zones/{ids[1]}", json=edit, headers=headers)).status_code == 200
    for body in (
        feature(point, name="A point", **here),
        feature(point, name="Upstairs", level=2, **here),
        feature(rectangle(50), name="No level", **here),
    ):
        assert (await client.post("/v1/stores", json=body, headers=world.sk_headers)).status_code == 201
    for category in ("corridor", "lift", "events_area", "void", "back_of_house", "other"):
        unit = feature(rectangle(), level=0, category=category, metadata={"n": category})
        assert (await client.post(f"/v1/malls/{mall_id}/units", json=unit, headers=world.sk_headers)).status_code == 201
    return mall_id


@pytest.mark.parametrize("format_", ["geojson", "imdf"])
async def test_nothing_is_lost_without_external_ids(client: httpx.AsyncClient, session: Session, format_: str) -> None:
    ours, theirs = await make_world(session), await make_world(session)
    mall_id = await make_odd_mall(client, ours)
    first = await export(client, ours, mall_id, format_)
    home = await stored(client, ours, first, publish=True)
    assert (counts(home, "added"), counts(home, "updated"), counts(home, "refused")) == ({}, {}, {})
    there = await stored(client, theirs, first, publish=True)
    assert counts(there, "added") == {"mall": 1, "owner": 1, "level": 3, "unit": 6, "store": 4, "zone": 7}
    assert await export(client, theirs, there["mall_id"], format_) == first
    query = select(ZoneVersion.name, Zone.published_version, Zone.version).join(
        Zone, (Zone.id == ZoneVersion.zone_id) & (Zone.published_version == ZoneVersion.version)
    )
    published = (await session.execute(query.where(Zone.tenant_id == theirs.tenant_id))).all()
    assert {tuple(row) for row in published} == {("Circle", 1, 2), ("Hours", 1, 1), ("Catchment", 1, 1)}
    unpublished = await make_world(session)
    await stored(client, unpublished, first)
    query = select(func.count()).select_from(Zone).where(Zone.published_version.is_not(None))
    assert (await session.execute(query.where(Zone.tenant_id == unpublished.tenant_id))).scalar() == 0


async def test_an_archive_goes_out_as_it_came(client: httpx.AsyncClient, session: Session) -> None:
    """Own ids, own members, own languages; all that is new is `geoengage`."""
    world = await make_world(session)
    mall_id = (await stored(client, world, archive(layers()), publish=True))["mall_id"]
    with zipfile.ZipFile(io.BytesIO(await export(client, world, mall_id, "imdf"))) as found:
        assert json.loads(found.read("manifest.json")) == imdf_sample.MANIFEST
        assert {name for name in found.namelist() if name != "manifest.json"} == {f"{t}.geojson" for t in layers()}
        for type_, features in layers().items():
            written = json.loads(found.read(f"{type_}.geojson"))["features"]
            for feature_ in written:
                feature_["properties"].pop("geoengage", None)
            assert written == sorted(features, key=lambda f: str(f["id"])), type_


async def test_a_made_archive_is_valid_imdf(client: httpx.AsyncClient, session: Session) -> None:
    world = await make_world(session)
    mall_id = await make_odd_mall(client, world)
    ids: Counter[str] = Counter()
    types: dict[str, str] = {}
    references: list[tuple[str, str]] = []
    wanted = {"level_id": "level", "unit_id": "unit", "anchor_id": "anchor", "address_id": "address"}
    many = {"level_ids": "level", "building_ids": "building", "unit_ids": "unit"}
    with zipfile.ZipFile(io.BytesIO(await export(client, world, mall_id, "imdf"))) as found:
        manifest = json.loads(found.read("manifest.json"))
        assert (manifest["version"], manifest["language"]) == ("1.0.0", "en")
        for name in found.namelist():
            for f in json.loads(found.read(name)).get("features", []):
                ids[f["id"]] += 1
                types[f["id"]] = f["feature_type"]
                assert name == f"{f['feature_type']}.geojson"
                assert set(imdf_sample.layers()[f["feature_type"]][0]["properties"]) <= set(f["properties"])
                assert (f["geometry"] is None) == (f["feature_type"] in ("address", "building", "occupant"))
                p = f["properties"]
                references += [(p[member], type_) for member, type_ in wanted.items() if p.get(member)]
                references += [(id_, type_) for member, type_ in many.items() for id_ in p.get(member) or []]
    assert set(ids.values()) == {1}
    assert references
    assert {(types[id_], type_) for id_, type_ in references} == {(t, t) for _, t in references}
    assert {"venue", "level", "unit", "kiosk", "anchor", "occupant", "geofence", "footprint"} <= set(types.values())


async def test_what_another_program_changed_in_our_archive(client: httpx.AsyncClient, session: Session) -> None:
    """Names and the outlines of circles count as they are in the archive; our own words for the rest."""
    world = await make_world(session)
    mall_id = await make_mall(client, world, 0)
    point = {"type": "Point", "coordinates": lonlat(0, 0)}
    circle = feature(point, name="Circle", mall_id=mall_id, levels=[0], radius_m=5, external_id="c", tags=["t"])
    assert (await client.post("/v1/zones", json=circle, headers=world.sk_headers)).status_code == 201
    with zipfile.ZipFile(io.BytesIO(await export(client, world, mall_id, "imdf"))) as found:
        files = {name: found.read(name) for name in found.namelist()}
    fences = json.loads(files["geofence.geojson"])
    fences["features"][0]["properties"]["name"] = {"en": "Square"}
    fences["features"][0]["geometry"] = rectangle()
    files["geofence.geojson"] = json.dumps(fences).encode()
    report = await stored(client, world, zipped(files))
    assert counts(report, "updated") == {"zone": 1}
    (zone,) = (await client.get("/v1/zones", headers=world.sk_headers)).json()["items"]
    assert (zone["properties"]["name"], zone["properties"]["radius_m"]) == ("Square", None)
    assert (zone["properties"]["tags"], zone["geometry"]["type"]) == (["t"], "Polygon")


# --- documents of others ----------------------------------------------------------------------------------------------


def conformance(kind: str) -> list[Path]:
    return sorted((shared_data("geojson_conformance") / "test" / "data" / kind).glob("*.geojson"))


async def test_each_bad_document_is_refused_with_its_place(client: httpx.AsyncClient, session: Session) -> None:
    world = await make_world(session)
    found = conformance("bad")
    assert len(found) == 44
    for path in found:
        body = path.read_bytes()
        response = await bring(client, world, body, mode="commit")
        assert response.status_code == 422, path.name
        for error in response.json()["errors"]:
            at_line = {"line", "column"} <= set(error)
            assert at_line or resolves(json.loads(body), error["pointer"]), (path.name, error)
    assert await rows(session, world, Zone) == 0


def resolves(value: Any, pointer: str) -> bool:
    """Whether a JSON pointer leads to something in a document."""
    for step in pointer.removeprefix("#").split("/")[1:]:
        try:
            value = value[int(step)] if isinstance(value, list) else value[step.replace("~1", "/").replace("~0", "~")]
        except (KeyError, IndexError, TypeError, ValueError):
            return False
    return pointer.startswith("#")


HAVE_AREAS = {"good-polygon", "multipolygon", "good-featurecollection", "good-featurecollection-extensions"}
BEYOND_THE_EARTH = "issue82"  # good JSON of areas at latitudes below -90


async def test_each_good_document_is_taken_if_it_holds_areas(client: httpx.AsyncClient, session: Session) -> None:
    found = conformance("good")
    assert len(found) == 18
    for path in found:
        world = await make_world(session)
        preview = await bring(client, world, path.read_bytes(), mode="preview")
        assert preview.status_code == 200, path.name
        has_areas = path.stem in HAVE_AREAS
        answer = await bring(client, world, path.read_bytes(), mode="commit")
        assert answer.status_code == (200 if has_areas else 422), path.name
        report = answer.json() if has_areas else answer.json()["report"]
        assert sum(counts(report, "added").values()) == has_areas, path.name
        assert await rows(session, world, Zone) == has_areas, path.name
        others = [note["detail"] for note in report["warnings"]]
        others += [p["detail"] for item in report["items"] for p in item["problems"]]
        if path.stem == BEYOND_THE_EARTH:
            assert "latitude -107.209 is outside -90 to 90" in others[0]
        else:
            assert all("not an area" in detail for detail in others)


async def test_one_feature_alone_keeps_its_name(client: httpx.AsyncClient, session: Session) -> None:
    world = await make_world(session)
    ring = [[8.5, 47.4], [8.51, 47.4], [8.51, 47.41], [8.5, 47.4]]
    feature = {
        "type": "Feature",
        "geometry": {"type": "Polygon", "coordinates": [ring]},
        "properties": {"name": "Yard"},
    }
    report = await stored(client, world, json.dumps(feature).encode())
    assert [item["name"] for item in report["items"]] == ["Yard"]


async def test_a_real_mall_of_five_floors(client: httpx.AsyncClient, session: Session) -> None:
    """mall_xixi as it was published: README's counts, and whom the surveyors' positions hit."""
    source = shared_data("mall_xixi")
    world = await make_world(session)
    how = {"name": "Xixi", "timezone": "Asia/Shanghai", "categories": CATEGORIES.read_text()}
    assert (await bring(client, world, folder(source), mode="commit")).json()["errors"][0]["pointer"] == "name"
    report = await stored(client, world, folder(source), **how)
    assert counts(report, "added") == {"mall": 1, "level": 5, "unit": 1_043, "store": 243}
    assert sum(int(note["detail"].split("(")[1].split()[0]) for note in report["warnings"]) == 1_224
    assert {note["detail"].split(":")[0] for note in report["warnings"]} == {
        "a crs member names another system while the numbers are degrees"
    }
    (entities,) = [item for item in report["items"] if item["problems"]]
    assert (entities["name"], entities["level"]) == ("CHOW&RAY", 0)
    assert "'CHOW&amp;RAY' is taken as 'CHOW&RAY'" in entities["problems"][0]["detail"]
    mall = (await client.get(f"/v1/malls/{report['mall_id']}", headers=world.sk_headers)).json()
    assert mall["bearing_deg"] == pytest.approx(12, abs=1)  # its long side runs that way
    query = select(Unit.category, func.count()).where(Unit.tenant_id == world.tenant_id).group_by(Unit.category)
    units = {row.category: row.count for row in await session.execute(query)}
    assert (units["parking"], units["restroom"], units["void"]) == (495, 34, 32)
    assert await hits(session, world, source) == (21, 15, {-1: 14, 1: 4, 2: 3})
    again = await stored(client, world, folder(source), **how)
    assert (counts(again, "added"), counts(again, "updated")) == ({}, {})


async def hits(session: Session, world: World, source: Path) -> tuple[int, int, dict[int, int]]:
    """Positions inside a store on their own floor, pairs of walk and store, positions per level; by PostGIS."""
    ordinals = {"B1": -1, "F1": 0, "F2": 1, "F3": 2, "F4": 3}
    lines = [line.split(",") for line in (source / "walks.csv").read_text().splitlines()[1:]]
    positions = [(walk, ordinals[floor], float(lon), float(lat)) for floor, walk, _, lon, lat in lines]
    walks, levels, lons, lats = (list(column) for column in zip(*positions, strict=True))
    query = text(
        "SELECT p.walk, p.level, s.id FROM unnest(:walks ::text[], :levels ::int[], :lons ::float8[], :lats ::float8[])"
        " AS p (walk, level, lon, lat) JOIN store AS s ON s.tenant_id = :tenant_id AND s.level = p.level"
        " AND ST_Contains(s.footprint, ST_SetSRID(ST_MakePoint(p.lon, p.lat), 4326))"
    )
    values = {"walks": walks, "levels": levels, "lons": lons, "lats": lats, "tenant_id": world.tenant_id}
    found = (await session.execute(query, values)).all()
    return len(found), len({(walk, id_) for walk, _, id_ in found}), dict(Counter(level for _, level, _ in found))


async def test_unknown_categories_are_told(client: httpx.AsyncClient, session: Session) -> None:
    world = await make_world(session)
    plan = collection(
        {**feature(rectangle(-50, -50, 100, 100), category="floor", name="F1"), "id": "floor"},
        {**feature(rectangle(), category=["what"], name="A &amp; B"), "id": "u"},
    )
    body = zipped({"F1/geojson_map.json": json.dumps(plan).encode()})
    report = (await bring(client, world, body, name="Plan")).json()
    assert counts(report, "added") == {"mall": 1, "level": 1, "unit": 1}
    assert report["warnings"][0]["detail"] == "what the category 'what' is nobody says"
    report = (await bring(client, world, body, name="Plan", categories='{"what": "store"}')).json()
    assert counts(report, "added") == {"mall": 1, "level": 1, "store": 1}
    for wrong in ('{"what": "shop"}', "[]", "{"):
        assert (await bring(client, world, body, name="Plan", categories=wrong)).status_code == 422


@pytest.mark.parametrize("format_", ["geojson", "imdf"])
async def test_whatever_is_broken_is_refused_and_never_our_fault(
    client: httpx.AsyncClient, session: Session, format_: str
) -> None:
    """Exports with something wrong in them are taken or refused, and what was taken can be exported again."""
    home = await make_world(session)
    good = await export(client, home, (await stored(client, home, archive(layers())))["mall_id"], format_)
    world, taken = await make_world(session), 0
    for seed in range(40):
        random = Random(seed)
        if format_ == "geojson":
            body = json.dumps(imdf_sample.mutated(json.loads(good), random)).encode()
        else:
            with zipfile.ZipFile(io.BytesIO(good)) as found:
                files = {name: found.read(name) for name in found.namelist()}
            for name in random.sample(sorted(files), 3):
                files[name] = json.dumps(imdf_sample.mutated(json.loads(files[name]), random)).encode()
            body = zipped(files)
        response = await bring(client, world, body, mode="commit", skip_invalid=True, publish=True)
        assert response.status_code in (200, 422), (seed, response.text[:1000])
        if response.status_code == 422:
            assert response.json()["errors"], seed
            continue
        mall_id = response.json()["mall_id"]
        for other in ("geojson", "imdf") if mall_id else ():
            await export(client, world, mall_id, other)
        taken += 1
    assert 10 < taken < 40


async def test_the_one_file_form_is_the_same_mall(client: httpx.AsyncClient, session: Session) -> None:
    world = await make_world(session)
    await stored(client, world, archive(layers(), {**imdf_sample.MANIFEST, "language": "en"}))
    again = await stored(client, world, document(layers()))
    assert counts(again, "added") == {}
    assert counts(again, "unchanged") == {"level": 2, "unit": 3, "store": 2, "zone": 4, "feature": 10}


async def test_larger_bodies_are_taken_here_only(client: httpx.AsyncClient, session: Session) -> None:
    world = await make_world(session)
    padding = b" " * 6_000_000
    body = json.dumps(collection(feature(rectangle(), name="Padded"))).encode() + padding
    assert (await bring(client, world, body)).status_code == 200
    assert (await client.post("/v1/zones", content=body, headers=world.sk_headers)).status_code == 413
    assert (await bring(client, world, b" " * 50_000_001)).status_code == 413
