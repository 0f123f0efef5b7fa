"""What shoppers' phones and the mall's server say over HTTP."""

from collections.abc import Mapping, Sequence
from contextlib import closing
from dataclasses import dataclass
from datetime import datetime
from typing import Any

import aiohttp

from geoengage.demo import seed
from geoengage.demo.client import Client
from tests.e2e.stack import Stack
from tests.factories import World

GRANTED = {"location": "granted", "marketing_push": "granted", "personalisation": "granted"}
Json = dict[str, Any]


def make_ping(at: datetime, lon: float, lat: float, accuracy_m: float = 3.0, level: int | None = None) -> Json:
    """One position as a phone sends it."""
    return {"at": at.isoformat(), "lon": lon, "lat": lat, "accuracy_m": accuracy_m, "level": level}


@dataclass(frozen=True)
class Phone:
    """A registered device. `address` is where its pushes go, None without one."""

    server: "Server"
    id: str
    token: str
    address: str | None

    async def ping(self, pings: Sequence[Json]) -> Json:
        return await self.server.call("POST", "/v1/pings", self.token, {"pings": list(pings)})

    async def consent(self, **stated: str) -> None:
        body = {**stated, "text_version": "1", "source": "settings"}
        await self.server.call("PUT", "/v1/devices/me/consents", self.token, body)


@dataclass(frozen=True)
class Server:
    """The API of a stack, spoken to as one tenant."""

    http: aiohttp.ClientSession
    stack: Stack
    world: World

    async def call(
        self, method: str, path: str, token: str, body: Mapping[str, Any] | None = None, *, version: int | None = None
    ) -> Json:
        """The answer's JSON; a refusal fails the test with the server's own words. `version`: what an edit changes."""
        headers = {"Authorization": f"Bearer {token}"} | ({"If-Match": f'"v{version}"'} if version else {})
        async with self.http.request(method, self.stack.url + path, json=body, headers=headers) as answer:
            text = await answer.text()
            assert answer.status < 300, f"{method} {path}: {answer.status} {text}"
            return await answer.json() if text else {}

    async def register(
        self, address: str | None, consents: Mapping[str, str] = GRANTED, *, key: str | None = None
    ) -> Phone:
        push = {"provider": "fcm", "kind": "fcm_token", "address": address}
        body = {"platform": "android", "consents": dict(consents), "push": push if address else None}
        made = await self.call("POST", "/v1/devices", key or self.world.pk, body)
        return Phone(self, made["device_id"], made["device_token"], address)

    async def add_zone(self, name: str, ring: Sequence[Sequence[float]], **properties: Any) -> str:
        """A published outdoor zone."""
        geometry = {"type": "Polygon", "coordinates": [[list(corner) for corner in ring]]}
        feature = {"type": "Feature", "geometry": geometry, "properties": {"name": name, **properties}}
        made = await self.call("POST", "/v1/zones", self.world.sk, feature)
        await self.call("POST", f"/v1/zones/{made['id']}/publish", self.world.sk)
        return str(made["id"])

    async def add_campaign(self, name: str, **trigger: Any) -> str:
        """An active campaign for whoever enters (unless `trigger` says otherwise), again and again."""
        made = await self.call(
            "POST",
            "/v1/campaigns",
            self.world.sk,
            {
                "name": name,
                "trigger": {"kind": "entered"} | trigger,
                "cap": {"count": 100, "per_days": 1},
                "cooldown_s": 0,
                "title": "Come in",
                "body": "Hello {{ first_name }}, this is {{ zone.name }}",
                "fallback_name": "you",
            },
        )
        active = await self.call("POST", f"/v1/campaigns/{made['id']}/activate", self.world.sk)
        assert active["status"] == "active", active
        return str(made["id"])

    def load_demo_mall(self) -> None:
        """The demo mall with its zones, by HTTP; its campaigns are taken out again. Blocks: run it in a thread."""
        client = Client(self.stack.url, self.world.sk)
        with closing(client._connection):
            seed.load(client, {})
            for campaign in client.get("/v1/campaigns?limit=500")["items"]:
                client.post(f"/v1/campaigns/{campaign['id']}/pause")
