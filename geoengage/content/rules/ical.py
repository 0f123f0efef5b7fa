"""Items as an iCalendar (RFC 5545). Pure: dates, text and bytes.

Times are written with TZID and a VTIMEZONE made from the system's zone rules, so that a calendar shows the wall clock
of the place whatever its own zone. What was cancelled stays in the feed with STATUS:CANCELLED until its time has
passed: a calendar that only missed it would keep it.
"""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

from geoengage.content.rules.items import ContentKind, moment

PRODUCT = "-//geoengage//content 1.0//EN"
_LINE_BYTES = 75  # RFC 5545 3.1, without the line break
_WITHOUT_END = timedelta(hours=1)  # of an event that does not say how long it lasts


@dataclass(frozen=True, slots=True, kw_only=True)
class Entry:
    """One item as a calendar or a feed shows it: in one language, with its place in words.

    `starts` and `ends` are naive local times of `timezone`; `point` is (lon, lat).
    """

    uid: str
    revision: int
    kind: ContentKind
    cancelled: bool
    title: str
    text: str
    terms: str
    place: str | None
    point: tuple[float, float] | None
    url: str | None
    image_url: str | None
    categories: Sequence[str]
    timezone: str
    starts: datetime | None
    ends: datetime | None
    created_at: datetime
    updated_at: datetime


def calendar(name: str, entries: Iterable[Entry], refresh_s: int) -> bytes:
    """The whole file. Entries without a start are no dates and are left out."""
    dated = [entry for entry in entries if entry.starts is not None]
    lines = [
        "BEGIN:VCALENDAR", "VERSION:2.0", f"PRODID:{PRODUCT}", "CALSCALE:GREGORIAN", "METHOD:PUBLISH",
        f"NAME:{escape(name)}", f"X-WR-CALNAME:{escape(name)}", f"REFRESH-INTERVAL;VALUE=DURATION:PT{refresh_s}S",
    ]  # fmt: skip
    for zone in sorted({entry.timezone for entry in dated}):
        times = [t for e in dated if e.timezone == zone for t in (e.starts, e.ends) if t is not None]
        lines += _zone(zone, min(times), max(times))
    for entry in dated:
        lines += _event(entry)
    lines.append("END:VCALENDAR")
    return b"".join(fold(line) for line in lines)


def escape(text: str) -> str:
    """A TEXT value (3.3.11): backslash, semicolon and comma escaped, line breaks as \\n, other controls dropped."""
    text = text.replace("\r\n", "\n").replace("\r", "\n")
    text = text.replace("\\", "\\\\").replace(";", "\\;").replace(",", "\\,").replace("\n", "\\n")
    return "".join(char for char in text if char == "\t" or (char >= " " and char != "\x7f"))


def fold(line: str) -> bytes:
    """A content line of at most 75 octets, folded between characters, with its line break (3.1)."""
    rows, row = [], b""
    for char in line:
        more = char.encode()
        if len(row) + len(more) > _LINE_BYTES:
            rows.append(row)
            row = b" "
        row += more
    return b"\r\n".join([*rows, row]) + b"\r\n"


def _event(entry: Entry) -> Iterator[str]:
    assert entry.starts is not None  # noqa: S101 - `calendar` has left the others out
    ends = entry.ends or entry.starts + _WITHOUT_END
    yield "BEGIN:VEVENT"
    yield f"UID:{entry.uid}"
    yield f"DTSTAMP:{_utc(entry.updated_at)}"
    yield f"CREATED:{_utc(entry.created_at)}"
    yield f"LAST-MODIFIED:{_utc(entry.updated_at)}"
    yield f"SEQUENCE:{entry.revision - 1}"
    yield f"STATUS:{'CANCELLED' if entry.cancelled else 'CONFIRMED'}"
    yield f"DTSTART;TZID={entry.timezone}:{_local(entry.starts)}"
    yield f"DTEND;TZID={entry.timezone}:{_local(ends)}"
    yield f"SUMMARY:{escape(entry.title)}"
    words = "\n\n".join(part for part in (entry.text, entry.terms) if part)
    if words:
        yield f"DESCRIPTION:{escape(words)}"
    if entry.place:
        yield f"LOCATION:{escape(entry.place)}"
    if entry.point is not None:
        yield f"GEO:{entry.point[1]:.6f};{entry.point[0]:.6f}"
    if entry.url:
        yield f"URL:{entry.url}"
    if entry.image_url:
        yield f"IMAGE;VALUE=URI;DISPLAY=BADGE:{entry.image_url}"  # RFC 7986
    yield "CATEGORIES:" + ",".join(escape(c) for c in (entry.kind.value.replace("_", " ").upper(), *entry.categories))
    yield f"TRANSP:{'OPAQUE' if entry.kind is ContentKind.EVENT else 'TRANSPARENT'}"  # a sale blocks nobody's week
    yield "END:VEVENT"


def _utc(at: datetime) -> str:
    return at.astimezone(UTC).strftime("%Y%m%dT%H%M%SZ")


def _local(at: datetime) -> str:
    return at.strftime("%Y%m%dT%H%M%S")


def _zone(name: str, first: datetime, last: datetime) -> Iterator[str]:
    """A VTIMEZONE with what is in force at `first` and every change of the clock from there to `last` (3.6.5)."""
    zone, begin, end = ZoneInfo(name), moment(first, name), moment(last, name)
    assert begin is not None  # noqa: S101 - of a time that is given
    assert end is not None  # noqa: S101 - likewise
    day = begin - timedelta(days=1)
    offset = _offset_of(day, zone)
    yield "BEGIN:VTIMEZONE"
    yield f"TZID:{name}"
    yield from _observance(datetime(1970, 1, 1, tzinfo=UTC), offset, day.astimezone(zone))
    while day < end:
        following = day + timedelta(days=1)
        if (after := _offset_of(following, zone)) != offset:
            at = _change_between(day, following, zone)
            # The onset is told by the wall clock before the change.
            yield from _observance(at + offset, offset, at.astimezone(zone))
            offset = after
        day = following
    yield "END:VTIMEZONE"


def _observance(onset: datetime, before: timedelta, then: datetime) -> Iterator[str]:
    """From `onset` (a wall clock) on it is as at `then`, and was `before` until then."""
    kind = "DAYLIGHT" if then.dst() else "STANDARD"
    yield f"BEGIN:{kind}"
    yield f"DTSTART:{_local(onset)}"
    yield f"TZOFFSETFROM:{_offset(before)}"
    yield f"TZOFFSETTO:{_offset(then.utcoffset() or timedelta())}"
    yield f"TZNAME:{then.tzname()}"
    yield f"END:{kind}"


def _change_between(low: datetime, high: datetime, zone: ZoneInfo) -> datetime:
    """The second at which the offset changes, by halving."""
    before = _offset_of(low, zone)
    while high - low > timedelta(seconds=1):
        middle = low + (high - low) // 2
        middle = middle.replace(microsecond=0)
        if middle <= low:
            break
        low, high = (middle, high) if _offset_of(middle, zone) == before else (low, middle)
    return high.replace(microsecond=0)


def _offset_of(at: datetime, zone: ZoneInfo) -> timedelta:
    return at.astimezone(zone).utcoffset() or timedelta()


def _offset(value: timedelta) -> str:
    seconds = int(value.total_seconds())
    sign, seconds = "-" if seconds < 0 else "+", abs(seconds)
    hours, minutes, rest = seconds // 3600, seconds % 3600 // 60, seconds % 60
    return f"{sign}{hours:02}{minutes:02}" + (f"{rest:02}" if rest else "")
