"""The channels of a message: which are tried in which order, and what each says beyond the text. Pure.

A channel here is a kind of way to a person. How it goes is the worker's to find: `push` is Firebase or web push.
"""

from collections.abc import Iterable, Mapping, Sequence
from enum import StrEnum
from typing import Any
from uuid import UUID

import msgspec

PREFERENCE_TRAIT = "preferred_channels"  # a list of channels, or one of them


class MessageChannel(StrEnum):
    """How a message reaches a person. `inbox`: shown in the app when it is opened; `web_card`: inside a web page."""

    PUSH = "push"
    EMAIL = "email"
    INBOX = "inbox"
    WEB_CARD = "web_card"
    WHATSAPP = "whatsapp"
    VIBER = "viber"
    SMS = "sms"


def passed_over(channel: str, reason: str) -> str:
    """That a message went by another of its channels than this one, and why, as it is kept."""
    return f"{channel}:{reason}"


# What may have arrived is not sent again: a phone replaces a push with the same key, a mailbox keeps both. Viber's
# provider refuses a message whose id it has had; Meta and Twilio take no key.
NEVER_REPEAT = frozenset({MessageChannel.EMAIL, MessageChannel.WHATSAPP, MessageChannel.SMS})


class Row(msgspec.Struct, frozen=True):
    """A line of a table: what, and how much."""

    label: str
    value: str


class EmailContent(msgspec.Struct, frozen=True, omit_defaults=True):
    """What an e-mail says beyond a message's title and text.

    `text`: in the place of the message's own, paragraphs parted by empty lines; `preheader`: what a list of e-mails
    shows beside the subject; `button`: words on the link; `rows`: a table, its last line the sum.
    """

    subject: str | None = None
    preheader: str | None = None
    text: str | None = None
    button: str | None = None
    rows: tuple[Row, ...] = ()


class CardPosition(StrEnum):
    """Where a page shows a card."""

    TOP = "top"
    BOTTOM = "bottom"
    CORNER = "corner"
    MODAL = "modal"


class CardContent(msgspec.Struct, frozen=True, omit_defaults=True):
    """What a web card says beyond a message's text; its picture and link are the message's."""

    position: CardPosition = CardPosition.CORNER
    button: str | None = None


class Answering(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """That a message answers somebody: it goes to no other address of theirs, by no other account.

    `sender_id`: the account of WhatsApp, SMS or Viber, or the app whose mail server it is. `in_reply_to`: the
    Message-ID of the e-mail that it answers.
    """

    conversation_id: UUID
    identifier_id: UUID
    sender_id: UUID
    in_reply_to: str | None = None


def wished_channels(attributes: Mapping[str, Any]) -> tuple[MessageChannel, ...]:
    """The order that a person prefers, by the trait `preferred_channels`; what is no channel is passed over."""
    said = attributes.get(PREFERENCE_TRAIT)
    names = [said] if isinstance(said, str) else said if isinstance(said, list) else []
    return tuple(dict.fromkeys(MessageChannel(name) for name in names if name in set(MessageChannel)))


def channel_order(
    allowed: Sequence[str], wished: Sequence[str], usual: Sequence[str] = ()
) -> tuple[MessageChannel, ...]:
    """The channels a message may take, in the order to try them: the person's, else the tenant's (`usual`), else its
    own. A wish only orders: what the message may not take is not added."""
    order = wished or usual
    place: dict[str, int] = {name: n for n, name in enumerate(order)}
    known: Iterable[MessageChannel] = dict.fromkeys(MessageChannel(name) for name in allowed)
    return tuple(sorted(known, key=lambda channel: place.get(channel, len(place))))


_OPEN = {"de": "Ansehen", "fr": "Voir", "it": "Apri", "es": "Ver", "da": "Se mere", "nl": "Bekijken"}


def open_word(language: str) -> str:
    """What stands on a button that was given no words."""
    return _OPEN.get(language.replace("_", "-").partition("-")[0].lower(), "Open")
