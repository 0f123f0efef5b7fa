"""SQL of when people come, look and buy, on what, and in which language."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, datetime, timedelta

from sqlalchemy import text

from geoengage.kit.db import Session
from geoengage.kit.ids import TenantId, lowest_id
from geoengage.lifecycle.store.packed import Place

_SLACK = timedelta(days=2)  # visits whose id was made a little before they began
_OPENED_LATE = timedelta(days=60)  # nobody opens a message that is older
_BY_HOUR = (
    "SELECT date_trunc('month', {at} AT TIME ZONE :timezone)::date AS month,"
    " (extract(isodow FROM {at} AT TIME ZONE :timezone)::int - 1) * 24"
    " + extract(hour FROM {at} AT TIME ZONE :timezone)::int AS hour, count(*) AS times,"
    " count(DISTINCT {person}) AS people FROM {source} AND {row}.tenant_id = :tenant_id"
    " AND {at} >= :since AND {at} < :until GROUP BY 1, 2"
)
_DEVICE = "coalesce(d.profile_id, d.id)"


@dataclass(frozen=True, slots=True)
class Hour:
    """What happened in one hour of the week (0: Monday at midnight) of a calendar month."""

    month: date
    hour: int
    times: int
    people: int


def _queries(place: Place) -> Mapping[str, str]:
    """What is counted, each as one statement."""
    stores = "" if place.store_ids is None else " AND {0}.store_id = ANY(CAST(:stores AS uuid[]))"
    visits = (
        "visit v JOIN device d ON d.tenant_id = v.tenant_id AND d.id = v.device_id AND NOT d.is_test"
        " JOIN zone_version z ON z.tenant_id = v.tenant_id AND z.zone_id = v.zone_id AND z.version = v.zone_version"
        " WHERE v.id >= :first_visit AND v.id < :end_visit"
        f"{stores.format('z')}{place.members('d.profile_id')}"
    )
    opens = (
        "message m JOIN device d ON d.tenant_id = m.tenant_id AND d.id = m.device_id AND NOT d.is_test"
        f" WHERE m.id >= :first_message{stores.format('m')}{place.members('d.profile_id')}"
    )
    orders = (
        "shop_order o LEFT JOIN identifier i ON i.tenant_id = o.tenant_id AND i.id = o.identifier_id"
        " WHERE o.status <> 'cancelled' AND o.return_of IS NULL"
        f"{stores.format('o')}{place.members('i.profile_id')}"
    )
    return {
        "visits": _BY_HOUR.format(row="v", at="v.entered_at", person=_DEVICE, source=visits),
        "opens": _BY_HOUR.format(row="m", at="m.opened_at", person=_DEVICE, source=opens),
        "orders": _BY_HOUR.format(row="o", at="o.ordered_at", person="coalesce(i.profile_id, o.id)", source=orders),
    }


async def list_hours(
    session: Session, tenant_id: TenantId, place: Place, since: datetime, until: datetime
) -> dict[str, list[Hour]]:
    """Visits that began, messages that were opened, counted orders, between two moments."""
    shared = place.parameters | {"tenant_id": tenant_id, "since": since, "until": until}
    ids = {
        "first_visit": lowest_id(since - _SLACK),
        "end_visit": lowest_id(until + _SLACK),
        "first_message": lowest_id(since - _OPENED_LATE),
    }
    found = {}
    for kind, query in _queries(place).items():
        parameters = shared | {name: value for name, value in ids.items() if f":{name}" in query}
        rows = await session.execute(text(query), parameters)
        found[kind] = [Hour(row.month, row.hour, row.times, row.people) for row in rows]
    return found


async def count_devices(session: Session, tenant_id: TenantId, place: Place) -> list[tuple[str, int]]:
    """People by the platform of a device of theirs; somebody with two platforms is in both."""
    rows = await session.execute(
        text(
            f"SELECT d.platform, count(DISTINCT {_DEVICE}) AS people FROM device d"  # noqa: S608 - SQL of ours
            " JOIN app a ON a.tenant_id = d.tenant_id AND a.id = d.app_id"
            f" WHERE d.tenant_id = :tenant_id AND NOT d.is_test AND {place.has_device}"
            " GROUP BY d.platform ORDER BY people DESC, d.platform"
        ),
        place.parameters | {"tenant_id": tenant_id},
    )
    return [(row.platform, row.people) for row in rows]


async def count_languages(session: Session, tenant_id: TenantId, place: Place) -> list[tuple[str, int]]:
    """People by language: the one that is known of them, else that of their newest device; '' where neither is."""
    rows = await session.execute(
        text(
            "SELECT language, count(*) AS people FROM (SELECT DISTINCT ON (person) person,"  # noqa: S608 - SQL of ours
            " lower(split_part(replace(coalesce(word, ''), '_', '-'), '-', 1)) AS language FROM ("
            " SELECT p.id AS person, p.language AS word, 0 AS rank, p.created_at AS at FROM profile p"
            f" WHERE p.tenant_id = :tenant_id AND p.merged_into IS NULL{place.knows('p.id')}"
            f" UNION ALL SELECT {_DEVICE}, d.locale, 1, d.created_at FROM device d"
            " JOIN app a ON a.tenant_id = d.tenant_id AND a.id = d.app_id"
            f" WHERE d.tenant_id = :tenant_id AND NOT d.is_test AND {place.has_device}) words"
            " ORDER BY person, word IS NULL, rank, at DESC) known GROUP BY language ORDER BY people DESC, language"
        ),
        place.parameters | {"tenant_id": tenant_id},
    )
    return [(row.language, row.people) for row in rows]
