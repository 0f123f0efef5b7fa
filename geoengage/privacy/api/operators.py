"""HTTP of what a programme owes: how long data are kept and what was deleted, receipts, the audit log, erasures that
operators start."""

from datetime import datetime
from typing import Annotated, Any, Literal
from uuid import UUID

from fastapi import APIRouter, Query, Request
from pydantic import AwareDatetime, Field

from geoengage.kit import errors
from geoengage.kit.http import CONFLICT, PROBLEMS, Now, Paging, Tx
from geoengage.kit.shapes import Shape
from geoengage.privacy import retention, service, store
from geoengage.privacy.rules import Asked, AskedBy, ErasureReason
from geoengage.tenancy import store as tenancy
from geoengage.tenancy.auth import Admin, PeopleReader
from geoengage.tenancy.rules import PrincipalKind, Scope, actor_name

router = APIRouter(tags=["privacy"], responses=PROBLEMS)


class KeptFor(Shape):
    """For how long one kind of data is kept."""

    kind: str = Field(description="Its name here.")
    what: str = Field(description="What it is.")
    left: str = Field(description="What remains afterwards.")
    days: int = Field(description="For how many days this programme keeps it.")
    usual: int = Field(description="The time if it had chosen nothing.")
    least: int = Field(description="The shortest time that can be chosen.")
    most: int = Field(description="The longest.")
    tables: list[str] = Field(description="The tables that it concerns.")


class KeptElsewhere(Shape):
    """A table that another rule clears."""

    table: str = Field(description="The table.")
    kept: str = Field(description="For how long, in words.")


class RetentionOut(Shape):
    """For how long everything is kept."""

    items: list[KeptFor] = Field(description="Kinds of data of which the programme chooses the time.")
    elsewhere: list[KeptElsewhere] = Field(description="Tables whose time is the installation's.")


class RetentionPut(Shape):
    """Other times."""

    days: dict[str, int] = Field(min_length=1, max_length=50, description="Days by kind; kinds left out stay.")


class RunOut(Shape):
    """What one run deleted of a table."""

    id: UUID = Field(description="Its id.")
    at: AwareDatetime = Field(description="When it ran.")
    kind: str = Field(description="Kind of data.")
    table: str = Field(description="The table.")
    rows: int = Field(description="How many rows went.")
    before: AwareDatetime = Field(description="They were older than this.")


class RunPage(Shape):
    """A page of runs."""

    items: list[RunOut] = Field(description="The newest first.")
    next: str | None = Field(description="Cursor of the next page; null at the end.")


class ReceiptOut(Shape):
    """That somebody was erased; it names nobody."""

    id: UUID = Field(description="Its id.")
    at: AwareDatetime = Field(description="When.")
    asked_by: AskedBy = Field(description="On whose wish.")
    reason: ErasureReason = Field(description="Why.")
    devices: int = Field(description="How many devices were forgotten.")
    ids: int = Field(description="How many ids of the person.")
    rows: dict[str, int] = Field(description="Rows by kind, named as in an export.")


class ReceiptPage(Shape):
    """A page of receipts."""

    items: list[ReceiptOut] = Field(description="The newest first.")
    next: str | None = Field(description="Cursor of the next page; null at the end.")


class ErasureIn(Shape):
    """Why somebody is erased."""

    reason: ErasureReason = Field(description="A word from a list, because free words would keep a name.")


class AuditOut(Shape):
    """Who looked at whom or changed what."""

    id: UUID = Field(description="Its id.")
    at: AwareDatetime = Field(description="When.")
    actor: str = Field(description="Who: kind and id of the credential, or `command line`, `the person`.")
    actor_name: str | None = Field(description="The operator's or key's name.")
    action: str = Field(description="What, as `noun.verb`.")
    subject: str | None = Field(description="Whom or what: an id; null: nothing in particular, or somebody erased.")
    reason: str | None = Field(description="The reason that was given.")


class AuditPage(Shape):
    """A page of the audit log."""

    items: list[AuditOut] = Field(description="The newest first.")
    next: str | None = Field(description="Cursor of the next page; null at the end.")


@router.get("/v1/retention")
async def get_retention(me: Admin, tx: Tx) -> RetentionOut:
    """For how long each kind of data is kept, and what remains of it afterwards."""
    return _retention(await store.get_days(tx, me.tenant_id))


@router.put("/v1/retention")
async def change_retention(body: RetentionPut, me: Admin, tx: Tx, now: Now) -> RetentionOut:
    """Keep kinds of data for another number of days, from the next run on. A shorter time cannot be taken back."""
    unknown = sorted(set(body.days) - set(retention.KINDS))
    if unknown:
        raise errors.field(f"days/{unknown[0]}", f"no such kind; there are {', '.join(retention.KINDS)}")
    for kind, days in body.days.items():
        retention.check_days(kind, days)
    await store.set_days(tx, me.tenant_id, body.days, now)
    said = ", ".join(f"{kind} {days} days" for kind, days in sorted(body.days.items()))
    await tenancy.insert_audit_entry(
        tx, me.tenant_id, actor=actor_name(me), action="retention.change", subject=None, reason=said, now=now
    )
    return _retention(await store.get_days(tx, me.tenant_id))


def _retention(chosen: dict[str, int]) -> RetentionOut:
    days = retention.days_of(chosen)
    items = [
        KeptFor(
            kind=kind,
            what=entry.what,
            left=entry.left,
            days=days[kind],
            usual=entry.usual,
            least=entry.least,
            most=entry.most,
            tables=[table.name for table in entry.tables],
        )
        for kind, entry in retention.KINDS.items()
    ]
    elsewhere = [KeptElsewhere(table=table, kept=kept) for table, kept in retention.ELSEWHERE.items()]
    return RetentionOut(items=items, elsewhere=elsewhere)


@router.get("/v1/retention/runs")
async def list_retention_runs(me: Admin, tx: Tx, page: Paging) -> RunPage:
    """What was deleted because it had grown old, run by run. Runs that found nothing are not listed."""
    rows = await store.list_runs(tx, me.tenant_id, page.after, page.limit + 1)
    items, after = page.cut(rows, lambda row: row.id)
    out = [RunOut(id=r.id, at=r.at, kind=r.kind, table=r.table_name, rows=r.rows, before=r.before) for r in items]
    return RunPage(items=out, next=after)


@router.get("/v1/erasures")
async def list_erasures(me: Admin, tx: Tx, page: Paging) -> ReceiptPage:
    """Receipts of erasures: when, on whose wish, how much. They name nobody."""
    rows = await store.list_receipts(tx, me.tenant_id, page.after, page.limit + 1)
    items, after = page.cut(rows, lambda row: row.id)
    out = [
        ReceiptOut(
            id=r.id,
            at=r.at,
            asked_by=AskedBy(r.asked_by),
            reason=ErasureReason(r.reason),
            devices=r.devices,
            ids=r.ids,
            rows=r.rows,
        )
        for r in items
    ]
    return ReceiptPage(items=out, next=after)


@router.post("/v1/profiles/{profile_id}/erase", responses=CONFLICT)
async def erase_person(profile_id: UUID, body: ErasureIn, request: Request, me: PeopleReader, now: Now) -> ReceiptOut:
    """Erase a person on an operator's or your server's word: everything about them, as `DELETE /v1/me` does.

    It cannot be undone. The receipt names nobody; so keep elsewhere, if you must, that this person asked for it.
    """
    by = AskedBy.OPERATOR if me.kind is PrincipalKind.OPERATOR else AskedBy.SERVER
    asked = Asked(by=by, reason=body.reason, actor=actor_name(me))
    state = request.app.state
    receipt = await service.erase_profile(
        state.sessions, me.tenant_id, profile_id, asked, service.Traces.of(state.settings, state.signing_key), now
    )
    return ReceiptOut(
        id=receipt.id,
        at=receipt.at,
        asked_by=by,
        reason=body.reason,
        devices=receipt.devices,
        ids=receipt.ids,
        rows=receipt.rows,
    )


@router.get("/v1/audit-log")
async def list_audit_log(  # noqa: PLR0913 - one a filter
    me: Admin,
    tx: Tx,
    page: Paging,
    kind: Annotated[
        Literal["read", "change"] | None, Query(description="Only looks at people, or only changes.")
    ] = None,
    actor: Annotated[str | None, Query(max_length=100, description="Only of this actor.")] = None,
    action: Annotated[str | None, Query(max_length=100, description="Only this action, e.g. `key.create`.")] = None,
    subject: Annotated[str | None, Query(max_length=100, description="Only about this id.")] = None,
    since: Annotated[AwareDatetime | None, Query(description="Not before.")] = None,
    until: Annotated[AwareDatetime | None, Query(description="Before.")] = None,
) -> AuditPage:
    """Who looked at a person, and who changed keys, operators, consents or settings: the newest first.

    Which person it was is told with the scope `people` only.
    """
    if subject is not None and not me.may(Scope.PEOPLE):
        raise errors.Forbidden(
            "to look for entries about one person needs the scope 'people'", needs=Scope.PEOPLE.value
        )
    span: dict[str, datetime | None] = {"since": since, "until": until}
    filters: dict[str, Any] = {"kind": kind, "actor": actor, "action": action, "subject": subject} | span
    people = me.may(Scope.PEOPLE)
    rows = await store.list_audit(tx, me.tenant_id, filters, page.after, page.limit + 1, with_people=people)
    items, after = page.cut(rows, lambda row: row.id)
    return AuditPage(items=[AuditOut.model_validate(row) for row in items], next=after)
