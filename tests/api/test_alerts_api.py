"""Early warnings and the first screen of a shop whose trade is known, over HTTP."""

from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

import httpx
import pytest
from sqlalchemy import text

from geoengage.kit import events
from geoengage.kit.db import Session, Sessions
from geoengage.lifecycle.jobs import warn_once
from geoengage.tenancy.rules import KeyKind
from tests.early_warning import Trader, make_trader, morning
from tests.factories import make_key_row

NOW = morning()


@pytest.fixture
async def trader(session: Session, app: Any) -> Trader:
    app.state.clock = lambda: NOW
    return await make_trader(session, NOW, is_demo=True)


async def ask(client: httpx.AsyncClient, trader: Trader, method: str, path: str, status: int = 200, **more: Any) -> Any:
    answer = await client.request(method, path, headers=trader.world.sk_headers | more.pop("headers", {}), **more)
    assert answer.status_code == status, answer.text
    return answer.json()


def by_metric(items: list[dict[str, Any]]) -> dict[str, dict[str, Any]]:
    return {item["metric"]: item for item in items}


async def test_an_alert_from_the_night_to_its_end(
    client: httpx.AsyncClient, sessions: Sessions, session: Session, trader: Trader, app: Any
) -> None:
    assert await warn_once(sessions, NOW) > 0
    assert await warn_once(sessions, NOW) == 0  # once a day
    found = by_metric((await ask(client, trader, "GET", "/v1/alerts"))["items"])
    revenue = found["revenue"]
    assert revenue["status"] == "open"
    assert not revenue["is_good"]
    assert -0.6 < revenue["change"] < -0.25
    assert revenue["driver"] | {"change": 0} == {"kind": "store", "id": str(trader.ill), "name": "Bern", "change": 0}
    assert revenue["driver"]["change"] < -0.5
    assert revenue["text"].startswith("Revenue fell by ")
    assert revenue["text"].endswith("which is unusual; most of it comes from “Bern”.")
    assert revenue["currency"] == "CHF"
    assert revenue["money_minor"] < -1_000_000
    assert revenue["money_text"].startswith("Expected loss CHF ")
    assert revenue["button"]["playbook"] == "cross-sell"
    told = [e for e in await events.read(session, trader.world.tenant_id, 0, 100) if e.type == "metric.alerted"]
    assert {e.payload["text"] for e in told} == {a["text"] for a in found.values()}

    snoozed = await ask(client, trader, "POST", f"/v1/alerts/{revenue['id']}/snooze", json={"days": 2})
    assert snoozed["status"] == "snoozed"
    open_ones = await ask(client, trader, "GET", "/v1/alerts?status=open")
    assert revenue["id"] not in [a["id"] for a in open_ones["items"]]
    app.state.clock = lambda: NOW + timedelta(days=3)
    assert (await ask(client, trader, "GET", f"/v1/alerts/{revenue['id']}"))["status"] == "open"
    app.state.clock = lambda: NOW
    gone = await ask(client, trader, "POST", f"/v1/alerts/{revenue['id']}/dismiss")
    assert gone["status"] == "dismissed"
    assert gone["decided_by"].startswith("secret_key")
    page = await ask(client, trader, "GET", "/v1/alerts?limit=1")
    rest = await ask(client, trader, "GET", f"/v1/alerts?cursor={page['next']}") if page["next"] else {"items": []}
    assert [a["id"] for a in page["items"] + rest["items"]] == sorted((a["id"] for a in found.values()), reverse=True)

    # four weeks later nothing has been sold for a while; what is old is over, and stays in the history
    later = NOW + timedelta(days=60)
    await warn_once(sessions, later)
    app.state.clock = lambda: later
    assert (await ask(client, trader, "GET", f"/v1/alerts/{revenue['id']}"))["status"] == "over"
    await ask(client, trader, "POST", f"/v1/alerts/{revenue['id']}/dismiss", 409)


async def test_what_was_put_off_wakes_up(sessions: Sessions, session: Session, trader: Trader) -> None:
    await warn_once(sessions, NOW)
    await session.execute(
        text("UPDATE alert SET status = 'snoozed', snoozed_until = :at WHERE metric = 'revenue'"),
        {"at": NOW + timedelta(hours=20)},
    )
    await session.commit()
    before = await _told(session, trader, "revenue")
    await warn_once(sessions, NOW + timedelta(days=1))
    assert await _told(session, trader, "revenue") == before + 1
    row = (await session.execute(text("SELECT status, snoozed_until FROM alert WHERE metric = 'revenue'"))).one()
    assert (row.status, row.snoozed_until) == ("open", None)


async def _told(session: Session, trader: Trader, metric: str) -> int:
    recorded = await events.read(session, trader.world.tenant_id, 0, 100)
    return sum(e.type == "metric.alerted" and e.payload["metric"] == metric for e in recorded)


async def test_the_first_screen(client: httpx.AsyncClient, sessions: Sessions, trader: Trader) -> None:
    await warn_once(sessions, NOW)
    overview = await ask(client, trader, "GET", "/v1/overview")
    assert [line["metric"] for line in overview["items"]][:5] == [
        "ltv", "ltv_predicted", "active", "at_risk", "churned",
    ]  # fmt: skip
    assert (overview["currency"], overview["has_orders"], overview["has_people"]) == ("CHF", True, False)
    lines = by_metric(overview["items"])
    revenue = lines["revenue"]
    assert revenue["tone"] == "bad"
    assert revenue["text"].startswith("CHF ")
    assert " came in within 28 days (was CHF " in revenue["text"]
    assert revenue["money_text"].startswith("Expected loss CHF ")
    assert revenue["money_minor"] < 0
    assert revenue["change"] == pytest.approx(revenue["value"] / revenue["before"] - 1)
    assert revenue["button"] == {"playbook": "cross-sell", "label": "Show them more"}
    assert revenue["alert_id"]
    assert lines["average_order_value"]["tone"] == "steady"
    assert lines["average_order_value"]["button"] is None
    assert lines["average_order_value"]["money_text"] is None
    assert lines["subscribers"]["tone"] == "unknown"
    assert lines["at_risk"]["text"].endswith("slowed down (was 0).") or lines["at_risk"]["value"] >= 0
    of_bern = by_metric((await ask(client, trader, "GET", f"/v1/overview?store_id={trader.ill}"))["items"])
    assert of_bern["revenue"]["value"] < revenue["value"]
    assert of_bern["revenue"]["alert_id"] is None
    await ask(client, trader, "GET", f"/v1/overview?store_id={trader.ill}&mall_id={trader.ill}", 422)


async def test_a_tenant_without_orders_has_nothing_to_tell(
    client: httpx.AsyncClient, session: Session, sessions: Sessions
) -> None:
    from tests.factories import make_world

    world = await make_world(session)
    assert await warn_once(sessions, NOW) == 0
    answer = await client.get("/v1/overview", headers=world.sk_headers)
    assert answer.status_code == 200, answer.text
    assert answer.json()["has_orders"] is False
    assert {line["tone"] for line in answer.json()["items"]} == {"unknown"}
    assert {line["button"] for line in answer.json()["items"]} == {None}


async def test_real_people_are_told_of_in_tens_only(
    client: httpx.AsyncClient, session: Session, sessions: Sessions, app: Any
) -> None:
    app.state.clock = lambda: NOW
    trader = await make_trader(session, NOW)
    await warn_once(sessions, NOW)
    overview = await ask(client, trader, "GET", "/v1/overview")
    for line in overview["items"]:
        if line["unit"] == "people" and line["value"] is not None:
            assert line["value"] == 0 or line["value"] >= 10, line
        if line["hidden"]:
            assert line["value"] is line["people"] is line["money_minor"] is None
    revenue = by_metric(overview["items"])["revenue"]
    assert datetime.fromisoformat(revenue["to"]).weekday() == 6  # whole weeks
    alert = by_metric((await ask(client, trader, "GET", "/v1/alerts"))["items"])["revenue"]
    assert alert["now"] == float(f"{alert['now']:.3g}")


async def test_a_shop_sees_its_own_screen_and_no_alerts(
    client: httpx.AsyncClient, session: Session, sessions: Sessions, trader: Trader
) -> None:
    await warn_once(sessions, NOW)
    whole = by_metric((await ask(client, trader, "GET", "/v1/overview"))["items"])["revenue"]["value"]
    first = (await ask(client, trader, "GET", "/v1/alerts"))["items"][0]["id"]
    key = await make_key_row(session, trader.world.tenant_id, KeyKind.SECRET, store_ids=[trader.well])
    await session.commit()
    mine = {"headers": {"Authorization": f"Bearer {key}"}}
    assert (await ask(client, trader, "GET", "/v1/alerts", **mine))["items"] == []
    await ask(client, trader, "GET", f"/v1/alerts/{first}", 404, **mine)
    await ask(client, trader, "POST", f"/v1/alerts/{first}/dismiss", 404, **mine)
    own = by_metric((await ask(client, trader, "GET", "/v1/overview", **mine))["items"])["revenue"]
    assert 0 < own["value"] < whole
    assert own["alert_id"] is None
    await ask(client, trader, "GET", f"/v1/overview?store_id={trader.ill}", 404, **mine)
    assert UUID(first)


async def test_a_playbook_makes_segments_and_drafts_at_once(
    client: httpx.AsyncClient, sessions: Sessions, session: Session, trader: Trader
) -> None:
    await warn_once(sessions, NOW)
    alert = by_metric((await ask(client, trader, "GET", "/v1/alerts"))["items"])["revenue"]
    books = (await ask(client, trader, "GET", "/v1/playbooks"))["items"]
    assert {m for book in books for m in book["metrics"]} == {
        line["metric"] for line in (await ask(client, trader, "GET", "/v1/overview"))["items"]
    }
    shown = await ask(client, trader, "GET", f"/v1/playbooks/cross-sell?alert_id={alert['id']}")
    assert str(trader.ill) in str(shown["who"])
    once = {"headers": {"Idempotency-Key": "a-click"}}
    body = {"json": {"alert_id": alert["id"]}}
    made = await ask(client, trader, "POST", "/v1/playbooks/cross-sell", 201, **body, **once)
    assert made == await ask(client, trader, "POST", "/v1/playbooks/cross-sell", 201, **body, **once)
    assert made["made"][0]["campaign_name"].endswith("· Bern")
    campaign = await ask(client, trader, "GET", f"/v1/campaigns/{made['campaign_id']}")
    assert campaign["status"] == "draft"
    assert campaign["trigger"]["segment_id"] == made["segment_id"]
    segment = await ask(client, trader, "GET", f"/v1/segments/{made['segment_id']}")
    assert segment["definition"] == shown["who"]
    assert segment["name"] == made["made"][0]["segment_name"]
    again = await ask(client, trader, "GET", f"/v1/alerts/{alert['id']}")
    assert again["made"] == [{"segment_id": made["segment_id"], "campaign_id": made["campaign_id"]}]

    tiers = await ask(client, trader, "POST", "/v1/playbooks/win-back", 201, json={})
    assert len(tiers["made"]) == 3
    for book in books:
        drafts = await ask(client, trader, "POST", f"/v1/playbooks/{book['name']}", 201, json={})
        assert len(drafts["made"]) == len(book["tiers"])
    await ask(client, trader, "POST", "/v1/playbooks/raffle", 404, json={})
    await ask(client, trader, "GET", "/v1/playbooks/raffle", 404)

    world = trader.world
    for over, status in (({"store_ids": [trader.well]}, 201), ({"scopes": ["read", "segments"]}, 403)):
        key = await make_key_row(session, world.tenant_id, KeyKind.SECRET, **over)
        await session.commit()
        mine = {"headers": {"Authorization": f"Bearer {key}"}}
        drafts = await ask(client, trader, "POST", "/v1/playbooks/win-back", status, json={}, **mine)
        if status == 201:
            own = await ask(client, trader, "GET", f"/v1/segments/{drafts['segment_id']}", **mine)
            assert own["store_id"] == str(trader.well)
            mine_too = {"json": {"store_id": str(trader.ill)}}
            await ask(client, trader, "POST", "/v1/playbooks/win-back", 404, **mine_too, **mine)
            await ask(client, trader, "POST", "/v1/playbooks/win-back", 404, json={"alert_id": alert["id"]}, **mine)
