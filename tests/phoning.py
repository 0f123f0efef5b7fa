"""A tenant that sends to phones through local providers, with its worker and the webhooks of those providers."""

import contextlib
import json
from collections.abc import AsyncIterator, Mapping
from dataclasses import dataclass, field
from datetime import datetime, time, timedelta
from typing import Any
from uuid import UUID

import httpx
from fastapi import FastAPI
from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncEngine

from geoengage.kit import sealed
from geoengage.kit.clock import utc_now
from geoengage.kit.db import Session, Sessions, make_sessions, transaction
from geoengage.kit.ids import TenantId, new_id
from geoengage.kit.settings import Settings, WorkerSettings
from geoengage.marketplace.service import spending
from geoengage.messaging import service
from geoengage.messaging.jobs import Deliverer
from geoengage.messaging.models import Message
from geoengage.messaging.phone_models import PhoneSender
from geoengage.messaging.phone_senders import phone_about
from geoengage.messaging.rules import Draft
from geoengage.messaging.senders import open_senders
from geoengage.profiles import service as profiles
from geoengage.profiles import store as profiles_store
from geoengage.profiles.rules import Channel, ConsentState, Id, Kind, PointState, Proof, Purpose, may_contact
from tests.conftest import KEY
from tests.db.test_messaging_delivery import Clock
from tests.factories import World, make_world

PUBLIC = "https://shop.example"


def phone_sender(
    tenant_id: TenantId, channel: str, account: Mapping[str, Any], secrets: Mapping[str, Any], **over: Any
) -> PhoneSender:
    """An account, ready to be stored."""
    id_ = over.pop("id", None) or new_id()
    keys = over.pop("keys", KEY)
    values: dict[str, Any] = {
        "tenant_id": tenant_id, "id": id_, "channel": channel, "store_id": None, "revision": new_id(),
        "account": dict(account), "per_minute": 60_000, "since": utc_now(), "status": "unchecked",
        "sealed": sealed.seal(keys, phone_about(tenant_id, id_), json.dumps(dict(secrets)).encode()),
    } | over  # fmt: skip
    return PhoneSender(**values)


@dataclass
class Shop:
    """A tenant on a database where commits are real, whose people have numbers."""

    sessions: Sessions
    world: World

    @property
    def now(self) -> datetime:
        return utc_now()

    async def person(
        self,
        number: str | None = "+41791234567",
        *channels: str,
        state: PointState = PointState.REACHABLE,
        store_id: UUID | None = None,
        agrees: bool = True,
        also: Id | None = None,
    ) -> UUID:
        """Somebody with a number that is proven for these channels, and consent to marketing there."""
        async with transaction(self.sessions, self.world.tenant_id) as session:
            return await self._person(session, number, channels or ("whatsapp",), state, store_id, agrees, also)

    async def _person(
        self,
        session: Session,
        number: str | None,
        channels: tuple[str, ...],
        state: PointState,
        store_id: UUID | None,
        agrees: bool,
        also: Id | None,
    ) -> UUID:
        tenant_id, now = self.world.tenant_id, self.now
        ids = [Id(Kind.PHONE, number)] if number else []
        ids += [also] if also else []
        known = await profiles.resolve(
            session, tenant_id, [Id(Kind.EXTERNAL_ID, f"c {number} {also}"), *ids], proof=Proof.LINK, source="till",
            at=now, now=now,
        )  # fmt: skip
        for id_ in ids:
            own = await profiles.resolve(session, tenant_id, [id_], proof=Proof.LINK, source="till", at=now, now=now)
            for channel in map(Channel, channels):
                await profiles.tell_state(
                    session, tenant_id, own.identifier_id, channel, state, reason=None, source="test", now=now
                )
                if agrees:
                    await profiles.state_consent(
                        session, tenant_id, own.identifier_id, channel=channel, purpose=Purpose.MARKETING,
                        store_id=store_id, state=ConsentState.SUBSCRIBED, text_version="1", source="test",
                        at=now - timedelta(days=1), now=now,
                    )  # fmt: skip
        return known.profile_id

    async def queue(self, person_id: UUID, *channels: str, **over: Any) -> UUID:
        values: dict[str, Any] = {
            "device_id": None, "person_id": person_id, "campaign_id": new_id(), "channels": channels or ("whatsapp",),
            "title": "Hoi", "body": "Kaffee", "collapse_key": "coffee", "occurrence": new_id(),
            "expires_at": self.now + timedelta(hours=10),
        } | over  # fmt: skip
        async with transaction(self.sessions, self.world.tenant_id) as session:
            return (await service.enqueue(session, self.world.tenant_id, [Draft(**values)], self.now))[0]

    async def message(self, id_: UUID) -> Message:
        async with transaction(self.sessions, self.world.tenant_id) as session:
            return (await session.execute(select(Message).where(Message.id == id_))).scalar_one()

    async def may(self, person: UUID, channel: str, store_id: UUID | None = None) -> bool:
        """Whether marketing may go to somebody, by their consent alone."""
        async with transaction(self.sessions, self.world.tenant_id) as session:
            standing = (await profiles_store.list_standings(session, self.world.tenant_id, [person]))[person]
        return may_contact(standing, Channel(channel), Purpose.MARKETING, store_id, now=utc_now()) is None

    async def rows(self, model: type[Any]) -> list[Any]:
        async with transaction(self.sessions, self.world.tenant_id) as session:
            return list((await session.execute(select(model))).scalars())


@dataclass
class Lines(Shop):
    """See the module's text."""

    worker: Deliverer
    clock: Clock
    hooks: httpx.AsyncClient
    senders: dict[str, UUID] = field(default_factory=dict)

    @property
    def now(self) -> datetime:
        return self.clock.now

    async def add(self, channel: str, account: Mapping[str, Any], secrets: Mapping[str, Any], **over: Any) -> UUID:
        """An account; the first of its channel is `senders[channel]`."""
        async with transaction(self.sessions, self.world.tenant_id) as session:
            row = phone_sender(self.world.tenant_id, channel, account, secrets, **over)
            session.add(row)
            self.senders.setdefault(channel, row.id)
            return row.id

    async def deliver(self) -> int:
        return await self.worker.deliver_once(self.world.tenant_id)

    async def send(self, *channels: str, person: UUID | None = None, **over: Any) -> Message:
        """A message to somebody, delivered once."""
        id_ = await self.queue(person or await self.person("+41791234567", *channels), *channels, **over)
        await self.deliver()
        return await self.message(id_)


@contextlib.asynccontextmanager
async def lines(committed: AsyncEngine, app: FastAPI, settings: Settings, **urls: str) -> AsyncIterator[Lines]:
    """`urls`: where the providers are, as in the settings."""
    sessions, clock = make_sessions(committed), Clock()
    clock.now = utc_now()
    async with sessions() as session:
        world = await make_world(session, quiet_start=time(0), quiet_end=time(0))
    here = settings.phone_channels.model_copy(update={"timeout_s": 2.0, **urls})
    changed = settings.model_copy(update={"phone_channels": here, "public_url": PUBLIC})
    app.state.sessions, app.state.settings = sessions, changed
    transport = httpx.ASGITransport(app=app, raise_app_exceptions=False)
    async with (
        open_senders(changed, clock) as senders,
        httpx.AsyncClient(transport=transport, base_url="http://testserver") as client,
    ):
        worker = Deliverer(
            sessions, senders, WorkerSettings(), clock=clock, jitter=lambda: 0.5, spend=spending.hold_back
        )
        yield Lines(sessions, world, worker, clock, client)
