"""SQL of contact points: whether addresses reach their person, codes that prove them, links to the preference page."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from sqlalchemy import delete, select, text
from sqlalchemy.dialects.postgresql import insert

from geoengage.kit import errors
from geoengage.kit.db import Session
from geoengage.kit.ids import TenantId
from geoengage.profiles.models.consents import ContactPoint, ContactProof, PreferenceLink
from geoengage.profiles.rules.consents import Channel, PointState


@dataclass(frozen=True, slots=True)
class Address:
    """An id of a person that is an address, with what is known of it by channel."""

    identifier_id: UUID
    kind: str
    value: str
    points: dict[Channel, ContactPoint]


async def list_addresses(session: Session, tenant_id: TenantId, profile_id: UUID) -> list[Address]:
    """The e-mail addresses and phone numbers of a person."""
    rows = await session.execute(
        text(
            "SELECT id, kind, value FROM identifier WHERE tenant_id = :tenant_id AND profile_id = :profile_id"
            " AND kind IN ('email', 'phone') ORDER BY kind, id"
        ),
        {"tenant_id": tenant_id, "profile_id": profile_id},
    )
    found = {row.id: Address(row.id, row.kind, row.value, {}) for row in rows}
    query = select(ContactPoint).where(ContactPoint.tenant_id == tenant_id, ContactPoint.identifier_id.in_(found))
    for point in (await session.execute(query)).scalars():
        found[point.identifier_id].points[Channel(point.channel)] = point
    return list(found.values())


async def get_address(session: Session, tenant_id: TenantId, profile_id: UUID, identifier_id: UUID) -> tuple[str, str]:
    """Kind and value of one id of a person, kept from being erased until the commit; NotFound for another's."""
    row = await session.execute(
        text(
            "SELECT kind, value FROM identifier WHERE tenant_id = :tenant_id AND profile_id = :profile_id"
            " AND id = :id FOR KEY SHARE"
        ),
        {"tenant_id": tenant_id, "profile_id": profile_id, "id": identifier_id},
    )
    found = row.one_or_none()
    if found is None:
        raise errors.NotFound(f"this person has no id {identifier_id}")
    return found.kind, found.value


async def lock_point(
    session: Session, tenant_id: TenantId, identifier_id: UUID, channel: Channel
) -> ContactPoint | None:
    """What is known of an address, locked; None: nothing."""
    query = select(ContactPoint).where(
        ContactPoint.tenant_id == tenant_id,
        ContactPoint.identifier_id == identifier_id,
        ContactPoint.channel == channel,
    )
    return (await session.execute(query.with_for_update(key_share=True))).scalar_one_or_none()


async def put_point(
    session: Session,
    tenant_id: TenantId,
    identifier_id: UUID,
    channel: Channel,
    state: PointState,
    *,
    reason: str | None,
    source: str,
    now: datetime,
) -> None:
    """Say what is known of an address from now on."""
    values = {"state": state.value, "reason": reason, "source": source, "changed_at": now}
    if state is PointState.REACHABLE:
        values["proven_at"] = now
    statement = insert(ContactPoint).values(
        tenant_id=tenant_id, identifier_id=identifier_id, channel=channel.value, **values
    )
    await session.execute(
        statement.on_conflict_do_update(index_elements=["tenant_id", "identifier_id", "channel"], set_=values)
    )


async def insert_points(
    session: Session,
    tenant_id: TenantId,
    points: Sequence[tuple[UUID, Channel, PointState]],
    *,
    source: str,
    now: datetime,
) -> None:
    """Note many addresses at once. Those known keep their state, but that a proof lifts `unproven` and `bounced`."""
    if not points:
        return
    await session.execute(
        text(
            "INSERT INTO contact_point (tenant_id, identifier_id, channel, state, source, changed_at, proven_at)"
            " SELECT DISTINCT ON (r.id, r.channel) :tenant_id, r.id, r.channel, r.state, :source, :now,"
            " CASE WHEN r.state = 'reachable' THEN CAST(:now AS timestamptz) END"
            " FROM unnest(CAST(:ids AS uuid[]), CAST(:channels AS text[]), CAST(:states AS text[]))"
            " AS r (id, channel, state) ORDER BY r.id, r.channel, r.state"
            " ON CONFLICT (tenant_id, identifier_id, channel) DO UPDATE SET state = excluded.state,"
            " source = excluded.source, changed_at = excluded.changed_at, proven_at = excluded.proven_at"
            " WHERE excluded.state = 'reachable' AND contact_point.state IN ('unproven', 'bounced')"
        ),
        {
            "tenant_id": tenant_id,
            "ids": [id_ for id_, _, _ in points],
            "channels": [channel.value for _, channel, _ in points],
            "states": [state.value for _, _, state in points],
            "source": source,
            "now": now,
        },
    )


# --- proof --------------------------------------------------------------------------------------------------------


async def put_proof(session: Session, tenant_id: TenantId, proof: ContactProof) -> None:
    """Ask for proof of an address anew; a code asked for before is void."""
    proof.tenant_id = tenant_id
    await session.execute(
        delete(ContactProof).where(
            ContactProof.tenant_id == tenant_id,
            ContactProof.identifier_id == proof.identifier_id,
            ContactProof.channel == proof.channel,
        )
    )
    session.add(proof)
    await session.flush()


async def lock_proof(
    session: Session,
    tenant_id: TenantId,
    now: datetime,
    *,
    proof_id: UUID | None = None,
    address: tuple[UUID, Channel] | None = None,
) -> ContactProof | None:
    """A proof that is waited for, by its id or by its address, locked; None when there is none (any more)."""
    query = select(ContactProof).where(ContactProof.tenant_id == tenant_id, ContactProof.expires_at > now)
    if proof_id is not None:
        query = query.where(ContactProof.id == proof_id)
    if address is not None:
        query = query.where(ContactProof.identifier_id == address[0], ContactProof.channel == address[1])
    return (await session.execute(query.with_for_update(key_share=True))).scalar_one_or_none()


async def delete_proof(session: Session, tenant_id: TenantId, proof_id: UUID) -> None:
    """It was used, or guessed at too often."""
    await session.execute(delete(ContactProof).where(ContactProof.tenant_id == tenant_id, ContactProof.id == proof_id))


# --- preference links ---------------------------------------------------------------------------------------------


async def insert_link(session: Session, tenant_id: TenantId, link: PreferenceLink) -> None:
    """Store a new link."""
    link.tenant_id = tenant_id
    session.add(link)
    await session.flush()


async def find_link(session: Session, tenant_id: TenantId, link_id: UUID, now: datetime) -> PreferenceLink | None:
    """A link that works; None when it has ended, was revoked, or its person is erased."""
    query = select(PreferenceLink).where(
        PreferenceLink.tenant_id == tenant_id,
        PreferenceLink.id == link_id,
        PreferenceLink.expires_at > now,
        PreferenceLink.revoked_at.is_(None),
    )
    return (await session.execute(query)).scalar_one_or_none()


async def revoke_links(session: Session, tenant_id: TenantId, profile_id: UUID, now: datetime) -> int:
    """Revoke every link of a person; returns how many that were."""
    result = await session.execute(
        text(
            "UPDATE preference_link l SET revoked_at = :now FROM identifier i WHERE l.tenant_id = :tenant_id"
            " AND i.tenant_id = l.tenant_id AND i.id = l.identifier_id AND i.profile_id = :profile_id"
            " AND l.revoked_at IS NULL"
        ),
        {"tenant_id": tenant_id, "profile_id": profile_id, "now": now},
    )
    return int(getattr(result, "rowcount", 0))
