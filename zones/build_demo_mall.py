"""Writes `zones/demo_mall/`: python zones/build_demo_mall.py. Pure: the same plan gives the same bytes.

Geometry is made in metres of the mall frame, then turned to lon, lat with 8 decimals (about 1 mm). Shops are
the plan's boxes cut by the public floor and drawn in by a wall, so no two of them touch. Rings follow the
right-hand rule.
"""

import json
from collections.abc import Iterable
from itertools import combinations, pairwise
from pathlib import Path
from typing import Any

import shapely
from demo_mall_campaigns import CAMPAIGNS
from demo_mall_plan import (
    ATRIUM_M,
    BAR,
    BEACON_SHOPS,
    BEACON_UUID,
    BEVEL_M,
    BULGE,
    CAR_PARK,
    CHECK_INS,
    DWELL_S,
    EAST_ANCHOR,
    EVENTS_M,
    LEVELS,
    LIFTS,
    MALL,
    OWNERS,
    ROOF_EAST,
    SENSITIVITY,
    SHOPS,
    STORE_ZONES,
    STREET_STORES,
    UNITS,
    VOID_M,
    WEST_ANCHOR,
    Shop,
)
from shapely import Geometry, LineString, MultiPolygon, Polygon, box
from shapely.geometry import mapping

from geoengage.kit.geo import Frame

OUT = Path(__file__).parent / "demo_mall"
OUTER_WALL_M = 0.4
INNER_WALL_M = 0.12
FRONT_M = 1.6  # how far a shop's zone reaches out of its door
PUBLIC = ("corridor", "entrance", "lift", "escalator", "stairs", "restroom", "events_area", "other")

frame = Frame(*MALL["origin"], MALL["bearing_deg"])


def octagon(half_m: float) -> Polygon:
    k = half_m * (2**0.5 - 1)
    quarter = [(half_m, k), (k, half_m)]
    return Polygon([p for x, y in quarter for p in ((x, y), (-x, y), (x, -y), (-x, -y))]).convex_hull


def grown(shape: Geometry, by_m: float) -> Geometry:
    return shape.buffer(by_m, join_style="mitre")


def outline(level: int) -> Polygon:
    """The outer edge: a bar, a bulge, two ends with bevelled corners; floor 2 stops short in the east."""
    ends = shapely.union_all([box(*WEST_ANCHOR), box(*EAST_ANCHOR)])
    bevelled = ends.convex_hull.buffer(-BEVEL_M).buffer(BEVEL_M, quad_segs=1)
    whole = shapely.union_all([box(*BAR), box(*BULGE), ends]) & (bevelled | box(*BULGE))
    return whole - box(*ROOF_EAST) if level == 2 else whole


def hole_makers(level: int) -> Geometry:
    """What is cut out of the corridors: lifts, escalators, voids, the events area and kiosks."""
    cuts = [box(*u.box) for u in UNITS if level in u.levels and u.category in ("lift", "escalator", "void")]
    cuts.append(octagon(VOID_M if level else EVENTS_M))
    cuts += [box(*s.box) for s in SHOPS if s.level == level and is_kiosk(s)]
    return shapely.union_all(cuts)


def is_kiosk(shop: Shop) -> bool:
    return max(abs(shop.box[1]), abs(shop.box[3])) < 7


def units_of(level: int) -> list[tuple[str, str, str, Geometry]]:
    """(slug, name, category, shape) of every unit of a level, in metres."""
    spine = shapely.union_all([box(*u.box) for u in UNITS if u.slug in ("west-mall", "east-mall")])
    atrium, holes = octagon(ATRIUM_M), hole_makers(level)
    found = [("atrium", "Atrium", "corridor", atrium - holes)]
    if level:
        lifts = box(*next(u.box for u in UNITS if u.slug == "lift-atrium"))
        found.append(("void-atrium", "Atrium void", "void", octagon(VOID_M) - lifts))
    else:
        found.append(("events-area", "Events area", "events_area", octagon(EVENTS_M)))
    for unit in UNITS:
        if level not in unit.levels:
            continue
        shape = box(*unit.box)
        if unit.category == "corridor":
            shape = shape - atrium - holes
        if unit.slug == "food-court":
            shape = shape - spine
        if unit.slug.startswith("service"):
            cores = [box(*u.box) for u in UNITS if u.category in ("lift", "stairs", "restroom")]
            shape = grown(shape - shapely.union_all(cores), -INNER_WALL_M) & grown(outline(level), -OUTER_WALL_M)
        found.append((unit.slug, unit.name, unit.category, shape))
    return found


def public_floor(level: int) -> Geometry:
    return shapely.union_all([shape for _, _, category, shape in units_of(level) if category in PUBLIC])


def footprint(shop: Shop) -> Polygon:
    if is_kiosk(shop):
        return grown(box(*shop.box), -INNER_WALL_M)
    taken = public_floor(shop.level) | octagon(ATRIUM_M)
    return grown((box(*shop.box) & grown(outline(shop.level), -OUTER_WALL_M)) - taken, -INNER_WALL_M)


def zone_of(shop: Shop) -> Polygon:
    """The shop's floor and a strip of the corridor before its front."""
    inside = grown(footprint(shop), INNER_WALL_M)
    walks = [g for _, _, category, g in units_of(shop.level) if category == "corridor"]
    corridor = shapely.union_all(walks)
    sides = [LineString(ends) & grown(corridor, 0.05) for ends in pairwise(inside.exterior.coords)]
    fronts = [side for side in sides if side.length > 0.3]
    corners = shapely.union_all([one & other for one, other in combinations(fronts, 2)])
    strips = [front.buffer(FRONT_M, cap_style="flat") for front in fronts]
    whole = shapely.union_all([inside, shapely.union_all([*strips, corners.buffer(FRONT_M, quad_segs=2)]) & corridor])
    return shapely.simplify(grown(grown(whole, 0.05), -0.05), 0.02)


def geojson(shape: Geometry) -> dict[str, Any]:
    """Metres to lon, lat; rings start at a fixed corner and follow the right-hand rule."""
    moved = shapely.orient_polygons(shapely.normalize(frame.geometry_to_lonlat(shape)))
    return _rounded(mapping(moved))


def _rounded(value: Any) -> Any:
    if isinstance(value, float):
        return round(value, 8)
    if isinstance(value, dict):
        return {key: _rounded(item) for key, item in value.items()}
    return [_rounded(item) for item in value] if isinstance(value, (list, tuple)) else value


def feature(shape: Geometry, properties: dict[str, Any]) -> dict[str, Any]:
    return {"type": "Feature", "geometry": geojson(shape), "properties": properties}


def level_features() -> Iterable[dict[str, Any]]:
    for ordinal, (name, short_name) in LEVELS.items():
        named = {"name": name, "short_name": short_name}
        yield feature(outline(ordinal), {"mall_external_id": MALL["external_id"], "ordinal": ordinal, **named})


def unit_features() -> Iterable[dict[str, Any]]:
    for level in LEVELS:
        for slug, name, category, shape in units_of(level):
            named = {"level": level, "category": category, "name": name}
            yield feature(shape, {**_ref(f"un-{level}-{slug}"), **named})


def store_features() -> Iterable[dict[str, Any]]:
    numbers = dict.fromkeys(LEVELS, 0)
    for shop in SHOPS:
        numbers[shop.level] += 1
        shape = footprint(shop)
        middle = shape.centroid if shape.contains(shape.centroid) else shape.representative_point()
        number = f"{LEVELS[shop.level][1]}{numbers[shop.level]:02d}"
        yield feature(
            shape,
            {
                **_ref(f"st-{shop.slug}"),
                "owner_external_id": shop.owner,
                "name": shop.name,
                "level": shop.level,
                "point": geojson(middle)["coordinates"],
                "address": f"{MALL['address']}, unit {number}",
                "category": shop.category,
                "brand_color": shop.color,
                "timezone": MALL["timezone"],
                "opening_hours": shop.hours,
            },
        )


def store_zones() -> Iterable[dict[str, Any]]:
    for slug in STORE_ZONES:
        shop = next(shop for shop in SHOPS if shop.slug == slug)
        properties = {
            **_ref(f"zn-{slug}"),
            "store_external_id": f"st-{slug}",
            "name": shop.name,
            "kind": "store",
            "levels": [shop.level],
            "tags": [shop.category],
            "sensitivity": SENSITIVITY.get(slug, "none"),
            "color": shop.color,
            "rules": {"dwell_s": DWELL_S[slug]} if slug in DWELL_S else {},
        }
        yield feature(zone_of(shop), properties)


def public_zones() -> Iterable[dict[str, Any]]:
    """Zones of the mall itself; the car park is outdoors, so it has neither mall nor level."""

    def made(shape: Geometry, slug: str, name: str, kind: str, levels: list[int], **more: Any) -> dict[str, Any]:
        return feature(shape, {**_ref(f"zn-{slug}"), "name": name, "kind": kind, "levels": levels, **more})

    ground = {slug: shape for slug, _, _, shape in units_of(0)}
    doors = [grown(shape, 0.3) for slug, shape in ground.items() if slug.startswith("entrance")]
    yield made(MultiPolygon(doors), "entrances", "Entrances", "entrance", [0], color="#1565c0")
    yield made(
        octagon(EVENTS_M),
        "events",
        "Events area",
        "events_area",
        [0],
        color="#8e24aa",
        rules={"dwell_s": [60]},
    )
    yield made(ground["west-mall"].envelope, "west-mall", "West mall", "corridor", [0], color="#5c6bc0")
    food = next(shape for slug, _, _, shape in units_of(2) if slug == "food-court")
    yield made(food, "food-court", "Food court", "other", [2], color="#ef6c00", tags=["food"])
    gallery = next(shape for slug, _, _, shape in units_of(1) if slug == "east-mall")
    yield made(gallery, "east-galleries", "East galleries", "corridor", [1, 2], color="#26a69a")
    yield made(shapely.Point(0, -31), "welcome", "Welcome circle", "other", [0], color="#00897b", radius_m=9)
    park = made(
        box(*CAR_PARK) - grown(outline(0), 3),
        "car-park",
        "Car park",
        "parking",
        [],
        color="#607d8b",
        tags=["outdoor"],
    )
    del park["properties"]["mall_external_id"]
    yield park


def evidence_points() -> Iterable[dict[str, Any]]:
    """Beacons in small shops and in the lifts of every floor, and codes to check in with. Known by name."""

    def made(name: str, level: int, place: Geometry, **more: Any) -> dict[str, Any]:
        return feature(place, {"name": name, "mall_external_id": MALL["external_id"], "level": level, **more})

    def beacon(name: str, level: int, place: Geometry, minor: int, shop: str | None) -> dict[str, Any]:
        identity = {"kind": "beacon", "uuid": BEACON_UUID, "major": level, "minor": minor}
        return made(name, level, place, store_external_id=shop and f"st-{shop}", **identity)

    for number, slug in enumerate(BEACON_SHOPS, 1):
        shop = next(shop for shop in SHOPS if shop.slug == slug)
        yield beacon(f"Beacon {shop.name}", shop.level, footprint(shop).centroid, number, slug)
    for number, slug in enumerate(LIFTS, 101):
        unit = next(unit for unit in UNITS if unit.slug == slug)
        for level, (_, short_name) in LEVELS.items():
            yield beacon(f"Beacon {unit.name} {short_name}", level, box(*unit.box).centroid, number, None)
    for name, shop_slug, level, place in CHECK_INS:
        store = shop_slug and f"st-{shop_slug}"
        yield made(name, level, shapely.Point(*place), kind="check_in", store_external_id=store)


def _ref(external_id: str) -> dict[str, Any]:
    return {"external_id": external_id, "mall_external_id": MALL["external_id"]}


def feature_collection(features: Iterable[dict[str, Any]]) -> str:
    """One feature a line, so that a diff shows which shop moved."""
    lines = ",\n".join(json.dumps(item, ensure_ascii=False) for item in features)
    return f'{{"type": "FeatureCollection", "features": [\n{lines}\n]}}\n'


def plain(value: Any) -> str:
    return json.dumps(value, ensure_ascii=False, indent=2) + "\n"


def files() -> dict[str, str]:
    """The text of every file of the demo mall by name."""
    return {
        "mall.json": plain(MALL),
        "owners.json": plain([{"external_id": key, "name": name} for key, name in OWNERS.items()]),
        "levels.geojson": feature_collection(level_features()),
        "units.geojson": feature_collection(unit_features()),
        "stores.geojson": feature_collection(store_features()),
        "zones.geojson": feature_collection([*store_zones(), *public_zones()]),
        "evidence_points.geojson": feature_collection(evidence_points()),
        "campaigns.json": plain(CAMPAIGNS),
        "street_stores.csv": "".join(f"{','.join(line)}\n" for line in STREET_STORES),
    }


if __name__ == "__main__":
    OUT.mkdir(exist_ok=True)
    for file_name, text in files().items():
        (OUT / file_name).write_text(text, encoding="utf-8")
