"""From a decision to the draft that messaging takes, the same way whatever set the campaign off."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import Generic, Protocol, TypeVar
from uuid import UUID

from geoengage.campaigns.giving import Gift, Give
from geoengage.campaigns.rules import ONLY_STEP, Content, Offered, Policy
from geoengage.campaigns.rules.ranking import next_of, told_as
from geoengage.campaigns.store import Running
from geoengage.kit import log
from geoengage.messaging.rules import Blocker, Budget, Draft, PushOptions, Send, campaign_gate
from geoengage.messaging.rules.text import Text, TextError
from geoengage.presence.rules.events import ZoneTransition

BAD_TEMPLATE = "bad_template"
DAY = timedelta(days=1)
logger = log.get("campaigns")


@dataclass(frozen=True, slots=True)
class Written:
    """The words of a message. `fault`: they could not be rendered, and are shown as they stand."""

    title: str
    body: str
    fault: str | None = None


def written(campaign: Running, title: str, body: str, render: Callable[[], Text]) -> Written:
    """Render a text. One campaign's mistake is told in its own messages; the other campaigns of the batch go on."""
    try:
        text = render()
    except TextError as error:
        logger.warning("template", campaign_id=str(campaign.id), error=str(error))
        return Written(title, body, BAD_TEMPLATE)
    return Written(text.title, text.body)


@dataclass(frozen=True, slots=True, kw_only=True)
class About:
    """What a message is about: the occurrence that it answers once, until when it is of use, on whose clock.

    `event`: of a zone. `step`: of a journey. `gates`: beside the campaign's own. `push`: the step's own options.
    """

    occurrence: UUID
    expires_at: datetime
    timezone: str
    event: ZoneTransition | None = None
    outlives_visit: bool = True
    step: str = ONLY_STEP
    gates: tuple[str, ...] = ()
    push: PushOptions | None = None


class Person(Protocol):
    """Whom a message is for. `device_id` None: wherever they are reached."""

    @property
    def device_id(self) -> UUID | None:
        """Which phone."""

    @property
    def person_id(self) -> UUID:
        """By whom budgets count."""


class Case(Protocol):
    """One campaign and one person."""

    @property
    def campaign_id(self) -> UUID:
        """Which campaign."""

    @property
    def content(self) -> Content:
        """What it says."""

    @property
    def person(self) -> Person:
        """Whom it addresses."""


def make_draft(campaign: Running, words: Written, person: Person, blockers: tuple[Blocker, ...], about: About) -> Draft:
    """The message that was decided, or decided against."""
    content, event = campaign.content, about.event
    return Draft(
        device_id=person.device_id,
        person_id=person.person_id,
        campaign_id=campaign.id,
        channels=content.definition.channels,
        store_id=content.store_id,
        zone_id=None if event is None else event.zone_id,
        zone_version=None if event is None else event.zone_version,
        visit_id=None if event is None else event.visit_id,
        event_id=None if event is None else event.id,
        outlives_visit=about.outlives_visit,
        purpose=content.definition.purpose,
        title=words.title,
        body=words.body,
        push=content.definition.push if about.push is None else about.push,
        collapse_key=str(campaign.id),
        gates=(campaign_gate(campaign.id), *about.gates),
        expires_at=about.expires_at,
        blockers=blockers,
        fault=words.fault,
        step=about.step,
        occurrence=about.occurrence,
        timezone=about.timezone,
        never_repeat=content.definition.never_repeat,
    )


C = TypeVar("C", bound=Case)


@dataclass(frozen=True, slots=True)
class Wanted:
    """A coupon that is to go with a message: of which offer, for whom, and the words once its code is known."""

    offer_id: UUID
    profile_id: UUID | None
    write: Callable[[Gift], Written]


def wanted(
    offer_id: UUID | None,
    profile_id: UUID | None,
    words: Callable[[Callable[[], Text]], Written],
    render: Callable[..., Text],
) -> Wanted | None:
    """The coupon that a message is to carry, written by the same `render` once it is there; None: it carries none."""
    if offer_id is None:
        return None
    return Wanted(offer_id, profile_id, lambda gift: words(lambda: render(offer=Offered(gift.code, gift.label))))


@dataclass(frozen=True, slots=True)
class Wish(Generic[C]):
    """A message that wants to go: the case to be decided, what it is about, its words."""

    campaign: Running
    case: C
    about: About
    words: Written
    gift: "Wanted | None" = None

    @property
    def campaign_id(self) -> UUID:
        """As its case."""
        return self.case.campaign_id

    @property
    def content(self) -> Content:
        """As its case."""
        return self.case.content


Decide = Callable[[C, Budget], Sequence[Blocker]]


async def choose(
    rivals: Sequence[Wish[C]], budget: Budget, decide: Decide[C], policy: Policy, give: Give, now: datetime
) -> tuple[list[Draft], Budget]:
    """Decide on messages to one person that meet in one moment, the first first; and what is left of the budget."""
    was_spent = budget.marketing_since(now - DAY) >= policy.daily_cap
    waiting, drafts = list(rivals), []
    while waiting:
        wish = waiting.pop(next_of(waiting, budget))
        blockers = told_as(decide(wish.case, budget), was_spent=was_spent)
        words, gift = wish.words, None
        if wish.gift is not None and not blockers and words.fault is None:
            gift = await give(wish.gift.offer_id, wish.gift.profile_id, wish.content)
            if gift is None:
                blockers = (Blocker.NO_OFFER,)
            else:
                words = wish.gift.write(gift)
        if not blockers and words.fault is None:
            send = Send(wish.campaign_id, wish.about.occurrence, now, wish.content.store_id, wish.content.is_marketing)
            budget = budget.spend(send)
        draft = make_draft(wish.campaign, words, wish.case.person, blockers, wish.about)
        drafts.append(draft if gift is None else replace(draft, id=gift.message_id))
    return drafts, budget
