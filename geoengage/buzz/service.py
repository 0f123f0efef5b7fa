"""What the worker does about operators' phones: plan what they are told, claim it, write down what became of it."""

from collections.abc import Sequence
from datetime import datetime

from geoengage.buzz import store
from geoengage.buzz.rules import LIVES, Due, Verdict, is_worth_it
from geoengage.kit.db import Session
from geoengage.kit.event_base import Recorded, payload_uuid, type_of
from geoengage.kit.ids import TenantId
from geoengage.messaging.rules.replies import ReplyReceived
from geoengage.tenancy import store as tenancy_store

WANTED = frozenset({type_of(ReplyReceived)})


async def on_replies(session: Session, tenant_id: TenantId, recorded: Sequence[Recorded], now: datetime) -> None:
    """Somebody wrote to stores: plan that phones are told. What came long ago, or to no store, is in the lists only."""
    newest = {
        store_id: one.position
        for one in recorded
        if (store_id := payload_uuid(one.payload, "store_id")) is not None and now - one.recorded_at < LIVES
    }
    if newest:
        await store.plan(session, tenant_id, newest, now)


async def claim(session: Session, tenant_id: TenantId, now: datetime, until: datetime, limit: int) -> list[Due]:
    """What is told now and by nobody else before `until`; what is not worth it any more is let go.

    Whether the operator may hear of it, and whether anything waits, is asked here: nothing lies between this and the
    socket but the commit.
    """
    found = await store.claim_due(session, tenant_id, now, limit)
    taken = [due for due in found if is_worth_it(due, now)]
    await store.drop(session, tenant_id, [due for due in found if due not in taken])
    await store.lease(session, tenant_id, taken, until)
    return taken


async def record(
    session: Session, tenant_id: TenantId, due: Due, verdict: Verdict, leased: datetime, now: datetime
) -> None:
    """Write down what became of a try; a phone whose subscription is dead is forgotten."""
    if verdict.is_gone:
        await tenancy_store.delete_phones(session, tenant_id, [due.phone_id])
        return
    await tenancy_store.note_phone(session, tenant_id, due.phone_id, now, failed_why=verdict.failed_why)
    await store.settle(session, tenant_id, due, verdict, leased, now)
