"""The bell between processes: what has changed travels with it."""

import asyncio

from sqlalchemy.ext.asyncio import AsyncEngine

from geoengage.kit.events import Bell, Ear

AGAIN_S = 0.05


async def heard(ear: Ear, bell: Bell, *, only_ledger: bool) -> None:
    """Ring until that ear hears: the other side may not listen yet."""
    waiting = asyncio.create_task(ear.wait(60.0))
    while not waiting.done():
        bell.ring_others(only_ledger=only_ledger)
        await asyncio.wait([waiting], timeout=AGAIN_S)


async def test_another_process_hears_what_has_news(committed: AsyncEngine) -> None:
    url = committed.url.render_as_string(hide_password=False)
    async with Bell(url).open() as here, Bell(url).open() as there:
        reader, other = there.ear(), there.ear(reads_ledger=False)
        async with asyncio.timeout(60):
            sleeping = asyncio.create_task(other.wait(60.0))
            await heard(reader, here, only_ledger=True)
            assert not sleeping.done()
            while not sleeping.done():
                here.ring_others(only_ledger=True)  # what rings together with it does not hide it
                here.ring_others()
                await asyncio.wait([sleeping], timeout=AGAIN_S)
