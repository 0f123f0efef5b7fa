"""Tells a server the past of a mall, over HTTP like phones that were offline: whole walks with the times they had.

What was told is kept in a file, so that a second run tells only what is missing; with it the truth of every walk, to
hold reports against. It rests as long as it works: whoever walks in the mall now comes first.
"""

import asyncio
import hashlib
import json
import time
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, timedelta
from math import dist
from pathlib import Path
from typing import Any

import aiohttp

from geoengage.kit.clock import utc_now
from geoengage.simulator.client import Client
from geoengage.simulator.past import Outing, plan_day
from geoengage.simulator.phone import Fix, positions
from geoengage.simulator.run import Options, load_venue, ping_of, rfc3339
from geoengage.simulator.venue import Venue
from geoengage.simulator.walk import Walk, plan_walk

MOST_DAYS = 6.9  # a server takes pings of seven days
SETTLED = timedelta(minutes=65)  # what is younger belongs to those who walk now, and may still push
INTERVAL_S = 10.0
STILL_M, STILL_S = 9.0, 60.0
LONGEST = timedelta(hours=8)  # no walk takes longer
TOGETHER = 8  # walks told at a time: about 500 pings, which a server writes in a blink
REST = 0.7  # pause after each lot, as a multiple of the time it took
KEPT_DAYS = 40


@dataclass(frozen=True, slots=True)
class Told:
    """An outing with the way it took and what the phone made of it."""

    outing: Outing
    walk: Walk
    fixes: list[Fix]

    @classmethod
    def of(cls, outing: Outing, venue: Venue) -> "Told":
        rng = outing.rng()
        walk = plan_walk(venue, rng, outing.habits)
        return cls(outing, walk, thinned(walk, positions(walk, INTERVAL_S, outing.phone, rng)))

    @property
    def end(self) -> datetime:
        return self.outing.at + timedelta(seconds=self.walk.end_s)


def thinned(walk: Walk, fixes: list[Fix]) -> list[Fix]:
    """What a phone that saves its battery reports: it is silent for up to STILL_S while it hardly moves."""
    kept = fixes[:1]
    for fix in fixes[1:]:
        before, here = walk.at(kept[-1].t_s), walk.at(fix.t_s)
        moved_m = dist((before.x, before.y), (here.x, here.y))
        if moved_m > STILL_M or here.level != before.level or fix.t_s - kept[-1].t_s >= STILL_S:
            kept.append(fix)
    return kept


@dataclass(slots=True)
class Book:
    """What was told of one mall: up to when, and for each local day people and the seconds of every visit by place."""

    path: Path | None
    mall: str
    seed: int
    until: datetime | None = None
    days: dict[str, dict[str, Any]] = field(default_factory=dict)

    @classmethod
    def open(cls, path: Path | None, mall: str, seed: int) -> "Book":
        """The book of that mall and seed; an empty one when the file is about others, for a fresh database."""
        book = cls(path, mall, seed)
        if path and path.exists():
            kept = json.loads(path.read_text())
            if (kept["mall"], kept["seed"]) == (mall, seed):
                book.until, book.days = datetime.fromisoformat(kept["until"]), kept["days"]
        return book

    def note(self, day: date, told: list[Told], until: datetime) -> None:
        """Add walks of a day; all that ended before `until` has been told now."""
        page = self.days.setdefault(day.isoformat(), {"people": 0, "stays_s": {}})
        for one in told:
            page["people"] += 1
            keys = {place.id: place.key for place in one.walk.venue.places}
            for visit in one.walk.visits:
                page["stays_s"].setdefault(keys[visit.place_id], []).append(round(visit.left_s - visit.entered_s))
        self.until = until
        self.days = dict(sorted(self.days.items())[-KEPT_DAYS:])
        if self.path:
            draft = self.path.with_suffix(".new")
            draft.write_text(
                json.dumps({"mall": self.mall, "seed": self.seed, "until": until.isoformat(), "days": self.days})
            )
            draft.replace(self.path)


class History:
    """The past of one mall. `run` ends when all of it has been told."""

    def __init__(self, options: Options, *, days: float, per_day: int, wait_s: float = 0.0) -> None:
        self.options = options
        self.days, self.per_day, self.wait_s = min(days, MOST_DAYS), per_day, wait_s
        self.walks = self.pings = 0
        self.day: date | None = None
        self._tokens: dict[str, str] = {}

    def line(self) -> str:
        """The state of things in one line for a person."""
        where = f"{self.day:%A %d %B}" if self.day else "not begun"
        return f"the mall's past: {where} · {self.walks} walks, {self.pings} pings told"

    async def run(self) -> None:
        """Tell everything between `days` ago, or where the last run ended, and an hour ago."""
        await asyncio.sleep(self.wait_s)
        timeout = aiohttp.ClientTimeout(total=60)
        async with aiohttp.ClientSession(timeout=timeout) as session:
            client = Client(session, self.options.url)
            mall, venue = await load_venue(client, self.options.secret_key, self.options.mall_id)
            book = Book.open(self.options.state, mall, self.options.seed)
            now = utc_now()
            first, until = now - timedelta(days=self.days), now - SETTLED
            since = max(first, book.until or first)
            for day in _days(venue, since, until):
                self.day = day
                outings = plan_day(venue, day, seed=self.options.seed, per_day=self.per_day)
                outings = [o for o in outings if max(first, since - LONGEST) < o.at < until]
                told = await self._tell_all(client, venue, outings, since, until)
                book.note(day, told, until if day == until.astimezone(venue.timezone).date() else _end(venue, day))

    async def _tell_all(
        self, client: Client, venue: Venue, outings: list[Outing], since: datetime, until: datetime
    ) -> list[Told]:
        """Tell the outings that ended in the span, a lot at a time."""
        told: list[Told] = []
        for first in range(0, len(outings), TOGETHER):
            began = time.monotonic()
            lot = [Told.of(outing, venue) for outing in outings[first : first + TOGETHER]]
            lot = [one for one in lot if since < one.end <= until]
            await asyncio.gather(*(self._tell(client, one) for one in lot))
            told += lot
            await asyncio.sleep((time.monotonic() - began) * REST)
        return told

    async def _tell(self, client: Client, one: Told) -> None:
        token = self._tokens.get(one.outing.who) or await self._register(client, one.outing.who)
        pings = [ping_of(fix, one.outing.at + timedelta(seconds=fix.t_s)) for fix in one.fixes]
        await client.post("/v1/pings", token, lambda: {"sent_at": rfc3339(utc_now()), "pings": pings})
        self.walks += 1
        self.pings += len(pings)

    async def _register(self, client: Client, who: str) -> str:
        """The token of a person's phone; the same one on every run, since the key to it is the same."""
        registration = {
            "platform": "android" if who.endswith(tuple("02468")) else "ios",
            "consents": {"location": "granted", "marketing_push": "granted", "personalisation": "denied"},
            "consent_text_version": "simulated-1",
        } | ({"app_id": self.options.app_id} if self.options.app_id else {})
        once = hashlib.sha256(f"{self.options.secret_key} {who}".encode()).hexdigest()
        key = self.options.publishable_key
        device = await client.post("/v1/devices", key, lambda: registration, once=once)
        token: str = device["device_token"]
        self._tokens[who] = token
        return token


def _days(venue: Venue, since: datetime, until: datetime) -> Iterator[date]:
    """The local days whose walks may end in the span: a night's end belongs to the evening before."""
    day = since.astimezone(venue.timezone).date() - timedelta(days=1)
    while day <= until.astimezone(venue.timezone).date():
        yield day
        day += timedelta(days=1)


def _end(venue: Venue, day: date) -> datetime:
    """The midnight that ends a local day, UTC."""
    after = day + timedelta(days=1)
    return datetime(after.year, after.month, after.day, tzinfo=venue.timezone).astimezone(UTC)
