"""A push asks the device and the person: what somebody decided about pushes holds back what the device agrees to."""

from datetime import UTC, datetime, timedelta
from uuid import UUID

import pytest

from geoengage.campaigns.rules import decision
from geoengage.kit.db import Session
from geoengage.messaging.rules import Blocker, Policy, Waiting, blockers_now
from geoengage.messaging.rules.options import NO_OPTIONS
from geoengage.profiles import service, store
from geoengage.profiles.rules import Channel, ConsentState, Purpose, agrees_to_push
from tests.campaign_rows import make_device, make_profile, make_store
from tests.factories import World, make_world

NOW = datetime.now(UTC)
NO, YES = ConsentState.UNSUBSCRIBED, ConsentState.SUBSCRIBED


@pytest.fixture
async def world(session: Session) -> World:
    return await make_world(session)


async def decide(session: Session, world: World, profile_id: UUID, state: ConsentState, **over: object) -> None:
    values = {"channel": Channel.PUSH, "purpose": Purpose.MARKETING, "store_id": None} | over
    at = values.pop("at", NOW)
    await service.wish(
        session, world.tenant_id, profile_id, [service.Wish(state=state, **values)],  # type: ignore[arg-type]
        text_version="1", source="test", at=at, now=NOW,  # type: ignore[arg-type]
    )  # fmt: skip


def waiting(device_id: UUID, store_id: UUID | None, purpose: str = "marketing") -> Waiting:
    return Waiting(
        id=device_id, device_id=device_id, person_id=device_id, campaign_id=None, store_id=store_id, zone_id=None,
        purpose=purpose, title="t", body="b", data={}, push=NO_OPTIONS, collapse_key="k", timezone=None,
        status="queued", attempts=0, expires_at=NOW + timedelta(hours=1), closed_gates=(), visit_ended=False,
    )  # fmt: skip


async def test_a_no_of_the_person_holds_back_what_the_device_agrees_to(session: Session, world: World) -> None:
    toys, books = await make_store(session, world), await make_store(session, world)
    profile_id = await make_profile(session, world)
    device_id = await make_device(session, world, profile_id=profile_id)
    other_id = await make_device(session, world)
    midnight = NOW.replace(hour=0, minute=0).time()
    policy = Policy("UTC", midnight, midnight, stopped=False)

    async def blocked(store_id: UUID | None, purpose: str = "marketing") -> bool:
        found = await store.list_recipients(session, world.tenant_id, [device_id, other_id])
        assert found[other_id].wishes is None
        held = await store.hold_recipients(session, world.tenant_id, [device_id])
        assert held[device_id] == found[device_id]
        blockers = blockers_now(
            waiting(device_id, store_id, purpose), found[device_id], policy, needs_address=False, now=NOW
        )
        assert set(blockers) <= {Blocker.NO_CONSENT}
        if purpose == "marketing":
            assert agrees_to_push(found[device_id], store_id, NOW) is not bool(blockers)
        return bool(blockers)

    assert not await blocked(None)
    await decide(session, world, profile_id, NO, store_id=toys)
    assert [await blocked(s) for s in (toys, books, None)] == [True, False, False]
    assert not await blocked(toys, "service")
    await decide(session, world, profile_id, YES, store_id=toys, at=NOW + timedelta(seconds=1))
    assert not await blocked(toys)
    await service.pause(session, world.tenant_id, profile_id, NOW + timedelta(days=1), source="test", now=NOW)
    assert [await blocked(s) for s in (toys, books, None)] == [True, True, True]
    await service.pause(session, world.tenant_id, profile_id, None, source="test", now=NOW)
    assert not await blocked(toys)
    await service.stop_everything(
        session, world.tenant_id, profile_id, source="test", at=NOW + timedelta(seconds=2), now=NOW
    )
    assert [await blocked(s) for s in (toys, books, None)] == [True, True, True]
    assert not await blocked(None, "service")
    assert decision.GRANTED == "granted"


async def test_a_device_that_agrees_later_is_asked_again(session: Session, world: World) -> None:
    profile_id = await make_profile(session, world)
    device_id = await make_device(session, world, profile_id=profile_id)
    await service.stop_everything(session, world.tenant_id, profile_id, source="test", at=NOW, now=NOW)
    device = await store.get_device(session, world.tenant_id, device_id)
    assert device.marketing_push == "denied"
    device.marketing_push = "granted"
    await session.flush()
    found = await store.list_recipients(session, world.tenant_id, [device_id])
    assert agrees_to_push(found[device_id], None, NOW)
