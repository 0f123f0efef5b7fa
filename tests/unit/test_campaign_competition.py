"""Five campaigns compete for ten thousand people over three days of walks, orders and moves, day and night.

For every person hold: the budget of a day over all stores, each campaign's cap and pause, quiet hours on their own
clock, and their consent. And every reason of the closed list is met on the way, decided or just before the socket.
"""

import asyncio
import random
import sys
import time
from collections import Counter, defaultdict
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from datetime import time as clock
from functools import partial
from itertools import groupby, pairwise
from uuid import UUID
from zoneinfo import ZoneInfo

import pytest

from geoengage.campaigns.by_reference import NO_ITEM
from geoengage.campaigns.drafting import About, Wish, choose, written
from geoengage.campaigns.giving import Gift
from geoengage.campaigns.rules import (
    Cap,
    Case,
    Content,
    Definition,
    Everyone,
    Place,
    Policy,
    Span,
    StepCase,
    TriggerKind,
    decide,
    decide_step,
    on_phone,
    outlives_visit,
    values_for,
)
from geoengage.campaigns.rules.ranking import rank
from geoengage.campaigns.store import Running
from geoengage.kit.clock import is_within_hours
from geoengage.kit.ids import TenantId
from geoengage.marketplace.rules.spend import Cap as StoreCap
from geoengage.marketplace.rules.spend import Spent, beyond_means
from geoengage.messaging.phone_choosing import Phones
from geoengage.messaging.phone_senders import Speaker
from geoengage.messaging.rules import (
    MOST_REASONS,
    NO_OPTIONS,
    REASONS,
    Blocker,
    Budget,
    Draft,
    Going,
    MessageChannel,
    Purpose,
    Send,
    Waiting,
    blockers_now,
    campaign_gate,
    email_blockers,
    entry_gate,
    in_holdout,
    zone_gate,
)
from geoengage.messaging.rules import Policy as SendingPolicy
from geoengage.messaging.rules.phone import ViberAccount, WhatsappAccount
from geoengage.messaging.sender import PREVIEW
from geoengage.presence.rules.events import ZoneEntered
from geoengage.profiles.rules import (
    Address,
    Channel,
    ConsentState,
    Decision,
    PointState,
    Reach,
    Recipient,
    Standing,
)
from geoengage.profiles.rules import Purpose as ConsentPurpose
from geoengage.proof.rules.inputs import Price
from tests.conftest import ROOT

PEOPLE, MOMENTS, SEED = 10_000, 4, 8
BEGIN = datetime(2026, 3, 28, tzinfo=UTC)  # the night after this, clocks change in Europe
ZONES = [ZoneInfo(name) for name in ("Europe/Zurich", "America/New_York", "Asia/Tokyo", "Australia/Lord_Howe")]
TENANT, ZONE, APP = UUID(int=1), UUID(int=2), UUID(int=3)
STORES = (UUID(int=11), UUID(int=12))
POLICY = Policy(TENANT, clock(21), clock(8), 5, 2)
SENDING = SendingPolicy("Europe/Zurich", clock(21), clock(8), stopped=False)
DAY = timedelta(days=1)
# Somebody who agreed to WhatsApp and has never written, and a shop without an approved template.
NUMBER = UUID(int=21)
AGREED = Decision(
    identifier_id=NUMBER, channel=Channel.WHATSAPP, purpose=ConsentPurpose.MARKETING, store_id=None,
    state=ConsentState.SUBSCRIBED, text_version="1", source="till", at=BEGIN - DAY,
)  # fmt: skip
REACH = Reach(
    NUMBER, None, None, {}, suppressed=False, phones=(Address(NUMBER, "+41790000000", Channel.SMS),),
    standing=Standing([AGREED], points={(NUMBER, Channel.WHATSAPP): PointState.REACHABLE}),
)  # fmt: skip
SPEAKER = Speaker(
    UUID(int=22), MessageChannel.WHATSAPP, None, WhatsappAccount(phone_number_id="1", business_account_id="2"), PREVIEW
)
VIBER = Speaker(UUID(int=23), MessageChannel.VIBER, None, ViberAccount(base="x1y2", sender="SHOP"), PREVIEW)
ON_VIBER = replace(
    REACH,
    standing=Standing([replace(AGREED, channel=Channel.VIBER)], points={(NUMBER, Channel.VIBER): PointState.REACHABLE}),
)


def campaign(number: int, title: str, kind: TriggerKind, store_id: UUID | None, **definition: object) -> Running:
    content = Content(
        name=title, store_id=store_id, kind=kind, zone_ids=(ZONE,), store_ids=(), title=title, body="…",
        valid_from=None, valid_to=None, definition=Definition(audience=Everyone(), **definition),  # type: ignore[arg-type]
    )  # fmt: skip
    return Running(UUID(int=100 + number), content, "Store")


CAMPAIGNS = (
    campaign(1, "At the door", TriggerKind.ENTERED, STORES[0], cooldown_s=7200, cap=Cap(2, 1)),
    campaign(2, "Hi {{ trigger.name }}", TriggerKind.EVENT, STORES[1], cooldown_s=0, cap=Cap(1, 1), strict=True),
    campaign(3, "A coupon: {{ offer.code }}", TriggerKind.CART, STORES[0], priority=2, hours=Span("09:00", "20:00"),
             offer_id=UUID(int=5), cooldown_s=600, cap=Cap(3, 2)),
    campaign(4, "We close at six", TriggerKind.API, None, purpose=Purpose.SERVICE, cooldown_s=3600, cap=Cap(4, 1)),
    campaign(5, "Your order", TriggerKind.ORDER, None, purpose=Purpose.TRANSACTIONAL),
)  # fmt: skip


@dataclass
class Shopper:
    """One person with one phone, and what they were sent: (when, campaign)."""

    phone: Recipient
    zone: ZoneInfo
    budget: Budget
    sent: list[tuple[datetime, Running]] = field(default_factory=list)

    def is_awake(self, at: datetime) -> bool:
        return not is_within_hours(at, self.zone, POLICY.quiet_start, POLICY.quiet_end)


def shopper(number: int, rng: random.Random) -> Shopper:
    id_, zone = UUID(int=10_000 + number), ZONES[number % len(ZONES)]
    phone = Recipient(
        device_id=UUID(int=1_000_000 + number), app_id=APP, person_id=id_, profile_id=id_, first_name="Mia",
        language=None, attributes={}, location="granted" if rng.random() < 0.9 else "denied",
        marketing_push="granted" if rng.random() < 0.85 else "denied",
        personalisation="granted" if rng.random() < 0.9 else "denied", suppressed=rng.random() < 0.02, is_test=False,
        timezone=zone.key, push_provider="fcm", push_address="x" if rng.random() < 0.97 else None, push_kind="token",
        push_retired=False, platform="android",
    )  # fmt: skip
    return Shopper(phone, zone, Budget(id_))


def wish(running: Running, who: Shopper, at: datetime, rng: random.Random) -> Wish[Case | StepCase]:
    """What one campaign wants to say to somebody at that moment."""
    content, occurrence = running.content, UUID(int=rng.getrandbits(127))
    if content.kind is TriggerKind.ENTERED:
        event = ZoneEntered(
            id=occurrence, at=at, device_id=who.phone.device_id, zone_id=ZONE, zone_version=1, visit_id=occurrence,
            confidence=0.9, evidence="gnss", reason="confirmed_by_fix", late=rng.random() < 0.05,
        )  # fmt: skip
        place = Place(ZONE, 1, "Door", "store", STORES[0], "Store", None, who.zone)
        ended = at if rng.random() < 0.05 else None
        case: Case | StepCase = Case(running.id, content, event, place, who.phone, ended)
        about = About(
            occurrence=occurrence, expires_at=at + timedelta(minutes=10), timezone=who.zone.key, event=event,
            outlives_visit=outlives_visit(event), gates=(zone_gate(ZONE),),
        )  # fmt: skip
        values = values_for(content, who.phone, "Store", place)
    else:
        somebody = on_phone(who.phone, content, at)
        if rng.random() < 0.02:
            somebody = replace(somebody, device_id=None)
        case = StepCase(running.id, content, somebody, who.zone, is_meant=rng.random() < 0.95)
        said = {"name": "Train"} if rng.random() < 0.9 else {"name": None}
        about = About(
            occurrence=occurrence, expires_at=at + DAY, timezone=who.zone.key, gates=(entry_gate(occurrence),)
        )
        values = values_for(content, somebody, "Store", said=said)
    offer_id = content.definition.offer_id
    words = written(running, content.title, content.body, values, NO_ITEM, awaits_offer=offer_id is not None)
    return Wish(running, case, about, words, offer_id, who.phone.profile_id)


@dataclass
class World:
    """All people after all moments, and every reason that was given, with how often."""

    people: list[Shopper]
    reasons: Counter[str]
    outranked: list[tuple[Shopper, datetime]]
    coupons: int
    seconds: float


async def live() -> World:
    rng, began = random.Random(SEED), time.process_time()
    people = [shopper(n, rng) for n in range(PEOPLE)]
    stock = iter(range(PEOPLE // 4))
    given = 0

    async def give(_offer: UUID, _profile: UUID | None, _content: Content, _language: str | None) -> Gift | None:
        nonlocal given
        number = next(stock, None)
        given += number is not None
        return None if number is None else Gift(UUID(int=rng.getrandbits(127)), f"C{number}", "10 % off")

    reasons: Counter[str] = Counter()
    outranked = []
    for who in people:
        for at in sorted(BEGIN + rng.random() * 3 * DAY for _ in range(MOMENTS)):
            rivals = [wish(each, who, at, rng) for each in CAMPAIGNS if rng.random() < 0.6]
            if not rivals:
                continue
            drafts, who.budget = await choose(rivals, who.budget, partial(_decide, at), POLICY, give, at)
            for draft in drafts:
                reasons.update(draft.blockers)
                if Blocker.OUTRANKED in draft.blockers:
                    outranked.append((who, at))
                if not draft.blockers and draft.fault is None:
                    held = _deliver(draft, who, at, rng)
                    reasons.update(held)
                    if not held:
                        who.sent.append((at, next(c for c in CAMPAIGNS if c.id == draft.campaign_id)))
    return World(people, reasons, outranked, given, time.process_time() - began)


def _decide(at: datetime, case: Case | StepCase, budget: Budget) -> list[Blocker]:
    return decide(case, POLICY, budget, at) if isinstance(case, Case) else decide_step(case, POLICY, budget, at)


def _deliver(draft: Draft, who: Shopper, at: datetime, rng: random.Random) -> tuple[Blocker, ...]:
    """The look just before the socket, a few seconds later; now and then something has happened meanwhile."""
    keys = (campaign_gate(draft.campaign_id or TENANT), zone_gate(ZONE), "content:1", "entry:1", "tenant")
    closed = (rng.choice(keys),) if rng.random() < 0.02 else ()
    later = at + (timedelta(days=2) if rng.random() < 0.005 else timedelta(seconds=1))
    waiting = Waiting(
        id=draft.occurrence, device_id=draft.device_id, person_id=draft.person_id, campaign_id=draft.campaign_id,
        store_id=draft.store_id, zone_id=draft.zone_id, purpose=draft.purpose, title=draft.title, body=draft.body,
        data={}, push=NO_OPTIONS, collapse_key="k", timezone=draft.timezone, status="queued", attempts=0,
        expires_at=draft.expires_at, closed_gates=closed, visit_ended=False,
    )  # fmt: skip
    if rng.random() < 0.001:  # by e-mail, where nobody has set up a mail server
        return email_blockers(waiting, None, who.phone, SENDING, has_sender=False, now=later)
    if draft.store_id is not None and rng.random() < 0.001:  # by SMS, where its store has nothing left
        going = Going(waiting.id, draft.store_id, "sms", "", is_first=True, may_wait=True)
        price, nothing = Price("sms", "", 1000, "EUR"), {draft.store_id: StoreCap(0, "EUR")}
        return (Blocker.SPEND_LIMIT,) if beyond_means([going], nothing, {draft.store_id: Spent()}, [price]) else ()
    if rng.random() < 0.001:  # by Viber, which waits for an answer
        waits = frozenset({(VIBER.sender_id, NUMBER)})
        found = Phones(TenantId(TENANT), SENDING, later, speakers=[VIBER], full=waits).choose(
            MessageChannel.VIBER, waiting, ON_VIBER, who.phone, "https://example.com/u"
        )
        return found if isinstance(found, tuple) else ()
    if rng.random() < 0.01:
        found = Phones(TenantId(TENANT), SENDING, later, speakers=[SPEAKER]).choose(
            MessageChannel.WHATSAPP, waiting, REACH, who.phone, "https://example.com/u"
        )
        return found if isinstance(found, tuple) else ()
    return blockers_now(waiting, who.phone, SENDING, needs_address=True, now=later)


@pytest.fixture(scope="module")
def world() -> World:
    return asyncio.run(live())


def test_it_is_about_many_people_and_quick(world: World) -> None:
    assert sum(len(who.sent) for who in world.people) > PEOPLE
    sys.stdout.write(f"{sum(world.reasons.values())} reasons, {world.coupons} coupons, {world.seconds:.1f} s of CPU\n")
    assert world.seconds < 60


def test_nobody_gets_more_advertising_in_a_day_than_the_budget(world: World) -> None:
    for who in world.people:
        ads = [at for at, c in who.sent if c.content.is_marketing]
        assert all(sum(at - DAY < other <= at for other in ads) <= POLICY.daily_cap for at in ads)


def test_caps_and_pauses_of_each_campaign_hold(world: World) -> None:
    for who in world.people:
        by_campaign = defaultdict(list)
        for at, running in who.sent:
            by_campaign[running.id].append((at, running.content.definition))
        for sends in by_campaign.values():
            definition = sends[0][1]
            if definition.purpose is Purpose.TRANSACTIONAL:
                continue
            times = [at for at, _ in sends]
            span = timedelta(days=definition.cap.per_days)
            assert all(sum(at - span < other <= at for other in times) <= definition.cap.count for at in times)
            pause = timedelta(seconds=definition.cooldown_s)
            assert all(b - a >= pause for a, b in pairwise(times))


def test_nobody_is_disturbed_at_night_but_for_what_they_wait_for(world: World) -> None:
    woken = Counter(c.content.definition.purpose for who in world.people for at, c in who.sent if not who.is_awake(at))
    assert set(woken) == {Purpose.TRANSACTIONAL}


def test_consent_suppression_and_holdout_hold(world: World) -> None:
    for who in world.people:
        assert not (who.phone.suppressed and who.sent)
        ads = [c for _, c in who.sent if c.content.is_marketing]
        if ads:
            assert who.phone.marketing_push == "granted"
            assert not in_holdout(TENANT, who.phone.person_id, POLICY.holdout_percent)
        if any(c.content.kind in (TriggerKind.EVENT, TriggerKind.CART) for c in ads):
            assert who.phone.personalisation == "granted"
        if any(c.content.kind is TriggerKind.ENTERED for c in ads):
            assert who.phone.location == "granted"


def test_who_is_outranked_lost_to_somebody_better(world: World) -> None:
    assert world.outranked
    for who, at in world.outranked:
        assert any(sent_at == at and c.content.is_marketing for sent_at, c in who.sent) or any(
            send.at == at and send.marketing for send in who.budget.sends
        )


def test_stores_take_turns_where_priorities_are_equal() -> None:
    """Each store once, whoever the hash favours; a better priority always; what somebody waits for before all."""
    one, two = CAMPAIGNS[0], CAMPAIGNS[1]
    first = Counter[UUID]()
    for number in range(400):
        budget = Budget(UUID(int=number))
        order = sorted((one, two), key=lambda c: rank(_rival(c), budget))
        first[order[0].id] += 1
        served = budget.spend(Send(order[0].id, TENANT, BEGIN, order[0].content.store_id))
        assert sorted((one, two), key=lambda c: rank(_rival(c), served))[0] is order[1]
    assert 140 < first[one.id] < 260
    ranked = sorted(CAMPAIGNS, key=lambda c: rank(_rival(c), Budget(TENANT)))
    purposes = [purpose for purpose, _ in groupby(c.content.definition.purpose for c in ranked)]
    assert purposes == [Purpose.TRANSACTIONAL, Purpose.SERVICE, Purpose.MARKETING]
    assert ranked[2] is CAMPAIGNS[2]


def _rival(running: Running) -> Case:
    place = Place(ZONE, 1, "Door", "store", None, None, None, ZONES[0])
    event = ZoneEntered(
        id=ZONE, at=BEGIN, device_id=ZONE, zone_id=ZONE, zone_version=1, visit_id=ZONE, confidence=1.0,
        evidence="gnss", reason="confirmed_by_fix", late=False,
    )  # fmt: skip
    return Case(running.id, running.content, event, place, shopper(1, random.Random(1)).phone, None)


def test_every_reason_of_the_closed_list_is_met_and_has_a_sentence(world: World) -> None:
    assert set(world.reasons) == set(map(str, Blocker)), "a reason that nothing produces, or an unknown one"
    assert set(REASONS) == set(Blocker)
    assert len(Blocker) <= MOST_REASONS
    assert "other" not in set(map(str, Blocker))
    for sentence in REASONS.values():
        assert sentence[0].isupper()
        assert sentence.endswith(".")
        assert len(sentence) < 120
        assert not {"null", "API", "TTL", "gate", "payload"} & set(sentence.replace(".", " ").split())


def test_the_console_has_words_for_every_reason() -> None:
    words = (ROOT / "web/src/ui/words.js").read_text()
    table = words.partition("export const REASONS = {")[2].partition("};")[0]
    assert {line.partition(":")[0].strip() for line in table.splitlines() if ":" in line} == set(map(str, Blocker))
