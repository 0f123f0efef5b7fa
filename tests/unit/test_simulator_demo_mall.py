"""The demo mall's files: built from the plan, valid, and consistent with one another."""

import json
import sys
from itertools import combinations
from pathlib import Path
from typing import Any

import pytest
import shapely

from geoengage.kit.geo import Frame

ZONES = Path(__file__).resolve().parents[2] / "zones"
FILES = {path.name: path.read_text() for path in sorted((ZONES / "demo_mall").iterdir())}
MALL = json.loads(FILES["mall.json"])
FRAME = Frame(*MALL["origin"], MALL["bearing_deg"])
Shapes = list[tuple[dict[str, Any], Any]]


def shapes(name: str) -> Shapes:
    found = json.loads(FILES[f"{name}.geojson"])["features"]
    return [(f["properties"], FRAME.geometry_to_metres(shapely.from_geojson(json.dumps(f)))) for f in found]


def ids(name: str) -> set[str]:
    return {str(p.get("external_id", p.get("ordinal"))) for p, _ in shapes(name)}  # a level is known by its ordinal


def test_building_again_gives_the_same_bytes(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sys, "path", [str(ZONES), *sys.path])
    import build_demo_mall

    assert build_demo_mall.files() == FILES


@pytest.mark.parametrize("name", ["levels", "units", "stores", "zones"])
def test_shapes_are_valid_and_wound_right(name: str) -> None:
    for properties, area in shapes(name):
        assert area.is_valid, properties
        for part in shapely.get_parts(area):
            if part.geom_type == "Polygon":
                assert part.exterior.is_ccw
                assert not any(hole.is_ccw for hole in part.interiors)
    assert len(ids(name)) == len(shapes(name))


@pytest.mark.parametrize("level", [0, 1, 2])
def test_nothing_overlaps_and_all_is_inside(level: int) -> None:
    outline = next(area for properties, area in shapes("levels") if properties["ordinal"] == level)
    stores = [area for properties, area in shapes("stores") if properties["level"] == level]
    units = [area for properties, area in shapes("units") if properties["level"] == level]
    assert all(outline.buffer(0.01).covers(area) for area in (*stores, *units))
    assert not any(one.intersects(other) for one, other in combinations(stores, 2))
    assert not any(one.intersects(other) for one in stores for other in units)
    assert all(one.intersection(other).area < 0.01 for one, other in combinations(units, 2))


def test_references_lead_somewhere() -> None:
    stores, zones = ids("stores"), ids("zones")
    owners = {owner["external_id"] for owner in json.loads(FILES["owners.json"])}
    assert {p["owner_external_id"] for p, _ in shapes("stores")} == owners | {None}
    assert {p["store_external_id"] for p, _ in shapes("zones") if "store_external_id" in p} <= stores
    for campaign in json.loads(FILES["campaigns.json"]):
        assert campaign["store_external_id"] in stores | {None}
        assert set(campaign["trigger"]["zone_external_ids"]) <= zones


def test_dwell_campaigns_wait_for_a_mark_their_zone_has() -> None:
    marks = {p["external_id"]: p.get("rules", {}).get("dwell_s", []) for p, _ in shapes("zones")}
    dwelled = [c["trigger"] for c in json.loads(FILES["campaigns.json"]) if c["trigger"]["kind"] == "dwelled"]
    assert dwelled
    assert all(t["dwell_s"] in marks[zone] for t in dwelled for zone in t["zone_external_ids"])
