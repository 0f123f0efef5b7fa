"""An endpoint in FCM's place that costs next to nothing, so that senders are measured and not it.

`python -m tests.bench.fcm_endpoint ACCOUNT_FILE` writes a service account and prints its URL. It takes everything: what
it is sent is checked by tests/providers/fcm_server.py elsewhere.
"""

import asyncio
import json
import sys
from pathlib import Path
from typing import Any

import uvloop

from tests.providers.fcm_server import FcmServer

TOKEN = b'{"access_token":"t","expires_in":3600,"token_type":"Bearer"}'
TAKEN = b'{"name":"projects/geoengage-local/messages/0:1"}'
END = b"\r\n\r\n"


class Endpoint(asyncio.Protocol):
    """HTTP/1.1 with kept connections and Content-Length, as both senders use it."""

    def connection_made(self, transport: Any) -> None:
        self.transport, self.buffer = transport, b""

    def data_received(self, data: bytes) -> None:
        self.buffer += data
        while (end := self.buffer.find(END)) >= 0:
            head = self.buffer[:end].lower()
            length = int(head.partition(b"content-length:")[2].partition(b"\r\n")[0])
            if len(self.buffer) < end + 4 + length:
                return
            self.buffer = self.buffer[end + 4 + length :]
            body = TOKEN if head.startswith(b"post /token") else TAKEN
            self.transport.write(
                b"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: %d\r\n\r\n%s" % (len(body), body)
            )


async def serve(account: Path) -> None:
    server = await asyncio.get_running_loop().create_server(Endpoint, "127.0.0.1", 0)
    fcm = FcmServer()
    fcm.url = f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}"
    fcm.write_credentials(account)
    sys.stdout.write(json.dumps({"url": fcm.url}) + "\n")
    sys.stdout.flush()
    await server.serve_forever()


if __name__ == "__main__":
    uvloop.run(serve(Path(sys.argv[1])))
