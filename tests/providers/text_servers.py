"""Twilio's and Infobip's APIs for SMS and Viber on a local port, and webhooks as Twilio signs them.

They check what these check: credentials, the form of a request, lengths; Infobip also that no message id comes twice.
`fail_next`: an error code of Twilio, a status name of Infobip, "busy" (503), "html" (502), "reset" (accepted, cut) or
"echo" (400 that repeats the request's headers).
"""

import base64
import contextlib
import hashlib
import hmac
import secrets
from collections import deque
from collections.abc import AsyncIterator
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import urlencode

from aiohttp import web

SID, AUTH_TOKEN = "AC" + "0" * 31 + "1", "marker0123456789twilioauthtoken"
KEY_ID, WEBHOOK_KEY = "key1", "marker-shared-key-of-twilio-0123"
API_KEY = "marker0123456789-infobip-api-key"
_STATUS = {20003: 401, 20429: 429}
_GROUPS = {"PENDING": 1, "UNDELIVERABLE": 2, "DELIVERED": 3, "EXPIRED": 4, "REJECTED": 5}


@dataclass
class TextServer:
    """Both providers. `sms` and `viber`: what was accepted, in order; `calls` counts all requests to send."""

    sms: list[dict[str, str]] = field(default_factory=list)
    viber: list[dict[str, Any]] = field(default_factory=list)
    calls: int = 0
    token: str = AUTH_TOKEN
    url: str = ""
    _next: deque[int | str | None] = field(default_factory=deque)

    def fail_next(self, *faults: int | str | None) -> None:
        """Answer the next messages so, one each; None is a success."""
        self._next.extend(faults)

    @contextlib.asynccontextmanager
    async def running(self) -> AsyncIterator["TextServer"]:
        """Serve on 127.0.0.1 while the block lasts."""
        app = web.Application()
        app.router.add_post("/2010-04-01/Accounts/{sid}/Messages.json", self._send_sms)
        app.router.add_get("/2010-04-01/Accounts/{sid}.json", self._account)
        app.router.add_post("/viber/2/messages", self._send_viber)
        app.router.add_get("/account/1/balance", self._balance)
        runner = web.AppRunner(app, access_log=None, shutdown_timeout=0.1)
        await runner.setup()
        await web.TCPSite(runner, "127.0.0.1", 0).start()
        self.url = f"http://127.0.0.1:{runner.addresses[0][1]}"
        try:
            yield self
        finally:
            await runner.cleanup()

    def _fault(self, request: web.Request) -> int | str | web.Response | None:
        self.calls += 1
        fault = self._next.popleft() if self._next else None
        if fault == "echo":
            return web.json_response({"message": str(dict(request.headers))}, status=400)
        if fault == "busy":
            return web.Response(status=503, headers={"Retry-After": "40"})
        return web.Response(status=502, text="<html>Bad Gateway</html>") if fault == "html" else fault

    # --- Twilio

    def _knows(self, request: web.Request) -> bool:
        wanted = "Basic " + base64.b64encode(f"{SID}:{self.token}".encode()).decode()
        return request.match_info["sid"] == SID and request.headers.get("Authorization") == wanted

    async def _account(self, request: web.Request) -> web.Response:
        return web.json_response({"sid": SID, "status": "active"}) if self._knows(request) else twilio_error(20003)

    async def _send_sms(self, request: web.Request) -> web.Response:
        if not self._knows(request):
            return twilio_error(20003)
        form = {name: str(value) for name, value in (await request.post()).items()}
        fault = self._fault(request)
        if isinstance(fault, web.Response):
            return fault
        if isinstance(fault, int):
            return twilio_error(fault)
        if not form.get("To", "").startswith("+"):
            return twilio_error(21211)
        if ("From" in form) == ("MessagingServiceSid" in form):
            return twilio_error(21603)
        if not 0 < len(form.get("Body", "")) <= 1600:
            return twilio_error(21617)
        if not 1 <= int(form["ValidityPeriod"]) <= 36_000:
            return twilio_error(21620)
        sid = f"SM{secrets.token_hex(16)}"
        self.sms.append(form | {"sid": sid})
        if fault == "reset":
            assert request.transport is not None
            request.transport.abort()
        return web.json_response({"sid": sid, "status": "queued", "num_segments": "1", "error_code": None}, status=201)

    # --- Infobip

    async def _balance(self, request: web.Request) -> web.Response:
        if request.headers.get("Authorization") != f"App {API_KEY}":
            return _unauthorized()
        return web.json_response({"balance": 47.79, "currency": "EUR"})

    async def _send_viber(self, request: web.Request) -> web.Response:
        if request.headers.get("Authorization") != f"App {API_KEY}":
            return _unauthorized()
        (message,) = (await request.json())["messages"]
        fault = self._fault(request)
        if isinstance(fault, web.Response):
            return fault
        ((to,), content) = (message["destinations"], message["content"])
        button = content.get("button", {"title": "x", "action": "https://"})
        is_wrong = (
            len(content["text"]) > 1000
            or len(button["title"]) > 30
            or message["options"]["label"] not in ("PROMOTIONAL", "TRANSACTIONAL")
            or content["type"] not in ("TEXT", "IMAGE")
            or (content["type"] == "IMAGE") != ("mediaUrl" in content)
            or not to["to"].isdecimal()
        )
        if is_wrong:
            error = {"messageId": "BAD_REQUEST", "text": "Bad Request"}
            return web.json_response({"requestError": {"serviceException": error}}, status=400)
        name = fault if isinstance(fault, str) and fault != "reset" else "PENDING_ENROUTE"
        if any(m["destinations"][0]["messageId"] == to["messageId"] for m in self.viber):
            name = "REJECTED_DUPLICATE_MESSAGE_ID"
        if name == "PENDING_ENROUTE":
            self.viber.append(message)
        if fault == "reset":
            assert request.transport is not None
            request.transport.abort()
        return web.json_response({"bulkId": "b", "messages": [to | {"status": viber_status(name)}]})


def _unauthorized() -> web.Response:
    error = {"messageId": "UNAUTHORIZED", "text": "Invalid login details"}
    return web.json_response({"requestError": {"serviceException": error}}, status=401)


def viber_status(name: str) -> dict[str, Any]:
    """A status as Infobip writes it."""
    group = name.partition("_")[0]
    return {"groupId": _GROUPS.get(group, 5), "groupName": group, "id": 7, "name": name, "description": name.lower()}


def twilio_error(code: int) -> web.Response:
    """An error as Twilio writes it."""
    body = {"code": code, "message": "said so to +41791234567", "status": _STATUS.get(code, 400)}
    return web.json_response(body, status=_STATUS.get(code, 400))


def signed(url: str, form: dict[str, str], *, key_id: str | None = None, key: str = AUTH_TOKEN) -> dict[str, Any]:
    """A webhook call of Twilio to `url`, as arguments of a client; with `key_id` in the new scheme."""
    text = url + "".join(name + form[name] for name in sorted(form))
    digest = "sha1" if key_id is None else "sha256"
    signature = base64.b64encode(hmac.new(key.encode(), text.encode(), digest).digest()).decode()
    headers = {"X-Twilio-Signature": signature, "Content-Type": "application/x-www-form-urlencoded"}
    if key_id is not None:
        headers["X-Twilio-Webhooks-Signature-Settings"] = f"key={key_id},algorithm=HMAC_SHA256"
    return {"content": urlencode(form).encode(), "headers": headers}


def signed_json(url: str, body: bytes, key: str = AUTH_TOKEN) -> tuple[str, str]:
    """The address with the body's hash, and the signature of a JSON call."""
    address = f"{url}?bodySHA256={hashlib.sha256(body).hexdigest()}"
    return address, base64.b64encode(hmac.new(key.encode(), address.encode(), "sha1").digest()).decode()
