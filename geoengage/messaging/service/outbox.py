"""The outbox as other domains use it: drafts, budgets, gates, stop and resume, receipts, reactions to the ledger.

Reactions and gates never change a message: they make waiting ones due now, and the worker, which checks every message
just before it is sent, is the only one that skips a queued message.
"""

from collections.abc import Collection, Mapping, Sequence
from datetime import datetime
from typing import Any
from uuid import UUID

import msgspec

from geoengage.kit import errors, events
from geoengage.kit.db import Later, Session, pipelined
from geoengage.kit.event_base import Recorded, payload_uuid
from geoengage.kit.ids import TenantId, derived_time_id, id_time, new_id
from geoengage.messaging import store
from geoengage.messaging.rules import (
    TENANT_GATE,
    Budget,
    Draft,
    MessageChanged,
    Purpose,
    Send,
    SendingResumed,
    SendingStopped,
    Status,
    channel_order,
    in_order,
    wished_channels,
    zone_gate,
)
from geoengage.tenancy import store as tenancy_store
from geoengage.venues.rules import VenueChange


async def lock_budgets(
    session: Session, tenant_id: TenantId, person_ids: Sequence[UUID], now: datetime
) -> Mapping[UUID, Budget]:
    """The budgets of these people, locked in id order until the commit. Decide caps and cooldowns under this lock."""
    return (await ask_budgets(session, tenant_id, person_ids, now))()


async def ask_budgets(
    session: Session, tenant_id: TenantId, person_ids: Sequence[UUID], now: datetime
) -> Later[dict[UUID, Budget]]:
    """The same in a trip with other statements."""
    return await store.lock_budgets(session, tenant_id, person_ids, now)


async def enqueue(session: Session, tenant_id: TenantId, drafts: Sequence[Draft], now: datetime) -> list[UUID]:
    """Write drafts as messages, queued or (with blockers) skipped; returns the ids of those that are new.

    A draft whose (campaign, person, step, occurrence) was decided before is dropped. Queued ones that a campaign
    decided are spent from their people's budgets, which the caller holds (`lock_budgets`). Ends with the ledger: call
    it last.
    """
    orders = await _orders(session, tenant_id, drafts)
    rows = [_row(draft.id or new_id(now), draft, orders.get(draft.person_id)) for draft in drafts]
    fresh = await store.insert_messages(session, tenant_id, rows, now)
    rows = [row for row in rows if row["id"] in fresh]
    queued = [
        (row["person_id"], _spent(row, now)) for row in rows if row["status"] == Status.QUEUED and row["campaign_id"]
    ]
    async with pipelined(session, last=True):
        await store.spend_budgets(session, tenant_id, queued, now)
        await events.publish(session, tenant_id, [_changed(row, now) for row in rows], now)
    return [row["id"] for row in rows]


def _spent(row: dict[str, Any], now: datetime) -> Send:
    marketing = row["purpose"] == Purpose.MARKETING
    return Send(row["campaign_id"], row["id"], now, row["store_id"], marketing)


async def _orders(
    session: Session, tenant_id: TenantId, drafts: Sequence[Draft]
) -> dict[UUID, tuple[tuple[str, ...], tuple[str, ...]]]:
    """What people and their tenant prefer, for those who may be reached in more than one way."""
    people = sorted({draft.person_id for draft in drafts if len(draft.channels) > 1})
    if not people:
        return {}
    usual, known = await store.list_preferences(session, tenant_id, people)
    return {person: (wished_channels(known.get(person, {})), usual) for person in people}


def _row(id_: UUID, draft: Draft, order: tuple[tuple[str, ...], tuple[str, ...]] | None) -> dict[str, Any]:
    blockers = in_order(draft.blockers)
    status = Status.SKIPPED if blockers else Status.MISCONFIGURED if draft.fault else Status.QUEUED
    return {
        "id": id_,
        "device_id": draft.device_id,
        "person_id": draft.person_id,
        "campaign_id": draft.campaign_id,
        "store_id": draft.store_id,
        "zone_id": draft.zone_id,
        "zone_version": draft.zone_version,
        "visit_id": draft.visit_id,
        "outlives_visit": draft.outlives_visit,
        "event_id": draft.event_id,
        "purpose": str(draft.purpose),
        "channel": None,
        "channels": channel_order(draft.channels, *(order or ((), ()))),
        "email": None if draft.email is None else msgspec.to_builtins(draft.email),
        "card": None if draft.card is None else msgspec.to_builtins(draft.card),
        "status": str(status),
        "reason": str(blockers[0]) if blockers else draft.fault,
        "blockers": [str(b) for b in blockers],
        "gates": sorted({*draft.gates, TENANT_GATE}),
        "title": draft.title,
        "body": draft.body,
        "data": dict(draft.data),
        "push": msgspec.to_builtins(draft.push) or None,
        "wording": msgspec.to_builtins(draft.wording),
        "answering": msgspec.to_builtins(draft.answering),
        "collapse_key": draft.collapse_key,
        "timezone": draft.timezone,
        "expires_at": draft.expires_at,
        "step": draft.step,
        "occurrence": draft.occurrence,
        "never_repeat": draft.never_repeat,
    }


def _changed(row: Mapping[str, Any], now: datetime) -> MessageChanged:
    names = ("device_id", "campaign_id", "store_id", "zone_id", "status", "reason", "title", "body")
    profile_id = row["person_id"] if row["device_id"] is None else None
    return MessageChanged(message_id=row["id"], at=now, profile_id=profile_id, **{name: row[name] for name in names})


async def close_gate(session: Session, tenant_id: TenantId, key: str, reason: str, now: datetime) -> None:
    """Hold back every message that names this gate: waiting ones are skipped as soon as a worker sees them.

    `reason` is for people. Idempotent.
    """
    await store.insert_gate(session, tenant_id, key, reason, now)
    await store.hurry_messages(session, tenant_id, now, gates=[key])


async def forget_gates(session: Session, kind: str, before: datetime) -> None:
    """Forget gates of a kind (`entry`) that were closed so long ago that no message waits before them."""
    await store.delete_gates_before(session, kind, before)


async def open_gate(session: Session, tenant_id: TenantId, key: str) -> None:
    """Let messages of this gate pass again. Idempotent. What was skipped meanwhile stays skipped."""
    await store.delete_gate(session, tenant_id, key)


async def stop_sending(session: Session, tenant_id: TenantId, by: str, reason: str | None, now: datetime) -> None:
    """Let nothing of this tenant go out until it is resumed; what waits is skipped. Idempotent, audited."""
    tenant = await tenancy_store.lock_tenant(session, tenant_id)
    if tenant.sending_stopped_at is not None:
        return
    stopped = {"sending_stopped_at": now, "sending_stopped_by": by}
    await tenancy_store.update_row(session, tenant_id, tenant, stopped, "sending cannot be stopped")
    await tenancy_store.insert_audit_entry(
        session, tenant_id, actor=by, action="sending.stop", subject=None, reason=reason, now=now
    )
    await close_gate(session, tenant_id, TENANT_GATE, reason or "sending was stopped", now)
    await events.publish(session, tenant_id, [SendingStopped(by=by, reason=reason)], now)


async def resume_sending(session: Session, tenant_id: TenantId, by: str, now: datetime) -> None:
    """Send again from now on; what was skipped stays skipped. Idempotent, audited."""
    tenant = await tenancy_store.lock_tenant(session, tenant_id)
    if tenant.sending_stopped_at is None:
        return
    resumed = {"sending_stopped_at": None, "sending_stopped_by": None}
    await tenancy_store.update_row(session, tenant_id, tenant, resumed, "sending cannot be resumed")
    await tenancy_store.insert_audit_entry(session, tenant_id, actor=by, action="sending.resume", subject=None, now=now)
    await open_gate(session, tenant_id, TENANT_GATE)
    await events.publish(session, tenant_id, [SendingResumed(by=by)], now)


async def record_receipt(
    session: Session,
    tenant_id: TenantId,
    device_id: UUID,
    people: Collection[UUID],
    message_id: UUID,
    *,
    kind: str,
    at: datetime,
    now: datetime,
) -> None:
    """Note what an app says became of a message (`received | opened | clicked | dismissed`, `shown` for a card); the
    same again changes nothing.

    NotFound when the message is neither this device's nor, being to a person, to one of `people`: who uses it. `at` is
    pulled between the message's making and now: phones' clocks are wrong. Readers hear of it as MessageChanged with the
    status as it was and the kind as reason.
    """
    message = await store.lock_message(session, tenant_id, message_id)
    is_theirs = message is not None and (
        message.device_id == device_id or (message.device_id is None and message.person_id in people)
    )
    if message is None or not is_theirs:
        raise errors.NotFound(f"this device has no message {message_id}")
    at = min(max(at, message.created_at), now)
    # Named after message and kind and dated like the message, so that the key itself refuses a second one.
    receipt_id = derived_time_id(id_time(message_id), message_id, kind)
    if not await store.insert_receipt(session, tenant_id, receipt_id, device_id, message, kind, at):
        return
    event = MessageChanged(
        message_id=message.id,
        at=at,
        device_id=device_id,
        campaign_id=message.campaign_id,
        store_id=message.store_id,
        zone_id=message.zone_id,
        status=message.status,
        reason=kind,
        title=message.title,
        body=message.body,
    )
    await events.publish(session, tenant_id, [event], now)


# --- reactions (named in wiring.py) ------------------------------------------------------------------------------


async def on_zone_exited(session: Session, tenant_id: TenantId, recorded: Sequence[Recorded], now: datetime) -> None:
    """zone.exited, zone.retracted: messages that wait for another try and speak of a visit that is over, or never was,
    are checked, and skipped."""
    visits = [visit_id for r in recorded if (visit_id := payload_uuid(r.payload, "visit_id"))]
    await store.hurry_messages(session, tenant_id, now, visit_ids=visits)


async def on_consent_changed(
    session: Session, tenant_id: TenantId, recorded: Sequence[Recorded], now: datetime
) -> None:
    """consent.changed: what waits for a device that withdrew a consent is checked, and skipped if it needed it."""
    devices = [
        id_ for r in recorded if r.payload["status"] != "granted" and (id_ := payload_uuid(r.payload, "device_id"))
    ]
    await store.hurry_messages(session, tenant_id, now, device_ids=devices)


async def on_profile_merged(session: Session, tenant_id: TenantId, recorded: Sequence[Recorded], now: datetime) -> None:
    """profile.merged: caps and "once a person" count over both from now on, also when they part again."""
    for r in recorded:
        person_id, into_id = payload_uuid(r.payload, "profile_id"), payload_uuid(r.payload, "into_id")
        if person_id is not None and into_id is not None:
            await store.join_people(session, tenant_id, person_id, into_id, now)


async def on_venue_changed(session: Session, tenant_id: TenantId, recorded: Sequence[Recorded], now: datetime) -> None:
    """venue.changed: the gate of a zone is closed while it is not published."""
    for r in recorded:
        zone_id = payload_uuid(r.payload, "zone_id")
        if zone_id is None:
            continue
        if r.payload["what"] in (VenueChange.ZONE_UNPUBLISHED, VenueChange.ZONE_DELETED):
            await close_gate(session, tenant_id, zone_gate(zone_id), str(r.payload["what"]), now)
        elif r.payload["what"] == VenueChange.ZONE_PUBLISHED:
            await open_gate(session, tenant_id, zone_gate(zone_id))
