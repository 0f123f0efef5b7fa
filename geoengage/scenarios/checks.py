"""Reads scenario files. Everything that is wrong is said at once, each with file, line, step and field."""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from pydantic import ValidationError

from geoengage.scenarios.format import LONGEST, Edit, ExpectedEvent, ExpectedVisit, Scenario, Step
from geoengage.scenarios.yaml_text import Document, Unreadable, read_text
from geoengage.scenarios.yaml_text import Path as Place

ENDINGS = (".yaml", ".yml")
_UNION_MEMBERS = ("tuple[", "constrained-", "function-", "float", "datetime", "list[")  # pydantic's own words in a path


@dataclass(frozen=True, slots=True)
class Flaw:
    """What is wrong in a file. `where`: the step and field, in words."""

    file: str
    line: int
    where: str
    detail: str

    def __str__(self) -> str:
        return f"{self.file}:{self.line}: {self.where}{': ' if self.where else ''}{self.detail}"


class Invalid(Exception):
    """A file is no scenario; `flaws` says why."""

    def __init__(self, flaws: list[Flaw]) -> None:
        super().__init__("\n".join(map(str, flaws)))
        self.flaws = flaws


@dataclass(frozen=True, slots=True)
class File:
    """A scenario and where its parts stand."""

    name: str
    scenario: Scenario
    document: Document

    def step_line(self, number: int) -> int:
        """The line of a step, counted from 1."""
        return self.document.line_of(("steps", number - 1))


def find_files(paths: Iterable[Path]) -> list[Path]:
    """The files named, and those in the folders named, sorted. Raises Invalid for a path that is neither."""
    found: list[Path] = []
    for path in paths:
        if path.is_dir():
            found += sorted(p for p in path.rglob("*") if p.suffix in ENDINGS)
        elif path.is_file():
            found.append(path)
        else:
            raise Invalid([Flaw(str(path), 1, "", "there is no such file")])
    return list(dict.fromkeys(found))


def read_file(path: Path, name: str | None = None) -> File:
    """A scenario file. Raises Invalid with all that is wrong with it."""
    name = name or str(path)
    try:
        return parse(path.read_text("utf-8"), name)
    except UnicodeDecodeError as error:
        raise Invalid([Flaw(name, 1, "", "not a text in UTF-8")]) from error


def parse(text: str, name: str) -> File:
    """A scenario from its text."""
    try:
        document = read_text(text)
    except Unreadable as error:
        raise Invalid([Flaw(name, error.line, "", str(error))]) from error
    try:
        scenario = Scenario.model_validate(document.value)
    except ValidationError as error:
        places = ((_place(document, e["loc"]), e["msg"].removeprefix("Value error, ")) for e in error.errors())
        raise Invalid(_flaws(name, document, places)) from error
    if found := list(_misfits(scenario)):
        raise Invalid(_flaws(name, document, found))
    return File(name, scenario, document)


def _flaws(name: str, document: Document, found: Iterable[tuple[Place, str]]) -> list[Flaw]:
    made = (Flaw(name, document.line_of(place), _words(place), detail) for place, detail in found)
    return sorted(set(made), key=lambda flaw: flaw.line)


def _place(document: Document, loc: tuple[int | str, ...]) -> Place:
    """pydantic's place of an error without the union members that it names on the way."""
    place: Place = ()
    for part in loc:
        is_word = isinstance(part, str) and (*place, part) not in document.lines and part.startswith(_UNION_MEMBERS)
        place = place if is_word else (*place, part)
    return place


def _words(place: Place) -> str:
    """`step 4: ping.accuracy_m`; lists are counted from 1."""
    parts = [f"{part + 1}" if isinstance(part, int) else part for part in place]
    if place[:1] == ("steps",) and len(place) > 1:
        return f"step {parts[1]}" + (f": {'.'.join(parts[2:])}" if parts[2:] else "")
    return ".".join(parts)


# --- does it fit together? ------------------------------------------------------------------------------------------


def _misfits(scenario: Scenario) -> Iterator[tuple[Place, str]]:
    yield from _plan(scenario)
    before, last = 0.0, 0.0
    for n, step in enumerate(scenario.steps):
        at = scenario.seconds(step.at)
        if at < before:
            yield ("steps", n, "at"), f"before the step above it ({before:g} s)"
        before, last = max(before, at), max(last, at + _lasts_s(step))
        yield from (((("steps", n, *place)), detail) for place, detail in _step(scenario, n, step))
    end = scenario.seconds(scenario.end)
    if end < last:
        yield ("end",), f"before the last position, {last:g} s after the start"
    if not 0 <= end <= LONGEST.total_seconds():
        yield ("end",), f"between 0 and {LONGEST.days} days after the start"
    yield from _expected(scenario)


def _lasts_s(step: Step) -> float:
    return 0.0 if step.walk is None else step.walk.path[-1][0]


def _plan(scenario: Scenario) -> Iterator[tuple[Place, str]]:
    plan = scenario.floor_plan
    for name, zone in plan.zones.items():
        yield from _levels(scenario, ("floor_plan", "zones", name, "levels"), zone.levels)
    for n, connector in enumerate(plan.connectors):
        yield from _levels(scenario, ("floor_plan", "connectors", n, "levels"), connector.levels)
    for name, beacon in plan.beacons.items():
        yield from _levels(
            scenario, ("floor_plan", "beacons", name, "level"), [] if beacon.level is None else [beacon.level]
        )


def _levels(scenario: Scenario, place: Place, levels: list[int]) -> Iterator[tuple[Place, str]]:
    known = scenario.floor_plan.levels
    if unknown := sorted(set(levels) - set(known)):
        yield place, f"{', '.join(map(str, unknown))}: the plan has {known or 'no floors'}"
    elif known and not levels:
        yield place, f"name its floors: the plan has {known}"


def _step(scenario: Scenario, n: int, step: Step) -> Iterator[tuple[Place, str]]:
    action = step.action
    part = getattr(step, action)
    if action in ("ping", "walk", "batch", "consent", "clock"):
        yield from _device(scenario, (action, "device"), part.device)
    if step.ping is not None:
        yield from _beacons(scenario, ("ping", "hears"), step.ping.hears)
    if step.batch is not None:
        yield from _batch(scenario, step)
    if step.again is not None and not (step.again <= n and scenario.steps[step.again - 1].action in ("ping", "batch")):
        yield ("again",), "the number of an earlier step that is a ping or a batch"
    if action in ("publish", "unpublish", "delete"):
        yield from _zone(scenario, (action,), part)
    if step.publish is not None and (zone := scenario.floor_plan.zones.get(step.publish)) and not zone.draft:
        yield ("publish",), f"`{step.publish}` is published from the beginning: mark it with `draft: true`"
    if isinstance(part, Edit):
        yield from _zone(scenario, ("edit", "zone"), part.zone)
        if part.levels is not None:
            yield from _levels(scenario, ("edit", "levels"), part.levels)


def _batch(scenario: Scenario, step: Step) -> Iterator[tuple[Place, str]]:
    if step.batch is None:
        return
    for n, ping in enumerate(step.batch.pings):
        yield from _beacons(scenario, ("batch", "pings", n, "hears"), ping.hears)
    walk = step.batch.walk
    if walk is not None and scenario.seconds(walk.at) + walk.path[-1][0] > scenario.seconds(step.at):
        yield ("batch", "walk"), "it ends only after it is sent"


def _beacons(scenario: Scenario, place: Place, heard: dict[str, int]) -> Iterator[tuple[Place, str]]:
    yield from (
        (place, f"the plan has no beacon `{name}`") for name in heard if name not in scenario.floor_plan.beacons
    )


def _device(scenario: Scenario, place: Place, named: str | None) -> Iterator[tuple[Place, str]]:
    if named is None and len(scenario.devices) > 1:
        yield place[:-1], f"name the device: {', '.join(scenario.devices)}"
    elif named is not None and named not in scenario.devices:
        yield place, f"there is no device `{named}`, only {', '.join(scenario.devices)}"


def _zone(scenario: Scenario, place: Place, named: str | None) -> Iterator[tuple[Place, str]]:
    zones = scenario.floor_plan.zones
    if named is None and len(zones) > 1:
        yield place[:-1], f"name the zone: {', '.join(zones)}"
    elif named is not None and named not in zones:
        yield place, f"the plan has no zone `{named}`, only {', '.join(zones)}"


def _expected(scenario: Scenario) -> Iterator[tuple[Place, str]]:
    expect = scenario.expect
    complete: tuple[tuple[str, Sequence[ExpectedEvent | ExpectedVisit]], ...] = (
        ("events", expect.events or ()),
        ("visits", expect.visits or ()),
    )
    for what, items in complete:
        for n, item in enumerate(items):
            yield from _device(scenario, ("expect", what, n, "device"), item.device)
            yield from _zone(scenario, ("expect", what, n, "zone"), item.zone)
    for n, absent in enumerate(expect.absent):
        if absent.device is not None:
            yield from _device(scenario, ("expect", "absent", n, "device"), absent.device)
        if absent.zone is not None:
            yield from _zone(scenario, ("expect", "absent", n, "zone"), absent.zone)
        if absent.after is not None and absent.before is not None:
            ends_first = scenario.seconds(absent.before) < scenario.seconds(absent.after)
            yield from [(("expect", "absent", n, "before"), "it must not be before `after`")] * ends_first
