"""SQL of file imports: the imports and their progress, error lines, saved mappings, alerts of the drop folder."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any
from uuid import UUID

from sqlalchemy import ColumnElement, delete, select, text, update
from sqlalchemy.dialects.postgresql import insert

from geoengage.ingest.files.models import DataImport, DataImportError, ImportAlert, ImportMapping
from geoengage.ingest.files.rules.kinds import FileKind
from geoengage.ingest.files.rules.rows import Flaw
from geoengage.kit import errors
from geoengage.kit.db import Session
from geoengage.kit.ids import TenantId

MOST_ERRORS = 100_000  # of one import are kept; more are only counted
ENDED = ("done", "cancelled", "failed")


async def insert_import(session: Session, tenant_id: TenantId, row: DataImport) -> bool:
    """Store a new import; False when one with its id is there already (a file of the drop folder that is known)."""
    row.tenant_id = tenant_id
    columns = {c.key: v for c in DataImport.__table__.columns if (v := getattr(row, c.key)) is not None}
    query = insert(DataImport).values(**columns).on_conflict_do_nothing().returning(DataImport.id)
    return (await session.execute(query)).scalar() is not None


async def get_import(
    session: Session, tenant_id: TenantId, import_id: UUID, *, within: frozenset[UUID] | None = None, lock: bool = False
) -> DataImport:
    """An import of the tenant; NotFound when there is none, or none that whoever sees the stores `within` may see.

    `lock` takes FOR NO KEY UPDATE.
    """
    query = select(DataImport).where(DataImport.tenant_id == tenant_id, DataImport.id == import_id, *_seen_by(within))
    query = query.execution_options(populate_existing=True)
    row = (await session.execute(query.with_for_update(key_share=True) if lock else query)).scalar_one_or_none()
    if row is None:
        raise errors.NotFound(f"there is no import {import_id}")
    return row


def _seen_by(within: frozenset[UUID] | None) -> list[ColumnElement[bool]]:
    """A credential restricted to stores sees what was imported for its own stores alone."""
    if within is None:
        return []
    return [DataImport.store_ids.is_not(None), DataImport.store_ids.contained_by(list(within))]


async def list_imports(
    session: Session,
    tenant_id: TenantId,
    *,
    before: UUID | None,
    limit: int,
    within: frozenset[UUID] | None,
    kinds: Sequence[FileKind],
) -> Sequence[DataImport]:
    """Imports of these kinds, newest first (their ids sort by time), below `before`."""
    query = select(DataImport).where(DataImport.tenant_id == tenant_id, DataImport.kind.in_(kinds), *_seen_by(within))
    if before is not None:
        query = query.where(DataImport.id < before)
    return (await session.execute(query.order_by(DataImport.id.desc()).limit(limit))).scalars().all()


async def find_first_sent(session: Session, tenant_id: TenantId, kind: FileKind, digest: str) -> datetime | None:
    """When the same bytes came for the first time as that kind; None when they never did."""
    query = (
        select(DataImport.sent_at)
        .where(DataImport.tenant_id == tenant_id, DataImport.digest == digest, DataImport.kind == kind)
        .order_by(DataImport.sent_at)
        .limit(1)
    )
    return (await session.execute(query)).scalar()


async def find_unfinished(session: Session, tenant_id: TenantId, kind: FileKind, digest: str) -> DataImport | None:
    """The import of the same bytes that a command began and did not end."""
    query = select(DataImport).where(
        DataImport.tenant_id == tenant_id,
        DataImport.kind == kind,
        DataImport.digest == digest,
        DataImport.origin == "command",
        DataImport.status == "running",
    )
    return (await session.execute(query.order_by(DataImport.id.desc()).limit(1))).scalar()


async def store_ids(session: Session, tenant_id: TenantId) -> dict[str, UUID]:
    """All stores of the tenant by their external ids, and by their own."""
    rows = await session.execute(
        text("SELECT id, external_id FROM store WHERE tenant_id = :tenant_id"), {"tenant_id": tenant_id}
    )
    found: dict[str, UUID] = {}
    for id_, external_id in rows:
        found[str(id_)] = id_
        if external_id:
            found[external_id] = id_
    return found


# --- work ---------------------------------------------------------------------------------------------------------


async def claim_imports(session: Session, lease: UUID, now: datetime, until: datetime) -> list[tuple[TenantId, UUID]]:
    """The oldest import of each tenant that no other worker has (cross-tenant: to find work); it is ours `until`.

    One at a time a tenant: the orders of a night refer to the customers that came before them.
    """
    query = """
    UPDATE data_import d SET status = 'running', lease = :lease, lease_until = :until,
        started_at = coalesce(started_at, :now), updated_at = :now
    FROM (
      SELECT tenant_id, id FROM (
        SELECT DISTINCT ON (tenant_id) tenant_id, id, lease, lease_until FROM data_import
        WHERE status IN ('queued', 'running') AND origin <> 'command' ORDER BY tenant_id, queued_at, id
      ) first
      WHERE (lease_until IS NULL OR lease_until < :now OR lease = :lease)
    ) next
    WHERE d.tenant_id = next.tenant_id AND d.id = next.id AND d.status IN ('queued', 'running')
      AND (d.lease_until IS NULL OR d.lease_until < :now OR d.lease = :lease)
    RETURNING d.tenant_id, d.id
    """
    rows = await session.execute(text(query), {"lease": lease, "now": now, "until": until})
    return [(TenantId(tenant_id), id_) for tenant_id, id_ in rows]


async def release_imports(session: Session, lease: UUID) -> None:
    """Give up what a worker holds (cross-tenant: it stops)."""
    await session.execute(
        update(DataImport).where(DataImport.lease == lease, DataImport.status == "running").values(lease_until=None)
    )


async def insert_errors(
    session: Session, tenant_id: TenantId, import_id: UUID, before: int, flaws: Sequence[Flaw]
) -> None:
    """Keep error lines, numbered after the `before` that there are; those above MOST_ERRORS are dropped."""
    kept = flaws[: max(0, MOST_ERRORS - before)]
    if kept:
        rows = [
            {
                "tenant_id": tenant_id, "import_id": import_id, "number": before + i, "line": f.line,
                "column_name": f.column, "value": f.value, "reason": f.reason, "record": f.record,
            }
            for i, f in enumerate(kept, 1)
        ]  # fmt: skip
        await session.execute(insert(DataImportError), rows)


async def list_errors(
    session: Session, tenant_id: TenantId, import_id: UUID, after: int, limit: int
) -> Sequence[DataImportError]:
    """Error lines in the order of the file, above number `after`."""
    query = (
        select(DataImportError)
        .where(
            DataImportError.tenant_id == tenant_id,
            DataImportError.import_id == import_id,
            DataImportError.number > after,
        )
        .order_by(DataImportError.number)
        .limit(limit)
    )
    return (await session.execute(query)).scalars().all()


# --- mappings -----------------------------------------------------------------------------------------------------


async def find_mapping(session: Session, tenant_id: TenantId, kind: FileKind) -> ImportMapping | None:
    """What was decided for files of that kind; None when nothing was."""
    query = select(ImportMapping).where(ImportMapping.tenant_id == tenant_id, ImportMapping.kind == kind)
    return (await session.execute(query)).scalar_one_or_none()


async def put_mapping(
    session: Session,
    tenant_id: TenantId,
    kind: FileKind,
    values: tuple[Mapping[str, str], Mapping[str, Any]],
    *,
    by: str,
    now: datetime,
) -> None:
    """Remember mapping and options for files of that kind."""
    mapping, options = values
    columns = {"mapping": dict(mapping), "options": dict(options), "updated_at": now, "updated_by": by}
    await session.execute(
        insert(ImportMapping)
        .values(tenant_id=tenant_id, kind=kind, **columns)
        .on_conflict_do_update(index_elements=["tenant_id", "kind"], set_=columns)
    )


# --- the drop folder ----------------------------------------------------------------------------------------------


async def list_tenants(session: Session) -> list[tuple[TenantId, str, str]]:
    """Id, slug and time zone of every tenant (cross-tenant: the drop folder is one for all)."""
    rows = await session.execute(text("SELECT id, slug, timezone FROM tenant ORDER BY slug"))
    return [(TenantId(id_), slug, timezone) for id_, slug, timezone in rows]


@dataclass(frozen=True, slots=True)
class Arrival:
    """A file that came by itself and was imported."""

    at: datetime
    lines: int


async def list_arrivals(session: Session, tenant_id: TenantId, kind: FileKind, limit: int = 14) -> list[Arrival]:
    """The latest files of the drop folder that are done, newest first."""
    query = (
        select(DataImport.created_at, DataImport.lines_total)
        .where(
            DataImport.tenant_id == tenant_id,
            DataImport.kind == kind,
            DataImport.origin == "drop",
            DataImport.status == "done",
        )
        .order_by(DataImport.created_at.desc())
        .limit(limit)
    )
    return [Arrival(*row) for row in await session.execute(query)]


async def list_dropped(session: Session, tenant_id: TenantId, import_ids: Iterable[UUID]) -> dict[UUID, DataImport]:
    """Imports of the drop folder by id, of those that are known."""
    query = select(DataImport).where(DataImport.tenant_id == tenant_id, DataImport.id.in_(list(import_ids)))
    return {row.id: row for row in (await session.execute(query)).scalars()}


async def insert_alert(session: Session, tenant_id: TenantId, row: ImportAlert) -> bool:
    """Raise an alert; False when that one was raised for the same day already."""
    values = {
        "tenant_id": tenant_id, "id": row.id, "kind": row.kind, "reason": row.reason, "on_day": row.on_day,
        "detail": row.detail, "import_id": row.import_id, "at": row.at,
    }  # fmt: skip
    query = (
        insert(ImportAlert)
        .values(**values)
        .on_conflict_do_nothing(index_elements=["tenant_id", "kind", "reason", "on_day"])
    )
    return (await session.execute(query.returning(ImportAlert.id))).scalar() is not None


async def has_alert(session: Session, tenant_id: TenantId, kind: FileKind, reason: str, on_day: date) -> bool:
    """Whether that alert was raised for the day."""
    query = select(ImportAlert.id).where(
        ImportAlert.tenant_id == tenant_id,
        ImportAlert.kind == kind,
        ImportAlert.reason == reason,
        ImportAlert.on_day == on_day,
    )
    return (await session.execute(query)).first() is not None


async def resolve_alerts(
    session: Session, tenant_id: TenantId, kind: FileKind, now: datetime, *, import_id: UUID | None = None
) -> None:
    """A file of that kind has come, or (`import_id`) somebody has decided about the one."""
    which = ImportAlert.reason == "late" if import_id is None else ImportAlert.import_id == import_id
    await session.execute(
        update(ImportAlert)
        .where(ImportAlert.tenant_id == tenant_id, ImportAlert.kind == kind, ImportAlert.resolved_at.is_(None), which)
        .values(resolved_at=now)
    )


async def list_alerts(session: Session, tenant_id: TenantId, limit: int = 50) -> Sequence[ImportAlert]:
    """Alerts, newest first."""
    query = select(ImportAlert).where(ImportAlert.tenant_id == tenant_id).order_by(ImportAlert.id.desc()).limit(limit)
    return (await session.execute(query)).scalars().all()


# --- upkeep -------------------------------------------------------------------------------------------------------


async def list_forgotten(session: Session, before: datetime) -> list[str]:
    """Paths of uploads that nobody has started, and their imports cancelled (cross-tenant: retention)."""
    query = (
        update(DataImport)
        .where(
            DataImport.status.in_(("waiting", "held")), DataImport.origin == "upload", DataImport.created_at < before
        )
        .values(status="cancelled", reason="nobody started it", finished_at=before)
        .returning(DataImport.path)
    )
    return list((await session.execute(query)).scalars())


async def delete_old_errors(session: Session, before: datetime) -> None:
    """Let error lines go, which hold cells of people (cross-tenant: retention)."""
    ended = select(DataImport.id).where(
        DataImport.tenant_id == DataImportError.tenant_id,
        DataImport.id == DataImportError.import_id,
        DataImport.finished_at < before,
    )
    await session.execute(delete(DataImportError).where(ended.exists()))


# --- what was said before -----------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class SaidBefore:
    """The newest value of a trait that a source stated, and when."""

    value: Any
    at: datetime


Said = dict[tuple[UUID, str], SaidBefore]


async def traits_of(session: Session, tenant_id: TenantId, identifier_ids: Sequence[UUID], source: str) -> Said:
    """What a source has said about these ids, by id and name of the trait."""
    rows = await session.execute(
        text(
            "SELECT DISTINCT ON (identifier_id, name) identifier_id, name, value, at FROM trait"
            " WHERE tenant_id = :tenant_id AND identifier_id = ANY(CAST(:ids AS uuid[])) AND source = :source"
            " AND NOT is_claim ORDER BY identifier_id, name, at DESC"
        ),
        {"tenant_id": tenant_id, "ids": list(identifier_ids), "source": source},
    )
    return {(id_, name): SaidBefore(value, at) for id_, name, value, at in rows}


async def counts_of(
    session: Session, tenant_id: TenantId, store_ids_: Sequence[UUID], items: Sequence[str]
) -> dict[tuple[UUID, str], set[int]]:
    """Quantities in stock (thousandths), by store and each name of the variant: its id and sku, its product's id."""
    rows = await session.execute(
        text(
            "SELECT s.store_id, n.name, s.quantity_milli FROM product_variant v"
            " JOIN product p ON p.tenant_id = v.tenant_id AND p.id = v.product_id"
            " JOIN stock s ON s.tenant_id = v.tenant_id AND s.variant_id = v.id"
            " CROSS JOIN LATERAL (VALUES (v.external_id), (v.sku), (p.external_id)) AS n (name)"
            " WHERE v.tenant_id = :tenant_id AND s.store_id = ANY(CAST(:stores AS uuid[])) AND v.id IN ("
            "  SELECT id FROM product_variant WHERE tenant_id = :tenant_id AND external_id = ANY(:items)"
            "  UNION SELECT id FROM product_variant WHERE tenant_id = :tenant_id AND sku = ANY(:items)"
            "  UNION SELECT w.id FROM product q JOIN product_variant w ON w.tenant_id = q.tenant_id"
            "   AND w.product_id = q.id WHERE q.tenant_id = :tenant_id AND q.external_id = ANY(:items))"
        ),
        {"tenant_id": tenant_id, "stores": list(store_ids_), "items": list(items)},
    )
    found: dict[tuple[UUID, str], set[int]] = {}
    for store_id, name, quantity in rows:
        found.setdefault((store_id, name), set()).add(quantity)
    return found
