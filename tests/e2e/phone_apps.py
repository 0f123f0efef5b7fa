"""Phone apps from the stores as they treat their queue: what each keeps, repeats and drops (PROTOCOLS 0.2, 1.1–1.4).

Their back-off is counted, not slept. `lose_next` makes the next answer get lost on its way: a time-out to them.
"""

import base64
import json
from collections import deque
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, ClassVar

import aiohttp

Json = dict[str, Any]


@dataclass(frozen=True)
class Point:
    """A fix that the phone took."""

    at: datetime
    lon: float
    lat: float

    @property
    def iso(self) -> str:
        return self.at.isoformat(timespec="milliseconds").replace("+00:00", "Z")

    @property
    def tst(self) -> int:
        return int(self.at.timestamp())


@dataclass
class PhoneApp:
    """A queue and the rule of one app. `taken`: all that it ever recorded; `lost`: what it gave up for good."""

    base: str
    token: str
    queue: deque[Point] = field(default_factory=deque)
    taken: list[Point] = field(default_factory=list)
    lost: list[Point] = field(default_factory=list)
    answers: list[int] = field(default_factory=list)
    retry_after: list[str | None] = field(default_factory=list)
    waited_s: float = 0.0
    lose_next: bool = False
    _wait_s: float = 0.0

    path: ClassVar[str]
    batch: ClassVar[int] = 1
    first_wait_s: ClassVar[float]
    longest_wait_s: ClassVar[float]

    def record(self, point: Point) -> None:
        self.taken.append(point)
        self.queue.append(point)

    async def step(self, http: aiohttp.ClientSession) -> None:
        """Send the head of the queue, and do with it what the answer says."""
        head = [self.queue[i] for i in range(min(self.batch, len(self.queue)))]
        if not head:
            return
        status, text = await self._send(http, head)
        if self.is_stored(status, text):
            self._wait_s = 0.0
        elif self.is_dropped(status):
            self.lost += head
        else:
            self._wait_s = min(self.longest_wait_s, self._wait_s * 2 or self.first_wait_s)
            self.waited_s += self._wait_s
            return
        for _ in head:
            self.queue.popleft()

    async def _send(self, http: aiohttp.ClientSession, points: list[Point]) -> tuple[int, str]:
        """Status and text; (0, "") when no answer came."""
        try:
            async with http.post(f"{self.base}{self.path}", **self.request(points)) as answer:
                status, text = answer.status, await answer.text()
        except (aiohttp.ClientError, TimeoutError):
            return 0, ""
        self.answers.append(status)
        if status == 503:
            self.retry_after.append(answer.headers.get("Retry-After"))
        if self.lose_next:
            self.lose_next = False
            return 0, ""
        return status, text

    def request(self, points: list[Point]) -> Json:
        raise NotImplementedError

    def is_stored(self, status: int, text: str) -> bool:
        return 200 <= status < 300

    def is_dropped(self, status: int) -> bool:
        return False


class OwnTracksAndroid(PhoneApp):
    """Keeps everything that got no 2xx: 1 s, doubled up to 120 s. Every third point crosses a region of its own."""

    path, first_wait_s, longest_wait_s = "/ingest/owntracks", 1.0, 120.0
    agent: ClassVar[str] = "Owntracks-Android/gms/420506000"
    more: ClassVar[Json] = {"_id": "a1b2c3d4"}

    def request(self, points: list[Point]) -> Json:
        (point,) = points
        message = {
            "_type": "location", "lat": point.lat, "lon": point.lon, "acc": 5, "vel": 3, "tst": point.tst, "tid": "P1",
            **self.more,
        }  # fmt: skip
        if point.tst % 3 == 0:
            message |= {"_type": "transition", "event": "enter", "t": "c", "wtst": 1_700_000_000 - 1, "desc": "Home"}
        pair = base64.b64encode(f"device:{self.token}".encode()).decode()
        headers = {"Authorization": f"Basic {pair}", "User-Agent": self.agent}
        return {"data": json.dumps(message), "headers": headers | {"Content-Type": "application/json; charset=utf-8"}}

    def is_stored(self, status: int, text: str) -> bool:
        if 200 <= status < 300:
            assert all(command["_type"] == "cmd" for command in json.loads(text))
            return True
        return False


class OwnTracksIos(OwnTracksAndroid):
    """Deletes a message that gets any 4xx; keeps it on 5xx and time-outs."""

    agent = "OwnTracks/18.4.1 CFNetwork/1494.0.7 Darwin/23.4.0"
    more: ClassVar[Json] = {}

    def is_dropped(self, status: int) -> bool:
        return 400 <= status < 500


class Overland(PhoneApp):
    """Sends batches, the newest point beside them; keeps all but what was answered with an object `result: "ok"`."""

    path, batch, first_wait_s, longest_wait_s = "/ingest/overland", 5, 30.0, 30.0

    def request(self, points: list[Point]) -> Json:
        body: Json = {"locations": [self._feature(point) for point in points]}
        if len(self.queue) > len(points):
            body["current"] = self._feature(self.queue[-1])
        return {"json": body, "headers": {"Authorization": f"Bearer {self.token}"}}

    @staticmethod
    def _feature(point: Point) -> Json:
        properties = {"timestamp": point.iso, "horizontal_accuracy": 5, "speed": 1, "motion": ["walking"]}
        geometry = {"type": "Point", "coordinates": [point.lon, point.lat]}
        return {"type": "Feature", "geometry": geometry, "properties": properties}

    def is_stored(self, status: int, text: str) -> bool:
        return 200 <= status < 300 and json.loads(text).get("result") == "ok"


class Traccar(PhoneApp):
    """Version 10: one point a request, in order; what is not answered 2xx blocks the head, 5 s doubled up to 5 min."""

    path, first_wait_s, longest_wait_s = "/ingest/osmand", 5.0, 300.0

    def request(self, points: list[Point]) -> Json:
        (point,) = points
        return {
            "data": {
                "id": self.token, "lat": str(point.lat), "lon": str(point.lon), "timestamp": str(point.tst),
                "speed": "2.0", "accuracy": "5.0", "batt": "80", "charge": "false",
            }
        }  # fmt: skip


class BackgroundGeolocation(PhoneApp):
    """With `batchSync`: success deletes the rows, failure unlocks them for the next occasion."""

    path, batch, first_wait_s, longest_wait_s = "/ingest/background-geolocation", 5, 60.0, 60.0

    def request(self, points: list[Point]) -> Json:
        return {
            "json": {"location": [self._location(point) for point in points]},
            "headers": {"Authorization": f"Bearer {self.token}"},
        }

    @staticmethod
    def _location(point: Point) -> Json:
        coords = {"latitude": point.lat, "longitude": point.lon, "accuracy": 5.0, "speed": 1.2, "heading": -1}
        return {"uuid": point.iso, "timestamp": point.iso, "coords": coords, "is_moving": True, "mock": False}

    def is_stored(self, status: int, text: str) -> bool:
        return status in (200, 201, 204) and isinstance(json.loads(text or "{}"), dict)


ALL: tuple[type[PhoneApp], ...] = (OwnTracksAndroid, OwnTracksIos, Overland, Traccar, BackgroundGeolocation)
