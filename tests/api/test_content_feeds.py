"""Feeds and short links over HTTP: valid RSS and iCalendar, who may read them, QR codes, counts, ends."""

import io
from datetime import UTC, datetime, timedelta
from xml.etree import ElementTree

import httpx
import icalendar
import pytest
import zxingcpp
from PIL import Image

from geoengage.kit.db import Session
from tests.api.test_content_api import SOON, Desk, make_desk

ODD = "Käse, Wein; \\ & <b>Brot</b>\nzweite Zeile"
BROWSER = {
    "Accept": "text/html,*/*",
    "User-Agent": "Mozilla/5.0 (X11; Linux x86_64)",
    "Accept-Language": "de-CH,de;q=0.9,en;q=0.5",
}


@pytest.fixture
async def desk(client: httpx.AsyncClient, session: Session) -> Desk:
    return await make_desk(client, session)


async def feed_of(desk: Desk, **over: object) -> dict[str, str]:
    answer = await desk.call("POST", "/feeds", {"name": "Café news"} | over)
    assert answer.status_code == 201, answer.text
    return answer.json()


async def calendar_of(desk: Desk, url: str) -> icalendar.Calendar:
    answer = await desk.client.get(url)
    assert answer.status_code == 200, answer.text
    assert answer.headers["Content-Type"] == "text/calendar; charset=utf-8"
    lines = answer.content.split(b"\r\n")
    assert all(len(line) <= 75 for line in lines)
    assert b"\n" not in b"".join(lines)
    return icalendar.Calendar.from_ical(answer.content)


async def test_the_calendar_keeps_words_times_and_changes(desk: Desk) -> None:
    item = await desk.published(
        texts={"de": {"title": ODD, "text": "ü" * 300}},
        starts="2027-03-27T20:00:00",
        ends="2027-03-28T04:00:00",
        zone_id=str(desk.zone_id),
    )
    feed = await feed_of(desk)
    calendar = await calendar_of(desk, feed["ics_url"])
    assert calendar["NAME"] == "Café news"
    (event,) = calendar.events
    assert event["SUMMARY"] == ODD
    assert event["DESCRIPTION"] == "ü" * 300
    assert event["LOCATION"] == "Stage, Mall"
    assert event.start.astimezone(UTC) == datetime(2027, 3, 27, 19, tzinfo=UTC)
    assert event.end.astimezone(UTC) == datetime(2027, 3, 28, 2, tzinfo=UTC), "the clock was put forward in between"
    zone = calendar.timezones[0].to_tz()
    assert datetime(2027, 3, 28, 4, tzinfo=zone).astimezone(UTC) == datetime(2027, 3, 28, 2, tzinfo=UTC)
    assert (event["UID"], event["SEQUENCE"], event["STATUS"]) == (f"{item['id']}@geoengage", 1, "CONFIRMED")
    edited = (await desk.patch(item, {"texts": {"de": {"title": "Neu"}}})).json()
    (event,) = (await calendar_of(desk, feed["ics_url"])).events
    assert (event["UID"], event["SEQUENCE"], event["SUMMARY"]) == (f"{item['id']}@geoengage", 2, "Neu")
    await desk.do(edited, "cancel")
    (event,) = (await calendar_of(desk, feed["ics_url"])).events
    assert (event["SEQUENCE"], event["STATUS"]) == (3, "CANCELLED")


async def test_the_rss_is_escaped_and_without_what_was_called_off(desk: Desk) -> None:
    await desk.published(texts={"de": {"title": ODD, "text": ODD}}, kind="promotion", categories=["Food > Bread"])
    off = await desk.published(texts={"de": {"title": "off"}})
    await desk.do(off, "cancel")
    feed = await feed_of(desk)
    answer = await desk.client.get(feed["rss_url"])
    assert answer.headers["Content-Type"] == "application/rss+xml"
    root = ElementTree.fromstring(answer.content)  # noqa: S314 - our own answer
    assert (root.tag, root.get("version")) == ("rss", "2.0")
    channel = root.find("channel")
    assert channel is not None
    assert channel.findtext("title") == "Café news"
    assert all(channel.findtext(name) for name in ("link", "description", "language", "lastBuildDate"))
    (item,) = channel.findall("item")
    assert item.findtext("title") == ODD
    assert item.findtext("description") == ODD
    assert [c.text for c in item.findall("category")] == ["promotion", "Food > Bread"]
    assert (item.findtext("link") or "").startswith("http://testserver/l/")
    assert answer.headers["Access-Control-Allow-Origin"] == "*"
    same = await desk.client.get(feed["rss_url"], headers={"If-None-Match": answer.headers["ETag"]})
    assert same.status_code == 304


async def test_a_feed_is_of_its_store_until_it_is_closed(desk: Desk) -> None:
    await desk.published(texts={"en": {"title": "own"}})
    await desk.published(texts={"en": {"title": "other"}}, store_id=str(desk.other_store_id))
    feed = await feed_of(desk, store_id=str(desk.store_id))
    events = (await calendar_of(desk, feed["ics_url"])).events
    assert [str(event["SUMMARY"]) for event in events] == ["own"]
    assert [i["title"] for i in (await desk.client.get(feed["json_url"])).json()["items"]] == ["own"]
    for forged in (feed["ics_url"][:-1], feed["ics_url"] + "x", feed["ics_url"].replace("feed_", "feed_00")):
        assert (await desk.client.get(forged)).status_code == 401
    refused = await desk.call("POST", "/feeds", {"name": "x", "store_id": str(desk.other_store_id)}, shop=True)
    assert refused.status_code == 422
    assert [f["id"] for f in (await desk.call("GET", "/feeds", shop=True)).json()["items"]] == [feed["id"]]
    assert (await desk.call("DELETE", f"/feeds/{feed['id']}", shop=True)).status_code == 204
    assert (await desk.client.get(feed["ics_url"])).status_code == 401


async def test_a_short_link_counts_and_ends_with_its_item(desk: Desk) -> None:
    item = await desk.published(texts={"en": {"title": "<i>Reading</i>"}, "de": {"title": "Lesung"}})
    link = (await desk.call("POST", "/links", {"content_id": item["id"], "source": "poster"})).json()
    page = await desk.client.get(link["url"], headers=BROWSER)
    assert page.status_code == 200
    assert "<h1>Lesung</h1>" in page.text
    assert 'lang="de"' in page.text
    assert "script" not in page.headers["Content-Security-Policy"]
    english = await desk.client.get(link["url"], headers=BROWSER | {"Accept-Language": "en"})
    assert "<h1>&lt;i&gt;Reading&lt;/i&gt;</h1>" in english.text
    for machine in ("WhatsApp/2.23", "Googlebot/2.1", ""):
        assert (await desk.client.get(link["url"], headers={"User-Agent": machine})).status_code == 200
    shown = (await desk.call("GET", f"/links/{link['id']}")).json()
    assert (shown["opens"], shown["opens_30_days"], shown["source"]) == (2, 2, "poster")
    await desk.do(item, "cancel")
    gone = await desk.client.get(link["url"], headers=BROWSER)
    assert gone.status_code == 410
    assert "Das findet nicht statt." in gone.text
    over = await desk.published(kind="promotion", starts=None, ends=(SOON - timedelta(days=1)).isoformat())
    link = (await desk.call("POST", "/links", {"content_id": over["id"]})).json()
    desk.client._transport.app.state.clock = lambda: SOON.replace(tzinfo=UTC)  # type: ignore[attr-defined]
    gone = await desk.client.get(link["url"], headers=BROWSER)
    assert gone.status_code == 410
    assert "Das ist vorbei." in gone.text
    assert (await desk.call("GET", f"/links/{link['id']}")).json()["opens"] == 0
    assert (await desk.client.get("/l/nothing", headers=BROWSER)).status_code == 404
    for_programmes = await desk.client.get(link["url"])
    assert (for_programmes.status_code, for_programmes.json()["type"]) == (410, "/problems/link-ended")


async def test_links_lead_to_listed_hosts_only(desk: Desk) -> None:
    async def make(url: str) -> httpx.Response:
        return await desk.call("POST", "/links", {"target_url": url})

    assert (await make("https://shop.example/x")).status_code == 422
    hosts = await desk.call("PUT", "/links/hosts", {"hosts": ["Shop.example", "shop.example"]})
    assert hosts.json() == {"hosts": ["shop.example"]}
    for bad in ("http://shop.example/", "https://evil.example/", "https://shop.example@evil.example/",
                "https://shop.example.evil.example/", "https://shop.example:8443/", "https://shop.example/\\evil",
                "//shop.example/"):  # fmt: skip
        assert (await make(bad)).status_code == 422, bad
    link = (await make("https://shop.example/x?y=1#z")).json()
    on = await desk.client.get(link["url"], headers=BROWSER)
    assert (on.status_code, on.headers["Location"]) == (303, "https://shop.example/x?y=1#z")
    item = await desk.published(link="https://shop.example/event")
    of_item = (await desk.call("POST", "/links", {"content_id": item["id"]})).json()
    on = await desk.client.get(of_item["url"], headers=BROWSER)
    assert (on.status_code, on.headers["Location"]) == (303, "https://shop.example/event")
    await desk.call("PUT", "/links/hosts", {"hosts": []})
    assert (await desk.client.get(link["url"], headers=BROWSER)).status_code == 410, "the host was struck off"
    page = await desk.client.get(of_item["url"], headers=BROWSER)
    assert page.status_code == 200
    assert 'href="https://shop.example/event"' in page.text, "shown, not followed"
    assert (await desk.call("PUT", "/links/hosts", {"hosts": []}, shop=True)).status_code == 403
    for bad_host in ("*.example", "https://x.example", "localhost", "1.2.3.4"):
        assert (await desk.call("PUT", "/links/hosts", {"hosts": [bad_host]})).status_code == 422


async def test_qr_codes_hold_the_address(desk: Desk) -> None:
    item = await desk.published()
    link = (await desk.call("POST", "/links", {"content_id": item["id"], "source": "bag"})).json()
    png = await desk.call("GET", f"/links/{link['id']}/qr.png?scale=6")
    assert png.headers["Content-Type"] == "image/png"
    read = zxingcpp.read_barcodes(Image.open(io.BytesIO(png.content)).convert("L"))
    assert [code.text for code in read] == [link["url"]]
    svg = await desk.call("GET", f"/links/{link['id']}/qr.svg")
    assert svg.headers["Content-Type"] == "image/svg+xml"
    assert svg.text.startswith("<svg")
    links = (await desk.call("GET", f"/links?content_id={item['id']}")).json()["items"]
    assert [each["source"] for each in links] == ["feed", "bag"]
    assert (await desk.call("GET", f"/links/{link['id']}/qr.svg", key=desk.store_key)).status_code == 200
    assert (await desk.call("DELETE", f"/links/{link['id']}")).status_code == 204
    assert (await desk.client.get(link["url"], headers=BROWSER)).status_code == 404


async def test_a_link_is_made_for_one_thing_and_by_its_own_shop(desk: Desk) -> None:
    theirs = await desk.create(store_id=str(desk.other_store_id))
    assert (await desk.call("POST", "/links", {"content_id": theirs["id"]}, shop=True)).status_code == 404
    both = {"content_id": theirs["id"], "target_url": "https://shop.example/"}
    assert (await desk.call("POST", "/links", both)).status_code == 422
    assert (await desk.call("POST", "/links", {})).status_code == 422
    assert (await desk.call("POST", "/links", {"content_id": theirs["id"], "source": "Not a slug"})).status_code == 422
    link = (await desk.call("POST", "/links", {"content_id": theirs["id"]})).json()
    assert (await desk.call("GET", f"/links/{link['id']}", shop=True)).status_code == 404
    moved = await desk.patch(theirs, {"store_id": str(desk.store_id)})
    assert moved.status_code == 200
    assert (await desk.call("GET", f"/links/{link['id']}", shop=True)).status_code == 200, "it went with its item"
