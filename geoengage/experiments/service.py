"""Who takes part in a campaign's experiment: noted once, from what the ledger tells of decided messages.

What became of a message later changes nothing: whoever was meant to be sent something counts as sent to (intention to
treat), for of the holdout nobody knows whose phone would have been off.
"""

from collections.abc import Sequence
from datetime import datetime
from uuid import UUID

from geoengage.experiments import store
from geoengage.experiments.rules import Side, takes_part
from geoengage.experiments.store import Decided
from geoengage.kit.db import Session
from geoengage.kit.event_base import payload_uuid
from geoengage.kit.events import Recorded
from geoengage.kit.ids import TenantId
from geoengage.messaging.rules import Blocker, Status, in_holdout

WANTED = frozenset({"message.changed"})
_MEANT = frozenset({Status.QUEUED.value, Status.MISCONFIGURED.value})


async def on_messages(session: Session, tenant_id: TenantId, recorded: Sequence[Recorded], now: datetime) -> None:
    """Note the sides of people about whom a campaign has decided for the first time."""
    status: dict[UUID, str] = {}
    for event in recorded:
        if event.payload["campaign_id"] and event.payload["status"] in {*_MEANT, Status.SKIPPED.value}:
            message_id = payload_uuid(event.payload, "message_id")
            if message_id is not None:
                status.setdefault(message_id, event.payload["status"])
    if not status:
        return
    decided = await store.hold_decided(session, tenant_id, list(status))
    # Whether a message was queued is in the ledger alone: its row may have been skipped since.
    queued = {id_ for id_, what in status.items() if what in _MEANT}
    sides = [(each, side) for each in decided if (side := _side(tenant_id, each, was_queued=each.id in queued))]
    first: dict[tuple[UUID, UUID], tuple[Decided, str]] = {}
    for each, side in sorted(sides, key=lambda pair: pair[0].id):
        first.setdefault((each.campaign_id, each.person_id), (each, side))
    if first:
        await store.insert_people(session, tenant_id, list(first.values()))


def _side(tenant_id: TenantId, decided: Decided, *, was_queued: bool) -> Side | None:
    if was_queued:
        return Side.SENT
    if not takes_part(decided.blockers):
        return None
    if Blocker.HOLDOUT not in decided.blockers:
        return Side.SENT
    if in_holdout(tenant_id, decided.person_id, decided.holdout_percent):
        return Side.TENANT_HOLDOUT
    return Side.CAMPAIGN_HOLDOUT
