"""The other system of the demo: a receiver of webhooks on this machine, and its registration over the API.

It does what every receiver should: verify the signature over the bytes as they came, know the ids that it has had,
answer at once. Standard library only.
"""

import json
import socket
import time
from collections import OrderedDict
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

from geoengage.demo.client import Client
from geoengage.demo.state import State
from geoengage.kit.outbound import verify

NAME = "Demo CRM"
TYPES = ["message.sent", "message.received", "message.opened", "campaign.changed", "sending.stopped", "sending.resumed"]
SECRET, PORT = "WEBHOOK_SECRET", "WEBHOOK_PORT"
REMEMBERED = 10_000
MAX_BODY_BYTES = 100_000


def register(client: Client, remembered: State) -> State:
    """See to it that the demo has an endpoint at the receiver's port, and that its secret is known."""
    there = {hook["id"]: hook for hook in client.get("/v1/webhooks?limit=500")["items"]}
    port = int(remembered.get("webhook_port", "0"))
    if not _is_free(port):
        port = _free_port()
    url = f"http://127.0.0.1:{port}/webhooks"
    hook = there.get(remembered.get("webhook_id", ""))
    if hook is None:
        hook = client.post("/v1/webhooks", {"name": NAME, "url": url, "types": TYPES})
        remembered = remembered | {"webhook_id": hook["id"], "webhook_secret": hook["secret"]}
    elif hook["url"] != url:
        client.patch(f"/v1/webhooks/{hook['id']}", {"url": url}, hook["version"])
    return remembered | {"webhook_port": str(port)}


def environment(remembered: State) -> dict[str, str]:
    """What `serve` is told."""
    return {SECRET: remembered["webhook_secret"], PORT: remembered["webhook_port"]}


def _is_free(port: int) -> bool:
    with socket.socket() as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind(("127.0.0.1", port))
        except OSError:
            return False
    return port != 0


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def serve(secret: str, port: int) -> None:
    """Receive until the process is stopped."""
    seen: OrderedDict[str, None] = OrderedDict()

    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def do_POST(self) -> None:
            body = self.rfile.read(min(int(self.headers.get("Content-Length", "0")), MAX_BODY_BYTES))
            sent = {name.lower(): value for name, value in self.headers.items()}
            if not verify([secret], sent, body, time.time()):
                self._answer(401, "not signed with my secret, or not now")
                return
            is_new = sent["webhook-id"] not in seen
            seen[sent["webhook-id"]] = None
            if len(seen) > REMEMBERED:
                seen.popitem(last=False)
            event = json.loads(body)
            print(f"{event['timestamp']} {event['type']}{'' if is_new else ' (had it already)'}", flush=True)  # noqa: T201
            self._answer(200, "noted" if is_new else "had it already")

        def _answer(self, status: int, text: str) -> None:
            self.send_response(status)
            self.send_header("Content-Length", str(len(text)))
            self.end_headers()
            self.wfile.write(text.encode())

        def log_message(self, format: str, *args: object) -> None:
            """It prints its own line."""

    ThreadingHTTPServer(("127.0.0.1", port), Handler).serve_forever()
