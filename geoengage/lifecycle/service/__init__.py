"""Lifecycle metrics, one file a subject. Everything is imported from here."""

from geoengage.lifecycle.service.facts import Facts, Wanted, read_facts
from geoengage.lifecycle.service.scopes import Scope, get_place, start_of, today_in
from geoengage.lifecycle.service.series import Point, Series, series, series_of_many

__all__ = [
    "Facts", "Point", "Scope", "Series", "Wanted", "get_place", "read_facts", "series", "series_of_many", "start_of",
    "today_in",
]  # fmt: skip
