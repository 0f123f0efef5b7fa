"""E-mails that people write back (RFC 5322): to which of our messages, what they say without what they quote. Pure.

An e-mail of an app that takes answers names an address of its own, `replies+<token>@…`. The token is signed for the app
and the message, so it tells to whom which store wrote; whoever has it was sent that e-mail. From is believed by nobody.
"""

import base64
import hashlib
import hmac
import re
from dataclasses import dataclass
from email import message_from_bytes
from email.message import EmailMessage, Message
from email.policy import default
from email.utils import parseaddr
from html.parser import HTMLParser
from uuid import UUID

SIGNATURE = "x-geoengage-signature"
_MAC_BYTES = 10
TOKEN_LENGTH = 42  # of 26 bytes in base 32: letters whose case may be lost on the way
LOCAL_MOST = 64 - 1 - TOKEN_LENGTH  # what may stand before the + (RFC 5321: 64 in all)
_TOKEN = re.compile(rf"\+([a-z2-7]{{{TOKEN_LENGTH}}})@", re.IGNORECASE)
_ADDRESSED = ("to", "cc", "delivered-to", "x-original-to", "envelope-to")
_AUTOMATIC = ("x-autoreply", "x-autorespond", "list-id", "x-failed-recipients")
_BULK = frozenset({"bulk", "junk", "list", "auto_reply"})


@dataclass(frozen=True, slots=True)
class Letter:
    """An e-mail that somebody wrote. `token`: the one of the address that it was sent to; `id`: its Message-ID, or a
    hash where it has none; `is_automatic`: no person wrote it."""

    token: str | None
    id: str
    from_address: str
    subject: str
    text: str
    is_automatic: bool


def answer_address(key: str, app_id: UUID, message_id: UUID, address: str) -> str:
    """The address that answers to this message go to: the app's own, with a token in it."""
    local, _, domain = address.rpartition("@")
    token = base64.b32encode(message_id.bytes + _mac(key, app_id, message_id)).decode().rstrip("=").lower()
    return f"{local}+{token}@{domain}"


def read_token(key: str, app_id: UUID, token: str | None) -> UUID | None:
    """The message that a token names; None when it was not signed here for this app."""
    try:
        raw = base64.b32decode((token or "").upper() + "=" * (-TOKEN_LENGTH % 8))
    except ValueError:  # also letters beyond ASCII that ignoring case lets pass
        return None
    if len(raw) != 16 + _MAC_BYTES:
        return None
    message_id = UUID(bytes=raw[:16])
    return message_id if hmac.compare_digest(raw[16:], _mac(key, app_id, message_id)) else None


def _mac(key: str, app_id: UUID, message_id: UUID) -> bytes:
    named = b"answer\x1f" + app_id.bytes + message_id.bytes
    return hmac.new(key.encode(), named, hashlib.sha256).digest()[:_MAC_BYTES]


def read_letter(raw: bytes) -> Letter:
    """What an e-mail says. Never fails: what cannot be read is empty."""
    mail = message_from_bytes(raw, policy=default)
    tokens = [found[1] for name in _ADDRESSED for value in _headers(mail, name) for found in _TOKEN.finditer(value)]
    named = _header(mail, "message-id").strip()
    return Letter(
        token=tokens[0].lower() if tokens else None,
        id=named[:250] if named else hashlib.sha256(raw).hexdigest(),
        from_address=parseaddr(_header(mail, "from"))[1].casefold(),
        subject=_header(mail, "subject"),
        text=unquoted(_text(mail)),
        is_automatic=_is_automatic(mail),
    )


def _headers(mail: Message, name: str) -> list[str]:
    try:
        return [str(value) for value in mail.get_all(name, [])]
    except (ValueError, IndexError, AttributeError, TypeError):  # the library trips over some broken headers
        return []


def _header(mail: Message, name: str) -> str:
    return next(iter(_headers(mail, name)), "")


def _is_automatic(mail: Message) -> bool:
    """RFC 3834, and what programs did before it."""
    said = _header(mail, "auto-submitted").strip().casefold()
    if said and not said.startswith("no"):
        return True
    if _header(mail, "return-path").strip() == "<>" or _header(mail, "precedence").strip().casefold() in _BULK:
        return True
    return any(_headers(mail, name) for name in _AUTOMATIC) or mail.get_content_type() == "multipart/report"


def _text(mail: Message) -> str:
    if not isinstance(mail, EmailMessage):
        return ""
    try:
        part = mail.get_body(("plain", "html"))
        content = "" if part is None else part.get_content()
    except (LookupError, ValueError, AttributeError, TypeError):  # an unknown charset, a broken part
        return ""
    if not isinstance(content, str):
        return ""
    return _without_tags(content) if part is not None and part.get_content_type() == "text/html" else content


class _Words(HTMLParser):
    """The words of a page, a line for each block; what is quoted in it is left out."""

    _BLOCKS = frozenset({"p", "div", "br", "tr", "li", "h1", "h2", "h3"})
    _SILENT = frozenset({"style", "script", "head", "blockquote", "title"})

    def __init__(self) -> None:
        super().__init__()
        self.words: list[str] = []
        self._silent = 0

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        del attrs
        self._silent += tag in self._SILENT
        if tag in self._BLOCKS:
            self.words.append("\n")

    def handle_endtag(self, tag: str) -> None:
        self._silent = max(0, self._silent - (tag in self._SILENT))

    def handle_data(self, data: str) -> None:
        if not self._silent:
            self.words.append(" ".join(data.split()) + (" " if data[-1:].isspace() else ""))


def _without_tags(html: str) -> str:
    reader = _Words()
    reader.feed(html)
    reader.close()
    return "\n".join(line.strip() for line in "".join(reader.words).split("\n"))


# How mail programs begin what they quote: "On … wrote:", "Am … schrieb …:", "Le … a écrit :", Outlook's lines.
_QUOTES = re.compile(
    r"^(?:"
    r"(?:On|Am|Le|Il|El|Op|Den|Em|Dana|Na|În|Pe)\b.{0,300}?"
    r"(?:wrote|schrieb|a écrit|ha scritto|escribió|escreveu|schreef|skrev|je napisa(?:o|la)|a scris)\b"
    r"[^:]{0,200}:[ \t]*$"
    r"|-{2,}\s*(?:Original Message|Original-Nachricht|Ursprüngliche Nachricht|Message d'origine|Messaggio originale)"
    r"|_{10,}"
    r"|(?:From|Von|De|Da|Fra|Van|Od):[^\n]{1,200}\n(?:Sent|Gesendet|Envoyé|Inviato|Enviado|Sendt|Verzonden|Date|Datum):"
    r"|--\s*$"
    r")",
    re.MULTILINE | re.DOTALL | re.IGNORECASE,
)


def unquoted(text: str) -> str:
    """What somebody wrote above what their program quoted; all of it where that would leave nothing."""
    plain = text.replace("\r\n", "\n").replace("\r", "\n")[:50_000]
    found = _QUOTES.search(plain)
    above = plain if found is None else plain[: found.start()]
    lines = [line for line in above.split("\n") if not line.lstrip().startswith(">")]
    kept = re.sub(r"\n{3,}", "\n\n", "\n".join(lines)).strip()
    return kept or plain.strip()
