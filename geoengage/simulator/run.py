"""Plays shoppers against a server, over HTTP like any shopper's app: register, ping, read the inbox, report opens.

Time may be compressed: at speed 10 a minute of walking takes six seconds, and pings carry the real time at which they
are sent. Pings that could not be delivered are kept and sent together later, as a phone does.
"""

import asyncio
import json
import os
from collections import deque
from contextlib import suppress
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import Any
from uuid import uuid4

import aiohttp
import numpy as np

from geoengage.kit.clock import utc_now
from geoengage.simulator.client import FIRST_PAUSE_S, Client, Refused
from geoengage.simulator.comparison import Comparison
from geoengage.simulator.hearing import Heard, hear
from geoengage.simulator.people import Person, person
from geoengage.simulator.phone import Fix, positions, scaled
from geoengage.simulator.route import NoWay
from geoengage.simulator.truth import Followed, Reported
from geoengage.simulator.venue import Venue, read_venue
from geoengage.simulator.walk import Walk, plan_walk, warm_start_s
from geoengage.simulator.watch import Noise, Watch

BATCH = 100
KEPT_PINGS = 1000  # a phone does not keep more; the oldest go first
INBOX_EVERY_S = 15.0
OPEN_SHARE = 0.3
CATCH_UP_S = 90.0  # who begins in the middle of a walk tells so much of it at once; older events would push nothing
PAUSE_S = (20.0, 90.0)  # between one leaving and the next one coming, in simulated seconds


@dataclass(frozen=True, slots=True)
class Options:
    """`app_id` is needed only when the publishable key belongs to several apps, `mall_id` with several malls."""

    url: str
    publishable_key: str
    secret_key: str
    mall_id: str | None = None
    app_id: str | None = None
    shoppers: int = 40
    seed: int = 1
    speed: float = 1.0
    interval_s: float = 5.0
    state: Path | None = None
    warm: bool = True  # begin in the middle of walks, not all at the doors


@dataclass(slots=True)
class Stats:
    """Counted over all shoppers since the start; `waiting` and `inside` are of this moment."""

    pings: int = 0
    refused: int = 0
    waiting: int = 0
    inside: int = 0
    messages: int = 0
    opened: int = 0


class DeviceBook:
    """Device ids and tokens by external id, kept in a private file when one is given."""

    def __init__(self, path: Path | None) -> None:
        self._path = path
        self._devices: dict[str, dict[str, str]] = {}
        if path and path.exists():
            self._devices = json.loads(path.read_text())

    def find(self, external_id: str) -> dict[str, str] | None:
        return self._devices.get(external_id)

    def keep(self, external_id: str, device: dict[str, str]) -> None:
        self._devices[external_id] = device
        self._write()

    def forget(self, external_id: str) -> None:
        self._devices.pop(external_id, None)
        self._write()

    def _write(self) -> None:
        if not self._path:
            return
        draft = self._path.with_suffix(".new")
        with os.fdopen(os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600), "w") as file:
            json.dump(self._devices, file)
        draft.replace(self._path)


@dataclass(slots=True)
class Shopper:
    """One place in the mall, taken by one person with one phone after the other, so that caps do not empty the demo.

    Walking, sending and reading are three independent loops.
    """

    number: int
    client: Client
    options: Options
    venue: Venue
    book: DeviceBook
    stats: Stats
    walk_rng: np.random.Generator
    inbox_rng: np.random.Generator
    hearing_rng: np.random.Generator
    noise: Noise
    comparison: Comparison
    waiting: deque[dict[str, Any]] = field(default_factory=lambda: deque(maxlen=KEPT_PINGS))
    something: asyncio.Event = field(default_factory=asyncio.Event)
    seen: set[str] = field(default_factory=set)
    registering: asyncio.Lock = field(default_factory=asyncio.Lock)
    round_: int = 0

    @property
    def person(self) -> Person:
        """Who it is now."""
        return person(self.options.seed, self.number, self.round_)

    async def live(self) -> None:
        """Until cancelled."""
        await self._token()
        async with asyncio.TaskGroup() as group:
            group.create_task(self._walk_again_and_again())
            group.create_task(self._send_pings())
            group.create_task(self._read_inbox())

    async def _token(self) -> str:
        """The device's token; registers the device first when there is none. All three loops ask, one registers."""
        async with self.registering:
            device = self.book.find(self.person.external_id) or await self._register()
        return device["device_token"]

    async def _register(self) -> dict[str, str]:
        """Registers the device as the app does, then says whose it is as the shop's back end does."""
        person = self.person
        registration = {
            "platform": person.platform,
            "push": {
                "provider": "fcm",
                "address": f"{person.external_id}-{uuid4().hex[:8]}",
                "kind": "fcm_token",
            },
            "locale": person.language,
            "consents": person.consents,
            "consent_text_version": "simulated-1",
            "permission": person.permission,
        } | ({"app_id": self.options.app_id} if self.options.app_id else {})
        device: dict[str, str] = await self.client.post(
            "/v1/devices", self.options.publishable_key, lambda: registration
        )
        claim = {
            "external_id": person.external_id,
            "first_name": person.first_name,
            "language": person.language,
            "attributes": person.attributes,
        }
        path = f"/v1/devices/{device['device_id']}/link"
        await self.client.post(path, self.options.secret_key, lambda: claim)
        self.book.keep(person.external_id, device)
        return device

    async def _walk_again_and_again(self) -> None:
        first = True
        while True:
            walk = plan_walk(self.venue, self.walk_rng)  # 10-20 ms; no thread: prepared geometries are shared
            from_s = warm_start_s(walk, self.walk_rng) if first and self.options.warm else 0.0
            first = False
            self.stats.inside += 1
            try:
                await self._walk(walk, from_s)
            finally:
                self.stats.inside -= 1
            await asyncio.sleep(float(self.walk_rng.uniform(*PAUSE_S)) / self.options.speed)
            await self._hand_over()

    async def _hand_over(self) -> None:
        """The next person comes, with a phone of her own; pings of the one before that are still waiting are lost."""
        async with self.registering:
            self.waiting.clear()
            self.book.forget(self.person.external_id)
            self.round_ += 1

    async def _walk(self, walk: Walk, from_s: float) -> None:
        """Moves along a walk that began before now if `from_s` says so; the minutes before now are told at once."""
        speed = self.options.speed
        began = utc_now().timestamp() - from_s / speed
        await self._be_followed(walk, began)
        told_s = max(0.0, from_s - CATCH_UP_S * speed)
        fixes = self._fixes(walk, told_s)
        if fixes and told_s > 0:  # else who appears in the midst of a mall would be taken to stand on its ground floor
            fixes[0] = fixes[0]._replace(level=walk.at(fixes[0].t_s).level)
        while fixes:
            changed = self.noise.changed
            if await _is_set_within(changed, began + fixes[0].sent_s / speed - utc_now().timestamp()):
                # what is still to come is told by a phone that is noisier or better from here on
                here_s = (utc_now().timestamp() - began) * speed
                fixes = [f for f in fixes if f.t_s <= here_s] + self._fixes(walk, here_s)
                continue
            self._report_fix(walk, fixes.pop(0), began)

    def _fixes(self, walk: Walk, from_s: float) -> list[Fix]:
        noise = scaled(self.person.noise, self.noise.factor)
        fixes = positions(walk, self.options.interval_s * self.options.speed, noise, self.walk_rng, from_s)
        return sorted(fixes, key=lambda fix: fix.sent_s)

    def _report_fix(self, walk: Walk, fix: Fix, began: float) -> None:
        at = began + fix.t_s / self.options.speed
        ping, truth = ping_of(fix, datetime.fromtimestamp(at, UTC)), walk.at(fix.t_s)
        heard = hear(self.venue.beacons, truth.x, truth.y, truth.level, self.hearing_rng)
        self.waiting.append(ping | {"beacons": [beacon_of(h) for h in heard]} if heard else ping)
        self.something.set()
        reported = Reported(at, ping["lon"], ping["lat"], fix.accuracy_m, fix.level)
        self.comparison.hear(self.device_id, reported, *self.venue.frame.to_metres(ping["lon"], ping["lat"]))

    async def _be_followed(self, walk: Walk, began: float) -> None:
        """Who refuses location is not compared: the engine never looks at such a phone."""
        await self._token()
        if self.person.consents["location"] == "granted":
            self.comparison.follow(Followed(self.device_id, walk, began, self.options.speed))

    @property
    def device_id(self) -> str:
        """Of the phone carried now; empty while it is being registered."""
        device = self.book.find(self.person.external_id)
        return device["device_id"] if device else ""

    async def _send_pings(self) -> None:
        while True:
            await self.something.wait()
            self.something.clear()
            while self.waiting:
                await self._send_batch()

    async def _send_batch(self) -> None:
        """The batch leaves the queue only with an answer; meanwhile a full queue may have dropped its oldest."""
        batch = list(self.waiting)[:BATCH]
        path, token = "/v1/pings", await self._token()
        try:
            await self.client.post(path, token, lambda: {"sent_at": rfc3339(utc_now()), "pings": batch})
        except Refused as refused:
            if refused.status == 401:  # the server has forgotten this device: a fresh database
                self.book.forget(self.person.external_id)
                await asyncio.sleep(FIRST_PAUSE_S)
                return
            self.stats.refused += len(batch)
        else:
            self.stats.pings += len(batch)
        while self.waiting and self.waiting[0]["at"] <= batch[-1]["at"]:
            self.waiting.popleft()

    async def _read_inbox(self) -> None:
        await asyncio.sleep(float(self.inbox_rng.uniform(0.2, 1.0)) * INBOX_EVERY_S)
        while True:
            try:
                inbox = await self.client.get("/v1/inbox", await self._token())
                for message in inbox["items"]:
                    await self._receive(message)
            except Refused as refused:
                if refused.status not in (401, 404):  # the ping loop registers anew; a message may have gone
                    raise
            await asyncio.sleep(INBOX_EVERY_S)

    async def _receive(self, message: dict[str, Any]) -> None:
        number = message["id"]
        if number in self.seen:
            return
        self.seen.add(number)
        self.stats.messages += 1
        await self._report(number, "received")
        if self.inbox_rng.random() < OPEN_SHARE and not message.get("opened_at"):
            await asyncio.sleep(float(self.inbox_rng.uniform(1.0, 6.0)))
            await self._report(number, "opened")
            self.stats.opened += 1

    async def _report(self, message_id: str, kind: str) -> None:
        body = {"message_id": message_id, "kind": kind, "at": rfc3339(utc_now())}
        await self.client.post("/v1/receipts", await self._token(), lambda: body)


class Simulation:
    """All shoppers of one mall. `run` goes on until it is cancelled."""

    def __init__(self, options: Options) -> None:
        self.options = options
        self.stats = Stats()
        self.client: Client | None = None
        self.shoppers: list[Shopper] = []

    async def run(self) -> None:
        timeout = aiohttp.ClientTimeout(total=20)
        connector = aiohttp.TCPConnector(limit=64)
        async with aiohttp.ClientSession(timeout=timeout, connector=connector) as session:
            self.client = Client(session, self.options.url)
            _, venue = await load_venue(self.client, self.options.secret_key, self.options.mall_id)
            book = DeviceBook(self.options.state)
            noise, comparison = Noise(), Comparison(utc_now().timestamp() - CATCH_UP_S)
            watch = Watch(self.client, self.options.secret_key, venue.frame, noise, comparison)
            with suppress(Refused):  # no demo: the phones are as people have them, and nothing is compared
                await watch.begin()
            for number in range(self.options.shoppers):
                walk_rng, inbox_rng, hearing_rng = (
                    np.random.default_rng([self.options.seed, number, use]) for use in (1, 2, 3)
                )
                self.shoppers.append(
                    Shopper(
                        number=number,
                        client=self.client,
                        options=self.options,
                        venue=venue,
                        book=book,
                        stats=self.stats,
                        walk_rng=walk_rng,
                        inbox_rng=inbox_rng,
                        hearing_rng=hearing_rng,
                        noise=noise,
                        comparison=comparison,
                    )
                )
            async with asyncio.TaskGroup() as group:
                group.create_task(watch.run())
                for shopper in self.shoppers:
                    group.create_task(shopper.live())

    def line(self) -> str:
        """The state of things in one line for a person."""
        s = self.stats
        s.waiting = sum(len(shopper.waiting) for shopper in self.shoppers)
        state = "connected" if self.client and self.client.reachable else "waiting for the server"
        return (
            f"{state} · {s.inside} of {self.options.shoppers} shoppers on their way · {s.pings} pings sent, "
            f"{s.waiting} waiting, {s.refused} refused · {s.messages} messages, {s.opened} opened"
        )


async def load_venue(client: Client, secret_key: str, mall_id: str | None) -> tuple[str, Venue]:
    """Reads the mall through the API, with its id; without `mall_id` the tenant's only mall is meant."""
    if mall_id is None:
        malls = [mall async for mall in client.items("/v1/malls?", secret_key)]
        if len(malls) != 1:
            raise NoWay(f"the tenant has {len(malls)} malls: say which one")
        mall = malls[0]
    else:
        mall = await client.get(f"/v1/malls/{mall_id}", secret_key)
    number = mall["id"]
    levels = [item async for item in client.items(f"/v1/malls/{number}/levels?", secret_key)]
    units = [item async for item in client.items(f"/v1/malls/{number}/units?", secret_key)]
    stores = [item async for item in client.items(f"/v1/stores?mall_id={number}", secret_key)]
    points = [item async for item in client.items(f"/v1/evidence-points?mall_id={number}&kind=beacon", secret_key)]
    return number, read_venue(mall, levels, units, stores, points)


async def _is_set_within(event: asyncio.Event, seconds: float) -> bool:
    """Waits so long at most; whether the event came."""
    if seconds <= 0:
        await asyncio.sleep(0)  # many of these in a row must not hold up the others
        return event.is_set()
    try:
        async with asyncio.timeout(seconds):
            await event.wait()
    except TimeoutError:
        return False
    return True


def ping_of(fix: Fix, at: datetime) -> dict[str, Any]:
    """The ping of a fix taken at that time, as the API wants it."""
    ping = {
        "at": rfc3339(at),
        "lon": round(fix.lon, 7),
        "lat": round(fix.lat, 7),
        "accuracy_m": fix.accuracy_m,
    }
    return ping if fix.level is None else ping | {"level": fix.level}


def beacon_of(heard: Heard) -> dict[str, Any]:
    """A heard beacon as the API wants it."""
    beacon = heard.beacon
    return {"uuid": beacon.uuid, "major": beacon.major, "minor": beacon.minor, "rssi": heard.rssi}


def rfc3339(at: datetime) -> str:
    """With milliseconds, `Z` for UTC."""
    return at.isoformat(timespec="milliseconds").replace("+00:00", "Z")
