"""Segment's HTTP tracking API: what a request says, event by event (anchors/engagement.md section 3). Pure.

One event that cannot be used never loses the others: it is refused with a reason from a closed list. Where an event
happened, whose phone it was and from which address it came is not taken over: coordinates need a consent that these
clients do not know of, and a push token that anybody may have typed is no proof.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum
from typing import Any

import msgspec

from geoengage.ingest.rules.event_names import canonical_name, order_of, products_of
from geoengage.ingest.rules.vocabulary import members, moment, text

MAX_EVENT_BYTES = 32 * 1024
MAX_BATCH_BYTES = 500 * 1024
MAX_EVENTS = 2_500
MAX_ID_CHARS = 255
MAX_MESSAGE_ID_CHARS = 100
MAX_NAME_CHARS = 255
MAX_DEPTH = 32
# Of `context` only these: nothing by which a phone or a place could be found again.
_CONTEXT = ("app", "campaign", "library", "locale", "os", "page", "timezone", "userAgent")
_CONTEXT_DEVICE = ("manufacturer", "model", "name", "type")
# No consent, no coordinates: members of these names are dropped wherever they stand, with all that they hold.
_COORDINATES = frozenset({"latitude", "longitude", "lat", "lng", "lon", "coordinates", "geolocation"})


class EventKind(StrEnum):
    """The six calls."""

    IDENTIFY = "identify"
    TRACK = "track"
    PAGE = "page"
    SCREEN = "screen"
    GROUP = "group"
    ALIAS = "alias"


class Refused(StrEnum):
    """Why an event was not stored; or, from `no_order_id` on, why it was stored and changed no order or cart."""

    UNREADABLE = "unreadable"
    TOO_LARGE = "too_large"
    TOO_MANY = "too_many"
    TOO_DEEP = "too_deep"
    NO_TYPE = "no_type"
    NO_USER_ANON_ID = "no_user_anon_id"
    ID_TOO_LONG = "id_too_long"
    MESSAGE_ID_TOO_LONG = "message_id_too_long"
    NAME_TOO_LONG = "name_too_long"
    NO_EVENT_NAME = "no_event_name"
    NO_GROUP_ID = "no_group_id"
    NO_PREVIOUS_ID = "no_previous_id"
    OTHER_WRITE_KEY = "other_write_key"
    NOT_STORED = "not_stored"
    NO_ORDER_ID = "no_order_id"
    NO_CURRENCY = "no_currency"
    NO_PRODUCT_ID = "no_product_id"
    BAD_AMOUNT = "bad_amount"
    ORDER_UNKNOWN = "order_unknown"
    REFUND_AMOUNT_UNKNOWN = "refund_amount_unknown"
    BROWSER_ORDER = "browser_order"
    CART_FULL = "cart_full"


@dataclass(frozen=True, slots=True, kw_only=True)
class Tracked:
    """One event. `message_id` None: the client gave none. `at`: by our clock. `traits`: of the person (identify)."""

    kind: EventKind
    message_id: str | None
    at: datetime
    user_id: str | None
    anonymous_id: str | None
    previous_id: str | None = None
    name: str | None = None
    properties: Mapping[str, Any] = field(default_factory=dict)
    context: Mapping[str, Any] = field(default_factory=dict)
    traits: Mapping[str, Any] = field(default_factory=dict)
    contacts: Mapping[str, str] = field(default_factory=dict)  # `email`, `phone`, `loyalty_card` as they were written
    product_ids: tuple[str, ...] = ()
    order_id: str | None = None


@dataclass(frozen=True, slots=True)
class Refusal:
    """An event that was not taken, with what identifies it to its sender."""

    reason: Refused
    type: str | None = None
    name: str | None = None
    message_id: str | None = None


@dataclass(slots=True)
class SegmentReading:
    """What a request says. `write_key`: of the body, else of the first message that has one."""

    write_key: str | None = None
    events: list[Tracked] = field(default_factory=list)
    refused: list[Refusal] = field(default_factory=list)


class _Body(msgspec.Struct):
    batch: list[msgspec.Raw]
    sentAt: Any = None
    writeKey: Any = None
    context: Any = None


class Malformed(ValueError):
    """A body that is no JSON object, or no batch: the one thing besides its size that fails a whole request."""


_batch = msgspec.json.Decoder(_Body)
_UNDECODABLE = (msgspec.DecodeError, UnicodeDecodeError, RecursionError)


def read_batch(body: bytes, received_at: datetime, header_key: str | None) -> SegmentReading:
    """The events of a batch. `header_key`: the write key that came in the header, if one did. Raises Malformed."""
    try:
        found = _batch.decode(body)
    except _UNDECODABLE as error:
        raise Malformed("the body is no JSON object with a list `batch`") from error
    reading = SegmentReading(header_key or _id(found.writeKey))
    common = members(found.context)
    for raw in found.batch[:MAX_EVENTS]:
        _read_one(bytes(raw), None, common, found.sentAt, received_at, reading)
    reading.refused += [Refusal(Refused.TOO_MANY)] * (len(found.batch) - MAX_EVENTS)
    return reading


def read_single(body: bytes, kind: EventKind, received_at: datetime, header_key: str | None) -> SegmentReading:
    """The event of a path of its own, whatever type it says. Raises Malformed."""
    try:
        msgspec.json.decode(body, type=dict[str, Any])
    except _UNDECODABLE as error:
        raise Malformed("the body is no JSON object") from error
    reading = SegmentReading(header_key)
    _read_one(body, kind, {}, None, received_at, reading)
    return reading


def _read_one(
    raw: bytes,
    kind: EventKind | None,
    common: Mapping[str, Any],
    sent_at: Any,
    received_at: datetime,
    into: SegmentReading,
) -> None:
    if len(raw) > MAX_EVENT_BYTES:
        into.refused.append(Refusal(Refused.TOO_LARGE))
        return
    try:
        message = msgspec.json.decode(raw, type=dict[str, Any])
    except _UNDECODABLE:
        into.refused.append(Refusal(Refused.UNREADABLE))
        return
    key = _id(message.get("writeKey"))
    into.write_key = into.write_key or key
    found = _read_message(message, kind, common, sent_at, received_at)
    if key is not None and key != into.write_key:
        found = Refused.OTHER_WRITE_KEY
    if isinstance(found, Tracked):
        into.events.append(found)
    else:
        into.refused.append(_refusal(found, message))


def _refusal(reason: Refused, message: Mapping[str, Any]) -> Refusal:
    def shown(name: str) -> str | None:
        return text(message.get(name)).replace("\x00", "")[:MAX_NAME_CHARS] or None

    return Refusal(reason, shown("type"), shown("event") or shown("name"), shown("messageId"))


def _read_message(
    message: Mapping[str, Any], kind: EventKind | None, common: Mapping[str, Any], sent_at: Any, received_at: datetime
) -> Tracked | Refused:
    kind = kind or _kind(message.get("type"))
    if kind is None:
        return Refused.NO_TYPE
    ids = {name: _id(message.get(name)) for name in ("userId", "anonymousId", "previousId", "groupId", "messageId")}
    name = _name(kind, message)
    if (flaw := _flaw(kind, ids, name)) is not None:
        return flaw
    try:
        properties = _clean(members(message.get("traits" if kind is EventKind.GROUP else "properties")))
        traits = _clean(members(message.get("traits"))) if kind is EventKind.IDENTIFY else {}
        context = _clean({**common, **members(message.get("context"))})
    except RecursionError:
        return Refused.TOO_DEEP
    commerce = kind is EventKind.TRACK
    return Tracked(
        kind=kind,
        message_id=ids["messageId"],
        at=_happened(message, sent_at, received_at),
        user_id=ids["userId"],
        anonymous_id=ids["anonymousId"],
        previous_id=ids["previousId"],
        name=name,
        properties=properties,
        context=_kept_context(context),
        traits=traits,
        contacts=_contacts(traits, context),
        product_ids=products_of(properties) if commerce else (),
        order_id=order_of(name, properties) if commerce else None,
    )


def _kind(value: Any) -> EventKind | None:
    try:
        return EventKind(text(value).lower())
    except ValueError:
        return None


def _id(value: Any) -> str | None:
    """An id as text; None where there is none. Numbers are ids too."""
    if isinstance(value, int | float) and not isinstance(value, bool):
        value = str(value)
    return text(value).replace("\x00", "").strip() or None


def _name(kind: EventKind, message: Mapping[str, Any]) -> str | None:
    if kind is EventKind.TRACK:
        given = _id(message.get("event"))
        return None if given is None else canonical_name(given)
    if kind is EventKind.GROUP:
        return _id(message.get("groupId"))
    if kind in (EventKind.PAGE, EventKind.SCREEN):
        return _id(message.get("name"))
    return None


def _flaw(kind: EventKind, ids: Mapping[str, str | None], name: str | None) -> Refused | None:
    """The first thing that makes an event useless."""
    flaws = {
        Refused.NO_USER_ANON_ID: ids["userId"] is None and ids["anonymousId"] is None,
        Refused.NO_EVENT_NAME: kind is EventKind.TRACK and name is None,
        Refused.NO_GROUP_ID: kind is EventKind.GROUP and ids["groupId"] is None,
        Refused.NO_PREVIOUS_ID: kind is EventKind.ALIAS and (ids["previousId"] is None or ids["userId"] is None),
        Refused.MESSAGE_ID_TOO_LONG: len(ids["messageId"] or "") > MAX_MESSAGE_ID_CHARS,
        Refused.ID_TOO_LONG: any(len(value or "") > MAX_ID_CHARS for value in ids.values()),
        Refused.NAME_TOO_LONG: len(name or "") > MAX_NAME_CHARS,
    }
    return next((flaw for flaw, is_so in flaws.items() if is_so), None)


def _happened(message: Mapping[str, Any], sent_at: Any, received_at: datetime) -> datetime:
    """When it happened, by our clock: `receivedAt − (sentAt − originalTimestamp)`, Segment's own correction.

    Without a time of its own an event happened when it arrived, and none happens after it arrived.
    """
    told = moment(message.get("originalTimestamp")) or moment(message.get("timestamp"))
    if told is None:
        return received_at
    sent = moment(message.get("sentAt")) or moment(sent_at)
    try:
        at = told if sent is None else received_at - (sent - told)
    except OverflowError:
        return received_at
    return min(at, received_at)


def _clean(value: Any, depth: int = 0) -> Any:
    """What can be stored of a value: without coordinates and U+0000. RecursionError when it is nested too deeply."""
    if depth > MAX_DEPTH:
        raise RecursionError
    if isinstance(value, str):
        return value.replace("\x00", "") if "\x00" in value else value
    if isinstance(value, dict):
        kept = ((key.replace("\x00", ""), each) for key, each in value.items() if key.lower() not in _COORDINATES)
        return {key: _clean(each, depth + 1) for key, each in kept}
    if isinstance(value, list):
        return [_clean(each, depth + 1) for each in value]
    return value


def _kept_context(context: Mapping[str, Any]) -> dict[str, Any]:
    kept = {name: context[name] for name in _CONTEXT if context.get(name) is not None}
    device = members(context.get("device"))
    if about := {name: device[name] for name in _CONTEXT_DEVICE if device.get(name) is not None}:
        kept["device"] = about
    return kept


def _contacts(traits: Mapping[str, Any], context: Mapping[str, Any]) -> dict[str, str]:
    """Further ids of the person: e-mail and phone of the traits, and `context.externalIds` of kinds that we know."""
    found: dict[str, str] = {}
    for source in (members(context.get("traits")), traits):
        found |= {name: value for name in ("email", "phone") if (value := _id(source.get(name))) is not None}
    listed = context.get("externalIds")
    for each in map(members, listed if isinstance(listed, Sequence) and not isinstance(listed, str) else ()):
        value = _id(each.get("id"))
        if value is not None and each.get("type") in ("email", "phone", "loyalty_card"):
            found.setdefault(each["type"], value)
    return {kind: value for kind, value in found.items() if len(value) <= MAX_ID_CHARS}
