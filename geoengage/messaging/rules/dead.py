"""Dead letters: messages that failed for good, and which of them may be tried once more. Pure.

A try more goes the ordinary way: the worker asks consent, gates, hours and expiry again when it takes the message.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum

from geoengage.messaging.rules.drafts import Budget, Purpose, Status
from geoengage.messaging.rules.ways import NEVER_REPEAT

DEAD = (Status.FAILED, Status.MISCONFIGURED, Status.UNKNOWN)
UNWRITTEN = "bad_template"  # what campaigns say of a text that they cannot write
_LEAST_LEFT = timedelta(seconds=5)  # for a worker to take it
DAY = timedelta(days=1)


class NoRetry(StrEnum):
    """Why a dead letter is not tried again, in the order of checks."""

    MAY_HAVE_ARRIVED = "may_have_arrived"
    TOO_OLD = "too_old"
    TEXT_WRONG = "text_wrong"
    COUPON_GONE = "coupon_gone"
    ENOUGH = "enough"


NO_RETRY: Mapping[NoRetry, str] = {
    NoRetry.MAY_HAVE_ARRIVED: "It may have arrived, and this message must never arrive twice.",
    NoRetry.TOO_OLD: "Its time is over: it would speak of the past.",
    NoRetry.TEXT_WRONG: "Its text could not be written. Mend the campaign; the next message has the new text.",
    NoRetry.COUPON_GONE: "Its coupon was given back when it failed, so its text would promise what is not there.",
    NoRetry.ENOUGH: "Meanwhile this person has had another message of the campaign, or the day's advertising.",
}


@dataclass(frozen=True, slots=True, kw_only=True)
class DeadLetter:
    """What decides about one. `was_sent`: a provider had taken it before it came back; `has_coupon`: it carries
    one of an offer.
    """

    status: str
    purpose: str
    channel: str | None
    reason: str | None
    never_repeat: bool
    was_sent: bool
    has_coupon: bool
    made_at: datetime
    expires_at: datetime


def no_retry(letter: DeadLetter, now: datetime) -> NoRetry | None:
    """Why it is not tried again, whoever it is to; None: it may be."""
    may_be_there = letter.status == Status.UNKNOWN or letter.was_sent
    if may_be_there and (letter.never_repeat or letter.channel in NEVER_REPEAT):
        return NoRetry.MAY_HAVE_ARRIVED
    if letter.expires_at - now < _LEAST_LEFT:
        return NoRetry.TOO_OLD
    if letter.reason == UNWRITTEN:
        return NoRetry.TEXT_WRONG
    return NoRetry.COUPON_GONE if letter.has_coupon else None


def had_enough(
    letter: DeadLetter, campaign_sent_at: datetime | None, budget: Budget, daily_cap: int, now: datetime
) -> bool:
    """Whether sending it now would ask too much of its person: what failed was taken out of their budget.

    `campaign_sent_at`: the campaign's last message to them. Its cap and cooldown held when this one was made, so they
    hold still unless another was sent since.
    """
    since = campaign_sent_at is not None and campaign_sent_at > letter.made_at
    spent = letter.purpose == Purpose.MARKETING and budget.marketing_since(now - DAY) >= daily_cap
    return since or spent
