"""HTTP for operators and servers: the events of people, and those that were refused."""

from datetime import datetime
from typing import Annotated, Any
from uuid import UUID

from fastapi import APIRouter, Query
from pydantic import AwareDatetime, Field

from geoengage.ingest import store
from geoengage.ingest.rules.segment import EventKind, Refused
from geoengage.kit.http import PROBLEMS, Paging, Tx
from geoengage.kit.shapes import Shape
from geoengage.profiles.models import TrackedEvent
from geoengage.profiles.store import EventFilter, list_events
from geoengage.tenancy.auth import Admin, PeopleReader

router = APIRouter(tags=["events"], responses=PROBLEMS)


class EventOut(Shape):
    """Something a person did, as a site, an app or a server told it."""

    id: UUID = Field(description="Identifies the event; rises with the time of arrival.")
    profile_id: UUID = Field(description="Whose it is now.")
    at: datetime = Field(description="When it happened, corrected for the sender's clock.")
    received_at: datetime = Field(description="When it arrived.")
    type: EventKind = Field(description="Which call of Segment's API told it.")
    name: str | None = Field(description="The track event, the page or screen, or the group's id; else null.")
    message_id: str = Field(description="The sender's name of the event.")
    is_claim: bool = Field(description="It came with a browser's key, so nothing that it says is proven.")
    properties: dict[str, Any] = Field(description="What was said of it, without coordinates.")
    context: dict[str, Any] = Field(description="App, page, campaign, language and model of the device.")
    product_ids: list[str] = Field(description="Products that it speaks of.")
    order_id: str | None = Field(description="The order that it is about.")


class EventPage(Shape):
    """Events, the last to arrive first."""

    items: list[EventOut] = Field(description="This page.")
    next: str | None = Field(description="`cursor` of the next page; null at the end.")


class RejectionOut(Shape):
    """An event that was refused, or stored and of no effect."""

    id: UUID = Field(description="Identifies this note.")
    received_at: datetime = Field(description="When the event came.")
    key_id: UUID = Field(description="The write key that it came with.")
    reason: Refused = Field(
        description="Why. `no_user_anon_id`: no id that counts. `browser_order`, `refund_amount_unknown` and their like"
        " are about events that are kept: docs/events.md says what to do about each."
    )
    is_kept: bool = Field(description="The event is stored, but changed no order or cart, or not as it might have.")
    type: str | None = Field(description="Which call, as far as it could be read.")
    name: str | None = Field(description="Name of the event, as far as it could be read.")
    message_id: str | None = Field(description="The sender's name of the event, where it gave one.")


class RejectionPage(Shape):
    """Refused events, the latest first."""

    items: list[RejectionOut] = Field(description="This page.")
    next: str | None = Field(description="`cursor` of the next page; null at the end.")


@router.get("/v1/events")
async def get_events(
    me: PeopleReader,
    tx: Tx,
    page: Paging,
    profile_id: Annotated[UUID | None, Query(description="Only those of this person.")] = None,
    name: Annotated[str | None, Query(max_length=255, description="Only those of this name.")] = None,
    type: Annotated[EventKind | None, Query(description="Only this call.")] = None,
    since: Annotated[AwareDatetime | None, Query(description="Only what happened then or later.")] = None,
    until: Annotated[AwareDatetime | None, Query(description="Only what happened before.")] = None,
) -> EventPage:
    """What people did on sites and in apps, the last to arrive first. Needs the scope `people`."""
    wanted = EventFilter(profile_id, name, type, since, until)
    rows = await list_events(tx, me.tenant_id, wanted, page.after, page.limit + 1)
    items, after = page.cut(rows, lambda row: row[0].id)
    return EventPage(items=[_out(event, owner) for event, owner in items], next=after)


def _out(event: TrackedEvent, profile_id: UUID) -> EventOut:
    about = {name: getattr(event, name) for name in EventOut.model_fields if name != "profile_id"}
    return EventOut(**about, profile_id=profile_id)


@router.get("/v1/event-rejections")
async def get_event_rejections(
    me: Admin,
    tx: Tx,
    page: Paging,
    reason: Annotated[Refused | None, Query(description="Only those refused for this reason.")] = None,
) -> RejectionPage:
    """Events of the last seven days that were refused or had no effect; of one request a hundred at most."""
    rows = await store.list_rejections(tx, me.tenant_id, reason, page.after, page.limit + 1)
    items, after = page.cut(rows, lambda row: row.id)
    return RejectionPage(items=[RejectionOut.model_validate(row) for row in items], next=after)
