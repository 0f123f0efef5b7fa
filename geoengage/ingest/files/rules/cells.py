"""From the text of a cell to a value: money, quantities, times, yes and no. Pure.

Each raises BadCell with words for the error file. Money becomes integer minor units; a quantity thousandths.
"""

import re
from dataclasses import dataclass, field
from datetime import UTC, date, datetime
from enum import StrEnum
from functools import lru_cache
from zoneinfo import ZoneInfo

from geoengage.commerce.rules import CURRENCIES, MAX_MINOR, exponent

_PLAIN = re.compile(r"[+-]?[0-9]{1,15}(\.[0-9]{1,15})?")
_GROUPED = re.compile(r"[+-]?[0-9]{1,3}(?:[,.'’_\s][0-9]{3})*(?:[.,][0-9]{1,15})?|[+-]?[0-9]{1,15}(?:[.,][0-9]{1,15})?")
_MONEY_EDGE = re.compile(r"^(?:[A-Z]{3}|[€$£¥]|Fr\.?)\s*|\s*(?:[A-Z]{3}|[€$£¥]|Fr\.?)$")
_SPACES = re.compile(r"[\s'’_]")
_DMY = re.compile(r"([0-9]{1,2})[./-]([0-9]{1,2})[./-]([0-9]{4})(?:[ T,]+([0-9]{1,2}):([0-9]{2})(?::([0-9]{2}))?)?")
YES = frozenset(["yes", "y", "true", "t", "1", "ja", "oui", "si", "x", "on", "opt-in", "opted-in"])
NO = frozenset(["no", "n", "false", "f", "0", "nein", "non", "off", "opt-out", "opted-out"])
EARLIEST = datetime(1990, 1, 1, tzinfo=UTC)


class BadCell(ValueError):
    """A cell that cannot be read; the text says what is expected."""


class DayOrder(StrEnum):
    """How a date that is not ISO 8601 is to be read."""

    DAY_FIRST = "day_first"
    MONTH_FIRST = "month_first"


@dataclass(frozen=True, slots=True)
class Reading:
    """How the cells of a file are meant. `decimal`: the sign before the decimals; `timezone`: of times without offset.

    `region`: ISO 3166 country of phone numbers without one; `currency`: of amounts where no column says it.
    """

    decimal: str = "."
    timezone: ZoneInfo = field(default_factory=lambda: ZoneInfo("UTC"))
    day_order: DayOrder = DayOrder.DAY_FIRST
    region: str | None = None
    currency: str | None = None


def currency_code(text: str) -> str:
    """An ISO 4217 code."""
    code = text.upper()
    if code not in CURRENCIES:
        raise BadCell("no ISO 4217 code of a currency, e.g. CHF")
    return code


@lru_cache(maxsize=65_536)
def scaled(text: str, digits: int, decimal: str, *, rounds: bool = False) -> int:
    """A decimal number as an integer with `digits` decimals. What would be lost is an error, unless `rounds`."""
    number = text if decimal == "." and _PLAIN.fullmatch(text) else _normal(text, decimal)
    sign = -1 if number[0] == "-" else 1
    whole, _, fraction = number.lstrip("+-").partition(".")
    kept, lost = fraction[:digits].ljust(digits, "0"), fraction[digits:]
    if lost.strip("0") and not rounds:
        raise BadCell(f"{text} has more than {digits} decimals" if digits else f"{text} is no whole number")
    value = int(whole + kept)
    if lost and lost[0] >= "5":
        value += 1
    if value > MAX_MINOR:
        raise BadCell(f"{text} is too large")
    return sign * value


def _normal(text: str, decimal: str) -> str:
    """`1'234,50` as `1234.50`."""
    bare = _MONEY_EDGE.sub("", text.removesuffix(".-").removesuffix(".–"))
    if bare.startswith("(") and bare.endswith(")"):
        bare = f"-{bare[1:-1]}"  # as accountants write what is negative
    if bare.endswith("-"):
        bare = f"-{bare[:-1]}"
    bare = bare.replace("−", "-")
    if not _GROUPED.fullmatch(bare):
        raise BadCell("not a number")
    other = "," if decimal == "." else "."
    whole, mark, fraction = bare.rpartition(decimal) if bare.count(decimal) == 1 else (bare, "", "")
    if bare.count(decimal) > 1 or other in fraction:
        raise BadCell(f"not a number with {'a point' if decimal == '.' else 'a comma'} before its decimals")
    if not mark and other in bare and not re.fullmatch(rf"[+-]?[0-9]{{1,3}}(?:\{other}[0-9]{{3}})+", bare):
        raise BadCell(f"not a number with {'a point' if decimal == '.' else 'a comma'} before its decimals")
    return f"{_SPACES.sub('', (whole or bare) if mark else bare).replace(other, '')}{'.' if mark else ''}{fraction}"


def money(text: str, currency: str, reading: Reading, *, rounds: bool = False) -> int:
    """An amount in minor units of its currency; `rounds` for prices of one, which may be finer than what is paid."""
    return scaled(text, exponent(currency), reading.decimal, rounds=rounds)


def thousandths(text: str, reading: Reading) -> int:
    """A quantity: pieces, or a weight with up to three decimals."""
    return scaled(text, 3, reading.decimal)


def guess_decimal(samples: list[str]) -> str | None:
    """The sign before the decimals in most of these cells, `.` or `,`; None when none has decimals."""
    comma = sum(bool(re.fullmatch(r"\D{0,5}[0-9.'’\s]*[0-9],[0-9]{1,2}\D{0,5}", text)) for text in samples)
    point = sum(bool(re.fullmatch(r"\D{0,5}[0-9,'’\s]*[0-9]\.[0-9]{1,2}\D{0,5}", text)) for text in samples)
    return None if comma == point == 0 else "," if comma > point else "."


@lru_cache(maxsize=4_096)
def moment(text: str, reading: Reading) -> datetime:
    """A time as UTC: ISO 8601, or day, month and year as the file has them; a day alone begins at midnight."""
    try:
        found = datetime.fromisoformat(text)
    except ValueError:
        found = _other_moment(text, reading)
    if found.tzinfo is None:
        found = found.replace(tzinfo=reading.timezone)
    try:
        found = found.astimezone(UTC)
    except OverflowError:
        raise BadCell("no such time") from None
    if found < EARLIEST:
        raise BadCell("a time before 1990")
    return found


def _other_moment(text: str, reading: Reading) -> datetime:
    match = _DMY.fullmatch(text)
    if match is None:
        raise BadCell("no time; write it as 2026-11-28T10:00:00+01:00")
    first, second, year, hour, minute, second_ = (int(part or 0) for part in match.groups())
    day, month = (first, second) if reading.day_order is DayOrder.DAY_FIRST else (second, first)
    try:
        return datetime(year, month, day, hour, minute, second_)  # noqa: DTZ001 - the zone is added by the caller
    except ValueError:
        raise BadCell("no such day; say whether the day or the month comes first") from None


def past(text: str, reading: Reading, latest: datetime) -> datetime:
    """A time that has come already."""
    found = moment(text, reading)
    if found > latest:
        raise BadCell("lies in the future")
    return found


def day(text: str, reading: Reading) -> date:
    """A day without a time of day."""
    try:
        return date.fromisoformat(text[:10])
    except ValueError:
        return _other_moment(text, reading).date()


def yes_or_no(text: str) -> bool | None:
    """What yes and no mean in many languages; None when it is neither."""
    low = text.lower().replace("_", "-").replace(" ", "-")
    return True if low in YES else False if low in NO else None


def https_url(text: str) -> str:
    """An address that may be shown to shoppers."""
    if not re.fullmatch(r"https?://[^\s\"'<>\\]{1,2000}", text):
        raise BadCell("an address starts with https://")
    return text


def short(text: str, most: int = 255) -> str:
    """A text of at most so many characters, without control characters."""
    if len(text) > most:
        raise BadCell(f"longer than {most} characters")
    if not text.isprintable() and any(ord(c) < 32 or 0xD800 <= ord(c) <= 0xDFFF for c in text):
        raise BadCell("holds a control character")
    return text
