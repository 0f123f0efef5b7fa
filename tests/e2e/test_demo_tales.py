"""The demo's chains in real processes: each tale goes from import to report, what is found holds what was planted, and
a second run adds nothing."""

import asyncio
from contextlib import closing
from dataclasses import dataclass
from typing import Any

import pytest

from geoengage.demo import tales
from geoengage.demo.chains import build, files, segments, supermarket
from geoengage.demo.client import Client
from geoengage.demo.stories import winback
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
  (SELECT count(*) FROM shop_order), (SELECT count(*) FROM experiment_person), (SELECT count(*) FROM campaign),
  (SELECT count(*) FROM app), (SELECT count(*) FROM phone_sender)
"""
LEDGER = "SELECT external_id FROM shop_order WHERE total_minor > 0 GROUP BY 1 HAVING count(DISTINCT currency) > 1"


@dataclass
class Told:
    """What a tale left behind."""

    state: dict[str, str]
    said: list[str]
    proof: dict[str, Any]
    findings: dict[str, Any]
    doors: dict[str, Any]
    offers: list[Any]
    content: list[Any]


def _keys(world: World) -> dict[str, str]:
    return {"tenant_id": str(world.tenant_id), "app_id": str(world.app_id), "secret_key": world.sk}


def _tell(stack: Stack, world: World, slug: str, state: dict[str, str], said: list[str]) -> Told:
    """Twice; the second time as after a start of the demo that broke off."""
    first = tales.tell(stack.url, stack.database_url, state, slug, said.append)
    assert tales.tell(stack.url, stack.database_url, state, slug, said.append) == first
    with closing(Client(stack.url, world.sk, timeout_s=60.0)) as client:
        return Told(
            first,
            said,
            client.get(f"/v1/campaigns/{first[tales.TALES[slug].story.key]}/proof"),
            {f.what: f for f in tales.check(client, first, slug)},
            {},
            client.get("/v1/offers")["items"],
            client.get("/v1/content")["items"],
        )


def build_supermarket(stack: Stack, world: World) -> Told:
    """Its stores and segments are enough for the win-back."""
    with closing(Client(stack.url, world.sk, timeout_s=60.0)) as client:
        chain = supermarket.plan(SEED, utc_now().date())
        client.post_file("/v1/imports/stores?mode=commit", files.stores(chain), "text/csv")
        client.post("/v1/orders", ORDER)
        segments.make(client)
    state = _keys(world) | {"seed": str(SEED), "built_on": utc_now().date().isoformat()}
    return _tell(stack, world, "frischmarkt", state, [])


def build_chain(stack: Stack, world: World, slug: str) -> Told:
    """All of it."""
    said = list[str]()
    with closing(Client(stack.url, world.sk)) as client:
        key = client.post("/v1/keys", {"kind": "wk", "name": "doors", "writes": "server"})["key"]
    state = _keys(world) | build.build(stack.url, _keys(world) | {"write_key": key}, slug, SEED, said.append)
    return _tell(stack, world, slug, state, said)


async def as_demo(stack: Stack, timezone: str) -> None:
    await stack.query("UPDATE tenant SET timezone = %s, is_demo = true RETURNING 1", timezone)


async def test_the_win_back_is_found_as_it_was_planted(stack: Stack, world: World) -> None:
    async with running(stack, "serve", "worker"):
        await as_demo(stack, "Europe/Berlin")
        told = await asyncio.to_thread(build_supermarket, stack, world)
        counts = (await stack.query(COUNTS))[0]
    planned = winback.cast(SEED, utc_now().date())
    people, sent = len(planned.held_out), planned.held_out.count(False)
    used = sum(sale.discount_minor is not None for sale in planned.sales)
    assert counts[:6] == (people, sent, used, len(planned.sales) + 1, people, 2)
    proof, planted = told.proof, planned.trial(None).planted()
    assert not proof["missing"]
    assert (proof["people_sent"], proof["people_held"], proof["verdict"]) == (sent, people - sent, "worked")
    findings = {each["outcome"]: each for each in proof["findings"]}
    for outcome in ("conversion", "revenue", "churn"):
        each = findings[outcome]
        assert each["planted"] == pytest.approx(planted[outcome])
        assert each["low"] <= each["planted"] <= each["high"]
        assert each["verdict"] == "worked"
    assert findings["ltv"]["low"] <= findings["ltv"]["planted"] <= findings["ltv"]["high"]
    assert 0 < proof["roi"]["low"] <= proof["roi"]["planted"] <= proof["roi"]["high"]
    steps = {each["name"]: each["people"] for each in proof["steps"]}
    assert sent == steps["sent"] > steps["delivered"] > steps["opened"] > steps["clicked"] > 0
    assert sum(proof["incentive_costs"].values()) == sum(sale.discount_minor or 0 for sale in planned.sales)
    assert {each["status"] for each in told.offers} == {"active", "draft"}
    assert {each["kind"] for each in told.content} == {"promotion", "new_arrival", "notice"}


@pytest.mark.parametrize(("slug", "timezone"), [("lelle", "Europe/Riga"), ("souqi", "Asia/Riyadh")])
async def test_a_chains_tale_is_found_as_it_was_planted(stack: Stack, world: World, slug: str, timezone: str) -> None:
    tale = tales.TALES[slug]
    async with running(stack, "serve", "worker"):
        await as_demo(stack, timezone)
        told = await asyncio.to_thread(build_chain, stack, world, slug)
        counts = (await stack.query(COUNTS))[0]
        story = (await stack.query("SELECT story FROM tenant WHERE story IS NOT NULL"))[0][0]
    assert {f.what: f.holds for f in told.findings.values()} == dict.fromkeys(told.findings, True)
    assert [line["what"] for line in story["lines"]] == list(told.findings)
    assert story["campaign_id"] == told.state[tale.story.key]
    cast = tale.cast(SEED, utc_now().date())
    assert told.proof["people_sent"] + told.proof["people_held"] == len(cast.held_out)
    assert told.proof["verdict"] == "worked"
    assert not told.proof["missing"]
    assert counts[5:] == ((2, 1, 0) if slug == "lelle" else (2, 41, 40))
