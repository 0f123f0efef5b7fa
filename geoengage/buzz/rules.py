"""Whom replies are told to, what is said, and what follows from a push service's answer. Pure."""

import json
from dataclasses import dataclass
from datetime import datetime, timedelta
from uuid import UUID

from geoengage.messaging.rules import Failed, Misconfigured, Outcome, Sent, Skipped, Unknown

LIVES = timedelta(minutes=10)  # a buzz that comes later tells nothing: the page shows what waits
APART = timedelta(seconds=30)  # between two buzzes about a store on one phone: who writes five lines writes once
TRIES = 4
BASE_S = 2.0  # the first back-off
MOST_PHONES = 10  # of one operator


@dataclass(frozen=True, slots=True)
class Due:
    """What a phone is to be told now. `address`: its subscription; `waiting`: conversations that nobody has read;
    `may_hear`: its operator may still read that store's replies; `tries`: those before."""

    phone_id: UUID
    store_id: UUID
    newest: int
    tries: int
    expires_at: datetime
    address: str
    store: str
    may_hear: bool
    waiting: int


def is_worth_it(due: Due, now: datetime) -> bool:
    """Whether it is still told: to who may hear it, in time, and while something waits."""
    return due.may_hear and due.waiting > 0 and now < due.expires_at and due.tries < TRIES


def tag(store_id: UUID) -> str:
    """The key under which a newer buzz takes the place of an older one, at the push service and on the screen."""
    return f"replies-{store_id}"


def payload(due: Due) -> bytes:
    """What the page's service worker gets: how many wait, where. No word of a text and nobody's name."""
    return json.dumps(
        {
            "store": due.store,
            "waiting": due.waiting,
            "link": f"/shop/#replies={due.store_id}",
            "tag": tag(due.store_id),
            "newest": due.newest,
            "expires_at": due.expires_at.isoformat(),
        },
        ensure_ascii=False,
        separators=(",", ":"),
    ).encode()


@dataclass(frozen=True, slots=True)
class Verdict:
    """What follows from one try. `due_at`: when it is tried again (None: this is final); `is_gone`: the subscription is
    dead; `failed_why`: in a word, None when the push service took it."""

    due_at: datetime | None = None
    is_gone: bool = False
    failed_why: str | None = None


def judge(outcome: Outcome, tries: int) -> Verdict:
    """What follows from try number `tries`. The outcome says when it may be tried again while it lives."""
    again = tries < TRIES
    match outcome:
        case Sent():
            return Verdict()
        case Failed(reason=why, retry_at=at, retire_address=gone):
            return Verdict(at if again else None, is_gone=gone, failed_why=why)
        case Misconfigured(what=why, retry_at=at) | Unknown(reason=why, retry_at=at):
            return Verdict(at if again else None, failed_why=why)
        case Skipped():
            return Verdict(failed_why=outcome.reason)
