"""Lifecycle metrics, one file a subject. Everything is imported from here."""

from geoengage.lifecycle.service.customers import Grid, Retention, Worth, read_cohorts, read_grid, read_worth
from geoengage.lifecycle.service.days import keep_day, list_kept_scopes
from geoengage.lifecycle.service.facts import Facts, Wanted, read_facts
from geoengage.lifecycle.service.reach import Funnels, When, read_funnel, read_when
from geoengage.lifecycle.service.scopes import Scope, get_place, start_of, today_in
from geoengage.lifecycle.service.series import Point, Series, series, series_of_many

__all__ = [
    "Facts", "Funnels", "Grid", "Point", "Retention", "Scope", "Series", "Wanted", "When", "Worth", "get_place",
    "keep_day", "list_kept_scopes", "read_cohorts", "read_facts", "read_funnel", "read_grid", "read_when",
    "read_worth", "series", "series_of_many", "start_of", "today_in",
]  # fmt: skip
