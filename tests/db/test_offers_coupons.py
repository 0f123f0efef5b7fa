"""Coupons on real PostGIS: their life, budgets, returns; and many at once, with real commits."""

import asyncio
from collections.abc import Mapping
from datetime import timedelta
from typing import Any
from uuid import UUID

import pytest
from sqlalchemy import select, text
from sqlalchemy.ext.asyncio import AsyncEngine

from geoengage.commerce import service as commerce
from geoengage.commerce.rules import Line, OrderIn, Refund, Status
from geoengage.kit import events
from geoengage.kit.clock import utc_now
from geoengage.kit.db import Session, Sessions, make_sessions, transaction
from geoengage.kit.ids import new_id
from geoengage.messaging import service as messaging
from geoengage.messaging.models import Message
from geoengage.messaging.rules import Draft, MessageChanged, Settled
from geoengage.messaging.rules import Status as MessageStatus
from geoengage.messaging.store import settle_messages
from geoengage.metrics.models import CustomerHabitRow
from geoengage.metrics.rules import Degree
from geoengage.offers import service, store
from geoengage.offers.models import CouponRow, OfferBudgetRow, RedemptionRow
from geoengage.offers.rules import OfferConditions, PercentOff, Refusal
from geoengage.offers.service import Redeemed, Reserved, Use, keeping
from geoengage.offers.service.coupons import print_coupons
from geoengage.offers.store import Limit
from tests.campaign_rows import make_device, make_profile, make_store
from tests.factories import World, make_world
from tests.offer_rows import make_offer

NOW = utc_now().replace(microsecond=0)
SOON = NOW + timedelta(days=7)


@pytest.fixture
async def world(session: Session) -> World:
    return await make_world(session)


def use(ref: str = "R-1", **over: Any) -> Use:
    given = {"source": "till", "order_ref": ref, "currency": "CHF", "discount_minor": 500, "at": NOW}
    return Use(**given | over)


async def reserved(session: Session, world: World, offer_id: UUID, **over: Any) -> Reserved:
    given = {"profile_id": None, "message_id": None, "expires_at": SOON, "now": NOW} | over
    made = await service.reserve(session, world.tenant_id, offer_id, **given)
    assert isinstance(made, Reserved), made
    return made


async def budget(session: Session, world: World, offer_id: UUID, place_id: UUID | None = None) -> Mapping[str, int]:
    rows = (await store.list_budgets(session, world.tenant_id, [offer_id]))[offer_id]
    row = next(each for each in rows if each.place_id == (place_id or offer_id))
    return {name: getattr(row, name) for name in ("held_minor", "held_uses", "spent_minor", "spent_uses")}


async def coupon(session: Session, world: World, code: str) -> CouponRow:
    row = await store.lock_by_code(session, world.tenant_id, code)
    assert row is not None
    return row


NOTHING = {"held_minor": 0, "held_uses": 0, "spent_minor": 0, "spent_uses": 0}


async def test_a_coupon_from_its_making_to_its_use(session: Session, world: World) -> None:
    offer_id = await make_offer(session, world, limits={None: Limit(1000, None)})
    made = await reserved(session, world, offer_id)
    assert made.label == "5.00 CHF off"
    assert await budget(session, world, offer_id) == NOTHING | {"held_minor": 500, "held_uses": 1}
    await service.commit(session, world.tenant_id, made.coupon_id, NOW)
    assert (await coupon(session, world, made.code)).status == "committed"
    spelled = made.code.lower().replace("-", "").replace("0", "o").replace("1", "l")
    done = await service.redeem(session, world.tenant_id, spelled, use(discount_minor=420), NOW)
    assert done == Redeemed(made.coupon_id, offer_id, 420, is_new=True)
    assert await budget(session, world, offer_id) == NOTHING | {"spent_minor": 420, "spent_uses": 1}
    again = await service.redeem(session, world.tenant_id, made.code, use(discount_minor=420), NOW)
    assert again == Redeemed(made.coupon_id, offer_id, 420, is_new=False)
    assert await service.redeem(session, world.tenant_id, made.code, use("R-2"), NOW) is Refusal.ALREADY_REDEEMED
    await service.release(session, world.tenant_id, made.coupon_id, NOW)  # too late: nothing changes
    assert (await coupon(session, world, made.code)).status == "redeemed"
    assert await service.redeem(session, world.tenant_id, "0000-0000-00000", use(), NOW) is Refusal.UNKNOWN_CODE
    assert await service.redeem(session, world.tenant_id, "no code", use(), NOW) is Refusal.UNKNOWN_CODE


async def test_why_a_code_is_refused(session: Session, world: World) -> None:
    here, there = await make_store(session, world), await make_store(session, world)
    mia, leo = await make_profile(session, world), await make_profile(session, world)
    offer_id = await make_offer(session, world, store_id=here, conditions=OfferConditions(once_per_person=True))
    made = await reserved(session, world, offer_id, profile_id=mia)

    async def tried(**over: Any) -> Redeemed | Refusal:
        return await service.redeem(session, world.tenant_id, made.code, use(**{"store_id": here} | over), NOW)

    assert await tried(store_id=there) is Refusal.OTHER_STORE
    assert await tried(profile_id=leo) is Refusal.OTHER_PERSON
    assert await tried(currency="EUR") is Refusal.OTHER_CURRENCY
    assert await tried(discount_minor=501) is Refusal.TOO_MUCH
    assert await tried(at=SOON) is Refusal.EXPIRED
    second = await service.reserve(session, world.tenant_id, offer_id, mia, None, SOON, now=NOW)
    assert second is Refusal.ALREADY_GIVEN
    row = await store.get_offer(session, world.tenant_id, offer_id)
    await store.update_offer(session, world.tenant_id, row, {"status": "paused"}, NOW)
    assert await tried() is Refusal.OFFER_NOT_ACTIVE
    assert (
        await service.reserve(session, world.tenant_id, offer_id, leo, None, SOON, now=NOW) is Refusal.OFFER_NOT_ACTIVE
    )
    await store.update_offer(session, world.tenant_id, row, {"status": "archived"}, NOW)
    assert isinstance(await tried(profile_id=mia), Redeemed)  # promised is promised
    released = await make_offer(session, world)
    made = await reserved(session, world, released)
    await service.release(session, world.tenant_id, made.coupon_id, NOW)
    assert await tried() is Refusal.TAKEN_BACK


async def test_tiers_go_by_decline_and_only_with_consent(session: Session, world: World) -> None:
    offer_id = await make_offer(
        session, world, PercentOff(percent=5), of_terms={"tiers": {Degree.MARKED: 10, Degree.SEVERE: 25}}
    )
    mia = await make_profile(session, world)
    await make_device(session, world, profile_id=mia)
    silent = await make_profile(session, world)
    await make_device(session, world, profile_id=silent, personalisation="denied")
    for profile_id in (mia, silent):
        session.add(habit(world, profile_id, Degree.SEVERE))
    await session.flush()
    assert (await reserved(session, world, offer_id, profile_id=mia)).label == "25 % off"
    for nobody in (silent, None):
        assert await service.reserve(session, world.tenant_id, offer_id, nobody, None, SOON, now=NOW) is Refusal.NO_TIER


def habit(world: World, profile_id: UUID, degree: Degree) -> CustomerHabitRow:
    day = NOW.date()
    return CustomerHabitRow(
        tenant_id=world.tenant_id, profile_id=profile_id, own_purchases=9, now_days=90, bought_now=1, bought_before=8,
        typical_gap_days=7, gap_p80_days=10, gap_p80_passed_at=NOW, gap_days=[], gap_passed_at=[], decline=degree,
        decline_towards=degree, decline_since=day, stage="at_risk", stage_since=day, checked_at=NOW, check_at=SOON,
    )  # fmt: skip


# --- messages ---------------------------------------------------------------------------------------------------------


async def message(session: Session, world: World, **over: Any) -> UUID:
    device = new_id()
    values = {
        "device_id": device, "person_id": device, "campaign_id": new_id(), "title": "Hoi", "body": "5 CHF", "data": {},
        "collapse_key": "k", "expires_at": SOON, "occurrence": new_id(),
    } | over  # fmt: skip
    (id_,) = await messaging.enqueue(session, world.tenant_id, [Draft(**values)], NOW)
    return id_


async def heard(session: Session, world: World) -> None:
    """What the worker hands to the reaction."""
    recorded = await events.read(session, world.tenant_id, 0, 1000)
    await service.on_messages(session, world.tenant_id, [r for r in recorded if r.type in keeping.MESSAGES], NOW)
    await service.on_orders(session, world.tenant_id, [r for r in recorded if r.type in keeping.ORDERS], NOW)


@pytest.mark.parametrize(
    "status, became",
    [
        ("sent", "committed"),
        ("unknown", "committed"),
        ("failed", "released"),
        ("skipped", "released"),
        ("queued", "reserved"),
    ],
)
async def test_a_coupon_lives_and_dies_with_its_message(
    session: Session, world: World, status: str, became: str
) -> None:
    offer_id = await make_offer(session, world, limits={None: Limit(None, 1)})
    made = await reserved(session, world, offer_id)
    id_ = await message(session, world)
    await service.name_message(session, world.tenant_id, made.coupon_id, id_)
    if status != "queued":
        await settle_messages(session, world.tenant_id, {id_: Settled(MessageStatus(status), "test")}, NOW)
        row = (await session.execute(select(Message).where(Message.id == id_))).scalar_one()
        names = ("device_id", "campaign_id", "store_id", "zone_id", "title", "body")
        changed = {name: getattr(row, name) for name in names}
        told = MessageChanged(message_id=id_, at=NOW, status=status, reason="test", **changed)
        await events.publish(session, world.tenant_id, [told], NOW)
    await heard(session, world)
    await heard(session, world)  # twice is once
    assert (await coupon(session, world, made.code)).status == became
    assert (await budget(session, world, offer_id))["held_uses"] == (0 if became == "released" else 1)


async def test_a_message_that_is_held_back_at_once_releases_its_coupon(session: Session, world: World) -> None:
    offer_id = await make_offer(session, world, limits={None: Limit(None, 1)})
    for over in ({"blockers": ("cap",)}, {"fault": "no_translation"}):
        made = await reserved(session, world, offer_id)
        await service.name_message(session, world.tenant_id, made.coupon_id, await message(session, world, **over))
        await heard(session, world)
        assert (await coupon(session, world, made.code)).release_reason == "failed"
        assert await budget(session, world, offer_id) == NOTHING


async def test_time_runs_out_but_a_sale_of_before_counts(session: Session, world: World) -> None:
    offer_id = await make_offer(session, world, limits={None: Limit(1000, None)})
    first, second = [await reserved(session, world, offer_id) for _ in range(2)]
    assert await service.release_expired(session, world.tenant_id, NOW) == 0
    later = SOON + timedelta(days=1)
    assert await service.release_expired(session, world.tenant_id, later) == 2
    assert await budget(session, world, offer_id) == NOTHING
    assert await service.redeem(session, world.tenant_id, first.code, use(at=later), later) is Refusal.EXPIRED
    done = await service.redeem(session, world.tenant_id, second.code, use(at=NOW), later)  # the till was offline
    assert isinstance(done, Redeemed)
    assert await budget(session, world, offer_id) == NOTHING | {"spent_minor": 500, "spent_uses": 1}


# --- budgets and returns ----------------------------------------------------------------------------------------------


async def test_a_store_has_a_budget_of_its_own(session: Session, world: World) -> None:
    here, there = await make_store(session, world), await make_store(session, world)
    offer_id = await make_offer(session, world, limits={None: Limit(5000, None), here: Limit(500, None)})
    codes = [(await reserved(session, world, offer_id)).code for _ in range(3)]
    for n, (store_id, expected) in enumerate(
        [(here, Redeemed), (here, Refusal.STORE_BUDGET_USED_UP), (there, Redeemed)]
    ):
        done = await service.redeem(session, world.tenant_id, codes[n], use(f"R-{n}", store_id=store_id), NOW)
        assert done is expected or isinstance(done, Redeemed)
    assert await budget(session, world, offer_id, here) == NOTHING | {"spent_minor": 500, "spent_uses": 1}
    assert await budget(session, world, offer_id) == {
        "held_minor": 500, "held_uses": 1, "spent_minor": 1000, "spent_uses": 2,
    }  # fmt: skip
    bound = await make_offer(session, world, limits={here: Limit(None, 1)})
    await reserved(session, world, bound, store_id=here)
    refused = await service.reserve(session, world.tenant_id, bound, None, None, SOON, now=NOW, store_id=here)
    assert refused is Refusal.STORE_BUDGET_USED_UP


async def test_a_new_limit_counts_what_was_before(session: Session, world: World) -> None:
    offer_id = await make_offer(session, world)
    made = [await reserved(session, world, offer_id) for _ in range(3)]
    await service.redeem(session, world.tenant_id, made[0].code, use(), NOW)
    await store.set_limits(session, world.tenant_id, offer_id, {offer_id: Limit(2000, None)})
    assert await budget(session, world, offer_id) == {
        "held_minor": 1000, "held_uses": 2, "spent_minor": 500, "spent_uses": 1,
    }  # fmt: skip


async def make_sale(session: Session, world: World, ref: str = "R-1", **over: Any) -> UUID:
    lines = (Line(quantity_milli=1000, total_minor=2000, unit_price_minor=2000, external_id="1", name="Train"),)
    given = {
        "source": "till", "external_id": ref, "ordered_at": NOW, "updated_at": NOW, "currency": "CHF", "lines": lines,
        "subtotal_minor": 2000, "discount_minor": 500, "total_minor": 1500,
    } | over  # fmt: skip
    return (await commerce.record_order(session, world.tenant_id, OrderIn(**given), NOW)).id


async def test_what_comes_back_is_taken_back(session: Session, world: World) -> None:
    offer_id = await make_offer(session, world, limits={None: Limit(500, 1)})
    made = await reserved(session, world, offer_id)
    await service.redeem(session, world.tenant_id, made.code, use(), NOW)
    await make_sale(session, world)
    part = Refund(external_id="a", at=NOW, amount_minor=600)
    await make_sale(session, world, updated_at=NOW + timedelta(seconds=1), refunds=(part,))
    await heard(session, world)
    assert await budget(session, world, offer_id) == NOTHING | {"spent_minor": 300, "spent_uses": 1}  # 600 of 1500
    assert (await coupon(session, world, made.code)).status == "redeemed"
    rest = Refund(external_id="b", at=NOW, amount_minor=900)
    await make_sale(session, world, updated_at=NOW + timedelta(seconds=2), refunds=(part, rest))
    await heard(session, world)
    assert await budget(session, world, offer_id) == NOTHING | {"held_minor": 500, "held_uses": 1}
    assert (await coupon(session, world, made.code)).status == "committed"
    (row,) = (await session.execute(select(RedemptionRow).execution_options(populate_existing=True))).scalars()
    assert (row.returned_minor, row.reversed_at) == (500, NOW)
    again = await service.redeem(session, world.tenant_id, made.code, use("R-2"), NOW)
    assert isinstance(again, Redeemed)
    assert again.is_new


async def test_a_cancelled_order_and_goods_that_are_brought_back(session: Session, world: World) -> None:
    offer_id = await make_offer(session, world, limits={None: Limit(1000, None)})
    for n, over in enumerate([{"status": Status.CANCELLED}, {}]):
        made = await reserved(session, world, offer_id)
        await service.redeem(session, world.tenant_id, made.code, use(f"R-{n}"), NOW)
        await make_sale(session, world, f"R-{n}", **over)
        if not over:
            back = (Line(quantity_milli=-1000, total_minor=-1500, unit_price_minor=1500, name="Train"),)
            brought = {"lines": back, "subtotal_minor": -1500, "discount_minor": 0, "total_minor": -1500}
            await make_sale(session, world, "R-9", return_of=f"R-{n}", **brought)
        await heard(session, world)
        assert (await coupon(session, world, made.code)).status == "committed"
        assert (await budget(session, world, offer_id))["spent_minor"] == 0
        await service.release(session, world.tenant_id, made.coupon_id, NOW)


# --- margins ----------------------------------------------------------------------------------------------------------


async def test_margins_of_store_and_tenant(session: Session, world: World) -> None:
    here = await make_store(session, world)
    assert await service.margin_of(session, world.tenant_id, here) is None
    await store.set_margin(session, world.tenant_id, world.tenant_id, {"margin_percent": 30, "floor_percent": 10}, NOW)
    assert await service.margin_of(session, world.tenant_id, here) == 30
    await store.set_margin(session, world.tenant_id, here, {"margin_percent": 22, "floor_percent": None}, NOW)
    found = await service.margins_at(session, world.tenant_id, here)
    assert (found.margin_percent, found.floor_percent) == (22, 10)


# --- many at once -----------------------------------------------------------------------------------------------------


@pytest.fixture
async def many(committed: AsyncEngine) -> tuple[Sessions, World]:
    sessions = make_sessions(committed)
    async with sessions() as session:
        world = await make_world(session)
    return sessions, world


async def in_own(many: tuple[Sessions, World], work: Any) -> Any:
    sessions, world = many
    async with transaction(sessions, world.tenant_id) as session:
        return await work(session, world)


async def test_a_code_is_used_once_however_many_come_at_once(many: tuple[Sessions, World]) -> None:
    offer_id = await in_own(many, lambda s, w: make_offer(s, w, limits={None: Limit(5000, None)}))
    made = await in_own(many, lambda s, w: reserved(s, w, offer_id))

    async def one(n: int) -> Any:
        return await in_own(many, lambda s, w: service.redeem(s, w.tenant_id, made.code, use(f"R-{n // 2}"), NOW))

    done = await asyncio.gather(*(one(n) for n in range(16)))
    new = [each for each in done if isinstance(each, Redeemed) and each.is_new]
    assert len(new) == 1
    assert sum(isinstance(each, Redeemed) for each in done) == 2  # the same receipt, sent twice
    assert done.count(Refusal.ALREADY_REDEEMED) == 14
    spent = await in_own(many, lambda s, w: budget(s, w, offer_id))
    assert spent == NOTHING | {"spent_minor": 500, "spent_uses": 1}


async def test_no_budget_is_exceeded_and_all_comes_back_on_failure(many: tuple[Sessions, World]) -> None:
    store_id = await in_own(many, lambda s, w: make_store(s, w))
    limits = {None: Limit(5000, None), store_id: Limit(3500, None)}
    offer_id = await in_own(many, lambda s, w: make_offer(s, w, limits=limits))

    async def one(n: int) -> Any:
        at = store_id if n % 2 else None
        return await in_own(
            many, lambda s, w: service.reserve(s, w.tenant_id, offer_id, None, None, SOON, now=NOW, store_id=at)
        )

    made = [each for each in await asyncio.gather(*(one(n) for n in range(24))) if isinstance(each, Reserved)]
    assert len(made) == 10  # of 24 that asked, for 50.00 in steps of 5.00
    held = await in_own(many, lambda s, w: budget(s, w, offer_id))
    assert held == NOTHING | {"held_minor": 5000, "held_uses": 10}
    assert (await in_own(many, lambda s, w: budget(s, w, offer_id, store_id)))["held_minor"] <= 3500
    await asyncio.gather(
        *(in_own(many, lambda s, w, c=each: service.release(s, w.tenant_id, c.coupon_id, NOW)) for each in made * 2)
    )
    for place in (offer_id, store_id):
        assert await in_own(many, lambda s, w, p=place: budget(s, w, offer_id, p)) == NOTHING


async def test_using_releasing_and_changing_at_once_keep_the_books(many: tuple[Sessions, World]) -> None:
    """What is held and spent is always what the coupons and uses say, whatever happened in which order."""
    offer_id = await in_own(many, lambda s, w: make_offer(s, w, limits={None: Limit(6000, None)}))
    made = [await in_own(many, lambda s, w: reserved(s, w, offer_id)) for _ in range(8)]

    async def limit(session: Session, world: World) -> None:
        await store.get_offer(session, world.tenant_id, offer_id, lock=True)
        await store.set_limits(session, world.tenant_id, offer_id, {})
        await store.set_limits(session, world.tenant_id, offer_id, {offer_id: Limit(6000, None)})

    works = [limit] * 3
    for n, each in enumerate(made):
        works.append(lambda s, w, c=each, n=n: service.redeem(s, w.tenant_id, c.code, use(f"R-{n}"), NOW))  # type: ignore[misc]
        works.append(lambda s, w, c=each: service.release(s, w.tenant_id, c.coupon_id, NOW))  # type: ignore[misc]
        works.append(lambda s, w, c=each: service.commit(s, w.tenant_id, c.coupon_id, NOW))  # type: ignore[misc]
    await asyncio.gather(*(in_own(many, work) for work in works))

    async def books(session: Session, world: World) -> tuple[Any, Any]:
        stated = await budget(session, world, offer_id)
        row = await session.execute(
            text(
                "SELECT coalesce(sum(held_minor) FILTER (WHERE status IN ('reserved', 'committed')), 0),"
                " count(*) FILTER (WHERE status IN ('reserved', 'committed')),"
                " (SELECT coalesce(sum(discount_minor), 0) FROM redemption WHERE tenant_id = :tenant_id),"
                " (SELECT count(*) FROM redemption WHERE tenant_id = :tenant_id)"
                " FROM coupon WHERE tenant_id = :tenant_id"
            ),
            {"tenant_id": world.tenant_id},
        )
        return list(stated.values()), list(row.one())

    stated, counted = await in_own(many, books)
    assert stated == counted


async def test_once_for_a_person_however_many_ask_at_once(many: tuple[Sessions, World]) -> None:
    mia = await in_own(many, lambda s, w: make_profile(s, w))
    offer_id = await in_own(
        many,
        lambda s, w: make_offer(s, w, limits={None: Limit(None, 50)}, conditions=OfferConditions(once_per_person=True)),
    )
    ask = lambda s, w: service.reserve(s, w.tenant_id, offer_id, mia, None, SOON, now=NOW)  # noqa: E731
    done = await asyncio.gather(*(in_own(many, ask) for _ in range(8)))
    assert sum(isinstance(each, Reserved) for each in done) == 1
    assert done.count(Refusal.ALREADY_GIVEN) == 7
    assert (await in_own(many, lambda s, w: budget(s, w, offer_id)))["held_uses"] == 1


async def test_printed_coupons_are_all_or_none(session: Session, world: World) -> None:
    offer_id = await make_offer(session, world, limits={None: Limit(5000, None)})
    row = await store.get_offer(session, world.tenant_id, offer_id, hold=True)
    made = await print_coupons(session, world.tenant_id, row, 10, SOON, NOW, batch_id=new_id(), store_id=None)
    assert isinstance(made, list)
    assert len({each.code for each in made}) == 10
    more = await print_coupons(session, world.tenant_id, row, 1, SOON, NOW, batch_id=new_id(), store_id=None)
    assert more is Refusal.BUDGET_USED_UP
    (held,) = (await session.execute(select(OfferBudgetRow).execution_options(populate_existing=True))).scalars()
    assert held.held_minor == 5000
