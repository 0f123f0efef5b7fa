"""The console's pages as the server hands them out: who is not logged in is led to the login page and back."""

from pathlib import Path

import httpx
import pytest
from fastapi import FastAPI

from geoengage.app import create_app
from geoengage.kit.settings import Settings


@pytest.fixture
def app(settings: Settings, app: FastAPI, tmp_path: Path) -> FastAPI:
    """The application with a console of one file."""
    (tmp_path / "index.html").write_text("<title>console</title>")
    built = create_app(settings.model_copy(update={"web_dir": tmp_path}), "postgresql+psycopg://unused")
    built.state.sessions = app.state.sessions
    return built


async def test_who_is_not_logged_in_goes_to_the_login_page(client: httpx.AsyncClient) -> None:
    assert (await client.get("/")).headers["location"] == "/login"
    answer = await client.get("/explain?pseudonym=ab&at=2026-01-01T00:00:00Z")
    assert answer.status_code == 303
    assert answer.headers["location"] == "/login?next=%2Fexplain%3Fpseudonym%3Dab%26at%3D2026-01-01T00%3A00%3A00Z"


async def test_the_login_page_is_for_everybody(client: httpx.AsyncClient) -> None:
    answer = await client.get("/login")
    assert answer.status_code == 200
    assert "console" in answer.text
    assert "script-src 'self'" in answer.headers["content-security-policy"]


async def test_a_console_that_is_not_built_says_how(client: httpx.AsyncClient, tmp_path: Path) -> None:
    (tmp_path / "index.html").unlink()
    answer = await client.get("/login")
    assert (answer.status_code, answer.text) == (503, "The console is not built. Run: make web\n")
