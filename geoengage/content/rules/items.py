"""What a content item says, when it is on by the wall clock of its place, and how it moves through its states. Pure."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from enum import StrEnum
from typing import Any
from uuid import UUID
from zoneinfo import ZoneInfo

import msgspec

from geoengage.kit.event_base import Event


class ContentKind(StrEnum):
    """What sort of thing it is."""

    PROMOTION = "promotion"
    EVENT = "event"
    NEW_ARRIVAL = "new_arrival"
    NOTICE = "notice"


class ContentStatus(StrEnum):
    """A draft is seen by nobody outside; what was published is cancelled, never taken back silently."""

    DRAFT = "draft"
    PUBLISHED = "published"
    CANCELLED = "cancelled"


class Words(msgspec.Struct, frozen=True):
    """An item in one language: plain text, never HTML or Liquid."""

    title: str
    text: str = ""
    terms: str = ""


class Item(msgspec.Struct, frozen=True, kw_only=True):
    """Everything that somebody writes into an item.

    `starts` and `ends` (excluded) are naive: what the wall clock in `timezone` shows; None leaves that side open.
    `store_id`: whose it is and, without `zone_id`, where; nothing at all means everywhere.
    """

    kind: ContentKind
    texts: dict[str, Words]
    default_language: str
    timezone: str
    store_id: UUID | None = None
    mall_id: UUID | None = None
    zone_id: UUID | None = None
    starts: datetime | None = None
    ends: datetime | None = None
    products: tuple[str, ...] = ()
    categories: tuple[str, ...] = ()
    brands: tuple[str, ...] = ()
    image_url: str | None = None
    link: str | None = None


class ContentChanged(Event, frozen=True, kw_only=True, tag="content.changed"):
    """An item was written, published, edited or cancelled; it now stands at this revision."""

    content_id: UUID
    kind: str
    status: str
    revision: int
    store_id: UUID | None
    title: str


@dataclass(frozen=True, slots=True)
class Reference:
    """An item as one language's readers see it now: what a message that names it is written from."""

    id: UUID
    revision: int
    is_published: bool
    language: str
    words: Words
    timezone: str
    starts_at: datetime | None
    ends_at: datetime | None
    link: str | None
    image_url: str | None
    place: str | None


def moment(local: datetime | None, timezone: str) -> datetime | None:
    """The UTC moment of a local time. RFC 5545 3.3.5: of an hour that comes twice the first one is meant, and one that
    is skipped is read with the offset before the gap."""
    return None if local is None else local.replace(tzinfo=ZoneInfo(timezone), fold=0).astimezone(UTC)


def is_over(ends_at: datetime | None, now: datetime) -> bool:
    """Whether an item's time has passed."""
    return ends_at is not None and ends_at <= now


def language_for(known: Iterable[str], wanted: str | None, default: str) -> str:
    """Which of the languages a reader gets: the wanted one, else one with the same beginning (de-CH → de), else the
    default. The beginning is never longer than what was wanted, so pt-BR is not given to pt-PT unless nothing else is.
    """
    names = {_tag(name): name for name in known}
    parts = _tag(wanted or "").split("-")
    for length in range(len(parts), 0, -1):
        found = names.get("-".join(parts[:length]))
        if found is not None:
            return found
    same = sorted(name for tag, name in names.items() if tag.split("-")[0] == parts[0])
    return same[0] if same and wanted else default


def _tag(name: str) -> str:
    return name.replace("_", "-").lower()


def flaws(item: Item) -> dict[str, str]:
    """What is wrong with an item, by member."""
    found: dict[str, str] = {}
    if item.default_language not in item.texts:
        found["default_language"] = "is not among the languages of texts"
    starts, ends = moment(item.starts, item.timezone), moment(item.ends, item.timezone)
    if starts is not None and ends is not None and ends <= starts:
        found["ends"] = "must be after starts"
    if item.kind is ContentKind.EVENT and starts is None:
        found["starts"] = "an event has a start"
    return found


def after_publish(status: ContentStatus, ends_at: datetime | None, now: datetime) -> str | None:
    """Why an item cannot be published; None: it can. What was cancelled may be called again."""
    if is_over(ends_at, now):
        return "its end has passed: move it first"
    return None


def after_cancel(status: ContentStatus) -> str | None:
    """Why an item cannot be cancelled; None: it can."""
    return "it was never published: delete it instead" if status is ContentStatus.DRAFT else None


def as_json(item: Item) -> dict[str, Any]:
    """What a revision keeps."""
    found: dict[str, Any] = msgspec.to_builtins(item)
    return found


def values_of(reference: Reference, when: Mapping[str, str]) -> dict[str, str]:
    """What a message may say of an item: `{{ content.title }}` and the like. `when`: `starts` and `ends` in words."""
    return {
        "title": reference.words.title,
        "text": reference.words.text,
        "terms": reference.words.terms,
        "place": reference.place or "",
        "link": reference.link or "",
        "starts": when.get("starts", ""),
        "ends": when.get("ends", ""),
    }
