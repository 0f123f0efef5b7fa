"""Segments in, messages out: who enters, leaves or is there already gets a message once, by day, with consent."""

from dataclasses import dataclass, field
from datetime import UTC, datetime, time, timedelta
from typing import Any
from uuid import UUID

import httpx
import pytest
from sqlalchemy import delete, select, text, update

from geoengage.campaigns import service
from geoengage.campaigns.jobs import start_due_once
from geoengage.campaigns.models import CampaignStart
from geoengage.campaigns.moves import on_moves
from geoengage.kit.db import Session, Sessions
from geoengage.kit.events import Recorded
from geoengage.kit.ids import new_id
from geoengage.messaging.models import Message
from geoengage.profiles.models import Device
from geoengage.segments.models import Segment, SegmentMember
from geoengage.tenancy.models import Tenant
from geoengage.tenancy.rules import KeyKind
from tests.campaign_rows import make_device, make_profile, make_store
from tests.factories import World, make_key_row, make_world

NOW = datetime.now(UTC).replace(hour=10, minute=0, second=0, microsecond=0)
GRANTED = {"location": "denied", "marketing_push": "granted", "personalisation": "granted", "push_address": "x"}


@dataclass
class Shop:
    """A tenant with a segment. `people`: name → profile."""

    client: httpx.AsyncClient
    session: Session
    sessions: Sessions
    world: World
    segment_id: UUID
    people: dict[str, UUID] = field(default_factory=dict)

    async def person(self, name: str, *, inside: bool = True, **consents: Any) -> UUID:
        """Somebody with one phone."""
        profile_id = self.people[name] = await make_profile(self.session, self.world, first_name=name)
        await make_device(self.session, self.world, profile_id=profile_id, **GRANTED | consents)
        if inside:
            await self.put(name)
        return profile_id

    async def put(self, name: str) -> None:
        key = {"tenant_id": self.world.tenant_id, "segment_id": self.segment_id, "profile_id": self.people[name]}
        self.session.add(SegmentMember(**key, since=NOW))
        await self.session.commit()

    async def take_out(self, name: str) -> None:
        await self.session.execute(delete(SegmentMember).where(SegmentMember.profile_id == self.people[name]))
        await self.session.commit()

    async def campaign(
        self, trigger: dict[str, Any] | None = None, *, activate: bool = True, **over: Any
    ) -> dict[str, Any]:
        """Made and activated over HTTP."""
        body = {
            "name": "Come back", "title": "Hi {{ first_name }}", "body": "We miss you", "cooldown_s": 0,
            "cap": {"count": 5, "per_days": 1},
            "trigger": {"kind": "segment", "segment_id": str(self.segment_id)} | (trigger or {}),
        } | over  # fmt: skip
        made = await self.client.post("/v1/campaigns", json=body, headers=self.world.sk_headers)
        assert made.status_code == 201, made.text
        if not activate:
            return made.json()
        url = f"/v1/campaigns/{made.json()['id']}/activate"
        answer = await self.client.post(url, headers=self.world.sk_headers)
        assert answer.status_code == 200, answer.text
        return answer.json()

    async def moved(self, name: str, kind: str = "entered", at: datetime = NOW, now: datetime = NOW) -> None:
        """The ledger tells that somebody moved."""
        payload = {
            "type": f"segment.{kind}", "segment_id": str(self.segment_id), "profile_id": str(self.people[name]),
            "at": at.isoformat(), "version": 1,
        }  # fmt: skip
        recorded = [Recorded(1, f"segment.{kind}", now, payload)]
        await on_moves(self.session, self.world.tenant_id, recorded, now)
        await self.session.commit()

    async def messages(self, now: datetime = NOW) -> dict[str, tuple[str, str | None]]:
        """Whatever is due is decided; then status and reason of each person's last message, by name."""
        await start_due_once(self.sessions, now)
        self.session.expunge_all()
        query = select(Message).where(Message.tenant_id == self.world.tenant_id).order_by(Message.id)
        names = {profile_id: name for name, profile_id in self.people.items()}
        return {names[m.person_id]: (m.status, m.reason) for m in await self.session.scalars(query)}


@pytest.fixture
async def shop(client: httpx.AsyncClient, session: Session, sessions: Sessions) -> Shop:
    world = await make_world(session)
    segment = Segment(
        tenant_id=world.tenant_id, id=new_id(), name="Slowing", definition={}, version=1, live_definition={},
        live_version=1, status="ready", size=0, description="",
    )  # fmt: skip
    session.add(segment)
    await session.commit()
    return Shop(client, session, sessions, world, segment.id)


async def test_who_comes_in_gets_it_once(shop: Shop) -> None:
    await shop.person("Ana")
    await shop.person("Ben")
    await shop.campaign()
    await shop.moved("Ana")
    await shop.moved("Ana")
    assert await shop.messages() == {"Ana": ("queued", None)}
    row = await shop.session.scalar(select(Message).where(Message.tenant_id == shop.world.tenant_id))
    assert row is not None
    assert (row.title, row.zone_id, row.visit_id) == ("Hi Ana", None, None)
    assert row.expires_at == NOW + timedelta(hours=24)
    await shop.moved("Ana")
    assert await shop.messages() == {"Ana": ("queued", None)}
    count = await shop.session.scalars(select(Message.id).where(Message.tenant_id == shop.world.tenant_id))
    assert len(count.all()) == 1, "the same move is decided once"


async def test_who_leaves(shop: Shop) -> None:
    await shop.person("Ana", inside=False)
    await shop.person("Ben")
    await shop.campaign({"on": "exited"})
    await shop.moved("Ana", "entered")
    assert await shop.messages() == {}
    await shop.moved("Ana", "exited")
    await shop.moved("Ben", "exited")  # and has come back
    assert await shop.messages() == {"Ana": ("queued", None)}


async def test_who_is_there_when_it_is_activated_and_not_again(shop: Shop) -> None:
    for name in ("Ana", "Ben"):
        await shop.person(name)
    await shop.person("Outside", inside=False)
    made = await shop.campaign({"present": True})
    assert any("goes to everybody who is in the segment" in warning for warning in made["warnings"])
    now = datetime.now(UTC) + timedelta(seconds=1)
    assert await shop.messages(now) == {"Ana": ("queued", None), "Ben": ("queued", None)}
    url = f"/v1/campaigns/{made['id']}"
    for verb in ("pause", "activate"):
        assert (await shop.client.post(f"{url}/{verb}", headers=shop.world.sk_headers)).status_code == 200
    await shop.messages(now + timedelta(seconds=1))
    rows = await shop.session.scalars(select(Message.id).where(Message.tenant_id == shop.world.tenant_id))
    assert len(rows.all()) == 2


async def test_the_first_members_of_a_new_segment_are_present(shop: Shop) -> None:
    await shop.campaign({"present": True})
    await shop.person("Ana")
    told = {"segment_id": str(shop.segment_id), "version": 1, "at": NOW.isoformat(), "exited": 0}
    for size, entered in ((5, 1), (1, 1)):  # a changed definition first, which starts nobody
        payload = {"type": "segment.rebuilt", "size": size, "entered": entered} | told
        await on_moves(shop.session, shop.world.tenant_id, [Recorded(1, "segment.rebuilt", NOW, payload)], NOW)
        await shop.session.commit()
        assert len(await shop.messages()) == (1 if size == entered else 0)


async def test_history_chooses_nobody_without_consent_to_personal_content(shop: Shop) -> None:
    await shop.person("Yes")
    await shop.person("No", personalisation="denied")
    await shop.person("NoPush", marketing_push="denied")
    await shop.person("Suppressed")
    await shop.session.execute(
        text("UPDATE profile SET suppressed_at = now() WHERE tenant_id = :t AND id = :id"),
        {"t": shop.world.tenant_id, "id": shop.people["Suppressed"]},
    )
    await shop.campaign()
    for name in shop.people:
        await shop.moved(name)
    assert await shop.messages() == {
        "Yes": ("queued", None),
        "No": ("skipped", "no_consent"),
        "NoPush": ("skipped", "no_consent"),
        "Suppressed": ("skipped", "suppressed"),
    }


async def test_caps_and_cooldown_hold_over_moves(shop: Shop) -> None:
    await shop.person("Ana")
    await shop.campaign(cap={"count": 1, "per_days": 7})
    await shop.moved("Ana")
    assert await shop.messages() == {"Ana": ("queued", None)}
    later = NOW + timedelta(hours=2)
    await shop.moved("Ana", at=later, now=later)
    assert await shop.messages(later) == {"Ana": ("skipped", "cap")}


async def test_a_move_at_midnight_waits_until_quiet_hours_are_over(shop: Shop) -> None:
    """Zurich's quiet hours are 21 to 8; the person moves by time alone at three in the morning."""
    quiet = update(Tenant).where(Tenant.id == shop.world.tenant_id).values(quiet_start=time(21), quiet_end=time(8))
    await shop.session.execute(quiet)
    await shop.person("Ana")
    await shop.person("Gone")
    await shop.campaign(hours={"start": "09:30", "end": "18:00"})
    night = NOW.replace(hour=1)
    for name in ("Ana", "Gone"):
        await shop.moved(name, at=night, now=night)
    assert await shop.messages(night) == {}
    waiting = await shop.session.scalars(select(CampaignStart).where(CampaignStart.tenant_id == shop.world.tenant_id))
    (due,) = {row.due_at for row in waiting}
    assert due - night in (timedelta(hours=6, minutes=30), timedelta(hours=7, minutes=30)), "half past nine, Zurich"
    await shop.take_out("Gone")
    assert await shop.messages(due) == {"Ana": ("queued", None)}
    row = await shop.session.scalar(select(Message).where(Message.tenant_id == shop.world.tenant_id))
    assert row is not None
    assert row.expires_at == night + timedelta(hours=24)


async def test_what_waits_goes_with_its_campaign(shop: Shop) -> None:
    await shop.person("Ana")
    made = await shop.campaign()
    await shop.moved("Ana")
    await shop.client.post(f"/v1/campaigns/{made['id']}/pause", headers=shop.world.sk_headers)
    assert await shop.messages() == {}
    await shop.moved("Ana", at=NOW - timedelta(hours=25))
    assert await shop.messages() == {}, "a day later nobody wants to hear of it"


async def test_one_of_several_phones_is_addressed(shop: Shop) -> None:
    profile_id = await shop.person("Ana", personalisation="denied")
    best = await make_device(shop.session, shop.world, profile_id=profile_id, **GRANTED)
    await make_device(shop.session, shop.world, profile_id=profile_id, **GRANTED | {"push_address": None})
    await shop.campaign()
    await shop.moved("Ana")
    assert await shop.messages() == {"Ana": ("queued", None)}
    row = await shop.session.scalar(select(Message).where(Message.tenant_id == shop.world.tenant_id))
    assert row is not None
    assert row.device_id == best


async def test_what_a_campaign_may_name(shop: Shop) -> None:
    headers, body = shop.world.sk_headers, {"name": "x", "title": "x", "body": "{{ zone.name }}"}

    async def tried(trigger: dict[str, Any], over: dict[str, Any] | None = None, by: dict[str, str] = headers) -> Any:
        answer = await shop.client.post("/v1/campaigns", json=body | {"trigger": trigger} | (over or {}), headers=by)
        return answer.status_code, [e["pointer"] for e in answer.json().get("errors", [])]

    mine = {"kind": "segment", "segment_id": str(shop.segment_id)}
    assert await tried({"kind": "segment"}) == (422, ["#/trigger/segment_id"])
    assert await tried(mine | {"segment_id": str(new_id())}) == (422, ["#/trigger/segment_id"])
    assert await tried(mine | {"zone_ids": [str(new_id())]}) == (422, ["#/trigger"])
    assert await tried(mine | {"on": "exited", "present": True}) == (422, ["#/trigger/present"])
    nowhere = {"audience": {"kind": "segment", "segment_id": str(new_id())}}
    assert await tried(mine, nowhere) == (422, ["#/audience/segment_id"])
    store_id = await make_store(shop.session, shop.world)
    shop_key = await make_key_row(shop.session, shop.world.tenant_id, KeyKind.SECRET, store_ids=[store_id])
    restricted = {"Authorization": f"Bearer {shop_key}"}
    assert await tried(mine, by=restricted) == (422, ["#/trigger/segment_id"]), "the tenant's segments are not a shop's"
    made = await shop.campaign(activate=False, body="{{ zone.name }}")
    assert made["trigger"]["segment_id"] == str(shop.segment_id)
    assert [w for w in made["warnings"] if "zone.name" in w]
    await shop.session.execute(delete(Segment).where(Segment.id == shop.segment_id))
    await shop.session.commit()
    again = await shop.client.get(f"/v1/campaigns/{made['id']}", headers=headers)
    assert "Its segment was deleted" in again.json()["warnings"][0]


async def test_the_estimate_counts_members_with_consents(shop: Shop) -> None:
    for n in range(12):
        await shop.person(f"in-{n}")
    await shop.person("no", personalisation="denied")
    await shop.person("out", inside=False)
    await shop.session.execute(update(Tenant).where(Tenant.id == shop.world.tenant_id).values(is_demo=True))
    await shop.session.commit()
    made = await shop.campaign(activate=False)
    assert made["estimate"] == {"people": 12, "blocked_by": {"no_consent": 1}}


async def test_a_playbook_drafts_a_campaign(shop: Shop) -> None:
    await shop.person("Ana")
    row = await service.draft_for_segment(
        shop.session, shop.world.tenant_id, new_id(), name="Win back", segment_id=shop.segment_id,
        title="We miss you", body="Ten percent off", now=NOW,
    )  # fmt: skip
    await shop.session.commit()
    made = await shop.client.get(f"/v1/campaigns/{row.id}", headers=shop.world.sk_headers)
    assert made.json()["status"] == "draft"
    assert made.json()["trigger"] | {"on": "entered", "present": True} == made.json()["trigger"]
    answer = await shop.client.post(f"/v1/campaigns/{row.id}/activate", headers=shop.world.sk_headers)
    assert answer.status_code == 200, answer.text
    assert await shop.messages(datetime.now(UTC) + timedelta(seconds=1)) == {"Ana": ("queued", None)}


async def test_a_person_who_is_erased_waits_no_more(shop: Shop) -> None:
    profile_id = await shop.person("Ana")
    await shop.campaign()
    await shop.moved("Ana")
    await shop.session.execute(delete(Device).where(Device.profile_id == profile_id))
    await shop.session.commit()
    assert await shop.messages() == {}, "nobody to address"
