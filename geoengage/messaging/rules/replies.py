"""What people write back: how much of it is kept, when it may be answered, where a page of conversations ends. Pure."""

import base64
import binascii
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from enum import StrEnum
from uuid import UUID

from geoengage.kit import errors
from geoengage.kit.event_base import Event
from geoengage.messaging.rules.drafts import Status
from geoengage.messaging.rules.text import clean

TEXT_MOST = 4_000  # characters that are kept of a text, and that an answer may have
ANSWER_LIVES = timedelta(hours=24)  # an answer that waits longer comes too late to be one
SAME_TALK = timedelta(days=14)  # for so long what is written to the tenant's account is about the last message by it
WRITTEN = ("whatsapp", "viber", "sms", "email")  # channels by which people write
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_MICROSECOND = timedelta(microseconds=1)


class ReplyReceived(Event, frozen=True, kw_only=True, tag="reply.received"):
    """Somebody wrote to a store (None: to the tenant). Without the text, which only the API tells.

    `profile_id`: who that was then.
    """

    conversation_id: UUID
    reply_id: UUID
    store_id: UUID | None
    channel: str
    profile_id: UUID
    at: datetime


class ConversationChanged(Event, frozen=True, kw_only=True, tag="conversation.changed"):
    """Somebody read a conversation, answered it, took it, gave it away or put it away (or back).

    `by`: the operator or key, so that who did it need not look again.
    """

    conversation_id: UUID
    store_id: UUID | None
    by: UUID
    at: datetime


class WhyNot(StrEnum):
    """Why a conversation cannot be answered."""

    WINDOW_CLOSED = "window-closed"
    STOPPED = "stopped"
    REFUSED = "refused"
    NO_ADDRESS = "no-address"
    NO_SENDER = "no-sender"


WORDS = {
    WhyNot.WINDOW_CLOSED: "WhatsApp takes a free text for 24 hours after they wrote; use a template, or wait until they"
    " write again",
    WhyNot.STOPPED: "they said STOP; they can be answered when they write again",
    WhyNot.REFUSED: "they want no messages by this channel at all",
    WhyNot.NO_ADDRESS: "nothing arrives at this address, or it was never proven",
    WhyNot.NO_SENDER: "the account that they wrote to is gone; put it again",
}


def why_not(
    *, has_sender: bool, is_stopped: bool, is_reachable: bool, is_refused: bool, has_window: bool, is_open: bool
) -> WhyNot | None:
    """What keeps an answer from going now, the first of all that does; None: it may go.

    `has_window`: the channel takes texts for a while only; `is_open`: that while is not over.
    """
    found = (
        (not has_sender, WhyNot.NO_SENDER),
        (is_stopped, WhyNot.STOPPED),
        (is_refused, WhyNot.REFUSED),
        (not is_reachable, WhyNot.NO_ADDRESS),
        (has_window and not is_open, WhyNot.WINDOW_CLOSED),
    )
    return next((why for holds, why in found if holds), None)


def kept_text(text: str) -> str:
    """What is kept of what somebody wrote."""
    plain = clean(text)
    return plain if len(plain) <= TEXT_MOST else plain[: TEXT_MOST - 1] + "…"


def answer_status(status: str | None, *, received: bool, read: bool) -> str:
    """What became of an answer, for people: `sent` also where the message itself is not kept any more."""
    if status in (None, Status.SENT):
        return "read" if read else "delivered" if received else "sent"
    return str(status)


def subject_of(subject: str | None) -> str:
    """The subject of an answer to an e-mail."""
    plain = clean(subject or "", one_line=True)[:150]
    return plain if plain[:3].casefold() == "re:" else f"Re: {plain}".strip()


@dataclass(frozen=True, slots=True)
class Place:
    """A place in a list by time, the newest first."""

    at: datetime
    id: UUID


TOP = Place(datetime(9999, 1, 1, tzinfo=UTC), UUID(int=2**128 - 1))


def write_place(place: Place) -> str:
    """It as an opaque cursor."""
    micros = (place.at - _EPOCH) // _MICROSECOND
    return base64.urlsafe_b64encode(micros.to_bytes(8, "big", signed=True) + place.id.bytes).decode()


def read_place(cursor: str | None) -> Place:
    """The place that a cursor names; the top without one. Raises Invalid for a text that is none."""
    if cursor is None:
        return TOP
    try:
        raw = base64.b64decode(cursor, altchars=b"-_", validate=True)
        return Place(_EPOCH + int.from_bytes(raw[:8], "big", signed=True) * _MICROSECOND, UUID(bytes=raw[8:]))
    except (ValueError, binascii.Error, OverflowError) as error:
        raise errors.Invalid("cursor: take the `next` of the page before, unchanged") from error
