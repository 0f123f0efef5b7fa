"""The language of segments, one file a family of conditions, and what is decided about it. Pure.

`pieces` has what families share, `groups` the union of all conditions, `check` what a definition as a whole must be.
Everything is imported from here.
"""

from geoengage.metrics.rules import Stage
from geoengage.segments.rules.check import (
    MOST_CONDITIONS,
    MOST_DEEP,
    MOST_LINKED,
    circle,
    depth,
    flaws,
    leaves,
    linked,
    walk,
)
from geoengage.segments.rules.consents import ConsentCondition, ReachableCondition
from geoengage.segments.rules.events import EventCondition
from geoengage.segments.rules.figures import DeclineCondition, HabitCondition, MetricCondition
from geoengage.segments.rules.groups import (
    KINDS,
    AllCondition,
    AnyCondition,
    AnyKind,
    ListCondition,
    NotCondition,
    SegmentCondition,
    read_definition,
    write_definition,
)
from geoengage.segments.rules.ledger import (
    ListChanged,
    SegmentEntered,
    SegmentExited,
    SegmentMoved,
    SegmentRebuilt,
    SegmentRetired,
)
from geoengage.segments.rules.messages import CONVERTED_WITHIN_DAYS, MessageCondition
from geoengage.segments.rules.ops import MomentOp, NumberOp, TraitOp, ValueOp
from geoengage.segments.rules.orders import OrderCondition
from geoengage.segments.rules.pieces import Between, Condition, Ever, LastDays, PropertyTest, Window, weeks_of
from geoengage.segments.rules.places import PlaceCondition
from geoengage.segments.rules.traits import TraitCondition
from geoengage.segments.rules.visits import VisitCondition

__all__ = [
    "CONVERTED_WITHIN_DAYS",
    "KINDS",
    "MOST_CONDITIONS",
    "MOST_DEEP",
    "MOST_LINKED",
    "AllCondition",
    "AnyCondition",
    "AnyKind",
    "Between",
    "Condition",
    "ConsentCondition",
    "DeclineCondition",
    "EventCondition",
    "Ever",
    "HabitCondition",
    "LastDays",
    "ListChanged",
    "ListCondition",
    "MessageCondition",
    "MetricCondition",
    "MomentOp",
    "NotCondition",
    "NumberOp",
    "OrderCondition",
    "PlaceCondition",
    "PropertyTest",
    "ReachableCondition",
    "SegmentCondition",
    "SegmentEntered",
    "SegmentExited",
    "SegmentMoved",
    "SegmentRebuilt",
    "SegmentRetired",
    "Stage",
    "TraitCondition",
    "TraitOp",
    "ValueOp",
    "VisitCondition",
    "Window",
    "circle",
    "depth",
    "flaws",
    "leaves",
    "linked",
    "read_definition",
    "walk",
    "weeks_of",
    "write_definition",
]  # fmt: skip
