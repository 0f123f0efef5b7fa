"""Moving people on in campaigns: whoever is due is taken as far as time allows, in one transaction with their messages.

So a crash loses no step and repeats none: place, log and message are written together, and (campaign, person, step,
entry) has its message once. What happens to people (`on_news`) lets them come in or be looked at earlier; only
`advance_due` moves them.
"""

from collections import defaultdict
from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from functools import partial
from typing import Any
from uuid import UUID
from zoneinfo import ZoneInfo

from geoengage.campaigns import by_reference, entries, facts, ladders, standing, starts
from geoengage.campaigns.best_hours import read_best
from geoengage.campaigns.by_reference import Items, Reader
from geoengage.campaigns.drafting import About, Decide, Wish, choose, written
from geoengage.campaigns.entries import Entry, Moved
from geoengage.campaigns.giving import giver
from geoengage.campaigns.recommended import is_due, recommended_to_people
from geoengage.campaigns.rules import (
    PUSH_ONLY,
    Content,
    Course,
    Ended,
    Everyone,
    Known,
    LadderPlace,
    Passed,
    Policy,
    Progress,
    Say,
    Somebody,
    Spot,
    StepCase,
    TriggerKind,
    addressed,
    advance,
    asks_recommendations,
    asks_shopping,
    consents,
    decide_step,
    events_of,
    exit_of,
    in_any_way,
    in_audience,
    is_still_so,
    messages_of,
    on_phone,
    place_after,
    segments_of,
    values_for,
)
from geoengage.campaigns.service import load_policy
from geoengage.campaigns.shopping import list_shopping
from geoengage.campaigns.store import Running
from geoengage.kit.db import Session
from geoengage.kit.ids import TenantId
from geoengage.messaging import service as messaging
from geoengage.messaging.rules import Blocker, Budget, Draft, entry_gate
from geoengage.messaging.rules.text import NOTHING_RECOMMENDED, Recommended
from geoengage.messaging.rules.values import NO_SHOPPING, Shopping
from geoengage.profiles import store as profiles
from geoengage.profiles.rules import Reach, Recipient
from geoengage.recommendations.rules import is_young

GRANTED = "granted"
LIVES = timedelta(hours=24)  # a message of a journey, from its decision


@dataclass(frozen=True, slots=True)
class _World:
    """What a batch of entries is decided by."""

    policy: Policy
    home: ZoneInfo
    stores: Mapping[UUID, ZoneInfo]
    devices: Mapping[UUID, list[Recipient]]
    inside: Mapping[UUID, frozenset[UUID]]
    deeds: Mapping[UUID, list[tuple[datetime, str, Mapping[str, Any]]]]
    orders: Mapping[UUID, datetime]
    reaches: Mapping[UUID, Reach]
    items: Items
    best: Mapping[UUID, Callable[[UUID, datetime, bool], datetime | None]]
    recommended: Mapping[tuple[UUID | None, UUID], Recommended]
    shopping: Mapping[tuple[UUID | None, UUID], Shopping]
    now: datetime

    def timezone(self, content: Content, person: Recipient | None) -> ZoneInfo:
        """The person's own clock, as their phone says it; else their store's, else the tenant's."""
        if person is not None and person.timezone is not None:
            try:
                return ZoneInfo(person.timezone)
            except (KeyError, ValueError, OSError):  # what a phone calls its zone need not be one
                pass
        return self.stores.get(content.store_id, self.home) if content.store_id is not None else self.home

    def known(self, entry: Entry, content: Content) -> Known:
        """What may be asked about somebody: history only of who agreed to personalisation."""
        devices = self.devices.get(entry.profile_id, [])
        open_ = _open(devices)
        last = self.orders.get(entry.profile_id)
        return Known(
            attributes={} if open_ is None else open_.attributes,
            segments=frozenset() if open_ is None else self.inside.get(entry.profile_id, frozenset()),
            did=tuple((n, said) for at, n, said in self.deeds.get(entry.profile_id, ()) if at >= entry.entered_at),
            has_bought=last is not None and last > entry.entered_at,
            has_due=is_due(self.recommended.get((content.store_id, entry.profile_id))),
        )

    def somebody(self, entry: Entry, content: Content, phone: Recipient | None) -> Somebody:
        """Whom a message is for."""
        reach = self.reaches.get(entry.profile_id)
        if content.definition.channels != PUSH_ONLY and reach is not None:
            return in_any_way(reach)
        return Somebody(entry.profile_id, None, None) if phone is None else on_phone(phone, content, self.now)

    def is_meant(self, content: Content, entry: Entry) -> bool:
        """Whether the campaign addresses this person now."""
        inside = self.inside.get(entry.profile_id, frozenset())
        devices = self.devices.get(entry.profile_id, [])
        if not devices:
            return isinstance(content.definition.audience, Everyone)
        return any(in_audience(content.definition.audience, device, inside) for device in devices)


@dataclass(slots=True)
class _Round:
    """What a round has come to: who moves, who never came in, whose gates close, which messages want to go."""

    moved: list[Moved] = field(default_factory=list)
    strangers: list[Entry] = field(default_factory=list)
    closing: list[Entry] = field(default_factory=list)
    wishes: dict[UUID, list[Wish[StepCase]]] = field(default_factory=lambda: defaultdict(list))
    on_the_way: list[tuple[Entry, Progress]] = field(default_factory=list)


def _people_of(entries_: Sequence[Entry], campaign_id: UUID) -> set[UUID]:
    return {entry.profile_id for entry in entries_ if entry.campaign_id == campaign_id}


async def advance_due(session: Session, tenant_id: TenantId, now: datetime, limit: int) -> int:
    """Move on whoever is due; returns how many people were looked at."""
    people = await entries.list_awake_people(session, tenant_id, now, limit)
    if not people:
        return 0
    await entries.hold_people(session, tenant_id, people)
    ids = await starts.list_devices_of(session, tenant_id, people)
    devices: dict[UUID, list[Recipient]] = defaultdict(list)
    for device in (await profiles.hold_recipients(session, tenant_id, ids)).values():
        if device.profile_id is not None:
            devices[device.profile_id].append(device)
    await entries.hold_campaigns(session, tenant_id, people, now)
    taken = await entries.take_awake(session, tenant_id, people, now)
    running = await starts.list_running_named(session, tenant_id, {e.campaign_id for e in taken}, now)
    resting = [e for e in taken if e.campaign_id not in running]
    round_ = _Round(moved=await standing.put_to_rest(session, tenant_id, resting, now))
    active = [e for e in taken if e.campaign_id in running]
    world = await _look(session, tenant_id, active, running, devices, now)
    for entry in active:
        _move(entry, running[entry.campaign_id], world, round_)
    await _write(session, tenant_id, round_, world)
    return len(people)


async def _look(
    session: Session,
    tenant_id: TenantId,
    active: Sequence[Entry],
    running: Mapping[UUID, Running],
    devices: Mapping[UUID, list[Recipient]],
    now: datetime,
) -> _World:
    contents = [campaign.content for campaign in running.values()]
    people = {entry.profile_id for entry in active}
    many = {e.profile_id for e in active if running[e.campaign_id].content.definition.channels != PUSH_ONLY}
    names = {name for content in contents for name in events_of(content)}
    since = min((entry.entered_at for entry in active), default=now)
    said = {c.definition.content_id for c in contents} | {s.content_id for c in contents for s in messages_of(c.course)}
    reaches = await profiles.list_reaches(session, tenant_id, many) if many else {}
    readers: list[Reader] = [
        *(device for some in devices.values() for device in some),
        *map(in_any_way, reaches.values()),
    ]
    spoken_of = [(id_, reader) for id_ in said for reader in readers]
    home, stores = await starts.get_timezones(session, tenant_id, {c.store_id for c in contents if c.store_id})
    return _World(
        policy=await load_policy(session, tenant_id),
        home=home,
        stores=stores,
        devices=devices,
        inside=await starts.list_segments_of(
            session, tenant_id, {id_ for content in contents for id_ in segments_of(content)}, people
        ),
        deeds=await facts.list_deeds_since(session, tenant_id, people, names, since),
        orders=await facts.list_last_orders(session, tenant_id, people) if people else {},
        reaches=reaches,
        items=await by_reference.load(session, tenant_id, spoken_of, now),
        best={
            id_: await read_best(session, tenant_id, campaign.content, _people_of(active, id_), now)
            for id_, campaign in running.items()
        },
        recommended=await recommended_to_people(
            session, tenant_id, _asking(active, running, asks_recommendations), devices, now
        ),
        shopping=await _shopping(session, tenant_id, _asking(active, running, asks_shopping), devices, now),
        now=now,
    )


def _asking(
    active: Sequence[Entry], running: Mapping[UUID, Running], asks: Callable[[Content], bool]
) -> set[tuple[UUID | None, UUID]]:
    """The people of the campaigns that ask for something, each by the store whose campaign it is."""
    content_of = {id_: campaign.content for id_, campaign in running.items()}
    asking = {id_ for id_, content in content_of.items() if asks(content)}
    return {(content_of[e.campaign_id].store_id, e.profile_id) for e in active if e.campaign_id in asking}


async def _shopping(
    session: Session,
    tenant_id: TenantId,
    asking: set[tuple[UUID | None, UUID]],
    devices: Mapping[UUID, list[Recipient]],
    now: datetime,
) -> dict[tuple[UUID | None, UUID], Shopping]:
    """Of those who agreed to personalisation and are not known to be younger than 16."""
    found: dict[tuple[UUID | None, UUID], Shopping] = {}
    phones = {id_: _open(devices.get(id_, ())) for _, id_ in asking}
    fit = {id_ for id_, phone in phones.items() if phone is not None and not is_young(phone.attributes, now.date())}
    agreeing = {(at, id_) for at, id_ in asking if id_ in fit}
    for store_id in {at for at, _ in agreeing}:
        people = {id_ for at, id_ in agreeing if at == store_id}
        values = await list_shopping(session, tenant_id, people, store_id, now)
        found |= {(store_id, id_): each for id_, each in values.items()}
    return found


def _open(devices: Sequence[Recipient]) -> Recipient | None:
    """A phone of theirs that agreed to personalisation."""
    return next((device for device in devices if device.personalisation == GRANTED), None)


def _move(entry: Entry, campaign: Running, world: _World, round_: _Round) -> None:
    content, known = campaign.content, world.known(entry, campaign.content)
    if entry.spot.step is None and not _comes_in(entry, content, known, world):
        round_.strangers.append(entry)
        return
    end = exit_of(content.definition.exits, known)
    if end is not None:
        round_.moved.append(Moved(entry, entry.spot, None, end=end))
        if _said_lately(entry, world.now):
            round_.closing.append(entry)
        return
    person = addressed(world.devices.get(entry.profile_id, ()), content, world.now, consents)
    course = Course(
        content,
        world.policy,
        world.timezone(content, person),
        partial(world.best[campaign.id], entry.profile_id),
    )
    progress = advance(course, entry.spot, known, world.now)
    round_.on_the_way.append((entry, progress))
    for step in progress.said:
        somebody = world.somebody(entry, content, person)
        round_.wishes[entry.profile_id].append(_wish(entry, campaign, step, somebody, course, world))


def _comes_in(entry: Entry, content: Content, known: Known, world: _World) -> bool:
    """Asked once, at the beginning: nothing is kept of who is not addressed, or of what is not so any more."""
    if content.kind is TriggerKind.CART and known.bought():
        return False
    if content.kind is TriggerKind.SEGMENT and content.segment_id is not None:
        inside = content.segment_id in world.inside.get(entry.profile_id, frozenset())
        if not is_still_so(content.definition.move, inside=inside):
            return False
    return world.is_meant(content, entry)


def _said_lately(entry: Entry, now: datetime) -> bool:
    since = (now - LIVES).isoformat()
    return any(item["what"] == "queued" and item["at"] >= since for item in entry.log)


def _wish(
    entry: Entry, campaign: Running, step: Say, person: Somebody, course: Course, world: _World
) -> Wish[StepCase]:
    content = campaign.content
    ends = world.now + LIVES
    about = About(
        occurrence=entry.id,
        expires_at=ends if content.valid_to is None else min(ends, content.valid_to),
        timezone=course.timezone.key,
        step=step.id,
        gates=(entry_gate(entry.id),),
        push=step.push,
    )
    came = LadderPlace(entry.id, entry.entered_at)
    case = StepCase(campaign.id, content, person, course.timezone, world.is_meant(content, entry), came)
    asked = (content.store_id, entry.profile_id)
    recommended = world.recommended.get(asked, NOTHING_RECOMMENDED)
    shopping = world.shopping.get(asked, NO_SHOPPING)
    values = values_for(
        content, person, campaign.store_name, recommended=recommended, said=entry.said, shopping=shopping
    )
    item = world.items.of(step.content_id or content.definition.content_id, person)
    said = step.read_in(person.language)
    words = written(campaign, said.title, said.body, values, item, awaits_offer=step.offer_id is not None)
    return Wish(campaign, case, about, words, step.offer_id, entry.profile_id, said.language)


async def _write(session: Session, tenant_id: TenantId, round_: _Round, world: _World) -> None:
    now = world.now
    budgets = await messaging.lock_budgets(session, tenant_id, sorted(round_.wishes), now) if round_.wishes else {}
    climbing = {id_: {w.about.occurrence for w in some if w.content.definition.win_back}
                for id_, some in round_.wishes.items()}  # fmt: skip
    places = await ladders.list_places(session, tenant_id, [id_ for id_, some in climbing.items() if some])
    drafts, give, begun = list[Draft](), giver(session, tenant_id, now), dict[UUID, LadderPlace]()
    for profile_id, rivals in sorted(round_.wishes.items()):
        place = places.get(profile_id)
        decide = _decider(climbing[profile_id], place, world)
        made, _ = await choose(rivals, budgets[profile_id], decide, world.policy, give, now)
        drafts += made
        for draft in made:
            if draft.occurrence in climbing[profile_id] and not draft.blockers and draft.fault is None:
                begun[profile_id] = place_after(place, draft.occurrence, now)
    await ladders.note(session, tenant_id, begun)
    became = {(draft.occurrence, draft.step): draft for draft in drafts}
    for entry, progress in round_.on_the_way:
        log = [_item(passed, became.get((entry.id, passed.step.id))) for passed in progress.passed]
        spot = progress.spot
        ended = None if spot is not None else Ended.FINISHED
        wake_at = None if spot is None else spot.due_at
        round_.moved.append(Moved(entry, spot or Spot(progress.passed[-1].step.id), wake_at, log, ended))
    await entries.save(session, tenant_id, round_.moved, now)
    await entries.forget(session, tenant_id, round_.strangers)
    for entry in round_.closing:
        await messaging.close_gate(session, tenant_id, entry_gate(entry.id), "has left the journey", now)
    if drafts:
        await messaging.enqueue(session, tenant_id, drafts, now)


def _decider(climbing: Collection[UUID], place: LadderPlace | None, world: _World) -> Decide[StepCase]:
    """Decides on one person's messages. `climbing`: their win-backs of this moment; the first that may write begins,
    which the budget tells.
    """

    def decide(case: StepCase, budget: Budget) -> list[Blocker]:
        first = next((send for send in budget.sends if send.message_id in climbing), None)
        at = place if first is None else place_after(place, first.message_id, first.at)
        return decide_step(case, world.policy, budget, world.now, at)

    return decide


def _item(passed: Passed, draft: Draft | None) -> dict[str, Any]:
    """One line of an entry's log."""
    item: dict[str, Any] = {"step": passed.step.id, "at": passed.at.isoformat()}
    if draft is None:
        taken = {} if passed.taken is None else {"taken": passed.taken}
        return item | {"what": "passed"} | taken
    if draft.blockers:
        return item | {"what": "skipped", "reason": str(draft.blockers[0])}
    return item | ({"what": "queued"} if draft.fault is None else {"what": "misconfigured", "reason": draft.fault})
