"""HTTP of a person's time line: everything that happened with them, whoever recorded it, newest first."""

from collections.abc import Sequence
from datetime import datetime
from typing import Annotated
from uuid import UUID

from fastapi import APIRouter, Query
from pydantic import AwareDatetime, Field

from geoengage.kit import errors
from geoengage.kit.db import Session
from geoengage.kit.http import PROBLEMS, Now, Tx
from geoengage.kit.ids import TenantId
from geoengage.kit.shapes import Shape
from geoengage.profiles import service as profiles
from geoengage.profiles import store as people
from geoengage.reports import store
from geoengage.reports.rules import timeline
from geoengage.reports.rules.timeline import Entry, Kind
from geoengage.tenancy.auth import ProfileReader
from geoengage.tenancy.rules import Principal, PrincipalKind, Scope

router = APIRouter(tags=["people"])
_OF_NO_STORE = frozenset({Kind.VISIT, Kind.EVENT, Kind.MERGE})  # a store sees its own rows, and these are none's


class EntryOut(Shape):
    """One thing that happened."""

    id: UUID = Field(description="Of the entry; the order of time is by `at`, then by it.")
    at: AwareDatetime = Field(description="When it happened.")
    kind: Kind = Field(description="What it is about.")
    title: str = Field(description="In a few words.")
    text: str | None = Field(description="What more there is to say.")
    status: str | None = Field(
        description="Of an order, a cart, a visit; what became of a message; what was decided of a consent."
    )
    store_id: UUID | None = Field(description="The store it belongs to.")
    store_name: str | None = Field(description="Its name.")
    amount_minor: int | None = Field(description="Of an order or cart; of a refund what went back. Minor units.")
    currency: str | None = Field(description="ISO 4217.")
    ref: UUID | None = Field(description="The order (also of a refund), message, conversation, visit, cart or note.")
    device_id: UUID | None = Field(description="The device, of visits and messages.")


class TimelineOut(Shape):
    """A page of a person's time line."""

    items: list[EntryOut] = Field(description="The newest first.")
    next: str | None = Field(description="`cursor` of the next page; null at the end.")
    hidden: list[Kind] = Field(description="Kinds that are left out because the caller may not see them.")


WHY = "Why you look at a real person; it goes to the audit log, and opens them to you for half an hour."
Reason = Annotated[str | None, Query(min_length=3, max_length=300, description=WHY)]


class Asked(Shape):
    """Which part of a time line."""

    kinds: str | None = Field(default=None, max_length=200, description="Only these kinds, with commas between them.")
    store_id: UUID | None = Field(default=None, description="Only what belongs to this store.")
    reason: str | None = Field(default=None, min_length=3, max_length=300, description=WHY)
    limit: int = Field(default=50, ge=1, le=200, description="Most items in the answer.")
    cursor: str | None = Field(default=None, max_length=64, description="`next` of the page before.")


@router.get("/v1/profiles/{profile_id}/timeline", responses=PROBLEMS)
async def get_timeline(
    profile_id: UUID, me: ProfileReader, tx: Tx, now: Now, asked: Annotated[Asked, Query()]
) -> TimelineOut:
    """Visits, messages with what became of them, what they wrote, orders, refunds, carts, events, consents, notes and
    joined ids.

    A real person's needs a reason (once in half an hour), which is audited; for a secret key only the visits do, which
    are left out without. Visits need the scope `people` (role support or owner). A credential that is restricted to
    stores sees what belongs to them.
    """
    tenant_id = TenantId(me.tenant_id)
    subject = await profiles.get_open(tx, me, profile_id, now, asked.reason)
    if asked.store_id is not None and not me.sees_store(asked.store_id):
        raise errors.NotFound(f"store {asked.store_id} does not exist")
    hidden = await _hidden(tx, me, subject, now)
    wanted = [kind for kind in _read_kinds(asked.kinds) if kind not in hidden]
    below = timeline.read_cursor(asked.cursor)
    of = await store.find_ids(tx, tenant_id, subject.profile_id, me.store_ids)
    lists = [
        _entries(kind, await store.list_entries(tx, tenant_id, kind, of, below, asked.store_id, asked.limit + 1), now)
        for kind in wanted
    ]
    page, after = timeline.newest(lists, asked.limit)
    return TimelineOut(items=[EntryOut.model_validate(e) for e in page], next=after, hidden=sorted(hidden))


async def _hidden(tx: Session, me: Principal, subject: people.Subject, now: datetime) -> frozenset[Kind]:
    """Kinds that this caller may not see of this person."""
    if me.store_ids is not None:
        return _OF_NO_STORE
    unasked = (
        me.kind is PrincipalKind.SECRET_KEY
        and profiles.needs_reason(me, subject)
        and await profiles.find_open(tx, me, subject.profile_id, now) is None
    )
    return frozenset({Kind.VISIT}) if unasked or not me.may(Scope.PEOPLE) else frozenset()


def _read_kinds(text: str | None) -> list[Kind]:
    try:
        return [Kind(word.strip()) for word in text.split(",")] if text else list(Kind)
    except ValueError as error:
        known = ", ".join(Kind)
        raise errors.ItemErrors([{"pointer": "kinds", "in": "query", "detail": f"kinds are {known}"}]) from error


def _entries(kind: Kind, rows: store.Rows, now: datetime) -> Sequence[Entry]:
    if kind is Kind.VISIT:
        return [timeline.visit(row, now) for row in rows]
    return [_WORDS[kind](row) for row in rows]


_WORDS = {
    Kind.MESSAGE: timeline.message, Kind.REPLY: timeline.reply, Kind.ORDER: timeline.order,
    Kind.REFUND: timeline.refund,
    Kind.CART: timeline.cart, Kind.EVENT: timeline.event, Kind.CONSENT: timeline.consent, Kind.NOTE: timeline.note,
    Kind.MERGE: timeline.joined,
}  # fmt: skip
