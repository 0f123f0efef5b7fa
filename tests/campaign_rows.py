"""Rows that campaign tests need: places, people, events of presence. Times are around today's NOON."""

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID

import msgspec
from shapely.geometry import MultiPolygon, Point, box

from geoengage.kit.db import Session
from geoengage.kit.events import Recorded, type_of
from geoengage.kit.ids import new_id
from geoengage.presence.models import Visit
from geoengage.presence.rules.events import ZoneDwelled, ZoneEntered, ZoneExited, ZoneTransition
from geoengage.profiles.models import Device, Identifier, Profile, Trait
from geoengage.venues.models import Mall, Store, Zone, ZoneVersion
from tests.factories import World

NOON = datetime.now(UTC).replace(hour=10, minute=0, second=0, microsecond=0)  # partitions exist around today


async def make_mall(session: Session, world: World, **over: object) -> UUID:
    """A mall in Zurich's time."""
    values = {"name": "Mall", "timezone": "Europe/Zurich", "origin_lon": 8.5, "origin_lat": 47.4} | over
    return await _add(session, Mall(tenant_id=world.tenant_id, id=new_id(), **values))


async def make_store(session: Session, world: World, **over: object) -> UUID:
    """A store without footprint."""
    values = {"name": "Café", "point": Point(8.5, 47.4)} | over
    return await _add(session, Store(tenant_id=world.tenant_id, id=new_id(), **values))


async def make_zone(
    session: Session,
    world: World,
    *,
    store_id: UUID | None = None,
    mall_id: UUID | None = None,
    published: bool = True,
    **over: object,
) -> UUID:
    """A zone with one version. `over` goes to the version."""
    zone = Zone(
        tenant_id=world.tenant_id, id=new_id(), store_id=store_id, mall_id=mall_id,
        published_version=1 if published else None,
    )  # fmt: skip
    await _add(session, zone)
    values: dict[str, object] = {
        "name": "Front", "kind": "store", "levels": [0] if mall_id else [], "tags": [], "sensitivity": "none",
        "geom": MultiPolygon([box(8.5, 47.4, 8.501, 47.401)]), "rules": {}, "extra": {}, "store_id": store_id,
        "mall_id": mall_id, "effective_from": datetime.now(UTC) - timedelta(days=1) if published else None,
    } | over  # fmt: skip
    session.add(ZoneVersion(tenant_id=world.tenant_id, zone_id=zone.id, version=1, **values))
    await session.flush()
    return zone.id


async def make_profile(session: Session, world: World, **over: object) -> UUID:
    """A person called Mia, with the one id `external_id`."""
    id_, at = new_id(), datetime.now(UTC) - timedelta(days=1)
    values: dict[str, Any] = {"external_id": id_.hex, "first_name": "Mia", "attributes": {}} | over
    await _add(session, Profile(tenant_id=world.tenant_id, id=id_, **values))
    own = {"tenant_id": world.tenant_id, "profile_id": id_, "origin_profile_id": id_, "is_verified": True}
    row = Identifier(id=new_id(), kind="external_id", value=values["external_id"], source="test", created_at=at, **own)
    await _add(session, row)
    for name, value in ({"first_name": values["first_name"]} | values["attributes"]).items():
        said = {"source": "test", "is_claim": False, "first_at": at, "at": at}
        session.add(Trait(tenant_id=world.tenant_id, identifier_id=row.id, name=name, value=value, **said))
    await session.flush()
    return id_


async def make_device(session: Session, world: World, **over: object) -> UUID:
    """A device whose user agreed to everything."""
    values = {
        "app_id": world.app_id, "platform": "android", "location": "granted", "marketing_push": "granted",
        "personalisation": "granted",
    } | over  # fmt: skip
    return await _add(session, Device(tenant_id=world.tenant_id, id=new_id(), **values))


async def _add(session: Session, row: Mall | Store | Zone | Profile | Identifier | Device) -> UUID:
    session.add(row)
    await session.flush()
    return row.id


@dataclass
class Ledger:
    """Makes visits and the events that presence would have recorded of them."""

    session: Session
    world: World
    position: int = 0

    async def entered(self, device_id: UUID, zone_id: UUID, at: datetime = NOON, **over: object) -> Recorded:
        """A new visit and its entered event; `exited_at` ends the visit."""
        return await self._visit(ZoneEntered, device_id, zone_id, at, over)

    async def dwelled(
        self, device_id: UUID, zone_id: UUID, dwell_s: int, at: datetime = NOON, **over: object
    ) -> Recorded:
        """A new visit and one dwell mark of it."""
        return await self._visit(ZoneDwelled, device_id, zone_id, at, {"dwell_s": dwell_s} | over)

    async def exited(self, device_id: UUID, zone_id: UUID, at: datetime = NOON, **over: object) -> Recorded:
        """A visit that ended at that moment."""
        return await self._visit(ZoneExited, device_id, zone_id, at, {"exited_at": at, "reason": "left"} | over)

    async def _visit(
        self, cls: type[ZoneTransition], device_id: UUID, zone_id: UUID, at: datetime, over: dict[str, object]
    ) -> Recorded:
        visit_id = new_id(at)
        exited_at = over.pop("exited_at", None)
        self.session.add(
            Visit(
                tenant_id=self.world.tenant_id, id=visit_id, device_id=device_id, zone_id=zone_id, zone_version=1,
                entered_at=at, exited_at=exited_at,
            )
        )  # fmt: skip
        await self.session.flush()
        values: dict[str, object] = {
            "id": new_id(at), "at": at, "device_id": device_id, "zone_id": zone_id, "zone_version": 1,
            "visit_id": visit_id, "confidence": 0.9, "evidence": "gnss", "reason": "confirmed_by_fix", "late": False,
        } | over  # fmt: skip
        return self.again(cls(**values))

    def again(self, event: ZoneTransition) -> Recorded:
        """The ledger's row of an event."""
        self.position += 1
        payload = msgspec.json.decode(msgspec.json.encode(event))
        return Recorded(self.position, type_of(type(event)), event.at, payload)
