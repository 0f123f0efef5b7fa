"""A person's time line: what kinds of things stand in it, where a page ends, and the words of each. Pure."""

import base64
import binascii
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from enum import StrEnum
from heapq import merge
from itertools import islice
from typing import Any
from uuid import UUID

from geoengage.kit import errors
from geoengage.reports.rules.explain import message_text, not_by_text

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_MICROSECOND = timedelta(microseconds=1)
MOST_WORDS = 200  # characters of a text in the list


class Kind(StrEnum):
    """What an entry is about. `visit` is a place where the person was: it needs the scope `people` and a reason."""

    VISIT = "visit"
    MESSAGE = "message"
    REPLY = "reply"
    ORDER = "order"
    REFUND = "refund"
    CART = "cart"
    EVENT = "event"
    CONSENT = "consent"
    NOTE = "note"
    MERGE = "merge"


@dataclass(frozen=True, slots=True, kw_only=True)
class Entry:
    """One thing that happened. `title` in a few words, `text` what more there is to say, `status` what became of it.

    `ref`: the thing itself (order, message, conversation, visit, cart, note). Amounts are in minor units of `currency`;
    a refund's is what went back.
    """

    id: UUID
    at: datetime
    kind: Kind
    title: str
    text: str | None = None
    status: str | None = None
    store_id: UUID | None = None
    store_name: str | None = None
    amount_minor: int | None = None
    currency: str | None = None
    ref: UUID | None = None
    device_id: UUID | None = None

    @property
    def place(self) -> tuple[datetime, UUID]:
        """Where it stands in the order of time."""
        return self.at, self.id


@dataclass(frozen=True, slots=True)
class Below:
    """Where a page begins: at entries before (`at`, `id`)."""

    at: datetime
    id: UUID


NOW = Below(datetime(9999, 1, 1, tzinfo=UTC), UUID(int=2**128 - 1))


def write_cursor(entry: Entry) -> str:
    """Where the page after this entry begins, as opaque text."""
    micros = (entry.at - _EPOCH) // _MICROSECOND
    return base64.urlsafe_b64encode(micros.to_bytes(8, "big", signed=True) + entry.id.bytes).decode()


def read_cursor(text: str | None) -> Below:
    """Where that page begins; the start without a cursor. Raises Invalid for a text that is none."""
    if text is None:
        return NOW
    try:
        raw = base64.b64decode(text, altchars=b"-_", validate=True)
        return Below(_EPOCH + int.from_bytes(raw[:8], "big", signed=True) * _MICROSECOND, UUID(bytes=raw[8:]))
    except (ValueError, binascii.Error, OverflowError) as error:
        raise errors.Invalid("cursor: take the `next` of the page before, unchanged") from error


def newest(lists: Iterable[Sequence[Entry]], limit: int) -> tuple[list[Entry], str | None]:
    """One page out of lists that are each newest first and hold up to `limit + 1`, and the cursor of the next."""
    found = list(islice(merge(*lists, key=lambda e: e.place, reverse=True), limit + 1))
    page = found[:limit]
    return page, write_cursor(page[-1]) if len(found) > limit else None


Row = Mapping[str, Any]


def visit(row: Row, now: datetime) -> Entry:
    """A stay in a zone."""
    left = row["exited_at"]
    stayed = duration((left or now) - row["at"])
    text = f"Stayed {stayed}." if left else f"There for {stayed}, and not left yet."
    return Entry(
        **_head(row, Kind.VISIT),
        title=row["zone_name"] or "A place that is gone",
        text=text,
        status="left" if left else "there",
        ref=row["id"],
        device_id=row["device_id"],
    )


def message(row: Row) -> Entry:
    """A message and what became of it."""
    if row["opened_at"]:
        status, text = "opened", f"Opened by the person. {not_by_text(row['passed_over'])}".rstrip()
    elif row["received_at"]:
        status, text = "received", f"Arrived on the phone. {not_by_text(row['passed_over'])}".rstrip()
    else:
        status, text = row["status"], message_text(row)
    name = row["campaign_name"]
    return Entry(
        **_head(row, Kind.MESSAGE),
        title=row["title"] or name or "Message",
        text=f"{text} Campaign “{name}”." if name else text,
        status=status,
        ref=row["id"],
        device_id=row["device_id"],
    )


def reply(row: Row) -> Entry:
    """They wrote to a store."""
    return Entry(
        **_head(row, Kind.REPLY),
        title=f"Wrote by {_BY.get(row['channel'], row['channel'])}",
        text=shortened(row["text"]) or None,
        ref=row["conversation_id"],
    )


def order(row: Row) -> Entry:
    """Something was bought, or brought back."""
    things = row["things"] or []
    brought_back = row["total_minor"] < 0
    return Entry(
        **_head(row, Kind.ORDER),
        title=f"{'Return' if brought_back else 'Order'} {row['external_id']}",
        text=", ".join(filter(None, [listed(things), _CHANNELS.get(row["channel"])])) or None,
        status=row["status"],
        amount_minor=row["total_minor"],
        currency=row["currency"],
        ref=row["id"],
    )


def refund(row: Row) -> Entry:
    """Money went back."""
    return Entry(
        **_head(row, Kind.REFUND),
        title=f"Refund of order {row['external_id']}",
        text=row["reason"],
        amount_minor=row["amount_minor"],
        currency=row["currency"],
        ref=row["order_id"],
    )


def cart(row: Row) -> Entry:
    """What became of a cart, by its last change."""
    things = row["things"] or []
    status = row["status"]
    if status == "open" and row["abandoned_at"]:
        status = "abandoned"
    elif status == "ordered" and row["recovered_at"]:
        status = "recovered"
    return Entry(
        **_head(row, Kind.CART),
        title="Cart" if things else "An empty cart",
        text=listed(things) or None,
        status=status,
        amount_minor=row["value_minor"],
        currency=row["currency"],
        ref=row["id"],
    )


def event(row: Row) -> Entry:
    """What a site, an app or a server said that the person did."""
    said = row["properties"]
    about = next((str(said[name]) for name in _ABOUT if said.get(name)), None)
    claim = "said by a browser, not proven" if row["is_claim"] else None
    text = ". ".join(filter(None, [about and shortened(about), claim]))
    return Entry(**_head(row, Kind.EVENT), title=row["name"] or row["type"], text=text or None, status=None)


def consent(row: Row) -> Entry:
    """A decision about messages, or about what a device may tell."""
    channel = row["channel"]
    subject = row["purpose"].replace("_", " ")
    title = f"{subject} by {_BY.get(channel, channel)}" if channel else f"{subject}, on a device"
    version = f", text {row['text_version']}" if row["text_version"] else ""
    return Entry(
        **_head(row, Kind.CONSENT),
        title=title[0].upper() + title[1:],
        text=f"From {row['source']}{version}.",
        status=row["state"],
    )


def note(row: Row) -> Entry:
    """What somebody wrote."""
    return Entry(**_head(row, Kind.NOTE), title=f"Note by {row['author']}", text=shortened(row["text"]), ref=row["id"])


def joined(row: Row) -> Entry:
    """Ids came together, or an operator said that they are one person or two."""
    known = sorted(row["ids"], key=lambda one: (list(_IDS).index(one[0]), one[1]))
    *most, last = (id_words(kind, value) for kind, value in known)
    ids = f"{', '.join(most)} and {last}" if most else last
    is_same = row["kind"] == "same"
    said = row["reason"] or ("They came together." if is_same else None)
    by = "An operator said so" if row["proof"] == "operator" else f"From {row['source']}"
    taken_back = "Taken back." if row["retired_at"] else None
    return Entry(
        **_head(row, Kind.MERGE),
        title=f"One person: {ids}" if is_same else f"Two people: {ids}",
        text=" ".join(filter(None, [said, f"{by}.", taken_back])),
        status=None if is_same else "different",
    )


_BY = {
    "web_push": "web push", "email": "e-mail", "sms": "SMS", "whatsapp": "WhatsApp", "viber": "Viber", "in_app": "app",
}  # fmt: skip
_CHANNELS = {"web": "on the web", "app": "in the app", "pos": "in the store", "phone": "by telephone"}
_ABOUT = ("name", "product_id", "query", "title", "url", "order_id")  # what an event is about, the first that is there
_IDS = {
    "external_id": "customer id", "loyalty_card": "card", "source_id": "id", "email": "e-mail", "phone": "phone",
    "anonymous_id": "browser", "claim": "claim",
}  # fmt: skip
_MOST_THINGS = 3


def id_words(kind: str, value: str) -> str:
    """An id as people speak of it."""
    return f"{_IDS.get(kind, kind)} {value}"


def listed(things: Sequence[str]) -> str:
    """The first of many things, and how many more."""
    more = len(things) - _MOST_THINGS
    return ", ".join(things[:_MOST_THINGS]) + (f" and {more} more" if more > 0 else "")


def _head(row: Row, kind: Kind) -> dict[str, Any]:
    """What every entry has."""
    return {
        "id": row["id"], "at": row["at"], "kind": kind, "store_id": row["store_id"], "store_name": row["store_name"],
    }  # fmt: skip


def duration(span: timedelta) -> str:
    """`45 s`, `12 min`, `1 h 30 min`."""
    seconds = max(0, round(span.total_seconds()))
    if seconds < 60:
        return f"{seconds} s"
    minutes = seconds // 60
    if minutes < 60:
        return f"{minutes} min"
    hours, minutes = divmod(minutes, 60)
    return f"{hours} h {minutes} min" if minutes else f"{hours} h"


def shortened(text: str) -> str:
    """Its first characters, when it is long."""
    return text if len(text) <= MOST_WORDS else text[: MOST_WORDS - 1].rstrip() + "…"
