"""Leaves on what was worked out about customers, in SQL: stage, figures, predicted value, own habits, decline.

Whoever keeps those tables tells the ledger when a row changes, time's own changes included.
"""

import math
from typing import Any

from geoengage.metrics.rules import PERCENTILES, Stage
from geoengage.segments.leaves.base import Part, Terms, compare, days, passes, people
from geoengage.segments.leaves.orders import COUNTED
from geoengage.segments.rules import DeclineCondition, HabitCondition, MetricCondition

_HABITS = f"FROM customer_habit h WHERE h.tenant_id = :tenant_id {people('h.profile_id')}"
_SUMMARY = f"FROM customer_summary s WHERE s.tenant_id = :tenant_id {people('s.profile_id')}"
_VALUES = (
    "FROM customer_value v JOIN value_model m ON m.tenant_id = v.tenant_id AND m.id = v.model_id AND m.is_current"
    f" WHERE v.tenant_id = :tenant_id {people('v.profile_id')}"
)
_LAST_ORDER = (
    "FROM identifier i JOIN shop_order o ON o.tenant_id = i.tenant_id AND o.identifier_id = i.id"
    f" AND {COUNTED} WHERE i.tenant_id = :tenant_id {people('i.profile_id')}"
)
_FIGURES = {
    "orders": (_SUMMARY, "s.profile_id", "s.orders"),
    "purchase_days": (_SUMMARY, "s.profile_id", "s.purchase_days"),
    "spend": (_SUMMARY, "s.profile_id", "s.spent_minor"),
    "average_order": (_SUMMARY, "s.profile_id", "(s.spent_minor::numeric / nullif(s.orders, 0))"),
    "p_alive": (_VALUES, "v.profile_id", "v.p_alive"),
    "orders_90d": (_VALUES, "v.profile_id", "v.orders_90d"),
    "orders_365d": (_VALUES, "v.profile_id", "v.orders_365d"),
    "value_365": (_VALUES, "v.profile_id", "v.value_365_minor"),
}
_NEVER_BOUGHT = frozenset({"orders", "purchase_days", "spend"})  # these are 0 for who is no customer


def metric(terms: Terms, leaf: MetricCondition) -> Part:
    """A figure of the customer, or the stage."""
    if leaf.name == "stage":
        wanted = leaf.value if isinstance(leaf.value, list) else [leaf.value]
        listed = f"h.stage = ANY({terms.bind([str(stage) for stage in wanted], 'text[]')})"
        is_not = leaf.op in ("ne", "not_in")
        holds = f"NOT {listed}" if is_not else listed
        otherwise = (Stage.SUBSCRIBER in wanted) is not is_not  # who has no habits has bought nothing yet
        return Part(_HABITS, "h.profile_id", holds, "to_jsonb(h.stage)", otherwise=otherwise, grouped=False)
    if leaf.name == "days_since_order":
        return _days_since_order(terms, leaf.op, leaf.value)
    source, person, figure = _FIGURES[leaf.name]
    otherwise = leaf.name in _NEVER_BOUGHT and passes(leaf.op, leaf.value, 0)
    return Part(
        source, person, compare(terms, figure, leaf.op, leaf.value), f"to_jsonb({figure})", otherwise=otherwise,
        grouped=False,
    )  # fmt: skip


def _of_habits(holds: str, found: str, due: str = "") -> Part:
    return Part(_HABITS, "h.profile_id", holds, f"to_jsonb({found})", due, grouped=False)


def _days_since_order(terms: Terms, op: str, value: Any) -> Part:
    """Whole days since the last order: they change as often as a day is full, and matter at the marks asked for."""
    last = f"max(o.ordered_at) FILTER (WHERE o.ordered_at <= {terms.now_sql})"
    since = f"floor(extract(epoch FROM {terms.now_sql} - {last}) / 86400)"
    marks = {edge for mark in (value if isinstance(value, list) else [value]) for edge in _edges(mark)}
    turns = [f"CASE WHEN {last} + {days(terms, n)} > {terms.now_sql} THEN {last} + {days(terms, n)} END" for n in marks]
    ahead = f"min(o.ordered_at) FILTER (WHERE o.ordered_at > {terms.now_sql})"
    due = f"least({', '.join([*sorted(turns), ahead])})"
    return Part(_LAST_ORDER, "i.profile_id", compare(terms, since, op, value), f"to_jsonb({since})", due)


def _edges(mark: float) -> tuple[int, int]:
    """The numbers of whole days at which a comparison with `mark` can change."""
    return math.ceil(mark), math.floor(mark) + 1


def habit(terms: Terms, leaf: HabitCondition) -> Part:
    """Own frequency, spend or visits now against before; or the gap since the last purchase against own gaps."""
    if leaf.of == "gap":
        passed = f"h.gap_passed_at[{PERCENTILES.index(leaf.beyond_percentile or 0) + 1}]"
        holds, due = f"{passed} <= {terms.now_sql}", f"CASE WHEN {passed} > {terms.now_sql} THEN {passed} END"
        return _of_habits(f"coalesce({holds}, false)", passed, due)
    down = terms.bind(repr(-(leaf.down_percent or 0) / 100), "float8")
    return _of_habits(f"coalesce(h.{leaf.of}_change <= {down}, false)", f"h.{leaf.of}_change")


def decline(terms: Terms, leaf: DeclineCondition) -> Part:
    """The degree of decline. Of whom nothing is known it is `unknown`."""
    holds = f"h.decline = ANY({terms.bind([*leaf.degrees], 'text[]')})"
    return Part(
        _HABITS, "h.profile_id", holds, "to_jsonb(h.decline)", otherwise="unknown" in leaf.degrees, grouped=False
    )
