"""SQL of who stands where in a campaign: coming in, being woken, moving on, leaving."""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, date, datetime
from typing import Any
from uuid import UUID

import msgspec
from sqlalchemy import text

from geoengage.campaigns.rules import Spot
from geoengage.kit import pgarrays
from geoengage.kit.db import Session, send
from geoengage.kit.ids import TenantId

ALWAYS = datetime(9999, 1, 1, tzinfo=UTC)  # nobody came in after this, so everybody may come in again


@dataclass(frozen=True, slots=True)
class Arrival:
    """Somebody who is to come in. `alone`: not while they are in it; `unless_after`: nor if they came in after this."""

    campaign_id: UUID
    id: UUID
    profile_id: UUID
    entered_at: datetime
    wake_at: datetime
    alone: bool = False
    unless_after: datetime = ALWAYS
    said: Mapping[str, Any] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Entry:
    """Somebody in a campaign, locked by whoever moves them on."""

    campaign_id: UUID
    id: UUID
    profile_id: UUID
    entered_at: datetime
    said: Mapping[str, Any]
    spot: Spot
    log: list[Any]


# Who is nobody any more, or was erased meanwhile, does not come in.
_ENTER = """
INSERT INTO journey_entry (tenant_id, campaign_id, id, profile_id, entered_at, wake_at, alone, said)
SELECT :tenant_id, n.campaign_id, n.id, n.profile_id, n.entered_at, n.wake_at, n.alone, n.said
FROM unnest(CAST(:campaigns AS uuid[]), CAST(:ids AS uuid[]), CAST(:people AS uuid[]), CAST(:entered AS timestamptz[]),
  CAST(:wake AS timestamptz[]), CAST(:alone AS bool[]), CAST(:unless AS timestamptz[]), CAST(:said AS jsonb[]))
  AS n (campaign_id, id, profile_id, entered_at, wake_at, alone, unless_after, said)
WHERE EXISTS (SELECT FROM profile p WHERE p.tenant_id = :tenant_id AND p.id = n.profile_id AND p.merged_into IS NULL)
  AND NOT EXISTS (SELECT FROM journey_entry e WHERE e.tenant_id = :tenant_id AND e.campaign_id = n.campaign_id
    AND e.profile_id = n.profile_id AND e.entered_at > n.unless_after)
ORDER BY n.campaign_id, n.profile_id, n.entered_at
ON CONFLICT DO NOTHING RETURNING id
"""


async def enter(session: Session, tenant_id: TenantId, arrivals: Sequence[Arrival]) -> set[UUID]:
    """Let these come in, as far as the rules of coming in again allow; the ids of those who did."""
    if not arrivals:
        return set()
    found = await send(
        session,
        _ENTER,
        {
            "tenant_id": tenant_id,
            "campaigns": pgarrays.uuids(a.campaign_id for a in arrivals),
            "ids": pgarrays.uuids(a.id for a in arrivals),
            "people": pgarrays.uuids(a.profile_id for a in arrivals),
            "entered": pgarrays.times(a.entered_at for a in arrivals),
            "wake": pgarrays.times(a.wake_at for a in arrivals),
            "alone": pgarrays.bools_or_null(a.alone for a in arrivals),
            "unless": pgarrays.times(a.unless_after for a in arrivals),
            "said": pgarrays.jsons(msgspec.json.encode(dict(a.said)) for a in arrivals),
        },
    )
    return {id_ for (id_,) in found.rows}


async def list_present(session: Session, tenant_id: TenantId, campaign_id: UUID, ids: Collection[UUID]) -> set[UUID]:
    """Those of these entries that are there."""
    found = await send(
        session,
        "SELECT id FROM journey_entry WHERE tenant_id = :tenant_id AND campaign_id = :campaign_id"
        " AND id = ANY(CAST(:ids AS uuid[]))",
        {"tenant_id": tenant_id, "campaign_id": campaign_id, "ids": pgarrays.uuids(ids)},
    )
    return {id_ for (id_,) in found.rows}


# --- many at once: who is in a segment, who the calendar means -------------------------------------------------------

# The id is made of campaign, person and occasion, so that nobody comes in twice for one.
_ENTER_MANY = """
INSERT INTO journey_entry (tenant_id, campaign_id, id, profile_id, entered_at, wake_at, alone)
SELECT :tenant_id, :campaign_id, CAST(md5(CAST(:campaign_id AS uuid)::text || ':' || p.id::text || ':'
  || CAST(:occasion AS text)) AS uuid), p.id, :entered_at, :wake_at, CAST(:alone AS bool)
FROM profile p
WHERE p.tenant_id = :tenant_id AND p.merged_into IS NULL {only}
  AND NOT EXISTS (SELECT FROM journey_entry e WHERE e.tenant_id = :tenant_id AND e.campaign_id = :campaign_id
    AND e.profile_id = p.id AND e.entered_at > :unless_after)
ORDER BY p.id ON CONFLICT DO NOTHING
"""
_MEMBERS = (
    "AND EXISTS (SELECT FROM segment_member m WHERE m.tenant_id = p.tenant_id AND m.profile_id = p.id"
    " AND m.segment_id = CAST(:segment_id AS uuid))"
)
# Whose phone says no zone lives by the store's clock; of several phones the newest counts.
_OF_ZONE = """AND coalesce((SELECT d.timezone FROM device d WHERE d.tenant_id = p.tenant_id AND d.profile_id = p.id
  AND d.timezone IS NOT NULL ORDER BY d.id DESC LIMIT 1), :home) = :zone"""
_WITH_PHONE = "AND EXISTS (SELECT FROM device d WHERE d.tenant_id = p.tenant_id AND d.profile_id = p.id)"
_OF_DAY = """AND EXISTS (SELECT FROM unnest(CAST(:days AS text[])) AS day
  WHERE jsonb_typeof(p.attributes -> CAST(:trait AS text)) = 'string'
    AND p.attributes ->> CAST(:trait AS text) ~ '^[0-9]{4}-[0-9]{2}-[0-9]{2}'
    AND right(substr(p.attributes ->> CAST(:trait AS text), 1, 10), length(day)) = day)"""


@dataclass(frozen=True, slots=True)
class Crowd:
    """Whom a run means. `zone`: only whose clock it is (None: all), `home`: of those whose clock is not known.
    `days`: only whose `trait` is a date that ends so.
    """

    campaign_id: UUID
    occasion: str
    entered_at: datetime
    wake_at: datetime
    alone: bool
    unless_after: datetime
    segment_id: UUID | None = None
    zone: str | None = None
    home: str = "UTC"
    trait: str | None = None
    days: tuple[str, ...] = ()


async def enter_crowd(session: Session, tenant_id: TenantId, crowd: Crowd) -> None:
    """Let everybody come in who is meant."""
    only = [
        _MEMBERS if crowd.segment_id is not None else _WITH_PHONE,
        _OF_ZONE if crowd.zone is not None else "",
        _OF_DAY if crowd.trait is not None else "",
    ]
    await session.execute(
        text(_ENTER_MANY.format(only=" ".join(only))),
        {
            "tenant_id": tenant_id,
            "campaign_id": crowd.campaign_id,
            "occasion": crowd.occasion,
            "entered_at": crowd.entered_at,
            "wake_at": crowd.wake_at,
            "alone": crowd.alone,
            "unless_after": crowd.unless_after,
            "segment_id": crowd.segment_id,
            "zone": crowd.zone,
            "home": crowd.home,
            "trait": crowd.trait,
            "days": list(crowd.days),
        },
    )


async def begin_run(
    session: Session, tenant_id: TenantId, campaign_id: UUID, zone: str, day: date, now: datetime
) -> bool:
    """Note that a campaign begins on this local day; False: it has begun before."""
    row = await session.execute(
        text(
            "INSERT INTO campaign_run (tenant_id, campaign_id, timezone, starts_on, begun_at)"
            " VALUES (:tenant_id, :campaign_id, :zone, :day, :now) ON CONFLICT DO NOTHING RETURNING campaign_id"
        ),
        {"tenant_id": tenant_id, "campaign_id": campaign_id, "zone": zone, "day": day, "now": now},
    )
    return row.scalar_one_or_none() is not None


async def list_phone_zones(session: Session, tenant_id: TenantId) -> list[str]:
    """The time zones that people's phones say."""
    rows = await session.execute(
        text(
            "SELECT DISTINCT timezone FROM device WHERE tenant_id = :tenant_id AND timezone IS NOT NULL"
            " AND profile_id IS NOT NULL ORDER BY 1"
        ),
        {"tenant_id": tenant_id},
    )
    return list(rows.scalars())


async def tenants_with_calendar(session: Session) -> list[TenantId]:
    """Tenants with a campaign of the calendar that runs (cross-tenant: the worker serves all)."""
    rows = await session.execute(
        text(
            "SELECT DISTINCT tenant_id FROM campaign WHERE trigger_kind IN ('schedule', 'date')"
            " AND status = 'active' AND deleted_at IS NULL"
        )
    )
    return [TenantId(id_) for id_ in rows.scalars()]


# --- moving on -------------------------------------------------------------------------------------------------------


async def tenants_with_awake(session: Session, now: datetime) -> list[TenantId]:
    """Tenants in which somebody is to be looked at (cross-tenant: the worker serves all)."""
    rows = await session.execute(
        text(
            "SELECT t.id FROM tenant t WHERE EXISTS (SELECT FROM journey_entry e WHERE e.tenant_id = t.id"
            " AND e.wake_at <= :now)"
        ),
        {"now": now},
    )
    return [TenantId(id_) for id_ in rows.scalars()]


async def list_awake_people(session: Session, tenant_id: TenantId, now: datetime, limit: int) -> list[UUID]:
    """People who are to be looked at, longest due first. Locks nothing: people are locked before their entries."""
    rows = await session.execute(
        text(
            "SELECT profile_id FROM (SELECT profile_id, wake_at FROM journey_entry WHERE tenant_id = :tenant_id"
            " AND wake_at <= :now ORDER BY wake_at LIMIT :limit) e GROUP BY profile_id ORDER BY min(wake_at)"
        ),
        {"tenant_id": tenant_id, "now": now, "limit": limit},
    )
    return list(rows.scalars())


async def hold_people(session: Session, tenant_id: TenantId, profile_ids: Collection[UUID]) -> None:
    """Keep these people from being erased until the commit: messages to them would stay."""
    await send(
        session,
        "SELECT id FROM profile WHERE tenant_id = :tenant_id AND id = ANY(CAST(:ids AS uuid[])) ORDER BY id"
        " FOR KEY SHARE",
        {"tenant_id": tenant_id, "ids": pgarrays.uuids(profile_ids)},
    )


async def hold_campaigns(session: Session, tenant_id: TenantId, profile_ids: Collection[UUID], now: datetime) -> None:
    """Keep the campaigns of these people's due entries from being edited until the commit: their steps stay."""
    await send(
        session,
        "SELECT id FROM campaign WHERE tenant_id = :tenant_id AND id IN (SELECT campaign_id FROM journey_entry"
        " WHERE tenant_id = :tenant_id AND profile_id = ANY(CAST(:ids AS uuid[])) AND wake_at <= :now)"
        " ORDER BY id FOR SHARE",
        {"tenant_id": tenant_id, "ids": pgarrays.uuids(profile_ids), "now": now},
    )


async def take_awake(
    session: Session, tenant_id: TenantId, profile_ids: Collection[UUID], now: datetime
) -> list[Entry]:
    """Lock the due entries of these people; what another worker has is not among them."""
    found = await send(
        session,
        "SELECT campaign_id, id, profile_id, entered_at, said, step, since, due_at, log FROM journey_entry"
        " WHERE tenant_id = :tenant_id AND profile_id = ANY(CAST(:ids AS uuid[])) AND wake_at <= :now"
        " ORDER BY campaign_id, id FOR UPDATE SKIP LOCKED",
        {"tenant_id": tenant_id, "ids": pgarrays.uuids(profile_ids), "now": now},
    )
    return [
        Entry(r.campaign_id, r.id, r.profile_id, r.entered_at, r.said, Spot(r.step, r.since, r.due_at), r.log)
        for r in found.named()
    ]


@dataclass(frozen=True, slots=True)
class Moved:
    """Where somebody stands from now on; with an `end` nowhere any more."""

    entry: Entry
    spot: Spot
    wake_at: datetime | None
    log: Sequence[Mapping[str, Any]] = ()
    end: str | None = None


async def save(session: Session, tenant_id: TenantId, moved: Sequence[Moved], now: datetime) -> None:
    """Write where these locked entries stand now."""
    if not moved:
        return
    rows = [
        {
            "campaign_id": m.entry.campaign_id,
            "id": m.entry.id,
            "step": m.spot.step,
            "since": m.spot.since,
            "due_at": m.spot.due_at,
            "wake_at": m.wake_at,
            "log": [*m.entry.log, *m.log],
            "ended_at": now if m.end else None,
            "end_reason": m.end,
        }
        for m in moved
    ]
    await send(
        session,
        """
UPDATE journey_entry e SET step = r.step, since = r.since, due_at = r.due_at, wake_at = r.wake_at, log = r.log,
  ended_at = r.ended_at, end_reason = r.end_reason
FROM jsonb_to_recordset(CAST(:rows AS jsonb)) AS r (campaign_id uuid, id uuid, step text, since timestamptz,
  due_at timestamptz, wake_at timestamptz, log jsonb, ended_at timestamptz, end_reason text)
WHERE e.tenant_id = :tenant_id AND e.campaign_id = r.campaign_id AND e.id = r.id
""",
        {"tenant_id": tenant_id, "rows": msgspec.json.encode(rows).decode()},
    )


async def forget(session: Session, tenant_id: TenantId, entries: Sequence[Entry]) -> None:
    """These never came in: nothing is kept about people whom a campaign does not address."""
    if entries:
        await send(
            session,
            "DELETE FROM journey_entry WHERE tenant_id = :tenant_id AND (campaign_id, id) IN"
            " (SELECT * FROM unnest(CAST(:campaigns AS uuid[]), CAST(:ids AS uuid[])))",
            {
                "tenant_id": tenant_id,
                "campaigns": pgarrays.uuids(e.campaign_id for e in entries),
                "ids": pgarrays.uuids(e.id for e in entries),
            },
        )


async def wake(session: Session, tenant_id: TenantId, people: Mapping[UUID, Collection[UUID]], now: datetime) -> None:
    """Let these people be looked at now: campaign → people."""
    pairs = [(campaign_id, id_) for campaign_id, ids in people.items() for id_ in ids]
    if pairs:
        await send(
            session,
            "UPDATE journey_entry e SET wake_at = :now FROM unnest(CAST(:campaigns AS uuid[]), CAST(:people AS uuid[]))"
            " AS w (campaign_id, profile_id) WHERE e.tenant_id = :tenant_id AND e.campaign_id = w.campaign_id"
            " AND e.profile_id = w.profile_id AND e.wake_at > :now",
            {
                "tenant_id": tenant_id,
                "now": now,
                "campaigns": pgarrays.uuids(c for c, _ in pairs),
                "people": pgarrays.uuids(p for _, p in pairs),
            },
        )


# --- what happens to a campaign --------------------------------------------------------------------------------------


async def awaken(session: Session, tenant_id: TenantId, campaign_id: UUID, now: datetime) -> None:
    """The campaign runs (again): whoever stands in it goes on when their wait is over."""
    await session.execute(
        text(
            "UPDATE journey_entry SET wake_at = coalesce(due_at, :now) WHERE tenant_id = :tenant_id"
            " AND campaign_id = :id AND ended_at IS NULL AND wake_at IS NULL"
        ),
        {"tenant_id": tenant_id, "id": campaign_id, "now": now},
    )


async def move_places(
    session: Session, tenant_id: TenantId, campaign_id: UUID, moved: Mapping[str, str | None], now: datetime
) -> None:
    """An edit took steps away: whoever stood at one goes on with the step named instead, or (None) is at the end."""
    gone = [id_ for id_, following in moved.items() if following is None]
    onward = {id_: following for id_, following in moved.items() if following is not None}
    if onward:
        await session.execute(
            text(
                "UPDATE journey_entry e SET step = w.onward, since = NULL, due_at = NULL, wake_at = CASE WHEN"
                " e.wake_at IS NULL THEN NULL ELSE CAST(:now AS timestamptz) END FROM unnest(CAST(:old AS text[]),"
                " CAST(:new AS text[])) AS w (step, onward) WHERE e.tenant_id = :tenant_id AND e.campaign_id = :id"
                " AND e.ended_at IS NULL AND e.step = w.step"
            ),
            {"tenant_id": tenant_id, "id": campaign_id, "now": now, "old": list(onward), "new": list(onward.values())},
        )
    if gone:
        await session.execute(
            text(
                "UPDATE journey_entry SET wake_at = NULL, ended_at = :now, end_reason = 'finished'"
                " WHERE tenant_id = :tenant_id AND campaign_id = :id AND ended_at IS NULL AND step = ANY(:gone)"
            ),
            {"tenant_id": tenant_id, "id": campaign_id, "now": now, "gone": gone},
        )


async def end_all(session: Session, tenant_id: TenantId, campaign_id: UUID, reason: str, now: datetime) -> None:
    """The campaign is gone: nobody is in it any more."""
    await session.execute(
        text(
            "UPDATE journey_entry SET wake_at = NULL, ended_at = :now, end_reason = :reason"
            " WHERE tenant_id = :tenant_id AND campaign_id = :id AND ended_at IS NULL"
        ),
        {"tenant_id": tenant_id, "id": campaign_id, "now": now, "reason": reason},
    )


async def join_people(session: Session, tenant_id: TenantId, profile_id: UUID, into_id: UUID, now: datetime) -> None:
    """Two people are one: the entries go over, but where the other is in it already the first one's ends."""
    parameters = {"tenant_id": tenant_id, "id": profile_id, "into": into_id, "now": now}
    await session.execute(
        text(
            "UPDATE journey_entry e SET wake_at = NULL, ended_at = :now, end_reason = 'merged'"
            " WHERE e.tenant_id = :tenant_id AND e.profile_id = :id AND e.ended_at IS NULL AND e.alone AND EXISTS ("
            "SELECT FROM journey_entry o WHERE o.tenant_id = e.tenant_id AND o.campaign_id = e.campaign_id"
            " AND o.profile_id = :into AND o.ended_at IS NULL AND o.alone)"
        ),
        parameters,
    )
    await session.execute(
        text(
            "UPDATE journey_entry SET profile_id = :into WHERE tenant_id = :tenant_id AND profile_id = :id AND EXISTS ("
            "SELECT FROM profile p WHERE p.tenant_id = :tenant_id AND p.id = :into FOR KEY SHARE)"
        ),
        parameters,
    )


async def list_of_person(session: Session, tenant_id: TenantId, campaign_id: UUID, profile_id: UUID) -> list[Any]:
    """The latest twenty times that somebody was in a campaign, newest first: columns of `journey_entry`."""
    rows = await session.execute(
        text(
            "SELECT id, entered_at, step, since, due_at, log, ended_at, end_reason FROM journey_entry"
            " WHERE tenant_id = :tenant_id AND campaign_id = :campaign_id AND profile_id = :profile_id"
            " ORDER BY entered_at DESC, id LIMIT 20"
        ),
        {"tenant_id": tenant_id, "campaign_id": campaign_id, "profile_id": profile_id},
    )
    return list(rows)
