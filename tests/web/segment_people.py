"""Customers of a chain with five stores, planted for the segments page: who buys how often, lives where, hears what.

They come in as customers do: orders, phones, consents and positions over the API; then their habits are worked out.
"""

from datetime import datetime, timedelta
from typing import Any
from uuid import UUID
from zoneinfo import ZoneInfo

from geoengage.kit.clock import utc_now
from geoengage.kit.db import transaction
from geoengage.metrics import service as metrics
from geoengage.segments import jobs
from tests.web.site import Site

ZONE = ZoneInfo("Europe/Zurich")
STORES = [(8.45, 47.42), (8.60, 47.30), (8.54, 47.37), (8.72, 47.50), (8.31, 47.05)]
STORE_3, WINTERTHUR = STORES[2], STORES[3]
WANTED = [f"wanted-{n}" for n in range(7)]
SLOWED = timedelta(days=100)  # so long ago they began to buy less often
YEARS = timedelta(days=730)
NIGHTS = range(1, 5)
# Buys every so many days before and after it slowed; the home; the consents.
OFTEN_THEN_SELDOM, WEEKLY, MONTHLY = (4, 14), (7, 7), (30, 60)
ALL = {"location": "granted", "marketing_push": "granted", "personalisation": "granted"}
PEOPLE: dict[str, tuple[tuple[int, int], tuple[float, float], dict[str, str]]] = {
    **dict.fromkeys(WANTED, (OFTEN_THEN_SELDOM, STORE_3, ALL)),
    "steady-1": (WEEKLY, STORE_3, ALL),
    "steady-2": (WEEKLY, STORE_3, ALL),
    "monthly-1": (MONTHLY, STORE_3, ALL),
    "far-1": (OFTEN_THEN_SELDOM, WINTERTHUR, ALL),
    "far-2": (OFTEN_THEN_SELDOM, WINTERTHUR, ALL),
    "mute-1": (OFTEN_THEN_SELDOM, STORE_3, ALL | {"marketing_push": "denied"}),
    "nowhere-1": (OFTEN_THEN_SELDOM, STORE_3, ALL | {"location": "denied"}),
}


async def plant(site: Site) -> dict[str, str]:
    """All of them and the stores; the profile's id by name."""
    now = utc_now()
    for number, point in enumerate(STORES, start=1):
        feature = {
            "type": "Feature",
            "geometry": {"type": "Point", "coordinates": point},
            "properties": {"name": f"Store {number}"},
        }
        await site.api("POST", "/v1/stores", feature)
    orders = [order for name, (rhythm, _, _) in PEOPLE.items() for order in _orders(name, rhythm, now)]
    for start in range(0, len(orders), 1000):
        await site.api("POST", "/v1/orders:batch", {"orders": orders[start : start + 1000]})
    ids, pings = {}, []
    for number, (name, (_, home, consents)) in enumerate(PEOPLE.items()):
        device_id, ids[name] = await _phone(site, name, consents)
        pings += [_ping(device_id, home, night, number, now) for night in NIGHTS if consents["location"] == "granted"]
    await site.api("POST", "/v1/pings", {"pings": pings})
    people = [UUID(id_) for id_ in ids.values()]
    async with transaction(site.sessions, site.world.tenant_id) as session:
        await metrics.refresh(session, site.world.tenant_id, people, now)
        await metrics.compute(session, site.world.tenant_id, people, now)
    return ids


async def built(site: Site) -> None:
    """Every segment is built, as the worker does it."""
    while await jobs.build_once(site.sessions, utc_now):
        pass


def _orders(name: str, rhythm: tuple[int, int], now: datetime) -> list[dict[str, Any]]:
    before, after = rhythm
    at, orders = now - YEARS, []
    while at < now - timedelta(hours=1):
        orders.append(
            {
                "source": "till",
                "external_id": f"{name}-{len(orders)}",
                "ordered_at": at.isoformat(),
                "currency": "CHF",
                "status": "paid",
                "channel": "pos",
                "customer": {"external_id": name},
                "lines": [{"external_id": "1", "name": "Bread", "quantity": 1, "total_minor": 450}],
            }
        )
        at += timedelta(days=before if at < now - SLOWED else after)
    return orders


async def _phone(site: Site, name: str, consents: dict[str, str]) -> tuple[str, str]:
    """Their phone, which the store's server has linked; its id and the profile's."""
    push = {"provider": "fcm", "address": f"token-{name}", "kind": "fcm_token"}
    body = {"platform": "android", "push": push, "consents": consents, "permission": "always"}
    phone = await site.api("POST", "/v1/devices", body, headers=site.world.pk_headers)
    person = {"external_id": name, "first_name": name.title(), "attributes": {"last_name": "Of the test"}}
    linked = await site.api("POST", f"/v1/devices/{phone['device_id']}/link", person)
    return phone["device_id"], linked["profile_id"]


def _ping(device_id: str, home: tuple[float, float], night: int, number: int, now: datetime) -> dict[str, Any]:
    """At home, at two in the morning; each person some metres further."""
    at = (now.astimezone(ZONE) - timedelta(days=night)).replace(hour=2, minute=0)
    return {
        "device_id": device_id, "at": at.isoformat(), "lon": home[0] + number * 1e-4, "lat": home[1], "accuracy_m": 15,
    }  # fmt: skip
