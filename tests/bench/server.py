"""The product's own application as it is served; `/samples` tells where the CPU time went since it was last asked."""

import logging
import os
import socket
import sys
from pathlib import Path

import uvicorn
from starlette.requests import Request
from starlette.responses import JSONResponse, Response

from geoengage.app import create_app
from geoengage.kit import collector, doors, log
from geoengage.kit.settings import Settings
from tests.bench.sampler import Sampler

sampler = Sampler()


async def samples(_request: Request) -> Response:
    return JSONResponse(sampler.take() | {"pid": os.getpid()})


def main() -> None:
    url, key, port, folder = sys.argv[1:]
    log.configure(as_json=False)
    logging.getLogger().setLevel(logging.WARNING)  # a line a request would slow the yardstick, not the pings
    app = create_app(Settings(data_dir=Path(folder), secret_key=key), url)
    collector.settle()
    app.add_route("/samples", samples, methods=["POST"], include_in_schema=False)
    config = uvicorn.Config(app, loop="uvloop", http=doors.DoorProtocol, access_log=False, log_config=None)
    with socket.create_server(("127.0.0.1", int(port)), reuse_port=True, backlog=1024) as listening:
        sampler.start()
        uvicorn.Server(config).run(sockets=[listening])


if __name__ == "__main__":
    main()
