"""How a campaign is measured: what somebody plans, and when a measurement begins anew."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from geoengage.campaigns.models import Campaign
from geoengage.experiments import store as experiments
from geoengage.experiments.models import Experiment
from geoengage.experiments.rules import Measured, Plan
from geoengage.kit.db import Session
from geoengage.kit.ids import TenantId
from geoengage.proof import store


@dataclass(frozen=True, slots=True)
class Planned:
    """A campaign's plan. `version` 0: nobody has made one, it is the usual one."""

    plan: Plan
    since: datetime
    holdout_percent: int
    variants: Sequence[dict[str, Any]]
    version: int


async def read_plan(session: Session, tenant_id: TenantId, campaign: Campaign) -> Planned:
    """The plan in force."""
    row = await experiments.find_experiment(session, tenant_id, campaign.id)
    if row is None:
        return Planned(Plan(), campaign.created_at, 0, (), 0)
    return _planned(row)


def _planned(row: Experiment) -> Planned:
    plan = Plan(row.window_days, row.days, Measured(row.decides), row.smallest_effect)
    return Planned(plan, row.since, row.holdout_percent, row.variants, row.version)


async def put_plan(
    session: Session, tenant_id: TenantId, campaign: Campaign, wanted: Planned, now: datetime
) -> Planned:
    """Plan anew. Once somebody was decided, another plan counts only who is decided from now on: a plan that is made
    after looking would choose its answer. The same plan again changes nothing.
    """
    before = await read_plan(session, tenant_id, campaign)
    same = (before.plan, before.holdout_percent, list(before.variants)) == (
        wanted.plan, wanted.holdout_percent, list(wanted.variants),
    )  # fmt: skip
    if same:
        return before
    begun = await store.find_first(session, tenant_id, (campaign.id,), before.since)
    plan = wanted.plan
    columns = {
        "since": before.since if begun is None else now,
        "window_days": plan.window_days,
        "days": plan.days,
        "decides": plan.decides.value,
        "smallest_effect": plan.smallest_effect,
        "holdout_percent": wanted.holdout_percent,
        "variants": list(wanted.variants),
        "planted": None,
    }
    return _planned(await experiments.put_experiment(session, tenant_id, campaign.id, columns, now))
