"""Limits and pauses of a provider's project, by tables and properties."""

from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from geoengage.messaging.rules import Bucket, Draw, Limit, draw, rate_per_s

NOW = datetime(2026, 11, 3, 12, 0, tzinfo=UTC)
STEADY = Limit(600, 0)  # 10 a second


def at(s: float) -> datetime:
    return NOW + timedelta(seconds=s)


@pytest.mark.parametrize("after_s, rate", [(-5, 1000), (0, 1000), (6, 1000), (30, 5000), (60, 10_000), (600, 10_000)])
def test_the_rate_rises_over_a_minute(after_s: float, rate: float) -> None:
    assert rate_per_s(Limit(600_000, 60), NOW, at(after_s)) == pytest.approx(rate)


def test_a_new_bucket_gives_a_second_of_its_rate_and_says_when_to_come_back() -> None:
    bucket, given_ = draw(None, 25, STEADY, NOW)
    assert given_ == Draw(10, at(1))
    assert bucket == Bucket(0, NOW, NOW)
    assert draw(bucket, 25, STEADY, NOW)[1] == Draw(0, at(1))
    assert draw(bucket, 2, STEADY, at(0.3)) == (Bucket(pytest.approx(1), at(0.3), NOW), Draw(2))


def test_a_rest_begins_a_new_ramp_but_not_before_a_pause_has_ended() -> None:
    limit = Limit(600_000, 60)
    assert draw(Bucket(0, NOW, at(-600)), 1, limit, at(59))[0].ramp_from == at(-600)
    assert draw(Bucket(0, NOW, at(-600)), 1, limit, at(60))[0].ramp_from == at(60)
    assert draw(Bucket(0, NOW, at(300)), 1, limit, at(70))[0].ramp_from == at(300)


def test_a_clock_that_is_behind_takes_nothing_back() -> None:
    bucket, given_ = draw(Bucket(3, NOW, NOW), 2, STEADY, at(-30))
    assert (bucket, given_) == (Bucket(1, NOW, NOW), Draw(2))


@given(
    per_minute=st.integers(1, 600_000),
    ramp_s=st.sampled_from([0.0, 60.0]),
    asks=st.lists(st.tuples(st.floats(0, 3), st.integers(1, 500)), max_size=40),
)
def test_never_more_than_the_limit_in_any_span(per_minute: int, ramp_s: float, asks: list[tuple[float, int]]) -> None:
    limit, bucket, now = Limit(per_minute, ramp_s), None, NOW
    granted: list[tuple[datetime, int]] = []
    for pause_s, wanted in asks:
        now += timedelta(seconds=pause_s)
        bucket, given_ = draw(bucket, wanted, limit, now)
        assert 0 <= given_.granted <= wanted
        assert (given_.next_at is None) is (given_.granted == wanted)
        assert given_.next_at is None or given_.next_at > now - timedelta(microseconds=1)
        granted.append((now, given_.granted))
    per_s = per_minute / 60
    for i, (start, _) in enumerate(granted):
        total = 0
        for moment, count in granted[i:]:
            total += count
            assert total <= per_s * ((moment - start).total_seconds() + 1) + 1.001
