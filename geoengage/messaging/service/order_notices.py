"""Telling a customer about an order: a transactional push to each of their devices with an app of its store."""

from collections.abc import Sequence
from datetime import datetime, timedelta
from uuid import UUID

from geoengage.commerce.store import OrderView
from geoengage.kit import errors
from geoengage.kit.db import Session
from geoengage.kit.ids import TenantId
from geoengage.messaging.rules import Draft, OrderNotice, Purpose, ToldOrder, order_words
from geoengage.messaging.service.outbox import enqueue
from geoengage.profiles import store as profiles_store
from geoengage.profiles.rules import Recipient
from geoengage.tenancy import store as tenancy_store
from geoengage.tenancy.models import App
from geoengage.tenancy.rules import Principal, actor_name
from geoengage.venues import store as venues_store
from geoengage.venues.models import Store

LIVES = timedelta(hours=24)


class NobodyToTell(errors.Conflict):
    """The order has no customer, or none of their devices can be reached for its store."""

    code = "nobody-to-tell"
    title = "There is nobody to tell"


async def tell_about_order(
    session: Session, me: Principal, order: OrderView, notice: OrderNotice, occurrence: UUID, now: datetime
) -> list[UUID]:
    """Queue the notice for the customer's devices; returns the messages' ids. NobodyToTell says why there is none.

    `occurrence` names this wish: the same again sends nothing twice. Audited, with the order and never the person.
    Ends with the ledger: call it last.
    """
    tenant_id = TenantId(me.tenant_id)
    if order.customer is None:
        raise NobodyToTell(f"order {order.row.external_id} is a guest's")
    recipients = await _reachable(session, tenant_id, order.customer.profile_id, order.row.store_id)
    if not recipients:
        raise NobodyToTell("the customer has no device with an app of this store that takes pushes")
    told = ToldOrder(
        order.row.external_id,
        order.row.total_minor,
        order.row.currency,
        await _store_name(session, tenant_id, order.row.store_id),
    )
    await tenancy_store.insert_audit_entry(
        session, tenant_id, actor=actor_name(me), action="order.tell", subject=str(order.row.id), reason=notice, now=now
    )
    drafts = [_draft(recipient, order, notice, told, occurrence, now) for recipient in recipients]
    return await enqueue(session, tenant_id, drafts, now)


async def _reachable(
    session: Session, tenant_id: TenantId, profile_id: UUID, store_id: UUID | None
) -> Sequence[Recipient]:
    devices = await profiles_store.list_profile_devices(session, tenant_id, profile_id)
    recipients = await profiles_store.hold_recipients(session, tenant_id, [device.id for device in devices])
    found = []
    for recipient in recipients.values():
        app = await tenancy_store.get_row(session, tenant_id, App, recipient.app_id)
        is_ours = app.store_id is None or app.store_id == store_id
        if is_ours and recipient.push_address is not None and not recipient.push_retired:
            found.append(recipient)
    return found


async def _store_name(session: Session, tenant_id: TenantId, store_id: UUID | None) -> str | None:
    if store_id is None:
        return None
    return (await venues_store.get_row(session, tenant_id, Store, store_id)).name


def _draft(
    recipient: Recipient, order: OrderView, notice: OrderNotice, told: ToldOrder, occurrence: UUID, now: datetime
) -> Draft:
    title, body = order_words(notice, told, recipient.language)
    return Draft(
        device_id=recipient.device_id,
        person_id=recipient.person_id,
        campaign_id=None,
        store_id=order.row.store_id,
        purpose=Purpose.TRANSACTIONAL,
        title=title,
        body=body,
        data={"order_id": str(order.row.id), "notice": str(notice)},
        collapse_key=f"order-{order.row.id.hex}-{notice}",
        expires_at=now + LIVES,
        step=f"{notice}:{recipient.device_id}",
        occurrence=occurrence,
        timezone=recipient.timezone,
    )
