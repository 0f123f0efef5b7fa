"""What is secret stays so: planted in every place that takes a secret, and looked for in every place that could tell.

Real processes, providers that repeat what they were sent, requests that are refused, a database that is broken for a
moment. Then every row of every table, every log line and every answer is searched, also for encoded forms.
"""

import base64
import binascii
import json
from collections.abc import AsyncIterator, Iterable, Iterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from datetime import time
from pathlib import Path
from typing import Any
from urllib.parse import quote
from uuid import UUID

import aiohttp
import psycopg
import pytest
from sqlalchemy.ext.asyncio import AsyncEngine

from geoengage.kit.db import make_sessions
from geoengage.messaging.rules.phone import hook_token
from tests.conftest import KEY
from tests.e2e.stack import Stack, running
from tests.factories import make_world
from tests.phoning import Shop
from tests.providers.fcm_server import FcmServer
from tests.providers.meta_server import APP_SECRET, BUSINESS, NUMBER, TOKEN, MetaServer, template
from tests.providers.text_servers import API_KEY, AUTH_TOKEN, KEY_ID, SID, WEBHOOK_KEY, TextServer

pytestmark = pytest.mark.slow

MAIL_PASSWORD, SHOP_SECRET, SHOP_TOKEN = "marker-mail-password-01", "marker-shop-secret-0001", "shpat_marker0123456789"
WRONG = "marker-secret-in-a-bad-request-01"
NEW_KEY = "a-newer-key-for-tests-only-0123456789"


def forms(secret: str) -> Iterator[bytes]:
    """A secret as it is, and as it would look encoded; of base64 what does not depend on the text before it."""
    raw = secret.encode()
    yield from {raw, quote(secret).encode(), json.dumps(secret)[1:-1].encode(), binascii.hexlify(raw)}
    for before in range(3):
        encoded = base64.b64encode(b"\0" * before + raw).rstrip(b"=")
        yield encoded[4 if before else 0 : -4]


def found(secrets: dict[str, str], where: dict[str, bytes]) -> list[str]:
    """Which secret stands where."""
    return [
        f"{name} in {place}" for name, secret in secrets.items() for place, text in where.items()
        if any(form in text for form in forms(secret))
    ]  # fmt: skip


def test_the_search_finds_what_it_looks_for() -> None:
    here = {
        place: text for before in range(4)
        for place, text in {
            f"plain {before}": b"-" * before + AUTH_TOKEN.encode(),
            f"base64 {before}": base64.b64encode(b"-" * before + f"{AUTH_TOKEN}:".encode()),
            f"hex {before}": binascii.hexlify(b"-" * before + AUTH_TOKEN.encode()),
        }.items()
    }  # fmt: skip
    assert len(found({"token": AUTH_TOKEN}, here)) == len(here)
    assert found({"token": AUTH_TOKEN}, {"another": base64.b64encode(API_KEY.encode())}) == []


@dataclass
class Tellers:
    """The product as processes, its providers, and all that it has answered."""

    stack: Stack
    http: aiohttp.ClientSession
    shop: Shop
    meta: MetaServer
    texts: TextServer
    answers: dict[str, bytes] = field(default_factory=dict)

    async def call(self, method: str, path: str, body: Any = None, *, key: str | None = None, wanted: int = 200) -> Any:
        """One call, noted; `wanted` 0: whatever it answers."""
        headers = {"Authorization": f"Bearer {key or self.shop.world.sk}", "Content-Type": "application/json"}
        data = body if isinstance(body, str | None) else json.dumps(body)
        async with self.http.request(method, self.stack.url + path, data=data, headers=headers) as answer:
            text = await answer.read()
            self.answers[f"{method} {path} {answer.status} ({len(self.answers)})"] = text
            assert wanted in (0, answer.status), text
            return json.loads(text) if answer.content_type.endswith("json") and text else None

    async def rows(self) -> dict[str, bytes]:
        """Every row of every table, as text."""
        tables = await self.stack.query(
            "SELECT format('%%I.%%I', schemaname, relname) FROM pg_stat_user_tables ORDER BY 1".replace("%%", "%")
        )
        dump = {}
        for (table,) in tables:
            rows = await self.stack.query(f"SELECT t::text FROM {table} t")  # noqa: S608 - a name from the catalogue
            dump[table] = "\n".join(row for (row,) in rows).encode()
        assert sum(map(len, dump.values())) > 10_000
        return dump

    def logs(self) -> dict[str, bytes]:
        """What the processes wrote."""
        return {path.name: path.read_bytes() for path in self.stack.data_dir.glob("*.log")}


@asynccontextmanager
async def tellers(committed: AsyncEngine, folder: Path, meta: MetaServer, texts: TextServer) -> AsyncIterator[Tellers]:
    """Everything up."""
    sessions = make_sessions(committed)
    async with sessions() as session:
        world = await make_world(session, quiet_start=time(0), quiet_end=time(0))
    shop = Shop(sessions, world)
    env = {
        "GEOENGAGE_PUBLIC_URL": "https://shop.example",
        "GEOENGAGE_PHONE_CHANNELS__GRAPH_URL": meta.url,
        "GEOENGAGE_PHONE_CHANNELS__TWILIO_URL": texts.url,
        "GEOENGAGE_PHONE_CHANNELS__INFOBIP_URL": texts.url,
    }
    stack = Stack(committed.url.render_as_string(hide_password=False), folder, env)
    async with running(stack, "serve", "worker") as http:
        yield Tellers(stack, http, shop, meta, texts)


async def plant(it: Tellers, service_account: dict[str, str]) -> dict[str, str]:
    """Put a secret wherever one is taken; those that the product makes up itself are among those returned."""
    app = it.shop.world.app_id
    whatsapp = {"phone_number_id": NUMBER, "business_account_id": BUSINESS, "templates": {"marketing": "news"}}
    await it.call("PUT", "/v1/senders/whatsapp", whatsapp | {"access_token": TOKEN, "app_secret": APP_SECRET}, wanted=0)
    keys = {KEY_ID: WEBHOOK_KEY}
    sms = {"account_sid": SID, "auth_token": AUTH_TOKEN, "webhook_keys": keys, "sender": "+41790000001"}
    await it.call("PUT", "/v1/senders/sms", sms)
    viber = await it.call("PUT", "/v1/senders/viber", {"base": "x1y2", "sender": "SHOP", "api_key": API_KEY})
    account = service_account | {"token_uri": "https://oauth2.googleapis.com/token"}
    await it.call("PUT", f"/v1/apps/{app}/firebase", {"service_account": account})
    mail = {"host": "smtp.example.com", "username": "shop", "password": MAIL_PASSWORD}
    await it.call("PUT", f"/v1/apps/{app}/email", mail | {"from_address": "a@example.com", "from_name": "Shop"})
    toys = {"name": "toys", "shop": "toys.myshopify.com", "secret": SHOP_SECRET, "access_token": SHOP_TOKEN}
    await it.call("POST", "/v1/connections", toys, wanted=201)
    told_once = len(it.answers)
    hook = await it.call("POST", "/v1/webhooks", {"name": "till", "url": "https://hooks.example.com/x"}, wanted=201)
    own = await it.call("POST", "/v1/keys", {"kind": "sk", "name": "of the till", "scopes": ["people"]}, wanted=201)
    for answer in list(it.answers)[told_once:]:  # these two are shown once, by their making
        del it.answers[answer]
    return {
        "WhatsApp's token": TOKEN, "WhatsApp's app secret": APP_SECRET, "Twilio's token": AUTH_TOKEN,
        "Twilio's webhook key": WEBHOOK_KEY, "Infobip's key": API_KEY, "the mail password": MAIL_PASSWORD,
        "Firebase's key": service_account["private_key"].splitlines()[1], "Shopify's secret": SHOP_SECRET,
        "Shopify's token": SHOP_TOKEN, "a bad request's secret": WRONG, "the webhook's secret": hook["secret"],
        "a key": own["key"], "the caller's key": it.shop.world.sk, "the signing key": KEY,
        "Viber's hook": hook_token(KEY, UUID(viber["id"])),
    }  # fmt: skip


async def provoke(it: Tellers, app: str) -> None:
    """Refusals, failures and a fault of our own, each with a secret in reach."""
    sms = {"account_sid": "no sid", "auth_token": WRONG, "sender": "+41790000001"}
    await it.call("PUT", "/v1/senders/sms", sms, wanted=422)
    await it.call("PUT", "/v1/senders/viber", {"base": "x1y2", "sender": "SHOP", "api_key": [WRONG]}, wanted=422)
    await it.call("PUT", "/v1/senders/viber", f'{{"api_key": "{WRONG}"', wanted=422)
    await it.call("PUT", f"/v1/apps/{app}/firebase", {"service_account": {"private_key": WRONG}}, wanted=422)
    await it.call("POST", "/v1/connections", {"name": "x", "shop": "x", "secret": WRONG}, wanted=422)
    await it.call("GET", "/v1/senders", key=WRONG, wanted=401)
    await it.call("POST", "/v1/login", {"email": "a@example.com", "password": WRONG}, wanted=0)
    await it.call("GET", f"/v1/senders?access_token={it.shop.world.sk}", wanted=0)
    senders = (await it.call("GET", "/v1/senders"))["items"]
    for sender in senders:
        await it.call("POST", f"/v1/senders/{sender['id']}/check", wanted=0)
    viber = next(sender["id"] for sender in senders if sender["channel"] == "viber")
    await it.call("POST", f"/v1/hooks/viber/{viber}/{hook_token(KEY, UUID(viber))}", {"results": []})
    await it.call("POST", f"/v1/apps/{app}/email/check", wanted=0)
    sound = {"account_sid": SID, "auth_token": AUTH_TOKEN, "sender": "+41790000001"}
    async with await psycopg.AsyncConnection.connect(it.stack.dsn, autocommit=True) as sql:
        await sql.execute("ALTER TABLE phone_sender RENAME COLUMN sealed TO lost")
        await it.call("PUT", "/v1/senders/sms", sound, wanted=500)
        await sql.execute("ALTER TABLE phone_sender RENAME COLUMN lost TO sealed")


async def send_and_fail(it: Tellers) -> None:
    """Messages by each channel: one that arrives, one whose provider repeats what it was sent."""
    it.meta.templates = [template()]
    whatsapp = next(s["id"] for s in (await it.call("GET", "/v1/senders"))["items"] if s["channel"] == "whatsapp")
    await it.call("POST", f"/v1/senders/{whatsapp}/templates/sync")
    for channel in ("sms", "viber", "whatsapp"):
        for number, fault in (("+41791234567", None), ("+41791234568", "echo")):
            person = await it.shop.person(number, channel)
            (it.meta if channel == "whatsapp" else it.texts).fail_next(fault)
            id_ = await it.shop.queue(person, channel)

            async def ended(id_: Any = id_) -> bool:
                return bool((await it.shop.message(id_)).attempts)

            await it.stack.until(f"{channel} was tried", ended, 60)


async def test_no_secret_stands_in_rows_logs_answers_or_errors(
    committed: AsyncEngine, tmp_path: Path, meta: MetaServer, texts: TextServer, fcm: FcmServer
) -> None:
    async with tellers(committed, tmp_path, meta, texts) as it:
        secrets = await plant(it, fcm.credentials())
        await provoke(it, str(it.shop.world.app_id))
        await send_and_fail(it)
        openapi = await it.call("GET", "/openapi.json")
        for path in plain_gets(openapi):
            await it.call("GET", path, wanted=0)
        for one in ("senders", "connections", "webhooks", "keys"):
            for item in (await it.call("GET", f"/v1/{one}"))["items"]:
                await it.call("GET", f"/v1/{one}/{item['id']}")
        for part in ("firebase", "email", "brand"):
            await it.call("GET", f"/v1/apps/{it.shop.world.app_id}/{part}", wanted=0)
        rows = await it.rows()
        answers = it.answers
    logs = it.logs()  # also what the processes said while they ended
    hook = {"Viber's hook": secrets.pop("Viber's hook")}  # its address is told to whoever may see senders
    assert found(hook, {**rows, **logs}) == []
    assert found(secrets, {**rows, **logs, **answers}) == []
    assert found({"what is no secret": SID}, rows), "the rows were read"


def plain_gets(openapi: dict[str, Any]) -> Iterable[str]:
    """What can be asked for without knowing an id; streams never end."""
    paths = openapi["paths"]
    return [path for path, item in paths.items() if "get" in item and "{" not in path and path != "/v1/live"]


async def test_keys_are_changed_while_messages_go_out(
    committed: AsyncEngine, tmp_path: Path, meta: MetaServer, texts: TextServer
) -> None:
    count = 60
    async with tellers(committed, tmp_path, meta, texts) as it:
        sms = {"account_sid": SID, "auth_token": AUTH_TOKEN, "sender": "+41790000001", "per_minute": 3000}
        await it.call("PUT", "/v1/senders/sms", sms)
        people = [await it.shop.person(f"+4179123{n:04}", "sms") for n in range(count)]
        sealed = await it.stack.query("SELECT sealed FROM phone_sender")

        async def restart(keys: str) -> None:
            it.stack.fcm_env["GEOENGAGE_SECRET_KEYS"] = keys
            await it.stack.stop()
            await it.stack.start("serve", "worker")

        queued = [await it.shop.queue(person, "sms") for person in people[: count // 3]]
        await restart(f"{NEW_KEY},{KEY}")
        queued += [await it.shop.queue(person, "sms") for person in people[count // 3 : 2 * count // 3]]
        said = await it.stack.command("senders", "reseal")
        assert said.startswith("1 credentials are now closed with the newest key; 0 ")
        assert await it.stack.query("SELECT sealed FROM phone_sender") != sealed
        await restart(NEW_KEY)
        queued += [await it.shop.queue(person, "sms") for person in people[2 * count // 3 :]]
        await it.stack.settled()
        ends = [(await it.shop.message(id_)).status for id_ in queued]
    unknown = ends.count("unknown")  # only if a machine is so slow that a worker was killed while it was ending
    assert ends.count("sent") == count - unknown
    assert ends.count("sent") <= len(texts.sms) <= count, "none twice"
