"""What readers hear about a message after somebody reported what became of it."""

from datetime import datetime

from geoengage.messaging.models import Message
from geoengage.messaging.rules import MessageChanged


def changed(message: Message, reason: str | None, now: datetime) -> MessageChanged:
    """The event; `message` has its new status already."""
    return MessageChanged(
        message_id=message.id,
        at=now,
        device_id=message.device_id,
        campaign_id=message.campaign_id,
        store_id=message.store_id,
        zone_id=message.zone_id,
        status=message.status,
        reason=reason,
        title=message.title,
        body=message.body,
        profile_id=message.person_id if message.device_id is None else None,
    )
