"""The product's own application with one route more: `/empty` reads the body and says 200, the yardstick beside it."""

import logging
import sys
from pathlib import Path

import uvicorn
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from geoengage.app import create_app
from geoengage.kit import log
from geoengage.kit.settings import Settings


async def empty(request: Request) -> Response:
    await request.body()
    return Response(b"{}", media_type="application/json")


def main() -> None:
    url, key, port, folder = sys.argv[1:]
    log.configure(as_json=False)
    logging.getLogger().setLevel(logging.WARNING)  # a line a request would slow the yardstick, not the pings
    app = create_app(Settings(data_dir=Path(folder), secret_key=key), url)
    app.router.routes.insert(0, Route("/empty", empty, methods=["POST"]))
    uvicorn.run(app, port=int(port), loop="uvloop", http="httptools", access_log=False, log_config=None)


if __name__ == "__main__":
    main()
