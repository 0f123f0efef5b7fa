"""WhatsApp's Cloud API on a local port, and Meta's webhooks as it signs them.

It checks what Meta checks: the token, the number in the path, the shape of each kind of message, the window of 24 hours
(`open_window`). `fail_next` answers with error codes, "html" (a proxy's 502), "reset" (accepted, then cut) or "stall".
"""

import asyncio
import contextlib
import hashlib
import hmac
import json
import secrets
from collections import deque
from collections.abc import AsyncIterator
from dataclasses import dataclass, field
from typing import Any

from aiohttp import web

TOKEN = "EAAmarker0123456789systemusertoken"
APP_SECRET = "5ecret0123456789abcdef0123456789"
NUMBER, BUSINESS = "106540352242922", "102290129340398"
_STATUS = {190: 401, 0: 401, 10: 403, 200: 403, 131000: 500, 131016: 503, 131057: 503, 4: 429, 80007: 429, 130429: 429}


@dataclass
class MetaServer:
    """One number. `messages`: what was accepted, in order; `calls`: every request for one."""

    token: str = TOKEN
    messages: list[dict[str, Any]] = field(default_factory=list)
    calls: list[dict[str, Any]] = field(default_factory=list)
    templates: list[dict[str, Any]] = field(default_factory=list)
    open_windows: set[str] | None = None  # None: nobody asks
    delay_s: float = 0.0
    url: str = ""
    _next: deque[int | str | None] = field(default_factory=deque)
    _always: int | str | None = None

    def fail_next(self, *faults: int | str | None) -> None:
        """Answer the next messages so, one each; None is a success."""
        self._next.extend(faults)

    def fail_with(self, fault: int | str | None) -> None:
        """Answer every message so from now on; None: well again."""
        self._always = fault

    @contextlib.asynccontextmanager
    async def running(self) -> AsyncIterator["MetaServer"]:
        """Serve on 127.0.0.1 while the block lasts."""
        app = web.Application()
        app.router.add_post("/v26.0/{number}/messages", self._message)
        app.router.add_post("/v26.0/{business}/message_templates", self._submit)
        app.router.add_get("/v26.0/{business}/message_templates", self._list)
        app.router.add_get("/v26.0/{number}", self._number)
        runner = web.AppRunner(app, access_log=None, shutdown_timeout=0.1)
        await runner.setup()
        await web.TCPSite(runner, "127.0.0.1", 0).start()
        self.url = f"http://127.0.0.1:{runner.addresses[0][1]}"
        try:
            yield self
        finally:
            await runner.cleanup()

    def _refused(self, request: web.Request) -> web.Response | None:
        if request.headers.get("Authorization") != f"Bearer {self.token}":
            return error(190, "Invalid OAuth access token - Cannot parse access token")
        return None

    async def _message(self, request: web.Request) -> web.Response:
        if (refused := self._refused(request)) is not None:
            return refused
        body = await request.json()
        self.calls.append(body)
        await asyncio.sleep(self.delay_s)
        fault = self._next.popleft() if self._next else self._always
        if fault == "echo":
            return error(100, str(dict(request.headers)))
        if fault == "html":
            return web.Response(status=502, text="<html>Bad Gateway</html>")
        if fault == "busy":
            return web.Response(status=503, text="<html>Service Unavailable</html>")
        if isinstance(fault, int):
            return error(fault, "said so")
        if (code := self._wrong(request.match_info["number"], body)) is not None:
            return error(code, "not as documented")
        id_ = f"wamid.{secrets.token_hex(12)}"
        self.messages.append(body | {"id": id_})
        if fault == "reset":
            assert request.transport is not None
            request.transport.abort()
            return web.Response()
        to = body.get("to") or body.get("recipient")
        contacts = [{"input": to, "wa_id": to}]
        answer = {"messaging_product": "whatsapp", "contacts": contacts, "messages": [{"id": id_}]}
        return web.json_response(answer)

    def _wrong(self, number: str, body: dict[str, Any]) -> int | None:
        """The code for what Meta would not take; None: it does."""
        to, kind = str(body.get("to", "")), body.get("type")
        if body.get("messaging_product") != "whatsapp" or number != NUMBER:
            return 100
        if ("to" in body) == ("recipient" in body) or ("to" in body and not to.isdecimal()):
            return 131009
        if kind == "template":
            return self._wrong_template(body["template"])
        if self.open_windows is not None and (to or body["recipient"]) not in self.open_windows:
            return 131047
        if kind == "text":
            return None if 0 < len(body["text"]["body"]) <= 4096 else 131009
        if kind == "image":
            return None if body["image"]["link"].startswith("https://") else 131053
        return self._wrong_interactive(body["interactive"]) if kind == "interactive" else 131051

    def _wrong_interactive(self, part: dict[str, Any]) -> int | None:
        if not 0 < len(part["body"]["text"]) <= 1024:
            return 131009
        if part["type"] == "cta_url":
            shown = part["action"]["parameters"]
            return None if shown["url"].startswith("https://") and 0 < len(shown["display_text"]) <= 20 else 131009
        buttons = part["action"]["buttons"]
        titles = [button["reply"]["title"] for button in buttons]
        return None if len(buttons) <= 3 and all(0 < len(title) <= 20 for title in titles) else 131009

    def _wrong_template(self, part: dict[str, Any]) -> int | None:
        known = [t for t in self.templates if (t["name"], t["language"]) == (part["name"], part["language"]["code"])]
        if not known:
            return 132001
        if known[0]["status"] != "APPROVED":
            return 132015 if known[0]["status"] == "PAUSED" else 132016
        text = next(c["text"] for c in known[0]["components"] if c["type"] == "BODY")
        given = [p for c in part["components"] if c["type"] == "body" for p in c["parameters"]]
        if len(given) != text.count("{{") or any("\n" in p["text"] for p in given):
            return 132000
        return None

    async def _submit(self, request: web.Request) -> web.Response:
        if (refused := self._refused(request)) is not None:
            return refused
        body = await request.json()
        if body["category"].upper() not in ("MARKETING", "UTILITY", "AUTHENTICATION"):
            return error(100, "Invalid parameter")
        self.templates.append(body | {"status": "PENDING", "category": body["category"].upper()})
        return web.json_response({"id": "572279198452421", "status": "PENDING", "category": body["category"].upper()})

    async def _list(self, request: web.Request) -> web.Response:
        if (refused := self._refused(request)) is not None:
            return refused
        return web.json_response({"data": self.templates, "paging": {}})

    async def _number(self, request: web.Request) -> web.Response:
        if (refused := self._refused(request)) is not None:
            return refused
        if request.match_info["number"] != NUMBER:
            return error(10, "Application does not have permission for this action")
        return web.json_response({"verified_name": "Corner shop", "quality_rating": "GREEN", "id": NUMBER})


def template(name: str = "news", language: str = "en", status: str = "APPROVED", **over: Any) -> dict[str, Any]:
    """A template as Meta lists it."""
    text = over.pop("text", "{{1}}: {{2}}")
    return {
        "name": name, "language": language, "status": status, "category": "MARKETING",
        "components": [{"type": "BODY", "text": text}],
    } | over  # fmt: skip


def error(code: int, message: str) -> web.Response:
    """An error as the Graph API writes it."""
    body = {"error": {"message": f"(#{code}) {message}", "type": "OAuthException", "code": code, "fbtrace_id": "A"}}
    return web.json_response(body, status=_STATUS.get(code, 400))


def signed(told: dict[str, Any], secret: str = APP_SECRET) -> tuple[bytes, dict[str, str]]:
    """A webhook call's body and headers."""
    body = json.dumps(told).encode()
    signature = hmac.new(secret.encode(), body, hashlib.sha256).hexdigest()
    return body, {"X-Hub-Signature-256": f"sha256={signature}", "Content-Type": "application/json"}


def change(field_: str, value: dict[str, Any], business: str = BUSINESS) -> dict[str, Any]:
    """A webhook call about one thing."""
    entry = {"id": business, "changes": [{"field": field_, "value": value}]}
    return {"object": "whatsapp_business_account", "entry": [entry]}


def of_number(number: str = NUMBER, **parts: Any) -> dict[str, Any]:
    """About a number: `statuses` or `messages`."""
    metadata = {"display_phone_number": "41790000000", "phone_number_id": number}
    return change("messages", {"messaging_product": "whatsapp", "metadata": metadata} | parts)


def status(sent: dict[str, Any], word: str, at: float, code: int | None = None) -> dict[str, Any]:
    """What became of a message that the server took."""
    row = {
        "id": sent["id"], "status": word, "timestamp": str(int(at)), "recipient_id": sent.get("to"),
        "biz_opaque_callback_data": sent["biz_opaque_callback_data"],
    }  # fmt: skip
    return row if code is None else row | {"errors": [{"code": code, "title": "said so", "error_data": {}}]}


def wrote(number: str | None, text: str, at: float, **over: Any) -> dict[str, Any]:
    """A message that a person wrote."""
    row: dict[str, Any] = {"id": f"wamid.{secrets.token_hex(8)}", "timestamp": str(int(at)), "type": "text"}
    if number is not None:
        row["from"] = number
    return row | {"text": {"body": text}} | over
