"""The shopper page with what other pieces give it: a scanned check-in, a paired phone, one's own data as a file."""

import json

import pytest
from playwright.async_api import expect

from tests.web.console import MARKS, SHOPPER_MS, Demo, Watch
from tests.web.shopper import Phone
from tests.web.test_shopper import REFUSED, MakePhone, make_phone

__all__ = ["make_phone"]  # the fixture
pytestmark = MARKS


async def without_query(phone: Phone) -> None:
    """The code is used once: neither a reload nor a bookmark uses it again."""
    await expect(phone.page).to_have_url(phone.demo.state["shopper_url"])


async def test_a_scanned_code_checks_in_after_the_consent(make_phone: MakePhone, demo: Demo, watch: Watch) -> None:
    watch.expect(REFUSED)
    points = (await demo.api("GET", "/v1/evidence-points?kind=check_in&limit=100"))["items"]
    counter = next(p["properties"] for p in points if p["properties"]["store_id"] == demo.state["store_id"])
    phone = await make_phone()
    await phone.allow("geolocation", "denied")  # a check-in needs no position
    await phone.open(f"&check_in={counter['code']}")
    await without_query(phone)
    await phone.answer()
    await phone.says("notice", f"You are checked in: {demo.state['store_name']}")
    await expect(phone.messages.filter(has_text="The second cup is on us")).to_be_visible(timeout=SHOPPER_MS)
    await phone.open("&check_in=AAAAAAAAAAAA")
    await phone.says("notice", "belongs to no place here any more")


async def test_a_check_in_without_consent_is_none(make_phone: MakePhone) -> None:
    phone = await make_phone()
    await phone.open("&check_in=AAAAAAAAAAAA")
    await phone.answer(location="No")
    await phone.says("notice", "you have not agreed to that")


@pytest.mark.parametrize("consents", [{}, {"location": "granted", "marketing_push": "granted"}])
async def test_a_paired_phone_is_asked_unless_it_was(
    make_phone: MakePhone, demo: Demo, watch: Watch, consents: dict[str, str]
) -> None:
    watch.expect(REFUSED)
    made = await demo.api("POST", "/v1/connect", {"name": "A phone", "consents": consents})
    phone = await make_phone()
    await phone.allow("geolocation", "granted")
    await phone.stand()
    await phone.page.goto(made["links"]["shopper"])
    if not consents:
        await phone.answer()
    await phone.says("position", "Position: on")
    await without_query(phone)
    device = await phone.device()
    assert device["device_id"] == made["device_id"]
    assert device["consents"]["location"] == "granted"

    other = await make_phone()  # the code was used
    await other.page.goto(made["links"]["shopper"])
    await other.says("notice", "was used already or is too old")
    await expect(other.page.get_by_test_id("start")).to_be_visible()


async def test_ones_own_data_as_a_file(make_phone: MakePhone) -> None:
    phone = await make_phone()
    await phone.begin()
    await phone.page.get_by_test_id("go").click()
    await expect(phone.page.get_by_test_id("stored").locator("dt")).not_to_have_count(0)
    async with phone.page.expect_download() as download:
        await phone.page.get_by_test_id("export").click()
    file = await (await download.value).path()
    assert (await phone.device())["device_id"] in json.dumps(json.loads(file.read_text()))
