"""A chain's stores from a CSV file: what spreadsheets write, what is refused and why, previews, circles."""

from pathlib import Path
from typing import Any

import httpx
import pytest
from sqlalchemy import func, select
from typer.testing import CliRunner

from geoengage.cli import app as commands
from geoengage.kit.db import Session
from geoengage.venues.models import Store, Zone
from tests.api.test_venues_api import LAT, LON, epoch, lonlat, make_mall, make_store, shop_headers
from tests.factories import World, make_world

Json = dict[str, Any]
BERLIN, HAMBURG, MUNICH = (13.405, 52.52), (9.99, 53.55), (11.58, 48.14)


async def send(
    client: httpx.AsyncClient, world: World, text: str | bytes, mode: str = "commit", **query: Any
) -> httpx.Response:
    body = text if isinstance(text, bytes) else text.encode()
    headers = world.sk_headers | {"Content-Type": "text/csv"}
    return await client.post("/v1/imports/stores", content=body, params={"mode": mode} | query, headers=headers)


async def stores(client: httpx.AsyncClient, world: World, **query: Any) -> dict[str, Json]:
    """The stores of the tenant by external id."""
    items = (await client.get("/v1/stores", params=query, headers=world.sk_headers)).json()["items"]
    return {item["properties"]["external_id"]: item for item in items}


async def zones(client: httpx.AsyncClient, world: World) -> dict[str, Json]:
    items = (await client.get("/v1/zones", headers=world.sk_headers)).json()["items"]
    return {item["properties"]["external_id"]: item for item in items}


def outcomes(report: Json) -> list[tuple[str, str, str]]:
    return [(item["pointer"], item["external_id"], item["outcome"]) for item in report["items"]]


def counts(report: Json, kind: str = "store") -> tuple[int, ...]:
    return tuple(report["counts"][kind][word] for word in ("added", "updated", "unchanged", "refused"))


def details(report: Json) -> dict[str, list[str]]:
    return {i["pointer"]: [p["detail"] for p in i["problems"]] for i in report["items"] if i["problems"]}


FILE = (
    "external_id,name,lon,lat,address,category,brand_color,timezone,catchment_m,delivery_m\n"
    "b,Berlin,13.405,52.52,Allee 1,shoes,#AABBCC,Europe/Berlin,500,2500\n"
    "h,Hamburg,9.99,53.55,,,,,,\n"
)


async def test_stores_and_their_circles(client: httpx.AsyncClient, session: Session) -> None:
    world = await make_world(session)
    answer = await send(client, world, FILE)
    assert answer.status_code == 200, answer.text
    report = answer.json()
    assert (report["mode"], report["format"], report["mall_id"]) == ("commit", "csv", None)
    assert outcomes(report) == [
        ("line 2", "b", "added"),
        ("line 2", "b:catchment", "added"),
        ("line 2", "b:delivery", "added"),
        ("line 3", "h", "added"),
    ]
    assert (counts(report), counts(report, "zone"), counts(report, "mall")) == ((2, 0, 0, 0), (2, 0, 0, 0), (0,) * 4)
    assert all(item["geometry"] is None for item in report["items"])

    berlin = (await stores(client, world))["b"]
    assert berlin["geometry"] == {"type": "Point", "coordinates": [13.405, 52.52]}
    wanted = {"name": "Berlin", "address": "Allee 1", "category": "shoes", "brand_color": "#aabbcc", "version": 1}
    assert wanted.items() <= berlin["properties"].items()
    assert (berlin["properties"]["timezone"], berlin["properties"]["mall_id"]) == ("Europe/Berlin", None)
    found = await zones(client, world)
    catchment, delivery = found["b:catchment"], found["b:delivery"]
    assert catchment["geometry"] == berlin["geometry"]
    assert (catchment["properties"]["kind"], delivery["properties"]["kind"]) == ("catchment", "delivery_area")
    assert (catchment["properties"]["radius_m"], delivery["properties"]["radius_m"]) == (500, 2500)
    for zone in (catchment, delivery):
        assert zone["properties"]["store_id"] == berlin["id"]
        assert (zone["properties"]["status"], zone["properties"]["levels"]) == ("draft", [])
    assert await epoch(session, world) == 0  # drafts match nothing


async def test_a_second_time_changes_nothing(client: httpx.AsyncClient, session: Session) -> None:
    world = await make_world(session)
    await send(client, world, FILE)
    again = (await send(client, world, FILE)).json()
    assert (counts(again), counts(again, "zone")) == ((0, 0, 2, 0), (0, 0, 2, 0))
    assert {item["properties"]["version"] for item in (await stores(client, world)).values()} == {1}


async def test_what_the_file_says_anew_and_what_it_leaves_out(client: httpx.AsyncClient, session: Session) -> None:
    """An empty cell or a missing column keeps what is there; what else somebody set on a circle stays too."""
    world = await make_world(session)
    await send(client, world, FILE)
    zone = (await zones(client, world))["b:catchment"]
    edit = {"properties": {"name": "Around Berlin", "tags": ["vip"], "rules": {"enter_s": 60}}}
    await client.patch(f"/v1/zones/{zone['id']}", json=edit, headers=world.sk_headers | {"If-Match": '"v1"'})
    await client.post(f"/v1/zones/{zone['id']}/publish", headers=world.sk_headers)
    second = "name,external_id,lat,lon,catchment_m,timezone,address\nBerlin Mitte,b,52.53,13.41,750,Europe/Vienna,\n"
    report = (await send(client, world, second)).json()
    assert outcomes(report) == [("line 2", "b", "updated"), ("line 2", "b:catchment", "updated")]
    berlin = (await stores(client, world))["b"]["properties"]
    assert (berlin["name"], berlin["point"], berlin["address"]) == ("Berlin Mitte", [13.41, 52.53], "Allee 1")
    assert (berlin["category"], berlin["version"], berlin["timezone"]) == ("shoes", 2, "Europe/Vienna")
    catchment = (await zones(client, world))["b:catchment"]
    assert catchment["geometry"]["coordinates"] == [13.41, 52.53]
    kept = {"name": "Around Berlin", "tags": ["vip"], "rules": {"enter_s": 60}, "radius_m": 750, "status": "changed"}
    assert kept.items() <= catchment["properties"].items()
    assert (catchment["properties"]["version"], catchment["properties"]["published_version"]) == (3, 2)
    assert await epoch(session, world) == 2  # the publication, and the other time zone


async def test_a_preview_stores_nothing(client: httpx.AsyncClient, session: Session) -> None:
    world = await make_world(session)
    await send(client, world, FILE)
    file = FILE.replace("Berlin,13.405", "Berlin,13.5") + "m,Munich,11.58,48.14,,,,Europe/Wien,,\nx,X,,,Street 1,,,,,\n"
    answer = await send(client, world, file, "preview")
    assert answer.status_code == 200
    report = answer.json()
    assert report["mode"] == "preview"
    assert counts(report) == (0, 1, 1, 2)
    assert counts(report, "zone") == (0, 2, 0, 0)
    assert report["items"][0]["geometry"] == {"type": "Point", "coordinates": [13.5, 52.52]}
    assert list(details(report)) == ["line 4", "line 5"]
    found = await stores(client, world)
    assert sorted(found) == ["b", "h"]
    assert found["b"]["properties"]["version"] == 1
    assert await epoch(session, world) == 0
    # the same then happens in earnest
    done = (await send(client, world, file, skip_invalid=True)).json()
    assert (done["counts"], outcomes(done)) == (report["counts"], outcomes(report))


async def test_one_wrong_line_stops_all_unless_told_to_skip_it(client: httpx.AsyncClient, session: Session) -> None:
    world = await make_world(session)
    file = "external_id,name,lon,lat,catchment_m\nb,Berlin,13.4,52.5,\nx,X,13.4,north,\nh,Hamburg,9.99,53.55,0.2\n"
    answer = await send(client, world, file)
    problem = answer.json()
    assert (answer.status_code, problem["type"]) == (422, "/problems/import-refused")
    assert [(line["pointer"], line["in"]) for line in problem["errors"]] == [("line 3", "body"), ("line 4", "body")]
    assert "'north' is no number" in problem["errors"][0]["detail"]
    assert problem["errors"][1]["detail"].startswith("catchment_m: ")
    assert counts(problem["report"]) == (2, 0, 0, 1)
    assert await stores(client, world) == {}
    taken = await send(client, world, file, skip_invalid=True)
    assert taken.status_code == 200
    assert (counts(taken.json()), counts(taken.json(), "zone")) == ((2, 0, 0, 1), (0, 0, 0, 1))
    assert sorted(await stores(client, world)) == ["b", "h"]
    assert await zones(client, world) == {}


SPREADSHEETS = {
    "with a byte order mark": b"\xef\xbb\xbfexternal_id,name,lon,lat,address\r\nb,M\xc3\xbcller,13.405,52.52,A\r\n",
    "semicolons and decimal commas": "external_id;name;lon;lat;address\nb;Müller;13,405;52,52;A\n".encode(),
    "tabs": "External_ID\tName\tLON\tLat\tAddress\nb\tMüller\t13.405\t52.52\tA".encode(),
    "quoted decimal commas": 'external_id,name,lon,lat,address\nb,Müller,"13,405","52,52",A\n'.encode(),
    "quoted header": '"external_id";"name";"lon";"lat";"address"\r\n"b";"Müller";"13,405";"52,52";"A"\r\n'.encode(),
    "blanks": "\nexternal_id , name,lon,lat,address\n\n,,,,\n b , Müller , 13.405,52.52 ,A\n\n".encode(),
    "empty columns at the end": "external_id,name,lon,lat,address,,\nb,Müller,13.405,52.52,A,,\n".encode(),
    "short lines": "external_id,name,lon,lat,address,category\nb,Müller,13.405,52.52,A\n".encode(),
}


@pytest.mark.parametrize("body", SPREADSHEETS.values(), ids=SPREADSHEETS)
async def test_what_spreadsheets_write(client: httpx.AsyncClient, session: Session, body: bytes) -> None:
    world = await make_world(session)
    answer = await send(client, world, body)
    assert answer.status_code == 200, answer.text
    assert answer.json()["warnings"] == []
    found = (await stores(client, world))["b"]["properties"]
    assert (found["name"], found["point"], found["address"]) == ("Müller", [13.405, 52.52], "A")


async def test_lines_are_counted_as_an_editor_counts_them(client: httpx.AsyncClient, session: Session) -> None:
    world = await make_world(session)
    file = (
        'external_id,name,lon,lat,address\nb,"Berlin ""Mitte""",13.4,52.5,"Allee 1\n10115 Berlin"\n\nx,X,13.4,,\n'
        "y,Y,Str. 1, 13.4,52.5,A\n"
    )
    answer = await send(client, world, file, skip_invalid=True)
    report = answer.json()
    assert outcomes(report) == [("line 2", "b", "added"), ("line 5", "x", "refused"), ("line 6", "y", "refused")]
    assert details(report)["line 5"] == ["this server does not look up addresses; give lon and lat"]
    assert "needs quotes" in details(report)["line 6"][0]
    berlin = (await stores(client, world))["b"]["properties"]
    assert (berlin["name"], berlin["address"]) == ('Berlin "Mitte"', "Allee 1\n10115 Berlin")


@pytest.mark.parametrize(
    "line, words",
    [
        ("x,X,,,Allee 1,,,,", "this server does not look up addresses; give lon and lat"),
        ("x,X,13.4,,,,,,", "this server does not look up addresses; give lon and lat"),
        (",X,13.4,52.5,,,,,", "external_id is missing"),
        ("x,,13.4,52.5,,,,,", "name: "),
        ("x,X,1e1,52.5,,,,,", "lon: '1e1' is no number"),
        ("x,X,NaN,52.5,,,,,", "lon: 'NaN' is no number"),
        ('x,X,"1.234,5",52.5,,,,,', "is no number"),
        ("x,X,13.4,91,,,,,", "latitude 91 is outside"),
        ("x,X,52.5,100.4,,,,,", "look swapped"),
        ("x,X,13.4,52.5,,,red,,", "brand_color: "),
        ("x,X,13.4,52.5,,,,Europe/Leipzig,", "timezone: "),
        ("b,Again,13.4,52.5,,,,,", "line 2 has the external_id 'b' already"),
        ("x,X,13.4,52.5,,,,,wide", "catchment_m: 'wide' is no number of metres"),
        ("x,X,13.4,52.5,,,,,60000", "catchment_m: "),
        (f"{'x' * 256},X,13.4,52.5,,,,,", "external_id: "),
    ],
)
async def test_lines_that_are_refused(client: httpx.AsyncClient, session: Session, line: str, words: str) -> None:
    world = await make_world(session)
    header = "external_id,name,lon,lat,address,category,brand_color,timezone,catchment_m\nb,Berlin,13.4,52.5,,,,,\n"
    report = (await send(client, world, header + line, "preview")).json()
    assert list(details(report)) == ["line 3"], report
    assert words in details(report)["line 3"][0]


@pytest.mark.parametrize(
    "body, pointer, words",
    [
        (b"", "line 1", "names the columns"),
        (b"name,lon,lat\nX,1,2\n", "line 1", "external_id among them"),
        (b"external_id,lon,lat,lon\n", "line 1", "lon is there twice"),
        ("external_id,name\nx,M\xfcller\n".encode("latin-1"), "line 2", "CSV UTF-8"),
        ("external_id,name\n".encode("utf-16"), "line 1", "CSV UTF-8"),
        (b"external_id,name\na,b\nx,A\x00B\n", "line 3", "U+0000"),
        (b'external_id,name\nx,"never closed\n', "line 2", "do not close"),
        (b'external_id,name\nx,"a"b\n', "line 2", "do not close"),
        (b"external_id\n" + b"x\n" * 20_001, "line 20002", "more than 20,000 lines"),
    ],
)
async def test_files_that_are_refused(
    client: httpx.AsyncClient, session: Session, body: bytes, pointer: str, words: str
) -> None:
    world = await make_world(session)
    for mode in ("preview", "commit"):
        answer = await send(client, world, body, mode)
        assert (answer.status_code, answer.json()["type"]) == (422, "/problems/invalid-request")
        (line,) = answer.json()["errors"]
        assert (line["pointer"], words in line["detail"]) == (pointer, True), line


async def test_unknown_columns_are_told(client: httpx.AsyncClient, session: Session) -> None:
    world = await make_world(session)
    report = (await send(client, world, "external_id,name,Longitude,lon,lat\nb,Berlin,1,13.4,52.5\n")).json()
    assert report["warnings"] == [
        {"file": None, "pointer": "line 1", "detail": "the column 'Longitude' is not known and not read"}
    ]
    assert counts(report) == (1, 0, 0, 0)


async def test_swapped_axes_are_found_by_what_is_known(client: httpx.AsyncClient, session: Session) -> None:
    """Near a mall of the tenant only with its axes exchanged."""
    world = await make_world(session)
    await make_mall(client, world)
    report = (await send(client, world, f"external_id,name,lon,lat\nx,X,{LAT},{LON}\n", "preview")).json()
    (problem,) = report["items"][0]["problems"]
    assert "longitude and latitude are swapped" in problem["detail"]
    assert problem["place"] == [LAT, LON]


async def test_swapped_axes_are_found_by_the_other_lines(client: httpx.AsyncClient, session: Session) -> None:
    """Wherever in the file the odd one stands, it is the one that is told."""
    world = await make_world(session)
    right = [f"r{i},R,{13.4 + i / 50},{52.5 - i / 50}" for i in range(5)]
    for at in (0, 2, 5):
        lines = [*right[:at], "x,X,52.51,13.41", *right[at:]]
        report = (await send(client, world, "external_id,name,lon,lat\n" + "\n".join(lines), "preview")).json()
        assert list(details(report)) == [f"line {at + 2}"]
    far = [f"f{i},F,{lon},{lat}" for i, (lon, lat) in enumerate([BERLIN, HAMBURG, MUNICH, (2.35, 48.85), (40.4, -3.7)])]
    report = (await send(client, world, "external_id,name,lon,lat\n" + "\n".join(far), "preview")).json()
    assert details(report) == {}  # nobody knows


async def test_a_store_in_a_mall_stays_in_it(client: httpx.AsyncClient, session: Session) -> None:
    world = await make_world(session)
    mall_id = await make_mall(client, world, 0)
    store_id = await make_store(client, world, mall_id=mall_id, level=0, external_id="m")
    lon, lat = (round(n, 7) for n in lonlat(4, 4))
    report = (await send(client, world, f"external_id,name,lon,lat\nm,Moved,{lon},{lat}\n")).json()
    assert outcomes(report) == [("line 2", "m", "updated")]
    found = (await stores(client, world))["m"]
    assert (found["id"], found["geometry"]["type"]) == (store_id, "Polygon")
    assert (found["properties"]["mall_id"], found["properties"]["level"]) == (mall_id, 0)
    assert found["properties"]["point"] == [lon, lat]
    far = (await send(client, world, "external_id,lon,lat\nm,13.4,52.5\n", "preview")).json()
    assert "away from the mall" in details(far)["line 2"][0]


async def test_only_the_whole_tenant_imports(client: httpx.AsyncClient, session: Session) -> None:
    world, other = await make_world(session), await make_world(session)
    await send(client, other, FILE)
    shop = await shop_headers(session, world, await make_store(client, world))
    answer = await client.post("/v1/imports/stores", content=FILE, params={"mode": "commit"}, headers=shop)
    assert answer.status_code == 404
    assert counts((await send(client, world, FILE)).json()) == (2, 0, 0, 0)  # the other tenant's ids are its own
    total = select(func.count()).select_from(Zone).where(Zone.tenant_id == other.tenant_id)
    assert (await session.execute(total)).scalar() == 2


async def test_a_long_file_in_one_go(client: httpx.AsyncClient, session: Session) -> None:
    world = await make_world(session)
    lines = [f"s{i},Store {i},{7 + i % 20 / 4},{47 + i // 20 / 4},500" for i in range(400)]
    file = "external_id,name,lon,lat,catchment_m\n" + "\n".join(lines)
    report = (await send(client, world, file)).json()
    assert (counts(report), counts(report, "zone")) == ((400, 0, 0, 0), (400, 0, 0, 0))
    again = (await send(client, world, file.replace(",500", ",600"), "preview")).json()
    assert (counts(again), counts(again, "zone")) == ((0, 0, 400, 0), (0, 400, 0, 0))
    total = select(func.count()).select_from(Store).where(Store.tenant_id == world.tenant_id)
    assert (await session.execute(total)).scalar() == 400


async def test_finding_stores_of_a_chain(client: httpx.AsyncClient, session: Session) -> None:
    world = await make_world(session)
    mall_id = await make_mall(client, world, 0)
    await make_store(client, world, name="50% off_Shop", external_id="in", mall_id=mall_id, level=0)
    await send(client, world, FILE)
    for q, expected in {
        "berl": ["b"], "ALLEE": ["b"], "h": ["h", "in"], "%": ["in"], "_": ["in"], "f_S": ["in"], "\\": [],
        "": ["b", "h", "in"], "nowhere": [],
    }.items():  # fmt: skip
        assert sorted(await stores(client, world, q=q)) == expected, q
    assert sorted(await stores(client, world, outdoor=True)) == ["b", "h"]
    assert sorted(await stores(client, world, outdoor=False)) == ["in"]
    assert sorted(await stores(client, world, outdoor=True, q="hamburg")) == ["h"]


def test_the_command(clone: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("GEOENGAGE_DATABASE_URL", clone())
    file = tmp_path / "stores.csv"
    file.write_text(FILE + "x,X,,,,,,,,\n")

    def run(*words: str) -> tuple[int, str]:
        result = CliRunner().invoke(commands, list(words))
        return result.exit_code, result.output

    assert run("tenants", "create", "chain", "Chain")[0] == 0
    command = ["venues", "import-stores", str(file), "--tenant"]
    assert run(*command, "nobody") == (1, "there is no tenant 'nobody'\n")
    code, text = run(*command, "chain", "--preview")
    assert (code, text.splitlines()) == (
        1,
        [
            "store: 2 added, 0 updated, 0 unchanged, 1 refused",
            "zone: 2 added, 0 updated, 0 unchanged, 0 refused",
            "error: line 4 (x): this server does not look up addresses; give lon and lat",
            "a preview: nothing was stored",
        ],
    )
    code, text = run(*command, "chain")
    assert (code, "skip_invalid" in text, "Traceback" in text) == (1, True, False)
    assert run(*command, "chain", "--skip-invalid")[1].splitlines()[0].startswith("store: 2 added")
    file.write_text(FILE)
    assert run(*command, "chain")[1].splitlines()[0] == "store: 0 added, 0 updated, 2 unchanged, 0 refused"
