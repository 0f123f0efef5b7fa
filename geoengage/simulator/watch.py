"""What the simulator asks and tells its server beside walking: how noisy phones are, zones, entries, the comparison.

A server without the comparison (an older one, a tenant that is no demo) refuses; then the phones stay as they are and
nothing is compared.
"""

import asyncio
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any

from geoengage.kit.clock import utc_now
from geoengage.kit.geo import Frame
from geoengage.simulator.client import Client, Refused
from geoengage.simulator.comparison import Comparison
from geoengage.simulator.truth import read_fences

USUAL_NOISE_M = 3.0  # people's phones as `people` makes them
ASK_EVERY_S = 1.5
ZONES_EVERY = 4  # rounds
OVERLAP_S = 10.0  # an event is seen a little after the time at which it was recorded


@dataclass(slots=True)
class Noise:
    """How noisy phones are at present. `changed` is set, and replaced by a new one, whenever that changes."""

    sigma_m: float = USUAL_NOISE_M
    revision: int = 0
    changed: asyncio.Event = field(default_factory=asyncio.Event)

    @property
    def factor(self) -> float:
        """By which every phone's errors are scaled."""
        return self.sigma_m / USUAL_NOISE_M

    def set(self, sigma_m: float, revision: int) -> None:
        self.sigma_m, self.revision = sigma_m, revision
        self.changed.set()
        self.changed = asyncio.Event()


class Watch:
    """The loop beside the shoppers. `secret_key` may see people."""

    def __init__(self, client: Client, secret_key: str, frame: Frame, noise: Noise, comparison: Comparison) -> None:
        self._client, self._key, self._frame = client, secret_key, frame
        self._noise, self._comparison = noise, comparison
        self._seen: dict[str, float] = {}

    async def begin(self) -> None:
        """What must be known before the first step."""
        since = self._comparison.since
        await self._ask_noise()
        self._comparison.since = since
        await self._read_zones()

    async def run(self) -> None:
        """Until cancelled, or refused: then the comparison ends and the shoppers go on."""
        try:
            number = 0
            while True:
                await self._ask_noise()
                if number % ZONES_EVERY == 0:
                    await self._read_zones()
                await self._read_entries()
                await self._tell()
                number += 1
                await asyncio.sleep(ASK_EVERY_S)
        except Refused:
            return

    async def _ask_noise(self) -> None:
        answer = await self._client.get("/v1/simulation", self._key)
        if answer["revision"] != self._noise.revision:
            self._noise.set(answer["noise_m"], answer["revision"])
            self._comparison.begin_anew(utc_now().timestamp())

    async def _read_zones(self) -> None:
        zones = [item async for item in self._client.items("/v1/zones?", self._key)]
        self._comparison.fences = read_fences(self._frame, zones, self._comparison.fences)

    async def _read_entries(self) -> None:
        """Entries recorded since the last look, oldest first; none is counted twice."""
        after = max(self._seen.values(), default=self._comparison.since) - OVERLAP_S
        path = f"/v1/zone-events?kind=entered&after={_text(after)}"
        events = [item async for item in self._client.items(path, self._key)]
        for event in reversed(events):
            if event["id"] not in self._seen:
                self._comparison.heard_of(event, _seconds(event["at"]))
            self._seen[event["id"]] = _seconds(event["recorded_at"])
        self._seen = {id_: at for id_, at in self._seen.items() if at >= after - OVERLAP_S}

    async def _tell(self) -> None:
        now = utc_now().timestamp()
        self._comparison.settle(now)
        report = _with_times(self._comparison.report(self._noise.revision, now))
        try:
            await self._client.put("/v1/simulation/report", self._key, lambda: report)
        except Refused as refused:
            if refused.status != 409:  # 409: the noise was changed this very moment
                raise


def _with_times(value: Any, name: str = "") -> Any:
    """The report with its times as RFC 3339."""
    if isinstance(value, dict):
        return {key: _with_times(inner, key) for key, inner in value.items()}
    if isinstance(value, list):
        return [_with_times(inner) for inner in value]
    return _text(value) if name in ("at", "since") else value


def _text(seconds: float) -> str:
    return datetime.fromtimestamp(seconds, UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")


def _seconds(at: str) -> float:
    return datetime.fromisoformat(at).timestamp()
