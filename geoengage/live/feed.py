"""What watchers are sent: ledger events as server-sent events, positions of a level as binary frames.

A position frame is read and encoded once per level and handed to all who watch it. SSE readers each read the ledger by
their own position, so one that lost its connection goes on where it was.
"""

import asyncio
import contextlib
import struct
from collections.abc import AsyncIterator, Callable, Collection, Sequence
from datetime import date, datetime, timedelta
from typing import Any
from uuid import UUID

import msgspec
import numpy as np

from geoengage.kit import events, log
from geoengage.kit.clock import utc_now
from geoengage.kit.db import Session, Sessions, transaction
from geoengage.kit.event_base import Recorded, payload_uuid
from geoengage.kit.events import Bell
from geoengage.kit.ids import TenantId
from geoengage.kit.pseudonym import as_text, pseudonym
from geoengage.live import store
from geoengage.live.store import LivePosition
from geoengage.presence.rules.events import EVENT_CLASSES, is_history

HEARD_WITHIN = timedelta(seconds=120)
FRAME_S = 1.0
BATCH = 200
logger = log.get("live")
FLAG_OPEN = 1  # a test or demo device: a click may open its explanation
_ROW = np.dtype([("lon", "<i4"), ("lat", "<i4"), ("name", "<u8"), ("acc", "<u2"), ("level", "u1"), ("flags", "u1")])
_SHOWN_STATUSES = {"sent", "skipped", "failed", "misconfigured", "unknown"}
_ALERTS = {
    "sending.stopped": ("sending_stopped", "All sending was stopped"),
    "sending.resumed": ("sending_resumed", "Sending goes on"),
    "venue.changed": ("venue_changed", "Zones or plans changed"),
    "webhook.disabled": ("webhook_disabled", "A webhook endpoint gets nothing any more"),
    "import.alert": ("import_alert", "A file did not come as usual"),
    "metric.alerted": ("metric_alert", "A metric is off its usual course"),
}


_DISABLED = {
    "gone": "its receiver said that it is gone",
    "dead": "its receiver failed for three days",
    "secret": "its secret cannot be read",
}


def encode_frame(
    positions: Sequence[LivePosition], *, key: str, tenant_id: TenantId, now: datetime, is_demo: bool
) -> bytes:
    """A binary frame: 16-byte header (GEO1, uint32 count, float64 Unix seconds), then 20 bytes a dot, little-endian."""
    rows = np.zeros(len(positions), dtype=_ROW)
    for i, p in enumerate(positions):
        name = pseudonym(key, tenant_id, p.device_id, now.date())
        accuracy = min(65_535, round(p.accuracy_m * 10))
        flags = FLAG_OPEN if is_demo or p.is_test else 0
        rows[i] = (round(p.lon * 1e7), round(p.lat * 1e7), name, accuracy, min(255, max(0, p.level + 128)), flags)
    return struct.pack("<4sId", b"GEO1", len(positions), now.timestamp()) + rows.tobytes()


class Feeds:
    """The position loops of this process: one per (tenant, mall, level) that somebody watches."""

    def __init__(self, sessions: Callable[[], Sessions], bell: Bell, *, every_s: float = FRAME_S) -> None:
        self._sessions, self.bell, self._every_s = sessions, bell, every_s
        self._watchers: dict[tuple[Any, ...], set[asyncio.Queue[bytes]]] = {}
        self._tasks: dict[tuple[Any, ...], asyncio.Task[None]] = {}

    @contextlib.asynccontextmanager
    async def open(self) -> AsyncIterator[None]:
        """Ends all loops when the application ends."""
        try:
            yield
        finally:
            for task in self._tasks.values():
                task.cancel()

    @contextlib.asynccontextmanager
    async def watch(
        self, tenant_id: TenantId, mall_id: UUID, level: int, *, key: str, is_demo: bool
    ) -> AsyncIterator[asyncio.Queue[bytes]]:
        """A queue that gets the newest frame about once a second; a slow reader misses frames, never delays others."""
        place = (tenant_id, mall_id, level)
        queue: asyncio.Queue[bytes] = asyncio.Queue(maxsize=1)
        self._watchers.setdefault(place, set()).add(queue)
        if place not in self._tasks:
            self._tasks[place] = asyncio.create_task(self._loop(tenant_id, mall_id, level, key, is_demo))
        try:
            yield queue
        finally:
            self._watchers[place].discard(queue)
            if not self._watchers[place]:
                del self._watchers[place]
                self._tasks.pop(place).cancel()

    async def _loop(self, tenant_id: TenantId, mall_id: UUID, level: int, key: str, is_demo: bool) -> None:
        while True:
            now = utc_now()
            try:
                async with transaction(self._sessions(), tenant_id) as session:
                    found = await store.list_positions(session, tenant_id, mall_id, level, now - HEARD_WITHIN)
            except Exception as error:  # those who watch wait for the database
                logger.warning("positions_wait", error=repr(error)[:300])
            else:
                frame = encode_frame(found, key=key, tenant_id=tenant_id, now=now, is_demo=is_demo)
                for queue in self._watchers.get((tenant_id, mall_id, level), ()):
                    if queue.full():
                        queue.get_nowait()
                    queue.put_nowait(frame)
            await asyncio.sleep(self._every_s)


async def describe(
    session: Session, tenant_id: TenantId, recorded: Sequence[Recorded], *, key: str, store_ids: frozenset[UUID] | None
) -> list[tuple[int, str, dict[str, Any]]]:
    """(position, event name, data) of the ledger events that watchers see; a shop sees its own stores' only."""
    zone_ids = {z for r in recorded if (z := payload_uuid(r.payload, "zone_id"))}
    campaign_ids = {c for r in recorded if (c := payload_uuid(r.payload, "campaign_id"))}
    zones = await store.describe_zones(session, tenant_id, zone_ids)
    owners = {s for r in recorded if (s := payload_uuid(r.payload, "store_id"))}
    stores = await store.describe_stores(session, tenant_id, owners)
    campaigns = await store.describe_campaigns(session, tenant_id, campaign_ids)
    result = []
    for r in recorded:
        zone = zones.get(payload_uuid(r.payload, "zone_id") or UUID(int=0), {})
        owner = payload_uuid(r.payload, "store_id") or zone.get("store_id")
        if store_ids is not None and owner not in store_ids:
            continue
        name = _name(r)
        if name is not None:
            data = _data(r, name, zone, campaigns, stores) | _who(r, key, tenant_id)
            result.append((r.position, name, data))
    return result


def _name(r: Recorded) -> str | None:
    if r.type.removeprefix("zone.") in EVENT_CLASSES:
        return None if is_history(datetime.fromisoformat(r.payload["at"]), r.recorded_at) else "zone_event"
    if r.type == "message.changed":
        return "message" if r.payload.get("status") in _SHOWN_STATUSES else None
    if r.type == "reply.received":
        return "reply"
    if r.type == "conversation.changed":
        return "conversation"
    if r.type == "campaign.changed":
        return "alert" if r.payload.get("status") == "in_review" else None
    return "alert" if r.type in _ALERTS else None


def _data(
    r: Recorded, name: str, zone: dict[str, Any], campaigns: dict[UUID, str], stores: dict[UUID, dict[str, Any]]
) -> dict[str, Any]:
    p, at = r.payload, r.recorded_at
    about_zone = {"zone_id": p.get("zone_id"), "zone_name": zone.get("name")}
    if name == "zone_event":
        levels = list(zone.get("levels", ()))
        return about_zone | {
            "position": r.position, "id": p["id"], "at": p["at"], "kind": r.type.removeprefix("zone."),
            "level": levels[0] if levels else None, "levels": levels, "mall_id": zone.get("mall_id"),
            "confidence": p["confidence"], "reason": p["reason"], "visit_id": p["visit_id"], "late": p["late"],
        }  # fmt: skip
    if name == "message":
        owner = stores.get(payload_uuid(p, "store_id") or UUID(int=0), {})
        return about_zone | {
            "position": r.position, "id": p["message_id"], "at": p["at"], "status": p["status"],
            "reason": p.get("reason"), "campaign_id": p.get("campaign_id"),
            "campaign_name": campaigns.get(payload_uuid(p, "campaign_id") or UUID(int=0)),
            "store_id": p.get("store_id"), "store_name": owner.get("name"), "brand_color": owner.get("brand_color"),
            "title": p.get("title"), "body": p.get("body"),
        }  # fmt: skip
    if name == "reply":
        return {"position": r.position} | {
            member: p.get(member) for member in ("conversation_id", "reply_id", "store_id", "channel", "at")
        }
    if name == "conversation":
        return {"position": r.position} | {
            member: p.get(member) for member in ("conversation_id", "store_id", "by", "at")
        }
    if r.type == "campaign.changed":
        text = f"{p['name']} asks for approval"
        return {"position": r.position, "at": at, "kind": "campaign_in_review", "text": text} | {
            "campaign_id": p["campaign_id"]
        }
    kind, text = _ALERTS[r.type]
    if r.type in ("import.alert", "metric.alerted"):
        text = p["text"]
    if r.type == "webhook.disabled":
        text = f"{p['name']} gets no events any more: {_DISABLED.get(p['reason'], p['reason'])}"
    told = {"position": r.position, "at": at, "kind": kind, "text": text}
    return told | {"is_good": p["is_good"]} if r.type == "metric.alerted" else told


def _who(r: Recorded, key: str, tenant_id: TenantId) -> dict[str, Any]:
    device_id = payload_uuid(r.payload, "device_id")
    if device_id is None:
        return {}
    day: date = r.recorded_at.date()
    return {"pseudonym": as_text(pseudonym(key, tenant_id, device_id, day))}


_GAPS = {
    "expired": "Events between are not kept any more",
    "unknown": "The server does not know this position; its events begin anew",
}


def gap(reason: str, first: int | None = None, last: int | None = None) -> dict[str, Any]:
    """The data of `gap`: what a reader who resumes does not hear, so that it can read its lists again."""
    return {"from_position": first, "to_position": last, "reason": reason, "text": _GAPS[reason]}


async def what_follows(
    session: Session,
    tenant_id: TenantId,
    position: int,
    *,
    key: str,
    store_ids: frozenset[UUID] | None,
    only: Collection[str] = (),
) -> tuple[list[bytes], int]:
    """The next server-sent events after a position, and the position that they reach; the same one when none follow.

    `only`: names of events that are wanted, () for all. Positions have no holes but those that retention made: such a
    one is told as `gap`.
    """
    newest = await events.head(session, tenant_id)  # asked first: what it counts is there to be read
    if newest <= position:
        return [], position
    recorded = await events.read(session, tenant_id, position, BATCH)
    described = await describe(session, tenant_id, recorded, key=key, store_ids=store_ids)
    described = [item for item in described if not only or item[1] in only]
    told = [sse(*item) for item in described]
    follows = recorded[0].position if recorded else newest + 1
    if follows > position + 1:
        told.insert(0, sse(follows - 1, "gap", gap("expired", position + 1, follows - 1)))
    reached = recorded[-1].position if recorded else newest
    if recorded and (not described or described[-1][0] < reached):
        told.append(b"id: %d\n\n" % reached)  # no event, but where to resume from
    return told, reached


def sse(position: int, name: str, data: dict[str, Any]) -> bytes:
    """One server-sent event; its id is the ledger position, from which a reader resumes."""
    return b"id: %d\nevent: %s\ndata: %s\n\n" % (position, name.encode(), msgspec.json.encode(data))
