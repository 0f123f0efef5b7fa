"""HTTP of the played win-back: for demos only, about nobody."""

import asyncio
from datetime import date
from typing import Annotated

from fastapi import APIRouter, Query
from pydantic import BaseModel, ConfigDict, Field

from geoengage.kit import errors
from geoengage.kit.http import PROBLEMS, Now
from geoengage.proof.api.shapes import ProofFinding, ProofPlan, ProofRoi, finding_out, roi_out
from geoengage.proof.rules.played import CURRENCY, PLAN, play
from geoengage.proof.rules.winback import ROI
from geoengage.tenancy.auth import Reader

router = APIRouter(responses=PROBLEMS)


class PlayedDay(BaseModel):
    """The end of a day; everything is counted since the first."""

    model_config = ConfigDict(from_attributes=True)

    day: int = Field(description="From 1.")
    decided: int = Field(description="People about whom the campaign has decided.")
    sent: int = Field(description="Messages sent; the others are held back by lot.")
    back_sent: int = Field(description="Who has bought within the window, of those who got the message.")
    back_held: int = Field(description="Of those held back.")


class PlayedWinBack(BaseModel):
    """A win-back on made-up people: what was planted, and what a proof finds of it."""

    seed: int = Field(description="Other seeds make up other people.")
    currency: str = Field(description="Of the money.")
    first_on: date = Field(description="Today: the first of its days.")
    plan: ProofPlan = Field(description="How it is measured.")
    days: list[PlayedDay] = Field(description="All days of the plan.")
    findings: list[ProofFinding] = Field(
        description="What is found at the end, and was by day; `planted` is the truth."
    )
    roi: ProofRoi | None = Field(description="The return; null: too few people.")


@router.get("/v1/proof/simulated")
async def get_simulated_win_back(
    me: Reader, now: Now, seed: Annotated[int, Query(ge=0, le=10**9, description="Who is made up.")] = 7
) -> PlayedWinBack:
    """Thirty days of a supermarket's win-back, simulated: people decided, messages, returns, and what the proof says of
    it day by day beside what was planted. Nothing is read or written; for demo tenants."""
    if not me.is_demo:
        raise errors.Forbidden("this is for a demo tenant")
    found = await asyncio.to_thread(play, seed, now.date())
    return PlayedWinBack(
        seed=seed,
        first_on=now.date(),
        currency=CURRENCY,
        plan=ProofPlan.model_validate(PLAN),
        days=[PlayedDay.model_validate(each) for each in found.days],
        findings=[finding_out(each, found.planted[each.outcome]) for each in found.findings],
        roi=None if found.roi is None else roi_out(found.roi, found.planted[ROI]),
    )
