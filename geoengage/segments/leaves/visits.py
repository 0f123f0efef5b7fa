"""Leaves on visits of zones, in SQL.

Only of devices whose user agrees to location and to personalisation now, which are no test devices, and of zones that
are not sensitive. A device's visits are those of whoever is logged in on it.
"""

from datetime import timedelta
from typing import Any

from geoengage.kit.ids import lowest_id
from geoengage.segments.leaves.base import (
    ASIDE,
    Part,
    Rows,
    Terms,
    ahead,
    compare,
    earliest,
    inside,
    measured,
    passes,
    people,
    start_of,
)
from geoengage.segments.rules import VisitCondition

AGREED = "d.location = 'granted' AND d.personalisation = 'granted' AND NOT d.is_test"
_VISITS = (
    "FROM device d JOIN visit v ON v.tenant_id = d.tenant_id AND v.device_id = d.id"
    " JOIN zone_version z ON z.tenant_id = v.tenant_id AND z.zone_id = v.zone_id AND z.version = v.zone_version"
    f" AND z.sensitivity = 'none' WHERE d.tenant_id = :tenant_id AND d.profile_id IS NOT NULL AND {AGREED}"
    f" {people('d.profile_id')}"
)
_AT = "v.entered_at"


def visit(terms: Terms, leaf: VisitCondition) -> Part:
    """A measure of visits, or whether somebody is inside now."""
    source, start = _VISITS, start_of(terms, leaf.window)
    if start is not None:  # ids are by the beginning of the visit; a day aside, for late fixes move it
        source += f" AND v.id >= {terms.bind(lowest_id(start - ASIDE), 'uuid')}"
    rows = Rows(_AT, _only(terms, leaf))
    if leaf.measure == "now":
        holds = f"bool_or(v.exited_at IS NULL AND {rows.only})"
        return Part(source, "d.profile_id", holds, f"to_jsonb({holds})")
    if leaf.measure == "dwell_minutes":
        return _dwell(terms, leaf, source, rows)
    holds, due, found, otherwise = measured(terms, leaf.measure, str(leaf.op), leaf.value, leaf.window, rows)
    return Part(source, "d.profile_id", holds, found, due, otherwise)


def _only(terms: Terms, leaf: VisitCondition) -> str:
    tests = ["true"]
    for column, value, type_ in (
        ("v.zone_id", leaf.zone_id, "uuid"),
        ("z.kind", leaf.zone_kind, "text"),
        ("z.store_id", leaf.store_id or terms.store_id, "uuid"),
        ("z.mall_id", leaf.mall_id, "uuid"),
    ):
        if value is not None:
            tests.append(f"{column} = {terms.bind(value, type_)}")
    return " AND ".join(tests)


def minutes(terms: Terms, value: float) -> str:
    """So many minutes as a parameter."""
    return terms.bind(timedelta(minutes=value), "interval")


def _dwell(terms: Terms, leaf: VisitCondition, source: str, rows: Rows) -> Part:
    """All time inside. While somebody is inside it grows: by as much as time passes, for each visit that goes on."""
    current = inside(terms, rows, leaf.window)
    op, value, now = str(leaf.op), leaf.value, terms.now_sql
    total = (
        f"coalesce(sum(greatest(least(coalesce(v.exited_at, {now}), {now}) - {_AT}, interval '0'))"
        f" FILTER (WHERE {current}), interval '0')"
    )
    going_on = f"count(*) FILTER (WHERE {current} AND coalesce(v.exited_at > {now}, true))"
    leaving = ""
    if (days := getattr(leaf.window, "days", None)) is not None:
        leaving = f"min({_AT}) FILTER (WHERE {current}) + {terms.bind(timedelta(days=days), 'interval')}"
    reached = [_reached(terms, total, going_on, mark) for mark in (value if isinstance(value, list) else [value])]
    due = earliest(leaving, ahead(terms, rows), *reached)
    found = f"to_jsonb(round(extract(epoch FROM {total}) / 60, 1))"
    return Part(
        source, "d.profile_id", compare(terms, total, op, value, minutes), found, due, passes(op, value, 0)
    )  # fmt: skip


def _reached(terms: Terms, total: str, going_on: str, mark: Any) -> str:
    """When the time inside comes to a mark, and passes it, if nobody leaves; a microsecond is the finest there is."""
    missing, step = f"({minutes(terms, mark)} - {total})", "interval '1 microsecond'"
    return (
        f"CASE WHEN {going_on} > 0 AND {missing} >= interval '0'"
        f" THEN {terms.now_sql} + greatest({missing} / {going_on}, {step}) END"
    )
