"""Taking what a reader gives into the database: add or update, matched by external id. Nothing is half-imported.

One transaction, the caller's: with something refused everything is undone, unless leaving it out was asked for; a
preview is always undone. What the files say already is unchanged; rows that they no longer have stay. The venue epoch
rises once, at the end. A row without an external id is known by its own id, as an export calls it.
"""

import asyncio
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, TypeVar
from uuid import UUID

from pydantic import BaseModel, ValidationError

from geoengage.kit import errors
from geoengage.kit.db import Session, undone
from geoengage.kit.ids import TenantId, new_id
from geoengage.tenancy.service import create_owner
from geoengage.venues import store
from geoengage.venues.formats import Item, Reading
from geoengage.venues.models import Level, Mall, Store, Unit, VenueFeature
from geoengage.venues.report import ImportItem, ImportMode, ImportRefused, ImportReport, ItemKind, Outcome
from geoengage.venues.rules import VenueChanged
from geoengage.venues.service import checks, founding, malls, stores, zones
from geoengage.venues.service.checks import (
    MallPlace,
    announce,
    check_in_place,
    check_outdoor,
    find_mall_place,
    mall_changed,
)
from geoengage.venues.shapes import LevelIn, MallIn, StoreIn, UnitIn, VenueFeatureIn, ZoneIn
from geoengage.venues.store import batches, whole

IMPORTER = "import"
_PAUSE_EVERY = 20  # things
Shape = TypeVar("Shape", bound=BaseModel)
Row = TypeVar("Row", Level, Unit, Store, VenueFeature)
Words = dict[str, Any]
_NOT_FOUND = "there is no {} with the external id {!r}"


@dataclass(frozen=True, slots=True)
class ImportOptions:
    """How to import. `publish` puts zones in force, but for those that the files call drafts."""

    mode: ImportMode = ImportMode.COMMIT
    skip_invalid: bool = False
    publish: bool = False
    mall_id: UUID | None = None
    name: str | None = None
    timezone: str | None = None
    by: str = IMPORTER


async def import_venue(
    session: Session,
    tenant_id: TenantId,
    reading: Reading,
    options: ImportOptions,
    now: datetime,
    after_each: Callable[[], None] = lambda: None,
) -> ImportReport:
    """Take a reading in. `after_each`: for a progress bar.

    A commit in which something is refused raises ImportRefused unless `skip_invalid`; NotFound: no such mall; Conflict:
    somebody else is at it.
    """
    taking = _Taking(session, tenant_id, reading, options, now)
    taking.after_each = after_each
    if options.mode is ImportMode.PREVIEW:
        async with undone(session):
            await taking.everything()
    else:
        await taking.everything()
        if not options.skip_invalid and any(taking.report.refused()):
            raise ImportRefused(taking.report)
    return taking.report


@dataclass(slots=True)
class _Known:
    """What the tenant has of what is coming, by the name that it goes by."""

    rows: dict[ItemKind, dict[str, Any]] = field(default_factory=lambda: {kind: {} for kind in ItemKind})
    added: dict[ItemKind, list[Any]] = field(default_factory=lambda: {kind: [] for kind in ItemKind})
    places: dict[UUID, MallPlace | None] = field(default_factory=dict)
    malls: dict[str, UUID] = field(default_factory=dict)
    owners: dict[str, UUID] = field(default_factory=dict)


class _Taking:
    """The state of one import: what is known, what came of it so far, and what changed for matching."""

    def __init__(
        self, session: Session, tenant_id: TenantId, reading: Reading, options: ImportOptions, now: datetime
    ) -> None:
        self.session, self.tenant_id, self.reading, self.options, self.now = session, tenant_id, reading, options, now
        self.report = ImportReport(mode=options.mode, format=reading.format, warnings=reading.notes)
        self.ids: dict[str, dict[str, UUID]] = {kind.value: {} for kind in ItemKind}
        self.changes: list[VenueChanged] = []
        self.mall: Mall | None = None
        self.known = _Known()
        self.after_each: Callable[[], None] = lambda: None

    async def everything(self) -> None:
        if not await self._one_mall():
            return
        await self._load()
        takers: dict[ItemKind, Callable[[Item], Awaitable[tuple[UUID, Outcome]]]] = {
            ItemKind.LEVEL: self._level,
            ItemKind.UNIT: self._unit,
            ItemKind.STORE: self._store,
            ItemKind.ZONE: self._zone,
            ItemKind.FEATURE: self._feature,
        }
        for kind in ItemKind:
            for item in self.reading.items:
                if item.kind is kind:
                    await self._one(item, takers.get(kind))
                    await self._pause()
            await batches.flush_rows(self.session, self.tenant_id, self.known.added[kind])
            if kind is ItemKind.LEVEL:
                self.known.places.clear()  # the outline is another one now
        await announce(self.session, self.tenant_id, self.changes, self.now)

    async def _load(self) -> None:
        names = {item.external_id for item in self.reading.items if item.kind in (ItemKind.STORE, ItemKind.ZONE)}
        wanted = {name for name in names if name is not None}
        mall_id = None if self.mall is None else self.mall.id
        found = await whole.load(self.session, self.tenant_id, mall_id, wanted, lock=True)
        rows = self.known.rows
        rows[ItemKind.LEVEL] = {str(row.ordinal): row for row in found.levels}
        rows[ItemKind.UNIT] = {_name(row): row for row in found.units}
        rows[ItemKind.STORE] = {_name(row): row for row in found.stores}
        rows[ItemKind.ZONE] = {_name(at.head): at for at in found.zones}
        rows[ItemKind.FEATURE] = {row.external_id: row for row in found.features}
        for owner in await whole.list_owners(self.session, self.tenant_id):
            self.known.owners[owner.external_id or str(owner.id)] = owner.id

    async def _one(self, item: Item, take: Callable[[Item], Awaitable[tuple[UUID, Outcome]]] | None) -> None:
        """Take one thing, or say why not."""
        ids = self.ids[item.kind.value]
        name = str(item.properties.get("ordinal")) if item.kind is ItemKind.LEVEL else item.external_id
        outcome = Outcome.REFUSED
        if not item.is_refused and take is not None:
            try:
                if item.kind is not ItemKind.LEVEL and name is None:
                    detail = "give it an external id, by which the next import finds it again"
                    raise errors.ItemErrors([checks.item(("properties", "external_id"), detail)])
                if name in ids:
                    raise errors.ItemErrors([checks.item(("properties", "external_id"), "it is in the files twice")])
                id_, outcome = await take(item)
                ids[str(name)] = id_
            except (ValidationError, errors.ItemErrors) as error:
                _refuse(item, error)
        self._say(item, outcome)

    # One kind of thing each: parse, check, put.

    async def _one_mall(self) -> bool:
        """Whether the import can go on: with a mall, or without any, outdoors."""
        item, options = self.reading.mall, self.options
        row, outcome = None, Outcome.UNCHANGED
        if options.mall_id is not None:
            row = await store.get_row(self.session, self.tenant_id, Mall, options.mall_id, lock=True)
        elif item is not None and item.external_id is not None:
            row = await founding.find_mall(self.session, self.tenant_id, item.external_id)
        if item is not None:
            try:
                row, outcome = await self._put_mall(item, row)
            except (ValidationError, errors.ItemErrors) as error:
                _refuse(item, error)
                outcome = Outcome.REFUSED
            self._say(item, outcome)
        self.mall = row
        if row is not None:
            is_new = outcome is Outcome.ADDED and options.mode is ImportMode.PREVIEW
            self.report.mall_id, self.report.mall_name = None if is_new else row.id, row.name
            names = [row.external_id or str(row.id), *([item.external_id] if item and item.external_id else [])]
            self.known.malls = dict.fromkeys(names, row.id)

        return item is None or not item.is_refused

    async def _put_mall(self, item: Item, row: Mall | None) -> tuple[Mall, Outcome]:
        words = await founding.mall_words(self.session, self.tenant_id, self.reading, row, self.options)
        if item.is_refused:
            raise errors.ItemErrors([])
        columns = malls.mall_columns(MallIn.model_validate(words))
        if row is None:
            row = Mall(id=new_id(), **columns)
            await batches.flush_rows(self.session, self.tenant_id, [row])
            return row, Outcome.ADDED
        columns["external_id"] = row.external_id or (None if item.external_id == str(row.id) else item.external_id)
        if _same(row, columns):
            return row, Outcome.UNCHANGED
        matters = ("timezone", "origin_lon", "origin_lat", "bearing_deg")
        changed = any(getattr(row, name) != columns[name] for name in matters)
        await store.update_row(self.session, self.tenant_id, row, columns, self.now)
        self._matching_changed(row.id, changed)
        return row, Outcome.UPDATED

    async def _level(self, item: Item) -> tuple[UUID, Outcome]:
        mall = self._the_mall()
        row = self.known.rows[ItemKind.LEVEL].get(str(item.properties.get("ordinal")))
        level = await self._parse(LevelIn, item, row, {})
        columns = malls.level_columns(mall, level) | {"mall_id": mall.id}
        row, outcome = await self._put(item, Level, row, columns)
        self._matching_changed(mall.id, outcome is not Outcome.UNCHANGED)
        return row.id, outcome

    async def _unit(self, item: Item) -> tuple[UUID, Outcome]:
        mall = self._the_mall()
        row = self.known.rows[ItemKind.UNIT].get(str(item.external_id))
        unit = await self._parse(UnitIn, item, row, {} if row is None else {"name": row.name})
        p = unit.properties
        checks.raise_if_any(check_in_place(await self._place(mall.id), [unit.geometry], {"level": p.level}))
        if p.mall_id not in (None, mall.id):
            raise errors.ItemErrors([checks.item(("properties", "mall_id"), "it is not the mall of the files")])
        before = unit.properties.category if row is None else row.category
        row, outcome = await self._put(item, Unit, row, malls.unit_fields(unit) | {"mall_id": mall.id})
        changed = outcome is not Outcome.UNCHANGED
        self._matching_changed(mall.id, changed and bool(malls.connector_change(mall.id, before, row.category)))
        return row.id, outcome

    async def _store(self, item: Item) -> tuple[UUID, Outcome]:
        row = self.known.rows[ItemKind.STORE].get(str(item.external_id))
        kept = ("owner_id", "category", "brand_color", "timezone", "opening_hours", "address")
        given = await self._parse(StoreIn, item, row, _words(row, *kept))
        columns, p = stores.bare_columns(given), given.properties
        shape = columns["footprint"] or columns["point"]
        if p.mall_id is None:
            checks.raise_if_any(await check_outdoor(self.session, self.tenant_id, shape))
        else:
            levels = {} if p.level is None else {"level": p.level}
            checks.raise_if_any(check_in_place(await self._place(p.mall_id), [shape, columns["point"]], levels))
        moved_in_time = row is not None and row.timezone != columns["timezone"]
        row, outcome = await self._put(item, Store, row, columns)
        self._matching_changed(row.mall_id, moved_in_time)
        return row.id, outcome

    async def _zone(self, item: Item) -> tuple[UUID, Outcome]:
        at: store.ZoneAt | None = self.known.rows[ItemKind.ZONE].get(str(item.external_id))
        kept = ("kind", "tags", "sensitivity", "color", "schedule", "rules", "store_id")
        edit = None if at is None else at.edit
        zone = await self._zone_in(item, edit, _words(edit, *kept))
        if at is not None:
            zone.properties.external_id = at.head.external_id
        outcome = Outcome.UNCHANGED
        publish = self.options.publish and not item.is_draft
        if at is None or not _same(at.edit, zones.version_columns(zone)):
            outcome = Outcome.ADDED if at is None else Outcome.UPDATED
            if publish and item.in_force is not None:
                at = await self._edit(at, await self._in_force(item))
                self.changes += await zones.put_in_force(self.session, self.tenant_id, at, self.now)
            at = await self._edit(at, zone)
        if publish and item.in_force is None:
            self.changes += await zones.put_in_force(self.session, self.tenant_id, at, self.now)
        return at.head.id, outcome

    async def _zone_in(self, item: Item, edit: Any, kept: Words) -> ZoneIn:
        zone = await self._parse(ZoneIn, item, edit, kept)
        shape, p = zones.version_columns(zone)["geom"], zone.properties
        if p.mall_id is None:
            checks.raise_if_any(await check_outdoor(self.session, self.tenant_id, shape))
        else:
            levels = {f"levels/{i}": n for i, n in enumerate(p.levels)}
            checks.raise_if_any(check_in_place(await self._place(p.mall_id), [shape], levels))
        return zone

    async def _in_force(self, item: Item) -> ZoneIn:
        """The published edit of a zone whose newest edit is another one."""
        edit = item.in_force or {}
        published = Item(item.kind, item.file, item.pointer, dict(edit["properties"]), edit["geometry"], words={})
        return await self._zone_in(published, None, {})

    async def _edit(self, at: store.ZoneAt | None, zone: ZoneIn) -> store.ZoneAt:
        if at is None:
            return await zones.create_zone(
                self.session, self.tenant_id, new_id(), zone, by=self.options.by, now=self.now
            )
        return await zones.edit_zone(self.session, self.tenant_id, at.head, zone, by=self.options.by, now=self.now)

    async def _feature(self, item: Item) -> tuple[UUID, Outcome]:
        mall = self._the_mall()
        row = self.known.rows[ItemKind.FEATURE].get(str(item.external_id))
        item.properties.pop("mall_external_id", None)
        feature = VenueFeatureIn.model_validate({"geometry": item.geometry, "properties": item.properties})
        columns = feature.properties.model_dump() | {"geom": feature.geometry, "mall_id": mall.id}
        row, outcome = await self._put(item, VenueFeature, row, columns)
        return row.id, outcome

    # What they share.

    def _the_mall(self) -> Mall:
        if self.mall is None:
            raise errors.ItemErrors([checks.item((), "it belongs into a mall: say which one (mall_id)")])
        return self.mall

    async def _place(self, mall_id: UUID) -> MallPlace | None:
        if mall_id not in self.known.places:
            self.known.places[mall_id] = await find_mall_place(self.session, self.tenant_id, mall_id)
        return self.known.places[mall_id]

    async def _parse(self, shape: type[Shape], item: Item, row: Any, kept: Words) -> Shape:
        """The input that an item is, with references by external id turned into ids.

        What a file cannot say (`kept`, and metadata of others) stays as the row has it, unless the file is our own.
        """
        words = dict(item.properties)
        for member in ("mall", "store", "owner"):
            if external_id := words.pop(f"{member}_external_id", None):
                words[f"{member}_id"] = await self._id_of(member, external_id)
        if item.in_mall:
            words["mall_id"] = self._the_mall().id
        if row is not None:
            if not self.reading.whole:
                words = {**kept, **{name: value for name, value in words.items() if value is not None}}
                words["metadata"] = founding.merged(row.extra, words.get("metadata"))
            words.setdefault("metadata", row.extra)
        return shape.model_validate({"geometry": item.geometry, "properties": words})

    async def _id_of(self, member: str, external_id: Any) -> UUID:
        if not isinstance(external_id, str):
            raise errors.ItemErrors([checks.item(("properties", f"{member}_external_id"), "a text is expected")])
        known = {"mall": self.known.malls, "owner": self.known.owners}.get(member)
        if known is None:
            known = self.ids["store"]
        found = known.get(external_id)
        if found is None and member == "owner":
            found = await self._new_owner(external_id)
        elif found is None:
            found = await store.find_id(self.session, self.tenant_id, Mall if member == "mall" else Store, external_id)
        if found is None:
            detail = _NOT_FOUND.format(member, external_id)
            raise errors.ItemErrors([checks.item(("properties", f"{member}_external_id"), detail)])
        known[external_id] = found
        return found

    async def _new_owner(self, external_id: str) -> UUID:
        name = self.reading.owners.get(external_id, external_id)
        owner = await create_owner(self.session, self.tenant_id, name, external_id, now=self.now)
        item = Item(ItemKind.OWNER, "", "#", {"external_id": external_id, "name": name})
        self._say(item, Outcome.ADDED)
        return owner.id

    async def _put(self, item: Item, kind: type[Row], row: Row | None, columns: dict[str, Any]) -> tuple[Row, Outcome]:
        """Add (with all of its kind, later), update or leave a row."""
        if row is None:
            row = kind(id=new_id(), **columns)
            self.known.added[item.kind].append(row)
            return row, Outcome.ADDED
        if "external_id" in columns:
            columns["external_id"] = _external_id(row)
        if _same(row, columns):
            return row, Outcome.UNCHANGED
        await store.update_row(self.session, self.tenant_id, row, columns, self.now)
        return row, Outcome.UPDATED

    async def _pause(self) -> None:
        """Let other requests in between, for a large plan takes seconds."""
        self.after_each()
        if len(self.report.items) % _PAUSE_EVERY == 0:
            await asyncio.sleep(0)

    def _say(self, item: Item, outcome: Outcome) -> None:
        """Add a thing to the report."""
        words, is_preview = item.properties, self.options.mode is ImportMode.PREVIEW
        levels = words.get("levels")
        level = levels[0] if isinstance(levels, list) and levels else words.get("level", words.get("ordinal"))
        name = words.get("name")
        self.report.items.append(
            ImportItem(
                kind=item.kind,
                external_id=item.external_id,
                name=name if isinstance(name, str) else None,
                level=level if isinstance(level, int) and not isinstance(level, bool) else None,
                outcome=outcome,
                file=item.file or None,
                pointer=item.pointer,
                problems=item.problems,
                geometry=item.geometry if is_preview and isinstance(item.geometry, dict) else None,
            )
        )

    def _matching_changed(self, mall_id: UUID | None, changed: bool) -> None:
        change = mall_changed(mall_id)
        if changed and change not in self.changes:
            self.changes.append(change)


def _refuse(item: Item, error: ValidationError | errors.ItemErrors) -> None:
    """Say of a thing what an error says, each at its place."""
    if isinstance(error, ValidationError):
        for line in error.errors(include_url=False, include_input=False):
            item.refuse(line["loc"], line["msg"])
        return
    for found in error.extra["errors"]:
        item.refuse(_path(found["pointer"]), found["detail"])


def _name(row: Any) -> str:
    """What a row goes by: its external id, else its id."""
    return str(row.external_id or row.id)


def _external_id(row: Any) -> str | None:
    found: str | None = row.external_id
    return found


def _words(row: Any, *names: str) -> Words:
    return {} if row is None else {name: value for name in names if (value := getattr(row, name)) is not None}


def _same(row: object, columns: dict[str, Any]) -> bool:
    return all(getattr(row, name) == value for name, value in columns.items())


def _path(pointer: str) -> tuple[str | int, ...]:
    steps = pointer.removeprefix("#").strip("/").split("/")
    return tuple(int(step) if step.isdecimal() else step for step in steps if step)
