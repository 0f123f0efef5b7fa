"""From a decision to the draft that messaging takes, the same way whatever set the campaign off."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import Any, Generic, Protocol, TypeVar
from uuid import UUID

from geoengage.campaigns.by_reference import BAD_TEMPLATE, NO_ITEM, Item
from geoengage.campaigns.giving import Gift, Give
from geoengage.campaigns.rules import ONLY_STEP, SAMPLE_OFFER, Content, Offered, Policy, named_offer, write_values
from geoengage.campaigns.rules.ranking import next_of, told_as
from geoengage.campaigns.store import Running
from geoengage.kit import log
from geoengage.messaging.rules import Blocker, Budget, Draft, PushOptions, Send, campaign_gate, in_order
from geoengage.messaging.rules.text import Blank, Text, TextError
from geoengage.presence.rules.events import ZoneTransition

DAY = timedelta(days=1)
logger = log.get("campaigns")


@dataclass(frozen=True, slots=True)
class Written:
    """The words of a message. `fault`: they could not be rendered, and are shown as they stand. `is_blank`: they would
    show a value that is not there, and the campaign sends no blanks.

    `sources`: the Liquid of title and body; `values`: what they name beside the content item `item`.
    """

    title: str
    body: str
    sources: tuple[str, str]
    values: Mapping[str, Any]
    item: Item = NO_ITEM
    fault: str | None = None
    is_blank: bool = False


def written(
    campaign: Running, title: str, body: str, values: Mapping[str, Any], item: Item, *, awaits_offer: bool = False
) -> Written:
    """Render a text. One campaign's mistake is told in its own messages; the other campaigns of the batch go on.

    `awaits_offer`: the offer's code comes later, and is no blank till then.
    """
    sources = title, body
    try:
        text = _render(campaign.content, title, body, {**values, "content": item.values}, awaits_offer=awaits_offer)
    except Blank:
        return Written(title, body, sources, values, item, is_blank=True)
    except TextError as error:
        logger.warning("template", campaign_id=str(campaign.id), error=str(error))
        return Written(title, body, sources, values, item, BAD_TEMPLATE)
    return Written(text.title, text.body, sources, values, item)


def _render(content: Content, title: str, body: str, values: dict[str, Any], *, awaits_offer: bool) -> Text:
    strict = content.definition.strict
    if awaits_offer and strict:
        write_values(title, body, values | named_offer(SAMPLE_OFFER), strict=True)
    return write_values(title, body, values, strict=strict and not awaits_offer)


def _with_gift(campaign: Running, words: Written, gift: Gift) -> Written:
    """The same words with the code that is in hand now."""
    values = {**words.values, **named_offer(Offered(gift.code, gift.label))}
    return written(campaign, *words.sources, values, words.item)


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
    draft = Draft(
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
    return words.item.refer(draft, *words.sources, words.values, strict=content.definition.strict)


C = TypeVar("C", bound=Case)


@dataclass(frozen=True, slots=True)
class Wish(Generic[C]):
    """A message that wants to go: the case to be decided, what it is about, its words, and in which language these are
    (None: the tenant's).
    """

    campaign: Running
    case: C
    about: About
    words: Written
    offer_id: UUID | None = None
    profile_id: UUID | None = None
    language: str | None = None

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
        blockers = told_as([*decide(wish.case, budget), *wish.words.item.blockers], was_spent=was_spent)
        words, gift = wish.words, None
        if words.is_blank:
            blockers = in_order((*blockers, Blocker.BLANK))
        if wish.offer_id is not None and not blockers and words.fault is None:
            language = wish.language or policy.language
            gift = await give(wish.offer_id, wish.profile_id, wish.content, language)
            if gift is None:
                blockers = (Blocker.NO_OFFER,)
            else:
                words = _with_gift(wish.campaign, words, gift)
        if not blockers and words.fault is None:
            send = Send(wish.campaign_id, wish.about.occurrence, now, wish.content.store_id, wish.content.is_marketing)
            budget = budget.spend(send)
        draft = make_draft(wish.campaign, words, wish.case.person, blockers, wish.about)
        drafts.append(draft if gift is None else replace(draft, id=gift.message_id))
    return drafts, budget
