"""A tenant whose people do everything that segments ask about, by a clock that tests move; and its segments' worker."""

from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID

from sqlalchemy import text

from geoengage.commerce.rules import OrderIn, Refund, Status
from geoengage.commerce.service import record_order
from geoengage.kit import events
from geoengage.kit.db import Session, Sessions, transaction
from geoengage.kit.ids import TenantId, new_id
from geoengage.presence.models import Visit
from geoengage.presence.rules.events import ZoneEntered, ZoneExited
from geoengage.profiles import service as profiles
from geoengage.profiles import store as profiles_store
from geoengage.profiles.models import TrackedEvent
from geoengage.profiles.rules import Channel, Consent, ConsentKind, ConsentState, Id, Kind, Proof, Purpose
from geoengage.profiles.rules.tracked import EventsRecorded
from geoengage.segments import jobs, service, store
from geoengage.segments.rules import read_definition
from tests.campaign_rows import make_device, make_store, make_zone
from tests.factories import World, make_world

START = datetime.now(UTC).replace(microsecond=0)
GRANTED = {ConsentKind.LOCATION: Consent.GRANTED, ConsentKind.PERSONALISATION: Consent.GRANTED}


async def open_the_future(session: Session) -> None:
    """Partitions up to the end of time, for clocks that run ahead."""
    for table in ("event", "visit", "segment_change"):
        last = await session.execute(
            text(
                "SELECT max(substring(pg_get_expr(c.relpartbound, c.oid) FROM 'TO \\(''([^'']+)''')) FROM pg_inherits i"
                " JOIN pg_class c ON c.oid = i.inhrelid WHERE i.inhparent = CAST(:table AS regclass)"
            ),
            {"table": table},
        )
        end = "ffffffff-ffff-ffff-ffff-ffffffffffff"
        await session.execute(
            text(f"CREATE TABLE {table}_far PARTITION OF {table} FOR VALUES FROM ('{last.scalar()}') TO ('{end}')")
        )


@dataclass
class People:
    """What people do is written by the services that do it in production, each act in a transaction of its own."""

    sessions: Sessions
    world: World
    store_id: UUID
    zones: list[UUID]
    now: datetime = START
    ids: dict[int, profiles.Resolved] = field(default_factory=dict)
    devices: dict[int, UUID] = field(default_factory=dict)
    orders: list[OrderIn] = field(default_factory=list)
    inside: dict[int, Visit] = field(default_factory=dict)

    @property
    def tenant_id(self) -> TenantId:
        return self.world.tenant_id

    def clock(self) -> datetime:
        return self.now

    async def _id(self, session: Session, who: int) -> UUID:
        found = await profiles.resolve(
            session, self.tenant_id, [Id(Kind.EXTERNAL_ID, f"p{who}")], proof=Proof.LINK, source="test", at=self.now,
            now=self.now,
        )  # fmt: skip
        self.ids[who] = found
        return found.identifier_id

    async def says(self, who: int, **traits: Any) -> None:
        async with transaction(self.sessions, self.tenant_id) as session:
            id_ = await self._id(session, who)
            await profiles.set_traits(
                session, self.tenant_id, id_, traits, source="crm", at=self.now, proof=Proof.LINK, now=self.now
            )

    async def buys(self, who: int, ago: timedelta, amount: int, *, here: bool) -> None:
        async with transaction(self.sessions, self.tenant_id) as session:
            order = OrderIn(
                source="pos", external_id=str(len(self.orders)), ordered_at=self.now - ago, updated_at=self.now,
                currency="CHF", subtotal_minor=amount, total_minor=amount, store_id=self.store_id if here else None,
                identifier_id=await self._id(session, who),
            )  # fmt: skip
            self.orders.append(order)
            await record_order(session, self.tenant_id, order, self.now)

    async def changes_order(self, which: int, how: str, who: int) -> None:
        """It is cancelled, half of it refunded, or somebody else's."""
        if not self.orders:
            return
        old = self.orders[which % len(self.orders)]
        async with transaction(self.sessions, self.tenant_id) as session:
            over: dict[str, Any] = {"updated_at": self.now, "identifier_id": await self._id(session, who)}
            if how == "cancelled":
                over["status"] = Status.CANCELLED
            if how == "refunded":
                over["refunds"] = (Refund(external_id=str(new_id()), at=self.now, amount_minor=old.total_minor // 2),)
            names = [f.name for f in old.__dataclass_fields__.values()] if hasattr(old, "__dataclass_fields__") else []
            values = {name: getattr(old, name) for name in names or old.__struct_fields__}
            await record_order(session, self.tenant_id, OrderIn(**values | over), self.now)

    async def does(self, who: int, ago: timedelta, stars: int) -> None:
        async with transaction(self.sessions, self.tenant_id) as session:
            row = TrackedEvent(
                tenant_id=self.tenant_id, id=new_id(self.now), identifier_id=await self._id(session, who),
                at=self.now - ago, received_at=self.now, type="track", name="Rated", message_id=str(new_id()),
                key_id=new_id(), is_claim=False, properties={"stars": stars}, context={}, product_ids=[],
            )  # fmt: skip
            session.add(row)
            await session.flush()
            told = EventsRecorded(event_ids=[row.id], is_claim=False, at=self.now)
            await events.publish(session, self.tenant_id, [told], self.now)

    async def takes_phone(self, who: int, phone: int) -> None:
        """Logs in on a phone; somebody who was is logged out."""
        async with transaction(self.sessions, self.tenant_id) as session:
            await self._id(session, who)
            if phone not in self.devices:
                self.devices[phone] = await make_device(session, self.world)
            device = await profiles_store.lock_device(session, self.tenant_id, self.devices[phone])
            await profiles.link_by_server(session, self.tenant_id, device, f"p{who}", {}, self.now)

    async def decides(self, phone: int, *, agrees: bool) -> None:
        if phone not in self.devices:
            return
        async with transaction(self.sessions, self.tenant_id) as session:
            device = await profiles_store.lock_device(session, self.tenant_id, self.devices[phone])
            stated = {ConsentKind.LOCATION: Consent.GRANTED if agrees else Consent.DENIED}
            await profiles.state_consents(
                session, self.tenant_id, device, stated, text_version=str(new_id()), source="test", now=self.now
            )

    async def walks(self, phone: int, zone: int, ago: timedelta, minutes: int | None) -> None:
        """Into a zone, and after so many minutes out; None: they stay. Who was inside leaves first."""
        if phone not in self.devices:
            return
        async with transaction(self.sessions, self.tenant_id) as session:
            if (open_ := self.inside.pop(phone, None)) is not None:
                await session.execute(
                    text("UPDATE visit SET exited_at = :now WHERE tenant_id = :t AND id = :id"),
                    {"now": self.now, "t": self.tenant_id, "id": open_.id},
                )
                await self._told(session, ZoneExited, open_)
            at = self.now if minutes is None else self.now - ago
            visit = Visit(
                tenant_id=self.tenant_id, id=new_id(at), device_id=self.devices[phone],
                zone_id=self.zones[zone % len(self.zones)], zone_version=1, entered_at=at, revision=0,
                exited_at=None if minutes is None else min(self.now, at + timedelta(minutes=minutes)),
            )  # fmt: skip
            session.add(visit)
            await session.flush()
            if minutes is None:
                self.inside[phone] = visit
            await self._told(session, ZoneEntered, visit)

    async def _told(self, session: Session, kind: Callable[..., Any], visit: Visit) -> None:
        told = kind(
            id=new_id(), at=self.now, device_id=visit.device_id, zone_id=visit.zone_id, zone_version=1,
            visit_id=visit.id, confidence=1.0, evidence="gnss", reason="test", late=False,
        )  # fmt: skip
        await events.publish(session, self.tenant_id, [told], self.now)

    async def consents(self, who: int, state: str, ago: timedelta, *, here: bool) -> None:
        async with transaction(self.sessions, self.tenant_id) as session:
            await profiles.state_consent(
                session, self.tenant_id, await self._id(session, who), channel=Channel.EMAIL,
                purpose=Purpose.MARKETING, store_id=self.store_id if here else None, state=ConsentState(state),
                text_version="1", source="test", at=self.now - ago, now=self.now,
            )  # fmt: skip

    async def pauses(self, who: int, days: int) -> None:
        async with transaction(self.sessions, self.tenant_id) as session:
            await self._id(session, who)
            until = self.now + timedelta(days=days)
            await profiles.pause(session, self.tenant_id, self.ids[who].profile_id, until, source="t", now=self.now)

    async def are_one(self, who: int, other: int, *, joins: bool) -> None:
        async with transaction(self.sessions, self.tenant_id) as session:
            a, b = await self._id(session, who), await self._id(session, other)
            if joins and a != b:
                await profiles.merge(session, self.tenant_id, a, b, reason="test", now=self.now)
            elif not joins and a != b and self.ids[who].profile_id == self.ids[other].profile_id:
                await profiles.unmerge(session, self.tenant_id, [a], reason="test", now=self.now)

    # --- segments

    async def segment(self, definition: dict[str, Any], **over: Any) -> UUID:
        id_ = new_id()
        async with transaction(self.sessions, self.tenant_id) as session:
            await service.create(
                session, self.tenant_id, id_=id_, name="S", definition=read_definition(definition), now=self.now, **over
            )
        return id_

    async def build(self, ahead: timedelta = service.AHEAD) -> None:
        while await jobs.build_once(self.sessions, self.clock, ahead):
            pass

    async def work(self) -> None:
        """What the worker does with news and with time."""
        while await self._react():
            pass
        while await jobs.keep_time_once(self.sessions, self.clock):
            pass

    async def _react(self) -> int:
        async with transaction(self.sessions, self.tenant_id) as session:
            await events.make_cursor(session, self.tenant_id, service.REACTION)
            read = await events.claim(session, self.tenant_id, service.REACTION, service.WANTED, 500)
            if read.wanted:
                await service.on_news(session, self.tenant_id, read.wanted, self.now)
            if read.count:
                await events.move_cursor(session, self.tenant_id, service.REACTION, read.last)
        return read.count

    async def members(self, segment_id: UUID) -> set[UUID]:
        async with transaction(self.sessions, self.tenant_id) as session:
            return set(service.as_uuids(await store.read_members(session, self.tenant_id, segment_id)))

    async def rebuilt(self, segment_id: UUID) -> set[UUID]:
        """Who would be in it if it were built from nothing now."""
        async with transaction(self.sessions, self.tenant_id) as session:
            segment = await store.get_segment(session, self.tenant_id, segment_id)
            found = await service.members_of(
                session, self.tenant_id, read_definition(segment.definition), self.now, store_id=segment.store_id
            )
        return set(service.as_uuids(found))


async def make_people(sessions: Sessions) -> People:
    """A tenant with a store, two zones of it and one that is nobody's."""
    async with sessions() as session:
        world = await make_world(session)
    async with transaction(sessions, world.tenant_id) as session:
        store_id = await make_store(session, world)
        zones = [await make_zone(session, world, store_id=store_id) for _ in range(2)]
        zones.append(await make_zone(session, world, kind="parking"))
    return People(sessions, world, store_id, zones)
