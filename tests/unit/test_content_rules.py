"""Words, dates and addresses of content, without a database: languages, escaping, folding, time zones, links."""

from datetime import UTC, datetime, timedelta
from xml.etree import ElementTree
from zoneinfo import ZoneInfo

import icalendar
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from geoengage.content.rules import (
    CODE,
    ContentKind,
    Entry,
    accepted,
    calendar,
    feed,
    is_machine,
    language_for,
    moment,
    new_code,
    note_page,
    target_flaw,
    when,
)
from geoengage.content.rules.ical import escape, fold

AT = datetime(2026, 11, 28, 12, tzinfo=UTC)
ZONES = [
    "Europe/Zurich",
    "America/New_York",
    "Australia/Lord_Howe",
    "Asia/Kathmandu",
    "Africa/Cairo",
    "Pacific/Apia",
    "UTC",
]
TEXT = st.text(st.characters(exclude_categories=("Cs", "Cc")) | st.just("\n"), max_size=200)


def entry(**over: object) -> Entry:
    values: dict[str, object] = {
        "uid": "1@geoengage", "revision": 1, "kind": ContentKind.EVENT, "cancelled": False, "title": "Reading",
        "text": "", "terms": "", "place": None, "point": None, "url": None, "image_url": None, "categories": (),
        "timezone": "Europe/Zurich", "starts": datetime(2027, 3, 27, 20),  # noqa: DTZ001 - a wall clock
        "ends": None, "created_at": AT,
        "updated_at": AT,
    } | over  # fmt: skip
    return Entry(**values)  # type: ignore[arg-type]


@settings(max_examples=60, deadline=None)
@given(title=TEXT, text=TEXT, place=TEXT)
def test_words_survive_the_calendar_and_the_feed(title: str, text: str, place: str) -> None:
    one = entry(title=f"T{title}", text=f"X{text}", place=f"P{place}", categories=(f"C{place}",))
    raw = calendar("x", [one], 300)
    assert all(len(line) <= 75 for line in raw.split(b"\r\n"))
    (event,) = icalendar.Calendar.from_ical(raw).events
    assert (str(event["SUMMARY"]), str(event["LOCATION"])) == (one.title, one.place)
    assert str(event["DESCRIPTION"]) == one.text
    root = ElementTree.fromstring(feed("x", "https://a.example/f", "https://a.example/", "de", [one], AT))  # noqa: S314
    item = root.find("channel/item")
    assert item is not None
    assert (item.findtext("title"), item.findtext("description")) == (one.title, one.text)


@settings(max_examples=25, deadline=None)
@given(zone=st.sampled_from(ZONES), hours=st.integers(0, 3 * 365 * 24), length=st.integers(1, 24 * 20))
def test_a_calendars_own_time_zone_says_the_moments_that_we_mean(zone: str, hours: int, length: int) -> None:
    starts = datetime(2026, 1, 1, 0, 30) + timedelta(hours=hours)  # noqa: DTZ001 - a wall clock
    ends = starts + timedelta(hours=length)
    if any(_is_odd(local, zone) for local in (starts, ends)):
        return  # an hour that is skipped or comes twice: icalendar reads it differently, clients too
    one = icalendar.Calendar.from_ical(calendar("x", [entry(timezone=zone, starts=starts, ends=ends)], 300))
    told = one.timezones[0].to_tz(lookup_tzid=False)
    for local in (starts, ends):
        assert local.replace(tzinfo=told).astimezone(UTC) == moment(local, zone), (zone, local)


def _is_odd(local: datetime, zone: str) -> bool:
    at = local.replace(tzinfo=ZoneInfo(zone))
    return at.utcoffset() != at.replace(fold=1).utcoffset()


def test_controls_and_line_breaks_are_escaped() -> None:
    assert escape("a\r\nb;c,d\\e\x07\x00") == "a\\nb\\;c\\,d\\\\e"
    assert fold("x" * 75) == b"x" * 75 + b"\r\n"
    assert fold("é" * 40) == ("é" * 37).encode() + b"\r\n " + ("é" * 3).encode() + b"\r\n"


def test_items_without_a_start_are_no_dates_and_cancelled_ones_no_news() -> None:
    assert icalendar.Calendar.from_ical(calendar("x", [entry(starts=None)], 300)).events == []
    assert b"<item>" not in feed("x", "https://a.example/f", "https://a.example/", "de", [entry(cancelled=True)], AT)


@pytest.mark.parametrize(
    "known, wanted, found",
    [
        (["de", "fr"], "de-CH", "de"), (["de-CH", "de-AT"], "de", "de-AT"), (["pt-BR"], "pt-PT", "pt-BR"),
        (["en"], None, "fr"), (["zh-Hant-HK", "zh-Hans"], "zh-Hant-HK-x", "zh-Hant-HK"), (["DE_ch"], "de-ch", "DE_ch"),
    ],
)  # fmt: skip
def test_a_reader_gets_the_nearest_language(known: list[str], wanted: str | None, found: str) -> None:
    assert language_for([*known, "fr"], wanted, "fr") == found


def test_what_a_browser_wishes_most() -> None:
    assert accepted("en;q=0.5, de-CH, fr;q=0.9") == "de-CH"
    assert accepted("*;q=0.1") is None
    assert accepted("xx;q=nonsense, it;q=0.2, de;q=0") == "it"
    assert accepted("") is None


def test_dates_are_said_in_the_readers_language() -> None:
    said = when(datetime(2026, 12, 5, 13, tzinfo=UTC), None, "Europe/Zurich", "de-CH")
    assert (said["starts"], said["ends"]) == ("Sa., 5. Dez., 14:00", "")
    assert "2:00" in when(datetime(2026, 12, 5, 13, tzinfo=UTC), None, "Europe/Zurich", "en-US")["starts"]
    assert when(AT, None, "UTC", "xx-nonsense")["starts"], "English where the language is unknown"


@pytest.mark.parametrize(
    "url",
    [
        "http://shop.example/", "https://shop.example:8443/", "https://a@shop.example/", "https://SHOP.example.evil/",
        "https://shop.example\\@evil.example/", "javascript:alert(1)", "https:///x", "https://[::1", "//shop.example/",
        "https://shop.example/\r\nX: y", "https://shоp.example/", "https://shop.example./",
    ],
)  # fmt: skip
def test_no_link_leads_elsewhere(url: str) -> None:
    assert target_flaw(url, ["shop.example"]) is not None
    assert target_flaw("https://shop.example:443/x?y=%20#z", ["shop.example"]) is None


def test_codes_and_machines() -> None:
    codes = {new_code() for _ in range(500)}
    assert len(codes) == 500
    assert all(CODE.fullmatch(code) for code in codes)
    assert all(is_machine(name) for name in ("", "Slackbot 1.0", "facebookexternalhit/1.1", "curl/8", "WhatsApp/2"))
    assert not is_machine("Mozilla/5.0 (iPhone; CPU iPhone OS 19_0 like Mac OS X) Mobile/15E148 Safari/604.1")
    assert 'lang="it"' in note_page("ended", "it-CH", "n").html
