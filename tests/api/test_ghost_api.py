"""POST /v1/zones/ghost: a made-up visitor, told what the engine would make of its path."""

from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID

import httpx
import pytest

from geoengage.campaigns.models import Campaign
from geoengage.kit.db import Session
from geoengage.kit.ids import new_id
from geoengage.presence.service import IndexCache, fire_timers
from geoengage.tenancy.rules import KeyKind
from tests.campaign_rows import make_store
from tests.draft_zones import drawn
from tests.factories import World, make_key_row, make_world
from tests.places import make_mall, make_phone, make_zone, ping, rows, send, square

START = datetime.now(UTC) - timedelta(hours=1)  # after the zones were published


def at(seconds: float) -> datetime:
    """So long into the walk."""
    return START + timedelta(seconds=seconds)


def path(*steps: tuple[float, float], **over: Any) -> list[dict[str, Any]]:
    """Positions told by (seconds, x)."""
    return [ping(at(s), x, **over) for s, x in steps]


class Ghost:
    """Asks for one mall's ghost."""

    def __init__(self, client: httpx.AsyncClient, world: World, mall_id: UUID) -> None:
        self.client, self.world, self.mall_id = client, world, mall_id

    async def ask(self, headers: dict[str, str] | None = None, **body: Any) -> httpx.Response:
        """The answer, whatever it is."""
        if isinstance(body.get("until"), int | float):
            body["until"] = at(body["until"]).isoformat()
        return await self.client.post(
            "/v1/zones/ghost", json={"mall_id": str(self.mall_id)} | body, headers=headers or self.world.sk_headers
        )

    async def walk(self, *steps: tuple[float, float], until: float | None = None, **body: Any) -> dict[str, Any]:
        """The answer of a walk in metres; 200."""
        answer = await self.ask(fixes=path(*steps), until=until, **body)
        assert answer.status_code == 200, answer.text
        result: dict[str, Any] = answer.json()
        return result


@pytest.fixture
async def ghost(client: httpx.AsyncClient, session: Session) -> Ghost:
    """A mall without zones."""
    world = await make_world(session)
    return Ghost(client, world, await make_mall(session, world))


def phases(answer: dict[str, Any]) -> dict[str, str]:
    return {zone["name"]: zone["phase"] for zone in answer["zones"]}


def told(answer: dict[str, Any]) -> list[str]:
    return [f"{e['kind']} {e['dwell_s'] or ''} {e['name']} {e['reason']}".replace("  ", " ") for e in answer["events"]]


async def test_through_all_phases(ghost: Ghost, session: Session) -> None:
    shop = await make_zone(
        session, ghost.world, square(), mall_id=ghost.mall_id, rules={"dwell_s": [60], "enter_s": 30}
    )
    steps = [(0, 60), (70, 19), (95, 15), (170, 5), (180, 60), (183, 60), (250, 60)]
    seen = []
    for n in range(1, len(steps) + 1):
        answer = await ghost.walk(*steps[:n])
        seen.append(answer["zones"][0]["phase"] if answer["zones"] else "far")
        assert not answer["zones"] or answer["zones"][0]["zone_id"] == str(shop)
    assert seen == ["far", "pending", "inside", "inside", "leaving", "leaving", "outside"]
    assert told(answer) == [
        "entered Shop confirmed_by_fix",
        "dwelled 60 Shop dwell",
        "exited Shop left",
    ]


async def test_numbers_and_words(ghost: Ghost, session: Session) -> None:
    await make_zone(session, ghost.world, square(), mall_id=ghost.mall_id, rules={"dwell_s": [60]})
    (zone,) = (await ghost.walk((0, 19)))["zones"]
    assert (zone["s_m"], zone["needed"], zone["level_p"]) == (-1.0, 0.5, 1.0)
    assert 0.5 < zone["share"] == zone["confidence"] < 0.7
    assert zone["text"] == (
        f"Inside Shop with {zone['confidence']:.2f} (needs 0.50), not believed yet: a second position that agrees"
        " makes it count, or 10 s more without one that contradicts."
    )
    (zone,) = (await ghost.walk((0, 0), until=20))["zones"]
    assert zone["text"] == "Inside Shop for 20 s, seen there with 1.00; the next mark is at 60 s."
    (zone,) = (await ghost.walk((0, 0), (10, 0), until=70))["zones"]
    assert zone["text"].endswith("the mark of 60 s is reached.")
    (zone,) = (await ghost.walk((0, 0), (10, 60)))["zones"]
    assert zone["text"] == "40 m outside Shop: gone in 15 s, unless it comes back before."
    (zone,) = (await ghost.walk((0, 23)))["zones"]
    assert zone["phase"] == "outside"
    assert zone["text"].startswith(f"3 m outside Shop with {zone['confidence']:.2f} (needs 0.50)")


async def test_time_passes_after_the_last_position(ghost: Ghost, session: Session) -> None:
    await make_zone(session, ghost.world, square(), mall_id=ghost.mall_id, rules={"dwell_s": [60, 100]})
    assert told(await ghost.walk((0, 19))) == []
    assert told(await ghost.walk((0, 19), until=10)) == ["entered Shop confirmed_by_time"]
    assert told(await ghost.walk((0, 19), until=60)) == ["entered Shop confirmed_by_time", "dwelled 60 Shop dwell"]
    late = await ghost.walk((0, 19), until=400)
    assert told(late)[-3:] == ["retracted 60 Shop silence", "retracted 100 Shop silence", "exited Shop silence"]
    assert phases(late) == {"Shop": "outside"}
    assert late["zones"][0]["text"] == "Left Shop: the phone fell silent."


async def test_a_draft_stands_in_for_its_published_version(ghost: Ghost, session: Session) -> None:
    zone_id = await make_zone(session, ghost.world, square(), mall_id=ghost.mall_id, name="Old")
    await make_zone(session, ghost.world, square(60), mall_id=ghost.mall_id, name="Next")
    draft = drawn(square(60), ghost.mall_id, name="New place")
    answer = await ghost.walk((0, 60), (10, 60), draft=draft | {"zone_id": str(zone_id)})
    assert phases(answer) == {"New place": "inside", "Next": "inside"}
    assert [z["zone_id"] is None for z in answer["zones"] if z["name"] == "New place"] == [True]
    assert {(e["name"], e["zone_id"] is None) for e in answer["events"]} == {("New place", True), ("Next", False)}
    assert phases(await ghost.walk((0, 60), draft=draft)) == {"New place": "inside", "Next": "inside"}
    both = phases(await ghost.walk((0, 0), draft=draft))
    assert both == {"Old": "inside", "New place": "outside"}, "without its id it is a further zone"


async def test_it_is_what_the_engine_does(client: httpx.AsyncClient, ghost: Ghost, session: Session) -> None:
    """The same path by a real phone, through pings and timers."""
    for x, rules in ((0, {"dwell_s": [30]}), (40, {"crossing": True}), (-30, {"single_fix": True})):
        await make_zone(session, ghost.world, square(x, half=12), mall_id=ghost.mall_id, name=f"at {x}", rules=rules)
    steps = [(0, -60), (20, -20), (40, 0), (60, 3), (75, 0), (95, 26), (110, 58), (300, 58)]
    answer = await ghost.walk(*steps, until=900)
    phone = await make_phone(session, ghost.world)
    await send(client, phone, *path(*steps))
    await fire_timers(session, ghost.world.tenant_id, IndexCache(), at(900))
    await session.commit()
    recorded = await rows(session, "SELECT at, kind, zone_id, reason, dwell_s, confidence FROM zone_event")
    expected = [
        (datetime.fromisoformat(e["at"]), e["kind"], UUID(e["zone_id"]), e["reason"], e["dwell_s"], e["confidence"])
        for e in answer["events"]
    ]
    assert sorted(expected, key=str) == sorted(recorded, key=str)
    assert {e["reason"] for e in answer["events"]} >= {"crossing", "single_fix", "dwell", "left"}


async def test_nothing_is_stored(ghost: Ghost, session: Session) -> None:
    await make_zone(session, ghost.world, square(), mall_id=ghost.mall_id)
    assert told(await ghost.walk((0, 0))) == ["entered Shop whole_disc"]
    stored = (
        "SELECT FROM ping UNION ALL SELECT FROM visit UNION ALL SELECT FROM timer UNION ALL SELECT FROM device_state"
        " UNION ALL SELECT FROM zone_event UNION ALL SELECT FROM message"
    )
    assert await rows(session, stored) == []


async def test_floors(ghost: Ghost, session: Session) -> None:
    await make_zone(session, ghost.world, square(), mall_id=ghost.mall_id, name="Upstairs", levels=[1])
    answer = (await ghost.ask(fixes=path((0, 0), level=0))).json()
    assert answer["zones"][0]["text"] == ("Inside the outline of Upstairs, but on floor 0; the zone is on floor 1.")
    silent = (await ghost.ask(fixes=path((0, 0), level=None))).json()
    assert (silent["zones"][0]["phase"], silent["zones"][0]["level_p"]) == ("outside", 0.4)
    remembered = (await ghost.ask(fixes=[*path((0, 0), level=1), *path((10, 0), level=None)])).json()
    assert remembered["zones"][0]["level_p"] > 0.9
    assert phases(remembered) == {"Upstairs": "inside"}


async def test_a_closed_zone(ghost: Ghost, session: Session) -> None:
    over = {"valid_to": at(5).isoformat()}
    await make_zone(session, ghost.world, square(), mall_id=ghost.mall_id, schedule=over)
    answer = await ghost.walk((0, 0), (10, 0))
    assert told(answer) == ["entered Shop whole_disc", "exited Shop schedule_closed"]
    assert answer["zones"][0]["text"] == "Shop is closed at that time: nobody is inside."


async def test_positions_that_the_engine_refuses(ghost: Ghost, session: Session) -> None:
    await make_zone(session, ghost.world, square(), mall_id=ghost.mall_id)
    nowhere = {"at": at(1).isoformat(), "lon": 0, "lat": 0, "accuracy_m": 5}
    far = {"at": at(2).isoformat(), "lon": 9.5, "lat": 47.4, "accuracy_m": 5}
    answer = (await ghost.ask(fixes=[*path((0, 0)), nowhere, far])).json()
    assert [r["reason"] for r in answer["refused"]] == ["null_island", "impossible_speed"]
    assert phases(answer) == {"Shop": "inside"}
    none = (await ghost.ask(fixes=[nowhere])).json()
    assert (none["zones"], none["events"]) == ([], [])


async def test_unknown_accuracy_is_the_tenants_default(client: httpx.AsyncClient, session: Session) -> None:
    world = await make_world(session, default_accuracy_m=40)
    ghost = Ghost(client, world, await make_mall(session, world))
    await make_zone(session, world, square(), mall_id=ghost.mall_id)
    answer = (await ghost.ask(fixes=path((0, 0), accuracy_m=None))).json()
    assert answer["zones"][0]["confidence"] == pytest.approx(0.8 * 1600 / (3.14159 * 40 * 40), abs=0.01)


# --- campaigns ----------------------------------------------------------------------------------------------------


async def add_campaign(session: Session, world: World, name: str, zone_id: UUID | None, **over: Any) -> None:
    values: dict[str, Any] = {
        "status": "active", "trigger_kind": "entered", "trigger_zone_ids": [zone_id] if zone_id else [],
        "trigger_store_ids": [], "definition": {}, "title": "t", "body": "b", "store_id": None,
    } | over  # fmt: skip
    session.add(Campaign(tenant_id=world.tenant_id, id=new_id(), name=name, **values))
    await session.commit()


async def test_campaigns_that_would_fire(ghost: Ghost, session: Session) -> None:
    world = ghost.world
    zone_id = await make_zone(session, world, square(), mall_id=ghost.mall_id, rules={"dwell_s": [60]})
    other = await make_zone(session, world, square(60), mall_id=ghost.mall_id, name="Other")
    tomorrow = ["mon", "tue", "wed", "thu", "fri", "sat", "sun"][(START.weekday() + 2) % 7]
    gold = {"kind": "attribute", "name": "tier", "op": "eq", "value": "gold"}
    await add_campaign(session, world, "Welcome", zone_id)
    await add_campaign(session, world, "Stay", zone_id, trigger_kind="dwelled", definition={"dwell_s": 60})
    await add_campaign(session, world, "Other day", zone_id, definition={"days": [tomorrow]})
    await add_campaign(session, world, "Gold", zone_id, definition={"audience": gold})
    await add_campaign(session, world, "Paused", zone_id, status="paused")
    await add_campaign(session, world, "Elsewhere", other)
    short = await ghost.walk((0, 0), until=30)
    verdicts = {c["name"]: c["verdict"] for c in short["campaigns"]}
    assert verdicts == {
        "Welcome": "would_send", "Stay": "not_dwelled", "Other day": "campaign_hours", "Gold": "depends_on_person",
        "Paused": "paused",
    }  # fmt: skip
    long = await ghost.walk((0, 0), (30, 0), (60, 0))
    stay = next(c for c in long["campaigns"] if c["name"] == "Stay")
    assert stay["verdict"] == "would_send"
    assert stay["text"] == "Would send its message after 60 s, to somebody who agreed to such messages."
    assert stay["zone_id"] == str(zone_id)
    draft = await ghost.walk((0, 0), draft=drawn(square(), ghost.mall_id) | {"zone_id": str(zone_id)})
    assert {(c["name"], c["zone_id"]) for c in draft["campaigns"]} >= {("Welcome", None)}
    assert (await ghost.walk((0, -100)))["campaigns"] == []


async def test_a_new_zone_of_a_store_has_the_stores_campaigns(ghost: Ghost, session: Session) -> None:
    store_id = await make_store(session, ghost.world)
    await add_campaign(session, ghost.world, "Store", None, trigger_store_ids=[store_id])
    draft = drawn(square(), ghost.mall_id, store_id=str(store_id))
    assert [c["verdict"] for c in (await ghost.walk((0, 0), draft=draft))["campaigns"]] == ["would_send"]
    parking = drawn(square(), ghost.mall_id, store_id=str(store_id), kind="parking")
    assert (await ghost.walk((0, 0), draft=parking))["campaigns"] == [], "its car park is not the store"


# --- bounds, and for whom -----------------------------------------------------------------------------------------


async def test_what_is_refused(ghost: Ghost) -> None:
    bodies: dict[str, dict[str, Any]] = {
        "no positions": {"fixes": []},
        "too many": {"fixes": path(*((n, 0) for n in range(601)))},
        "too long": {"fixes": path((0, 0)), "until": 86_401},
        "a year that no clock shows": {"fixes": [path((0, 0))[0] | {"at": "0001-01-01T00:00:00Z"}]},
        "a draft far away": {"fixes": path((0, 0)), "draft": drawn(square(5_000), ghost.mall_id)},
        "a circle without radius": {
            "fixes": path((0, 0)),
            "draft": drawn(square(), ghost.mall_id) | {"geometry": {"type": "Point", "coordinates": [8.5417, 47.3769]}},
        },
    }
    for name, body in bodies.items():
        assert (await ghost.ask(**body)).status_code == 422, name
    assert (await ghost.ask(fixes=path(*((n, 0) for n in range(600))))).status_code == 200
    ghost.mall_id = new_id()
    assert (await ghost.ask(fixes=path((0, 0)))).status_code == 404


async def test_a_shop_sees_its_own_zones_only(ghost: Ghost, session: Session) -> None:
    own, other = await make_store(session, ghost.world), await make_store(session, ghost.world)
    for store_id, name in ((own, "Ours"), (other, "Theirs")):
        zone_id = await make_zone(session, ghost.world, square(), mall_id=ghost.mall_id, store_id=store_id, name=name)
        await add_campaign(session, ghost.world, f"{name} campaign", zone_id, store_id=store_id)
    key = await make_key_row(session, ghost.world.tenant_id, KeyKind.SECRET, store_ids=[own])
    await session.commit()
    headers = {"Authorization": f"Bearer {key}"}
    answer = await ghost.ask(headers, fixes=path((0, 0)))
    assert phases(answer.json()) == {"Ours": "inside"}
    assert [c["name"] for c in answer.json()["campaigns"]] == ["Ours campaign"]
    assert "Theirs" not in answer.text
    draft = drawn(square(), ghost.mall_id, store_id=str(other))
    assert (await ghost.ask(headers, fixes=path((0, 0)), draft=draft)).status_code == 404
