"""What habits are measured with, over HTTP; and what support sees of a person's habits."""

import httpx
import pytest

from geoengage.kit.clock import utc_now
from geoengage.kit.db import Session, Sessions
from geoengage.metrics import service, store
from tests.db.test_habits import buys, settle
from tests.factories import World, make_world
from tests.people_rows import make_person

POLICY = "/v1/habit-policy"


@pytest.fixture
async def world(session: Session) -> World:
    return await make_world(session)


async def test_thresholds_are_the_tenants_own(
    client: httpx.AsyncClient, session: Session, sessions: Sessions, world: World
) -> None:
    anna = await make_person(session, world, {"external_id": "anna"})
    await buys(session, world, anna, *range(60, 360, 7))
    await settle(sessions)
    usual = (await client.get(POLICY, headers=world.sk_headers)).json()
    assert usual["thresholds"]["slight"] == 0.15
    assert (usual["fitted_at"], usual["mean_gap_days"], usual["season"]) == (None, None, [])
    (before,) = (await store.read_habits(session, world.tenant_id, [anna.profile_id])).values()
    assert (before.stage, before.decline, before.check_at > utc_now()) == ("churned", "gone", True)
    answer = await client.put(POLICY, json={"gone_years": 1000, "slow_odds": 1000}, headers=world.sk_headers)
    assert answer.status_code == 200, answer.text
    assert (answer.json()["thresholds"]["gone_years"], answer.json()["thresholds"]["severe"]) == (1000, 0.6)
    (before,) = (await store.read_habits(session, world.tenant_id, [anna.profile_id])).values()
    assert before.check_at <= utc_now()
    row = await store.find_rhythm(session, world.tenant_id)
    assert row is not None
    assert row.thresholds == {"gone_years": 1000, "slow_odds": 1000}, (
        "only what differs, so that better usual ones come"
    )
    await service.fit(session, world.tenant_id, utc_now())
    assert (await client.get(POLICY, headers=world.sk_headers)).json()["fitted_at"] is not None
    assert (await store.get_shop(session, world.tenant_id)).thresholds.gone_years == 1000


@pytest.mark.parametrize(
    "wrong", [{"slight": 0.4}, {"severe": 0.2}, {"lost_days": [90, 30]}, {"least_purchases": 3}, {"gone_years": 0}]
)
async def test_thresholds_that_make_no_sense(client: httpx.AsyncClient, world: World, wrong: dict[str, object]) -> None:
    answer = await client.put(POLICY, json=wrong, headers=world.sk_headers)
    assert answer.status_code == 422


async def test_support_sees_decline_and_stage(
    client: httpx.AsyncClient, session: Session, sessions: Sessions, world: World
) -> None:
    anna = await make_person(session, world, {"external_id": "anna"})
    ben = await make_person(session, world, {"external_id": "ben"})
    await buys(session, world, anna, *range(60, 360, 7))
    await settle(sessions)

    async def habit(profile_id: object) -> dict[str, object]:
        path = f"/v1/profiles/{profile_id}/overview"
        answer = await client.get(path, params={"reason": "they ask"}, headers=world.sk_headers)
        assert answer.status_code == 200, answer.text
        return answer.json()["habit"]  # type: ignore[no-any-return]

    seen = await habit(anna.profile_id)
    assert (seen["stage"], seen["decline"], seen["purchases"]) == ("churned", "gone", 43)
    assert isinstance(seen["frequency_change"], float)
    assert seen["frequency_change"] < -0.5
    nothing = await habit(ben.profile_id)
    assert (nothing["stage"], nothing["decline"], nothing["per_week_now"]) == ("subscriber", "unknown", None)
