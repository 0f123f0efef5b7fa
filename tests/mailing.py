"""People who are reached by e-mail, and apps that send it, for tests."""

from dataclasses import dataclass, field
from datetime import datetime, timedelta
from uuid import UUID

from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncEngine

from geoengage.kit import sealed
from geoengage.kit.db import Session, Sessions, transaction
from geoengage.kit.ids import new_id
from geoengage.messaging import service
from geoengage.messaging.jobs import Deliverer
from geoengage.messaging.models import EmailSender, Message
from geoengage.messaging.rules import Draft
from geoengage.messaging.senders import mail_about
from geoengage.profiles import service as profiles
from geoengage.profiles.models import Device
from geoengage.profiles.rules import Channel, ConsentState, Id, Kind, PointState, Proof, Purpose
from tests.conftest import KEY
from tests.factories import World


async def make_reader(
    session: Session,
    world: World,
    address: str,
    now: datetime,
    *,
    marketing: bool = True,
    store_id: UUID | None = None,
    state: PointState | None = PointState.REACHABLE,
) -> UUID:
    """A person with an e-mail address that is proven, and consent to marketing there."""
    ids = [Id(Kind.EXTERNAL_ID, f"reader {address}"), Id(Kind.EMAIL, address)]
    await profiles.resolve(session, world.tenant_id, ids, proof=Proof.LINK, source="till", at=now, now=now)
    known = await profiles.resolve(session, world.tenant_id, ids[1:], proof=Proof.LINK, source="till", at=now, now=now)
    if state is not None:
        await profiles.tell_state(
            session, world.tenant_id, known.identifier_id, Channel.EMAIL, state, reason=None, source="test", now=now
        )
    if marketing:
        await profiles.state_consent(
            session, world.tenant_id, known.identifier_id, channel=Channel.EMAIL, purpose=Purpose.MARKETING,
            store_id=store_id, state=ConsentState.SUBSCRIBED, text_version="1", source="test", at=now, now=now,
        )  # fmt: skip
    return known.profile_id


def mail_sender(world: World, port: int, now: datetime, **over: object) -> EmailSender:
    """The app's mail server on this machine."""
    password = over.pop("password", None)
    about = mail_about(world.tenant_id, world.app_id)
    values: dict[str, object] = {
        "tenant_id": world.tenant_id, "app_id": world.app_id, "revision": new_id(), "host": "localhost", "port": port,
        "tls": "none", "username": None, "from_address": "shop@example.com", "from_name": "Corner shop",
        "reply_to": None, "per_minute": 60_000, "since": now,
        "sealed": None if password is None else sealed.seal(KEY, about, str(password).encode()),
    } | over  # fmt: skip
    return EmailSender(**values)


@dataclass
class Post:
    """A tenant with a worker that sends e-mails."""

    engine: AsyncEngine
    sessions: Sessions
    world: World
    worker: Deliverer
    clock: object
    extra: dict[str, object] = field(default_factory=dict)

    @property
    def now(self) -> datetime:
        return self.clock.now  # type: ignore[attr-defined,no-any-return]

    async def reader(self, address: str = "mia@example.com", **over: object) -> UUID:
        async with transaction(self.sessions, self.world.tenant_id) as session:
            return await make_reader(session, self.world, address, self.now, **over)  # type: ignore[arg-type]

    async def phone(self, profile_id: UUID, address: str | None = "phone-1", **over: object) -> UUID:
        """A device of a person."""
        id_ = new_id()
        values: dict[str, object] = {
            "app_id": self.world.app_id, "platform": "android", "push_provider": "fcm", "push_kind": "fcm_token",
            "push_address": address, "location": "granted", "marketing_push": "granted", "profile_id": profile_id,
        } | over  # fmt: skip
        async with transaction(self.sessions, self.world.tenant_id) as session:
            session.add(Device(tenant_id=self.world.tenant_id, id=id_, **values))
        return id_

    async def queue(self, person_id: UUID, *channels: str, **over: object) -> UUID:
        values: dict[str, object] = {
            "device_id": None, "person_id": person_id, "campaign_id": new_id(), "channels": channels or ("email",),
            "title": "Hoi", "body": "Kaffee", "collapse_key": "coffee", "occurrence": new_id(),
            "expires_at": self.now + timedelta(hours=10),
        } | over  # fmt: skip
        async with transaction(self.sessions, self.world.tenant_id) as session:
            drafts = [Draft(**values)]  # type: ignore[arg-type]
            return (await service.enqueue(session, self.world.tenant_id, drafts, self.now))[0]

    async def deliver(self) -> int:
        return await self.worker.deliver_once(self.world.tenant_id)

    async def message(self, id_: UUID) -> Message:
        async with transaction(self.sessions, self.world.tenant_id) as session:
            return (await session.execute(select(Message).where(Message.id == id_))).scalar_one()

    async def send(self, *channels: str, **over: object) -> Message:
        """A message to a new reader, delivered once."""
        address = str(over.pop("address", "mia@example.com"))
        id_ = await self.queue(await self.reader(address), *channels, **over)
        await self.deliver()
        return await self.message(id_)
