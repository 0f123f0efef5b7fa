"""A journey that waits for a best hour: the person's where it is known, inside the campaign's hours, told in words."""

from datetime import UTC, datetime, time, timedelta
from uuid import UUID
from zoneinfo import ZoneInfo

import numpy as np
import pytest
from pydantic import ValidationError

from geoengage.campaigns.rules import Definition, Say, Span, Wait, WaitUntil, best_hours_asked, schedule
from geoengage.campaigns.rules.steps import wait_ends
from geoengage.campaigns.shapes.steps import WaitUntilStep
from geoengage.timing.rules import HOURS, USUAL, Clocks, Known, Window, good_time

ZONE = ZoneInfo("Europe/Zurich")
NOON = datetime(2026, 3, 4, 11, tzinfo=UTC)
STEP = WaitUntil("w", best_hour=True)


def test_it_is_the_persons_and_the_evening_where_nobody_knows_it() -> None:
    best = NOON + timedelta(hours=9)
    assert wait_ends(STEP, NOON, ZONE, best) == best
    assert wait_ends(STEP, NOON, ZONE).astimezone(ZONE).time() == time(17, 30)
    assert wait_ends(WaitUntil("w", at="09:00"), NOON, ZONE, best) != best


def test_it_is_asked_for_by_steps_that_wait_for_it() -> None:
    free = WaitUntil("f", best_hour=True, free_time=True)
    assert best_hours_asked((Wait("a", 60), STEP, Say("m", "t", "b"))) == {False}
    assert best_hours_asked((STEP, free)) == {False, True}
    assert best_hours_asked((WaitUntil("w", at="09:00"),)) == set()


def test_it_lies_in_the_campaigns_hours() -> None:
    """Everybody's habit is at night; the campaign speaks from two to four."""
    counts = np.zeros(HOURS)
    counts[3::24] = 50
    none = np.zeros(HOURS)
    known = Known(counts=counts, segment=none, tenant=none, day_parts=USUAL, weekend=frozenset({5, 6}))
    hours = schedule(Definition(hours=Span("14:00", "16:00")))
    window = Window(NOON, NOON + timedelta(hours=24), hours=hours)
    for n in range(50):
        at = good_time(UUID(int=n), window, Clocks(ZONE, time(0), time(0), (), hours), known)
        assert at is not None
        assert 14 <= at.astimezone(ZONE).hour < 16


@pytest.mark.parametrize("more", [{"at": "09:00"}, {"day_part": "morning"}, {"days": ["mon"]}])
def test_it_stands_alone(more: dict[str, object]) -> None:
    with pytest.raises(ValidationError, match="best_hour stands alone"):
        WaitUntilStep.model_validate({"kind": "wait_until", "best_hour": True} | more)
    assert WaitUntilStep.model_validate({"kind": "wait_until", "best_hour": True}).best_hour
