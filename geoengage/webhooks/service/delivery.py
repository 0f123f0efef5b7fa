"""What the worker does: turn the ledger into deliveries, claim those that are due, write down what became of them.

Nothing is sent here. What a delivery says is read from the ledger when it is claimed, so that nothing of a person is
kept twice, and what was erased meanwhile is not told.
"""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from geoengage.kit import events, outbound
from geoengage.kit.db import Session
from geoengage.kit.event_base import Recorded, payload_uuid
from geoengage.kit.events import publish
from geoengage.kit.ids import TenantId
from geoengage.kit.outbound import Answer
from geoengage.kit.pseudonym import as_text, pseudonym
from geoengage.messaging.rules import retry_after_s
from geoengage.webhooks import store
from geoengage.webhooks.models import Webhook
from geoengage.webhooks.rules import (
    LOST,
    Attempted,
    DeliveryStatus,
    DisabledReason,
    EndpointStatus,
    Health,
    Place,
    Someone,
    Verdict,
    WebhookDisabled,
    body_of,
    judge,
    message_id,
    told_data,
    told_type,
)
from geoengage.webhooks.service.secrets import secrets_of
from geoengage.webhooks.store import Claimed, Recording

WINDOW = 1000  # most deliveries of an endpoint that wait; what is behind them stays in the ledger
BATCH = 500
Facts = Mapping[int, tuple[Place | None, Someone | None]]


# --- planning ----------------------------------------------------------------------------------------------------


async def plan(session: Session, tenant_id: TenantId, webhook_id: UUID, now: datetime) -> int:
    """Turn what follows in the ledger into deliveries; returns how many positions were passed (0: none, or no room)."""
    webhook = await store.lock_webhook(session, tenant_id, webhook_id)
    if webhook is None or webhook.status != EndpointStatus.ACTIVE:
        return 0
    room = WINDOW - await store.count_pending(session, tenant_id, webhook_id)
    if room <= 0:
        return 0
    start = webhook.position
    head = await events.head(session, tenant_id)  # asked first: what it counts is there to be read
    recorded = await events.read(session, tenant_id, start, min(room, BATCH))
    wanted = await _wanted(session, tenant_id, webhook, recorded)
    planned: list[tuple[int, str, Mapping[str, Any] | None]] = [(r.position, type_, None) for r, type_ in wanted]
    next_there = recorded[0].position if recorded else head + 1
    if next_there > start + 1:
        planned.insert(0, (start + 1, LOST, {"from_position": start + 1, "to_position": next_there - 1}))
    if planned:
        await store.plan(session, tenant_id, webhook_id, planned, now)
    webhook.position = recorded[-1].position if recorded else max(head, start)
    await session.flush()
    return webhook.position - start


async def _wanted(
    session: Session, tenant_id: TenantId, webhook: Webhook, recorded: Sequence[Recorded]
) -> list[tuple[Recorded, str]]:
    """The events of a batch that an endpoint is to hear of, with their types."""
    typed = [(r, type_) for r in recorded if (type_ := told_type(r)) is not None]
    if webhook.types:
        typed = [(r, type_) for r, type_ in typed if type_ in webhook.types]
    if webhook.store_ids is None or not typed:
        return typed
    places = await store.describe_places(session, tenant_id, _zones_of(r for r, _ in typed))
    return [(r, type_) for r, type_ in typed if _store_of(r, places) in webhook.store_ids]


def _zones_of(recorded: Any) -> set[UUID]:
    return {zone_id for r in recorded if (zone_id := payload_uuid(r.payload, "zone_id"))}


def _store_of(recorded: Recorded, places: Mapping[UUID, Place]) -> UUID | None:
    """Whose event it is: what it says itself, else its zone's store."""
    named = payload_uuid(recorded.payload, "store_id")
    place = places.get(payload_uuid(recorded.payload, "zone_id") or UUID(int=0))
    return named or (place.store_id if place else None)


# --- claiming ----------------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Parcel:
    """One delivery, ready to go. `occurred_at`: when its event was recorded."""

    tenant_id: TenantId
    webhook_id: UUID
    claimed: Claimed
    url: str
    headers: Mapping[str, str]
    body: bytes
    occurred_at: datetime


async def claim(
    session: Session,
    tenant_id: TenantId,
    webhook_id: UUID,
    *,
    signing_key: str,
    lease: UUID,
    now: datetime,
    until: datetime,
    limit: int,
) -> list[Parcel]:
    """Take up to `limit` due deliveries of an endpoint; of one that only fails a single one, if none is under way."""
    webhook = await store.lock_webhook(session, tenant_id, webhook_id)
    if webhook is None or webhook.status != EndpointStatus.ACTIVE or (webhook.held_until or now) > now:
        return []
    owned = secrets_of(webhook, signing_key, now)
    if owned is None:
        await _disable(session, tenant_id, webhook, DisabledReason.SECRET, now)
        return []
    if _health(webhook).is_failing:
        limit = 0 if await store.is_sending(session, tenant_id, webhook_id, now) else 1
    claimed = await store.claim_due(session, tenant_id, webhook_id, lease, now, until=until, limit=limit)
    return await _pack(session, tenant_id, webhook, claimed, owned, signing_key, now)


async def _pack(
    session: Session,
    tenant_id: TenantId,
    webhook: Webhook,
    claimed: Sequence[Claimed],
    owned: Sequence[str],
    signing_key: str,
    now: datetime,
) -> list[Parcel]:
    found = await events.at(session, tenant_id, [c.position for c in claimed if c.payload is None])
    facts = await _facts(session, tenant_id, list(found.values()), signing_key)
    unsent: dict[int, DeliveryStatus] = {}
    parcels, stamp = [], int(now.timestamp())
    for one in claimed:
        body = _body(one, found.get(one.position), facts, with_people=webhook.with_people)
        if isinstance(body, DeliveryStatus):
            unsent[one.position] = body
            continue
        headers = outbound.headers(owned, message_id(webhook.id, one.position), stamp, body)
        occurred_at = found[one.position].recorded_at if one.position in found else one.planned_at
        parcels.append(Parcel(tenant_id, webhook.id, one, webhook.url, headers, body, occurred_at))
    if unsent:
        await store.finish_unsent(session, tenant_id, webhook.id, unsent, now)
    return parcels


def _body(one: Claimed, recorded: Recorded | None, facts: Facts, *, with_people: bool) -> bytes | DeliveryStatus:
    """What is sent, or why nothing is to be said any more."""
    if one.payload is not None:
        return body_of(one.type, one.planned_at, one.payload)
    if recorded is None:
        return DeliveryStatus.EXPIRED
    if told_type(recorded) is None:
        return DeliveryStatus.ERASED
    place, who = facts[one.position]
    return body_of(one.type, _moment(recorded), told_data(recorded, place, who, with_people=with_people))


async def _facts(session: Session, tenant_id: TenantId, recorded: Sequence[Recorded], signing_key: str) -> Facts:
    """Zone and person of events, by position."""
    places = await store.describe_places(session, tenant_id, _zones_of(recorded))
    devices = {d for r in recorded if (d := payload_uuid(r.payload, "device_id"))}
    known = await store.describe_devices(session, tenant_id, devices)

    def who(r: Recorded) -> Someone | None:
        device_id = payload_uuid(r.payload, "device_id")
        if device_id is None:
            return None
        external_id, is_test = known.get(device_id, (None, False))
        name = as_text(pseudonym(signing_key, tenant_id, device_id, r.recorded_at.date()))
        return Someone(name, device_id, external_id, is_test)

    return {r.position: (places.get(payload_uuid(r.payload, "zone_id") or UUID(int=0)), who(r)) for r in recorded}


def _moment(recorded: Recorded) -> datetime:
    """When it happened, where the event says so; else when it was recorded."""
    at = recorded.payload.get("at")
    return recorded.recorded_at if at is None else datetime.fromisoformat(at)


# --- recording ---------------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Landed:
    """A try that has ended. `jitter`: 0–1."""

    parcel: Parcel
    answer: Answer
    jitter: float


async def record(
    session: Session, tenant_id: TenantId, webhook_id: UUID, lease: UUID, landed: Sequence[Landed], now: datetime
) -> list[tuple[Landed, Verdict]]:
    """Write down tries of one endpoint, in the order of their events; those that another worker has taken over are
    left to it. Returns what was written."""
    webhook = await store.lock_webhook(session, tenant_id, webhook_id)
    if webhook is None:
        return []
    held = await store.lock_claimed(session, tenant_id, webhook_id, lease, [x.parcel.claimed.position for x in landed])
    health, reason, judged = _health(webhook), None, []
    has_recovered = False
    for one in sorted(landed, key=lambda x: x.parcel.claimed.position):
        if one.parcel.claimed.position in held:
            verdict = judge(_attempted(one, now), health, now)
            health, reason = verdict.health, reason or verdict.disable
            has_recovered = has_recovered or verdict.recovered
            judged.append((one, verdict))
    if not judged:
        return []
    # An answer may repeat what it was told. Of what was erased while it was under way, nothing is written anew.
    known = await events.at(session, tenant_id, [one.parcel.claimed.position for one, _ in judged])
    erased = {position for position, recorded in known.items() if told_type(recorded) is None}
    recordings = [_recording(one, v, now, erased) for one, v in judged]
    await store.record(session, tenant_id, webhook_id, recordings, now)
    webhook.failures, webhook.failing_since, webhook.held_until = (
        health.failures,
        health.failing_since,
        health.held_until,
    )
    if any(v.status is DeliveryStatus.DELIVERED for _, v in judged):
        webhook.delivered_at = now
    await session.flush()
    if has_recovered and not health.is_failing:
        await store.hurry(session, tenant_id, webhook_id, now)
    if reason is not None and webhook.status == EndpointStatus.ACTIVE:
        await _disable(session, tenant_id, webhook, reason, now)
    return judged


def _health(webhook: Webhook) -> Health:
    return Health(webhook.failures, webhook.failing_since, webhook.held_until)


def _attempted(one: Landed, now: datetime) -> Attempted:
    claimed, answer = one.parcel.claimed, one.answer
    return Attempted(
        claimed.attempts, claimed.first_at, answer.status, retry_after_s(answer.retry_after, now), one.jitter
    )


def _recording(one: Landed, verdict: Verdict, now: datetime, erased: Collection[int]) -> Recording:
    answer, position = one.answer, one.parcel.claimed.position
    said = "" if position in erased else answer.text
    tried = {"at": now, "status": answer.status, "took_ms": answer.took_ms, "answer": said}
    return Recording(position, verdict.status, verdict.next_at or now, tried)


async def _disable(
    session: Session, tenant_id: TenantId, webhook: Webhook, reason: DisabledReason, now: datetime
) -> None:
    """Give up on an endpoint and say so: in the ledger, from which the console and other endpoints hear it."""
    webhook.status, webhook.disabled_at, webhook.disabled_reason = EndpointStatus.DISABLED, now, reason
    webhook.version += 1
    await session.flush()
    told = WebhookDisabled(webhook_id=webhook.id, name=webhook.name, reason=reason)
    await publish(session, tenant_id, [told], now)
