"""Where a made-up visitor stands with a zone, in a sentence with numbers; explain's words where it has them."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from geoengage.campaigns.rules import TriggerKind
from geoengage.presence.rules.decide import Transition, ZoneFacts, next_due
from geoengage.presence.rules.state import Phase, ZoneState
from geoengage.reports.rules.campaigns import Tried
from geoengage.reports.rules.explain import Approach, Happened, blockers_text, silence, verdict_of, zone_text

OUTSIDE = "outside"


@dataclass(frozen=True, slots=True)
class Standing:
    """A visitor and a zone at a moment. `z` None: outside. `interval_s`: the usual time between its positions."""

    approach: Approach
    z: ZoneState | None
    facts: ZoneFacts
    interval_s: float
    last: Transition | None

    @property
    def phase(self) -> str:
        """outside, pending, inside or leaving."""
        return OUTSIDE if self.z is None else self.z.phase.value


def phase_text(s: Standing, now: datetime) -> str:
    """Where the visitor stands, and what happens next if nothing is heard of it."""
    a, z = s.approach, s.z
    if z is None or z.phase is Phase.DORMANT:
        if not s.facts.is_open(now):
            return f"{a.name} is closed at that time: nobody is inside."
        happened = Happened()
        if s.last is not None and s.last.kind == "exited":
            happened = Happened(exited=True, reasons={"exited": s.last.reason})
        return zone_text(a, verdict_of(a, happened), happened)
    left_s = max(0.0, (next_due(z, s.facts, s.interval_s) - now).total_seconds())
    if z.phase is Phase.PENDING:
        return (
            f"Inside {a.name} with {z.confidence:.2f} (needs {a.needed:.2f}), not believed yet: a second position that"
            f" agrees makes it count, or {left_s:.0f} s more without one that contradicts."
        )
    if z.phase is Phase.LEAVING:
        return f"{max(0.0, a.s_m):.0f} m outside {a.name}: gone in {left_s:.0f} s, unless it comes back before."
    stayed = f"Inside {a.name} for {(now - z.since).total_seconds():.0f} s, seen there with {z.confidence:.2f}"
    mark = min((m for m in s.facts.rules.dwell_s if m > z.dwelled_s), default=None)
    reached = f"; the mark of {z.dwelled_s} s is reached" if z.dwelled_s else ""
    return stayed + reached + (f"; the next mark is at {mark} s." if mark else ".")


_MOMENTS = {TriggerKind.ENTERED: "on coming in", TriggerKind.EXITED: "on leaving", TriggerKind.DWELLED: "in time"}


def campaign_verdict(status: str, kind: TriggerKind, tried: Sequence[Tried]) -> tuple[str, str]:
    """What one campaign would do for the visitor at one zone: a verdict and the same in words."""
    if status != "active":
        return silence(status, str(kind), addressed=True)
    sent = [t for t in tried if t.would_send]
    if sent:
        event = sent[0].start.event
        when = f"after {event.dwell_s} s" if event.dwell_s else _MOMENTS[kind]
        more = f", {len(sent)} times in this walk" if len(sent) > 1 else ""
        return "would_send", f"Would send its message {when}{more}, to somebody who agreed to such messages."
    held = [t for t in tried if t.addressed]
    if held:
        return str(held[0].blockers[0]), blockers_text(held[0].blockers)
    if tried:
        return "depends_on_person", "Sends to people with a certain attribute only; the ghost has none."
    if kind in (TriggerKind.DWELLED, TriggerKind.EXITED):
        return silence(status, str(kind), addressed=True)
    return "not_triggered", "Waits for somebody to come in, which did not happen in this walk."
