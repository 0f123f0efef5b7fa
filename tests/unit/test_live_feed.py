"""Frames of positions, pseudonyms, and how they reach those who watch."""

import asyncio
import struct
from datetime import UTC, date, datetime, timedelta

import pytest

from geoengage.kit.event_base import Recorded
from geoengage.kit.events import Bell
from geoengage.kit.ids import TenantId, new_id
from geoengage.kit.pseudonym import as_text, pseudonym
from geoengage.live.feed import Feeds, encode_frame, sse
from geoengage.live.store import LivePosition

KEY = "k" * 40
TENANT = TenantId(new_id())
NOW = datetime(2026, 3, 2, 10, 0, 0, 500_000, tzinfo=UTC)


def frame(*positions: LivePosition, is_demo: bool = False, now: datetime = NOW) -> bytes:
    return encode_frame(positions, key=KEY, tenant_id=TENANT, now=now, is_demo=is_demo)


def decode(data: bytes) -> tuple[float, list[tuple[int, ...]]]:
    """What the console does with a frame."""
    magic, count, at = struct.unpack_from("<4sId", data)
    assert magic == b"GEO1"
    assert len(data) == 16 + 20 * count
    return at, [struct.unpack_from("<iiQHBB", data, 16 + 20 * n) for n in range(count)]


def test_a_frame_decodes() -> None:
    device = new_id()
    at, rows = decode(frame(LivePosition(device, 8.5417001, -47.3769, 4.26, -2, is_test=False)))
    assert at == NOW.timestamp()
    assert rows == [(85_417_001, -473_769_000, pseudonym(KEY, TENANT, device, NOW.date()), 43, 126, 0)]
    assert decode(frame()) == (NOW.timestamp(), [])


@pytest.mark.parametrize(
    "accuracy_m, level, is_test, is_demo, tail",
    [
        (1e9, 0, False, False, (65_535, 128, 0)),
        (5, 500, True, False, (50, 255, 1)),
        (5, -500, False, True, (50, 0, 1)),
    ],
)
def test_what_does_not_fit_is_cut(
    accuracy_m: float, level: int, is_test: bool, is_demo: bool, tail: tuple[int, int, int]
) -> None:
    position = LivePosition(new_id(), -180.0, 90.0, accuracy_m, level, is_test)
    _, [row] = decode(frame(position, is_demo=is_demo))
    assert row[:2] == (-1_800_000_000, 900_000_000)
    assert row[3:] == tail


def test_a_pseudonym_lasts_a_day_and_is_nobody_elses() -> None:
    device, day = new_id(), date(2026, 3, 2)
    name = pseudonym(KEY, TENANT, device, day)
    others = {
        pseudonym(KEY, TENANT, device, day + timedelta(days=1)),
        pseudonym(KEY, TENANT, new_id(), day),
        pseudonym(KEY, new_id(), device, day),
        pseudonym("another key", TENANT, device, day),
    }
    assert name == pseudonym(KEY, TENANT, device, day)
    assert name not in others
    assert len(others) == 4
    assert 0 <= name < 2**64
    assert int(as_text(name), 16) == name
    assert len(as_text(1)) == 16
    (_, [today]), (_, [tomorrow]) = (
        decode(frame(LivePosition(device, 8, 47, 5, 0, False), now=NOW + timedelta(days=n))) for n in (0, 1)
    )
    assert today[2] != tomorrow[2]


def test_an_event_is_one_line_of_data() -> None:
    text = sse(7, "zone_event", {"zone_name": "a\nb", "n": None}).decode()
    assert text == 'id: 7\nevent: zone_event\ndata: {"zone_name":"a\\nb","n":null}\n\n'
    assert Recorded(7, "zone.entered", NOW, {}).position == 7


async def test_who_watches_outlives_a_database_that_is_away() -> None:
    asked = 0

    def sessions() -> object:
        nonlocal asked
        asked += 1
        raise OSError("no database")

    feeds = Feeds(sessions, Bell("postgresql+psycopg://unused"), every_s=0.001)  # type: ignore[arg-type]
    async with feeds.open(), feeds.watch(TENANT, new_id(), 0, key=KEY, is_demo=False) as queue:
        while asked < 3:  # noqa: ASYNC110 - it is the loop that is waited for
            await asyncio.sleep(0.001)
        assert queue.empty()


async def test_a_loop_ends_with_its_last_watcher() -> None:
    feeds, mall_id, asked = Feeds(lambda: None, Bell("postgresql+psycopg://unused"), every_s=0.001), new_id(), set()  # type: ignore[arg-type, return-value]
    before = asyncio.all_tasks()
    async with feeds.watch(TENANT, mall_id, 0, key=KEY, is_demo=False):
        async with feeds.watch(TENANT, mall_id, 0, key=KEY, is_demo=False):
            asked = asyncio.all_tasks() - before
            assert len(asked) == 1, "one loop for both"
        await asyncio.sleep(0.005)
        assert not any(task.done() for task in asked)
    await asyncio.gather(*asked, return_exceptions=True)
    assert all(task.cancelled() for task in asked)
