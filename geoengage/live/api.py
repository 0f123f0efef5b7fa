"""HTTP of the live page: server-sent events, positions over a WebSocket, counts. Streams hold no transaction."""

import asyncio
import contextlib
from collections.abc import AsyncIterator
from typing import Annotated, Literal
from uuid import UUID

from fastapi import APIRouter, Header, Query, Request, WebSocket
from fastapi.responses import StreamingResponse
from pydantic import BaseModel, Field
from starlette.websockets import WebSocketDisconnect

from geoengage.kit import errors, events
from geoengage.kit.db import transaction
from geoengage.kit.http import PROBLEMS, Tx
from geoengage.kit.ids import TenantId
from geoengage.live import store
from geoengage.live.feed import Feeds, gap, sse, what_follows
from geoengage.tenancy.auth import Reader, authenticate
from geoengage.tenancy.rules import Scope

router = APIRouter(tags=["live"])
PING_S = 15.0
POLL_S = 0.5
K_ANONYMOUS = 10
POLICY_VIOLATION = 1008
EventName = Literal["zone_event", "message", "reply", "conversation", "alert"]


@router.get(
    "/v1/live",
    response_class=StreamingResponse,
    responses=PROBLEMS
    | {
        200: {
            "content": {"text/event-stream": {}},
            "description": "zone_event, message, reply, conversation, alert and gap events.",
        }
    },
)
async def stream_live(
    request: Request,
    me: Reader,
    last_event_id: Annotated[
        str | None, Header(description="Resume after this ledger position.", max_length=20)
    ] = None,
    once: Annotated[bool, Query(description="End when everything so far was sent, instead of staying.")] = False,
    only: Annotated[
        list[EventName], Query(description="Events of these names alone, beside `gap`; left out: all.")
    ] = [],  # noqa: B006 - FastAPI copies it
) -> StreamingResponse:
    """Zone events, messages, replies and alerts as they happen. `id` is the ledger position; send it back to resume.

    Without Last-Event-ID the stream begins now. With it nothing is left out, also over restarts of the server, as far
    back as the ledger reaches; what it cannot say any more is told by an event `gap` {from_position, to_position,
    reason, text}, whose `reason` is `expired`, or `unknown` for a position that this ledger never had. People appear
    under a pseudonym that changes daily.
    """
    tenant_id = TenantId(me.tenant_id)
    key: str = request.app.state.signing_key
    sessions, feeds = request.app.state.sessions, request.app.state.feeds
    if last_event_id and not last_event_id.isdecimal():
        raise errors.Invalid("Last-Event-ID is a ledger position: take the `id` of the last event")
    async with transaction(sessions, tenant_id) as session:
        head = await events.head(session, tenant_id)
    asked = int(last_event_id) if last_event_id else head

    async def stream() -> AsyncIterator[bytes]:
        position, silent_s, ear = min(head, asked), 0.0, feeds.bell.ear()
        yield b"retry: 2000\n: ping\n\n"
        if asked > head:  # of a ledger that is gone, a restored database: begin now, and say so
            yield sse(head, "gap", gap("unknown"))
        while True:
            async with transaction(sessions, tenant_id) as session:
                told, reached = await what_follows(
                    session, tenant_id, position, key=key, store_ids=me.store_ids, only=only
                )
            for piece in told:
                yield piece
            if reached > position:
                position, silent_s = reached, 0.0
                continue
            if once:
                return
            await ear.wait(POLL_S)
            silent_s += POLL_S
            if silent_s >= PING_S:
                yield b": ping\n\n"
                silent_s = 0.0

    headers = {"Cache-Control": "no-store", "X-Accel-Buffering": "no"}
    return StreamingResponse(stream(), media_type="text/event-stream", headers=headers)


@router.websocket("/v1/live/positions")
async def stream_positions(websocket: WebSocket, mall_id: UUID, level: int) -> None:
    """Positions of one level, a binary frame about once a second. Whole-tenant principals only: dots cross shops."""
    try:
        me = await authenticate(websocket)
    except errors.AppError as error:
        await websocket.close(POLICY_VIOLATION, error.detail[:120])
        return
    tenant_id = TenantId(me.tenant_id)
    async with transaction(websocket.app.state.sessions, tenant_id) as session:
        known = await store.mall_exists(session, tenant_id, mall_id)
    if not known or me.store_ids is not None or not me.may(Scope.READ):
        await websocket.close(POLICY_VIOLATION, "no such mall for you")
        return
    await websocket.accept()
    feeds: Feeds = websocket.app.state.feeds
    key: str = websocket.app.state.signing_key
    async with feeds.watch(tenant_id, mall_id, level, key=key, is_demo=me.is_demo) as queue:
        gone = asyncio.create_task(_until_closed(websocket))
        while not gone.done():
            frame = asyncio.create_task(queue.get())
            await asyncio.wait({frame, gone}, return_when=asyncio.FIRST_COMPLETED)
            if not frame.done():
                frame.cancel()
                break
            with contextlib.suppress(WebSocketDisconnect, RuntimeError):
                await websocket.send_bytes(frame.result())
        gone.cancel()


async def _until_closed(websocket: WebSocket) -> None:
    with contextlib.suppress(WebSocketDisconnect, RuntimeError):
        while True:
            await websocket.receive_text()


class Occupancy(BaseModel):
    """How many are inside a zone now."""

    zone_id: UUID = Field(description="The zone.")
    inside: int | None = Field(description="Devices inside; null for 1–9 people, so that nobody can be singled out.")


class OccupancyList(BaseModel):
    """All published zones of a mall."""

    items: list[Occupancy] = Field(description="One per zone.")
    next: str | None = Field(default=None, description="Always null: this list is not paged.")


@router.get("/v1/live/occupancy", responses=PROBLEMS)
async def get_occupancy(
    me: Reader,
    tx: Tx,
    mall_id: Annotated[UUID | None, Query(description="Only zones of this mall.")] = None,
) -> OccupancyList:
    """How many devices are inside each published zone. In a tenant of real people counts under 10 are withheld."""
    if me.store_ids is not None:
        raise errors.Forbidden("live counts are for the mall's own people, not for single shops")
    counts = await store.count_inside(tx, TenantId(me.tenant_id), mall_id)
    items = [
        Occupancy(zone_id=zone_id, inside=n if me.is_demo or n == 0 or n >= K_ANONYMOUS else None)
        for zone_id, n in counts.items()
    ]
    return OccupancyList(items=items)
