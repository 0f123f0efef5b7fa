"""Importing a folder: the demo mall, again, changed, and broken."""

import asyncio
import json
import shutil
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path
from typing import Any
from uuid import UUID

import pytest
from sqlalchemy import select
from typer.testing import CliRunner

from geoengage.cli import app as commands
from geoengage.kit import errors
from geoengage.kit.db import Session, make_engine, make_sessions
from geoengage.kit.ids import TenantId
from geoengage.tenancy.models import Owner
from geoengage.tenancy.store import get_tenant
from geoengage.venues import formats, store
from geoengage.venues.cli import app, folder_files, lines
from geoengage.venues.models import Store, Zone
from geoengage.venues.report import ImportReport
from geoengage.venues.service import ImportOptions, import_venue
from geoengage.venues.store import versions
from tests.factories import make_world

DEMO = Path(__file__).resolve().parents[2] / "zones" / "demo_mall"
NOW = datetime(2026, 3, 2, 12, tzinfo=UTC)


def features(name: str) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = json.loads((DEMO / f"{name}.geojson").read_text())["features"]
    return found


def write(folder: Path, name: str, items: list[dict[str, Any]]) -> None:
    (folder / f"{name}.geojson").write_text(json.dumps({"type": "FeatureCollection", "features": items}))


async def import_folder(
    session: Session, tenant_id: TenantId, folder: Path, now: datetime, *, publish: bool = True
) -> ImportReport:
    """Take of a folder what can be taken."""
    options = ImportOptions(skip_invalid=True, publish=publish)
    return await import_venue(session, tenant_id, formats.read(folder_files(folder)), options, now)


def came(report: ImportReport, outcome: str) -> dict[str, int]:
    """How many of each kind came out so."""
    found = {kind.value: getattr(n, outcome) for kind, n in report.counts.items()}
    return {kind: n for kind, n in found.items() if n}


def problems(report: ImportReport) -> list[tuple[str | None, str, str | None]]:
    return [(item.file, problem.pointer, item.external_id) for item in report.items for problem in item.problems]


async def zone_named(session: Session, tenant_id: TenantId, external_id: str) -> UUID:
    head = await store.find_row(session, tenant_id, Zone, external_id=external_id)
    assert head is not None
    return head.id


async def test_the_demo_mall_is_taken_whole_and_once(session: Session) -> None:
    world = await make_world(session)
    report = await import_folder(session, world.tenant_id, DEMO, NOW)
    assert problems(report) == []
    expected = {name + "s": len(features(name + "s")) for name in ("level", "unit", "store", "zone")}
    assert {f"{kind}s": n for kind, n in came(report, "added").items()} == expected | {"malls": 1, "owners": 5}
    assert await store.venue_epoch(session, world.tenant_id) == 1
    zones = await versions.list_published_zones(session, world.tenant_id)
    assert {z.name for z in zones} == {z["properties"]["name"] for z in features("zones")}
    assert {z.timezone for z in zones if z.mall_id} == {"Europe/Berlin"}
    mall_id = report.mall_id
    assert mall_id is not None
    assert await store.level_ordinals(session, world.tenant_id) == {mall_id: [0, 1, 2]}
    assert {c.level for c in await store.list_connectors(session, world.tenant_id)} == {0, 1, 2}
    owned = await session.execute(select(Owner.external_id).join(Store, Store.owner_id == Owner.id).distinct())
    assert len(owned.all()) == 5

    again = await import_folder(session, world.tenant_id, DEMO, NOW)
    assert (came(again, "added"), came(again, "updated"), problems(again)) == ({}, {}, [])
    assert again.mall_id == report.mall_id
    assert await store.venue_epoch(session, world.tenant_id) == 1


async def test_what_the_files_change_is_updated(session: Session, tmp_path: Path) -> None:
    world = await make_world(session)
    first = await import_folder(session, world.tenant_id, DEMO, NOW)
    folder = Path(shutil.copytree(DEMO, tmp_path / "mall"))
    zones, stores = features("zones"), features("stores")
    zones[0]["properties"]["name"] = "Morgenrot"
    stores[0]["properties"]["category"] = "market"
    write(folder, "zones", zones)
    write(folder, "stores", stores)
    report = await import_folder(session, world.tenant_id, folder, NOW, publish=False)
    assert came(report, "updated") == {"store": 1, "zone": 1}
    assert report.mall_id == first.mall_id
    zone_id = await zone_named(session, world.tenant_id, zones[0]["properties"]["external_id"])
    head, edit = await store.get_zone(session, world.tenant_id, zone_id)
    assert (head.version, head.published_version, edit.name) == (2, 1, "Morgenrot")
    assert await store.venue_epoch(session, world.tenant_id) == 1
    await import_folder(session, world.tenant_id, folder, NOW)
    assert await store.venue_epoch(session, world.tenant_id) == 2
    assert (await store.get_zone(session, world.tenant_id, zone_id)).head.published_version == 2


async def test_what_is_wrong_is_named_and_the_rest_is_taken(session: Session, tmp_path: Path) -> None:
    world = await make_world(session)
    folder = Path(shutil.copytree(DEMO, tmp_path / "mall"))
    zones, stores, units = features("zones"), features("stores"), features("units")
    zones[0]["geometry"]["coordinates"][0].pop()
    zones[1]["properties"] |= {"store_external_id": "st-nowhere", "levels": [7]}
    zones[2]["properties"] |= {"levels": [7], "sensitive": True}
    del zones[3]["properties"]["external_id"]
    zones[4]["properties"]["levels"] = [7]
    stores[0]["properties"]["owner_external_id"] = "ow-new"
    units[0] = {"type": "Feature"}
    for name, items in (("zones", zones), ("stores", stores), ("units", units)):
        write(folder, name, items)
    report = await import_folder(session, world.tenant_id, folder, NOW)
    assert problems(report) == [
        ("units.geojson", "#/features/0", None),
        ("zones.geojson", f"#/features/0/geometry/coordinates/0/{len(zones[0]['geometry']['coordinates'][0]) - 1}",
         "zn-cafe-morgenrot"),
        ("zones.geojson", "#/features/1/properties/store_external_id", "zn-marktkorb"),
        ("zones.geojson", "#/features/2/properties/sensitive", "zn-voltenik"),
        ("zones.geojson", "#/features/3/properties/external_id", None),
        ("zones.geojson", "#/features/4/properties/levels/0", "zn-kinderkram"),
    ]  # fmt: skip
    assert came(report, "added")["zone"] == len(zones) - 5
    assert came(report, "added")["owner"] == 6
    text = "\n".join(lines(report))
    assert f"zone: {len(zones) - 5} added, 0 updated, 0 unchanged" in text
    assert "error: zones.geojson #/features/1/properties/store_external_id (zn-marktkorb): there is no store" in text


async def test_files_that_are_no_json(session: Session, tmp_path: Path) -> None:
    world = await make_world(session)
    with pytest.raises(errors.ItemErrors, match=r"no mall is in these files; .* found: no \.json"):
        formats.read(folder_files(tmp_path))
    mall = {"external_id": "m", "name": "M", "timezone": "UTC", "origin": [12, 51]}
    (tmp_path / "mall.json").write_text(json.dumps(mall))
    (tmp_path / "zones.geojson").write_text('{"features": [{"geometry": {"coordinates": [NaN]}}]}')
    (tmp_path / "stores.geojson").write_text("[]")
    (tmp_path / "units.geojson").write_text("{")
    report = await import_folder(session, world.tenant_id, tmp_path, NOW)
    assert sorted(str(file) for file, _, _ in problems(report)) == ["stores.geojson", "units.geojson", "zones.geojson"]
    assert came(report, "added") == {"mall": 1}
    (tmp_path / "mall.json").write_text(json.dumps(mall | {"origin": [200, 51], "timezone": "Mars"}))
    report = await import_folder(session, world.tenant_id, tmp_path, NOW)
    assert {pointer for _, pointer, _ in problems(report)} == {"#/origin/0", "#/timezone"}


def test_the_command(clone: Callable[[], str], monkeypatch: pytest.MonkeyPatch) -> None:
    url = clone()
    monkeypatch.setenv("GEOENGAGE_DATABASE_URL", url)

    async def make_tenant() -> str:
        engine = make_engine(url, pool_size=1)
        async with make_sessions(engine)() as session:
            tenant_id = (await make_world(session)).tenant_id
            slug = (await get_tenant(session, tenant_id)).slug
        await engine.dispose()
        return slug

    slug = asyncio.run(make_tenant())
    run = CliRunner().invoke(app, ["import", str(DEMO), "--tenant", slug])
    assert run.exit_code == 0, run.output
    assert "mall: 1 added, 0 updated, 0 unchanged" in run.output
    again = CliRunner().invoke(app, ["import", str(DEMO), "--tenant", slug, "--draft"])
    assert "zone: 0 added, 0 updated, 22 unchanged" in again.output
    assert CliRunner().invoke(app, ["import", str(DEMO), "--tenant", "nobody"]).exit_code == 1


def test_commands_there_and_back(clone: Callable[[], str], monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """A preview stores nothing, a refusal neither; an export of an export's import is the same file."""
    monkeypatch.setenv("GEOENGAGE_DATABASE_URL", clone())
    monkeypatch.setenv("COLUMNS", "200")

    def run(*words: str) -> tuple[int, str]:
        result = CliRunner().invoke(commands, list(words))
        return result.exit_code, result.output

    for slug in ("ours", "theirs"):
        assert run("tenants", "create", slug, slug)[0] == 0
    code, text = run("venues", "import", str(DEMO), "--tenant", "ours", "--preview")
    assert (code, text.splitlines()[-1]) == (0, "a preview: nothing was stored")
    assert run("venues", "export", "ahornhof", "--tenant", "ours", "--to", str(tmp_path / "none")) == (
        1,
        "there is no mall 'ahornhof'\n",
    )
    folder = Path(shutil.copytree(DEMO, tmp_path / "mall"))
    units = features("units")
    units[0]["properties"]["level"] = 9
    write(folder, "units", units)
    code, text = run("venues", "import", str(folder), "--tenant", "ours")
    assert (code, "unit: 79 added, 0 updated, 0 unchanged, 1 refused" in text) == (1, True)
    assert "the mall has no level 9; it has 0, 1, 2" in text
    assert run("venues", "export", "ahornhof", "--tenant", "ours", "--to", str(tmp_path / "none"))[0] == 1
    code, text = run("venues", "import", str(folder), "--tenant", "ours", "--skip-invalid")
    assert (code, text.splitlines()[-1]) == (1, "stored")
    for format_, name in (("geojson", "mall.geojson"), ("imdf", "mall.zip")):
        first, second = tmp_path / f"ours-{name}", tmp_path / f"theirs-{name}"
        export = ["venues", "export", "ahornhof", "--format", format_]
        assert run(*export, "--tenant", "ours", "--to", str(first))[0] == 0
        assert run("venues", "import", str(first), "--tenant", "theirs")[0] == 0
        assert run(*export, "--tenant", "theirs", "--to", str(second))[0] == 0
        assert first.read_bytes() == second.read_bytes()
