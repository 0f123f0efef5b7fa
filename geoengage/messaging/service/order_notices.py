"""Telling a customer about an order: a transactional push to each of their devices with an app of its store, or an
e-mail, where they prefer that or have no such device."""

from dataclasses import dataclass
from datetime import datetime, timedelta
from uuid import UUID

from geoengage.commerce.store import OrderView
from geoengage.kit import errors
from geoengage.kit.db import Session
from geoengage.kit.ids import TenantId
from geoengage.messaging import store
from geoengage.messaging.rules import (
    Draft,
    EmailContent,
    MessageChannel,
    OrderNotice,
    Purpose,
    ToldOrder,
    channel_order,
    order_rows,
    order_words,
    wished_channels,
)
from geoengage.messaging.service.outbox import enqueue
from geoengage.profiles import store as profiles_store
from geoengage.profiles.rules import Purpose as ConsentPurpose
from geoengage.profiles.rules import Reach, Recipient, find_email
from geoengage.tenancy import store as tenancy_store
from geoengage.tenancy.rules import Principal, actor_name
from geoengage.venues import store as venues_store
from geoengage.venues.models import Store

LIVES = timedelta(hours=24)


class NobodyToTell(errors.Conflict):
    """The order has no customer, or they can be reached by no push and no e-mail for its store."""

    code = "nobody-to-tell"
    title = "There is nobody to tell"


async def tell_about_order(
    session: Session, me: Principal, order: OrderView, notice: OrderNotice, occurrence: UUID, now: datetime
) -> list[UUID]:
    """Queue the notice for the customer; returns the messages' ids. NobodyToTell says why there is none.

    `occurrence` names this wish: the same again sends nothing twice. Audited, with the order and never the person.
    Ends with the ledger: call it last.
    """
    tenant_id = TenantId(me.tenant_id)
    if order.customer is None:
        raise NobodyToTell(f"order {order.row.external_id} is a guest's")
    profile_id = order.customer.profile_id
    await profiles_store.hold_profile(session, tenant_id, profile_id)
    reach = (await profiles_store.list_reaches(session, tenant_id, [profile_id]))[profile_id]
    ways = await _ways(session, tenant_id, reach, order.row.store_id, now)
    if not ways:
        raise NobodyToTell(
            "the customer has no device with an app of this store that takes pushes, and no e-mail address that works"
        )
    told = ToldOrder(
        order.row.external_id,
        order.row.total_minor,
        order.row.currency,
        await _store_name(session, tenant_id, order.row.store_id),
        tuple((line.name, line.quantity_milli, line.total_minor) for line in order.lines),
    )
    await tenancy_store.insert_audit_entry(
        session, tenant_id, actor=actor_name(me), action="order.tell", subject=str(order.row.id), reason=notice, now=now
    )
    drafts = [_draft(way, reach, order, notice, told, occurrence, now) for way in ways]
    return await enqueue(session, tenant_id, drafts, now)


@dataclass(frozen=True, slots=True)
class _Way:
    """One message: to a device or, None, to the person; by which channels."""

    device: Recipient | None
    channels: tuple[MessageChannel, ...]


async def _ways(
    session: Session, tenant_id: TenantId, reach: Reach, store_id: UUID | None, now: datetime
) -> list[_Way]:
    """A push to each device, the newest of which gives way to an e-mail; or one e-mail, where that is preferred."""
    devices = [
        d
        for d in reach.devices
        if reach.app_stores[d.app_id] in (None, store_id) and d.push_address is not None and not d.push_retired
    ]
    email, _ = find_email(reach, ConsentPurpose.TRANSACTIONAL, store_id, now)
    usual, _ = await store.list_preferences(session, tenant_id, [])
    both = (MessageChannel.PUSH, MessageChannel.EMAIL)
    order = channel_order(both, wished_channels(reach.attributes), usual)
    if email is not None and (not devices or order[0] is MessageChannel.EMAIL):
        return [_Way(None, (MessageChannel.EMAIL, MessageChannel.PUSH) if devices else (MessageChannel.EMAIL,))]
    newest = [_Way(d, both if email is not None else both[:1]) for d in devices[:1]]
    return newest + [_Way(d, both[:1]) for d in devices[1:]]


async def _store_name(session: Session, tenant_id: TenantId, store_id: UUID | None) -> str | None:
    if store_id is None:
        return None
    return (await venues_store.get_row(session, tenant_id, Store, store_id)).name


def _draft(
    way: _Way, reach: Reach, order: OrderView, notice: OrderNotice, told: ToldOrder, occurrence: UUID, now: datetime
) -> Draft:
    own = None if way.device is None else way.device.language
    language = own or reach.language or next((d.language for d in reach.devices if d.language), None)
    title, body = order_words(notice, told, language)
    by_email = MessageChannel.EMAIL in way.channels
    return Draft(
        device_id=None if way.device is None else way.device.device_id,
        person_id=reach.profile_id,
        campaign_id=None,
        store_id=order.row.store_id,
        purpose=Purpose.TRANSACTIONAL,
        title=title,
        body=body,
        channels=way.channels,
        email=EmailContent(rows=order_rows(told, language)) if by_email else None,
        data={"order_id": str(order.row.id), "notice": str(notice)},
        collapse_key=f"order-{order.row.id.hex}-{notice}",
        expires_at=now + LIVES,
        step=f"{notice}:{reach.profile_id if way.device is None else way.device.device_id}",
        occurrence=occurrence,
        timezone=None if way.device is None else way.device.timezone,
    )
