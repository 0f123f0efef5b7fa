"""Plays a scenario on a server over HTTP and says what came of it.

A server of our own has a clock that stands still until it is moved (`server.py`), so a run is exact and takes no time.
Any other server lives by the wall clock: scenarios that need none are moved so that they end now.
"""

import time
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from geoengage.kit.clock import utc_now
from geoengage.scenarios.checks import File
from geoengage.scenarios.client import Client, Json
from geoengage.scenarios.compare import Comparison, Line, Verdict, compare
from geoengage.scenarios.format import Answer, Policy, Scenario
from geoengage.scenarios.timeline import Change, Sending, body_of, needs_clock, ping_of, timeline
from geoengage.scenarios.world import World

BEFORE = timedelta(minutes=1)  # the world stands so long before the moment 0
MOST_PINGS = 1_000  # of one request
PATIENCE_S = 20.0  # a worker of another server needs a moment to fire what is due
POLICY_FIELDS = tuple(Policy.model_fields)


@dataclass(frozen=True, slots=True)
class Result:
    """What came of a file. `skipped`: why it did not run; `error`: why it broke off."""

    file: File
    comparison: Comparison | None = None
    skipped: str | None = None
    error: str | None = None

    @property
    def failed(self) -> bool:
        """It ran, and something was not as expected."""
        return self.comparison is not None and not self.comparison.holds


class Unplayable(Exception):
    """A file that cannot run there; the text says why."""


def run_with_clock(file: File, server: Client) -> Result:
    """Play a file on a server of our own (`server` is its control); each gets a tenant of its own."""
    s = file.scenario
    before = {"now": (s.start - BEFORE).isoformat(), "timezone": s.floor_plan.timezone}
    made = server.post("/scenarios/worlds", before)
    server_key, server.key = server.key, made["secret_key"]
    try:
        world = World(server, s)
        _change_policy(server, s.policy)
        world.make(made["publishable_key"])
        answers: list[tuple[Sending, Json]] = []

        def move_to(at_s: float) -> None:
            now = (s.start + timedelta(seconds=at_s)).isoformat()
            server.send("PUT", "/scenarios/clock", {"now": now}, key=server_key)

        for doing in timeline(s):
            move_to(doing.at_s)
            if isinstance(doing, Change):
                _change(world, doing)
            else:
                body = body_of(s, doing, s.start)
                answers.append((doing, server.post("/v1/pings", body, key=world.phones[doing.device].token)))
        move_to(s.seconds(s.end))
        comparison = compare(s, s.start, world.events(), world.visits())
    finally:
        server.key = server_key
    comparison.parts = {"answers": list(_answers(file, answers)), **comparison.parts}
    return Result(file, comparison)


def _change_policy(server: Client, policy: Policy) -> None:
    changes = policy.model_dump(exclude_none=True)
    if changes:
        server.edit("/v1/tenant", changes)


def _change(world: World, change: Change) -> None:
    step = change.what
    if step.edit is not None:
        world.edit(step.edit)
    elif step.consent is not None:
        world.decide(world.scenario.device_of(step.consent.device), step.consent.location)
    else:
        getattr(world, step.action)(getattr(step, step.action))


# --- servers that live by the wall clock ---------------------------------------------------------------------------


def run_without_clock(file: File, server: Client, *, patience_s: float = PATIENCE_S) -> Result:
    """Play a file on a server that others use; what it made there is taken away again."""
    if reason := needs_clock(file.scenario) or _other_policy(file.scenario, server.get("/v1/tenant")):
        return Result(file, skipped=reason)
    world = World(server, file.scenario)
    try:
        start = utc_now() - timedelta(seconds=file.scenario.seconds(file.scenario.end))
        world.make(world.make_key(), start - BEFORE)
        sendings = [doing for doing in timeline(file.scenario) if isinstance(doing, Sending)]
        answer = _send_all(world, sendings, start)
        deadline = time.monotonic() + patience_s
        while True:
            comparison = compare(file.scenario, start, world.events(), world.visits())
            if comparison.holds or time.monotonic() > deadline:
                break
            time.sleep(0.5)
    finally:
        world.clear_away()
    comparison.parts = {"answers": [_total(file.scenario, sendings, answer)], **comparison.parts}
    return Result(file, comparison)


def _other_policy(scenario: Scenario, tenant: Json) -> str | None:
    for name in POLICY_FIELDS:
        wanted = getattr(scenario.policy, name)
        if wanted is not None and tenant[name] != wanted:
            return f"it needs the tenant's {name} to be {wanted}, there it is {tenant[name]}"
    return None


def _send_all(world: World, sendings: Sequence[Sending], start: datetime) -> Json:
    """All positions in one request, so that no timer of the server comes in between."""
    pings = [
        ping_of(world.scenario, sending.device, position, start) | {"device_id": world.phones[sending.device].id}
        for sending in sendings
        for position in sending.positions
    ]
    if len(pings) > MOST_PINGS:
        raise Unplayable(f"{len(pings)} positions; without its clock a server takes {MOST_PINGS} at once")
    return world.client.post("/v1/pings", {"pings": pings})


# --- answers --------------------------------------------------------------------------------------------------------


def _tally(answers: Sequence[Json]) -> Answer:
    """What several answers say in all."""
    reasons = Counter(r["reason"] for answer in answers for r in answer["rejected"])
    return Answer(
        accepted=sum(a["accepted"] for a in answers), duplicates=sum(a["duplicates"] for a in answers), rejected=reasons
    )


def _wanted(scenario: Scenario, step: int, positions: int) -> Answer:
    return scenario.steps[step - 1].answer or Answer(accepted=positions)


def _answers(file: File, answers: Sequence[tuple[Sending, Json]]) -> Iterator[Line]:
    """One line for each step that sent something and was not answered as expected; one in all when all were."""
    by_step: dict[int, list[tuple[Sending, Json]]] = {}
    for sending, answer in answers:
        by_step.setdefault(sending.step, []).append((sending, answer))
    for step, pairs in by_step.items():
        wanted = _wanted(file.scenario, step, sum(len(sending.positions) for sending, _ in pairs))
        seen = _tally([answer for _, answer in pairs])
        if seen != wanted:
            words = f"step {step} (line {file.step_line(step)})"
            yield Line(Verdict.DIFFERS, pairs[0][0].at_s, words, f"expected {_say(wanted)}; was {_say(seen)}")


def _total(scenario: Scenario, sendings: Sequence[Sending], answer: Json) -> Line:
    wanted = Answer()
    for step in dict.fromkeys(sending.step for sending in sendings):
        more = _wanted(scenario, step, sum(len(s.positions) for s in sendings if s.step == step))
        reasons = Counter(wanted.rejected) + Counter(more.rejected)
        wanted = Answer(
            accepted=wanted.accepted + more.accepted, duplicates=wanted.duplicates + more.duplicates, rejected=reasons
        )
    seen = _tally([answer])
    if seen == wanted:
        return Line(Verdict.SAME, 0.0, f"all positions: {_say(seen)}")
    return Line(Verdict.DIFFERS, 0.0, "all positions", f"expected {_say(wanted)}; was {_say(seen)}")


def _say(answer: Answer) -> str:
    rejected = [f"{n} rejected {reason}" for reason, n in sorted(answer.rejected.items())]
    duplicates = [f"{answer.duplicates} duplicates"] if answer.duplicates else []
    return ", ".join([f"{answer.accepted} accepted", *duplicates, *rejected])
