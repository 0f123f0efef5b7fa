"""The WhatsApp Cloud API: request bodies, templates, what its error codes ask of us, its webhooks. Pure.

Source: Meta's pages on messages, error codes and status webhooks, with pywa 4.5.0 (PROTOCOLS.md 3.1).
"""

import hashlib
import hmac
import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID

import msgspec

from geoengage.messaging.rules.accounts import Check, CheckResult
from geoengage.messaging.rules.drafts import Purpose
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
    Template,
    WhatsappAccount,
    command_of,
    digits,
    e164,
    is_start,
    is_stop,
    said,
    unnamed,
)
from geoengage.messaging.rules.text import cut

WINDOW = timedelta(hours=24)  # after somebody wrote, in which any text may go to them
TEXT_MAX = 4096
BODY_MAX = 1024  # of what has buttons
BUTTON_MAX = 20
PARAMETER_MAX = 900  # so that a template's body stays within BODY_MAX
PAIR_WAIT_S = 6.0  # between two messages to one person
SLOW_S = 30.0
STOP_ID = "stop"
SIGNATURE = "X-Hub-Signature-256"
_HOLE = re.compile(r"{{\s*([a-z0-9_]+)\s*}}")
_EXAMPLES = {"title": "Fresh today", "body": "Strawberries -20 %", "link": "https://shop.example.com/today"}
_NUMBERED = {"1": "title", "2": "body", "3": "link"}


def in_window(last_inbound_at: datetime | None, now: datetime) -> bool:
    """Whether any text may go to somebody who wrote last at that moment; a minute is left for the way."""
    return last_inbound_at is not None and now < last_inbound_at + WINDOW - timedelta(minutes=1)


# --- requests ----------------------------------------------------------------------------------------------------


def message_call(
    url: str, account: WhatsappAccount, secrets: Secrets, note: Note, message_id: UUID, _ttl_s: int
) -> Call:
    """One message. `url`: of the Graph API with its version, which takes no time to live."""
    body: dict[str, Any] = {
        "messaging_product": "whatsapp",
        "recipient_type": "individual",
        "recipient" if note.is_handle else "to": note.to if note.is_handle else digits(note.to),
        "biz_opaque_callback_data": str(message_id),
    }
    if note.template is not None:
        body |= {"type": "template", "template": note.template}
    elif note.link is not None or note.stop is not None:
        body |= {"type": "interactive", "interactive": _interactive(note)}
    elif note.image_url is not None:
        body |= {"type": "image", "image": {"link": note.image_url, "caption": cut(note.text, BODY_MAX, 4 * BODY_MAX)}}
    else:
        body |= {"type": "text", "text": {"body": cut(note.text, TEXT_MAX, 4 * TEXT_MAX), "preview_url": False}}
    return _post(f"{url}/{account.phone_number_id}/messages", secrets, body)


def _interactive(note: Note) -> dict[str, Any]:
    """A text with one button: where it leads, else the one that stops it."""
    body: dict[str, Any] = {"body": {"text": cut(note.text, BODY_MAX, 4 * BODY_MAX)}}
    if note.image_url is not None:
        body["header"] = {"type": "image", "image": {"link": note.image_url}}
    if note.link is not None:
        shown = {"display_text": cut(note.button, BUTTON_MAX, 4 * BUTTON_MAX), "url": note.link}
        return body | {"type": "cta_url", "action": {"name": "cta_url", "parameters": shown}}
    reply = {"type": "reply", "reply": {"id": STOP_ID, "title": cut(note.stop or "Stop", BUTTON_MAX, 4 * BUTTON_MAX)}}
    return body | {"type": "button", "action": {"buttons": [reply]}}


def _post(url: str, secrets: Secrets, body: Mapping[str, Any]) -> Call:
    return Call(url, _headers(secrets) | {"Content-Type": "application/json"}, msgspec.json.encode(body))


def _headers(secrets: Secrets) -> dict[str, str]:
    return {"Authorization": f"Bearer {secrets['access_token']}"}


def check_call(url: str, account: WhatsappAccount, secrets: Secrets) -> Call:
    """Asks for the number itself."""
    return Call(f"{url}/{account.phone_number_id}?fields=verified_name,quality_rating", _headers(secrets))


def read_check(reply: Reply) -> Check:
    """What the answer to `check_call` says of the account."""
    error = _error(reply)
    words = said(reply.status, error.get("code"), error.get("message"))
    if reply.status == 200:
        return Check(CheckResult.WORKS, "WhatsApp knows this number and takes messages for it.", "200")
    if error.get("code") in (0, 190) or reply.status == 401:
        return Check(CheckResult.WRONG_KEY, "Meta does not take this access token. Make a new one, put it here.", words)
    if reply.status == 429 or reply.status >= 500:
        return Check(CheckResult.BUSY, "Meta asks us to wait. Check again in a minute.", words)
    help_ = "The token's system user may not use this number: assign the WhatsApp account to it, with full control."
    return Check(CheckResult.NOT_ALLOWED, help_, words)


def templates_call(url: str, account: WhatsappAccount, secrets: Secrets) -> Call:
    """Asks for all templates of the business account."""
    fields = "name,language,status,category,components,rejected_reason"
    return Call(f"{url}/{account.business_account_id}/message_templates?limit=1000&fields={fields}", _headers(secrets))


def submit_call(url: str, account: WhatsappAccount, secrets: Secrets, template: Template) -> Call:
    """Hands a template in for approval."""
    body = {
        "name": template.name,
        "language": template.language,
        "category": template.category,
        "components": template.components,
    }
    return _post(f"{url}/{account.business_account_id}/message_templates", secrets, body)


def read_templates(reply: Reply) -> list[tuple[Template, str | None]]:
    """The templates in an answer, with why one was rejected."""
    found = []
    for row in _rows(reply.body.get("data")):
        components = [c for c in row.get("components") or [] if isinstance(c, dict)]
        reason = str(row.get("rejected_reason") or "NONE")
        template = Template(
            name=str(row.get("name")),
            language=str(row.get("language")),
            category=str(row.get("category") or "").lower(),
            status=template_status(str(row.get("status") or "")),
            components=components,
        )
        found.append((template, None if reason == "NONE" else reason))
    return found


# --- templates ---------------------------------------------------------------------------------------------------

_STATUSES = {
    "APPROVED": "approved", "REINSTATED": "approved", "UNARCHIVED": "approved", "FLAGGED": "approved",
    "REJECTED": "rejected", "PAUSED": "paused", "DISABLED": "disabled", "PENDING": "pending", "IN_APPEAL": "pending",
    "LIMIT_EXCEEDED": "disabled", "ARCHIVED": "disabled", "DELETED": "deleted", "PENDING_DELETION": "deleted",
}  # fmt: skip
TEMPLATE_STATUSES = ("pending", "approved", "rejected", "paused", "disabled", "deleted")


def template_status(word: str) -> str:
    """Meta's word for where a template stands, as one of ours; a new one of theirs is nothing to send with."""
    return _STATUSES.get(word.upper(), "pending")


def components_of(
    body: str, *, header: str | None, footer: str | None, button: tuple[str, str] | None, stop: str | None
) -> list[dict[str, Any]]:
    """The parts of a template to be handed in, with the examples that Meta asks for. `button`: words, and how all links
    begin; `stop`: words on a button that unsubscribes."""
    found: list[dict[str, Any]] = []
    if header is not None:
        found.append({"type": "HEADER", "format": "TEXT", "text": header})
    text: dict[str, Any] = {"type": "BODY", "text": body}
    if holes := list(dict.fromkeys(_HOLE.findall(body))):
        text["example"] = {"body_text": [[_EXAMPLES.get(_NUMBERED.get(hole, hole), "x") for hole in holes]]}
    found.append(text)
    if footer is not None:
        found.append({"type": "FOOTER", "text": footer})
    buttons: list[dict[str, Any]] = []
    if button is not None:
        words, start = button
        buttons.append({"type": "URL", "text": words, "url": f"{start}{{{{1}}}}", "example": [f"{start}today"]})
    if stop is not None:
        buttons.append({"type": "QUICK_REPLY", "text": stop})
    return [*found, {"type": "BUTTONS", "buttons": buttons}] if buttons else found


def choose_template(
    account: WhatsappAccount, templates: Sequence[Template], purpose: str, chain: Sequence[str]
) -> Template | None:
    """The approved template for messages of a purpose, in the first language that there is of; None: none may be sent.

    What sells goes only by a template for marketing: Meta takes the number away from who does otherwise.
    """
    name = account.templates.get(purpose)
    marketing = purpose == Purpose.MARKETING
    usable = {
        t.language.replace("_", "-").lower(): t
        for t in templates
        if t.name == name and t.status == "approved" and (t.category == "marketing") >= marketing
    }
    for tag in (tag.replace("_", "-").lower() for tag in chain):
        near = [key for key in sorted(usable) if key == tag or key.partition("-")[0] == tag.partition("-")[0]]
        if near:
            return usable[tag if tag in usable else near[0]]
    return next((usable[key] for key in sorted(usable)), None)


def fill_template(
    template: Template, *, title: str, body: str, link: str | None, image_url: str | None
) -> dict[str, Any] | None:
    """The template with a message's words in its holes; None when it has one that this message cannot fill.

    Holes are `{{title}}`, `{{body}}`, `{{link}}`, or `{{1}}`, `{{2}}`, `{{3}}` in this order; a header may be the
    message's picture; the button's address may end in a hole, for the end of a link that begins as it does.
    """
    words = {"title": title, "body": body, "link": link}
    filled: list[dict[str, Any]] = []
    for component in template.components:
        kind = str(component.get("type", "")).upper()
        if kind == "HEADER" and component.get("format", "TEXT") == "IMAGE":
            if image_url is None:
                return None
            filled.append({"type": "header", "parameters": [{"type": "image", "image": {"link": image_url}}]})
        elif kind in ("HEADER", "BODY"):
            parameters = _parameters(str(component.get("text", "")), words)
            if parameters is None:
                return None
            if parameters:
                filled.append({"type": kind.lower(), "parameters": parameters})
        elif kind == "BUTTONS":
            buttons = _buttons(component, link)
            if buttons is None:
                return None
            filled += buttons
    return {"name": template.name, "language": {"code": template.language}, "components": filled}


def _parameters(text: str, words: Mapping[str, str | None]) -> list[dict[str, str]] | None:
    parameters = []
    for hole in dict.fromkeys(_HOLE.findall(text)):
        value = words.get(_NUMBERED.get(hole, hole))
        if not value:
            return None
        # Meta takes no line breaks, tabs or more than four spaces in a row here (132018)
        parameter = {"type": "text", "text": cut(" ".join(value.split()), PARAMETER_MAX, 4 * PARAMETER_MAX)}
        parameters.append(parameter if hole.isdecimal() else parameter | {"parameter_name": hole})
    return parameters


def _buttons(component: Mapping[str, Any], link: str | None) -> list[dict[str, Any]] | None:
    found = []
    for n, button in enumerate(_rows(component.get("buttons"))):
        base, hole, _ = str(button.get("url", "")).partition("{{")
        if not hole:
            continue
        if link is None or not link.startswith(base):
            return None
        end = {"type": "text", "text": link.removeprefix(base)}
        found.append({"type": "button", "sub_type": "url", "index": str(n), "parameters": [end]})
    return found


# --- answers -----------------------------------------------------------------------------------------------------

_SLOWER = {4: "app_rate", 80007: "account_rate", 130429: "number_rate"}
_ACCOUNT = {
    0: "credentials", 190: "credentials", 3: "permission", 10: "permission", 368: "account_locked",
    131031: "account_locked", 131042: "payment", 131044: "registration", 131045: "registration", 133016: "registration",
}  # fmt: skip
_QUALITY = {131048, 131064}
_ELSEWHERE = {131049: "marketing_cap", 130472: "experiment", 130497: "country_restricted"}
_AGAIN = {131000: "internal", 131016: "unavailable", 131057: "maintenance"}
_FINAL = {
    131008: "invalid_payload", 131009: "invalid_payload", 131051: "invalid_payload", 131021: "invalid_payload",
    132000: "template_parameters", 132001: "template_missing", 132005: "template_parameters",
    132007: "template_content", 132008: "template_parameters", 132012: "template_parameters",
    132018: "template_parameters", 131052: "media", 131053: "media", 135000: "invalid_payload",
}  # fmt: skip
_PAUSED = {132015: "template_paused", 132016: "template_disabled"}
_ROUTE = {131062: "no_user_ids", 131063: "needs_marketing_api", 131030: "test_numbers_only"}


def after_reply(reply: Reply, attempt: Attempt) -> Outcome:
    """What to do after Meta has answered. Without a code of its own an error of a server proves nothing: it may have
    been taken, and there is no key by which it would be known again."""
    if reply.status == 200:
        rows = _rows(reply.body.get("messages"))
        return Sent(str(rows[0].get("id")) if rows else "200")
    error = _error(reply)
    code = error.get("code")
    if isinstance(code, int):
        return after_code(code, said(reply.status, code, error.get("message")), attempt)
    if reply.status in (429, 503):
        return again("unavailable", said(reply.status), attempt, pause_s=SLOW_S)
    if reply.status >= 500:
        return after_silence(f"http_{reply.status}", attempt)
    return misconfigured(f"http_{reply.status}", said(reply.status), attempt)


def after_code(code: int, text: str, attempt: Attempt) -> Failed | Misconfigured:
    """What an error code asks of us: the same whether it comes in the answer or by webhook later."""
    if code in _ACCOUNT or 200 <= code < 300:
        return misconfigured(_ACCOUNT.get(code, "permission"), text, attempt)
    if code in _QUALITY:
        return misconfigured("quality", text, attempt, scope="platform")
    if code in _ROUTE:
        return Misconfigured(_ROUTE[code], text)
    return _later(code, text, attempt) or _never(code, text)


def after_report(report: PhoneReport, attempt: Attempt) -> Failed | Misconfigured:
    """The same of a failure that a webhook tells."""
    code = report.code or ""
    return after_code(int(code) if code.isdecimal() else -1, report.words, attempt)


def _later(code: int, text: str, attempt: Attempt) -> Failed | None:
    if code in _SLOWER:
        return again(_SLOWER[code], text, attempt, pause_s=SLOW_S)
    if code == 131056:
        return again("pair_rate", text, attempt, wait_s=PAIR_WAIT_S * 2.0 ** (attempt.number - 1))
    if code == 131047:
        return again("window_closed", text, attempt, then=Then.CLOSE_WINDOW, wait_s=0.0)
    return again(_AGAIN[code], text, attempt) if code in _AGAIN else None


def _never(code: int, text: str) -> Failed:
    if code == 131050:
        return Failed("opted_out", text, then=Then.WITHDRAW)
    if code == 131026:
        return Failed("not_on_whatsapp", text, retire_address=True)
    if code in _PAUSED:
        return Failed(_PAUSED[code], text, then=Then.PAUSE_TEMPLATE)
    return Failed(_ELSEWHERE.get(code) or _FINAL.get(code) or f"whatsapp_{code}", text)


def words_of(reply: Reply) -> str:
    """A refusal in Meta's words."""
    error = _error(reply)
    return said(reply.status, error.get("code"), error.get("error_user_msg") or error.get("message"))


def _error(reply: Reply) -> Mapping[str, Any]:
    error = reply.body.get("error")
    return error if isinstance(error, dict) else {}


def _rows(value: object) -> list[dict[str, Any]]:
    return [row for row in value if isinstance(row, dict)] if isinstance(value, list) else []


# --- webhooks ----------------------------------------------------------------------------------------------------


def is_signed(app_secret: str, signature: str | None, body: bytes) -> bool:
    """Whether Meta signed these bytes, in constant time."""
    wanted = "sha256=" + hmac.new(app_secret.encode(), body, hashlib.sha256).hexdigest()
    return hmac.compare_digest(wanted.encode(), (signature or "").encode())


@dataclass(frozen=True, slots=True)
class _Change:
    account: str
    field: str
    value: Mapping[str, Any]


def _changes(body: Mapping[str, Any]) -> Iterator[_Change]:
    for entry in _rows(body.get("entry")):
        for change in _rows(entry.get("changes")):
            if isinstance(change.get("value"), dict):
                yield _Change(str(entry.get("id")), str(change.get("field")), change["value"])


def accounts_in(body: Mapping[str, Any]) -> set[str]:
    """The numbers and business accounts that a webhook call speaks of, by their ids."""
    found = set()
    for change in _changes(body):
        metadata = change.value.get("metadata")
        found.add(str(metadata.get("phone_number_id")) if isinstance(metadata, dict) else change.account)
    return found


def hear(body: Mapping[str, Any], account: WhatsappAccount) -> Heard:
    """What a webhook call tells of this account; of other numbers nothing."""
    reports: list[PhoneReport] = []
    inbound: list[Inbound] = []
    templates = []
    for change in _changes(body):
        value = change.value
        if change.field == "message_template_status_update" and change.account == account.business_account_id:
            reason = str(value.get("reason") or "NONE")
            templates.append(
                (
                    str(value.get("message_template_name")),
                    str(value.get("message_template_language")),
                    template_status(str(value.get("event") or "")),
                    None if reason == "NONE" else reason[:100],
                )
            )
        metadata = value.get("metadata")
        if isinstance(metadata, dict) and str(metadata.get("phone_number_id")) == account.phone_number_id:
            reports += filter(None, map(_report, _rows(value.get("statuses"))))
            inbound += filter(None, map(_inbound, _rows(value.get("messages"))))
    return Heard(reports, inbound, templates)


_KINDS = {
    "sent": ReportKind.SENT, "delivered": ReportKind.DELIVERED, "read": ReportKind.READ, "played": ReportKind.READ,
    "failed": ReportKind.FAILED,
}  # fmt: skip


def _report(row: Mapping[str, Any]) -> PhoneReport | None:
    """One status; None for one that names no message of ours."""
    kind, at = _KINDS.get(str(row.get("status"))), _time(row.get("timestamp"))
    try:
        message_id = UUID(str(row.get("biz_opaque_callback_data")))
    except ValueError:
        return None
    if kind is None or at is None:
        return None
    errors = _rows(row.get("errors"))
    code = str(errors[0].get("code")) if errors else None
    words = said(200, code, errors[0].get("title")) if errors else ""
    return PhoneReport(message_id=message_id, kind=kind, at=at, provider_id=str(row.get("id")), code=code, words=words)


def _inbound(row: Mapping[str, Any]) -> Inbound | None:
    at = _time(row.get("timestamp"))
    number, user_id = e164(row.get("from")), row.get("from_user_id") or row.get("user_id")
    if at is None or (number is None and not user_id):
        return None
    text = _text_of(row)
    word = command_of(text)
    pressed = _pressed(row) == STOP_ID
    return Inbound(
        at=at,
        number=number,
        user_id=None if user_id is None else str(user_id)[:100],
        provider_id=str(row.get("id") or unnamed(number or user_id, row.get("timestamp"), text))[:250],
        text=text,
        stops=pressed or is_stop(word),
        starts=is_start(word),
    )


def _text_of(row: Mapping[str, Any]) -> str:
    """What was written or pressed; of anything else what it is, and the words under it."""
    for name, member in (("text", "body"), ("button", "text")):
        part = row.get(name)
        if isinstance(part, dict):
            return str(part.get(member) or "")
    kind = str(row.get("type") or "message")[:20]
    part = row.get(kind)
    part = part if isinstance(part, dict) else {}
    chosen = part.get("button_reply") or part.get("list_reply")
    if isinstance(chosen, dict):
        return str(chosen.get("title") or "")
    return f"[{kind}] {part.get('caption') or part.get('emoji') or ''}".strip()


def _pressed(row: Mapping[str, Any]) -> str | None:
    interactive = row.get("interactive")
    reply = interactive.get("button_reply") if isinstance(interactive, dict) else None
    return str(reply.get("id")) if isinstance(reply, dict) else None


def _time(value: object) -> datetime | None:
    """Seconds since 1970, as text."""
    text = str(value)
    if not (text.isascii() and text.isdecimal() and len(text) <= 11):
        return None
    return datetime.fromtimestamp(int(text), UTC)
