"""The coupon that goes with a message: made in the transaction that writes the message, for nobody else."""

from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import partial
from uuid import UUID

from geoengage.campaigns.rules import Content
from geoengage.kit.db import Session
from geoengage.kit.errors import NotFound
from geoengage.kit.ids import TenantId, new_id
from geoengage.offers import service as offers


@dataclass(frozen=True, slots=True)
class Gift:
    """A coupon for the message with this id. What becomes of the message settles the coupon (`offers.on_messages`)."""

    message_id: UUID
    code: str
    label: str


Give = Callable[[UUID, UUID | None, Content, str | None], Awaitable[Gift | None]]


def giver(session: Session, tenant_id: TenantId, now: datetime) -> Give:
    """Makes coupons in this transaction: (offer, profile, campaign, language of the label) → the gift, None where the
    offer gives none.
    """
    return partial(_give, session, tenant_id, now)


async def _give(
    session: Session,
    tenant_id: TenantId,
    now: datetime,
    offer_id: UUID,
    profile_id: UUID | None,
    content: Content,
    language: str | None,
) -> Gift | None:
    message_id = new_id(now)
    until = now + timedelta(days=content.definition.offer_days)
    try:
        made = await offers.reserve(
            session, tenant_id, offer_id, profile_id, message_id, until,
            now=now, store_id=content.store_id, language=language,
        )  # fmt: skip
    except NotFound:  # it was deleted since
        return None
    return Gift(message_id, made.code, made.label) if isinstance(made, offers.Reserved) else None
