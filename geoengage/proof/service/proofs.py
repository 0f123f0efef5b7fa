"""The proof of a campaign, and of all campaigns of a quarter together."""

import asyncio
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import date, datetime, timedelta
from uuid import UUID

import numpy as np

from geoengage.campaigns.models import Campaign
from geoengage.experiments import store as experiments
from geoengage.experiments.models import Experiment
from geoengage.experiments.rules import VARIANT, Arm, Measured, Plan, Side, Verdict, arm
from geoengage.kit.db import Session
from geoengage.kit.ids import TenantId
from geoengage.lifecycle.rules.told import steps_told
from geoengage.proof import store
from geoengage.proof.rules.found import Audience, Board, Finding, People, Roi, Variant, audience, variants
from geoengage.proof.rules.inputs import Missing
from geoengage.proof.rules.told import is_few
from geoengage.proof.rules.words import Told, headline, sentences
from geoengage.proof.service.facts import Facts, Question, read_facts, start_of
from geoengage.proof.store import STEPS, Attributed
from geoengage.tenancy.rules import Principal
from geoengage.tenancy.store import get_tenant


@dataclass(frozen=True, slots=True)
class Money:
    """What it cost, in minor units: messages by channel, incentives by who paid; None: not computable."""

    messages: dict[str, float] | None
    incentives: dict[str, float] | None


@dataclass(frozen=True, slots=True)
class Proof:
    """What a campaign brought. `steps`: people, None: too few to tell; `roas`: attributed, which is no proof.
    `planted`: of a demo, what its planner has put in, by outcome."""

    plan: Plan
    control: Side
    since: datetime
    first_on: date | None
    ends_on: date | None
    timezone: str
    verdict: Verdict
    headline: str
    sentences: list[str]
    currency: str | None
    others: dict[str, int]
    people_sent: int | None
    people_held: int | None
    crossed: int | None
    anonymous: int | None
    findings: tuple[Finding, ...]
    roi: Roi | None
    variants: list[Variant]
    audience: Audience | None
    missing: list[Missing]
    steps: dict[str, int | None]
    messages: int | None
    attributed: Attributed | None
    roas: float | None
    money: Money
    planted: Mapping[str, float] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Split:
    """A campaign's plan with its variants."""

    plan: Plan
    since: datetime
    holdout_percent: int
    arms: tuple[Arm, ...]


def split_of(row: Experiment | None, otherwise: datetime) -> Split:
    """What somebody planned, else the usual since `otherwise`."""
    if row is None:
        return Split(Plan(), otherwise, 0, ())
    plan = Plan(row.window_days, row.days, Measured(row.decides), row.smallest_effect)
    arms = tuple(Arm(v["name"], v["weight"]) for v in row.variants)
    return Split(plan, row.since, row.holdout_percent, arms)


async def read_proof(session: Session, me: Principal, campaign: Campaign, now: datetime) -> Proof:
    """Of one campaign that the caller may see."""
    tenant_id = TenantId(me.tenant_id)
    tenant = await get_tenant(session, tenant_id)
    row = await experiments.find_experiment(session, tenant_id, campaign.id)
    split = split_of(row, campaign.created_at)
    control = Side.CAMPAIGN_HOLDOUT if split.holdout_percent else Side.TENANT_HOLDOUT
    stores = None if campaign.store_id is None else [campaign.store_id]
    question = Question((campaign.id,), split.since, stores, split.plan, control, tenant.timezone)
    found = await _prove(session, tenant_id, question, split.arms, now, exact=me.is_demo)
    return replace(found, planted=row.planted) if me.is_demo and row is not None and row.planted else found


async def _prove(
    session: Session, tenant_id: TenantId, question: Question, arms: Sequence[Arm], now: datetime, *, exact: bool
) -> Proof:
    facts = await read_facts(session, tenant_id, question, now)
    if facts is None:
        return _nothing(question)
    steps, messages = await store.count_steps(session, tenant_id, facts.asked, question.plan.window_days)
    attributed = await store.read_attributed(session, tenant_id, facts.asked, facts.currency)
    worked = await asyncio.to_thread(_work_out, facts, question, arms, exact=exact)
    return _proof(facts, question, worked, (steps, messages, attributed), exact=exact)


@dataclass(frozen=True, slots=True)
class _Worked:
    findings: tuple[Finding, ...]
    roi: Roi | None
    variants: list[Variant]
    audience: Audience | None


def _work_out(facts: Facts, question: Question, arms: Sequence[Arm], *, exact: bool) -> _Worked:
    people = People(facts.day, facts.is_sent, facts.stratum, facts.rows)
    board = Board(people, question.plan, facts.first, facts.looks, exact=exact)
    has_holdout = bool((~facts.is_sent).any())
    findings = tuple(
        board.finding(outcome) if has_holdout else Finding(outcome, Verdict.NO_HOLDOUT, True, 0, 0)
        for outcome in Measured
        if not _lacks(outcome, facts.missing)
    )
    computable = has_holdout and not facts.missing & {
        Missing.MARGIN, Missing.MESSAGE_COST, Missing.OTHER_CURRENCY, Missing.ORDERS, Missing.COST,
    }  # fmt: skip
    found: list[Variant] = []
    if arms and has_holdout and question.plan.decides in {f.outcome for f in findings}:
        (campaign_id,) = question.campaigns
        names = [arm(VARIANT, campaign_id, id_, arms).name for id_ in facts.person_ids]
        found = variants(board, [each.name for each in arms], np.array(names))
    return _Worked(findings, board.roi() if computable else None, found, audience(board) if computable else None)


def _lacks(outcome: Measured, missing: frozenset[Missing]) -> bool:
    if outcome is Measured.LTV:
        return bool(missing & {Missing.VALUE_MODEL, Missing.ORDERS})
    return outcome is Measured.REVENUE and Missing.ORDERS in missing


def _proof(
    facts: Facts,
    question: Question,
    worked: _Worked,
    counted: tuple[dict[str, int], int, Attributed],
    *,
    exact: bool,
) -> Proof:
    steps, messages, attributed = counted
    plan = question.plan
    sent, held = int(facts.is_sent.sum()), int((~facts.is_sent).sum())
    missing = set(facts.missing) | ({Missing.HOLDOUT} if not held else set())
    told = Told(
        plan, worked.findings, worked.roi, worked.audience, facts.currency, plan.ends_on(facts.first),
        facts.first + timedelta(days=plan.window_days), sent, held,
    )  # fmt: skip
    decisive = next((f for f in worked.findings if f.outcome is plan.decides), None)
    shown = [True] * len(STEPS) if exact else steps_told([steps[name] for name in STEPS])
    hide_credit = is_few(attributed.people, exact=exact)
    paid = sum(facts.costs.values()) + attributed.incentive_minor
    lacks_cost = bool(missing & {Missing.MESSAGE_COST, Missing.OTHER_CURRENCY})
    return Proof(
        plan=plan,
        control=question.control,
        since=question.since,
        first_on=facts.first,
        ends_on=told.ends_on,
        timezone=question.timezone,
        verdict=Verdict.NOT_ENOUGH if decisive is None else decisive.verdict,
        headline="Not computable yet." if decisive is None else headline(told),
        sentences=sentences(told),
        currency=facts.currency,
        others=facts.others,
        people_sent=None if is_few(sent, exact=exact) else sent,
        people_held=None if is_few(held, exact=exact) else held,
        crossed=None if is_few(facts.crossed, exact=exact) else facts.crossed,
        anonymous=None if is_few(facts.anonymous, exact=exact) else facts.anonymous,
        findings=worked.findings,
        roi=worked.roi,
        variants=worked.variants,
        audience=worked.audience,
        missing=sorted(missing),
        steps={name: steps[name] if may else None for name, may in zip(STEPS, shown, strict=True)},
        messages=messages if shown[0] else None,
        attributed=None if hide_credit else attributed,
        roas=None if hide_credit or lacks_cost or paid <= 0 else attributed.money_minor / paid,
        money=Money(
            None if lacks_cost or is_few(sent, exact=exact) else facts.costs,
            None if hide_credit or is_few(sent, exact=exact) else facts.paid,
        ),
    )


def _nothing(question: Question) -> Proof:
    """Nobody was decided yet."""
    return Proof(
        plan=question.plan, control=question.control, since=question.since, first_on=None, ends_on=None,
        timezone=question.timezone, verdict=Verdict.TOO_EARLY, headline="Nobody has come to it yet.", sentences=[],
        currency=None, others={}, people_sent=0, people_held=0, crossed=0, anonymous=0, findings=(), roi=None,
        variants=[], audience=None, missing=[], steps=dict.fromkeys(STEPS, 0), messages=0, attributed=None, roas=None,
        money=Money(None, None),
    )  # fmt: skip


@dataclass(frozen=True, slots=True)
class Quarter:
    """Three calendar months from `first`, which is one experiment over all campaigns."""

    first: date

    @property
    def plan(self) -> Plan:
        """Decisions of the quarter up to the last whose window ends within it."""
        following = (self.first.replace(day=1) + timedelta(days=95)).replace(day=1)
        return Plan(days=(following - self.first).days)


def quarter_of(day: date) -> Quarter:
    """The one in which a day lies."""
    return Quarter(date(day.year, (day.month - 1) // 3 * 3 + 1, 1))


async def read_all(
    session: Session, me: Principal, campaign_ids: Sequence[UUID], quarter: Quarter, now: datetime
) -> Proof:
    """Of these campaigns together against the tenant's holdout, stores pooled: each store has people too few alone."""
    tenant_id = TenantId(me.tenant_id)
    timezone = (await get_tenant(session, tenant_id)).timezone
    only = None if me.store_ids is None else sorted(me.store_ids)
    since = start_of(quarter.first, timezone)
    question = Question(campaign_ids, since, only, quarter.plan, Side.TENANT_HOLDOUT, timezone)
    return await _prove(session, tenant_id, question, (), now, exact=me.is_demo)
