"""The product's own application with a rehearsed walk as its live positions, so that the browser is what is measured.

The WebSocket route is replaced: its frames were made beforehand by the product's own encoder, one for each step of the
walk, and are sent round and round. Everything else, the console, its CSP and the API included, is the product.
"""

import asyncio
import itertools
import logging
import sys
from datetime import UTC, datetime, timedelta
from pathlib import Path
from uuid import UUID

import numpy as np
import uvicorn
from starlette.routing import WebSocketRoute
from starlette.websockets import WebSocket, WebSocketDisconnect

from geoengage.app import create_app
from geoengage.demo import seed
from geoengage.kit import log
from geoengage.kit.geo import Frame
from geoengage.kit.ids import TenantId, new_id
from geoengage.kit.settings import Settings
from geoengage.live.feed import encode_frame
from geoengage.live.store import LivePosition

STEPS = 40  # the walk goes there and back, so it never jumps
SPEED_MPS = 1.2
HALF_M = (95.0, 40.0)  # of the box that the walkers start in, around the demo mall's middle


def rehearse(dots: int, per_s: float, *, seed_: int = 1) -> list[bytes]:
    """The frames of a walk of `dots` people, `per_s` frames for each second of it."""
    rng = np.random.default_rng(seed_)
    mall = seed.read("mall.json")
    frame = Frame(*mall["origin"], mall["bearing_deg"])
    x, y = rng.uniform(-HALF_M[0], HALF_M[0], dots), rng.uniform(-HALF_M[1], HALF_M[1], dots)
    turn, accuracy = rng.uniform(0, 2 * np.pi, dots), rng.uniform(4, 20, dots)
    ids, tenant_id, now = [new_id() for _ in range(dots)], TenantId(UUID(int=1)), datetime.now(UTC)
    there = []
    for _ in range(STEPS):
        lon, lat = frame.to_lonlat(x, y)
        people = [LivePosition(*row, 0, True) for row in zip(ids, lon, lat, accuracy, strict=True)]
        there.append(encode_frame(people, key="bench", tenant_id=tenant_id, now=now, is_demo=True))
        x, y, now = (
            x + np.cos(turn) * SPEED_MPS / per_s,
            y + np.sin(turn) * SPEED_MPS / per_s,
            now + timedelta(seconds=1 / per_s),
        )
    return there + there[-2:0:-1]


def main() -> None:
    url, key, port, folder, dots, per_s = sys.argv[1:]
    log.configure(as_json=False)
    logging.getLogger().setLevel(logging.WARNING)
    frames = rehearse(int(dots), float(per_s))

    async def positions(websocket: WebSocket) -> None:
        await websocket.accept()
        try:
            for frame in itertools.cycle(frames):
                await websocket.send_bytes(frame)
                await asyncio.sleep(1 / float(per_s))
        except WebSocketDisconnect:
            return

    app = create_app(Settings(data_dir=Path(folder), secret_key=key), url)
    app.router.routes.insert(0, WebSocketRoute("/v1/live/positions", positions))
    uvicorn.run(
        app,
        port=int(port),
        loop="uvloop",
        http="httptools",
        ws_per_message_deflate=False,
        access_log=False,
        log_config=None,
    )


if __name__ == "__main__":
    main()
