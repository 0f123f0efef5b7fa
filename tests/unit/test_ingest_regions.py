"""When a phone is told its regions again, and who speaks for a device."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from geoengage.ingest.rules.regions import Asking, Told, must_tell
from geoengage.ingest.service import Speakers
from geoengage.kit.ids import new_id

NOW = datetime(2026, 11, 20, 10, 0, tzinfo=UTC)
EARLIER = NOW - timedelta(hours=1)
TOLD = Told("owntracks-ios", {}, 7, 8.54, 47.37, 500.0, EARLIER, EARLIER)
ASKING = Asking("owntracks-ios", NOW, 8.54, 47.37, 7)


@pytest.mark.parametrize(
    "told, asking, must",
    [
        ({}, {}, False),
        ({}, {"lat": 47.374}, False),  # 445 m on
        ({}, {"lat": 47.375}, True),  # 556 m on: outside the refresh circle
        ({}, {"client": "background-geolocation"}, True),
        ({}, {"at": EARLIER}, True),  # the same point again: its answer was lost
        ({}, {"epoch": 8}, False),  # zones changed: told only if these did
        ({"lon": None, "lat": None, "radius_m": None}, {}, True),  # consent was withdrawn and given again
        ({"told_at": NOW - timedelta(hours=23, minutes=59)}, {}, False),
        ({"told_at": NOW - timedelta(days=1)}, {}, True),  # an app installed anew has forgotten them
    ],
)
def test_when_regions_are_told_again(told: dict[str, Any], asking: dict[str, Any], must: bool) -> None:
    assert must_tell(replace(TOLD, **told), replace(ASKING, **asking), NOW) is must


def test_a_phone_that_has_none_is_told() -> None:
    assert must_tell(None, ASKING, NOW)


def test_speakers_are_remembered_for_a_minute() -> None:
    speakers, device = Speakers(most=2), new_id()
    assert not speakers.knows(device, "traccar", NOW)
    speakers.note(device, "traccar", NOW)
    assert speakers.knows(device, "traccar", NOW + timedelta(seconds=59))
    assert not speakers.knows(device, "traccar", NOW + timedelta(seconds=60))
    assert not speakers.knows(device, "overland", NOW)
    for _ in range(2):
        speakers.note(new_id(), "traccar", NOW)
    assert not speakers.knows(device, "traccar", NOW)
