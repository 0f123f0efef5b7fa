"""SQL of consents: stating decisions in bulk, and all that decides whether a person may be contacted.

A decision hangs on the id that it came with; a person's are found by joining `identifier`. Nothing here reads or writes
positions.
"""

from collections.abc import Collection, Sequence
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import select, text

from geoengage.kit import errors
from geoengage.kit.db import Session
from geoengage.kit.ids import TenantId, derived_time_id
from geoengage.profiles.models.consents import ConsentHistory
from geoengage.profiles.rules.consents import Channel, ConsentState, Decision, Hold, PointState, Purpose, Standing

_ROWS = (
    " FROM unnest(CAST(:ids AS uuid[]), CAST(:identifier_ids AS uuid[]), CAST(:channels AS text[]),"
    " CAST(:purposes AS text[]), CAST(:store_ids AS uuid[]), CAST(:states AS text[]), CAST(:text_versions AS text[]),"
    " CAST(:sources AS text[]), CAST(:ats AS timestamptz[]))"
    " AS r (id, identifier_id, channel, purpose, store_id, state, text_version, source, at)"
)
_HISTORY = text(
    "INSERT INTO consent_history (tenant_id, id, identifier_id, channel, purpose, store_id, state, text_version,"
    f" source, at, recorded_at) SELECT :tenant_id, r.*, :now {_ROWS} ORDER BY r.id ON CONFLICT DO NOTHING"
)
_LESS = "array_position(ARRAY['subscribed', 'pending', 'unsubscribed', 'redacted'], {0}.state)"
# Of several rows about the same the one that counts; then it meets what is stored by the same rule (rules.supersedes).
_CURRENT = text(
    "INSERT INTO consent (tenant_id, id, identifier_id, channel, purpose, store_id, state, text_version, source, at)"
    " SELECT DISTINCT ON (r.identifier_id, r.channel, r.purpose, r.store_id) :tenant_id, r.*"
    f" {_ROWS} ORDER BY r.identifier_id, r.channel, r.purpose, r.store_id, r.at DESC, {_LESS.format('r')} DESC"
    " ON CONFLICT (tenant_id, identifier_id, channel, purpose, store_id) DO UPDATE SET state = excluded.state,"
    " text_version = excluded.text_version, source = excluded.source, at = excluded.at"
    f" WHERE (excluded.at, {_LESS.format('excluded')}) > (consent.at, {_LESS.format('consent')})"
    " RETURNING identifier_id, channel, purpose, store_id, state, text_version, source, at"
)


async def record_decisions(
    session: Session, tenant_id: TenantId, decisions: Sequence[Decision], now: datetime
) -> list[Decision]:
    """Append each decision to the history, once, and put in force those that supersede what is; returns the latter.

    Two statements, however many there are. Locks the rows of `consent` in the order of their keys.
    """
    if not decisions:
        return []
    rows = _columns(decisions) | {"tenant_id": tenant_id}
    await session.execute(_HISTORY, rows | {"now": now})
    return [_decision(row) for row in await session.execute(_CURRENT, rows)]


def _columns(decisions: Sequence[Decision]) -> dict[str, list[Any]]:
    return {
        "ids": [
            derived_time_id(d.at, d.identifier_id, d.channel, d.purpose, d.store_id, d.state, d.text_version, d.source)
            for d in decisions
        ],
        "identifier_ids": [d.identifier_id for d in decisions],
        "channels": [d.channel.value for d in decisions],
        "purposes": [d.purpose.value for d in decisions],
        "store_ids": [d.store_id for d in decisions],
        "states": [d.state.value for d in decisions],
        "text_versions": [d.text_version for d in decisions],
        "sources": [d.source for d in decisions],
        "ats": [d.at for d in decisions],
    }


def _decision(row: Any) -> Decision:
    return Decision(
        identifier_id=row.identifier_id,
        channel=Channel(row.channel),
        purpose=Purpose(row.purpose),
        store_id=row.store_id,
        state=ConsentState(row.state),
        text_version=row.text_version,
        source=row.source,
        at=row.at,
    )


_DECISIONS = text(
    "SELECT i.profile_id, c.identifier_id, c.channel, c.purpose, c.store_id, c.state, c.text_version, c.source, c.at"
    " FROM identifier i JOIN consent c ON c.tenant_id = i.tenant_id AND c.identifier_id = i.id"
    " WHERE i.tenant_id = :tenant_id AND i.profile_id = ANY(CAST(:profiles AS uuid[]))"
    " ORDER BY c.channel, c.purpose, c.store_id, c.identifier_id"
)
_HOLDS = text(
    "SELECT i.profile_id, h.paused_until, h.stopped_at"
    " FROM identifier i JOIN consent_hold h ON h.tenant_id = i.tenant_id AND h.identifier_id = i.id"
    " WHERE i.tenant_id = :tenant_id AND i.profile_id = ANY(CAST(:profiles AS uuid[]))"
)
_POINTS = text(
    "SELECT i.profile_id, p.identifier_id, p.channel, p.state"
    " FROM identifier i JOIN contact_point p ON p.tenant_id = i.tenant_id AND p.identifier_id = i.id"
    " WHERE i.tenant_id = :tenant_id AND i.profile_id = ANY(CAST(:profiles AS uuid[]))"
)


async def list_standings(session: Session, tenant_id: TenantId, profile_ids: Collection[UUID]) -> dict[UUID, Standing]:
    """What was decided by each of these people, their holds and addresses; all of them are in the answer."""
    asked = {"tenant_id": tenant_id, "profiles": list(profile_ids)}
    decisions: dict[UUID, list[Decision]] = {id_: [] for id_ in profile_ids}
    holds: dict[UUID, list[Hold]] = {id_: [] for id_ in profile_ids}
    points: dict[UUID, dict[tuple[UUID, Channel], PointState]] = {id_: {} for id_ in profile_ids}
    for row in await session.execute(_DECISIONS, asked):
        decisions[row.profile_id].append(_decision(row))
    for row in await session.execute(_HOLDS, asked):
        holds[row.profile_id].append(Hold(row.paused_until, row.stopped_at))
    for row in await session.execute(_POINTS, asked):
        points[row.profile_id][row.identifier_id, Channel(row.channel)] = PointState(row.state)
    return {id_: Standing(decisions[id_], holds[id_], points[id_]) for id_ in profile_ids}


async def list_pending(session: Session, tenant_id: TenantId, identifier_id: UUID, channel: Channel) -> list[Decision]:
    """What the person of this id agreed to for a channel and has yet to confirm."""
    rows = await session.execute(
        text(
            "SELECT c.identifier_id, c.channel, c.purpose, c.store_id, c.state, c.text_version, c.source, c.at"
            " FROM identifier i JOIN identifier o ON o.tenant_id = i.tenant_id AND o.profile_id = i.profile_id"
            " JOIN consent c ON c.tenant_id = o.tenant_id AND c.identifier_id = o.id"
            " WHERE i.tenant_id = :tenant_id AND i.id = :id AND c.channel = :channel AND c.state = 'pending'"
        ),
        {"tenant_id": tenant_id, "id": identifier_id, "channel": channel.value},
    )
    return [_decision(row) for row in rows]


async def list_consent_history(
    session: Session,
    tenant_id: TenantId,
    profile_id: UUID,
    *,
    store_ids: Collection[UUID] | None,
    after: UUID | None,
    limit: int,
) -> Sequence[ConsentHistory]:
    """Every decision of a person, the newest first, below `after`; with `store_ids` only those about these stores."""
    ids = text("SELECT id FROM identifier WHERE tenant_id = :tenant_id AND profile_id = :profile_id")
    found = await session.execute(ids, {"tenant_id": tenant_id, "profile_id": profile_id})
    query = select(ConsentHistory).where(
        ConsentHistory.tenant_id == tenant_id, ConsentHistory.identifier_id.in_(found.scalars().all())
    )
    if store_ids is not None:
        query = query.where(ConsentHistory.store_id.in_(store_ids))
    if after is not None:
        query = query.where(ConsentHistory.id < after)
    return (await session.execute(query.order_by(ConsentHistory.id.desc()).limit(limit))).scalars().all()


async def set_holds(
    session: Session,
    tenant_id: TenantId,
    identifier_ids: Collection[UUID],
    *,
    paused_until: datetime | None,
    stopped_at: datetime | None,
    source: str,
    now: datetime,
) -> None:
    """Pause ids until a moment (None: no longer); a `stopped_at` is added, never taken away."""
    await session.execute(
        text(
            "INSERT INTO consent_hold (tenant_id, identifier_id, paused_until, stopped_at, source, changed_at)"
            " SELECT :tenant_id, id, :paused_until, :stopped_at, :source, :now FROM unnest(CAST(:ids AS uuid[])) id"
            " ORDER BY id ON CONFLICT (tenant_id, identifier_id) DO UPDATE SET"
            " paused_until = excluded.paused_until, source = excluded.source, changed_at = excluded.changed_at,"
            " stopped_at = GREATEST(consent_hold.stopped_at, excluded.stopped_at)"
        ),
        {
            "tenant_id": tenant_id,
            "ids": list(identifier_ids),
            "paused_until": paused_until,
            "stopped_at": stopped_at,
            "source": source,
            "now": now,
        },
    )


async def list_identifiers_of(session: Session, tenant_id: TenantId, profile_id: UUID) -> list[UUID]:
    """The ids of a person, locked FOR KEY SHARE, so that what hangs on them is not erased meanwhile."""
    rows = await session.execute(
        text(
            "SELECT id FROM identifier WHERE tenant_id = :tenant_id AND profile_id = :profile_id ORDER BY id"
            " FOR KEY SHARE"
        ),
        {"tenant_id": tenant_id, "profile_id": profile_id},
    )
    return list(rows.scalars())


async def check_customer(session: Session, tenant_id: TenantId, profile_id: UUID, store_ids: Collection[UUID]) -> None:
    """NotFound unless the person is a customer of one of these stores."""
    rows = await session.execute(
        text(
            "SELECT 1 FROM identifier i JOIN store_profile s ON s.tenant_id = i.tenant_id AND s.identifier_id = i.id"
            " WHERE i.tenant_id = :tenant_id AND i.profile_id = :profile_id"
            " AND s.store_id = ANY(CAST(:stores AS uuid[])) LIMIT 1"
        ),
        {"tenant_id": tenant_id, "profile_id": profile_id, "stores": list(store_ids)},
    )
    if rows.scalar_one_or_none() is None:
        raise errors.NotFound(f"profile {profile_id} does not exist")


# All that a person decided about pushes, and the holds on their ids, as one JSON value of the device `d`; null:
# nothing, as for most. A sub-query, because it is asked for every push, and answered from two small indexes.
PUSH_WISHES = (
    "CASE WHEN d.profile_id IS NULL THEN NULL ELSE (SELECT jsonb_agg(w) FROM (SELECT jsonb_build_array("
    "c.identifier_id, c.store_id, c.state, c.at) AS w FROM identifier i JOIN consent c ON c.tenant_id = i.tenant_id"
    " AND c.identifier_id = i.id AND c.channel IN ('push', 'web_push') AND c.purpose = 'marketing'"
    " WHERE i.tenant_id = d.tenant_id AND i.profile_id = d.profile_id"
    " UNION ALL SELECT jsonb_build_array(h.paused_until, h.stopped_at) FROM identifier i JOIN consent_hold h"
    " ON h.tenant_id = i.tenant_id AND h.identifier_id = i.id"
    " WHERE i.tenant_id = d.tenant_id AND i.profile_id = d.profile_id) found) END"
)
