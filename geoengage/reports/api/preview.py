"""HTTP of preview: what a drawn zone would have seen in the last days, before it is published."""

import json
from collections.abc import AsyncIterator
from datetime import date
from typing import Any
from uuid import UUID

from fastapi import APIRouter, Request, Response
from fastapi.responses import JSONResponse, StreamingResponse
from pydantic import BaseModel, Field

from geoengage.kit.db import Sessions, transaction
from geoengage.kit.http import Now
from geoengage.kit.ids import TenantId
from geoengage.reports.api.drafts import read_draft
from geoengage.reports.lint import find_overlaps
from geoengage.reports.preview import Found, Progress, Question, look
from geoengage.reports.preview_told import told
from geoengage.reports.rules import Overlap
from geoengage.tenancy.auth import VenueEditor
from geoengage.venues.rules import Sensitivity
from geoengage.venues.shapes import In, Utc, ZoneIn

router = APIRouter(tags=["zones before publishing"])
NDJSON = "application/x-ndjson"
HIDDEN = "null: one to nine people, who are not told of"


class PreviewIn(In):
    """Which drawn zone, over how long."""

    feature: ZoneIn = Field(description="The zone as it would be saved.")
    zone_id: UUID | None = Field(default=None, description="The zone that it is an edit of.")
    days: int = Field(default=7, ge=1, le=7, description="Local days to look at, today being the last.")


class PreviewDay(BaseModel):
    """A local day."""

    on: date = Field(description="The day, where the zone is.")
    visits: int | None = Field(description=f"Visits that began on it; {HIDDEN}.")


class PreviewDwell(BaseModel):
    """How long people would have stayed."""

    median_s: int | None = Field(description=f"Median seconds of the visits that have ended; {HIDDEN}, or nobody.")


class PreviewCampaign(BaseModel):
    """What one campaign would have sent."""

    campaign_id: UUID = Field(description="The campaign.")
    name: str = Field(description="Its name.")
    would_send: int | None = Field(description=f"Its messages; {HIDDEN}.")


class PreviewMessages(BaseModel):
    """An estimate of messages."""

    would_send: int | None = Field(
        description="Messages that the campaigns which run now at this zone (or at its store) would have sent, had"
        " nothing been sent before: trigger, audience, consents as of now, holdout, hours, cooldown and caps are"
        f" judged as for real, as if each position had arrived at once; {HIDDEN}."
    )
    by_campaign: list[PreviewCampaign] = Field(description="The same of each campaign that waits there.")


class PreviewOverlap(BaseModel):
    """A zone that shares ground with it."""

    zone_id: UUID | None = Field(description="The other zone; null when it is none of the caller's stores.")
    name: str = Field(description="Its name, or `another zone`.")
    share: float = Field(description="Share of the drawn zone that lies in the other, 0–1.")


class PreviewOut(BaseModel):
    """What the zone would have seen. Numbers about one to nine people are null; in a demo tenant all are told."""

    since: Utc = Field(alias="from", description="Local midnight at which the first day begins.")
    until: Utc = Field(alias="to", description="Now.")
    visits: int | None = Field(
        description=f"Visits that began in that time, as the engine would have recorded them; {HIDDEN}, or days that"
        " are not told of could be worked out from it."
    )
    people: int | None = Field(description="Distinct people who made them; null like `visits`.")
    hidden: int = Field(description="Days without a number.")
    by_day: list[PreviewDay] = Field(description="Each day of the window.")
    dwell: PreviewDwell = Field(description="How long they would have stayed.")
    messages: PreviewMessages = Field(description="What would have been sent.")
    overlaps: list[PreviewOverlap] = Field(description="Zones that share ground with it, as lint tells them.")
    devices_looked_at: int | None = Field(
        description=f"Devices that came near and consent to location now, test devices left out; {HIDDEN}."
    )
    complete: bool = Field(description="Everything was looked at; false beyond 2,000 devices or 500,000 positions.")
    note: str | None = Field(description="What else must be known to read these numbers.")


_STREAM: dict[int | str, dict[str, Any]] = {
    200: {
        "content": {NDJSON: {"schema": {"type": "string"}}},
        "description": 'The numbers. With `Accept: application/x-ndjson` lines of JSON: `{"progress": {"done",'
        ' "total"}}` as devices are looked at, then `{"result": …}`.',
    }
}


@router.post("/v1/zones/preview", responses=_STREAM, response_model=PreviewOut)
async def preview_zone(
    request: Request,
    body: PreviewIn,
    me: VenueEditor,
    now: Now,
) -> Response:
    """What a drawn zone would have seen: the stored positions of the last days through the engine, nothing recorded.

    Only devices count whose location consent stands, and no test devices (but for demo tenants).
    """
    sessions: Sessions = request.app.state.sessions
    tenant_id = TenantId(me.tenant_id)
    async with transaction(sessions, tenant_id) as session:
        zone = await read_draft(session, me, body.feature, body.zone_id, now)
        overlaps = await find_overlaps(session, me, zone)
    question = Question(tenant_id, zone, body.days, now, me.is_demo)
    if NDJSON in request.headers.get("accept", ""):
        return StreamingResponse(_lines(sessions, question, overlaps), media_type=NDJSON)
    async for step in look(sessions, question):
        if isinstance(step, Found):
            return JSONResponse(_result(step, overlaps))
    raise AssertionError("a preview ends with what was found")


async def _lines(sessions: Sessions, question: Question, overlaps: list[Overlap]) -> AsyncIterator[bytes]:
    """A line for each slice of devices, the result last."""
    async for step in look(sessions, question):
        if isinstance(step, Progress):
            line: dict[str, Any] = {"progress": {"done": step.done, "total": step.total}}
        else:
            line = {"result": _result(step, overlaps)}
        yield json.dumps(line).encode() + b"\n"


def _result(found: Found, overlaps: list[Overlap]) -> dict[str, Any]:
    numbers, question = told(found), found.question
    sensitive = question.zone.sensitivity is not Sensitivity.NONE
    out = PreviewOut(
        **{"from": question.since, "to": question.now},
        visits=numbers.visits,
        people=numbers.people,
        hidden=numbers.hidden,
        by_day=[PreviewDay(on=d.on, visits=d.visits) for d in numbers.by_day],
        dwell=PreviewDwell(median_s=numbers.dwell_median_s),
        messages=PreviewMessages(
            would_send=numbers.would_send,
            by_campaign=[
                PreviewCampaign(campaign_id=c.campaign_id, name=c.name, would_send=c.would_send)
                for c in numbers.by_campaign
            ],
        ),
        overlaps=[_overlap(o) for o in overlaps],
        devices_looked_at=numbers.devices_looked_at,
        complete=found.complete,
        note="A sensitive zone makes no visits: it is counted in anonymous totals only." if sensitive else None,
    )
    return out.model_dump(mode="json", by_alias=True)


def _overlap(o: Overlap) -> PreviewOverlap:
    """An overlap as answer."""
    known = o.neighbour.name is not None
    return PreviewOverlap(
        zone_id=o.neighbour.zone_id if known else None,
        name=o.neighbour.name or "another zone",
        share=round(o.share, 3),
    )
