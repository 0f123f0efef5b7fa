"""The OpenAPI is whole: everything in it is described, and every endpoint lists the problems it can answer with."""

from collections.abc import AsyncIterator, Iterator
from typing import Any

import httpx
import pytest
from fastapi import FastAPI

from geoengage.kit.db import Session
from geoengage.kit.openapi import operations
from tests.api.wall.cases import CASES, TRACKING, For
from tests.factories import make_world

PUBLIC = {case.key for case in CASES if case.who is For.PUBLIC}
# PATCH without If-Match: a device edits only itself; what is said about a person stands beside what others say; of a
# store's part of a master each member is replaced as a whole.
WITHOUT_VERSION = {
    "/v1/devices/me", "/v1/profiles/{profile_id}", "/v1/conversations/{conversation_id}",
    "/v1/canned-answers/{canned_id}", "/v1/masters/{master_id}/stores/{store_id}",
}  # fmt: skip


@pytest.fixture
def document(app: FastAPI) -> dict[str, Any]:
    return app.openapi()


def described(schema: dict[str, Any], document: dict[str, Any]) -> bool:
    """Whether the schema says what it means: itself, by what it refers to, or by each of its alternatives."""
    if schema.get("description"):
        return True
    if "$ref" in schema:
        return described(document["components"]["schemas"][schema["$ref"].rpartition("/")[2]], document)
    parts = [part for part in schema.get("anyOf", []) + schema.get("allOf", []) if part != {"type": "null"}]
    return bool(parts) and all(described(part, document) for part in parts)


def fields(schema: Any, path: str) -> Iterator[tuple[str, dict[str, Any]]]:
    """Every member of every object in a schema, with its place."""
    if isinstance(schema, dict):
        for name, each in schema.get("properties", {}).items():
            yield f"{path}.{name}", each
            yield from fields(each, f"{path}.{name}")
        for key in schema.keys() - {"properties"}:
            yield from fields(schema[key], f"{path}/{key}")
    elif isinstance(schema, list):
        for each in schema:
            yield from fields(each, path)


GEOJSON = ("type", "coordinates")  # RFC 7946 describes these


def test_every_field_is_described(document: dict[str, Any]) -> None:
    bare = [
        place
        for name, schema in document["components"]["schemas"].items()
        for place, field in fields(schema, name)
        if not described(field, document) and not place.endswith(tuple(f"geometry.{word}" for word in GEOJSON))
    ]
    assert bare == []


def test_every_operation_and_parameter_is_described(document: dict[str, Any]) -> None:
    for method, path, operation in operations(document):
        assert operation.get("description"), (method, path)
        for parameter in operation.get("parameters", ()):
            assert parameter.get("description"), (method, path, parameter["name"])
        for status, response in operation["responses"].items():
            assert response.get("description"), (method, path, status)


def test_every_operation_lists_its_problems(document: dict[str, Any]) -> None:
    for method, path, operation in operations(document):
        expected = set() if (method, path) in PUBLIC else {"401", "403"}
        if operation.get("parameters") or "requestBody" in operation:
            expected |= {"422"} if (method, path) not in PUBLIC else set()
        if "requestBody" in operation:
            expected |= {"413", "422"}
        if "{" in path and (method, path) not in PUBLIC:
            expected |= {"404"}
        if method == "PATCH" and path not in WITHOUT_VERSION:
            expected |= {"412", "428"}
        if path in TRACKING:  # its clients know no 422
            expected = {"400", "401", "413", "429", "503"} if path != "/v1/m" else set()
        if path.startswith("/ingest/"):  # its clients delete what is refused: nothing is but a wrong credential
            expected = expected - {"422"} | {"503"}
        assert expected <= set(operation["responses"]), (method, path)


def test_every_problem_has_its_media_type(document: dict[str, Any]) -> None:
    for method, path, operation in operations(document):
        for status, response in operation["responses"].items():
            if status >= "400":
                assert list(response["content"]) == ["application/problem+json"], (method, path, status)
    assert "HTTPValidationError" not in document["components"]["schemas"]


def test_every_reference_leads_somewhere(document: dict[str, Any]) -> None:
    def references(value: Any) -> Iterator[str]:
        if isinstance(value, dict):
            yield from (v for k, v in value.items() if k == "$ref" and isinstance(v, str))
        for each in value.values() if isinstance(value, dict) else value if isinstance(value, list) else ():
            yield from references(each)

    known = {f"#/components/schemas/{name}" for name in document["components"]["schemas"]}
    assert set(references(document)) <= known


def nested(depth: int, leaf: str) -> str:
    return '{"a":' * depth + leaf + "}" * depth


UNREADABLE = {
    "no JSON": b"{",
    "no UTF-8": b'"\xff\xfe"',
    "a number of 5000 digits": b'{"name":' + b"9" * 5000 + b"}",
    "a deep one": nested(5_000, "1").encode(),
    "a deep one with NaN": nested(5_000, "NaN").encode(),
    "a less deep one with NaN": nested(900, "NaN").encode(),
    "a deep one inside": b'{"pings": [{"lon": 1, "x": ' + nested(5_000, "1").encode() + b"}]}",
}


@pytest.mark.parametrize("path", ["/v1/owners", "/v1/zones", "/v1/campaigns", "/v1/sending/stop", "/v1/pings"])
async def test_bodies_that_nobody_can_read(client: httpx.AsyncClient, session: Session, path: str) -> None:
    world = await make_world(session)
    for name, body in UNREADABLE.items():
        answer = await client.post(path, content=body, headers=world.sk_headers | {"Content-Type": "application/json"})
        assert (answer.status_code, answer.json()["type"]) == (422, "/problems/invalid-request"), name
        assert answer.json()["errors"][0]["pointer"].startswith("#"), name


async def test_a_time_before_all_messages(client: httpx.AsyncClient, session: Session) -> None:
    world = await make_world(session)
    for after in ("0001-01-01T00:00:00Z", "9999-12-31T23:59:59Z"):
        for path in ("/v1/messages", "/v1/zone-events"):
            answer = await client.get(path, params={"after": after}, headers=world.sk_headers)
            assert answer.json() == {"items": [], "next": None}, answer.text


@pytest.mark.parametrize("path", ["/v1/owners", "/v1/login", "/v1/pings"])
@pytest.mark.parametrize("declared", [True, False])
async def test_bodies_that_are_too_large(
    client: httpx.AsyncClient, session: Session, path: str, declared: bool
) -> None:
    world = await make_world(session)

    async def chunks() -> AsyncIterator[bytes]:
        for _ in range(60):
            yield b"x" * 100_000

    body = b"x" * 6_000_000 if declared else chunks()
    answer = await client.post(path, content=body, headers=world.sk_headers)
    assert (answer.status_code, answer.json()["type"]) == (413, "/problems/too-large")
    assert answer.headers["content-type"] == "application/problem+json"
