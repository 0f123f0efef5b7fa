"""What was expected against what happened, line by line. Pure."""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum
from typing import Any

from geoengage.scenarios.format import AbsentEvent, ExpectedEvent, ExpectedVisit, Scenario

Json = dict[str, Any]
EVENT_FIELDS = ("reason", "evidence", "dwell_s", "by_silence", "late")


class Verdict(StrEnum):
    """What a line says."""

    SAME = "="
    MISSING = "-"
    SURPLUS = "+"
    DIFFERS = "~"


@dataclass(frozen=True, slots=True)
class Line:
    """One event, visit or answer. `detail`: what differs."""

    verdict: Verdict
    at_s: float
    what: str
    detail: str = ""


@dataclass(slots=True)
class Comparison:
    """All lines by what they are about: answers, events, visits, absent."""

    parts: dict[str, list[Line]] = field(default_factory=dict)

    @property
    def holds(self) -> bool:
        """Everything is as it was expected."""
        return all(line.verdict is Verdict.SAME for lines in self.parts.values() for line in lines)


def compare(scenario: Scenario, start: datetime, events: Sequence[Json], visits: Sequence[Json]) -> Comparison:
    """Events and visits as the API gives them, with the file's names as `device` and `zone`."""
    clock = _Clock(scenario, start)
    result = Comparison()
    if scenario.expect.events is not None:
        result.parts["events"] = _matched(
            [_Wanted.event(clock, e) for e in scenario.expect.events], [_Seen.event(clock, e) for e in events]
        )
    if scenario.expect.visits is not None:
        result.parts["visits"] = _matched(
            [_Wanted.visit(clock, v) for v in scenario.expect.visits], [_Seen.visit(clock, v) for v in visits]
        )
    if scenario.expect.absent:
        result.parts["absent"] = list(_forbidden(clock, scenario.expect.absent, events))
    return result


@dataclass(frozen=True, slots=True)
class _Clock:
    """Times of the API as seconds from the start, names as the file means them."""

    scenario: Scenario
    start: datetime

    def seconds(self, at: str | None) -> float | None:
        return None if at is None else (datetime.fromisoformat(at) - self.start).total_seconds()


@dataclass(frozen=True, slots=True)
class _Seen:
    """Something that happened: who, where and what it is, when, and everything else that may be compared."""

    key: tuple[str, str, str]
    at_s: float
    what: str
    fields: Json

    @classmethod
    def event(cls, clock: _Clock, e: Json) -> "_Seen":
        fields = {name: e.get(name) for name in (*EVENT_FIELDS, "confidence")} | {"version": e["zone_version"]}
        fields["recorded_at"] = clock.seconds(e["recorded_at"])
        at_s = clock.seconds(e["at"]) or 0.0
        return cls((e["device"], e["zone"], e["kind"]), at_s, event_words(e), fields)

    @classmethod
    def visit(cls, clock: _Clock, v: Json) -> "_Seen":
        exited = clock.seconds(v["exited_at"])
        fields = {"exited": exited, "reason": v["exit_reason"], "last_dwell_s": v["last_dwell_s"]}
        entered = clock.seconds(v["entered_at"]) or 0.0
        return cls((v["device"], v["zone"], "visit"), entered, visit_words(v, exited), fields)


@dataclass(frozen=True, slots=True)
class _Wanted:
    """Something expected. `checks`: what must hold of a field, and how that is said."""

    key: tuple[str, str, str]
    at_s: float
    within_s: float
    what: str
    checks: dict[str, tuple[Callable[[Any], bool], str]]

    @classmethod
    def event(cls, clock: _Clock, e: ExpectedEvent) -> "_Wanted":
        s = clock.scenario
        key = (s.device_of(e.device), s.zone_of(e.zone), e.kind)
        checks = {n: _equals(getattr(e, n)) for n in (*EVENT_FIELDS, "version") if getattr(e, n) is not None}
        if e.recorded_at is not None:
            checks["recorded_at"] = _near(s.seconds(e.recorded_at), e.within_s)
        if e.confidence is not None:
            checks["confidence"] = _between(*e.confidence)
        about = {"device": key[0], "zone": key[1], "kind": e.kind, "dwell_s": e.dwell_s, "reason": e.reason}
        return cls(key, s.seconds(e.at), e.within_s, event_words(about), checks)

    @classmethod
    def visit(cls, clock: _Clock, v: ExpectedVisit) -> "_Wanted":
        s = clock.scenario
        key = (s.device_of(v.device), s.zone_of(v.zone), "visit")
        exited = None if v.exited is None else s.seconds(v.exited)
        checks = {"exited": _equals(None) if exited is None else _near(exited, v.within_s)}
        checks |= {n: _equals(getattr(v, n)) for n in ("reason", "last_dwell_s") if getattr(v, n) is not None}
        about = {"device": key[0], "zone": key[1], "exit_reason": v.reason}
        return cls(key, s.seconds(v.entered), v.within_s, visit_words(about, exited), checks)

    def flaws(self, seen: _Seen) -> list[str]:
        """What is not as expected."""
        found = []
        if abs(seen.at_s - self.at_s) > self.within_s + 1e-6:
            found.append(f"expected at {stamp(self.at_s)}, was {stamp(seen.at_s)} (within {self.within_s:g} s)")
        for name, (holds, words) in self.checks.items():
            if not holds(seen.fields[name]):
                found.append(f"{name}: expected {words}, was {_shown(name, seen.fields[name])}")
        return found


def _equals(value: object) -> tuple[Callable[[Any], bool], str]:
    return lambda seen: bool(seen == value), str(value)


def _near(value: float, within_s: float) -> tuple[Callable[[Any], bool], str]:
    return lambda seen: seen is not None and abs(seen - value) <= within_s + 1e-6, stamp(value)


def _between(least: float, most: float) -> tuple[Callable[[Any], bool], str]:
    return lambda seen: least <= seen <= most, f"{least:g}-{most:g}"


def _shown(name: str, value: object) -> str:
    is_time = name in ("exited", "recorded_at") and isinstance(value, float)
    return stamp(value) if is_time and isinstance(value, float) else str(value)


def _matched(wanted: list[_Wanted], seen: list[_Seen]) -> list[Line]:
    """Pairs that agree first, then what is left of the same device, zone and kind as different, nearest first."""
    lines, left = [], list(seen)
    unmet: list[_Wanted] = []
    for want in sorted(wanted, key=lambda w: w.at_s):
        fits = [s for s in left if s.key == want.key and not want.flaws(s)]
        if fits:
            best = min(fits, key=lambda s: abs(s.at_s - want.at_s))
            left.remove(best)
            lines.append(Line(Verdict.SAME, best.at_s, best.what))
        else:
            unmet.append(want)
    for want in unmet:
        same = [s for s in left if s.key == want.key]
        if same:
            best = min(same, key=lambda s: abs(s.at_s - want.at_s))
            left.remove(best)
            lines.append(Line(Verdict.DIFFERS, best.at_s, best.what, "; ".join(want.flaws(best))))
        else:
            lines.append(Line(Verdict.MISSING, want.at_s, want.what, "expected, did not happen"))
    lines += [Line(Verdict.SURPLUS, s.at_s, s.what, "happened, not expected") for s in left]
    return sorted(lines, key=lambda line: line.at_s)


def _forbidden(clock: _Clock, absent: Sequence[AbsentEvent], events: Sequence[Json]) -> Iterator[Line]:
    s = clock.scenario
    for pattern in absent:
        after = None if pattern.after is None else s.seconds(pattern.after)
        before = None if pattern.before is None else s.seconds(pattern.before)
        named = {n: v for n in ("kind", "device", "zone", "reason") if (v := getattr(pattern, n)) is not None}
        found = [
            (at_s, e)
            for e in events
            if all(e[n] == v for n, v in named.items())
            and (at_s := clock.seconds(e["at"])) is not None
            and (after is None or at_s >= after)
            and (before is None or at_s <= before)
        ]
        words = " ".join(["no", *named.values(), *([] if after is None else ["from", stamp(after)])])
        words += "" if before is None else f" to {stamp(before)}"
        for at_s, e in found:
            yield Line(Verdict.SURPLUS, at_s, event_words(e), f"must not be ({words})")
        if not found:
            yield Line(Verdict.SAME, after or 0.0, words)


# --- words ----------------------------------------------------------------------------------------------------------


def stamp(seconds: float) -> str:
    """Seconds from the start as `0:01:05`, with a fraction where there is one."""
    sign, tenths = "-" if seconds < 0 else "", round(abs(seconds) * 1000)
    whole, rest = divmod(tenths, 1000)
    text = f"{sign}{whole // 3600}:{whole // 60 % 60:02}:{whole % 60:02}"
    return text + (f".{rest:03}".rstrip("0") if rest else "")


def event_words(e: Json) -> str:
    """`phone exited shop (left)`."""
    mark = f" {e['dwell_s']} s" if e.get("dwell_s") is not None else ""
    reason = f" ({e['reason']})" if e.get("reason") else ""
    return f"{e['device']} {e['kind']} {e['zone']}{mark}{reason}"


def visit_words(v: Json, exited: float | None) -> str:
    """`phone in shop until 0:10:00 (left)`."""
    reason = f" ({v['exit_reason']})" if v.get("exit_reason") else ""
    return f"{v['device']} in {v['zone']} {'and still is' if exited is None else f'until {stamp(exited)}'}{reason}"
