"""Scenarios on a server that lives by the wall clock: those that need no clock hold there, and leave nothing behind."""

import asyncio
from pathlib import Path

import aiohttp
import pytest

from geoengage.kit.db import Sessions
from geoengage.scenarios.checks import read_file
from geoengage.scenarios.client import Client
from geoengage.scenarios.runner import Result, run_without_clock
from tests.conftest import ROOT
from tests.e2e.stack import Stack
from tests.factories import World
from tests.places import rows

FOLDER = ROOT / "scenarios"
RUN = ("gaps/goes_silent_inside.yaml", "jumps/gulf_of_guinea.yaml", "lifts/rides_past_two_floors.yaml")
SKIPPED = {
    "edits/deleted_around_somebody.yaml": "step 2 (delete) depends on when it happens",
    "clock_skew/five_minutes_behind.yaml": "a phone's clock is compared with the server's",
    "schedules/closes_at_eight.yaml": "a zone has a schedule",
    "gaps/mark_between_two_fixes.yaml": "it matters when an event is found out",
}


@pytest.mark.slow
async def test_without_a_clock(stack: Stack, story_sessions: Sessions, world: World) -> None:
    client = Client(stack.url, world.sk)

    def play(name: str) -> Result:
        return run_without_clock(read_file(FOLDER / name), client)

    try:
        async with aiohttp.ClientSession() as http:
            await stack.start("serve", "worker")
            await stack.ready(http)
        for name in RUN:
            result = await asyncio.to_thread(play, name)
            assert result.comparison is not None, result.skipped
            assert result.comparison.holds, result.comparison
        for name, reason in SKIPPED.items():
            assert (await asyncio.to_thread(play, name)).skipped == reason
        other = await asyncio.to_thread(_other_policy, client, FOLDER / "jumps/made_up_position.yaml")
        assert other.skipped == "it needs the tenant's reject_mocked to be True, there it is False"
    finally:
        client.close()
        await stack.stop()
    async with story_sessions() as session:
        left = [
            await rows(session, "SELECT FROM zone WHERE deleted_at IS NULL"),
            await rows(session, "SELECT FROM mall"),
            await rows(session, "SELECT FROM ping"),
            await rows(
                session, "SELECT FROM credential WHERE kind = 'pk' AND name = 'scenario' AND revoked_at IS NULL"
            ),
        ]
    assert left == [[], [], [], []]


def _other_policy(client: Client, path: Path) -> Result:
    client.edit("/v1/tenant", {"reject_mocked": False})
    return run_without_clock(read_file(path), client)
