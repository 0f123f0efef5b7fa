"""The OpenAPI of Segment's tracking API. The format is Segment's; here stands what we read of it."""

from typing import Any

from geoengage.ingest.api.segment import BATCH, METRICS, SETTINGS, SINGLE
from geoengage.ingest.rules.segment import MAX_BATCH_BYTES, MAX_EVENT_BYTES, MAX_EVENTS, EventKind
from geoengage.kit.openapi import PROBLEM

Json = dict[str, Any]
_TEXT: Json = {"type": "string"}
_ID: Json = {"type": ["string", "null"]}
_OBJECT: Json = {"type": ["object", "null"]}
_PROBLEMS = {
    "400": "No JSON, or too large: never send it again.",
    "401": "The write key does not exist or was revoked.",
    "429": "Too many requests of this key: send it again after Retry-After.",
    "503": "Not stored, for a reason of ours: send it again after Retry-After.",
}
_DONE = {"type": "object", "properties": {"success": {"type": "boolean", "description": "Always true."}}}
_MESSAGE: dict[str, tuple[Json, str]] = {
    "userId": (_ID, "The person's id in your systems. This or `anonymousId` is required."),
    "anonymousId": (_ID, "The visitor's id on this site or app."),
    "messageId": (_ID, "Names the event; the same one within seven days is stored once. At most 100 characters."),
    "timestamp": (_TEXT, "When it happened, ISO 8601 by the sender's clock; also `originalTimestamp`."),
    "sentAt": (_TEXT, "The sender's clock when it sent this; corrects `timestamp`."),
    "context": (_OBJECT, "Kept: app, campaign, library, locale, os, page, timezone, userAgent, device model."),
    "writeKey": (_ID, "The write key, where neither header nor batch have one."),
}
_OF_KIND: dict[EventKind, dict[str, tuple[Json, str]]] = {
    EventKind.IDENTIFY: {"traits": (_OBJECT, "What is known of the person.")},
    EventKind.TRACK: {"event": (_TEXT, "What the person did."), "properties": (_OBJECT, "What is said of it.")},
    EventKind.PAGE: {"name": (_ID, "The page's name."), "properties": (_OBJECT, "What is said of it.")},
    EventKind.SCREEN: {"name": (_ID, "The screen's name."), "properties": (_OBJECT, "What is said of it.")},
    EventKind.GROUP: {"groupId": (_TEXT, "The group."), "traits": (_OBJECT, "What is known of the group.")},
    EventKind.ALIAS: {"previousId": (_TEXT, "The anonymous id that the person had before.")},
}
_NEEDED = {EventKind.TRACK: ["event"], EventKind.GROUP: ["groupId"], EventKind.ALIAS: ["previousId", "userId"]}


def openapi_paths() -> Json:
    """The path items of all routes."""
    paths: Json = {}
    for kind, names in SINGLE.items():
        for name in names:
            paths[name] = {"post": _single(kind, name)}
    for name in BATCH:
        paths[name] = {"post": _many(name)}
    paths[METRICS] = {"post": _metrics()}
    paths[SETTINGS] = {"get": _settings()}
    return paths


def _members(described: dict[str, tuple[Json, str]], needed: list[str]) -> Json:
    properties = {name: schema | {"description": about} for name, (schema, about) in described.items()}
    return {"type": "object", "properties": properties, "required": needed}


def _operation(name: str, summary: str, about: str, answer: Json, problems: dict[str, str]) -> Json:
    return {
        "tags": ["events"],
        "summary": summary,
        "operationId": name,
        "description": about,
        "responses": {
            "200": {"description": "Done.", "content": {"application/json": {"schema": answer}}},
            **{status: {"description": why, "content": PROBLEM} for status, why in problems.items()},
        },
    }


def _posted(operation: Json, body: Json) -> Json:
    content = {"application/json": {"schema": body}}  # taken as text/plain too; generators know no such thing
    return operation | {
        "requestBody": {"required": True, "content": content},
        "security": [{"WriteKey": []}, {}],
    }


def _single(kind: EventKind, path: str) -> Json:
    about = (
        f"One {kind} call of Segment's tracking API, at most {MAX_EVENT_BYTES:,} bytes; gzip and any content type are"
        " read. Answered when it is stored, also when it was refused: see /v1/event-rejections and docs/events.md."
    )
    name = path.rpartition("/")[2]
    operation = _operation(f"post_{name}", f"Post {name.title()}", about, _DONE, _PROBLEMS)
    return _posted(operation, _members(_MESSAGE | _OF_KIND[kind], _NEEDED.get(kind, [])))


def _many(path: str) -> Json:
    about = (
        f"Up to {MAX_EVENTS:,} calls of Segment's tracking API, at most {MAX_BATCH_BYTES:,} bytes; gzip and any content"
        " type are read. An event that is wrong loses no other: it is refused and listed at /v1/event-rejections."
    )
    name = path.rpartition("/")[2]
    kinds = {"type": ({"type": "string", "enum": list(EventKind)}, "Which call it is.")}
    message = _members(_MESSAGE | kinds, ["type"])
    body = _members(
        {
            "batch": ({"type": "array", "items": message | {"description": "One call."}}, "The calls."),
            "sentAt": _MESSAGE["sentAt"],
            "writeKey": _MESSAGE["writeKey"],
            "context": (_OBJECT, "Lies under the context of each call."),
        },
        ["batch"],
    )
    return _posted(_operation(f"post_{name}", f"Post {name.title()}", about, _DONE, _PROBLEMS), body)


def _metrics() -> Json:
    about = "What clients count about themselves: answered and ignored."
    return _operation("post_m", "Post M", about, _DONE, {})


def _settings() -> Json:
    about = "What clients of pages and phones load first: where to send events. For write keys of browsers only."
    members = {
        "integrations": ({"type": "object"}, "`Segment.io` with `apiKey`, `apiHost` and `protocol`."),
        "plan": ({"type": "object"}, "Always empty."),
        "edgeFunction": ({"type": "object"}, "Always empty."),
    }
    operation = _operation(
        "get_project_settings",
        "Get Project Settings",
        about,
        _members(members, list(members)),
        {"403": "This write key belongs to a server.", "404": "There is no such write key."},
    )
    key = {"name": "write_key", "in": "path", "required": True, "schema": _TEXT, "description": "The write key."}
    return operation | {"parameters": [key]}
