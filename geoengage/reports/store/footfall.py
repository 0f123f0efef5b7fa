"""SQL of footfall: the places of a mall and its visits as packed columns, positions by square. Read only.

A million rows as Python objects would take seconds; each zone version's visits come as one string of bytes that numpy
reads as it is. People are told apart by a 64-bit hash of their id, which stays in this process: two of a million share
one with a probability of 3e-8.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import Any
from uuid import UUID

import numpy as np
from sqlalchemy import text

from geoengage.kit.db import Session
from geoengage.kit.geo import Frame
from geoengage.kit.ids import TenantId, lowest_id
from geoengage.reports.rules.footfall import Visits

_RECORD = np.dtype([("person", ">i8"), ("local_s", ">i4"), ("start_s", ">i4"), ("dwell_s", ">i4")])
_SLACK = timedelta(days=2)  # time zones, and visits whose id was made a little before they began


@dataclass(frozen=True, slots=True)
class SpotRow:
    """A zone with the store and levels of one or several of its versions. `is_current`: as it is now."""

    zone_id: UUID
    store_id: UUID | None
    levels: frozenset[int]
    versions: frozenset[int]
    is_current: bool
    name: str


async def list_spots(session: Session, tenant_id: TenantId, mall_id: UUID) -> list[SpotRow]:
    """The spots of a mall in a fixed order, without anything that is or was sensitive.

    A zone now is its published version, else its newest; a deleted zone has no current spot.
    """
    rows = await session.execute(
        text(
            "SELECT v.zone_id, v.store_id, v.levels, v.version, v.name,"
            " z.deleted_at IS NULL AND v.version = coalesce(z.published_version, z.version) AS is_current"
            " FROM zone_version v JOIN zone z ON z.tenant_id = v.tenant_id AND z.id = v.zone_id"
            " WHERE v.tenant_id = :tenant_id AND v.mall_id = :mall_id AND NOT EXISTS (SELECT FROM zone_version s"
            " WHERE s.tenant_id = v.tenant_id AND s.zone_id = v.zone_id AND s.sensitivity <> 'none')"
            " ORDER BY v.zone_id, v.version"
        ),
        {"tenant_id": tenant_id, "mall_id": mall_id},
    )
    spots: dict[tuple[UUID, UUID | None, frozenset[int]], list[Any]] = {}
    for row in rows:
        spots.setdefault((row.zone_id, row.store_id, frozenset(row.levels)), []).append(row)
    return [
        SpotRow(
            *key,
            versions=frozenset(row.version for row in found),
            is_current=any(row.is_current for row in found),
            name=next((row.name for row in found if row.is_current), found[-1].name),
        )
        for key, found in spots.items()
    ]


async def read_visits(
    session: Session, tenant_id: TenantId, spots: Sequence[SpotRow], timezone: str, first: date, last: date
) -> Visits:
    """Visits of real people (no test devices) that began on these local days, as columns; `spot` counts `spots`.

    A person is the profile of the device if it is linked, else the device.
    """
    start = datetime.fromisoformat(f"{first}T00:00:00+00:00")
    end = datetime.fromisoformat(f"{last}T00:00:00+00:00")
    rows = await session.execute(
        text(
            "SELECT v.zone_id, v.zone_version, string_agg(int8send(uuid_hash_extended(coalesce(d.profile_id, d.id), 0))"
            " || int4send(floor(date_part('epoch',"
            "  v.entered_at AT TIME ZONE :timezone - CAST(:origin AS timestamp)))::int)"
            " || int4send(floor(date_part('epoch', v.entered_at - CAST(:start AS timestamptz)))::int)"
            " || int4send(coalesce(floor(date_part('epoch', v.exited_at - v.entered_at))::int, -1)),"
            " ''::bytea) AS packed"
            " FROM visit v JOIN device d ON d.tenant_id = v.tenant_id AND d.id = v.device_id"
            " WHERE v.tenant_id = :tenant_id AND v.id >= :low AND v.id < :high AND NOT d.is_test"
            " AND v.zone_id = ANY(CAST(:zones AS uuid[]))"
            " AND v.entered_at >= CAST(:origin AS timestamp) AT TIME ZONE :timezone"
            " AND v.entered_at < (CAST(:origin AS timestamp) + make_interval(days => :days)) AT TIME ZONE :timezone"
            " GROUP BY v.zone_id, v.zone_version"
        ),
        {
            "tenant_id": tenant_id,
            "timezone": timezone,
            "origin": datetime.fromordinal(first.toordinal()),
            "start": start,
            "days": (last - first).days + 1,
            "low": lowest_id(start - _SLACK),
            "high": lowest_id(end + _SLACK + timedelta(days=1)),
            "zones": list({spot.zone_id for spot in spots}),
        },
    )
    numbers = {(spot.zone_id, version): n for n, spot in enumerate(spots) for version in spot.versions}
    found = [
        (numbers[row.zone_id, row.zone_version], np.frombuffer(row.packed, dtype=_RECORD))
        for row in rows
        if (row.zone_id, row.zone_version) in numbers
    ]
    return _columns(found, first)


def _columns(found: Sequence[tuple[int, Any]], first: date) -> Visits:
    records = np.concatenate([np.zeros(0, dtype=_RECORD), *(part for _, part in found)])
    spot = np.repeat([n for n, _ in found], [len(part) for _, part in found]).astype(np.int64)
    person = np.unique(records["person"].astype(np.int64), return_inverse=True)[1].astype(np.int64)
    local, start, dwell = (records[name].astype(np.int64) for name in ("local_s", "start_s", "dwell_s"))
    return Visits(
        person=person,
        spot=spot,
        day=local // 86_400 + first.toordinal(),
        hour=local % 86_400 // 3_600,
        start_s=start,
        end_s=np.where(dwell < 0, -1, start + dwell),
    )


@dataclass(frozen=True, slots=True)
class Squares:
    """Where positions are counted: squares of `cell_m` metres on the axes of the mall's frame, one level."""

    frame: Frame
    cell_m: float
    level: int


async def list_heat(
    session: Session, tenant_id: TenantId, mall_id: UUID, squares: Squares, span: tuple[datetime, datetime], k: int
) -> list[tuple[int, int, int]]:
    """(column, row, people) of the squares in which positions of at least k people lay between two moments.

    Counted are positions that reported this level, inside its outline.
    """
    frame = squares.frame
    # x, y of `Frame.to_metres`: the origin and the unit vectors come from the same code, so that they cannot differ
    ox, oy = frame.to_metres(0.0, 0.0)
    ax, ay = frame.to_metres(1.0, 0.0)
    bx, by = frame.to_metres(0.0, 1.0)
    rows = await session.execute(
        text(
            "SELECT cx, cy, count(DISTINCT person) AS people FROM (SELECT coalesce(d.profile_id, d.id) AS person,"
            "  floor((:ox + p.lon * :ax + p.lat * :bx) / :cell)::int AS cx,"
            "  floor((:oy + p.lon * :ay + p.lat * :by) / :cell)::int AS cy"
            "  FROM ping p JOIN device d ON d.tenant_id = p.tenant_id AND d.id = p.device_id AND p.verdict IS NULL"
            "  JOIN level l ON l.tenant_id = p.tenant_id AND l.mall_id = :mall_id AND l.ordinal = :level"
            "  WHERE p.tenant_id = :tenant_id AND p.event_at >= :since AND p.event_at < :until AND NOT d.is_test"
            "  AND p.run_from > CAST(:since AS timestamptz) - interval '1 hour' AND p.run_from < :until"
            "  AND p.level = :level AND p.lon BETWEEN ST_XMin(l.geom) AND ST_XMax(l.geom)"
            "  AND p.lat BETWEEN ST_YMin(l.geom) AND ST_YMax(l.geom)) positions"
            " GROUP BY cx, cy HAVING count(DISTINCT person) >= :k ORDER BY cx, cy"
        ),
        {
            "tenant_id": tenant_id, "mall_id": mall_id, "level": squares.level, "k": k,
            "since": span[0], "until": span[1],
            "cell": squares.cell_m, "ox": ox, "oy": oy, "ax": ax - ox, "ay": ay - oy, "bx": bx - ox, "by": by - oy,
        },
    )  # fmt: skip
    return [(row.cx, row.cy, row.people) for row in rows]
