"""Switching recipes on and off. What is made is made by the services of segments, offers, campaigns and proof, in one
transaction; from then on it is a campaign like any other, that its owner may edit.
"""

from dataclasses import dataclass, field
from datetime import datetime
from typing import Any
from uuid import UUID

from geoengage.campaigns import service as campaigns
from geoengage.campaigns.models import Campaign
from geoengage.campaigns.rules import Content, Say, Status, messages_of, status_at
from geoengage.campaigns.shapes.campaigns import CampaignIn, content_json
from geoengage.campaigns.store import content_of, list_by_id
from geoengage.experiments.rules import Plan as MeasuringPlan
from geoengage.kit import errors
from geoengage.kit.db import Session
from geoengage.kit.ids import TenantId, new_id
from geoengage.offers.models import OfferRow
from geoengage.offers.rules import OfferStatus
from geoengage.offers.service import offers
from geoengage.offers.shapes.offers import OfferIn
from geoengage.proof.service.plans import Planned as Measuring
from geoengage.proof.service.plans import put_plan, read_plan
from geoengage.recipes import store
from geoengage.recipes.models import RecipeLaunch
from geoengage.recipes.rules import OFFER, SEGMENT, Json, RecipeKey, filled, worded
from geoengage.recipes.service.hindering import stopping_blocks
from geoengage.recipes.service.planning import Planned
from geoengage.segments import service as segments
from geoengage.segments.rules import read_definition, write_definition
from geoengage.segments.store import lock_segment
from geoengage.segments.store.uses import list_uses
from geoengage.tenancy.rules import Principal, actor_name


class RecipeBlocked(errors.Conflict):
    """Something stands in the way of the recipe; `blocked_by` says what, and where it is mended."""

    code = "recipe-blocked"
    title = "Something stands in its way"


Words = dict[str, Any]  # of a campaign's messages, by step


@dataclass(frozen=True, slots=True)
class Launched:
    """A recipe that was switched on, with the campaign that it made, and where that stands. `words`: as the plan has
    them; empty where nothing was made."""

    row: RecipeLaunch
    campaign: Campaign
    status: Status
    words: Words = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Inherited:
    """A plan that comes from a master: it is made whatever was set before, and of the words of its messages only those
    stay that somebody has edited since they were `written`. `was_on`: if somebody has paused it since, it stays so."""

    written: Words
    was_on: bool


async def launch(
    session: Session, me: Principal, planned: Planned, now: datetime, inherited: Inherited | None = None
) -> Launched:
    """Switch it on, or hand it in for review where the tenant's policy says so. Again with the same settings changes
    nothing; with others what it made is changed, and texts that somebody has edited stay.
    """
    if stopping := await stopping_blocks(session, TenantId(me.tenant_id), planned):
        raise RecipeBlocked(
            " ".join(each.text for each in stopping),
            blocked_by=[{"code": each.obstacle, "text": each.text, "link": each.link} for each in stopping],
        )
    wanted = RecipeLaunch(
        id=new_id(now), recipe=planned.key, store_id=planned.store_id, content_id=planned.content_id, launched_at=now
    )
    row = await store.claim_launch(session, TenantId(me.tenant_id), wanted)
    campaign = await _campaign_of(session, me, row)
    is_new, words = campaign is None, Words()
    if campaign is None or row.settings != planned.given or inherited is not None:
        campaign, words = await _make(session, me, row, planned, campaign, inherited, now)
        row.settings, row.campaign_id = planned.given, campaign.id
    row.launched_at, row.launched_by = now, actor_name(me)
    if is_new or inherited is None or not inherited.was_on or campaign.status != Status.PAUSED:
        await campaigns.activate(session, me, campaign, now, is_new=is_new)
    await session.flush()
    return Launched(row, campaign, status_of(campaign, now), words)


async def stop(
    session: Session, me: Principal, key: RecipeKey, launch_id: UUID | None, now: datetime
) -> list[Launched]:
    """Stop what runs of the recipe, or that one. Pausing closes the campaign's gate: what waits is withdrawn, nothing
    new is made. What waits for review is taken back. Codes that people have stay good.
    """
    found = []
    rows = await store.list_launches(session, TenantId(me.tenant_id), me.store_ids, key, lock=True)
    if launch_id is not None and launch_id not in {row.id for row in rows}:
        raise errors.NotFound(f"recipe {key} was not switched on as {launch_id}")
    for row in rows:
        campaign = await _campaign_of(session, me, row) if launch_id in (None, row.id) else None
        if campaign is None:
            continue
        status = status_of(campaign, now)
        if status in (Status.ACTIVE, Status.SCHEDULED):
            await campaigns.pause(session, campaign, now)
        elif status is Status.IN_REVIEW:
            await campaigns.delete(session, campaign, now)
            row.campaign_id = None
        found.append(Launched(row, campaign, status_of(campaign, now)))
    await session.flush()
    return found


async def list_launched(session: Session, me: Principal, now: datetime) -> list[Launched]:
    """What the caller sees of what was switched on and is still there."""
    rows = await store.list_launches(session, TenantId(me.tenant_id), me.store_ids)
    there = await list_by_id(session, TenantId(me.tenant_id), {row.campaign_id for row in rows if row.campaign_id})
    seen = {id_: campaign for id_, campaign in there.items() if me.sees_store(campaign.store_id)}
    return [
        Launched(row, seen[row.campaign_id], status_of(seen[row.campaign_id], now))
        for row in rows
        if row.campaign_id in seen
    ]


async def find_launched(session: Session, me: Principal, launch_id: UUID, now: datetime) -> Launched | None:
    """What was switched on by that id, unless it is gone."""
    row = await store.find_launch(session, TenantId(me.tenant_id), launch_id)
    campaign = None if row is None else await _campaign_of(session, me, row, lock=False)
    return None if row is None or campaign is None else Launched(row, campaign, status_of(campaign, now))


def words_of(campaign: Campaign) -> Words:
    """The words of a campaign's messages, by step."""
    return _words_by_step(content_of(campaign))


def status_of(campaign: Campaign, now: datetime) -> Status:
    """Where its campaign stands."""
    return status_at(Status(campaign.status), campaign.valid_from, campaign.valid_to, now)


async def _campaign_of(session: Session, me: Principal, row: RecipeLaunch, *, lock: bool = True) -> Campaign | None:
    """What it made before, unless somebody deleted it."""
    if row.campaign_id is None:
        return None
    try:
        return await campaigns.get(session, me, row.campaign_id, lock=lock)
    except errors.NotFound:
        return None


async def _make(
    session: Session,
    me: Principal,
    row: RecipeLaunch,
    planned: Planned,
    campaign: Campaign | None,
    inherited: Inherited | None,
    now: datetime,
) -> tuple[Campaign, Words]:
    """What the plan says, new or in place of what was made before; and the words that the plan has."""
    plan = planned.plan
    assert plan is not None  # noqa: S101 - without one there is a block that stops
    if campaign is None:
        row.segment_id = row.offer_id = None  # they went with their campaign, or are somebody's by now
    left = row.segment_id
    if plan.segment is not None:
        row.segment_id = await _put_segment(session, me, row.segment_id, plan.segment, now)
    if plan.offer is not None:
        row.offer_id = await _put_offer(session, me, row.offer_id, plan.offer, now)
    body = filled(plan.campaign, {SEGMENT: str(row.segment_id), OFFER: str(row.offer_id)})
    content = CampaignIn.model_validate(body).content()
    words = _words_by_step(content)
    if campaign is None:
        campaign = await campaigns.create(session, me, new_id(now), content, now)
    else:
        body = _with_edits(body, content_of(campaign), {} if inherited is None else inherited.written)
        await campaigns.update(session, me, campaign, CampaignIn.model_validate(body).content(), now)
    if left != row.segment_id:
        await session.flush()
        await _drop_segment(session, me, left, now)
    await _measure(session, me, campaign, planned.settings.get("holdout_percent") or 0, now)
    return campaign, words


async def _put_segment(session: Session, me: Principal, id_: UUID | None, made: Json, now: datetime) -> UUID:
    """Who is meant. Of another definition it is another segment, whose first members then come in as new ones do."""
    tenant_id, definition = TenantId(me.tenant_id), read_definition(made["definition"])
    before = None if id_ is None else await lock_segment(session, tenant_id, id_)
    if before is not None and before.definition == write_definition(definition):
        return before.id
    store_id = None if made["store_id"] is None else UUID(made["store_id"])
    new = await segments.create(
        session, tenant_id, id_=new_id(now), name=made["name"], definition=definition, now=now,
        description="Made by a recipe.", store_id=store_id, by=actor_name(me),
    )  # fmt: skip
    return new.id


async def _drop_segment(session: Session, me: Principal, id_: UUID | None, now: datetime) -> None:
    """A segment that the recipe made and left, unless something else rests on it by now."""
    tenant_id = TenantId(me.tenant_id)
    row = None if id_ is None else await lock_segment(session, tenant_id, id_)
    if row is not None and not (await list_uses(session, tenant_id, [row.id], now)).get(row.id):
        await segments.delete(session, tenant_id, row, now)


async def _put_offer(session: Session, me: Principal, id_: UUID | None, made: Json, now: datetime) -> UUID:
    written = OfferIn.model_validate(made).written()
    row = None if id_ is None else await _offer(session, me, id_)
    if row is not None:
        await offers.change(session, me, row, written, now)
        return row.id
    return (await offers.create(session, me, new_id(now), written, now)).id


async def _offer(session: Session, me: Principal, id_: UUID) -> OfferRow | None:
    """The offer, unless somebody put it away."""
    try:
        row = await offers.get(session, me, id_, lock=True)
    except errors.NotFound:
        return None
    return None if row.status == OfferStatus.ARCHIVED else row


def _with_edits(body: Json, before: Content, written: Words) -> Json:
    """The new campaign with the words that its messages have now, where somebody may have edited them: where they are
    not as they were written."""
    there = _words_by_step(before)
    said = {id_: words for id_, words in there.items() if written.get(id_) != words}
    steps = worded(body.get("steps", []), said)
    kept: dict[str, Any] = {name: content_json(before)[name] for name in ("name", "priority", "push")}
    return body | kept | ({"steps": steps} if steps else {"title": before.title, "body": before.body})


def _words_by_step(content: Content) -> Words:
    return {step.id: _words_of(step) for step in messages_of(content.definition.steps)}


def _words_of(step: Say) -> Json:
    texts = {words.language: {"title": words.title, "body": words.body} for words in step.texts}
    return {"title": step.title, "body": step.body, "texts": texts}


async def _measure(session: Session, me: Principal, campaign: Campaign, holdout_percent: int, now: datetime) -> None:
    """Who gets nothing, so that it shows what it brought; all else about its measuring stays."""
    before = await read_plan(session, TenantId(me.tenant_id), campaign)
    plan = MeasuringPlan() if before.version == 0 else before.plan
    wanted = Measuring(plan, now, holdout_percent, list(before.variants), 0)
    await put_plan(session, TenantId(me.tenant_id), campaign, wanted, now)
