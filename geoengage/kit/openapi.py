"""The last touches to the OpenAPI that FastAPI makes, so that it says what the server does. Pure: a dict in and out.

Problems get their true media type, bodies the limit that the middleware sets, ids in paths a description, and FastAPI's
own validation error, which never leaves this server, goes.
"""

import json
import re
from collections.abc import Iterator
from typing import Any

PROBLEM = {"application/problem+json": {"schema": {"$ref": "#/components/schemas/Problem"}}}
TOO_LARGE = {"description": "The body is larger than we read.", "content": PROBLEM}
_PROBLEM_REF = PROBLEM["application/problem+json"]["schema"]
_REF = "#/components/schemas/"
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
    schemas = document["components"]["schemas"]
    for name in _UNUSED:
        schemas.pop(name, None)
    _name_for_generators(document)
    document["paths"] = dict(sorted(document["paths"].items()))
    return document


def _name_for_generators(document: dict[str, Any]) -> None:
    """Schemas of the same name in two modules become `DomainName`; what is the same in and out has one name; a default
    that is an object is told in words; what may be null is described outside of its alternatives.

    Generated clients make one class of a schema, named by its title, cannot make an object out of a default, and show
    the description of the member itself.
    """
    schemas = document["components"]["schemas"]
    names = {n: n.split("__")[1].title() + n.rpartition("__")[2] for n in schemas if "__" in n}
    for old, new in names.items():
        schemas[new] = schemas.pop(old) | {"title": new}
    for name in _same_in_and_out(schemas):
        schemas[name] = schemas.pop(f"{name}-Input")
        del schemas[f"{name}-Output"]
        names |= {f"{name}-Input": name, f"{name}-Output": name}
    _walk(document, names)


def _same_in_and_out(schemas: dict[str, Any]) -> list[str]:
    """Shapes that hold themselves: FastAPI calls them `-Input` and `-Output`, for they differ by that name within."""
    names = [name.removesuffix("-Input") for name in schemas if name.endswith("-Input")]
    texts = {name: json.dumps(schemas[f"{name}-Input"]).replace(f"{name}-Input", f"{name}-Output") for name in names}
    return [name for name in names if texts[name] == json.dumps(schemas.get(f"{name}-Output"))]


def _walk(value: Any, names: dict[str, str]) -> None:
    if isinstance(value, dict):
        if isinstance(value.get("default"), dict) and not isinstance(value["default"].get("type"), str | dict):
            value["description"] = (
                f"{value.get('description', '')} Default: {json.dumps(value.pop('default'))}.".strip()
            )
        if value.get("default", "") is None:
            del value["default"]  # says no more than that the member may be left out
        told = [part["description"] for part in value.get("anyOf", ()) if "description" in part]
        if len(told) == 1:
            value.setdefault("description", told[0])
        for key, each in value.items():
            if isinstance(each, str) and each.startswith(_REF):  # of a reference, or a discriminator's mapping
                value[key] = _REF + names.get(each.removeprefix(_REF), each.removeprefix(_REF))
            if key == "properties" and isinstance(each, dict):
                _walk(list(each.values()), names)  # a member may be called `default`
            else:
                _walk(each, names)
    elif isinstance(value, list):
        for each in value:
            _walk(each, names)


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
