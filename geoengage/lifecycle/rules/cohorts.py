"""Cohort retention: customers by when they first bought, and how many of them buy again later. Pure."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from geoengage.lifecycle.rules.purchases import Figure, Ints, PurchaseDays, share
from geoengage.lifecycle.rules.spans import Span


@dataclass(frozen=True, slots=True)
class Cohort:
    """Customers who first bought in `span`. `later[n]`: the share of them with a purchase day n spans after it."""

    span: Span
    people: int
    later: list[Figure]


def cohorts(days: PurchaseDays, spans: Sequence[Span]) -> list[Cohort]:
    """A cohort for each of the spans, which follow each other; each is looked at in all spans after its own."""
    edges = np.array([span.first.toordinal() for span in spans] + [spans[-1].last.toordinal() + 1] if spans else [0])
    first = _number(days.first, edges)
    size = np.bincount(first[first >= 0], minlength=len(spans))
    bought = _number(days.day, edges)
    start = first[days.person]
    inside = (start >= 0) & (bought >= 0)
    width = max(len(spans), 1)
    each = np.unique((days.person[inside] * width + start[inside]) * width + bought[inside])
    hits = np.bincount(each // width % width * width + each % width, minlength=width * width).reshape(width, width)
    return [
        Cohort(span, int(size[n]), [share(int(hits[n, m]), int(size[n])) for m in range(n + 1, len(spans))])
        for n, span in enumerate(spans)
    ]


def _number(day: Ints, edges: Ints) -> Ints:
    """In which span each day lies; -1: in none."""
    found = np.searchsorted(edges, day, side="right") - 1
    return np.where((day >= edges[0]) & (day < edges[-1]), found, -1)
