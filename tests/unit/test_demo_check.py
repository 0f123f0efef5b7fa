"""`geoengage demo check` against reports that find what was planted, hide it, or miss it."""

from datetime import date
from typing import Any
from urllib.parse import parse_qs, urlsplit

import pytest

from geoengage.demo.check import Finding, check
from geoengage.demo.client import Client, Json

TODAY = date(2026, 11, 29)  # a Sunday
# What the simulator told: the first day is a part of one, the last one is today.
BOOK: dict[str, Any] = {
    f"2026-11-{day}": {"people": people, "stays_s": {"st-roestkontor": [1100, 1200, 1300]}}
    for day, people in [(23, 40), (24, 100), (25, 95), (26, 115), (27, 135), (28, 180), (29, 30)]
}


class Reports(Client):
    """The API's side: answers instead of a server."""

    def __init__(self, people: dict[str, int | None], peak: Json | None, median_s: int | None) -> None:
        super().__init__("http://nowhere")
        self.people, self.peak, self.median_s = people, peak, median_s

    def get(self, path: str) -> Json:
        url = urlsplit(path)
        asked = {name: values[0] for name, values in parse_qs(url.query).items()}
        if url.path != "/v1/footfall":
            name = {"/v1/stores": "st-roestkontor", "/v1/zones": "zn-events"}[url.path]
            return {"items": [{"id": name, "properties": {"external_id": name}}]}
        if asked["period"] == "day":
            return {"people": self.people[asked["on"]]}
        return {"peak": self.peak, "dwell": {"median_s": self.median_s}}


def findings(people: dict[str, int | None], peak: Json | None, median_s: int | None) -> dict[str, Finding]:
    return {f.what: f for f in check(Reports(people, peak, median_s), "mall", BOOK, TODAY)}


def truth(**over: int | None) -> dict[str, int | None]:
    return {day: page["people"] for day, page in BOOK.items()} | {f"2026-11-{d[1:]}": n for d, n in over.items()}


def test_what_was_planted_is_found_day_by_day() -> None:
    found = findings(truth(), {"weekday": 3, "hour": 18}, 1250)
    assert len(found) == 5 + 3
    assert all(f.holds for f in found.values())
    assert (found["people on Saturday 28 November"].planted, found["people on Saturday 28 November"].found) == (
        "180",
        "180",
    )
    assert (found["Saturday against Tuesday"].planted, found["Saturday against Tuesday"].found) == ("1.80 ×", "1.80 ×")
    assert found["Events area is fullest"].found == "thu 18–19 h"
    assert found["Typical stay at Röstkontor"].found == "21 min"


def test_what_is_hidden_is_open_and_what_is_more_is_no_fault() -> None:
    found = findings(truth(d24=None, d25=300), None, None)
    assert found["people on Tuesday 24 November"].holds is None
    assert found["people on Wednesday 25 November"].holds, "shoppers walked live on that day as well"
    assert found["Saturday against Tuesday"].holds is None
    assert found["Events area is fullest"].holds is None
    assert "not over" in found["Typical stay at Röstkontor"].found


@pytest.mark.parametrize(
    "people, peak, median_s, what",
    [
        (truth(d26=90), None, None, "people on Thursday 26 November"),
        (truth(d28=240), None, None, "Saturday against Tuesday"),
        (truth(), {"weekday": 4, "hour": 18}, None, "Events area is fullest"),
        (truth(), {"weekday": 3, "hour": 12}, None, "Events area is fullest"),
        (truth(), None, 400, "Typical stay at Röstkontor"),
    ],
)
def test_what_is_missing_is_said(
    people: dict[str, int | None], peak: Json | None, median_s: int | None, what: str
) -> None:
    found = findings(people, peak, median_s)
    assert [f.what for f in found.values() if f.holds is False] == [what]
