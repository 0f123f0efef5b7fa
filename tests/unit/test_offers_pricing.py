"""Pricing: tables for each kind, and properties that hold for any cart and any offers."""

from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from geoengage.commerce.rules import Channel
from geoengage.metrics.rules import Degree
from geoengage.offers.rules import (
    Among,
    AmountOff,
    Bundle,
    BuyGet,
    Cart,
    Context,
    CrossSell,
    FreeDelivery,
    Gift,
    Item,
    Margins,
    Offer,
    OfferConditions,
    OfferHours,
    OfferStatus,
    OfferTerms,
    PercentOff,
    Priced,
    SecondItem,
    Targets,
    WhyNot,
    floor_minor,
    price,
    refund_minor,
    share_out,
)

NOON = datetime(2026, 6, 1, 10, tzinfo=UTC)  # a Monday, 12:00 in Zurich
STORE, OTHER_STORE = UUID(int=901), UUID(int=902)
GOODS = [UUID(int=100 + n) for n in range(6)]
CATEGORIES = ["Toys", "Toys > Trains", "Food", None]


def item(n: int, price_minor: int, quantity: float = 1, **over: Any) -> Item:
    given = {"product_id": GOODS[n], "category": CATEGORIES[n % 4], "brand": f"b{n % 2}", "name": f"thing {n}"}
    return Item(
        key=over.pop("key", f"l{n}"),
        quantity_milli=round(quantity * 1000),
        unit_price_minor=price_minor,
        **given | over,
    )


def cart(*items: Item, **over: Any) -> Cart:
    return Cart(**{"currency": "CHF", "items": items, "store_id": STORE, "channel": Channel.WEB} | over)


def offer(n: int, benefit: Any, **over: Any) -> Offer:
    of_terms = {name: over.pop(name) for name in OfferTerms.model_fields if name in over}
    terms = OfferTerms(benefit=benefit, **of_terms)
    return Offer(id=UUID(int=n), name=f"offer {n}", currency="CHF", terms=terms, **over)


def only(priced: Priced) -> tuple[int, WhyNot | None]:
    (judged,) = priced.offers
    return judged.discount_minor, judged.why_not


THREE = cart(item(0, 1000), item(1, 600, 2), item(2, 250))  # 24.50 CHF


@pytest.mark.parametrize(
    "benefit, over, less",
    [
        (PercentOff(percent=10), {}, 245),
        (PercentOff(percent=15), {"targets": Targets(brands=("b1",))}, 180),
        (PercentOff(percent=50), {"targets": Targets(categories=("Toys",))}, 1100),  # with Toys > Trains below it
        (PercentOff(percent=50), {"max_discount_minor": 300}, 300),
        (AmountOff(amount_minor=500), {}, 500),
        (AmountOff(amount_minor=5000), {"targets": Targets(product_ids=(GOODS[2],))}, 250),
        (SecondItem(percent=50), {}, 425),  # pairs (10.00, 6.00) and (6.00, 2.50)
        (SecondItem(percent=50, times=1), {}, 300),
        (SecondItem(percent=50, among=Among.SAME_CATEGORY), {}, 300),
        (SecondItem(percent=50, among=Among.CHEAPEST), {}, 425),
        (SecondItem(percent=50, among=Among.CHEAPEST, times=1), {}, 125),
        (BuyGet(buy=2, get=1), {}, 250),
        (BuyGet(buy=1, get=1), {}, 850),
        (BuyGet(buy=1, get=1, times=1), {}, 250),
        (Gift(product_id=GOODS[2]), {}, 250),
        (Bundle(product_ids=(GOODS[0], GOODS[1]), price_minor=1300), {}, 300),
        (CrossSell(product_id=GOODS[1], price_minor=400), {"targets": Targets(product_ids=(GOODS[0],))}, 200),
    ],
)
def test_what_each_kind_takes_off(benefit: Any, over: dict[str, Any], less: int) -> None:
    priced = price(THREE, [offer(1, benefit, **over)], NOON, Context())
    assert only(priced) == (less, None)
    assert (priced.subtotal_minor, priced.total_minor) == (2450, 2450 - less)
    assert sum(share.minor for line in priced.lines for share in line.shares) == less


def test_free_delivery_and_what_is_weighed() -> None:
    weighed = cart(item(0, 399, 1.345), delivery_minor=700)
    assert weighed.items[0].list_minor == 537
    priced = price(weighed, [offer(1, FreeDelivery()), offer(2, BuyGet(buy=1, get=1), group=None)], NOON, Context())
    assert (priced.delivery_minor, priced.total_minor) == (0, 537)
    assert [judged.why_not for judged in priced.offers] == [None, WhyNot.TOO_FEW]
    paid = price(
        weighed, [offer(1, FreeDelivery())], NOON, Context(margins=Margins(floor_percent=10, margin_percent=50))
    )
    assert only(paid) == (0, WhyNot.MARGIN_FLOOR)  # 5.37 − 2.99 leaves no 7.00


@pytest.mark.parametrize(
    "over, context, why",
    [
        ({"status": OfferStatus.PAUSED}, {}, WhyNot.NOT_ACTIVE),
        ({"valid_from": NOON + timedelta(days=1)}, {}, WhyNot.NOT_STARTED),
        ({"valid_to": NOON}, {}, WhyNot.ENDED),
        ({"store_id": OTHER_STORE}, {}, WhyNot.OTHER_STORE),
        ({"conditions": OfferConditions(store_ids=(OTHER_STORE,))}, {}, WhyNot.OTHER_STORE),
        ({"conditions": OfferConditions(channels=(Channel.POS,))}, {}, WhyNot.OTHER_CHANNEL),
        ({"conditions": OfferConditions(days=("tue",))}, {}, WhyNot.NOT_NOW),
        ({"conditions": OfferConditions(hours=OfferHours(start="08:00", end="12:00"))}, {}, WhyNot.NOT_NOW),
        ({"conditions": OfferConditions(hours=OfferHours(start="12:00", end="02:00"))}, {}, None),
        ({"conditions": OfferConditions(with_code=True)}, {}, WhyNot.NEEDS_CODE),
        ({"conditions": OfferConditions(with_code=True)}, {"codes": {UUID(int=1): None}}, None),
        ({"conditions": OfferConditions(first_order=True)}, {}, WhyNot.PERSON_UNKNOWN),
        ({"conditions": OfferConditions(first_order=True)}, {"orders": 0}, None),
        ({"conditions": OfferConditions(first_order=True)}, {"orders": 2}, WhyNot.NOT_FIRST_ORDER),
        ({"conditions": OfferConditions(once_per_person=True)}, {}, WhyNot.PERSON_UNKNOWN),
        (
            {"conditions": OfferConditions(once_per_person=True)},
            {"orders": 1, "used": frozenset({UUID(int=1)})},
            WhyNot.ALREADY_USED,
        ),
        ({"conditions": OfferConditions(min_basket_minor=2451)}, {}, WhyNot.BELOW_MINIMUM),
        ({"conditions": OfferConditions(min_basket_minor=2450)}, {}, None),
        ({"targets": Targets(brands=("none",))}, {}, WhyNot.NOTHING_FOR_IT),
        ({"tiers": {Degree.MARKED: 20}}, {}, WhyNot.NO_TIER),
        ({"tiers": {Degree.MARKED: 20}}, {"decline": Degree.MARKED}, None),
        ({"left_minor": 244}, {}, WhyNot.BUDGET_USED_UP),
        ({"left_minor": 245, "left_uses": 1}, {}, None),
        ({"left_uses": 0}, {}, WhyNot.BUDGET_USED_UP),
        ({"left_uses": 0}, {"codes": {UUID(int=1): None}}, None),
    ],
)
def test_conditions(over: dict[str, Any], context: dict[str, Any], why: WhyNot | None) -> None:
    asked = Context(**{"timezone": "Europe/Zurich"} | context)
    priced = price(THREE, [offer(1, PercentOff(percent=10), **over)], NOON, asked)
    assert only(priced)[1] is why
    assert priced.offers[0].words


def test_reasons_are_sentences_with_what_is_missing() -> None:
    minimum = offer(1, PercentOff(percent=10), conditions=OfferConditions(min_basket_minor=3000))
    (judged,) = price(THREE, [minimum], NOON, Context()).offers
    assert judged.words == "5.50 CHF more in the cart are needed."
    tiered = offer(1, PercentOff(percent=10), tiers={Degree.SEVERE: 30})
    (judged,) = price(THREE, [tiered], NOON, Context(decline=Degree.SEVERE)).offers
    assert judged.words == "30 % off: 7.35 CHF less."
    (judged,) = price(THREE, [tiered], NOON, Context(codes={tiered.id: 20})).offers
    assert judged.discount_minor == 490  # the coupon's promise, whatever the person is now


def test_one_of_a_group_wins_and_ties_are_said() -> None:
    a, b = offer(1, PercentOff(percent=10)), offer(2, PercentOff(percent=20))
    priced = price(THREE, [a, b], NOON, Context())
    assert [j.discount_minor for j in priced.offers] == [0, 490]
    assert priced.offers[0].words == "“offer 2” of the same group gives 2.45 CHF more."
    sooner = offer(3, PercentOff(percent=20), valid_to=NOON + timedelta(days=1))
    priced = price(THREE, [b, sooner], NOON, Context())
    assert [j.discount_minor for j in priced.offers] == [0, 490]
    assert priced.offers[0].words == "“offer 3” of the same group gives the same and ends sooner."
    both = price(THREE, [a, offer(2, PercentOff(percent=20), group=None)], NOON, Context())
    assert both.discount_minor == 735  # of list prices: they add up


def test_the_floor_keeps_a_part_and_says_so() -> None:
    cheap = cart(item(0, 1000, cost_minor=700))
    floor = Context(margins=Margins(floor_percent=20))
    priced = price(cheap, [offer(1, PercentOff(percent=20))], NOON, floor)
    assert priced.total_minor == 875
    assert priced.offers[0].held_minor == 75
    assert priced.offers[0].words == "20 % off: 1.25 CHF less. The margin floor kept 0.75 CHF of it."
    assert price(cheap, [offer(1, PercentOff(percent=20), margin_floor_percent=0)], NOON, floor).total_minor == 800
    unknown = cart(item(0, 1000))
    assert only(price(unknown, [offer(1, PercentOff(percent=20))], NOON, floor)) == (0, WhyNot.MARGIN_UNKNOWN)


# --- properties ------------------------------------------------------------------------------------------------------

_percents = st.integers(1, 100)
_products = st.sampled_from(GOODS)
_targets = st.builds(
    Targets,
    product_ids=st.lists(_products, max_size=2).map(tuple),
    categories=st.lists(st.sampled_from(["Toys", "Food"]), max_size=1).map(tuple),
    brands=st.lists(st.sampled_from(["b0", "b1"]), max_size=1).map(tuple),
)
_times = st.none() | st.integers(1, 3)
_benefits = st.one_of(
    st.builds(PercentOff, percent=_percents),
    st.builds(AmountOff, amount_minor=st.integers(1, 5000)),
    st.builds(SecondItem, percent=_percents, among=st.sampled_from(Among), times=_times),
    st.builds(BuyGet, buy=st.integers(1, 3), get=st.integers(1, 2), times=_times),
    st.builds(Gift, product_id=_products, quantity=st.integers(1, 2)),
    st.just(FreeDelivery()),
    st.builds(
        Bundle,
        product_ids=st.lists(_products, min_size=2, max_size=3, unique=True).map(tuple),
        price_minor=st.integers(1, 4000),
        times=_times,
    ),
    st.builds(CrossSell, product_id=_products, price_minor=st.integers(0, 900), times=_times),
)


@st.composite
def _offers(draw: st.DrawFn) -> list[Offer]:
    made = []
    for n in range(draw(st.integers(1, 6))):
        benefit, targets = draw(_benefits), draw(_targets)
        if isinstance(benefit, CrossSell):
            targets = Targets(brands=("b0", "b1"))
        made.append(
            offer(
                n + 1,
                benefit,
                targets=targets,
                group=draw(st.sampled_from([None, "main", "extra"])),
                margin_floor_percent=draw(st.none() | st.integers(0, 60)),
                max_discount_minor=draw(st.none() | st.integers(1, 2000)),
                conditions=OfferConditions(min_basket_minor=draw(st.none() | st.integers(1, 3000))),
                valid_to=draw(st.none() | st.just(NOON + timedelta(days=1))),
            )
        )
    return made


@st.composite
def _carts(draw: st.DrawFn) -> Cart:
    items = []
    for n in range(draw(st.integers(1, 6))):
        quantity = draw(st.integers(1, 5)) if draw(st.booleans()) else draw(st.integers(1, 4000)) / 1000
        price_minor = draw(st.integers(0, 3000))
        cost = draw(st.none() | st.integers(0, 3000))
        items.append(item(draw(st.integers(0, 5)), price_minor, quantity, cost_minor=cost, key=f"l{n}"))
    return cart(*items, delivery_minor=draw(st.sampled_from([0, 700])))


_contexts = st.builds(
    Context,
    margins=st.builds(
        Margins, floor_percent=st.none() | st.integers(0, 80), margin_percent=st.none() | st.integers(0, 80)
    ),
    orders=st.none() | st.integers(0, 2),
)
_sheet = settings(max_examples=60, deadline=None)


def floor_of(offer_: Offer, context: Context) -> int | None:
    own = offer_.terms.margin_floor_percent
    return context.margins.floor_percent if own is None else own


@_sheet
@given(_carts(), _offers(), _contexts)
def test_no_line_falls_below_a_floor_and_nothing_is_negative(
    cart_: Cart, offers: list[Offer], context: Context
) -> None:
    priced, by_id = price(cart_, offers, NOON, context), {each.id: each for each in offers}
    items, kept = {each.key: each for each in cart_.items}, 0
    for line in priced.lines:
        assert 0 <= line.net_minor <= line.list_minor
        assert line.net_minor == line.list_minor - sum(share.minor for share in line.shares)
        for share in line.shares:
            assert share.minor > 0
            floor = floor_minor(items[line.key], floor_of(by_id[share.offer_id], context), context.margins)
            assert floor is not None
            assert line.net_minor >= floor
    for judged in priced.offers:
        delivers = by_id[judged.offer_id].terms.benefit.kind == "free_delivery"
        percent = floor_of(by_id[judged.offer_id], context)
        if delivers and judged.discount_minor and percent is not None:
            floors = [floor_minor(each, percent, context.margins) or 0 for each in cart_.items]
            kept = sum(max(0, line.net_minor - floor) for line, floor in zip(priced.lines, floors, strict=True))
            assert kept >= judged.discount_minor
    assert 0 <= priced.delivery_minor <= cart_.delivery_minor
    assert priced.total_minor == priced.subtotal_minor - priced.discount_minor + priced.delivery_minor >= 0
    off = priced.discount_minor + cart_.delivery_minor - priced.delivery_minor
    assert sum(judged.discount_minor for judged in priced.offers) == off


@_sheet
@given(_carts(), _offers(), _contexts)
def test_one_winner_of_a_group_and_the_best(cart_: Cart, offers: list[Offer], context: Context) -> None:
    priced = price(cart_, offers, NOON, context)
    assert [j.offer_id for j in priced.offers] == sorted(o.id for o in offers)
    for judged in priced.offers:
        assert (judged.why_not is None) == (judged.discount_minor > 0)
        assert judged.words
    found = {judged.offer_id: judged for judged in priced.offers}
    for group in ("main", "extra"):
        of_group = [each for each in offers if each.terms.group == group]
        assert sum(found[each.id].discount_minor > 0 for each in of_group) <= 1
        alone = {each.id: price(cart_, [each], NOON, context).offers[0].discount_minor for each in of_group}
        beaten = [id_ for id_ in alone if found[id_].why_not is WhyNot.BEATEN]
        winners = [id_ for id_ in alone if id_ not in beaten and alone[id_]]
        assert len(winners) == (1 if any(alone.values()) else 0)
        assert not winners or alone[winners[0]] == max(alone.values())


@_sheet
@given(_carts(), _offers(), _contexts, st.randoms(use_true_random=False))
def test_neither_order_nor_channel_matters(cart_: Cart, offers: list[Offer], context: Context, random: Any) -> None:
    priced, items, shuffled = price(cart_, offers, NOON, context), list(cart_.items), list(offers)
    random.shuffle(items)
    random.shuffle(shuffled)
    for channel in Channel:
        again = price(cart(*items, delivery_minor=cart_.delivery_minor, channel=channel), shuffled, NOON, context)
        assert sorted(again.lines, key=lambda line: line.key) == sorted(priced.lines, key=lambda line: line.key)
        assert (again.offers, again.total_minor) == (priced.offers, priced.total_minor)


@_sheet
@given(_carts(), _offers(), _contexts, st.data())
def test_what_comes_back_in_parts_is_what_was_paid(
    cart_: Cart, offers: list[Offer], context: Context, data: st.DataObject
) -> None:
    for line in price(cart_, offers, NOON, context).lines:
        back = before = 0
        while before < line.quantity_milli:
            now = data.draw(st.integers(1, line.quantity_milli - before))
            part = refund_minor(line.net_minor, line.quantity_milli, before, now)
            assert part >= 0
            back, before = back + part, before + now
        assert back == line.net_minor


@_sheet
@given(
    st.dictionaries(
        st.text(min_size=1, max_size=3), st.tuples(st.integers(1, 10**6), st.integers(0, 10**6)), min_size=1, max_size=8
    ),
    st.integers(0, 10**7),
)
def test_sharing_gives_all_that_fits(lines: Mapping[str, tuple[int, int]], amount: int) -> None:
    weights = {key: weight for key, (weight, _) in lines.items()}
    rooms = {key: min(weight, room) for key, (weight, room) in lines.items()}
    given_ = share_out(amount, weights, rooms)
    assert sum(given_.values()) == min(amount, sum(rooms.values()))
    assert all(0 < minor <= rooms[key] for key, minor in given_.items())
