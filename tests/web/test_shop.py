"""The owner's page in Chromium at 360 px, from left and from right, on a slow line: first words, three taps, a code."""

import asyncio
import json
import re
import time
from collections.abc import AsyncIterator, Awaitable, Callable
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import uuid4

import httpx
import pytest
import pytest_asyncio
from playwright.async_api import Browser, CDPSession, Page, expect

from tests.providers.meta_server import BUSINESS, of_number, signed, wrote
from tests.web.console import MARKS, Demo, Watch
from tests.web.test_look import faults

pytestmark = MARKS
OpenShop = Callable[..., Awaitable[Page]]
LINE = 400_000 // 8  # bytes a second
LATENCY_MS = 100
BUDGET = 100_000  # bytes of everything that the page loads
DIRECTIONS = pytest.mark.parametrize(("locale", "direction"), [("en-GB", "ltr"), ("ar", "rtl")])
PRODUCT = "Shop page tea"
DEAR = "Shop page jam, sold at its cost"


@pytest_asyncio.fixture(scope="session", loop_scope="session")
async def regulars(demo: Demo) -> int:
    """Twelve people who have bought at the café three times, and agreed to pushes; what it sells."""
    costs = {PRODUCT: None, DEAR: 395}
    products = [
        {
            "external_id": f"shop-{name[10:13]}", "name": name, "store_id": demo.state["store_id"],
            "variants": [{"price_minor": 400, "cost_minor": cost, "currency": "EUR"}],
        }
        for name, cost in costs.items()
    ]  # fmt: skip
    await demo.api("POST", "/v1/products:batch", {"products": products})
    consents = {"location": "granted", "marketing_push": "granted", "personalisation": "granted"}
    people = [f"shop-{uuid4().hex[:8]}" for _ in range(12)]
    for person in people:
        phone = {"platform": "ios", "consents": consents}
        device = await demo.api("POST", "/v1/devices", phone, key="publishable_key")
        await demo.api("POST", f"/v1/devices/{device['device_id']}/link", {"external_id": person})
    now = datetime.now(UTC)
    orders = [
        {
            "external_id": f"{person}-{ago}", "ordered_at": (now - timedelta(days=ago)).isoformat(), "currency": "EUR",
            "store_id": demo.state["store_id"], "customer": {"external_id": person},
            "lines": [{"name": PRODUCT, "product_id": "shop-tea", "quantity": 1, "unit_price_minor": 400}],
        }
        for person in people
        for ago in (7, 14, 21)
    ]  # fmt: skip
    await demo.api("POST", "/v1/orders:batch", {"orders": orders})
    return len(people)


@pytest_asyncio.fixture(loop_scope="session")
async def open_shop(
    browser: Browser, demo: Demo, watch: Watch, signed_in: Any, regulars: int
) -> AsyncIterator[OpenShop]:
    """Phones that have never opened the page; none complains at the end."""
    opened = []

    async def make(*, locale: str = "en-GB", logged_in: bool = True) -> Page:
        context = await browser.new_context(
            base_url=demo.url,
            viewport={"width": 360, "height": 740},
            locale=locale,
            storage_state=signed_in if logged_in else None,
            has_touch=True,
        )
        context.set_default_timeout(20_000)
        opened.append(context)
        page = await context.new_page()
        watch.attach(page)
        await page.goto("/shop")
        return page

    yield make
    for context in opened:
        await context.close()
    assert watch.problems == []


async def set_up(page: Page, demo: Demo, store_id: str | None = None) -> None:
    """It is the page of the café, or of another store."""
    store = await demo.api("GET", f"/v1/stores/{store_id or demo.state['store_id']}")
    await page.get_by_test_id("stores").get_by_role("button", name=store["properties"]["name"], exact=True).click()
    await expect(page.get_by_test_id("today")).to_be_visible()


@DIRECTIONS
async def test_the_first_words_on_a_slow_line(open_shop: OpenShop, demo: Demo, locale: str, direction: str) -> None:
    """What has to come before they are there, at 400 kbit/s, and what the script takes: three seconds at most."""
    page = await open_shop(locale=locale)
    await set_up(page, demo)
    assert await page.evaluate("() => document.documentElement.dir") == direction
    line = await page.context.new_cdp_session(page)
    sizes: list[float] = []
    line.on("Network.loadingFinished", lambda event: sizes.append(event["encodedDataLength"]))
    throttled: dict[str, dict[str, Any]] = {
        "Network.enable": {},
        "Performance.enable": {},
        "Network.setCacheDisabled": {"cacheDisabled": True},
        "Network.setBypassServiceWorker": {"bypass": True},
        "Network.emulateNetworkConditions": {
            "offline": False, "latency": LATENCY_MS, "downloadThroughput": LINE, "uploadThroughput": LINE,
        },
    }  # fmt: skip
    for method, how in throttled.items():
        await line.send(method, how)
    began = time.monotonic()
    await page.reload(wait_until="commit")
    await expect(page.get_by_test_id("today")).to_be_visible()
    took = time.monotonic() - began
    measured = (await line.send("Performance.getMetrics"))["metrics"]
    script = sum(each["value"] for each in measured if each["name"] in ("ScriptDuration", "LayoutDuration"))
    transferred = sum(sizes)
    waits = 4 * LATENCY_MS / 1000  # the page; its script and style; the words; the day
    print(f"{direction}: {transferred:.0f} bytes, {script:.2f} s of script, there after {took:.2f} s by the clock")  # noqa: T201
    assert 3_000 < transferred <= BUDGET
    assert transferred / LINE + waits + script <= 3


async def test_all_that_it_ever_loads(demo: Demo) -> None:
    """With every language, and what the service worker fetches a second time, as the server sends it."""
    async with httpx.AsyncClient(base_url=demo.url) as http:

        async def size(path: str) -> tuple[int, str]:
            async with http.stream("GET", path, headers={"Accept-Encoding": "gzip"}) as answer:
                assert answer.status_code == 200, path
                assert "script-src 'self'" in answer.headers["content-security-policy"]
                sent = b"".join([part async for part in answer.aiter_bytes()])
                return answer.num_bytes_downloaded, sent.decode()

        worker, source = await size("/shop/sw.js")
        files = sorted(set(re.findall(r"/shop/(?:assets/[\w.-]+)?(?=[`'\"])", source)))
        assert len([path for path in files if path.endswith(".js")]) >= 7, "the page and six languages"
        sizes = {path: (await size(path))[0] for path in files}
    assert worker + 2 * sum(sizes.values()) <= BUDGET


@DIRECTIONS
async def test_an_offer_in_three_taps(
    open_shop: OpenShop, demo: Demo, regulars: int, locale: str, direction: str
) -> None:
    page = await open_shop(locale=locale)
    found = await faults(page, "stores")
    await set_up(page, demo)
    found += await faults(page, "today")
    await page.get_by_test_id("send-offer").click()
    goods = page.get_by_test_id("goods")
    await page.get_by_test_id("search").fill("shop page")
    await expect(goods.get_by_role("button")).to_have_count(2)
    found += await faults(page, "goods")
    await goods.get_by_role("button", name=DEAR).click()
    for percent in (5, 10, 15, 20):  # 5 % of 4.00 is more than is earned
        await expect(page.get_by_test_id(f"off-{percent}")).to_be_disabled()
    found += await faults(page, "not allowed")
    await page.get_by_test_id("tab-offer").click()

    await goods.get_by_role("button", name=PRODUCT).click()  # one
    found += await faults(page, "discounts")
    await page.get_by_test_id("off-10").click()  # two
    whom = page.get_by_test_id("who-regulars")
    await expect(whom).to_be_enabled()
    shown = await whom.inner_text()
    if direction == "ltr":
        people = int(re.findall(r"(\d+) people", shown)[0])
        assert people >= regulars
        most = float(re.findall(r"discounts at most €([\d.]+)", shown)[0])
        assert 0 < most <= people * 0.4, "some are held back"
    found += await faults(page, "audiences")
    await whom.click()  # three
    found += await faults(page, "confirm")
    before = await campaigns_of(demo)
    await page.get_by_test_id("confirm").click()
    await expect(page.get_by_test_id("sent")).to_be_visible()
    found += await faults(page, "sent")
    (made,) = [each for each in await campaigns_of(demo) if each["id"] not in {one["id"] for one in before}]
    assert (made["status"], made["store_id"]) == ("active", demo.state["store_id"])
    await demo.api("POST", f"/v1/campaigns/{made['id']}/pause")
    assert found == []


async def campaigns_of(demo: Demo) -> list[dict[str, Any]]:
    """Those that this page has made of the product."""
    found, cursor = [], ""
    while True:
        page = await demo.api("GET", f"/v1/campaigns?limit=500{cursor}")
        found += [each for each in page["items"] if PRODUCT in each["name"]]
        if page["next"] is None:
            return found
        cursor = f"&cursor={page['next']}"


async def test_a_code_by_its_last_four_signs(open_shop: OpenShop, demo: Demo, watch: Watch) -> None:
    body = {
        "name": "Shop page code", "currency": "EUR", "status": "active", "max_discount_minor": 150,
        "store_id": demo.state["store_id"], "benefit": {"kind": "percent", "percent": 20},
        "conditions": {"with_code": True},
    }  # fmt: skip
    offer = await demo.api("POST", "/v1/offers", body)
    printed = {"count": 1, "expires_at": (datetime.now(UTC) + timedelta(days=2)).isoformat()}
    codes = await demo.api("POST", f"/v1/offers/{offer['id']}/coupons", printed)
    code = codes.splitlines()[1].partition(",")[0]
    page = await open_shop()
    await set_up(page, demo)
    await page.get_by_test_id("tab-coupon").click()
    await page.get_by_test_id("ending").fill("ÜÜÜÜ")
    watch.expect("Failed to load resource")
    await expect(page.get_by_test_id("found")).to_contain_text("No open coupon ends so.")
    await page.get_by_test_id("ending").fill(code[-4:].lower())
    coupon = page.get_by_test_id("coupon").filter(has_text="Shop page code")
    await expect(coupon).to_contain_text("20 % off")
    await expect(coupon.get_by_test_id("amount")).to_have_value("1.50")
    found = await faults(page, "coupon")
    await coupon.get_by_test_id("amount").fill("9.00")
    await coupon.get_by_test_id("redeem").click()
    await expect(coupon).to_contain_text("That is more than it takes off.")
    await coupon.get_by_test_id("amount").fill("1,20")
    await coupon.get_by_test_id("redeem").click()
    await expect(page.get_by_test_id("redeemed")).to_contain_text("Used: 20 % off.")
    found += await faults(page, "redeemed")
    after = await demo.api("GET", f"/v1/offers/{offer['id']}")
    assert (after["coupons"]["redeemed"], after["discount_minor"]) == (1, 120)
    await demo.api("DELETE", f"/v1/offers/{offer['id']}")
    assert found == []


@dataclass
class Corner:
    """A store of its own with a number of WhatsApp."""

    demo: Demo
    name: str
    store_id: str
    sender_id: str
    number: str

    async def hear(self, text: str) -> None:
        """Somebody writes to it."""
        texts = of_number(self.number, messages=[wrote(self.number, text, datetime.now(UTC).timestamp())])
        body, headers = signed(texts, "s" * 32)
        async with httpx.AsyncClient(base_url=self.demo.url, timeout=20) as provider:
            answer = await provider.post(f"/v1/hooks/whatsapp/{self.sender_id}", content=body, headers=headers)
            assert answer.status_code == 200, answer.text


async def make_corner(demo: Demo) -> Corner:
    name, number = f"Corner {uuid4().hex[:6]}", f"4179{uuid4().int % 10**7:07}"
    point = {"type": "Point", "coordinates": [float(demo.state["lon"]), float(demo.state["lat"])]}
    feature = {"type": "Feature", "geometry": point, "properties": {"name": name}}
    store_id = (await demo.api("POST", "/v1/stores", feature))["id"]
    account = {"phone_number_id": number, "business_account_id": BUSINESS, "access_token": "t" * 20}
    secret = {"app_secret": "s" * 32, "store_id": store_id}
    sender = await demo.api("PUT", "/v1/senders/whatsapp", account | secret)
    return Corner(demo, name, store_id, sender["id"], number)


async def test_replies(open_shop: OpenShop, demo: Demo) -> None:
    """A text that came by WhatsApp is read and answered; when the account is gone, the page says why it cannot be."""
    corner = await make_corner(demo)
    canned = {"title": "Hours", "text": "We are open until six.", "store_id": corner.store_id}
    await demo.api("POST", "/v1/canned-answers", canned)
    await corner.hear("Are you open?")

    page = await open_shop()
    await set_up(page, demo, corner.store_id)
    await expect(page.get_by_test_id("today")).to_contain_text("1 unread reply.")
    badge = page.get_by_test_id("unread-badge")
    await expect(badge).to_have_text("11 conversation waits.")  # a figure for the eye, words for the ear
    await page.get_by_test_id("tab-replies").click()
    talk = page.get_by_test_id("conversations").get_by_role("button")
    await expect(talk).to_contain_text("Are you open?")
    found = await faults(page, "conversations")
    await talk.click()
    await expect(page.get_by_test_id("texts")).to_contain_text("Are you open?")
    await expect(badge).to_be_hidden()
    await page.get_by_test_id("canned").get_by_role("button", name="Hours").click()
    await expect(page.get_by_test_id("answer")).to_have_value("We are open until six.")
    found += await faults(page, "conversation")
    await page.get_by_test_id("send").click()
    await expect(page.get_by_test_id("texts")).to_contain_text("We are open until six.")
    await expect(page.get_by_test_id("answer")).to_have_value("")
    await demo.api("DELETE", f"/v1/senders/{corner.sender_id}")
    await expect(page.get_by_test_id("closed")).to_contain_text("is gone")  # it looks again by itself
    found += await faults(page, "closed")
    await page.get_by_role("button", name="Back").click()
    await expect(page.get_by_test_id("conversations")).to_contain_text("We are open until six.")
    await page.get_by_test_id("tab-today").click()
    await expect(page.get_by_test_id("today")).to_contain_text("No unread reply.")
    assert found == []


# Chromium without a head has no push service: this stands in for it, and outlives the page as a subscription does.
SUBSCRIBING = """(() => {
  const KEPT = 'a-subscription-of-a-test';
  const b64 = (raw) => btoa(String.fromCharCode(...raw)).replaceAll('+', '-').replaceAll('/', '_').replaceAll('=', '');
  const make = ({ endpoint, key }) => ({
    endpoint,
    options: { applicationServerKey: Uint8Array.from(key).buffer },
    unsubscribe: async () => localStorage.removeItem(KEPT),
    toJSON: () => ({
      endpoint,
      expirationTime: null,
      keys: { p256dh: b64([4, ...new Uint8Array(64)]), auth: b64(new Uint8Array(16)) },
    }),
  });
  PushManager.prototype.getSubscription = async () => {
    const kept = localStorage.getItem(KEPT);
    return kept && make(JSON.parse(kept));
  };
  PushManager.prototype.subscribe = async ({ applicationServerKey }) => {
    const endpoint = `https://fcm.googleapis.com/fcm/send/${Math.random().toString(36).slice(2)}`;
    const made = { endpoint, key: [...applicationServerKey] };
    localStorage.setItem(KEPT, JSON.stringify(made));
    return make(made);
  };
})()"""


async def allow(page: Page, demo: Demo, setting: str) -> CDPSession:
    """Notifications, as in the browser's own settings: granted, denied or prompt."""
    cdp = await page.context.new_cdp_session(page)
    info = await cdp.send("Target.getTargetInfo")
    target = {"browserContextId": info["targetInfo"]["browserContextId"], "origin": demo.url}
    permission: dict[str, Any] = {"permission": {"name": "notifications"}, "setting": setting, **target}
    await cdp.send("Browser.setPermission", permission)
    return cdp


@DIRECTIONS
async def test_tell_me_on_this_phone(open_shop: OpenShop, demo: Demo, locale: str, direction: str) -> None:
    """The switch: not supported, blocked, off, on, and off again; what the server knows of it each time."""
    corner = await make_corner(demo)
    page = await open_shop(locale=locale)
    await page.context.add_init_script(SUBSCRIBING)
    await set_up(page, demo, corner.store_id)
    telling, switch, found = page.get_by_test_id("telling"), page.get_by_test_id("tell"), []

    async def look(state: str) -> None:
        await page.reload()
        await expect(page.get_by_test_id("today")).to_be_visible()
        await page.get_by_test_id("tab-replies").click()
        await expect(telling).to_have_attribute("data-state", state)
        found.extend(await faults(page, f"telling {state}"))

    async def phones() -> int:
        answer = await page.request.get("/v1/session/phones")
        return len((await answer.json())["items"])

    await allow(page, demo, "denied")
    await look("blocked")
    await allow(page, demo, "granted")
    await look("off")
    before = await phones()
    await switch.click()
    await expect(switch).to_have_attribute("aria-checked", "true")
    assert await phones() == before + 1
    await look("on")
    await corner.hear("Are you open?")  # the worker finds that its key is none, and forgets it: no service is called
    assert await until(phones, before, 60)
    await look("off")
    await switch.click()
    await expect(switch).to_have_attribute("aria-checked", "true")
    await switch.click()
    await expect(switch).to_have_attribute("aria-checked", "false")
    assert await phones() == before
    await page.context.add_init_script("delete window.PushManager")
    await look("none")
    assert found == []


async def test_a_buzz_shows_how_many_wait_and_leads_to_them(open_shop: OpenShop, demo: Demo) -> None:
    """What the service worker makes of pushes; then somebody writes, and the badge follows by itself."""
    corner, other = await make_corner(demo), await make_corner(demo)
    await other.hear("Are you open?")
    page = await open_shop(locale="da")
    cdp = await allow(page, demo, "granted")
    registration = asyncio.get_running_loop().create_future()

    def note(event: dict[str, Any]) -> None:
        for each in event["registrations"]:
            if each["scopeURL"].endswith("/shop/") and not registration.done():
                registration.set_result(each["registrationId"])

    cdp.on("ServiceWorker.workerRegistrationUpdated", note)
    await cdp.send("ServiceWorker.enable")
    await set_up(page, demo, corner.store_id)
    await page.reload()  # the words of its language are handed over
    await page.wait_for_function("async () => await caches.has('words-of-shop')")
    ask = """() => navigator.serviceWorker.ready.then((r) => r.getNotifications())
      .then((all) => all.map(({ title, body }) => `${title}: ${body}`).sort())"""
    link = f"/shop/#replies={other.store_id}"
    said = {
        "store": other.name, "waiting": 2, "link": link, "tag": "replies-1", "newest": 7,
        "expires_at": "2100-01-01T00:00:00Z",
    }  # fmt: skip
    two, three = f"{other.name}: 2 samtaler venter.", f"{other.name}: 3 samtaler venter."
    vague = "Kunder har skrevet."
    steps: list[tuple[Any, list[str]]] = [
        (said, [two]),
        (said, [two]),
        (said | {"waiting": 3, "newest": 8}, [three]),
        ("not JSON", [f"Shop: {vague}", three]),
        (said | {"newest": 9, "expires_at": "2020-01-01T00:00:00Z"}, [f"{other.name}: {vague}", f"Shop: {vague}"]),
    ]
    for sent, shown in steps:
        push = {"origin": demo.url, "registrationId": await asyncio.wait_for(registration, 20)}
        push["data"] = sent if isinstance(sent, str) else json.dumps(sent)
        async with asyncio.timeout(90):  # a worker that is just being stopped drops what it is handed
            while True:
                await cdp.send("ServiceWorker.deliverPushMessage", push)
                if await until(lambda: page.evaluate(ask), sorted(shown), 10):
                    break
    # Only the system can click a notification; a script's event is no less handled, but may not focus the page.
    worker = page.context.service_workers[0]
    await worker.evaluate(
        """async () => {
          const [notification] = await registration.getNotifications({ tag: 'replies-1' });
          self.addEventListener('unhandledrejection', (event) => event.preventDefault());
          self.addEventListener('error', (event) => event.preventDefault());
          self.dispatchEvent(new NotificationEvent('notificationclick', { notification }));
        }"""
    )
    await expect(page.get_by_role("heading", level=1)).to_have_text(other.name)
    await expect(page.get_by_test_id("conversations")).to_contain_text("Are you open?")
    badge = page.get_by_test_id("unread-badge")
    await expect(badge).to_contain_text("1")
    await page.goto(f"{demo.url}/shop/#replies={corner.store_id}")  # as when the page was closed
    await expect(page.get_by_role("heading", level=1)).to_have_text(corner.name)
    await expect(badge).to_be_hidden()
    await page.get_by_test_id("tab-offer").click()
    await corner.hear("And on Sunday?")
    await expect(badge).to_contain_text("1")  # no tab that looks is open
    assert await faults(page, "badge") == []


async def until(ask: Callable[[], Awaitable[Any]], wanted: Any, for_s: float) -> bool:
    """Whether that is the answer within so many seconds."""
    end = time.monotonic() + for_s
    while await ask() != wanted:
        if time.monotonic() > end:
            return False
        await asyncio.sleep(0.3)
    return True


async def test_languages_and_logging_in(open_shop: OpenShop, demo: Demo, watch: Watch) -> None:
    page = await open_shop()
    await set_up(page, demo)
    for language, words in {"sr": "Danas", "ro": "Astăzi", "lv": "Šodien", "da": "I dag", "ar": "اليوم"}.items():
        await page.get_by_test_id("language").select_option(language)
        await expect(page.get_by_test_id("tab-today")).to_have_text(words)
        await expect(page.get_by_test_id("today")).to_be_visible()
        assert await faults(page, language) == []
    await page.reload()
    await expect(page.get_by_test_id("tab-today")).to_have_text("اليوم")
    watch.expect("Failed to load resource")
    guest = await open_shop(logged_in=False)
    await expect(guest.get_by_test_id("nothing")).to_contain_text("Log in first")
    assert await faults(guest, "logged out") == []
    await expect(guest.get_by_test_id("log-in")).to_have_attribute("href", "/login?next=%2Fshop%2F")
