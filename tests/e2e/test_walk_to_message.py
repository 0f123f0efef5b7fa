"""From shoppers' steps to pushes: simulated walks in the demo mall, real processes, an FCM that fails one call in five.

What FCM must have been asked is worked out from walks and consents by `oracle`, which knows nothing of the product.
"""

import asyncio
import random
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, replace
from datetime import timedelta
from itertools import islice, pairwise
from typing import Any

import numpy as np
import pytest
from sqlalchemy import text

from geoengage.demo import seed
from geoengage.kit.clock import utc_now
from geoengage.kit.db import Sessions
from geoengage.simulator.phone import QUIET, PhoneNoise, positions
from geoengage.simulator.route import NoWay
from geoengage.simulator.venue import read_venue
from geoengage.simulator.walk import Walk, plan_walk
from geoengage.tenancy.rules import KeyKind
from tests.e2e.calls import GRANTED, Phone, Server, make_ping
from tests.e2e.oracle import Fix, Plane, Verdict, Zone, verdicts, watch
from tests.e2e.stack import Stack, running
from tests.factories import World, make_key_row
from tests.providers.fcm_server import BY_CHANCE, FcmServer

pytestmark = pytest.mark.slow

SEED = 28
INTERVAL_S = 3.0
BEFORE_S, WINDOW_S = (20.0, 60.0), 95.0
BATCHES = 3
SOME_NOISE = replace(QUIET, bias_sigma_m=1.2, white_sigma_m=0.8, interval_jitter=0.2)
# Who walks: consents by what they lack. The plain ones are enough for every kind of trouble, at one call in five.
PLAIN, PASSING_BY = 36, 4
DENIALS = [
    *[{"personalisation": "denied"}] * 3,
    *[{"marketing_push": "denied"}] * 3,
    *[{"location": "denied"}] * 3,
    {"location": "unknown", "marketing_push": "granted", "personalisation": "unknown"},
]
TEST_DEVICES, WITHOUT_ADDRESS = 3, 2


@dataclass(frozen=True)
class Outing:
    """One device's part of a walk, as batches of positions, and what must come of it."""

    batches: list[list[Fix]]
    expected: list[Verdict]


@dataclass(frozen=True)
class Shopper:
    phone: Phone
    consents: dict[str, str]
    is_test: bool
    outing: Outing

    @property
    def located(self) -> bool:
        return self.consents["location"] == "granted"

    @property
    def receives(self) -> bool:
        return self.located and self.consents["marketing_push"] == "granted" and not self.is_test


def walks(rng_seed: int) -> Iterator[Walk]:
    """Walks through the demo mall, one after the other."""
    files = (seed.read(f"{name}.geojson") for name in ("levels", "units", "stores"))
    venue = read_venue(seed.read("mall.json"), *files)
    for number in range(10_000):
        try:
            yield plan_walk(venue, np.random.default_rng([rng_seed, number]))
        except NoWay:
            continue


def outings(zones: list[Zone], all_walks: Iterator[Walk], noise: PhoneNoise, *, inside: bool) -> Iterator[Outing]:
    """Parts of walks that end in a store: one with a zone if `inside`, else one without, past those that have one."""
    plane = zones_plane()
    stores = {f["properties"]["store_external_id"] for f in read_zones()}
    for number, walk in enumerate(all_walks):
        rng = np.random.default_rng([SEED, number, 1])
        for visit in walk.visits:
            if (visit.place_id in stores) is not inside:
                continue
            start = max(visit.entered_s - float(rng.uniform(*BEFORE_S)), 0.0)
            end = min(start + WINDOW_S, visit.left_s - 1.0)
            fixes = [Fix(*f[:5]) for f in positions(walk, INTERVAL_S, noise, rng, start) if f.t_s <= end]
            was_offline = rng.random() < 0.3
            outing = cut(zones, plane, fixes, 1 if was_offline else BATCHES)
            if outing is not None and any(v.stayed for v in outing.expected) is inside:
                yield outing


def cut(zones: list[Zone], plane: Plane, fixes: list[Fix], count: int) -> Outing | None:
    """The fixes as batches that end calm, with the oracle's verdicts; None when rounding could decide one."""
    watches, calm = watch(zones, plane, fixes)
    if any(one.borderline for one in watches):
        return None
    batches: list[list[Fix]] = []
    begin = 0
    for number in range(1, count + 1):
        wanted = len(fixes) * number // count
        end = next((n + 1 for n in range(wanted - 1, begin, -1) if calm[n]), None)
        if end is not None:
            batches.append(fixes[begin:end])
            begin = end
    return Outing(batches, verdicts(zones, plane, batches))


def plan_outings() -> tuple[list[Outing], list[Outing]]:
    """For those who enter stores and for those who pass by, from seeded walks."""
    zones = [Zone.of(feature, zones_plane()) for feature in read_zones()]
    all_walks = walks(SEED)
    count = PLAIN + len(DENIALS) + TEST_DEVICES + WITHOUT_ADDRESS
    entering = [
        *islice(outings(zones, all_walks, QUIET, inside=True), count // 2),
        *islice(outings(zones, all_walks, SOME_NOISE, inside=True), count - count // 2),
    ]
    return entering, list(islice(outings(zones, all_walks, SOME_NOISE, inside=False), PASSING_BY))


def read_zones() -> list[dict[str, Any]]:
    return [feature for feature in seed.read("zones.geojson") if is_open_store(feature)]


def is_open_store(zone: dict[str, Any]) -> bool:
    """The pharmacy is a sensitive place, of which nothing is known about anybody."""
    return zone["properties"]["kind"] == "store" and zone["properties"]["sensitivity"] == "none"


def zones_plane() -> Plane:
    return Plane(*seed.read("mall.json")["origin"])


async def arrive(server: Server, test_key: str, entering: list[Outing], passing: list[Outing]) -> list[Shopper]:
    """Register a device for every outing."""
    kinds: list[tuple[dict[str, str], bool, bool]] = [
        *[(GRANTED | denial, False, True) for denial in DENIALS],
        *[(GRANTED, True, True)] * TEST_DEVICES,
        *[(GRANTED, False, False)] * WITHOUT_ADDRESS,
        *[(GRANTED, False, True)] * PLAIN,
    ]
    random.Random(SEED).shuffle(kinds)
    kinds += [(GRANTED, False, True)] * len(passing)
    shoppers = []
    for number, (outing, (consents, is_test, reachable)) in enumerate(zip([*entering, *passing], kinds, strict=True)):
        address = f"phone-{number}" if reachable else None
        phone = await server.register(address, consents, key=test_key if is_test else None)
        shoppers.append(Shopper(phone, consents, is_test, outing))
    return shoppers


async def replay(stack: Stack, shoppers: list[Shopper]) -> None:
    """Send batch by batch; the walks end now. Everything is dealt with before the next batch."""
    now = utc_now()
    for number in range(BATCHES):
        sending = []
        for shopper in shoppers:
            if number >= len(shopper.outing.batches):
                continue
            end_s = shopper.outing.batches[-1][-1].t_s
            batch = [
                make_ping(now - timedelta(seconds=end_s - f.t_s), f.lon, f.lat, f.accuracy_m, f.level)
                for f in shopper.outing.batches[number]
            ]
            sending.append(send(shopper, batch))
        await asyncio.gather(*sending)
        await stack.settled()


async def send(shopper: Shopper, batch: list[dict[str, Any]]) -> None:
    answer = await shopper.phone.ping(batch)
    if shopper.located:
        assert answer == {"accepted": len(batch), "duplicates": 0, "rejected": []}
    else:
        assert [r["reason"] for r in answer["rejected"]] == ["no_location_consent"] * len(batch)


async def start_campaigns(server: Server) -> dict[str, str]:
    """One for each store zone: campaign ids by the zone's external id."""
    listed = await server.call("GET", "/v1/zones?limit=500", server.world.sk)
    campaigns = {}
    for number, zone in enumerate(filter(is_open_store, listed["items"])):
        about = zone["properties"]
        trigger = {"store_ids": [about["store_id"]]} if number % 2 else {"zone_ids": [zone["id"]]}
        campaigns[about["external_id"]] = await server.add_campaign(about["name"], **trigger)
    return campaigns


def trouble() -> list[str | None]:
    """One call in five goes wrong, each kind of trouble once; which calls it hits is left to chance."""
    script = [*BY_CHANCE, *[None] * (4 * len(BY_CHANCE))]
    random.Random(SEED).shuffle(script)
    return script


async def test_fcm_receives_what_an_oracle_says(
    stack: Stack, world: World, fcm: FcmServer, story_sessions: Sessions
) -> None:
    fcm.stall_s = 5.0
    stack.fcm_env["GEOENGAGE_FCM__TIMEOUT_S"] = "1.5"
    async with story_sessions() as session:
        test_key = await make_key_row(
            session, world.tenant_id, KeyKind.PUBLISHABLE, app_id=world.app_id, scopes=[], is_test=True
        )
        await session.commit()
    async with running(stack, "serve", "worker") as http:
        server = Server(http, stack, world)
        _, (entering, passing) = await asyncio.gather(
            asyncio.to_thread(server.load_demo_mall), asyncio.to_thread(plan_outings)
        )
        async with story_sessions() as session:  # the walks begin before the zones were drawn just now
            await session.execute(text("UPDATE zone_version SET effective_from = effective_from - interval '1 hour'"))
            await session.commit()
        campaigns = await start_campaigns(server)
        shoppers = await arrive(server, test_key, entering, passing)
        fcm.fail_next(*trouble())
        await replay(stack, shoppers)

        check_calls(fcm, shoppers, campaigns)
        await check_rows(stack, fcm, shoppers, campaigns)


def check_calls(fcm: FcmServer, shoppers: list[Shopper], campaigns: dict[str, str]) -> None:
    """FCM was asked for exactly the expected (address, campaign), more than once only where it failed."""
    expected = {
        (shopper.phone.address, campaigns[v.zone_id])
        for shopper in shoppers
        if shopper.receives and shopper.phone.address
        for v in shopper.outing.expected
        if v.stayed
    }
    dead = {call.target for call in fcm.calls if call.fault in ("unregistered", "sender", "bad_token")}
    received = {(call.target, call.message["data"]["campaign_id"]) for call in fcm.calls}
    assert received - expected == set()
    # An address that FCM has declared dead is not used for a later store.
    assert {target for target, _ in expected - received} <= dead
    assert {call.fault for call in fcm.calls} == {None, *BY_CHANCE}
    assert len(received) >= 35
    tries: dict[str, list[Any]] = {}
    for call in fcm.calls:
        tries.setdefault(call.message_id, []).append(call)
    for calls in tries.values():
        assert all(call.fault is not None for call in calls[:-1]), "sent again after a success"
        for one, other in pairwise(calls):
            assert one.fault not in ("quota", "unavailable") or other.at - one.at >= 1.0, "Retry-After was ignored"


async def check_rows(stack: Stack, fcm: FcmServer, shoppers: list[Shopper], campaigns: dict[str, str]) -> None:
    """One row for each entry the oracle knows, and its fate fits the device."""
    by_device = {shopper.phone.id: shopper for shopper in shoppers}
    rows = await stack.query(
        "SELECT m.id::text, m.device_id::text, m.campaign_id::text, m.status, m.reason, m.channel,"
        " d.push_retired_reason FROM message m JOIN device d ON d.tenant_id = m.tenant_id AND d.id = m.device_id"
    )
    told = Counter((device, campaign) for _, device, campaign, *_ in rows)
    assert told == Counter((s.phone.id, campaigns[v.zone_id]) for s in shoppers if s.located for v in s.outing.expected)
    entered = await stack.query(
        "SELECT e.device_id::text, z.external_id FROM zone_event e JOIN zone_version v USING (tenant_id, zone_id)"
        " JOIN zone z ON z.tenant_id = e.tenant_id AND z.id = e.zone_id"
        " WHERE e.kind = 'entered' AND v.kind = 'store' AND v.version = e.zone_version"
    )
    assert Counter(entered) == Counter(
        (s.phone.id, v.zone_id) for s in shoppers if s.located for v in s.outing.expected
    )
    sent = {call.message_id for call in fcm.accepted()}
    for message, device, _, status, reason, channel, retired in rows:
        shopper = by_device[device]
        if status == "sent":
            assert shopper.is_test or message in sent
            assert channel == ("preview" if shopper.is_test else "fcm")
        elif status == "failed":
            assert retired == reason
            assert reason in ("unregistered", "sender_id_mismatch", "invalid_address")
        else:
            assert status == "skipped", (status, reason)
            assert reason in why_skipped(shopper, retired), (shopper.consents, reason)
    assert {status for _, _, _, status, *_ in rows} == {"sent", "failed", "skipped"}


def why_skipped(shopper: Shopper, retired: str | None) -> set[str]:
    """The reasons that fit. An address that FCM called dead may have been alive when an earlier visit ended; a visit
    whose end came with its beginning is told late."""
    if shopper.consents["marketing_push"] != "granted":
        return {"no_consent"}
    if shopper.phone.address is None:
        return {"no_address"}
    over = {"visit_ended", "late"}
    return {"no_address", *over} if retired else over
