"""Footfall as CSV and GeoJSON: the same told numbers, one line or Feature a place. Pure."""

import csv
import io
import json
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

import shapely
from shapely.geometry.base import BaseGeometry

from geoengage.reports.rules.periods import Period

COLUMNS = (
    "period", "from", "to", "kind", "id", "level", "name", "store_id", "visits", "people", "returning_share",
    "median_dwell_s", "peak_weekday", "peak_hour",
)  # fmt: skip
_FORMULA = ("=", "+", "-", "@", "\t", "\r", "\n")


def as_csv(period: Period, places: Iterable[Mapping[str, Any]]) -> str:
    """RFC 4180 with a header; not told is empty. A text that a spreadsheet would compute gets an apostrophe first."""
    out = io.StringIO()
    writer = csv.DictWriter(out, COLUMNS, extrasaction="ignore")
    writer.writeheader()
    for place in places:
        peak = place["peak"] or {}
        row = {**place, "period": period.span, "from": period.first, "to": period.last}
        row |= {"peak_weekday": peak.get("weekday"), "peak_hour": peak.get("hour")}
        writer.writerow({name: _cell(value) for name, value in row.items()})
    return out.getvalue()


def _cell(value: Any) -> Any:
    return f"'{value}" if isinstance(value, str) and value.startswith(_FORMULA) else value


def as_geojson(places: Sequence[tuple[Mapping[str, Any], BaseGeometry | None]]) -> str:
    """A FeatureCollection (RFC 7946); a place that is nowhere drawn has no geometry."""
    features = [
        {
            "type": "Feature",
            "id": place["id"],
            "geometry": None if shape is None else json.loads(shapely.to_geojson(shapely.orient_polygons(shape))),
            "properties": place,
        }
        for place, shape in places
    ]
    return json.dumps({"type": "FeatureCollection", "features": features}, ensure_ascii=False)
