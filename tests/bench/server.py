"""The product's own application, and before it a bare Starlette one: `/empty` reads the body and says 200, the
yardstick; `/samples` tells where the CPU time went since it was last asked."""

import logging
import os
import socket
import sys
from pathlib import Path

import uvicorn
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route
from starlette.types import Receive, Scope, Send

from geoengage.app import create_app
from geoengage.kit import collector, doors, log
from geoengage.kit.settings import Settings
from tests.bench.sampler import Sampler

sampler = Sampler()


async def empty(request: Request) -> Response:
    await request.body()
    return Response(b"{}", media_type="application/json")


async def samples(_request: Request) -> Response:
    return JSONResponse(sampler.take() | {"pid": os.getpid()})


def main() -> None:
    url, key, port, folder = sys.argv[1:]
    log.configure(as_json=False)
    logging.getLogger().setLevel(logging.WARNING)  # a line a request would slow the yardstick, not the pings
    app = create_app(Settings(data_dir=Path(folder), secret_key=key), url)
    collector.settle()
    bare = Starlette(routes=[Route("/empty", empty, methods=["POST"]), Route("/samples", samples, methods=["POST"])])

    async def both(scope: Scope, receive: Receive, send: Send) -> None:
        await (bare if scope.get("path") in ("/empty", "/samples") else app)(scope, receive, send)

    config = uvicorn.Config(both, loop="uvloop", http=doors.DoorProtocol, access_log=False, log_config=None)
    with socket.create_server(("127.0.0.1", int(port)), reuse_port=True, backlog=1024) as listening:
        sampler.start()
        uvicorn.Server(config).run(sockets=[listening])


if __name__ == "__main__":
    main()
