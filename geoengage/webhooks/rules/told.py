"""What an endpoint hears of a ledger event: its type, its data, its id. Pure.

Members are named one by one, so that what a domain adds to an event tomorrow does not leave by itself. Never a
coordinate, a push address or an e-mail; people only under a pseudonym of the day, unless the endpoint may know them:
then under the tenant's own ids, the device's and the `external_id` of who is logged in there.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from enum import StrEnum
from typing import Any
from uuid import UUID

import msgspec

from geoengage.kit.event_base import Event, Recorded
from geoengage.kit.ids import derived_id


class WebhookDisabled(Event, frozen=True, kw_only=True, tag="webhook.disabled"):
    """An endpoint gets nothing any more until somebody enables it. `reason`: `gone`, `dead` or `secret`."""

    webhook_id: UUID
    name: str
    reason: str


class EventType(StrEnum):
    """What can be subscribed to."""

    ZONE_ENTERED = "zone.entered"
    ZONE_DWELLED = "zone.dwelled"
    ZONE_EXITED = "zone.exited"
    ZONE_REVISED = "zone.revised"
    ZONE_RETRACTED = "zone.retracted"
    MESSAGE_QUEUED = "message.queued"
    MESSAGE_SENT = "message.sent"
    MESSAGE_RECEIVED = "message.received"
    MESSAGE_OPENED = "message.opened"
    MESSAGE_SHOWN = "message.shown"
    MESSAGE_CLICKED = "message.clicked"
    MESSAGE_DISMISSED = "message.dismissed"
    MESSAGE_SKIPPED = "message.skipped"
    MESSAGE_FAILED = "message.failed"
    MESSAGE_MISCONFIGURED = "message.misconfigured"
    MESSAGE_UNKNOWN = "message.unknown"
    CONSENT_CHANGED = "consent.changed"
    PROFILE_CREATED = "profile.created"
    PROFILE_MERGED = "profile.merged"
    PROFILE_UNMERGED = "profile.unmerged"
    REPLY_RECEIVED = "reply.received"
    CAMPAIGN_CHANGED = "campaign.changed"
    CONTENT_CHANGED = "content.changed"
    VENUE_CHANGED = "venue.changed"
    ORDER_PLACED = "order.placed"
    ORDER_UPDATED = "order.updated"
    ORDER_CANCELLED = "order.cancelled"
    ORDER_REFUNDED = "order.refunded"
    CART_ABANDONED = "cart.abandoned"
    CART_RECOVERED = "cart.recovered"
    METRIC_ALERTED = "metric.alerted"
    SEGMENT_ENTERED = "segment.entered"
    SEGMENT_EXITED = "segment.exited"
    SEGMENT_REBUILT = "segment.rebuilt"
    SENDING_STOPPED = "sending.stopped"
    SENDING_RESUMED = "sending.resumed"
    WEBHOOK_DISABLED = "webhook.disabled"


LOST = "events.lost"  # sent to every endpoint, whatever it asked for
TEST = "webhook.test"
_RECEIPTS = ("received", "shown", "opened", "clicked", "dismissed")
_KNOWN = frozenset(map(str, EventType))

_ZONE = (
    "id", "zone_id", "zone_version", "visit_id", "at", "dwell_s", "confidence", "evidence", "reason", "late",
    "by_silence", "revision", "visit", "before",
)  # fmt: skip
_SPAN = ("entered_at", "exited_at", "exit_reason", "last_dwell_s")  # of `visit` and `before`, when a visit is revised
_MEMBERS: dict[str, tuple[str, ...]] = {
    "zone": _ZONE,
    "message": ("message_id", "campaign_id", "store_id", "zone_id", "at", "status", "reason"),
    "consent": ("kind", "status", "at"),
    "profile": ("source", "at"),
    "reply": ("conversation_id", "reply_id", "store_id", "channel", "at"),
    "campaign": ("campaign_id", "name", "status", "store_id"),
    "content": ("content_id", "kind", "status", "revision", "store_id", "title"),
    "venue": ("what", "zone_id", "mall_id"),
    "order": (
        "order_id",
        "source",
        "external_id",
        "store_id",
        "channel",
        "status",
        "currency",
        "total_minor",
        "refund_minor",
        "refunded_minor",
        "at",
    ),
    "cart": ("cart_id", "store_id", "order_id", "lines", "totals", "abandoned_at", "at"),
    "metric": ("alert_id", "metric", "text", "is_good"),
    "segment": ("segment_id", "version", "size", "entered", "exited", "at"),
    "sending": ("reason",),
    "webhook": ("webhook_id", "name", "reason"),
}
_FOR_WHO_KNOWS_PEOPLE = ("title", "body")  # a message's words may hold a name
_PROFILES = (
    "profile_id",
    "into_id",
    "from_id",
)  # of people who were made, joined, parted, came into a segment, or wrote


@dataclass(frozen=True, slots=True)
class Place:
    """What is known of a zone beside its id."""

    name: str
    store_id: UUID | None
    mall_id: UUID | None


@dataclass(frozen=True, slots=True)
class Someone:
    """The person of an event. `external_id`: who is logged in on the device now, by the tenant's own id."""

    pseudonym: str
    device_id: UUID
    external_id: str | None
    is_test: bool


def told_type(recorded: Recorded) -> str | None:
    """The type under which an event is told; None for one that is not (or was erased)."""
    if recorded.type != "message.changed":
        return recorded.type if recorded.type in _KNOWN else None
    status, reason = recorded.payload.get("status"), recorded.payload.get("reason")
    name = f"message.{reason if reason in _RECEIPTS else status}"
    return name if name in _KNOWN else None


def told_data(recorded: Recorded, place: Place | None, who: Someone | None, *, with_people: bool) -> dict[str, Any]:
    """The `data` of an event. `place`: its zone, where it has one; `who`: its person, where it is about one."""
    payload = recorded.payload
    names = _MEMBERS[recorded.type.partition(".")[0]]
    data: dict[str, Any] = {"position": recorded.position}
    data |= {name: _told(payload[name]) for name in names if name in payload}
    if place is not None:
        data |= {"zone_name": place.name, "mall_id": place.mall_id}
        data.setdefault("store_id", place.store_id)
    if with_people and recorded.type.startswith(("profile.", "segment.", "reply.")):
        data |= {name: payload[name] for name in _PROFILES if name in payload}
    if who is not None:
        data |= {"pseudonym": who.pseudonym, "is_test": who.is_test}
        if with_people:
            data |= {"device_id": who.device_id, "external_id": who.external_id}
            data |= {name: payload[name] for name in _FOR_WHO_KNOWS_PEOPLE if name in payload}
    return data


def _told(value: Any) -> Any:
    return {name: value[name] for name in _SPAN if name in value} if isinstance(value, dict) else value


def body_of(type_: str, at: datetime, data: Mapping[str, Any]) -> bytes:
    """The bytes that are signed and sent: `{type, timestamp, data}`."""
    return msgspec.json.encode({"type": type_, "timestamp": at.astimezone(UTC), "data": data})


def message_id(webhook_id: UUID, position: int) -> str:
    """`webhook-id`: the same for an endpoint and an event however often it is sent, also by a replay."""
    return f"msg_{derived_id('webhook', webhook_id, position).hex}"
