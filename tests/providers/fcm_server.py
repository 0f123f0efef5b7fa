"""Firebase Cloud Messaging (HTTP v1) and Google's OAuth token endpoint, on a local port.

It checks what they check: the assertion's signature, the bearer token, the message's shape. It answers errors in their
format, by script (`fail_next`, `fail_target`) or by chance (`errors`, `seed`), and records every call. Several projects
live side by side, each with an account of its own (`credentials(project)`); `fail_project`: trouble of one. Alone:
`python -m tests.providers.fcm_server --credentials FILE --port 9099 --errors 0.2 --seed 7`; GET /received: the calls.
"""

import argparse
import asyncio
import contextlib
import functools
import json
import random
import re
import secrets
import time
from collections import Counter, deque
from collections.abc import AsyncIterator, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import jwt
from aiohttp import web
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import rsa

PROJECT = "geoengage-local"
SCOPES = {f"https://www.googleapis.com/auth/{name}" for name in ("firebase.messaging", "cloud-platform")}
GOOGLE_TOKEN_URL = "https://oauth2.googleapis.com/token"
FCM_ERROR = "type.googleapis.com/google.firebase.fcm.v1.FcmError"
BAD_REQUEST = "type.googleapis.com/google.rpc.BadRequest"
ERROR_INFO = "type.googleapis.com/google.rpc.ErrorInfo"
MAX_BYTES = 4096
MAX_TTL_S = 2_419_200

# fault -> HTTP status, google.rpc status, FCM's errorCode (None: no FCM detail)
FAULTS: dict[str, tuple[int, str, str | None]] = {
    "quota": (429, "RESOURCE_EXHAUSTED", "QUOTA_EXCEEDED"),
    "unavailable": (503, "UNAVAILABLE", "UNAVAILABLE"),
    "internal": (500, "INTERNAL", "INTERNAL"),
    "unspecified": (500, "UNKNOWN", "UNSPECIFIED_ERROR"),
    "unregistered": (404, "NOT_FOUND", "UNREGISTERED"),
    "sender": (403, "PERMISSION_DENIED", "SENDER_ID_MISMATCH"),
    "bad_token": (400, "INVALID_ARGUMENT", "INVALID_ARGUMENT"),
    "bad_payload": (400, "INVALID_ARGUMENT", "INVALID_ARGUMENT"),
    "third_party": (401, "UNAUTHENTICATED", "THIRD_PARTY_AUTH_ERROR"),
    "iam": (403, "PERMISSION_DENIED", None),
    "disabled": (403, "PERMISSION_DENIED", None),
}
# Not in the table: "html" (a proxy's 502), "reset" (accepted, then the connection is cut), "stall" (accepted, slowly).
BY_CHANCE = ("quota", "unavailable", "unregistered", "sender", "bad_token", "reset", "stall")
DEADLY = {"unregistered", "sender", "bad_token"}  # an address stays dead


@dataclass(frozen=True)
class Call:
    """One call of messages:send. `accepted`: the message would reach the phone, whatever the answer said."""

    at: float
    target: str
    message: dict[str, Any]
    fault: str | None
    accepted: bool
    project: str = PROJECT
    validate_only: bool = False

    @property
    def message_id(self) -> str:
        return str(self.message.get("data", {}).get("message_id"))


@functools.cache
def _private_key() -> rsa.RSAPrivateKey:
    """The account's key, the same for all servers of a process: making one takes a tenth of a second."""
    return rsa.generate_private_key(public_exponent=65537, key_size=2048)


class FcmServer:
    """Firebase projects. `retry_after` is sent with 429 and 503 when not None; `delay_s` before every answer."""

    def __init__(self, *, errors: float = 0.0, seed: int = 0, stall_s: float = 0.05, retry_after: str | None = "1"):
        self.errors = errors
        self.seed = seed
        self.stall_s = stall_s
        self.retry_after = retry_after
        self.delay_s = 0.0
        self.calls: list[Call] = []
        self.called = asyncio.Event()  # a first call has come in
        self.most_at_once = 0
        self.tokens_made = 0
        self.token_fault: int | None = None
        self.token_lifetime_s = 3600
        self._at_once = 0
        self._next: deque[str | None] = deque()
        self._targets: dict[str, str] = {}
        self._seen: Counter[str] = Counter()
        self._projects: dict[str, str] = {}
        self._tokens: dict[str, tuple[float, str]] = {}
        self._key = _private_key()
        self.url = ""

    # --- scripts and records

    def fail_next(self, *faults: str | None) -> None:
        """Answer the next calls so, one each; None is a success."""
        self._next.extend(faults)

    def fail_target(self, target: str, fault: str) -> None:
        """Answer every call for this address so."""
        self._targets[target] = fault

    def fail_project(self, project: str, fault: str | None) -> None:
        """Answer every call to this project so; None: it is well again. `no_account`: its key was deleted."""
        if fault is None:
            self._projects.pop(project, None)
        else:
            self._projects[project] = fault

    def revoke_tokens(self) -> None:
        """Refuse all access tokens made so far."""
        self._tokens.clear()

    def accepted(self) -> list[Call]:
        """What would have reached a phone, in order."""
        return [call for call in self.calls if call.accepted]

    def credentials(self, project: str = PROJECT) -> dict[str, str]:
        """A service account JSON of a project, whose tokens come from this server."""
        pem = self._key.private_bytes(
            serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
        )
        return {
            "type": "service_account",
            "project_id": project,
            "private_key_id": "local",
            "private_key": pem.decode(),
            "client_email": f"push@{project}.iam.gserviceaccount.com",
            "client_id": "1",
            "token_uri": f"{self.url}/token",
        }

    def write_credentials(self, path: Path) -> Path:
        """Write the service account file for GEOENGAGE_FCM__CREDENTIALS_FILE."""
        path.write_text(json.dumps(self.credentials()))
        path.chmod(0o600)
        return path

    @contextlib.asynccontextmanager
    async def running(self, port: int = 0) -> AsyncIterator["FcmServer"]:
        """Serve on 127.0.0.1 while the block lasts."""
        app = web.Application()
        app.router.add_post("/token", self._token)
        app.router.add_post("/v1/projects/{project}/messages:send", self._send)
        app.router.add_get("/received", self._received)
        runner = web.AppRunner(app, access_log=None, shutdown_timeout=0.1)
        await runner.setup()
        site = web.TCPSite(runner, "127.0.0.1", port)
        await site.start()
        self.url = f"http://127.0.0.1:{runner.addresses[0][1]}"
        try:
            yield self
        finally:
            await runner.cleanup()

    # --- OAuth

    async def _token(self, request: web.Request) -> web.StreamResponse:
        form = await request.post()
        if self.token_fault is not None:
            return web.json_response({"error": "invalid_grant"}, status=self.token_fault)
        try:
            claims = jwt.decode(
                str(form.get("assertion")),
                self._key.public_key(),
                algorithms=["RS256"],
                audience=[GOOGLE_TOKEN_URL, f"{self.url}/token"],  # google-auth names Google whatever token_uri says
                options={"require": ["exp", "iat", "iss"]},
            )
        except jwt.PyJWTError as error:
            return web.json_response({"error": "invalid_grant", "error_description": str(error)}, status=400)
        if SCOPES.isdisjoint(str(claims.get("scope")).split()):
            return web.json_response({"error": "invalid_scope"}, status=400)
        project = str(claims["iss"]).removeprefix("push@").removesuffix(".iam.gserviceaccount.com")
        if self._projects.get(project) == "no_account":
            body = {"error": "invalid_grant", "error_description": "Invalid JWT Signature."}
            return web.json_response(body, status=400)
        token = secrets.token_urlsafe(24)
        self._tokens[token] = (time.monotonic() + self.token_lifetime_s, project)
        self.tokens_made += 1
        return web.json_response({"access_token": token, "expires_in": self.token_lifetime_s, "token_type": "Bearer"})

    # --- messages:send

    async def _send(self, request: web.Request) -> web.StreamResponse:
        self.called.set()
        self._at_once += 1
        self.most_at_once = max(self.most_at_once, self._at_once)
        try:
            if self.delay_s:
                await asyncio.sleep(self.delay_s)
            return await self._answer(request)
        finally:
            self._at_once -= 1

    async def _answer(self, request: web.Request) -> web.StreamResponse:
        token = request.headers.get("Authorization", "").removeprefix("Bearer ")
        until, project = self._tokens.get(token, (0.0, ""))
        if until <= time.monotonic():
            return _error(401, "UNAUTHENTICATED", "Request had invalid authentication credentials.")
        if request.match_info["project"] != project:
            return _error(403, "PERMISSION_DENIED", "Permission 'cloudmessaging.messages.create' denied.")
        try:
            parsed = json.loads(await request.read())
            message, validate_only = parsed["message"], bool(parsed.get("validate_only"))
        except (ValueError, KeyError, TypeError):
            return _error(400, "INVALID_ARGUMENT", "Invalid JSON payload received.")
        flaw = find_flaw(message)
        target = str(message.get("token") or message.get("fid") or message.get("topic") or message.get("condition"))
        fault = "flaw" if flaw else self._fault(target, project)
        accepted = fault in (None, "reset", "stall") and not validate_only
        self.calls.append(Call(time.time(), target, message, fault, accepted, project, validate_only))
        return _invalid(*flaw) if flaw else await self._by_fault(request, fault)

    def _fault(self, target: str, project: str) -> str | None:
        self._seen[target] += 1
        if project in self._projects:
            return self._projects[project]
        if self._next:
            return self._next.popleft()
        if target in self._targets:
            return self._targets[target]
        # By address and count, so that the order in which calls arrive does not matter.
        chance = random.Random(f"{self.seed}:{target}:{self._seen[target]}")
        if chance.random() >= self.errors:
            return None
        fault = chance.choice(BY_CHANCE)
        if fault in DEADLY:
            self._targets[target] = fault
        return fault

    async def _by_fault(self, request: web.Request, fault: str | None) -> web.StreamResponse:
        if fault in FAULTS:
            return self._refusal(fault)
        if fault == "html":
            return web.Response(status=502, text="<html><h1>502 Bad Gateway</h1></html>", content_type="text/html")
        if fault == "reset":
            assert request.transport is not None
            request.transport.abort()
            raise ConnectionResetError
        if fault == "stall":
            await asyncio.sleep(self.stall_s)
        name = f"projects/{request.match_info['project']}/messages/0:{secrets.token_hex(8)}"
        return web.json_response({"name": name})

    def _refusal(self, fault: str) -> web.StreamResponse:
        if fault == "bad_token":
            return _invalid("message.token", "The registration token is not a valid FCM registration token")
        if fault == "bad_payload":
            return _invalid("message.data", "Invalid data payload")
        status, name, code = FAULTS[fault]
        headers = {"Retry-After": self.retry_after} if self.retry_after is not None and status in (429, 503) else {}
        info = [{"@type": ERROR_INFO, "reason": "SERVICE_DISABLED", "domain": "googleapis.com"}]
        return _error(
            status, name, f"scripted {fault}", code, headers=headers, more=info if fault == "disabled" else []
        )

    async def _received(self, request: web.Request) -> web.StreamResponse:
        return web.json_response([asdict(call) for call in self.calls])


def _error(
    status: int,
    name: str,
    text: str,
    code: str | None = None,
    *,
    headers: dict[str, str] | None = None,
    more: Sequence[dict[str, str]] = (),
) -> web.Response:
    details = [*([{"@type": FCM_ERROR, "errorCode": code}] if code else []), *more]
    body = {"error": {"code": status, "message": text, "status": name, "details": details}}
    return web.json_response(body, status=status, headers=headers)


def _invalid(field: str, text: str) -> web.Response:
    violation = {"@type": BAD_REQUEST, "fieldViolations": [{"field": field, "description": text}]}
    details = [{"@type": FCM_ERROR, "errorCode": "INVALID_ARGUMENT"}, violation]
    body = {"error": {"code": 400, "message": text, "status": "INVALID_ARGUMENT", "details": details}}
    return web.json_response(body, status=400)


MEMBERS = {"token", "fid", "topic", "condition", "data", "notification", "android", "apns", "webpush", "fcm_options"}
RESERVED = re.compile(r"from|message_type|google\..*|gcm\.notification\..*")


def find_flaw(message: Any) -> tuple[str, str] | None:
    """The first field of a message that FCM would refuse, with the reason; None when it would be taken."""
    if not isinstance(message, dict) or message.keys() - MEMBERS:
        return "message", f"unknown name among {sorted(message)}"
    targets = [message.get(name) for name in ("token", "fid", "topic", "condition") if message.get(name)]
    if len(targets) != 1:
        return "message", "exactly one of token, fid, topic and condition is required"
    for check in (_data_flaw, _android_flaw, _apns_flaw, _webpush_flaw, _options_flaw):
        if (flaw := check(message)) is not None:
            return flaw
    if len(json.dumps(message, ensure_ascii=False).encode()) > MAX_BYTES:
        return "message", "Android message is too big"
    return None


def _strings_flaw(values: Any, field: str) -> tuple[str, str] | None:
    if not isinstance(values, dict) or not all(isinstance(v, str) for v in values.values()):
        return field, "must map strings to strings"
    return None


def _data_flaw(message: dict[str, Any]) -> tuple[str, str] | None:
    data = message.get("data", {})
    if any(RESERVED.fullmatch(key) for key in data):
        return "message.data", "reserved key"
    return _strings_flaw(data, "message.data")


def _android_flaw(message: dict[str, Any]) -> tuple[str, str] | None:
    android = message.get("android", {})
    ttl = android.get("ttl", "0s")
    match = re.fullmatch(r"(\d+)(\.\d{1,9})?s", ttl)
    if match is None or int(match[1]) > MAX_TTL_S:
        return "message.android.ttl", "must be seconds such as 3600s, at most 28 days"
    if str(android.get("priority", "high")).lower() not in ("high", "normal"):
        return "message.android.priority", "must be high or normal"
    return None


def _apns_flaw(message: dict[str, Any]) -> tuple[str, str] | None:
    headers = message.get("apns", {}).get("headers", {})
    if len(headers.get("apns-collapse-id", "").encode()) > 64:
        return "message.apns.headers", "apns-collapse-id is longer than 64 bytes"
    return _strings_flaw(headers, "message.apns.headers")


def _webpush_flaw(message: dict[str, Any]) -> tuple[str, str] | None:
    webpush = message.get("webpush", {})
    if not webpush.get("fcm_options", {}).get("link", "https://").startswith("https://"):
        return "message.webpush.fcm_options.link", "must be https"
    return _strings_flaw(webpush.get("headers", {}), "message.webpush.headers")


def _options_flaw(message: dict[str, Any]) -> tuple[str, str] | None:
    label = message.get("fcm_options", {}).get("analytics_label", "ok")
    if not re.fullmatch(r"[a-zA-Z0-9\-_.~%]{1,50}", label):
        return "message.fcm_options.analytics_label", "malformed"
    return None


async def _serve(options: argparse.Namespace) -> None:
    server = FcmServer(errors=options.errors, seed=options.seed, stall_s=options.stall_s)
    async with server.running(options.port):
        server.write_credentials(options.credentials)
        emit = functools.partial(print, flush=True)
        emit(json.dumps({"url": server.url, "credentials_file": str(options.credentials)}))
        await asyncio.Event().wait()


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--credentials", type=Path, required=True, help="where to write the service account JSON")
    parser.add_argument("--port", type=int, default=0)
    parser.add_argument("--errors", type=float, default=0.0, help="share of calls answered with a fault, 0-1")
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--stall-s", type=float, default=5.0, dest="stall_s")
    with contextlib.suppress(KeyboardInterrupt):
        asyncio.run(_serve(parser.parse_args()))


if __name__ == "__main__":
    main()
