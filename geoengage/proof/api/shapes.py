"""Answers of a proof."""

from datetime import date
from typing import Any

from pydantic import AwareDatetime, BaseModel, ConfigDict, Field

from geoengage.experiments.rules import Measured, Side, Verdict
from geoengage.proof.rules.found import Finding, Roi
from geoengage.proof.rules.inputs import MENDS, Missing
from geoengage.proof.rules.winback import ROI
from geoengage.proof.rules.words import LABELS
from geoengage.proof.service.proofs import Proof


class ProofShape(BaseModel):
    """Read from what the service found."""

    model_config = ConfigDict(from_attributes=True)


class ProofPlan(ProofShape):
    """What was settled before anybody looked."""

    window_days: int = Field(description="For so many days from the decision about them people are watched.")
    days: int = Field(description="From the first decision to the planned end.")
    decides: Measured = Field(description="The outcome by which `verdict` is said.")
    smallest_effect: float = Field(description="Relative to the holdout: what is to be found 8 of 10 times.")


class ProofPoint(ProofShape):
    """An effect as it was known at the end of a local day."""

    on: date = Field(description="Local day.")
    value: float = Field(description="Difference a person.")
    low: float = Field(description="Lower end of its interval.")
    high: float = Field(description="Upper end.")


class ProofFinding(ProofShape):
    """What a campaign did to one outcome: people meant to get it minus people held back. Money is in minor units."""

    outcome: Measured = Field(description="What is measured.")
    label: str = Field(description="Its name for people.")
    verdict: Verdict = Field(description="What may be said of it; only that of the plan's outcome is the answer.")
    hidden: bool = Field(description="Fewer than ten people stand behind a number: none is told.")
    people_sent: int | None = Field(description="People meant to get it whose window is over.")
    people_held: int | None = Field(description="People held back whose window is over.")
    mean_sent: float | None = Field(description="Mean of those meant to get it; of a yes or no, the share.")
    mean_held: float | None = Field(description="Mean of those held back.")
    value: float | None = Field(description="Difference, corrected by CUPED where `adjusted`.")
    low: float | None = Field(description="Lower end of the interval, valid however often one looks.")
    high: float | None = Field(description="Upper end.")
    adjusted: bool = Field(description="What people did before the decision was used to make the interval narrower.")
    points: list[ProofPoint] = Field(description="The same by the days told so far.")
    needed: int | None = Field(description="People in all that the smallest effect takes; null: cannot be told yet.")
    more_days: int | None = Field(description="About so many days more than now, at the pace so far.")
    decided_on: date | None = Field(description="The day whose look has decided.")
    planted: float | None = Field(default=None, description="Of a demo's made-up people: what was really put in.")


class ProofRoi(ProofShape):
    """(margin gained − cost) ÷ cost, against the holdout: 0.5 is half as much again as it cost."""

    value: float = Field(description="The ratio.")
    low: float | None = Field(description="Lower end of its interval; null: it has none yet.")
    high: float | None = Field(description="Upper end.")
    gain_minor: float = Field(description="Margin gained a person before incentives, minor units.")
    cost_minor: float = Field(description="Messages and incentives a person, minor units.")
    planted: float | None = Field(default=None, description="Of a demo's made-up people: what was really put in.")


class ProofVariant(ProofShape):
    """A text of A/B/n beside the holdout."""

    name: str = Field(description="Its name.")
    finding: ProofFinding = Field(description="On the plan's outcome, with the error shared among the variants.")
    is_best: bool = Field(description="At the planned end its interval to every other variant lies on the good side.")


class ProofFared(ProofShape):
    """One half of the audience."""

    churn: float = Field(description="Share of customers lost by the end of their windows.")
    customers: int = Field(description="Customers in it.")
    roi: float | None = Field(description="Return on its messages.")


class ProofAudience(ProofShape):
    """Everybody decided, the earlier half and the later one."""

    earlier: ProofFared = Field(description="The first half.")
    later: ProofFared = Field(description="The second half.")
    is_amber: bool = Field(description="Messages pay more while more people leave.")


class ProofMissing(BaseModel):
    """An input without which a number is not computable."""

    what: Missing = Field(description="Which.")
    text: str = Field(description="In a sentence.")
    link: str = Field(description="Page of the console where it is mended.")
    numbers: list[str] = Field(description="What is not computable without it.")


class ProofStep(BaseModel):
    """A step of the funnel."""

    name: str = Field(description="sent, delivered, opened, clicked, visited, bought.")
    people: int | None = Field(description="People who reached it; null: one to nine people could be told apart.")


class ProofCredit(ProofShape):
    """What followed the last opened message. It says what came after, not what was caused."""

    window_days: int = Field(description="Orders up to so many days after the message was opened.")
    orders: int = Field(description="Orders, those wholly refunded left out.")
    money_minor: int = Field(description="Their money less refunds, minor units.")
    roas: float | None = Field(description="That ÷ what messages and their discounts cost. Not causal.")
    is_causal: bool = Field(default=False, description="Always false: `roi` is the causal one.")


class ProofOut(BaseModel):
    """What a campaign brought, in words first."""

    headline: str = Field(description="The answer in a sentence.")
    sentences: list[str] = Field(description="What follows it, to be read aloud.")
    verdict: Verdict = Field(description="By the outcome of the plan.")
    amber: bool = Field(description="Messages pay more while more of the audience leaves.")
    plan: ProofPlan = Field(description="How it is measured.")
    control: Side = Field(description="With whom it is compared. The tenant's holdout gets no campaign at all.")
    since: AwareDatetime = Field(description="Decisions from then on count.")
    first_on: date | None = Field(description="Local day of the first decision.")
    ends_on: date | None = Field(description="The planned end.")
    timezone: str = Field(description="IANA zone of the local days.")
    currency: str | None = Field(description="Of all money here: the one of most orders of these people.")
    other_currencies: dict[str, int] = Field(description="Orders in other currencies, left out of money.")
    people_sent: int | None = Field(description="People meant to get it; null: one to nine.")
    people_held: int | None = Field(description="People held back.")
    crossed: int | None = Field(description="People who turned out to be two, one on each side: the older one counts.")
    anonymous: int | None = Field(description="Devices without a known person, whose purchases nobody knows: left out.")
    findings: list[ProofFinding] = Field(description="One for each outcome that is computable.")
    roi: ProofRoi | None = Field(description="Null: not computable (see `missing`), or too few people yet.")
    variants: list[ProofVariant] = Field(description="Of A/B/n.")
    audience: ProofAudience | None = Field(description="Null: too few people, or not computable.")
    missing: list[ProofMissing] = Field(description="Inputs to add.")
    steps: list[ProofStep] = Field(description="Funnel of people, by the time of what happened, refunds reversed.")
    messages: int | None = Field(description="Messages sent.")
    credit: ProofCredit | None = Field(description="Last touch.")
    message_costs: dict[str, float] | None = Field(description="By channel, minor units; null: not computable.")
    incentive_costs: dict[str, float] | None = Field(description="By who paid (tenant, store), minor units.")


_NEEDS = {
    Missing.MARGIN: ["roi"],
    Missing.MESSAGE_COST: ["roi", "roas"],
    Missing.OTHER_CURRENCY: ["roi", "roas"],
    Missing.VALUE_MODEL: ["ltv"],
    Missing.HOLDOUT: ["conversion", "revenue", "churn", "ltv", "roi"],
    Missing.ORDERS: ["revenue", "ltv", "roi", "roas"],
    Missing.COST: ["roi"],
}


_ADDED = frozenset({"label", "planted"})


def finding_out(found: Finding, planted: float | None = None) -> ProofFinding:
    """Without numbers where they are hidden."""
    values: dict[str, Any] = {name: getattr(found, name) for name in ProofFinding.model_fields if name not in _ADDED}
    if found.hidden:
        values |= {"people_sent": None, "people_held": None}
    return ProofFinding(
        **values
        | {
            "label": LABELS[found.outcome],
            "points": [ProofPoint.model_validate(p) for p in found.points],
            "planted": planted,
        }
    )


def roi_out(found: Roi, planted: float | None) -> ProofRoi:
    """The return, and what it truly is where somebody knows."""
    return ProofRoi.model_validate(found).model_copy(update={"planted": planted})


def proof_out(found: Proof, days: int) -> ProofOut:
    """As the API shows it. `days`: window of attribution."""
    same = {
        name: getattr(found, name)
        for name in (
            "headline", "sentences", "verdict", "control", "since", "first_on", "ends_on", "timezone", "currency",
            "people_sent", "people_held", "crossed", "anonymous", "messages",
        )
    }  # fmt: skip
    credit = found.attributed
    return ProofOut(
        **same,
        amber=found.audience is not None and found.audience.is_amber,
        plan=ProofPlan.model_validate(found.plan),
        other_currencies=found.others,
        findings=[finding_out(each, found.planted.get(each.outcome)) for each in found.findings],
        roi=None if found.roi is None else roi_out(found.roi, found.planted.get(ROI)),
        variants=[ProofVariant(name=v.name, finding=finding_out(v.finding), is_best=v.is_best) for v in found.variants],
        audience=None if found.audience is None else ProofAudience.model_validate(found.audience),
        missing=[
            ProofMissing(what=what, text=MENDS[what].text, link=MENDS[what].link, numbers=_NEEDS[what])
            for what in found.missing
        ],
        steps=[ProofStep(name=name, people=people) for name, people in found.steps.items()],
        credit=None
        if credit is None
        else ProofCredit(window_days=days, orders=credit.orders, money_minor=credit.money_minor, roas=found.roas),
        message_costs=found.money.messages,
        incentive_costs=found.money.incentives,
    )
