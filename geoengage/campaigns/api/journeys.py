"""HTTP of people in campaigns: a call that lets them come in, where somebody stands, what would have happened."""

from datetime import timedelta
from typing import Annotated
from uuid import UUID

from fastapi import APIRouter, Query, Request

from geoengage.campaigns import calling, entries, service, simulating, views
from geoengage.campaigns.replay import Span
from geoengage.campaigns.shapes.journeys import (
    EntryList,
    SimulateIn,
    SimulationOut,
    TriggerIn,
    TriggerOut,
    entry_out,
    simulation_out,
)
from geoengage.kit.http import CONFLICT, PROBLEMS, NewId, Now, Tx
from geoengage.kit.ids import TenantId
from geoengage.tenancy.auth import CampaignEditor, ProfileReader, Reader

router = APIRouter(tags=["campaigns"], responses=PROBLEMS)


@router.post("/v1/campaigns/{campaign_id}/trigger", responses=CONFLICT)
async def trigger_campaign(
    campaign_id: UUID, body: TriggerIn, me: CampaignEditor, tx: Tx, now: Now, new: NewId
) -> TriggerOut:
    """Let these people come into a campaign of kind `api` that is active, with values for its texts.

    Who may not come in again yet is not among `entered`. With an Idempotency-Key the same call lets nobody in twice.
    """
    row = await service.get(tx, me, campaign_id)
    called = await calling.let_in(tx, me, row, new.id, [(p.profile_id, p.values) for p in body.people], now)
    return TriggerOut(entered=called.entered, not_entered=called.not_entered, unknown=sorted(called.unknown))


@router.post("/v1/campaigns/{campaign_id}/simulate")
async def simulate_campaign(
    campaign_id: UUID, body: SimulateIn, request: Request, me: Reader, tx: Tx, now: Now
) -> SimulationOut:
    """What it would have done in the last weeks, as it is written now; nothing is written or sent.

    Of that time are events, orders, moves and what people were really sent; attributes, segments and consents are those
    of now. Numbers that stand for one to nine people are not told.
    """
    row = await service.get(tx, me, campaign_id)
    whose = views.whose(me, preview=request.app.state.settings.fcm.credentials_file is None)
    span = Span(now - timedelta(days=body.days), now)
    found = await simulating.run(tx, TenantId(me.tenant_id), row, whose, span, exact=views.is_exact(me))
    return simulation_out(found)


@router.get("/v1/campaigns/{campaign_id}/entries")
async def list_entries(
    campaign_id: UUID,
    me: ProfileReader,
    tx: Tx,
    profile_id: Annotated[UUID, Query(description="Whose.")],
) -> EntryList:
    """Where one person stands in a campaign and what they went through, the latest twenty times, newest first."""
    row = await service.get(tx, me, campaign_id)
    known = await calling.list_known(tx, me, [profile_id])
    found = await entries.list_of_person(tx, TenantId(me.tenant_id), row.id, profile_id) if known else []
    return EntryList(items=[entry_out(each, row) for each in found])
