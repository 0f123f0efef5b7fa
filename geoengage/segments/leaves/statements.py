"""Parts of leaves as statements: those of one source together, the answer packed into one value.

A row as objects costs microseconds in Python, and there are millions: so the database packs (person, which hold, until
when) into bytes, and numpy reads them. The statement for some people is that for all with one condition more.
"""

import re
from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from geoengage.segments.leaves.base import SINCE, Part, Terms
from geoengage.segments.rules.logic import NEVER, Truth, of_people

MOST_TOGETHER = 16  # parts in a statement: each holds a bit
_PEOPLE = re.compile(r"\{people ([\w.]+)\}")
PERSON = np.dtype("S16")  # a UUID's bytes, which sort as the database sorts them


@dataclass(frozen=True, slots=True)
class Statement:
    """SQL whose one value `unpack` reads. `places`: of its parts among those asked for."""

    sql: str
    places: tuple[int, ...]
    parts: tuple[Part, ...]


def statements(terms: Terms, parts: Sequence[Part], *, for_some: bool) -> list[Statement]:
    """The statements that answer parts; `for_some`: for the people of :ids only."""
    groups = defaultdict[tuple[str, str, bool], list[int]](list)
    for place, part in enumerate(parts):
        groups[part.source, part.person, part.grouped].append(place)
    found = []
    for places in groups.values():
        for start in range(0, len(places), MOST_TOGETHER):
            some = tuple(places[start : start + MOST_TOGETHER])
            own = tuple(parts[place] for place in some)
            found.append(Statement(_packed(terms, own, for_some=for_some), some, own))
    return found


def source_sql(terms: Terms, parts: Sequence[Part], *, for_some: bool) -> str:
    """The source that parts share, restricted to :ids and to what any of them looks at."""
    only = r"AND \1 = ANY(CAST(:ids AS uuid[]))" if for_some else ""
    sources = _PEOPLE.sub(only, parts[0].source)
    starts = [part.since for part in parts if part.since is not None]
    since = f"AND o.ordered_at > {terms.bind(min(starts), 'timestamptz')}" if len(starts) == len(parts) else ""
    return sources.replace(SINCE, since)


def _packed(terms: Terms, parts: Sequence[Part], *, for_some: bool) -> str:
    columns, bits, changed, packed = [], [], [], []
    for n, part in enumerate(parts):
        columns.append(f"coalesce({part.holds}, false) AS h{n}")
        bits.append(f"(CAST(x.h{n} AS integer) << {n})")
        changed.append(f"NOT x.h{n}" if part.otherwise else f"x.h{n}")
        if part.due:
            columns.append(f"{part.due} AS d{n}")
            changed.append(f"x.d{n} IS NOT NULL")
            packed.append(f" || timestamptz_send(coalesce(x.d{n}, 'infinity'))")
    group = (" GROUP BY 1" if parts[0].grouped else "") + " OFFSET 0"  # so that nothing is worked out twice
    return (
        f"SELECT string_agg(uuid_send(x.person) || int4send({' | '.join(bits)}){''.join(packed)}, CAST('' AS bytea))"
        f" FROM (SELECT {parts[0].person} AS person, {', '.join(columns)}"
        f" {source_sql(terms, parts, for_some=for_some)}{group}) x WHERE {' OR '.join(changed)}"
    )


def unpack(people: NDArray[np.bytes_], statement: Statement, packed: bytes | None) -> list[Truth]:
    """The truth of each part for a sorted row of people. Others in the answer are left out."""
    truths = [of_people(len(people), otherwise=part.otherwise) for part in statement.parts]
    fields: list[tuple[str, str]] = [("person", "S16"), ("bits", ">i4")]
    fields += [(f"d{n}", ">i8") for n, part in enumerate(statement.parts) if part.due]
    if not packed or not len(people):
        return truths
    rows = np.frombuffer(packed, dtype=np.dtype(fields))
    place = np.searchsorted(people, rows["person"])
    there = place < len(people)
    there[there] = people[place[there]] == rows["person"][there]
    rows, place = rows[there], place[there]
    for n, (part, one) in enumerate(zip(statement.parts, truths, strict=True)):
        one.holds[place] = (rows["bits"] >> n) & 1 != 0
        if part.due:
            one.due[place] = rows[f"d{n}"]
    return truths


def as_people(packed: bytes | None) -> NDArray[np.bytes_]:
    """People as the database packs them, sorted."""
    return np.frombuffer(packed or b"", dtype=PERSON)


__all__ = ["NEVER", "Statement", "as_people", "source_sql", "statements", "unpack"]
