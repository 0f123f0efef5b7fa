"""CSV files taken apart: encodings, delimiters, broken quotes, cells, mappings, orders of several lines."""

import gzip
import io
import random
from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID
from zoneinfo import ZoneInfo

import pytest

from geoengage.commerce.rules import Channel, ProductIn, Status, StockIn
from geoengage.ingest.files.rules import arrivals, cells, mapping
from geoengage.ingest.files.rules.cells import BadCell, DayOrder, Reading
from geoengage.ingest.files.rules.kinds import FIELDS, FileKind
from geoengage.ingest.files.rules.people import Customer, Stated
from geoengage.ingest.files.rules.rows import Chunk, Context, Groups, Seen, read_chunk
from geoengage.ingest.files.rules.sheet import inspect, open_records, reader_of
from geoengage.ingest.files.rules.text import Records, UnreadableFile, look
from geoengage.kit.csvs import harmless

NOW = datetime(2026, 11, 28, 12, tzinfo=UTC)
SHOP, OTHER = UUID(int=1), UUID(int=2)


def context(**over: Any) -> Context:
    values: dict[str, Any] = {
        "reading": Reading(timezone=ZoneInfo("Europe/Zurich"), currency="CHF", region="CH"),
        "stores": {"s1": SHOP, "s2": OTHER},
        "allowed": None,
        "latest": NOW + timedelta(days=1),
        "sent_at": NOW,
    }
    return Context(**values | over)


def read(kind: FileKind, text: str, size: int = 1_000, **over: Any) -> Chunk:
    """All of a file, with the mapping that is guessed."""
    stream = io.BytesIO(text.encode())
    found = inspect(stream, kind)
    header, records = open_records(stream, found.look, found.delimiter)
    reader = reader_of(kind, header, mapping.guess(kind, header, {}), context(**over))
    return read_chunk(Groups(records, reader.key), reader, Seen(), size) or Chunk()


def things(chunk: Chunk) -> list[Any]:
    return [item.thing for item in chunk.items]


def said(chunk: Chunk) -> list[tuple[int, str, str]]:
    return [(f.line, f.column, f.reason.partition(";")[0]) for f in chunk.flaws]


# --- bytes --------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "encoding, named",
    [
        ("utf-8", "utf-8"), ("utf-8-sig", "utf-8-sig"), ("utf-16", "utf-16"), ("utf-16-le", "utf-16-le"),
        ("utf-16-be", "utf-16-be"), ("cp1252", "cp1252"),
    ],
)  # fmt: skip
@pytest.mark.parametrize("delimiter", [",", ";", "\t", "|"])
@pytest.mark.parametrize("end", ["\n", "\r\n", "\r"])
def test_every_encoding_delimiter_and_line_end(encoding: str, named: str, delimiter: str, end: str) -> None:
    lines = [
        delimiter.join(cells) for cells in (["product_id", "name", "price"], ["1", "Café", "2"], ["2", "Zoë", "3"])
    ]
    body = end.join(lines).encode(encoding)
    for stream in (io.BytesIO(body), io.BytesIO(gzip.compress(body))):
        found = inspect(stream, FileKind.PRODUCTS)
        assert (found.look.encoding, found.look.lines, found.delimiter) == (named, 3, delimiter)
        header, records = open_records(stream, found.look, found.delimiter)
        assert header == ["product_id", "name", "price"]
        assert [(r.line, r.cells) for r in records] == [(2, ["1", "Café", "2"]), (3, ["2", "Zoë", "3"])]


def test_what_is_no_text_is_refused_in_words() -> None:
    with pytest.raises(UnreadableFile, match="empty"):
        inspect(io.BytesIO(b""), FileKind.ORDERS)
    with pytest.raises(UnreadableFile, match=r"U\+0000"):
        look(io.BytesIO(b"a,b\n1,\x002\n" * 50))
    with pytest.raises(UnreadableFile, match="neither UTF-8"):
        look(io.BytesIO(b"a,b\n\x81\x8d,2\n"))
    with pytest.raises(UnreadableFile, match="damaged"):
        look(io.BytesIO(gzip.compress(b"a,b\n" * 1_000)[:-20]))
    with pytest.raises(UnreadableFile, match="says that it is UTF-16"):
        look(io.BytesIO(b"\xff\xfea\x00\n\x00\x00\xd8a\x00"))


def test_excel_says_the_delimiter_itself() -> None:
    chunk = read(FileKind.PRODUCTS, "sep=;\nproduct_id;name\n1;Ball, red\n")
    assert [(p.external_id, p.name) for p in things(chunk)] == [("1", "Ball, red")]


def test_a_quote_that_is_never_closed_costs_one_line() -> None:
    text = 'id,name\n1,"open\n2,"two\nlines"\n3,"a ""quoted"" word"\n4,"stray"x\n5,last\n'
    records = list(Records(iter(io.StringIO(text, newline="")), ","))
    # line 2 swallows up to the quote of line 3, which is stray there: only line 2 is lost
    assert [(r.line, r.flaw is not None) for r in records] == [
        (1, False), (2, True), (3, False), (5, False), (6, True), (7, False)
    ]  # fmt: skip
    assert records[2].cells == ["2", "two\nlines"]
    assert records[3].cells == ["3", 'a "quoted" word']


def test_a_quote_at_the_end_and_a_cell_without_end() -> None:
    text = 'id,name\n1,"open\n' + "".join(f"{n},x\n" for n in range(2, 1_000))
    records = list(Records(iter(io.StringIO(text, newline="")), ","))
    assert [r.line for r in records if r.flaw] == [2]
    assert len(records) == 1_000
    long = list(Records(iter(["a,b\n", f'1,"{"x" * 150_000}"\n', "2,y\n"]), ","))
    assert [(r.line, r.flaw is not None) for r in long] == [(1, False), (2, True), (3, False)]
    assert "longer than" in str(long[1].flaw)


# --- cells --------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "text, decimal, minor",
    [
        ("12.5", ".", 1250), ("1,234.50", ".", 123450), ("1'234.50", ".", 123450), ("-3.99", ".", -399),
        ("(3.99)", ".", -399), ("3.99-", ".", -399), ("12.-", ".", 1200), ("CHF 12.50", ".", 1250),
        ("12.50 CHF", ".", 1250), ("€ 1", ".", 100), ("1.234,5", ",", 123450), ("12,5", ",", 1250),
        ("1 234,50", ",", 123450),
        ("0.500000", ".", 50), ("1,234", ".", 123400), ("1.234", ",", 123400), ("−2", ".", -200), ("+2", ".", 200),
    ],
)  # fmt: skip
def test_amounts(text: str, decimal: str, minor: int) -> None:
    assert cells.money(text, "CHF", Reading(decimal=decimal)) == minor


@pytest.mark.parametrize(
    "text", ["abc", "1.234.5", "12,5", "1.2.3", "", "1e5", "NaN", "12.345", "9" * 16, "--1", "=1+1"]
)
def test_no_amounts(text: str) -> None:
    with pytest.raises(BadCell):
        cells.money(text, "CHF", Reading())


def test_currencies_have_their_own_decimals() -> None:
    assert cells.money("12", "JPY", Reading()) == 12
    assert cells.money("1.234", "KWD", Reading()) == 1234
    with pytest.raises(BadCell, match="no whole number"):
        cells.money("12.5", "JPY", Reading())
    assert cells.money("0.3333", "CHF", Reading(), rounds=True) == 33
    with pytest.raises(BadCell):
        cells.currency_code("XXY")


@pytest.mark.parametrize(
    "text, order, expected",
    [
        ("2026-11-20T10:00:00+01:00", DayOrder.DAY_FIRST, "2026-11-20T09:00:00+00:00"),
        ("2026-11-20T09:00:00Z", DayOrder.DAY_FIRST, "2026-11-20T09:00:00+00:00"),
        ("2026-11-20 10:00", DayOrder.DAY_FIRST, "2026-11-20T09:00:00+00:00"),
        ("2026-07-01", DayOrder.DAY_FIRST, "2026-06-30T22:00:00+00:00"),
        ("3.4.2026 08:05", DayOrder.DAY_FIRST, "2026-04-03T06:05:00+00:00"),
        ("03/04/2026", DayOrder.MONTH_FIRST, "2026-03-03T23:00:00+00:00"),
    ],
)
def test_times(text: str, order: DayOrder, expected: str) -> None:
    reading = Reading(timezone=ZoneInfo("Europe/Zurich"), day_order=order)
    assert cells.moment(text, reading).isoformat() == expected


@pytest.mark.parametrize(
    "text", ["yesterday", "13/13/2026", "1066-10-14", "2026-02-30", "0001-01-01T00:00:00+14:00", "20"]
)
def test_no_times(text: str) -> None:
    with pytest.raises(BadCell):
        cells.moment(text, Reading())


@pytest.mark.parametrize("text", ["=1+1", "+49", "-cmd", "@SUM(A1)", "\t=1", "\r=1", "\n=1", " =1", "＝1"])
def test_no_cell_that_leaves_is_a_formula(text: str) -> None:
    assert harmless(text) == f"'{text}"


@pytest.mark.parametrize("text", ["", "Mia", "-12.50", "12", "a=b"])
def test_harmless_cells_stay(text: str) -> None:
    assert harmless(text) == text


# --- mappings -----------------------------------------------------------------------------------------------------


def test_names_are_recognised_in_several_languages() -> None:
    header = [
        "Bestell-Nr.",
        "Bestelldatum",
        "Währung",
        "Kundennummer",
        "E-Mail-Adresse",
        "Artikelnummer",
        "Menge",
        "Einzelpreis",
    ]
    assert list(mapping.guess(FileKind.ORDERS, header, {}).values()) == [
        "order_id", "ordered_at", "currency", "customer_external_id", "email", "product_id", "quantity", "unit_price"
    ]  # fmt: skip
    shopify = ["Name", "Email", "Financial Status", "Paid at", "Currency", "Subtotal", "Shipping", "Taxes", "Total"]
    found = mapping.guess(FileKind.ORDERS, shopify, {})
    assert found["Name"] == "order_id"
    assert found["Financial Status"] == "status"
    assert mapping.guess(FileKind.ORDERS, ["orderId", "customer", "customer_external_id"], {}) == {
        "orderId": "order_id", "customer_external_id": "customer_external_id"
    }  # fmt: skip


def test_the_last_decision_counts_before_a_guess() -> None:
    saved = {"Beleg": "order_id", "Datum": "updated_at"}
    assert mapping.guess(FileKind.ORDERS, ["order_id", "Beleg", "Datum"], saved) == {
        "Beleg": "order_id",
        "Datum": "updated_at",
    }


def test_what_is_missing_or_double_is_said() -> None:
    header = ["a", "b", "c"]
    assert set(mapping.flaws(FileKind.ORDERS, header, {"a": "order_id", "b": "order_id"})) == {
        "a",
        "b",
        "ordered_at",
        "total",
    }
    assert mapping.flaws(FileKind.STOCK, header, {"a": "sku", "b": "store_external_id", "c": "quantity"}) == {}
    wrong = mapping.flaws(FileKind.STOCK, header, {"z": "sku", "a": "price"})
    assert "no such column" in wrong["z"]
    assert "no field" in wrong["a"]
    assert mapping.distinct([" a ", "", "a", "a"]) == ["a", "column 2", "a (2)", "a (3)"]


def test_every_field_is_reachable_by_its_own_name() -> None:
    for kind, fields in FIELDS.items():
        for each in fields:
            assert each.many or mapping.guess(kind, [each.name], {}) == {each.name: each.name}


# --- orders -------------------------------------------------------------------------------------------------------

HEAD = (
    "order_id,ordered_at,status,currency,total,customer_external_id,email,store_external_id,product_id,product_name,"
    "quantity,unit_price\n"
)


def test_an_order_of_several_lines() -> None:
    chunk = read(
        FileKind.ORDERS,
        HEAD
        + "A1,2026-11-20T10:00:00+01:00,paid,CHF,17.00,c1,,s1,p1,Ball,2,5.00\n"
        + "A1,2026-11-20T10:00:00+01:00,paid,CHF,17.00,c1,,s1,p2,Bear,1,9.00\n"
        + "A1,,,,,,,,p2,Bear,-1,2.00\n"
        + "A2,2026-11-21T10:00:00+01:00,refunded,EUR,3.50,,Mia@Example.com,,p1,Ball,0.7,5\n",
    )
    assert chunk.flaws == []
    first, second = (sale.order for sale in things(chunk))
    assert (first.total_minor, first.subtotal_minor, first.store_id, first.channel) == (1700, 1700, SHOP, Channel.POS)
    assert [(line.quantity_milli, line.total_minor) for line in first.lines] == [
        (2000, 1000),
        (1000, 900),
        (-1000, -200),
    ]
    assert (second.currency, second.status, second.channel) == ("EUR", Status.REFUNDED, Channel.WEB)
    assert second.lines[0].quantity_milli == 700
    assert [(id_.kind.value, id_.value) for id_ in things(chunk)[1].who] == [("email", "mia@example.com")]
    assert (chunk.records, chunk.lines) == (4, 5)
    assert [item.lines for item in chunk.items] == [[2, 3, 4], [5]]


@pytest.mark.parametrize(
    "line, column, reason",
    [
        (",2026-11-20,paid,CHF,5,c1,,s1,p1,Ball,1,5", "order_id", "is empty"),
        ("A1,soon,paid,CHF,5,c1,,s1,p1,Ball,1,5", "ordered_at", "no time"),
        ("A1,,paid,CHF,5,c1,,s1,p1,Ball,1,5", "ordered_at", "is empty"),
        ("A1,2030-01-01,paid,CHF,5,c1,,s1,p1,Ball,1,5", "ordered_at", "lies in the future"),
        ("A1,2026-11-20,lost,CHF,5,c1,,s1,p1,Ball,1,5", "status", "one of pending, paid"),
        ("A1,2026-11-20,paid,Fr.,5,c1,,s1,p1,Ball,1,5", "currency", "no ISO 4217"),
        ("A1,2026-11-20,paid,CHF,five,c1,,s1,p1,Ball,1,5", "total", "not a number"),
        ("A1,2026-11-20,paid,CHF,99,c1,,s1,p1,Ball,1,5", "total", "subtotal − discount"),
        ("A1,2026-11-20,paid,CHF,5,c1,mia.example.com,s1,p1,Ball,1,5", "email", "no e-mail"),
        ("A1,2026-11-20,paid,CHF,5,c1,,nowhere,p1,Ball,1,5", "store_external_id", "there is no such store"),
        ("A1,2026-11-20,paid,CHF,5,c1,,s1,p1,Ball,many,5", "quantity", "not a number"),
        ("A1,2026-11-20,paid,CHF,5,c1,,s1,p1,Ball,1,", "unit_price", "neither the price"),
        ("A1,2026-11-20,paid,CHF,5,c1,,s1,p1,Ball,1,5,oops", "", "13 cells, but 12 columns"),
        ('A1,2026-11-20,paid,CHF,5,c1,,s1,p1,"Ball,1,5', "", "a quote is not closed"),
    ],
)
def test_a_bad_line_is_named_and_the_rest_is_in(line: str, column: str, reason: str) -> None:
    good = "{},2026-11-20,paid,CHF,5,c1,,s1,p1,Ball,1,5\n"
    chunk = read(FileKind.ORDERS, HEAD + good.format("A0") + line + "\n" + good.format("A2"))
    assert [sale.order.external_id for sale in things(chunk)] == ["A0", "A2"]
    assert [(f.line, f.column) for f in chunk.flaws] == [(3, column)]
    assert reason in chunk.flaws[0].reason
    assert chunk.refused == 1


def test_a_half_wrong_order_is_not_half_taken() -> None:
    chunk = read(
        FileKind.ORDERS,
        HEAD
        + "A1,2026-11-20,paid,CHF,10,c1,,s1,p1,Ball,1,5\n"
        + "A1,2026-11-20,paid,CHF,10,c1,,s1,p2,Bear,x,5\n"
        + "A1,2026-11-20,paid,CHF,11,c2,,s1,p2,Bear,1,5\n",
    )
    assert things(chunk) == []
    assert said(chunk) == [
        (2, "", "belongs to A1, of which line 3 is wrong"),
        (3, "quantity", "not a number"),
        (4, "total", "line 2 of the same order has '10'"),
        (4, "customer_external_id", "line 2 of the same order has 'c1'"),
    ]
    assert {f.record for f in chunk.flaws} == {"A1"}


def test_lines_of_an_order_stand_together() -> None:
    line = "{},2026-11-20,paid,CHF,5,c1,,s1,p1,Ball,1,5\n"
    chunk = read(FileKind.ORDERS, HEAD + line.format("A1") + line.format("A2") + line.format("A1"))
    assert [sale.order.external_id for sale in things(chunk)] == ["A1", "A2"]
    assert [(f.line, f.column) for f in chunk.flaws] == [(4, "order_id")]
    assert "on earlier lines already" in chunk.flaws[0].reason


def test_guests_and_words_for_nobody() -> None:
    chunk = read(
        FileKind.ORDERS,
        HEAD
        + "A1,2026-11-20,paid,CHF,5,0,,s1,p1,Ball,1,5\n"
        + "A2,2026-11-20,paid,CHF,5,guest,test@example.com,s1,p1,Ball,1,5\n",
    )
    assert chunk.flaws == []
    assert [sale.who for sale in things(chunk)] == [(), ()]


def test_a_shops_own_file_is_for_its_own_stores() -> None:
    line = "{},2026-11-20,paid,CHF,5,c1,,{},p1,Ball,1,5\n"
    chunk = read(
        FileKind.ORDERS,
        HEAD + line.format("A1", "s1") + line.format("A2", "s2") + line.format("A3", ""),
        allowed=frozenset({SHOP}),
    )
    assert [sale.order.external_id for sale in things(chunk)] == ["A1"]
    assert [(f.line, f.column) for f in chunk.flaws] == [(3, "store_external_id"), (4, "store_external_id")]
    assert chunk.flaws[0].reason.startswith("there is no such store")


def test_an_order_without_lines_and_one_whose_refunds_grow() -> None:
    head = "order_id,date,customer_id,quantity,total,refunded_total\n"
    chunk = read(FileKind.ORDERS, head + "1,1997-01-12,7,2,12.00,\n2,1997-01-12,7,1,5.00,1.50\n")
    first, second = (sale.order for sale in things(chunk))
    assert (first.lines, first.total_minor, first.subtotal_minor) == ((), 1200, 1200)
    assert second.refunds[0].amount_minor == 150
    assert second.updated_at - second.ordered_at == timedelta(microseconds=150)


def test_chunks_never_cut_an_order() -> None:
    rng = random.Random(7)
    sizes = [rng.randint(1, 9) for _ in range(200)]
    total = sum(sizes)
    text = HEAD + "".join(
        f"A{n},2026-11-20,paid,CHF,{size},c1,,s1,p{k},x,1,1\n" for n, size in enumerate(sizes) for k in range(size)
    )
    stream = io.BytesIO(text.encode())
    found = inspect(stream, FileKind.ORDERS)
    header, records = open_records(stream, found.look, found.delimiter)
    reader = reader_of(FileKind.ORDERS, header, mapping.guess(FileKind.ORDERS, header, {}), context())
    groups, seen, done, last = Groups(records, reader.key), Seen(), [], 0
    while chunk := read_chunk(groups, reader, seen, 50):
        assert last < chunk.records <= total
        assert 50 <= chunk.records - last < 60 or chunk.records == total
        last = chunk.records
        done += [len(sale.order.lines) for sale in things(chunk)]
    assert done == sizes
    assert last == total


def test_keys_that_come_again_are_found_among_many() -> None:
    seen = Seen()
    assert all(seen.add(f"k{n}") for n in range(30_000))
    assert not any(seen.add(f"k{n}") for n in range(0, 30_000, 97))
    assert seen.add("another")


# --- the other kinds ----------------------------------------------------------------------------------------------


def customers(*lines: str) -> Chunk:
    head = "customer_external_id,email,phone,first_name,language,birth_date,store_external_id,updated_at\n"
    return read(FileKind.CUSTOMERS, head + "\n".join(lines) + "\n")


def test_customers() -> None:
    chunk = customers("c1,MIA@example.com,079 123 45 67,Mia,de_CH,31.12.1990,s1,2026-01-02T03:04:05Z", "c2,,,,,,,")
    mia, bare = things(chunk)
    assert isinstance(mia, Customer)
    assert {id_.kind.value: id_.value for id_ in mia.who} == {
        "external_id": "c1", "email": "mia@example.com", "phone": "+41791234567"
    }  # fmt: skip
    assert mia.traits == {"first_name": "Mia", "language": "de-CH", "birth_date": "1990-12-31"}
    assert (mia.at.isoformat(), mia.store_id, bare.at) == ("2026-01-02T03:04:05+00:00", SHOP, NOW)


@pytest.mark.parametrize(
    "line, column, reason",
    [
        (",,,Mia,,,,", "customer_external_id", "names nobody"),
        ("unknown,,,Mia,,,,", "customer_external_id", "names nobody"),
        ("c1,mia@,,,,,,", "email", "no e-mail"),
        ("c1,,12,,,,,", "phone", "no phone number"),
        ("c1,,,,german,,,", "language", "no language"),
        ("c1,,,,,1890-01-01,,", "birth_date", "before 1900"),
        ("c1,,,,,x,,", "birth_date", "no time"),
        ("c1,,,,,,,2030-01-01", "updated_at", "future"),
    ],
)
def test_bad_customers(line: str, column: str, reason: str) -> None:
    chunk = customers("c0,,,,,,,", line)
    assert [(f.line, f.column) for f in chunk.flaws] == [(3, column)]
    assert reason in chunk.flaws[0].reason
    assert len(chunk.items) == 1


def test_a_customer_that_comes_twice() -> None:
    assert [(f.line, f.column) for f in customers("c1,,,A,,,,", "c1,,,B,,,,").flaws] == [
        (2, "customer_external_id"), (3, "customer_external_id")
    ]  # fmt: skip
    assert [f.line for f in customers("c1,,,A,,,,", "c2,,,B,,,,", "c1,,,C,,,,").flaws] == [4]


def consents(*lines: str) -> Chunk:
    head = "customer_external_id,email,channel,purpose,state,consented_at,source,text_version,store_external_id\n"
    return read(FileKind.CONSENTS, head + "\n".join(lines) + "\n")


def test_consents_need_source_and_date() -> None:
    chunk = consents(
        "c1,,email,marketing,yes,2024-05-01,till,2024-1,s1",
        "c1,,Newsletter,,unsubscribed,2025-05-01,web,,",
        "c1,,sms,marketing,yes,,till,,",
        "c1,,sms,marketing,yes,2024-05-01,,,",
        "c1,,post,marketing,yes,2024-05-01,till,,",
        "c1,,sms,ads,yes,2024-05-01,till,,",
        "c1,,sms,marketing,perhaps,2024-05-01,till,,",
        "c1,,sms,transactional,no,2024-05-01,till,,",
    )
    first, second = things(chunk)
    assert isinstance(first, Stated)
    assert (first.channel.value, first.purpose.value, first.state.value, first.source, first.store_id) == (
        "email", "marketing", "subscribed", "till", SHOP
    )  # fmt: skip
    assert (second.channel.value, second.state.value) == ("email", "unsubscribed")
    assert [(f.line, f.column) for f in chunk.flaws] == [
        (4, "consented_at"), (5, "source"), (6, "channel"), (7, "purpose"), (8, "state"), (9, "purpose")
    ]  # fmt: skip


def test_products_with_variants_and_languages() -> None:
    head = "product_id,name,variant_id,variant_name,price,cost,currency,category,image_url,language,status\n"
    chunk = read(
        FileKind.PRODUCTS,
        head
        + "p1,Ball,v1,red,5.00,2.10,CHF,Toys>Balls,https://x.example/1.jpg,de,active\n"
        + "p1,Ball,v2,blue,6.00,,CHF,,https://x.example/2.jpg,de,\n"
        + "p1,Balle,v1,,,,,,,fr,\n"
        + "p2,Bear,,,7,,,,,,archived\n"
        + "p3,Car,,,x,,,,http:x,,\n"
        + "p4,,,,,,,,,,\n",
    )
    ball, bear = things(chunk)
    assert isinstance(ball, ProductIn)
    assert [(v.external_id, v.price_minor, v.cost_minor, v.currency) for v in ball.variants] == [
        ("v1", 500, 210, "CHF"), ("v2", 600, None, "CHF")
    ]  # fmt: skip
    assert (ball.category, len(ball.image_urls), ball.locales) == ("Toys > Balls", 2, {"fr": {"name": "Balle"}})
    assert (bear.variants[0].external_id, bear.status.value) == ("p2", "archived")
    assert [(f.line, f.column) for f in chunk.flaws] == [(6, "price"), (6, "image_url"), (7, "name")]


def test_stock() -> None:
    chunk = read(
        FileKind.STOCK,
        "sku,store_external_id,quantity,counted_at\nb-1,s1,3,2026-11-01\nb-1,s2,0.5,\nb-1,s9,1,\n,s1,1,\nb-2,s1,,\nb-1,s1,4,\n",
    )
    one, two = things(chunk)
    assert isinstance(one, StockIn)
    assert (one.store_id, one.item, one.quantity_milli, two.quantity_milli, two.at) == (SHOP, "b-1", 3000, 500, NOW)
    assert [(f.line, f.column) for f in chunk.flaws] == [
        (4, "store_external_id"), (5, "sku"), (6, "quantity"), (7, "sku")
    ]  # fmt: skip


# --- nightly files ------------------------------------------------------------------------------------------------

ZURICH = ZoneInfo("Europe/Zurich")


def nights(*ago: float, at: str = "03:10", lines: int = 1_000) -> Sequence[tuple[datetime, int]]:
    hour, minute = map(int, at.split(":"))
    last = datetime(2026, 11, 28, hour, minute, tzinfo=ZURICH).astimezone(UTC)
    return [(last - timedelta(days=days), lines) for days in ago]


def test_a_file_is_late_against_its_own_hour() -> None:
    now = datetime(2026, 11, 28, 12, tzinfo=UTC)
    assert arrivals.late_since(nights(0, 1, 2), now, ZURICH) is None
    late = arrivals.late_since(nights(1, 2, 3), now, ZURICH)
    assert late is not None
    assert f"{late.astimezone(ZURICH):%d %H:%M}" == "28 03:10"
    assert arrivals.late_since(nights(1, 2, 3), datetime(2026, 11, 28, 3, 30, tzinfo=UTC), ZURICH) is None
    assert arrivals.late_since(nights(1, 2), now, ZURICH) is None, "two files are no habit"
    assert arrivals.late_since(nights(20, 21, 22), now, ZURICH) is None, "it has ended"


def test_midnight_and_weekends() -> None:
    around = [
        (a + timedelta(minutes=(-20, 15, 0)[n % 3]), lines)
        for n, (a, lines) in enumerate(nights(1, 2, 3, 4, at="00:05"))
    ]
    found = arrivals.usual(around, ZURICH)
    assert found is not None
    assert found.at.hour in (23, 0)
    # 28 November 2026 is a Saturday, on which none came in two weeks
    weekdays = [days for days in range(1, 15) if (NOW - timedelta(days=days)).weekday() < 5]
    assert arrivals.late_since(nights(*weekdays), NOW, ZURICH) is None
    assert arrivals.late_since(nights(*weekdays), NOW + timedelta(days=2), ZURICH) is not None


def test_half_its_usual_size() -> None:
    assert arrivals.is_small(400, nights(1, 2, 3), ZURICH) is not None
    assert arrivals.is_small(600, nights(1, 2, 3), ZURICH) is None
    assert arrivals.is_small(1, nights(1, 2), ZURICH) is None
