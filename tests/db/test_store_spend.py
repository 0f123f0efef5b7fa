"""What a store spends on messages: counted as they go, held back at its limit, shown to it and to the tenant."""

import asyncio
from collections.abc import AsyncIterator, Mapping, Sequence
from datetime import date, timedelta
from typing import Any
from uuid import UUID

import pytest
from fastapi import FastAPI
from hypothesis import given
from hypothesis import strategies as st
from sqlalchemy.ext.asyncio import AsyncEngine

from geoengage.kit.ids import new_id
from geoengage.kit.settings import Settings
from geoengage.marketplace.rules.spend import Cap, Count, beyond_means, spent_of
from geoengage.messaging.rules import Going
from geoengage.proof.rules.inputs import Price
from tests.campaign_rows import make_store
from tests.phoning import Lines, lines
from tests.providers.text_servers import AUTH_TOKEN, SID, TextServer

PRICES = [
    {"channel": "sms", "country": "CH", "thousand_minor": 6500, "currency": "CHF"},
    {"channel": "sms", "country": "US", "thousand_minor": 900, "currency": "USD"},
]


@pytest.fixture
async def line(committed: AsyncEngine, app: FastAPI, settings: Settings, texts: TextServer) -> AsyncIterator[Lines]:
    async with lines(committed, app, settings, twilio_url=texts.url) as made:
        await made.add("sms", {"account_sid": SID, "sender": "+41790000001"}, {"auth_token": AUTH_TOKEN})
        yield made


async def ask(line: Lines, method: str, path: str, body: Any = None, status: int = 200) -> Any:
    answer = await line.hooks.request(method, path, json=body, headers=line.world.sk_headers)
    assert answer.status_code == status, answer.text
    return answer.json() if answer.content else None


async def stores(line: Lines) -> tuple[UUID, UUID]:
    async with line.sessions() as session:
        found = [await make_store(session, line.world, name=name) for name in ("Own", "Other")]
        await session.commit()
    return found[0], found[1]


async def outcomes(line: Lines, ids: Sequence[UUID]) -> list[tuple[str, str | None]]:
    found = [await line.message(id_) for id_ in ids]
    return sorted((each.status, each.reason) for each in found)


async def test_advertising_beyond_the_limit_is_skipped(line: Lines, texts: TextServer) -> None:
    """Of five messages of 6.5 Rappen three fit into 20; a receipt goes all the same; another store is not concerned."""
    own, other = await stores(line)
    await ask(line, "PUT", "/v1/message-costs", {"items": PRICES})
    await ask(line, "PUT", f"/v1/stores/{own}/spend-limit", {"limit_minor": 20, "currency": "CHF"})
    people = [await line.person(f"+4179123456{i}", "sms") for i in range(5)]

    ids = [await line.queue(person, "sms", store_id=own) for person in people]
    await line.deliver()

    assert await outcomes(line, ids) == [("sent", None)] * 3 + [("skipped", "spend_limit")] * 2
    receipt = await line.send("sms", person=people[0], store_id=own, purpose="transactional", campaign_id=None)
    assert receipt.status == "sent"
    assert (await line.send("sms", person=people[0], store_id=other)).status == "sent"
    shown = await ask(line, "GET", f"/v1/stores/{own}/spend")
    assert (shown["limit"], shown["left_minor"]) == ({"limit_minor": 20, "currency": "CHF"}, 0)
    (month,) = shown["months"]
    assert (month["costs"], month["held_back"], month["unpriced"]) == ([{"currency": "CHF", "minor": 26}], 2, [])
    assert month["channels"] == [
        {"channel": "sms", "country": "CH", "messages": 4, "held_back": 2, "cost": {"currency": "CHF", "minor": 26}}
    ]

    await ask(line, "DELETE", f"/v1/stores/{own}/spend-limit", status=204)
    assert (await line.send("sms", person=people[4], store_id=own)).status == "sent"
    assert (await ask(line, "GET", f"/v1/stores/{own}/spend"))["limit"] is None


async def test_a_new_month_has_its_own_limit(line: Lines, texts: TextServer) -> None:
    """By the tenant's calendar."""
    own, _ = await stores(line)
    await ask(line, "PUT", "/v1/message-costs", {"items": PRICES})
    await ask(line, "PUT", f"/v1/stores/{own}/spend-limit", {"limit_minor": 7, "currency": "CHF"})
    person = await line.person("+41791234567", "sms")

    first = await line.send("sms", person=person, store_id=own)
    second = await line.send("sms", person=person, store_id=own)
    later = line.now + timedelta(days=32)
    third = await line.queue(person, "sms", store_id=own, expires_at=later + timedelta(hours=1))
    line.clock.now = later
    await line.deliver()

    assert (first.reason, second.reason, (await line.message(third)).status) == (None, "spend_limit", "sent")


async def test_what_is_tried_again_counts_once(line: Lines, texts: TextServer) -> None:
    """The second try of a message that waited is no second message."""
    own, _ = await stores(line)
    await ask(line, "PUT", "/v1/message-costs", {"items": PRICES})
    await ask(line, "PUT", f"/v1/stores/{own}/spend-limit", {"limit_minor": 7, "currency": "CHF"})
    texts.fail_next("busy")
    id_ = await line.queue(await line.person("+41791234567", "sms"), "sms", store_id=own)

    await line.deliver()
    assert (await line.message(id_)).status == "queued"
    line.clock.now += timedelta(hours=1)
    await line.deliver()

    assert (await line.message(id_)).status == "sent"
    (month,) = (await ask(line, "GET", f"/v1/stores/{own}/spend"))["months"]
    assert [each["messages"] for each in month["channels"]] == [1]


async def test_several_at_once_do_not_pass_the_limit(line: Lines, texts: TextServer) -> None:
    """Two deliveries at the same moment share what is left."""
    own, _ = await stores(line)
    await ask(line, "PUT", "/v1/message-costs", {"items": PRICES})
    await ask(line, "PUT", f"/v1/stores/{own}/spend-limit", {"limit_minor": 13, "currency": "CHF"})
    people = [await line.person(f"+4179123456{i}", "sms") for i in range(6)]
    ids = [await line.queue(person, "sms", store_id=own) for person in people]

    await asyncio.gather(*(line.deliver() for _ in range(3)))

    assert await outcomes(line, ids) == [("sent", None)] * 2 + [("skipped", "spend_limit")] * 4


GOING = st.builds(
    Going, message_id=st.builds(new_id), store_id=st.sampled_from([UUID(int=1), UUID(int=2)]),
    channel=st.sampled_from(["sms", "fcm", "email"]), country=st.sampled_from(["CH", "US", ""]),
    is_first=st.booleans(), may_wait=st.booleans(),
)  # fmt: skip
PRICED = [Price(row["channel"], row["country"], row["thousand_minor"], row["currency"]) for row in PRICES]  # type: ignore[arg-type]


@given(st.lists(GOING, max_size=30), st.integers(0, 60), st.integers(0, 10))
def test_advertising_never_passes_a_limit(going: list[Going], limit: int, before: int) -> None:
    """Whatever goes in whatever order; currencies are never added; nothing is held back that fits."""
    month, mine = date(2026, 11, 1), UUID(int=1)
    caps: Mapping[UUID, Cap] = {mine: Cap(limit, "CHF")}
    spent = {mine: spent_of([Count(mine, month, "sms", "CH", before)], PRICED)}

    beyond = beyond_means(going, caps, spent, PRICED)

    cost = 6500 * before
    for each in going:
        counts = (each.store_id, each.channel, each.country, each.is_first) == (mine, "sms", "CH", True)
        assert each.message_id not in beyond or (counts and each.may_wait and cost + 6500 > 1000 * limit)
        if counts and each.message_id not in beyond:
            cost += 6500
            assert not each.may_wait or cost <= 1000 * limit
