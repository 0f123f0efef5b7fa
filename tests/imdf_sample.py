"""A small but complete IMDF archive, as a good exporter writes it, and the same as real ones do."""

import copy
import io
import json
import zipfile
from random import Random
from typing import Any

from geoengage.kit.geo import Frame
from geoengage.kit.ids import derived_id

FRAME = Frame(12.439, 51.426, 27)
Json = dict[str, Any]
Layers = dict[str, list[Json]]
MANIFEST: Json = {
    "version": "1.0.0", "created": "2026-03-02T12:00:00Z", "language": "de", "generated_by": "by hand",
    "extensions": None,
}  # fmt: skip


def id_of(name: str) -> str:
    return str(derived_id("imdf sample", name))


def at(x: float, y: float) -> list[float]:
    lon, lat = FRAME.to_lonlat(x, y)
    return [round(float(lon), 9), round(float(lat), 9)]


def box(x: float, y: float, width: float, height: float) -> Json:
    corners = [(0, 0), (width, 0), (width, height), (0, height), (0, 0)]
    return {"type": "Polygon", "coordinates": [[at(x + dx, y + dy) for dx, dy in corners]]}


def point(x: float, y: float) -> Json:
    return {"type": "Point", "coordinates": at(x, y)}


def line(x: float, y: float, length: float) -> Json:
    return {"type": "LineString", "coordinates": [at(x, y), at(x + length, y)]}


def feature(type_: str, called: str, geometry: Json | None, /, **properties: Any) -> Json:
    """A feature with the id of what it is called here."""
    return {
        "type": "Feature", "id": id_of(called), "feature_type": type_, "geometry": geometry, "properties": properties,
    }  # fmt: skip


def named(text: str | None, **others: str) -> Json | None:
    return None if text is None else {"de": text, **others}


def layers() -> Layers:
    """All types of IMDF 1.0.0, every required member there."""
    area = {"restriction": None, "alt_name": None, "display_point": None}
    reachable: Json = {"hours": None, "phone": None, "website": None}
    on = {"level_id": id_of("level 0")}
    above = {"level_id": id_of("level 1")}
    level = {
        "category": "unspecified", "restriction": None, "outdoor": False, "display_point": None, "address_id": None,
        "building_ids": [id_of("building")],
    }  # fmt: skip
    unit = {**area, "accessibility": None}
    anchor = {"address_id": None}
    occupant = {**reachable, "validity": None, "correlation_id": None}
    amenity = {"accessibility": None, "alt_name": None, "address_id": None, "correlation_id": None, **reachable}
    fence = {**area, "correlation_id": None, "building_ids": None, "parents": None}
    return {
        "address": [
            feature("address", "address", None, address="Ahornallee 1", unit=None, locality="Leipzig",
                    province="DE-SN", country="DE", postal_code="04356", postal_code_ext=None,
                    postal_code_vanity=None),
        ],
        "venue": [
            feature("venue", "venue", box(-60, -35, 120, 70), category="shoppingcenter",
                    name=named("Ulmenhof", en="Elms"), address_id=id_of("address"),
                    **{**area, "display_point": point(0, 0)}, **reachable),
        ],
        "building": [
            feature("building", "building", None, name=named("Haus"), alt_name=None, category="unspecified",
                    restriction=None, display_point=point(0, 0), address_id=id_of("address")),
        ],
        "footprint": [
            feature("footprint", "footprint", box(-60, -35, 120, 70), category="ground", name=None,
                    building_ids=[id_of("building")]),
        ],
        "level": [
            feature("level", "level 0", box(-50, -25, 100, 50), ordinal=0, name=named("Erdgeschoss"),
                    short_name=named("EG"), **level),
            feature("level", "level 1", box(-50, -25, 100, 50), ordinal=1, name=named("Obergeschoss"),
                    short_name=named("OG"), **level),
        ],
        "unit": [
            feature("unit", "aisle", box(-50, -3, 100, 6), category="walkway", name=None, **unit, **on),
            feature("unit", "lift", box(46, -3, 3, 3), category="elevator", name=named("Lift"), **unit, **on),
            feature("unit", "toilets", box(30, 10, 8, 8), category="restroom.female", name=None, **unit, **on),
            feature("unit", "room of bakery", box(-40, 5, 12, 10), category="foodservice", name=None, **unit, **on),
        ],
        "kiosk": [
            feature("kiosk", "stall", box(0, -1, 2, 2), name=None, alt_name=None, anchor_id=id_of("anchor of stall"),
                    display_point=None, **above),
        ],
        "anchor": [
            feature("anchor", "anchor of bakery", point(-38, 7), unit_id=id_of("room of bakery"), **anchor),
            feature("anchor", "anchor of stall", point(1, 0), unit_id=None, **anchor),
        ],
        "occupant": [
            feature("occupant", "bakery", None, name=named("Bäckerei Ulme"), category="bakery",
                    anchor_id=id_of("anchor of bakery"), **{**occupant, "hours": "Mo-Sa 07:00-18:00", "validity":
                    {"start": "2026-01-01T00:00:00Z", "end": None, "modified": None}}),
            feature("occupant", "juice", None, name=named("Saftstand"), category="juicebar",
                    anchor_id=id_of("anchor of stall"), **occupant),
        ],
        "opening": [
            feature("opening", "door", line(-2, -25, 4), category="pedestrian.principal", accessibility=None,
                    access_control=None, door={"type": "sliding", "automatic": True, "material": "glass"},
                    name=None, alt_name=None, display_point=None, **on),
        ],
        "amenity": [
            feature("amenity", "cash", point(-45, 0), category="atm", name=named("Geldautomat"),
                    unit_ids=[id_of("aisle")], **amenity),
        ],
        "geofence": [
            feature("geofence", "both floors", box(-20, -10, 40, 20), category="concourse", name=named("Mitte"),
                    level_ids=[id_of("level 0"), id_of("level 1")], **{**fence, "correlation_id": id_of("elsewhere")}),
            feature("geofence", "toilet zone", box(30, 10, 8, 8), category="restroom", name=None,
                    level_ids=[id_of("level 0")], **{**fence, "parents": [id_of("both floors")]}),
            feature("geofence", "everywhere", box(-50, -25, 100, 50), category="geofence", name=named("Ganz"),
                    level_ids=None, **fence),
        ],
        "section": [
            feature("section", "quiet", box(-30, -20, 10, 10), category="prayerroom", name=named("Andacht"),
                    accessibility=None, address_id=None, correlation_id=None, parents=None, **area, **above),
        ],
        "fixture": [
            feature("fixture", "bench", box(10, -1, 2, 1), category="furniture", name=None, alt_name=None,
                    anchor_id=None, display_point=None, **on),
        ],
        "detail": [feature("detail", "edge", line(-50, 3, 100), **on)],
        "relationship": [
            feature("relationship", "up", None, category="elevator", direction="undirected",
                    origin={"id": id_of("lift"), "feature_type": "unit"}, intermediary=[],
                    destination={"id": id_of("lift"), "feature_type": "unit"}, hours=None),
        ],
    }  # fmt: skip


def collection(features: list[Json]) -> Json:
    return {"type": "FeatureCollection", "features": features}


def archive(content: Layers, manifest: Json | None = MANIFEST) -> bytes:
    """The ZIP of it."""
    files = {f"{type_}.geojson": json.dumps(collection(features)).encode() for type_, features in content.items()}
    if manifest is not None:
        files["manifest.json"] = json.dumps(manifest).encode()
    return zipped(files)


def document(content: Layers) -> bytes:
    """The one-file form."""
    return json.dumps(collection([feature for features in content.values() for feature in features])).encode()


def zipped(files: dict[str, bytes]) -> bytes:
    content = io.BytesIO()
    with zipfile.ZipFile(content, "w", zipfile.ZIP_DEFLATED) as target:
        for name, data in files.items():
            target.writestr(name, data)
    return content.getvalue()


def as_real_exporters_write_it() -> bytes:
    """The same with what they leave out and put in: in a folder, with a BOM, without what should be null."""
    content = copy.deepcopy(layers())
    for feature in content["unit"]:
        del feature["feature_type"], feature["properties"]["alt_name"]
    content["unit"][1]["properties"]["category"] = "paternoster"
    content["level"][1]["properties"]["short_name"] = None
    content["occupant"][0]["geometry"] = {"type": "Point", "coordinates": []}
    content["occupant"][0]["properties"]["validity"]["start"] = "2026-01-01T00:00:00"
    content["amenity"][0]["geometry"] = {"type": "Point", "coordinates": []}
    content["geofence"][1]["geometry"] = {"type": "Polygon", "coordinates": []}
    content["fixture"][0]["geometry"]["crs"] = {"type": "name", "properties": {"name": "EPSG:3857"}}
    content["occupant"].append(feature_without_a_place())
    files = {
        f"Ulmenhof/{type_}.geojson": b"\xef\xbb\xbf" + json.dumps(collection(features)).encode()
        for type_, features in content.items()
    }
    files["Ulmenhof/manifest.json"] = json.dumps(MANIFEST | {"created": "2026-03-02T12:00:00"}).encode()
    files["__MACOSX/Ulmenhof/._unit.geojson"] = b"\x00\x05\x16\x07"
    files["Ulmenhof/.DS_Store"] = b"\x00"
    files["Ulmenhof/readme.txt"] = b"hello"
    return zipped(files)


def feature_without_a_place() -> Json:
    return feature(
        "occupant", "lost", None, name=named("Irgendwo"), category="shop", anchor_id=None, hours=None, phone=None,
        website=None, validity=None, correlation_id=None,
    )  # fmt: skip


def mutated(value: Any, random: Random) -> Any:
    """The same with something wrong somewhere."""
    junk: list[Any] = [None, True, -1, 1e300, "", "x" * 300, [], {}, [[]], {"a": [1]}, ["x", {}]]
    if random.random() < 0.1:
        return random.choice(junk)
    if isinstance(value, dict) and value:
        key = random.choice(sorted(value))
        return {k: v for k, v in value.items() if k != key} | (
            {key: mutated(value[key], random)} if random.random() < 0.9 else {}
        )
    if isinstance(value, list) and value:
        i = random.randrange(len(value))
        return [*value[:i], mutated(value[i], random), *value[i + 1 :]]
    return random.choice(junk)
