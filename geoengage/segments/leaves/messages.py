"""Leaves on messages, in SQL. What was decided for the person counts, before they were known or merged too.

Messages to test devices do not count, nor those that were never sent.
"""

from datetime import timedelta

from geoengage.kit.ids import lowest_id
from geoengage.segments.leaves.base import ASIDE, Part, Rows, Terms, measured, people, start_of
from geoengage.segments.leaves.orders import COUNTED
from geoengage.segments.rules import CONVERTED_WITHIN_DAYS, MessageCondition

_LONGEST = timedelta(days=8)  # between the decision, by which ids are made, and the sending
# A message names its person as they were called then: a profile that is merged by now, or a device without a person.
_MESSAGES = (
    "FROM (WITH RECURSIVE down (id, person) AS (SELECT p.id, p.id FROM profile p WHERE p.tenant_id = :tenant_id"
    f" AND p.merged_into IS NULL {people('p.id')} UNION ALL SELECT m.id, w.person FROM down w"
    " JOIN profile m ON m.tenant_id = :tenant_id AND m.merged_into = w.id)"
    " SELECT w.id, w.person FROM down w UNION ALL SELECT d.id, w.person FROM down w"
    " JOIN device d ON d.tenant_id = :tenant_id AND d.profile_id = w.person AND w.id = w.person) w"
    " JOIN message m ON m.tenant_id = :tenant_id AND m.person_id = w.id AND m.sent_at IS NOT NULL"
    " LEFT JOIN device t ON t.tenant_id = m.tenant_id AND t.id = m.device_id WHERE NOT coalesce(t.is_test, false)"
)


def message(terms: Terms, leaf: MessageCondition) -> Part:
    """How many messages that were sent in a window had this outcome."""
    source, start = _MESSAGES, start_of(terms, leaf.window)
    if start is not None:
        source += f" AND m.id >= {terms.bind(lowest_id(start - ASIDE - _LONGEST), 'uuid')}"
    tests = [_outcome(terms, leaf.what)]
    for column, value, type_ in (
        ("m.campaign_id", leaf.campaign_id, "uuid"),
        ("m.channel", leaf.channel, "text"),
        ("m.store_id", terms.store_id, "uuid"),
    ):
        if value is not None:
            tests.append(f"{column} = {terms.bind(value, type_)}")
    rows = Rows("m.sent_at", " AND ".join(tests))
    holds, due, found, otherwise = measured(terms, "count", leaf.op, leaf.value, leaf.window, rows)
    return Part(source, "w.person", holds, found, due, otherwise)


def _outcome(terms: Terms, what: str) -> str:
    if what == "received":
        return "true"
    if what == "converted":
        span = terms.bind(timedelta(days=CONVERTED_WITHIN_DAYS), "interval")
        of_store = "" if terms.store_id is None else f" AND o.store_id = {terms.bind(terms.store_id, 'uuid')}"
        return (
            "EXISTS (SELECT FROM identifier i JOIN shop_order o ON o.tenant_id = i.tenant_id"
            " AND o.identifier_id = i.id WHERE i.tenant_id = :tenant_id AND i.profile_id = w.person"
            f" AND o.ordered_at > m.sent_at AND o.ordered_at <= m.sent_at + {span}"
            f" AND o.ordered_at <= {terms.now_sql} AND {COUNTED}{of_store})"
        )
    return "m.opened_at IS NOT NULL" + (" AND m.push ->> 'link' IS NOT NULL" if what == "clicked" else "")
