"""Journeys: coming in by every trigger, going through steps, leaving, coming in again, and edits meanwhile."""

from datetime import UTC, datetime, time, timedelta
from typing import Any
from zoneinfo import ZoneInfo

import httpx
import pytest
from sqlalchemy import select, text

from geoengage.campaigns.models import JourneyEntry
from geoengage.kit.db import Session, Sessions
from geoengage.messaging.models import Gate
from geoengage.offers.models import CouponRow
from geoengage.offers.rules import SecondItem
from geoengage.profiles.rules import EventsRecorded, ProfileMerged
from tests.campaign_rows import make_store
from tests.factories import make_world
from tests.journey_rows import NOW, Shop, hours
from tests.offer_rows import make_offer

LOOKED = {"kind": "event", "event": {"name": "Product Viewed"}}


@pytest.fixture
async def shop(client: httpx.AsyncClient, session: Session, sessions: Sessions) -> Shop:
    return Shop(client, session, sessions, await make_world(session))


def say(title: str, id_: str | None = None) -> dict[str, Any]:
    return {"kind": "message", "title": title, "body": "…"} | ({"id": id_} if id_ else {})


def wait(seconds: int, id_: str | None = None) -> dict[str, Any]:
    return {"kind": "wait", "seconds": seconds} | ({"id": id_} if id_ else {})


async def test_an_event_with_properties_starts_it_once_and_its_values_are_in_the_text(shop: Shop) -> None:
    for name in ("Ana", "Ben", "Cid"):
        await shop.person(name)
    where = [{"property": "price", "op": "gte", "value": 50}]
    await shop.campaign(
        {"kind": "event", "event": {"name": "Product Viewed", "where": where}},
        title="{{ first_name }}, the {{ trigger.label }}?",
    )
    event = await shop.did("Ana", "Product Viewed", label="Train", price=60)
    await shop.did("Ben", "Product Viewed", label="Puzzle", price=20)
    await shop.did("Cid", "Order Seen", label="Train", price=60)
    assert await shop.go() == {"Ana": ["Ana, the Train?"]}
    await shop.hear(EventsRecorded(event_ids=[event], is_claim=False, at=NOW), NOW)  # told twice
    assert await shop.go(NOW + hours(1)) == {"Ana": ["Ana, the Train?"]}


async def test_a_browsers_claim_starts_marketing_without_its_words_and_nothing_else(shop: Shop) -> None:
    await shop.person("Ana")
    await shop.campaign(LOOKED, title="Still {{ trigger.label | default: 'there' }}?")
    await shop.did("Ana", "Product Viewed", is_claim=True, label="evil.example")
    assert await shop.go() == {"Ana": ["Still there?"]}


async def test_what_was_told_a_day_late_starts_nothing(shop: Shop) -> None:
    await shop.person("Ana")
    await shop.campaign(LOOKED)
    row = await shop.did("Ana", "Other", at=NOW - hours(25))
    await shop.session.execute(text("UPDATE event SET name = 'Product Viewed' WHERE id = :id"), {"id": row})
    await shop.hear(EventsRecorded(event_ids=[row], is_claim=False, at=NOW), NOW)
    assert await shop.go() == {}


async def test_steps_in_order_with_waits_and_a_branch(shop: Shop) -> None:
    for name in ("Ana", "Ben"):
        await shop.person(name)
    steps = [
        say("One"),
        wait(3600),
        {
            "kind": "branch",
            "when": {"kind": "event", "name": "Cart Viewed", "where": []},
            "then": [say("Saw it")],
            "otherwise": [wait(60), say("Did not")],
        },
        {"kind": "wait_until", "at": "18:00"},
        say("Last"),
    ]
    made = await shop.campaign(LOOKED, steps=steps)
    assert [step["id"] for step in made["steps"]] == ["step-1", "step-2", "step-3", "step-7", "step-8"]
    assert made["title"] == "One"
    assert any(line == "Wait 1 hour." for line in made["says"]), made["says"]
    for name in ("Ana", "Ben"):
        await shop.did(name, "Product Viewed")
    assert await shop.go() == {"Ana": ["One"], "Ben": ["One"]}
    await shop.did("Ana", "Cart Viewed", at=NOW + hours(0.5))
    assert await shop.go(NOW + hours(0.9)) == {"Ana": ["One"], "Ben": ["One"]}
    assert await shop.go(NOW + hours(1)) == {"Ana": ["One", "Saw it"], "Ben": ["One"]}
    assert await shop.go(NOW + hours(1.1)) == {"Ana": ["One", "Saw it"], "Ben": ["One", "Did not"]}
    done = await shop.go(NOW + timedelta(days=1))
    assert done == {"Ana": ["One", "Saw it", "Last"], "Ben": ["One", "Did not", "Last"]}
    assert set((await shop.entries()).values()) == {("step-8", "finished")}


async def test_one_win_back_for_a_person_in_six_months(shop: Shop) -> None:
    """Whoever of two begins first, also in one moment; a merge keeps the later place."""
    for name in ("Ana", "Ben", "Cid"):
        await shop.person(name)
    kinds = {"One": "Left", "Two": "Gone"}
    for title, event in kinds.items():
        steps = [say(title), wait(86_400), say(f"{title} again")]
        await shop.campaign({"kind": "event", "event": {"name": event}}, steps=steps, win_back=True)
    other = [say("Other")]
    await shop.campaign({"kind": "event", "event": {"name": "Gone"}}, steps=other)
    await shop.did("Ana", "Left")
    assert await shop.go() == {"Ana": ["One"]}
    for name in ("Ana", "Ben"):
        await shop.did(name, "Gone", at=NOW + hours(1))
    await shop.did("Ben", "Left", at=NOW + hours(1))
    first = await shop.go(NOW + hours(1))
    assert sorted(first["Ana"]) == ["One", "Other", "[cap]"]
    assert sorted(first["Ben"])[1:] == ["Two", "[cap]"] or sorted(first["Ben"]) == ["One", "Other", "[cap]"]
    done = await shop.go(NOW + hours(26))
    assert sorted(done["Ana"]) == ["One", "One again", "Other", "[cap]", "[cap]"]
    assert len(done["Ben"]) == 5

    merged = ProfileMerged(profile_id=shop.people["Ana"], into_id=shop.people["Cid"], source="test", at=NOW + hours(30))
    await shop.hear(merged, NOW + hours(30))
    await shop.did("Cid", "Gone", at=NOW + hours(31))
    assert (await shop.go(NOW + hours(31)))["Cid"].count("[cap]") == 1, "Cid is Ana, who was won back"
    await shop.session.execute(text("UPDATE win_back_place SET started_at = started_at - interval '181 days'"))
    assert (await shop.go(NOW + hours(60)))["Cid"].count("[cap]") == 2, "held back to its end"
    await shop.did("Cid", "Gone", at=NOW + hours(61))
    assert "Two" in (await shop.go(NOW + hours(61)))["Cid"]


READERS = {
    "Ana": ("de-CH", "Für Sie: 20 % Rabatt auf jedes zweite Stück"),
    "Ben": ("lv", "Jums: 20 % atlaide katrai otrajai precei"),
    "Cid": ("pt", "Yours: 20 % off every second piece"),
    "Dan": (None, "Yours: 20 % off every second piece"),
}


async def test_text_and_offers_label_are_in_the_readers_language(shop: Shop) -> None:
    """Also of the code that is kept; where a text has no language of its own, the tenant's."""
    offer_id = await make_offer(shop.session, shop.world, benefit=SecondItem(kind="second_item", percent=20))
    for name, (language, _) in READERS.items():
        await shop.person(name, locale=language)
    texts = {"de": "Für Sie", "lv": "Jums"}
    said = {tag: {"title": f"{words}: {{{{ offer.label }}}}", "body": "…"} for tag, words in texts.items()}
    step = say("Yours: {{ offer.label }}") | {"offer_id": str(offer_id), "texts": said}
    made = await shop.campaign(LOOKED, steps=[step])
    assert made["steps"][0]["texts"] == said
    assert "(also in: de, lv)" in " ".join(made["says"])
    for name in READERS:
        await shop.did(name, "Product Viewed")
    assert await shop.go() == {name: [title] for name, (_, title) in READERS.items()}
    labels = await shop.session.scalars(select(CouponRow.label).where(CouponRow.profile_id == shop.people["Ben"]))
    assert labels.all() == ["20 % atlaide katrai otrajai precei"]
    broken = step | {"texts": {"de": {"title": "{{ offer.label", "body": "…"}}}
    body = {"name": "Broken", "trigger": LOOKED, "steps": [broken]}
    answer = await shop.client.post("/v1/campaigns", json=body, headers=shop.world.sk_headers)
    assert [each["pointer"] for each in answer.json()["errors"]] == ["#/steps/step-1/texts/de/title"]
    await shop.set_tenant(default_language="de")
    await shop.campaign({"kind": "event", "event": {"name": "Asked"}}, steps=[step | {"texts": {}}])
    await shop.did("Cid", "Asked", at=NOW + hours(1))
    assert (await shop.go(NOW + hours(1)))["Cid"][-1] == "Yours: 20 % Rabatt auf jedes zweite Stück"


async def test_a_purchase_ends_it_at_once_and_withdraws_what_waits(shop: Shop) -> None:
    await shop.person("Ana")
    await shop.campaign(LOOKED, steps=[say("One"), wait(3600), say("Two")])
    await shop.did("Ana", "Product Viewed")
    await shop.go()
    await shop.ordered("Ana", at=NOW + hours(0.1))
    assert await shop.go(NOW + hours(0.1)) == {"Ana": ["One"]}
    assert await shop.entries() == {"Ana": ("step-2", "bought")}
    (message,) = await shop.messages()
    (entry,) = await shop.session.scalars(select(JourneyEntry).where(JourneyEntry.tenant_id == shop.world.tenant_id))
    gates = [g.key for g in await shop.session.scalars(select(Gate).where(Gate.tenant_id == shop.world.tenant_id))]
    assert gates == [f"entry:{entry.id}"]
    assert f"entry:{entry.id}" in message.gates
    assert await shop.go(NOW + hours(2)) == {"Ana": ["One"]}


async def test_an_event_ends_it_and_so_does_leaving_a_segment_in_time(shop: Shop) -> None:
    await shop.person("Ana")
    await shop.campaign(LOOKED, steps=[wait(3600), say("Two")], exits={"event": {"name": "Called Us"}})
    await shop.did("Ana", "Product Viewed")
    await shop.go()
    await shop.did("Ana", "Called Us", at=NOW + hours(0.2))
    assert await shop.go(NOW + hours(0.2)) == {}
    assert await shop.entries() == {"Ana": ("step-1", "event")}


async def test_one_at_a_time_and_then_by_the_rule(shop: Shop) -> None:
    await shop.person("Ana")
    await shop.campaign(LOOKED, steps=[wait(60), say("One")], reentry={"kind": "after", "days": 2})
    await shop.did("Ana", "Product Viewed")
    await shop.did("Ana", "Product Viewed", at=NOW + hours(0.001))
    await shop.go(NOW + hours(0.002))
    assert await shop.go(NOW + hours(1)) == {"Ana": ["One"]}
    await shop.did("Ana", "Product Viewed", at=NOW + hours(47))
    await shop.go(NOW + hours(47))
    assert await shop.go(NOW + hours(47.9)) == {"Ana": ["One"]}
    await shop.did("Ana", "Product Viewed", at=NOW + hours(49))
    await shop.go(NOW + hours(49))
    assert await shop.go(NOW + hours(50)) == {"Ana": ["One", "One"]}


async def test_an_edit_moves_only_those_whose_step_is_gone(shop: Shop) -> None:
    for name in ("Ana", "Ben"):
        await shop.person(name)
    steps = [wait(3600, "w1"), say("One", "m1"), wait(3600, "w2"), say("Two", "m2")]
    made = await shop.campaign(LOOKED, steps=steps)
    await shop.did("Ana", "Product Viewed")
    await shop.go()
    await shop.go(NOW + hours(1))  # Ana stands at w2
    await shop.did("Ben", "Product Viewed", at=NOW + hours(1))
    await shop.go(NOW + hours(1))  # Ben stands at w1
    await shop.patch(made, steps=[wait(7200, "w1"), say("One", "m1"), say("New", "m3"), say("Two!", "m2")])
    assert await shop.entries() == {"Ana": ("m2", None), "Ben": ("w1", None)}
    later = max(datetime.now(UTC), NOW + hours(2)) + timedelta(seconds=1)  # the edit was made now
    found = await shop.go(later)
    assert {name: sorted(texts) for name, texts in found.items()} == {
        "Ana": ["One", "Two!"],
        "Ben": ["New", "One", "Two!"],
    }


async def test_a_pause_lets_people_stand_and_deleting_ends_it(shop: Shop) -> None:
    for name in ("Ana", "Ben"):
        await shop.person(name)
    made = await shop.campaign(LOOKED, steps=[wait(60), say("One"), wait(60), say("Two")])
    await shop.did("Ana", "Product Viewed")
    await shop.go()
    await shop.post(f"/v1/campaigns/{made['id']}/pause")
    await shop.did("Ben", "Product Viewed")  # nobody comes in
    assert await shop.go(NOW + hours(1)) == {}
    await shop.post(f"/v1/campaigns/{made['id']}/activate")
    assert await shop.go(NOW + hours(1)) == {"Ana": ["One"]}
    gone = await shop.client.delete(f"/v1/campaigns/{made['id']}", headers=shop.world.sk_headers)
    assert gone.status_code == 204
    assert (await shop.entries())["Ana"][1] == "campaign_over"
    assert await shop.go(NOW + hours(2)) == {"Ana": ["One"]}


async def test_a_message_waits_for_the_morning_on_the_persons_own_clock(shop: Shop) -> None:
    """Quiet hours are 21 to 8; in Zurich it is noon, in Tokyo evening, in Honolulu night."""
    await shop.set_tenant(quiet_start=time(21), quiet_end=time(8))
    await shop.person("Tokyo", timezone="Asia/Tokyo")
    await shop.person("Honolulu", timezone="Pacific/Honolulu")
    await shop.campaign(LOOKED)
    for name in ("Tokyo", "Honolulu"):
        await shop.did(name, "Product Viewed")
    assert await shop.go() == {"Tokyo": ["Hi Tokyo"]}  # 19:00 there
    assert await shop.go(datetime.combine(NOW.date(), time(17, 59), UTC)) == {"Tokyo": ["Hi Tokyo"]}
    found = await shop.go(datetime.combine(NOW.date(), time(18, 0), UTC))
    assert found == {"Tokyo": ["Hi Tokyo"], "Honolulu": ["Hi Honolulu"]}  # 8:00 there


async def test_a_cart_is_left_and_nothing_ordered_since(shop: Shop) -> None:
    for name in ("Ana", "Ben"):
        await shop.person(name)
    await shop.campaign({"kind": "cart", "cart": {"after_minutes": 240}}, title="Your {{ trigger.lines }} things")
    for name in ("Ana", "Ben"):
        await shop.left_a_cart(name)
    await shop.ordered("Ben", at=NOW + hours(0.5))
    assert await shop.go(NOW + hours(0.4)) == {}
    assert await shop.go(NOW + hours(4)) == {"Ana": ["Your 2 things"]}
    assert "Ben" not in await shop.entries(), "nothing is kept of who is not meant"


@pytest.mark.parametrize(("currency", "total"), [("CHF", "10.00"), ("JPY", "1000"), ("KWD", "1.000")])
async def test_an_orders_total_has_the_decimals_of_its_currency(shop: Shop, currency: str, total: str) -> None:
    await shop.person("Ana")
    await shop.campaign({"kind": "order"}, title="{{ trigger.total }} {{ trigger.currency }}")
    await shop.ordered("Ana", currency=currency)
    assert await shop.go() == {"Ana": [f"{total} {currency}"]}


async def test_what_is_said_about_an_order_is_not_ended_by_the_next(shop: Shop) -> None:
    """What was so by default falls away with the change; whoever asks for it is told why not."""
    steps = [say("One"), wait(3600), say("Two")]
    made = await shop.campaign(LOOKED, steps=steps, activate=False)
    assert made["exits"]["purchase"] is True
    order = {"kind": "order", "event": None, "order": {"channels": []}}
    changed = await shop.patch(made, trigger=order, purpose="transactional")
    assert changed["exits"]["purchase"] is False
    path = f"/v1/campaigns/{made['id']}"
    read = await shop.client.get(path, headers=shop.world.sk_headers)
    headers = shop.world.sk_headers | {"If-Match": read.headers["etag"]}
    refused = await shop.client.patch(path, json={"exits": {"purchase": True}}, headers=headers)
    assert refused.status_code == 422
    assert [(e["pointer"], e["detail"]) for e in refused.json()["errors"]] == [
        ("#/exits/purchase", "what is said about an order is not ended by the next order: who buys stays in it")
    ]
    marketing = await shop.patch(changed, purpose="marketing", exits={"purchase": True})
    assert marketing["exits"]["purchase"] is True, "after-sales that a second order ends may be wanted"
    assert (await shop.patch(marketing, purpose="transactional"))["exits"]["purchase"] is False


async def test_an_order_is_answered_whatever_the_hour_and_the_caps(shop: Shop) -> None:
    await shop.set_tenant(quiet_start=time(0), quiet_end=time(23, 59), daily_cap=1, holdout_percent=50)
    await shop.person("Ana", marketing_push="denied", personalisation="denied")
    made = await shop.campaign(
        {"kind": "order", "order": {"channels": ["web"]}}, purpose="transactional", title="Order {{ trigger.order }}",
        cap={"count": 0, "per_days": 1}, activate=False,
    )  # fmt: skip
    assert made["exits"]["purchase"] is False
    await shop.post(f"/v1/campaigns/{made['id']}/activate")
    await shop.post(f"/v1/campaigns/{made['id']}/approve")
    await shop.ordered("Ana", channel="pos")
    assert await shop.go() == {}
    await shop.ordered("Ana")
    await shop.ordered("Ana")
    assert await shop.go() == {"Ana": ["Order A-1", "Order A-1"]}


async def test_the_calendar_in_local_time_once_a_day_each(shop: Shop) -> None:
    await shop.person("Ana", timezone="Europe/Zurich")
    await shop.person("Tom", timezone="America/New_York")
    await shop.person("Zoe", timezone=None)
    at = NOW + timedelta(days=3)
    made = await shop.campaign(
        {"kind": "schedule", "schedule": {"at": "09:00", "clock": "person"}}, valid_from=NOW.isoformat()
    )
    assert "at 09:00 of the person’s own time" in made["says"][0]
    zurich = datetime.combine(at.date(), time(9), ZoneInfo("Europe/Zurich")).astimezone(UTC)
    new_york = datetime.combine(at.date(), time(9), ZoneInfo("America/New_York")).astimezone(UTC)
    assert await shop.go(zurich - timedelta(seconds=1)) == {}
    assert await shop.go(zurich) == {"Ana": ["Hi Ana"], "Zoe": ["Hi Zoe"]}
    assert await shop.go(zurich + hours(1)) == {"Ana": ["Hi Ana"], "Zoe": ["Hi Zoe"]}
    assert (await shop.go(new_york))["Tom"] == ["Hi Tom"]
    late = zurich + timedelta(days=1, hours=7)  # the worker was away in the morning: that day is left out
    assert (await shop.go(late))["Ana"] == ["Hi Ana"]


async def test_birthdays_and_days_before_a_date(shop: Shop) -> None:
    day = NOW.date() + timedelta(days=2)
    await shop.person("Ana", {"birthday": f"1990-{day:%m-%d}"})
    await shop.person("Ben", {"birthday": f"1990-{day + timedelta(days=1):%m-%d}"})
    await shop.person("Cid", {"birthday": "soon"})
    await shop.person("Dan", {"birthday": f"1990-{day:%m-%d}"}, personalisation="denied")
    await shop.campaign({"kind": "date", "date": {"trait": "birthday", "days": -2, "at": "09:00"}},
                        valid_from=(NOW - timedelta(days=1)).isoformat(), activate=True)  # fmt: skip
    await shop.session.execute(
        text("UPDATE campaign SET activated_at = :at WHERE tenant_id = :t"),
        {"at": NOW - timedelta(days=1), "t": shop.world.tenant_id},
    )
    await shop.session.commit()
    found = await shop.go(datetime.combine(NOW.date(), time(10), UTC))
    assert found["Ana"] == ["Hi Ana"]
    assert set(found) <= {"Ana", "Dan"}
    assert found.get("Dan", ["[no_consent]"]) == ["[no_consent]"]


async def test_who_has_no_phone_is_passed_over_with_a_reason(shop: Shop) -> None:
    await shop.person("Ana", phone=False)
    await shop.campaign(LOOKED)
    await shop.did("Ana", "Product Viewed")
    assert await shop.go() == {"Ana": ["[no_address]"]}


async def test_more_ways_than_one_go_to_the_person(shop: Shop) -> None:
    await shop.person("Ana")
    await shop.campaign(LOOKED, channels=["push", "email"], steps=[say("Hi {{ first_name }}")])
    await shop.did("Ana", "Product Viewed")
    assert await shop.go() == {"Ana": ["Hi Ana"]}
    (message,) = await shop.messages()
    assert (message.device_id, message.channels) == (None, ["push", "email"])


async def test_merged_people_are_in_it_once(shop: Shop) -> None:
    for name in ("Ana", "Anna"):
        await shop.person(name)
    await shop.campaign(LOOKED, steps=[wait(60), say("One")])
    for name in ("Ana", "Anna"):
        await shop.did(name, "Product Viewed")
    await shop.go()
    merged = ProfileMerged(profile_id=shop.people["Anna"], into_id=shop.people["Ana"], source="test", at=NOW)
    await shop.hear(merged, NOW)
    found = await shop.go(NOW + hours(1))
    assert found == {"Ana": ["One"]}


async def test_the_fair_choice_of_one_moment(shop: Shop) -> None:
    """Of three at once one may go: first the priority, then whose turn it is."""
    await shop.set_tenant(daily_cap=1)
    await shop.person("Ana")
    stores = [await make_store(shop.session, shop.world, name=name) for name in ("Bakery", "Florist")]
    await shop.session.commit()
    for store_id, name in zip(stores, ("Bread", "Roses"), strict=True):
        await shop.campaign(LOOKED, title=name, store_id=str(store_id))
    low = await shop.campaign(LOOKED, title="Whatever", priority=9)
    await shop.did("Ana", "Product Viewed")
    first = (await shop.go())["Ana"]
    assert sorted(first)[1:] == ["[outranked]", "[outranked]"] or sorted(first)[:2] == ["[outranked]", "[outranked]"]
    winner = next(title for title in first if title in ("Bread", "Roses"))
    await shop.did("Ana", "Product Viewed", at=NOW + hours(25))
    second = (await shop.go(NOW + hours(25)))["Ana"][3:]
    assert next(title for title in second if not title.startswith("[")) == ({"Bread", "Roses"} - {winner}).pop()
    await shop.patch(low, priority=1)
    await shop.did("Ana", "Product Viewed", at=NOW + hours(50))
    third = (await shop.go(NOW + hours(50)))["Ana"][6:]
    assert sorted(third) == ["Whatever", "[outranked]", "[outranked]"]


async def test_a_coupon_of_ones_own_while_there_are_some(shop: Shop) -> None:
    for name in ("Ana", "Ben"):
        await shop.person(name)
    offer = await shop.client.post(
        "/v1/offers",
        json={
            "name": "Ten", "currency": "CHF", "status": "active", "benefit": {"kind": "percent", "percent": 10},
            "budget": {"uses": 1},
        },
        headers=shop.world.sk_headers,
    )  # fmt: skip
    assert offer.status_code == 201, offer.text
    step = say("{{ offer.label }}: {{ offer.code }}") | {"offer_id": offer.json()["id"]}
    await shop.campaign(LOOKED, steps=[step])
    for name in ("Ana", "Ben"):
        await shop.did(name, "Product Viewed")
    found = await shop.go()
    assert sorted(texts[0] == "[no_offer]" for texts in found.values()) == [False, True]
    (message,) = [m for m in await shop.messages() if m.status == "queued"]
    coupon = (await shop.session.execute(text("SELECT code, message_id FROM coupon"))).one()
    assert coupon.message_id == message.id
    assert coupon.code in message.title.replace("-", "") or coupon.code in message.title


@pytest.mark.parametrize("over", [{"title": "{{ offer.code }}"}, {"offer_id": "01a2241f-87a3-76d0-b2d4-0d937a817225"}])
async def test_what_somebody_waits_for_carries_no_offer(shop: Shop, over: dict[str, Any]) -> None:
    body = {"name": "O", "title": "t", "body": "b", "trigger": {"kind": "order"}, "purpose": "transactional"} | over
    answer = await shop.client.post("/v1/campaigns", json=body, headers=shop.world.sk_headers)
    assert answer.status_code == 422
    assert "carries no offer" in answer.text
