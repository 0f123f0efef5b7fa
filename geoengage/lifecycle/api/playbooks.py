"""HTTP of playbooks: what repairs a metric, whom it would write to, and one call that makes the drafts."""

from typing import Annotated, Any
from uuid import UUID

from fastapi import APIRouter, Query
from pydantic import BaseModel, ConfigDict, Field

from geoengage.kit.http import PROBLEMS, NewId, Now, Tx
from geoengage.kit.shapes import Shape
from geoengage.lifecycle.rules.playbooks import PLAYBOOKS, together
from geoengage.lifecycle.rules.watched import WATCHED
from geoengage.lifecycle.service import playbooks as service
from geoengage.tenancy.auth import Reader, SegmentEditor

router = APIRouter(tags=["playbooks"], responses=PROBLEMS)
_STORE = "Only this store's customers, by its own orders. Who is restricted to stores names one of them, or has one."
_ALERT = "Only the people who moved the metric, where the alert names them."


class PlaybookTier(BaseModel):
    """One group of people and what they are told."""

    name: str = Field(description="Who they are.")
    title: str = Field(description="Title of the draft; Liquid.")
    body: str = Field(description="Text of the draft; Liquid.")


class PlaybookOut(BaseModel):
    """What repairs a metric."""

    name: str = Field(description="Its name in the API.")
    label: str = Field(description="What its button says.")
    about: str = Field(description="What it does, in a sentence.")
    metrics: list[str] = Field(description="The metrics for which it is offered when they worsen.")
    to_check: str | None = Field(description="What must be settled before the drafts are activated.")
    tiers: list[PlaybookTier] = Field(description="From a friendly word to the largest offer.")


class PlaybookList(BaseModel):
    """All playbooks."""

    items: list[PlaybookOut] = Field(description="Playbooks.")


class PlaybookWhoOut(PlaybookOut):
    """A playbook with the people that it would write to now."""

    who: dict[str, Any] = Field(description="The condition, in the language of segments; try it with a preview.")


class PlaybookOf(BaseModel):
    """For what a playbook is asked."""

    model_config = ConfigDict(extra="forbid")

    alert_id: UUID | None = Field(default=None, description=_ALERT)
    store_id: UUID | None = Field(default=None, description=_STORE)


class PlaybookIn(Shape):
    """For what a playbook is played."""

    alert_id: UUID | None = Field(default=None, description=_ALERT)
    store_id: UUID | None = Field(default=None, description=_STORE)


class PlaybookDraft(BaseModel):
    """A segment and the draft of a campaign for it."""

    segment_id: UUID = Field(description="The segment; a worker fills it within seconds.")
    segment_name: str = Field(description="Its name.")
    campaign_id: UUID = Field(description="The campaign, a draft: it sends nothing before somebody activates it.")
    campaign_name: str = Field(description="Its name.")


class PlaybookMade(BaseModel):
    """What was made."""

    segment_id: UUID = Field(description="The first segment.")
    campaign_id: UUID = Field(description="The first draft.")
    made: list[PlaybookDraft] = Field(description="All of them, one a tier.")
    to_check: str | None = Field(description="What must be settled before the drafts are activated.")


@router.get("/v1/playbooks")
async def list_playbooks(_me: Reader) -> PlaybookList:
    """What can be done about each metric."""
    return PlaybookList(items=[PlaybookOut(**_words(name)) for name in PLAYBOOKS])


@router.get("/v1/playbooks/{playbook}")
async def get_playbook(
    playbook: str, me: SegmentEditor, tx: Tx, now: Now, asked: Annotated[PlaybookOf, Query()]
) -> PlaybookWhoOut:
    """One playbook, and the condition of whom it would write to."""
    plans = await service.read_plans(tx, me, playbook, service.Asked(asked.alert_id, asked.store_id), now)
    return PlaybookWhoOut(**_words(playbook), who=together(plans))


@router.post("/v1/playbooks/{playbook}", status_code=201)
async def play(playbook: str, body: PlaybookIn, me: SegmentEditor, tx: Tx, now: Now, new: NewId) -> PlaybookMade:
    """Make the segments and the draft campaigns of a playbook. Nothing is sent: drafts wait until they are activated.

    Needs the scope `campaigns` besides `segments`.
    """
    asked = service.Asked(body.alert_id, body.store_id)
    made = await service.play(tx, me, playbook, asked, new.id, now, again=new.replayed)
    drafts = [
        PlaybookDraft(
            segment_id=each.segment_id,
            segment_name=each.segment_name,
            campaign_id=each.campaign_id,
            campaign_name=each.campaign_name,
        )
        for each in made
    ]
    return PlaybookMade(
        segment_id=drafts[0].segment_id,
        campaign_id=drafts[0].campaign_id,
        made=drafts,
        to_check=PLAYBOOKS[playbook].to_check,
    )


def _words(name: str) -> dict[str, Any]:
    book = PLAYBOOKS[name]
    return {
        "name": name,
        "label": book.button,
        "about": book.about,
        "metrics": [metric for metric, watched in WATCHED.items() if watched.playbook == name],
        "to_check": book.to_check,
        "tiers": [PlaybookTier(name=tier.name, title=tier.title, body=tier.body) for tier in book.tiers],
    }
