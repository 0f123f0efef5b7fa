"""Posters of check-ins: what is printed can be scanned and read, in any script that a font has."""

import re
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import httpx
import pypdfium2
import pytest
import zxingcpp
from PIL import Image

from geoengage.kit.db import Session
from geoengage.venues.posters import SIZES_MM, SYSTEM_FONTS, Fonts, Poster, draw, find_fonts
from tests.api.test_venues_api import lonlat, make_mall, make_store, shop_headers
from tests.conftest import ROOT
from tests.factories import World, make_world

URL = "https://shop.example.com/v1/check-in/K7Q2MN4PRT9X"
DPI = 110
MM = DPI / 25.4
CHINESE = SYSTEM_FONTS[0]


def printed(pdf: bytes) -> tuple[str, Image.Image]:
    """The text of the one page, and what comes out of the printer."""
    document = pypdfium2.PdfDocument(pdf)
    assert len(document) == 1
    text = document[0].get_textpage().get_text_bounded()
    return " ".join(text.split()), document[0].render(scale=DPI / 72).to_pil()


@pytest.fixture(scope="session")
def fonts() -> Fonts:
    found = find_fonts(ROOT / "web" / "dist" / "fonts", None)
    if found is None:
        pytest.fail("The console is not built. Run: make web", pytrace=False)
    return found


def poster(heading: str = "Café Lumen", where: str = "Mall · Ground floor · Counter", color: str = "#8a5a2b") -> Poster:
    return Poster(URL, heading, where, color, datetime(2026, 11, 28, tzinfo=UTC))


@pytest.mark.parametrize("size", SIZES_MM)
def test_a_phone_reads_it(fonts: Fonts, size: str) -> None:
    text, picture = printed(draw(poster(), size, fonts))
    width, height = SIZES_MM[size]
    assert picture.size == pytest.approx((width * MM, height * MM), abs=1)
    (code,) = zxingcpp.read_barcodes(picture)
    assert code.text == URL
    assert code.ec_level in ("M", "Q", "H")
    corner = code.position
    assert (corner.top_right.x - corner.top_left.x) / MM >= (60 if size != "a5" else 50)
    for part in ("Café Lumen", "Mall · Ground floor · Counter", "shop.example.com/v1/check-in/K7Q2MN4PRT9X", "delete"):
        assert part in text


@pytest.mark.parametrize(
    "name",
    [
        "Καφενείο Ο Ήλιος",
        "Пекарня «Берёзка»",
        "Łódź Žižkov İstanbul Þingvellir",
        "Հացի խանութ",
        "საცხობი",
        "<script>alert(1)</script> (Tj) ET % \\ {{ name }}",
    ],
)
def test_names_in_many_scripts(fonts: Fonts, name: str) -> None:
    text, _ = printed(draw(poster(name, where=name), "a4", fonts))
    assert text.replace(" ", "").count(name.replace(" ", "")) == 2
    assert "no font" not in text


def test_arabic_and_hebrew_read_from_the_right(fonts: Fonts) -> None:
    text, _ = printed(draw(poster("مقهى النور", where="קפה אור"), "a4", fonts))
    assert "no font" not in text
    assert set("قفكهىنور") & set(text)
    assert "קפה" in text


@pytest.mark.skipif(not CHINESE.exists(), reason="fonts-droid-fallback is not installed")
def test_chinese_and_japanese(fonts: Fonts) -> None:
    text, _ = printed(draw(poster("西溪天街咖啡", where="喫茶店さくら"), "a5", fonts))
    assert "西溪天街咖啡" in text
    assert "喫茶店さくら" in text
    assert "no font" not in text


def test_what_no_font_has_is_said_and_never_a_box(fonts: Fonts) -> None:
    bare = Fonts(fonts.regular, fonts.bold)
    text, _ = printed(draw(poster("ร้านกาแฟ Siam 🌸", where="L1"), "a4", bare))
    assert text.startswith("Siam L1")
    assert "the server has no font for Thai, signs and emoji." in text
    text, picture = printed(draw(poster("ร้านกาแฟ", where=""), "a4", bare))
    assert text.startswith("Check in here")
    assert zxingcpp.read_barcodes(picture)[0].text == URL


def test_a_folder_of_fonts_helps(fonts: Fonts, tmp_path: Path) -> None:
    (tmp_path / "other.ttf").symlink_to(fonts.regular)
    (tmp_path / "notes.txt").write_text("no font")
    found = find_fonts(fonts.regular.parent, tmp_path)
    assert found is not None
    assert found.further[0] == tmp_path / "other.ttf"
    assert found.further[1:] == tuple(path for path in SYSTEM_FONTS if path.exists())
    assert find_fonts(tmp_path, None) is None


@pytest.mark.parametrize("size", SIZES_MM)
@pytest.mark.parametrize("heading", ["Donaudampfschifffahrtsgesellschaftskapitänsmütze " * 4, "W" * 200, "i " * 100])
def test_long_names_fit(fonts: Fonts, heading: str, size: str) -> None:
    text, picture = printed(draw(poster(heading.strip(), where="Where it hangs " * 12, color="#ffffff"), size, fonts))
    (code,) = zxingcpp.read_barcodes(picture)
    assert code.text == URL
    assert "see and delete it." in text
    paper = picture.convert("L").point(lambda level: 255 if level < 128 else 0)
    left, top, right, bottom = paper.getbbox() or (0, 0, 0, 0)
    margin = 5 * MM
    assert left > margin
    assert top > margin
    assert right < picture.width - margin
    assert bottom < picture.height - margin


def test_the_same_poster_is_the_same_file(fonts: Fonts) -> None:
    assert draw(poster(), "a4", fonts) == draw(poster(), "a4", fonts)


# --- over HTTP ----------------------------------------------------------------------------------------------------


async def make_point(client: httpx.AsyncClient, world: World, **properties: Any) -> dict[str, Any]:
    body = {
        "type": "Feature",
        "geometry": {"type": "Point", "coordinates": lonlat(1, 1)},
        "properties": {"kind": "check_in", "name": "Counter"} | properties,
    }
    made = await client.post("/v1/evidence-points", json=body, headers=world.sk_headers)
    assert made.status_code == 201, made.text
    point: dict[str, Any] = made.json()
    return point


async def test_the_poster_of_a_check_in(client: httpx.AsyncClient, session: Session) -> None:
    world = await make_world(session)
    mall_id = await make_mall(client, world, 0)
    store_id = await make_store(client, world, name="Café Lumen")
    point = await make_point(client, world, mall_id=mall_id, level=0, store_id=store_id)
    path = f"/v1/evidence-points/{point['id']}/poster.pdf"
    answer = await client.get(path, headers=world.sk_headers)
    assert answer.status_code == 200, answer.text
    assert answer.headers["content-type"] == "application/pdf"
    text, picture = printed(answer.content)
    code = point["properties"]["code"]
    assert zxingcpp.read_barcodes(picture)[0].text == f"{client.base_url}/v1/check-in/{code}"
    assert text.startswith("Café Lumen")
    assert re.search(r"· Counter Check in here", text)
    a5 = await client.get(f"{path}?size=a5", headers=world.sk_headers)
    assert f"{code}-a5.pdf" in a5.headers["content-disposition"]
    assert (await client.get(f"{path}?size=a0", headers=world.sk_headers)).status_code == 422
    other = await make_world(session)
    assert (await client.get(path, headers=other.sk_headers)).status_code == 404


async def test_only_check_ins_have_one(client: httpx.AsyncClient, session: Session) -> None:
    world = await make_world(session)
    point = await make_point(client, world, kind="access_point", bssid="aa:bb:cc:dd:ee:ff")
    answer = await client.get(f"/v1/evidence-points/{point['id']}/poster.pdf", headers=world.sk_headers)
    assert answer.status_code == 404
    assert "only check-ins" in answer.json()["detail"]


async def test_a_shop_gets_its_own_poster(client: httpx.AsyncClient, session: Session) -> None:
    world = await make_world(session)
    mine, theirs = [await make_store(client, world, name=name) for name in ("Mine", "Theirs")]
    headers = await shop_headers(session, world, mine)
    for store_id, status in ((mine, 200), (theirs, 404)):
        point = await make_point(client, world, store_id=store_id)
        answer = await client.get(f"/v1/evidence-points/{point['id']}/poster.pdf", headers=headers)
        assert answer.status_code == status
