"""No consent, no coordinates: what the tables and the logs hold of a shopper before, during and after her consent.

Every row of every table is searched as text, and every line that the processes have logged, for the digits and the
binary form of each coordinate she has sent. While she consents the same search must find her.
"""

import struct
from collections.abc import Iterable, Sequence
from datetime import datetime, timedelta
from itertools import pairwise

import aiohttp
import pytest

from geoengage.kit.clock import utc_now
from tests.e2e.calls import GRANTED, Json, Phone, Server, make_ping
from tests.e2e.stack import Stack, running
from tests.factories import World
from tests.providers.fcm_server import FcmServer

pytestmark = pytest.mark.slow

ZONES = 10
# Zones lie on round numbers, she does not. Degrees above 60, so that no clock's seconds look like them.
WEST, SOUTH, STEP = 111.3, 67.2, 0.001
REASON = "no_location_consent"


def ring(number: int) -> list[tuple[float, float]]:
    west = WEST + number * STEP
    return [(west + x * STEP, SOUTH + y * STEP) for x, y in ((0, 0), (1, 0), (1, 1), (0, 1), (0, 0))]


def place(number: int, time: int) -> tuple[float, float]:
    """Where she is in a zone: near its middle, with digits that nothing else in the database has."""
    return (
        round(WEST + number * STEP + 0.00047391 + time * 3.17e-6, 8),
        round(SOUTH + 0.00052683 + number * 1.31e-6 + time * 2.71e-6, 8),
    )


def traces(coordinates: Sequence[float]) -> set[str]:
    """What coordinates look like: cut and rounded, as a scaled integer, in a binary value, a geometry or a record."""
    found = {
        struct.pack(">ii", round(lon * 1e7), round(lat * 1e7)).hex()
        for lon, lat in pairwise(coordinates)
        if abs(lon) <= 180 and abs(lat) <= 180
    }
    for value in coordinates:
        for digits in (4, 5, 6, 7):
            for number in (int(value * 10**digits), round(value * 10**digits)):
                text = str(number)
                found.add(f"{text[:-digits]}.{text[-digits:]}")
                if digits >= 6:  # shorter ones would turn up in random ids
                    found.add(text)
        found |= {struct.pack(order, value).hex() for order in ("<d", ">d")}
    return found


async def tables_with(stack: Stack, needles: set[str]) -> set[str]:
    """Tables with a row that holds one of these."""
    tables = await stack.query(
        "SELECT c.oid::regclass::text FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace WHERE"
        " c.relkind IN ('r', 'm') AND n.nspname NOT IN ('pg_catalog', 'information_schema') ORDER BY 1"
    )
    assert len(tables) > 40
    every = " UNION ALL ".join(f"SELECT '{name}', lower(t::text) FROM {name} t" for (name,) in tables)  # noqa: S608
    rows = await stack.query(every)
    return {name.rsplit("_p2", 1)[0] for name, row in rows if any(needle in row for needle in needles)}


def log_lines_with(stack: Stack, needles: set[str]) -> list[str]:
    lines = [line for path in stack.data_dir.glob("*.log") for line in path.read_text().splitlines()]
    assert lines
    return [line for line in lines if any(needle in line.lower() for needle in needles)]


async def walk(phone: Phone, zones: Iterable[int], end: datetime) -> tuple[list[Json], set[str]]:
    """Two positions in each zone, until `end`; returns the server's answers and what would betray her."""
    answers, sent = [], []
    pings = [
        make_ping(end, *place(number, time))
        | {"at": (end - timedelta(seconds=2 * (ZONES - number) - time)).isoformat()}
        for number in zones
        for time in (0, 1)
    ]
    for one, other in zip(pings[::2], pings[1::2], strict=True):
        answers.append(await phone.ping([one, other]))
        sent += [ping[axis] for ping in (one, other) for axis in ("lon", "lat")]
    return answers, traces(sent)


async def provoke(phone: Phone, http: aiohttp.ClientSession) -> set[str]:
    """Everything else in which a phone says where it is, right and wrong."""
    lon, lat = place(3, 7)
    headers = {"Authorization": f"Bearer {phone.token}"}
    url = phone.server.stack.url
    async with http.get(f"{url}/v1/geofences/nearby", params={"lon": lon, "lat": lat}, headers=headers) as answer:
        assert answer.status == 200
    async with http.get(f"{url}/v1/geofences/nearby", params={"lon": lon, "lat": 900 + lat}, headers=headers) as answer:
        assert answer.status == 422
    ping = f'{{"at": "2026-01-01T00:00:00Z", "lon": {lon}, "lat": {lat}'
    for body in (
        f'{{"pings": [{ping}, "level": "{lat}"}}]}}',
        f'{{"pings": [{ping}, "accuracy_m": NaN}}]}}',
        f'{{"pings": [{ping}, "at": "{lon}"}}], "sent_at": "{lat}"}}',
        f'{{"pings": [{ping}',
    ):
        async with http.post(f"{url}/v1/pings", data=body, headers=headers) as answer:
            assert answer.status in (200, 422), await answer.text()
    return traces((lon, lat, 900 + lat))


async def test_a_shopper_without_consent_leaves_no_trace(stack: Stack, world: World, fcm: FcmServer) -> None:
    async with running(stack, "serve", "worker") as http:
        server = Server(http, stack, world)
        zones = [await server.add_zone(f"Square {n}", ring(n)) for n in range(ZONES)]
        await server.add_campaign("Welcome", zone_ids=zones)
        silent = await server.register("undecided", {})
        phone = await server.register("her", GRANTED | {"location": "denied"})
        needles = set()
        for one in (silent, phone):
            answers, betrayed = await walk(one, range(ZONES), utc_now())
            assert [[r["reason"] for r in a["rejected"]] for a in answers] == [[REASON, REASON]] * ZONES
            needles |= betrayed | await provoke(one, http)
        await stack.settled()
        assert await tables_with(stack, needles) == set()
        assert log_lines_with(stack, needles) == []
        assert await stack.query("SELECT 1 FROM zone_event") == []
        refused = await stack.query("SELECT count(*) FROM ping_rejection WHERE reason = %s", REASON)
        assert refused[0][0] >= 2 * 2 * ZONES  # counted, not silent

        await phone.consent(location="granted")
        # The first push must wait, so that one is on its way when she changes her mind.
        fcm.retry_after = "2"
        fcm.fail_next("unavailable")
        answer = await phone.ping([make_ping(utc_now(), *place(4, 5))])
        assert answer["accepted"] == 1
        granted = traces(place(4, 5))

        async def is_asked() -> bool:
            return bool(fcm.calls)

        await stack.until("FCM is asked", is_asked, 15.0)
        assert [call.target for call in fcm.calls] == ["her"]
        assert await stack.query("SELECT kind, reason FROM zone_event") == [("entered", "whole_disc")]
        assert await tables_with(stack, granted) == {"ping_run", "device_state"}  # so the search does find her
        assert log_lines_with(stack, granted) == []

        await phone.consent(location="denied")
        answer = await phone.ping([make_ping(utc_now(), *place(5, 6))])
        assert answer["rejected"] == [{"index": 0, "reason": REASON}]

        async def is_forgotten() -> bool:
            return not await tables_with(stack, granted)

        await stack.until("her pings are gone", is_forgotten, 10.0)
        await stack.settled()
        assert await tables_with(stack, needles | granted | traces(place(5, 6))) == set()
        assert log_lines_with(stack, needles | granted | traces(place(5, 6))) == []
        assert await stack.query("SELECT kind, reason FROM zone_event ORDER BY recorded_at, kind") == [
            ("entered", "whole_disc"),
            ("exited", "consent_withdrawn"),
        ]
        assert await stack.query("SELECT status, reason FROM message") == [("skipped", "no_consent")]
        assert len(fcm.calls) == 1
        assert fcm.accepted() == []
