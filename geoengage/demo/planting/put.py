"""Puts an experiment of the past into a chain: by the API what it can make, the past as rows (rows.py).

Idempotent: campaign, offers and content are known by name, customers and orders by their ids, and the past is put in
once.
"""

import time
from collections.abc import Callable, Sequence
from contextlib import closing
from datetime import datetime
from typing import Any
from uuid import UUID

from geoengage.demo.accounts import in_transaction
from geoengage.demo.chains.build import LONGEST_S, POLL_S, BuildError, import_file
from geoengage.demo.client import Client
from geoengage.demo.planting import rows
from geoengage.demo.planting.letters import Letter, Letters
from geoengage.demo.planting.rows import Made, Planted
from geoengage.demo.planting.story import Cast, LotError, Story, bind, consents, customers, orders
from geoengage.demo.state import State
from geoengage.kit.db import Session
from geoengage.kit.ids import TenantId
from geoengage.metrics import rules as metrics
from geoengage.metrics import service as values
from geoengage.metrics import store
from geoengage.tenancy.store import get_tenant

LEFT_OUT = "left_out"  # whom the tenant's own lot keeps without messages


def put(base_url: str, url: str, state: State, cast: Cast, seed: int, say: Callable[[str], None]) -> State:
    """Make what is missing. `url`: of the database; what to remember of it: the campaign by the story's key."""
    started, story = time.monotonic(), cast.story
    files = f"{story.slug}-{story.key}"
    with closing(Client(base_url, state["secret_key"], timeout_s=120.0)) as client:
        import_file(client, "customers", customers(cast, seed), files)
        if not story.by_app:
            import_file(client, "consents", consents(cast), files)
        made = _make(client, state, story)

        async def lot(session: Session, _: datetime) -> tuple[dict[str, rows.Person], dict[str, bool]]:
            people = await rows.list_people(session, made.tenant_id, cast.candidates)
            return people, await rows.list_held(session, made, people, story.holdout_percent)

        async def past(session: Session, now: datetime) -> Planted:
            found = cast.trial(await _value_model(session, made.tenant_id, story.currency, now)).planted()
            planted = {outcome: found[outcome] for outcome in story.outcomes if outcome in found}
            await rows.put(session, made, cast, [people[name] for name in names], planted, now)
            return planted

        people, held = in_transaction(url, made.tenant_id, lot)
        try:
            names = bind(cast, held)
        except LotError as error:
            raise BuildError(str(error)) from error
        import_file(client, "orders", orders(cast, names), files)
        _wait_until_counted(url, made.tenant_id)
        planted = in_transaction(url, made.tenant_id, past)
    say(f"  {story.name}: {_told(cast, planted)}, in {time.monotonic() - started:.0f} s")
    return state | {story.key: str(made.campaign_id)}


def _wait_until_counted(url: str, tenant_id: TenantId) -> None:
    """Until the worker has summed up what customers bought, which is what a value model is made of."""

    async def counted(session: Session, _: datetime) -> bool:
        return await rows.is_counted(session, tenant_id)

    deadline = time.monotonic() + LONGEST_S
    while not in_transaction(url, tenant_id, counted):
        if time.monotonic() > deadline:
            raise BuildError(f"purchases are not summed up after {LONGEST_S:.0f} s; does the worker run?")
        time.sleep(POLL_S)


def put_letters(
    base_url: str, url: str, state: State, what: Letters, letters: Sequence[Letter], since: datetime
) -> State:
    """The messages of a campaign that holds nobody back; what to remember of it."""
    with closing(Client(base_url, state["secret_key"], timeout_s=120.0)) as client:
        campaign_id = ensure(client, "/v1/campaigns", {"name": what.name, **what.campaign})
        _end(client, campaign_id)
    made = Made(TenantId(UUID(state["tenant_id"])), UUID(state["app_id"]), UUID(campaign_id))

    async def past(session: Session, now: datetime) -> list[str]:
        return await rows.put_letters(session, made, what, letters, since, now)

    left_out = in_transaction(url, made.tenant_id, past)
    return state | {what.key: campaign_id, LEFT_OUT: ",".join(left_out)}


async def _value_model(
    session: Session, tenant_id: TenantId, currency: str, now: datetime
) -> metrics.ValueModel | None:
    """The chain's value model, fitted now: what a customer is worth is part of what was planted. None: there is none
    of that currency."""
    await store.wait_alone(session, tenant_id)
    tenant = await get_tenant(session, tenant_id)
    source = await values.read_source(session, tenant_id, tenant.timezone, now, to_fit=True)
    row = await values.keep(session, tenant_id, source, values.work_out(source), now)
    if row.params is None or row.currency != currency or row.params["spending"] is None:
        return None
    return metrics.from_params(row.params)


def _make(client: Client, state: State, story: Story) -> Made:
    """Inputs of the proof, the offer and the campaign with its plan."""
    client.put("/v1/margins", {"margin_percent": story.margin_percent, "floor_percent": None})
    price = {
        "channel": story.channel,
        "thousand_minor": round(1000 * story.message_minor),
        "currency": story.currency,
    }
    client.put("/v1/message-costs", {"items": [price]})
    offer_id = None if story.offer is None else ensure(client, "/v1/offers", dict(story.offer))
    body = {
        "name": story.name,
        "trigger": {"kind": "segment", "segment_id": _segment(client, story), "on": "entered"},
        **story.campaign,
    }
    campaign_id = ensure(client, "/v1/campaigns", body | ({"offer_id": offer_id} if offer_id else {}))
    plan = {
        "window_days": story.plan.window_days, "days": story.plan.days, "decides": story.plan.decides.value,
        "smallest_effect": story.plan.smallest_effect, "holdout_percent": story.holdout_percent,
    }  # fmt: skip
    client.put(f"/v1/campaigns/{campaign_id}/experiment", plan)
    _end(client, campaign_id)
    tenant_id = TenantId(UUID(state["tenant_id"]))
    return Made(tenant_id, UUID(state["app_id"]), UUID(campaign_id), None if offer_id is None else UUID(offer_id))


def _segment(client: Client, story: Story) -> str:
    name, definition = story.segment
    there: list[dict[str, Any]] = client.get("/v1/segments?limit=200")["items"]
    found = next((str(row["id"]) for row in there if row["name"] == name), None)
    if found is None and definition is None:
        raise BuildError(f"there is no segment {name}: the chain is not built yet")
    return found or str(client.post("/v1/segments", {"name": name, "definition": definition})["id"])


def _end(client: Client, campaign_id: str) -> None:
    """It ran, and its days are over."""
    if client.get(f"/v1/campaigns/{campaign_id}")["status"] == "draft":
        run(client, campaign_id)
        client.post(f"/v1/campaigns/{campaign_id}/pause")


def ensure(client: Client, path: str, wanted: dict[str, Any]) -> str:
    """Create what is not there by its name; its id."""
    there = {row["name"]: str(row["id"]) for row in client.get(f"{path}?limit=200")["items"]}
    name = str(wanted["name"])
    return there[name] if name in there else str(client.post(path, wanted)["id"])


def run(client: Client, campaign_id: str) -> None:
    """Activate a campaign, past the review that the demo's policy asks for."""
    if client.post(f"/v1/campaigns/{campaign_id}/activate")["status"] == "in_review":
        client.post(f"/v1/campaigns/{campaign_id}/approve")


def _told(cast: Cast, planted: Planted) -> str:
    return (
        f"{len(cast.held_out)} people, {sum(cast.held_out)} of them held back; planted:"
        f" {100 * planted['conversion']:+.1f} of 100 buy, ROI {100 * planted['roi']:+.0f} %"
    )
