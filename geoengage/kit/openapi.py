"""The last touches to the OpenAPI that FastAPI makes, so that it says what the server does. Pure: a dict in and out.

Problems get their true media type, bodies the limit that the middleware sets, ids in paths a description, and FastAPI's
own validation error, which never leaves this server, goes.
"""

import re
from collections.abc import Iterator
from typing import Any

PROBLEM = {"application/problem+json": {"schema": {"$ref": "#/components/schemas/Problem"}}}
TOO_LARGE = {"description": "The body is larger than we read.", "content": PROBLEM}
_PROBLEM_REF = PROBLEM["application/problem+json"]["schema"]
_UNUSED = ("HTTPValidationError", "ValidationError")


def operations(document: dict[str, Any]) -> Iterator[tuple[str, str, dict[str, Any]]]:
    """(method, path, operation) of every endpoint."""
    for path, item in document["paths"].items():
        for method, operation in item.items():
            yield method.upper(), path, operation


def complete(document: dict[str, Any]) -> dict[str, Any]:
    """The document, changed in place: see the module's text."""
    for _, _, operation in operations(document):
        for parameter in operation.get("parameters", ()):
            if parameter["in"] == "path" and "description" not in parameter:
                parameter["description"] = _describe(parameter["name"])
        responses = operation["responses"]
        for status in list(responses):
            _correct(responses, status)
        if "requestBody" in operation:
            responses.setdefault("413", TOO_LARGE)
        operation["responses"] = dict(sorted(responses.items()))
    for name in _UNUSED:
        document["components"]["schemas"].pop(name, None)
    document["paths"] = dict(sorted(document["paths"].items()))
    return document


def _describe(name: str) -> str:
    """`store_id` → Id of the store."""
    thing = re.sub("_id$", "", name)
    return f"The {thing}." if thing == name else f"Id of the {thing}."


def _correct(responses: dict[str, Any], status: str) -> None:
    schemas = [media.get("schema") for media in responses[status].get("content", {}).values()]
    if any(schema and schema.get("$ref", "").endswith(_UNUSED) for schema in schemas):
        del responses[status]
    elif _PROBLEM_REF in schemas:
        responses[status]["content"] = PROBLEM
