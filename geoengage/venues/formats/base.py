"""What every reader gives: the things of a venue in the words of our own inputs, with what was noticed on the way.

Readers translate and check what is particular to their format; whether a thing is valid and fits into the mall is the
taker's business (service/taking.py). References between things are by external id (`store_external_id`, …).
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from geoengage.kit import errors
from geoengage.venues.report import ImportFormat, ImportProblem, ImportWarning, ItemKind, Severity

Json = dict[str, Any]
Path = tuple[str | int, ...]


@dataclass(slots=True)
class Item:
    """One thing. `words` says which member of the source each of our properties comes from; None: they are the same.

    `geometry_pointer` is where the geometry lies when that is not the thing's own member. `in_mall`: it is one of the
    mall that this import is about, though no id says so. `is_draft`: a zone that is not
    to be published; `in_force`: its published edit (geometry and properties) where the newest edit is another one.
    """

    kind: ItemKind
    file: str
    pointer: str
    properties: Json
    geometry: Any = None
    problems: list[ImportProblem] = field(default_factory=list)
    words: Mapping[str, str] | None = None
    geometry_pointer: str | None = None
    in_mall: bool = False
    is_draft: bool = False
    in_force: Json | None = None

    @property
    def external_id(self) -> str | None:
        """The id by which it is found again."""
        found = self.properties.get("external_id")
        return found if isinstance(found, str) else None

    @property
    def is_refused(self) -> bool:
        """Whether it cannot be taken."""
        return any(problem.severity is Severity.ERROR for problem in self.problems)

    def refuse(self, path: Path, detail: str) -> None:
        """Keep it out, for something at `path` of our input."""
        self.problems.append(self._problem(Severity.ERROR, path, detail))

    def warn(self, path: Path, detail: str) -> None:
        """Take it, and say what was odd."""
        self.problems.append(self._problem(Severity.WARNING, path, detail))

    def _problem(self, severity: Severity, path: Path, detail: str) -> ImportProblem:
        pointer, place = self.pointer_to(path), self.place_of(path)
        return ImportProblem(severity=severity, pointer=pointer, detail=detail, place=place)

    def pointer_to(self, path: Path) -> str:
        """The JSON pointer in the source of a place in our input."""
        if path[:1] == ("geometry",):
            start = f"{self.pointer}/geometry" if self.geometry_pointer is None else self.geometry_pointer
            return start + steps(path[1:])
        if self.words is None:
            return self.pointer + steps(path)
        word = self.words.get(str(path[1])) if len(path) > 1 and path[0] == "properties" else None
        return self.pointer if word is None else f"{self.pointer}/{word}"

    def place_of(self, path: Path) -> tuple[float, float] | None:
        """Where on the map a path points at; for anything but a geometry, where the thing itself is."""
        return place_in(self.geometry, path[1:] if path[:1] == ("geometry",) else ())


@dataclass(slots=True)
class Reading:
    """What a reader gives. `whole`: it says everything of each thing, so what it leaves out is at its default."""

    format: ImportFormat
    mall: Item | None = None
    owners: dict[str, str] = field(default_factory=dict)
    items: list[Item] = field(default_factory=list)
    notes: list[ImportWarning] = field(default_factory=list)

    @property
    def whole(self) -> bool:
        """Whether what it leaves out is at its default, rather than unknown to it."""
        return self.format is ImportFormat.GEOENGAGE


@dataclass(frozen=True, slots=True)
class Options:
    """What somebody says beside the files.

    `name` of a mall whose files tell none; `into_mall`: areas that tell a level belong into a known mall;
    `level_names`: what that mall calls its levels; `categories`: what a source category, or `CATEGORY=NAME`, is
    (`store` or a unit's category); `lenient`: mere bad style of GeoJSON is let pass.
    """

    name: str | None = None
    into_mall: bool = False
    level_names: Mapping[str, int] = field(default_factory=dict)
    categories: Mapping[str, str] = field(default_factory=dict)
    lenient: bool = False


class Notes:
    """Collects notes; the same one many times becomes one with a count."""

    def __init__(self) -> None:
        self._found: dict[tuple[str, str], tuple[str, int]] = {}

    def add(self, file: str, pointer: str, detail: str) -> None:
        """Say it of a place in a file."""
        first, n = self._found.get((file, detail), (pointer, 0))
        self._found[file, detail] = first, n + 1

    def all(self) -> list[ImportWarning]:
        """Each note once, in the order of their first places."""
        return [
            ImportWarning(file=file, pointer=pointer, detail=detail if n == 1 else f"{detail} ({n} times, first here)")
            for (file, detail), (pointer, n) in self._found.items()
        ]


def unreadable(file: str, pointer: str, detail: str, **more: Any) -> errors.ItemErrors:
    """The error for a document that cannot be taken apart at all."""
    return errors.ItemErrors([{"pointer": pointer, "in": "body", "detail": detail, "file": file, "place": None} | more])


def steps(path: Sequence[str | int]) -> str:
    """The part of a JSON pointer (RFC 6901) that a path is."""
    return "".join("/" + str(step).replace("~", "~0").replace("/", "~1") for step in path)


def place_in(geometry: Any, path: Sequence[str | int]) -> tuple[float, float] | None:
    """[lon, lat] at or below a path of a GeoJSON geometry, as far as there is one."""
    at = geometry
    for step in path:
        inside = (isinstance(at, dict) and step in at) or (
            isinstance(at, list | tuple) and isinstance(step, int) and step < len(at)
        )
        if not inside or not isinstance(at[step], dict | list | tuple):
            break
        at = at[step]
    return _first_position(at)


def _first_position(value: Any) -> tuple[float, float] | None:
    while True:
        if isinstance(value, dict):
            value = value.get("coordinates", value.get("geometries"))
        if not isinstance(value, list | tuple) or not value:
            return None
        if all(_is_degrees(number) for number in value[:2]) and len(value) > 1:
            return float(value[0]), float(value[1])
        value = value[0]


def _is_degrees(number: Any) -> bool:
    return isinstance(number, int | float) and not isinstance(number, bool) and abs(number) <= 180


def text_of(value: Any) -> str | None:
    """A text or number as text, stripped; None for anything else and for nothing."""
    if isinstance(value, bool) or not isinstance(value, str | int | float):
        return None
    return str(value).strip() or None
