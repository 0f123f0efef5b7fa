"""A grocer's customers for tests of recipes: whole histories of orders, the worker's rounds, and what was sent."""

from collections.abc import Callable, Collection
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

import httpx
from sqlalchemy import select

from geoengage.campaigns.jobs import advance_once
from geoengage.campaigns.models import JourneyEntry
from geoengage.commerce import service as commerce
from geoengage.commerce.rules import Line, OrderIn
from geoengage.kit.clock import utc_now
from geoengage.kit.db import Session, Sessions
from geoengage.kit.ids import new_id
from geoengage.messaging.models import Message
from geoengage.metrics import store as metrics
from geoengage.presence.service import IndexCache
from geoengage.profiles import service as profiles
from geoengage.profiles.models import Identifier
from geoengage.profiles.rules import Channel, ConsentState, Id, Kind, PointState, Proof, Purpose
from geoengage.segments import jobs as segments
from geoengage.segments import service as segment_service
from geoengage.wiring import reactions
from geoengage.worker import react_once
from tests.campaign_rows import make_device
from tests.factories import World
from tests.mailing import make_reader

WEEKLY = tuple(range(3, 360, 7))
SLOWER = (4, 22, 40, 58, 76, *range(90, 360, 7))  # about 60 % less often since three months
FAR_SLOWER = (5, 45, 85, *range(95, 360, 7))
STOPPED = tuple(range(90, 360, 7))
PHONE = {"push_provider": "fcm", "push_kind": "fcm_token"}


@dataclass
class Grocer:
    """A tenant with customers. `people`: name → profile. `store_id`: where they buy; None: at no store of it."""

    client: httpx.AsyncClient
    session: Session
    sessions: Sessions
    world: World
    people: dict[str, UUID] = field(default_factory=dict)
    store_id: UUID | None = None

    async def customer(
        self,
        name: str,
        *days_ago: int,
        address: bool = True,
        wanted: Callable[[UUID], bool] = lambda _: True,
        **device: Any,
    ) -> UUID:
        """Somebody who agreed to everything and bought on those days. `address`: their phone can be pushed to.
        `wanted`: of what id they must be, as holdouts go by it.
        """
        tries = (await make_reader(self.session, self.world, f"{name}{n}@example.com", utc_now()) for n in range(99))
        id_ = self.people[name] = await anext(id_ async for id_ in tries if wanted(id_))
        pushed = {"push_address": f"phone of {name}"} if address else {}
        await make_device(self.session, self.world, profile_id=id_, **PHONE | pushed | device)
        await self.buys(name, *days_ago)
        return id_

    async def buys(
        self,
        name: str,
        *days_ago: int,
        at: datetime | None = None,
        minor: int = 4000,
        category: str | None = None,
        store_id: UUID | None = None,
    ) -> None:
        """Orders at one moment, or on those days nine hours from now: so nobody's best hour is this one."""
        line = Line(quantity_milli=1000, total_minor=minor, name="Thing", category=category)
        query = select(Identifier.id).where(
            Identifier.profile_id == self.people[name], Identifier.kind == "external_id"
        )
        identifier_id = await self.session.scalar(query)
        now = utc_now()
        for moment in [at] if at is not None else [now - timedelta(days=ago, hours=9) for ago in days_ago]:
            order = OrderIn(
                source="api", external_id=str(new_id()), ordered_at=moment, updated_at=moment, currency="CHF",
                subtotal_minor=minor, total_minor=minor, identifier_id=identifier_id,
                store_id=store_id or self.store_id,
                lines=() if category is None else (line,),
            )  # fmt: skip
            await commerce.record_order(self.session, self.world.tenant_id, order, max(now, moment))
        await self.session.commit()

    async def number(self, name: str, number: str, *channels: str, agrees: Collection[str] | None = None) -> None:
        """A number of theirs that is proven for these channels, and marketing agreed to there, or on other ones."""
        now, tenant_id = utc_now(), self.world.tenant_id
        query = select(Identifier.kind, Identifier.value).where(Identifier.profile_id == self.people[name])
        own = [Id(Kind(kind), value) for kind, value in await self.session.execute(query)]
        phone = Id(Kind.PHONE, number)
        how: dict[str, Any] = {"proof": Proof.LINK, "source": "till", "at": now, "now": now}
        await profiles.resolve(self.session, tenant_id, [*own, phone], **how)
        known = await profiles.resolve(self.session, tenant_id, [phone], **how)
        assert known.profile_id == self.people[name]
        for channel in channels:
            await profiles.tell_state(
                self.session, tenant_id, known.identifier_id, Channel(channel), PointState.REACHABLE, reason=None,
                source="test", now=now,
            )  # fmt: skip
        for channel in channels if agrees is None else agrees:
            await profiles.state_consent(
                self.session, tenant_id, known.identifier_id, channel=Channel(channel), purpose=Purpose.MARKETING,
                store_id=None, state=ConsentState.SUBSCRIBED, text_version="1", source="test", at=now, now=now,
            )  # fmt: skip
        await self.session.commit()

    async def settle(self) -> None:
        """The worker hears everything that happened, and builds segments."""
        while await react_once(self.sessions, reactions(IndexCache())):
            pass
        while await segments.build_once(self.sessions, utc_now, segment_service.AHEAD):
            pass
        while await react_once(self.sessions, reactions(IndexCache())):
            pass

    async def degree(self, name: str) -> str:
        """How far somebody has fallen back."""
        self.session.expunge_all()
        rows = await metrics.read_habits(self.session, self.world.tenant_id, [self.people[name]])
        return rows[self.people[name]].decline

    async def post(self, path: str, body: dict[str, Any] | None = None, *, status: int = 200) -> dict[str, Any]:
        """As the tenant's key."""
        answer = await self.client.post(f"/v1{path}", json=body or {}, headers=self.world.sk_headers)
        assert answer.status_code == status, answer.text
        found: dict[str, Any] = answer.json()
        return found

    async def recipe(self, key: str) -> dict[str, Any]:
        """As the catalogue has it."""
        answer = await self.client.get("/v1/recipes", headers=self.world.sk_headers)
        assert answer.status_code == 200, answer.text
        found: dict[str, Any] = next(each for each in answer.json()["items"] if each["recipe"] == key)
        return found

    async def advance(self, now: datetime) -> None:
        """Journeys move on at that moment, as far as they go."""
        await advance_once(self.sessions, now)

    async def due(self, name: str) -> datetime:
        """When somebody's step is over."""
        entry = await self.entry(name)
        assert entry is not None
        assert entry.due_at is not None
        return entry.due_at

    async def entry(self, name: str) -> JourneyEntry | None:
        """Where somebody stands; None: they never came in."""
        self.session.expunge_all()
        query = select(JourneyEntry).where(JourneyEntry.profile_id == self.people[name])
        return await self.session.scalar(query.order_by(JourneyEntry.entered_at.desc()).limit(1))

    async def messages(self, name: str) -> list[Message]:
        """All to somebody, oldest first."""
        self.session.expunge_all()
        query = select(Message).where(Message.person_id == self.people[name]).order_by(Message.id)
        return list(await self.session.scalars(query))
