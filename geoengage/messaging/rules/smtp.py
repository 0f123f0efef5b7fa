"""What an SMTP server's answer asks us to do (RFC 5321, enhanced codes of RFC 3463), and what an account must be. Pure.

Up to the end of DATA nothing has been sent: a lost connection is tried again. From there on nobody knows, and an e-mail
is never repeated.
"""

import re
from dataclasses import dataclass
from datetime import timedelta
from enum import StrEnum

from geoengage.messaging.rules.inbound_mail import LOCAL_MOST
from geoengage.messaging.rules.outcomes import (
    Attempt,
    Failed,
    Misconfigured,
    Outcome,
    Unknown,
    backoff_s,
    misconfigured,
)
from geoengage.messaging.rules.pace import Pause

PORTS = (25, 465, 587, 2465, 2525, 2587)  # what mail servers listen on; others might be anything
FIRST_WAIT_S = 30.0  # grey-listing servers want to be asked again in minutes, not in seconds
BUSY_S = 30.0
_ENHANCED = re.compile(r"\b([245])\.(\d{1,3})\.(\d{1,3})\b")
# Nobody lives there (RFC 3463): bad mailbox, bad domain, bad syntax, moved, disabled, no such recipient.
_DEAD = frozenset({(1, 1), (1, 2), (1, 3), (1, 6), (1, 10), (2, 1)})
_HOST = re.compile(r"[A-Za-z0-9]([A-Za-z0-9.-]{0,251}[A-Za-z0-9])?")
_ADDRESS = re.compile(r"[A-Za-z0-9.!#$%&'*+/=?^_`{|}~-]{1,64}@[A-Za-z0-9]([A-Za-z0-9.-]{0,250}[A-Za-z0-9])?")


class TlsMode(StrEnum):
    """How the connection is encrypted. `none`: only to a server on this machine."""

    STARTTLS = "starttls"
    TLS = "tls"
    NONE = "none"


class Stage(StrEnum):
    """How far a try had come."""

    CONNECT = "connect"
    LOGIN = "login"
    MAIL = "mail"
    RCPT = "rcpt"
    DATA = "data"


@dataclass(frozen=True, slots=True)
class SmtpAccount:
    """A server and in whose name e-mails go there. `per_minute`: most e-mails in a minute, all workers together.
    `takes_answers`: what is answered to `reply_to` is handed in here."""

    host: str
    port: int
    tls: TlsMode
    username: str | None
    password: str | None
    from_address: str
    from_name: str
    reply_to: str | None
    per_minute: int
    takes_answers: bool = False


@dataclass(frozen=True, slots=True)
class Reply:
    """What a server said."""

    code: int
    text: str

    @property
    def enhanced(self) -> tuple[int, int] | None:
        """Subject and detail of its enhanced code; None without one."""
        found = _ENHANCED.search(self.text)
        return None if found is None else (int(found[2]), int(found[3]))

    @property
    def is_dead(self) -> bool:
        """Whether a refused recipient does not exist; without an enhanced code its basic one says so."""
        return self.enhanced in _DEAD if self.enhanced else self.code in (550, 551, 553)

    @property
    def words(self) -> str:
        """For people; one line."""
        return " ".join(f"{self.code} {self.text}".split())[:300]


def is_address(text: str) -> bool:
    """Whether this is one plain e-mail address in ASCII (RFC 5321): nothing that a header or a command could break
    at."""
    return len(text) <= 254 and _ADDRESS.fullmatch(text) is not None and ".." not in text


def account_flaws(account: SmtpAccount, *, has_password: bool, is_local: bool) -> dict[str, str]:
    """What keeps this from being a sender, by member. `has_password`: one is given or known already; `is_local`:
    servers on this machine are allowed."""
    flaws = {}
    if not _HOST.fullmatch(account.host):
        flaws["host"] = "is no host name"
    if account.port not in PORTS and not is_local:
        flaws["port"] = f"is one of {', '.join(map(str, PORTS))}"
    if account.tls is TlsMode.NONE and not is_local:
        flaws["tls"] = "passwords and addresses do not travel in the clear; use starttls or tls"
    if (account.username is not None) != has_password:
        flaws["password"] = "belongs to a username; give both or neither"  # noqa: S105 - words about one
    for name in ("from_address", "reply_to"):
        value = getattr(account, name)
        if value is not None and not is_address(value):
            flaws[name] = "is no e-mail address"
    if account.takes_answers and account.reply_to is None:
        flaws["reply_to"] = "is missing: name the mailbox whose e-mails you hand in"
    elif account.takes_answers and len((account.reply_to or "").rpartition("@")[0]) > LOCAL_MOST:
        flaws["reply_to"] = f"has at most {LOCAL_MOST} characters before the @: more is put there"
    return flaws


def after_smtp(stage: Stage, reply: Reply, attempt: Attempt) -> Outcome:
    """What to do after the server has refused something. 4xx is for now, 5xx for good."""
    if reply.code == 421:  # it closes the connection: too many, or going down
        return _later("smtp_busy", reply, attempt, wait_s=BUSY_S)
    if 400 <= reply.code < 500:
        return _later(f"smtp_{reply.code}", reply, attempt)
    if stage in (Stage.CONNECT, Stage.LOGIN):
        return misconfigured("smtp_auth" if stage is Stage.LOGIN else "smtp_refused", reply.words, attempt)
    if stage is Stage.MAIL:
        return misconfigured("smtp_sender", reply.words, attempt)
    if stage is Stage.RCPT:
        return _refused_recipient(reply)
    return Failed("too_large" if reply.code == 552 else "content_refused", reply.words)


def _refused_recipient(reply: Reply) -> Failed:
    if reply.is_dead:
        return Failed("mailbox_unavailable", reply.words, retire_address=True)
    return Failed("recipient_refused", reply.words)


def not_connected(text: str, attempt: Attempt) -> Failed:
    """No connection, or one that was lost before anything was handed over: the server is left alone for a while."""
    wait_s = _wait_s(attempt)
    retry_at = attempt.now + timedelta(seconds=wait_s)
    pause = Pause("project", attempt.now + timedelta(seconds=min(wait_s, BUSY_S)))
    return Failed("unreachable", text[:300], retry_at if retry_at < attempt.expires_at else None, pause=pause)


def not_encrypted(text: str, attempt: Attempt) -> Misconfigured:
    """TLS failed: nothing is sent in the clear instead."""
    return misconfigured("smtp_tls", text[:300], attempt)


def lost_after_data(reason: str) -> Unknown:
    """The text was handed over and no answer came: it may have gone out, and a second one would be a repetition."""
    return Unknown(reason, reason)


def _wait_s(attempt: Attempt) -> float:
    return max(FIRST_WAIT_S, backoff_s(attempt)) * (1.0 + attempt.jitter)


def _later(reason: str, reply: Reply, attempt: Attempt, *, wait_s: float | None = None) -> Failed:
    retry_at = attempt.now + timedelta(seconds=_wait_s(attempt))
    pause = None if wait_s is None else Pause("project", attempt.now + timedelta(seconds=wait_s))
    return Failed(reason, reply.words, retry_at if retry_at < attempt.expires_at else None, pause=pause)
