"""How an app looks as a web page that can be installed: its manifest and its icon. Pure.

`TEXT_VERSION` names the words that the page asks consent with (web/shopper/consent.js); a test holds both together.
"""

from collections.abc import Mapping
from functools import lru_cache
from html import escape
from io import BytesIO
from typing import Any

from PIL import Image, ImageDraw, ImageFont

TEXT_VERSION = "shopper-2026-11"
DEFAULT_COLOR = "#0f5c5a"
DEFAULT_NAME = "Offers nearby"
ICON_SIZES = (180, 192, 512)
_DARK_INK = "#14202b"
_LETTER_SHARE = 0.5  # of the icon's height, so that a launcher may cut a circle out of it


def ink_on(color: str) -> str:
    """White or near black, whichever is easier to read on `#rrggbb` (WCAG contrast)."""
    light = _luminance(color)
    return "#ffffff" if 1.05 / (light + 0.05) >= (light + 0.05) / (_luminance(_DARK_INK) + 0.05) else _DARK_INK


def _luminance(color: str) -> float:
    """Relative luminance of `#rrggbb`, 0–1 (WCAG 2.2)."""
    parts = [int(color[i : i + 2], 16) / 255 for i in (1, 3, 5)]
    red, green, blue = (c / 12.92 if c <= 0.04045 else ((c + 0.055) / 1.055) ** 2.4 for c in parts)
    return 0.2126 * red + 0.7152 * green + 0.0722 * blue


def letter_of(name: str) -> str:
    """What the icon shows: the first letter or digit of the name."""
    return next((c.upper() for c in name if c.isalnum() and len(c.upper()) == 1), "•")


@lru_cache(maxsize=256)
def icon_png(letter: str, color: str, size: int) -> bytes:
    """The icon as a square of `size` pixels, filled to its edges so that it may be cut to any shape."""
    image = Image.new("RGB", (size, size), color)
    font = ImageFont.load_default(size * _LETTER_SHARE)
    ImageDraw.Draw(image).text((size / 2, size / 2), letter, fill=ink_on(color), font=font, anchor="mm")
    out = BytesIO()
    image.save(out, "PNG", optimize=True)
    return out.getvalue()


def icon_svg(letter: str, color: str) -> str:
    """The icon for a browser's tab."""
    return (
        '<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 32 32">'
        f'<rect width="32" height="32" rx="8" fill="{color}"/>'
        f'<text x="16" y="22" text-anchor="middle" font-family="sans-serif" font-size="17" font-weight="600"'
        f' fill="{ink_on(color)}">{escape(letter)}</text></svg>'
    )


def manifest(name: str, color: str, query: str) -> Mapping[str, Any]:
    """The web app manifest (W3C). `query` names the app in its addresses: `?app=…`, or nothing."""
    icons = [
        {"src": f"icon-{size}.png{query}", "sizes": f"{size}x{size}", "type": "image/png", "purpose": purpose}
        for size in (192, 512)
        for purpose in ("any", "maskable")
    ]
    icons.append({"src": f"icon.svg{query}", "sizes": "any", "type": "image/svg+xml", "purpose": "any"})
    return {
        "id": f"/shopper/{query}",
        "name": name,
        "short_name": name[:12].strip(),
        "start_url": f"./{query}",
        "scope": "./",
        "display": "standalone",
        "background_color": "#f2f5f7",
        "theme_color": color,
        "icons": icons,
    }
