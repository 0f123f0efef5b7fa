"""How an app looks as a web page, and that the consent text and its version belong together."""

import hashlib
import re

import pytest

from geoengage.phones.rules import shopper
from tests.conftest import ROOT

CONSENT = ROOT / "web" / "shopper" / "consent.js"
# When this fails you changed what visitors agree to: give the text a new version, in both places, and its hash here.
TEXTS = {"shopper-2026-11": "9617cc9fae2ed045"}


def test_the_consent_text_has_the_version_that_is_kept_as_proof() -> None:
    source = CONSENT.read_text()
    version = re.search(r"TEXT_VERSION = '([^']+)'", source)
    assert version
    assert version[1] == shopper.TEXT_VERSION
    words = re.sub(r"\W", "", source.partition("export const intro")[2])  # however it is laid out
    assert hashlib.sha256(words.encode()).hexdigest()[:16] == TEXTS[shopper.TEXT_VERSION]


@pytest.mark.parametrize(
    "color, ink",
    [("#0f5c5a", "#ffffff"), ("#000000", "#ffffff"), ("#ffffff", "#14202b"), ("#ffd54f", "#14202b")],
)
def test_ink_is_readable_on_the_colour(color: str, ink: str) -> None:
    assert shopper.ink_on(color) == ink


@pytest.mark.parametrize(
    "name, letter", [("Ahornhof", "A"), ("  «élan»", "É"), ("4 Seasons", "4"), ("☂☂", "•"), ("ßeta", "E")]
)
def test_the_icon_shows_the_first_letter(name: str, letter: str) -> None:
    assert shopper.letter_of(name) == letter


def test_icons_are_square_and_whole() -> None:
    png = shopper.icon_png("Ä", "#aa3300", 192)
    assert png.startswith(b"\x89PNG")
    assert int.from_bytes(png[16:20], "big") == int.from_bytes(png[20:24], "big") == 192
    assert "&amp;" in shopper.icon_svg("&", "#aa3300")
