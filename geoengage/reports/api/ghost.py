"""HTTP of the ghost: a made-up visitor on a drawn path, told step by step what the engine would make of it."""

from datetime import datetime, timedelta
from typing import Annotated
from uuid import UUID

from fastapi import APIRouter, Request
from pydantic import AfterValidator, BaseModel, Field

from geoengage.campaigns import rules as campaigns
from geoengage.campaigns import store as campaign_store
from geoengage.campaigns.service import load_policy
from geoengage.kit import errors
from geoengage.kit.db import Session
from geoengage.kit.http import Now, Tx
from geoengage.kit.ids import TenantId
from geoengage.presence import store as presence
from geoengage.presence.rules.decide import Kind, Transition
from geoengage.presence.rules.fixes import OLDEST, PingIn, Policy, Rejected, check_year
from geoengage.reports import ghost, rules, store
from geoengage.reports.api.drafts import read_draft
from geoengage.tenancy.auth import VenueEditor
from geoengage.tenancy.rules import Principal
from geoengage.venues import store as venues
from geoengage.venues.models import Mall
from geoengage.venues.rules import PublishedZone
from geoengage.venues.shapes import In, Ordinal, Utc, ZoneIn

router = APIRouter(tags=["zones before publishing"])
MOST_FIXES = 600
LONGEST = timedelta(days=1)


def _reckonable(at: datetime) -> datetime:
    check_year("at", at)
    return at


Moment = Annotated[Utc, AfterValidator(_reckonable)]


class GhostDraft(ZoneIn):
    """A zone that is drawn; it stands in for its own published version."""

    zone_id: UUID | None = Field(default=None, description="The zone that it is an edit of.")


class GhostFix(In):
    """One position of the ghost."""

    at: Moment = Field(description="When it is there, RFC 3339.")
    lon: float = Field(ge=-180, le=180, description="Degrees east.")
    lat: float = Field(ge=-90, le=90, description="Degrees north.")
    accuracy_m: float | None = Field(
        default=None, le=100_000, description="68 % radius, metres; none or ≤ 0: unknown, as from a phone."
    )
    level: Ordinal | None = Field(default=None, description="Floor that it reports.")


class GhostIn(In):
    """A walk."""

    mall_id: UUID = Field(description="The mall it walks in.")
    draft: GhostDraft | None = Field(default=None, description="A zone that is drawn; null: the published ones only.")
    fixes: list[GhostFix] = Field(min_length=1, max_length=MOST_FIXES, description="Its positions, in any order.")
    until: Moment | None = Field(
        default=None, description="Moment to let the clock run on to (a day at most); the last position when left out."
    )


class GhostZone(BaseModel):
    """Where the ghost stands with one zone, at `until`."""

    zone_id: UUID | None = Field(description="The zone; null for the draft.")
    name: str = Field(description="Its name.")
    phase: str = Field(description="outside, pending, inside or leaving.")
    confidence: float = Field(description="Of the last position: share of its circle inside × floor × trust, 0–1.")
    share: float = Field(description="Share of the accuracy circle inside, 0–1.")
    level_p: float = Field(description="Probability of being on one of its floors, 0–1.")
    needed: float = Field(description="Confidence that the zone asks for.")
    s_m: float = Field(description="Signed metres from the last position to the boundary, negative inside.")
    text: str = Field(description="The same in words, and what happens next.")


class GhostEvent(BaseModel):
    """Something that would have been recorded."""

    at: datetime = Field(description="Event time.")
    kind: Kind = Field(description="entered, dwelled, exited, retracted.")
    zone_id: UUID | None = Field(description="The zone; null for the draft.")
    name: str = Field(description="Its name.")
    reason: str = Field(description="The rule that decided.")
    dwell_s: int | None = Field(description="The mark, for dwelled and retracted.")
    confidence: float = Field(description="0–1.")


class GhostCampaign(BaseModel):
    """A campaign that waits at a zone of the walk."""

    campaign_id: UUID = Field(description="The campaign.")
    name: str = Field(description="Its name.")
    zone_id: UUID | None = Field(description="The zone it waits at; null for the draft.")
    verdict: str = Field(
        description="would_send; what holds it back (quiet_hours, campaign_hours, cooldown, cap, visit_ended); its"
        " status when it does not run; not_triggered, not_dwelled, not_exited; depends_on_person."
    )
    text: str = Field(description="The same in words.")


class GhostRefusal(BaseModel):
    """A position that would have been refused."""

    at: datetime = Field(description="Its time.")
    reason: Rejected = Field(description="From the closed list.")
    text: str = Field(description="The same in words.")


class GhostOut(BaseModel):
    """What would have happened."""

    zones: list[GhostZone] = Field(description="Zones that the walk came near, those it is in first, then the nearest.")
    events: list[GhostEvent] = Field(description="In the order in which the engine would tell them.")
    campaigns: list[GhostCampaign] = Field(
        description="Campaigns at entered zones, for somebody who agreed to everything and got nothing yet."
    )
    refused: list[GhostRefusal] = Field(description="Positions that the engine would not take.")


@router.post("/v1/zones/ghost")
async def walk_ghost(request: Request, body: GhostIn, me: VenueEditor, tx: Tx, now: Now) -> GhostOut:
    """Walk a made-up visitor over a drawn path: phases, confidences, events, campaigns. Nothing is stored.

    Send the whole path again with each step; `until` lets time pass after the last position.
    """
    tenant_id = TenantId(me.tenant_id)
    await venues.get_row(tx, tenant_id, Mall, body.mall_id)
    draft = await _draft(tx, me, body.draft, min(f.at for f in body.fixes))
    policy = await presence.get_ping_policy(tx, tenant_id)
    path = [PingIn(at=f.at, lon=f.lon, lat=f.lat, accuracy_m=f.accuracy_m, level=f.level) for f in body.fixes]
    fixes, refused = ghost.usable(path, Policy(policy.default_accuracy_m, policy.reject_mocked, OLDEST))
    answer = GhostOut(
        zones=[],
        events=[],
        campaigns=[],
        refused=[GhostRefusal(at=at, reason=r, text=rules.rejection_text(r)) for at, r in refused],
    )
    if not fixes:
        return answer
    until = _until(body, fixes[-1].at)
    index = await request.app.state.ping_writer.indexes.get(tx, tenant_id, policy.epoch)
    zones = [z for z in ghost.nearby(index, fixes) if me.sees_store(z.store_id)]
    standings, transitions = ghost.walk(index, zones, draft, fixes, until)
    known = {z.zone_id: z for z in [*zones, *([draft] if draft else [])]}
    shown = {id_: None if draft is not None and id_ == draft.zone_id else id_ for id_ in known}
    answer.zones = [_zone(s, shown, until) for s in standings]
    answer.events = [_event(t, known[t.zone_id], shown) for t in transitions]
    answer.campaigns = await _campaigns(tx, me, transitions, known, shown, until)
    return answer


async def _draft(tx: Session, me: Principal, draft: GhostDraft | None, first: datetime) -> PublishedZone | None:
    if draft is None:
        return None
    return await read_draft(tx, me, draft, draft.zone_id, first)


def _until(body: GhostIn, last: datetime) -> datetime:
    until = body.until or last
    if until - last > LONGEST:
        raise errors.field("until", "at most a day after the last position")
    return max(until, last)


def _zone(s: rules.Standing, shown: dict[UUID, UUID | None], until: datetime) -> GhostZone:
    a = s.approach
    return GhostZone(
        zone_id=shown[a.zone_id],
        name=a.name,
        phase=s.phase,
        confidence=round(a.confidence, 3),
        share=a.share,
        level_p=a.level_p,
        needed=a.needed,
        s_m=a.s_m,
        text=rules.phase_text(s, until),
    )


def _event(t: Transition, zone: PublishedZone, shown: dict[UUID, UUID | None]) -> GhostEvent:
    return GhostEvent(
        at=t.at,
        kind=t.kind,
        zone_id=shown[t.zone_id],
        name=zone.name,
        reason=t.reason,
        dwell_s=t.dwell_s,
        confidence=t.confidence,
    )


async def _campaigns(
    tx: Session,
    me: Principal,
    transitions: list[Transition],
    known: dict[UUID, PublishedZone],
    shown: dict[UUID, UUID | None],
    until: datetime,
) -> list[GhostCampaign]:
    """What waits at the entered zones, tried for somebody who agreed to everything."""
    tenant_id = TenantId(me.tenant_id)
    entered = [known[zone_id] for zone_id in dict.fromkeys(t.zone_id for t in transitions)]
    stores = {z.store_id for z in entered if z.store_id is not None}
    waiting = await store.list_campaigns_at(tx, tenant_id, [z.zone_id for z in entered], stores)
    rows = [(row, zone) for row in waiting for zone in entered if me.sees_store(row.store_id)]
    content = {row.id: campaign_store.content_of(row) for row, _ in rows}
    status = {
        row.id: campaigns.status_at(campaigns.Status(row.status), row.valid_from, row.valid_to, until)
        for row, _ in rows
    }
    running = [(id_, content[id_]) for id_ in content if status[id_] is campaigns.Status.ACTIVE]
    begun = ghost.ghost_starts(tenant_id, transitions, entered)
    tried = list(rules.try_campaigns(begun, running, await load_policy(tx, tenant_id)))
    answer = []
    for row, zone in rows:
        if not campaigns.waits_at(content[row.id], zone.zone_id, zone.kind, zone.store_id):
            continue
        own = [t for t in tried if t.campaign_id == row.id and t.start.place.zone_id == zone.zone_id]
        verdict, words = rules.campaign_verdict(str(status[row.id]), content[row.id].kind, own)
        answer.append(
            GhostCampaign(campaign_id=row.id, name=row.name, zone_id=shown[zone.zone_id], verdict=verdict, text=words)
        )
    return answer
