"""Stores of a chain from a CSV file: add or update by external id, with circles for catchment and delivery.

What the file names is read in one go and written in large flushes; line by line, 20,000 lines would take minutes. What
is wrong is told line by line. An empty cell leaves what is there. The circles are drafts; publishing stays a decision.
"""

import asyncio
from collections.abc import Iterable, Sequence
from datetime import datetime
from typing import Any

from pydantic import ValidationError
from shapely.geometry import Point

from geoengage.kit import errors
from geoengage.kit.db import Session, undone
from geoengage.kit.ids import TenantId, new_id
from geoengage.venues.models import Store, Zone, ZoneVersion
from geoengage.venues.report import (
    ImportFormat,
    ImportItem,
    ImportMode,
    ImportProblem,
    ImportRefused,
    ImportReport,
    ImportWarning,
    ItemKind,
    Outcome,
    Severity,
)
from geoengage.venues.rules import ZoneKind, swapped_axes, to_geojson
from geoengage.venues.rules.sheets import COLUMNS, Line, Neighbourhood, Sheet, is_swapped, number, read_sheet
from geoengage.venues.service import stores, zones
from geoengage.venues.service.checks import announce, mall_changed
from geoengage.venues.shapes import StoreIn, StoreProperties, ZoneIn, ZoneProperties
from geoengage.venues.store import batches

NO_PLACE = "this server does not look up addresses; give lon and lat"
CIRCLES = {  # column: (end of the external id, kind of the zone, end of its name)
    "catchment_m": ("catchment", ZoneKind.CATCHMENT, "catchment"),
    "delivery_m": ("delivery", ZoneKind.DELIVERY_AREA, "delivery area"),
}
_TEXTS = ("external_id", "name", "address", "category", "brand_color", "timezone")
_PAUSE_EVERY = 50  # lines, so that other requests are answered meanwhile


async def import_stores(
    session: Session,
    tenant_id: TenantId,
    body: bytes,
    now: datetime,
    *,
    by: str,
    mode: ImportMode,
    skip_invalid: bool = False,
) -> ImportReport:
    """Read a CSV file of stores; see the module's text.

    A preview stores nothing. A commit in which something is refused raises ImportRefused unless `skip_invalid`.
    """
    run = _Import(session, tenant_id, now, by, mode, await asyncio.to_thread(read_sheet, body))
    if mode is ImportMode.PREVIEW:
        async with undone(session):
            await run.everything()
    else:
        await run.everything()
        if not skip_invalid and any(run.report.refused()):
            raise ImportRefused(run.report)
    return run.report


class _Refused(Exception):
    """A line that is not taken, with its reasons."""

    def __init__(self, details: Sequence[str], place: tuple[float, float] | None = None) -> None:
        super().__init__(*details)
        self.details, self.place = details, place


class _Import:
    """The state of one import: what there was, what is new, and what came of each line."""

    def __init__(
        self, session: Session, tenant_id: TenantId, now: datetime, by: str, mode: ImportMode, sheet: Sheet
    ) -> None:
        self.session, self.tenant_id, self.now, self.by, self.sheet = session, tenant_id, now, by, sheet
        self.report = ImportReport(mode=mode, format=ImportFormat.CSV)
        self.report.warnings = [
            ImportWarning(pointer="line 1", detail=f"the column {name[:60]!r} is not known and not read")
            for name in sheet.unknown
        ]
        self.seen: dict[str, int] = {}
        self.new_stores: list[Store] = []
        self.new_heads: list[Zone] = []
        self.new_edits: list[ZoneVersion] = []
        self.moved_in_time: set[Any] = set()

    async def everything(self) -> None:
        """Read, decide line by line, write."""
        await self._read()
        for i, line in enumerate(self.sheet.lines):
            if i % _PAUSE_EVERY == 0:
                await asyncio.sleep(0)
            await self._line(line)
        for rows in (self.new_stores, self.new_heads, self.new_edits):  # each refers to the ones before
            await batches.flush_rows(self.session, self.tenant_id, rows)
        await announce(self.session, self.tenant_id, [mall_changed(id_) for id_ in self.moved_in_time], self.now)

    async def _read(self) -> None:
        ids = [line.cells["external_id"] for line in self.sheet.lines if "external_id" in line.cells]
        self.stores = await batches.lock_stores(self.session, self.tenant_id, ids)
        circles = [f"{id_}:{end}" for id_ in ids for end, _, _ in CIRCLES.values()]
        self.zones = await batches.lock_zones(self.session, self.tenant_id, circles)
        named = [row.id for row in self.stores.values()]
        self.known = Neighbourhood(await batches.known_places(self.session, self.tenant_id, without=named))
        positions = [
            (number(line.cells.get("lon", "")), number(line.cells.get("lat", ""))) for line in self.sheet.lines
        ]
        self.others = Neighbourhood((lon, lat) for lon, lat in positions if lon is not None and lat is not None)

    # One line: its store, then the circles around it.

    async def _line(self, line: Line) -> None:
        item = ImportItem(
            kind=ItemKind.STORE,
            external_id=line.cells.get("external_id"),
            name=line.cells.get("name"),
            outcome=Outcome.UNCHANGED,
            pointer=f"line {line.number}",
        )
        self.report.items.append(item)
        try:
            row = await self._store(line, item)
        except _Refused as refusal:
            _refuse(item, refusal)
            return
        for column in CIRCLES:
            if column in line.cells:
                self._circle(row, column, line)

    async def _store(self, line: Line, item: ImportItem) -> Store:
        external_id = self._key(line)
        row = self.stores.get(external_id)
        lon, lat = self._position(line)
        given = _parse(StoreIn, _store_feature(row, line.cells, lon, lat))
        assert isinstance(given, StoreIn)  # noqa: S101 - what was asked for
        columns = stores.bare_columns(given)
        if columns["mall_id"] is not None:
            await self._check_in_mall(given, columns)
        item.name, item.level = columns["name"], columns["level"]
        if self.report.mode is ImportMode.PREVIEW:
            item.geometry = to_geojson(columns["footprint"] or columns["point"])
        if row is None:
            row = Store(id=new_id(), version=1, created_at=self.now, updated_at=self.now, **columns)
            self.new_stores.append(row)
            item.outcome = Outcome.ADDED
        elif _differs(row, columns):
            if row.timezone != columns["timezone"]:
                self.moved_in_time.add(row.mall_id)
            _change(row, columns, self.now)
            item.outcome = Outcome.UPDATED
        return row

    def _key(self, line: Line) -> str:
        if line.flaw:
            raise _Refused([line.flaw])
        external_id = line.cells.get("external_id")
        if external_id is None:
            raise _Refused(["external_id is missing; by it the next import finds the store again"])
        first = self.seen.setdefault(external_id, line.number)
        if first != line.number:
            raise _Refused([f"line {first} has the external_id {external_id!r} already; a file names a store once"])
        return external_id

    def _position(self, line: Line) -> tuple[float, float]:
        texts = [line.cells.get("lon"), line.cells.get("lat")]
        if None in texts:
            raise _Refused([NO_PLACE])
        lon, lat = (number(text or "") for text in texts)
        if lon is None or lat is None:
            named = zip(("lon", "lat"), texts, (lon, lat), strict=True)
            raise _Refused([f"{name}: {text!r} is no number of degrees" for name, text, n in named if n is None])
        if is_swapped(lon, lat, self.known, self.others):
            raise _Refused([swapped_axes(Point(lon, lat)).detail], (lon, lat))
        return lon, lat

    async def _check_in_mall(self, given: StoreIn, columns: dict[str, Any]) -> None:
        try:
            await stores.check_store(self.session, self.tenant_id, given, columns)
        except errors.ItemErrors as error:
            raise _Refused([line["detail"] for line in error.extra["errors"]]) from error

    def _circle(self, row: Store, column: str, line: Line) -> None:
        """The draft of a circle around the store; what else somebody set on such a zone stays."""
        end, kind, words = CIRCLES[column]
        external_id, text = f"{row.external_id}:{end}", line.cells[column]
        item = ImportItem(
            kind=ItemKind.ZONE,
            external_id=external_id,
            name=f"{row.name[:180]}: {words}",
            outcome=Outcome.UNCHANGED,
            pointer=f"line {line.number}",
        )
        self.report.items.append(item)
        try:
            radius_m = number(text)
            if radius_m is None:
                raise _Refused([f"{column}: {text!r} is no number of metres"])
            head, edit = self.zones.get(external_id, (None, None))
            own = {"kind": kind, "radius_m": radius_m, "store_id": row.id, "external_id": external_id}
            kept = {"name": item.name} if edit is None else _zone_properties(edit)
            outdoors: dict[str, Any] = {"mall_id": None, "levels": []}
            feature = {"geometry": to_geojson(row.point), "properties": kept | own | outdoors}
            zone = _parse(ZoneIn, feature, {"radius_m": column})
            assert isinstance(zone, ZoneIn)  # noqa: S101 - what was asked for
        except _Refused as refusal:
            _refuse(item, refusal)
            return
        item.name = zone.properties.name
        if self.report.mode is ImportMode.PREVIEW:
            item.geometry = to_geojson(row.point)
        item.outcome = self._put_zone(head, edit, zone)

    def _put_zone(self, head: Zone | None, edit: ZoneVersion | None, zone: ZoneIn) -> Outcome:
        columns, outcome = zones.version_columns(zone), Outcome.ADDED
        if head is None or edit is None:
            place = {name: getattr(zone.properties, name) for name in ("mall_id", "store_id", "external_id")}
            head = Zone(id=new_id(), version=1, created_at=self.now, updated_at=self.now, **place)
            self.new_heads.append(head)
        elif not _differs(edit, columns):
            return Outcome.UNCHANGED
        else:
            _change(head, {"mall_id": None, "store_id": zone.properties.store_id}, self.now)
            outcome = Outcome.UPDATED
        edited = {"created_at": self.now, "created_by": self.by}
        self.new_edits.append(ZoneVersion(zone_id=head.id, version=head.version, **edited, **columns))
        return outcome


def _store_feature(row: Store | None, cells: dict[str, str], lon: float, lat: float) -> dict[str, Any]:
    """The store as the API would be sent it: what the line says over what there was."""
    texts = {name: cells[name] for name in _TEXTS if name in cells}
    point = {"type": "Point", "coordinates": [lon, lat]}
    if row is None:
        return {"geometry": point, "properties": texts}
    names = StoreProperties.model_fields.keys() - {"point", "metadata"}
    before = {name: getattr(row, name) for name in names} | {"metadata": row.extra}
    if row.footprint is None:
        return {"geometry": point, "properties": before | texts}
    return {"geometry": to_geojson(row.footprint), "properties": before | texts | {"point": [lon, lat]}}


def _zone_properties(edit: ZoneVersion) -> dict[str, Any]:
    names = ZoneProperties.model_fields.keys() - {"external_id", "metadata"}
    return {name: getattr(edit, name) for name in names} | {"metadata": edit.extra}


def _parse(
    kind: type[StoreIn] | type[ZoneIn], feature: dict[str, Any], columns: dict[str, str] | None = None
) -> StoreIn | ZoneIn:
    """The feature, or _Refused in words of columns."""
    try:
        return kind.model_validate(feature)
    except ValidationError as error:
        lines = error.errors(include_url=False, include_input=False)
        raise _Refused([_in_columns(line["loc"], line["msg"], columns or {}) for line in lines]) from error


def _in_columns(path: Iterable[str | int], message: str, columns: dict[str, str]) -> str:
    for part in path:
        name = columns.get(str(part), str(part))
        if name in COLUMNS:
            return f"{name}: {message}"
    return message


def _refuse(item: ImportItem, refusal: _Refused) -> None:
    item.outcome = Outcome.REFUSED
    item.problems = [
        ImportProblem(severity=Severity.ERROR, pointer=item.pointer, detail=detail, place=refusal.place)
        for detail in refusal.details
    ]


def _differs(row: Store | ZoneVersion, columns: dict[str, Any]) -> bool:
    return any(getattr(row, name) != value for name, value in columns.items())


def _change(row: Store | Zone, columns: dict[str, Any], now: datetime) -> None:
    for name, value in columns.items():
        setattr(row, name, value)
    row.version += 1
    row.updated_at = now
