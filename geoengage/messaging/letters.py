"""E-mails as bytes: HTML in one plain layout, the same as text, and the headers (RFC 5322, 2369, 8058).

Everything that comes from data is escaped by the template; nothing of it can start a header or a line of one.
"""

import re
from dataclasses import dataclass, field
from datetime import datetime
from email.headerregistry import Address
from email.message import EmailMessage
from email.policy import SMTP
from email.utils import format_datetime
from pathlib import Path
from uuid import UUID

from jinja2 import Environment, FileSystemLoader, StrictUndefined

from geoengage.messaging.rules import FONTS, BrandKit, Purpose, Row, clean, ink_on, is_address

_MESSAGE_ID = re.compile(r"<[!-;=?-~]{1,240}>")
RIGHT_TO_LEFT = ("ar", "fa", "he", "ur")
_templates = Environment(
    loader=FileSystemLoader(Path(__file__).parent / "pages"),
    autoescape=True,
    undefined=StrictUndefined,
    trim_blocks=True,
    lstrip_blocks=True,
)
# What stands under every marketing e-mail, in the reader's language.
_WORDS = {
    "en": ("Unsubscribe", "You get this because you agreed to e-mails from {sender}."),
    "de": ("Abmelden", "Sie bekommen das, weil Sie E-Mails von {sender} zugestimmt haben."),
    "fr": ("Se désabonner", "Vous recevez cet e-mail parce que vous avez accepté ceux de {sender}."),
    "it": ("Annulla l’iscrizione", "Ricevi questa e-mail perché hai accettato quelle di {sender}."),
    "es": ("Darse de baja", "Recibes este correo porque aceptaste los de {sender}."),
    "da": ("Afmeld", "Du får denne e-mail, fordi du har sagt ja til e-mails fra {sender}."),
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Letter:
    """One e-mail before it is written. `sender`: who speaks, for people; `link`: where its button leads;
    `unsubscribe_url`: None for what cannot be unsubscribed from; `in_reply_to`: the Message-ID of what
    it answers."""

    message_id: UUID
    to: str
    from_address: str
    from_name: str
    reply_to: str | None
    sender: str
    subject: str
    text: str
    preheader: str = ""
    image_url: str | None = None
    link: str | None = None
    button: str | None = None
    rows: tuple[Row, ...] = ()
    brand: BrandKit = field(default_factory=BrandKit)
    language: str = "en"
    purpose: str = Purpose.MARKETING
    unsubscribe_url: str | None = None
    in_reply_to: str | None = None


class NoAddress(ValueError):
    """The recipient's address cannot be written into an e-mail."""


def compose(letter: Letter, at: datetime) -> bytes:
    """The e-mail as it goes to the server, lines ending in CRLF. NoAddress when there is none to write to."""
    if not is_address(letter.to):
        raise NoAddress("the address is none that a mail server takes")
    message = EmailMessage(policy=SMTP)
    domain = letter.from_address.rpartition("@")[2]
    message["From"] = _address(letter.from_address, clean(letter.from_name, one_line=True))
    message["To"] = _address(letter.to)
    message["Subject"] = clean(letter.subject, one_line=True)
    message["Date"] = format_datetime(at)
    message["Message-ID"] = f"<{letter.message_id}@{domain}>"
    if letter.reply_to is not None:
        message["Reply-To"] = _address(letter.reply_to)
    if letter.purpose != Purpose.MARKETING and letter.in_reply_to is None:
        message["Auto-Submitted"] = "auto-generated"  # RFC 3834: nobody's absence note comes back
    if letter.in_reply_to is not None and _MESSAGE_ID.fullmatch(letter.in_reply_to):
        message["In-Reply-To"] = message["References"] = letter.in_reply_to
    message.set_content(write_text(letter), cte="quoted-printable")
    message.add_alternative(write_html(letter), subtype="html", cte="quoted-printable")
    message["Content-Language"] = letter.language  # last: the library gives such headers to the first part
    return _unsubscribe_headers(letter) + message.as_bytes()


def _address(address: str, name: str = "") -> Address:
    local, _, domain = address.rpartition("@")
    return Address(name, local, domain)


def _unsubscribe_headers(letter: Letter) -> bytes:
    """Written by hand: the library may fold or encode a long address, and mail programs then find none in it."""
    url = letter.unsubscribe_url
    if url is None:
        return b""
    if not url.isascii() or any(c.isspace() or c in "<>" for c in url):
        raise ValueError("the address to unsubscribe at cannot be a header")
    return f"List-Unsubscribe: <{url}>\r\nList-Unsubscribe-Post: List-Unsubscribe=One-Click\r\n".encode()


def _paragraphs(text: str) -> list[list[str]]:
    """Paragraphs, parted by empty lines, as lists of their lines."""
    return [part.split("\n") for part in clean(text).split("\n\n") if part.strip()]


def _footer(letter: Letter) -> tuple[str, str]:
    return _WORDS.get(letter.language.split("-")[0], _WORDS["en"])


def write_text(letter: Letter) -> str:
    """The e-mail for who reads no HTML: the same content in the same order."""
    parts = ["\n".join(lines) for lines in _paragraphs(letter.text)]
    if letter.rows:
        parts.append("\n".join(f"{row.label}: {row.value}" for row in letter.rows))
    if letter.link:
        parts.append(f"{letter.button}: {letter.link}" if letter.button else letter.link)
    end = [line for line in (letter.sender, letter.brand.address, letter.brand.footer) if line]
    if letter.unsubscribe_url:
        word, why = _footer(letter)
        end += [why.format(sender=letter.sender), f"{word}: {letter.unsubscribe_url}"]
    return "\n\n".join([*parts, "-- \n" + "\n".join(end)]) + "\n"


def write_html(letter: Letter) -> str:
    """The e-mail as a page of its own, which also the console's preview shows."""
    word, why = _footer(letter)
    brand = letter.brand
    return _templates.get_template("email.html").render(
        letter=letter,
        brand=brand,
        ink=ink_on(brand.color),
        font=FONTS[brand.font],
        paragraphs=_paragraphs(letter.text),
        preheader=clean(letter.preheader, one_line=True),
        subject=clean(letter.subject, one_line=True),
        direction="rtl" if letter.language.split("-")[0] in RIGHT_TO_LEFT else "ltr",
        unsubscribe=word,
        why=why.format(sender=letter.sender),
    )
