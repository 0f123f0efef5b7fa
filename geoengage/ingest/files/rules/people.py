"""Customers and consents from a file, and who a row is about. Pure."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime
from functools import lru_cache
from typing import Any
from uuid import UUID

from geoengage.ingest.files.rules import cells
from geoengage.ingest.files.rules.cells import BadCell
from geoengage.ingest.files.rules.kinds import ATTRIBUTE
from geoengage.ingest.files.rules.rows import Columns, Context, Flaw, Row
from geoengage.ingest.files.rules.text import Record
from geoengage.profiles.rules import Channel, ConsentState, Id, Kind, Purpose, normalise, trait_problem

Who = tuple[Id, ...]
_KINDS = {
    "customer_external_id": Kind.EXTERNAL_ID,
    "loyalty_card": Kind.LOYALTY_CARD,
    "email": Kind.EMAIL,
    "phone": Kind.PHONE,
}
_EXPECTED = {
    "email": "no e-mail address",
    "phone": "no phone number; write it as +41791234567, or say which country numbers without + are of",
}
_TEXTS = ("first_name", "last_name", "gender", "city", "postal_code", "country")
_STATES = {state.value: state for state in ConsentState} | {
    **dict.fromkeys("active confirmed double_opt_in".split(), ConsentState.SUBSCRIBED),
    **dict.fromkeys("unconfirmed single_opt_in not_confirmed".split(), ConsentState.PENDING),
    **dict.fromkeys("withdrawn revoked unsub cancelled abgemeldet widerrufen".split(), ConsentState.UNSUBSCRIBED),
    **dict.fromkeys("blocked suppressed deleted gesperrt".split(), ConsentState.REDACTED),
}
_CHANNELS = {channel.value: channel for channel in Channel} | {
    **dict.fromkeys("mail e_mail newsletter".split(), Channel.EMAIL),
    **dict.fromkeys("text text_message mobile phone".split(), Channel.SMS),
    **dict.fromkeys("app push_notification app_push".split(), Channel.PUSH),
    "webpush": Channel.WEB_PUSH,
    "inapp": Channel.IN_APP,
    "whats_app": Channel.WHATSAPP,
}


def read_who(row: Row, region: str | None) -> Who:
    """The ids of the person that a row is about, () when it names nobody. What systems write for nobody is no id."""
    found = []
    for name, kind in _KINDS.items():
        text = row.text(name)
        if not text:
            continue
        value = _normal(kind, text, region)
        if value:
            found.append(Id(kind, value))
        elif value is None and name in _EXPECTED:
            row.wrong(name, _EXPECTED[name])
    return tuple(found)


@lru_cache(maxsize=65_536)
def _normal(kind: Kind, text: str, region: str | None) -> str | None:
    """The normalised value; "" for a value that stands for nobody; None when it is malformed."""
    value = normalise(kind, text, region=region)
    if value is not None or kind not in (Kind.EMAIL, Kind.PHONE):
        return value or ""
    is_word_for_nobody = normalise(Kind.EXTERNAL_ID, text) is None and len(text) < 40
    is_blocked_mailbox = kind is Kind.EMAIL and normalise(Kind.EMAIL, f"a{text}") is not None
    return "" if is_word_for_nobody or is_blocked_mailbox else None


@dataclass(frozen=True, slots=True)
class Customer:
    """A person as a system knows them; `at`: when that was so; `store_id`: the store that may know them for it."""

    who: Who
    traits: dict[str, Any]
    at: datetime
    store_id: UUID | None


class Customers:
    """Reads customers; see `rows.Reader`."""

    def __init__(self, columns: Columns, context: Context) -> None:
        self.columns, self._context = columns, context

    def key(self, record: Record) -> str:
        """The strongest id that the record gives."""
        return _key(record, self.columns)

    def read(self, group: Sequence[Record], flaws: list[Flaw]) -> Customer | None:
        """The customer of a record; neighbours with the same key are one too many."""
        if len(group) > 1:
            _only_one(group, self.columns, flaws)
            return None
        row = Row(group[0], self.columns, flaws)
        who = _named(row, self._context)
        reading = self._context.reading
        traits: dict[str, Any] = {name: value for name in _TEXTS if (value := row.take(name, cells.short, 200))}
        if language := row.take("language", _language):
            traits["language"] = language
        if born := row.take("birth_date", cells.day, reading):
            traits["birth_date"] = _born(row, born, self._context)
        for name, place in self.columns.of(ATTRIBUTE):
            text = group[0].cells[place].strip() if place < len(group[0].cells) else ""
            if not text:
                continue
            if problem := trait_problem(name[:64], text):
                flaws.append(Flaw(row.line, name, text[:200], problem))
            traits[name[:64]] = text
        at = row.take("updated_at", cells.past, reading, self._context.latest) or self._context.sent_at
        return Customer(who, traits, at, row.store(self._context))


def _born(row: Row, born: date, context: Context) -> str:
    if not date(1900, 1, 1) <= born <= context.latest.date():
        row.wrong("birth_date", "lies in the future, or before 1900")
    return born.isoformat()


def _language(text: str) -> str:
    parts = text.replace("_", "-").split("-")
    if not (2 <= len(parts[0]) <= 3 and parts[0].isascii() and parts[0].isalpha() and len(text) <= 35):
        raise BadCell("no language, e.g. de or fr-CH")
    return "-".join([parts[0].lower(), *parts[1:]])


@dataclass(frozen=True, slots=True)
class Stated:
    """What a person decided about being contacted, as a file tells it."""

    who: Who
    channel: Channel
    purpose: Purpose
    state: ConsentState
    at: datetime
    source: str
    text_version: str | None
    store_id: UUID | None


class Consents:
    """Reads consents; see `rows.Reader`. Source and date must be there: a consent without them proves nothing."""

    def __init__(self, columns: Columns, context: Context) -> None:
        self.columns, self._context = columns, context

    def key(self, record: Record) -> str:
        """None of its own: a person decides many times."""
        return ""

    def read(self, group: Sequence[Record], flaws: list[Flaw]) -> Stated | None:
        """The decision of a record."""
        row = Row(group[0], self.columns, flaws)
        who = _named(row, self._context)
        channel = row.take("channel", _one_of(_CHANNELS, Channel), required=True)
        purpose = row.take("purpose", _one_of({p.value: p for p in Purpose}, Purpose)) or Purpose.MARKETING
        state = row.take("state", _state, required=True)
        at = row.take("consented_at", cells.past, self._context.reading, self._context.latest, required=True)
        source = row.take("source", cells.short, required=True)
        version = row.take("text_version", cells.short)
        store_id = row.store(self._context)
        if purpose is Purpose.TRANSACTIONAL and state is ConsentState.UNSUBSCRIBED:
            row.wrong("purpose", "receipts and deliveries cannot be unsubscribed from; use marketing or service")
        if channel is None or state is None or at is None or source is None:
            return None
        return Stated(who, channel, purpose, state, at, source, version, store_id)


def _one_of(words: dict[str, Any], known: Any) -> Any:
    def parse(text: str) -> Any:
        found = words.get(text.lower().replace("-", "_").replace(" ", "_"))
        if found is None:
            raise BadCell(f"one of {', '.join(known)}")
        return found

    return parse


def _state(text: str) -> ConsentState:
    answer = cells.yes_or_no(text)
    if answer is not None:
        return ConsentState.SUBSCRIBED if answer else ConsentState.UNSUBSCRIBED
    state: ConsentState = _one_of(_STATES, ConsentState)(text)
    return state


def _named(row: Row, context: Context) -> Who:
    found = len(row.flaws)
    who = read_who(row, context.reading.region)
    if not who and len(row.flaws) == found:
        field = next((name for name in _KINDS if row.text(name)), "customer_external_id")
        row.wrong(field, "names nobody; give a customer number, e-mail, phone or card")
    return who


def _key(record: Record, columns: Columns) -> str:
    for name in _KINDS:
        place = columns.places.get(name)
        if place is not None and place < len(record.cells) and (text := record.cells[place].strip()):
            return f"{name}:{text.lower()}" if name != "customer_external_id" else text
    return ""


def _only_one(group: Sequence[Record], columns: Columns, flaws: list[Flaw]) -> None:
    first = group[0].line
    for record in group[1:]:
        name = next((n for n in _KINDS if Row(record, columns, flaws).text(n)), "customer_external_id")
        Row(record, columns, flaws).wrong(name, f"line {first} has the same; a file names each once")
    Row(group[0], columns, flaws).wrong(name, f"comes again on line {group[1].line}; which of them is right?")
