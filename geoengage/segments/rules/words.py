"""A definition in plain English: one sentence for the whole, and a reading of each of its conditions. Pure.

`word_leaves` has the words of each kind of condition, `word_pieces` what they share; here they are joined. A `not` is
read by the opposite of what it holds (not both = one of them not), so no sentence says "it is not the case that".
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

from geoengage.segments.rules.groups import AllCondition, AnyCondition, NotCondition
from geoengage.segments.rules.pieces import Condition
from geoengage.segments.rules.word_leaves import phrase
from geoengage.segments.rules.word_pieces import Names

Word = Literal["and", "or"]


@dataclass(frozen=True, slots=True)
class Reading:
    """What one condition says. `pointer`: where it stands, as a JSON pointer; `of`: what it is made of."""

    pointer: str
    kind: str
    text: str
    of: tuple["Reading", ...] = ()


@dataclass(frozen=True, slots=True)
class _Group:
    word: Word
    parts: tuple["_Group | _Leaf", ...]


@dataclass(frozen=True, slots=True)
class _Leaf:
    lead: str
    text: str


def sentence(condition: Condition, names: Names) -> str:
    """The whole: `People who bought at least twice in the last 30 days and whose city is “Bern”.`"""
    return f"People {_said(_tree(condition, names, no=False), depth=0)}."


def read(condition: Condition, names: Names, pointer: str = "") -> Reading:
    """What a condition and each one in it say, e.g. `bought at least twice`, `their city is “Bern”`."""
    parts = tuple(read(part, names, f"{pointer}/{step}") for step, part in condition.parts())
    tree = _tree(condition, names, no=False)
    text = _alone(tree) if isinstance(tree, _Leaf) else _said(tree, depth=0)
    return Reading(pointer, condition.kind, text, parts)


def _alone(leaf: _Leaf) -> str:
    return f"their {leaf.text}" if leaf.lead == "whose" else leaf.text


def _tree(condition: Condition, names: Names, *, no: bool) -> _Group | _Leaf:
    """The conditions with every `not` carried down to its leaves (De Morgan) and groups within like groups opened."""
    if isinstance(condition, NotCondition):
        return _tree(condition.of, names, no=not no)
    if not isinstance(condition, AllCondition | AnyCondition):
        found = phrase(condition, names)
        return _Leaf(found.lead, found.no if no else found.yes)
    word: Word = "and" if isinstance(condition, AllCondition) is not no else "or"
    parts: list[_Group | _Leaf] = []
    for each in condition.of:
        part = _tree(each, names, no=no)
        parts += part.parts if isinstance(part, _Group) and part.word == word else [part]
    return parts[0] if len(parts) == 1 else _Group(word, tuple(parts))


def _said(tree: _Group | _Leaf, depth: int) -> str:
    if isinstance(tree, _Leaf):
        return f"{tree.lead} {tree.text}"
    text = _joined([_said(part, depth + 1) for part in tree.parts], tree.word)
    if depth == 0:
        return text
    return f"either {text}" if tree.word == "or" and depth == 1 else f"({text})"


def _joined(parts: Sequence[str], word: Word) -> str:
    """`a and b`; with a comma where a part holds such words itself."""
    *first, last = parts
    comma = "," if any(mark in part for part in parts for mark in (" and ", " or ", ", ")) else ""
    return f"{', '.join(first)}{comma} {word} {last}"
