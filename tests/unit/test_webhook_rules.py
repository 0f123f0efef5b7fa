"""What an answer means and when to try again; what an endpoint hears of an event, and what it never hears."""

import json
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID

import pytest

from geoengage.kit.event_base import Event, Recorded
from geoengage.webhooks.rules import (
    ATTEMPTS,
    PROBE_AFTER,
    Attempted,
    DeliveryStatus,
    DisabledReason,
    EventType,
    Health,
    Place,
    Someone,
    Verdict,
    WebhookDisabled,
    body_of,
    judge,
    message_id,
    told_data,
    told_type,
)
from tests.db.test_erasure import all_events

NOW = datetime(2026, 11, 20, 10, tzinfo=UTC)
S = timedelta(seconds=1)


def tried(
    status: int | None,
    before: int = 0,
    first_at: datetime | None = None,
    *,
    wait: float | None = None,
    jitter: float = 0,
) -> Attempted:
    return Attempted(before, first_at, status, wait, jitter)


# --- answers ------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("status", [200, 201, 202, 204, 299])
def test_only_2xx_is_a_success(status: int) -> None:
    ill = Health(3, NOW, NOW)
    assert judge(tried(status), ill, NOW) == Verdict(DeliveryStatus.DELIVERED, None, Health())


@pytest.mark.parametrize("status", [None, 100, 199, 300, 301, 307, 400, 401, 404, 409, 429, 500, 502, 503, 504])
def test_anything_else_is_tried_again(status: int | None) -> None:
    verdict = judge(tried(status), Health(), NOW)
    assert (verdict.status, verdict.next_at, verdict.disable) == (DeliveryStatus.PENDING, NOW + 5 * S, None)
    assert (verdict.health.failures, verdict.health.failing_since) == (1, NOW)
    assert verdict.health.held_until == (NOW + 5 * S if status in (429, 502, 503, 504) else None), "left alone a little"


def test_the_schedule_of_standard_webhooks() -> None:
    at, moments = NOW, []
    for before in range(ATTEMPTS - 1):
        next_at = judge(tried(500, before, NOW), Health(before, NOW), at).next_at
        assert next_at
        at = next_at
        moments.append((at - NOW) // S)
    assert moments == [5, 305, 2_105, 9_305, 27_305, 63_305, 113_705, 185_705, 272_105]  # the last after 75:35:05
    waits = [judge(tried(500, 1, NOW, jitter=jitter), Health(1, NOW), NOW).next_at for jitter in (0, 0.5, 1)]
    assert waits == [NOW + 300 * S, NOW + 330 * S, NOW + 360 * S]


def test_what_retry_after_asks_for() -> None:
    verdict = judge(tried(503, wait=90), Health(), NOW)
    assert verdict.next_at == verdict.health.held_until == NOW + 90 * S
    assert judge(tried(503, wait=1), Health(), NOW).next_at == NOW + 5 * S, "no earlier than the schedule"
    held = judge(tried(500), Health(1, NOW, NOW + 3600 * S), NOW).health
    assert held.held_until == NOW + 3600 * S, "another answer does not shorten it"


def test_an_endpoint_that_only_fails_is_asked_after_a_tenth_of_that_time() -> None:
    for minutes, hold_s in ((0, 5), (5, 30), (60, 360), (300, 1_800), (3_000, 1_800)):
        since = NOW - timedelta(minutes=minutes)
        health = judge(tried(500, 1, since), Health(PROBE_AFTER - 1, since), NOW).health
        assert health.is_failing
        assert health.held_until == NOW + hold_s * S, minutes
    assert not judge(tried(500), Health(PROBE_AFTER - 2, NOW), NOW).health.is_failing
    back = judge(tried(200), Health(PROBE_AFTER, NOW), NOW)
    assert (back.recovered, back.health) == (True, Health())
    assert not judge(tried(200), Health(PROBE_AFTER - 1, NOW), NOW).recovered


def test_410_disables_at_once() -> None:
    verdict = judge(tried(410), Health(), NOW)
    assert (verdict.status, verdict.disable) == (DeliveryStatus.PENDING, DisabledReason.GONE)


def test_the_tenth_failure_of_an_endpoint_that_took_nothing_is_its_end() -> None:
    first = NOW - timedelta(hours=75)
    dead = judge(tried(None, ATTEMPTS - 1, first), Health(40, first), NOW)
    assert (dead.status, dead.next_at, dead.disable) == (DeliveryStatus.PENDING, None, DisabledReason.DEAD)
    for health in (Health(), Health(3, first + S)):  # it took others meanwhile: this event alone is refused
        refused = judge(tried(400, ATTEMPTS - 1, first), health, NOW)
        assert (refused.status, refused.next_at, refused.disable) == (DeliveryStatus.FAILED, None, None)


# --- what is told -------------------------------------------------------------------------------------------------

DEVICE, ZONE, SHOP, MALL = (UUID(int=n) for n in range(1, 5))
PLACE = Place("Café", SHOP, MALL)
MIA = Someone("0123456789abcdef", DEVICE, "customer-7", is_test=False)
ENTERED = Recorded(
    7, "zone.entered", NOW,
    {
        "type": "zone.entered", "id": "e1", "at": "2026-11-20T09:59:58Z", "device_id": str(DEVICE),
        "zone_id": str(ZONE), "zone_version": 2, "visit_id": "v1", "confidence": 0.9, "evidence": "wifi",
        "reason": "whole_disc", "late": False, "dwell_s": None, "by_silence": False, "lon": 8.5, "lat": 47.4,
        "push_address": "secret", "note": "new member",
    },
)  # fmt: skip


def message(status: str, reason: str | None = None) -> Recorded:
    payload = {
        "message_id": "m1", "at": "2026-11-20T10:00:00Z", "device_id": str(DEVICE), "campaign_id": "c1",
        "store_id": str(SHOP), "zone_id": str(ZONE), "status": status, "reason": reason, "title": "Hi Mia", "body": "b",
    }  # fmt: skip
    return Recorded(8, "message.changed", NOW, payload)


def test_types() -> None:
    assert told_type(ENTERED) == "zone.entered"
    assert told_type(message("sent")) == "message.sent"
    assert told_type(message("sent", "opened")) == "message.opened"
    assert told_type(message("skipped", "no_consent")) == "message.skipped"
    assert told_type(message("sending")) is None
    assert told_type(Recorded(1, "erased", NOW, {})) is None
    assert told_type(Recorded(1, "something.new", NOW, {})) is None
    for cls in all_events():
        if (tag := str(cls.__struct_config__.tag)).startswith("zone."):
            assert tag in set(EventType), "a zone event that nobody can subscribe to"


def test_people_have_a_pseudonym() -> None:
    data = told_data(ENTERED, PLACE, MIA, with_people=False)
    assert data == {
        "position": 7, "id": "e1", "zone_id": str(ZONE), "zone_version": 2, "visit_id": "v1",
        "at": "2026-11-20T09:59:58Z", "dwell_s": None, "confidence": 0.9, "evidence": "wifi", "reason": "whole_disc",
        "late": False, "by_silence": False, "zone_name": "Café", "store_id": SHOP, "mall_id": MALL,
        "pseudonym": "0123456789abcdef", "is_test": False,
    }  # fmt: skip
    told = told_data(message("sent"), PLACE, MIA, with_people=False)
    assert {"title", "body", "device_id", "external_id"}.isdisjoint(told)


def test_a_revised_visit_has_both_spans() -> None:
    span = {"entered_at": "2026-11-20T09:00:00Z", "exited_at": None, "exit_reason": None, "last_dwell_s": 300}
    revised = Recorded(
        9, "zone.revised", NOW, ENTERED.payload | {"revision": 2, "visit": span, "before": span | {"x": 1}}
    )
    data = told_data(revised, PLACE, None, with_people=False)
    assert (data["revision"], data["visit"], data["before"]) == (2, span, span)


def test_who_may_know_people_gets_the_tenants_own_ids_and_the_words() -> None:
    data = told_data(ENTERED, PLACE, MIA, with_people=True)
    assert (data["device_id"], data["external_id"]) == (DEVICE, "customer-7")
    assert {"lon", "lat", "push_address", "note"}.isdisjoint(data), "only what is named leaves"
    assert told_data(message("sent"), None, MIA, with_people=True)["title"] == "Hi Mia"


def test_who_became_one_is_told_to_who_may_know_people() -> None:
    payload = {"profile_id": "p1", "into_id": "p2", "source": "operator", "at": "2026-11-20T09:59:58Z"}
    merged = Recorded(8, "profile.merged", NOW, payload)
    plain = {"position": 8, "source": "operator", "at": "2026-11-20T09:59:58Z"}
    assert told_data(merged, None, None, with_people=False) == plain
    assert told_data(merged, None, None, with_people=True) == plain | {"profile_id": "p1", "into_id": "p2"}


def test_who_came_into_a_segment_is_told_to_who_may_know_people() -> None:
    payload = {"segment_id": "s1", "profile_id": "p1", "version": 2, "at": "2026-11-20T09:59:58Z"}
    entered = Recorded(9, "segment.entered", NOW, payload)
    plain = {"position": 9, "segment_id": "s1", "version": 2, "at": "2026-11-20T09:59:58Z"}
    assert told_data(entered, None, None, with_people=False) == plain
    assert told_data(entered, None, None, with_people=True) == plain | {"profile_id": "p1"}


def test_a_body_is_small_and_plain() -> None:
    body = body_of("zone.entered", NOW.astimezone(UTC), told_data(ENTERED, PLACE, MIA, with_people=True))
    read = json.loads(body)
    assert list(read) == ["type", "timestamp", "data"]
    assert (read["type"], read["timestamp"]) == ("zone.entered", "2026-11-20T10:00:00Z")
    assert len(body) < 20_000


def test_an_id_belongs_to_an_endpoint_and_an_event() -> None:
    ids = {message_id(webhook, position) for webhook in (ZONE, SHOP) for position in range(100)}
    assert len(ids) == 200
    assert message_id(ZONE, 5) == message_id(ZONE, 5)
    assert "." not in message_id(ZONE, 5)


def test_events_can_be_told() -> None:
    """Whatever the ledger has of a known type has its members listed."""
    for type_ in EventType:
        tag = "message.changed" if type_.startswith("message.") else str(type_)
        status = type_.partition(".")[2]
        recorded = Recorded(1, tag, NOW, {"status": status, "reason": status})
        assert told_type(recorded) == type_
        assert told_data(recorded, None, None, with_people=False)["position"] == 1
    event: Any = WebhookDisabled(webhook_id=ZONE, name="x", reason="dead")
    assert isinstance(event, Event)
