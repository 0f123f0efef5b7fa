"""The `push` member of campaigns: what is taken, what comes back, who must look again, and what the phone gets."""

from typing import Any

import httpx
import pytest
from sqlalchemy import select

from geoengage.campaigns import reaction
from geoengage.kit.clock import utc_now
from geoengage.kit.db import Session
from geoengage.messaging.models import Message
from tests.api.test_campaigns_api import Shop, make_people, make_shop
from tests.campaign_rows import Ledger, make_device
from tests.conftest import NOWHERE
from tests.providers.fcm_server import FcmServer

PUSH: dict[str, Any] = {
    "android": {"channel_id": "offers", "priority": "normal", "sound": "bell"},
    "apns": {"sound": "bell.caf", "interruption_level": "time-sensitive", "thread_id": "offers"},
    "image_url": "https://cdn.example/cup.jpg",
    "link": "https://shop.example/offer?id=7&x=%20",
}
NOTHING: dict[str, Any] = {
    "android": {"channel_id": None, "priority": None, "sound": None},
    "apns": {"sound": None, "interruption_level": None, "thread_id": None},
    "image_url": None,
    "link": None,
}


@pytest.fixture
async def shop(client: httpx.AsyncClient, session: Session) -> Shop:
    return await make_shop(client, session)


async def test_options_are_kept_changed_by_member_and_emptied(shop: Shop) -> None:
    assert (await shop.create())["push"] == NOTHING
    campaign = await shop.create(push=PUSH)
    assert campaign["push"] == PUSH
    patched = (await shop.patch(campaign, {"push": {"apns": {"sound": None}, "link": "myshop://offer/7"}})).json()
    assert patched["push"] == PUSH | {"apns": PUSH["apns"] | {"sound": None}, "link": "myshop://offer/7"}
    assert (await shop.patch(patched, {"push": None})).json()["push"] == NOTHING


@pytest.mark.parametrize(
    "push, pointer",
    [
        ({"link": "http://shop.example"}, "#/push/link"),
        ({"link": "javascript:alert(1)"}, "#/push/link"),
        ({"link": "javascript://x/%0aalert(1)"}, "#/push/link"),
        ({"link": "intent://scan/#Intent;end"}, "#/push/link"),
        ({"link": "file:///etc/passwd"}, "#/push/link"),
        ({"link": "myshop:offer"}, "#/push/link"),
        ({"link": "//shop.example"}, "#/push/link"),
        ({"link": "https://shop.example/a b"}, "#/push/link"),
        ({"link": 'https://shop.example/"><script>'}, "#/push/link"),
        ({"link": "https://shop.example\r\nX: y"}, "#/push/link"),
        ({"link": "https://me:secret@shop.example"}, "#/push/link"),
        ({"link": "https:///nowhere"}, "#/push/link"),
        ({"link": "https://[::1"}, "#/push/link"),
        ({"link": "https://shop.example:99999"}, "#/push/link"),
        ({"link": "https://shop.example/" + "x" * 500}, "#/push/link"),
        ({"image_url": "http://cdn.example/x.jpg"}, "#/push/image_url"),
        ({"image_url": "myshop://x"}, "#/push/image_url"),
        ({"image_url": "data:image/png;base64,AAAA"}, "#/push/image_url"),
        ({"android": {"channel_id": "../x"}}, "#/push/android/channel_id"),
        ({"android": {"priority": "max"}}, "#/push/android/priority"),
        ({"android": {"sound": "a/b"}}, "#/push/android/sound"),
        ({"apns": {"interruption_level": "critical"}}, "#/push/apns/interruption_level"),
        ({"apns": {"thread_id": "x" * 101}}, "#/push/apns/thread_id"),
        ({"apns": {"badge": 3}}, "#/push/apns/badge"),
    ],
)
async def test_what_is_unsafe_or_unknown_is_refused(shop: Shop, push: dict[str, Any], pointer: str) -> None:
    answer = await shop.call("POST", "", shop.body(push=push))
    assert answer.status_code == 422, answer.text
    assert pointer in [error["pointer"] for error in answer.json()["errors"]]


async def test_another_link_is_reviewed_again(shop: Shop) -> None:
    campaign = await shop.create(shop=True, push=PUSH)
    await shop.do(campaign["id"], "activate", shop=True)
    approved = await shop.do(campaign["id"], "approve")
    assert approved["status"] == "active"
    changed = (await shop.patch(approved, {"push": {"link": "https://elsewhere.example"}}, shop=True)).json()
    assert changed["status"] == "in_review"


async def test_the_message_carries_what_was_approved(shop: Shop, session: Session) -> None:
    campaign = await shop.create(push=PUSH)
    await shop.do(campaign["id"], "activate")
    device_id = await make_device(session, shop.world)
    now = utc_now()
    entered = await Ledger(session, shop.world).entered(device_id, shop.zone_id, now)
    await reaction.on_zone_events(session, shop.world.tenant_id, [entered], now)
    message = (await session.execute(select(Message).where(Message.device_id == device_id))).scalar_one()
    assert message.push == PUSH


async def test_the_estimate_asks_for_an_address_where_the_app_has_its_own_firebase(
    client: httpx.AsyncClient, session: Session
) -> None:
    shop = await make_shop(client, session, is_demo=True)
    await make_people(shop, 2, push_provider="fcm", push_address="t", push_kind="fcm_token")
    await make_people(shop, 1)
    assert (await shop.create())["estimate"] == {"people": 3, "blocked_by": {}}
    server = FcmServer()
    server.url = NOWHERE
    put = await client.put(
        f"/v1/apps/{shop.world.app_id}/firebase",
        json={"service_account": server.credentials("own-project")},
        headers=shop.world.sk_headers,
    )
    assert put.status_code == 200
    assert (await shop.create())["estimate"] == {"people": 2, "blocked_by": {"no_address": 1}}
