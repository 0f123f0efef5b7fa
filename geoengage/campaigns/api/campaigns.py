"""HTTP of campaigns: write them, try texts, activate, review, report."""

from typing import Annotated, Any
from uuid import UUID

from fastapi import APIRouter, Query, Request, Response
from fastapi.exceptions import RequestValidationError
from pydantic import ValidationError

from geoengage.campaigns import service, store, views
from geoengage.campaigns.models import Campaign
from geoengage.campaigns.rules import Content, Status, TriggerKind
from geoengage.campaigns.shapes.answers import CampaignTag, CampaignTags, PreviewIn, PreviewOut, RejectIn, ReportOut
from geoengage.campaigns.shapes.campaigns import (
    CampaignIn,
    CampaignOut,
    CampaignPage,
    CampaignPatch,
    campaign_out,
    content_json,
)
from geoengage.kit.db import Session
from geoengage.kit.http import (
    CONFLICT,
    EDIT,
    PROBLEMS,
    IfMatch,
    NewId,
    Now,
    OptionalIfMatch,
    Paging,
    Tx,
    check_version,
    etag,
    merge_patch,
)
from geoengage.kit.ids import TenantId
from geoengage.tenancy.auth import Approver, CampaignEditor, Reader
from geoengage.tenancy.rules import Principal

router = APIRouter(tags=["campaigns"], responses=PROBLEMS)


async def _answer(
    request: Request, response: Response, tx: Session, me: Principal, row: Campaign, now: Now
) -> CampaignOut:
    (found,) = await views.describe(tx, me, [row], now, preview=_is_preview(request))
    response.headers["ETag"] = etag(row.version)
    return campaign_out(found)


def _is_preview(request: Request) -> bool:
    """Whether messages go to the preview inbox, so that people without a push address can be reached too."""
    return request.app.state.settings.fcm.credentials_file is None


@router.get("/v1/campaigns")
async def list_campaigns(  # noqa: PLR0913 - one parameter a filter
    request: Request,
    me: Reader,
    tx: Tx,
    now: Now,
    page: Paging,
    status: Annotated[Status | None, Query(description="Only in this status.")] = None,
    store_id: Annotated[UUID | None, Query(description="Only of this store.")] = None,
    tag: Annotated[str | None, Query(max_length=40, description="Only with this tag.")] = None,
    q: Annotated[str | None, Query(max_length=200, description="Only with these words in the name.")] = None,
    archived: Annotated[bool, Query(description="Those that were put away; else the others.")] = False,
) -> CampaignPage:
    """Campaigns, oldest first. A credential restricted to stores gets those of its stores."""
    wanted = store.Filter(status, store_id, me.store_ids, tag, q, archived)
    rows = await store.list_campaigns(tx, TenantId(me.tenant_id), wanted, now, page.after, page.limit + 1)
    kept, next_ = page.cut(rows, lambda row: row.id)
    found = await views.describe(tx, me, kept, now, preview=_is_preview(request))
    return CampaignPage(items=[campaign_out(each) for each in found], next=next_)


@router.post("/v1/campaigns", status_code=201)
async def create_campaign(
    body: CampaignIn, request: Request, response: Response, me: CampaignEditor, tx: Tx, now: Now, new: NewId
) -> CampaignOut:
    """Register a campaign, as a draft. `estimate` and `warnings` say what to expect; then activate it.

    A key restricted to stores may use zones of its stores only, and purpose marketing only.
    """
    if new.replayed:
        row = await service.get(tx, me, new.id)
    else:
        row = await service.create(tx, me, new.id, body.content(), now)
    return await _answer(request, response, tx, me, row, now)


@router.get("/v1/campaigns/tags")
async def list_tags(me: Reader, tx: Tx) -> CampaignTags:
    """The tags that campaigns have, of the caller's stores where it is restricted to some."""
    found = await store.list_tags(tx, TenantId(me.tenant_id), me.store_ids)
    return CampaignTags(items=[CampaignTag(tag=tag, campaigns=count) for tag, count in found])


@router.post("/v1/campaigns/preview")
async def preview_campaign(body: PreviewIn, me: Reader, tx: Tx) -> PreviewOut:
    """Render a text with the names of a store and a zone. Bad Liquid gives 422 with line and column."""
    text = await views.preview(
        tx, me, views.Sample(body.title, body.body, body.store_id, body.zone_id, body.first_name)
    )
    return PreviewOut(title=text.title, body=text.body, warnings=list(text.warnings))


@router.get("/v1/campaigns/{campaign_id}")
async def get_campaign(
    campaign_id: UUID, request: Request, response: Response, me: Reader, tx: Tx, now: Now
) -> CampaignOut:
    """One campaign."""
    return await _answer(request, response, tx, me, await service.get(tx, me, campaign_id), now)


@router.patch("/v1/campaigns/{campaign_id}", responses=EDIT)
async def change_campaign(
    campaign_id: UUID,
    body: CampaignPatch,
    request: Request,
    response: Response,
    me: CampaignEditor,
    tx: Tx,
    now: Now,
    version: IfMatch,
) -> CampaignOut:
    """Change a campaign by JSON merge patch. An `audience` with a `kind` replaces the old one.

    Where the tenant reviews its shops' campaigns, a shop's change of texts, trigger or audience of a running campaign
    sends it back to review, and it pauses until then.
    """
    row = await service.get(tx, me, campaign_id, lock=True)
    check_version(row.version, version)
    await service.update(tx, me, row, _patched(store.content_of(row), body.changes()), now)
    return await _answer(request, response, tx, me, row, now)


def _patched(content: Content, changes: dict[str, Any]) -> Content:
    current = content_json(content)
    if (changes.get("trigger") or {}).get("kind", content.kind) != content.kind:
        current["trigger"] |= dict.fromkeys(("event", "schedule", "date", "cart", "order"))
    if _is_now_of_orders(content, changes) and "purchase" not in (changes.get("exits") or {}):
        current["exits"]["purchase"] = None  # as usual for an order, which the next one does not end
    if "kind" in (changes.get("audience") or {}):
        del current["audience"]
    try:
        return CampaignIn.model_validate(merge_patch(current, changes)).content()
    except ValidationError as error:
        raise RequestValidationError([{**each, "loc": ("body", *each["loc"])} for each in error.errors()]) from error


def _is_now_of_orders(content: Content, changes: dict[str, Any]) -> bool:
    """Whether an order starts it, or what it says of one is transactional, from this change on."""
    kind = (changes.get("trigger") or {}).get("kind", content.kind)
    purpose = changes.get("purpose", content.definition.purpose)
    is_changed = kind != content.kind or purpose != content.definition.purpose
    return bool(kind == TriggerKind.ORDER and is_changed)


@router.delete("/v1/campaigns/{campaign_id}", status_code=204)
async def delete_campaign(campaign_id: UUID, me: CampaignEditor, tx: Tx, now: Now) -> None:
    """Delete a campaign. Messages that still wait are skipped; those that were sent stay."""
    await service.delete(tx, await service.get(tx, me, campaign_id, lock=True), now)


@router.post("/v1/campaigns/{campaign_id}/activate", responses=CONFLICT)
async def activate_campaign(
    campaign_id: UUID, request: Request, response: Response, me: CampaignEditor, tx: Tx, now: Now
) -> CampaignOut:
    """Let it run: it becomes `active`, or `scheduled` before its `valid_from`, or `in_review`.

    In review goes what a shop activates where the tenant's policy asks for it, and every service message. Repeating it
    changes nothing.
    """
    row = await service.get(tx, me, campaign_id, lock=True)
    await service.activate(tx, me, row, now)
    return await _answer(request, response, tx, me, row, now)


@router.post("/v1/campaigns/{campaign_id}/pause", responses=CONFLICT)
async def pause_campaign(
    campaign_id: UUID, request: Request, response: Response, me: CampaignEditor, tx: Tx, now: Now
) -> CampaignOut:
    """Stop it until it is activated again. Messages that wait are skipped within two seconds."""
    row = await service.get(tx, me, campaign_id, lock=True)
    await service.pause(tx, row, now)
    return await _answer(request, response, tx, me, row, now)


@router.post("/v1/campaigns/{campaign_id}/approve", responses={**CONFLICT, 412: EDIT[412]})
async def approve_campaign(
    campaign_id: UUID, request: Request, response: Response, me: Approver, tx: Tx, now: Now, version: OptionalIfMatch
) -> CampaignOut:
    """Let a campaign in review run. With If-Match it is what you have read that you approve."""
    row = await service.get(tx, me, campaign_id, lock=True)
    if version is not None:
        check_version(row.version, version)
    await service.approve(tx, me, row, now)
    return await _answer(request, response, tx, me, row, now)


@router.post("/v1/campaigns/{campaign_id}/reject", responses=CONFLICT)
async def reject_campaign(
    campaign_id: UUID, body: RejectIn, request: Request, response: Response, me: Approver, tx: Tx, now: Now
) -> CampaignOut:
    """Send a campaign in review back, with the reason that its author reads."""
    row = await service.get(tx, me, campaign_id, lock=True)
    await service.reject(tx, me, row, body.reason, now)
    return await _answer(request, response, tx, me, row, now)


@router.post("/v1/campaigns/{campaign_id}/clone", status_code=201)
async def clone_campaign(
    campaign_id: UUID, request: Request, response: Response, me: CampaignEditor, tx: Tx, now: Now, new: NewId
) -> CampaignOut:
    """A draft like it, “… (copy)”, with its variants and its plan of measurement; safe to repeat by Idempotency-Key."""
    if new.replayed:
        row = await service.get(tx, me, new.id)
    else:
        row = await service.clone(tx, me, new.id, await service.get(tx, me, campaign_id), now)
    return await _answer(request, response, tx, me, row, now)


@router.post("/v1/campaigns/{campaign_id}/archive", responses=CONFLICT)
async def archive_campaign(
    campaign_id: UUID, request: Request, response: Response, me: CampaignEditor, tx: Tx, now: Now
) -> CampaignOut:
    """Put a campaign that does not run out of the list; with `archived=true` it is listed. Safe to repeat."""
    row = await service.get(tx, me, campaign_id, lock=True)
    await service.archive(tx, row, now)
    return await _answer(request, response, tx, me, row, now)


@router.post("/v1/campaigns/{campaign_id}/unarchive")
async def unarchive_campaign(
    campaign_id: UUID, request: Request, response: Response, me: CampaignEditor, tx: Tx, now: Now
) -> CampaignOut:
    """Take a campaign back into the list, in the status that it had. Safe to repeat."""
    row = await service.get(tx, me, campaign_id, lock=True)
    await service.unarchive(tx, row, now)
    return await _answer(request, response, tx, me, row, now)


@router.get("/v1/campaigns/{campaign_id}/report")
async def get_report(campaign_id: UUID, me: Reader, tx: Tx) -> ReportOut:
    """What became of its messages: counts of messages, hidden where they would point at fewer than ten people."""
    found = await views.report(tx, me, await service.get(tx, me, campaign_id))
    return ReportOut.model_validate(found, from_attributes=True)
