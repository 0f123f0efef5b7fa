"""The yardstick: `/empty` of a bare Starlette application under uvicorn as it is reads the body and says 200."""

import socket
import sys

import uvicorn
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from tests.bench.sampler import Sampler

sampler = Sampler()


async def empty(request: Request) -> Response:
    await request.body()
    return Response(b"{}", media_type="application/json")


async def samples(_request: Request) -> Response:
    return JSONResponse(sampler.take())


def main() -> None:
    app = Starlette(routes=[Route("/empty", empty, methods=["POST"]), Route("/samples", samples, methods=["POST"])])
    config = uvicorn.Config(app, loop="uvloop", http="httptools", access_log=False, log_config=None)
    with socket.create_server(("127.0.0.1", int(sys.argv[1])), backlog=1024) as listening:
        sampler.start()
        uvicorn.Server(config).run(sockets=[listening])


if __name__ == "__main__":
    main()
