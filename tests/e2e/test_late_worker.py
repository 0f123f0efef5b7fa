"""A worker that comes back after half an hour tells nobody "you are here".

The half hour is simulated: the real functions record zone events and queue messages in process, with a clock that is 30
minutes behind. Then a real worker process starts, with today's clock.
"""

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from uuid import UUID

import pytest
from sqlalchemy import text

from geoengage import worker
from geoengage.kit.clock import utc_now
from geoengage.kit.db import Sessions, transaction
from geoengage.presence import service as presence
from geoengage.presence.rules.fixes import PingIn
from geoengage.wiring import reactions
from tests.e2e.calls import Phone, Server, make_ping
from tests.e2e.stack import Stack, running
from tests.factories import World
from tests.providers.fcm_server import FcmServer

pytestmark = pytest.mark.slow

AWAY = timedelta(minutes=30)
DWELL_S = 60
INSIDE, OUTSIDE = (9.7005, 48.3005), (9.7005, 48.3030)
RING = [(9.7, 48.3), (9.701, 48.3), (9.701, 48.301), (9.7, 48.301), (9.7, 48.3)]


@dataclass
class Past:
    """What happened half an hour ago, by the functions that the processes call."""

    sessions: Sessions
    world: World
    began: datetime
    indexes: presence.IndexCache = field(default_factory=presence.IndexCache)

    def after(self, seconds: float) -> datetime:
        return self.began + timedelta(seconds=seconds)

    async def see(self, phone: Phone, *seconds: float, place: Sequence[float] = INSIDE) -> None:
        """The phone's positions arrive, each at once."""
        for now in map(self.after, seconds):
            ping = PingIn(at=now, lon=place[0], lat=place[1], accuracy_m=5.0)
            batch = presence.Batch(
                device_id=UUID(phone.id), token_version=1, sent_at=None, received_at=now, pings=[(0, ping)]
            )
            async with transaction(self.sessions, self.world.tenant_id) as session:
                await presence.record_group(session, self.world.tenant_id, [batch], self.indexes, now)
            assert batch.accepted == 1

    async def fire_timers(self, seconds: float) -> None:
        async with transaction(self.sessions, self.world.tenant_id) as session:
            assert await presence.fire_timers(session, self.world.tenant_id, self.indexes, self.after(seconds))

    async def decide(self, seconds: float, monkeypatch: pytest.MonkeyPatch) -> None:
        """The worker of then decides on campaigns; before it sends anything, it dies."""
        campaigns = tuple(r for r in reactions(self.indexes) if r.name == "campaigns.send")
        with monkeypatch.context() as patched:
            patched.setattr(worker, "utc_now", lambda: self.after(seconds))
            assert await worker.react_once(self.sessions, campaigns)


async def test_nothing_stale_is_sent(
    stack: Stack, world: World, fcm: FcmServer, story_sessions: Sessions, monkeypatch: pytest.MonkeyPatch
) -> None:
    async with running(stack, "serve") as http:
        server = Server(http, stack, world)
        zone_id = await server.add_zone("Square", RING, rules={"dwell_s": [DWELL_S], "exit_s": 10})
        await server.add_campaign("Welcome", zone_ids=[zone_id])
        await server.add_campaign("Still here", kind="dwelled", dwell_s=DWELL_S, zone_ids=[zone_id])
        async with story_sessions() as session:  # the zone is older than what is about to have happened
            await session.execute(text("UPDATE zone_version SET effective_from = effective_from - interval '1 day'"))
            await session.commit()
        past = Past(story_sessions, world, utc_now() - AWAY)

        queued, left, stayed = [await server.register(f"old-{n}") for n in range(3)]
        unseen, silent = [await server.register(f"old-{n}") for n in range(3, 5)]
        for phone in (queued, left, stayed, silent):
            await past.see(phone, 0)
        await past.decide(1, monkeypatch)
        assert await statuses(stack) == Counter({("queued", None): 4})
        await past.see(unseen, 5)  # from here on nobody decides
        await past.see(stayed, 20, 40, 65)
        await past.see(left, 10, 20, 40, place=OUTSIDE)
        await past.see(silent, 50)
        await past.fire_timers(70)
        kinds = Counter(await stack.query("SELECT kind, by_silence FROM zone_event"))
        assert kinds == {("entered", False): 5, ("dwelled", False): 2, ("dwelled", True): 2, ("exited", False): 1}

        await stack.start("worker")
        await stack.settled()
        assert fcm.calls == []
        found = await statuses(stack)
        assert found.total() == 7  # five entered, two were seen to stay
        assert set(found) <= {("skipped", reason) for reason in ("late", "expired", "visit_ended")}

        fresh = await server.register("fresh")  # the same worker sends what is true now
        now = utc_now()
        await fresh.ping([make_ping(now - timedelta(seconds=s), *INSIDE) for s in (2, 1)])
        await stack.settled()
        assert [call.target for call in fcm.accepted()] == ["fresh"]


async def statuses(stack: Stack) -> Counter[tuple[str, str | None]]:
    rows = await stack.query("SELECT status, reason FROM message")
    return Counter((status, reason) for status, reason in rows)
