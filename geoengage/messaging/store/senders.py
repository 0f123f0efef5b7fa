"""SQL of senders: the Firebase accounts of apps, and what all workers share about pauses and rates."""

from collections.abc import Collection
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from sqlalchemy import delete, select, text, update
from sqlalchemy.dialects.postgresql import insert

from geoengage.kit import pgarrays
from geoengage.kit.db import Later, Session, pipelined, send
from geoengage.kit.ids import TenantId
from geoengage.kit.trips import Answer
from geoengage.messaging.models import EmailSender, FirebaseSender
from geoengage.messaging.phone_models import PhoneSender
from geoengage.messaging.rules import Bucket, Paused, Route, SenderStatus


@dataclass(frozen=True, slots=True)
class FirebaseAccount:
    """An app's sender without its secret."""

    app_id: UUID
    revision: UUID
    project_id: str
    status: str


_ACCOUNTS = "SELECT app_id, revision, project_id, status FROM firebase_sender WHERE tenant_id = :tenant_id"


async def list_firebase_senders(
    session: Session, tenant_id: TenantId, app_ids: Collection[UUID]
) -> list[FirebaseAccount]:
    """The senders of those of these apps that have their own. Takes no lock."""
    of_these = {"tenant_id": tenant_id, "app_ids": pgarrays.uuids(app_ids)}
    return _accounts(await send(session, _ACCOUNTS + " AND app_id = ANY(:app_ids)", of_these))


async def ask_firebase_senders(
    session: Session, tenant_id: TenantId, device_ids: Collection[UUID]
) -> Later[list[FirebaseAccount]]:
    """The same of these devices' apps, in a trip with other statements."""
    found = await send(
        session,
        f"{_ACCOUNTS} AND app_id IN (SELECT app_id FROM device WHERE tenant_id = :tenant_id AND id = ANY(:ids))",  # noqa: S608
        {"tenant_id": tenant_id, "ids": pgarrays.uuids(device_ids)},
    )
    return Later(found, _accounts)


def _accounts(found: Answer) -> list[FirebaseAccount]:
    return [FirebaseAccount(*row) for row in found.rows]


async def get_sealed_account(session: Session, tenant_id: TenantId, app_id: UUID) -> bytes:
    """The encrypted service account of an app that has one."""
    query = select(FirebaseSender.sealed).where(FirebaseSender.tenant_id == tenant_id, FirebaseSender.app_id == app_id)
    return (await session.execute(query)).scalar_one()


async def find_firebase_sender(session: Session, tenant_id: TenantId, app_id: UUID) -> FirebaseSender | None:
    """An app's own sender, read afresh; None when it has none."""
    query = select(FirebaseSender).where(FirebaseSender.tenant_id == tenant_id, FirebaseSender.app_id == app_id)
    return (await session.execute(query.execution_options(populate_existing=True))).scalar_one_or_none()


async def upsert_firebase_sender(session: Session, tenant_id: TenantId, sender: FirebaseSender) -> None:
    """Store an app's credentials in the place of those it had."""
    names = ("revision", "project_id", "client_email", "sealed", "status", "since", "checked_at", "detail")
    values = {name: getattr(sender, name) for name in names}
    statement = insert(FirebaseSender).values(tenant_id=tenant_id, app_id=sender.app_id, **values)
    await session.execute(statement.on_conflict_do_update(index_elements=["tenant_id", "app_id"], set_=values))


async def delete_firebase_sender(session: Session, tenant_id: TenantId, app_id: UUID) -> bool:
    """Forget an app's credentials; False when it had none."""
    gone = await session.execute(
        delete(FirebaseSender)
        .where(FirebaseSender.tenant_id == tenant_id, FirebaseSender.app_id == app_id)
        .returning(FirebaseSender.app_id)
    )
    return gone.scalar() is not None


_ROWS: dict[str, type[FirebaseSender] | type[EmailSender] | type[PhoneSender]] = {
    "firebase": FirebaseSender,
    "email": EmailSender,
    "phone": PhoneSender,
}


async def set_sender_status(
    session: Session,
    tenant_id: TenantId,
    owner_id: UUID,
    revision: UUID,
    status: SenderStatus | None,
    detail: str | None,
    now: datetime,
    *,
    kind: str = "firebase",
) -> None:
    """Note what was found of credentials; nothing when others were put meanwhile. `since` moves with the status.

    `status` None: nothing was proved, only asked. `kind`: `firebase` and `email` of an app, `phone` by its own id.
    """
    changed = {} if status is None else {"status": status.value, "detail": detail}
    row = _ROWS[kind]
    owner = row.id if issubclass(row, PhoneSender) else row.app_id
    of_it = (row.tenant_id == tenant_id, owner == owner_id, row.revision == revision)
    if status is not None:
        await session.execute(update(row).where(*of_it, row.status != status.value).values(since=now))
    await session.execute(update(row).where(*of_it).values(checked_at=now, **changed))


# --- pauses ------------------------------------------------------------------------------------------------------


async def list_pauses(
    session: Session, tenant_id: TenantId, routes: Collection[Route], now: datetime
) -> dict[Route, Paused]:
    """Those of these routes, of the tenant or of the installation, that are paused now."""
    found = await send(
        session,
        "SELECT p.tenant_id, p.route, p.paused_until, p.reason, p.answer FROM sender_pace p"
        " JOIN unnest(CAST(:tenants AS uuid[]), CAST(:names AS text[])) AS w (tenant_id, route)"
        " ON p.tenant_id = w.tenant_id AND p.route = w.route"
        " WHERE p.paused_until > :now AND p.tenant_id IN (:tenant_id, :installation)",
        {
            "tenant_id": tenant_id,
            "installation": UUID(int=0),
            "tenants": pgarrays.uuids(r.tenant_id for r in routes),
            "names": pgarrays.texts(r.name for r in routes),
            "now": now,
        },
    )
    return {Route(row[0], row[1]): Paused(*row[2:]) for row in found.rows}


async def ask_pauses(session: Session, tenant_id: TenantId, now: datetime) -> Later[dict[Route, Paused]]:
    """All routes of the tenant and of the installation that are paused now, in a trip with other statements."""
    found = await send(
        session,
        "SELECT tenant_id, route, paused_until, reason, answer FROM sender_pace"
        " WHERE paused_until > :now AND tenant_id IN (:tenant_id, :installation)",
        {"tenant_id": tenant_id, "installation": UUID(int=0), "now": now},
    )
    return Later(found, lambda answer: {Route(row[0], row[1]): Paused(*row[2:]) for row in answer.rows})


async def pause_route(session: Session, tenant_id: TenantId, name: str, pause: Paused) -> None:
    """Leave a route alone until then, or longer if that was said before. Afterwards its rate rises anew."""
    await session.execute(
        text("""
INSERT INTO sender_pace AS p (tenant_id, route, paused_until, reason, answer, ramp_from)
VALUES (:tenant_id, :route, :until, :reason, :answer, :until)
ON CONFLICT (tenant_id, route) DO UPDATE SET reason = excluded.reason, answer = excluded.answer,
  paused_until = greatest(p.paused_until, excluded.paused_until),
  ramp_from = greatest(p.ramp_from, excluded.ramp_from)
"""),
        {"tenant_id": tenant_id, "route": name, "until": pause.until, "reason": pause.reason, "answer": pause.answer},
    )


async def lift_pauses(session: Session, tenant_id: TenantId, app_id: UUID, *, account: str = "account") -> None:
    """Credentials were mended or changed: try them at once. `account`: `mail` for those of an app's mail server,
    `phone` for an account of WhatsApp, SMS or Viber (by its own id)."""
    await session.execute(
        text(
            "UPDATE sender_pace SET paused_until = NULL WHERE tenant_id = :tenant_id"
            " AND (route = :account OR starts_with(route, :account || '/'))"
        ),
        {"tenant_id": tenant_id, "account": f"{account}:{app_id}"},
    )


# --- rates -------------------------------------------------------------------------------------------------------


async def lock_bucket(session: Session, tenant_id: TenantId, name: str) -> Bucket | None:
    """A route's bucket, locked until the commit; None when nobody has drawn from it yet (the row is there then)."""
    parameters = {"tenant_id": tenant_id, "route": name}
    async with pipelined(session):
        await send(
            session,
            "INSERT INTO sender_pace (tenant_id, route) VALUES (:tenant_id, :route) ON CONFLICT DO NOTHING",
            parameters,
        )
        found = await send(
            session,
            "SELECT tokens, drawn_at, coalesce(ramp_from, drawn_at) FROM sender_pace"
            " WHERE tenant_id = :tenant_id AND route = :route FOR NO KEY UPDATE",
            parameters,
        )
    ((tokens, drawn_at, ramp_from),) = found.rows
    return None if drawn_at is None else Bucket(tokens, drawn_at, ramp_from)


async def set_bucket(session: Session, tenant_id: TenantId, name: str, bucket: Bucket) -> None:
    """Write back a locked bucket; nothing may follow in the transaction."""
    async with pipelined(session, last=True):
        await send(
            session,
            "UPDATE sender_pace SET tokens = :tokens, drawn_at = :drawn_at, ramp_from = :ramp_from"
            " WHERE tenant_id = :tenant_id AND route = :route",
            {
                "tenant_id": tenant_id,
                "route": name,
                "tokens": bucket.tokens,
                "drawn_at": bucket.drawn_at,
                "ramp_from": bucket.ramp_from,
            },
        )
