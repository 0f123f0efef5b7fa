"""Puts the win-back into the demo's supermarket: by the API what it can make, the past as rows (rows.py).

Idempotent: campaign, offers and content are known by name, customers and orders by their ids, and the past is put in
once.
"""

import time
from collections.abc import Callable
from contextlib import closing
from datetime import datetime
from typing import Any
from uuid import UUID
from zoneinfo import ZoneInfo

from geoengage.demo.accounts import in_transaction
from geoengage.demo.chains.build import BuildError, import_file
from geoengage.demo.chains.segments import SLOWED
from geoengage.demo.chains.supermarket import ZONE
from geoengage.demo.client import Client, Json
from geoengage.demo.state import State
from geoengage.demo.winback import rows, shop_window
from geoengage.demo.winback.plan import (
    CURRENCY,
    HOLDOUT_PERCENT,
    MARGIN_PERCENT,
    PLAN,
    SETTING,
    SLUG,
    LotError,
    WinBack,
    bind,
    customers,
    orders,
    plan,
)
from geoengage.demo.winback.rows import Made
from geoengage.kit.clock import utc_now
from geoengage.kit.db import Session
from geoengage.kit.ids import TenantId

NAME = "Win-back of those who come less often"
OFFER = "Win-back: more off for who slowed down more"
_FILES = f"{SLUG}-win-back"


def put(base_url: str, url: str, state: State, seed: int, say: Callable[[str], None]) -> State:
    """Make what is missing, as of today by the shop's clock. `url`: of the database; what to remember of it."""
    started, today = time.monotonic(), utc_now().astimezone(ZoneInfo(ZONE)).date()
    win_back = plan(seed, today)
    with closing(Client(base_url, state["secret_key"], timeout_s=120.0)) as client:
        import_file(client, "customers", customers(win_back, seed), _FILES)
        made = _make(client, state)

        async def lot(session: Session, _: datetime) -> tuple[dict[str, rows.Person], dict[str, bool]]:
            people = await rows.list_people(session, made.tenant_id, win_back.candidates)
            return people, await rows.list_held(session, made, people)

        async def past(session: Session, now: datetime) -> None:
            await rows.put(session, made, win_back, [people[name] for name in names], seed, now)

        people, held = in_transaction(url, made.tenant_id, lot)
        try:
            names = bind(win_back, held)
        except LotError as error:
            raise BuildError(str(error)) from error
        import_file(client, "orders", orders(win_back, names), _FILES)
        in_transaction(url, made.tenant_id, past)
        shop_window.fill(client)
    say(f"  {NAME}: {_told(win_back)}, in {time.monotonic() - started:.0f} s")
    return state | {"win_back": str(made.campaign_id), "win_back_on": today.isoformat()}


def _make(client: Client, state: State) -> Made:
    """Inputs of the proof, the offer and the campaign with its plan."""
    client.put("/v1/margins", {"margin_percent": MARGIN_PERCENT, "floor_percent": None})
    price = {"channel": "fcm", "thousand_minor": round(1000 * SETTING.message_minor), "currency": CURRENCY}
    client.put("/v1/message-costs", {"items": [price]})
    little, much = (round(100 * share) for share in SETTING.discounts)
    offer_id = shop_window.ensure(
        client,
        "/v1/offers",
        {
            "name": OFFER, "currency": CURRENCY, "status": "active", "benefit": {"kind": "percent", "percent": little},
            "tiers": {"marked": little, "severe": much, "gone": much},
            "conditions": {"with_code": True, "once_per_person": True}, "max_discount_minor": 10_000,
            "budget": {"amount_minor": 1_000_000},
        },
    )  # fmt: skip
    campaign_id = shop_window.ensure(client, "/v1/campaigns", _campaign(client, offer_id))
    plan_ = {
        "window_days": PLAN.window_days, "days": PLAN.days, "decides": PLAN.decides.value,
        "smallest_effect": PLAN.smallest_effect, "holdout_percent": HOLDOUT_PERCENT,
    }  # fmt: skip
    client.put(f"/v1/campaigns/{campaign_id}/experiment", plan_)
    if client.get(f"/v1/campaigns/{campaign_id}")["status"] == "draft":
        shop_window.run(client, campaign_id)
        client.post(f"/v1/campaigns/{campaign_id}/pause")  # its ninety days are over
    tenant_id = TenantId(UUID(state["tenant_id"]))
    return Made(tenant_id, UUID(state["app_id"]), UUID(campaign_id), UUID(offer_id))


def _campaign(client: Client, offer_id: str) -> Json:
    segments: list[dict[str, Any]] = client.get("/v1/segments?limit=200")["items"]
    slowed = next((row["id"] for row in segments if row["name"] == SLOWED), None)
    if slowed is None:
        raise BuildError(f"there is no segment {SLOWED}: the chain is not built yet")
    return {
        "name": NAME, "trigger": {"kind": "segment", "segment_id": slowed, "on": "entered"},
        "title": "We miss you, {{ first_name }}", "offer_id": offer_id, "cooldown_s": 30 * 86_400,
        "body": "{{ offer.label }} on your next basket. Your code: {{ offer.code }}",
    }  # fmt: skip


def _told(win_back: WinBack) -> str:
    found = win_back.planted
    return (
        f"{len(win_back.held_out)} people, {sum(win_back.held_out)} of them held back; planted:"
        f" {100 * found['conversion']:+.1f} of 100 buy, {100 * found['churn']:+.1f} of 100 lost,"
        f" ROI {100 * found['roi']:+.0f} %"
    )
