"""SQL of notes about people and of who has looked at whom. An id in `identifier` leads to the person that it is now."""

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

from sqlalchemy import Select, select, text
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.exc import IntegrityError

from geoengage.kit import errors
from geoengage.kit.db import Session, row_dict
from geoengage.kit.ids import TenantId
from geoengage.profiles.models import Identifier, Note, PersonAccess

KEPT = timedelta(days=30)  # how long one's own look-ups are listed
Stores = Collection[UUID] | None  # None: all of the tenant


@dataclass(frozen=True, slots=True)
class Subject:
    """A person whom somebody asks for. `identifier_id`: the id that what is written about them belongs to.

    `is_test`: nothing but test devices and ids that a test made; no order, no address.
    """

    profile_id: UUID
    identifier_id: UUID
    is_test: bool


async def get_subject(session: Session, tenant_id: TenantId, profile_id: UUID, stores: Stores) -> Subject:
    """The person, if they are a customer of one of the stores; NotFound else. Merged people are who they are now.

    For a store the id by which it knows them comes first, so that a note goes with its customer if people come apart.
    """
    found = await session.execute(
        _SUBJECT if stores is None else _CUSTOMER,
        {"tenant_id": tenant_id, "profile_id": profile_id} | ({} if stores is None else {"stores": list(stores)}),
    )
    row = found.one_or_none()
    if row is None:
        raise errors.NotFound(f"profile {profile_id} does not exist")
    return Subject(**row_dict(row))


# Whoever was merged is whom they were merged into, by however many steps.
_NOW = (
    "WITH RECURSIVE up (id, into_id) AS (SELECT id, merged_into FROM profile WHERE tenant_id = :tenant_id"
    " AND id = :profile_id UNION SELECT p.id, p.merged_into FROM up JOIN profile p ON p.tenant_id = :tenant_id"
    " AND p.id = up.into_id), asked AS (SELECT id FROM up WHERE into_id IS NULL)"
)
_TESTED = (
    " EXISTS (SELECT FROM device d WHERE d.tenant_id = :tenant_id AND d.profile_id = i.profile_id)"
    " AND NOT EXISTS (SELECT FROM device d WHERE d.tenant_id = :tenant_id AND d.profile_id = i.profile_id"
    " AND NOT d.is_test) AND NOT EXISTS (SELECT FROM identifier o WHERE o.tenant_id = :tenant_id"
    " AND o.profile_id = i.profile_id AND o.kind IN ('loyalty_card', 'email', 'phone')) AS is_test"
)
_PRIORITY = (
    " array_position(ARRAY['external_id', 'loyalty_card', 'source_id', 'email', 'phone', 'anonymous_id', 'claim'],"
    " i.kind), i.created_at, i.id LIMIT 1"
)
_SUBJECT = text(
    f"{_NOW} SELECT i.profile_id, i.id AS identifier_id,{_TESTED} FROM identifier i"  # noqa: S608 - constants
    f" JOIN asked ON asked.id = i.profile_id WHERE i.tenant_id = :tenant_id ORDER BY{_PRIORITY}"
)
_CUSTOMER = text(
    f"{_NOW} SELECT i.profile_id, i.id AS identifier_id,{_TESTED} FROM identifier i"  # noqa: S608 - constants
    " JOIN asked ON asked.id = i.profile_id"
    " JOIN store_profile s ON s.tenant_id = i.tenant_id AND s.identifier_id = i.id"
    f" WHERE i.tenant_id = :tenant_id AND s.store_id = ANY(CAST(:stores AS uuid[])) ORDER BY{_PRIORITY}"
)


# --- who looks at whom --------------------------------------------------------------------------------------------


async def upsert_access(session: Session, tenant_id: TenantId, access: dict[str, Any]) -> None:
    """Somebody looks at a person, from now until a moment; their look-ups of long ago are forgotten."""
    await session.execute(
        text("DELETE FROM person_access WHERE tenant_id = :tenant_id AND actor_id = :actor_id AND opened_at < :before"),
        {"tenant_id": tenant_id, "actor_id": access["actor_id"], "before": access["opened_at"] - KEPT},
    )
    statement = insert(PersonAccess).values(tenant_id=tenant_id, **access)
    values = {name: statement.excluded[name] for name in ("reason", "opened_at", "until")}
    keys = ["tenant_id", "actor_id", "identifier_id"]
    await session.execute(statement.on_conflict_do_update(index_elements=keys, set_=values))


async def find_access(
    session: Session, tenant_id: TenantId, actor_id: UUID, profile_id: UUID, now: datetime
) -> PersonAccess | None:
    """What lets somebody look at a person now: by whatever id of theirs it was opened."""
    query = (
        select(PersonAccess)
        .join(
            Identifier,
            (Identifier.tenant_id == PersonAccess.tenant_id) & (Identifier.id == PersonAccess.identifier_id),
        )
        .where(
            PersonAccess.tenant_id == tenant_id,
            PersonAccess.actor_id == actor_id,
            Identifier.profile_id == profile_id,
            PersonAccess.until > now,
        )
        .order_by(PersonAccess.until.desc())
        .limit(1)
    )
    return (await session.execute(query)).scalar_one_or_none()


# --- notes --------------------------------------------------------------------------------------------------------


def _notes(tenant_id: TenantId, stores: Stores) -> Select[Note]:
    query = select(Note).where(Note.tenant_id == tenant_id)
    return query if stores is None else query.where(Note.store_id.in_(stores))


async def list_notes(
    session: Session, tenant_id: TenantId, profile_id: UUID, stores: Stores, after: UUID | None, limit: int
) -> Sequence[Note]:
    """Notes about a person, the newest first, below `after`; of those stores only."""
    query = _notes(tenant_id, stores).join(
        Identifier, (Identifier.tenant_id == Note.tenant_id) & (Identifier.id == Note.identifier_id)
    )
    query = query.where(Identifier.profile_id == profile_id)
    if after is not None:
        query = query.where(Note.id < after)
    return (await session.execute(query.order_by(Note.id.desc()).limit(limit))).scalars().all()


async def get_note(session: Session, tenant_id: TenantId, note_id: UUID, stores: Stores, *, lock: bool = False) -> Note:
    """A note that one may read; NotFound else."""
    query = _notes(tenant_id, stores).where(Note.id == note_id)
    found = (await session.execute(query.with_for_update() if lock else query)).scalar_one_or_none()
    if found is None:
        raise errors.NotFound(f"note {note_id} does not exist")
    return found


async def insert_note(session: Session, tenant_id: TenantId, note: Note) -> None:
    """Keep a new note; NotFound when its store is not there."""
    note.tenant_id = tenant_id
    session.add(note)
    try:
        await session.flush()
    except IntegrityError as error:
        raise errors.NotFound(f"store {note.store_id} does not exist") from error


async def delete_note(session: Session, tenant_id: TenantId, note: Note) -> None:
    """Forget a note."""
    del tenant_id
    await session.delete(note)
    await session.flush()
