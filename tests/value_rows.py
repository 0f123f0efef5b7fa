"""Customers with orders, many at once: those of CDNOW in a tenant's database."""

from dataclasses import asdict
from datetime import UTC, date, datetime, timedelta
from uuid import UUID

import msgspec
import numpy as np
from sqlalchemy import insert

from geoengage.commerce.models import ShopOrder
from geoengage.kit.db import Session
from geoengage.kit.ids import new_id
from geoengage.metrics.models import ValueModelRow
from geoengage.metrics.rules.buying import Fit, Model
from geoengage.metrics.rules.trials import Group, Times, Trial, Verdict, Week
from geoengage.metrics.rules.values import Quality
from geoengage.metrics.store import list_wrong, summarise
from geoengage.profiles.models import Identifier, Profile
from tests import cdnow
from tests.factories import World

NOON = timedelta(hours=12)


async def make_customers(session: Session, world: World, names: list[str]) -> list[UUID]:
    """People with an id of the shop's each; returns their profiles."""
    people = [(new_id(), name) for name in names]
    await session.execute(insert(Profile), [{"tenant_id": world.tenant_id, "id": id_} for id_, _ in people])
    since = datetime(1997, 1, 1, tzinfo=UTC)
    await session.execute(
        insert(Identifier),
        [
            {
                "tenant_id": world.tenant_id, "id": id_, "kind": "external_id", "value": name, "profile_id": id_,
                "origin_profile_id": id_, "is_verified": True, "source": "api", "created_at": since,
            }
            for id_, name in people
        ],
    )  # fmt: skip
    return [id_ for id_, _ in people]


async def add_orders(session: Session, world: World, rows: list[tuple[UUID, date, int]], **over: object) -> None:
    """Orders of (customer, day, amount), at noon UTC."""
    made = [
        {
            "tenant_id": world.tenant_id, "id": new_id(), "source": "api", "external_id": str(new_id()),
            "ordered_at": at, "source_updated_at": at, "status": "paid", "stated_status": "paid", "currency": "USD",
            "channel": "web", "identifier_id": customer, "subtotal_minor": amount, "discount_minor": 0,
            "shipping_minor": 0, "tax_minor": 0, "total_minor": amount, "refunded_minor": 0, "content_hash": b"",
        } | over
        for customer, day, amount in rows
        for at in [datetime(day.year, day.month, day.day, tzinfo=UTC) + NOON]
    ]  # fmt: skip
    await session.execute(insert(ShopOrder), made)
    await summarise(session, world.tenant_id, await list_wrong(session, world.tenant_id))
    await session.commit()


async def make_model(session: Session, world: World) -> UUID:
    """A current model with a hold-out of a week."""
    week = Week(729_301, 40, 41.0, is_ahead=True)
    trial = Trial(
        cut=729_294, through=729_301, customers=200, actual=40,
        verdicts=(Verdict(Model.MBG_NBD, 41.0, 0.2, 0.7, 0.7),), revenue=None, weeks=(week,),
        by_times=(Group(0.0, None, 200, 0.2, 0.2),), by_alive=(),
    )  # fmt: skip
    quality = Quality((Times(0, None, 200, 200.0),), None, trial, None, ())
    row = ValueModelRow(
        tenant_id=world.tenant_id, id=new_id(), version=1, kind="mbg_nbd", fitted_at=datetime.now(UTC),
        through=date(1997, 9, 30), valued_on=date(1997, 9, 30), currency="CHF", customers=200, left_out=0,
        params={
            "buying": asdict(Fit(Model.MBG_NBD, 0.5, 6.0, 0.9, 1.6, -900.0, 200, True)), "spending": None,
            "spending_refusal": "too few",
        },
        quality=msgspec.to_builtins(quality), refusal=None, is_current=True,
    )  # fmt: skip
    session.add(row)
    await session.flush()
    return row.id


async def add_cdnow(session: Session, world: World, until: int = cdnow.END, count: int = 2357) -> list[UUID]:
    """The first `count` of CDNOW's customers with purchases until a day, in cents; returns them in order."""
    bought = cdnow.purchases().until(until)
    people = await make_customers(session, world, [f"cdnow-{n}" for n in range(count)])
    mine = np.flatnonzero(bought.customer < count)
    rows = [(people[bought.customer[n]], date.fromordinal(int(bought.day[n])), int(bought.amount[n])) for n in mine]
    await add_orders(session, world, rows)
    return people
