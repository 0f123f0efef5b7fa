"""The printable poster of a check-in point: names, brand colour, QR code, short address, and one line about data.

Pure but for reading font files. A character that no font has is left out and the poster says so at its foot, never a
box: names come in any script, fonts do not.
"""

import unicodedata
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any

import segno
from fpdf import FPDF
from fpdf.enums import MethodReturnValue
from fpdf.fonts import TTFFont

SIZES_MM = {"a4": (210.0, 297.0), "a5": (148.0, 210.0), "letter": (215.9, 279.4)}
REGULAR, BOLD = "DejaVuSans.ttf", "DejaVuSans-Bold.ttf"
# Beside the console's own fonts: what systems usually have for Chinese, Japanese and Korean.
SYSTEM_FONTS = (
    Path("/usr/share/fonts/truetype/droid/DroidSansFallbackFull.ttf"),  # Debian's fonts-droid-fallback
    Path("/usr/share/fonts/truetype/nanum/NanumGothicBold.ttf"),  # Debian's fonts-nanum: Korean
    Path("/usr/share/fonts/google-droid-sans-fonts/DroidSansFallbackFull.ttf"),  # Fedora
    Path("/System/Library/Fonts/Supplemental/Arial Unicode.ttf"),  # macOS
)
INK, SOFT, PAPER = (20, 32, 43), (74, 90, 105), (255, 255, 255)
FONT = "poster"
_POINT_MM = 25.4 / 72
_LEADING = 1.2
_QUIET = 4  # modules of white around a QR code (ISO 18004)
_QR_MM = 122.0  # on A4, white border included
TITLE = "Check in here"
HOW = "Point the camera of your phone at the code, or type the address. The page that opens shows what is on here."
DATA = (
    "You are asked first. Only this check-in is kept, never who you are without your consent; on the page you can see "
    "and delete it."
)


@dataclass(frozen=True)
class Poster:
    """What is on it: `heading` the store's name, else the point's; `where` for whoever hangs it up; `color` #rrggbb."""

    url: str
    heading: str
    where: str
    color: str
    made_at: datetime


@dataclass(frozen=True)
class Fonts:
    """TTF files: the two that every poster is set in, and further ones for what these lack, in order."""

    regular: Path
    bold: Path
    further: tuple[Path, ...] = ()


def find_fonts(folder: Path, extra: Path | None) -> Fonts | None:
    """The fonts of the console's build, then those in `extra`, then the system's; None where there is no build."""
    if not (folder / REGULAR).exists() or not (folder / BOLD).exists():
        return None
    own = sorted(path for path in (extra.iterdir() if extra and extra.is_dir() else ()) if _is_font(path))
    return Fonts(folder / REGULAR, folder / BOLD, (*own, *(path for path in SYSTEM_FONTS if path.exists())))


def draw(poster: Poster, size: str, fonts: Fonts) -> bytes:
    """The PDF: one page of `size` (a key of SIZES_MM), the same bytes for the same poster and fonts."""
    width, height = SIZES_MM[size]
    page = _Page(width, height, fonts, "".join((poster.heading, poster.where)))
    pdf, scale = page.pdf, min(width / 210, height / 297)
    pdf.set_title(page.known(poster.heading) or TITLE)
    pdf.set_creation_date(poster.made_at)
    band = _band(page, poster, scale)
    qr = _QR_MM * scale
    below = height - band
    top = band + below * 0.04
    top = page.text(TITLE, top=top, pt=32 * scale, bold=True)
    _qr(pdf, poster.url, (width - qr) / 2, top, qr)
    top += qr + 1 * scale
    top = page.text(short_address(poster.url), top=top, pt=15 * scale, least=9 * scale, bold=True)
    top = page.text(HOW, top=top + 3 * scale, pt=14 * scale, lines=3)
    page.text(DATA, top=top + 3 * scale, pt=11 * scale, color=SOFT, lines=3)
    if page.missing:
        page.text(
            f"Not all of the name could be printed: the server has no font for {', '.join(page.missing)}.",
            top=height - 12 * scale,
            pt=9 * scale,
            color=SOFT,
            lines=2,
        )
    return bytes(pdf.output())


def short_address(url: str) -> str:
    """The address as somebody would type it."""
    return url.removeprefix("https://")


def scripts(text: Iterable[str]) -> list[str]:
    """The scripts of these characters in words, as Unicode names them: Thai, Cjk Unified, Emoji."""
    names = {_script(char) for char in text}
    return sorted(names)


def on_color(color: str) -> tuple[int, int, int]:
    """Ink or paper, whichever reads better on this `#rrggbb` (WCAG 2.2 contrast)."""
    levels = [int(color[at : at + 2], 16) / 255 for at in (1, 3, 5)]
    linear = [level / 12.92 if level <= 0.04045 else ((level + 0.055) / 1.055) ** 2.4 for level in levels]
    light = 0.2126 * linear[0] + 0.7152 * linear[1] + 0.0722 * linear[2]
    # the contrast with white against that with INK, whose luminance is 0.014
    return PAPER if 1.05 / (light + 0.05) >= (light + 0.05) / 0.064 else INK


def _script(char: str) -> str:
    if unicodedata.category(char) in ("So", "Sk", "Mn", "Cf"):
        return "signs and emoji"
    return unicodedata.name(char, "UNKNOWN SCRIPT").split(" ")[0].replace("CJK", "Chinese").capitalize()


def _is_font(path: Path) -> bool:
    return path.suffix.lower() in (".ttf", ".otf")


class _Page:
    """One page and its fonts; text goes centred between its margins."""

    def __init__(self, width: float, height: float, fonts: Fonts, names: str) -> None:
        self.pdf = FPDF(unit="mm", format=(width, height))
        self.pdf.set_auto_page_break(False)
        self.pdf.add_font(FONT, "", fonts.regular)
        self.pdf.add_font(FONT, "B", fonts.bold)
        self._known = set(self._cmap(FONT)) & set(self._cmap(FONT, "B"))
        self._add(fonts.further, names)
        # right-to-left scripts and letters that join
        self.pdf.set_text_shaping(True)
        self.pdf.add_page()
        self.margin = width * 0.09
        self.width = width
        self.missing = scripts(char for char in _printable(names) if ord(char) not in self._known)

    def _add(self, further: Sequence[Path], names: str) -> None:
        """Only the fonts that a name needs: one for Chinese has 40,000 glyphs."""
        fallback = []
        for number, path in enumerate(further):
            if all(ord(char) in self._known for char in _printable(names)):
                break
            name = f"further{number}"
            self.pdf.add_font(name, "", path)
            self.pdf.add_font(name, "B", path)
            self._known |= set(self._cmap(name))
            fallback.append(name)
        if fallback:
            self.pdf.set_fallback_fonts(fallback, exact_match=False)

    def _cmap(self, name: str, style: str = "") -> Mapping[int, Any]:
        font = self.pdf.fonts[f"{name}{style}"]
        return font.cmap if isinstance(font, TTFFont) else {}

    def known(self, text: str) -> str:
        """The text without what no font has."""
        return " ".join("".join(char for char in _printable(text) if ord(char) in self._known).split())

    def fit(self, text: str, pt: float, least: float, lines: int, *, bold: bool) -> tuple[list[str], float]:
        """The text in at most so many lines, in the largest size from `pt` down to `least`; cut with … below that."""
        while True:
            self.pdf.set_font(FONT, "B" if bold else "", pt)
            found = self._split(text)
            if len(found) <= lines:
                return found, pt
            if pt <= least:
                return [*found[: lines - 1], self._cut(found[lines - 1])], pt
            pt = max(least, pt * 0.94)

    def _split(self, text: str) -> list[str]:
        room = self.width - 2 * self.margin
        broken = " ".join(piece for word in text.split() for piece in self._pieces(word, room * 0.98))
        lines = self.pdf.multi_cell(room, text=broken, dry_run=True, output=MethodReturnValue.LINES, align="C")
        return list(lines) if isinstance(lines, list) else []

    def _pieces(self, word: str, room: float) -> list[str]:
        """A word that is too long for a line, or a sentence in a script without spaces, in pieces that fit."""
        pieces = []
        while (width := self.pdf.get_string_width(word)) > room and len(word) > 1:
            length = max(1, int(len(word) * room / width) + 1)
            while length > 1 and self.pdf.get_string_width(word[:length]) > room:
                length -= 1
            pieces.append(word[:length])
            word = word[length:]
        return [*pieces, word]

    def _cut(self, line: str) -> str:
        room = self.width - 2 * self.margin
        while line and self.pdf.get_string_width(f"{line}…") > room * 0.97:
            line = line[:-1]
        return f"{line.rstrip()}…"

    def text(
        self,
        text: str,
        *,
        top: float,
        pt: float,
        least: float = 0,
        lines: int = 1,
        bold: bool = False,
        color: tuple[int, int, int] = INK,
    ) -> float:
        """Writes it, and says where the next thing may begin."""
        found, pt = self.fit(text, pt, least or pt * 0.6, lines, bold=bold)
        line_mm = pt * _POINT_MM * _LEADING
        self.pdf.set_text_color(*color)
        for number, line in enumerate(found):
            self.pdf.set_xy(0, top + number * line_mm)
            self.pdf.cell(self.width, line_mm, line, align="C")
        return top + len(found) * line_mm


def _printable(text: str) -> str:
    """Without control characters, which no font has and nobody reads; breaks and tabs become spaces."""
    return "".join(" " if char.isspace() else char for char in text if char.isspace() or _is_seen(char))


def _is_seen(char: str) -> bool:
    return unicodedata.category(char) not in ("Cc", "Cf", "Cs", "Co", "Cn")


def _band(page: _Page, poster: Poster, scale: float) -> float:
    """The coloured part with the names; its height in mm."""
    ink = on_color(poster.color)
    heading, where = page.known(poster.heading), page.known(poster.where)
    pad = 13 * scale
    lines, pt = page.fit(heading, 46 * scale, 20 * scale, 3, bold=True) if heading else ([], 0.0)
    below, small = page.fit(where, 15 * scale, 11 * scale, 2, bold=False) if where else ([], 0.0)
    line_mm = _POINT_MM * _LEADING
    height = 2 * pad + len(lines) * pt * line_mm + len(below) * small * line_mm + (2 * scale if where else 0)
    page.pdf.set_fill_color(poster.color)
    page.pdf.rect(0, 0, page.width, height, style="F")
    if min(int(poster.color[at : at + 2], 16) for at in (1, 3, 5)) > 230:  # white on white has no edge
        page.pdf.set_draw_color(*SOFT)
        page.pdf.line(page.margin, height, page.width - page.margin, height)
    top = pad
    if heading:
        top = page.text(heading, top=pad, pt=pt, least=pt, lines=3, bold=True, color=ink)
    if where:
        page.text(where, top=top + 2 * scale, pt=small, least=small, lines=2, color=ink)
    return height


def _qr(pdf: FPDF, url: str, left: float, top: float, side: float) -> None:
    """The code as rectangles, sharp at any size; level Q stays readable with a quarter of it scratched."""
    rows = [bytes(row) for row in segno.make_qr(url, error="q", boost_error=True).matrix]
    module = side / (len(rows) + 2 * _QUIET)
    pdf.set_fill_color(*PAPER)
    pdf.rect(left, top, side, side, style="F")
    pdf.set_fill_color(0, 0, 0)
    for y, row in enumerate(rows):
        for x, length in _runs(row):
            pdf.rect(left + (x + _QUIET) * module, top + (y + _QUIET) * module, length * module, module, style="F")


def _runs(row: bytes) -> list[tuple[int, int]]:
    """Start and length of each run of dark modules: one rectangle each, without hair lines between."""
    runs: list[tuple[int, int]] = []
    for x, dark in enumerate(row):
        if not dark:
            continue
        if runs and sum(runs[-1]) == x:
            runs[-1] = (runs[-1][0], runs[-1][1] + 1)
        else:
            runs.append((x, 1))
    return runs
