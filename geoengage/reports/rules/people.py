"""What somebody typed to find a person: which ids it may be, which words of a name. Pure.

A telephone number is looked for by its last digits, so that every way to write it finds it: with the country code or
without, with spaces, brackets and the zero of the trunk.
"""

import re
from dataclasses import dataclass
from uuid import UUID

SHORTEST = 2  # characters; one letter would match everybody
MOST_WORDS = 5
_FEWEST_DIGITS = 4  # the last four are what people read out
_NUMBER = re.compile(r"[+(]?[\d\s()./-]+")
_TRUNK = re.compile(r"\(0\)")


@dataclass(frozen=True, slots=True)
class Wanted:
    """One question. `text` as it was typed, `digits` a telephone number's end, `uuid` a device or profile.

    `words`: beginnings of a name's words, in lower case; none when it cannot be one.
    """

    text: str
    digits: str | None
    uuid: UUID | None
    words: tuple[str, ...]

    @property
    def is_email(self) -> bool:
        """Whether it is an address, or a part of one."""
        return "@" in self.text


def read_query(typed: str) -> Wanted | None:
    """What is looked for; None when that is too short to ask for."""
    text = " ".join(typed.split()).removeprefix("#").strip()
    if len(text) < SHORTEST:
        return None
    uuid = _uuid(text)
    digits = None if uuid else _digits(text)
    named = uuid is None and "@" not in text and any(c.isalpha() for c in text)
    words = tuple(text.lower().replace("-", " ").split()[:MOST_WORDS]) if named else ()
    return Wanted(text, digits, uuid, words)


def _uuid(text: str) -> UUID | None:
    try:
        return UUID(text)
    except ValueError:
        return None


def _digits(text: str) -> str | None:
    """The digits that every writing of a telephone number ends with."""
    if not _NUMBER.fullmatch(text):
        return None
    found = re.sub(r"\D", "", _TRUNK.sub("", text))
    if not text.startswith("+"):
        found = found.lstrip("0")  # 00 41 79…, 079…
    return found if len(found) >= _FEWEST_DIGITS else None


def like(text: str) -> str:
    """The text for LIKE, its wildcards taken as they are."""
    return re.sub(r"([\\%_])", r"\\\1", text)
