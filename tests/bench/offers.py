"""How much pricing costs: CPU of `offers.rules.price` for 20 lines and 20 offers. `python -m tests.bench.offers`"""

import time
from datetime import UTC, datetime
from uuid import UUID

from geoengage.commerce.rules import Channel
from geoengage.offers.rules import (
    AmountOff,
    BuyGet,
    Cart,
    Context,
    FreeDelivery,
    Item,
    Margins,
    Offer,
    OfferTerms,
    PercentOff,
    SecondItem,
    Targets,
    price,
)

AT = datetime(2026, 6, 1, 10, tzinfo=UTC)
ROUNDS = 300


def main() -> None:
    """Print prices a second of CPU."""
    items = tuple(
        Item(
            key=f"l{n}", quantity_milli=1000 * (1 + n % 3), unit_price_minor=199 + 37 * n, product_id=UUID(int=n),
            category=f"Food > {n % 5}", brand=f"b{n % 4}", cost_minor=100 + 20 * n,
        )
        for n in range(20)
    )  # fmt: skip
    kinds = (
        PercentOff(percent=10), AmountOff(amount_minor=300), SecondItem(percent=50), BuyGet(buy=2, get=1),
        FreeDelivery(),
    )  # fmt: skip
    offers = [
        Offer(
            id=UUID(int=n), name=f"offer {n}", currency="CHF",
            terms=OfferTerms(
                benefit=kinds[n % 5], group=None if n % 4 == 0 else f"g{n % 3}",
                targets=Targets(brands=(f"b{n % 4}",)) if n % 2 else Targets(),
            ),
        )
        for n in range(20)
    ]  # fmt: skip
    cart = Cart(currency="CHF", items=items, channel=Channel.POS, delivery_minor=700)
    context = Context(timezone="Europe/Zurich", margins=Margins(floor_percent=15, margin_percent=30))
    start = time.process_time()
    for _ in range(ROUNDS):
        priced = price(cart, offers, AT, context)
    took = time.process_time() - start
    print(  # noqa: T201 - its output
        f"20 lines x 20 offers: {ROUNDS / took:,.0f} prices/s of CPU, {took / ROUNDS * 1000:.2f} ms each;"
        f" {sum(judged.why_not is None for judged in priced.offers)} offers hold"
    )


if __name__ == "__main__":
    main()
