"""Dated partitions of the high-volume tables: made ahead, dropped when all tenants' retention has passed.

A table is partitioned by RANGE over a time column or over a UUIDv7 `id`. Names end in `_pYYYYMMDD`, the first
day of the span. Without a partition an insert fails, hence `AHEAD` and the check in /readyz.
"""

from collections.abc import Collection
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta

from sqlalchemy import text

from geoengage.kit.db import Session
from geoengage.kit.ids import lowest_id

AHEAD = timedelta(days=14)
BEHIND = timedelta(days=8)  # the oldest ping that is accepted, and a day
_DAILY = {"ping_run", "ping_rejection", "checkpoint"}


async def _tables(session: Session) -> list[tuple[str, str, int]]:
    """Name, partition column and days per partition of each partitioned table, as the database knows them."""
    rows = await session.execute(
        text("SELECT c.relname, pg_get_partkeydef(c.oid) FROM pg_class c WHERE c.relkind = 'p' ORDER BY 1")
    )
    return [(name, key.removeprefix("RANGE (").removesuffix(")"), 1 if name in _DAILY else 7) for name, key in rows]


def _start(day: date, days: int) -> date:
    return day - timedelta(days=day.toordinal() % days)


def _bound(column: str, day: date) -> str:
    moment = datetime.combine(day, time(), UTC)
    return str(lowest_id(moment)) if column == "id" else moment.isoformat()


async def make_ahead(session: Session, now: datetime) -> None:
    """Create what is missing from `BEHIND` before to `AHEAD` after `now`. Idempotent; one process at a time."""
    await _make(session, now - BEHIND, now, only=None)


async def make_back(session: Session, tables: Collection[str], since: datetime, now: datetime) -> None:
    """Create what is missing of these tables from `since` on, for a past that is put in as a whole."""
    await _make(session, since, now, only=tables)


async def _make(session: Session, since: datetime, now: datetime, *, only: Collection[str] | None) -> None:
    await session.execute(text("SELECT pg_advisory_xact_lock(hashtext('geoengage.partitions'))"))
    existing = set(
        (await session.execute(text("SELECT relname FROM pg_class WHERE relname ~ '_p[0-9]{8}$'"))).scalars()
    )
    for table, column, days in await _tables(session):
        if only is not None and table not in only:
            continue
        day = _start(since.date(), days)
        while day <= (now + AHEAD).date():
            name, after = f"{table}_p{day:%Y%m%d}", day + timedelta(days=days)
            if name not in existing:
                await session.execute(
                    text(
                        f"CREATE TABLE {name} PARTITION OF {table}"
                        f" FOR VALUES FROM ('{_bound(column, day)}') TO ('{_bound(column, after)}')"
                    )
                )
            day = after


async def days_ahead(session: Session, now: datetime) -> int:
    """For how many whole days partitions exist in every partitioned table; 0 or less is an emergency."""
    names = (await session.execute(text("SELECT relname FROM pg_class WHERE relname ~ '_p[0-9]{8}$'"))).scalars()
    last: dict[str, date] = {}
    for name in names:
        table, _, day = name.rpartition("_p")
        last[table] = max(last.get(table, date.min), date(int(day[:4]), int(day[4:6]), int(day[6:])))
    ends = [
        last.get(table, date.min + timedelta(days=7)) + timedelta(days=days)
        for table, _, days in await _tables(session)
    ]
    return min((end - now.date()).days for end in ends)


@dataclass(frozen=True, slots=True)
class Partition:
    """A partition and its span."""

    name: str
    starts: datetime
    ends: datetime


async def list_before(session: Session, table: str, before: datetime) -> list[Partition]:
    """The partitions of `table` that end before `before`, the oldest first."""
    days = next(d for name, _, d in await _tables(session) if name == table)
    rows = await session.execute(
        text("SELECT relname FROM pg_class WHERE relname ~ :pattern ORDER BY 1"),
        {"pattern": f"^{table}_p[0-9]{{8}}$"},
    )
    starts = {name: datetime.strptime(name[-8:], "%Y%m%d").replace(tzinfo=UTC) for name in rows.scalars()}
    found = [Partition(name, day, day + timedelta(days=days)) for name, day in starts.items()]
    return [partition for partition in found if partition.ends <= before]


async def is_partitioned(session: Session, table: str) -> bool:
    """Whether a table has partitions at all."""
    return any(name == table for name, _, _ in await _tables(session))
