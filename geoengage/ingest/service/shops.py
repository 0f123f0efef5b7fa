"""What shop systems deliver: kept first, then worked on from the ledger. The same for all, whatever their format.

An adapter (`rules/shopify.py`) says whose signature it is and reads a delivery into facts; what facts do is here. A
nightly reading of the shop's own API goes through the same `apply`, so that it only changes what was missed.
"""

import hashlib
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from uuid import UUID

import msgspec
from prometheus_client import Counter

from geoengage.commerce.rules import Claim, OrderIn, ProductIn, check_order, check_product
from geoengage.commerce.service import find_people, record_orders, upsert_products
from geoengage.commerce.store import delete_claims, lock_orders
from geoengage.ingest import store
from geoengage.ingest.models import Connection
from geoengage.ingest.rules import shopify
from geoengage.ingest.rules.shops import (
    ConnectionDelivered,
    DataRequest,
    Fact,
    OrderFact,
    PersonFact,
    ProductFact,
    RedactPerson,
    RedactShop,
    RefundFact,
    UnreadableDelivery,
    Unused,
)
from geoengage.ingest.rules.vocabulary import members
from geoengage.kit.db import Session, at_end
from geoengage.kit.events import Recorded, publish
from geoengage.kit.ids import TenantId, new_id
from geoengage.profiles import rules as profiles
from geoengage.profiles import store as people
from geoengage.profiles.rules import (
    Channel,
    ConsentState,
    Decision,
    ErasureRequested,
    Id,
    Kind,
    Proof,
    Purpose,
    Together,
)
from geoengage.profiles.service import resolve_many, set_traits_many, state_consents_many
from geoengage.tenancy.store import insert_audit_entry

FIRST_READING = timedelta(days=60)  # back from when a shop is connected: what read_orders may see
DELIVERIES = Counter("geoengage_shop_deliveries_total", "Deliveries of shop systems by outcome.", ["kind", "outcome"])


@dataclass(frozen=True, slots=True)
class Outcome:
    """What became of a delivery; see `ConnectionDelivery`."""

    status: str = "done"
    note: str | None = None


async def keep_delivery(
    session: Session, tenant_id: TenantId, connection: Connection, headers: shopify.Headers, body: bytes, now: datetime
) -> bool:
    """Keep a delivery whose signature is right; False when it came before. The worker acts upon it.

    Without an id of its own its content is its id: the headers are not signed, so a replay may lack them.
    """
    id_ = new_id(now)
    is_new = await store.insert_delivery(
        session,
        tenant_id,
        {
            "id": id_,
            "connection_id": connection.id,
            "delivery_id": headers.delivery_id or hashlib.sha256(body).hexdigest(),
            "event_id": headers.event_id,
            "topic": headers.topic,
            "triggered_at": headers.triggered_at,
            "received_at": now,
            "body": body,
        },
    )
    if is_new:
        await store.note_delivery(session, tenant_id, connection.id, now)
        at_end(session, lambda: publish(session, tenant_id, [ConnectionDelivered(delivery_id=id_, at=now)], now))
    DELIVERIES.labels(connection.kind, "kept" if is_new else "repeated").inc()
    return is_new


async def on_delivered(session: Session, tenant_id: TenantId, recorded: Sequence[Recorded], now: datetime) -> None:
    """Act upon deliveries, shop by shop, in the order in which they came."""
    ids = [UUID(r.payload["delivery_id"]) for r in recorded]
    waiting = await store.list_waiting(session, tenant_id, ids)
    for connection in {connection.id: connection for _, connection in waiting}.values():
        deliveries = [delivery for delivery, owner in waiting if owner.id == connection.id]
        facts = [_read(delivery.topic, delivery.body or b"", connection) for delivery in deliveries]
        outcomes = await apply(session, tenant_id, connection, facts, now)
        for delivery, outcome in zip(deliveries, outcomes, strict=True):
            delivery.status, delivery.note, delivery.body = outcome.status, outcome.note, None
            DELIVERIES.labels(connection.kind, outcome.status).inc()


def source_of(connection: Connection) -> str:
    """What orders and statements of a shop name as their source."""
    return f"{connection.kind}:{connection.id}"


def _read(topic: str, body: bytes, connection: Connection) -> Fact | UnreadableDelivery:
    try:
        payload = members(msgspec.json.decode(body))
        return shopify.read(topic, payload, source_of(connection), connection.currency)
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
        return UnreadableDelivery("it is no JSON")
    except UnreadableDelivery as error:
        return error


async def apply(
    session: Session,
    tenant_id: TenantId,
    connection: Connection,
    facts: Sequence[Fact | UnreadableDelivery],
    now: datetime,
) -> list[Outcome]:
    """Do what facts say; returns what became of each. People first, orders last: they lock the ledger's head."""
    work = _Work(session, tenant_id, connection, await people.get_policy(session, tenant_id), now)
    await work.know([person for fact in facts if (person := _person(fact)) is not None])
    await work.know_guests([f for f in facts if isinstance(f, OrderFact) and _person(f) is None])
    outcomes = [await work.take(fact) for fact in facts]
    await work.write()
    return outcomes


def _person(fact: Fact | UnreadableDelivery) -> PersonFact | None:
    """The customer whom a fact makes known. A guest is none: their order keeps what they left."""
    person = fact if isinstance(fact, PersonFact) else fact.person if isinstance(fact, OrderFact) else None
    return person if person is not None and person.source_id is not None else None


@dataclass(slots=True)
class _Work:
    """The facts of one shop on their way into one transaction."""

    session: Session
    tenant_id: TenantId
    connection: Connection
    policy: people.Policy
    now: datetime

    owners: dict[str, UUID] = field(default_factory=dict)  # source id → to which id belongs what comes with it
    guests: dict[str, UUID] = field(default_factory=dict)  # order → whose the address is that its guest left
    orders: list[OrderIn] = field(default_factory=list)
    products: list[ProductIn] = field(default_factory=list)

    def ids(self, person: PersonFact) -> tuple[Id, ...]:
        said = ((Kind.SOURCE_ID, person.source_id), (Kind.EMAIL, person.email), (Kind.PHONE, person.phone))
        normal = (
            (kind, profiles.normalise(kind, value, region=self.policy.region, blocked=self.policy.blocked))
            for kind, value in said
            if value is not None
        )
        return tuple(Id(kind, value) for kind, value in normal if value is not None)

    async def know(self, persons: Sequence[PersonFact]) -> None:
        """Who the customers are, and what the shop says of them."""
        named = [(person, ids) for person in persons if (ids := self.ids(person))]
        if not named:
            return
        together = [Together(ids, person.at) for person, ids in named]
        source = source_of(self.connection)
        found = await resolve_many(
            self.session, self.tenant_id, together, proof=Proof.LINK, source=source, now=self.now
        )
        stated, decided = [], []
        for (person, _), owner in zip(named, found, strict=True):
            self.owners[str(person.source_id)] = owner.identifier_id
            decided += self._decisions(person, owner.identifier_id)
            kept = {n: v for n, v in person.traits.items() if profiles.trait_problem(n, v) is None}
            stated.append((owner.identifier_id, kept, person.at))
        await set_traits_many(self.session, self.tenant_id, stated, source=source, proof=Proof.LINK, now=self.now)
        await state_consents_many(self.session, self.tenant_id, decided, self.now)

    async def know_guests(self, orders: Sequence[OrderFact]) -> None:
        """Which guests left an address of somebody who is known."""
        left = {each.order.external_id: self.ids(each.person) for each in orders if each.person is not None}
        left = {order_id: ids for order_id, ids in left.items() if ids}
        known = await find_people(self.session, self.tenant_id, list(left.values())) if left else []
        self.guests = {order_id: owner for order_id, owner in zip(left, known, strict=True) if owner is not None}

    def _decisions(self, person: PersonFact, identifier_id: UUID) -> list[Decision]:
        """What a customer agreed to in the shop; that is with the store of the connection, if it has one."""
        return [
            Decision(
                identifier_id=identifier_id,
                channel=Channel(agreed.channel),
                purpose=Purpose.MARKETING,
                store_id=self.connection.store_id,
                state=ConsentState(agreed.state),
                text_version=None,
                source=source_of(self.connection),
                at=min(agreed.at, self.now),
            )
            for agreed in person.consents
        ]

    async def take(self, fact: Fact | UnreadableDelivery) -> Outcome:
        match fact:
            case UnreadableDelivery():
                return Outcome("failed", str(fact))
            case Unused(why):
                return Outcome("unused", why)
            case PersonFact():
                return Outcome() if fact.source_id in self.owners else Outcome("unused", "nobody is named")
            case OrderFact():
                return self._order(fact)
            case RefundFact():
                return await self._refund(fact)
            case ProductFact(product):
                return self._product(product)
            case DataRequest(person):
                return await self._ask(person)
            case RedactPerson(person, orders):
                return await self._redact(person, orders)
            case RedactShop():
                return await self._close()

    def _order(self, fact: OrderFact) -> Outcome:
        owner = None if fact.person is None else self.owners.get(str(fact.person.source_id))
        owner = owner or self.guests.get(fact.order.external_id)
        claims: Iterable[Claim] = ()
        if owner is None and fact.person is not None:
            claims = (Claim(kind=id_.kind, value=id_.value) for id_ in self.ids(fact.person))
        order = msgspec.structs.replace(
            fact.order, identifier_id=owner, claims=tuple(claims), store_id=self._store(fact.location)
        )
        if flaws := check_order(order):
            return Outcome("failed", "; ".join(f"{path}: {flaw}" for path, flaw in flaws.items())[:500])
        self.orders.append(order)
        if self.connection.currency is None:
            self.connection.currency = order.currency  # prices of products say none
        return Outcome()

    def _store(self, location: str | None) -> UUID | None:
        places = {each["location"]: UUID(each["store_id"]) for each in self.connection.locations}
        return places.get(location or "", self.connection.store_id)

    async def _refund(self, fact: RefundFact) -> Outcome:
        """A refund of an order that is known; one that is not brings its refunds along when it comes."""
        source = source_of(self.connection)
        known = await store.find_order(self.session, self.tenant_id, source, fact.order_id)
        if known is None:
            return Outcome("unused", "its order is not here yet, and will bring it along")
        self.orders.append(msgspec.structs.replace(known, refunds=(fact.refund,)))
        return Outcome()

    def _product(self, product: ProductIn) -> Outcome:
        if flaws := check_product(product):
            return Outcome("failed", "; ".join(f"{path}: {flaw}" for path, flaw in flaws.items())[:500])
        self.products.append(product)
        return Outcome()

    async def _find(self, person: PersonFact) -> UUID | None:
        """The profile of a customer of this shop, by the shop's own id."""
        known = await people.find_identifiers(self.session, self.tenant_id, self.ids(person))
        return next((found.profile_id for id_, found in known.items() if id_.kind is Kind.SOURCE_ID), None)

    async def _ask(self, person: PersonFact) -> Outcome:
        profile_id = await self._find(person)
        if profile_id is None:
            return Outcome("open", "a customer asks for their data: answer that there is none here")
        await insert_audit_entry(
            self.session,
            self.tenant_id,
            actor=source_of(self.connection),
            action="privacy.data_request",
            subject=str(profile_id),
            now=self.now,
        )
        return Outcome(
            "open", f"a customer asks for their data: send the export of profile {profile_id} within 30 days"
        )

    async def _redact(self, person: PersonFact, orders: Sequence[str]) -> Outcome:
        keys = [(source_of(self.connection), order) for order in orders]
        guests = (
            [known.id for known in (await lock_orders(self.session, self.tenant_id, keys)).values()] if keys else []
        )
        if guests:
            await delete_claims(self.session, self.tenant_id, guests)
        profile_id = await self._find(person)
        if profile_id is None:
            return Outcome("done", "this customer is not known here")
        self._erase([profile_id])
        return Outcome("done", "the erasure was ordered")

    async def _close(self) -> Outcome:
        """Listen no more, and order the erasure of people whom nobody else told us of."""
        self.connection.closed_at = self.now
        self.connection.sealed_secrets = self.connection.sealed_token = None
        alone = await store.list_known_only_by(self.session, self.tenant_id, source_of(self.connection))
        self._erase(alone)
        return Outcome("done", f"the connection is closed, and the erasure of {len(alone):,} people was ordered")

    def _erase(self, profile_ids: Sequence[UUID]) -> None:
        told = [ErasureRequested(profile_id=id_, source=source_of(self.connection), at=self.now) for id_ in profile_ids]
        at_end(self.session, lambda: publish(self.session, self.tenant_id, told, self.now))

    async def write(self) -> None:
        if self.products:
            await upsert_products(self.session, self.tenant_id, self.products, self.now)
        if self.orders:
            await record_orders(self.session, self.tenant_id, self.orders, self.now)
