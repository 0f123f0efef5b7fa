"""Importing a mall from a folder of files like zones/demo_mall: add or update, matched by external id.

One transaction: what is wrong is reported item by item and left out, the rest is taken. Reading a folder again changes
nothing where the files say nothing new; the venue epoch rises once at the end. Rows that the folder no longer has stay.
"""

import json
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path
from typing import Any, NoReturn, TypeVar
from uuid import UUID

from pydantic import BaseModel, TypeAdapter, ValidationError

from geoengage.kit import errors
from geoengage.kit.db import Session
from geoengage.kit.ids import TenantId, new_id
from geoengage.kit.shapes import ExternalId, Name
from geoengage.tenancy.models import Owner
from geoengage.tenancy.service import create_owner
from geoengage.venues import store
from geoengage.venues.models import Level, Mall, Store, Unit, Zone
from geoengage.venues.rules import VenueChanged
from geoengage.venues.service import malls, stores, zones
from geoengage.venues.service.checks import announce, item, mall_changed
from geoengage.venues.shapes import LevelIn, MallIn, StoreIn, UnitIn, ZoneIn

IMPORTER = "import"
Model = TypeVar("Model", bound=BaseModel)
Row = TypeVar("Row", Mall, Level, Unit, Store)


@dataclass(frozen=True, slots=True)
class ImportProblem:
    """One thing that was not taken: file, JSON pointer inside it, external id where it has one, and why."""

    file: str
    pointer: str
    external_id: str | None
    detail: str


@dataclass(slots=True)
class ImportReport:
    """What an import did: counts per kind of thing, problems, and the ids of everything by external id."""

    added: dict[str, int] = field(default_factory=dict)
    updated: dict[str, int] = field(default_factory=dict)
    unchanged: dict[str, int] = field(default_factory=dict)
    problems: list[ImportProblem] = field(default_factory=list)
    ids: dict[str, dict[str, UUID]] = field(default_factory=dict)

    def count(self, outcome: dict[str, int], kind: str) -> None:
        """Count one thing of a kind under an outcome."""
        outcome[kind] = outcome.get(kind, 0) + 1


async def import_folder(
    session: Session, tenant_id: TenantId, folder: Path, now: datetime, *, publish: bool = True
) -> ImportReport:
    """Load mall.json and owners, levels, units, stores and zones beside it; all but mall.json may be missing.

    `publish` puts the newest edit of every zone of the folder in force.
    """
    run = _Import(session, tenant_id, folder, now, publish=publish)
    await run.everything()
    return run.report


class OwnerName(BaseModel):
    """An entry of owners.json."""

    external_id: ExternalId
    name: Name


class _Import:
    """The state of one import: what came of it so far, and what changed for matching."""

    def __init__(self, session: Session, tenant_id: TenantId, folder: Path, now: datetime, *, publish: bool) -> None:
        self.session, self.tenant_id, self.folder, self.now, self.publish = session, tenant_id, folder, now, publish
        self.report = ImportReport()
        self.changes: list[VenueChanged] = []
        self.owner_names: dict[str, str] = {}

    async def everything(self) -> None:
        document = self._read("mall.json")
        if document is None:
            return
        try:
            mall = await self._mall(MallIn.model_validate(document))
        except ValidationError as error:
            self._report("mall.json", "#", document, _lines(error))
            return
        self._owners()
        await self._features("levels.geojson", lambda feature: self._level(mall, feature))
        await self._features("units.geojson", lambda feature: self._unit(mall, feature))
        await self._features("stores.geojson", self._store)
        await self._features("zones.geojson", self._zone)
        await announce(self.session, self.tenant_id, self.changes, self.now)

    def _owners(self) -> None:
        """Names of owners, for those whom a store will name."""
        document = self._read("owners.json", optional=True)
        try:
            for owner in TypeAdapter(list[OwnerName]).validate_python(document or []):
                self.owner_names[owner.external_id] = owner.name
        except ValidationError as error:
            self._report("owners.json", "#", None, _lines(error))

    # One kind of thing each: parse, check, put.

    async def _mall(self, mall: MallIn) -> Mall:
        row = await store.find_row(self.session, self.tenant_id, Mall, external_id=_needed(mall.external_id))
        row, _ = await self._put("mall", Mall, row, malls.mall_columns(mall))
        self._remember("mall", str(mall.external_id), row.id)
        return row

    async def _level(self, mall: Mall, feature: dict[str, Any]) -> None:
        feature["properties"].pop("external_id", None)  # a level is known by its ordinal
        level = await self._parse(LevelIn, feature)
        columns = malls.level_columns(mall, level) | {"mall_id": mall.id}
        known = {"mall_id": mall.id, "ordinal": level.properties.ordinal}
        row = await store.find_row(self.session, self.tenant_id, Level, **known)
        _, changed = await self._put("level", Level, row, columns)
        self._matching_changed(mall.id, changed)

    async def _unit(self, mall: Mall, feature: dict[str, Any]) -> None:
        unit = await self._parse(UnitIn, feature)
        external_id = _needed(unit.properties.external_id)
        columns = await malls.unit_columns(self.session, self.tenant_id, mall, unit) | {"mall_id": mall.id}
        row = await store.find_row(self.session, self.tenant_id, Unit, mall_id=mall.id, external_id=external_id)
        before = unit.properties.category if row is None else row.category
        row, changed = await self._put("unit", Unit, row, columns)
        self._matching_changed(mall.id, changed and bool(malls.connector_change(mall.id, before, row.category)))
        self._remember("unit", external_id, row.id)

    async def _store(self, feature: dict[str, Any]) -> None:
        given = await self._parse(StoreIn, feature)
        external_id = _needed(given.properties.external_id)
        columns = await stores.store_columns(self.session, self.tenant_id, given)
        row = await store.find_row(self.session, self.tenant_id, Store, external_id=external_id)
        moved_in_time = row is not None and row.timezone != columns["timezone"]
        row, _ = await self._put("store", Store, row, columns)
        self._matching_changed(row.mall_id, moved_in_time)
        self._remember("store", external_id, row.id)

    async def _zone(self, feature: dict[str, Any]) -> None:
        zone = await self._parse(ZoneIn, feature)
        external_id = _needed(zone.properties.external_id)
        await zones.check_zone(self.session, self.tenant_id, zone, None)
        head = await store.find_row(self.session, self.tenant_id, Zone, external_id=external_id)
        if head is None:
            at = await zones.create_zone(self.session, self.tenant_id, new_id(), zone, by=IMPORTER, now=self.now)
            self.report.count(self.report.added, "zone")
        else:
            edit = await store.get_version(self.session, self.tenant_id, head.id, head.version)
            at = store.ZoneAt(head, edit)
            if _same(edit, zones.version_columns(zone)):
                self.report.count(self.report.unchanged, "zone")
            else:
                at = await zones.edit_zone(self.session, self.tenant_id, head, zone, by=IMPORTER, now=self.now)
                self.report.count(self.report.updated, "zone")
        if self.publish:
            self.changes += await zones.put_in_force(self.session, self.tenant_id, at, self.now)
        self._remember("zone", external_id, at.head.id)

    # What they share.

    def _read(self, name: str, *, optional: bool = False) -> Any:
        path = self.folder / name
        if optional and not path.exists():
            return None
        try:
            return json.loads(path.read_text(encoding="utf-8"), parse_constant=_no_constant)
        except (OSError, ValueError) as error:
            self.report.problems.append(ImportProblem(name, "#", None, str(error)))
            return None

    async def _features(self, name: str, take: Callable[[dict[str, Any]], Awaitable[None]]) -> None:
        document = self._read(name, optional=True)
        if document is None:
            return
        if not isinstance(document, dict) or not isinstance(document.get("features"), list):
            self._report(name, "#", None, [item((), "a FeatureCollection with an array `features` is expected")])
            return
        for i, feature in enumerate(document["features"]):
            properties = feature.get("properties") if isinstance(feature, dict) else None
            if not isinstance(properties, dict):
                self._report(name, f"#/features/{i}", None, [item((), "a Feature with `properties` is expected")])
                continue
            try:
                await take({**feature, "properties": dict(properties)})
            except ValidationError as error:
                self._report(name, f"#/features/{i}", properties, _lines(error))
            except errors.ItemErrors as error:
                self._report(name, f"#/features/{i}", properties, error.extra["errors"])

    async def _parse(self, model: type[Model], feature: dict[str, Any]) -> Model:
        """The feature with references by external id turned into ids."""
        properties = feature["properties"]
        for member, kind in (("mall", Mall), ("store", Store), ("owner", Owner)):
            if external_id := properties.pop(f"{member}_external_id", None):
                properties[f"{member}_id"] = await self._id_of(member, kind, external_id)
        return model.model_validate(feature)

    async def _id_of(self, member: str, kind: type[Mall] | type[Store] | type[Owner], external_id: str) -> UUID:
        found = self.report.ids.get(member, {}).get(external_id)
        if found is None:
            found = await store.find_id(self.session, self.tenant_id, kind, external_id)
        if found is None and kind is Owner:
            name = self.owner_names.get(external_id, external_id)
            found = (await create_owner(self.session, self.tenant_id, name, external_id, now=self.now)).id
            self.report.count(self.report.added, "owner")
        if found is None:
            detail = f"there is no {member} with the external id {external_id!r}"
            raise errors.ItemErrors([item(("properties", f"{member}_external_id"), detail)])
        self._remember(member, external_id, found)
        return found

    async def _put(self, what: str, kind: type[Row], row: Row | None, columns: dict[str, Any]) -> tuple[Row, bool]:
        """Add, update or leave a row; and whether anything changed."""
        if row is None:
            row = kind(id=new_id(), **columns)
            await store.insert_row(self.session, self.tenant_id, row)
            self.report.count(self.report.added, what)
            return row, True
        if _same(row, columns):
            self.report.count(self.report.unchanged, what)
            return row, False
        await store.update_row(self.session, self.tenant_id, row, columns, self.now)
        self.report.count(self.report.updated, what)
        return row, True

    def _matching_changed(self, mall_id: UUID | None, changed: bool) -> None:
        change = mall_changed(mall_id)
        if changed and change not in self.changes:
            self.changes.append(change)

    def _remember(self, kind: str, external_id: str, id_: UUID) -> None:
        self.report.ids.setdefault(kind, {})[external_id] = id_

    def _report(self, name: str, pointer: str, holder: Any, items: list[dict[str, Any]]) -> None:
        external_id = holder.get("external_id") if isinstance(holder, dict) else None
        self.report.problems += [
            ImportProblem(name, pointer + line["pointer"].removeprefix("#").rstrip("/"), external_id, line["detail"])
            for line in items
        ]


def _lines(error: ValidationError) -> list[dict[str, Any]]:
    return [item(line["loc"], line["msg"]) for line in error.errors(include_url=False, include_input=False)]


def _same(row: object, columns: dict[str, Any]) -> bool:
    return all(getattr(row, name) == value for name, value in columns.items())


def _needed(external_id: str | None) -> str:
    if external_id is None:
        detail = "give it an external id, by which the next import finds it again"
        raise errors.ItemErrors([item(("properties", "external_id"), detail)])
    return external_id


def _no_constant(name: str) -> NoReturn:
    raise ValueError(f"{name} is no number that JSON knows")
