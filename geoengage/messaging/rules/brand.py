"""How an app looks in e-mails: its brand kit. Pure."""

import re
from enum import StrEnum

import msgspec

DEFAULT_COLOR = "#24435c"
_COLOR = re.compile(r"#[0-9a-fA-F]{6}")


class FontStack(StrEnum):
    """Fonts that mail programs have; none is loaded."""

    SYSTEM = "system"
    SANS = "sans"
    SERIF = "serif"


FONTS = {
    FontStack.SYSTEM: "system-ui, -apple-system, 'Segoe UI', Roboto, Arial, sans-serif",
    FontStack.SANS: "Arial, Helvetica, sans-serif",
    FontStack.SERIF: "Georgia, 'Times New Roman', serif",
}


class BrandKit(msgspec.Struct, frozen=True, omit_defaults=True):
    """Logo (https), colours `#rrggbb`, fonts, and what stands at the end of each e-mail: the postal address that the
    law asks for, and a line of your own. None: left out."""

    logo_url: str | None = None
    color: str = DEFAULT_COLOR
    background: str = "#f2f4f6"
    font: FontStack = FontStack.SYSTEM
    address: str | None = None
    footer: str | None = None


def is_color(text: str) -> bool:
    """Whether this is `#rrggbb`."""
    return _COLOR.fullmatch(text) is not None


def ink_on(color: str) -> str:
    """Black or white: what can be read on a colour (WCAG 2.2, relative luminance)."""
    parts = [int(color[i : i + 2], 16) / 255 for i in (1, 3, 5)]
    r, g, b = (c / 12.92 if c <= 0.04045 else ((c + 0.055) / 1.055) ** 2.4 for c in parts)
    return "#000000" if 0.2126 * r + 0.7152 * g + 0.0722 * b > 0.179 else "#ffffff"
