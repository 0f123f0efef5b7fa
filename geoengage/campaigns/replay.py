"""SQL of what happened lately that would have started a campaign. Reads tables of lower domains and writes none."""

from collections import defaultdict
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID
from zoneinfo import ZoneInfo

from sqlalchemy import text

from geoengage.campaigns.rules import (
    Content,
    Move,
    OnCart,
    OnDate,
    OnEvent,
    OnOrder,
    OnSchedule,
    TriggerKind,
    days_meant,
    passes,
    runs_at,
)
from geoengage.kit.db import Session
from geoengage.kit.ids import TenantId, lowest_id
from geoengage.presence.rules.events import NOT_WALKED
from geoengage.timing.service import Calendars, calendars_of

MOST_MOMENTS = 20_000


@dataclass(frozen=True, slots=True)
class Span:
    """The time that is simulated."""

    since: datetime
    until: datetime

    def bound(self, tenant_id: TenantId) -> dict[str, Any]:
        """As parameters, with a limit."""
        return {
            "tenant_id": tenant_id,
            "since": self.since,
            "until": self.until,
            "oldest": lowest_id(self.since),
            "limit": MOST_MOMENTS,
        }


Moments = dict[UUID, list[datetime]]

_ZONES = text("""
SELECT d.profile_id, e.at FROM zone_event e JOIN device d ON d.tenant_id = e.tenant_id AND d.id = e.device_id
WHERE e.tenant_id = :tenant_id AND e.at >= :since AND e.at < :until AND e.kind = :kind AND d.profile_id IS NOT NULL
  AND e.zone_id = ANY(CAST(:zones AS uuid[])) AND coalesce(e.dwell_s = CAST(:dwell_s AS int), :kind <> 'dwelled')
  AND NOT e.by_silence AND e.reason <> ALL(CAST(:not_walked AS text[]))
ORDER BY e.at DESC LIMIT :limit
""")
_MOVES = text(
    "SELECT profile_id, at FROM segment_change WHERE tenant_id = :tenant_id AND segment_id = :segment_id"
    " AND id >= :oldest AND at >= :since AND at < :until AND entered = :entered ORDER BY at DESC LIMIT :limit"
)
_EVENTS = text(
    "SELECT i.profile_id, e.at, e.properties FROM event e JOIN identifier i ON i.tenant_id = e.tenant_id"
    " AND i.id = e.identifier_id WHERE e.tenant_id = :tenant_id AND e.name = :name AND e.id >= :oldest"
    " AND e.at >= :since AND e.at < :until AND NOT EXISTS (SELECT FROM credential k WHERE k.tenant_id = e.tenant_id"
    " AND k.id = e.key_id AND k.is_test) ORDER BY e.at DESC LIMIT :limit"
)
_ORDERS = text(
    "SELECT i.profile_id, o.ordered_at, o.channel FROM shop_order o JOIN identifier i ON i.tenant_id = o.tenant_id"
    " AND i.id = o.identifier_id WHERE o.tenant_id = :tenant_id AND o.ordered_at >= :since AND o.ordered_at < :until"
    " AND o.status <> 'cancelled' AND o.return_of IS NULL"
    " AND coalesce(o.store_id = CAST(:store_id AS uuid), CAST(:store_id AS uuid) IS NULL)"
    " ORDER BY o.ordered_at DESC LIMIT :limit"
)
# Counted from when the cart was touched last, as for real.
_CARTS = text("""
SELECT coalesce(i.profile_id, d.profile_id), CAST(l.payload ->> 'at' AS timestamptz)
  - make_interval(secs => t.cart_abandoned_after_s), greatest(t.cart_abandoned_after_s, :after_s)
FROM ledger l JOIN tenant t ON t.id = l.tenant_id
LEFT JOIN identifier i ON i.tenant_id = l.tenant_id AND i.id = CAST(l.payload ->> 'identifier_id' AS uuid)
LEFT JOIN device d ON d.tenant_id = l.tenant_id AND d.id = CAST(l.payload ->> 'device_id' AS uuid)
WHERE l.tenant_id = :tenant_id AND l.type = 'cart.abandoned' AND l.recorded_at >= :since AND l.recorded_at < :until
  AND coalesce(i.profile_id, d.profile_id) IS NOT NULL
  AND (CAST(:store_id AS uuid) IS NULL OR l.payload ->> 'store_id' = CAST(:store_id AS text))
ORDER BY l.position DESC LIMIT :limit
""")
_PEOPLE = text("""
SELECT p.id, (SELECT d.timezone FROM device d WHERE d.tenant_id = p.tenant_id AND d.profile_id = p.id
  AND d.timezone IS NOT NULL ORDER BY d.id DESC LIMIT 1), p.attributes ->> CAST(:trait AS text)
FROM profile p WHERE p.tenant_id = :tenant_id AND p.merged_into IS NULL
  AND EXISTS (SELECT FROM device d WHERE d.tenant_id = p.tenant_id AND d.profile_id = p.id)
  AND (:trait = '' OR jsonb_typeof(p.attributes -> CAST(:trait AS text)) = 'string')
ORDER BY md5(p.id::text) LIMIT :limit
""")


@dataclass(frozen=True, slots=True)
class Past:
    """When what starts the campaign happened, by person. `delay_s`: so much later they are looked at. `is_whole`: no
    more was left out.
    """

    moments: Moments
    is_whole: bool
    delay_s: int = 0


async def list_moments(
    session: Session, tenant_id: TenantId, content: Content, zone_ids: Collection[UUID], home: ZoneInfo, span: Span
) -> Past:
    """What would have started this campaign. `zone_ids`: where it waits; `home`: the clock of its store."""
    bound, when, d = span.bound(tenant_id), content.definition.when, content.definition
    delay_s = 0
    if isinstance(when, OnSchedule | OnDate):
        calendars = await calendars_of(session, tenant_id, content.store_id)
        return await _calendar(session, tenant_id, when, home, span, calendars)
    match content.kind:
        case TriggerKind.SEGMENT:
            asked = bound | {"segment_id": content.segment_id, "entered": d.move is Move.ENTERED}
            rows = [(r[0], r[1]) for r in await session.execute(_MOVES, asked)]
        case TriggerKind.EVENT if isinstance(when, OnEvent):
            found = await session.execute(_EVENTS, bound | {"name": when.name})
            rows = [(r[0], r[1]) for r in found if passes(when.where, r[2])]
        case TriggerKind.ORDER:
            channels = when.channels if isinstance(when, OnOrder) else ()
            found = await session.execute(_ORDERS, bound | {"store_id": content.store_id})
            rows = [(r[0], r[1]) for r in found if not channels or r[2] in channels]
        case TriggerKind.CART if isinstance(when, OnCart):
            asked = bound | {"store_id": content.store_id, "after_s": when.after_minutes * 60}
            carts = [tuple(r) for r in await session.execute(_CARTS, asked)]
            rows, delay_s = [(r[0], r[1]) for r in carts], int(carts[0][2]) if carts else 0
        case TriggerKind.API:
            rows = []
        case _:
            asked = bound | {"kind": content.kind.value, "zones": list(zone_ids), "dwell_s": d.dwell_s}
            asked |= {"not_walked": sorted(NOT_WALKED)}
            rows = [(r[0], r[1]) for r in await session.execute(_ZONES, asked)]
    moments: Moments = defaultdict(list)
    for profile_id, at in rows:
        moments[profile_id].append(at)
    return Past(moments, len(rows) < MOST_MOMENTS, delay_s)


async def _calendar(
    session: Session,
    tenant_id: TenantId,
    when: OnSchedule | OnDate,
    home: ZoneInfo,
    span: Span,
    calendars: Calendars,
) -> Past:
    trait = when.trait if isinstance(when, OnDate) else ""
    asked = {"tenant_id": tenant_id, "trait": trait, "limit": MOST_MOMENTS}
    people = list(await session.execute(_PEOPLE, asked))
    first, last = span.since.astimezone(home).date(), span.until.astimezone(home).date()
    days = [first + timedelta(days=n) for n in range(-1, (last - first).days + 2)]
    moments: Moments = defaultdict(list)
    clocks: dict[str, ZoneInfo] = {}
    for profile_id, name, value in people:
        zone = home if when.clock == "store" else _clock(name, home, clocks)
        there = calendars.at(zone.key)
        for day in days:
            at = runs_at(when, day, zone, there)
            if at is None or not span.since <= at < span.until:
                continue
            if isinstance(when, OnDate) and not str(value)[:10].endswith(days_meant(when, day)):
                continue
            moments[profile_id].append(at)
    return Past(moments, len(people) < MOST_MOMENTS)


def _clock(name: str | None, home: ZoneInfo, known: dict[str, ZoneInfo]) -> ZoneInfo:
    if name is None:
        return home
    if name not in known:
        try:
            known[name] = ZoneInfo(name)
        except (KeyError, ValueError, OSError):  # a phone's word for its zone
            known[name] = home
    return known[name]


async def list_orders(
    session: Session, tenant_id: TenantId, profile_ids: Collection[UUID], span: Span
) -> Mapping[UUID, Sequence[datetime]]:
    """When these people ordered in that time."""
    rows = await session.execute(
        text(
            "SELECT i.profile_id, o.ordered_at FROM identifier i JOIN shop_order o ON o.tenant_id = i.tenant_id"
            " AND o.identifier_id = i.id WHERE i.tenant_id = :tenant_id AND i.profile_id = ANY(CAST(:ids AS uuid[]))"
            " AND o.ordered_at >= :since AND o.ordered_at < :until AND o.status <> 'cancelled' AND o.return_of IS NULL"
        ),
        {"tenant_id": tenant_id, "ids": list(profile_ids), "since": span.since, "until": span.until},
    )
    found: dict[UUID, list[datetime]] = defaultdict(list)
    for profile_id, at in rows:
        found[profile_id].append(at)
    return found


async def list_sends(
    session: Session, tenant_id: TenantId, person_ids: Collection[UUID]
) -> Mapping[UUID, Sequence[Any]]:
    """What these people were really sent in the last 31 days, as their budgets keep it. Locks nothing."""
    rows = await session.execute(
        text(
            "SELECT person_id, sends FROM person_budget WHERE tenant_id = :tenant_id"
            " AND person_id = ANY(CAST(:ids AS uuid[]))"
        ),
        {"tenant_id": tenant_id, "ids": list(person_ids)},
    )
    return {row[0]: row[1] for row in rows}
