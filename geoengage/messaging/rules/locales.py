"""Which language's text a person reads. Pure."""

from collections.abc import Mapping
from typing import TypeVar

T = TypeVar("T")


def locale_chain(*wanted: str | None) -> tuple[str, ...]:
    """The languages to look for, the best first: each wanted tag (`de-CH`, or with an underscore) and then its language
    alone. Give the person's, the app's default, the tenant's default, in this order."""
    chain: list[str] = []
    for tag in wanted:
        spelled = (tag or "").replace("_", "-").lower()
        chain += [spelled, spelled.partition("-")[0]]
    return tuple(dict.fromkeys(tag for tag in chain if tag))


def choose_text(texts: Mapping[str, T], chain: tuple[str, ...]) -> tuple[str, T] | None:
    """The text of the first language that there is, with its tag as the texts spell it; None: there is none."""
    spelled = {tag.replace("_", "-").lower(): tag for tag in texts}
    return next(((spelled[tag], texts[spelled[tag]]) for tag in chain if tag in spelled), None)
