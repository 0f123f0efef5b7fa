"""The supermarket trial as rows of a tenant: people, orders, messages decided through the outbox's own words."""

from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from uuid import UUID

import msgspec
import numpy as np
from sqlalchemy import text

from geoengage.campaigns.models import Campaign
from geoengage.campaigns.rules import Definition
from geoengage.experiments import service as experiments
from geoengage.kit.db import Session
from geoengage.kit.events import Recorded
from geoengage.kit.ids import new_id
from geoengage.messaging.rules import in_holdout
from geoengage.proof.rules.winback import NOTHING, Trial
from tests.factories import World
from tests.grocer import ORDER, insert, room_for_the_past
from tests.supermarket_trial import END, PLANTED
from tests.supermarket_trial import World as Simulated

# The last day of the simulation is yesterday.
FIRST = datetime.now(UTC).replace(hour=0, minute=0, second=0, microsecond=0) - timedelta(days=END + 1)

HELD_PERCENT = 25  # of the tenant


@dataclass
class Planted:
    """What was put in: the simulated people, in the order of `profiles`, with both fates."""

    campaign_id: UUID
    simulated: Simulated
    trial: Trial
    profiles: list[UUID]
    devices: list[UUID]

    @property
    def first_on(self) -> date:
        """The local day of the first decision (the tenant's zone is UTC)."""
        return (FIRST + timedelta(days=float(self.simulated.at.min()))).date()


def moment(day: float) -> datetime:
    """A time of the simulation, to the second."""
    return FIRST + timedelta(seconds=int(day * 86_400))


async def make_campaign(session: Session, world: World, name: str, **over: object) -> UUID:
    """A running campaign; nothing but its proof is asked of it."""
    values: dict[str, object] = {
        "store_id": None, "name": name, "status": "active", "trigger_kind": "entered", "trigger_zone_ids": [],
        "trigger_store_ids": [new_id()], "definition": msgspec.to_builtins(Definition()), "title": "We miss you",
        "body": "15 % off your next basket", "created_at": FIRST + timedelta(days=170),
    } | over  # fmt: skip
    row = Campaign(tenant_id=world.tenant_id, id=new_id(), **values)
    session.add(row)
    await session.flush()
    return row.id


async def plant(
    session: Session, world: World, campaign_id: UUID, *, seed: int = 7, people: int = 700, effect: bool = True
) -> Planted:
    """People of the trial with their purchases; the campaign has decided about each of them once."""
    simulated = Simulated(seed, people)
    setting = PLANTED if effect else NOTHING
    count = len(simulated.at)
    born = FIRST - timedelta(days=10)
    profiles, identifiers, devices = ([new_id(born) for _ in range(count)] for _ in range(3))
    simulated.held_out = np.array([in_holdout(world.tenant_id, person, HELD_PERCENT) for person in profiles])
    trial = simulated.trial(setting, None)
    await _people(session, world, profiles, identifiers, devices, born)
    back = (simulated.answers < setting.responds) & ~simulated.held_out
    kept = simulated.usual | (back[:, None] & (simulated.times >= simulated.at[:, None]))
    orders = simulated.orders(kept, setting)
    off = np.where(simulated.held_out[orders.person], 0.0, orders.incentive)
    basket = orders.money + orders.incentive
    rows = []
    for n in range(len(orders.at)):
        at = FIRST + timedelta(seconds=int(orders.at[n]))
        total = int(basket[n] - off[n])
        rows.append(
            {"id": new_id(at), "source": "till", "external_id": f"{campaign_id.hex[-6:]}-{n}", "ordered_at": at,
             "source_updated_at": at, "status": "paid", "stated_status": "paid", "currency": "CHF", "store_id": None,
             "channel": "pos", "identifier_id": identifiers[orders.person[n]], "subtotal_minor": int(basket[n]),
             "discount_minor": int(off[n]), "shipping_minor": 0, "tax_minor": 0, "total_minor": total,
             "refunded_minor": 0, "return_of": None, "content_hash": b"x"}
        )  # fmt: skip
    await insert(session, "shop_order", ORDER, rows, world.tenant_id)
    await session.execute(
        text("UPDATE shop_order SET coupons = '{BACK}' WHERE tenant_id = :t AND discount_minor > 0"),
        {"t": world.tenant_id},
    )
    times = [moment(day) for day in simulated.at]
    decided = [
        ("skipped" if held else "sent", ["holdout"] if held else [], at)
        for held, at in zip(simulated.held_out, times, strict=True)
    ]
    await decide(session, world, campaign_id, profiles, devices, decided)
    # As autovacuum does in real life: without figures about the tables every plan is a guess.
    await session.execute(text("ANALYZE shop_order, identifier, profile, experiment_person, message"))
    return Planted(campaign_id, simulated, trial, profiles, devices)


async def _people(
    session: Session, world: World, profiles: list[UUID], identifiers: list[UUID], devices: list[UUID], born: datetime
) -> None:
    tenant = world.tenant_id
    kinds = {"id": "uuid", "external_id": "text", "created_at": "timestamptz"}
    await insert(
        session, "profile", kinds, [{"id": p, "external_id": p.hex, "created_at": born} for p in profiles], tenant
    )
    kinds = {
        "id": "uuid", "kind": "text", "value": "text", "profile_id": "uuid", "origin_profile_id": "uuid",
        "is_verified": "boolean", "source": "text", "created_at": "timestamptz",
    }  # fmt: skip
    rows = [
        {"id": i, "kind": "external_id", "value": p.hex, "profile_id": p, "origin_profile_id": p, "is_verified": True,
         "source": "test", "created_at": born}
        for i, p in zip(identifiers, profiles, strict=True)
    ]  # fmt: skip
    await insert(session, "identifier", kinds, rows, tenant)
    kinds = {
        "id": "uuid", "app_id": "uuid", "profile_id": "uuid", "identifier_id": "uuid", "platform": "text",
        "locale": "text", "created_at": "timestamptz",
    }  # fmt: skip
    rows = [
        {"id": d, "app_id": world.app_id, "profile_id": p, "identifier_id": i, "platform": "android",
         "locale": "de-CH", "created_at": born}
        for d, p, i in zip(devices, profiles, identifiers, strict=True)
    ]  # fmt: skip
    await insert(session, "device", kinds, rows, tenant)


async def decide(
    session: Session,
    world: World,
    campaign_id: UUID,
    people: list[UUID],
    devices: list[UUID],
    decided: list[tuple[str, list[str], datetime]],
) -> list[UUID]:
    """Messages as a campaign leaves them, and what the ledger tells of each, heard by the experiments."""
    await room_for_the_past(session)
    ids, events = [], []
    for person, device, (status, blockers, at) in zip(people, devices, decided, strict=True):
        ids.append(new_id(at))
        sent = status == "sent"
        await session.execute(
            text(
                "INSERT INTO message (tenant_id, id, device_id, person_id, campaign_id, purpose, channel, status,"
                " reason, blockers, gates, title, body, data, collapse_key, attempts, created_at, expires_at, sent_at)"
                " VALUES (:t, :id, :device, :person, :campaign, 'marketing', :channel, :status, :reason,"
                " CAST(:blockers AS text[]), '{}', 'x', 'y', '{}', 'c', 1, :at, :at, :sent_at)"
            ),
            {"t": world.tenant_id, "id": ids[-1], "device": device, "person": person, "campaign": campaign_id,
             "channel": "fcm" if sent else None, "status": status, "reason": blockers[0] if blockers else None,
             "blockers": blockers, "at": at, "sent_at": at if sent else None},
        )  # fmt: skip
        payload = {
            "message_id": str(ids[-1]),
            "campaign_id": str(campaign_id),
            "status": "skipped" if blockers else "queued",
        }
        events.append(Recorded(len(events) + 1, "message.changed", at, payload))
    await experiments.on_messages(session, world.tenant_id, events, datetime.now(UTC))
    return ids
