"""The league over HTTP: from orders to the table; what a store's own key sees of it."""

from datetime import UTC, datetime, timedelta
from uuid import UUID

import httpx
from sqlalchemy import text

from geoengage.kit.clock import utc_now
from geoengage.kit.db import Session
from geoengage.marketplace.rules.league import month_before
from geoengage.tenancy.rules import KeyKind
from tests.campaign_rows import make_store
from tests.factories import World, make_key_row, make_world

_ORDERS = """
INSERT INTO shop_order (tenant_id, id, source, external_id, ordered_at, source_updated_at, status, stated_status,
  currency, store_id, channel, identifier_id, subtotal_minor, discount_minor, shipping_minor, tax_minor, total_minor,
  refunded_minor, content_hash)
SELECT :t, gen_random_uuid(), 'test', gen_random_uuid()::text, :at, now(), :status, :status, :currency, :store, 'pos',
  w.id, 1000, 0, 0, 0, 1000, :refunded, '' FROM (SELECT id FROM identifier WHERE tenant_id = :t
  ORDER BY CAST(value AS int) LIMIT :people) AS w
"""
_PEOPLE = """
WITH who AS (INSERT INTO profile (tenant_id, id, external_id) SELECT :t, gen_random_uuid(), n::text
  FROM generate_series(1, 30) n RETURNING id, external_id)
INSERT INTO identifier (tenant_id, id, kind, value, profile_id, origin_profile_id, is_verified, source, created_at)
SELECT :t, gen_random_uuid(), 'external_id', external_id, id, id, true, 'test', now() FROM who
"""


async def sell(
    session: Session, world: World, store: UUID, back: int, people: int, *, currency: str = "EUR", refunded: int = 0,
    status: str = "paid",
) -> None:  # fmt: skip
    """An order of 10.00 of each of the first so many people, in the month so many before the last that is over."""
    month = month_before(utc_now().date().replace(day=1), back + 1)
    at = datetime(month.year, month.month, 10, tzinfo=UTC)
    names = {"t": world.tenant_id, "at": at, "status": status, "currency": currency, "store": store}
    await session.execute(text(_ORDERS), names | {"people": people, "refunded": refunded})


async def league(client: httpx.AsyncClient, key: str, **query: str) -> dict[str, object]:
    answer = await client.get("/v1/stores/league", params=query, headers={"Authorization": f"Bearer {key}"})
    assert answer.status_code == 200, answer.text
    found: dict[str, object] = answer.json()
    return found


async def test_the_table_of_a_month(client: httpx.AsyncClient, session: Session) -> None:
    """An old store shrinks, a new one is no growth, cancelled orders and refunds count as they should."""
    world = await make_world(session)
    await session.execute(text(_PEOPLE), {"t": world.tenant_id})
    old, new, empty = [await make_store(session, world, name=name) for name in ("Old", "New", "Empty")]
    await sell(session, world, old, 5, 12)
    await sell(session, world, old, 1, 24)
    await sell(session, world, old, 0, 12, refunded=250)
    await sell(session, world, old, 0, 15, status="cancelled")
    await sell(session, world, old, 0, 3, currency="CHF")
    await sell(session, world, new, 0, 30)
    await session.commit()

    found = await league(client, world.sk)

    rows = {row["name"]: row for row in found["rows"]}  # type: ignore[attr-defined]
    assert list(rows) == ["New", "Old", "Empty"]
    one = rows["Old"]
    assert (one["customers"], one["orders"], one["orders_in_other_currencies"]) == (12, 15, 3)
    assert (one["revenue_minor"], one["before_minor"], one["same_store"]) == (9000, 24_000, True)
    assert (one["retention"], one["growth"]) == (0.5, 9000 / 24_000 - 1)
    assert one["trend"][-6:] == [12_000, 0, 0, 0, 24_000, 9000]
    assert (rows["New"]["same_store"], rows["New"]["growth"], rows["New"]["cohort"]) == (False, None, found["month"])
    assert (rows["Empty"]["cohort"], rows["Empty"]["revenue_minor"], rows["Empty"]["store_id"]) == (None, 0, str(empty))
    (total,) = found["totals"]  # type: ignore[misc]
    assert (total["revenue_minor"], total["new_revenue_minor"], total["same_growth"]) == (39_000, 30_000, one["growth"])
    assert total["growth"] > 0
    assert found["cohorts"][0]["cohort"] == found["month"]  # type: ignore[index]
    assert found["quartiles"] == []


async def test_a_store_sees_itself_and_quartiles(client: httpx.AsyncClient, session: Session) -> None:
    """No name, no total, no cohort of others; with fewer than ten stores not even quartiles."""
    world = await make_world(session)
    await session.execute(text(_PEOPLE), {"t": world.tenant_id})
    stores = [await make_store(session, world, name=f"Neighbour {n}") for n in range(10)]
    for store in stores[:9]:
        await sell(session, world, store, 0, 20)
    key = await make_key_row(session, world.tenant_id, KeyKind.SECRET, store_ids=[stores[0]], scopes=["read"])
    await session.commit()
    assert "Neighbour 1" not in str(await league(client, key))

    found = await league(client, key)
    assert [row["store_id"] for row in found["rows"]] == [str(stores[0])]  # type: ignore[attr-defined]
    assert (found["totals"], found["cohorts"]) == ([], [])
    measures = {each["measure"] for each in found["quartiles"]}  # type: ignore[attr-defined]
    assert "revenue_minor" not in measures  # one of ten has no currency

    await sell(session, world, stores[9], 0, 20)
    await session.commit()
    again = await league(client, key)
    assert {"measure": "revenue_minor", "currency": "EUR", "low": 20_000, "middle": 20_000, "high": 20_000} in again[
        "quartiles"
    ]  # type: ignore[operator]


async def test_a_month_is_written_so(client: httpx.AsyncClient, session: Session) -> None:
    """Anything else is refused with its reason; one without orders is empty."""
    world = await make_world(session)
    await session.commit()
    for text_ in ("2026", "2026-13", "x"):
        answer = await client.get("/v1/stores/league", params={"month": text_}, headers=world.sk_headers)
        assert answer.status_code == 422
    then = (utc_now() - timedelta(days=400)).strftime("%Y-%m")
    found = await league(client, world.sk, month=then)
    assert (found["month"], found["rows"]) == (then, [])
