"""The background of the console's map: a setting, told to the console, allowed to browsers and nothing more."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import httpx
import pytest
from pydantic import ValidationError
from typer.testing import CliRunner

from geoengage.app import create_app
from geoengage.cli import app as commands
from geoengage.kit.db import Session, Sessions
from geoengage.kit.settings import Settings
from tests.api.test_tenancy_login import log_in, make_operator
from tests.conftest import KEY
from tests.factories import make_world

TILES = "https://Tiles.example.com:8443/osm/{z}/{x}/{y}.png?key=k"
PLAIN = (
    "default-src 'self'; script-src 'self'; style-src 'self' 'unsafe-inline'; img-src 'self' data: blob:;"
    " worker-src 'self'; connect-src 'self'; object-src 'none'; base-uri 'none'; frame-ancestors 'none'"
)


@asynccontextmanager
async def server(url: str, **settings: Any) -> AsyncIterator[tuple[httpx.AsyncClient, Any]]:
    app = create_app(Settings(secret_key=KEY, **settings), url)
    transport = httpx.ASGITransport(app=app, raise_app_exceptions=False)
    async with httpx.AsyncClient(transport=transport, base_url="http://testserver") as client:
        yield client, app


@pytest.mark.parametrize("tiles", [None, TILES])
async def test_browsers_may_show_its_pictures_and_nothing_else_of_it(worker_url: str, tiles: str | None) -> None:
    async with server(worker_url, tiles_url=tiles) as (client, _):
        plain = [await client.get(path) for path in ("/problems/not-found", "/healthz", "/v1/zones", "/none")]
    for answer in plain:
        policy = answer.headers["content-security-policy"]
        allowed = PLAIN if tiles is None else PLAIN.replace(" blob:;", " blob: https://tiles.example.com:8443;")
        assert policy == allowed
        assert answer.headers["referrer-policy"] == "same-origin"
        assert answer.headers["x-content-type-options"] == "nosniff"
        assert answer.headers["cross-origin-opener-policy"] == "same-origin"


async def test_the_console_hears_of_it(worker_url: str, session: Session, sessions: Sessions, tmp_path: Path) -> None:
    await make_operator(session, await make_world(session))
    attribution = "© OpenStreetMap contributors"
    for settings, expected in (
        ({}, {"tiles_url": None, "tiles_attribution": None}),
        ({"tiles_url": "", "tiles_attribution": ""}, {"tiles_url": None, "tiles_attribution": None}),
        (
            {"tiles_url": TILES, "tiles_attribution": attribution},
            {"tiles_url": TILES, "tiles_attribution": attribution},
        ),
    ):
        async with server(worker_url, data_dir=tmp_path, **settings) as (client, app):
            app.state.sessions = sessions
            assert (await log_in(client)).json()["map"] == expected
            assert (await client.get("/v1/session")).json()["map"] == expected


@pytest.mark.parametrize(
    "template",
    [
        TILES,
        "http://localhost:8080/{z}/{x}/{y}.png",
        "http://[::1]:8080/{z}/{x}/{y}{r}.png",
        "https://tiles.example.com/tile?x={x}&y={y}&z={z}",
    ],
)
def test_addresses_that_are_taken(template: str) -> None:
    assert Settings(tiles_url=template).tiles_url == template


@pytest.mark.parametrize(
    "template, words",
    [
        ("https://{s}.tiles.example.com/{z}/{x}/{y}.png", "name one host"),
        ("https://tiles.example.com/{z}/{x}.png", "{y} is missing"),
        ("https://tiles.example.com/", "{z}, {x}, {y} is missing"),
        ("https://tiles.example.com/{z}/{x}/{y}/{token}.png", "{token} is not known"),
        ("https://tiles.example.com/{z}/{x}/{y}/{.png", "is not known"),
        ("ftp://tiles.example.com/{z}/{x}/{y}.png", "https://"),
        ("javascript:alert(1)//{z}{x}{y}", "https://"),
        ("/tiles/{z}/{x}/{y}.png", "https://"),
        ("https:///{z}/{x}/{y}.png", "no plain host name"),
        ("https://user:secret@tiles.example.com/{z}/{x}/{y}.png", "passwords"),
        ("https://*/{z}/{x}/{y}.png", "no plain host name"),
        ("https://a.example; script-src */{z}/{x}/{y}.png", "no plain host name"),
        ("https://a.example,b.example/{z}/{x}/{y}.png", "no plain host name"),
        ("https://a.example\t'unsafe-inline'/{z}/{x}/{y}.png", "no plain host name"),
    ],
)
def test_addresses_that_are_refused(template: str, words: str) -> None:
    with pytest.raises(ValidationError, match="tiles_url") as caught:
        Settings(tiles_url=template)
    assert words in str(caught.value)


def test_the_server_does_not_start_with_a_wrong_one(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("GEOENGAGE_TILES_URL", "https://{s}.tiles.example.com/{z}/{x}/{y}.png")
    monkeypatch.setenv("GEOENGAGE_DATA_DIR", str(tmp_path))
    result = CliRunner().invoke(commands, ["serve"])
    assert result.exit_code == 1
    assert result.output.startswith("GEOENGAGE_TILES_URL: ")
    assert "name one host" in result.output


CDN = "https://CDN.example.com, https://images.example.com:8443"


async def test_product_pictures_come_from_named_origins(
    worker_url: str, session: Session, sessions: Sessions, tmp_path: Path
) -> None:
    await make_operator(session, await make_world(session))
    async with server(worker_url, data_dir=tmp_path, tiles_url=TILES, pictures_from=CDN) as (client, app):
        app.state.sessions = sessions
        policy = (await client.get("/healthz")).headers["content-security-policy"]
        origins = ["https://cdn.example.com", "https://images.example.com:8443"]
        assert f" blob: https://tiles.example.com:8443 {' '.join(origins)};" in policy
        assert (await log_in(client)).json()["pictures_from"] == origins


@pytest.mark.parametrize(
    "origins", ["http://cdn.example.com", "https://*", "https://a.example/b", "https://a.example; script-src *", "cdn"]
)
def test_origins_that_are_refused(origins: str) -> None:
    with pytest.raises(ValidationError, match="is no origin"):
        Settings(pictures_from=origins)
