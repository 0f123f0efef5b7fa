"""What WhatsApp, SMS and Viber have in common: what goes to a phone, calls to a provider, what it reports. Pure."""

import hashlib
import hmac
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum
from typing import Any
from uuid import UUID

import msgspec

from geoengage.messaging.rules.outcomes import Failed, Misconfigured, Unknown
from geoengage.messaging.rules.text import clean
from geoengage.messaging.rules.ways import MessageChannel

PHONE_CHANNELS = frozenset({MessageChannel.WHATSAPP, MessageChannel.SMS, MessageChannel.VIBER})
ANSWER_CHARS = 300


class WhatsappAccount(msgspec.Struct, frozen=True, kw_only=True):
    """A number of the WhatsApp Cloud API. `templates`: by purpose, what is sent to who has not written for a day."""

    phone_number_id: str
    business_account_id: str
    templates: dict[str, str] = {}


class SmsAccount(msgspec.Struct, frozen=True, kw_only=True):
    """An account of Twilio. `sender`: a number (E.164) or a name; `senders`: others, by country (ISO 3166-1)."""

    account_sid: str
    sender: str | None = None
    messaging_service_sid: str | None = None
    senders: dict[str, str] = {}


class ViberAccount(msgspec.Struct, frozen=True, kw_only=True):
    """A Viber Business Messages sender at Infobip. `base`: the account's own part of the host name."""

    base: str
    sender: str


Account = WhatsappAccount | SmsAccount | ViberAccount
ACCOUNTS: Mapping[MessageChannel, type[Account]] = {
    MessageChannel.WHATSAPP: WhatsappAccount,
    MessageChannel.SMS: SmsAccount,
    MessageChannel.VIBER: ViberAccount,
}
# The names of what is kept encrypted, and never shown; `webhook_keys` (of Twilio) may be left out.
SECRETS: Mapping[MessageChannel, tuple[str, ...]] = {
    MessageChannel.WHATSAPP: ("access_token", "app_secret"),
    MessageChannel.SMS: ("auth_token",),
    MessageChannel.VIBER: ("api_key",),
}
Secrets = Mapping[str, Any]


class Template(msgspec.Struct, frozen=True, kw_only=True):
    """A message template of a WhatsApp business account, in one language. `components`: as Meta has them."""

    name: str
    language: str
    category: str
    status: str
    components: list[dict[str, Any]] = []


@dataclass(frozen=True, slots=True, kw_only=True)
class Note:
    """A message on its way to a phone.

    `to`: E.164 with `+`, or the business-scoped id of somebody on WhatsApp (`is_handle`). `link` and `image_url`:
    https or None. `template`: what WhatsApp wants in place of the text, its parameters filled in. `callback_url`:
    where the provider tells what became of it; None while nobody has said where this server is. `stop`: the word on a
    button, or a line below the text, that withdraws; None for what is no marketing.
    """

    to: str
    text: str
    purpose: str
    is_handle: bool = False
    link: str | None = None
    button: str = "Open"
    image_url: str | None = None
    stop: str | None = None
    template: Mapping[str, Any] | None = None
    callback_url: str | None = None


@dataclass(frozen=True, slots=True)
class Call:
    """One request to a provider. `body`: JSON, or a form where the content type says so; None: a GET."""

    url: str
    headers: Mapping[str, str]
    body: bytes | None = None


@dataclass(frozen=True, slots=True)
class Reply:
    """What a provider answered. `body`: the JSON it sent, else an empty mapping."""

    status: int
    body: Mapping[str, Any]
    retry_after: str | None = None


class ReportKind(StrEnum):
    """How far a message has come, in this order; `failed` is an end that only what has not arrived can come to."""

    SENT = "sent"
    DELIVERED = "delivered"
    READ = "read"
    FAILED = "failed"


@dataclass(frozen=True, slots=True, kw_only=True)
class PhoneReport:
    """What a provider tells of one message. `provider_id`: how the provider calls that try; `code`: why it failed."""

    message_id: UUID
    kind: ReportKind
    at: datetime
    provider_id: str
    code: str | None = None
    words: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Inbound:
    """What a person wrote. `number`: E.164; `user_id`: what WhatsApp calls who hides it; `provider_id`: how the
    provider calls the text, which it may tell more than once."""

    at: datetime
    number: str | None
    provider_id: str
    user_id: str | None = None
    text: str = ""
    stops: bool = False
    starts: bool = False


@dataclass(frozen=True, slots=True)
class Heard:
    """All that one webhook call told. `templates`: (name, language, status, reason) that have changed."""

    reports: Sequence[PhoneReport] = ()
    inbound: Sequence[Inbound] = ()
    templates: Sequence[tuple[str, str, str, str | None]] = field(default_factory=tuple)


def whole_text(title: str, body: str) -> str:
    """A message's two parts as one text."""
    parts = [clean(title, one_line=True), clean(body)]
    return "\n".join(part for part in parts if part)


# Whole messages that mean it, in the languages of our tenants. English ones as carriers and Twilio have them.
_STOP = frozenset({
    "stop", "stopall", "stop all", "unsubscribe", "cancel", "end", "quit", "optout", "opt out", "opt-out",
    "stopp", "abmelden", "abbestellen", "arret", "arrêt", "arreter", "arrêter", "désabonner", "desabonner", "basta",
    "disiscrivimi", "baja", "parar", "alto", "sair", "afmeld", "afmelden", "framelde", "avsluta", "odjava", "odjavi",
    "одјава", "одјави", "стоп", "dezabonare", "oprire", "atteikties", "apturēt", "atsakyti", "loobu", "iptal", "dur",
    "توقف", "إيقاف", "ايقاف", "إلغاء", "الغاء", "الغاء الاشتراك", "διακοπή", "στοπ", "отписаться",
    "rezygnuję", "rezygnuje", "wypisz", "zrušit", "odhlásit", "zrušiť", "odhlásiť", "leállít", "leiratkozás", "lopeta",
    "avslutt", "meld av", "відписатися", "спри", "отпиши", "отписване", "ndalo", "הסר", "עצור",
})  # fmt: skip
_START = frozenset({"start", "unstop", "starten", "démarrer", "inizia", "старт", "pornire", "sākt", "ابدأ", "بدء"})
_WORD_MAX = 40
_STOP_WORDS = {
    "de": "Stopp", "fr": "Arrêt", "es": "Baja", "da": "Afmeld", "nl": "Afmelden", "sr": "Odjava", "ro": "Dezabonare",
    "lv": "Atteikties", "ar": "إيقاف",
}  # fmt: skip


def command_of(text: str) -> str:
    """A short text as it is compared with commands; empty where it is longer."""
    plain = re.sub(r"[\s.!?«»\"'„“”]+", " ", text).strip().casefold()
    return plain if len(plain) <= _WORD_MAX else ""


def unnamed(*parts: object) -> str:
    """What a text that its provider gave no id is known by: the same again is the same."""
    return hashlib.sha256("\x1f".join(map(str, parts)).encode()).hexdigest()


def is_stop(word: str) -> bool:
    """Whether a whole message means that its sender wants no more marketing."""
    return word in _STOP


def is_start(word: str) -> bool:
    """Whether a whole message means that its sender wants it again."""
    return word in _START


def stop_word(language: str | None) -> str:
    """The word that a reader of that language sends to stop."""
    return _STOP_WORDS.get((language or "").replace("_", "-").partition("-")[0].lower(), "Stop")


def digits(number: str) -> str:
    """A number without the `+`, as providers write it."""
    return number.removeprefix("+")


def e164(text: object) -> str | None:
    """A number as a provider writes it, with the `+`; None for what is none (a sender's name)."""
    plain = str(text or "").strip().removeprefix("+")
    return f"+{plain}" if plain.isascii() and plain.isdecimal() and 5 <= len(plain) <= 15 else None


def said(status: int, *words: object) -> str:
    """An answer for people, on one line; never with an address in it."""
    text = " ".join(str(word) for word in (status, *words) if word not in (None, ""))
    return re.sub(r"\+?[0-9]{7,}", "…", " ".join(text.split()))[:ANSWER_CHARS]


Trouble = Failed | Misconfigured | Unknown


# --- accounts ----------------------------------------------------------------------------------------------------

_NUMERIC_ID = re.compile(r"[0-9]{5,25}")
_SECRET = re.compile(r"[!-~]{8,1000}")
_SENDER = re.compile(r"\+[1-9][0-9]{4,14}|[0-9]{3,8}|[A-Za-z0-9 ]{1,11}")
_TEMPLATE = re.compile(r"[a-z0-9_]{1,512}")
_SHAPES: Mapping[str, tuple[re.Pattern[str], str]] = {
    "phone_number_id": (_NUMERIC_ID, "is the number's id (digits), not the phone number"),
    "business_account_id": (_NUMERIC_ID, "is the id of the WhatsApp business account (digits)"),
    "account_sid": (re.compile(r"AC[0-9a-f]{32}"), "is AC and 32 hexadecimal digits"),
    "messaging_service_sid": (re.compile(r"MG[0-9a-f]{32}"), "is MG and 32 hexadecimal digits"),
    "base": (re.compile(r"[a-z0-9]{2,20}"), "is what stands before .api.infobip.com"),
}


def account_flaws(channel: MessageChannel, account: Account, secrets: Secrets) -> dict[str, str]:
    """What keeps this from being an account, by member."""
    flaws = {}
    shown = msgspec.to_builtins(account)
    for name, (pattern, what) in _SHAPES.items():
        if shown.get(name) is not None and not pattern.fullmatch(shown[name]):
            flaws[name] = what
    if isinstance(account, WhatsappAccount):
        if not all(_TEMPLATE.fullmatch(name) for name in account.templates.values()):
            flaws["templates"] = "a template's name has small letters, digits and _"
    else:
        flaws |= _sender_flaws(account)
    for name in SECRETS[channel]:
        if not isinstance(secrets.get(name), str):
            flaws[name] = "is missing"
        elif not _SECRET.fullmatch(secrets[name]):
            flaws[name] = "is 8 to 1,000 characters of ASCII without blanks"
    return flaws


def _sender_flaws(account: SmsAccount | ViberAccount) -> dict[str, str]:
    """Of who speaks: a number, a short code, or a name of at most eleven letters and digits, not digits alone."""
    what = "is a number with its +, a short code, or a name of at most 11 letters, digits and blanks"
    if isinstance(account, ViberAccount):
        return {} if 0 < len(account.sender.strip()) <= 28 else {"sender": "is a name of at most 28 characters"}
    flaws = {}
    if account.sender is None and account.messaging_service_sid is None:
        flaws["sender"] = "is missing; give it, or messaging_service_sid"
    elif account.sender is not None and not _SENDER.fullmatch(account.sender):
        flaws["sender"] = what
    wrong = [c for c, s in account.senders.items() if not re.fullmatch("[A-Z]{2}", c) or not _SENDER.fullmatch(s)]
    if wrong:
        flaws["senders"] = f"{', '.join(wrong)[:60]}: countries are written DE, senders as sender"
    return flaws


def hook_token(key: str, sender_id: UUID) -> str:
    """What only we and who was told can write into the address of an account's webhook."""
    return hmac.new(key.encode(), b"hook\x1f" + sender_id.bytes, hashlib.sha256).hexdigest()[:40]


def is_hook_token(key: str, sender_id: UUID, token: str) -> bool:
    """Whether it is that, in constant time."""
    return hmac.compare_digest(hook_token(key, sender_id).encode(), token.encode())
