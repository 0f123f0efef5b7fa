"""What became of one attempt to send, and what the answer of a push provider asks us to do. Pure.

The tables are that of FCM's HTTP v1 error codes (decide by the error code, fall back to the HTTP status) and that of
web push (RFC 8030). A try that may have reached the phone is `Unknown`, never `Failed`; it is repeated under the same
collapse key, so the phone shows one.
"""

from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from email.utils import parsedate_to_datetime
from enum import StrEnum

from geoengage.messaging.rules.checks import Waiting
from geoengage.messaging.rules.drafts import Blocker, Status, in_order
from geoengage.messaging.rules.pace import Pause
from geoengage.messaging.rules.ways import passed_over

QUOTA_WAIT_S = 60.0  # FCM: without Retry-After wait at least a minute
PAUSE_S = 60.0  # how long a project is left alone after it refused our credentials
LONGEST_WAIT_S = 600.0
UNSPECIFIED_MAX = 3  # attempts after which an unspecified error is final
_CODES = {"UNREGISTERED", "INVALID_ARGUMENT", "QUOTA_EXCEEDED", "UNAVAILABLE", "INTERNAL", "UNSPECIFIED_ERROR"}


@dataclass(frozen=True, slots=True)
class Sent:
    """The provider has taken it. `answer` is its name for the message."""

    answer: str


@dataclass(frozen=True, slots=True)
class Skipped:
    """It was decided against; the first blocker is the reason."""

    blockers: tuple[Blocker, ...]

    @property
    def reason(self) -> Blocker:
        """The first blocker in the order of checks."""
        return in_order(self.blockers)[0]


class Then(StrEnum):
    """What a refusal says beyond this message: the person wants no more marketing from this sender; the time in which
    WhatsApp takes any text is over; the template may not be used; Viber takes no more until the person writes."""

    WITHDRAW = "withdraw"
    CLOSE_WINDOW = "close_window"
    PAUSE_TEMPLATE = "pause_template"
    END_SESSION = "end_session"


@dataclass(frozen=True, slots=True)
class Failed:
    """It did not go out. `retry_at` None: final. `retire_address`: the address is dead and must not be used again.

    `pause`: what else must wait because of it; `then`: what else follows.
    """

    reason: str
    answer: str
    retry_at: datetime | None = None
    retire_address: bool = False
    pause: Pause | None = None
    then: Then | None = None


@dataclass(frozen=True, slots=True)
class Misconfigured:
    """The operator must mend something (`what`). Tried again at `retry_at` while the message is valid."""

    what: str
    answer: str
    retry_at: datetime | None = None
    pause: Pause | None = None


@dataclass(frozen=True, slots=True)
class Unknown:
    """Nobody knows whether it went out. `retry_at` None: there is no time left to try again."""

    reason: str
    answer: str
    retry_at: datetime | None = None


Outcome = Sent | Skipped | Failed | Misconfigured | Unknown


@dataclass(frozen=True, slots=True)
class Attempt:
    """The circumstances of one try: how many it is (from 1), when, until when it makes sense.

    `base_s`: first back-off in seconds; `jitter`: a random number in [0, 1).
    """

    number: int
    now: datetime
    expires_at: datetime
    base_s: float
    jitter: float


@dataclass(frozen=True, slots=True)
class Answer:
    """A provider's answer taken apart. `text`: for people.

    Of FCM: `code` is its errorCode, `fields` what a 400 names, `reason` that of Google's ErrorInfo.
    """

    status: int
    text: str
    code: str | None = None
    fields: tuple[str, ...] = ()
    retry_after: str | None = None
    reason: str | None = None


def after_answer(answer: Answer, attempt: Attempt) -> Outcome:
    """What to do after the provider has answered."""
    if answer.status == 200:
        return Sent(answer.text)
    if answer.status in (401, 403):
        return _refused(answer, attempt)
    code = _code(answer)
    match code:
        case "UNREGISTERED":
            return Failed("unregistered", answer.text, retire_address=True)
        case "INVALID_ARGUMENT":
            dead = any(field in ("message.token", "message.fid") for field in answer.fields)
            return Failed("invalid_address" if dead else "invalid_payload", answer.text, retire_address=dead)
        case "UNSPECIFIED_ERROR" if attempt.number >= UNSPECIFIED_MAX:
            return Failed("unspecified_error", answer.text)
        case "QUOTA_EXCEEDED":
            asked_s = retry_after_s(answer.retry_after, attempt.now)
            return _again(code, answer, attempt, pause_s=QUOTA_WAIT_S if asked_s is None else asked_s)
        case "UNAVAILABLE" | "INTERNAL" | "UNSPECIFIED_ERROR":
            return _again(code, answer, attempt, pause_s=retry_after_s(answer.retry_after, attempt.now))
        case _:
            # Without FCM's own code a 404 or 400 comes from a wrong base URL or a proxy: the address may be good.
            return misconfigured(f"http_{answer.status}", answer.text, attempt)


def after_web_push(answer: Answer, attempt: Attempt) -> Outcome:
    """What to do after a web push service has answered.

    A 429 is about this one subscription (RFC 8030, 8.4), a 5xx that names a time about the whole service. Refused
    credentials pause nobody else: a subscription made with another key is refused for ever, and anybody can make one.
    """
    status = answer.status
    if 200 <= status < 300:
        return Sent(answer.text)
    if status in (404, 410):
        return Failed("unregistered", answer.text, retire_address=True)
    if status == 413:
        return Failed("payload_too_large", answer.text)
    if status == 429:
        return _again("QUOTA_EXCEEDED", answer, attempt)
    if status >= 500:
        return _again("UNAVAILABLE", answer, attempt, pause_s=retry_after_s(answer.retry_after, attempt.now))
    what = "vapid" if status in (400, 401, 403) else f"http_{status}"
    return Misconfigured(what, answer.text, _at(PAUSE_S, attempt))


def _code(answer: Answer) -> str | None:
    """FCM's own code, or the one its HTTP status stands for; a 502 page of a proxy has none."""
    if answer.code in _CODES:
        return answer.code
    if answer.status == 429:
        return "QUOTA_EXCEEDED"
    return "UNAVAILABLE" if answer.status >= 500 else None


def _refused(answer: Answer, attempt: Attempt) -> Outcome:
    if answer.code == "SENDER_ID_MISMATCH":
        return Failed("sender_id_mismatch", answer.text, retire_address=True)
    if answer.code in ("THIRD_PARTY_AUTH_ERROR", "APNS_AUTH_ERROR"):
        return misconfigured("third_party_auth", answer.text, attempt, scope="platform")
    return misconfigured("credentials", answer.text, attempt)


def misconfigured(what: str, answer: str, attempt: Attempt, *, scope: str = "account") -> Misconfigured:
    """Somebody must mend something: what goes the same way waits too, for each refusal counts as quota."""
    pause = Pause(scope, attempt.now + timedelta(seconds=PAUSE_S))
    return Misconfigured(what, answer, _at(PAUSE_S, attempt), pause)


def while_paused(what: str, answer: str, until: datetime, expires_at: datetime) -> Misconfigured:
    """What is said of a message that was not tried because credentials were refused a moment ago."""
    return Misconfigured(what, answer, until if until < expires_at else None)


def after_silence(reason: str, attempt: Attempt) -> Unknown:
    """What to do after a time-out or a lost connection, when the request may have been taken."""
    return Unknown(reason, reason, _at(backoff_s(attempt), attempt))


def not_reached(reason: str, attempt: Attempt) -> Failed:
    """What to do when no connection was made, so that nothing can have been sent."""
    return Failed("unreachable", reason, _at(backoff_s(attempt), attempt))


def _again(code: str, answer: Answer, attempt: Attempt, *, pause_s: float | None = None) -> Failed:
    """Try once more; `pause_s`: for so long the whole project waits."""
    asked_s = retry_after_s(answer.retry_after, attempt.now)
    # Spread even what comes back at the time asked for: all messages of a burst were told the same second.
    delay_s = asked_s + attempt.jitter * attempt.base_s if asked_s is not None else backoff_s(attempt)
    pause = None if pause_s is None else Pause("project", attempt.now + timedelta(seconds=pause_s))
    return Failed(code.lower(), answer.text, _at(max(delay_s, pause_s or 0.0), attempt), pause=pause)


def again(
    reason: str,
    answer: str,
    attempt: Attempt,
    *,
    wait_s: float | None = None,
    pause_s: float | None = None,
    then: Then | None = None,
) -> Failed:
    """Try once more after `wait_s` (None: the usual back-off); `pause_s`: for so long all that goes the same way
    waits."""
    delay_s = max(backoff_s(attempt) if wait_s is None else wait_s, pause_s or 0.0)
    pause = None if pause_s is None else Pause("project", attempt.now + timedelta(seconds=pause_s))
    return Failed(reason, answer, _at(delay_s, attempt), pause=pause, then=then)


def _at(delay_s: float, attempt: Attempt) -> datetime | None:
    """The moment of the next try, or None when the message will have expired."""
    retry_at = attempt.now + timedelta(seconds=delay_s)
    return retry_at if retry_at < attempt.expires_at else None


def backoff_s(attempt: Attempt) -> float:
    """Seconds to wait: doubling from `base_s`, between a half and one and a half of it, at most ten minutes."""
    doubled = attempt.base_s * 2.0 ** min(attempt.number - 1, 20)
    return min(doubled * (0.5 + attempt.jitter), LONGEST_WAIT_S)


def retry_after_s(value: str | None, now: datetime) -> float | None:
    """Seconds that a Retry-After header asks for, in either of its forms; None when absent or unreadable."""
    if value is None:
        return None
    if value.strip().isdecimal():
        return min(float(value), 86_400.0)
    try:
        at = parsedate_to_datetime(value)
    except ValueError:
        return None
    return max(0.0, (at.replace(tzinfo=at.tzinfo or UTC) - now).total_seconds())


@dataclass(frozen=True, slots=True)
class Settled:
    """How an outcome is written down. `due_at`: when it is tried again, None when this is final.

    `refund`: it did not go out, so it does not count against the person's budget. `retire`: why its address is dead.
    `channels`: those still to try, None: as before; `passed_over`: the one that it is not tried by any more, and why.
    """

    status: Status
    reason: str | None = None
    blockers: tuple[Blocker, ...] = ()
    answer: str | None = None
    due_at: datetime | None = None
    refund: bool = False
    retire: str | None = None
    channels: tuple[str, ...] | None = None
    passed_over: tuple[str, ...] = ()


def fall_back(waiting: Waiting, settled: Settled, now: datetime) -> Settled:
    """What has failed for good goes to the message's next channel, when it has one: never what may have arrived."""
    rest = waiting.channels[1:]
    if settled.status is not Status.FAILED or settled.due_at is not None or not rest or now >= waiting.expires_at:
        return settled
    given_up = (passed_over(waiting.channels[0], settled.reason or settled.status),)
    return replace(settled, status=Status.QUEUED, due_at=now, refund=False, channels=rest, passed_over=given_up)


def settle(before: str, outcome: Outcome) -> Settled:
    """Turn an outcome into what is stored; `before` is the message's status before this try.

    Once a message is `unknown`, only `sent` settles it: no later refusal proves that the first try did not arrive. One
    that waited for a misconfiguration to be mended stays `misconfigured` when its time runs out.
    """
    match outcome:
        case Sent():
            return Settled(Status.SENT, answer=outcome.answer)
        case Skipped():
            kept = Status(before) if before in (Status.UNKNOWN, Status.MISCONFIGURED) else Status.SKIPPED
            return Settled(kept, outcome.reason, outcome.blockers, refund=kept is not Status.UNKNOWN)
        case Unknown():
            return Settled(Status.UNKNOWN, outcome.reason, answer=outcome.answer, due_at=outcome.retry_at)
        case Failed():
            settled = Settled(Status.QUEUED if outcome.retry_at else Status.FAILED, outcome.reason)
            settled = replace(settled, retire=outcome.reason if outcome.retire_address else None)
        case Misconfigured():
            settled = Settled(Status.MISCONFIGURED, outcome.what)
    settled = replace(settled, answer=outcome.answer, due_at=outcome.retry_at)
    if before == Status.UNKNOWN:
        return replace(settled, status=Status.UNKNOWN)
    return replace(settled, refund=outcome.retry_at is None)
