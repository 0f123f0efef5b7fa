"""A list of stores as JSON and as a spreadsheet says the same; nothing that a file holds breaks its reading."""

import csv
import io
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from geoengage.kit.errors import ItemErrors
from geoengage.marketplace.rules import COLUMNS, StoreRow, place_of, read_table
from geoengage.marketplace.rules.sheet import HOURS_WORDS

CELLS = {
    "external_id": st.from_regex(r"[a-z0-9-]{1,20}", fullmatch=True),
    "name": st.text(st.characters(exclude_categories=("C", "Z")), min_size=1, max_size=30),
    "lon": st.floats(-180, 180).map(lambda x: f"{x:.6f}"),
    "lat": st.floats(-90, 90).map(lambda x: f"{x:.6f}"),
    "timezone": st.sampled_from(["Europe/Zurich", "UTC"]),
    "brand_color": st.sampled_from(["#aa3311", "#000000"]),
    "owner_name": st.sampled_from(["Meier; Söhne", 'Bäcker "Max"', "Müller, AG"]),
    "owner_email": st.just("a@b.example"),
    "whatsapp_phone_number_id": st.just("123"),
    "whatsapp_business_account_id": st.just("456"),
    "recipe": st.just("win-back"),
    "recipe_discount_percent": st.integers(1, 80).map(str),
}
LINES = st.fixed_dictionaries(
    {name: CELLS[name] for name in ("external_id", "name", "lon", "lat")},
    optional={name: CELLS[name] for name in ("timezone", "brand_color", "owner_name", "owner_email")},
) | st.fixed_dictionaries(CELLS)


def nested(line: dict[str, str]) -> dict[str, Any]:
    """The row as JSON has it."""
    row: dict[str, Any] = {}
    for column, text in line.items():
        *parts, last = COLUMNS[column]
        place = row
        for part in parts:
            place = place.setdefault(part, {})
        place[last] = text
    return row


@given(
    lines=st.lists(LINES, min_size=1, max_size=5), delimiter=st.sampled_from(",;\t"), excel=st.booleans(),
)  # fmt: skip
def test_a_file_and_json_say_the_same(lines: list[dict[str, str]], delimiter: str, excel: bool) -> None:
    """Whatever the order of the columns, with empty cells, and in Excel's own dialect."""
    columns = list(dict.fromkeys(name for line in reversed(lines) for name in line))
    out = io.StringIO()
    writer = csv.DictWriter(out, columns, delimiter=delimiter, lineterminator="\r\n" if excel else "\n")
    writer.writeheader()
    writer.writerows(lines)

    table = read_table(out.getvalue().encode("utf-8-sig" if excel else "utf-8"))

    assert not table.unknown
    assert [line.flaws for line in table.lines] == [[] for _ in lines]
    read = [StoreRow.model_validate(line.row) for line in table.lines]
    assert read == [StoreRow.model_validate(nested(line)) for line in lines]


@given(st.binary(max_size=300) | st.binary(max_size=300).map(lambda tail: b"external_id,name,lon\n" + tail))
def test_no_file_breaks_the_reader(body: bytes) -> None:
    """It is read, or refused with a line."""
    try:
        lines = [line.number for line in read_table(body).lines]
    except ItemErrors as error:
        lines = [int(each["pointer"].removeprefix("line ")) + 1 for each in error.extra["errors"]]
    assert all(line > 1 for line in lines)


@pytest.mark.parametrize(
    ("text", "days"),
    [
        ("mon-fri 09:00-18:00", [5]),
        ("Mon-Fri 09:00-18:00; sat  10:00-16:00", [5, 1]),
        ("sat-mon 10:00-16:00;", [3]),
        ("monday 9-18", None),
        ("mon 9:00-18:00", None),
        ("xyz 09:00-18:00", None),
    ],
)
def test_opening_hours_are_written_in_one_cell(text: str, days: list[int] | None) -> None:
    """Spans of days with hours; what is none says how it is written."""
    (line,) = read_table(f'external_id,opening_hours\nx,"{text}"\n'.encode()).lines
    if days is None:
        assert line.flaws == [("opening_hours", HOURS_WORDS)]
    else:
        hours = StoreRow.model_validate(line.row).opening_hours
        assert [len(each.days) for each in hours or []] == days


def test_a_fault_is_told_by_its_column() -> None:
    """The member of a row, and whatever lies in it."""
    assert place_of(("whatsapp", "access_token")) == "whatsapp_access_token"
    assert place_of(("recipe", "settings", "categories", 0)) == "recipe_categories"
    assert place_of(("opening_hours", 0, "close")) == "opening_hours"
    assert place_of(("metadata",)) is None
