"""Many rows in one request: each is looked at by itself, so that a wrong one never stops the others."""

from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Any, TypeVar
from uuid import UUID

from fastapi.exceptions import RequestValidationError
from pydantic import TypeAdapter, ValidationError

from geoengage.commerce import store
from geoengage.commerce.shapes.pieces import RowProblem, RowResult, RowResults
from geoengage.kit import errors
from geoengage.kit.db import Session
from geoengage.kit.ids import TenantId
from geoengage.tenancy.rules import Principal

S = TypeVar("S")
Problems = list[RowProblem]


def read_rows(member: str, rows: Sequence[Any], shape: type[S]) -> tuple[dict[int, S], dict[int, Problems]]:
    """The rows that have the right shape, by index, and what is wrong with the others."""
    adapter, good, bad = TypeAdapter(shape), {}, {}
    for i, row in enumerate(rows):
        try:
            good[i] = adapter.validate_python(row)
        except ValidationError as error:
            bad[i] = [_problem(member, i, each["loc"], each["msg"]) for each in error.errors()]
    return good, bad


def _problem(member: str, i: int, path: Iterable[object], detail: str) -> RowProblem:
    return RowProblem(pointer="/".join(("#", member, str(i), *map(str, path))), detail=detail)


def wrong_row(member: str, i: int, wrong: Mapping[str, str]) -> Problems:
    """What the rules found wrong with a row, by the path of the member."""
    return [_problem(member, i, [path] if path else [], detail) for path, detail in wrong.items()]


def answer_rows(count: int, done: Mapping[int, tuple[UUID | None, str]], bad: Mapping[int, Problems]) -> RowResults:
    """One result a row: (id, outcome) of those that were taken. When none was, that is a 422 with every problem."""
    if not done:
        raise errors.ItemErrors(
            [{"in": "body"} | problem.model_dump() for problems in bad.values() for problem in problems]
        )
    return RowResults(
        results=[
            RowResult(index=i, id=done[i][0], outcome=done[i][1])
            if i in done
            else RowResult(index=i, outcome="refused", errors=bad[i])
            for i in range(count)
        ]
    )


def whole_body(wrong: Mapping[str, str]) -> None:
    """Raise the 422 of a request with one thing in it."""
    if wrong:
        raise errors.ItemErrors(
            [{"pointer": f"#/{at}", "in": "body", "detail": detail} for at, detail in wrong.items()]
        )


def revalidated(check: Callable[[], S]) -> S:
    """What `check` makes, with pydantic's flaws as the request's."""
    try:
        return check()
    except ValidationError as error:
        raise RequestValidationError([{**each, "loc": ("body", *each["loc"])} for each in error.errors()]) from error


def own_store(me: Principal, store_id: UUID | None) -> UUID | None:
    """The store that a request is about: a caller with one store need not name it."""
    if store_id is None and me.store_ids is not None and len(me.store_ids) == 1:
        return next(iter(me.store_ids))
    return store_id


async def wrong_stores(
    session: Session, me: Principal, store_ids: Iterable[UUID | None], *, needed: bool = True
) -> dict[UUID | None, str]:
    """Of these stores, those that a caller may not write for, with the reason. `needed`: a restricted one names one."""
    wanted = set(store_ids)
    known = await store.known_stores(session, TenantId(me.tenant_id), {id_ for id_ in wanted if id_ is not None})
    wrong: dict[UUID | None, str] = {}
    for store_id in wanted:
        if store_id is None:
            if me.store_ids is not None and needed:
                wrong[None] = "name one of your stores"
        elif store_id not in known or not me.sees_store(store_id):
            wrong[store_id] = "there is no such store"
    return wrong
