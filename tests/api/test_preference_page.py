"""The preference page over plain HTTP: what it shows, what its forms do, who may not see it, and that nothing leaks."""

import re
from datetime import UTC, datetime, timedelta
from html.parser import HTMLParser
from uuid import UUID

import httpx
import pytest
from fastapi import FastAPI
from sqlalchemy import text

from geoengage.kit.db import Session
from geoengage.messaging.rules import channel_order, wished_channels
from geoengage.messaging.store import list_preferences
from geoengage.privacy import page
from geoengage.profiles import service as profiles
from geoengage.profiles.rules import Channel, LinkKind, PointState, sign_link
from tests.api.test_consents_api import MAIL, Person, allowed, anna, put
from tests.conftest import KEY
from tests.phoning import phone_sender

__all__ = ["anna"]  # a fixture
FORM = {"Content-Type": "application/x-www-form-urlencoded"}


class Boxes(HTMLParser):
    """The form of choices: every box that is shown, and those that are ticked."""

    def __init__(self, html: str) -> None:
        super().__init__()
        self.shown: list[str] = []
        self.on: list[str] = []
        self.feed(html)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        found = dict(attrs)
        if tag == "input" and found.get("name") == "shown":
            self.shown.append(found["value"] or "")
        if tag == "input" and found.get("name") == "on" and "checked" in found:
            self.on.append(found["value"] or "")


async def link(client: httpx.AsyncClient, person: Person, **body: object) -> str:
    answer = await client.post(f"{person.path}/preference-link", json=body, headers=person.sk)
    assert answer.status_code == 200, answer.text
    return str(answer.json()["url"]).removeprefix("http://testserver")


async def test_what_it_shows(client: httpx.AsyncClient, anna: Person) -> None:
    await put(client, anna, MAIL | {"state": "subscribed"}, MAIL | {"state": "pending", "store_id": str(anna.toys)})
    here = await link(client, anna, app_id=str(anna.world.app_id))
    answer = await client.get(here)
    assert answer.status_code == 200
    html = answer.text
    assert 'lang="en" dir="ltr"' in html
    for words in ("Test app", "Test mall", "Toys", "to be confirmed", "Pause for 30 days", "Download", "Delete me"):
        assert words in html
    assert "Books" not in html, "she has nothing to do with it"
    boxes = Boxes(html)
    services = [f"{c}|service|" for c in ("push", "email", "sms", "whatsapp", "viber")]
    assert sorted(boxes.on) == sorted(
        [*services, *(f"{s}{anna.toys}" for s in services), "email|marketing|", f"email|marketing|{anna.toys}"]
    )
    headers = answer.headers
    assert headers["cache-control"] == "no-store"
    assert headers["referrer-policy"] == "no-referrer"
    assert "script-src" not in headers["content-security-policy"]
    assert "default-src 'none'" in headers["content-security-policy"]
    assert "<script" not in html
    # nothing about her but what is hers to choose
    assert "anna@example.com" not in html
    assert "+41791234567" not in html


@pytest.mark.parametrize("language", page.ORDER)
async def test_every_language(client: httpx.AsyncClient, anna: Person, language: str) -> None:
    here = await link(client, anna, language=language)
    for path in ("", "/delete"):
        html = (await client.get(here + path)).text
        direction = "rtl" if language == "ar" else "ltr"
        assert f'lang="{language}" dir="{direction}"' in html
    assert page.words(language)["title"] in (await client.get(here)).text
    other = "de" if language != "de" else "fr"
    assert page.words(other)["title"] in (await client.get(here, params={"lang": other})).text
    assert "Choix" not in (await client.get(here, headers={"Accept-Language": "fr"})).text or language == "fr"


async def test_boxes_decide_what_they_show(client: httpx.AsyncClient, anna: Person) -> None:
    here = await link(client, anna)
    boxes = Boxes((await client.get(here)).text)
    wanted = [*boxes.on, f"email|marketing|{anna.toys}"]
    wanted.remove("sms|service|")
    form = {"shown": boxes.shown, "on": wanted}
    saved = await client.post(f"{here}/choices", data=form, params={"lang": "de"})
    assert (saved.status_code, saved.headers["location"]) == (303, f"{here}?said=saved&lang=de")
    html = (await client.get(saved.headers["location"])).text
    assert "Gespeichert." in html
    assert Boxes(html).on == [b for b in boxes.shown if b in wanted]
    assert await allowed(client, anna, store_id=str(anna.toys)) == (True, None)
    assert await allowed(client, anna) == (False, "no_consent")
    assert await allowed(client, anna, channel="sms", purpose="service") == (False, "unsubscribed")
    history = (await client.get(f"{anna.path}/consents/history", headers=anna.sk)).json()["items"]
    assert len(history) == 3 * 3, "what changed, and that the shop stays as it was, for each of her ids"
    assert {(i["source"], i["text_version"]) for i in history} == {("preference page", page.TEXT_VERSION)}
    # a form that shows nothing decides nothing, and what it makes up is nothing
    await client.post(f"{here}/choices", content="on=email|marketing|forged&shown=email|marketing|forged", headers=FORM)
    await client.post(f"{here}/choices", content="", headers=FORM)
    assert len((await client.get(f"{anna.path}/consents/history", headers=anna.sk)).json()["items"]) == 9


async def test_pause_and_stop(client: httpx.AsyncClient, anna: Person) -> None:
    await put(client, anna, MAIL | {"state": "subscribed"})
    here = await link(client, anna)
    await client.post(f"{here}/pause")
    assert await allowed(client, anna) == (False, "paused")
    assert "Paused until" in (await client.get(here)).text
    await client.post(f"{here}/pause", data={"end": "1"})
    assert await allowed(client, anna) == (True, None)
    stopped = await client.post(f"{here}/stop", content="List-Unsubscribe=One-Click", headers=FORM)
    assert "All offers are stopped." in (await client.get(stopped.headers["location"])).text
    assert await allowed(client, anna) == (False, "unsubscribed")


async def test_her_data_and_her_end(client: httpx.AsyncClient, anna: Person, session: Session) -> None:
    here = await link(client, anna)
    export = await client.get(f"{here}/export")
    assert export.headers["content-disposition"].startswith("attachment")
    assert "anna@example.com" in export.text
    before = await session.execute(text("SELECT count(*) FROM profile"))
    asked = await client.get(f"{here}/delete")
    assert "Yes, delete everything about me" in asked.text
    unsure = await client.post(f"{here}/delete")
    assert (unsure.status_code, "Please tick the box" in unsure.text) == (422, True)
    assert before.scalar_one() == 1
    gone = await client.post(f"{here}/delete", data={"sure": "1"}, params={"lang": "ro"})
    assert page.words("ro")["deleted_title"] in gone.text
    assert (await session.execute(text("SELECT count(*) FROM profile"))).scalar_one() == 0
    for method, path in (("GET", ""), ("POST", "/delete"), ("POST", "/stop"), ("GET", "/export")):
        answer = await client.request(method, here + path, content="sure=1", headers=FORM)
        assert (answer.status_code, "no longer works" in answer.text) == (404, True), path
    (receipt,) = (await client.get("/v1/erasures", headers=anna.sk)).json()["items"]
    assert (receipt["asked_by"], receipt["reason"], receipt["devices"], receipt["ids"]) == ("person", "request", 1, 3)
    assert "anna" not in str(receipt)


async def test_a_link_for_the_foot_of_a_message_opens_no_data(client: httpx.AsyncClient, anna: Person) -> None:
    here = await link(client, anna, may_erase=False)
    html = (await client.get(here)).text
    assert "Delete me" not in html
    assert "My data" not in html
    for method, path in (("GET", "/export"), ("GET", "/delete"), ("POST", "/delete")):
        answer = await client.request(method, here + path, content="sure=1", headers=FORM)
        assert answer.status_code == 404, path
    assert (await client.post(f"{here}/stop")).status_code == 303


async def test_links_end_and_are_revoked(
    client: httpx.AsyncClient, app: FastAPI, anna: Person, session: Session
) -> None:
    here = await link(client, anna, expires_in_days=2)
    app.state.clock = lambda: datetime.now(UTC) + timedelta(days=3)
    assert (await client.get(here)).status_code == 404
    app.state.clock = lambda: datetime.now(UTC)
    assert (await client.get(here)).status_code == 200
    assert (await client.delete(f"{anna.path}/preference-link", headers=anna.sk)).status_code == 204
    assert (await client.get(here)).status_code == 404


async def test_nobody_makes_a_link_but_the_server(client: httpx.AsyncClient, anna: Person, session: Session) -> None:
    here = await link(client, anna)
    row = (await session.execute(text("SELECT tenant_id, id, identifier_id FROM preference_link"))).one()
    forged = [
        "x", "not-found", sign_link(KEY + "x", LinkKind.PREFERENCES, row.tenant_id, row.id),
        sign_link(KEY, LinkKind.PROOF, row.tenant_id, row.id),
        sign_link(KEY, LinkKind.PREFERENCES, row.tenant_id, row.identifier_id),
        sign_link(KEY, LinkKind.PREFERENCES, row.id, row.id),
        here[3:-1],
    ]  # fmt: skip
    for token in forged:
        for method, path in (
            ("GET", ""),
            ("POST", "/choices"),
            ("POST", "/delete"),
            ("GET", "/export"),
            ("GET", "/delete"),
        ):
            answer = await client.request(method, f"/p/{token}{path}", content="sure=1", headers=FORM)
            assert answer.status_code == 404, (token, path)
            assert "Test mall" not in answer.text
        for method in ("GET", "POST"):
            assert (await client.request(method, f"/p/confirm/{token}")).status_code == 404
    assert (await client.get(here)).status_code == 200


async def test_the_token_is_in_no_log(
    client: httpx.AsyncClient, anna: Person, capsys: pytest.CaptureFixture[str]
) -> None:
    here = await link(client, anna)
    await client.get(here)
    await client.post(f"{here}/stop")
    await client.get(here[:-1])
    said = capsys.readouterr()
    assert here[3:20] not in said.out + said.err
    assert re.search("path=.?/p/…", said.out + said.err)


async def test_brands_words_cannot_break_out(client: httpx.AsyncClient, anna: Person, session: Session) -> None:
    await session.execute(text("UPDATE store SET name = '<img src=x>' WHERE name = 'Toys'"))
    await session.execute(text("UPDATE app SET name = '<b>{0}{name}', brand_color = '#ffee00'"))
    await session.execute(text("UPDATE tenant SET name = '{t} <i>'"))
    await session.commit()
    html = (await client.get(await link(client, anna, app_id=str(anna.world.app_id)))).text
    assert "--brand: #ffee00; --on-brand: #000000" in html
    for tag in ("<img", "<b>", "<i>"):
        assert tag not in html
    assert "&lt;img src=x&gt;" in html


async def test_which_way_is_tried_first(client: httpx.AsyncClient, session: Session, anna: Person) -> None:
    here = await link(client, anna)

    async def chosen(first: str) -> object:
        answer = await client.post(f"{here}/first", content=f"first={first}", headers=FORM)
        assert answer.status_code == 303
        query = text("SELECT attributes -> 'preferred_channels' FROM profile WHERE id = :id")
        return (await session.execute(query, {"id": anna.id})).scalar_one()

    assert await chosen("email") == ["email"]
    assert 'value="email" checked' in (await client.get(here)).text
    assert await chosen("pigeon") is None
    assert 'value="" checked' in (await client.get(here)).text


async def test_a_way_to_the_phone_is_offered_where_somebody_sends_by_it(
    client: httpx.AsyncClient, session: Session, anna: Person
) -> None:
    """By the tenant or a store of hers, not by another's; not where her number is dead for it. It is tried first."""
    tenant_id, person = anna.world.tenant_id, UUID(anna.id)
    for channel, store_id in (("sms", None), ("whatsapp", anna.toys), ("viber", anna.books)):
        session.add(phone_sender(tenant_id, channel, {}, {}, store_id=store_id))
    await session.commit()
    here = await link(client, anna)

    async def ways() -> list[str]:
        return re.findall('name="first" value="([a-z_]*)"', (await client.get(here)).text)

    async def choose(first: str) -> tuple[str, ...]:
        answer = await client.post(f"{here}/first", content=f"first={first}", headers=FORM)
        assert answer.status_code == 303
        _, known = await list_preferences(session, tenant_id, [person])
        return wished_channels(known[person])

    assert await ways() == ["", "push", "email", "inbox", "whatsapp", "sms"]
    assert await choose("viber") == ()
    assert await choose("sms") == ("sms",)
    assert channel_order(["push", "whatsapp", "sms"], await choose("whatsapp"), ["push"])[0] == "whatsapp"
    await profiles.tell_state(
        session, tenant_id, anna.phone, Channel.WHATSAPP, PointState.BOUNCED,
        reason=None, source="test", now=datetime.now(UTC),
    )  # fmt: skip
    await session.commit()
    assert await ways() == ["", "push", "email", "inbox", "sms", "whatsapp"], "what she chose stays to be seen"
    assert 'value="whatsapp" checked' in (await client.get(here)).text
    assert await choose("") == ()
    assert await ways() == ["", "push", "email", "inbox", "sms"]
