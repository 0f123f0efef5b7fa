"""Fixtures of the stories: the product's processes on a database of their own, and who calls them."""

import logging
from collections.abc import AsyncIterator, Callable
from pathlib import Path

import pytest

from geoengage.kit.db import Sessions, make_engine, make_sessions
from tests.e2e.stack import Stack
from tests.factories import World, make_world
from tests.providers.fcm_server import FcmServer


@pytest.fixture
def stack(clone: Callable[[], str], fcm: FcmServer, tmp_path: Path, caplog: pytest.LogCaptureFixture) -> Stack:
    """Processes that send to the local FCM server; none is started yet."""
    caplog.set_level(logging.CRITICAL, "aiohttp.server")  # the FCM server's view of resets and kills
    credentials = fcm.write_credentials(tmp_path / "firebase.json")
    return Stack(
        clone(),
        tmp_path,
        {"GEOENGAGE_FCM__CREDENTIALS_FILE": str(credentials), "GEOENGAGE_FCM__BASE_URL": fcm.url},
    )


@pytest.fixture
async def story_sessions(stack: Stack) -> AsyncIterator[Sessions]:
    """Sessions on the story's database, for what happens in process."""
    engine = make_engine(stack.database_url, pool_size=2)
    yield make_sessions(engine)
    await engine.dispose()


@pytest.fixture
async def world(story_sessions: Sessions) -> World:
    """A tenant that holds nobody back: no review, quiet hours or holdout."""
    async with story_sessions() as session:
        return await make_world(session, review="never")
