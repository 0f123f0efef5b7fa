"""Whether a phone is told, what it is told, and what follows from its push service's answer."""

import json
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID

import pytest
from hypothesis import given
from hypothesis import strategies as st

from geoengage.buzz.rules import LIVES, TRIES, Due, Verdict, is_worth_it, judge, payload
from geoengage.messaging.channels.webpush import PAYLOAD_MAX
from geoengage.messaging.rules import Answer, Attempt, Sent, after_silence, after_web_push

NOW = datetime(2026, 11, 29, 12, tzinfo=UTC)
DUE = Due(
    phone_id=UUID(int=1), store_id=UUID(int=2), newest=7, tries=0, expires_at=NOW + LIVES, address="{}", store="Café",
    may_hear=True, waiting=3,
)  # fmt: skip
SOON = NOW + timedelta(seconds=2)


@pytest.mark.parametrize(
    ("over", "told"),
    [
        ({}, True),
        ({"may_hear": False}, False),
        ({"waiting": 0}, False),
        ({"expires_at": NOW}, False),
        ({"tries": TRIES}, False),
        ({"tries": TRIES - 1}, True),
    ],
)
def test_what_is_worth_telling(over: dict[str, Any], told: bool) -> None:
    assert is_worth_it(replace(DUE, **over), NOW) is told


@given(st.text(min_size=1, max_size=200), st.integers(1, 10**6))
def test_any_stores_name_fits_and_nothing_else_is_said(store: str, waiting: int) -> None:
    sent = payload(replace(DUE, store=store, waiting=waiting, address="a secret"))
    assert len(sent) <= PAYLOAD_MAX
    said = json.loads(sent)
    assert (said["store"], said["waiting"], said["link"]) == (store, waiting, f"/shop/#replies={DUE.store_id}")
    assert said.keys() == {"store", "waiting", "link", "tag", "newest", "expires_at"}


@pytest.mark.parametrize(
    ("status", "number", "verdict"),
    [
        (201, 1, Verdict()),
        (404, 1, Verdict(is_gone=True, failed_why="unregistered")),
        (410, TRIES, Verdict(is_gone=True, failed_why="unregistered")),
        (413, 1, Verdict(failed_why="payload_too_large")),
        (429, 1, Verdict(SOON, failed_why="quota_exceeded")),
        (429, TRIES, Verdict(failed_why="quota_exceeded")),
        (503, 1, Verdict(SOON, failed_why="unavailable")),
        (403, 1, Verdict(NOW + timedelta(minutes=1), failed_why="vapid")),
        (403, TRIES, Verdict(failed_why="vapid")),
    ],
)
def test_what_follows_from_an_answer(status: int, number: int, verdict: Verdict) -> None:
    attempt = Attempt(number, NOW, NOW + LIVES, base_s=2.0 / 2 ** (number - 1), jitter=0.5)
    assert judge(after_web_push(Answer(status, "said so"), attempt), number) == verdict


def test_silence_is_tried_again_and_an_end_is_an_end() -> None:
    attempt = Attempt(1, NOW, NOW + LIVES, base_s=2.0, jitter=0.5)
    assert judge(after_silence("timeout", attempt), 1) == Verdict(SOON, failed_why="timeout")
    assert judge(after_silence("timeout", replace(attempt, expires_at=SOON)), 1) == Verdict(failed_why="timeout")
    assert judge(Sent("201"), 1) == Verdict()
