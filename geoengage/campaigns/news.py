"""What happens to people, as campaigns hear of it: it lets them come in, or leave earlier than their wait says.

What was told more than a day after it happened is history and lets nobody in. What a browser says of itself (a claim)
starts marketing only, and none of its words reach a text.
"""

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime, timedelta
from uuid import UUID

from geoengage.campaigns import entries, facts, ladders
from geoengage.campaigns.arriving import arrival, once, values_of
from geoengage.campaigns.entries import Arrival
from geoengage.campaigns.facts import Deed, Inside
from geoengage.campaigns.rules import FRESH, OnCart, OnEvent, OnOrder, TriggerKind, passes
from geoengage.campaigns.store import Running
from geoengage.commerce.rules import to_text
from geoengage.commerce.rules.events import CartAbandoned, OrderPlaced
from geoengage.kit.db import Session
from geoengage.kit.event_base import Recorded, payload_uuid
from geoengage.kit.ids import TenantId, derived_id
from geoengage.profiles.rules import EventsRecorded
from geoengage.segments.rules import SegmentExited

WANTED = frozenset({"order.placed", "cart.abandoned", "events.recorded", "segment.exited", "profile.merged"})
_KINDS = (TriggerKind.EVENT, TriggerKind.CART, TriggerKind.ORDER)


async def on_news(session: Session, tenant_id: TenantId, recorded: Sequence[Recorded], now: datetime) -> None:
    """In ledger order: merges first, since everything else asks whose an id is now."""
    for r in recorded:
        if r.type == "profile.merged":
            profile_id, into_id = payload_uuid(r.payload, "profile_id"), payload_uuid(r.payload, "into_id")
            if profile_id is not None and into_id is not None:
                await entries.join_people(session, tenant_id, profile_id, into_id, now)
                await ladders.join_people(session, tenant_id, profile_id, into_id)
    running: dict[TriggerKind, list[Running]] = defaultdict(list)
    for campaign in await facts.list_of_kinds(session, tenant_id, _KINDS, now):
        running[campaign.content.kind].append(campaign)
    orders: list[OrderPlaced] = [r.as_(OrderPlaced) for r in recorded if r.type == "order.placed"]
    carts: list[CartAbandoned] = [r.as_(CartAbandoned) for r in recorded if r.type == "cart.abandoned"]
    told: list[EventsRecorded] = [r.as_(EventsRecorded) for r in recorded if r.type == "events.recorded"]
    left: list[SegmentExited] = [r.as_(SegmentExited) for r in recorded if r.type == "segment.exited"]
    owners = await _owners(session, tenant_id, orders, carts)
    arrivals = _ordered(running[TriggerKind.ORDER], orders, owners, now)
    if carts and running[TriggerKind.CART]:
        wait_s = await facts.get_cart_wait_s(session, tenant_id)
        arrivals += _abandoned(running[TriggerKind.CART], carts, owners, wait_s, now)
    deeds = await _deeds(session, tenant_id, told, running[TriggerKind.EVENT])
    arrivals += _done(running[TriggerKind.EVENT], deeds, now)
    await entries.enter(session, tenant_id, once(arrivals))
    await _wake(session, tenant_id, {owners[o.identifier_id] for o in orders if o.identifier_id in owners}, left, told,
                now)  # fmt: skip


async def _owners(
    session: Session, tenant_id: TenantId, orders: Sequence[OrderPlaced], carts: Sequence[CartAbandoned]
) -> Mapping[UUID | None, UUID]:
    ids = {e.identifier_id for e in orders if e.identifier_id is not None}
    ids |= {e.identifier_id for e in carts if e.identifier_id is not None}
    devices = {cart.device_id for cart in carts if cart.device_id is not None}
    if not ids and not devices:
        return {}
    owners = await facts.list_owners(session, tenant_id, ids, devices)
    return {id_: owners[id_] for id_ in (*ids, *devices) if id_ in owners}


def _ordered(
    running: Iterable[Running], orders: Sequence[OrderPlaced], owners: Mapping[UUID | None, UUID], now: datetime
) -> list[Arrival]:
    found = []
    for order in orders:
        profile_id = owners.get(order.identifier_id)
        if profile_id is None or now - order.at > FRESH:
            continue
        said = {
            "order": order.external_id,
            "total": to_text(order.total_minor, order.currency),
            "currency": order.currency,
            "channel": order.channel,
        }
        for campaign in running:
            when, store_id = campaign.content.definition.when, campaign.content.store_id
            of_channel = not isinstance(when, OnOrder) or not when.channels or order.channel in when.channels
            if of_channel and store_id in (None, order.store_id):
                occurrence = derived_id(campaign.id, "order", order.order_id)
                found.append(arrival(campaign, profile_id, occurrence, order.at, now, said))
    return found


def _abandoned(
    running: Iterable[Running],
    carts: Sequence[CartAbandoned],
    owners: Mapping[UUID | None, UUID],
    wait_s: int,
    now: datetime,
) -> list[Arrival]:
    """They came in when they last touched the cart, so that what was ordered since counts."""
    found = []
    for cart in carts:
        profile_id = owners.get(cart.identifier_id) or owners.get(cart.device_id)
        if profile_id is None or now - cart.at > FRESH:
            continue
        touched = cart.at - timedelta(seconds=wait_s)
        for campaign in running:
            when, store_id = campaign.content.definition.when, campaign.content.store_id
            if isinstance(when, OnCart) and store_id in (None, cart.store_id):
                occurrence = derived_id(campaign.id, "cart", cart.cart_id, cart.at.isoformat())
                due = max(now, touched + timedelta(minutes=when.after_minutes))
                found.append(arrival(campaign, profile_id, occurrence, touched, due, {"lines": cart.lines}))
    return found


async def _deeds(
    session: Session, tenant_id: TenantId, told: Sequence[EventsRecorded], running: Iterable[Running]
) -> list[Deed]:
    names = {when.name for c in running if isinstance(when := c.content.definition.when, OnEvent)}
    return await facts.list_deeds(session, tenant_id, {id_ for e in told for id_ in e.event_ids}, names)


def _done(running: Iterable[Running], deeds: Sequence[Deed], now: datetime) -> list[Arrival]:
    found = []
    for deed in deeds:
        if now - deed.at > FRESH:
            continue
        said = {} if deed.is_claim else values_of(deed.properties)
        for campaign in running:
            when = campaign.content.definition.when
            if not isinstance(when, OnEvent) or when.name != deed.name or not passes(when.where, deed.properties):
                continue
            if campaign.content.is_marketing or not deed.is_claim:
                occurrence = derived_id(campaign.id, "event", deed.id)
                found.append(arrival(campaign, deed.profile_id, occurrence, deed.at, now, said))
    return found


async def _wake(
    session: Session,
    tenant_id: TenantId,
    bought: set[UUID],
    left: Sequence[SegmentExited],
    told: Sequence[EventsRecorded],
    now: datetime,
) -> None:
    """Let those be looked at whose journey this may end."""
    did = await facts.list_doers(session, tenant_id, {id_ for event in told for id_ in event.event_ids})
    out = {(event.profile_id, event.segment_id) for event in left}
    people = bought | set(did) | {profile_id for profile_id, _ in out}

    def may_end(inside: Inside) -> bool:
        exits = inside.exits
        return (
            (exits.purchase and inside.profile_id in bought)
            or (inside.profile_id, exits.segment_id) in out
            or (exits.event is not None and exits.event.name in did.get(inside.profile_id, ()))
        )

    waking: dict[UUID, set[UUID]] = defaultdict(set)
    for inside in await facts.list_inside(session, tenant_id, people):
        if may_end(inside):
            waking[inside.campaign_id].add(inside.profile_id)
    await entries.wake(session, tenant_id, waking, now)
