"""HTTP of messages: what was sent and why not, the device's inbox and receipts, the switch that stops all sending."""

from collections.abc import Sequence
from dataclasses import asdict, replace
from datetime import datetime
from typing import Any, Literal
from uuid import UUID

import msgspec
from fastapi import APIRouter, Request
from pydantic import AwareDatetime, BaseModel, Field

from geoengage.kit.db import Session
from geoengage.kit.http import PROBLEMS, Now, Paging, Tx
from geoengage.kit.ids import TenantId
from geoengage.kit.pseudonym import as_text, pseudonym
from geoengage.kit.shapes import Shape
from geoengage.messaging import service, store
from geoengage.messaging.api.ledger import DeadLetterOut, Wanted, in_words, letters_of
from geoengage.messaging.rules import DEAD, Blocker, CardContent, CardPosition, MessageChannel, Status, not_taken
from geoengage.messaging.store import MessageFilter, MessageView
from geoengage.profiles import store as profiles_store
from geoengage.profiles.models import Device
from geoengage.tenancy.auth import DeviceCaller, Reader, Sender
from geoengage.tenancy.rules import Scope, actor_name

router = APIRouter(tags=["messages"], responses=PROBLEMS)
_MOST_CARDS = 5
_SHOWN = (Status.SENT, Status.UNKNOWN)  # what a phone may have shown


class PassedOverOut(BaseModel):
    """A channel that a message did not take, though it came first."""

    channel: str = Field(description="Which.")
    reason: str = Field(description="Why: `spend_limit`, `session_limit`, or the provider's reason of a failure.")
    text: str = Field(description="The same in a sentence for people.")


class MessageOut(BaseModel):
    """One message to a person, from decision to receipt."""

    id: UUID = Field(description="Identifies the message; rises with time.")
    campaign_id: UUID | None = Field(description="The campaign that decided it; null: it tells of an order.")
    campaign_name: str | None = Field(description="Its name now.")
    store_id: UUID | None = Field(description="The store that speaks; null: the whole tenant.")
    store_name: str | None = Field(description="Its name now.")
    brand_color: str | None = Field(description="Its colour, `#rrggbb`.")
    device_id: UUID | None = Field(
        description="The device, for callers with the right `people`; else null, as where it went to none."
    )
    pseudonym: str = Field(
        description="The device's name on the day of the message, as in the live stream; the person's where it is for"
        " no device."
    )
    has_device: bool = Field(description="Whether it is for a device, whose way `/v1/explain` tells.")
    zone_id: UUID | None = Field(description="The zone that triggered it.")
    zone_name: str | None = Field(description="The zone's name in that version.")
    zone_version: int | None = Field(description="The version of the zone that matched.")
    visit_id: UUID | None = Field(description="The visit during which it was triggered.")
    status: Status = Field(
        description="`queued`, `sending`, then `sent`, `skipped` (see `reason`), `failed`, `misconfigured` (yours to"
        " mend; tried again while it is valid) or `unknown` (the provider gave no answer)."
    )
    reason: str | None = Field(
        description="Why it was skipped: " + ", ".join(Blocker) + ". Or the provider's reason of a failure."
    )
    reason_text: str | None = Field(description="Why it was skipped, in a sentence for people; else null.")
    blockers: list[str] = Field(description="Everything that spoke against sending it, in the order of checks.")
    title: str = Field(description="As rendered.")
    body: str = Field(description="As rendered.")
    created_at: datetime = Field(description="When it was decided.")
    sent_at: datetime | None = Field(description="When the provider had taken it.")
    expires_at: datetime = Field(description="It is never sent after this.")
    received_at: datetime | None = Field(description="When the app says it arrived.")
    opened_at: datetime | None = Field(description="When the app says it was opened.")
    channel: Literal["fcm", "webpush", "email", "inbox", "web_card", "whatsapp", "viber", "sms", "preview"] | None = (
        Field(
            description="How it went: Firebase, web push, e-mail, the app's inbox, a card on a page, WhatsApp, Viber or"
            " SMS, or the preview inbox (test devices, or no credentials)."
        )
    )
    channels: list[MessageChannel] = Field(
        description="The channel it took or will take, and those that would be tried after it."
    )
    passed_over: list[PassedOverOut] = Field(
        description="Channels that it did not take, because they failed for good or the store had no money left."
    )
    provider_answer: str | None = Field(description="What the provider said last.")
    dead: DeadLetterOut | None = Field(description="Where it failed for good: whether it may be tried again.")


class MessagePage(BaseModel):
    """Messages, newest first."""

    items: list[MessageOut] = Field(description="This page.")
    next: str | None = Field(description="`cursor` of the next page; null at the end.")


class InboxItem(BaseModel):
    """A message as its reader sees it."""

    id: UUID = Field(description="Send it back in receipts.")
    title: str = Field(description="First line.")
    body: str = Field(description="Text.")
    status: Literal["sent", "unknown"] = Field(description="`unknown`: the phone may not have shown it.")
    campaign_id: UUID | None = Field(description="The campaign it belongs to.")
    store_id: UUID | None = Field(description="The store that speaks; null: the mall or chain itself.")
    store_name: str | None = Field(description="The store's name.")
    brand_color: str | None = Field(description="The store's colour, `#rrggbb`.")
    created_at: datetime = Field(description="When it was decided.")
    expires_at: datetime = Field(description="After this it speaks of the past.")
    opened_at: datetime | None = Field(description="When it was opened.")
    link: str | None = Field(description="Where it leads: https, or the app's own scheme.")
    image_url: str | None = Field(description="Its picture.")


class InboxPage(BaseModel):
    """A device's messages, newest first."""

    items: list[InboxItem] = Field(description="This page.")
    next: str | None = Field(description="`cursor` of the next page; null at the end.")


class ReceiptIn(Shape):
    """What became of a message on the phone or page."""

    message_id: UUID = Field(description="`message_id` of the push's data, or `id` of the inbox.")
    kind: Literal["received", "shown", "opened", "clicked", "dismissed"] = Field(
        description="What happened. `shown` and `clicked` are a card's; what is dismissed is not listed any more."
    )
    at: AwareDatetime | None = Field(default=None, description="When, on the phone's clock; default: now.")


class StopIn(Shape):
    """Why sending stops."""

    reason: str | None = Field(default=None, max_length=500, description="For the audit trail and the console.")


@router.get("/v1/messages")
async def list_messages(
    request: Request,
    me: Reader,
    tx: Tx,
    page: Paging,
    now: Now,
    wanted: Wanted,
) -> MessagePage:
    """List messages, newest first: sent ones, and skipped ones with the reason.

    A credential restricted to stores sees the messages of its stores.
    """
    rows = await store.list_messages(tx, me.tenant_id, wanted, page.after, page.limit + 1)
    shown, following = page.cut(rows, _id)
    failed = [view.message.id for view in shown if view.message.status in DEAD]
    letters = await letters_of(tx, me, failed, now)
    key, people = request.app.state.signing_key, me.may(Scope.PEOPLE)
    items = [_message_out(view, key, letters.get(view.message.id), people=people) for view in shown]
    return MessagePage(items=items, next=following)


@router.get("/v1/inbox")
async def get_inbox(request: Request, me: DeviceCaller, tx: Tx, page: Paging, now: Now) -> InboxPage:
    """What this device was sent, newest first; also in the preview, where no push goes out.

    And what was put into the inbox without a push, until it ends or is dismissed. What speaks of a content item says
    what the item says now, and is gone when it was cancelled. After a log-out the messages of the person before are
    not shown.
    """
    device = await profiles_store.get_device(tx, me.tenant_id, me.id, me.token_version)
    people = await _people(tx, me.tenant_id, device)
    wanted = MessageFilter(person_ids=people, statuses=_SHOWN, shown_on=(device.id, now))
    rows = await store.list_messages(tx, me.tenant_id, wanted, page.after, page.limit + 1)
    shown, following = page.cut(rows, _id)
    told = await _as_now(request, tx, TenantId(me.tenant_id), shown)
    items = [_columns(view) for view in told if view.says.expires_at > now or view.way != MessageChannel.INBOX]
    return InboxPage(items=[InboxItem.model_validate(item) for item in items], next=following)


class CardOut(BaseModel):
    """A card to be shown inside a web page."""

    id: UUID = Field(description="Send it back in receipts.")
    title: str = Field(description="First line; plain text.")
    body: str = Field(description="Text; plain text.")
    position: CardPosition = Field(description="Where the page shows it.")
    image_url: str | None = Field(description="https picture.")
    link: str | None = Field(description="https address that a click leads to.")
    button: str | None = Field(description="Words on the button; null: the whole card is the link.")
    store_name: str | None = Field(description="The store that speaks.")
    brand_color: str | None = Field(description="Its colour, `#rrggbb`.")
    expires_at: datetime = Field(description="It is not shown after this.")


class CardsOut(BaseModel):
    """The cards of a page, newest first."""

    items: list[CardOut] = Field(description="At most five.")


@router.get("/v1/cards")
async def list_cards(request: Request, me: DeviceCaller, tx: Tx, now: Now) -> CardsOut:
    """What a web page shows this visitor now. Tell `shown`, `clicked` or `dismissed` with `POST /v1/receipts`.

    A card is gone once it has ended, was clicked or dismissed, or its campaign was stopped. Only devices of the
    platform `web` have cards.
    """
    device = await profiles_store.get_device(tx, me.tenant_id, me.id, me.token_version)
    if device.platform != "web":
        return CardsOut(items=[])
    people = await _people(tx, me.tenant_id, device)
    found = await store.list_cards(tx, me.tenant_id, device.id, people, now, _MOST_CARDS)
    told = await _as_now(request, tx, TenantId(me.tenant_id), found)
    return CardsOut(items=[_card(view) for view in told if view.says.expires_at > now])


async def _as_now(
    request: Request, session: Session, tenant_id: TenantId, views: Sequence[MessageView]
) -> list[MessageView]:
    """With the words of the items that they speak of, where these have changed since."""
    named = [view.says for view in views if view.says.wording is not None]
    words = await request.app.state.rewrite(session, tenant_id, named) if named else {}
    return [replace(view, rewritten=words.get(view.message.id)) for view in views]


@router.post("/v1/receipts", status_code=204)
async def post_receipt(body: ReceiptIn, me: DeviceCaller, tx: Tx, now: Now) -> None:
    """Tell that a message was received, opened or dismissed. Safe to repeat: the first of each kind counts."""
    device = await profiles_store.get_device(tx, me.tenant_id, me.id, me.token_version)
    people = await _people(tx, me.tenant_id, device)
    at = body.at or now
    await service.record_receipt(tx, me.tenant_id, device.id, people, body.message_id, kind=body.kind, at=at, now=now)


async def _people(tx: Session, tenant_id: TenantId, device: Device) -> frozenset[UUID]:
    """Whom messages to who uses this device may name: the device, the person, and who was merged into them."""
    if device.profile_id is None:
        return frozenset({device.id})
    return frozenset({device.id, *await profiles_store.list_merged(tx, tenant_id, device.profile_id)})


def _card(view: MessageView) -> CardOut:
    message = view.message
    card, says = msgspec.convert(message.card or {}, CardContent), view.says
    push = says.push
    return CardOut(
        id=message.id,
        title=says.title,
        body=says.body,
        position=card.position,
        image_url=push.image_url,
        # a page can open https only
        link=push.link if push.link is not None and push.link.startswith("https://") else None,
        button=card.button,
        store_name=view.store_name,
        brand_color=view.brand_color,
        expires_at=says.expires_at,
    )


@router.post("/v1/sending/stop", status_code=204)
async def stop_sending(me: Sender, tx: Tx, now: Now, body: StopIn | None = None) -> None:
    """Stop all sending of the tenant at once. What waits is skipped with `sending_stopped`. Safe to repeat."""
    await service.stop_sending(tx, me.tenant_id, actor_name(me), body.reason if body else None, now)


@router.post("/v1/sending/resume", status_code=204)
async def resume_sending(me: Sender, tx: Tx, now: Now) -> None:
    """Send again from now on. What was skipped meanwhile stays skipped. Safe to repeat."""
    await service.resume_sending(tx, me.tenant_id, actor_name(me), now)


def _id(view: MessageView) -> UUID:
    return view.message.id


def _columns(view: MessageView) -> dict[str, Any]:
    """The members of an answer that are columns of a message or names beside it."""
    says = view.says
    names = {
        "store_name": view.store_name,
        "brand_color": view.brand_color,
        "title": says.title,
        "body": says.body,
        "expires_at": says.expires_at,
        "link": says.push.link,
        "image_url": says.push.image_url,
    }
    return {name: getattr(view.message, name) for name in InboxItem.model_fields if name not in names} | names


def _message_out(view: MessageView, key: str, letter: DeadLetterOut | None, *, people: bool) -> MessageOut:
    message = view.message
    who = message.device_id or message.person_id
    names = {
        "campaign_name": view.campaign_name,
        "store_name": view.store_name,
        "brand_color": view.brand_color,
        "zone_name": view.zone_name,
        "pseudonym": as_text(pseudonym(key, message.tenant_id, who, message.created_at.date())),
        "device_id": message.device_id if people else None,
        "has_device": message.device_id is not None,
        "reason_text": in_words(message.reason) if message.status == Status.SKIPPED else None,
        "dead": letter,
        "passed_over": [PassedOverOut(**asdict(not_taken(kept))) for kept in message.passed_over],
    }
    columns = {name: getattr(message, name) for name in MessageOut.model_fields if name not in names}
    return MessageOut(**columns, **names)
