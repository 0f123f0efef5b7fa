"""Segments as others use them. Everything is imported from here."""

from geoengage.segments.service.building import (
    AHEAD,
    MOST_TOGETHER,
    Built,
    Overtaken,
    evaluate_segments,
    give_up,
    list_rows,
    put_in_force,
)
from geoengage.segments.service.evaluating import (
    DefinitionRefused,
    Explained,
    Preview,
    as_uuids,
    check_definition,
    evaluate,
    explain,
    members_of,
)
from geoengage.segments.service.keeping import SegmentInUse, change, create, delete
from geoengage.segments.service.reacting import REACTION, WANTED, on_news, on_positions, on_time

__all__ = [
    "AHEAD",
    "MOST_TOGETHER",
    "REACTION",
    "WANTED",
    "Built",
    "DefinitionRefused",
    "Explained",
    "Overtaken",
    "Preview",
    "SegmentInUse",
    "as_uuids",
    "change",
    "check_definition",
    "create",
    "delete",
    "evaluate",
    "evaluate_segments",
    "explain",
    "give_up",
    "list_rows",
    "members_of",
    "on_news",
    "on_positions",
    "on_time",
    "put_in_force",
]
