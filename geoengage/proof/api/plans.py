"""HTTP of the plan by which a campaign is measured."""

from typing import Annotated
from uuid import UUID

from fastapi import APIRouter, Response
from pydantic import AwareDatetime, Field, StringConstraints, model_validator

from geoengage.campaigns import service as campaigns
from geoengage.experiments.rules import Measured, Plan
from geoengage.kit.http import EDIT, PROBLEMS, Now, OptionalIfMatch, Tx, check_version, etag
from geoengage.kit.ids import TenantId
from geoengage.kit.shapes import Shape
from geoengage.proof.service.plans import Planned, put_plan, read_plan
from geoengage.tenancy.auth import CampaignEditor, Reader

router = APIRouter(responses=PROBLEMS)


class ExperimentVariant(Shape):
    """One of several texts of a campaign, drawn by lot for each person and kept."""

    name: Annotated[str, StringConstraints(strip_whitespace=True, min_length=1, max_length=40)] = Field(
        description="What reports call it."
    )
    weight: int = Field(ge=1, le=1000, description="Its share is weight ÷ all weights.")
    title: str = Field(min_length=1, max_length=200, description="Title in place of the campaign's, Liquid.")
    body: str = Field(min_length=1, max_length=2000, description="Text in place of the campaign's, Liquid.")


class ExperimentIn(Shape):
    """How a campaign is measured. What is left out is as usual."""

    window_days: int = Field(
        default=30, ge=1, le=90, description="Days from the decision for which people are watched."
    )
    days: int = Field(default=90, ge=2, le=366, description="Days from the first decision to the planned end.")
    decides: Measured = Field(default=Measured.CONVERSION, description="The outcome by which it is said to work.")
    smallest_effect: float = Field(
        default=0.1, ge=0.01, le=10, description="Relative effect to be found 8 of 10 times: 0.1 is a tenth more."
    )
    holdout_percent: int = Field(
        default=0, ge=0, le=50, description="People held back from this campaign alone, beside the tenant's holdout."
    )
    variants: list[ExperimentVariant] = Field(default=[], max_length=8, description="Texts of A/B/n; none: one text.")

    @model_validator(mode="after")
    def _fits(self) -> "ExperimentIn":
        if self.days <= self.window_days:
            raise ValueError("days must be more than window_days: nobody's window would be over by the planned end")
        if len(self.variants) == 1:
            raise ValueError("variants: name two or more, or none")
        if len({v.name for v in self.variants}) < len(self.variants):
            raise ValueError("variants: two have the same name")
        return self


class ExperimentOut(ExperimentIn):
    """The plan in force."""

    since: AwareDatetime = Field(description="Decisions from then on count.")
    version: int = Field(description="Rises with every change; 0: the usual plan.")


def _out(found: Planned, response: Response) -> ExperimentOut:
    response.headers["ETag"] = etag(found.version)
    plan = found.plan
    return ExperimentOut(
        window_days=plan.window_days, days=plan.days, decides=plan.decides, smallest_effect=plan.smallest_effect,
        holdout_percent=found.holdout_percent, variants=[ExperimentVariant(**v) for v in found.variants],
        since=found.since, version=found.version,
    )  # fmt: skip


@router.get("/v1/campaigns/{campaign_id}/experiment")
async def get_experiment(campaign_id: UUID, response: Response, me: Reader, tx: Tx) -> ExperimentOut:
    """How a campaign is measured."""
    row = await campaigns.get(tx, me, campaign_id)
    return _out(await read_plan(tx, TenantId(me.tenant_id), row), response)


@router.put("/v1/campaigns/{campaign_id}/experiment", responses={412: EDIT[412]})
async def put_experiment(
    campaign_id: UUID,
    body: ExperimentIn,
    response: Response,
    me: CampaignEditor,
    tx: Tx,
    now: Now,
    version: OptionalIfMatch,
) -> ExperimentOut:
    """Plan how a campaign is measured. Once it has decided about somebody, another plan begins the measurement anew:
    who was decided before does not count."""
    row = await campaigns.get(tx, me, campaign_id, lock=True)
    tenant_id = TenantId(me.tenant_id)
    if version is not None:
        check_version((await read_plan(tx, tenant_id, row)).version, version)
    campaigns.check_variants([(v.title, v.body) for v in body.variants])
    plan = Plan(body.window_days, body.days, body.decides, body.smallest_effect)
    wanted = Planned(plan, now, body.holdout_percent, [v.model_dump() for v in body.variants], 0)
    return _out(await put_plan(tx, tenant_id, row, wanted, now), response)
