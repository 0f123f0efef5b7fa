"""HTTP of what customers are told about their orders, and told again."""

from uuid import UUID

from fastapi import APIRouter
from pydantic import Field

from geoengage.commerce import store as commerce
from geoengage.kit.http import CONFLICT, NewId, Now, Tx
from geoengage.kit.ids import TenantId
from geoengage.kit.shapes import Shape
from geoengage.messaging import service
from geoengage.messaging.rules import OrderNotice
from geoengage.tenancy.auth import CommerceCaller

router = APIRouter(tags=["orders"])


class OrderNoticeIn(Shape):
    """What the customer is told."""

    notice: OrderNotice = Field(description="`confirmation`, `ready` (to be picked up) or `receipt`.")


class OrderNoticeOut(Shape):
    """What was queued."""

    message_ids: list[UUID] = Field(
        description="One push a device, or one e-mail; empty when this wish was heard before."
    )


@router.post("/v1/orders/{order_id}/messages", status_code=202, responses=CONFLICT)
async def tell_customer(
    order_id: UUID, body: OrderNoticeIn, me: CommerceCaller, tx: Tx, now: Now, new: NewId
) -> OrderNoticeOut:
    """Tell the customer about their order by push or e-mail, in their language; again, if you ask again.

    By push to each device, and by e-mail where the newest of them cannot be reached, or the customer prefers it.

    A transactional message: it carries no offer, needs no consent to marketing, and neither quiet hours nor caps hold
    it back. 409 `nobody-to-tell`: the order is a guest's, or they can be reached by neither.
    """
    tenant_id = TenantId(me.tenant_id)
    await commerce.get_order(tx, tenant_id, order_id, store_ids=me.store_ids)
    if new.replayed:
        return OrderNoticeOut(message_ids=[])
    (order,) = await commerce.view_orders(tx, tenant_id, [order_id])
    return OrderNoticeOut(message_ids=await service.tell_about_order(tx, me, order, body.notice, new.id, now))
