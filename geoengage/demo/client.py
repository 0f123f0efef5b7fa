"""A small JSON client for the server that the demo has just started. Standard library: one request after another."""

import http.client
import json
import time
from typing import Any
from urllib.parse import urlsplit

Json = dict[str, Any]
IDLE_S = 2.0  # a server hangs up after five


class Answered(Exception):
    """The server refused; the text is its own."""


class Client:
    """Speaks to one server over one kept connection, with one key."""

    def __init__(self, base_url: str, key: str = "", *, timeout_s: float = 30.0) -> None:
        where = urlsplit(base_url)
        self._connection = http.client.HTTPConnection(where.hostname or "", where.port, timeout=timeout_s)
        self._headers = {"Authorization": f"Bearer {key}"} if key else {}
        self._used_at = time.monotonic()

    def close(self) -> None:
        """Hang up."""
        self._connection.close()

    def get(self, path: str) -> Json:
        """The JSON at a path."""
        return self._send("GET", path, None, {})

    def text(self, path: str) -> str:
        """An answer that is no JSON."""
        return self._text("GET", path, None, {})

    def post(self, path: str, body: Json | None = None, *, idempotency_key: str | None = None) -> Json:
        """Post JSON; with a key the server does it once, however often it is said."""
        headers = {"Idempotency-Key": idempotency_key} if idempotency_key else {}
        return self._send("POST", path, json.dumps(body or {}), headers | {"Content-Type": "application/json"})

    def put(self, path: str, body: Json) -> Json:
        """Put JSON."""
        return self._send("PUT", path, json.dumps(body), {"Content-Type": "application/json"})

    def patch(self, path: str, changes: Json, version: int) -> Json:
        """Change what has this version."""
        headers = {"If-Match": f'"v{version}"', "Content-Type": "application/merge-patch+json"}
        return self._send("PATCH", path, json.dumps(changes), headers)

    def post_file(self, path: str, content: str, media_type: str) -> Json:
        """Post a file as it is."""
        return self._send("POST", path, content, {"Content-Type": media_type})

    def status(self, path: str) -> int | None:
        """The status of a GET, None when nobody listens."""
        try:
            self._connection.request("GET", path)
            answer = self._connection.getresponse()
            answer.read()
        except (OSError, http.client.HTTPException):
            self._connection.close()
            return None
        return answer.status

    def _send(self, method: str, path: str, content: str | None, headers: dict[str, str]) -> Json:
        text = self._text(method, path, content, headers)
        return json.loads(text) if text else {}

    def _text(self, method: str, path: str, content: str | None, headers: dict[str, str]) -> str:
        if time.monotonic() - self._used_at > IDLE_S:
            self._connection.close()  # the next request opens it again
        self._used_at = time.monotonic()
        self._connection.request(method, path, content and content.encode(), self._headers | headers)
        answer = self._connection.getresponse()
        text = answer.read().decode()
        if answer.status >= 400:
            raise Answered(f"{method} {path}: {answer.status} {text[:1000]}")
        return text
