"""The preference page as HTML: words by language, the look of a brand, which choices there are. Pure.

It works without JavaScript and loads nothing. Everything that comes from data is escaped by the templates.
"""

import json
import re
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from functools import lru_cache
from pathlib import Path
from typing import Any
from uuid import UUID

from babel.dates import format_date
from jinja2 import Environment, FileSystemLoader, StrictUndefined

from geoengage.profiles.rules import (
    Channel,
    ConsentState,
    PointState,
    Purpose,
    Reach,
    Standing,
    deciding,
    hold_of,
)

TEXT_VERSION = "preferences-1"
DEFAULT_COLOR = "#24435c"
CSP = (
    "default-src 'none'; style-src 'nonce-{nonce}'; img-src data:; form-action 'self'; base-uri 'none';"
    " frame-ancestors 'none'"
)
ORDER = ("en", "de", "fr", "da", "ro", "lv", "sr", "ar")  # in which languages are offered
_HERE = Path(__file__).parent
_ASKED = (Purpose.MARKETING, Purpose.SERVICE)

# In which group of the page the rows of an export are counted; all else are records.
GROUPS: Mapping[str, Collection[str]] = {
    "g_profile": {"profile", "ids", "statements", "known_to_stores", "joined_ids"},
    "g_positions": {
        "positions", "refused_positions", "last_position", "past_positions", "inside_now", "visits", "zone_events",
        "regions", "timers",
    },
    "g_messages": {"messages", "waiting_messages", "receipts", "attention_budget", "decided_once"},
    "g_purchases": {"orders", "carts", "guest_orders"},
    "g_consents": {
        "consents", "choices", "choice_history", "pauses", "addresses", "address_proofs", "preference_links",
    },
    "g_devices": {"devices", "registrations"},
}  # fmt: skip

_pages = Environment(
    loader=FileSystemLoader(_HERE / "pages"), autoescape=True, undefined=StrictUndefined, trim_blocks=True
)


@lru_cache
def words(language: str) -> Mapping[str, str]:
    """All words of the page in one of `ORDER`."""
    found: dict[str, str] = json.loads((_HERE / "words" / f"{language}.json").read_text())
    return found


def choose_language(*wanted: str | None) -> str:
    """The first wanted language that the page speaks; English if none."""
    for tag in wanted:
        main = re.split("[-_]", tag or "")[0].lower()
        if main in ORDER:
            return main
    return "en"


def accepted(header: str) -> list[str]:
    """The languages of an Accept-Language header, the most wanted first."""
    weighed = []
    for part in header[:500].split(","):
        tag, _, weight = part.strip().partition(";q=")
        try:
            weighed.append((-float(weight or 1), tag))
        except ValueError:
            continue
    return [tag for _, tag in sorted(weighed, key=lambda pair: pair[0])]


@dataclass(frozen=True, slots=True)
class Brand:
    """Whose page it is. `color` is `#rrggbb`."""

    name: str
    color: str

    @property
    def ink(self) -> str:
        """Black or white: what can be read on the colour (WCAG 2.2, relative luminance)."""
        parts = [int(self.color[i : i + 2], 16) / 255 for i in (1, 3, 5)]
        r, g, b = (c / 12.92 if c <= 0.04045 else ((c + 0.055) / 1.055) ** 2.4 for c in parts)
        return "#000000" if 0.2126 * r + 0.7152 * g + 0.0722 * b > 0.179 else "#ffffff"


@dataclass(frozen=True, slots=True)
class Choice:
    """One box to tick. `key` says what of, and comes back with the form. `is_own`: it was decided for just this."""

    channel: Channel
    purpose: Purpose
    store_id: UUID | None
    is_on: bool
    is_pending: bool = False
    is_own: bool = False

    @property
    def key(self) -> str:
        return f"{self.channel}|{self.purpose}|{self.store_id or ''}"


@dataclass(frozen=True, slots=True)
class Section:
    """The choices of one purpose."""

    name: Purpose
    choices: Sequence[Choice]


@dataclass(frozen=True, slots=True)
class Sender:
    """The tenant or a store, and what it asks for."""

    name: str
    purposes: Sequence[Section]


def list_senders(
    standing: Standing, channels: Collection[Channel], tenant: str, stores: Mapping[UUID, str]
) -> list[Sender]:
    """What a person may choose: for the tenant and each store that they deal with, by every channel that reaches them,
    and by those about which they decided before. A store starts with what holds for it now."""
    decided = {d.channel for d in standing.decisions}
    used = [c for c in Channel if c in channels or c in decided]
    senders: list[tuple[UUID | None, str]] = [(None, tenant), *sorted(stores.items(), key=lambda pair: pair[1])]
    made = [
        Sender(name, [Section(p, [_choice(standing, c, p, store_id) for c in used]) for p in _ASKED])
        for store_id, name in senders
    ]
    return made if used else []


def _choice(standing: Standing, channel: Channel, purpose: Purpose, store_id: UUID | None) -> Choice:
    decision = deciding(standing.decisions, channel, purpose, store_id)
    if decision is None:
        return Choice(channel, purpose, store_id, is_on=purpose is Purpose.SERVICE)
    stopped_at = hold_of(standing.holds).stopped_at
    is_stopped = purpose is Purpose.MARKETING and stopped_at is not None and decision.at <= stopped_at
    pending = decision.state is ConsentState.PENDING and not is_stopped
    return Choice(
        channel,
        purpose,
        store_id,
        is_on=not is_stopped and (pending or decision.state is ConsentState.SUBSCRIBED),
        is_pending=pending,
        is_own=decision.store_id == store_id,
    )


def phone_ways(reach: Reach, accounts: Collection[tuple[Channel, str | None]]) -> list[Channel]:
    """WhatsApp, Viber and SMS: those of which the person has a number that is not dead, and that somebody sends by.

    `accounts`: by which channel each sends, and of WhatsApp the business whose own ids of people it takes.
    """
    points = reach.standing.points or {}
    takes = {
        channel
        for channel, business in accounts
        for phone in reach.phones
        if not phone.is_handle or (channel is Channel.WHATSAPP and phone.account == business)
        if points.get((phone.identifier_id, channel)) is not PointState.BOUNCED
    }
    return [channel for channel in (Channel.WHATSAPP, Channel.VIBER, Channel.SMS) if channel in takes]


def changed(senders: Sequence[Sender], shown: Collection[str], ticked: Collection[str]) -> list[Choice]:
    """The boxes that were shown and would otherwise be as the person did not leave them, as they left them.

    A store on which nothing was decided follows the tenant; where the person left its box otherwise, it is decided now.
    What was not shown was not decided.
    """
    choices = [c for sender in senders for section in sender.purposes for c in section.choices if c.key in shown]
    general = {(c.channel, c.purpose): c.key in ticked for c in choices if c.store_id is None}
    found = []
    for c in choices:
        follows = c.store_id is not None and not c.is_own
        otherwise = general.get((c.channel, c.purpose), c.is_on) if follows else c.is_on
        if otherwise is not (c.key in ticked):
            found.append(Choice(c.channel, c.purpose, c.store_id, is_on=c.key in ticked))
    return found


def grouped(counts: Mapping[str, int]) -> list[tuple[str, int]]:
    """Rows by kind, as an export names them, summed up in the page's groups."""
    of = {name: group for group, names in GROUPS.items() for name in names}
    sums: dict[str, int] = dict.fromkeys([*GROUPS, "g_other"], 0)
    for name, count in counts.items():
        sums[of.get(name, "g_other")] += count
    return [(group, count) for group, count in sums.items() if count]


def shown_date(moment: datetime, language: str) -> str:
    """A day as that language writes it."""
    return format_date(moment, format="long", locale=language)


@dataclass(frozen=True, slots=True)
class Frame:
    """What every page of a link has. `here`: its address without a query, "" where the language cannot be changed."""

    language: str
    brand: Brand
    controller: str
    here: str
    nonce: str


def render(frame: Frame, template: str, title: str, **values: Any) -> str:
    """One page; `title` names the word that is its heading."""
    t = words(frame.language)
    return _pages.get_template(f"{template}.html").render(
        t=t,
        title=t[title],
        language=frame.language,
        brand=frame.brand,
        controller=frame.controller,
        here=frame.here,
        nonce=frame.nonce,
        languages=[(code, words(code)["name"]) for code in ORDER] if frame.here else [],
        **values,
    )
