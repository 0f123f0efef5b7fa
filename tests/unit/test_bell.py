"""The bell inside one process: nobody loses a ring to somebody who is quicker."""

import asyncio

import pytest

from geoengage.kit.events import Bell, Ear

LONG_S = 30.0


async def hears(ear: Ear) -> bool:
    """Whether it need not wait."""
    try:
        async with asyncio.timeout(0.05):
            await ear.wait(LONG_S)
    except TimeoutError:
        return False
    return True


@pytest.fixture
def bell() -> Bell:
    return Bell("postgresql+psycopg://unused")


async def test_a_ring_is_kept_for_those_who_are_busy(bell: Bell) -> None:
    idle, busy = bell.ear(), bell.ear()
    waiting = asyncio.create_task(idle.wait(LONG_S))
    await asyncio.sleep(0)
    bell.ring()
    await waiting
    assert await hears(busy)
    assert not await hears(busy), "once"
    assert not await hears(idle)


async def test_whoever_looks_now_need_not_look_for_what_rang_before(bell: Bell) -> None:
    ear = bell.ear()
    bell.ring()
    ear.forget()
    assert not await hears(ear)
    bell.ring_others()
    assert not await hears(ear)


async def test_who_reads_no_ledger_sleeps_on_while_only_ledgers_have_news(bell: Bell) -> None:
    reader, other = bell.ear(), bell.ear(reads_ledger=False)
    bell.ring(only_ledger=True)
    assert await hears(reader)
    assert not await hears(other)
    bell.ring()
    assert await hears(other)
