"""HTTP of the marketplace: many stores from one list, their spending, their league."""

import asyncio
import json
from collections.abc import Sequence
from typing import Annotated, Any
from uuid import UUID

from fastapi import APIRouter, Query, Request, Response

from geoengage.kit import errors
from geoengage.kit.db import is_pooled
from geoengage.kit.http import PROBLEMS, UNREADABLE, Now, Tx
from geoengage.marketplace.rules import MOST_ROWS, place_of, read_table
from geoengage.marketplace.rules.sheet import Table
from geoengage.marketplace.service import spending
from geoengage.marketplace.service.batch import put_stores
from geoengage.marketplace.service.league import read_league
from geoengage.marketplace.service.results import Desk, RowOutcome, RowResult
from geoengage.marketplace.shapes import (
    LeagueOut,
    RowProblem,
    StoreBatchIn,
    StoreBatchOut,
    StoreLimitBody,
    StoreRowResult,
    StoreSpendOut,
    league_out,
    spend_out,
)
from geoengage.tenancy.auth import Admin, Reader

router = APIRouter(tags=["marketplace"], responses=PROBLEMS)
LANES = 4  # rows at once: the pool has ten connections, and others need some


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
    """Add or change up to 500 stores with owner, app, keys, brand, senders, recipe and master, as JSON or as CSV.

    A store is found by its `external_id`. Each row is done or not by itself, and says what came of it; sending the same
    again changes nothing. What a row leaves out stays. As CSV each member is a column: see docs/marketplace.md.
    """
    response.headers["Cache-Control"] = "no-store"
    state = request.app.state
    lanes = LANES if is_pooled(state.sessions) else 1
    desk = Desk(me, now, state.sealing_keys, state.signing_key, lanes)
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


@router.get("/v1/stores/league")
async def get_store_league(
    me: Reader,
    tx: Tx,
    now: Now,
    month: Annotated[str | None, Query(description="`2026-11`; left out: the last month that is over.")] = None,
) -> LeagueOut:
    """How stores compare: customers, orders, revenue, retention, growth of the same stores, cohorts of stores.

    Who is restricted to stores sees their own rows and, of all others, quartiles without names.
    """
    return league_out(await read_league(tx, me, month, now))


@router.get("/v1/stores/{store_id}/spend")
async def get_store_spend(store_id: UUID, me: Reader, tx: Tx, now: Now) -> StoreSpendOut:
    """What a store spent on messages month by month, and what it may spend. Who is restricted to stores sees theirs."""
    return spend_out(await spending.read_spending(tx, me, store_id, now))


@router.put("/v1/stores/{store_id}/spend-limit")
async def put_store_limit(store_id: UUID, body: StoreLimitBody, me: Admin, tx: Tx, now: Now) -> StoreSpendOut:
    """Limit what a store may spend on messages in a month. Advertising beyond it is skipped as `spend_limit`.

    What somebody waits for still goes, and counts.
    """
    await spending.put_limit(tx, me, store_id, body.cap(), now)
    return spend_out(await spending.read_spending(tx, me, store_id, now))


@router.delete("/v1/stores/{store_id}/spend-limit", status_code=204)
async def delete_store_limit(store_id: UUID, me: Admin, tx: Tx, now: Now) -> None:
    """Let a store spend without limit."""
    await spending.put_limit(tx, me, store_id, None, now)


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
