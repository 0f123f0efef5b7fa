"""An app's mail server on the page of apps: put, checked, changed, gone; and people's answers handed in by the command
that the page shows once.
"""

import asyncio
import shlex
from collections.abc import AsyncIterator, Callable
from dataclasses import dataclass
from pathlib import Path

import pytest
import pytest_asyncio
from playwright.async_api import Browser, Page, expect

from geoengage.kit.settings import EmailSettings
from geoengage.tenancy.rules import Role
from tests.providers.smtp_server import SmtpServer, certificate
from tests.web.console import MARKS, Watch
from tests.web.site import Site, serving
from tests.web.test_look import faults

pytestmark = MARKS
PUBLIC = "https://shop.example.com"
PASSWORD = "only the mail server knows"
# "Not set up" is a 404, a wrong field a 422, and Chromium logs both.
REFUSALS = ("/firebase)", "/email)")


@dataclass
class Post(Site):
    """With a mail server on this machine."""

    smtp: SmtpServer | None = None


@pytest_asyncio.fixture(scope="module", loop_scope="session")
async def site(clone: Callable[[], str], tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Post]:
    folder = tmp_path_factory.mktemp("mail")
    tls, trusted = certificate(folder)
    email = EmailSettings(allow_loopback=True, timeout_s=30, ca_file=trusted)
    smtp = SmtpServer()
    smtp.password = PASSWORD
    async with (
        smtp.running(tls),
        serving(clone(), folder, (Role.OWNER,), public_url=PUBLIC, email=email) as made,
    ):
        yield Post(made.url, made.world, made.cookies, made.sessions, smtp)


async def hand_in(site: Site, command: str, folder: Path, **changed: str) -> str:
    """Run the command as a mail server would, in a folder with an e-mail; the status of the answer."""
    (folder / "mail.eml").write_text("From: mia@example.com\nTo: talk@shop.example\nSubject: Hello\n\nAre you open?\n")
    here = command.replace(PUBLIC, site.url)
    for old, new in changed.items():
        here = here.replace(old, new)
    process = await asyncio.create_subprocess_exec(
        "bash", "-c", f"{here} -o /dev/null -w '%{{http_code}}'", cwd=folder, stdout=asyncio.subprocess.PIPE
    )
    said, _ = await process.communicate()
    return said.decode()


async def fill_in(page: Page, **fields: str) -> None:
    for name, value in fields.items():
        await page.get_by_test_id(f"email-{name.replace('_', '-')}").fill(value)


async def test_a_mail_server_and_its_answers(browser: Browser, site: Post, tmp_path: Path) -> None:
    assert site.smtp is not None
    watch = Watch(site.url)
    watch.expect(*REFUSALS)
    page = await site.open(
        browser, "/apps", watch=watch, permissions=["clipboard-read", "clipboard-write"], is_phone=False
    )
    part, state = page.get_by_test_id("email"), page.get_by_test_id("email-state")
    await expect(state).to_have_text("not set up")
    assert await faults(page, "not set up") == []

    # what is wrong stands at its field
    await page.get_by_test_id("email-open").click()
    await fill_in(
        page, host="localhost", port=str(site.smtp.port), username="shop", password=PASSWORD,
        **{"from": "shop@shop.example"}, from_name="Toy shop",
    )  # fmt: skip
    await page.get_by_test_id("email-takes-answers").check()
    await page.get_by_test_id("email-save").click()
    await expect(page.get_by_test_id("email-reply-to")).to_be_focused()
    await expect(part.locator(".field-bad")).to_contain_text("name the mailbox whose e-mails you hand in")
    await fill_in(page, reply_to="no address")
    await page.get_by_test_id("email-save").click()
    await expect(part.locator(".field-bad")).to_contain_text("is no e-mail address")
    assert await faults(page, "a wrong field") == []

    await fill_in(page, reply_to="talk@shop.example")
    await page.get_by_test_id("email-save").click()
    await expect(state).to_have_text("works")
    await expect(part).to_contain_text("To Replies, by talk@shop.example")
    address = f"{PUBLIC}/v1/hooks/email/{site.world.app_id}"
    await expect(page.get_by_test_id("answers-url")).to_have_text(address)
    secret = await page.get_by_test_id("answers-secret").inner_text()
    await page.get_by_test_id("answers-copy").click()
    command = await page.evaluate("navigator.clipboard.readText()")
    assert (address in command, secret in command, len(command.splitlines())) == (True, True, 1)
    await page.get_by_test_id("answers-copy-secret").click()
    assert await page.evaluate("navigator.clipboard.readText()") == secret
    assert shlex.split(command)[0] == "curl"
    assert await hand_in(site, command, tmp_path) == "200"
    assert await hand_in(site, command, tmp_path, **{secret: "f" * 40}) == "401"
    assert await faults(page, "with answers") == []

    # the secret was shown once, the password never
    await page.reload()
    await expect(page.get_by_test_id("answers-url")).to_have_text(address)
    shown = await page.content()
    assert (secret in shown, PASSWORD in shown) == (False, False)

    # what is not touched stays, the password too
    await page.get_by_test_id("email-change").click()
    await expect(page.get_by_test_id("email-reply-to")).to_have_value("talk@shop.example")
    await page.get_by_test_id("email-takes-answers").uncheck()
    await page.get_by_test_id("email-save").click()
    await expect(part).to_contain_text("To talk@shop.example; not to Replies")
    await expect(state).to_have_text("works")
    assert await page.get_by_test_id("answers").count() == 0
    kept = await site.api("GET", f"/v1/apps/{site.world.app_id}/email")
    assert (kept["takes_answers"], kept["reply_to"], kept["username"]) == (False, "talk@shop.example", "shop")

    await page.get_by_test_id("email-remove").click()
    await page.get_by_test_id("confirm").click()
    await expect(state).to_have_text("not set up")
    await page.context.close()
    assert watch.problems == []


async def test_it_looks_well_on_a_phone(browser: Browser, site: Post) -> None:
    assert site.smtp is not None
    body = {
        "host": "localhost", "port": site.smtp.port, "from_address": "shop@shop.example", "from_name": "Toy shop",
        "reply_to": "talk@shop.example", "takes_answers": True, "username": "shop", "password": "wrong",
    }  # fmt: skip
    await site.api("PUT", f"/v1/apps/{site.world.app_id}/email", body)
    watch = Watch(site.url)
    watch.expect(*REFUSALS)
    page = await site.open(browser, "/apps", watch=watch, is_phone=True)
    await page.get_by_test_id("email-check").click()
    await expect(page.get_by_test_id("email-state")).to_contain_text("fails since")
    assert await faults(page, "fails") == []
    await page.get_by_test_id("email-change").click()
    assert await faults(page, "its form") == []
    await page.get_by_test_id("email-back").click()
    await expect(page.get_by_test_id("answers-url")).to_be_visible()
    await page.context.close()
    assert watch.problems == []
    await site.api("DELETE", f"/v1/apps/{site.world.app_id}/email")
