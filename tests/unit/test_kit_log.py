"""Log lines never quote the contents of rows."""

import psycopg
import pytest
import structlog

from geoengage.kit.log import withhold_rows

ROW = 'DETAIL:  Failing row contains (8.5412, 47.3).\nCONTEXT:  COPY ping, line 1: "8.5412\\t47.3"'


@pytest.mark.parametrize(
    "text",
    [
        f"null value in column\n{ROW}",
        repr(psycopg.errors.NotNullViolation(f"null value in column\n{ROW}")),
        "(psycopg.Error) no\n[SQL: INSERT INTO ping]\n[parameters: {'lon': 8.5412}]\n(Background on this error)",
    ],
)
def test_row_contents_are_withheld(text: str) -> None:
    event = withhold_rows(None, "error", {"event": "bug", "exception": text, "n": 3})
    assert "8.5412" not in str(event)
    assert "withheld" in event["exception"]
    assert event["n"] == 3


def test_a_traceback_is_cut_too() -> None:
    try:
        raise psycopg.errors.CheckViolation(f"no partition found\n{ROW}")
    except psycopg.Error:
        event = structlog.processors.format_exc_info(None, "error", {"event": "bug", "exc_info": True})
    cut = withhold_rows(None, "error", event)["exception"]
    assert "no partition found" in cut
    assert "8.5412" not in cut
