"""What the ledger tells segments: whom each event is about, and which kind of news it is."""

from collections.abc import Collection, Sequence
from datetime import datetime
from typing import NamedTuple
from uuid import UUID

from geoengage.kit.db import Session
from geoengage.kit.event_base import Recorded, payload_uuid
from geoengage.kit.ids import TenantId
from geoengage.segments import store
from geoengage.segments.rules.wakes import News, lists_of
from geoengage.segments.service.membership import Causes, recompute, tell
from geoengage.segments.store import Live

REACTION = "segments.people"
_BY_MEMBER = {
    **dict.fromkeys(
        ("order.placed", "order.updated", "order.cancelled", "order.refunded", "order.left"),
        ("identifiers", "identifier_id", News.ORDERS),
    ),
    **dict.fromkeys(
        ("zone.entered", "zone.exited", "zone.revised", "zone.retracted"), ("devices", "device_id", News.VISITS)
    ),
    "consent.changed": ("devices", "device_id", News.DEVICES),
    "habits.changed": ("profiles", "profile_id", News.HABITS),
}
_PROFILES = {"profile.created", "profile.merged", "profile.unmerged"}
# About everybody: who is concerned is not said.
_WHOLE = {"values.fitted": {News.VALUES}, "venue.changed": {News.VISITS, News.POSITIONS}}
WANTED = frozenset(
    {*_BY_MEMBER, *_PROFILES, *_WHOLE, "events.recorded", "message.changed", "people.changed", "segment.list_changed"}
)
SWEEP = 2_000  # so many of whom it is time are looked at in one transaction


async def on_news(session: Session, tenant_id: TenantId, recorded: Sequence[Recorded], now: datetime) -> None:
    """Evaluate the people whom a batch of events is about, and tell who entered and left."""
    segments = await store.list_live(session, tenant_id)
    if not segments:
        return
    await _mark_stale(session, tenant_id, recorded, segments, now)
    causes = await causes_of(session, tenant_id, recorded)
    await tell(session, tenant_id, await recompute(session, tenant_id, segments, causes, now), now)


async def on_time(session: Session, tenant_id: TenantId, now: datetime) -> int:
    """Evaluate people for whom it is time; returns of how many something was due. The caller holds the cursor."""
    due = await store.claim_due(session, tenant_id, now, SWEEP)
    causes = Causes(due={(segment_id, profile_id): at for segment_id, profile_id, at in due})
    segments = await store.list_live(session, tenant_id)
    await tell(session, tenant_id, await recompute(session, tenant_id, segments, causes, now), now)
    return len(due)


async def on_positions(session: Session, tenant_id: TenantId, now: datetime) -> int:
    """Evaluate people whose phone was somewhere else since the last look. The caller holds the cursor."""
    moved = await store.take_moved(session, tenant_id, now)
    causes = Causes()
    for profile_id in moved:
        causes.news[profile_id].add(News.POSITIONS)
    segments = await store.list_live(session, tenant_id)
    await tell(session, tenant_id, await recompute(session, tenant_id, segments, causes, now), now)
    return len(moved)


async def _mark_stale(
    session: Session, tenant_id: TenantId, recorded: Sequence[Recorded], segments: Sequence[Live], now: datetime
) -> None:
    """What concerns everybody is evaluated like a build, beside."""
    whole = set[News]().union(*(_WHOLE[r.type] for r in recorded if r.type in _WHOLE))
    lists = {payload_uuid(r.payload, "list_id") for r in recorded if r.type == "segment.list_changed"}
    stale = [live.id for live in segments if live.wakes & whole or lists_of(live.definition) & lists]
    if stale:
        await store.set_stale(session, tenant_id, stale, now)


async def causes_of(session: Session, tenant_id: TenantId, recorded: Sequence[Recorded]) -> Causes:
    """Whom events are about. Ids and devices are looked up as they are now: joined people are one."""
    named: list[_Named] = [one for r in recorded for one in _named(r)]
    by_way = {way: {one.id for one in named if one.of == way} for way in ("identifiers", "devices", "events")}
    owners = await store.list_owners(session, tenant_id, **by_way)
    causes = Causes()
    for one in named:
        profile_id = one.id if one.of == "profiles" else owners.get(one.id)
        if profile_id is not None:
            causes.news[profile_id].add(one.kind)
    return causes


class _Named(NamedTuple):
    """Whom an event names, by what (`profiles`, `identifiers`, `devices`, `events`), and which kind of news that is."""

    of: str
    id: UUID
    kind: News


def _named(r: Recorded) -> list[_Named]:
    if r.type in _PROFILES:
        return _single(r, "profiles", ("profile_id", "into_id", "from_id"), News.PERSON)
    if r.type in _BY_MEMBER:
        of, member, kind = _BY_MEMBER[r.type]
        return _single(r, of, (member,), kind)
    if r.type == "message.changed" and (r.payload["status"] == "sent" or r.payload["reason"] == "opened"):
        to_person = _single(r, "profiles", ("profile_id",), News.MESSAGES)
        return to_person or _single(r, "devices", ("device_id",), News.MESSAGES)
    if r.type == "message.changed" and r.payload["status"] == "failed":  # its address may be dead
        return _single(r, "devices", ("device_id",), News.DEVICES)
    if r.type == "events.recorded":
        return [_Named("events", UUID(id_), News.EVENTS) for id_ in r.payload["event_ids"]]
    if r.type == "people.changed":
        kind = News(r.payload["what"])
        ways = (("identifiers", "identifier_id"), ("devices", "device_id"), ("profiles", "profile_id"))
        return [one for of, member in ways for one in _single(r, of, (member,), kind)]
    return []


def _single(r: Recorded, of: str, members: Collection[str], kind: News) -> list[_Named]:
    return [_Named(of, id_, kind) for name in members if (id_ := payload_uuid(r.payload, name)) is not None]
