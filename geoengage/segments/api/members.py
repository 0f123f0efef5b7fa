"""HTTP of the people in segments: who they are, as a file, and why somebody is in one or not."""

from collections.abc import AsyncIterator, Mapping
from datetime import datetime
from typing import Annotated, Any
from uuid import UUID

from fastapi import APIRouter, Query, Request, Response
from fastapi.responses import StreamingResponse

from geoengage.kit import csvs
from geoengage.kit.db import Session, transaction
from geoengage.kit.http import PROBLEMS, Now, Paging, Tx
from geoengage.kit.ids import TenantId
from geoengage.profiles import service as profiles
from geoengage.profiles import store as profile_store
from geoengage.profiles.rules import Kind, masked_value
from geoengage.segments import service, store
from geoengage.segments.api.common import dated
from geoengage.segments.api.segments import definition_of, get_own
from geoengage.segments.models import Segment
from geoengage.segments.rules.why import Held, because, found_words
from geoengage.segments.rules.word_pieces import Names
from geoengage.segments.rules.words import Reading, read
from geoengage.segments.service.reading import names_of
from geoengage.segments.shapes import CheckOut, MemberOut, MembersPage, WhyOut
from geoengage.segments.store.looking import find_last_exit, find_since
from geoengage.segments.store.people import Exported, list_exported
from geoengage.tenancy.auth import ProfileReader
from geoengage.tenancy.rules import Principal, PrincipalKind, Scope, actor_name
from geoengage.tenancy.store import insert_audit_entry

router = APIRouter(tags=["segments"], responses=PROBLEMS)
Reason = Annotated[
    str | None,
    Query(
        min_length=3,
        max_length=300,
        description="Why you look at real people; operators must say it. It is kept in the audit log.",
    ),
]
_CSV: dict[int | str, dict[str, Any]] = {
    200: {"description": "One line a person.", "content": {"text/csv": {"schema": {"type": "string"}}}}
}
_COLUMNS = ("profile_id", "external_id", "name", "language", "email", "phone", "loyalty_card", "since")
_PAGE = 2_000


@router.get("/v1/segments/{segment_id}/members")
async def list_segment_members(segment_id: UUID, me: ProfileReader, tx: Tx, page: Paging) -> MembersPage:
    """Who is in a segment, and since when. Needs the scope `people`, or `customers` with a restriction to stores."""
    row = await get_own(tx, me, segment_id)
    found = await store.list_members(tx, TenantId(me.tenant_id), row.id, after=page.after, limit=page.limit + 1)
    kept, following = page.cut(found, lambda each: each["profile_id"])
    people = await dated(tx, me, {each["profile_id"]: each["since"] for each in kept})
    return MembersPage(items=[MemberOut(**one.model_dump(), since=at) for one, at in people], next=following)


@router.get("/v1/segments/{segment_id}/members.csv", response_class=Response, responses=_CSV)
async def export_segment_members(
    segment_id: UUID, request: Request, me: ProfileReader, tx: Tx, now: Now, reason: Reason = None
) -> Response:
    """Everybody in a segment as CSV: profile_id, external_id, name, language, email, phone, loyalty_card, since.

    Of several ids of a kind the one that is known longest. No cell is a formula. Who is restricted to stores gets
    addresses in part. Each export stands in the audit log.
    """
    row = await get_own(tx, me, segment_id)
    if me.kind is PrincipalKind.OPERATOR and not me.is_demo and not reason:
        raise profiles.ReasonNeeded("these are real people: say why you take them (the parameter reason)")
    await insert_audit_entry(
        tx,
        TenantId(me.tenant_id),
        actor=actor_name(me),
        action="segment.export",
        subject=str(row.id),
        reason=reason,
        now=now,
    )
    return StreamingResponse(
        _lines(request, me, row.id),
        media_type="text/csv; charset=utf-8",
        headers={"Content-Disposition": f'attachment; filename="segment-{row.id}-{now:%Y-%m-%d}.csv"'},
    )


async def _lines(request: Request, me: Principal, segment_id: UUID) -> AsyncIterator[str]:
    """Page by page, each in a short transaction."""
    yield csvs.MARK + csvs.lines([_COLUMNS])
    tenant_id, after = TenantId(me.tenant_id), None
    while True:
        async with transaction(request.app.state.sessions, tenant_id) as session:
            page = await store.list_members(session, tenant_id, segment_id, after=after, limit=_PAGE)
            people = await list_exported(session, tenant_id, [each["profile_id"] for each in page])
        if not page:
            return
        after = page[-1]["profile_id"]
        known = [(people[each["profile_id"]], each["since"]) for each in page if each["profile_id"] in people]
        yield csvs.lines(_cells(me, person, since) for person, since in known)


def _cells(me: Principal, person: Exported, since: datetime) -> list[str | None]:
    whole = me.may(Scope.PEOPLE)

    def shown(kind: Kind, value: str | None) -> str | None:
        return value if whole or value is None else masked_value(kind, value)

    return [
        str(person.profile_id),
        person.external_id,
        person.name,
        person.language,
        shown(Kind.EMAIL, person.email),
        shown(Kind.PHONE, person.phone),
        person.loyalty_card,
        since.isoformat(),
    ]


@router.get("/v1/segments/{segment_id}/why/{profile_id}")
async def explain_segment_member(
    segment_id: UUID, profile_id: UUID, me: ProfileReader, tx: Tx, now: Now, reason: Reason = None
) -> WhyOut:
    """Why somebody is in a segment or not: every condition with what is known of them, and when time may change it.

    A real person's needs a reason, which is audited.
    """
    tenant_id, row = TenantId(me.tenant_id), await get_own(tx, me, segment_id)
    person = await profiles.get_open(tx, me, profile_id, now, reason)
    definition = definition_of(row)
    names = await names_of(tx, tenant_id, [definition])
    found = await service.explain(tx, tenant_id, definition, person.profile_id, now, store_id=row.store_id)
    held = {each.path: Held(each.condition, each.holds, each.value, each.due_at) for each in found}
    since = await find_since(tx, tenant_id, row.id, person.profile_id)
    left = None if since else await find_last_exit(tx, tenant_id, row.id, person.profile_id)
    return WhyOut(
        segment_id=row.id,
        profile_id=person.profile_id,
        inside=since is not None,
        since=since,
        left_at=left,
        because=await _because(tx, row, person.profile_id, held, names),
        check=_check(read(definition, names), held, names),
    )


async def _because(tx: Session, row: Segment, profile_id: UUID, held: Mapping[str, Held], names: Names) -> str:
    if row.archived_at is not None:
        return "The segment is archived: nobody is in it."
    if row.store_id is not None and not await _is_customer(tx, row, profile_id, row.store_id):
        return "They are not a customer of the store that this segment belongs to."
    return because("", held, names)


async def _is_customer(tx: Session, row: Segment, profile_id: UUID, store_id: UUID) -> bool:
    known = await profile_store.list_stores(tx, TenantId(row.tenant_id), profile_id, [store_id])
    return bool(known)


def _check(reading: Reading, held: Mapping[str, Held], names: Names) -> CheckOut:
    here = held[reading.pointer.lstrip("/")]
    return CheckOut(
        pointer=reading.pointer,
        kind=reading.kind,
        text=reading.text,
        met=here.met,
        found=found_words(here.condition, here.value, names),
        value=here.value,
        changes_at=here.due_at,
        of=[_check(part, held, names) for part in reading.of],
    )
