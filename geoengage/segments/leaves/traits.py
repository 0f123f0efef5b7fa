"""Leaves on traits, in SQL: one row a person, of the profile that is made from what was said."""

from geoengage.segments.leaves.base import Json, Part, Terms, as_date, as_moment, moment_test, people, value_test
from geoengage.segments.rules import TraitCondition

_SOURCE = f"FROM profile p WHERE p.tenant_id = :tenant_id AND p.merged_into IS NULL {people('p.id')}"
_COLUMNS = ("first_name", "language")
_BY_CLOCK = ("before", "after", "within_days", "not_within_days", "in_next_days")


def trait(terms: Terms, leaf: TraitCondition) -> Part:
    """A test of one trait."""
    of = _value(terms, leaf.name)
    if leaf.op == "anniversary_in_days":
        holds, due = _anniversary(terms, of.text, float(str(leaf.value)))
    elif leaf.op in _BY_CLOCK:
        holds, due = moment_test(terms, f"({as_moment(terms, of.text)})", leaf.op, leaf.value)
    else:
        holds, due = value_test(terms, of, leaf.op, leaf.value), ""
    return Part(_SOURCE, "p.id", holds, of.json, due, grouped=False)


def _value(terms: Terms, name: str) -> Json:
    if name in _COLUMNS:
        return Json(f"to_jsonb(p.{name})", f"p.{name}")
    bound = terms.bind(name, "text")
    return Json(f"(p.attributes -> {bound})", f"(p.attributes ->> {bound})")


def _anniversary(terms: Terms, text: str, value: float) -> tuple[str, str]:
    """Whether the day of the year is today or one of the next n days, where the tenant is; and when that changes."""
    zone, n = terms.bind(terms.timezone, "text"), terms.bind(int(value), "integer")
    today = f"CAST({terms.now_sql} AT TIME ZONE {zone} AS date)"
    day = f"({as_date(text)})"

    def in_year(offset: int) -> str:  # the 29th of February is the 1st of March in other years
        year = f"CAST(extract(year FROM {today}) AS integer) + {offset}"
        return (
            f"(make_date({year}, CAST(extract(month FROM {day}) AS integer), 1)"
            f" + (CAST(extract(day FROM {day}) AS integer) - 1))"
        )

    next_one = f"CASE WHEN {in_year(0)} >= {today} THEN {in_year(0)} ELSE {in_year(1)} END"
    holds = f"coalesce({next_one} - {today} <= {n}, false)"
    turns = f"CASE WHEN {holds} THEN {next_one} + 1 ELSE {next_one} - {n} END"
    return holds, f"CAST({turns} AS timestamp) AT TIME ZONE {zone}"
