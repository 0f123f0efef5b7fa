"""SMS through Twilio: segments, senders by country, requests, what its codes ask of us, its two signatures. Pure.

Source: Twilio's REST API and webhook pages, with its library 9.13.0 (PROTOCOLS.md 3.3).
"""

import base64
import hashlib
import hmac
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from urllib.parse import parse_qsl, urlencode, urlsplit, urlunsplit
from uuid import UUID

import phonenumbers

from geoengage.messaging.rules.accounts import Check, CheckResult
from geoengage.messaging.rules.outcomes import (
    Attempt,
    Failed,
    Misconfigured,
    Outcome,
    Sent,
    Then,
    after_silence,
    again,
    misconfigured,
    retry_after_s,
)
from geoengage.messaging.rules.phone import (
    Call,
    Heard,
    Inbound,
    Note,
    PhoneReport,
    Reply,
    ReportKind,
    Secrets,
    SmsAccount,
    command_of,
    e164,
    is_start,
    is_stop,
    said,
    unnamed,
)

MOST_SEGMENTS = 6  # each costs as much as an SMS; who wants to say more has other channels
LONGEST_S = 36_000  # Twilio keeps a message for at most ten hours
SLOW_S = 30.0
SIGNATURE, SETTINGS = "X-Twilio-Signature", "X-Twilio-Webhooks-Signature-Settings"

# --- segments ----------------------------------------------------------------------------------------------------

# GSM 03.38: one septet each; with an escape, two.
_GSM = frozenset(
    "@£$¥èéùìòÇ\nØø\rÅåΔ_ΦΓΛΩΠΨΣΘΞÆæßÉ !\"#¤%&'()*+,-./0123456789:;<=>?¡ABCDEFGHIJKLMNOPQRSTUVWXYZÄÖÑÜ§¿"
    "abcdefghijklmnopqrstuvwxyzäöñüà"
)
_ESCAPED = frozenset("^{}\\[~]|€\f")
_PLAINER = str.maketrans({
    "‘": "'", "’": "'", "‚": "'", "“": '"', "”": '"', "„": '"', "«": '"', "»": '"', "–": "-", "—": "-", "…": "...",
    "\u00a0": " ", "\u202f": " ", "•": "-", "\t": " ",
})  # fmt: skip


@dataclass(frozen=True, slots=True)
class Segments:
    """What an SMS takes. `units`: septets of GSM-7 or UTF-16 units of UCS-2."""

    encoding: str
    units: int
    count: int


def segments(text: str) -> Segments:
    """GSM-7: 160 septets, or 153 each of several. One character beyond it makes all of it UCS-2: 70, or 67 each. What
    takes two units is not cut across two segments."""
    if all(c in _GSM or c in _ESCAPED for c in text):
        encoding, one, many = "GSM-7", 160, 153
        units = [2 if c in _ESCAPED else 1 for c in text]
    else:
        encoding, one, many = "UCS-2", 70, 67
        units = [2 if ord(c) > 0xFFFF else 1 for c in text]
    if sum(units) <= one:
        return Segments(encoding, sum(units), 1 if text else 0)
    count, room = 1, many
    for unit in units:
        if unit > room:
            count, room = count + 1, many
        room -= unit
    return Segments(encoding, sum(units), count)


def plainer(text: str) -> str:
    """The text with plain quotes, dashes and blanks, where that alone makes it GSM-7: less than half the price."""
    plain = text.translate(_PLAINER)
    return plain if segments(plain).encoding == "GSM-7" else text


_HOW_TO_STOP = {
    "en": "No more offers: reply {}", "de": "Keine Angebote mehr: {} antworten", "fr": "Plus d'offres: répondez {}",
    "es": "Sin ofertas: responda {}", "it": "Niente offerte: rispondi {}", "da": "Ingen tilbud: svar {}",
    "nl": "Geen aanbiedingen: antwoord {}", "sr": "Bez ponuda: odgovorite {}", "ro": "Fara oferte: raspundeti {}",
    "lv": "Bez piedavajumiem: atbildiet {}", "ar": "لإيقاف العروض أرسل {}",
}  # fmt: skip


def how_to_stop(word: str, language: str | None) -> str:
    """The line under an advertising SMS that can be answered."""
    tag = (language or "").replace("_", "-").partition("-")[0].lower()
    return _HOW_TO_STOP.get(tag, _HOW_TO_STOP["en"]).format(word.upper())


def text_of(note: Note) -> str:
    """All that the SMS says: the text, the link, how to stop."""
    return plainer("\n".join(part for part in (note.text, note.link, note.stop) if part))


# --- senders -----------------------------------------------------------------------------------------------------

# Names of letters arrive nowhere in these (North America's numbering plan, and China).
_NUMBERS_ONLY = frozenset({"US", "CA", "PR", "CN"})


def country_of(number: str) -> str | None:
    """The country (ISO 3166-1) of a number in E.164."""
    try:
        return phonenumbers.region_code_for_number(phonenumbers.parse(number))
    except phonenumbers.NumberParseException:
        return None


def is_name(sender: str) -> bool:
    """Whether a sender is a name, which nobody can answer."""
    return any(c.isalpha() for c in sender)


def sender_for(account: SmsAccount, number: str) -> tuple[str, str] | None:
    """Who speaks to that number, as the member of the request that says so; None: nobody can."""
    country = country_of(number) or ""
    sender = account.senders.get(country) or (None if account.messaging_service_sid else account.sender)
    if sender is None:
        sid = account.messaging_service_sid
        return None if sid is None else ("MessagingServiceSid", sid)
    return None if country in _NUMBERS_ONLY and is_name(sender) else ("From", sender)


def can_be_answered(account: SmsAccount, number: str) -> bool:
    """Whether whoever gets it can answer STOP."""
    found = sender_for(account, number)
    return found is not None and not (found[0] == "From" and is_name(found[1]))


def refused(account: SmsAccount, note: Note) -> Failed | None:
    """What keeps a message from being sent at all, before it costs something."""
    if sender_for(account, note.to) is None:
        return Failed("no_sender_for_country", f"no sender for {country_of(note.to) or 'this country'}")
    count = segments(text_of(note)).count
    if count > MOST_SEGMENTS:
        return Failed("too_long", f"{count} segments; {MOST_SEGMENTS} at most")
    return None


# --- requests ----------------------------------------------------------------------------------------------------


def message_call(url: str, account: SmsAccount, secrets: Secrets, note: Note, message_id: UUID, ttl_s: int) -> Call:
    """One SMS. Our message's id is in the address that is told what became of it: Twilio takes no key."""
    name, sender = sender_for(account, note.to) or ("From", account.sender or "")
    form = {"To": note.to, name: sender, "Body": text_of(note), "ValidityPeriod": str(min(max(ttl_s, 1), LONGEST_S))}
    if note.callback_url is not None:
        form["StatusCallback"] = f"{note.callback_url}?message={message_id}"
    if note.image_url is not None and country_of(note.to) in ("US", "CA"):
        form["MediaUrl"] = note.image_url  # MMS is known there only
    headers = _headers(account, secrets) | {"Content-Type": "application/x-www-form-urlencoded"}
    return Call(f"{url}/Accounts/{account.account_sid}/Messages.json", headers, urlencode(form).encode())


def _headers(account: SmsAccount, secrets: Secrets) -> dict[str, str]:
    pair = f"{account.account_sid}:{secrets['auth_token']}".encode()
    return {"Authorization": "Basic " + base64.b64encode(pair).decode()}


def check_call(url: str, account: SmsAccount, secrets: Secrets) -> Call:
    """Asks for the account itself."""
    return Call(f"{url}/Accounts/{account.account_sid}.json", _headers(account, secrets))


def read_check(reply: Reply) -> Check:
    """What the answer to `check_call` says of the account."""
    words = said(reply.status, reply.body.get("code"), reply.body.get("message"))
    if reply.status == 200 and reply.body.get("status", "active") == "active":
        return Check(CheckResult.WORKS, "Twilio knows this account, and it is active.", "200")
    if reply.status == 401:
        return Check(CheckResult.WRONG_KEY, "Twilio does not take this auth token for this account.", words)
    if reply.status == 429 or reply.status >= 500:
        return Check(CheckResult.BUSY, "Twilio asks us to wait. Check again in a minute.", words)
    return Check(CheckResult.NOT_ALLOWED, "Twilio has suspended or closed this account.", words)


# --- answers -----------------------------------------------------------------------------------------------------

_WITHDRAWN = {21610: "opted_out", 30004: "blocked"}
_DEAD = {21211: "invalid_number", 21614: "not_mobile", 30006: "landline", 30005: "unknown_number"}
_ACCOUNT = {20003: "credentials", 20005: "account_suspended", 30002: "account_suspended", 21606: "sender",
            21603: "sender", 30034: "unregistered"}  # fmt: skip
_COUNTRY = {21408: "region_disabled"}
_SLOWER = {20429, 14107, 30001, 30022}
_TWICE = {30003: "unreachable_phone", 30008: "unknown_error"}
_FINAL = {30007: "carrier_filtered", 21612: "no_sender_for_country", 21617: "too_long", 21602: "blank"}
_TWICE_WAIT_S = 300.0
_TRIES = 3


def after_reply(reply: Reply, attempt: Attempt) -> Outcome:
    """What to do after Twilio has answered. A 5xx without its code proves nothing, but that of a closed door does."""
    if reply.status in (200, 201):
        return Sent(str(reply.body.get("sid") or reply.status))
    code = reply.body.get("code")
    text = said(reply.status, code, reply.body.get("message"))
    if reply.status in (429, 503) or code in _SLOWER:
        pause_s = retry_after_s(reply.retry_after, attempt.now)
        return again("rate", text, attempt, pause_s=SLOW_S if pause_s is None else pause_s)
    if isinstance(code, int) and reply.status < 500:
        return after_code(code, text, attempt)
    if reply.status >= 500:
        return after_silence(f"http_{reply.status}", attempt)
    return misconfigured("credentials" if reply.status == 401 else f"http_{reply.status}", text, attempt)


def after_code(code: int, text: str, attempt: Attempt) -> Failed | Misconfigured:
    """What an error code asks of us: the same whether it comes in the answer or by webhook later."""
    if code in _ACCOUNT:
        return misconfigured(_ACCOUNT[code], text, attempt)
    if code in _COUNTRY:
        return Misconfigured(_COUNTRY[code], text)
    if code in _SLOWER:
        return again("rate", text, attempt, pause_s=SLOW_S)
    if code in _TWICE and attempt.number < _TRIES:
        return again(_TWICE[code], text, attempt, wait_s=_TWICE_WAIT_S)
    if code in _WITHDRAWN:
        return Failed(_WITHDRAWN[code], text, then=Then.WITHDRAW)
    if code in _DEAD:
        return Failed(_DEAD[code], text, retire_address=True)
    return Failed(_TWICE.get(code) or _FINAL.get(code) or f"twilio_{code}", text)


def after_report(report: PhoneReport, attempt: Attempt) -> Failed | Misconfigured:
    """The same of a failure that a webhook tells."""
    code = report.code or ""
    return after_code(int(code) if code.isdecimal() else 0, report.words, attempt)


# --- webhooks ----------------------------------------------------------------------------------------------------

Form = Sequence[tuple[str, str]]


def read_form(body: bytes) -> Form:
    """The members of a form, in their order; none where it is no form."""
    try:
        return parse_qsl(body.decode(), keep_blank_values=True, max_num_fields=200)
    except ValueError:
        return []


def is_signed(secrets: Secrets, url: str, body: bytes, *, signature: str | None, settings: str | None) -> bool:
    """Whether Twilio signed this call to `url` (as it is known outside, with its query).

    The old scheme is HMAC-SHA1 with the auth token, the new one HMAC-SHA256 with a key of its own, which the second
    header names. Which one counts is decided by what is stored for that key, never by the algorithm a header names.
    """
    named = dict(part.partition("=")[::2] for part in (settings or "").replace(" ", "").split(","))
    keys = secrets.get("webhook_keys") or {}
    if "key" in named:
        key, digest = keys.get(named["key"]), "sha256"
    else:
        key, digest = secrets["auth_token"], "sha1"
    if not isinstance(key, str) or not signature:
        return False
    wanted = [_sign(key, digest, one, body) for one in _spellings(url)]
    return any(hmac.compare_digest(w.encode(), signature.encode()) for w in wanted)


def _sign(key: str, digest: str, url: str, body: bytes) -> str:
    form: dict[str, set[str]] = {}
    if "bodySHA256=" in url:
        if f"bodySHA256={hashlib.sha256(body).hexdigest()}" not in url:
            return ""
    else:
        for name, value in read_form(body):
            form.setdefault(name, set()).add(value)
    text = url + "".join(name + value for name in sorted(form) for value in sorted(form[name]))
    return base64.b64encode(hmac.new(key.encode(), text.encode(), digest).digest()).decode()


def _spellings(url: str) -> tuple[str, str]:
    """With the port and without it: Twilio does both."""
    parts = urlsplit(url)
    host = parts.hostname or ""
    port = parts.port or (443 if parts.scheme == "https" else 80)
    return urlunsplit(parts._replace(netloc=host)), urlunsplit(parts._replace(netloc=f"{host}:{port}"))


_KINDS = {
    "sent": ReportKind.SENT, "delivered": ReportKind.DELIVERED, "partially_delivered": ReportKind.DELIVERED,
    "read": ReportKind.READ, "undelivered": ReportKind.FAILED, "failed": ReportKind.FAILED,
    "canceled": ReportKind.FAILED,
}  # fmt: skip


def hear(body: bytes, message_id: str | None, account: SmsAccount, now: datetime) -> Heard:
    """What a call tells of this account. `message_id`: from the address, where it is about a message of ours."""
    form = dict(read_form(body))
    if form.get("AccountSid") != account.account_sid:
        return Heard()
    if "MessageStatus" in form:
        return Heard(reports=_reports(form, message_id, now))
    number = e164(form.get("From"))
    if number is None or "Body" not in form:
        return Heard()
    text = form["Body"]
    word, asked = command_of(text), form.get("OptOutType", "").upper()
    sid = form.get("MessageSid") or unnamed(number, now.isoformat(), text)
    pictures = " [picture]" if form.get("NumMedia", "0") not in ("", "0") else ""
    return Heard(
        inbound=[
            Inbound(
                at=now,
                number=number,
                provider_id=sid[:250],
                text=f"{text}{pictures}".strip(),
                stops=asked == "STOP" or is_stop(word),
                starts=asked == "START" or is_start(word),
            )
        ]
    )


def _reports(form: Mapping[str, str], message_id: str | None, now: datetime) -> list[PhoneReport]:
    kind = _KINDS.get(form["MessageStatus"])
    try:
        id_ = UUID(str(message_id))
    except ValueError:
        return []
    if kind is None:
        return []
    code = form.get("ErrorCode") or None
    sid = form.get("MessageSid", "")
    words = said(200, code, form["MessageStatus"]) if kind is ReportKind.FAILED else ""
    return [PhoneReport(message_id=id_, kind=kind, at=now, provider_id=sid, code=code, words=words)]
