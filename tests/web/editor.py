"""What the tests of the zone editor share: the editor without shoppers in the way, saved zones in the mall's metres."""

import struct
from typing import Any

import shapely
from playwright.async_api import Page, WebSocketRoute, expect

from geoengage.kit.geo import Frame
from tests.web.conftest import OpenPage
from tests.web.console import XY, Demo, MallMap, toast

CENTIMETRE = 0.01
NOBODY = struct.pack("<4sId", b"GEO1", 0, 0.0)


def without_dots(socket: WebSocketRoute) -> None:
    """The stream goes on, but shows nobody: a click in these tests means the zone, never a shopper who passes by."""
    socket.connect_to_server().on_message(lambda _: socket.send(NOBODY))


async def open_editor(open_page: OpenPage, *, is_phone: bool = False) -> tuple[Page, MallMap]:
    page = await open_page(None, is_phone=is_phone)
    await page.route_web_socket("**/v1/live/positions?*", without_dots)
    await page.goto("/map?debug&fps=5")
    mall = MallMap(page)
    await mall.ready()
    return page, mall


async def zones(demo: Demo) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = (await demo.api("GET", f"/v1/zones?limit=500&mall_id={demo.state['mall_id']}"))[
        "items"
    ]
    return found


async def saved_zone(demo: Demo, name: str) -> dict[str, Any]:
    return next(zone for zone in await zones(demo) if zone["properties"]["name"] == name)


async def save_as(page: Page, demo: Demo, name: str) -> dict[str, Any]:
    """Name the open zone and save it; the zone as the server has it."""
    await page.get_by_test_id("zone-name").fill(name)
    await page.get_by_test_id("save").click()
    await expect(toast(page, f"Saved “{name}”").last).to_be_visible()
    await expect(page.get_by_test_id("unsaved")).to_be_empty()
    return await saved_zone(demo, name)


def shape_of(feature: dict[str, Any], frame: Frame) -> Any:
    """The geometry in the mall's metres."""
    return frame.geometry_to_metres(shapely.geometry.shape(feature["geometry"]))


def assert_shape(feature: dict[str, Any], frame: Frame, expected: Any, within: float = CENTIMETRE) -> None:
    """The saved geometry is the expected one: no point of an outline is further than `within` metres from the other."""
    found = shape_of(feature, frame)
    assert found.geom_type == expected.geom_type, found
    assert shapely.get_num_interior_rings(shapely.get_parts(found)).sum() == (
        shapely.get_num_interior_rings(shapely.get_parts(expected)).sum()
    )
    assert shapely.hausdorff_distance(found.boundary, expected.boundary) < within, f"{found} is not {expected}"


def corners(feature: dict[str, Any], frame: Frame) -> list[XY]:
    """The outer ring in the mall's metres, from its lowest left corner on, counter-clockwise."""
    ring = list(shapely.orient_polygons(shape_of(feature, frame)).exterior.coords)[:-1]
    first = ring.index(min(ring, key=lambda corner: (round(corner[0], 2), corner[1])))
    return ring[first:] + ring[:first]


def assert_same(found: list[XY], expected: list[XY]) -> None:
    assert len(found) == len(expected), found
    assert max(abs(a - b) for p, q in zip(found, expected, strict=True) for a, b in zip(p, q, strict=True)) < CENTIMETRE
