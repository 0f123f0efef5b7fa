"""Footfall as one HTML file that opens anywhere, without a network: folium's map in the mall's metres, and tables.

folium would load scripts from elsewhere; here every element's links are taken away and the texts of known files are put
in instead. An element that asks for a file which is not known is an error, never a link.
"""

from collections.abc import Iterator, Sequence
from html import escape
from pathlib import Path
from typing import Any

import folium
import numpy as np
import shapely
from branca.element import Element
from folium.plugins import HeatMap
from shapely.geometry.base import BaseGeometry

from geoengage.kit.anonymity import K
from geoengage.kit.errors import Unavailable
from geoengage.reports.footfall import Floor, Venue
from geoengage.reports.rules.footfall import BINS_S, Footfall

COLOURS = ("#e8f1f8", "#bdd7ea", "#7fb3d5", "#3d85b8", "#134f7c")  # few … many visits, by fifths
UNTOLD_COLOUR = "#d9d9d9"
WEEKDAYS = ("Mon", "Tue", "Wed", "Thu", "Fri", "Sat", "Sun")
_IN_PACKAGE = Path(folium.__file__).parent / "templates"
# what folium's elements ask for: a file of ours, or nothing because nothing here uses it
_FILES: dict[str, str | None] = {
    "leaflet": "leaflet.js", "leaflet_css": "leaflet.css", "leaflet-heat.js": "leaflet_heat.min.js",
    "jquery": None, "bootstrap": None, "bootstrap_css": None, "awesome_markers": None, "awesome_markers_css": None,
    "awesome_markers_font_css": None, "glyphicons_css": None, "awesome_rotate_css": None,
}  # fmt: skip
_CSS = """
html, body { height: auto !important }
body { font: 15px/1.45 system-ui, sans-serif; margin: 0 auto !important; max-width: 1080px; padding: 24px !important;
  box-sizing: border-box; color: #1d2733; display: flex; flex-direction: column }
.folium-map { order: 1; flex: none } .after { order: 2 }
h1 { font-size: 24px; margin: 0 0 4px } h2 { font-size: 18px; margin: 32px 0 8px }
table { border-collapse: collapse; width: 100% }
th, td { padding: 5px 8px; text-align: right; border-bottom: 1px solid #dde3e8 }
th:first-child, td:first-child { text-align: left }
.note { color: #51606e }
.folium-map { border: 1px solid #c8d0d8; border-radius: 6px; background: #fff }
.figures { display: flex; gap: 32px; flex-wrap: wrap; margin: 16px 0 } .figures b { display: block; font-size: 26px }
.hours td, .hours th { padding: 2px; font-size: 11px; text-align: center }
.scroll { overflow-x: auto } h1, td { overflow-wrap: anywhere }
.leaflet-control-layers-toggle { display: none }
svg text { font: 12px system-ui, sans-serif }
"""


def render(venue: Venue, counted: Footfall, before: Footfall, floors: Sequence[Floor], assets: Path) -> str:
    """The report of a mall in one period. `assets`: the folder with leaflet.js and leaflet.css. Raises Unavailable."""
    plan = _map(venue, counted, floors)
    root: Any = plan.get_root()
    texts = _inline(root, assets)
    for name, text in texts.items():
        tag = "style" if name.endswith(".css") else "script"
        root.header.add_child(_raw(f"<{tag}>{text}</{tag}>"), name=name)
    root.header.add_child(_raw(f"<style>{_CSS}</style><title>{_text(venue.mall.name)}</title>"), name="look")
    root.html.add_child(_raw(f"<div>{_head(venue, counted, before)}</div>"), name="head", index=0)
    root.html.add_child(_raw(f"<div class=after>{_legend()}{_tables(venue, counted)}</div>"), name="tables")
    return str(root.render())


def _raw(html: str) -> Element:
    """HTML as it is; what looks like a template in it stays text."""
    return Element("{% raw %}" + html.replace("{% endraw %}", "") + "{% endraw %}")


def _text(value: str) -> str:
    """A name that stays a name: in HTML, in a script's template string, and in a template."""
    escaped = escape(value)
    for sign in "\\`${}%":
        escaped = escaped.replace(sign, f"&#{ord(sign)};")
    return escaped


# --- files instead of links ---------------------------------------------------------------------------------------


def _elements(element: Any) -> Iterator[Any]:
    yield element
    for child in element._children.values():
        yield from _elements(child)


def _inline(root: Any, assets: Path) -> dict[str, str]:
    """Take the links from every element; the texts to put in instead, by file name, in the order they are needed."""
    names: dict[str, None] = {}
    for element in _elements(root):
        for kind in ("default_css", "default_js"):
            links = getattr(element, kind, [])
            if not links:
                continue
            for name, _ in links:
                if name not in _FILES:
                    raise Unavailable(f"the report asks for a file that is not shipped: {name}")
                names[name] = None
            setattr(element, kind, [])
    wanted = [file for name in names if (file := _FILES[name])]
    return {
        file: _read(file, assets) for file in sorted(wanted, key=lambda f: (not f.endswith(".css"), f != "leaflet.js"))
    }


def _read(file: str, assets: Path) -> str:
    path = _IN_PACKAGE / file if file == "leaflet_heat.min.js" else assets / file
    try:
        text = path.read_text(encoding="utf-8")
    except OSError as error:
        raise Unavailable("the report's map files are not built; run: make web") from error
    if file.endswith(".css"):  # pictures of controls that the report does not have
        return "\n".join(line for line in text.splitlines() if "url(" not in line)
    return "\n".join(line for line in text.splitlines() if "sourceMappingURL" not in line).replace(
        "</script", "<\\/script"
    )


# --- the map ------------------------------------------------------------------------------------------------------


def _map(venue: Venue, counted: Footfall, floors: Sequence[Floor]) -> folium.Map:
    """Levels to choose from; zones coloured by visits; heat above them. Coordinates are [y, x] metres."""
    plan = folium.Map(
        location=[0, 0], crs="Simple", tiles=None, height="560px", min_zoom=-3, max_zoom=6, zoom_start=0,
        attribution_control=False,
    )  # fmt: skip
    folium.map.CustomPane("floor", z_index=250, pointer_events=True).add_to(plan)
    visits = [counted.visits(n) for floor in floors for _, n in floor.zones]
    limits = np.quantile([v for v in visits if v], [0.2, 0.4, 0.6, 0.8]) if any(visits) else np.zeros(4)
    ground = next((f.ordinal for f in floors if f.ordinal >= 0), None)
    for floor in floors:
        layer = folium.FeatureGroup(name=_text(floor.name), overlay=False, show=floor.ordinal == ground)
        _draw(layer, venue, floor.outline, "#f7f8f9", "#8795a1")
        for unit in floor.units:
            _draw(layer, venue, unit, "#ffffff", "#c8d0d8")
        for shape, n in floor.zones:
            told = counted.visits(n)
            colour = UNTOLD_COLOUR if told is None else COLOURS[int(np.searchsorted(limits, told))]
            words = f"{_text(venue.places[n].name)}: {_number(told)} visits, {_number(counted.people(n))} people"
            _draw(layer, venue, shape, colour, "#134f7c", words)
        if floor.heat:
            points = [[*_yx(venue, lon, lat), float(people)] for lon, lat, people in floor.heat]
            options = {"radius": 14, "blur": 12, "min_opacity": 0.25, "control": False}
            HeatMap(points, **options).add_to(layer)  # type: ignore[no-untyped-call]
        layer.add_to(plan)
    if floors:
        x0, y0, x1, y1 = shapely.total_bounds([venue.frame.geometry_to_metres(f.outline) for f in floors])
        plan.fit_bounds([[float(y0), float(x0)], [float(y1), float(x1)]])
        folium.LayerControl(collapsed=False).add_to(plan)
    return plan


def _yx(venue: Venue, lon: float, lat: float) -> list[float]:
    x, y = venue.frame.to_metres(lon, lat)
    return [round(float(y), 2), round(float(x), 2)]


def _draw(
    layer: folium.FeatureGroup, venue: Venue, shape: BaseGeometry, fill: str, line: str, words: str | None = None
) -> None:
    """Add a shape to a layer, one polygon for each of its parts."""
    for part in shapely.get_parts(venue.frame.geometry_to_metres(shape)):
        rings = [[[round(y, 2), round(x, 2)] for x, y in ring.coords] for ring in (part.exterior, *part.interiors)]
        folium.Polygon(
            rings, pane="floor", color=line, weight=1, fill=True, fill_color=fill, fill_opacity=0.85,
            tooltip=None if words is None else folium.Tooltip(words),
        ).add_to(layer)  # fmt: skip


# --- words and tables -----------------------------------------------------------------------------------------------


def _number(n: float | None) -> str:
    return "not told" if n is None else f"{n:,}"


def _head(venue: Venue, counted: Footfall, before: Footfall) -> str:
    mall = len(venue.places) - 1
    period = counted.period
    share = counted.returning_share(mall)
    figures = (
        (_number(counted.visits(mall)), f"visits of zones ({_number(before.visits(mall))} the {period.span} before)"),
        (_number(counted.people(mall)), f"people ({_number(before.people(mall))} the {period.span} before)"),
        ("not told" if share is None else f"{share:.0%}", "of them had been here in the 28 days before"),
        (_seconds(counted.median_s(mall)), "median stay in a zone"),
    )
    boxes = "".join(f"<div><b>{value}</b>{words}</div>" for value, words in figures)
    return (
        f"<h1>{_text(venue.mall.name)}: footfall</h1><p class=note>{period.span} from {period.first} to {period.last},"
        f" days and hours of {_text(venue.mall.timezone)}. Numbers of fewer than {K} people are not told;"
        f" {counted.hidden(mall)} days of zones are left out for that reason.</p><div class=figures>{boxes}</div>"
    )


def _seconds(n: int | None) -> str:
    return "not told" if n is None else "an hour or more" if n >= BINS_S[-1] else f"{n // 60} min {n % 60:02d} s"


def _legend() -> str:
    names = ("few visits", "", "", "", "most visits")
    squares = "".join(
        f'<rect x="{n * 100 + 1}" y="4" width="20" height="14" fill="{colour}" stroke="#134f7c"/>'
        f'<text x="{n * 100 + 26}" y="16">{name}</text>'
        for n, (colour, name) in enumerate([*zip(COLOURS, names, strict=True), (UNTOLD_COLOUR, "not told")])
    )
    size = 'viewBox="0 0 600 24" width="600" style="max-width:100%"'
    return f'<svg {size} role="img" aria-label="Legend: zones by visits, in fifths">{squares}</svg>'


def _tables(venue: Venue, counted: Footfall) -> str:
    parts = [_hours(counted, len(venue.places) - 1)]
    for kind, title in (("zone", "Zones"), ("store", "Stores"), ("level", "Levels")):
        numbers = [n for n, place in enumerate(venue.places) if place.kind == kind]
        numbers.sort(key=lambda n: (-(counted.visits(n) or -1), venue.places[n].name))
        rows = "".join(
            f"<tr><td>{_text(venue.places[n].name)}</td><td>{_number(counted.visits(n))}</td>"
            f"<td>{_number(counted.people(n))}</td><td>{_seconds(counted.median_s(n))}</td><td>{_peak(counted.peak(n))}</td></tr>"
            for n in numbers
        )
        head = "<tr><th>Name</th><th>Visits</th><th>People</th><th>Median stay</th><th>Busiest hour</th></tr>"
        parts.append(f"<h2>{title}</h2><div class=scroll><table>{head}{rows}</table></div>")
    return "".join(parts)


def _peak(peak: tuple[int, int] | None) -> str:
    return "not told" if peak is None else f"{WEEKDAYS[peak[0]]} {peak[1]:02d}:00"


def _hours(counted: Footfall, place: int) -> str:
    """The 168 hours of the mall as a table."""
    hours = counted.hours(place)
    most = max((n for n in hours if n), default=1)
    head = "".join(f"<th>{h}</th>" for h in range(24))
    rows = "".join(
        f"<tr><th>{name}</th>" + "".join(_hour(n, most) for n in hours[24 * day : 24 * day + 24]) + "</tr>"
        for day, name in enumerate(WEEKDAYS)
    )
    return f"<h2>People by hour</h2><div class=scroll><table class=hours><tr><th></th>{head}</tr>{rows}</table></div>"


def _hour(n: int | None, most: int) -> str:
    if not n:
        return f"<td>{'·' if n is None else 0}</td>"
    step = min(int(n / most * len(COLOURS)), len(COLOURS) - 1)
    ink = "#fff" if step > 2 else "#1d2733"
    return f'<td style="background:{COLOURS[step]};color:{ink}">{n}</td>'
