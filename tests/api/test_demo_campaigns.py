"""What the demo's tales ask the API to make is taken: segments, offers and campaigns."""

import httpx
import pytest

from geoengage.demo.stories import parents, weekend, winback
from geoengage.demo.stories.ledgers import BIRTHDAYS, THIS_WEEK
from geoengage.kit.db import Session
from tests.factories import make_world


@pytest.mark.parametrize("story", [winback.STORY, parents.STORY, weekend.STORY], ids=lambda story: story.key)
async def test_an_experiments_campaign_is_taken(client: httpx.AsyncClient, session: Session, story) -> None:  # type: ignore[no-untyped-def]
    world = await make_world(session)
    headers = world.sk_headers
    name, definition = story.segment
    segment = {"name": name, "definition": definition or parents.STORY.segment[1]}
    made = await client.post("/v1/segments", json=segment, headers=headers)
    assert made.status_code == 201, made.text
    body = {
        "name": story.name,
        "trigger": {"kind": "segment", "segment_id": made.json()["id"], "on": "entered"},
        **story.campaign,
    }
    if story.offer is not None:
        offer = await client.post("/v1/offers", json=dict(story.offer), headers=headers)
        assert offer.status_code == 201, offer.text
        body["offer_id"] = offer.json()["id"]
    answer = await client.post("/v1/campaigns", json=body, headers=headers)
    assert answer.status_code == 201, answer.text


@pytest.mark.parametrize("ledger", [BIRTHDAYS, THIS_WEEK], ids=lambda ledger: ledger.what.key)
async def test_a_ledgers_campaign_is_taken(client: httpx.AsyncClient, session: Session, ledger) -> None:  # type: ignore[no-untyped-def]
    world = await make_world(session)
    body = {"name": ledger.what.name, **ledger.what.campaign}
    answer = await client.post("/v1/campaigns", json=body, headers=world.sk_headers)
    assert answer.status_code == 201, answer.text
    days = {"days": {"messages": ledger.kept_days}}
    assert (await client.put("/v1/retention", json=days, headers=world.sk_headers)).status_code == 200
