"""Log lines never quote the contents of rows, and of paths neither secrets nor ids."""

import psycopg
import pytest
import structlog

from geoengage.kit.log import shown_path, withhold_rows

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


@pytest.mark.parametrize(
    "path, shown",
    [
        ("/v1/profiles/01a22211-326d-734e-813b-8962869e0212/consents", "/v1/profiles/…/consents"),
        ("/v1/orders", "/v1/orders"),
        ("/go/eyJhbGciOi.x.y", "/go/…"),
        ("/p/AaIiy2flde/pause", "/p/…"),
        ("/v1/projects/wk_0_secret/settings", "/v1/projects/…/settings"),
        ("/v1/coupons/7XK2-9QWE-M3T5R", "/v1/coupons/…"),
        ("/v1/coupons/7XK2-9QWE-M3T5R/redeem", "/v1/coupons/…/redeem"),
    ],
)
def test_a_path_is_shown_without_ids_and_secrets(path: str, shown: str) -> None:
    assert shown_path(path) == shown
