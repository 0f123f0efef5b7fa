"""The demo's win-back in real processes: what the proof finds holds what was planted; a second run adds nothing."""

import asyncio
from contextlib import closing
from typing import Any

import pytest

from geoengage.demo.chains import files, segments, supermarket
from geoengage.demo.client import Client
from geoengage.demo.winback import put
from geoengage.demo.winback.plan import plan
from geoengage.kit.clock import utc_now
from tests.e2e.stack import Stack, running
from tests.factories import World

pytestmark = pytest.mark.slow
SEED = 7
ORDER = {
    "external_id": "first", "ordered_at": "2026-01-05T10:00:00Z", "currency": "EUR",
    "customer": {"external_id": "FM00001"}, "lines": [{"name": "Milk", "quantity": 1, "unit_price_minor": 129}],
}  # fmt: skip
COUNTS = """
SELECT (SELECT count(*) FROM message), (SELECT count(*) FROM coupon), (SELECT count(*) FROM redemption),
  (SELECT count(*) FROM shop_order), (SELECT count(*) FROM experiment_person), (SELECT count(*) FROM campaign)
"""


def build(stack: Stack, world: World) -> tuple[dict[str, Any], list[str]]:
    """Twice; the second time as after a start of the demo that broke off."""
    state = {"tenant_id": str(world.tenant_id), "app_id": str(world.app_id), "secret_key": world.sk}
    said = list[str]()
    with closing(Client(stack.url, world.sk, timeout_s=60.0)) as client:
        chain = supermarket.plan(SEED, utc_now().date())
        client.post_file("/v1/imports/stores?mode=commit", files.stores(chain), "text/csv")
        client.post("/v1/orders", ORDER)
        segments.make(client)
        first = put.put(stack.url, stack.database_url, state, SEED, said.append)
        second = put.put(stack.url, stack.database_url, state, SEED, said.append)
        assert first == second
        found = {
            "proof": client.get(f"/v1/campaigns/{first['win_back']}/proof"),
            "offers": client.get("/v1/offers")["items"],
            "content": client.get("/v1/content")["items"],
        }
    return found, said


async def test_the_proof_finds_what_was_planted(stack: Stack, world: World) -> None:
    async with running(stack, "serve", "worker"):
        await stack.query("UPDATE tenant SET timezone = 'Europe/Berlin', is_demo = true RETURNING 1")
        found, said = await asyncio.to_thread(build, stack, world)
        counts = (await stack.query(COUNTS))[0]
    planned = plan(SEED, utc_now().date())
    assert len(said) == 2
    people, sent = len(planned.held_out), planned.held_out.count(False)
    used = sum(sale.discount_minor is not None for sale in planned.sales)
    assert counts == (people, sent, used, len(planned.sales) + 1, people, 2)
    proof = found["proof"]
    assert {m["what"] for m in proof["missing"]} <= {"value_model"}  # which the worker fits later
    assert (proof["people_sent"], proof["people_held"], proof["verdict"]) == (sent, people - sent, "worked")
    findings = {each["outcome"]: each for each in proof["findings"]}
    for outcome in ("conversion", "revenue", "churn"):
        each = findings[outcome]
        assert each["planted"] == pytest.approx(planned.planted[outcome])
        assert each["low"] <= each["planted"] <= each["high"]
        assert each["verdict"] == "worked"
    assert proof["roi"]["low"] <= proof["roi"]["planted"] <= proof["roi"]["high"]
    assert proof["roi"]["low"] > 0
    steps = {each["name"]: each["people"] for each in proof["steps"]}
    assert sent == steps["sent"] > steps["delivered"] > steps["opened"] > steps["clicked"] > 0
    assert sum(proof["incentive_costs"].values()) == sum(sale.discount_minor or 0 for sale in planned.sales)
    assert {each["status"] for each in found["offers"]} == {"active", "draft"}
    assert {each["kind"] for each in found["content"]} == {"promotion", "new_arrival", "notice"}
