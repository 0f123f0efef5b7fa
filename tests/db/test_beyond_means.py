"""What a store has no money left for goes by a way that costs nothing, where the person is reached by one."""

from collections.abc import AsyncIterator
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path
from typing import Any
from uuid import UUID

import pytest
from fastapi import FastAPI
from sqlalchemy.ext.asyncio import AsyncEngine

from geoengage.kit.db import transaction
from geoengage.kit.settings import EmailSettings, FcmSettings, Settings
from geoengage.messaging import service
from geoengage.messaging.models import Message
from geoengage.profiles.rules import Id, Kind
from tests.campaign_rows import make_store
from tests.mailing import Post, mail_sender
from tests.phoning import Lines, lines
from tests.providers.fcm_server import FcmServer
from tests.providers.smtp_server import SmtpServer
from tests.providers.text_servers import AUTH_TOKEN, SID, TextServer

SMS = {"channel": "sms", "country": "CH", "thousand_minor": 6500, "currency": "CHF"}
MAIL = {"channel": "email", "country": None, "thousand_minor": 1000, "currency": "CHF"}


@dataclass
class Shop:
    """A store that has spent all it may spend, with all its ways to people."""

    line: Lines
    post: Post
    store_id: UUID

    async def person(self, *, agrees: str = "granted", mail: bool = True) -> UUID:
        """Somebody with a number, an e-mail address that they want to be written to at, and a phone with the app."""
        also = Id(Kind.EMAIL, "mia@example.com") if mail else None
        person = await self.line.person("+41791234567", "sms", *(["email"] if mail else []), also=also)
        await self.post.phone(person, "phone-1", marketing_push=agrees)
        return person

    async def send(self, person: UUID, *channels: str, **over: Any) -> Message:
        return await self.line.send(*channels, person=person, store_id=self.store_id, **over)

    async def ask(self, method: str, path: str, body: Any = None) -> Any:
        answer = await self.line.hooks.request(method, path, json=body, headers=self.line.world.sk_headers)
        assert answer.is_success, answer.text
        return answer.json()

    async def limit(self, minor: int, *prices: dict[str, Any]) -> None:
        await self.ask("PUT", "/v1/message-costs", {"items": [*prices]})
        await self.ask("PUT", f"/v1/stores/{self.store_id}/spend-limit", {"limit_minor": minor, "currency": "CHF"})

    async def counted(self) -> dict[str, tuple[int, int]]:
        """(messages, held back) by channel."""
        (month,) = (await self.ask("GET", f"/v1/stores/{self.store_id}/spend"))["months"]
        return {each["channel"]: (each["messages"], each["held_back"]) for each in month["channels"]}


@pytest.fixture
async def shop(
    committed: AsyncEngine,
    app: FastAPI,
    settings: Settings,
    texts: TextServer,
    fcm: FcmServer,
    smtp: SmtpServer,
    tmp_path: Path,
) -> AsyncIterator[Shop]:
    account = fcm.write_credentials(tmp_path / "account.json")
    ways = {
        "email": EmailSettings(allow_loopback=True, timeout_s=20),
        "fcm": FcmSettings(base_url=fcm.url, credentials_file=account),
    }
    async with lines(committed, app, settings.model_copy(update=ways), twilio_url=texts.url) as line:
        await line.add("sms", {"account_sid": SID, "sender": "+41790000001"}, {"auth_token": AUTH_TOKEN})
        async with transaction(line.sessions, line.world.tenant_id) as session:
            store_id = await make_store(session, line.world)
            session.add(mail_sender(line.world, smtp.port, line.now))
        made = Shop(line, Post(committed, line.sessions, line.world, line.worker, line.clock), store_id)
        await made.limit(0, SMS)
        yield made


async def test_it_goes_by_a_way_that_costs_nothing(
    shop: Shop, texts: TextServer, fcm: FcmServer, smtp: SmtpServer
) -> None:
    """The next of its channels. It was held back by nothing, is counted once, and all are told which way it took."""
    person = await shop.person()

    message = await shop.send(person, "sms", "push", "email")

    assert (message.status, message.channel, message.channels) == ("sent", "fcm", ["push", "email"])
    assert (texts.sms, len(fcm.accepted()), smtp.mails) == ([], 1, [])
    assert await shop.counted() == {}
    async with transaction(shop.line.sessions, shop.line.world.tenant_id) as session:
        budget = (await service.lock_budgets(session, shop.line.world.tenant_id, [person], shop.line.now))[person]
    assert len(budget.sends) == 1
    (listed,) = (await shop.ask("GET", "/v1/messages"))["items"]
    (passed,) = listed["passed_over"]
    assert (passed["channel"], passed["reason"]) == ("sms", "spend_limit")
    (entry,) = (await shop.ask("GET", f"/v1/profiles/{person}/timeline?kinds=message"))["items"]
    assert entry["text"].startswith("Handed over: push. Not by SMS: The store had spent")


async def test_consent_is_asked_for_that_way_too(shop: Shop, fcm: FcmServer, smtp: SmtpServer) -> None:
    """Who wants no pushes gets an e-mail; who gave no address for these either gets nothing, for want of money."""
    by_mail = await shop.send(await shop.person(agrees="denied"), "sms", "push", "email")
    nobody = await shop.line.person("+41791234568", "sms")
    held = await shop.send(nobody, "sms", "push", "email")

    assert (by_mail.status, by_mail.channel, fcm.calls) == ("sent", "email", [])
    assert (held.status, held.reason, held.blockers) == ("skipped", "spend_limit", ["spend_limit"])
    assert len(smtp.mails) == 1
    counted = await shop.counted()
    assert counted.pop("sms") == (0, 1)
    assert counted == {"email": (1, 0)}


async def test_what_somebody_waits_for_still_goes_as_it_should(shop: Shop, texts: TextServer, fcm: FcmServer) -> None:
    receipt = await shop.send(await shop.person(), "sms", "push", purpose="transactional", campaign_id=None)
    assert (receipt.channel, receipt.passed_over, len(texts.sms), fcm.calls) == ("sms", [], 1, [])


async def test_another_way_with_a_price_is_reckoned_too(shop: Shop, fcm: FcmServer, smtp: SmtpServer) -> None:
    """An e-mail for a Rappen is too much where nothing is left; a push is not. Where a Rappen is left it goes."""
    await shop.limit(0, SMS, MAIL)
    person = await shop.person()
    by_push = await shop.send(person, "sms", "email", "push")
    await shop.limit(1, SMS, MAIL)
    by_mail = await shop.send(person, "sms", "email", "push")
    held = await shop.send(person, "sms", "email")

    assert (by_push.channel, by_push.passed_over) == ("fcm", ["sms:spend_limit", "email:spend_limit"])
    assert (by_mail.channel, by_mail.passed_over) == ("email", ["sms:spend_limit"])
    assert (held.status, held.reason) == ("skipped", "spend_limit")
    assert await shop.counted() == {"email": (1, 1)}


async def test_when_that_way_fails_no_money_is_spent_after_all(shop: Shop, texts: TextServer, fcm: FcmServer) -> None:
    """A dead phone: on to the e-mail, never back to the SMS, although there is money again."""
    fcm.fail_target("phone-1", "unregistered")
    person = await shop.person()
    message = await shop.send(person, "sms", "push", "email")
    assert (message.status, message.channels) == ("queued", ["email"])
    await shop.limit(100, SMS)

    await shop.line.deliver()

    message = await shop.line.message(message.id)
    assert (message.status, message.channel, texts.sms) == ("sent", "email", [])
    assert message.passed_over == ["sms:spend_limit", "push:unregistered"]


async def test_that_way_waits_when_its_provider_asked_for_it(shop: Shop, texts: TextServer, fcm: FcmServer) -> None:
    """The message waits with it, is not counted meanwhile, and goes when the pause is over."""
    fcm.fail_next("quota")
    person = await shop.person()
    first = await shop.send(person, "push")  # now the project is left alone for a minute
    waits = await shop.send(person, "sms", "push")
    assert (first.status, waits.status, waits.attempts, texts.sms) == ("queued", "queued", 0, [])
    shop.line.clock.now += timedelta(hours=1)

    await shop.line.deliver()

    waits = await shop.line.message(waits.id)
    assert (waits.status, waits.channel, await shop.counted()) == ("sent", "fcm", {})
