"""Leaves on orders, in SQL. Cancelled ones and returns do not count; money is net of refunds, of one currency."""

from geoengage.segments.leaves.base import SINCE, Part, Rows, Terms, measured, people, start_of
from geoengage.segments.rules import OrderCondition, weeks_of

COUNTED = "o.status <> 'cancelled' AND o.return_of IS NULL"
_ORDERS = (
    f"FROM identifier i JOIN shop_order o ON o.tenant_id = i.tenant_id AND o.identifier_id = i.id AND {COUNTED} {SINCE}"
)
_LINES = (
    " JOIN order_line l ON l.tenant_id = o.tenant_id AND l.order_id = o.id"
    " LEFT JOIN product p ON p.tenant_id = l.tenant_id AND p.id = l.product_id"
)
_NET = "(o.total_minor - o.refunded_minor)"
# What was given back is shared out among the lines: a refund does not always say which of them it is for.
_NET_LINE = f"(CASE WHEN o.total_minor = 0 THEN l.total_minor ELSE l.total_minor * {_NET} / o.total_minor::numeric END)"


def order(terms: Terms, leaf: OrderCondition) -> Part:
    """A measure of orders, or of those lines in them that a category, brand or product names."""
    source = (
        _ORDERS + (_LINES if leaf.is_of_products else "") + f" WHERE i.tenant_id = :tenant_id {people('i.profile_id')}"
    )
    source += _of_products(terms, leaf)
    rows = Rows("o.ordered_at", _only(terms, leaf), _NET_LINE if leaf.is_of_products else _NET)
    measure, op, value = leaf.measure, leaf.op, leaf.value
    if leaf.is_of_products:
        rows = Rows(rows.at, rows.only, rows.amount, "DISTINCT o.id")
    if measure == "per_week":
        weeks = weeks_of(leaf.window) or 1.0
        measure, value = "count", [v * weeks for v in value] if isinstance(value, list) else value * weeks  # type: ignore[operator]
    names = {"spend": "sum"}
    holds, due, found, otherwise = measured(terms, names.get(measure, measure), op, value, leaf.window, rows)
    return Part(source, "i.profile_id", holds, found, due, otherwise, since=start_of(terms, leaf.window))


def _only(terms: Terms, leaf: OrderCondition) -> str:
    tests = ["true"]
    for column, value, type_ in (
        ("o.store_id", leaf.store_id or terms.store_id, "uuid"),
        ("o.channel", leaf.channel, "text"),
        ("o.currency", leaf.currency, "text"),
    ):
        if value is not None:
            tests.append(f"{column} = {terms.bind(value, type_)}")
    return " AND ".join(tests)


def _of_products(terms: Terms, leaf: OrderCondition) -> str:
    tests = ""
    if leaf.category is not None:
        wanted = terms.bind(leaf.category.lower(), "text")
        category = "lower(coalesce(p.category, l.category))"
        tests += f" AND ({category} = {wanted} OR starts_with({category}, {wanted} || ' > '))"
    if leaf.brand is not None:
        tests += f" AND lower(p.brand) = {terms.bind(leaf.brand.lower(), 'text')}"
    if leaf.product is not None:
        wanted = terms.bind(leaf.product, "text")
        tests += f" AND {wanted} IN (CAST(l.product_id AS text), l.product_external_id, l.variant_external_id, l.sku)"
    return tests
