"""Leaves on other segments and on static lists, in SQL."""

from geoengage.segments.leaves.base import Part, Terms, people
from geoengage.segments.rules import ListCondition, SegmentCondition


def segment(terms: Terms, leaf: SegmentCondition) -> Part:
    """Membership as it stands; whoever changes it evaluates this one afterwards."""
    wanted = terms.bind(leaf.segment_id, "uuid")
    source = (
        f"FROM segment_member g WHERE g.tenant_id = :tenant_id AND g.segment_id = {wanted} {people('g.profile_id')}"
    )
    return Part(source, "g.profile_id", "true", "to_jsonb(g.since)", grouped=False)


def people_list(terms: Terms, leaf: ListCondition) -> Part:
    """One of the person's ids is on the list."""
    source = (
        "FROM people_list_member n JOIN identifier i ON i.tenant_id = n.tenant_id AND i.id = n.identifier_id"
        f" WHERE n.tenant_id = :tenant_id AND n.list_id = {terms.bind(leaf.list_id, 'uuid')} {people('i.profile_id')}"
    )
    return Part(source, "i.profile_id", "count(*) > 0", "to_jsonb(min(n.at))")
