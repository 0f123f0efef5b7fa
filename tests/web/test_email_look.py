"""E-mails in Chromium at 390 and 1440 px: nothing is wider than the window, and the text can be read on its ground."""

import os
from pathlib import Path
from uuid import UUID

import pytest
from playwright.async_api import async_playwright

from geoengage.messaging.letters import Letter, write_html
from geoengage.messaging.rules import BrandKit, FontStack, Row
from tests.web.conftest import FLAGS

pytestmark = pytest.mark.browser
LONG = "Donaudampfschifffahrtselektrizitätenhauptbetriebswerkbauunterbeamtengesellschaft"
LOGO = (
    "data:image/svg+xml,<svg xmlns='http://www.w3.org/2000/svg' width='600' height='90'>"
    "<rect width='600' height='90' fill='white'/><text y='60' font-size='50'>Corner shop</text></svg>"
)
# What a mail program at that width would have to scroll sideways for, or cut.
WIDE = """() => [document.documentElement.scrollWidth - window.innerWidth,
  ...[...document.querySelectorAll('h1, p, a, td, img')].map(e => e.getBoundingClientRect())
    .filter(r => r.width > 0).map(r => Math.max(r.right - window.innerWidth, -r.left))].filter(n => n > 1)"""


def letters() -> dict[str, Letter]:
    common = {
        "message_id": UUID(int=7), "to": "mia@example.com", "from_address": "shop@example.com",
        "from_name": "Corner shop", "reply_to": None, "unsubscribe_url": f"https://shop.example/u/{'A' * 64}",
    }  # fmt: skip
    offer = Letter(
        **common, sender="Corner shop", subject="20 % off all bread, this week only", preheader="Until Saturday",
        text="Good morning Mia\n\nYour usual wholegrain bread is 20 % cheaper until Saturday.\nJust show this e-mail.",
        link="https://shop.example/offers/7", button="See the offer",
        brand=BrandKit(
            logo_url=LOGO, color="#8a1538", font=FontStack.SERIF, address="1 High Street, 8001 Zurich",
            footer="Corner shop Ltd, CHE-123.456.789",
        ),
    )  # type: ignore[arg-type]  # fmt: skip
    receipt = Letter(
        **(common | {"unsubscribe_url": None}), sender="Old town", subject="Beleg zur Bestellung 4711",
        text="Bezahlt: CHF 1’234.50.", purpose="transactional", language="de-CH",
        rows=(Row("2 × Puzzle mit vielen Teilen, für Kinder ab acht Jahren", "12.00"), Row("Summe", "CHF 1’234.50")),
    )  # type: ignore[arg-type]  # fmt: skip
    worst = Letter(
        **common, sender=LONG, subject=LONG * 2, text=LONG * 3, link="https://shop.example/" + "x" * 400, button=LONG,
        rows=(Row(LONG * 2, "CHF 1’234’567.50"),), brand=BrandKit(color="#ffff66", address=LONG * 2, footer=LONG),
    )  # type: ignore[arg-type]  # fmt: skip
    arabic = Letter(
        **common, sender="متجر", subject="خصم عشرون بالمئة", text="صباح الخير", language="ar",
        link="https://shop.example/7", button="عرض", rows=(Row("خبز", "12.00"),),
    )  # type: ignore[arg-type]  # fmt: skip
    return {"offer": offer, "receipt": receipt, "worst": worst, "arabic": arabic}


@pytest.mark.parametrize("width", [390, 1440])
async def test_emails_need_no_sideways_scrolling(chromium: str, tmp_path: Path, width: int) -> None:
    keep = Path(os.environ.get("GEOENGAGE_SHOTS", tmp_path))
    async with async_playwright() as playwright:
        browser = await playwright.chromium.launch(executable_path=chromium, args=FLAGS)
        page = await browser.new_page(viewport={"width": width, "height": 844})
        for name, letter in letters().items():
            await page.set_content(write_html(letter))
            assert await page.evaluate(WIDE) == [], name
            await page.screenshot(path=keep / f"email-{name}-{width}.png", full_page=True)
            size = "getComputedStyle(document.querySelector('p')).fontSize"
            assert await page.evaluate(size) == "16px"
        await browser.close()
