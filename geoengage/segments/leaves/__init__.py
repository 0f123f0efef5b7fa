"""Conditions as SQL, one file a family; `store` runs it. Every source binds :tenant_id."""

from collections.abc import Callable
from typing import Any

from geoengage.segments import rules
from geoengage.segments.leaves import (
    consents,
    events,
    figures,
    messages,
    orders,
    places,
    sets,
    traits,
    visits,
)
from geoengage.segments.leaves.base import SINCE, Part, Terms

_FAMILIES: dict[type[rules.Condition], Callable[[Terms, Any], Part]] = {
    rules.TraitCondition: traits.trait,
    rules.EventCondition: events.event,
    rules.OrderCondition: orders.order,
    rules.VisitCondition: visits.visit,
    rules.PlaceCondition: places.place,
    rules.MessageCondition: messages.message,
    rules.ConsentCondition: consents.consent,
    rules.ReachableCondition: consents.reachable,
    rules.MetricCondition: figures.metric,
    rules.HabitCondition: figures.habit,
    rules.DeclineCondition: figures.decline,
    rules.SegmentCondition: sets.segment,
    rules.ListCondition: sets.people_list,
}


def compile_leaf(terms: Terms, leaf: rules.Condition) -> Part:
    """A leaf as SQL; it binds its values in `terms`."""
    return _FAMILIES[type(leaf)](terms, leaf)


__all__ = ["SINCE", "Part", "Terms", "compile_leaf"]
