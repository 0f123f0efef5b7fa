"""What a caller hears when the database says no."""

import httpx
import psycopg
import pytest
from fastapi import FastAPI
from sqlalchemy.exc import DBAPIError

from geoengage.kit.http import install_error_handlers


@pytest.mark.parametrize(
    "error, status, code",
    [
        (psycopg.errors.DeadlockDetected("a"), 503, "busy"),
        (psycopg.errors.LockNotAvailable("a"), 503, "busy"),
        (psycopg.OperationalError("the connection is lost"), 500, "internal"),
    ],
)
async def test_locks_taken_crosswise_are_no_bug(error: psycopg.Error, status: int, code: str) -> None:
    app = FastAPI()
    install_error_handlers(app)

    @app.get("/")
    async def fail() -> None:
        raise DBAPIError.instance(None, None, error, psycopg.Error)

    transport = httpx.ASGITransport(app=app, raise_app_exceptions=False)
    async with httpx.AsyncClient(transport=transport, base_url="http://testserver") as client:
        answer = await client.get("/")
    assert (answer.status_code, answer.json()["type"]) == (status, f"/problems/{code}")
    assert ("retry-after" in answer.headers) is (status == 503)
