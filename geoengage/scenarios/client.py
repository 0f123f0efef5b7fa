"""A small JSON client: one server, one kept connection, one request after another. Standard library."""

import http.client
import json
from typing import Any
from urllib.parse import quote, urlsplit

Json = dict[str, Any]


class Refused(Exception):
    """The server refused; the text is its own."""


class Unreachable(Exception):
    """Nobody answers at that address."""


class Client:
    """Speaks to one server. `key`: the credential of requests that name none."""

    def __init__(self, base_url: str, key: str = "", *, timeout_s: float = 60.0) -> None:
        where = urlsplit(base_url)
        made = http.client.HTTPSConnection if where.scheme == "https" else http.client.HTTPConnection
        self._connection = made(where.hostname or "", where.port, timeout=timeout_s)
        self._prefix = where.path.rstrip("/")
        self.key = key

    def close(self) -> None:
        """Give the connection back."""
        self._connection.close()

    def get(self, path: str, **query: object) -> Json:
        """The JSON at a path."""
        asked = "&".join(f"{name}={quote(str(value))}" for name, value in query.items())
        return self.send("GET", f"{path}?{asked}" if asked else path)

    def post(self, path: str, body: Json | None = None, *, key: str | None = None) -> Json:
        """Post JSON."""
        return self.send("POST", path, body or {}, key=key)

    def all(self, path: str, **query: object) -> list[Json]:
        """All items of a list, page after page."""
        page = self.get(path, limit=500, **query)
        items: list[Json] = page["items"]
        while cursor := page.get("next"):
            page = self.get(path, limit=500, cursor=cursor, **query)
            items += page["items"]
        return items

    def edit(self, path: str, changes: Json) -> Json:
        """Change what is at a path, as it is now (If-Match)."""
        _, tag = self._exchange("GET", path, None, {})
        return self._exchange("PATCH", path, changes, {"If-Match": tag})[0]

    def send(self, method: str, path: str, body: Json | None = None, *, key: str | None = None) -> Json:
        """Any other request. Raises Refused with what the server says, Unreachable when nobody answers."""
        return self._exchange(method, path, body, {} if key is None else {"Authorization": f"Bearer {key}"})[0]

    def _exchange(self, method: str, path: str, body: Json | None, more: dict[str, str]) -> tuple[Json, str]:
        """The answer's JSON and its ETag."""
        headers = {"Authorization": f"Bearer {self.key}", "Content-Type": "application/json"} | more
        try:
            self._connection.request(method, self._prefix + path, None if body is None else json.dumps(body), headers)
            answer = self._connection.getresponse()
            text = answer.read().decode()
        except (OSError, http.client.HTTPException) as error:
            self._connection.close()
            raise Unreachable(f"{method} {path}: {error!r}") from error
        if answer.status >= 400:
            raise Refused(f"{method} {path}: {answer.status} {text[:1000]}")
        result: Json = json.loads(text) if text else {}
        return result, answer.getheader("ETag", "")
