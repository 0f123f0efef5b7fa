"""A shop whose campaigns have steps: people, what they do and order, the clock, and what became of their messages."""

from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID

import httpx
import msgspec
from sqlalchemy import select, text

from geoengage.campaigns.jobs import advance_once, begin_runs_once
from geoengage.campaigns.models import JourneyEntry
from geoengage.campaigns.news import on_news
from geoengage.commerce.models import ShopOrder
from geoengage.commerce.rules.events import CartAbandoned, OrderPlaced
from geoengage.kit.db import Session, Sessions
from geoengage.kit.event_base import Event, Recorded, type_of
from geoengage.kit.ids import new_id
from geoengage.messaging.models import Message
from geoengage.profiles.models import Identifier, TrackedEvent
from geoengage.profiles.rules import EventsRecorded
from tests.campaign_rows import make_device, make_profile
from tests.factories import World

NOW = datetime.now(UTC).replace(hour=10, minute=0, second=0, microsecond=0)
GRANTED = {"marketing_push": "granted", "personalisation": "granted", "push_address": "x"}


@dataclass
class Shop:
    """A tenant. `people`: name → profile; the clock is an argument."""

    client: httpx.AsyncClient
    session: Session
    sessions: Sessions
    world: World
    people: dict[str, UUID] = field(default_factory=dict)

    async def person(self, name: str, attributes: dict[str, Any] | None = None, **device: Any) -> UUID:
        """Somebody with one phone; no phone with `phone=False`."""
        has_phone = device.pop("phone", True)
        own = {"first_name": name, "attributes": attributes or {}}
        profile_id = self.people[name] = await make_profile(self.session, self.world, **own)
        if has_phone:
            await make_device(self.session, self.world, profile_id=profile_id, **GRANTED | device)
        await self.session.commit()
        return profile_id

    async def campaign(self, trigger: dict[str, Any], *, activate: bool = True, **over: Any) -> dict[str, Any]:
        """Made and activated over HTTP, without the limits that a test does not ask for."""
        body = {
            "name": "Journey", "cooldown_s": 0, "cap": {"count": 50, "per_days": 1}, "trigger": trigger,
        } | over  # fmt: skip
        if "steps" not in over:
            body = {"title": "Hi {{ first_name }}", "body": "Look"} | body
        made = await self.client.post("/v1/campaigns", json=body, headers=self.world.sk_headers)
        assert made.status_code == 201, made.text
        return await self.post(f"/v1/campaigns/{made.json()['id']}/activate") if activate else made.json()

    async def post(self, path: str, body: dict[str, Any] | None = None, **headers: str) -> dict[str, Any]:
        """As the tenant's key; what was answered."""
        answer = await self.client.post(path, json=body, headers=self.world.sk_headers | headers)
        assert answer.status_code == 200, answer.text
        found: dict[str, Any] = answer.json()
        return found

    async def patch(self, campaign: dict[str, Any], **changes: Any) -> dict[str, Any]:
        """The campaign as it is then."""
        path = f"/v1/campaigns/{campaign['id']}"
        read = await self.client.get(path, headers=self.world.sk_headers)
        headers = self.world.sk_headers | {"If-Match": read.headers["etag"]}
        answer = await self.client.patch(path, json=changes, headers=headers)
        assert answer.status_code == 200, answer.text
        found: dict[str, Any] = answer.json()
        return found

    async def identifier(self, name: str) -> UUID:
        found = await self.session.scalar(select(Identifier.id).where(Identifier.profile_id == self.people[name]))
        assert found is not None
        return found

    async def did(self, name: str, event: str, at: datetime = NOW, *, is_claim: bool = False, **said: Any) -> UUID:
        """A site told it, and campaigns have heard."""
        row = TrackedEvent(
            tenant_id=self.world.tenant_id, id=new_id(at), identifier_id=await self.identifier(name), at=at,
            received_at=at, type="track", name=event, message_id=new_id().hex, key_id=new_id(), is_claim=is_claim,
            properties=said, context={}, product_ids=[], order_id=None,
        )  # fmt: skip
        self.session.add(row)
        await self.session.commit()
        await self.hear(EventsRecorded(event_ids=[row.id], is_claim=is_claim, at=at), at)
        return row.id

    async def ordered(self, name: str, at: datetime = NOW, channel: str = "web", *, currency: str = "CHF") -> UUID:
        """An order, and campaigns have heard of it."""
        identifier_id, order_id = await self.identifier(name), new_id()
        money = dict.fromkeys(("discount_minor", "shipping_minor", "tax_minor", "refunded_minor"), 0)
        self.session.add(
            ShopOrder(
                tenant_id=self.world.tenant_id, id=order_id, source="test", external_id=order_id.hex, ordered_at=at,
                source_updated_at=at, status="paid", stated_status="paid", currency=currency, store_id=None,
                channel=channel, identifier_id=identifier_id, subtotal_minor=1000, total_minor=1000, content_hash=b"x",
                **money,
            )
        )  # fmt: skip
        await self.session.commit()
        placed = OrderPlaced(
            order_id=order_id, source="test", external_id="A-1", store_id=None, channel=channel, status="paid",
            currency=currency, total_minor=1000, identifier_id=identifier_id, at=at,
        )  # fmt: skip
        await self.hear(placed, at)
        return order_id

    async def left_a_cart(self, name: str, at: datetime = NOW) -> None:
        """A cart was called abandoned at that moment."""
        identifier_id = await self.identifier(name)
        event = CartAbandoned(
            cart_id=new_id(), store_id=None, identifier_id=identifier_id, device_id=None, at=at, lines=2,
            totals={"CHF": 900},
        )  # fmt: skip
        await self.hear(event, at)

    async def hear(self, event: Event, at: datetime) -> None:
        """The ledger tells it."""
        payload = msgspec.json.decode(msgspec.json.encode(event))
        await on_news(self.session, self.world.tenant_id, [Recorded(1, type_of(type(event)), at, payload)], at)
        await self.session.commit()

    async def go(self, now: datetime = NOW) -> dict[str, list[str]]:
        """The calendar and whoever is due at that moment; then `texts`."""
        await begin_runs_once(self.sessions, now)
        await advance_once(self.sessions, now)
        return await self.texts()

    async def messages(self) -> list[Message]:
        """All, oldest first."""
        self.session.expunge_all()
        query = select(Message).where(Message.tenant_id == self.world.tenant_id).order_by(Message.id)
        return list(await self.session.scalars(query))

    async def texts(self) -> dict[str, list[str]]:
        """What each person was sent, or the reason in brackets, by name."""
        names = {profile_id: name for name, profile_id in self.people.items()}
        found: dict[str, list[str]] = {}
        for m in await self.messages():
            found.setdefault(names[m.person_id], []).append(m.title if m.status == "queued" else f"[{m.reason}]")
        return found

    async def entries(self) -> dict[str, tuple[str | None, str | None]]:
        """Where people stand, and why they left, by name; of the last time that they came in."""
        self.session.expunge_all()
        query = select(JourneyEntry).where(JourneyEntry.tenant_id == self.world.tenant_id)
        names = {profile_id: name for name, profile_id in self.people.items()}
        rows = await self.session.scalars(query.order_by(JourneyEntry.entered_at))
        return {names[row.profile_id]: (row.step, row.end_reason) for row in rows}

    async def set_tenant(self, **values: Any) -> None:
        """Columns of the tenant."""
        for name, value in values.items():
            statement = text(f"UPDATE tenant SET {name} = :value WHERE id = :id")  # noqa: S608 - a column's name
            await self.session.execute(statement, {"value": value, "id": self.world.tenant_id})
        await self.session.commit()


def hours(count: float) -> timedelta:
    return timedelta(hours=count)
