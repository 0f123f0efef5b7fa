"""The proof of a campaign over HTTP, on the supermarket trial's planted effect, beside other queries."""

import csv
import io
import itertools
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID

import httpx
import numpy as np
import pytest
from sqlalchemy import text

from geoengage.kit.db import Session
from geoengage.kit.ids import new_id
from geoengage.offers.models import MarginRow
from geoengage.proof.rules.winback import MARGIN
from geoengage.tenancy.rules import KeyKind
from tests.campaign_rows import make_store
from tests.factories import World, make_key_row, make_world
from tests.proof_rows import FIRST, HELD_PERCENT, decide, make_campaign, plant
from tests.supermarket_trial import MESSAGE_MINOR, PLAN

PLAN_BODY = {"window_days": PLAN.window_days, "days": PLAN.days, "decides": "conversion", "smallest_effect": 0.25}
# ruff: noqa: S608 - SQL of ours


async def put(client: httpx.AsyncClient, world: World, path: str, body: Any, status: int = 200) -> Any:
    answer = await client.put(path, json=body, headers=world.sk_headers)
    assert answer.status_code == status, answer.text
    return answer.json()


async def get(client: httpx.AsyncClient, world: World, path: str, **query: Any) -> Any:
    answer = await client.get(path, params=query, headers=world.sk_headers)
    assert answer.status_code == 200, answer.text
    return answer.json()


async def price(client: httpx.AsyncClient, session: Session, world: World, percent: int = round(100 * MARGIN)) -> None:
    """What the proof's money needs."""
    session.add(MarginRow(tenant_id=world.tenant_id, place_id=world.tenant_id, margin_percent=percent))
    await session.commit()
    items = [{"channel": "fcm", "country": None, "thousand_minor": round(1000 * MESSAGE_MINOR), "currency": "CHF"}]
    await put(client, world, "/v1/message-costs", {"items": items})


@pytest.fixture
async def world(session: Session) -> World:
    return await make_world(session, timezone="UTC", holdout_percent=HELD_PERCENT, is_demo=True)  # exact


# Independent of the tables and code of experiments: the first message says who was meant to get it.
BY_PERSON = """
WITH decided AS (
  SELECT m.person_id, min(m.created_at) AS at, bool_or(m.blockers = '{holdout}') AS held
  FROM message m WHERE m.tenant_id = :t AND m.campaign_id = :c GROUP BY 1)
SELECT d.held,
  (SELECT coalesce(sum(o.total_minor - o.refunded_minor), 0) FROM shop_order o
   JOIN identifier i ON i.id = o.identifier_id
   WHERE o.tenant_id = :t AND i.profile_id = d.person_id AND o.ordered_at >= d.at
     AND o.ordered_at < d.at + interval '30 days') AS money,
  (SELECT coalesce(sum(o.discount_minor), 0) FROM shop_order o JOIN identifier i ON i.id = o.identifier_id
   WHERE o.tenant_id = :t AND i.profile_id = d.person_id AND o.ordered_at >= d.at
     AND o.ordered_at < d.at + interval '30 days') AS off,
  (SELECT coalesce(sum(o.total_minor), 0) FROM shop_order o JOIN identifier i ON i.id = o.identifier_id
   WHERE o.tenant_id = :t AND i.profile_id = d.person_id AND o.ordered_at < d.at
     AND o.ordered_at >= d.at - interval '90 days') AS before,
  (SELECT count(DISTINCT (o.ordered_at AT TIME ZONE 'UTC')::date) FROM shop_order o
   JOIN identifier i ON i.id = o.identifier_id
   WHERE o.tenant_id = :t AND i.profile_id = d.person_id AND (o.ordered_at AT TIME ZONE 'UTC')::date < d.at::date
     AND (o.ordered_at AT TIME ZONE 'UTC')::date >= d.at::date - 90) AS days,
  (SELECT d.at::date - max((o.ordered_at AT TIME ZONE 'UTC')::date) FROM shop_order o
   JOIN identifier i ON i.id = o.identifier_id WHERE o.tenant_id = :t AND i.profile_id = d.person_id
     AND (o.ordered_at AT TIME ZONE 'UTC')::date < d.at::date) AS silent
FROM decided d
"""


async def by_person(session: Session, world: World, campaign_id: UUID) -> dict[str, np.ndarray]:
    rows = (await session.execute(text(BY_PERSON), {"t": world.tenant_id, "c": campaign_id})).all()
    names = ("held", "money", "off", "before", "days", "silent")
    return {name: np.array([float(row[n]) for row in rows]) for n, name in enumerate(names)}


async def test_a_planted_effect_is_found(client: httpx.AsyncClient, session: Session, world: World) -> None:
    campaign = await make_campaign(session, world, "Win back")
    await put(client, world, f"/v1/campaigns/{campaign}/experiment", PLAN_BODY)
    planted = await plant(session, world, campaign)
    await price(client, session, world)
    found = await get(client, world, f"/v1/campaigns/{campaign}/proof")
    people = await by_person(session, world, campaign)
    sent, held = people["held"] == 0, people["held"] == 1
    assert (found["people_sent"], found["people_held"]) == (sent.sum(), held.sum())
    assert found["first_on"] == planted.first_on.isoformat()
    by_name = {each["outcome"]: each for each in found["findings"]}
    for name, values in (("conversion", people["money"] > 0), ("revenue", people["money"])):
        each = by_name[name]
        assert each["mean_sent"] == pytest.approx(values[sent].mean())
        assert each["mean_held"] == pytest.approx(values[held].mean())
        # CUPED's estimate is the coefficient of the arm in a regression on the arm and what was before.
        arm = np.column_stack(
            [np.ones(len(sent)), sent, people["before"], people["days"], people["silent"].clip(0, 90)]
        )
        slope = np.linalg.lstsq(arm, values.astype(float), rcond=None)[0][1]
        plain = values[sent].mean() - values[held].mean()
        assert each["value"] == pytest.approx(slope if each["adjusted"] else plain, rel=1e-6)
        assert each["low"] < each["value"] < each["high"]
    assert by_name["revenue"]["adjusted"]
    # ROI: margin on the price before the discount, against discount and messages.
    gain = MARGIN * (people["money"] + people["off"])
    cost = people["off"] + MESSAGE_MINOR * sent
    up, down = (part[sent].mean() - part[held].mean() for part in (gain, cost))
    assert found["roi"]["gain_minor"] == pytest.approx(up, rel=1e-6)
    assert found["roi"]["cost_minor"] == pytest.approx(down, rel=1e-6)
    assert found["roi"]["low"] < found["roi"]["value"] < found["roi"]["high"]
    # The truth, which nobody can see: both fates of everybody.
    fates = planted.trial.treated - planted.trial.untreated
    assert by_name["conversion"]["low"] <= fates[:, 0].mean() <= by_name["conversion"]["high"]
    assert by_name["revenue"]["low"] <= fates[:, 1].mean() <= by_name["revenue"]["high"]
    assert [m["what"] for m in found["missing"]] == ["value_model"]
    assert found["incentive_costs"] == {"tenant": people["off"][sent].sum(), "store": 0.0}
    assert found["message_costs"] == {"fcm": pytest.approx(MESSAGE_MINOR * sent.sum())}
    assert found["steps"][0] == {"name": "sent", "people": sent.sum()}
    assert found["steps"][-1]["people"] == (people["money"] > 0)[sent].sum()


async def test_missing_inputs_are_named(client: httpx.AsyncClient, session: Session, world: World) -> None:
    campaign = await make_campaign(session, world, "Win back")
    planted = await plant(session, world, campaign, people=620)
    path = f"/v1/campaigns/{campaign}/proof"
    found = await get(client, world, path)
    assert found["roi"] is None
    assert [m["what"] for m in found["missing"]] == ["margin", "value_model"]
    assert found["missing"][0]["link"].startswith("/")
    assert found["message_costs"] == {"fcm": 0.0}  # push is free unless somebody says otherwise
    await session.execute(
        text("UPDATE message SET channel = 'email' WHERE tenant_id = :t AND status = 'sent'"), {"t": world.tenant_id}
    )
    await price(client, session, world)
    found = await get(client, world, path)
    assert [m["what"] for m in found["missing"]] == ["message_cost", "value_model"]
    assert (found["roi"], found["message_costs"], found["credit"]["roas"]) == (None, None, None)
    for currency, missing in (("EUR", ["other_currency", "value_model"]), ("CHF", ["value_model"])):
        items = [{"channel": "email", "country": "CH", "thousand_minor": 1500, "currency": currency}]
        await put(client, world, "/v1/message-costs", {"items": items})
        found = await get(client, world, path)
        assert [m["what"] for m in found["missing"]] == missing
    assert found["message_costs"]["email"] == pytest.approx(1.5 * (~planted.simulated.held_out).sum())
    assert found["roi"] is not None


async def test_refunds_late_orders_and_merges(client: httpx.AsyncClient, session: Session, world: World) -> None:
    campaign = await make_campaign(session, world, "Win back")
    await put(client, world, f"/v1/campaigns/{campaign}/experiment", PLAN_BODY)
    planted = await plant(session, world, campaign, people=420)
    path = f"/v1/campaigns/{campaign}/proof"

    async def means() -> tuple[float, float, Any]:
        found = await get(client, world, path)
        one = next(f for f in found["findings"] if f["outcome"] == "conversion")
        return one["mean_sent"] * one["people_sent"], one["mean_held"] * one["people_held"], found

    buyers_sent, buyers_held, _ = await means()
    people = await by_person(session, world, campaign)
    assert round(buyers_sent) == ((people["money"] > 0) & (people["held"] == 0)).sum()
    # Everything that one buyer of each arm bought in the window goes back, one by refund, one over the counter.
    sent, held = (
        next(n for n in np.flatnonzero(side) if planted.trial.seen[n, 0] > 0)
        for side in (~planted.simulated.held_out, planted.simulated.held_out)
    )
    window = {"t": world.tenant_id}
    for n, how in ((sent, "refund"), (held, "return")):
        at = FIRST + timedelta(days=float(planted.simulated.at[n]))
        window |= {"p": planted.profiles[n], "at": at}
        mine = (
            "tenant_id = :t AND identifier_id IN (SELECT id FROM identifier WHERE profile_id = :p)"
            " AND ordered_at >= :at AND ordered_at < CAST(:at AS timestamptz) + interval '30 days'"
        )
        if how == "refund":
            await session.execute(text(f"UPDATE shop_order SET refunded_minor = total_minor WHERE {mine}"), window)
        else:
            await session.execute(
                text(
                    "INSERT INTO shop_order (tenant_id, id, source, external_id, ordered_at, source_updated_at, status,"
                    " stated_status, currency, channel, identifier_id, subtotal_minor, discount_minor, shipping_minor,"
                    " tax_minor, total_minor, refunded_minor, return_of, content_hash)"
                    " SELECT tenant_id, gen_random_uuid(), source, 'R' || external_id, now(), now(), 'paid', 'paid',"
                    " currency, channel, identifier_id, -total_minor, 0, 0, 0, -total_minor, 0, external_id, 'x'"
                    f" FROM shop_order WHERE {mine}"
                ),
                window,
            )
    await session.commit()
    after_sent, after_held, found = await means()
    assert (round(after_sent), round(after_held)) == (round(buyers_sent) - 1, round(buyers_held) - 1)
    assert found["crossed"] == 0
    # Twelve people of the holdout turn out to be twelve who got it, with older profiles: then those count.
    pairs = list(
        zip(np.flatnonzero(planted.simulated.held_out)[:12], np.flatnonzero(~planted.simulated.held_out), strict=False)
    )
    for young, old in pairs:
        await session.execute(
            text("UPDATE profile SET created_at = created_at - interval '1 day' WHERE tenant_id = :t AND id = :old"),
            {"t": world.tenant_id, "old": planted.profiles[old]},
        )
        await session.execute(
            text("UPDATE profile SET merged_into = :old WHERE tenant_id = :t AND id = :young"),
            {"t": world.tenant_id, "old": planted.profiles[old], "young": planted.profiles[young]},
        )
        await session.execute(
            text("UPDATE identifier SET profile_id = :old WHERE tenant_id = :t AND profile_id = :young"),
            {"t": world.tenant_id, "old": planted.profiles[old], "young": planted.profiles[young]},
        )
    await session.commit()
    merged = await get(client, world, path)
    assert merged["crossed"] == 12
    assert merged["people_held"] == found["people_held"] - 12
    assert merged["people_sent"] == found["people_sent"]


async def test_who_takes_part(client: httpx.AsyncClient, session: Session, world: World) -> None:
    """First decisions count; limits of attention are of both arms, all else of none; later ones move nobody."""
    campaign = await make_campaign(session, world, "Win back")
    people = [new_id() for _ in range(7)]
    at = datetime.now(UTC) - timedelta(hours=2)
    for person in people:
        await session.execute(
            text("INSERT INTO profile (tenant_id, id) VALUES (:t, :id)"), {"t": world.tenant_id, "id": person}
        )
    decided = [
        ("sent", [], at), ("skipped", ["holdout"], at), ("skipped", ["holdout", "quiet_hours"], at),
        ("skipped", ["cap", "cooldown"], at), ("skipped", ["no_consent"], at), ("skipped", ["holdout", "cap"], at),
        ("sent", [], at),
    ]  # fmt: skip
    await decide(session, world, campaign, people, [new_id() for _ in people], decided)
    later = [("skipped", ["holdout"], at + timedelta(minutes=1)), ("sent", [], at + timedelta(minutes=1))]
    await decide(session, world, campaign, people[:2], [new_id() for _ in range(2)], later)
    rows = await session.execute(
        text("SELECT person_id, side FROM experiment_person WHERE tenant_id = :t"), {"t": world.tenant_id}
    )
    sides = {row.person_id: row.side for row in rows}
    assert [sides.get(person, "").replace("campaign_", "").replace("tenant_", "") for person in people] == [
        "sent", "holdout", "", "sent", "", "holdout", "sent",
    ]  # fmt: skip
    found = await get(client, world, f"/v1/campaigns/{campaign}/proof")
    assert found["people_sent"] == 3


async def test_csv_and_plan(client: httpx.AsyncClient, session: Session, world: World) -> None:
    campaign = await make_campaign(session, world, "Win back")
    path = f"/v1/campaigns/{campaign}"
    assert (await get(client, world, f"{path}/experiment"))["version"] == 0
    found = await put(client, world, f"{path}/experiment", PLAN_BODY)
    assert (found["version"], found["since"][:10]) == (1, (FIRST + timedelta(days=170)).date().isoformat())
    assert (await put(client, world, f"{path}/experiment", PLAN_BODY))["version"] == 1
    await plant(session, world, campaign, people=420)
    await session.commit()
    answer = await client.get(f"{path}/proof", params={"format": "csv"}, headers=world.sk_headers)
    assert answer.headers["content-type"].startswith("text/csv")
    rows = {row["number"]: row for row in csv.DictReader(io.StringIO(answer.text.removeprefix("\ufeff")))}
    told = await get(client, world, f"{path}/proof")
    assert float(rows["conversion"]["value"]) == told["findings"][0]["value"]
    assert rows["roi"]["unit"] == "not computable: margin"
    # Another plan after the first decision begins anew, now.
    found = await put(client, world, f"{path}/experiment", PLAN_BODY | {"window_days": 14})
    assert found["since"][:10] == datetime.now(UTC).date().isoformat()
    assert (await get(client, world, f"{path}/proof"))["headline"] == "Nobody has come to it yet."
    for wrong in (
        {"days": 20},
        {"decides": "clicks"},
        {"variants": [{"name": "A", "weight": 1, "title": "a", "body": "b"}]},
    ):
        await put(client, world, f"{path}/experiment", PLAN_BODY | wrong, 422)
    variants = [{"name": n, "weight": 1, "title": "{{ nonsense", "body": "b"} for n in "AB"]
    refused = await put(client, world, f"{path}/experiment", PLAN_BODY | {"variants": variants}, 422)
    assert refused["errors"][0]["pointer"] == "#/variants/0/title"


async def test_shops_see_their_own(client: httpx.AsyncClient, session: Session, world: World) -> None:
    mine, other = [await make_store(session, world, name=name) for name in ("Mine", "Other")]
    campaigns = [await make_campaign(session, world, "A", store_id=store) for store in (mine, other)]
    for n, campaign in enumerate(campaigns):
        await plant(session, world, campaign, seed=n, people=420)
    await session.execute(
        text("UPDATE shop_order SET store_id = :s WHERE tenant_id = :t"), {"s": mine, "t": world.tenant_id}
    )
    key = await make_key_row(session, world.tenant_id, KeyKind.SECRET, store_ids=[mine])
    await session.commit()
    shop = {"Authorization": f"Bearer {key}"}
    answers = [await client.get(f"/v1/campaigns/{c}/proof", headers=shop) for c in campaigns]
    assert [a.status_code for a in answers] == [200, 404]
    assert answers[0].json()["findings"][1]["mean_sent"] > 0
    whole = (await get(client, world, f"/v1/campaigns/{campaigns[1]}/proof"))["findings"]
    assert all(
        f["mean_sent"] in (None, 0) for f in whole if f["outcome"] == "revenue"
    )  # nothing was bought at the other
    refused = await client.put("/v1/message-costs", json={"items": []}, headers=shop)
    assert refused.status_code == 403
    quarter = (FIRST + timedelta(days=185)).date().isoformat()
    own = (await client.get("/v1/proof", params={"quarter": quarter}, headers=shop)).json()
    both = await get(client, world, "/v1/proof", quarter=quarter)
    assert 0 < own["people_sent"] < both["people_sent"]


async def test_credit_goes_to_the_last_opened(client: httpx.AsyncClient, session: Session, world: World) -> None:
    """Two campaigns, opened one after the other: the order belongs to the later one, and to none after three days."""
    campaigns = [await make_campaign(session, world, name) for name in ("First", "Second")]
    planted = [await plant(session, world, campaigns[0], people=420, effect=False)][0]
    sent = np.flatnonzero(~planted.simulated.held_out)[:30]
    at = FIRST + timedelta(days=200)
    for minutes, campaign in ((0, campaigns[0]), (60, campaigns[1])):
        when = at + timedelta(minutes=minutes)
        ids = await decide(
            session, world, campaign, [planted.profiles[n] for n in sent], [planted.devices[n] for n in sent],
            [("sent", [], when)] * len(sent),
        )  # fmt: skip
        await session.execute(
            text("UPDATE message SET opened_at = :at WHERE id = ANY(:ids)"),
            {"at": when + timedelta(minutes=5), "ids": ids},
        )
    await session.execute(text("DELETE FROM shop_order WHERE tenant_id = :t"), {"t": world.tenant_id})
    for n, (person, hours) in enumerate([(p, h) for p in sent[:20] for h in (0.5, 5, 80)]):
        await session.execute(
            text(
                "INSERT INTO shop_order (tenant_id, id, source, external_id, ordered_at, source_updated_at, status,"
                " stated_status, currency, channel, identifier_id, subtotal_minor, discount_minor, shipping_minor,"
                " tax_minor, total_minor, refunded_minor, content_hash) SELECT :t, gen_random_uuid(), 'x', :n, :at,"
                " :at, 'paid', 'paid', 'CHF', 'pos', i.id, 1000, 0, 0, 0, 1000, 250, 'x' FROM identifier i"
                " WHERE i.tenant_id = :t AND i.profile_id = :p"
            ),
            {"t": world.tenant_id, "n": str(n), "at": at + timedelta(hours=hours), "p": planted.profiles[person]},
        )
    await session.commit()
    first, second = [(await get(client, world, f"/v1/campaigns/{c}/proof"))["credit"] for c in campaigns]
    assert (first["orders"], first["money_minor"]) == (20, 20 * 750)  # half an hour after the first, before the second
    assert (second["orders"], second["money_minor"]) == (20, 20 * 750)
    assert first["is_causal"] is False


async def test_revenue_after_messages_by_month(client: httpx.AsyncClient, session: Session, world: World) -> None:
    campaign = await make_campaign(session, world, "Win back")
    assert (await client.get(f"/v1/campaigns/{campaign}", headers=world.sk_headers)).status_code == 200
    await plant(session, world, campaign, people=420)
    await session.execute(
        text("UPDATE message SET opened_at = sent_at WHERE tenant_id = :t AND status = 'sent'"), {"t": world.tenant_id}
    )
    await session.commit()
    found = await get(client, world, "/v1/direct-revenue")
    sums = await session.execute(
        text(
            "SELECT date_trunc('month', o.ordered_at AT TIME ZONE 'UTC')::date, sum(o.total_minor) FROM shop_order o"
            " JOIN identifier i ON i.id = o.identifier_id WHERE o.tenant_id = :t AND EXISTS (SELECT FROM message m"
            " WHERE m.tenant_id = :t AND m.person_id = i.profile_id AND m.opened_at <= o.ordered_at"
            " AND o.ordered_at < m.opened_at + interval '3 days') AND o.ordered_at < date_trunc('day', now())"
            " GROUP BY 1"
        ),
        {"t": world.tenant_id},
    )
    expected = {first.isoformat(): int(total) for first, total in sums}
    months = {month["first"]: month for month in found["months"]}
    told = {first: round(m["money_minor"]) for first, m in months.items() if m["money_minor"]}
    begun = (FIRST + timedelta(days=181)).date().replace(day=1)  # a month of which not all messages are kept is no data
    assert told == {first: total for first, total in expected.items() if first > begun.isoformat()}
    whole = [m for m in found["months"] if m["is_over"] and m["money_minor"]]
    for one, two in itertools.pairwise(whole):
        assert two["growth"] == pytest.approx(two["money_minor"] / one["money_minor"] - 1)
    assert len(found["months"]) == 24
    assert found["months"][0]["money_minor"] is None
