"""Which messages a replayed walk would have set off, decided as campaigns decide, with nothing sent before it."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from geoengage.campaigns.rules import Case, Content, Place, Policy, decide, in_audience, is_triggered
from geoengage.messaging.rules import Blocker, Budget, Send
from geoengage.presence.rules.events import ZoneTransition
from geoengage.profiles.rules import Recipient


@dataclass(frozen=True, slots=True)
class Start:
    """A zone event of a replay, told in the moment that it happened. `ended_at`: the visit ended at once, then."""

    event: ZoneTransition
    place: Place
    person: Recipient
    ended_at: datetime | None = None


@dataclass(frozen=True, slots=True)
class Tried:
    """What became of one campaign at one event. `addressed`: the person is in its audience."""

    campaign_id: UUID
    start: Start
    addressed: bool
    blockers: tuple[Blocker, ...] = ()

    @property
    def would_send(self) -> bool:
        """Whether a message would have gone out."""
        return self.addressed and not self.blockers


def try_campaigns(
    starts: Iterable[Start],
    running: Sequence[tuple[UUID, Content]],
    policy: Policy,
    segments: Mapping[UUID, frozenset[UUID]] | None = None,
) -> Iterator[Tried]:
    """Every campaign at every event that it waits for, in order of time; what an earlier one sends counts for caps.

    `segments`: by person, those in which they are, of the ones that audiences name.
    """
    budgets: dict[UUID, Budget] = {}
    for start in sorted(starts, key=lambda s: s.event.at):
        event, person = start.event, start.person
        for campaign_id, content in running:
            if not is_triggered(content, event, start.place):
                continue
            if not in_audience(content.definition.audience, person, (segments or {}).get(person.person_id, ())):
                yield Tried(campaign_id, start, addressed=False)
                continue
            budget = budgets.get(person.person_id, Budget(person.person_id))
            case = Case(campaign_id, content, event, start.place, person, start.ended_at)
            blockers = tuple(decide(case, policy, budget, event.at))
            if not blockers:
                budgets[person.person_id] = budget.spend(Send(campaign_id, event.id, event.at))
            yield Tried(campaign_id, start, addressed=True, blockers=blockers)
