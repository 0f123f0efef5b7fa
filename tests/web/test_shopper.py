"""The shopper page in Chromium: consent, permissions, positions, offline and back, the inbox, push, one's own data."""

import asyncio
import re
from collections.abc import AsyncIterator, Awaitable, Callable
from typing import Any

import pytest
import pytest_asyncio
from playwright.async_api import Browser, Route, async_playwright, expect

from tests.web.conftest import FLAGS
from tests.web.console import MARKS, Demo, Watch
from tests.web.shopper import LEFT, NOTHING, OUTSIDE_DEG, Phone
from tests.web.test_look import faults

pytestmark = MARKS
MakePhone = Callable[..., Awaitable[Phone]]
REFUSED = "Failed to load resource"  # Chromium's own line for each answer that is an error, and for no network
# Two messages as the page keeps them, one with the longest words a shop may find.
INBOX = """() => new Promise((done) => {
  const message = (id, title, store_name, expires_at) => ({
    id, title, store_name, expires_at, body: 'Croissant and coffee for 4.90 €, until eleven. '.repeat(3),
    brand_color: '#8d4f2a', created_at: '2026-11-28T07:00:00Z', opened_at: null, link: 'https://example.com/',
  });
  const request = indexedDB.open('geoengage-shopper');
  request.onsuccess = () => {
    const transaction = request.result.transaction('kv', 'readwrite');
    const title = 'Donaudampfschifffahrtselektrizitätenhauptbetriebswerkbauunterbeamtengesellschaft is here';
    transaction.objectStore('kv').put([
      message('1', title, 'A shop with a rather long name, as they have them', '2100-01-01T00:00:00Z'),
      message('2', 'Good morning', null, '2026-11-28T08:00:00Z'),
    ], 'inbox');
    transaction.oncomplete = () => { request.result.close(); done(); };
  };
})"""
YES = {"location": "granted", "marketing_push": "granted", "personalisation": "granted"}


@pytest_asyncio.fixture(loop_scope="session")
async def make_phone(browser: Browser, demo: Demo, watch: Watch, message: dict[str, Any]) -> AsyncIterator[MakePhone]:
    """Browsers that have never been here; none complains at the end. `message` of a simulated shopper: found before."""
    watch.expect("Push API in incognito mode")  # how Chromium answers a subscription here
    opened = []

    async def make(*, is_phone: bool = True, **options: Any) -> Phone:
        size = {"width": 390, "height": 844} if is_phone else {"width": 1280, "height": 800}
        context = await browser.new_context(viewport=size, reduced_motion="reduce", has_touch=is_phone, **options)
        context.set_default_timeout(20_000)
        opened.append(context)
        page = await context.new_page()
        watch.attach(page)
        phone = Phone(demo, context, page, await context.new_cdp_session(page))
        phone.listen()
        return phone

    yield make
    for context in opened:
        await context.close()
    assert watch.problems == []


# --- consent and permission ---------------------------------------------------------------------------------------


async def test_nothing_is_ticked_and_nothing_kept_before_an_answer(make_phone: MakePhone) -> None:
    phone = await make_phone()
    await phone.open()
    await expect(phone.page.get_by_test_id("start")).to_contain_text("It is run by")
    radios = phone.page.get_by_role("radio")
    await expect(radios).to_have_count(6)
    assert not any([await radio.is_checked() for radio in await radios.all()])
    boxes = [await label.bounding_box() for label in await phone.page.locator(".choice label").all()]
    assert len({(box["width"], box["height"]) for box in boxes if box}) == 1  # yes and no are the same button
    assert await phone.page.evaluate(LEFT) == NOTHING


async def test_what_was_left_open_is_no_consent(make_phone: MakePhone) -> None:
    phone = await make_phone()
    await phone.allow("geolocation", "granted")
    await phone.open()
    await phone.answer(location="No", marketing_push="", personalisation="")
    await phone.says("position", "You have not agreed to it")
    await phone.says("push", "You have not agreed")
    assert (await phone.device())["consents"] == dict.fromkeys(YES, "unknown") | {"location": "denied"}
    await phone.page.wait_for_timeout(500)
    assert await phone.kept("pings") == {}
    assert phone.pings == []
    await phone.page.get_by_role("button", name="Share my position").click()
    await phone.says("position", "Position: on")
    await phone.until_device(lambda device: device["consents"]["location"] == "granted")


async def test_the_browser_is_asked_after_the_consent_and_may_refuse(make_phone: MakePhone) -> None:
    phone = await make_phone()
    await phone.allow("geolocation", "prompt")
    await phone.open()
    await phone.answer()
    await phone.says("position", "one more step")
    assert (await phone.device())["permission"] == "unknown"
    await phone.allow("geolocation", "denied")
    await phone.says("position", "Position: blocked")
    await phone.says("position", "sign beside the address")
    await phone.until_device(lambda device: device["permission"] == "denied")

    await phone.stand()
    await phone.allow("geolocation", "granted")
    await phone.says("position", "±5 m")
    await phone.until_device(lambda device: device["permission"] == "while_in_use")
    await phone.allow("geolocation", "denied")  # taken back in the browser, while the page is open
    await phone.says("position", "Position: blocked")
    await phone.until_device(lambda device: device["permission"] == "denied")


async def test_an_address_without_encryption_is_said_so(chromium: str, demo: Demo) -> None:
    flags = [*FLAGS, "--host-resolver-rules=MAP shop.test 127.0.0.1"]
    async with async_playwright() as playwright:
        browser = await playwright.chromium.launch(executable_path=chromium, args=flags)
        page = await browser.new_page(viewport={"width": 390, "height": 844})
        await page.goto(demo.state["shopper_url"].replace("127.0.0.1", "shop.test"))
        for kind in YES:
            await page.get_by_test_id(kind).get_by_text("Yes", exact=True).click()
        await page.get_by_test_id("continue").click()
        await expect(page.get_by_test_id("position")).to_contain_text("encrypted pages only")
        await expect(page.get_by_test_id("push")).to_contain_text("Offers: on")
        await browser.close()


async def test_a_browser_without_positions(make_phone: MakePhone) -> None:
    phone = await make_phone()
    await phone.page.add_init_script("Object.defineProperty(navigator, 'geolocation', { value: undefined })")
    await phone.open()
    await phone.answer()
    await phone.says("position", "This browser has no position")


# --- positions and the inbox --------------------------------------------------------------------------------------


async def test_a_walk_into_the_café_brings_a_message(make_phone: MakePhone) -> None:
    phone = await make_phone()
    await phone.report_every_second()
    await phone.begin()
    await expect(phone.page.get_by_test_id("empty")).to_be_visible()
    await phone.walk_in()
    cup = phone.messages.filter(has_text="The second cup is on us")
    await expect(cup).to_be_visible()  # without a reload
    await expect(cup).to_contain_text(phone.demo.state["store_name"])
    await expect(phone.page.get_by_role("status").first).to_contain_text("New:")

    message = await received(phone, "The second cup is on us", "received_at")
    assert message["opened_at"] is None
    await cup.get_by_role("button", name="Mark as read").click()
    await expect(cup.get_by_text("New", exact=True)).to_have_count(0)
    await received(phone, "The second cup is on us", "opened_at")
    await cup.get_by_role("button", name="Remove").click()
    await expect(cup).to_have_count(0)
    await phone.page.reload()
    await phone.says("position", "Position: on")
    await phone.page.wait_for_timeout(1000)
    await expect(cup).to_have_count(0)
    assert await phone.kept("receipts") == {}


async def received(phone: Phone, title: str, receipt: str) -> dict[str, Any]:
    """The phone's message, once the server has that receipt."""
    path = f"/v1/messages?device_id={(await phone.device())['device_id']}"
    async with asyncio.timeout(20):
        while True:
            for message in (await phone.demo.api("GET", path))["items"]:
                if message["title"] == title and message[receipt]:
                    found: dict[str, Any] = message
                    return found
            await asyncio.sleep(0.3)


async def test_offline_and_back_loses_nothing_and_sends_nothing_twice(make_phone: MakePhone, watch: Watch) -> None:
    watch.expect(REFUSED)
    phone = await make_phone()
    await phone.report_every_second()
    await phone.begin()
    await phone.page.wait_for_timeout(1500)
    await phone.context.set_offline(True)
    await phone.says("queue", "No connection")
    for step in range(4):
        await phone.stand(north_deg=OUTSIDE_DEG - step * 0.00001)
        await phone.page.wait_for_timeout(1200)
    waiting = [ping["at"] for ping in (await phone.kept("pings")).values()]
    assert len(waiting) >= 4
    await phone.says("queue", "waiting to be sent")

    await phone.page.reload()  # the shell opens from the cache
    await phone.says("queue", "waiting to be sent")
    await phone.context.set_offline(False)
    await expect(phone.page.get_by_test_id("queue")).to_be_hidden()
    sent = [at for times, _ in phone.pings for at in times]
    assert set(waiting) <= set(sent)
    assert len(set(sent)) == sum(answer["accepted"] for _, answer in phone.pings)
    batch = next(times for times, _ in phone.pings if waiting[0] in times)
    assert batch[: len(waiting)] == waiting  # together, in order


async def test_what_is_kept_and_what_is_dropped(make_phone: MakePhone, watch: Watch) -> None:
    """A busy server, a hotel's log-in page and an answer that got lost keep the queue; a refusal empties it."""
    watch.expect(REFUSED)
    phone = await make_phone()
    await phone.begin()
    await expect(phone.page.get_by_test_id("queue")).to_be_hidden()

    async def busy(route: Route) -> None:
        await route.fulfill(status=503, json={"detail": "later"}, content_type="application/problem+json")

    async def portal(route: Route) -> None:
        await route.fulfill(status=200, body="<h1>Welcome to our Wi-Fi</h1>", content_type="text/html")

    async def lost(route: Route) -> None:
        await route.fetch()
        await route.abort()

    async def refused(route: Route) -> None:
        await route.fulfill(status=422, json={"detail": "no list"}, content_type="application/problem+json")

    for number, trouble in enumerate((busy, portal, lost)):
        await phone.context.route("**/v1/pings", trouble)
        await queue_one(phone, number)
        await phone.says("queue", "waiting to be sent")
        await phone.context.unroute_all(behavior="wait")
        await phone.page.evaluate("() => dispatchEvent(new Event('online'))")
        await expect(phone.page.get_by_test_id("queue")).to_be_hidden()
    assert phone.pings[-1][1]["duplicates"] >= 1  # the server had it

    await phone.context.route("**/v1/pings", refused)
    await queue_one(phone, 9)
    await phone.says("queue", "The server did not use the last position (no list)")
    assert await phone.kept("pings") == {}


async def queue_one(phone: Phone, number: int) -> None:
    """A position as the page queues it, and the page's next look at what waits."""
    await phone.page.evaluate(
        """([lon, lat, number]) => new Promise((done) => {
          const request = indexedDB.open('geoengage-shopper');
          request.onsuccess = () => {
            const transaction = request.result.transaction('pings', 'readwrite');
            const at = new Date(Date.now() - 60_000 + number * 1000).toISOString();
            transaction.objectStore('pings').add({ at, lon, lat, accuracy_m: 5, source: 'browser' });
            transaction.oncomplete = () => {
              request.result.close();
              dispatchEvent(new Event('online'));
              done();
            };
          };
        })""",
        [float(phone.demo.state["lon"]), float(phone.demo.state["lat"]) + OUTSIDE_DEG, number],
    )


async def test_a_withdrawn_consent_empties_the_queue_at_once(make_phone: MakePhone, watch: Watch) -> None:
    watch.expect(REFUSED)
    phone = await make_phone()
    await phone.begin()
    await phone.context.set_offline(True)
    await queue_one(phone, 0)
    await phone.says("queue", "waiting to be sent")
    await phone.page.get_by_test_id("go").click()
    await phone.page.get_by_test_id("answer-location").get_by_role("button").click()
    await phone.says("answer-location", "You said no")
    assert await phone.kept("pings") == {}
    await phone.context.set_offline(False)
    await phone.until_device(lambda device: device["consents"]["location"] == "denied")


# --- push ---------------------------------------------------------------------------------------------------------


async def test_a_push_reaches_the_worker(make_phone: MakePhone) -> None:
    phone = await make_phone()
    await phone.allow("notifications", "granted")
    await phone.report_every_second()
    await phone.begin()
    await phone.walk_in()
    message_id = (await phone.kept("kv"))["inbox"][0]["id"]

    registration = asyncio.get_running_loop().create_future()

    def note(event: dict[str, Any]) -> None:
        if event["registrations"] and not registration.done():
            registration.set_result(event["registrations"][0]["registrationId"])

    phone.cdp.on("ServiceWorker.workerRegistrationUpdated", note)
    await phone.cdp.send("ServiceWorker.enable")
    push = {"origin": phone.demo.url, "registrationId": await asyncio.wait_for(registration, 10)}
    payload = (
        f'{{"message_id": "{message_id}", "title": "Hello", "body": "There", "link": null, "campaign_id": null,'
        ' "tag": "t1", "expires_at": "2100-01-01T00:00:00Z"}'
    )
    for data, title in [(payload, "Hello"), ("not JSON", "in your inbox"), ('{"title": 7}', "in your inbox")]:
        # A worker that is just being stopped drops what it is handed, so it is handed again, as a push service does.
        for last in (False, False, True):
            await phone.cdp.send("ServiceWorker.deliverPushMessage", push | {"data": data})
            try:
                await shown(phone, title)
            except TimeoutError:
                if last:
                    raise
            else:
                break

    # Only the system can click a notification; a script's event is no less handled, but may not prolong the worker.
    worker = phone.context.service_workers[0]
    await worker.evaluate(
        """async () => {
          const [notification] = await registration.getNotifications({ tag: 't1' });
          self.addEventListener('error', (event) => event.preventDefault());
          self.dispatchEvent(new NotificationEvent('notificationclick', { notification }));
        }"""
    )
    path = f"/v1/messages?device_id={(await phone.device())['device_id']}"
    async with asyncio.timeout(20):
        while not any(  # noqa: ASYNC110 - the server rings no bell here
            m["opened_at"] for m in (await phone.demo.api("GET", path))["items"] if m["id"] == message_id
        ):
            await asyncio.sleep(0.3)


async def shown(phone: Phone, words: str) -> None:
    """A notification with these words is on the screen."""
    ask = """() => navigator.serviceWorker.ready.then((r) => r.getNotifications())
      .then((all) => all.map(({ title, body }) => `${title} ${body}`))"""
    async with asyncio.timeout(15):
        while not any(words in text for text in await phone.page.evaluate(ask)):  # noqa: ASYNC110
            await asyncio.sleep(0.2)


# --- one's own data -----------------------------------------------------------------------------------------------


async def test_what_is_known_and_deleting_all_of_it(make_phone: MakePhone, watch: Watch) -> None:
    watch.expect(REFUSED)
    phone = await make_phone()
    await phone.begin()
    token = (await phone.kept("kv"))["device"]["device_token"]
    await phone.page.get_by_test_id("go").click()
    await phone.says("stored", (await phone.device())["device_id"])
    await phone.page.get_by_test_id("answer-personalisation").get_by_role("button").click()
    await phone.until_device(lambda device: device["consents"]["personalisation"] == "denied")

    await phone.page.get_by_test_id("delete").click()
    await phone.page.get_by_role("button", name="Keep it").click()
    assert (await phone.api("GET", "/v1/devices/me")).status_code == 200
    await phone.page.get_by_test_id("delete").click()
    await phone.page.get_by_test_id("delete-sure").click()
    await expect(phone.page.get_by_test_id("start")).to_be_visible()
    await phone.says("notice", "Everything is deleted")
    await phone.page.wait_for_timeout(500)
    assert await phone.page.evaluate(LEFT) == NOTHING
    assert (await phone.api("GET", "/v1/devices/me", token)).status_code == 401
    await phone.page.reload()
    await expect(phone.page.get_by_test_id("start")).to_be_visible()
    assert await phone.page.evaluate(LEFT) == NOTHING


async def test_who_is_known_no_more_starts_anew(make_phone: MakePhone, watch: Watch) -> None:
    watch.expect(REFUSED)
    phone = await make_phone()
    await phone.begin()
    assert (await phone.api("DELETE", "/v1/devices/me")).status_code == 204
    await phone.page.evaluate("() => dispatchEvent(new Event('online'))")
    await phone.says("notice", "does not know this browser any more")
    await expect(phone.page.get_by_test_id("start")).to_be_visible()
    assert await phone.page.evaluate(LEFT) == NOTHING


# --- the page itself ----------------------------------------------------------------------------------------------


async def test_an_app_without_a_page(make_phone: MakePhone, watch: Watch) -> None:
    watch.expect(REFUSED)
    phone = await make_phone()
    await phone.page.goto(f"{phone.demo.url}/shopper/?app=00000000-0000-0000-0000-000000000000")
    await phone.says("nothing", "There is no page here")


async def test_it_can_be_installed_under_the_apps_name(make_phone: MakePhone, demo: Demo) -> None:
    phone = await make_phone()
    await phone.open()
    await expect(phone.page).to_have_title(re.compile("Ahornhof"))
    manifest = await phone.cdp.send("Page.getAppManifest")
    assert manifest["errors"] == []
    assert f"app={demo.state['app_id']}" in manifest["url"]
    errors = (await phone.cdp.send("Page.getInstallabilityErrors"))["installabilityErrors"]
    assert [error["errorId"] for error in errors if error["errorId"] != "in-incognito"] == []


@pytest.mark.parametrize("is_phone", [False, True], ids=["desktop", "phone"])
@pytest.mark.parametrize("scheme", ["light", "dark"])
async def test_each_state_is_whole_and_accessible(
    make_phone: MakePhone, watch: Watch, is_phone: bool, scheme: str
) -> None:
    watch.expect(REFUSED)
    phone = await make_phone(is_phone=is_phone, color_scheme=scheme)
    page, found = phone.page, []
    await phone.allow("geolocation", "prompt")
    await phone.open()
    await expect(page.get_by_test_id("start")).to_be_visible()
    found += await faults(page, "start")
    await phone.answer()
    await expect(page.get_by_role("button", name="Allow in the browser")).to_be_visible()
    found += await faults(page, "one more step")
    await phone.allow("geolocation", "denied")
    await phone.says("position", "blocked")
    found += await faults(page, "blocked")
    await page.evaluate("() => navigator.serviceWorker.ready.then(() => null)")
    await phone.context.set_offline(True)  # else the server's empty inbox takes its place
    await phone.says("queue", "No connection")
    async with asyncio.timeout(60):
        while await phone.messages.count() != 2:  # an answer that was on its way may have emptied it again
            await page.evaluate(INBOX)
            await page.reload()
            await phone.says("queue", "No connection")
    found += await faults(page, "offline, with messages")
    await phone.context.set_offline(False)
    await page.get_by_test_id("go").click()
    await expect(page.get_by_test_id("stored").locator("dt")).not_to_have_count(0)
    found += await faults(page, "my data")
    await page.get_by_test_id("delete").click()
    await expect(page.get_by_test_id("delete-dialog")).to_be_visible()
    found += await faults(page, "sure?")
    if is_phone:
        await page.keyboard.press("Escape")
        await page.set_viewport_size({"width": 320, "height": 640})
        found += await faults(page, "my data, 320 px")
        await page.get_by_test_id("go").click()
        await expect(page.get_by_test_id("position")).to_be_visible()
        found += await faults(page, "inbox, 320 px")
    assert found == []


async def test_it_works_by_keyboard_alone(make_phone: MakePhone) -> None:
    phone = await make_phone(is_phone=False)
    await phone.allow("geolocation", "prompt")
    await phone.open()
    await expect(phone.page.get_by_test_id("start")).to_be_visible()
    keys = phone.page.keyboard
    for said in ("Space", "ArrowRight", "Space"):  # the first radio is yes, the next no
        await keys.press("Tab")
        await keys.press(said)
    await keys.press("Tab")
    await keys.press("Enter")
    await phone.says("position", "one more step")
    answers = {"location": "granted", "marketing_push": "denied", "personalisation": "granted"}
    assert (await phone.device())["consents"] == answers
    await phone.page.get_by_role("button", name="Allow in the browser").focus()
    await keys.press("Enter")  # nobody is there to answer the browser, so it says no, and the button is gone
    await phone.says("position", "blocked")
    await expect(phone.page.get_by_test_id("position")).to_be_focused()
