"""Viber Business Messages through Infobip: requests, what its statuses ask of us, its reports. Pure.

Infobip, because it takes our key: a message whose `messageId` it has had is refused (REJECTED_DUPLICATE_MESSAGE_ID),
so a try without an answer may be repeated. Source: infobip-api-python-client 6.0.0, Infobip's page of status codes,
tyntec's of Viber's own codes (PROTOCOLS.md 3.2).
"""

from collections.abc import Mapping
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID

import msgspec

from geoengage.messaging.rules.accounts import Check, CheckResult
from geoengage.messaging.rules.drafts import Blocker, Purpose
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
    ViberAccount,
    command_of,
    digits,
    e164,
    is_start,
    is_stop,
    said,
    unnamed,
)
from geoengage.messaging.rules.text import cut

TEXT_MAX = 1000
BUTTON_MAX = 30
TTL_MIN_S, TTL_MAX_S = 30, 1_209_600  # Viber's own bounds
SLOW_S = 30.0
SESSION = timedelta(hours=24)  # after which Viber takes messages again to who has not written


# --- requests ----------------------------------------------------------------------------------------------------


def message_call(url: str, account: ViberAccount, secrets: Secrets, note: Note, message_id: UUID, ttl_s: int) -> Call:
    """One message: a text, with a picture only together with a button, as Viber has it."""
    ttl_s = min(max(ttl_s, TTL_MIN_S), TTL_MAX_S)
    options = {
        "label": "PROMOTIONAL" if note.purpose == Purpose.MARKETING else "TRANSACTIONAL",
        "validityPeriod": {"amount": ttl_s, "timeUnit": "SECONDS"},
        "trackingData": str(message_id),
    }
    message: dict[str, Any] = {
        "sender": account.sender,
        "destinations": [{"to": digits(note.to), "messageId": str(message_id)}],
        "content": _content(note),
        "options": options,
    }
    if note.callback_url is not None:
        message["webhooks"] = {"delivery": {"url": note.callback_url}, "seen": {"url": note.callback_url}}
    body = msgspec.json.encode({"messages": [message]})
    return Call(f"{url}/viber/2/messages", _headers(secrets) | {"Content-Type": "application/json"}, body)


def _content(note: Note) -> dict[str, Any]:
    parts = [note.text, note.stop]
    if note.link is None:
        return {"type": "TEXT", "text": _fitting(parts)}
    button = {"title": cut(note.button, BUTTON_MAX, 4 * BUTTON_MAX), "action": note.link}
    content: dict[str, Any] = {"type": "TEXT", "text": _fitting(parts), "button": button}
    return content | {"type": "IMAGE", "mediaUrl": note.image_url} if note.image_url is not None else content


def _fitting(parts: list[str | None]) -> str:
    """The text, cut where it and what stands below it are too long together."""
    text, below = str(parts[0]), parts[1]
    end = "" if below is None else f"\n{below}"
    return cut(text, TEXT_MAX - len(end), 4 * TEXT_MAX) + end


def _headers(secrets: Secrets) -> dict[str, str]:
    return {"Authorization": f"App {secrets['api_key']}", "Accept": "application/json"}


def check_call(url: str, account: ViberAccount, secrets: Secrets) -> Call:
    """Asks for the account's balance, which every key may see."""
    return Call(f"{url}/account/1/balance", _headers(secrets))


def read_check(reply: Reply) -> Check:
    """What the answer to `check_call` says of the account."""
    words = said(reply.status, _error_of(reply))
    if reply.status == 200:
        return Check(
            CheckResult.WORKS, "Infobip takes this key. A first message tells whether the sender is yours.", "200"
        )
    if reply.status in (401, 403):
        return Check(CheckResult.WRONG_KEY, "Infobip does not take this API key.", words)
    if reply.status == 429 or reply.status >= 500:
        return Check(CheckResult.BUSY, "Infobip asks us to wait. Check again in a minute.", words)
    return Check(CheckResult.NOT_ALLOWED, "Infobip does not know this account: is the base URL right?", words)


def _error_of(reply: Reply) -> str:
    error = reply.body.get("requestError")
    service = error.get("serviceException") if isinstance(error, dict) else None
    return str(service.get("text") or "") if isinstance(service, dict) else ""


# --- answers -----------------------------------------------------------------------------------------------------

_ACCOUNT = {
    "REJECTED_NOT_ENOUGH_CREDITS": "payment", "REJECTED_PREPAID_PACKAGE_EXPIRED": "payment",
    "REJECTED_SENDER": "sender", "REJECTED_SOURCE": "sender", "REJECTED_ROUTE_NOT_AVAILABLE": "route",
    "REJECTED_DESTINATION_NOT_REGISTERED": "demo_account",
}  # fmt: skip
_LATER = {"REJECTED_SYSTEM_ERROR", "REJECTED_NETWORK", "REJECTED_FLOODING_FILTER"}
_DEAD = {"REJECTED_DESTINATION", "REJECTED_PREFIX_MISSING", "MISSING_TO", "REJECTED_INVALID_DESTINATION"}
# By the words of the error beside it: Viber's own codes as partners name them.
_BY_ERROR = (
    ("BLOCK", Failed("blocked", "", then=Then.WITHDRAW)),
    ("NOT_VIBER_USER", Failed("not_on_viber", "", retire_address=True)),
    ("UNKNOWN_SUBSCRIBER", Failed("not_on_viber", "", retire_address=True)),
    ("NO_SUITABLE_DEVICE", Failed("no_suitable_device", "")),
    ("WAIT_FOR_USER_RESPONSE", Failed(Blocker.SESSION_LIMIT, "", then=Then.END_SESSION)),
    ("INVALID_TTL", Failed("invalid_payload", "")),
)
DUPLICATE = "REJECTED_DUPLICATE_MESSAGE_ID"


def after_reply(reply: Reply, attempt: Attempt) -> Outcome:
    """What to do after Infobip has answered. No answer, or an error of its server, is asked again under the same id."""
    if reply.status == 200:
        rows = reply.body.get("messages")
        row = rows[0] if isinstance(rows, list) and rows and isinstance(rows[0], dict) else {}
        name, group, words = _status_of(row)
        if group in ("REJECTED", "UNDELIVERABLE", "EXPIRED") and name != DUPLICATE:
            return after_status(name, said(200, words), attempt)
        return Sent(str(row.get("messageId") or "200"))
    text = said(reply.status, _error_of(reply))
    if reply.status in (429, 503):
        pause_s = retry_after_s(reply.retry_after, attempt.now)
        return again("rate", text, attempt, pause_s=SLOW_S if pause_s is None else pause_s)
    if reply.status >= 500:
        return after_silence(f"http_{reply.status}", attempt)
    if reply.status in (401, 403):
        return misconfigured("credentials", text, attempt)
    return (
        Failed("invalid_payload", text) if reply.status == 400 else misconfigured(f"http_{reply.status}", text, attempt)
    )


def after_status(name: str, text: str, attempt: Attempt) -> Failed | Misconfigured:
    """What a status that is no success asks of us. `name`: of the error where there is one, else of the status."""
    if name in _ACCOUNT:
        return misconfigured(_ACCOUNT[name], text, attempt)
    if name in _LATER:
        return again(name.lower(), text, attempt)
    if name in _DEAD:
        return Failed("invalid_number", text, retire_address=True)
    if name == "REJECTED_DND":
        return Failed("opted_out", text, then=Then.WITHDRAW)
    for part, found in _BY_ERROR:
        if part in name:
            return replace(found, answer=text)
    return Failed(name.lower()[:60] or "undeliverable", text)


def after_report(report: PhoneReport, attempt: Attempt) -> Failed | Misconfigured:
    """The same of a failure that a webhook tells. It is never tried again: Infobip has had its id."""
    found = after_status(report.code or "", report.words, attempt)
    return replace(found, retry_at=None) if isinstance(found, Failed) else found


def _status_of(row: Mapping[str, Any]) -> tuple[str, str, str]:
    """Name, group and words of a status; where an error stands beside it that says more, its name."""
    status, error = row.get("status"), row.get("error")
    status = status if isinstance(status, dict) else {}
    name, group = str(status.get("name") or ""), str(status.get("groupName") or "")
    words = str(status.get("description") or name)
    if isinstance(error, dict) and error.get("name") not in (None, "NO_ERROR") and not name.startswith("REJECTED_"):
        name, words = str(error["name"]), str(error.get("description") or error["name"])
    return name.upper(), group.upper(), words


# --- webhooks ----------------------------------------------------------------------------------------------------


def hear(body: Mapping[str, Any], account: ViberAccount, now: datetime) -> Heard:
    """What a call tells: reports of delivery, of being seen, and what people wrote to this sender."""
    reports, inbound = [], []
    rows = body.get("results")
    for row in rows if isinstance(rows, list) else []:
        if not isinstance(row, dict):
            continue
        if (wrote := _inbound(row, account, now)) is not None:
            inbound.append(wrote)
        elif (report := _report(row, now)) is not None:
            reports.append(report)
    return Heard(reports, inbound)


_GROUPS = {
    "DELIVERED": ReportKind.DELIVERED, "UNDELIVERABLE": ReportKind.FAILED, "EXPIRED": ReportKind.FAILED,
    "REJECTED": ReportKind.FAILED,
}  # fmt: skip


def _report(row: Mapping[str, Any], now: datetime) -> PhoneReport | None:
    try:
        message_id = UUID(str(row.get("messageId")))
    except ValueError:
        return None
    provider_id = str(row.get("messageId"))
    if row.get("seenAt") is not None:
        return PhoneReport(
            message_id=message_id, kind=ReportKind.READ, at=_time(row["seenAt"], now), provider_id=provider_id
        )
    name, group, words = _status_of(row)
    kind = _GROUPS.get(group)
    if kind is None or name == DUPLICATE:
        return None
    failed = kind is ReportKind.FAILED
    return PhoneReport(
        message_id=message_id,
        kind=kind,
        at=_time(row.get("doneAt"), now),
        provider_id=provider_id,
        code=name if failed else None,
        words=said(200, words) if failed else "",
    )


def _inbound(row: Mapping[str, Any], account: ViberAccount, now: datetime) -> Inbound | None:
    """What somebody wrote: `from` is their number, `to` the sender."""
    number, message = e164(row.get("from") or row.get("sender")), row.get("message") or row.get("content")
    to = str(row.get("to") or row.get("destination") or "")
    if number is None or not isinstance(message, dict) or to != account.sender:
        return None
    text = str(message.get("text") or "")
    word = command_of(text)
    return Inbound(
        at=_time(row.get("receivedAt"), now),
        number=number,
        provider_id=str(row.get("messageId") or unnamed(number, row.get("receivedAt"), text))[:250],
        text=text or f"[{str(message.get('type') or 'picture').lower()[:20]}]",
        stops=is_stop(word),
        starts=is_start(word),
    )


def _time(value: object, now: datetime) -> datetime:
    """`2026-11-20T10:00:00.000+0000`; the moment it came where it cannot be read."""
    try:
        at = datetime.fromisoformat(str(value))
    except ValueError:
        return now
    return at if at.tzinfo is not None else at.replace(tzinfo=UTC)
