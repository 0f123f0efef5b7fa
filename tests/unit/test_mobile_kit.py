"""The mobile kit (clients/): it parses, and what it says over HTTP is held against the OpenAPI.

Kotlin is compiled besides (tests/e2e/test_mobile_kit_compiles.py); of Swift no compiler is to be had here, so a parse
without a flaw and its calls are all that is checked.
"""

import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import tree_sitter
import tree_sitter_kotlin
import tree_sitter_swift

from geoengage.app import create_app
from geoengage.kit.settings import Settings
from tests.conftest import KEY, ROOT

CLIENTS = ROOT / "clients"
KOTLIN, SWIFT = sorted((CLIENTS / "android").glob("*.kt")), sorted((CLIENTS / "ios").glob("*.swift"))
PARSERS = {
    ".kt": tree_sitter.Parser(tree_sitter.Language(tree_sitter_kotlin.language())),
    ".swift": tree_sitter.Parser(tree_sitter.Language(tree_sitter_swift.language())),
}
# A call is `add | tell | call(method, path …)`; a body is `json("name" to …)` in Kotlin, `["name": …]` in Swift.
CALL = re.compile(r'\b(?:add|tell|call)\(\s*"([A-Z]+)",\s*(?:"([^"]+)"|((?:Outbox\.)?(?:PINGS|pings)))')
MEMBER = {".kt": re.compile(r'"([a-z_]+)" to\b'), ".swift": re.compile(r'"([a-z_]+)":')}
OWN = {  # names that the kit keeps in its own files, beside those of the API
    *("server", "key", "push", "idempotency", "registration", "flushed_at", "watched", "method", "path", "body"),
    *("send_after", "send_within_s", "geofence_refresh_m", "token"),
}
USED = {
    ("POST", "/v1/devices"),
    ("PATCH", "/v1/devices/me"),
    ("PUT", "/v1/devices/me/consents"),
    ("PUT", "/v1/devices/me/link"),
    ("DELETE", "/v1/devices/me/link"),
    ("GET", "/v1/config"),
    ("POST", "/v1/pings"),
    ("GET", "/v1/geofences/nearby"),
    ("POST", "/v1/receipts"),
    ("GET", "/v1/inbox"),
    ("GET", "/v1/me"),
    ("DELETE", "/v1/me"),
}


@pytest.fixture(scope="module")
def openapi() -> dict[str, Any]:
    return create_app(Settings(secret_key=KEY), "postgresql+psycopg://nowhere").openapi()


def source(files: list[Path]) -> str:
    """Without comments, which may speak of anything."""
    return re.sub(r"(?m)(^|\s)//.*$|/\*\*.*?\*/", "", "\n".join(f.read_text() for f in files))


BOTH = [pytest.param(KOTLIN, id="kotlin"), pytest.param(SWIFT, id="swift")]


@pytest.mark.parametrize("path", [*KOTLIN, *SWIFT], ids=lambda path: path.name)
def test_every_file_is_short_and_parses(path: Path) -> None:
    text = path.read_bytes()
    assert text.count(b"\n") <= 150
    assert max(map(len, text.decode().splitlines())) <= 120

    def flaws(node: tree_sitter.Node) -> Iterator[tuple[int, str]]:
        if node.type == "ERROR" or node.is_missing:
            yield node.start_point[0] + 1, node.text.decode()[:80] if node.text else ""
        for child in node.children:
            yield from flaws(child)

    assert list(flaws(PARSERS[path.suffix].parse(text).root_node)) == []


@pytest.mark.parametrize("files", BOTH)
def test_every_call_is_in_the_openapi_and_none_is_missing(files: list[Path], openapi: dict[str, Any]) -> None:
    found = {
        (m, "/v1/pings" if constant else path.partition("?")[0]) for m, path, constant in CALL.findall(source(files))
    }
    unknown = [(m, p) for m, p in found if m.lower() not in openapi["paths"].get(p, {})]
    assert unknown == []
    assert found == USED


def members(schema: dict[str, Any], openapi: dict[str, Any]) -> Iterator[str]:
    """Every name in a schema, however deep."""
    if "$ref" in schema:
        yield from members(openapi["components"]["schemas"][schema["$ref"].rpartition("/")[2]], openapi)
    for name, each in schema.get("properties", {}).items():
        yield name
        yield from members(each, openapi)
    for part in (*schema.get("anyOf", ()), *schema.get("allOf", ()), *([schema["items"]] if "items" in schema else ())):
        yield from members(part, openapi)


def named(openapi: dict[str, Any], *, answers: bool) -> set[str]:
    """The members of all bodies that the kit sends, or of all answers that it gets."""
    found: set[str] = set()
    for method, path in USED:
        operation = openapi["paths"][path][method.lower()]
        parts = (
            [r for s, r in operation["responses"].items() if s < "300"]
            if answers
            else [operation.get("requestBody", {})]
        )
        for part in parts:
            for media in part.get("content", {}).values():
                found |= set(members(media.get("schema", {}), openapi))
    return found


@pytest.mark.parametrize("files", BOTH)
def test_every_member_sent_is_one_that_the_api_takes(files: list[Path], openapi: dict[str, Any]) -> None:
    sent = set(MEMBER[files[0].suffix].findall(source(files))) - OWN
    assert sent - named(openapi, answers=False) == set()
    required = {"platform", "text_version", "source", "at", "message_id", "kind", "user_token", "sent_at", "pings"}
    assert required <= sent | OWN


READ = {
    ".kt": re.compile(r'\b(?:config|near|body|it)\.(?:get|opt)\w+\("([a-z_]+)"'),
    ".swift": re.compile(r'\b(?:config|near|body|circle)\["([a-z_]+)"\]'),
}


@pytest.mark.parametrize("files", BOTH)
def test_every_member_read_is_one_that_the_api_gives(files: list[Path], openapi: dict[str, Any]) -> None:
    read = set(READ[files[0].suffix].findall(source(files))) - {"path", "body"}
    assert len(read) > 8
    assert read - named(openapi, answers=True) == set()


@pytest.mark.parametrize("word", ["granted", "denied", "always", "while_in_use", "enter", "exit", "fcm", "fcm_token"])
@pytest.mark.parametrize("files", BOTH)
def test_words_of_the_api_are_spelled_as_there(files: list[Path], word: str, openapi: dict[str, Any]) -> None:
    assert f'"{word}"' in source(files)
    assert f"'{word}'" in str(openapi["components"]["schemas"])
