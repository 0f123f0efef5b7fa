"""What was planted in a demo stands beside what its proof finds; elsewhere nobody claims to know the truth."""

import httpx
import pytest
from sqlalchemy import text

from geoengage.kit.db import Session
from tests.api.test_proof_api import PLAN_BODY, get, price, put
from tests.factories import make_world
from tests.proof_rows import HELD_PERCENT, make_campaign, plant

PLANTED = {"conversion": 0.1, "revenue": 2000.0, "churn": -0.01, "roi": 1.5}


@pytest.mark.parametrize("is_demo", [True, False], ids=["demo", "no demo"])
async def test_planted_beside_found(is_demo: bool, client: httpx.AsyncClient, session: Session) -> None:
    world = await make_world(session, timezone="UTC", holdout_percent=HELD_PERCENT, is_demo=is_demo)
    campaign = await make_campaign(session, world, "Win back")
    path = f"/v1/campaigns/{campaign}"
    await put(client, world, f"{path}/experiment", PLAN_BODY)
    await plant(session, world, campaign)
    await session.execute(
        text("UPDATE experiment SET planted = CAST(:planted AS jsonb) WHERE tenant_id = :t"),
        {"t": world.tenant_id, "planted": str(PLANTED).replace("'", '"')},
    )
    await price(client, session, world)
    found = await get(client, world, f"{path}/proof")
    told = {each["outcome"]: each["planted"] for each in found["findings"]} | {"roi": found["roi"]["planted"]}
    assert told == (PLANTED if is_demo else dict.fromkeys(PLANTED))
    # Another plan is about other people: of them nothing is known.
    await put(client, world, f"{path}/experiment", PLAN_BODY | {"smallest_effect": 0.2})
    left = await session.execute(text("SELECT planted FROM experiment WHERE tenant_id = :t"), {"t": world.tenant_id})
    assert left.scalar_one() is None


async def test_the_played_win_back_is_for_demos(client: httpx.AsyncClient, session: Session) -> None:
    demo, real = await make_world(session, is_demo=True), await make_world(session)
    found = await get(client, demo, "/v1/proof/simulated", seed=8)
    assert len(found["days"]) == found["plan"]["days"] == 30
    assert [each["outcome"] for each in found["findings"]] == ["conversion", "revenue"]
    assert found["findings"][0]["low"] < found["findings"][0]["planted"] < found["findings"][0]["high"]
    assert found == await get(client, demo, "/v1/proof/simulated", seed=8)
    answer = await client.get("/v1/proof/simulated", headers=real.sk_headers)
    assert answer.status_code == 403
