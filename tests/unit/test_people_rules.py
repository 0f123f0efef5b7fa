"""What was typed to find somebody, how ids look before a reason was given, and the order of a time line."""

from datetime import UTC, datetime, timedelta
from uuid import UUID

import pytest
from hypothesis import given
from hypothesis import strategies as st

from geoengage.kit import errors
from geoengage.profiles.rules import masked_name, masked_value
from geoengage.reports.rules import timeline
from geoengage.reports.rules.people import like, read_query
from geoengage.reports.rules.timeline import Below, Entry, Kind

NOON = datetime(2026, 11, 28, 12, tzinfo=UTC)


@pytest.mark.parametrize(
    "typed",
    ["+41 79 123 45 67", "+41 (0)79 123 45 67", "0041791234567", "079 123 45 67", "079/123.45.67", "(079) 123-45-67"],
)
def test_a_phone_number_is_found_in_any_writing(typed: str) -> None:
    wanted = read_query(typed)
    assert wanted
    assert wanted.digits
    assert "+41791234567".endswith(wanted.digits)


@pytest.mark.parametrize(
    ("typed", "words", "digits"),
    [
        ("  Anna   Müller ", ("anna", "müller"), None),
        ("anna@example.com", (), None),
        ("#1001", (), "1001"),
        ("C-17", ("c", "17"), None),
        ("123", (), None),
        ("0190b1c0-0000-7000-8000-000000000000", (), None),
    ],
)
def test_what_was_typed(typed: str, words: tuple[str, ...], digits: str | None) -> None:
    wanted = read_query(typed)
    assert wanted
    assert (wanted.words, wanted.digits) == (words, digits)


@pytest.mark.parametrize("typed", ["", " ", "a", "#", "# 1"])
def test_too_little_to_ask_for(typed: str) -> None:
    assert read_query(typed) is None


def test_wildcards_are_taken_as_they_are() -> None:
    assert like(r"50%_\x") == r"50\%\_\\x"


@pytest.mark.parametrize(
    ("kind", "value", "masked"),
    [
        ("email", "anna.mueller@mail.example.com", "a•••@m•••.com"),
        ("email", "a@b", "a•••@•••"),
        ("phone", "+41791234567", "•••67"),
        ("loyalty_card", "9912", "•••"),
        ("source_id", "shopify:6543210", "shopify:•••10"),
        ("external_id", "customer-17", "•••17"),
    ],
)
def test_masks(kind: str, value: str, masked: str) -> None:
    assert masked_value(kind, value) == masked


def test_a_masked_name() -> None:
    assert masked_name("Anna Maria  Müller") == "A••• M••• M•••"


def entry(at: datetime, number: int, kind: Kind = Kind.NOTE) -> Entry:
    return Entry(id=UUID(int=number), at=at, kind=kind, title="x")


@given(st.lists(st.tuples(st.integers(0, 5), st.integers(0, 999)), unique_by=lambda t: t[1]), st.integers(1, 4))
def test_pages_hold_everything_once_in_the_order_of_time(found: list[tuple[int, int]], limit: int) -> None:
    """However many things have the same moment."""
    entries = [entry(NOON + timedelta(seconds=s), n, Kind.NOTE if n % 2 else Kind.ORDER) for s, n in found]
    wanted = sorted(entries, key=lambda e: e.place, reverse=True)
    seen: list[Entry] = []
    cursor = None
    while True:
        below = timeline.read_cursor(cursor)
        lists = [[e for e in wanted if e.kind is kind and e.place < (below.at, below.id)][: limit + 1] for kind in Kind]
        page, cursor = timeline.newest(lists, limit)
        seen += page
        if cursor is None:
            break
    assert seen == wanted


@given(st.datetimes(timezones=st.just(UTC)), st.uuids())
def test_a_cursor_comes_back(at: datetime, id_: UUID) -> None:
    assert timeline.read_cursor(timeline.write_cursor(Entry(id=id_, at=at, kind=Kind.NOTE, title=""))) == Below(at, id_)


@pytest.mark.parametrize("cursor", ["x", "", "é", "AAAA", "f" * 32, "A" * 31])
def test_a_forged_cursor_is_refused(cursor: str) -> None:
    with pytest.raises(errors.Invalid):
        timeline.read_cursor(cursor)


ROW = {"id": UUID(int=1), "at": NOON, "store_id": None, "store_name": None}


def test_words_of_a_visit() -> None:
    row = ROW | {"exited_at": NOON + timedelta(minutes=75), "zone_name": "Café", "device_id": UUID(int=2)}
    assert timeline.visit(row, NOON).text == "Stayed 1 h 15 min."
    still = timeline.visit(row | {"exited_at": None, "zone_name": None}, NOON + timedelta(seconds=40))
    assert (still.title, still.text) == ("A place that is gone", "There for 40 s, and not left yet.")


def test_words_of_an_order() -> None:
    row = ROW | {
        "external_id": "1001", "status": "paid", "channel": "pos", "total_minor": 1250, "currency": "CHF",
        "things": ["Ball", "Hat", "Kite", "Top", "Car"],
    }  # fmt: skip
    told = timeline.order(row)
    assert (told.title, told.text) == ("Order 1001", "Ball, Hat, Kite and 2 more, in the store")
    assert timeline.order(row | {"total_minor": -1, "things": None, "channel": "other"}).title == "Return 1001"


def test_words_of_a_message() -> None:
    row = ROW | {
        "title": "Hello", "campaign_name": "Summer", "status": "skipped", "channel": None, "blockers": ["no_consent"],
        "provider_answer": None, "received_at": None, "opened_at": None, "device_id": None, "passed_over": [],
    }  # fmt: skip
    told = timeline.message(row)
    assert told.status == "skipped"
    assert told.text == "Held back: This person has not agreed to get this, or has taken it back. Campaign “Summer”."
    assert timeline.message(row | {"opened_at": NOON}).status == "opened"


def test_words_of_ids() -> None:
    row = ROW | {
        "kind": "same", "proof": "link", "source": "csv", "reason": None, "retired_at": None,
        "ids": [["phone", "+411"], ["email", "a@b.ch"], ["external_id", "C"]],
    }  # fmt: skip
    assert timeline.joined(row).title == "One person: customer id C, e-mail a@b.ch and phone +411"
    apart = timeline.joined(row | {"kind": "different", "proof": "operator", "reason": "Father and son."})
    assert (apart.title.split(":")[0], apart.status) == ("Two people", "different")
    assert apart.text == "Father and son. An operator said so."
