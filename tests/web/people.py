"""A tenant of real people beside the demo's, with a support agent, a shop and customers, made as tenants are made."""

import os
import subprocess
import sys
import time
from dataclasses import dataclass, replace
from typing import Any

from playwright.async_api import Page, expect

from geoengage.kit.clock import utc_now
from tests.conftest import ROOT
from tests.web.console import Demo, settled

PASSWORD = "a long password for the test"
SCOPES = ("read", "venues", "campaigns", "people", "commerce", "customers", "segments", "admin")


@dataclass(frozen=True)
class Shop:
    """The tenant, its stores, and Anna, who bought in both."""

    demo: Demo  # of this tenant
    name: str
    left: str
    right: str
    anna: str

    def email(self, role: str) -> str:
        return f"{role}@{self.name}.example"


def command(env: dict[str, str], *words: str) -> str:
    """The last line that `geoengage …` prints."""
    done = subprocess.run(
        [sys.executable, "-m", "geoengage", *words],
        cwd=ROOT,
        env=os.environ | env | {"GEOENGAGE_PASSWORD": PASSWORD},
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout.strip().splitlines()[-1]


async def make_shop(demo: Demo, env: dict[str, str]) -> Shop:
    """A tenant with two stores, operators of four roles, and some people."""
    name = f"kites-{time.monotonic_ns()}"
    command(env, "tenants", "create", name, "Kites and Co", "--timezone", "Europe/Zurich")
    scopes = [word for scope in SCOPES for word in ("--scope", scope)]
    key = command(env, "keys", "create", "sk", "test", "--tenant", name, *scopes)
    mine = replace(demo, state=demo.state | {"secret_key": key})
    owner = (await mine.api("POST", "/v1/owners", {"name": "Left"}))["id"]
    left = await _store(mine, "Kites at the station", owner_id=owner)
    right = await _store(mine, "Kites at the lake")
    shop = Shop(mine, name, left, right, "")
    for role in ("owner", "support", "analyst", "shop"):
        body = {"email": shop.email(role), "name": f"Sue {role.title()}", "role": role, "password": PASSWORD}
        await mine.api("POST", "/v1/operators", body | ({"owner_id": owner} if role == "shop" else {}))
    known = {"kind": "trait", "name": "first_name", "op": "exists"}
    await mine.api("POST", "/v1/segments", {"name": "Known by name", "definition": known})
    return replace(shop, anna=await _people(shop))


async def _store(demo: Demo, name: str, **over: Any) -> str:
    feature = {
        "type": "Feature",
        "geometry": {"type": "Point", "coordinates": [8.54, 47.37]},
        "properties": {"name": name} | over,
    }
    made: dict[str, Any] = await demo.api("POST", "/v1/stores", feature)
    return str(made["id"])


async def make_order(shop: Shop, number: str, customer: dict[str, str] | None, **over: Any) -> None:
    """An order of a long-named kite and a reel."""
    lines = [
        {"external_id": "1", "name": "Dragon kite of ripstop nylon, four metres", "quantity": 1, "total_minor": 8900},
        {"external_id": "2", "name": "Reel", "sku": "REEL-50", "quantity": 2, "total_minor": 2400},
    ]
    body = {
        "source": "shop", "external_id": number, "ordered_at": utc_now().isoformat(), "currency": "CHF",
        "status": "paid", "channel": "web", "lines": lines, "customer": customer,
    }  # fmt: skip
    await shop.demo.api("POST", "/v1/orders", body | over)


async def find(shop: Shop, external_id: str) -> str:
    """Our id of a person."""
    found = await shop.demo.api("GET", f"/v1/profiles?external_id={external_id}")
    return str(found["items"][0]["id"])


async def _people(shop: Shop) -> str:
    ids = {
        "external_id": "C-1001",
        "email": "anna.mueller@example.com",
        "phone": "+41791234567",
        "loyalty_card": "7700412",
    }
    await make_order(shop, "K-1001", ids, store_id=shop.left)
    refund = {"external_id": "r1", "at": utc_now().isoformat(), "amount_minor": 2400, "reason": "Reel jams"}
    await make_order(shop, "K-1002", {"external_id": "C-1001"}, store_id=shop.right, refunds=[refund])
    await make_order(shop, "K-1003", {"external_id": "C-1001"}, store_id=shop.left, channel="pos")
    anna = await find(shop, "C-1001")
    traits = {"first_name": "Anna", "language": "de", "attributes": {"last_name": "Müller", "newsletter": "weekly"}}
    await shop.demo.api("PATCH", f"/v1/profiles/{anna}", traits)
    thing = {"sku": "STUNT", "name": "Stunt kite", "quantity": 2, "unit_price_minor": 4550, "currency": "CHF"}
    await shop.demo.api("PUT", "/v1/carts", {"customer": {"external_id": "C-1001"}, "lines": [thing]})
    decisions = [
        {"channel": "email", "purpose": "marketing", "state": "subscribed"},
        {"channel": "sms", "purpose": "marketing", "state": "subscribed", "store_id": shop.left},
    ]
    said = {"decisions": decisions, "text_version": "2026-1", "source": "checkout"}
    await shop.demo.api("PUT", f"/v1/profiles/{anna}/consents", said)
    return anna


async def make_other(shop: Shop, external_id: str, first_name: str) -> str:
    """Another customer, with an address and one order."""
    ids = {"external_id": external_id, "email": f"{first_name.lower()}.{external_id.lower()}@example.com"}
    await make_order(shop, f"order-{external_id}", ids, store_id=shop.left)
    person = await find(shop, external_id)
    names = {"first_name": first_name, "attributes": {"last_name": f"Of {external_id}"}}
    await shop.demo.api("PATCH", f"/v1/profiles/{person}", names)
    return person


async def sign_in(page: Page, shop: Shop, role: str, path: str = "/people") -> None:
    """Log in and be there."""
    await page.goto(f"/login?next={path}")
    await page.get_by_label("E-mail").fill(shop.email(role))
    await page.get_by_label("Password").fill(PASSWORD)
    await page.get_by_role("button", name="Log in").click()
    await expect(page.locator(".route-people")).to_be_visible()
    await settled(page)


async def open_person(page: Page, person: str, reason: str = "Ticket 4711") -> None:
    """Give the reason, where it was not given before, and see the screen."""
    await page.goto(f"/people/{person}")
    asked = page.get_by_test_id("access-form")
    await expect(asked.or_(page.get_by_test_id("who"))).to_be_visible()
    if await asked.is_visible():
        await page.get_by_test_id("access-reason").fill(reason)
        await page.get_by_test_id("access-open").click()
    await expect(page.get_by_test_id("who")).to_be_visible()
    await settled(page)
