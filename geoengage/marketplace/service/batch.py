"""Setting up many stores from one list. Each row is a transaction of its own, so that a bad one loses nothing else, the
ledger is never held for long, and a list that was cut off is simply sent again.
"""

import asyncio
from collections.abc import Sequence
from typing import Any

from pydantic import ValidationError

from geoengage.kit import errors, log
from geoengage.kit.db import Session, Sessions, is_passing, retried, transaction
from geoengage.kit.ids import new_id
from geoengage.marketplace.rules import StoreRow
from geoengage.marketplace.service import belongings
from geoengage.marketplace.service.results import Desk, Path, RowOutcome, RowResult
from geoengage.recipes.service.planning import usual_currency
from geoengage.tenancy.models import Owner
from geoengage.tenancy.service import audit, create_owner
from geoengage.tenancy.store import find_by, update_row
from geoengage.venues import service as venues
from geoengage.venues import store as places
from geoengage.venues.models import Store
from geoengage.venues.rules import to_geojson
from geoengage.venues.service.stores import bare_columns
from geoengage.venues.shapes import StoreIn, StoreProperties

logger = log.get("marketplace")
BUG = "this is our fault and has been logged; the other rows are not concerned"
_BUSY = "somebody is changing the same things; send the list again"


async def put_stores(sessions: Sessions, desk: Desk, rows: Sequence[Any]) -> list[RowResult]:
    """Make or change the stores of a list; one result a row, in its order. Sending it again changes nothing."""
    read = [_read(row) for row in rows]
    currency = await _currency(sessions, desk, [row for row, _ in read if row is not None])
    results, seen = [result for _, result in read], dict[str, int]()
    lanes: list[list[tuple[int, StoreRow]]] = [[] for _ in range(desk.lanes)]
    for i, (row, _) in enumerate(read):
        if row is None:
            continue
        first = seen.setdefault(row.external_id, i)
        if first != i:
            results[i] = _failed(row.external_id, [(("external_id",), f"row {first + 1} is this store already")])
            continue
        owner = row.external_id if row.owner is None else row.owner.external_id or row.external_id
        lanes[hash(owner) % desk.lanes].append((i, row))  # rows of one owner come one after the other

    async def work(lane: list[tuple[int, StoreRow]]) -> None:
        for i, row in lane:
            results[i] = await _one(sessions, desk, row, currency)
            await asyncio.sleep(0)  # others are answered meanwhile

    await asyncio.gather(*map(work, lanes))
    return results


def _read(row: Any) -> tuple[StoreRow | None, RowResult]:
    """The row, or why it is none. A value that is refused is never repeated: it may be a secret."""
    try:
        return StoreRow.model_validate(row), RowResult()
    except ValidationError as error:
        found = error.errors(include_url=False, include_input=False, include_context=False)
        name = row.get("external_id") if isinstance(row, dict) else None
        return None, _failed(
            name[:255] if isinstance(name, str) else None, [(tuple(each["loc"]), each["msg"]) for each in found]
        )


def _failed(external_id: str | None, problems: Sequence[tuple[Path, str]]) -> RowResult:
    return RowResult(RowOutcome.FAILED, external_id, problems=list(problems))


async def _currency(sessions: Sessions, desk: Desk, rows: Sequence[StoreRow]) -> str | None:
    """What recipes go by where a row names no currency: the whole's. Looked up once a list, and only if needed."""
    if all(row.recipe is None or row.recipe.currency is not None for row in rows):
        return None
    async with transaction(sessions, desk.tenant_id) as session:
        return await usual_currency(session, desk.tenant_id)


async def _one(sessions: Sessions, desk: Desk, row: StoreRow, currency: str | None) -> RowResult:
    async def work(session: Session) -> RowResult:
        return await _put(session, desk, row, currency)

    try:
        return await retried(sessions, desk.tenant_id, work)
    except errors.ItemErrors as error:
        problems = [(_path(each["pointer"]), each["detail"]) for each in error.extra["errors"]]
        return _failed(row.external_id, problems)
    except errors.AppError as error:
        return _failed(row.external_id, [((), error.detail)])
    except Exception as error:  # one row's fault must not lose the keys of those before it
        if is_passing(error):
            return _failed(row.external_id, [((), _BUSY)])
        logger.error("bug", row=row.external_id, exc_info=error)
        return _failed(row.external_id, [((), BUG)])


def _path(pointer: str) -> Path:
    parts: Path = tuple(part for part in pointer.removeprefix("#").split("/") if part)
    return parts[1:] if parts[:1] == ("properties",) else parts


async def _put(session: Session, desk: Desk, row: StoreRow, currency: str | None) -> RowResult:
    result = RowResult(external_id=row.external_id)
    owner = await _put_owner(session, desk, row, result)
    store = await _put_store(session, desk, row, owner, result)
    result.store_id = store.id
    await belongings.put_operator(session, desk, row, owner, result)
    await belongings.put_app(session, desk, row, store, result)
    await belongings.put_senders(session, desk, row, store, result)
    await belongings.put_limit(session, desk, row, store, result)
    await belongings.put_recipe(session, desk, row, store, currency, result)
    await belongings.put_master(session, desk, row, store, result)
    if result.outcome is not RowOutcome.CREATED and result.changes:
        result.outcome = RowOutcome.UPDATED
    if result.changes:
        await audit(session, desk.me, "store.batch", store.id, desk.now, ", ".join(result.changes))
    return result


async def _put_owner(session: Session, desk: Desk, row: StoreRow, result: RowResult) -> Owner | None:
    if row.owner is None:
        return None
    external_id = row.owner.external_id or row.external_id
    owner = await find_by(session, desk.tenant_id, Owner, external_id=external_id)
    if owner is None:
        name = row.owner.name or row.name or external_id
        owner = await create_owner(session, desk.tenant_id, name, external_id, now=desk.now)
        result.changes.append("owner")
    elif row.owner.name not in (None, owner.name):
        await update_row(session, desk.tenant_id, owner, {"name": row.owner.name}, "the owner cannot be changed so")
        result.changes.append("owner")
    result.owner_id = owner.id
    return owner


async def _put_store(session: Session, desk: Desk, row: StoreRow, owner: Owner | None, result: RowResult) -> Store:
    before = await places.find_row(session, desk.tenant_id, Store, external_id=row.external_id)
    given = _feature(row, owner, before)
    if before is None:
        result.outcome = RowOutcome.CREATED
        result.changes.append("store")
        return await venues.create_store(session, desk.tenant_id, new_id(desk.now), given)
    columns = bare_columns(given)
    if any(getattr(before, name) != value for name, value in columns.items()):
        await venues.edit_store(session, desk.tenant_id, before, given, desk.now)
        result.changes.append("store")
    return before


def _feature(row: StoreRow, owner: Owner | None, before: Store | None) -> StoreIn:
    """The store as the API would be sent it: what the row says over what there was."""
    properties: dict[str, Any] = {}
    geometry: dict[str, Any] | None = None
    if before is not None:
        names = StoreProperties.model_fields.keys() - {"point", "metadata"}
        properties = {name: getattr(before, name) for name in names}
        geometry = to_geojson(before.footprint or before.point)
        if before.footprint is not None:
            properties["point"] = [before.point.x, before.point.y]
    properties |= row.store_words()
    if owner is not None:
        properties["owner_id"] = owner.id
    territory = {} if row.territory is None else {"territory": row.territory}
    properties["metadata"] = {**({} if before is None else before.extra), **(row.metadata or {}), **territory}
    if (row.lon is None) is not (row.lat is None):
        raise errors.field("lat" if row.lat is None else "lon", "a place has both, lon and lat")
    if row.lon is not None:
        if before is not None and before.footprint is not None:
            properties["point"] = [row.lon, row.lat]
        else:
            geometry = {"type": "Point", "coordinates": [row.lon, row.lat]}
    if geometry is None:
        raise errors.field("lon", "a new store needs its place: lon and lat")
    if not properties.get("name"):
        raise errors.field("name", "a new store needs a name")
    try:
        return StoreIn.model_validate({"geometry": geometry, "properties": properties})
    except ValidationError as error:
        found = error.errors(include_url=False, include_input=False, include_context=False)
        raise errors.ItemErrors(
            [{"pointer": "#/" + "/".join(map(str, each["loc"])), "in": "body", "detail": each["msg"]} for each in found]
        ) from error
