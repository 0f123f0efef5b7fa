"""The till over HTTP: who stands there, sales that are sent once or twice or late, returns, limits."""

from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID

import httpx
import pytest

from geoengage.commerce import service
from geoengage.kit.db import Session
from geoengage.profiles import service as profiles
from geoengage.profiles import store
from geoengage.profiles.rules import Channel, ConsentState, Id, Kind, Proof, Purpose
from geoengage.tenancy.rules import KeyKind
from tests.campaign_rows import make_store
from tests.factories import World, make_key_row, make_world

NOON = datetime(2026, 6, 1, 12, tzinfo=UTC)
NOW = datetime(2026, 6, 2, 12, tzinfo=UTC)


class Till:
    """A till with a key of its store and nothing but the scope `commerce`."""

    def __init__(self, client: httpx.AsyncClient, world: World, store_id: UUID, headers: dict[str, str]) -> None:
        self.client, self.world, self.store_id, self.headers = client, world, store_id, headers

    async def look_up(self, **member: str) -> Any:
        answer = await self.client.post("/v1/till/lookup", json={"member": member}, headers=self.headers)
        assert answer.status_code == 200, answer.text
        return answer.json()["member"]

    async def sell(self, sale_id: str, status: int = 201, **over: Any) -> Any:
        lines = [{"product_id": "p1", "name": "Puzzle", "quantity": 2, "unit_price_minor": 500}]
        body = {"sale_id": sale_id, "sold_at": NOON.isoformat(), "currency": "CHF", "lines": lines} | over
        answer = await self.client.post("/v1/till/sales", json=body, headers=self.headers)
        assert answer.status_code == status, answer.text
        return answer.json()

    async def order(self, id_: str) -> Any:
        return (await self.client.get(f"/v1/orders/{id_}", headers=self.world.sk_headers)).json()


@pytest.fixture
async def world(session: Session, app: Any) -> World:
    app.state.clock = lambda: NOW
    return await make_world(session)


@pytest.fixture
async def till(client: httpx.AsyncClient, session: Session, world: World) -> Till:
    store_id = await make_store(session, world)
    key = await make_key_row(session, world.tenant_id, KeyKind.SECRET, store_ids=[store_id], scopes=["commerce"])
    await session.commit()
    return Till(client, world, store_id, {"Authorization": f"Bearer {key}"})


async def make_member(session: Session, world: World, *ids: Id, **traits: str) -> UUID:
    made = await profiles.resolve(session, world.tenant_id, ids, proof=Proof.LINK, source="crm", at=NOON, now=NOW)
    await profiles.set_traits(
        session, world.tenant_id, made.identifier_id, traits, source="crm", at=NOON, proof=Proof.LINK, now=NOW
    )
    await session.commit()
    return made.profile_id


MIA = Id(Kind.EXTERNAL_ID, "mia"), Id(Kind.LOYALTY_CARD, "4711"), Id(Kind.PHONE, "+41791234567")


@pytest.mark.parametrize(
    "member",
    [{"member_code": "47 11"}, {"member_code": "mia"}, {"loyalty_card": "4711"}, {"phone": "+41 79 123 45 67"}],
)
async def test_a_name_and_nothing_else(session: Session, world: World, till: Till, member: dict[str, str]) -> None:
    profile_id = await make_member(session, world, *MIA, first_name="Mia", last_name="Keller", dog="Rex")
    found = await till.look_up(**member)
    assert found.keys() == {"customer_id", "display_name", "consents_to_ask"}
    assert found["display_name"] == "Mia K."
    assert str(profile_id) not in str(found)


async def test_what_nobody_has_asked_yet(session: Session, world: World, till: Till) -> None:
    await make_member(session, world, *MIA)
    ids = await store.find_identifiers(session, world.tenant_id, list(MIA))
    said = {"purpose": Purpose.MARKETING, "text_version": "1", "source": "settings", "at": NOON, "now": NOW}
    for channel, at, state in (
        (Channel.EMAIL, None, ConsentState.SUBSCRIBED), (Channel.SMS, till.store_id, ConsentState.UNSUBSCRIBED)
    ):  # fmt: skip
        await profiles.state_consent(
            session, world.tenant_id, ids[MIA[0]].id, channel=channel, store_id=at, state=state, **said
        )
    await session.commit()
    asked = (await till.look_up(member_code="4711"))["consents_to_ask"]
    assert asked == [{"channel": c, "purpose": "marketing"} for c in ("whatsapp", "viber")]
    whose = ids[MIA[0]].profile_id
    await profiles.stop_everything(session, world.tenant_id, whose, source="sms", at=NOW, now=NOW)
    await session.commit()
    assert (await till.look_up(member_code="4711"))["consents_to_ask"] == []


async def test_who_is_not_known(session: Session, world: World, till: Till) -> None:
    assert await till.look_up(member_code="0815") is None
    assert await till.look_up(phone="not a number") is None
    for member in ({}, {"member_code": "1", "phone": "2"}):
        answer = await till.client.post("/v1/till/lookup", json={"member": member}, headers=till.headers)
        assert "exactly one" in answer.text


async def test_nobody_tries_out_numbers(session: Session, world: World, till: Till) -> None:
    await make_member(session, world, *MIA)
    for i in range(30):
        assert await till.look_up(member_code=f"guess-{i}") is None
    member = {"member": {"member_code": "4711"}}
    answer = await till.client.post("/v1/till/lookup", json=member, headers=till.headers)
    assert (answer.status_code, answer.headers["retry-after"]) == (429, "600")
    other = await till.client.post(
        "/v1/till/lookup", json=member | {"store_id": str(till.store_id)}, headers=world.sk_headers
    )
    assert other.status_code == 200  # each key by itself


async def test_a_till_is_not_asked_more_than_it_can_serve(session: Session, world: World, till: Till) -> None:
    await make_member(session, world, *MIA)
    for _ in range(120):
        assert await till.look_up(member_code="4711")
    answer = await till.client.post("/v1/till/lookup", json={"member": {"member_code": "4711"}}, headers=till.headers)
    assert answer.status_code == 429


async def test_a_sale_with_its_member_in_one_call(session: Session, world: World, till: Till) -> None:
    profile_id = await make_member(session, world, *MIA, first_name="Mia")
    sold = await till.sell("1", member={"member_code": "4711"}, discount_minor=100, tax_minor=70)
    assert (sold["outcome"], sold["member"]["display_name"]) == ("created", "Mia")
    again = await till.sell("1", 200, member={"member_code": "4711"}, discount_minor=100, tax_minor=70)
    assert (again["order_id"], again["outcome"]) == (sold["order_id"], "unchanged")
    order = await till.order(sold["order_id"])
    assert (order["source"], order["channel"], order["total_minor"]) == (f"till:{till.store_id}", "pos", 900)
    assert (order["customer"]["profile_id"], order["store_id"]) == (str(profile_id), str(till.store_id))
    differs = await till.sell("1", 409)
    assert differs["type"] == "/problems/sale-differs"


async def test_a_till_that_was_offline_keeps_the_time_of_its_sales(world: World, till: Till) -> None:
    late = await till.sell("late", sold_at=(NOW - timedelta(days=2)).isoformat())
    first = await till.sell("first", sold_at=(NOW - timedelta(hours=1)).isoformat())
    listed = (await till.client.get("/v1/orders", headers=till.headers)).json()["items"]
    assert [each["id"] for each in listed] == [first["order_id"], late["order_id"]]
    assert datetime.fromisoformat(listed[1]["ordered_at"]) == NOW - timedelta(days=2)
    ahead = await till.sell("ahead", 422, sold_at=(NOW + timedelta(hours=3)).isoformat())
    assert "check the clock" in ahead["detail"]


async def test_an_unknown_code_is_kept_until_somebody_has_it(session: Session, world: World, till: Till) -> None:
    sold = await till.sell("1", member={"member_code": "99-00"})
    assert sold["member"] is None
    assert (await till.order(sold["order_id"]))["customer"] is None
    profile_id = await make_member(session, world, Id(Kind.LOYALTY_CARD, "9900"), first_name="Eve")
    assert await service.attach_guests(session, world.tenant_id, None, NOW) == 1
    await session.commit()
    assert (await till.order(sold["order_id"]))["customer"]["profile_id"] == str(profile_id)
    again = await till.sell("1", 200, member={"member_code": "99-00"})
    assert again["outcome"] == "unchanged"


async def test_a_return_names_the_sale(world: World, till: Till) -> None:
    sold = await till.sell("1")
    lines = [{"product_id": "p1", "name": "Puzzle", "quantity": -1, "unit_price_minor": 500}]
    back = await till.sell("2", lines=lines, return_of="1")
    order = await till.order(back["order_id"])
    assert (order["total_minor"], order["return_of"], order["return_of_id"]) == (-500, "1", sold["order_id"])


async def test_a_till_opens_nothing_else(session: Session, world: World, till: Till) -> None:
    other = await make_store(session, world)
    await session.commit()
    for path in ("/v1/profiles", "/v1/devices", "/v1/campaigns"):
        assert (await till.client.get(path, headers=till.headers)).status_code in (403, 404)
    foreign = {"member": {"member_code": "1"}, "store_id": str(other)}
    assert (await till.client.post("/v1/till/lookup", json=foreign, headers=till.headers)).status_code == 422
    nowhere = await till.client.post("/v1/till/lookup", json={"member": {"member_code": "1"}}, headers=world.sk_headers)
    assert nowhere.json()["errors"][0]["detail"] == "say at which store"
