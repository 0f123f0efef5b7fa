"""Leaves on traits, in SQL: one row a person, of the profile that is made from what was said."""

from geoengage.segments.leaves.base import Part, Terms, moment_test, people
from geoengage.segments.leaves.values import Json, as_date, as_moment, value_test
from geoengage.segments.rules import TraitCondition

_SOURCE = f"FROM profile p WHERE p.tenant_id = :tenant_id AND p.merged_into IS NULL {people('p.id')}"
_COLUMNS = ("first_name", "language")
_BY_CLOCK = ("before", "after", "within_days", "not_within_days", "in_next_days")


def trait(terms: Terms, leaf: TraitCondition) -> Part:
    """A test of one trait."""
    of = _value(terms, leaf.name)
    if leaf.op == "anniversary_in_days":
        return _anniversary(terms, of, int(float(str(leaf.value))))
    if leaf.op == "age_between" and isinstance(leaf.value, list):
        youngest, oldest = (int(float(str(value))) for value in leaf.value)
        return _age(terms, of, youngest, oldest)
    if leaf.op in _BY_CLOCK:
        source = _with(f"{as_moment(terms, of.text)} AS at", "at")
        holds, due = moment_test(terms, "k.at", leaf.op, leaf.value)
        return Part(source, "p.id", holds, of.json, due, grouped=False)
    return Part(_SOURCE, "p.id", value_test(terms, of, leaf.op, leaf.value), of.json, grouped=False)


def _value(terms: Terms, name: str) -> Json:
    if name in _COLUMNS:
        return Json(f"to_jsonb(p.{name})", f"p.{name}")
    bound = terms.bind(name, "text")
    return Json(f"(p.attributes -> {bound})", f"(p.attributes ->> {bound})")


def _with(value: str, name: str) -> str:
    """The profiles with a value `k` that is worked out once for each, and only those that have it."""
    return (
        f"FROM profile p CROSS JOIN LATERAL (SELECT {value} OFFSET 0) k"
        f" WHERE p.tenant_id = :tenant_id AND p.merged_into IS NULL {people('p.id')} AND k.{name} IS NOT NULL"
    )


def _anniversary(terms: Terms, of: Json, days: int) -> Part:
    """Whether the day of the year is today or one of the next ones, where the tenant is; and when that changes."""
    zone, n = terms.bind(terms.timezone, "text"), terms.bind(days, "integer")
    today = f"CAST({terms.now_sql} AT TIME ZONE {zone} AS date)"

    def in_year(offset: int) -> str:  # the 29th of February is the 1st of March in other years
        year = f"CAST(extract(year FROM {today}) AS integer) + {offset}"
        return (
            f"(make_date({year}, CAST(extract(month FROM d.day) AS integer), 1)"
            " + (CAST(extract(day FROM d.day) AS integer) - 1))"
        )

    next_one = (
        f"CASE WHEN {in_year(0)} >= {today} THEN {in_year(0)} ELSE {in_year(1)} END AS next"
        f" FROM (SELECT {as_date('t.said')} AS day FROM (SELECT {of.text} AS said OFFSET 0) t OFFSET 0) d"
        " WHERE d.day IS NOT NULL"
    )
    holds = f"k.next - {today} <= {n}"
    turns = f"CASE WHEN {holds} THEN k.next + 1 ELSE k.next - {n} END"
    due = f"CAST({turns} AS timestamp) AT TIME ZONE {zone}"
    return Part(_with(next_one, "next"), "p.id", holds, of.json, due, grouped=False)


def _age(terms: Terms, of: Json, youngest: int, oldest: int) -> Part:
    """Whether somebody who was born then is so old, in full years where the tenant is; and when that changes. A year
    alone is read as its last day. Who was born on a 29th of February has the 1st of March in other years."""
    zone, n = terms.bind(terms.timezone, "text"), terms.bind(youngest, "integer")
    after = terms.bind(oldest + 1, "integer")
    today = f"CAST({terms.now_sql} AT TIME ZONE {zone} AS date)"
    born = (
        f"CASE WHEN t.said ~ '^[12]\\d{{3}}$' THEN make_date(CAST(t.said AS integer), 12, 31)"
        f" ELSE {as_date('t.said')} END"
    )

    def turns(years: str) -> str:
        year = f"CAST(extract(year FROM d.day) AS integer) + {years}"
        month = "CAST(extract(month FROM d.day) AS integer)"
        return f"(make_date({year}, {month}, 1) + (CAST(extract(day FROM d.day) AS integer) - 1))"

    ages = (
        f"{turns(n)} AS since, {turns(after)} AS until FROM (SELECT {born} AS day FROM"
        f" (SELECT {of.text} AS said OFFSET 0) t OFFSET 0) d WHERE d.day IS NOT NULL"
    )
    holds = f"(k.since <= {today} AND {today} < k.until)"
    change = f"CASE WHEN {today} < k.since THEN k.since WHEN {today} < k.until THEN k.until END"
    due = f"CAST({change} AS timestamp) AT TIME ZONE {zone}"
    return Part(_with(ages, "since"), "p.id", holds, of.json, due, grouped=False)
