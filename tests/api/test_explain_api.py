"""GET /v1/explain: the numbers of each zone, what was believed at each moment, every check of each campaign."""

from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID

import httpx
import pytest
from sqlalchemy import text

from geoengage.campaigns.models import Campaign
from geoengage.campaigns.reaction import on_zone_events
from geoengage.kit import events
from geoengage.kit.db import Session
from geoengage.kit.ids import new_id
from geoengage.venues.store import raise_epoch
from tests.factories import World, make_world
from tests.places import Phone, ago, make_mall, make_phone, make_zone, on_earth, ping, send, square

CHECKS = [
    "no_consent", "suppressed", "holdout", "quiet_hours", "campaign_hours", "cooldown", "cap", "budget", "late",
    "visit_ended", "expired", "campaign_inactive", "zone_unpublished", "sending_stopped", "no_address",
]  # fmt: skip
Answer = dict[str, Any]


class Place:
    """A mall, a phone in it, and questions about the phone."""

    def __init__(self, client: httpx.AsyncClient, session: Session, world: World, mall_id: UUID, phone: Phone) -> None:
        self.client, self.session, self.world, self.mall_id, self.phone = client, session, world, mall_id, phone

    async def zone(self, **over: Any) -> str:
        return str(await make_zone(self.session, self.world, square(), mall_id=self.mall_id, **over))

    async def send(self, *pings: dict[str, Any]) -> None:
        answer = await send(self.client, self.phone, *pings)
        assert answer["rejected"] == []

    async def explain(self, **over: Any) -> Answer:
        params = {"device_id": str(self.phone.id), "reason": "asked"} | over
        answer = await self.client.get("/v1/explain", params=params, headers=self.world.sk_headers)
        assert answer.status_code == 200, answer.text
        result: Answer = answer.json()
        return result

    async def campaign(self, zone_id: str, **over: Any) -> UUID:
        values: dict[str, Any] = {
            "name": "Welcome", "status": "active", "trigger_kind": "entered", "trigger_zone_ids": [UUID(zone_id)],
            "trigger_store_ids": [], "definition": {}, "title": "Hi", "body": "there", "store_id": None,
        } | over  # fmt: skip
        row = Campaign(tenant_id=self.world.tenant_id, id=new_id(), **values)
        self.session.add(row)
        await self.session.commit()
        return row.id

    async def react(self) -> None:
        recorded = await events.read(self.session, self.world.tenant_id, 0, 500)
        await on_zone_events(self.session, self.world.tenant_id, recorded, datetime.now(UTC))
        await self.session.commit()


@pytest.fixture
async def place(client: httpx.AsyncClient, session: Session) -> Place:
    world = await make_world(session, daily_cap=2, holdout_percent=0)
    return Place(client, session, world, await make_mall(session, world), await make_phone(session, world))


def only(items: list[Answer], **wanted: Any) -> Answer:
    (found,) = [i for i in items if all(i[k] == v for k, v in wanted.items())]
    return found


async def test_each_position_is_told_with_the_engines_numbers(place: Place) -> None:
    zone_id = await place.zone()
    await place.send(
        ping(ago(100), 60),
        ping(ago(30), 19),
        ping(ago(9), 18, level=None),
        ping(ago(6), 5, level=1),
        ping(ago(4), 5, level=1),
    )
    told = await place.explain()
    far, edge, guess, once, upstairs = told["fixes"]
    assert far["zones"] == []
    near = only(edge["zones"], zone_id=zone_id)
    assert near["s_m"] == pytest.approx(-1.0, abs=0.1)
    assert near["share"] == pytest.approx(0.626, abs=0.01)  # of a 5 m disc a metre inside of a straight edge
    assert (near["level_p"], near["confidence"], near["phase"]) == (1.0, near["share"], "pending")
    assert edge["floor"] == {"level": 0, "p": 1.0}
    assert guess["floor"]["level"] == 0
    assert 0.9 < guess["floor"]["p"] < 1.0
    assert only(guess["zones"], zone_id=zone_id)["phase"] == "inside"
    assert only(once["zones"], zone_id=zone_id)["level_p"] > 0.9, "one report against two is taken for an error"
    assert only(upstairs["zones"], zone_id=zone_id)["level_p"] == 0.0


async def test_what_was_believed_changes_at_its_own_time(place: Place) -> None:
    zone_id = await place.zone(rules={"exit_s": 15, "enter_s": 30})
    start = ago(100)
    at = [start + timedelta(seconds=s) for s in (0, 20, 45, 50, 55, 85)]
    xs = (18, 18, 60, 5, 60, 60)
    await place.send(*(ping(t, x, accuracy_m=8) for t, x in zip(at, xs, strict=True)))
    told = await place.explain()
    changes = [(c["phase"], c["reason"]) for c in told["changes"]]
    assert changes == [
        ("pending", "one_fix"), ("inside", "confirmed_by_fix"), ("leaving", "seen_outside"), ("inside", "came_back"),
        ("leaving", "seen_outside"), ("outside", "left"),
    ]  # fmt: skip
    times = [datetime.fromisoformat(c["at"]) for c in told["changes"]]
    assert times == sorted(times)
    # left counts from the first position outside, and was certain only when that had held long enough
    left = only(told["events"], kind="exited")
    assert datetime.fromisoformat(left["at"]) == at[4]
    assert at[4] + timedelta(seconds=10) < times[-1] <= at[5]
    assert {c["zone_id"] for c in told["changes"]} == {zone_id}


async def test_belief_agrees_with_the_record(place: Place) -> None:
    await place.zone(rules={"dwell_s": [20], "timeout_s": 60})
    start = ago(280)
    for second, x in [(0, 60), (6, 18), (11, 5), (40, 5), (60, 60), (90, 61), (160, 19), (185, 19)]:
        await place.send(ping(start + timedelta(seconds=second), x))
    told = await place.explain()
    recorded = [(e["kind"], e["at"]) for e in told["events"] if e["kind"] == "entered"]
    believed = [("entered", c["at"]) for c in told["changes"] if c["phase"] == "inside" and c["reason"] != "came_back"]
    assert believed == recorded


async def test_belief_at_the_start_is_that_of_before(place: Place) -> None:
    """A visit that began long before the span: from the last checkpoint, or from the positions before."""
    zone_id = await place.zone(rules={"timeout_s": 900})
    for minute in range(50, -1, -2):
        await place.send(ping(ago(minute * 60 + 1), 3))
    told = await place.explain(minutes=5)
    assert [c["phase"] for c in told["changes"]][:1] == ["inside"]
    assert only(told["fixes"][0]["zones"], zone_id=zone_id)["phase"] == "inside"
    assert only(told["zones"], zone_id=zone_id)["verdict"] == "inside"


@pytest.mark.parametrize(
    "over, verdict, rule",
    [
        ({"accuracy_m": 60.0}, "below_confidence", "share"),
        ({"level": 1}, "wrong_level", "level"),
        ({"x": 45.0}, "outside", "distance"),
        ({"x": 5.0}, "entered", "whole_disc"),
        ({"x": 18.0}, "pending", "confirmation"),
    ],
)
async def test_the_rule_that_decided_is_named(place: Place, over: Answer, verdict: str, rule: str) -> None:
    zone_id = await place.zone()
    over = {"x": 10.0} | over
    await place.send(ping(ago(2), over.pop("x"), **over))
    zone = only((await place.explain())["zones"], zone_id=zone_id)
    assert (zone["verdict"], zone["rule"]) == (verdict, rule), zone
    assert zone["rules"]["min_confidence"] == zone["needed"] == 0.5
    assert zone["text"]


async def test_a_closed_zone_says_that_it_is_closed(place: Place) -> None:
    now = datetime.now(UTC)
    closed = {"valid_from": None, "valid_to": (now - timedelta(hours=1)).isoformat(), "hours": []}
    zone_id = await place.zone(schedule=closed)
    await place.send(ping(ago(20), 5), ping(ago(10), 5))
    told = await place.explain()
    zone = only(told["zones"], zone_id=zone_id)
    assert (zone["verdict"], zone["rule"]) == ("closed", "schedule")
    assert told["events"] == []


async def test_a_zone_to_come_is_not_there_yet(place: Place) -> None:
    zone_id = await place.zone(effective_from=datetime.now(UTC) + timedelta(minutes=5))
    await place.send(ping(ago(20), 5), ping(ago(10), 5))
    zone = only((await place.explain())["zones"], zone_id=zone_id)
    assert (zone["verdict"], zone["rule"]) == ("not_in_force", "publication")


async def test_the_version_of_the_time_decides_and_is_drawn(place: Place) -> None:
    """The zone lay elsewhere until a minute ago; a position of before is told with the outline of before."""
    zone_id = await place.zone()
    moved_at = ago(60)
    await place.session.execute(
        text("UPDATE zone_version SET effective_to = :at WHERE zone_id = :id"), {"at": moved_at, "id": zone_id}
    )
    await place.session.execute(
        text(
            "INSERT INTO zone_version (tenant_id, zone_id, version, mall_id, name, kind, levels, geom, tags,"
            " sensitivity, rules, metadata, effective_from) SELECT tenant_id, zone_id, 2, mall_id, name, kind, levels,"
            " ST_GeomFromText(:geom, 4326), tags, sensitivity, rules, metadata, :at FROM zone_version"
            " WHERE zone_id = :id"
        ),
        {"geom": on_earth(square(100)).wkt, "at": moved_at, "id": zone_id},
    )
    await place.session.execute(
        text("UPDATE zone SET version = 2, published_version = 2 WHERE id = :id"), {"id": zone_id}
    )
    await raise_epoch(place.session, place.world.tenant_id)
    await place.session.commit()
    await place.send(ping(ago(100), 5), ping(ago(90), 5), ping(ago(30), 5))
    zone = only((await place.explain())["zones"], zone_id=zone_id)
    assert [s["version"] for s in zone["shapes"]] == [1, 2]
    assert zone["shapes"][0]["to"] == zone["shapes"][1]["from"]
    assert zone["zone_version"] == 1
    assert zone["s_m"] < 0


async def test_a_visit_put_right_by_late_positions_is_told_before_and_after(place: Place) -> None:
    await place.zone(rules={"timeout_s": 3600})
    await place.send(ping(ago(200), 5), ping(ago(190), 5), ping(ago(100), 100), ping(ago(20), 100))
    await place.send(ping(ago(150), 100))  # it had left much earlier
    told = await place.explain()
    revised = only(told["events"], kind="revised")
    assert revised["reason"] == "late_fixes"
    assert datetime.fromisoformat(revised["visit"]["exited_at"]) < datetime.fromisoformat(
        revised["before"]["exited_at"]
    )
    assert "put this visit right" in told["zones"][0]["text"]


async def test_a_visit_that_never_was_is_taken_back(place: Place) -> None:
    zone_id = await place.zone()
    await place.send(ping(ago(100), 18, accuracy_m=12), ping(ago(80), 18, accuracy_m=12))
    await place.send(ping(ago(95), 40, accuracy_m=3), ping(ago(85), 40, accuracy_m=3))
    told = await place.explain()
    kinds = [e["kind"] for e in told["events"]]
    zone = only(told["zones"], zone_id=zone_id)
    assert "retracted" in kinds, kinds
    assert zone["verdict"] == "retracted"
    assert "taken back" in zone["text"]


async def test_a_sent_message_shows_every_check_in_order(place: Place) -> None:
    zone_id = await place.zone()
    await place.campaign(zone_id)
    await place.send(ping(ago(5), 5))
    await place.react()
    (message,) = (await place.explain())["messages"]
    assert [c["check"] for c in message["checks"]] == CHECKS
    assert all(c["passed"] for c in message["checks"])
    said = {c["check"]: c["text"] for c in message["checks"]}
    assert said["cap"] == "0 of 1 from this campaign in a day"
    assert said["budget"] == "0 of 2 from all in a day"
    assert said["cooldown"] == "1 h between two; none was sent before"
    assert said["no_consent"] == "location granted, pushes granted"
    assert said["late"].startswith("decided ")
    assert (message["campaign_changed"], message["attempts"], message["sent_at"]) == (False, 0, None)


async def test_a_held_back_message_shows_what_held_it_and_how_far(place: Place) -> None:
    zone_id = await place.zone()
    await place.campaign(zone_id, definition={"cap": {"count": 1, "per_days": 7}, "cooldown_s": 600})
    await place.send(ping(ago(100), 5))
    await place.react()
    await place.send(ping(ago(90), 60), ping(ago(20), 60))
    await place.send(ping(ago(3), 5))
    await place.react()
    held = only((await place.explain())["messages"], status="skipped")
    assert held["blockers"] == ["cooldown", "cap"]
    checks = {c["check"]: c for c in held["checks"]}
    assert [name for name, c in checks.items() if c["passed"] is False] == ["cooldown", "cap"]
    assert checks["cap"]["text"] == "1 of 1 from this campaign in 7 days"
    assert checks["budget"]["text"] == "1 of 2 from all in a day"
    assert checks["cooldown"]["text"].startswith("10 min between two; the last one ")
    assert [c["passed"] for name, c in checks.items() if name in CHECKS[10:]] == [None] * 5  # delivery never asked


async def test_an_edited_campaign_says_so(place: Place) -> None:
    zone_id = await place.zone()
    id_ = await place.campaign(zone_id)
    await place.send(ping(ago(5), 5))
    await place.react()
    later = datetime.now(UTC) + timedelta(seconds=1)
    await place.session.execute(text("UPDATE campaign SET updated_at = :at WHERE id = :id"), {"at": later, "id": id_})
    await place.session.commit()
    (message,) = (await place.explain())["messages"]
    assert message["campaign_changed"]


async def test_campaigns_that_sent_nothing_say_at_which_step(place: Place) -> None:
    zone_id = await place.zone(name="Café")
    for name, over in {
        "paused": {"status": "paused"},
        "stay": {"trigger_kind": "dwelled", "definition": {"dwell_s": 60}},
        "members": {"definition": {"audience": {"kind": "attribute", "name": "member", "op": "eq", "value": True}}},
    }.items():
        await place.campaign(zone_id, name=name, **over)
    await place.send(ping(ago(5), 5))
    await place.react()
    told = {c["campaign_name"]: c for c in (await place.explain())["campaigns"]}
    assert {name: c["verdict"] for name, c in told.items()} == {
        "paused": "paused", "stay": "not_triggered", "members": "not_in_audience",
    }  # fmt: skip
    assert [(c["check"], c["passed"]) for c in told["members"]["checks"]] == [
        ("status", True), ("trigger", True), ("audience", False),
    ]  # fmt: skip
    assert "stay of 1 min" in told["stay"]["text"]
    assert told["stay"]["zone_name"] == "Café"


async def test_a_campaign_of_a_zone_that_was_not_entered_is_told_with_the_zones_reason(place: Place) -> None:
    zone_id = await place.zone(name="Café")
    await place.campaign(zone_id)
    await place.send(ping(ago(5), 10, accuracy_m=60))
    (waiting,) = (await place.explain())["campaigns"]
    assert waiting["verdict"] == "not_triggered"
    assert "needs 0.50" in waiting["text"]


async def test_far_campaigns_are_not_told(place: Place) -> None:
    zone_id = await place.zone()
    await place.campaign(zone_id)
    await place.send(ping(ago(5), 45))
    assert (await place.explain())["campaigns"] == []


async def test_nothing_heard_is_an_answer(place: Place) -> None:
    told = await place.explain()
    assert (told["fixes"], told["zones"], told["changes"], told["campaigns"]) == ([], [], [], [])
    assert told["summary"] == "Nothing was heard from this device in that time."
