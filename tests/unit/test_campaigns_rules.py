"""Campaign decisions as tables: triggers, audiences, checks and their order, hours, status, review, texts, warnings."""

from dataclasses import replace
from datetime import UTC, datetime, time, timedelta
from itertools import product
from uuid import UUID
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from geoengage.campaigns.rules import (
    AttributeTest,
    Cap,
    Case,
    Content,
    Definition,
    Everyone,
    InSegment,
    Op,
    Place,
    Policy,
    QuietHours,
    Span,
    Standing,
    Status,
    TargetSegment,
    TargetStore,
    TargetZone,
    TriggerKind,
    WrongStatus,
    after_activate,
    after_edit,
    after_pause,
    check_in_review,
    check_texts,
    decide,
    expires_at,
    in_audience,
    is_triggered,
    needs_review,
    overlap,
    reviewed_part,
    starts_at,
    status_at,
    values_for,
    visible,
    visible_groups,
    warnings,
    write_values,
)
from geoengage.kit.clock import hours_end, is_within_hours
from geoengage.kit.ids import new_id
from geoengage.messaging.rules import Blocker, Budget, Purpose, Send, in_holdout
from geoengage.presence.rules.events import ZoneDwelled, ZoneEntered, ZoneTransition
from geoengage.profiles.rules import Recipient
from geoengage.tenancy.rules import Review
from geoengage.venues.rules import DAYS, Hours

ZURICH = ZoneInfo("Europe/Zurich")
NOON = datetime(2026, 6, 3, 10, 0, tzinfo=UTC)  # a Wednesday, 12:00 in Zurich
ZONE, OTHER_ZONE, STORE, CAMPAIGN, DEVICE, TENANT = (UUID(int=n) for n in range(1, 7))


def content(**over: object) -> Content:
    """A campaign for everybody who enters ZONE; members of the definition go by their names too."""
    own = {name: over.pop(name) for name in list(over) if name in Definition.__struct_fields__}
    values: dict[str, object] = {
        "name": "Cup", "store_id": STORE, "kind": TriggerKind.ENTERED, "zone_ids": (ZONE,), "store_ids": (),
        "title": "Hi {{ first_name }}", "body": "at {{ store.name }}", "valid_from": None, "valid_to": None,
        "definition": Definition(**({"cooldown_s": 600} | own)),
    } | over  # fmt: skip
    return Content(**values)


def event(cls: type[ZoneTransition] = ZoneEntered, **over: object) -> ZoneTransition:
    values: dict[str, object] = {
        "id": UUID(int=50), "at": NOON, "device_id": DEVICE, "zone_id": ZONE, "zone_version": 1,
        "visit_id": UUID(int=60), "confidence": 1.0, "evidence": "gnss", "reason": "confirmed_by_fix", "late": False,
    } | over  # fmt: skip
    return cls(**values)


def place(**over: object) -> Place:
    values: dict[str, object] = {
        "zone_id": ZONE, "version": 1, "zone_name": "Café zone", "zone_kind": "store", "store_id": STORE,
        "store_name": "Café", "mall_name": "Mall", "timezone": ZURICH,
    } | over  # fmt: skip
    return Place(**values)


def person(**over: object) -> Recipient:
    values: dict[str, object] = {
        "device_id": DEVICE, "app_id": DEVICE, "person_id": DEVICE, "profile_id": None, "first_name": "Mia",
        "language": None, "attributes": {}, "location": "granted", "marketing_push": "granted",
        "personalisation": "granted", "suppressed": False, "is_test": False, "timezone": None, "push_provider": None,
        "push_address": None, "push_kind": None, "push_retired": False, "platform": "android",
    } | over  # fmt: skip
    return Recipient(**values)


POLICY = Policy(TENANT, time(0), time(0), 0, 50)


def blockers(
    campaign: Content | None = None,
    *,
    who: Recipient | None = None,
    what: ZoneTransition | None = None,
    policy: Policy = POLICY,
    sent: tuple[tuple[UUID, timedelta], ...] = (),
    ended: bool = False,
    now: datetime = NOON,
) -> list[str]:
    """Decide one case; `sent` lists (campaign, how long ago)."""
    case = Case(
        CAMPAIGN, campaign or content(), what or event(at=now), place(), who or person(), now if ended else None
    )
    budget = Budget(DEVICE, tuple(Send(c, UUID(int=99), now - ago) for c, ago in sorted(sent, key=lambda s: -s[1])))
    return [str(b) for b in decide(case, policy, budget, now)]


# --- trigger and audience -------------------------------------------------------------------------------------------

DWELL = content(kind=TriggerKind.DWELLED, dwell_s=60)
BY_STORE = content(zone_ids=(), store_ids=(STORE,))


@pytest.mark.parametrize(
    "campaign, what, where, expected",
    [
        (content(), event(), place(), True),
        (content(zone_ids=(OTHER_ZONE,)), event(), place(), False),
        (content(), event(ZoneDwelled, dwell_s=60), place(), False),
        (DWELL, event(ZoneDwelled, dwell_s=60), place(), True),
        (DWELL, event(ZoneDwelled, dwell_s=30), place(), False),
        (DWELL, event(), place(), False),
        (DWELL, event(ZoneDwelled, dwell_s=60, by_silence=True), place(), False),
        (BY_STORE, event(), place(), True),
        (BY_STORE, event(), place(zone_kind="parking"), False),
        (BY_STORE, event(), place(store_id=None), False),
    ],
)
def test_trigger(campaign: Content, what: ZoneTransition, where: Place, expected: bool) -> None:
    assert is_triggered(campaign, what, where) is expected


AUDIENCES = [
    ("eq", "gold", {"tier": "gold"}, True),
    ("eq", "gold", {"tier": "silver"}, False),
    ("eq", "gold", {}, False),
    ("eq", 1, {"tier": 1.0}, True),
    ("eq", 1, {"tier": True}, False),
    ("eq", True, {"tier": True}, True),
    ("eq", True, {"tier": 1}, False),
    ("ne", "gold", {"tier": "silver"}, True),
    ("ne", "gold", {"tier": "gold"}, False),
    ("ne", "gold", {}, False),
    ("ne", 1, {"tier": True}, True),
    ("gt", 100, {"tier": 101}, True),
    ("gt", 100, {"tier": 100}, False),
    ("gt", 100, {"tier": "101"}, False),
    ("gt", 0, {"tier": True}, False),
    ("lt", 100, {"tier": 99.5}, True),
    ("lt", 100, {"tier": 100}, False),
    ("lt", 100, {}, False),
    ("exists", True, {"tier": False}, True),
    ("exists", True, {}, False),
    ("exists", True, {"tier": None}, False),
    ("exists", False, {}, True),
    ("exists", False, {"tier": "gold"}, False),
]


@pytest.mark.parametrize("op, value, attributes, expected", AUDIENCES)
def test_attribute_audience(op: str, value: object, attributes: dict[str, object], expected: bool) -> None:
    test = AttributeTest("tier", Op(op), value)
    assert in_audience(test, person(attributes=attributes)) is expected
    for status in ("denied", "unknown"):
        assert not in_audience(test, person(attributes=attributes, personalisation=status))


def test_everyone_needs_no_personalisation() -> None:
    assert in_audience(Everyone(), person(personalisation="denied"))


# --- the checks -----------------------------------------------------------------------------------------------------

SERVICE = content(purpose=Purpose.SERVICE)
QUIET = replace(POLICY, quiet_start=time(11), quiet_end=time(13))
ALL_HELD_OUT = replace(POLICY, holdout_percent=100)


@pytest.mark.parametrize(
    "expected, given",
    [
        ([], {}),
        (["no_consent"], {"who": person(marketing_push="unknown")}),
        (["no_consent"], {"who": person(location="denied")}),
        ([], {"who": person(marketing_push="denied"), "campaign": SERVICE}),
        (["no_consent"], {"who": person(location="denied"), "campaign": SERVICE}),
        (["suppressed"], {"who": person(suppressed=True)}),
        (["holdout"], {"policy": ALL_HELD_OUT}),
        ([], {"policy": ALL_HELD_OUT, "who": person(is_test=True)}),
        ([], {"policy": ALL_HELD_OUT, "campaign": SERVICE}),
        (["quiet_hours"], {"policy": QUIET}),
        (["quiet_hours"], {"policy": QUIET, "campaign": SERVICE}),
        ([], {"policy": QUIET, "campaign": content(purpose=Purpose.SERVICE, quiet_hours=QuietHours.IGNORE)}),
        (["campaign_hours"], {"campaign": content(hours=Span("13:00", "14:00"))}),
        (["campaign_hours"], {"campaign": content(days=("thu",))}),
        ([], {"campaign": content(days=("wed",), hours=Span("12:00", "12:01"))}),
        (["cooldown"], {"sent": ((CAMPAIGN, timedelta(seconds=599)),), "campaign": content(cap=Cap(9, 1))}),
        ([], {"sent": ((CAMPAIGN, timedelta(seconds=600)),), "campaign": content(cap=Cap(9, 1))}),
        ([], {"sent": ((OTHER_ZONE, timedelta(seconds=1)),)}),
        (["cap"], {"sent": ((CAMPAIGN, timedelta(hours=23)),)}),
        ([], {"sent": ((CAMPAIGN, timedelta(hours=24, seconds=1)),)}),
        (["cap"], {"sent": ((CAMPAIGN, timedelta(days=6)),), "campaign": content(cap=Cap(1, 7))}),
        (["cap"], {"campaign": content(cap=Cap(0, 1))}),
        (["budget"], {"sent": ((OTHER_ZONE, timedelta(hours=1)),), "policy": replace(POLICY, daily_cap=1)}),
        ([], {"sent": ((OTHER_ZONE, timedelta(hours=25)),), "policy": replace(POLICY, daily_cap=1)}),
        (
            [],
            {"sent": ((OTHER_ZONE, timedelta(hours=1)),), "policy": replace(POLICY, daily_cap=1), "campaign": SERVICE},
        ),
        (["late"], {"what": event(late=True)}),
        (["late"], {"what": event(at=NOON - timedelta(seconds=121))}),
        ([], {"what": event(at=NOON - timedelta(seconds=120))}),
        (["visit_ended"], {"ended": True}),
    ],
)
def test_blockers(expected: list[str], given: dict[str, object]) -> None:
    assert blockers(**given) == expected


# What blocks, as an input of `blockers`, in the order in which DESIGN checks.
REASONS = (
    "no_consent",
    "suppressed",
    "holdout",
    "quiet_hours",
    "campaign_hours",
    "cooldown",
    "budget",
    "late",
    "visit_ended",
)


@given(st.sets(st.sampled_from(REASONS)))
def test_all_blockers_are_listed_in_order(wanted: set[str]) -> None:
    sent = [(OTHER_ZONE, timedelta(hours=2))] if "budget" in wanted else []
    sent += [(CAMPAIGN, timedelta(seconds=5))] if "cooldown" in wanted else []
    found = blockers(
        content(hours=Span("01:00", "02:00") if "campaign_hours" in wanted else None, cap=Cap(9, 1)),
        who=person(marketing_push="denied" if "no_consent" in wanted else "granted", suppressed="suppressed" in wanted),
        what=event(late="late" in wanted),
        policy=Policy(
            TENANT,
            time(11),
            time(13) if "quiet_hours" in wanted else time(11),
            100 if "holdout" in wanted else 0,
            1 if "budget" in wanted else 50,
        ),
        sent=tuple(sent),
        ended="visit_ended" in wanted,
    )
    assert found == [reason for reason in REASONS if reason in wanted]
    assert set(found) <= set(Blocker)


def test_holdout_is_the_same_person_each_time_and_about_its_share() -> None:
    held = [in_holdout(TENANT, UUID(int=n), 5) for n in range(4000)]
    assert 140 < sum(held) < 260
    assert held == [in_holdout(TENANT, UUID(int=n), 5) for n in range(4000)]
    one = next(UUID(int=n) for n, is_held in enumerate(held) if is_held)
    assert blockers(who=person(person_id=one), policy=replace(POLICY, holdout_percent=5)) == ["holdout"]


# --- hours ------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "days, span, local, is_open",
    [
        (("fri",), Span("22:00", "02:00"), "2026-06-05T21:59", False),
        (("fri",), Span("22:00", "02:00"), "2026-06-05T22:00", True),
        (("fri",), Span("22:00", "02:00"), "2026-06-06T01:59", True),  # Saturday morning belongs to Friday
        (("fri",), Span("22:00", "02:00"), "2026-06-06T02:00", False),
        (("fri",), Span("22:00", "02:00"), "2026-06-05T01:00", False),  # that was Thursday's night
        ((), Span("18:00", "24:00"), "2026-06-05T23:59", True),
        ((), Span("18:00", "24:00"), "2026-06-06T00:00", False),
        # 2026-03-29: clocks go from 02:00 to 03:00
        (("sun",), Span("01:00", "04:00"), "2026-03-29T03:30", True),
        (("sat",), Span("23:00", "03:00"), "2026-03-29T01:59", True),
        (("sat",), Span("23:00", "03:00"), "2026-03-29T03:00", False),
        (("sun",), Span("22:00", "01:00"), "2026-03-30T00:30", True),
        # 2026-10-25: clocks go back from 03:00 to 02:00
        (("sun",), Span("23:00", "01:00"), "2026-10-26T00:30", True),
    ],
)
def test_campaign_hours(days: tuple[str, ...], span: Span, local: str, is_open: bool) -> None:
    for fold in (0, 1):
        now = datetime.fromisoformat(local).replace(tzinfo=ZURICH, fold=fold).astimezone(UTC)
        assert ("campaign_hours" not in blockers(content(days=days, hours=span), now=now)) is is_open


def test_in_the_hour_that_comes_twice_a_campaign_runs_once() -> None:
    sunday = content(days=("sun",), hours=Span("02:00", "02:30"))
    first, second = (datetime(2026, 10, 25, hour, 15, tzinfo=UTC) for hour in (0, 1))  # 02:15, and an hour later again
    assert "campaign_hours" not in blockers(sunday, now=first)
    assert "campaign_hours" in blockers(sunday, now=second)


def test_the_hour_that_comes_twice_is_quiet_twice() -> None:
    policy = replace(POLICY, quiet_start=time(2), quiet_end=time(3))
    for hour in (0, 1):  # 02:30 in summer time, then 02:30 in winter time
        assert blockers(policy=policy, now=datetime(2026, 10, 25, hour, 30, tzinfo=UTC)) == ["quiet_hours"]
    assert blockers(policy=policy, now=datetime(2026, 10, 25, 2, 30, tzinfo=UTC)) == []


CLOCKS = st.times().map(lambda t: t.replace(second=0, microsecond=0))


MOMENTS = st.integers(0, 270 * 24 * 60).map(lambda n: datetime(2026, 3, 1, tzinfo=UTC) + timedelta(minutes=n))


@given(MOMENTS, CLOCKS, CLOCKS)
def test_hours_end_after_the_moment_and_within_a_day(at: datetime, start: time, end: time) -> None:
    found = hours_end(at, ZURICH, end)
    assert at < found <= at + timedelta(hours=26)
    if is_within_hours(at, ZURICH, start, end):
        assert found.astimezone(ZURICH).hour in (end.hour, end.hour + 1)  # + 1: a clock time that spring leaves out


@pytest.mark.parametrize(
    "campaign, after",
    [
        (content(), timedelta(minutes=10)),
        (content(valid_to=NOON + timedelta(minutes=3)), timedelta(minutes=3)),
        (content(valid_to=NOON + timedelta(hours=3)), timedelta(minutes=10)),
        (content(hours=Span("11:00", "12:05")), timedelta(minutes=5)),
        (content(hours=Span("11:00", "24:00")), timedelta(minutes=10)),
    ],
)
def test_expires_at(campaign: Content, after: timedelta) -> None:
    assert expires_at(campaign, event(), ZURICH) == NOON + after


# --- texts ------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "title, who, fallback, expected",
    [
        ("Hi {{ first_name }}", person(), None, "Hi Mia"),
        ("Hi {{ first_name }}", person(personalisation="denied"), "there", "Hi there"),
        ("Hi {{ first_name }}", person(first_name=None), "there", "Hi there"),
        ("Hi {{ first_name }}, come in", person(first_name=None), None, "Hi, come in"),
        ("Ready, {{ first_name }}?", person(first_name=None), None, "Ready?"),
        ("{{ first_name }}, your basket", person(first_name=None), None, "Your basket"),
        ("Good morning, {{ first_name }}", person(first_name=None), None, "Good morning"),
        ("Hi {{ first_name | default: 'friend' }}", person(first_name=None), None, "Hi friend"),
        ("4 , 5", person(first_name=None), None, "4 , 5"),
        ("{{ zone.name }} {{ mall.name }} {{ campaign.name }}", person(), None, "Café zone Mall Cup"),
    ],
)
def test_text(title: str, who: Recipient, fallback: str | None, expected: str) -> None:
    values = values_for(content(fallback_name=fallback), who, "My café", place())
    text = write_values(title, content().body, values)
    assert (text.title, text.body) == (expected, "at My café")


def test_text_takes_the_zones_store_when_the_campaign_has_none() -> None:
    values = values_for(content(), person(), None, place())
    assert write_values(content().title, content().body, values).body == "at Café"


@pytest.mark.parametrize(
    "title, body, wrong",
    [
        ("Hi", "there", {}),
        ("Hi {{ first_name", "there", {"title"}),
        ("Hi", "{{ price }}", {"body"}),
        ("{{ a }}", "{{ b }}", {"title", "body"}),
        ("Hi", "{{ 'x' | times: 'y' | divided_by: 0 }}", {"body"}),
    ],
)
def test_check_texts(title: str, body: str, wrong: set[str]) -> None:
    assert set(check_texts(title, body)) == set(wrong)


# --- status and review ------------------------------------------------------------------------------------------------

BEFORE, AFTER = NOON - timedelta(hours=1), NOON + timedelta(hours=1)


@pytest.mark.parametrize(
    "stored, valid_from, valid_to, expected",
    [
        ("active", None, None, "active"),
        ("active", AFTER, None, "scheduled"),
        ("active", NOON, None, "active"),
        ("active", None, NOON, "finished"),
        ("active", BEFORE, AFTER, "active"),
        ("paused", None, BEFORE, "finished"),
        ("paused", AFTER, None, "paused"),
        ("draft", BEFORE, BEFORE, "draft"),
        ("in_review", AFTER, None, "in_review"),
        ("rejected", None, BEFORE, "rejected"),
    ],
)
def test_status(stored: str, valid_from: datetime | None, valid_to: datetime | None, expected: str) -> None:
    assert status_at(Status(stored), valid_from, valid_to, NOON) == expected


@pytest.mark.parametrize("restricted, is_marketing, approved, store_approved", list(product((True, False), repeat=4)))
def test_review(restricted: bool, is_marketing: bool, approved: bool, store_approved: bool) -> None:
    standing = Standing(restricted, is_marketing, approved, store_approved)
    found = {review: needs_review(review, standing) for review in Review}
    if approved:
        assert not any(found.values())
    elif not is_marketing:
        assert all(found.values())
    else:
        assert found == {
            Review.NEVER: False,
            Review.FIRST_CAMPAIGN: restricted and not store_approved,
            Review.ALWAYS: restricted,
        }


@pytest.mark.parametrize(
    "status, review, expected",
    [
        ("draft", False, "active"), ("draft", True, "in_review"), ("rejected", True, "in_review"),
        ("paused", False, "active"), ("paused", True, "in_review"), ("active", True, "active"),
        ("scheduled", True, "active"), ("in_review", False, "in_review"),
    ],
)  # fmt: skip
def test_activate(status: str, review: bool, expected: str) -> None:
    assert after_activate(Status(status), None, NOON, review=review) == expected
    with pytest.raises(WrongStatus):
        after_activate(Status(status), NOON, NOON, review=review)


def test_pause_and_review_need_their_status() -> None:
    may_pause = {Status.ACTIVE, Status.SCHEDULED, Status.PAUSED}
    for status in Status:
        if status in may_pause:
            assert after_pause(status) is Status.PAUSED
        else:
            with pytest.raises(WrongStatus):
                after_pause(status)
        if status is not Status.IN_REVIEW:
            with pytest.raises(WrongStatus):
                check_in_review(status)
    check_in_review(Status.IN_REVIEW)


@pytest.mark.parametrize(
    "stored, changed, review, expected",
    [
        ("active", True, True, "in_review"), ("active", False, True, "active"), ("active", True, False, "active"),
        ("paused", True, True, "draft"), ("rejected", False, False, "draft"), ("in_review", True, True, "in_review"),
        ("draft", True, True, "draft"),
    ],
)  # fmt: skip
def test_edit(stored: str, changed: bool, review: bool, expected: str) -> None:
    assert after_edit(Status(stored), reviewed_part_changed=changed, needs_review=review) == expected


def test_what_an_approver_has_agreed_to() -> None:
    for same in (content(name="Other"), content(cap=Cap(2, 2)), content(hours=Span("01:00", "02:00"))):
        assert reviewed_part(same) == reviewed_part(content())
    for other in (content(title="Else"), content(zone_ids=(OTHER_ZONE,)), content(fallback_name="you")):
        assert reviewed_part(other) != reviewed_part(content())


# --- warnings and counts ----------------------------------------------------------------------------------------------

OPEN = TargetStore(STORE, "Café", (Hours(frozenset(DAYS), 9 * 60, 18 * 60),))


def zone(**over: object) -> TargetZone:
    values: dict[str, object] = {
        "zone_id": ZONE, "name": "Front", "kind": "store", "store_id": STORE, "is_published": True,
        "is_sensitive": False, "dwell_s": (30,), "exit_s": 15.0,
    } | over  # fmt: skip
    return TargetZone(**values)


@pytest.mark.parametrize(
    "campaign, zones, stores, policy, words",
    [
        (content(), [zone()], [OPEN], POLICY, []),
        (content(), [zone(is_published=False)], [OPEN], POLICY, ["is a draft"]),
        (DWELL, [zone()], [OPEN], POLICY, ["rules.dwell_s to [30, 60]"]),
        (DWELL, [zone(dwell_s=(60,))], [OPEN], POLICY, []),
        (BY_STORE, [], [OPEN], POLICY, ["no zone of kind store"]),
        (BY_STORE, [zone()], [OPEN], POLICY, []),
        (content(hours=Span("19:00", "21:00")), [zone()], [OPEN], POLICY, ["opening hours"]),
        (content(hours=Span("17:00", "21:00")), [zone()], [OPEN], POLICY, []),
        (content(hours=Span("11:15", "12:45")), [zone()], [OPEN], QUIET, ["quiet hours (11:00 to 13:00)"]),
        (content(hours=Span("11:15", "13:45")), [zone()], [OPEN], QUIET, []),
        (content(title="x" * 66), [zone()], [OPEN], POLICY, ["66 characters"]),
        (content(body="x" * 179), [zone()], [OPEN], POLICY, ["179 characters"]),
        (content(body="x" * 1200), [zone()], [OPEN], POLICY, ["was cut", "phones show"]),
        (content(store_id=None), [zone()], [], POLICY, ["store.name"]),
        (content(title="{{ gone"), [zone()], [OPEN], POLICY, ["cannot be rendered"]),
        (content(cap=Cap(0, 1)), [zone()], [OPEN], POLICY, ["cap is 0"]),
        (content(cap=Cap(3, 1)), [zone()], [OPEN], replace(POLICY, daily_cap=2), ["2 a day"]),
    ],
)
def test_warnings(
    campaign: Content, zones: list[TargetZone], stores: list[TargetStore], policy: Policy, words: list[str]
) -> None:
    found = warnings(campaign, zones, stores, [], policy)
    assert len(found) == len(words)
    assert all(word in text for word, text in zip(words, found, strict=True))


SPANS = st.builds(
    Hours,
    st.sets(st.sampled_from(DAYS), min_size=1, max_size=2).map(frozenset),
    st.integers(0, 23).map(lambda h: h * 60),
    st.integers(1, 24).map(lambda h: h * 60),
).filter(lambda h: h.opens != h.closes)


@given(SPANS, SPANS)
def test_overlap_agrees_with_trying_every_hour(left: Hours, right: Hours) -> None:
    def covered(hours: Hours) -> set[int]:
        length = (hours.closes - hours.opens) % 1440 or 1440
        starts = (DAYS.index(day) * 1440 + hours.opens for day in hours.days)
        return {(start + m) % (7 * 1440) for start in starts for m in range(0, length, 60)}

    assert overlap([left], [right]) is bool(covered(left) & covered(right))


@pytest.mark.parametrize(
    "part, whole, expected",
    [(0, None, 0), (9, None, None), (10, None, 10), (10, 19, None), (10, 20, 10), (20, 20, 20), (0, 9, None)],
)
def test_small_groups_are_not_shown(part: int, whole: int | None, expected: int | None) -> None:
    assert visible(part, whole) == expected
    assert visible(part, whole, exact=True) == part


def test_groups() -> None:
    assert visible_groups({"a": 0, "b": 9, "c": 10}) == {"c": 10}
    assert visible_groups({"a": 0, "b": 9}, exact=True) == {"b": 9}


def test_a_zone_whose_exits_come_too_late_for_a_message() -> None:
    slow, waits = zone(exit_s=120.0), content(kind=TriggerKind.EXITED)
    (found,) = [w for w in warnings(waits, [slow], [], [], POLICY) if "exit_s" in w]
    assert "after 120 s outside" in found
    assert not [w for w in warnings(waits, [zone(exit_s=119.0)], [], [], POLICY) if "exit_s" in w]
    assert not [w for w in warnings(content(), [slow], [], [], POLICY) if "exit_s" in w]


# --- segments -------------------------------------------------------------------------------------------------------


def test_a_start_waits_for_open_hours_and_the_end_of_quiet_ones() -> None:
    quiet = replace(POLICY, quiet_start=time(21), quiet_end=time(8))
    night = datetime(2026, 7, 4, 1, 30, 12, tzinfo=ZURICH)  # a Saturday
    until = night + timedelta(hours=24)

    def at(**over: object) -> str:
        return f"{starts_at(content(**over), quiet, ZURICH, night, until).astimezone(ZURICH):%a %H:%M:%S}"

    assert at() == "Sat 08:00:00"
    assert at(hours=Span("10:15", "12:00")) == "Sat 10:15:00"
    assert at(quiet_hours=QuietHours.IGNORE) == "Sat 01:30:12"
    assert at(days=("mon",)) == "Sat 01:30:12", "not within a day: it is decided now, and says why it is not sent"


def test_a_segment_that_is_gone_or_not_built_is_told() -> None:
    id_ = new_id()
    waits = content(present=True, kind=TriggerKind.SEGMENT, zone_ids=(), segment_id=id_, body="in {{ zone.name }}")

    def told(*segments: TargetSegment) -> list[str]:
        return warnings(waits, [], [], segments, POLICY)

    assert "was deleted" in told()[0]
    assert "cannot be built" in told(TargetSegment(id_, "Slow", None, "failed", is_built=True))[0]
    assert "first time" in told(TargetSegment(id_, "Slow", None, "building", is_built=False))[0]
    found = told(TargetSegment(id_, "Slow", None, "ready", is_built=True))
    assert ["zone.name" in found[0], "everybody who is in the segment" in found[1]] == [True, True]


def test_members_of_a_segment_need_consent_to_personal_content() -> None:
    audience = InSegment(new_id())
    assert in_audience(audience, person(), {audience.segment_id})
    assert not in_audience(audience, person(), {new_id()})
    assert not in_audience(audience, person(personalisation="unknown"), {audience.segment_id})
