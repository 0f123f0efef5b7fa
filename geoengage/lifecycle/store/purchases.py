"""SQL of orders as packed columns, and of those that followed a message."""

from datetime import date, datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

import numpy as np
from sqlalchemy import text

from geoengage.kit.db import Session
from geoengage.kit.ids import TenantId, id_time, lowest_id
from geoengage.lifecycle.rules.catalogue import DIRECT_DAYS
from geoengage.lifecycle.rules.purchases import Purchases
from geoengage.lifecycle.store.packed import LOCAL_DAY, Columns, Place, read_packed

_OPENED_LATE = timedelta(days=60)  # nobody opens a message that is older
# Of a million rows each further piece costs: day, currency (three letters) and two marks are one number.
_COUNTED, _KNOWN, _CURRENCY_BIT, _DAY_BIT = 1, 2, 2, 26
_LETTERS = "(ascii(o.currency) * 65536 + ascii(substr(o.currency, 2)) * 256 + ascii(substr(o.currency, 3)))"
_COLUMNS = {
    "person": ("int8", "uuid_hash_extended(coalesce(i.profile_id, o.id), 0)"),
    "money": ("int8", "o.total_minor - o.refunded_minor"),
    "rest": (
        "int8",
        f"({LOCAL_DAY.format('o.ordered_at')}::int8 << {_DAY_BIT}) + ({_LETTERS} << {_CURRENCY_BIT})"
        f" + (i.id IS NOT NULL)::int * {_KNOWN} + (o.return_of IS NULL)::int * {_COUNTED}",
    ),
}


def _from(place: Place, source: str = "shop_order o") -> str:
    """Orders of a place with their people, if they have any; `source` has the columns of `shop_order`."""
    stores = "" if place.store_ids is None else " AND o.store_id = ANY(CAST(:stores AS uuid[]))"
    return (
        f"FROM {source} LEFT JOIN identifier i ON i.tenant_id = :tenant_id AND i.id = o.identifier_id"
        " WHERE o.tenant_id = :tenant_id AND o.status <> 'cancelled' AND o.ordered_at < :until"
        f"{stores}{place.members('i.profile_id')}"
    )


async def read_purchases(session: Session, tenant_id: TenantId, place: Place, until: datetime) -> Purchases:
    """All orders and returns before a moment, with their people; cancelled ones are left out."""
    rows = await read_packed(session, tenant_id, _COLUMNS, _from(place), place.parameters | {"until": until})
    return _purchases(rows)


def _purchases(rows: Columns) -> Purchases:
    """Columns as they are meant; currencies by their counted orders, most first."""
    rest = rows["rest"]
    counted, letters = rest & _COUNTED, rest >> _CURRENCY_BIT & 0xFFFFFF
    codes, currency = np.unique(letters, return_inverse=True)
    orders = np.bincount(currency, counted, minlength=len(codes))
    ranked = np.lexsort((codes, -orders))
    place_of = np.empty(len(codes), dtype=np.int64)
    place_of[ranked] = np.arange(len(codes))
    columns = {
        "person": rows["person"],
        "day": rest >> _DAY_BIT,
        "money": rows["money"],
        "currency": place_of[currency],
        "counted": counted,
        "known": rest & _KNOWN,
    }
    return Purchases(columns, [int(codes[n]).to_bytes(3, "big").decode() for n in ranked])


# what changes orders, or whose they are
_CHANGES = [
    "order.placed", "order.updated", "order.cancelled", "order.refunded", "order.left", "profile.merged",
    "profile.unmerged", "erasure.requested",
]  # fmt: skip


async def has_changed(session: Session, tenant_id: TenantId, position: int) -> bool:
    """Whether the ledger tells, above a position, of orders or of people who were joined or parted."""
    rows = await session.execute(
        text(
            "SELECT EXISTS (SELECT FROM ledger WHERE tenant_id = :tenant_id AND position > :position"
            " AND type = ANY(CAST(:types AS text[])))"
        ),
        {"tenant_id": tenant_id, "position": position, "types": _CHANGES},
    )
    return bool(rows.scalar_one())


# Orders whose customer had opened a campaign's message in the days before. A message names the profile or the device
# that its person was then; both lead to the profile of today (`gone`: profiles that were merged, and into which).
_FOLLOWED = f"""(
WITH RECURSIVE gone (id, into_id) AS (
  SELECT id, merged_into FROM profile WHERE tenant_id = :tenant_id AND merged_into IS NOT NULL
  UNION SELECT gone.id, p.merged_into FROM gone JOIN profile p ON p.tenant_id = :tenant_id AND p.id = gone.into_id
  WHERE p.merged_into IS NOT NULL),
opened AS (
  SELECT DISTINCT coalesce(live.id, d.profile_id) AS profile_id, m.opened_at
  FROM message m LEFT JOIN device d ON d.tenant_id = m.tenant_id AND d.id = m.device_id
  LEFT JOIN gone ON gone.id = m.person_id
  LEFT JOIN profile live ON live.tenant_id = m.tenant_id AND live.id = coalesce(gone.into_id, m.person_id)
    AND live.merged_into IS NULL
  WHERE m.tenant_id = :tenant_id AND m.id >= :oldest AND m.opened_at IS NOT NULL AND m.campaign_id IS NOT NULL
    AND NOT coalesce(d.is_test, false))
SELECT DISTINCT ON (o.id) o.* FROM opened
JOIN identifier who ON who.tenant_id = :tenant_id AND who.profile_id = opened.profile_id
JOIN shop_order o ON o.tenant_id = :tenant_id AND o.identifier_id = who.id AND o.ordered_at >= opened.opened_at
  AND o.ordered_at < opened.opened_at + interval '{DIRECT_DAYS} days' AND o.ordered_at >= :since) o"""  # noqa: S608


async def read_direct(
    session: Session, tenant_id: TenantId, place: Place, span: tuple[datetime, datetime]
) -> Purchases:
    """The orders between two moments that followed an opened message."""
    since, until = span
    parameters: dict[str, Any] = place.parameters | {
        "since": since,
        "until": until,
        "oldest": lowest_id(since - _OPENED_LATE),
    }
    return _purchases(await read_packed(session, tenant_id, _COLUMNS, _from(place, _FOLLOWED), parameters))


async def find_oldest_message_day(session: Session, tenant_id: TenantId, place: Place) -> date | None:
    """The first local day of which all messages of campaigns are kept; None: there were none so far."""
    rows = await session.execute(
        text("SELECT id FROM message WHERE tenant_id = :tenant_id AND campaign_id IS NOT NULL ORDER BY id LIMIT 1"),
        {"tenant_id": tenant_id},
    )
    oldest = rows.scalar_one_or_none()
    return None if oldest is None else id_time(oldest).astimezone(ZoneInfo(place.timezone)).date()
