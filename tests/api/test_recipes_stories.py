"""People on their way through the recipes of weekends, evenings, mealtimes and nights; providers are local."""

import json
from collections.abc import AsyncIterator, Awaitable, Callable
from datetime import UTC, date, datetime, time, timedelta
from pathlib import Path
from typing import Any
from uuid import UUID
from zoneinfo import ZoneInfo

import httpx
import pytest
from sqlalchemy import select, text

from geoengage.campaigns.jobs import begin_runs_once
from geoengage.campaigns.models import CampaignRun
from geoengage.kit.clock import utc_now
from geoengage.kit.db import Session, Sessions
from geoengage.kit.ids import new_id
from geoengage.kit.settings import FcmSettings, Settings, WorkerSettings
from geoengage.messaging import store as messaging
from geoengage.messaging.jobs import Deliverer
from geoengage.messaging.models import Message
from geoengage.messaging.rules import whatsapp
from geoengage.messaging.rules.phone import Reply
from geoengage.messaging.senders import open_senders
from geoengage.metrics.jobs import compute_traits_once
from geoengage.offers.models import CouponRow
from geoengage.presence.models import Visit
from geoengage.profiles.models import Device
from geoengage.timing.rules import Calendar, territory_of, weekend_of
from tests.campaign_rows import make_device, make_mall, make_store, make_zone
from tests.db.test_messaging_delivery import Clock
from tests.factories import make_world
from tests.phoning import phone_sender
from tests.providers.fcm_server import FcmServer
from tests.providers.meta_server import APP_SECRET, BUSINESS, NUMBER, TOKEN, MetaServer, template
from tests.providers.text_servers import API_KEY, AUTH_TOKEN, SID, TextServer
from tests.recipe_rows import Grocer
from tests.shop_rows import buy, make_shop

BELGRADE, RIYADH, DUBAI, NEW_YORK = "Europe/Belgrade", "Asia/Riyadh", "Asia/Dubai", "America/New_York"
ALL = {"holdout_percent": 0}
Go = Callable[[datetime], Awaitable[None]]


@pytest.fixture
async def grocer(client: httpx.AsyncClient, session: Session, sessions: Sessions) -> Grocer:
    world = await make_world(session, name="Corner shop", timezone=BELGRADE)
    return Grocer(client, session, sessions, world)


@pytest.fixture
async def go(
    grocer: Grocer, settings: Settings, fcm: FcmServer, texts: TextServer, meta: MetaServer, tmp_path: Path
) -> AsyncIterator[Go]:
    """The worker at that moment: the calendar, whoever is due, and what is to be sent."""
    clock = Clock()
    here = {"timeout_s": 2.0, "twilio_url": texts.url, "infobip_url": texts.url, "graph_url": meta.url}
    update = {
        "fcm": FcmSettings(base_url=fcm.url, credentials_file=fcm.write_credentials(tmp_path / "account.json")),
        "phone_channels": settings.phone_channels.model_copy(update=here),
        "public_url": "https://shop.example",
    }
    async with open_senders(settings.model_copy(update=update), clock) as senders:
        worker = Deliverer(grocer.sessions, senders, WorkerSettings(), clock=clock, jitter=lambda: 0.5)

        async def at(now: datetime) -> None:
            clock.now = now
            await begin_runs_once(grocer.sessions, now)
            await grocer.advance(now)
            while await worker.deliver_once(grocer.world.tenant_id):
                pass

        yield at


async def said(grocer: Grocer, name: str) -> list[tuple[str, str | None]]:
    """What became of somebody's messages, and by which way."""
    return [(message.status, message.channel) for message in await grocer.messages(name)]


async def until_said(grocer: Grocer, go: Go, names: list[str], step: str) -> dict[str, datetime]:
    """Move the clock from one due moment to the next until they all have got that message; when each of them did."""
    moments: dict[str, datetime] = {}
    for _ in range(30):
        waiting = []
        for name in names:
            entry = await grocer.entry(name)
            assert entry is not None, name
            for item in entry.log:
                if item["step"] == step:
                    moments[name] = datetime.fromisoformat(item["at"])
            if name not in moments and entry.due_at is not None:
                waiting.append(entry.due_at)
        if not waiting:
            return moments
        await go(min(waiting))
    raise AssertionError(f"{step} was not said to {set(names) - moments.keys()}")


def next_day(names: set[str], zone: str, clock: time) -> datetime:
    """The next of these days of the week at that time there, from tomorrow on."""
    day = utc_now().astimezone(ZoneInfo(zone)).date() + timedelta(days=1)
    while day.strftime("%a").lower() not in names:
        day += timedelta(days=1)
    return datetime.combine(day, clock, tzinfo=ZoneInfo(zone)).astimezone(UTC)


# --- parents -----------------------------------------------------------------------------------------------------

PARENTS = {"Ana": BELGRADE, "Bader": RIYADH, "Carl": NEW_YORK, "Dunja": None}
VIBER = {"base": "x1y2", "sender": "SHOP"}


async def test_parents_hear_of_an_idea_in_their_own_free_time(grocer: Grocer, go: Go, texts: TextServer) -> None:
    """Viber, else SMS; first an idea without an offer, then, for who did not come, the offer; out on a visit."""
    world, session = grocer.world, grocer.session
    told = await grocer.post("/recipes/parents-viber/preview", ALL | {"categories": ["Toys"]})
    assert told["blocked_by"][0]["code"] == "no_currency"
    ada = await make_store(session, world, name="Ada Mall")
    zone = await make_zone(session, world, store_id=ada, kind="store")
    for name, phone in PARENTS.items():
        await grocer.customer(name, timezone=phone, address=False)
        for days in (200, 150, 90):
            await grocer.buys(name, days, category="Toys > Puzzles" if days == 90 else "Toys", store_id=ada)
    for name, days in {"Buys": (70, 10), "Walks": (70, 65), "Elsewhere": (70, 65)}.items():
        await grocer.customer(name, address=False)
        for ago in days:
            await grocer.buys(name, ago, category="Books" if name == "Elsewhere" else "Toys")
    told = await grocer.post("/recipes/parents-viber/preview", ALL)
    assert [(each["code"], each["stops"]) for each in told["blocked_by"]] == [("no_categories", True)]
    settings = ALL | {"categories": ["toys", "Baby"]}
    told = await grocer.post("/recipes/parents-viber/preview", settings)
    codes = {each["code"] for each in told["blocked_by"]}
    assert codes >= {"no_viber_sender", "no_sms_sender", "nobody_now"}
    assert "unknown_category" not in codes
    session.add(phone_sender(world.tenant_id, "viber", VIBER, {"api_key": API_KEY}))
    twilio = {"account_sid": SID, "sender": "+381600000001"}
    session.add(phone_sender(world.tenant_id, "sms", twilio, {"auth_token": AUTH_TOKEN, "webhook_keys": {}}))
    for n, name in enumerate([*PARENTS, "Buys", "Walks", "Elsewhere"]):
        ways = ("sms",) if name == "Dunja" else ("viber", "sms")
        await grocer.number(name, f"+3816012345{n:02}", *ways, agrees=("viber", "sms"))
    device_id = await session.scalar(select(Device.id).where(Device.profile_id == grocer.people["Walks"]))
    lately = utc_now() - timedelta(days=5)
    session.add(
        Visit(
            tenant_id=world.tenant_id, id=new_id(lately), device_id=device_id, zone_id=zone, zone_version=1,
            entered_at=lately, exited_at=lately,
        )
    )  # fmt: skip
    await session.commit()
    await compute_traits_once(grocer.sessions, utc_now())
    await grocer.settle()

    await grocer.post("/recipes/parents-viber/launch", settings)
    await grocer.settle()
    await go(utc_now())
    assert [name for name in grocer.people if await grocer.entry(name) is None] == ["Buys", "Walks", "Elsewhere"]
    first = await until_said(grocer, go, [*PARENTS], "idea")
    for name, at in first.items():
        assert is_free(at, PARENTS[name] or BELGRADE), (name, at)
    viber, sms = ("sent", "viber"), ("sent", "sms")
    assert {name: await said(grocer, name) for name in PARENTS} == {
        "Ana": [viber], "Bader": [viber], "Carl": [viber], "Dunja": [sms],
    }  # fmt: skip
    for message in texts.viber:
        assert "new in Puzzles is there" in message["content"]["text"]
        assert "at Ada Mall" in message["content"]["text"]
    assert (await session.scalars(select(CouponRow))).all() == [], "an idea carries no offer"

    await grocer.buys("Ana", at=max(first.values()) + timedelta(hours=1), category="Toys")
    await grocer.settle()
    second = await until_said(grocer, go, ["Bader", "Carl", "Dunja"], "offer")
    for name, at in second.items():
        assert at - first[name] >= timedelta(days=2)
        assert is_free(at, PARENTS[name] or BELGRADE), (name, at)
    left = await grocer.entry("Ana")
    assert left is not None
    assert left.end_reason == "bought"
    assert {name: await said(grocer, name) for name in PARENTS} == {
        "Ana": [viber], "Bader": [viber] * 2, "Carl": [viber] * 2, "Dunja": [sms] * 2,
    }  # fmt: skip
    coupons = {row.profile_id: row.code for row in await session.scalars(select(CouponRow))}
    assert coupons.keys() == {grocer.people[name] for name in second}
    assert coupons[grocer.people["Dunja"]] in texts.sms[-1]["Body"]


def is_free(at: datetime, zone: str) -> bool:
    """Whether it is an evening or a weekend there, within the recipe's hours."""
    local = at.astimezone(ZoneInfo(zone))
    return 9 <= local.hour < 20 and Calendar(weekend=weekend_of(territory_of(zone))).is_free(local)


# --- the weekend -------------------------------------------------------------------------------------------------


async def test_fresh_food_as_each_shops_weekend_begins(
    grocer: Grocer, go: Go, fcm: FcmServer, meta: MetaServer
) -> None:
    """Each shop's own brand, clock, weekend and WhatsApp number; a push where there is a phone for it."""
    world, session = grocer.world, grocer.session
    stores: dict[str, UUID] = {}
    for zone, country in {RIYADH: "SA", DUBAI: "AE", BELGRADE: "RS"}.items():
        mall = await make_mall(session, world, timezone=zone, territory=country)
        stores[zone] = await make_store(session, world, name=f"Baqala {country}", mall_id=mall)
        await grocer.customer(f"Pushed {country}")
        await grocer.customer(f"Phoned {country}", address=False, push_provider=None, marketing_push="denied")
        for who in ("Pushed", "Phoned"):
            await grocer.buys(f"{who} {country}", 8, category="Fresh > Fruit", store_id=stores[zone])
    account = {"phone_number_id": NUMBER, "business_account_id": BUSINESS, "templates": {"marketing": "news"}}
    sender = phone_sender(
        world.tenant_id, "whatsapp", account, {"access_token": TOKEN, "app_secret": APP_SECRET}, store_id=stores[RIYADH]
    )
    session.add(sender)
    for n, country in enumerate(("SA", "AE", "RS")):
        await grocer.number(f"Phoned {country}", f"+96650123456{n}", "whatsapp")
    await session.commit()
    await grocer.settle()

    async def blocked(zone: str) -> set[str]:
        settings = ALL | {"categories": ["Fresh"], "store_id": str(stores[zone])}
        told = await grocer.post("/recipes/fresh-weekend/preview", settings)
        return {each["code"] for each in told["blocked_by"]} & {"no_whatsapp_sender", "no_whatsapp_template"}

    assert [await blocked(zone) for zone in (RIYADH, DUBAI)] == [{"no_whatsapp_template"}, {"no_whatsapp_sender"}]
    meta.templates = [template()]
    found = whatsapp.read_templates(Reply(200, {"data": meta.templates}))
    await messaging.put_templates(session, world.tenant_id, sender.id, found, utc_now())
    await session.commit()
    assert await blocked(RIYADH) == set()
    store_of = {}
    for zone, store_id in stores.items():
        settings = ALL | {"categories": ["Fresh"], "store_id": str(store_id)}
        launched = await grocer.post("/recipes/fresh-weekend/launch", settings)
        store_of[UUID(launched["campaign_id"])] = zone
    await grocer.settle()

    start = utc_now().replace(minute=0, second=0, microsecond=0) + timedelta(hours=1)
    for n in range(7 * 24):  # a whole week, every hour
        await go(start + timedelta(hours=n))
    session.expunge_all()
    runs = {store_of[run.campaign_id]: run for run in await session.scalars(select(CampaignRun))}
    began = {zone: run.begun_at.astimezone(ZoneInfo(zone)) for zone, run in runs.items()}
    assert {zone: (f"{at:%a}", at.hour) for zone, at in began.items()} == {
        RIYADH: ("Fri", 9), DUBAI: ("Sat", 9), BELGRADE: ("Sat", 9),
    }  # fmt: skip
    for country in ("SA", "AE", "RS"):
        assert await said(grocer, f"Pushed {country}") == [("sent", "fcm")]
        assert f"Baqala {country}" in (await grocer.messages(f"Pushed {country}"))[0].title
    assert await said(grocer, "Phoned SA") == [("sent", "whatsapp")]
    assert len(meta.messages) == 1
    assert await said(grocer, "Phoned AE") == [("skipped", None)], "Riyadh's number is not Dubai's"


# --- mealtimes ---------------------------------------------------------------------------------------------------


async def test_what_is_due_is_named_before_the_meal_and_ramadan_moves_it(grocer: Grocer, go: Go) -> None:
    world, session = grocer.world, grocer.session
    await session.execute(
        text("UPDATE tenant SET timezone = :zone WHERE id = :id"), {"zone": RIYADH, "id": world.tenant_id}
    )
    shop = await make_shop(session, world)
    for n, name in enumerate(("Anna", "Has it")):
        grocer.people[name] = shop.people[n].profile_id
        await make_device(
            session,
            world,
            profile_id=grocer.people[name],
            push_address=name,
            push_provider="fcm",
            push_kind="fcm_token",
        )
    await buy(session, world, shop.people[1], 0, ["soap", "sponge", "bread", "butter"], store_id=shop.store_id)
    await session.commit()
    await grocer.settle()
    told = await grocer.post("/recipes/essentials/preview", ALL | {"day_part": "Dinner"})
    assert {(each["code"], each["stops"]) for each in told["blocked_by"]} >= {("no_day_part", True)}
    today = utc_now().astimezone(ZoneInfo(RIYADH)).date()
    fast = [today + timedelta(days=1), today + timedelta(days=2)]
    parts = [
        {"name": "Dinner", "starts": "18:00", "ends": "21:00"},
        {"name": "Dinner", "starts": "20:30", "ends": "23:00", "valid_from": f"{fast[0]}", "valid_to": f"{fast[1]}"},
    ]
    put = await grocer.client.put("/v1/day-parts", json={"items": parts}, headers=world.sk_headers)
    assert put.status_code == 200, put.text
    settings = ALL | {"day_part": "dinner", "before_minutes": 30}
    quiet = text("UPDATE tenant SET quiet_start = :start, quiet_end = '08:00' WHERE id = :id")
    await session.execute(quiet, {"start": time(19), "id": world.tenant_id})
    await session.commit()
    refused = await grocer.post("/recipes/essentials/launch", settings, status=409)
    assert [each["code"] for each in refused["blocked_by"]] == ["quiet_hours"], "also in Ramadan they hold"
    await session.execute(quiet, {"start": time(21), "id": world.tenant_id})
    await session.commit()
    campaign_id = UUID((await grocer.post("/recipes/essentials/launch", settings))["campaign_id"])
    says = (await grocer.client.get(f"/v1/campaigns/{campaign_id}", headers=world.sk_headers)).json()["says"]
    assert says[0].startswith("Every day 30 minutes before “dinner” begins by the day parts, of the person’s own time")
    await grocer.settle()

    def at(day: date, clock: time) -> datetime:
        return datetime.combine(day, clock, tzinfo=ZoneInfo(RIYADH)).astimezone(UTC)

    await go(at(fast[0], time(17, 45)))
    assert await said(grocer, "Anna") == [], "in Ramadan it is too early"
    await go(at(fast[0], time(20, 1)))
    assert await said(grocer, "Anna") == [("sent", "fcm")]
    (message,) = await grocer.messages("Anna")
    assert message.title == "Before you cook"
    assert message.body.startswith("Running low on S")
    assert "Bread" not in message.body, "it was in the last basket"
    assert await said(grocer, "Has it") == [], "nothing of theirs is due"
    await go(at(fast[1] + timedelta(days=1), time(17, 31)))
    runs = {run.starts_on: run.begun_at for run in await session.scalars(select(CampaignRun))}
    assert runs[fast[1] + timedelta(days=1)] == at(fast[1] + timedelta(days=1), time(17, 31)), "and then as always"


# --- silence, and late at night ----------------------------------------------------------------------------------


async def test_a_silence_by_their_own_rhythm_at_one_shop(grocer: Grocer, go: Go) -> None:
    left, right = [await make_store(grocer.session, grocer.world, name=name) for name in ("Left", "Right")]
    weekly = [*range(16, 180, 7)]
    for name, days, store_id in (
        ("Silent", weekly, left),
        ("Steady", [2, *weekly], left),
        ("Monthly", [20, 50, 80, 110, 140, 170], left),
        ("Other shop", weekly, right),
    ):
        await grocer.customer(name)
        await grocer.buys(name, *days, store_id=store_id)
    await grocer.settle()
    await grocer.post("/recipes/inactivity/launch", ALL | {"store_id": str(left)})
    await grocer.settle()
    await go(utc_now())
    there = [name for name in grocer.people if await grocer.entry(name) is not None]
    assert there == ["Silent"], "who comes monthly is not silent after 20 days"
    await until_said(grocer, go, ["Silent"], "offer")
    assert await said(grocer, "Silent") == [("sent", "fcm")]
    assert (await grocer.messages("Silent"))[0].title == "10 % off at Left"


def years_ago(years: int, days: int = 0) -> str:
    today = utc_now().astimezone(ZoneInfo(BELGRADE)).date() + timedelta(days=days)
    return f"{today.year - years}-{min(today.month, 12):02}-{min(today.day, 28):02}"


async def test_late_offers_are_for_adults_and_never_in_quiet_hours(grocer: Grocer, go: Go) -> None:
    world, session, today = grocer.world, grocer.session, utc_now().astimezone(ZoneInfo(BELGRADE)).date()
    ages: dict[str, dict[str, Any]] = {
        "Seventeen": {"birth_date": years_ago(17)},
        "Adult": {"birthday": years_ago(18, days=-2)},
        "Thirty": {"date_of_birth": years_ago(30, days=-2)},
        "Older": {"birth_date": years_ago(31, days=-2)},
        "By year": {"birth_year": today.year - 20},
        "Perhaps 17": {"birth_year": today.year - 18},
        "Two births": {"birth_date": years_ago(25), "birthday": years_ago(16)},
        "Unknown": {},
    }
    for name, traits in ages.items():
        await grocer.customer(name, 30, timezone=NEW_YORK if name == "By year" else None)
        if name == "Unknown":
            continue
        await session.execute(
            text("UPDATE profile SET attributes = attributes || CAST(:traits AS jsonb) WHERE id = :id"),
            {"traits": json.dumps(traits), "id": grocer.people[name]},
        )
    await session.execute(
        text("UPDATE tenant SET quiet_start = '21:00', quiet_end = '08:00' WHERE id = :id"), {"id": world.tenant_id}
    )
    await session.commit()
    await grocer.settle()
    refused = await grocer.post("/recipes/late-night/launch", ALL, status=409)
    assert [each["code"] for each in refused["blocked_by"]] == ["quiet_hours"]
    assert "21:00 to 08:00" in refused["detail"]
    await session.execute(
        text("UPDATE tenant SET quiet_start = '23:45', quiet_end = '08:00' WHERE id = :id"), {"id": world.tenant_id}
    )
    await session.commit()
    await grocer.post("/recipes/late-night/launch", ALL)
    await grocer.settle()
    friday = next_day({"fri"}, BELGRADE, time(22, 1))
    await go(friday - timedelta(hours=1))
    assert (await session.scalars(select(Message))).all() == []
    await go(friday)
    grown = {"Adult", "Thirty"} | ({"Perhaps 17"} if (today.month, today.day) == (12, 31) else set())
    assert {name for name in ages if await said(grocer, name)} == grown
    await go(friday + timedelta(hours=6))
    assert {name for name in ages if await said(grocer, name)} == grown | {"By year"}, "when it is late in New York"


async def test_nobodys_age_is_known(grocer: Grocer) -> None:
    await grocer.customer("Unknown", 30)
    await grocer.settle()
    told = await grocer.post("/recipes/late-night/preview", ALL)
    assert "no_birth_dates" in [each["code"] for each in told["blocked_by"]]
    wrong = await grocer.post("/recipes/late-night/preview", {"age_from": 16}, status=422)
    assert wrong["errors"][0]["pointer"] == "#/age_from"
