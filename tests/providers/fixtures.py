"""Fixtures that run the local providers beside a test; `tests/conftest.py` loads them as a plugin."""

from collections.abc import AsyncIterator

import pytest

from tests.providers.fcm_server import FcmServer
from tests.providers.meta_server import MetaServer
from tests.providers.smtp_server import SmtpServer
from tests.providers.text_servers import TextServer
from tests.providers.webpush_server import WebPushServer


@pytest.fixture
async def fcm() -> AsyncIterator[FcmServer]:
    """Firebase Cloud Messaging on a free port of this machine; answers 200 until told otherwise."""
    async with FcmServer().running() as server:
        yield server


@pytest.fixture
async def push_service() -> AsyncIterator[WebPushServer]:
    """A web push service on a free port of this machine, with browsers that subscribe to it."""
    async with WebPushServer().running() as server:
        yield server


@pytest.fixture
async def smtp() -> AsyncIterator[SmtpServer]:
    """A mail server on a free port of this machine that takes every e-mail until told otherwise."""
    async with SmtpServer().running() as server:
        yield server


@pytest.fixture
async def meta() -> AsyncIterator[MetaServer]:
    """WhatsApp's Cloud API on a free port of this machine; it takes every message until told otherwise."""
    async with MetaServer().running() as server:
        yield server


@pytest.fixture
async def texts() -> AsyncIterator[TextServer]:
    """Twilio and Infobip on a free port of this machine; they take every message until told otherwise."""
    async with TextServer().running() as server:
        yield server
