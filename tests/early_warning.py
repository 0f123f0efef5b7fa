"""A shop whose trade is known: two stores, a year of regular customers, and of late one of them sells less."""

import random
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING
from uuid import UUID

from geoengage.kit.db import Session
from geoengage.kit.ids import new_id
from geoengage.lifecycle.models import Alert
from tests.campaign_rows import make_store
from tests.factories import World, make_world
from tests.grocer import ORDER, insert

if TYPE_CHECKING:
    from tests.api.wall.world import Side

WEEKS = 60
PEOPLE = 300
SINCE_DAYS = 13  # for so long the second store sells less


@dataclass
class Trader:
    """What was put in."""

    world: World
    well: UUID  # a store that sells as ever
    ill: UUID  # one that sells much less
    people: list[UUID]


async def make_trader(session: Session, now: datetime, *, falls_by: float = 0.9, **over: object) -> Trader:
    """Each person buys about once a week, always in the same store; those of the second one stay away of late."""
    chance = random.Random(7)
    world = await make_world(session, timezone="Europe/Zurich", **over)
    well = await make_store(session, world, name="Basel")
    ill = await make_store(session, world, name="Bern")
    early = now - timedelta(weeks=WEEKS)
    people = [new_id(early + timedelta(seconds=n)) for n in range(PEOPLE)]
    ids = [new_id(early + timedelta(seconds=n)) for n in range(PEOPLE)]
    profiles = [
        {"id": person, "external_id": f"C-{n}", "first_name": f"Nora {n}", "created_at": early}
        for n, person in enumerate(people)
    ]
    kinds = {"id": "uuid", "external_id": "text", "first_name": "text", "created_at": "timestamptz"}
    await insert(session, "profile", kinds, profiles, world.tenant_id)
    known = [
        {"id": id_, "kind": "external_id", "value": f"C-{n}", "profile_id": person, "origin_profile_id": person,
         "is_verified": True, "source": "erp", "created_at": early}
        for n, (id_, person) in enumerate(zip(ids, people, strict=True))
    ]  # fmt: skip
    kinds = {
        "id": "uuid", "kind": "text", "value": "text", "profile_id": "uuid", "origin_profile_id": "uuid",
        "is_verified": "boolean", "source": "text", "created_at": "timestamptz",
    }  # fmt: skip
    await insert(session, "identifier", kinds, known, world.tenant_id)
    start = (now - timedelta(weeks=WEEKS)).replace(hour=11, minute=0, second=0, microsecond=0)
    rows = []
    for day in range(WEEKS * 7):
        at = start + timedelta(days=day)
        late = at > now - timedelta(days=SINCE_DAYS)
        for n, id_ in enumerate(ids):
            is_ill = n % 2 == 1
            if chance.random() < (1 - falls_by if late and is_ill else 1) / 7:
                rows.append(_order(id_, ill if is_ill else well, at, round(chance.gauss(4000, 700))))
    await insert(session, "shop_order", ORDER, rows, world.tenant_id)
    await session.commit()
    return Trader(world, well, ill, people)


def _order(identifier_id: UUID, store_id: UUID, at: datetime, cents: int) -> dict[str, object]:
    id_ = new_id(at)
    return {
        "id": id_, "source": "erp", "external_id": str(id_), "ordered_at": at, "source_updated_at": at,
        "status": "paid", "stated_status": "paid", "currency": "CHF", "store_id": store_id, "channel": "pos",
        "identifier_id": identifier_id, "subtotal_minor": cents, "discount_minor": 0, "shipping_minor": 0,
        "tax_minor": 0, "total_minor": cents, "refunded_minor": 0, "return_of": None, "content_hash": b"",
    }  # fmt: skip


async def make_alert(session: Session, side: "Side", now: datetime) -> UUID:
    """An early warning whose driver is the side's store."""
    row = Alert(
        tenant_id=side.world.tenant_id, id=new_id(), metric="revenue", through=now.date(), found_at=now, is_good=False,
        expected=100.0, now=80.0, change=-0.2, driver_kind="store", driver_id=side.ids["store"],
        driver_name=f"{side.mark}-store", driver_change=-0.4, currency="CHF", money_minor=-100_000,
    )  # fmt: skip
    session.add(row)
    await session.flush()
    return row.id


def morning() -> datetime:
    """Today at nine, when the night's round is over."""
    return datetime.now(UTC).replace(hour=9, minute=0, second=0, microsecond=0)
