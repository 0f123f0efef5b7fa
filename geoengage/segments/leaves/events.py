"""Leaves on events of sites, apps and servers, in SQL. What test keys have sent does not count."""

from geoengage.kit.ids import lowest_id
from geoengage.segments.leaves.base import ASIDE, Part, Rows, Terms, measured, people, start_of
from geoengage.segments.leaves.values import Json, as_number, value_test
from geoengage.segments.rules import EventCondition, PropertyTest


def event(terms: Terms, leaf: EventCondition) -> Part:
    """A measure of the events of one name. Late ones count at the time when they happened."""
    source = (
        "FROM identifier i JOIN event e ON e.tenant_id = i.tenant_id AND e.identifier_id = i.id"
        f" WHERE i.tenant_id = :tenant_id {people('i.profile_id')} AND e.name = {terms.bind(leaf.name, 'text')}"
        " AND e.key_id NOT IN (SELECT k.id FROM credential k WHERE k.tenant_id = :tenant_id AND k.is_test)"
    )
    start = start_of(terms, leaf.window)
    if start is not None:  # so that older partitions are not looked into
        source += f" AND e.id >= {terms.bind(lowest_id(start - ASIDE), 'uuid')}"
    only = " AND ".join(["true", *(_test(terms, test) for test in leaf.where)])
    amount = "" if leaf.property is None else f"({as_number(_json(terms, leaf.property).text)})"
    rows = Rows("e.at", only, amount, amount or "*")
    holds, due, found, otherwise = measured(terms, leaf.measure, leaf.op, leaf.value, leaf.window, rows)
    return Part(source, "i.profile_id", holds, found, due, otherwise)


def _json(terms: Terms, path: str) -> Json:
    bound = terms.bind(path.split("."), "text[]")
    return Json(f"(e.properties #> {bound})", f"(e.properties #>> {bound})")


def _test(terms: Terms, test: PropertyTest) -> str:
    return value_test(terms, _json(terms, test.property), test.op, test.value)
