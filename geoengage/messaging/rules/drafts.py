"""What a message is before it is sent: drafts, the reasons that hold one back, budgets, holdout, and the events told.

A campaign decides and hands over a `Draft`; messaging never asks why.
"""

import hashlib
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from enum import StrEnum
from typing import Any, Protocol
from uuid import UUID

import msgspec

from geoengage.kit.event_base import Event
from geoengage.messaging.rules.options import NO_OPTIONS, PushOptions
from geoengage.messaging.rules.ways import Answering, CardContent, EmailContent, MessageChannel

BUDGET_DAYS = 31  # the longest span a cap or cooldown may look back over


class Status(StrEnum):
    """Where a message stands. `queued` and `sending` change; `unknown` and `misconfigured` do if it is tried again."""

    QUEUED = "queued"
    SENDING = "sending"
    SENT = "sent"
    SKIPPED = "skipped"
    FAILED = "failed"
    MISCONFIGURED = "misconfigured"
    UNKNOWN = "unknown"


class Purpose(StrEnum):
    """Marketing needs consent, caps, holdout and quiet hours; service goes out from the mall's owner only.

    Transactional is what somebody waits for because they bought: it says nothing else, and no cap or hour holds it
    back.
    """

    MARKETING = "marketing"
    SERVICE = "service"
    TRANSACTIONAL = "transactional"


class Blocker(StrEnum):
    """Why a message is not sent, in the order in which it is checked: the first is the reason, all are listed."""

    NO_CONSENT = "no_consent"
    SUPPRESSED = "suppressed"
    HOLDOUT = "holdout"
    QUIET_HOURS = "quiet_hours"
    CAMPAIGN_HOURS = "campaign_hours"
    COOLDOWN = "cooldown"
    CAP = "cap"
    BUDGET = "budget"
    OUTRANKED = "outranked"
    NO_OFFER = "no_offer"
    LATE = "late"
    VISIT_ENDED = "visit_ended"
    EXPIRED = "expired"
    CAMPAIGN_INACTIVE = "campaign_inactive"
    ZONE_UNPUBLISHED = "zone_unpublished"
    CONTENT_WITHDRAWN = "content_withdrawn"
    LEFT_JOURNEY = "left_journey"
    SENDING_STOPPED = "sending_stopped"
    SPEND_LIMIT = "spend_limit"
    NO_ADDRESS = "no_address"
    NO_SENDER = "no_sender"
    NO_TEMPLATE = "no_template"
    SESSION_LIMIT = "session_limit"
    BLANK = "blank"
    NOT_IN_AUDIENCE = "not_in_audience"


MOST_REASONS = 25  # so that a shop owner can know them all
# For people who run shops. There is no "other": whoever adds a reason says here what it means.
REASONS: Mapping[Blocker, str] = {
    Blocker.NO_CONSENT: "This person has not agreed to get this, or has taken it back.",
    Blocker.SUPPRESSED: "This person wants nothing at all from you.",
    Blocker.HOLDOUT: "This person is in the comparison group, which shows what happens without messages.",
    Blocker.QUIET_HOURS: "It was in the quiet hours, in which you disturb nobody.",
    Blocker.CAMPAIGN_HOURS: "It was outside the days and hours of the campaign.",
    Blocker.COOLDOWN: "This campaign wrote to this person a short while ago.",
    Blocker.CAP: "This person has had as many messages of this campaign as you allow, or another wins them back.",
    Blocker.BUDGET: "This person has had as many advertising messages today, of all stores together, as you allow.",
    Blocker.OUTRANKED: "Another message of that moment was more important, or its store's turn, and used up the day.",
    Blocker.SPEND_LIMIT: "The store had spent on messages what it may spend in a month.",
    Blocker.NO_OFFER: "There was no coupon left, or this person may not have one.",
    Blocker.LATE: "We learned too late where this person was.",
    Blocker.VISIT_ENDED: "This person had left the place that the message is about.",
    Blocker.EXPIRED: "It could not be sent before it was too old to be of use.",
    Blocker.CAMPAIGN_INACTIVE: "The campaign was paused, or is over.",
    Blocker.ZONE_UNPUBLISHED: "The zone that the message is about is not published any more.",
    Blocker.CONTENT_WITHDRAWN: "What the message is about was cancelled.",
    Blocker.LEFT_JOURNEY: "This person had left the journey: bought something, for example.",
    Blocker.SENDING_STOPPED: "Somebody stopped all sending.",
    Blocker.NO_ADDRESS: "There was no way to reach this person: no phone with the app, or pushes are off.",
    Blocker.NO_SENDER: "Nothing is set up yet to send it that way: connect a mail server, WhatsApp, SMS or Viber.",
    Blocker.NO_TEMPLATE: "WhatsApp takes only an approved template to who has not written for a day; there is none.",
    Blocker.SESSION_LIMIT: "Viber takes no more messages to this person until they answer, or a day has passed.",
    Blocker.BLANK: "A part of the text would have been empty for this person, and you send no blanks.",
    Blocker.NOT_IN_AUDIENCE: "This person did not belong to the campaign's audience any more when the message was due.",
}
_ORDER = {blocker: place for place, blocker in enumerate(Blocker)}
TENANT_GATE = "tenant"


def in_order(blockers: Iterable[str]) -> tuple[Blocker, ...]:
    """Blockers without repetition, in the order of checks; the first one is the reason. ValueError for unknown ones."""
    return tuple(sorted({Blocker(b) for b in blockers}, key=_ORDER.__getitem__))


def campaign_gate(campaign_id: UUID) -> str:
    """The gate that a campaign closes when it is paused or over."""
    return f"campaign:{campaign_id}"


def zone_gate(zone_id: UUID) -> str:
    """The gate that closes while a zone is not published."""
    return f"zone:{zone_id}"


CONTENT_GATES = "content:"  # how the keys of all of them begin


def content_gate(content_id: UUID) -> str:
    """The gate that is open while a content item is published."""
    return f"{CONTENT_GATES}{content_id}"


def entry_gate(entry_id: UUID) -> str:
    """The gate that closes when somebody leaves a journey with a message of it on its way."""
    return f"entry:{entry_id}"


def gate_blocker(key: str) -> Blocker:
    """The reason a closed gate gives."""
    kind = key.partition(":")[0]
    return _OF_GATES.get(kind, Blocker.SENDING_STOPPED)


_OF_GATES = {
    "campaign": Blocker.CAMPAIGN_INACTIVE,
    "zone": Blocker.ZONE_UNPUBLISHED,
    "content": Blocker.CONTENT_WITHDRAWN,
    "entry": Blocker.LEFT_JOURNEY,
}


class Wording(msgspec.Struct, frozen=True, kw_only=True):
    """How a message that names a content item is written again when a worker takes it, from the item as it then is.

    `title` and `body` are the Liquid, `values` all that it names beside the item, `revision` the item's when the
    message was written, `fills` which of `link` and `image_url` are the item's, `strict`: never with a blank.
    """

    content_id: UUID
    revision: int
    language: str | None
    title: str
    body: str
    values: dict[str, Any]
    fills: tuple[str, ...] = ()
    strict: bool = False


class Written(Protocol):
    """A message's words, and how to write them again (`wording`; None: nothing that they say can change)."""

    @property
    def id(self) -> UUID: ...
    @property
    def title(self) -> str: ...
    @property
    def body(self) -> str: ...
    @property
    def expires_at(self) -> datetime: ...
    @property
    def push(self) -> PushOptions: ...
    @property
    def wording(self) -> Wording | None: ...


@dataclass(frozen=True, slots=True)
class Placed:
    """The words of a message that a reader is shown: see `Written`."""

    id: UUID
    title: str
    body: str
    expires_at: datetime
    push: PushOptions
    wording: Wording | None


@dataclass(frozen=True, slots=True)
class Rewritten:
    """A message's words as the item now has them. `expires_at`: not later than the item's end; `fault`: why it cannot
    be written."""

    title: str
    body: str
    expires_at: datetime
    push: PushOptions
    fault: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Draft:
    """A decided message, to be queued, or recorded as skipped when `blockers` is not empty.

    It is to one device, or, with `device_id` None, to the person (`person_id` is a profile then), wherever they are
    reached. `channels`: the ways it may take, in the order to try them where neither person nor tenant prefers another;
    the next one is tried when one has no address or no consent or has failed for good. `email` and `card` are what
    these say beyond the text.

    (campaign_id, person_id, step, occurrence) is decided once: the same again is dropped silently. `campaign_id` is
    None for what no campaign decided. `data` are extra strings for the app (a deep link); ids are added when sending.
    `collapse_key` (≤ 64 bytes, APNs) names what a phone shows only once: a newer message with the same key replaces the
    older. `gates` are keys made by `campaign_gate` and `zone_gate`; the tenant's gate is added by itself. `timezone` is
    the IANA zone in which quiet hours are judged again before sending; None means the tenant's. `fault`: the campaign
    cannot be rendered; recorded as misconfigured with this reason and never sent. `outlives_visit`: that the visit is
    over does not hold it back. `push`: sound, picture, link and the like. `never_repeat`: once a try may have arrived
    there is no other. `id`: of the message, where somebody had to know it before; else it gets one. `wording`: how it
    is written again from the content item that it names. `answering`: to which address alone it goes, as an answer.
    """

    device_id: UUID | None
    person_id: UUID
    campaign_id: UUID | None
    channels: tuple[str, ...] = (MessageChannel.PUSH,)
    email: EmailContent | None = None
    card: CardContent | None = None
    store_id: UUID | None = None
    zone_id: UUID | None = None
    zone_version: int | None = None
    visit_id: UUID | None = None
    outlives_visit: bool = False
    event_id: UUID | None = None
    purpose: str = Purpose.MARKETING
    title: str
    body: str
    data: Mapping[str, str] = field(default_factory=dict)
    push: PushOptions = NO_OPTIONS
    collapse_key: str
    gates: tuple[str, ...] = ()
    expires_at: datetime
    blockers: tuple[str, ...] = ()
    step: str = ""
    occurrence: UUID
    timezone: str | None = None
    fault: str | None = None
    never_repeat: bool = False
    id: UUID | None = None
    wording: Wording | None = None
    answering: Answering | None = None


@dataclass(frozen=True, slots=True)
class Send:
    """One message that counts against a person's budget: queued or sent, and not since given up.

    `marketing`: whether it counts for all campaigns together. `store_id`: whose turn it was; None: the tenant's.
    """

    campaign_id: UUID
    message_id: UUID
    at: datetime
    store_id: UUID | None = None
    marketing: bool = True


@dataclass(frozen=True, slots=True)
class Budget:
    """How much attention a person has been asked for in the last `BUDGET_DAYS` days; oldest first."""

    person_id: UUID
    sends: tuple[Send, ...] = ()

    def sends_since(self, at: datetime, campaign_id: UUID | None = None) -> int:
        """Messages at or after `at`, of one campaign or (None) of all."""
        return sum(s.at >= at and campaign_id in (None, s.campaign_id) for s in self.sends)

    def last_send(self, campaign_id: UUID | None = None) -> datetime | None:
        """When the last message of this campaign (None: of any) was queued; None when there was none."""
        return max((s.at for s in self.sends if campaign_id in (None, s.campaign_id)), default=None)

    def marketing_since(self, at: datetime) -> int:
        """Advertising messages at or after `at`, of all campaigns and stores."""
        return sum(s.at >= at and s.marketing for s in self.sends)

    def last_of_store(self, store_id: UUID | None) -> datetime | None:
        """When this store last advertised to this person; None when it has not."""
        return max((s.at for s in self.sends if s.store_id == store_id and s.marketing), default=None)

    def spend(self, send: Send) -> "Budget":
        """The budget after one more message: for several decisions in one batch."""
        return Budget(self.person_id, (*self.sends, send))

    def recent(self, now: datetime) -> "Budget":
        """Without what is too old to count."""
        return Budget(self.person_id, tuple(s for s in self.sends if s.at > now - timedelta(days=BUDGET_DAYS)))


def in_holdout(tenant_id: UUID, person_id: UUID, percent: int) -> bool:
    """Whether a person belongs to the tenant's holdout: always the same answer; raising `percent` only adds people."""
    digest = hashlib.sha256(b"holdout" + tenant_id.bytes + person_id.bytes).digest()
    return int.from_bytes(digest[:8], "big") % 10_000 < percent * 100


class MessageChanged(Event, frozen=True, kw_only=True, tag="message.changed"):
    """A message was queued, decided against, sent, given up, or (status as it was) seen by its reader.

    `reason` is the blocker of a skipped message, the provider's code of a failed one, and `received`, `opened`,
    `clicked` or `dismissed` after a receipt. The moment in between, `sending`, is not told. `device_id` None: it is to
    a person, `profile_id`, and went to no device (yet).
    """

    message_id: UUID
    at: datetime
    device_id: UUID | None
    campaign_id: UUID | None
    store_id: UUID | None
    zone_id: UUID | None
    status: str
    reason: str | None
    title: str
    body: str
    profile_id: UUID | None = None


class SendingStopped(Event, frozen=True, kw_only=True, tag="sending.stopped"):
    """Somebody stopped all sending of the tenant."""

    by: str
    reason: str | None


class SendingResumed(Event, frozen=True, kw_only=True, tag="sending.resumed"):
    """Somebody let the tenant send again."""

    by: str
