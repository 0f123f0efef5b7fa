"""Segment's API, read: every shape that clients send, clock correction, what is dropped, what is refused."""

import json
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from geoengage.ingest.rules import segment
from geoengage.ingest.rules.event_names import canonical_name, products_of
from geoengage.ingest.rules.segment import EventKind, Malformed, Refused, SegmentReading, read_batch, read_single

NOW = datetime(2026, 11, 28, 12, 0, tzinfo=UTC)


def batch(*messages: Any, **over: Any) -> SegmentReading:
    return read_batch(json.dumps({"batch": messages} | over).encode(), NOW, "wk")


def one(**message: Any) -> Any:
    """The event of a batch of one, or the reason why there is none."""
    reading = batch({"type": "track", "event": "Seen", "userId": "u1"} | message)
    return reading.events[0] if reading.events else reading.refused[0].reason


def test_an_event_as_python_sends_it() -> None:
    event = one(anonymousId=None, timestamp="2026-11-28T11:00:00.481+00:00", messageId="m1", properties={"a": 1})
    assert (event.kind, event.user_id, event.anonymous_id, event.message_id) == (EventKind.TRACK, "u1", None, "m1")
    assert event.at == datetime(2026, 11, 28, 11, 0, 0, 481_000, UTC)
    assert event.properties == {"a": 1}


@pytest.mark.parametrize(
    "message, reason",
    [
        ({"type": None}, Refused.NO_TYPE),
        ({"type": "purchase"}, Refused.NO_TYPE),
        ({"userId": None}, Refused.NO_USER_ANON_ID),
        ({"userId": "  "}, Refused.NO_USER_ANON_ID),
        ({"userId": {}}, Refused.NO_USER_ANON_ID),
        ({"event": ""}, Refused.NO_EVENT_NAME),
        ({"type": "group"}, Refused.NO_GROUP_ID),
        ({"type": "alias"}, Refused.NO_PREVIOUS_ID),
        ({"messageId": "m" * 101}, Refused.MESSAGE_ID_TOO_LONG),
        ({"userId": "u" * 256}, Refused.ID_TOO_LONG),
        ({"event": "e" * 256}, Refused.NAME_TOO_LONG),
        ({"properties": {"a": "x" * segment.MAX_EVENT_BYTES}}, Refused.TOO_LARGE),
        ({"properties": json.loads("[" * 40 + "]" * 40)}, None),  # no object: as if there were none
        ({"properties": {"a": json.loads("[" * 40 + "]" * 40)}}, Refused.TOO_DEEP),
        ({"writeKey": "another"}, Refused.OTHER_WRITE_KEY),
    ],
)  # fmt: skip
def test_what_is_refused_and_why(message: dict[str, Any], reason: Refused | None) -> None:
    found = one(**message)
    assert (found if isinstance(found, Refused) else None) == reason


def test_one_bad_event_loses_no_other() -> None:
    body = b'{"batch":[{"type":"track","event":"A","userId":"u"},7,{"type":"track","userId":"u","messageId":"m9"}]}'
    reading = read_batch(body, NOW, "wk")
    assert [e.name for e in reading.events] == ["A"]
    assert [(r.reason, r.message_id) for r in reading.refused] == [
        (Refused.UNREADABLE, None), (Refused.NO_EVENT_NAME, "m9"),
    ]  # fmt: skip


def test_a_batch_of_too_many() -> None:
    reading = batch(*[{"type": "track", "event": "A", "userId": "u"}] * 2_502)
    assert (len(reading.events), [r.reason for r in reading.refused]) == (2_500, [Refused.TOO_MANY] * 2)


@pytest.mark.parametrize("body", [b"", b"[]", b"{", b'{"batch":{}}', b'"x"', b"\xff\xfe", b'{"batch":[NaN]}'])
def test_what_fails_a_whole_request(body: bytes) -> None:
    with pytest.raises(Malformed):
        read_batch(body, NOW, "wk")


@pytest.mark.parametrize("body", [b"", b"[]", b"7", b'{"a":'])
def test_what_fails_a_single_request(body: bytes) -> None:
    with pytest.raises(Malformed):
        read_single(body, EventKind.TRACK, NOW, "wk")


def test_the_path_says_the_type() -> None:
    reading = read_single(b'{"userId":"u","event":"A","type":"page","writeKey":"wk2"}', EventKind.TRACK, NOW, None)
    assert (reading.events[0].kind, reading.events[0].name, reading.write_key) == (EventKind.TRACK, "A", "wk2")


def test_the_key_comes_from_the_header_else_the_body_else_the_first_message() -> None:
    message = {"type": "track", "event": "A", "userId": "u", "writeKey": "of the message"}
    for header, body, wanted in (("h", "b", "h"), (None, "b", "b"), (None, None, "of the message")):
        reading = read_batch(json.dumps({"batch": [message], "writeKey": body}).encode(), NOW, header)
        assert reading.write_key == wanted


# --- time


@pytest.mark.parametrize("skew_h", [-30, 0, 5])
def test_a_wrong_clock_is_corrected_by_sent_at(skew_h: int) -> None:
    theirs = NOW + timedelta(hours=skew_h)  # what their clock shows now
    event = batch(
        {"type": "track", "event": "A", "userId": "u", "timestamp": (theirs - timedelta(minutes=3)).isoformat()},
        sentAt=theirs.isoformat(),
    ).events[0]
    assert event.at == NOW - timedelta(minutes=3)


def test_times_that_are_missing_or_beyond() -> None:
    assert one().at == NOW
    assert one(timestamp="yesterday").at == NOW
    assert one(timestamp=(NOW + timedelta(days=2)).isoformat()).at == NOW, "nothing happens after it arrived"
    assert one(timestamp="9999-12-31T23:59:59Z", sentAt="0001-01-01T00:00:00Z").at == NOW
    assert one(originalTimestamp="2026-11-28T10:00:00Z", timestamp="2026-11-01T00:00:00Z").at.hour == 10


# --- what is taken over


def test_no_coordinates_no_tokens_no_addresses() -> None:
    event = one(
        context={
            "ip": "203.0.113.9", "location": {"latitude": 30.2938, "longitude": 120.0753},
            "device": {"id": "dev-1", "token": "push", "advertisingId": "ad", "model": "Pixel"},
            "page": {"path": "/a"}, "network": {"wifi": True}, "traits": {"email": "a@b.ch"}, "locale": "de-CH",
        },
        properties={"store": {"name": "North", "lat": 47.1, "Lng": 8.5}, "price": 5},
    )  # fmt: skip
    assert event.context == {"device": {"model": "Pixel"}, "page": {"path": "/a"}, "locale": "de-CH"}
    assert event.properties == {"store": {"name": "North"}, "price": 5}
    assert event.contacts == {"email": "a@b.ch"}


def test_nothing_that_cannot_be_stored() -> None:
    event = one(userId="u\x001", properties={"a\x00": ["b\x00c"]})
    assert (event.user_id, event.properties) == ("u1", {"a": ["bc"]})


def test_batch_context_lies_under_that_of_the_message() -> None:
    message = {"type": "track", "event": "A", "userId": 42, "context": {"locale": "fr"}}
    event = batch(message, context={"locale": "de", "timezone": "Europe/Zurich"}).events[0]
    assert (event.user_id, event.context) == ("42", {"locale": "fr", "timezone": "Europe/Zurich"})


def test_who_it_is_by_traits_and_external_ids() -> None:
    event = one(
        type="identify", traits={"email": "A@b.ch", "phone": "+41 44 668 18 00", "tier": "gold"},
        context={"externalIds": [{"id": "7", "type": "loyalty_card"}, {"id": "x", "type": "ga_client_id"}, 5]},
    )  # fmt: skip
    assert event.contacts == {"email": "A@b.ch", "phone": "+41 44 668 18 00", "loyalty_card": "7"}
    assert event.traits["tier"] == "gold"


# --- e-commerce


@pytest.mark.parametrize(
    "written, name",
    [
        ("Order Completed", "Order Completed"), ("Completed Order", "Order Completed"),
        ("order_completed", "Order Completed"), ("Viewed Product", "Product Viewed"),
        ("ADDED PRODUCT", "Product Added"), ("Order Canceled", "Order Cancelled"), ("My Own Event", "My Own Event"),
    ],
)  # fmt: skip
def test_names_of_both_versions(written: str, name: str) -> None:
    assert canonical_name(written) == name


def test_products_and_orders_of_an_event() -> None:
    listed = {"order_id": "o1", "products": [{"product_id": "p1"}, {"sku": "S2"}, {"product_id": "p1"}, 5, {}]}
    event = one(event="Completed Order", properties=listed)
    assert (event.order_id, event.product_ids) == ("o1", ("p1", "S2"))
    assert one(event="Product Viewed", properties={"product_id": 7}).product_ids == ("7",)
    assert products_of({"id": "507f", "sku": "G-32", "name": "Monopoly"}) == ("507f",), "version 1"
    assert products_of({"id": "an article"}) == ()
    assert one(event="Coupon Entered", properties={"order_id": "o1"}).order_id is None


_json = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False, allow_infinity=False) | st.text(),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(), inner, max_size=4),
    max_leaves=6,
)
_message = st.dictionaries(
    st.sampled_from(
        [
            "type",
            "event",
            "userId",
            "anonymousId",
            "messageId",
            "timestamp",
            "properties",
            "traits",
            "context",
            "name",
            "groupId",
            "previousId",
        ]
    ),
    _json | st.sampled_from(["track", "identify", "u1"]),
)


@settings(deadline=None, max_examples=50, suppress_health_check=[HealthCheck.too_slow])
@given(st.lists(_message | _json, max_size=5), _json)
def test_every_event_is_taken_or_refused(messages: list[Any], sent_at: Any) -> None:
    reading = batch(*messages, sentAt=sent_at)
    assert len(reading.events) + len(reading.refused) == len(messages)
    assert all(e.at <= NOW for e in reading.events)
