"""Which column of a file is which field: guessed from names, taken from the last file, checked. Pure.

A mapping is `{header: field}`; a column that is not in it is not read.
"""

import re
import unicodedata
from collections import Counter
from collections.abc import Mapping, Sequence
from functools import cache

from geoengage.ingest.files.rules.kinds import FIELDS, ONE_OF, Field, FileKind

_UMLAUTS = str.maketrans({"ä": "ae", "ö": "oe", "ü": "ue", "ß": "ss"})
MOST_HEADER = 200  # characters of one name


def plain(name: str) -> str:
    """A column's name without case, accents and punctuation: `E-Mail Adresse` and `eMailAdresse` are one."""
    apart = re.sub(r"(?<=[a-zäöü0-9])(?=[A-ZÄÖÜ])", "_", name.strip())
    text = unicodedata.normalize("NFKD", apart.lower().translate(_UMLAUTS))
    letters = "".join(c for c in text if not unicodedata.combining(c))
    return re.sub(r"[^a-z0-9]+", "_", letters).strip("_")


@cache
def _names(kind: FileKind) -> dict[str, str]:
    """Plain name to field; a field's own name counts before another one's synonym."""
    found: dict[str, str] = {}
    for field in FIELDS[kind]:
        for name in field.synonyms.split():
            found.setdefault(name, field.name)
    return found | {field.name: field.name for field in FIELDS[kind] if not field.many}


def is_known(kind: FileKind, name: str) -> bool:
    """Whether a column's name says which field it is."""
    return plain(name) in _names(kind)


def guess(kind: FileKind, header: Sequence[str], saved: Mapping[str, str]) -> dict[str, str]:
    """The mapping of a file with this header. What was decided for a column of that name before counts first."""
    known = {field.name: field for field in FIELDS[kind]}
    found = {name: saved[name] for name in header if saved.get(name) in known}
    taken = set(found.values())
    for exactly in (True, False):  # `email` is the e-mail even if `mail` stands before it
        for name in header:
            field = _names(kind).get(plain(name))
            is_own = plain(name) == field
            if field and name not in found and name not in saved and field not in taken and is_own >= exactly:
                found[name] = field
                taken.add(field)
    return {name: found[name] for name in header if name in found}


def distinct(header: Sequence[str]) -> list[str]:
    """The header with names that are empty or come twice made distinct: `column 3`, `price (2)`."""
    seen: Counter[str] = Counter()
    result = []
    for number, cell in enumerate(header, 1):
        name = " ".join(cell.split())[:MOST_HEADER] or f"column {number}"
        seen[name] += 1
        result.append(name if seen[name] == 1 else f"{name} ({seen[name]})")
    return result


def flaws(kind: FileKind, header: Sequence[str], mapping: Mapping[str, str]) -> dict[str, str]:
    """What is wrong with a mapping, by column or field; empty when a file can be read with it."""
    known = {field.name: field for field in FIELDS[kind]}
    wrong: dict[str, str] = {}
    for name, field in mapping.items():
        if name not in header:
            wrong[name] = "the file has no such column"
        elif field not in known:
            wrong[name] = f"{kind} have no field {field!r}"
    counts = Counter(mapping.values())
    for name, field in mapping.items():
        if field in known and counts[field] > 1 and not known[field].many:
            wrong[name] = f"{known[field].words} is more than one column; choose one"
    wrong |= {f.name: f"choose the column that is “{f.words}”" for f in FIELDS[kind] if _is_missing(f, counts)}
    for group in ONE_OF[kind]:
        if not any(counts[name] for name in group):
            words = ", ".join(f"“{known[name].words}”" for name in group)
            wrong[group[0]] = f"choose at least one of {words}"
    return wrong


def _is_missing(field: Field, counts: Counter[str]) -> bool:
    return field.required and not counts[field.name]
