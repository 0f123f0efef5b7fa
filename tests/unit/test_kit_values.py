"""The small pure helpers: clock, ids, limits, shapes, patches, settings."""

from datetime import UTC, datetime, time, timedelta
from pathlib import Path
from typing import ClassVar
from zoneinfo import ZoneInfo

import pytest
from pydantic import Field, ValidationError

from geoengage.kit import clock, errors, ids
from geoengage.kit.commands import with_driver
from geoengage.kit.http import Page, check_version, etag, merge_patch
from geoengage.kit.limits import RateLimit
from geoengage.kit.settings import Settings
from geoengage.kit.shapes import ClockTime, Language, Patch, Shape, TimeZone

NOW = datetime(2026, 3, 1, 12, 0, tzinfo=UTC)
ZURICH = ZoneInfo("Europe/Zurich")


# --- clock --------------------------------------------------------------------------------------------------------


def test_the_process_can_live_by_another_clock_for_a_while() -> None:
    then = datetime(2026, 3, 29, 0, 59, tzinfo=UTC)
    with clock.replaced_by(lambda: then):
        assert clock.utc_now() == then
        assert ids.id_time(ids.new_id()) == then, (
            "ids are made by the same clock, so that rows fall into its partitions"
        )
    assert clock.utc_now() > then + timedelta(days=30)


@pytest.mark.parametrize(
    "hour, start, end, inside",
    [(8, 9, 17, False), (9, 9, 17, True), (17, 9, 17, False), (23, 21, 8, True), (3, 21, 8, True), (8, 21, 8, False)],
)
def test_hours_include_their_start_and_span_midnight(hour: int, start: int, end: int, inside: bool) -> None:
    at = datetime(2026, 3, 1, hour, tzinfo=ZURICH)
    assert clock.is_within_hours(at.astimezone(UTC), ZURICH, time(start), time(end)) is inside


def test_equal_hours_are_never() -> None:
    assert not any(clock.is_within_hours(NOW + timedelta(hours=h), ZURICH, time(0), time(0)) for h in range(24))


def test_the_local_day_decides() -> None:
    sunday_night = datetime(2026, 3, 1, 23, 30, tzinfo=UTC)
    assert (clock.weekday(sunday_night, UTC), clock.weekday(sunday_night, ZURICH)) == ("sun", "mon")  # type: ignore[arg-type]


def test_hours_end_across_the_change_of_the_clocks() -> None:
    evening = datetime(2026, 3, 28, 21, tzinfo=UTC)  # 22:00 in Zurich; at 02:00 it becomes 03:00
    assert clock.hours_end(evening, ZURICH, time(8)) == datetime(2026, 3, 29, 6, tzinfo=UTC)
    assert clock.hours_end(NOW, ZURICH, time(13, 30)) == datetime(2026, 3, 1, 12, 30, tzinfo=UTC)
    assert clock.hours_end(NOW, ZURICH, time(13)) == datetime(2026, 3, 2, 12, tzinfo=UTC)  # strictly after


# --- ids ----------------------------------------------------------------------------------------------------------


def test_ids_are_ordered_by_time_and_tell_it() -> None:
    made = [ids.new_id(NOW + timedelta(milliseconds=i)) for i in range(50)]
    assert made == sorted(made)
    assert {(i.version, i.variant) for i in made} == {(7, made[0].variant)}
    assert ids.id_time(made[7]) == NOW + timedelta(milliseconds=7)
    assert ids.lowest_id(NOW) <= made[0] < ids.lowest_id(NOW + timedelta(milliseconds=1))


def test_derived_ids_repeat_and_do_not_mix_up_their_parts() -> None:
    assert ids.derived_id("a", 1) == ids.derived_id("a", 1)
    assert ids.derived_id("a", "bc") != ids.derived_id("ab", "c")
    assert ids.derived_id("a").version == 8


# --- limits -------------------------------------------------------------------------------------------------------


def test_a_limit_counts_per_key_and_window() -> None:
    limit = RateLimit(2, timedelta(seconds=60))
    for _ in range(2):
        limit.spend("a", NOW)
    limit.spend("b", NOW)
    with pytest.raises(errors.TooMany) as raised:
        limit.spend("a", NOW + timedelta(seconds=20))
    assert raised.value.extra == {"retry_after_s": 40, "limit": 2, "window_s": 60}
    limit.spend("a", NOW + timedelta(seconds=60))
    limit.forget("b")
    limit.forget("unknown")
    for _ in range(2):
        limit.spend("b", NOW)


def test_a_limit_forgets_what_was_unused_longest() -> None:
    limit = RateLimit(1, timedelta(seconds=60), max_keys=2)
    for key in "abc":
        limit.spend(key, NOW)
    limit.spend("a", NOW)  # was dropped for "c"
    with pytest.raises(errors.TooMany):
        limit.spend("c", NOW)


# --- shapes and patches -------------------------------------------------------------------------------------------


class Hours(Shape):
    """For the tests below."""

    start: ClockTime = Field(default=time(9))
    zone: TimeZone = Field(default="UTC")
    language: Language = Field(default="en")


class HoursPatch(Patch):
    """For the tests below."""

    nullable: ClassVar[frozenset[str]] = frozenset({"note"})
    start: ClockTime | None = None
    note: str | None = None


def test_a_time_of_day_goes_in_and_out_as_hours_and_minutes() -> None:
    assert Hours.model_validate({"start": "07:05"}).model_dump(mode="json")["start"] == "07:05"
    assert Hours(start=time(7, 5)).start == time(7, 5)


@pytest.mark.parametrize(
    "wrong",
    [
        {"start": "24:00"}, {"start": "7:05"}, {"start": "07:05:00"}, {"start": "07:05Z"}, {"start": 7},
        {"start": "07:05\n"}, {"zone": "Europe"}, {"zone": "../etc/passwd"}, {"zone": "CET-3"}, {"zone": ""},
        {"language": "german!"}, {"language": ""}, {"other": 1},
    ],
)  # fmt: skip
def test_what_no_shape_takes(wrong: dict[str, object]) -> None:
    with pytest.raises(ValidationError):
        Hours.model_validate(wrong)


def test_a_patch_names_what_changes() -> None:
    assert HoursPatch.model_validate({}).changes() == {}
    assert HoursPatch.model_validate({"note": None}).changes() == {"note": None}
    assert HoursPatch.model_validate({"start": "09:00"}).changes() == {"start": time(9)}
    with pytest.raises(ValidationError, match="start cannot be null"):
        HoursPatch.model_validate({"start": None})


def test_merge_patch_as_in_rfc_7396() -> None:
    assert merge_patch({"a": 1, "b": {"c": 2, "d": 3}}, {"b": {"c": None, "e": 4}, "f": [5]}) == {
        "a": 1,
        "b": {"d": 3, "e": 4},
        "f": [5],
    }
    assert merge_patch({"a": [1]}, {"a": {"b": {"c": None}}}) == {"a": {"b": {}}}
    assert merge_patch({"a": 1}, {"a": None, "z": None}) == {}


# --- HTTP ---------------------------------------------------------------------------------------------------------


def test_a_page_is_cut_only_when_there_is_more() -> None:
    rows = [ids.new_id(NOW + timedelta(seconds=i)) for i in range(4)]
    items, cursor = Page(3, None).cut(rows, lambda row: row)
    assert items == rows[:3]
    assert cursor is not None
    assert Page(4, None).cut(rows, lambda row: row) == (rows, None)


def test_versions() -> None:
    assert etag(3) == '"v3"'
    check_version(3, 3)
    with pytest.raises(errors.PreconditionFailed) as raised:
        check_version(4, 3)
    assert raised.value.extra == {"current_version": 4}


# --- settings -----------------------------------------------------------------------------------------------------


def test_the_signing_key_is_made_once_and_is_private(tmp_path: Path) -> None:
    settings = Settings(data_dir=tmp_path / "new")
    key = settings.signing_key()
    assert Settings(data_dir=tmp_path / "new").signing_key() == key
    assert (tmp_path / "new" / "secret_key").stat().st_mode & 0o777 == 0o600


def test_a_short_signing_key_is_refused() -> None:
    with pytest.raises(ValueError, match="at least 32"):
        Settings(secret_key="short").signing_key()


@pytest.mark.parametrize(
    "url",
    ["postgres://u@h/d", "postgresql://u@h/d", "postgresql+psycopg://u@h/d"],
)
def test_any_spelling_of_a_postgresql_url(url: str) -> None:
    assert with_driver(url) == "postgresql+psycopg://u@h/d"
