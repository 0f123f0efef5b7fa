"""Visits told again after a late fix: what is to be said beside what was said before (DESIGN rule 6). Pure.

The fixes of a device have been decided on anew from an earlier moment. Visits of before and after are paired by zone
where they overlap; the pair keeps the earlier id. What differs is told once: as a revision, as a retraction, or simply
as the entered, dwelled or exited that nobody has heard of yet.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from uuid import UUID

import msgspec
from msgspec.structs import replace

from geoengage.kit.ids import derived_time_id
from geoengage.presence.rules.run import Span, Transition
from geoengage.presence.rules.state import DeviceState, Phase, ZoneState

REASON = "late_fixes"
FINAL = frozenset({"consent_withdrawn", "relocated"})  # ended for good: what was known of before has been forgotten


@dataclass(frozen=True, slots=True)
class Kept:
    """Under which id and revision a visit of the replay goes on."""

    visit_id: UUID
    revision: int


@dataclass(slots=True)
class Revised:
    """What to tell, in order, and the ids of the replay's visits. `salt`: see `compare`."""

    salt: int
    transitions: list[Transition] = field(default_factory=list)
    kept: dict[UUID, Kept] = field(default_factory=dict)

    def named(self, state: DeviceState) -> DeviceState:
        """A state of the replay with its visits under the ids that they keep."""
        return replace(state, zones={zone_id: self._named(z) for zone_id, z in state.zones.items()})

    def _named(self, z: ZoneState) -> ZoneState:
        if z.visit_id is None:
            return msgspec.structs.replace(z, salt=self.salt)
        kept = self.kept.get(z.visit_id)
        return z if kept is None else msgspec.structs.replace(z, visit_id=kept.visit_id, revision=kept.revision)


@dataclass(slots=True)
class _Told:
    """A visit as the replay tells it."""

    span: Span
    last: Transition
    steps: list[Transition] = field(default_factory=list)


def concerns(span: Span, start: DeviceState | None, first_at: datetime) -> bool:
    """Whether a visit of before belongs to what is told again from a state on.

    Without a state (None) that is all since the first fix that was known then, at `first_at`: the fixes of older visits
    are gone.
    """
    if span.exit_reason in FINAL:
        return False
    if start is None:
        return span.entered_at >= first_at
    if span.exited_at is None or span.exited_at > start.decided_at:
        return True
    z = start.zones.get(span.zone_id)
    return z is not None and z.phase is not Phase.DORMANT and span.entered_at >= z.since


def compare(
    device_id: UUID, start: DeviceState | None, before: Iterable[Span], replayed: Sequence[Transition], salt: int
) -> Revised:
    """What to tell of visits that were `before` when the replay from `start` tells `replayed`.

    `salt` makes the ids of new visits differ from all that were ever given.
    """
    result = Revised(salt)
    after = _visits(start, replayed)
    left: dict[UUID, list[Span]] = {}
    for span in sorted(before, key=lambda s: s.entered_at):
        left.setdefault(span.zone_id, []).append(span)
    news: list[Transition] = []
    for told in sorted(after, key=lambda t: t.span.entered_at):
        same = _claim(left.get(told.span.zone_id, []), told.span)
        if same is None:
            new_id = derived_time_id(told.span.entered_at, device_id, told.span.zone_id, salt)
            same = replace(told.span, visit_id=new_id, exited_at=None, exit_reason=None, last_dwell_s=0, revision=0)
            result.kept[told.span.visit_id] = Kept(new_id, 0)
            news += _news(told, same, is_new=True)
            continue
        revised = _differs(same, told.span)
        kept = Kept(same.visit_id, same.revision + revised)
        result.kept[told.span.visit_id] = kept
        if revised:
            span = replace(told.span, visit_id=kept.visit_id, revision=kept.revision)
            result.transitions.append(_revision(told, same, span))
        news += _news(told, replace(same, revision=kept.revision), is_new=False)
    retracted = [_retraction(span) for spans in left.values() for span in spans]
    result.transitions = [*retracted, *result.transitions, *news]
    return result


def _visits(start: DeviceState | None, replayed: Sequence[Transition]) -> list[_Told]:
    """The visits that a replay tells of, with those that were open when it began."""
    found: dict[UUID, _Told] = {}
    for zone_id, z in start.zones.items() if start is not None else ():
        if z.visit_id is not None:
            span = Span(z.visit_id, zone_id, z.version, z.since, None, None, z.dwelled_s)
            at = z.seen_at
            last = Transition(
                "entered", zone_id, z.version, z.visit_id, at, z.since, round(z.confidence, 3), z.evidence, REASON
            )
            found[z.visit_id] = _Told(span, last)
    for t in replayed:
        if t.kind == "entered":
            found[t.visit_id] = _Told(Span(t.visit_id, t.zone_id, t.zone_version, t.since), t)
        told = found[t.visit_id]
        told.steps.append(t)
        told.last = t
        told.span = _moved_on(told.span, t)
    return list(found.values())


def _moved_on(span: Span, t: Transition) -> Span:
    if t.kind == "dwelled":
        return replace(span, last_dwell_s=t.dwell_s or 0)
    if t.kind == "retracted":
        return replace(span, last_dwell_s=min(span.last_dwell_s, t.kept_dwell_s or 0))
    if t.kind == "exited":
        return replace(span, exited_at=t.at, exit_reason=t.reason)
    return span


def _claim(spans: list[Span], after: Span) -> Span | None:
    """The visit of before that goes on as `after`: itself, else the earliest that overlaps; taken off the list."""
    same = next((s for s in spans if s.visit_id == after.visit_id), None)
    same = same or next((s for s in spans if _overlap(s, after)), None)
    if same is not None:
        spans.remove(same)
    return same


def _overlap(a: Span, b: Span) -> bool:
    return _until(a, b.entered_at) and _until(b, a.entered_at)


def _until(span: Span, at: datetime) -> bool:
    return span.exited_at is None or at <= span.exited_at


def _differs(before: Span, after: Span) -> bool:
    """Whether something that was told is wrong; what was not told yet is no difference."""
    if before.entered_at != after.entered_at or after.last_dwell_s < before.last_dwell_s:
        return True
    ended = before.exited_at is not None
    return ended and (before.exited_at, before.exit_reason) != (after.exited_at, after.exit_reason)


def _news(told: _Told, before: Span, *, is_new: bool) -> list[Transition]:
    """What happened in a visit and was not told before. Marks that did not last are left out."""
    steps = []
    for t in told.steps:
        is_news = (
            (t.kind == "entered" and is_new)
            or (t.kind == "dwelled" and before.last_dwell_s < (t.dwell_s or 0) <= told.span.last_dwell_s)
            or (t.kind == "exited" and before.exited_at is None)
        )
        if is_news:
            steps.append(replace(t, visit_id=before.visit_id, revision=before.revision))
    return steps


def _revision(told: _Told, before: Span, after: Span) -> Transition:
    return replace(
        told.last,
        kind="revised",
        visit_id=after.visit_id,
        at=after.entered_at,
        since=after.entered_at,
        reason=REASON,
        dwell_s=None,
        by_silence=False,
        kept_dwell_s=None,
        revision=after.revision,
        spans=(before, after),
    )


def _retraction(span: Span) -> Transition:
    """A visit that never was. No fix speaks for it, so it has no confidence."""
    at = span.entered_at
    return Transition(
        "retracted", span.zone_id, span.zone_version, span.visit_id, at, at, 0.0, "none", REASON, revision=span.revision
    )


def open_visits(zones: Mapping[UUID, ZoneState]) -> dict[UUID, datetime]:
    """The zones in which a device has an open visit, and since when."""
    return {zone_id: z.since for zone_id, z in zones.items() if z.visit_id is not None}
