"""A proof as CSV: one line a number, what is not told empty."""

from collections.abc import Iterator
from typing import Any, Literal

from fastapi import Query
from fastapi.responses import Response

from geoengage.kit import csvs
from geoengage.proof.api.shapes import ProofOut

FORMAT = Query(default="json", description="`csv`: the same as a file, one line a number.")
Format = Literal["json", "csv"]
CSV: dict[int | str, dict[str, Any]] = {
    200: {"description": "The proof.", "content": {"text/csv": {"schema": {"type": "string"}}}}
}
_HEAD = ("number", "value", "low", "high", "with_message", "without", "people_sent", "people_held", "unit")


def file_of(name: str, found: ProofOut) -> Response:
    """As a download."""
    headers = {"Content-Disposition": f'attachment; filename="{name}.csv"', "X-Content-Type-Options": "nosniff"}
    text = csvs.MARK + csvs.lines([_HEAD, *_rows(found)])
    return Response(text, media_type="text/csv; charset=utf-8", headers=headers)


def _rows(found: ProofOut) -> Iterator[tuple[object, ...]]:
    money = f"{found.currency or ''} minor units a person"
    yield ("verdict", found.verdict.value, None, None, None, None, found.people_sent, found.people_held, found.headline)
    for f in found.findings:
        unit = "share of people" if f.outcome in ("conversion", "churn") else money
        yield (
            f.outcome.value, f.value, f.low, f.high, f.mean_sent, f.mean_held, f.people_sent, f.people_held, unit
        )  # fmt: skip
    roi = found.roi
    missing = ", ".join(m.what.value for m in found.missing if "roi" in m.numbers)
    yield (
        ("roi", roi.value, roi.low, roi.high, None, None, found.people_sent, found.people_held, "gain per cost")
        if roi is not None
        else ("roi", None, None, None, None, None, None, None, f"not computable: {missing}" if missing else "too few")
    )
    credit = found.credit
    yield ("roas_not_causal", credit and credit.roas, None, None, None, None, None, None, "revenue per cost")
    yield (
        "attributed_revenue_not_causal",
        credit and credit.money_minor,
        *[None] * 6,
        f"{found.currency or ''} minor units",
    )
    for step in found.steps:
        yield (f"funnel_{step.name}", step.people, *[None] * 6, "people")
    for channel, cost in sorted((found.message_costs or {}).items()):
        yield (f"message_cost_{channel}", cost, *[None] * 6, f"{found.currency or ''} minor units")
    for payer, cost in sorted((found.incentive_costs or {}).items()):
        yield (f"incentive_cost_{payer}", cost, *[None] * 6, f"{found.currency or ''} minor units")
