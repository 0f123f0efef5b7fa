"""An item's dates in the words of a language, at the wall clock of its place. Pure."""

from datetime import datetime
from zoneinfo import ZoneInfo

from babel import Locale, UnknownLocaleError
from babel.dates import format_date, format_skeleton, format_time


def when(starts_at: datetime | None, ends_at: datetime | None, timezone: str, language: str) -> dict[str, str]:
    """`starts` and `ends`, each as `Sat 5 December, 14:00` would be said there; empty when it is not said."""
    return {"starts": _said(starts_at, timezone, language), "ends": _said(ends_at, timezone, language)}


def _said(at: datetime | None, timezone: str, language: str) -> str:
    if at is None:
        return ""
    locale, local = locale_of(language), at.astimezone(ZoneInfo(timezone))
    try:
        day = format_skeleton("MMMEd", local, locale=locale)
    except KeyError:  # CLDR has no such pattern for this language
        day = format_date(local, "medium", locale=locale)
    return f"{day}, {format_time(local, 'short', locale=locale)}"


def locale_of(language: str) -> Locale:
    """CLDR's data for a language tag; English for one that it does not know."""
    parts = language.replace("_", "-").split("-")
    for length in range(len(parts), 0, -1):
        try:
            return Locale.parse("-".join(parts[:length]), sep="-")
        except (UnknownLocaleError, ValueError):
            continue
    return Locale("en")
