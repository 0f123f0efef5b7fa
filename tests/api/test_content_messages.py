"""Messages about a content item, on real PostGIS with the local FCM server: an edit goes out with what was queued
before it, a cancellation withdraws it, and nothing is sent about what is over."""

from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any
from uuid import UUID

import httpx
import pytest
from sqlalchemy import select, update

from geoengage.campaigns import by_reference, reaction
from geoengage.kit.clock import utc_now
from geoengage.kit.db import Session, Sessions
from geoengage.kit.settings import FcmSettings, Settings
from geoengage.messaging.jobs import Deliverer
from geoengage.messaging.models import Message
from geoengage.messaging.senders import open_senders
from tests.api.test_content_api import Desk, make_desk
from tests.campaign_rows import Ledger, make_device
from tests.people_rows import make_person
from tests.places import make_phone
from tests.providers.fcm_server import FcmServer


@dataclass
class Story:
    """A campaign about an item, a phone in its zone, and the worker that sends."""

    desk: Desk
    item: dict[str, Any]
    campaign: dict[str, Any]
    ledger: Ledger
    worker: Deliverer
    clock: list[datetime]
    fcm: FcmServer

    async def enter(self, **device: object) -> UUID:
        """Somebody enters; returns the id of the message that this queues or skips."""
        values = {"push_provider": "fcm", "push_address": "phone", "push_kind": "fcm_token", "locale": "de-CH"}
        device_id = await make_device(self.desk.session, self.desk.world, **(values | device))
        now = utc_now()
        entered = await self.ledger.entered(device_id, self.desk.zone_id, now)
        await reaction.on_zone_events(self.desk.session, self.desk.world.tenant_id, [entered], now)
        await self.desk.session.commit()
        found = await self.desk.session.execute(select(Message.id).where(Message.device_id == device_id))
        return found.scalar_one()

    async def deliver(self) -> None:
        await self.worker.deliver_once(self.desk.world.tenant_id)

    async def message(self, id_: UUID) -> Message:
        query = select(Message).where(Message.id == id_).execution_options(populate_existing=True)
        return (await self.desk.session.execute(query)).scalar_one()

    @property
    def received(self) -> list[dict[str, Any]]:
        return [call.message for call in self.fcm.calls]


@pytest.fixture
async def story(
    client: httpx.AsyncClient, session: Session, sessions: Sessions, fcm: FcmServer, settings: Settings, tmp_path: Path
) -> Any:
    desk = await make_desk(client, session)
    item = await desk.published(
        texts={"en": {"title": "Reading", "text": "At two"}, "de": {"title": "Lesung", "text": "Um zwei"}},
        link="https://shop.example/reading",
        image_url="https://cdn.example/book.jpg",
    )
    campaign = {
        "name": "Event", "store_id": str(desk.store_id), "content_id": item["id"],
        "trigger": {"kind": "entered", "zone_ids": [str(desk.zone_id)]},
        "title": "{{ content.title }}", "body": "{{ content.text }} in {{ store.name }}",
    }  # fmt: skip
    answer = await desk.call("POST", "/campaigns", campaign)
    assert answer.status_code == 201, answer.text
    await desk.call("POST", f"/campaigns/{answer.json()['id']}/activate")
    own = FcmSettings(base_url=fcm.url, credentials_file=fcm.write_credentials(tmp_path / "account.json"))
    clock = [utc_now()]
    async with open_senders(settings.model_copy(update={"fcm": own}), lambda: clock[0]) as senders:
        worker = Deliverer(
            sessions, senders, settings.worker, clock=lambda: clock[0] + timedelta(seconds=1),
            rewrite=by_reference.rewrite,
        )  # fmt: skip
        yield Story(desk, item, answer.json(), Ledger(session, desk.world), worker, clock, fcm)


async def test_a_message_says_the_item_in_the_language_of_its_reader(story: Story) -> None:
    german, english = await story.enter(), await story.enter(locale="es")
    message = await story.message(german)
    assert (message.title, message.body) == ("Lesung", "Um zwei in Café")
    assert f"content:{story.item['id']}" in message.gates
    assert message.data["content_id"] == story.item["id"]
    assert message.expires_at <= datetime.fromisoformat(story.item["ends_at"])
    assert (await story.message(english)).title == "Reading"
    await story.deliver()
    assert sorted(m["notification"]["title"] for m in story.received) == ["Lesung", "Reading"]
    assert {m["data"]["link"] for m in story.received} == {"https://shop.example/reading"}
    assert {m["data"]["content_id"] for m in story.received} == {story.item["id"]}


async def test_an_edit_reaches_what_is_queued(story: Story) -> None:
    id_ = await story.enter()
    edited = await story.desk.patch(
        story.item,
        {"texts": {"de": {"title": "Lesung im Saal", "text": "Um drei"}}, "link": "https://shop.example/hall"},
    )
    assert edited.status_code == 200
    await story.deliver()
    (sent,) = story.received
    said = sent["notification"]
    assert (said["title"], said["body"], said["image"]) == (
        "Lesung im Saal",
        "Um drei in Café",
        story.item["image_url"],
    )
    assert sent["data"]["link"] == "https://shop.example/hall"
    message = await story.message(id_)
    assert (message.status, message.title, message.body) == ("sent", "Lesung im Saal", "Um drei in Café")


async def test_an_item_that_ends_earlier_takes_its_messages_along(story: Story) -> None:
    await story.desk.patch(story.item, {"starts": "2020-01-01T10:00:00"})
    current = (await story.desk.call("GET", f"/content/{story.item['id']}")).json()
    id_ = await story.enter()
    ended = await story.desk.patch(current, {"ends": "2020-01-01T12:00:00"})
    assert ended.status_code == 200, ended.text
    await story.deliver()
    assert ((await story.message(id_)).status, (await story.message(id_)).reason) == ("skipped", "expired")
    later = await story.message(await story.enter())
    assert (later.status, later.reason) == ("skipped", "expired")
    assert story.received == []


async def test_a_cancellation_withdraws_what_is_queued(story: Story) -> None:
    id_ = await story.enter()
    await story.desk.do(story.item, "cancel")
    await story.deliver()
    message = await story.message(id_)
    assert (message.status, message.reason) == ("skipped", "content_withdrawn")
    later = await story.message(await story.enter())
    assert (later.status, later.reason) == ("skipped", "content_withdrawn")
    assert story.received == []
    await story.desk.do(story.item, "publish")
    again = await story.enter()
    await story.deliver()
    assert (await story.message(again)).status == "sent"


@pytest.mark.parametrize("way", ["push", "inbox"])
async def test_an_inbox_says_what_the_item_says_now_and_nothing_of_a_cancelled_one(story: Story, way: str) -> None:
    desk = story.desk
    person = await make_person(desk.session, desk.world, {"external_id": "reader"})
    where = {"push_provider": "fcm", "push_address": "phone", "push_kind": "fcm_token", "locale": "de-CH"}
    phone = await make_phone(desk.session, desk.world, profile_id=person.profile_id, **where)
    now = utc_now()
    entered = await story.ledger.entered(phone.id, desk.zone_id, now)
    await reaction.on_zone_events(desk.session, desk.world.tenant_id, [entered], now)
    await desk.session.execute(update(Message).values(channels=[way]))  # as a journey's step would have it
    await desk.session.commit()
    await story.deliver()

    async def inbox() -> list[tuple[str, str, str]]:
        answer = await desk.client.get("/v1/inbox", headers=phone.headers)
        assert answer.status_code == 200, answer.text
        return [(each["title"], each["body"], each["link"]) for each in answer.json()["items"]]

    assert await inbox() == [("Lesung", "Um zwei in Café", "https://shop.example/reading")]
    edit = {"texts": {"de": {"title": "Lesung im Saal", "text": "Um drei"}}, "link": "https://shop.example/hall"}
    assert (await desk.patch(story.item, edit)).status_code == 200
    assert await inbox() == [("Lesung im Saal", "Um drei in Café", "https://shop.example/hall")]
    await desk.do(story.item, "cancel")
    assert await inbox() == []


async def test_a_campaign_names_an_item_that_its_owner_sees(story: Story) -> None:
    desk = story.desk
    theirs = await desk.create(store_id=str(desk.other_store_id))

    async def errors_of(patch: dict[str, Any], **how: Any) -> list[str]:
        campaign = (await desk.call("GET", f"/campaigns/{story.campaign['id']}")).json()
        answer = await desk.call(
            "PATCH", f"/campaigns/{campaign['id']}", patch, If_Match=f'"v{campaign["version"]}"', **how
        )
        return [error["pointer"] for error in answer.json().get("errors") or []]

    assert await errors_of({"content_id": str(desk.store_id)}) == ["#/content_id"]
    assert await errors_of({"content_id": theirs["id"]}, shop=True) == ["#/content_id"]
    assert await errors_of({"content_id": None}) == ["#/content_id"], "its text speaks of one"
    assert await errors_of({"title": "{{ content.colour }}"}) == ["#/title"]
    assert await errors_of({"content_id": theirs["id"]}) == []
    draft = await story.message(await story.enter())
    assert draft.reason == "content_withdrawn", "a draft is shown to nobody"
