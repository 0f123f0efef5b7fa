"""SQL of what is only known now, and of what was kept of it day by day: reachable people, expected value."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from uuid import UUID

import numpy as np
import numpy.typing as npt
from sqlalchemy import text

from geoengage.kit.db import Session
from geoengage.kit.ids import TenantId
from geoengage.lifecycle.rules.purchases import Figure
from geoengage.lifecycle.rules.subscribers import CHANNELS, Reached
from geoengage.lifecycle.store.packed import Place, read_packed

_PAUSE = (
    "(SELECT FROM consent_hold h JOIN identifier w ON w.tenant_id = h.tenant_id AND w.id = h.identifier_id"
    " WHERE h.tenant_id = :tenant_id AND h.paused_until > :now AND w.profile_id = r.profile_id)"
)
_ALIVE = {
    "person": ("int8", "uuid_hash_extended(r.person, 0)"),
    "channel": ("int2", "array_position(CAST(:channels AS text[]), r.channel) - 1"),
    "alive": ("int2", f"(r.alive AND NOT EXISTS {_PAUSE})::int"),
}
# An address counts where a proof says that it reaches its person; a device while its push address works and the phone
# shows pushes. Nobody is reached by marketing while they have paused it.
_ADDRESSES = """
FROM (
  SELECT i.profile_id AS profile_id, i.profile_id AS person, c.channel,
    coalesce(p.state = 'reachable', false) AS alive
  FROM identifier i JOIN (VALUES ('email', 'email'), ('phone', 'sms'), ('phone', 'whatsapp'), ('phone', 'viber'))
    AS c (kind, channel) ON c.kind = i.kind
  LEFT JOIN contact_point p ON p.tenant_id = i.tenant_id AND p.identifier_id = i.id AND p.channel = c.channel
  WHERE i.tenant_id = :tenant_id
  UNION ALL
  SELECT d.profile_id, coalesce(d.profile_id, d.id), CASE WHEN d.platform = 'web' THEN 'web_push' ELSE 'push' END,
    d.push_retired_at IS NULL AND d.permission <> 'denied' AND d.marketing_push = 'granted'
  FROM device d WHERE d.tenant_id = :tenant_id AND NOT d.is_test AND d.push_address IS NOT NULL) r
WHERE true"""


async def read_reached(session: Session, tenant_id: TenantId, place: Place, now: datetime) -> Reached:
    """Who has an address of a channel at this moment, and whether it reaches them."""
    known = place.knows("r.profile_id")
    only = f" AND (r.profile_id IS NULL OR (true{known}))" if place.segment_id is None else known
    parameters = place.parameters | {"now": now, "channels": list(CHANNELS)}
    columns = await read_packed(session, tenant_id, _ALIVE, _ADDRESSES + only, parameters)
    return Reached(columns["person"], columns["channel"], columns["alive"] != 0)


async def get_expected(session: Session, tenant_id: TenantId, place: Place, currency: str) -> Figure:
    """What the value model in force expects of the customers of a place, a person's mean, in one currency."""
    row = await session.execute(
        text(
            "SELECT count(v.value_365_minor) AS people, avg(v.value_365_minor) AS value, avg(v.value_low_minor) AS low,"  # noqa: S608
            " avg(v.value_high_minor) AS high FROM customer_value v"
            " WHERE v.tenant_id = :tenant_id AND v.currency = :currency"
            f"{_customers_of(place)}"
        ),
        place.parameters | {"tenant_id": tenant_id, "currency": currency},
    )
    found = row.one()
    low, high = (None if bound is None else float(bound) for bound in (found.low, found.high))
    return Figure(None if found.value is None else float(found.value), found.people, low=low, high=high)


async def read_expected(session: Session, tenant_id: TenantId, place: Place, currency: str) -> npt.NDArray[np.float64]:
    """What the value model in force expects of each customer of a place, in minor units of one currency."""
    columns = {"value": ("int8", "v.value_365_minor")}
    source = (
        "FROM customer_value v WHERE v.tenant_id = :tenant_id AND v.currency = :currency"
        f" AND v.value_365_minor IS NOT NULL{_customers_of(place)}"
    )
    parameters = place.parameters | {"currency": currency}
    return (await read_packed(session, tenant_id, columns, source, parameters))["value"].astype(np.float64)


def _customers_of(place: Place) -> str:
    """The condition that somebody valued has bought in one of the stores and is in the segment."""
    if place.store_ids is None:
        return place.members("v.profile_id")
    return (
        " AND EXISTS (SELECT FROM identifier i JOIN shop_order o ON o.tenant_id = i.tenant_id"
        " AND o.identifier_id = i.id WHERE i.tenant_id = :tenant_id AND i.profile_id = v.profile_id"
        " AND o.status <> 'cancelled' AND o.return_of IS NULL"
        f" AND o.store_id = ANY(CAST(:stores AS uuid[]))){place.members('v.profile_id')}"
    )


@dataclass(frozen=True, slots=True)
class Kept:
    """A number to keep of a day: metric, channel or currency, and the number."""

    name: str
    part: str
    figure: Figure


async def put_days(
    session: Session, tenant_id: TenantId, place_id: UUID, on: date, kept: Sequence[Kept], now: datetime
) -> None:
    """Keep the numbers of a day; those that are there already stay."""
    rows = [k for k in kept if k.figure.value is not None]
    if not rows:
        return
    await session.execute(
        text(
            'INSERT INTO metric_day (tenant_id, place_id, name, part, "on", people, value, low, high, kept_at)'
            " SELECT :tenant_id, :place_id, r.name, r.part, :on, r.people, r.value, r.low, r.high, :now FROM unnest("
            "CAST(:names AS text[]), CAST(:parts AS text[]), CAST(:people AS int[]), CAST(:values AS float8[]),"
            " CAST(:lows AS float8[]), CAST(:highs AS float8[])) AS r (name, part, people, value, low, high)"
            " ON CONFLICT DO NOTHING"
        ),
        {
            "tenant_id": tenant_id,
            "place_id": place_id,
            "on": on,
            "now": now,
            "names": [k.name for k in rows],
            "parts": [k.part for k in rows],
            "people": [k.figure.people for k in rows],
            "values": [k.figure.value for k in rows],
            "lows": [k.figure.low for k in rows],
            "highs": [k.figure.high for k in rows],
        },
    )


async def read_days(
    session: Session, tenant_id: TenantId, place_id: UUID, name: str, part: str, days: Sequence[date]
) -> Mapping[date, Figure]:
    """What was kept of these days."""
    rows = await session.execute(
        text(
            'SELECT "on", people, value, low, high FROM metric_day WHERE tenant_id = :tenant_id'
            ' AND place_id = :place_id AND name = :name AND part = :part AND "on" = ANY(CAST(:days AS date[]))'
        ),
        {"tenant_id": tenant_id, "place_id": place_id, "name": name, "part": part, "days": list(days)},
    )
    return {row.on: Figure(row.value, row.people, low=row.low, high=row.high) for row in rows}


async def list_kept_until(session: Session) -> list[tuple[TenantId, str, date | None]]:
    """Tenants with their time zones and the last day that is kept of each (cross-tenant: the worker serves all)."""
    rows = await session.execute(
        text(
            'SELECT t.id, t.timezone, (SELECT max("on") FROM metric_day m WHERE m.tenant_id = t.id'
            " AND m.place_id = '00000000-0000-0000-0000-000000000000') FROM tenant t ORDER BY 1"
        )
    )
    return [(TenantId(row[0]), row[1], row[2]) for row in rows]
