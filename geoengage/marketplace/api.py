"""HTTP of the marketplace: many stores from one list."""

import asyncio
import json
from collections.abc import Sequence
from typing import Any

from fastapi import APIRouter, Request, Response

from geoengage.kit import errors
from geoengage.kit.http import PROBLEMS, UNREADABLE, Now
from geoengage.marketplace.rules import MOST_ROWS, place_of, read_table
from geoengage.marketplace.rules.sheet import Table
from geoengage.marketplace.service.batch import put_stores
from geoengage.marketplace.service.results import Desk, RowOutcome, RowResult
from geoengage.marketplace.shapes import RowProblem, StoreBatchIn, StoreBatchOut, StoreRowResult
from geoengage.tenancy.auth import Admin

router = APIRouter(tags=["marketplace"], responses=PROBLEMS)


def _whole(schema: Any, known: dict[str, Any]) -> Any:
    """The schema without references: what FastAPI does not read itself has no place among its components."""
    if isinstance(schema, list):
        return [_whole(each, known) for each in schema]
    if not isinstance(schema, dict):
        return schema
    if (name := schema.get("$ref")) is not None:
        return _whole(known[name.rpartition("/")[2]], known) | {k: v for k, v in schema.items() if k != "$ref"}
    return {name: _whole(value, known) for name, value in schema.items() if name != "$defs"}


_SCHEMA = StoreBatchIn.model_json_schema()
_BODY = {
    "requestBody": {
        "required": True,
        "content": {
            "application/json": {"schema": _whole(_SCHEMA, _SCHEMA["$defs"])},
            "text/csv": {"schema": {"type": "string"}},
        },
    }
}


@router.post("/v1/stores:batch", openapi_extra=_BODY)
async def put_many_stores(request: Request, response: Response, me: Admin, now: Now) -> StoreBatchOut:
    """Add or change up to 500 stores with owner, app, keys, brand, senders and recipe, as JSON or as CSV.

    A store is found by its `external_id`. Each row is done or not by itself, and says what came of it; sending the same
    again changes nothing. What a row leaves out stays. As CSV each member is a column: see docs/marketplace.md.
    """
    response.headers["Cache-Control"] = "no-store"
    state = request.app.state
    desk = Desk(me, now, state.sealing_keys, state.signing_key)
    body = await request.body()
    if request.headers.get("content-type", "").split(";")[0].strip().lower() == "text/csv":
        return await _from_table(request, desk, await asyncio.to_thread(read_table, body))
    rows = _rows(body)
    results = await put_stores(state.sessions, desk, rows)
    items = [
        _result(i + 1, found, [_pointer(i, path, detail) for path, detail in found.problems])
        for i, found in enumerate(results)
    ]
    return _answer(items, [])


async def _from_table(request: Request, desk: Desk, table: Table) -> StoreBatchOut:
    good = [line for line in table.lines if not line.flaws]
    done = iter(await put_stores(request.app.state.sessions, desk, [line.row for line in good]))
    items = []
    for line in table.lines:
        if line.flaws:
            name = line.row.get("external_id")
            found = RowResult(RowOutcome.FAILED, name, problems=[((column,), flaw) for column, flaw in line.flaws])
            said = [(column, flaw) for column, flaw in line.flaws]
        else:
            found = next(done)
            said = [(place_of(path) or "/".join(map(str, path)), detail) for path, detail in found.problems]
        problems = [
            RowProblem(pointer=f"line {line.number}", detail=f"{column}: {detail}" if column else detail)
            for column, detail in said
        ]
        items.append(_result(line.number, found, problems))
    return _answer(items, table.unknown)


def _rows(body: bytes) -> list[Any]:
    """The rows of a JSON body, each still to be checked."""
    try:
        said = json.loads(body)
    except (ValueError, RecursionError):
        raise errors.ItemErrors([UNREADABLE]) from None
    if not isinstance(said, dict) or set(said) != {"stores"} or not isinstance(said["stores"], list):
        raise errors.field("stores", 'the body is {"stores": [ … ]}')
    if not 0 < len(said["stores"]) <= MOST_ROWS:
        raise errors.field("stores", f"one to {MOST_ROWS} rows; send more in several calls")
    return said["stores"]


def _pointer(row: int, path: Sequence[str | int], detail: str) -> RowProblem:
    return RowProblem(pointer="#/" + "/".join(map(str, ("stores", row, *path))), detail=detail)


def _result(number: int, found: RowResult, problems: list[RowProblem]) -> StoreRowResult:
    return StoreRowResult(
        row=number, external_id=found.external_id, outcome=found.outcome, changes=found.changes, problems=problems,
        store_id=found.store_id, owner_id=found.owner_id, app_id=found.app_id, campaign_id=found.campaign_id,
        publishable_key=found.made.get("publishable_key"), secret_key=found.made.get("secret_key"),
        login_link=found.made.get("login_link"),
    )  # fmt: skip


def _answer(items: list[StoreRowResult], unknown: list[str]) -> StoreBatchOut:
    counts = {outcome.value: sum(each.outcome is outcome for each in items) for outcome in RowOutcome}
    return StoreBatchOut(**counts, unknown_columns=unknown, items=items)
