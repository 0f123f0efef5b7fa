"""SQL of orders as packed columns, and of those that followed a message."""

from datetime import date, datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

from sqlalchemy import text

from geoengage.kit.db import Session
from geoengage.kit.ids import TenantId, id_time, lowest_id
from geoengage.lifecycle.rules.catalogue import DIRECT_DAYS
from geoengage.lifecycle.rules.purchases import Purchases
from geoengage.lifecycle.store.packed import LOCAL_DAY, Place, read_packed

_OPENED_LATE = timedelta(days=60)  # nobody opens a message that is older
_COLUMNS = {
    "person": ("int8", "uuid_hash_extended(coalesce(i.profile_id, o.id), 0)"),
    "day": ("int4", LOCAL_DAY.format("o.ordered_at")),
    "money": ("int8", "o.total_minor - o.refunded_minor"),
    "currency": ("int2", "array_position(CAST(:currencies AS text[]), o.currency) - 1"),
    "counted": ("int2", "(o.return_of IS NULL)::int"),
    "known": ("int2", "(i.id IS NOT NULL)::int"),
}


def _from(place: Place, source: str = "shop_order o") -> str:
    """Orders of a place with their people, if they have any; `source` has the columns of `shop_order`."""
    stores = "" if place.store_ids is None else " AND o.store_id = ANY(CAST(:stores AS uuid[]))"
    return (
        f"FROM {source} LEFT JOIN identifier i ON i.tenant_id = :tenant_id AND i.id = o.identifier_id"
        " WHERE o.tenant_id = :tenant_id AND o.status <> 'cancelled' AND o.ordered_at < :until"
        f"{stores}{place.members('i.profile_id')}"
    )


async def list_currencies(
    session: Session, tenant_id: TenantId, place: Place, until: datetime
) -> list[tuple[str, int]]:
    """The currencies of a place with how many counted orders are in each, most first."""
    rows = await session.execute(
        text(
            f"SELECT o.currency, count(*) FILTER (WHERE o.return_of IS NULL) AS orders {_from(place)}"
            " GROUP BY o.currency ORDER BY orders DESC, o.currency"
        ),
        place.parameters | {"tenant_id": tenant_id, "until": until},
    )
    return [(row.currency, row.orders) for row in rows]


async def read_purchases(
    session: Session, tenant_id: TenantId, place: Place, currencies: list[str], until: datetime
) -> Purchases:
    """All orders and returns before a moment, with their people; cancelled ones are left out."""
    parameters = place.parameters | {"until": until, "currencies": currencies}
    return Purchases(await read_packed(session, tenant_id, _COLUMNS, _from(place), parameters), currencies)


# Orders whose customer had opened a campaign's message in the days before. A message names the profile or the device
# that its person was then; both lead to the profile of today (`gone`: profiles that were merged, and into which).
_FOLLOWED = f"""(
WITH RECURSIVE gone (id, into_id) AS (
  SELECT id, merged_into FROM profile WHERE tenant_id = :tenant_id AND merged_into IS NOT NULL
  UNION SELECT gone.id, p.merged_into FROM gone JOIN profile p ON p.tenant_id = :tenant_id AND p.id = gone.into_id
  WHERE p.merged_into IS NOT NULL),
opened AS (
  SELECT DISTINCT coalesce(live.id, d.profile_id) AS profile_id, m.opened_at
  FROM message m JOIN device d ON d.tenant_id = m.tenant_id AND d.id = m.device_id AND NOT d.is_test
  LEFT JOIN gone ON gone.id = m.person_id
  LEFT JOIN profile live ON live.tenant_id = m.tenant_id AND live.id = coalesce(gone.into_id, m.person_id)
    AND live.merged_into IS NULL
  WHERE m.tenant_id = :tenant_id AND m.id >= :oldest AND m.opened_at IS NOT NULL AND m.campaign_id IS NOT NULL)
SELECT DISTINCT ON (o.id) o.* FROM opened
JOIN identifier who ON who.tenant_id = :tenant_id AND who.profile_id = opened.profile_id
JOIN shop_order o ON o.tenant_id = :tenant_id AND o.identifier_id = who.id AND o.ordered_at >= opened.opened_at
  AND o.ordered_at < opened.opened_at + interval '{DIRECT_DAYS} days' AND o.ordered_at >= :since) o"""  # noqa: S608


async def read_direct(
    session: Session, tenant_id: TenantId, place: Place, currencies: list[str], span: tuple[datetime, datetime]
) -> Purchases:
    """The orders between two moments that followed an opened message."""
    since, until = span
    parameters: dict[str, Any] = place.parameters | {
        "since": since,
        "until": until,
        "oldest": lowest_id(since - _OPENED_LATE),
        "currencies": currencies,
    }
    return Purchases(await read_packed(session, tenant_id, _COLUMNS, _from(place, _FOLLOWED), parameters), currencies)


async def find_oldest_message_day(session: Session, tenant_id: TenantId, place: Place) -> date | None:
    """The first local day of which all messages of campaigns are kept; None: there were none so far."""
    rows = await session.execute(
        text("SELECT id FROM message WHERE tenant_id = :tenant_id AND campaign_id IS NOT NULL ORDER BY id LIMIT 1"),
        {"tenant_id": tenant_id},
    )
    oldest = rows.scalar_one_or_none()
    return None if oldest is None else id_time(oldest).astimezone(ZoneInfo(place.timezone)).date()
