"""The first screen: sentences, buttons, early warnings with their history, live notice; empty; laptop and phone, dark
and light; whose start page it is."""

import asyncio
import os
import subprocess
import sys
from typing import Any

import pytest
import pytest_asyncio
from playwright.async_api import Page, expect
from sqlalchemy.ext.asyncio import create_async_engine

from geoengage.kit.db import make_sessions
from geoengage.lifecycle.jobs import warn_once
from tests.conftest import DRIVER
from tests.early_warning import make_trader, morning
from tests.web.conftest import OpenPage
from tests.web.console import MARKS, Demo, settled, toast
from tests.web.people import PASSWORD
from tests.web.test_look import faults

pytestmark = MARKS
EMAIL = "owner@trader.example"
LOOKS = [
    pytest.param(False, "light", id="laptop"),
    pytest.param(True, "light", id="phone"),
    pytest.param(False, "dark", id="laptop-dark"),
    pytest.param(True, "dark", id="phone-dark"),
]
SHOTS = os.environ.get("GEOENGAGE_SHOTS")


async def shot(page: Page, name: str) -> None:
    """A picture for who looks at the page, where a folder for it is named."""
    if SHOTS:
        await page.screenshot(path=f"{SHOTS}/{name}.png", full_page=True)
