"""Schemathesis over the whole OpenAPI, against a real server with commits: no 5xx, and every answer as documented.

Each endpoint gets 12 requests that fit its schema and 6 that do not, always the same ones. Ids of real things
stand in for generated ones wherever they fit, and If-Match is current, so that requests reach past look-ups. What
removes things is asked about things of its own, so that the others stay.
"""

import asyncio
import itertools
import logging
import re
import threading
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any
from uuid import UUID

import httpx
import pytest
import requests
import schemathesis
import structlog
import uvicorn
from hypothesis import HealthCheck, Phase, given, settings
from schemathesis import GenerationMode
from schemathesis.specs.openapi.checks import (
    content_type_conformance,
    response_headers_conformance,
    response_schema_conformance,
    status_code_conformance,
)
from sqlalchemy.ext.asyncio import create_async_engine
from sqlalchemy.pool import NullPool

from geoengage.app import create_app
from geoengage.kit.db import make_sessions
from geoengage.kit.settings import FcmSettings, Settings
from tests.api.wall.cases import CASES, Case, For, square
from tests.api.wall.world import LAT, LON, Side, bearer, cookie, make_side
from tests.conftest import DRIVER, KEY, NOWHERE, plain_logging

CHECKS = [
    schemathesis.checks.not_a_server_error,
    status_code_conformance,
    content_type_conformance,
    response_headers_conformance,
    response_schema_conformance,
]
TAKES_ANYTHING = {"/v1/m"}  # numbers of clients about themselves, which nobody reads
ENDS = {("POST", "/v1/logout"), ("POST", "/v1/operators/{operator_id}/disable")}
FITTING = {
    "geometry": square({})["geometry"],
    "origin": [LON, LAT],
    "point": [LON, LAT],
    "timezone": "Europe/Zurich",
    "metadata": {},
}
EVERY_OTHER = itertools.cycle([True, False])
KEYS = (f"number-{n:012}" for n in itertools.count())
_ID = re.compile(r"[0-9a-fA-F]{8}(-?[0-9a-fA-F]{4}){3}-?[0-9a-fA-F]{12}")


@dataclass
class Server:
    """The application on a port of its own, and two tenants: one to ask about, one whose things may go."""

    url: str
    schema: Any
    session: requests.Session
    lasting: Side
    passing: Side


@pytest.fixture(scope="module")
def server(clone: Callable[[], str], tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    """uvicorn in a thread on a database of its own, without its thousands of log lines."""
    structlog.configure(wrapper_class=structlog.make_filtering_bound_logger(logging.CRITICAL))
    url = clone()
    fcm = FcmSettings(base_url=NOWHERE, token_uri=f"{NOWHERE}/token")
    app = create_app(Settings(data_dir=tmp_path_factory.mktemp("api"), secret_key=KEY, fcm=fcm), url)
    running = uvicorn.Server(uvicorn.Config(app, port=0, log_level="critical"))
    thread = threading.Thread(target=running.run)
    thread.start()
    while not running.started and thread.is_alive():
        time.sleep(0.02)
    base = f"http://127.0.0.1:{running.servers[0].sockets[0].getsockname()[1]}"

    async def arrange() -> tuple[Side, Side]:
        engine = create_async_engine(url, poolclass=NullPool, connect_args=DRIVER)
        async with make_sessions(engine)() as session, httpx.AsyncClient(base_url=base) as client:
            sides = await make_side(client, session, "lasting"), await make_side(client, session, "passing")
        await engine.dispose()
        return sides

    with requests.Session() as session:
        yield Server(base, schemathesis.openapi.from_dict(app.openapi()), session, *asyncio.run(arrange()))
    running.should_exit = True
    thread.join(10)
    plain_logging()


def credential(side: Side, who: For, url: str) -> dict[str, str]:
    """The headers of somebody who may call such an endpoint."""
    if who is For.CONSOLE:
        return cookie(side.cookies["owner"], Origin=url)
    return bearer({For.DEVICE: side.phone.token, For.APP: side.world.pk}.get(who, side.world.sk))


def with_real_things(value: Any, side: Side, *, fitting: bool = False, name: str = "") -> Any:
    """The value with each generated id replaced by that of a real thing of the kind that its name says.

    `fitting`: members that a schema cannot say in full (a ring that closes, a known time zone) are replaced too.
    """
    if fitting and name in FITTING:
        return FITTING[name]
    if isinstance(value, dict):
        return {key: with_real_things(each, side, fitting=fitting, name=key) for key, each in value.items()}
    if isinstance(value, list):
        return [with_real_things(each, side, fitting=fitting, name=name) for each in value]
    kind = name.removesuffix("s").removesuffix("_id")
    is_id = isinstance(value, UUID) or (isinstance(value, str) and _ID.fullmatch(value))
    return side[kind] if is_id and kind in side.ids else value


def ask(case: schemathesis.Case, server: Server, endpoint: Case) -> None:
    """Send one generated request, made to reach something, and check the answer."""
    side = server.passing if endpoint.method == "DELETE" or endpoint.key in ENDS else server.lasting
    case.path_parameters = with_real_things(case.path_parameters, side)
    case.query = with_real_things(case.query, side)
    case.body = with_real_things(case.body, side, fitting=next(EVERY_OTHER))
    headers = credential(side, endpoint.who, server.url)
    if "Idempotency-Key" in (case.headers or {}):
        headers["Idempotency-Key"] = next(KEYS)  # one that came before is refused, whatever else the request says
    if endpoint.path == "/v1/live":
        case.query = dict(case.query or {}) | {"once": "true"}  # else it goes on for ever
    if endpoint.method == "PATCH" and endpoint.path != "/v1/devices/me":
        current = server.session.get(server.url + case.formatted_path, headers=headers)
        headers["If-Match"] = current.headers.get("etag", "none")
    response = case.call(base_url=server.url, session=server.session, headers=headers, timeout=20)
    case.validate_response(response, checks=CHECKS)


@pytest.mark.parametrize("endpoint", CASES, ids=lambda case: " ".join(case.key))
def test_every_answer_is_as_documented(server: Server, endpoint: Case) -> None:
    operation = server.schema[endpoint.path][endpoint.method]
    may_be_wrong = endpoint.body or list(operation.query) or (endpoint.names_ids and endpoint.who is not For.PUBLIC)
    may_be_wrong = may_be_wrong and endpoint.path not in TAKES_ANYTHING
    examples = {GenerationMode.POSITIVE: 12} | ({GenerationMode.NEGATIVE: 6} if may_be_wrong else {})
    for mode, count in examples.items():

        @settings(
            max_examples=count,
            derandomize=True,
            database=None,
            deadline=None,
            phases=[Phase.generate],
            suppress_health_check=list(HealthCheck),
        )
        @given(case=operation.as_strategy(mode))
        def check(case: schemathesis.Case) -> None:
            ask(case, server, endpoint)

        check()
