"""The pure half of messaging, by tables."""

from datetime import UTC, datetime, time, timedelta
from uuid import UUID, uuid4

import pytest
from hypothesis import given
from hypothesis import strategies as st

from geoengage.messaging.rules import (
    BODY_MAX,
    NO_OPTIONS,
    TITLE_MAX,
    Answer,
    Attempt,
    Blocker,
    Budget,
    Failed,
    Misconfigured,
    Outcome,
    Pause,
    Policy,
    Send,
    Sent,
    Settled,
    Skipped,
    Status,
    TextError,
    Unknown,
    Waiting,
    after_answer,
    after_silence,
    after_web_push,
    backoff_s,
    blockers_now,
    campaign_gate,
    check_template,
    clean,
    cut,
    gate_blocker,
    in_holdout,
    in_order,
    not_reached,
    render,
    render_message,
    retry_after_s,
    settle,
    while_paused,
    zone_gate,
)
from geoengage.profiles.rules import Recipient

NOW = datetime(2026, 11, 3, 12, 0, tzinfo=UTC)
SOON = NOW + timedelta(minutes=10)


def seconds(n: float) -> datetime:
    return NOW + timedelta(seconds=n)


# --- blockers, gates, budgets, holdout ---------------------------------------------------------------------------


def test_blockers_stand_in_the_order_of_checks() -> None:
    wanted = ["no_consent", "suppressed", "holdout", "quiet_hours", "campaign_hours", "cooldown", "cap"]
    assert list(Blocker)[:7] == wanted
    assert in_order(["cap", "no_consent", "cap", "cooldown"]) == ("no_consent", "cooldown", "cap")
    with pytest.raises(ValueError, match="because"):
        in_order(["because"])


def test_a_gate_names_its_reason() -> None:
    assert gate_blocker(campaign_gate(uuid4())) is Blocker.CAMPAIGN_INACTIVE
    assert gate_blocker(zone_gate(uuid4())) is Blocker.ZONE_UNPUBLISHED
    assert gate_blocker("tenant") is Blocker.SENDING_STOPPED


def test_budget_counts_by_campaign_and_in_all() -> None:
    coffee, toys = uuid4(), uuid4()
    budget = Budget(uuid4(), (Send(coffee, uuid4(), seconds(-86_400 * 40)), Send(coffee, uuid4(), seconds(-3600))))
    budget = budget.spend(Send(toys, uuid4(), seconds(-60)))
    assert budget.sends_since(seconds(-7200)) == 2
    assert budget.sends_since(seconds(-7200), coffee) == 1
    assert budget.sends_since(seconds(-3600), coffee) == 1  # the moment itself counts
    assert budget.last_send(coffee) == seconds(-3600)
    assert budget.last_send() == seconds(-60)
    assert budget.last_send(uuid4()) is None
    assert len(budget.recent(NOW).sends) == 2


def test_holdout_is_stable_and_grows_with_its_percentage() -> None:
    tenant = UUID(int=1)
    people = [UUID(int=n) for n in range(4000)]
    held = {percent: {p for p in people if in_holdout(tenant, p, percent)} for percent in (0, 5, 10, 100)}
    assert held[0] == set()
    assert held[5] < held[10]
    assert len(held[100]) == len(people)
    assert 0.04 < len(held[5]) / len(people) < 0.06
    assert held[5] != {p for p in people if in_holdout(UUID(int=2), p, 5)}


# --- the check just before the socket ----------------------------------------------------------------------------


def waiting(**over: object) -> Waiting:
    values: dict[str, object] = {
        "id": uuid4(), "device_id": uuid4(), "person_id": uuid4(), "campaign_id": uuid4(), "store_id": None,
        "zone_id": uuid4(), "purpose": "marketing", "title": "t", "body": "b", "data": {}, "push": NO_OPTIONS,
        "collapse_key": "c", "timezone": None, "status": "queued", "attempts": 0, "expires_at": SOON,
        "closed_gates": (), "visit_ended": False,
    } | over  # fmt: skip
    return Waiting(**values)  # type: ignore[arg-type]


def recipient(**over: object) -> Recipient:
    values: dict[str, object] = {
        "device_id": uuid4(), "app_id": uuid4(), "person_id": uuid4(), "profile_id": None, "first_name": None,
        "language": None, "attributes": {}, "location": "granted", "marketing_push": "granted",
        "personalisation": "unknown", "suppressed": False, "is_test": False, "timezone": None, "push_provider": "fcm",
        "push_address": "a", "push_kind": "fcm_token", "push_retired": False, "platform": "ios",
    } | over  # fmt: skip
    return Recipient(**values)  # type: ignore[arg-type]


AWAKE = Policy("Europe/Zurich", time(21), time(8), stopped=False)


@pytest.mark.parametrize(
    "message, person, expected",
    [
        ({}, {}, ()),
        ({}, {"location": "denied"}, ("no_consent",)),
        ({}, {"location": "unknown"}, ("no_consent",)),
        ({}, {"marketing_push": "denied"}, ("no_consent",)),
        ({"zone_id": None}, {"location": "denied"}, ()),
        ({"purpose": "service"}, {"marketing_push": "denied"}, ()),
        ({"purpose": "service"}, {"location": "denied"}, ("no_consent",)),
        ({}, {"suppressed": True}, ("suppressed",)),
        ({}, {"push_address": None}, ("no_address",)),
        ({}, {"push_retired": True}, ("no_address",)),
        ({"visit_ended": True}, {}, ("visit_ended",)),
        ({"expires_at": seconds(1)}, {}, ()),
        ({"expires_at": seconds(0.9)}, {}, ("expired",)),  # less than a whole second of life
        ({"closed_gates": ("campaign:x",)}, {}, ("campaign_inactive",)),
        ({"closed_gates": ("zone:x", "tenant")}, {}, ("zone_unpublished", "sending_stopped")),
        ({"timezone": "Asia/Tokyo"}, {}, ("quiet_hours",)),  # 21:00 there, 13:00 in Zurich
        ({"timezone": "Asia/Tokyo", "purpose": "service"}, {}, ()),
        ({"expires_at": NOW, "visit_ended": True}, {"location": "denied"}, ("no_consent", "visit_ended", "expired")),
    ],
)
def test_check_before_the_socket(message: dict[str, object], person: dict[str, object], expected: tuple[str]) -> None:
    assert blockers_now(waiting(**message), recipient(**person), AWAKE, needs_address=True, now=NOW) == expected


def test_check_of_preview_stop_and_a_device_that_is_gone() -> None:
    unreachable = recipient(push_address=None)
    assert blockers_now(waiting(), unreachable, AWAKE, needs_address=False, now=NOW) == ()
    stopped = Policy("UTC", time(0), time(0), stopped=True)
    assert blockers_now(waiting(), recipient(), stopped, needs_address=True, now=NOW) == ("sending_stopped",)
    assert blockers_now(waiting(), None, AWAKE, needs_address=False, now=NOW) == ("no_consent",)
    night = NOW.replace(hour=20)  # 21:00 in Zurich
    late = waiting(expires_at=night + timedelta(minutes=5))
    assert blockers_now(late, recipient(), AWAKE, needs_address=True, now=night) == ("quiet_hours",)


# --- what an answer means: every row of FCM's table --------------------------------------------------------------


def attempt(number: int = 1, **over: object) -> Attempt:
    values: dict[str, object] = {"now": NOW, "expires_at": SOON, "base_s": 2.0, "jitter": 0.5} | over
    return Attempt(number=number, **values)  # type: ignore[arg-type]


def at(delay_s: float) -> datetime:
    return seconds(delay_s)


def waits(delay_s: float) -> Pause:
    """The whole project does."""
    return Pause("project", at(delay_s))


REFUSED = Pause("account", at(60))
APPLE = Pause("platform", at(60))
TABLE: list[tuple[Answer, Outcome]] = [
    (Answer(200, "projects/p/messages/0:1"), Sent("projects/p/messages/0:1")),
    (Answer(400, "x", "INVALID_ARGUMENT", ("message.token",)), Failed("invalid_address", "x", retire_address=True)),
    (Answer(400, "x", "INVALID_ARGUMENT", ("message.fid",)), Failed("invalid_address", "x", retire_address=True)),
    (Answer(400, "x", "INVALID_ARGUMENT", ("message.data",)), Failed("invalid_payload", "x")),
    (Answer(400, "x", "INVALID_ARGUMENT"), Failed("invalid_payload", "x")),
    (Answer(404, "x", "UNREGISTERED"), Failed("unregistered", "x", retire_address=True)),
    (Answer(403, "x", "SENDER_ID_MISMATCH"), Failed("sender_id_mismatch", "x", retire_address=True)),
    (Answer(401, "x", "THIRD_PARTY_AUTH_ERROR"), Misconfigured("third_party_auth", "x", at(60), APPLE)),
    (Answer(403, "x", "APNS_AUTH_ERROR"), Misconfigured("third_party_auth", "x", at(60), APPLE)),
    (Answer(401, "x"), Misconfigured("credentials", "x", at(60), REFUSED)),
    (Answer(403, "x"), Misconfigured("credentials", "x", at(60), REFUSED)),
    (Answer(429, "x", "QUOTA_EXCEEDED"), Failed("quota_exceeded", "x", at(60), pause=waits(60))),
    (Answer(429, "x", "QUOTA_EXCEEDED", retry_after="7"), Failed("quota_exceeded", "x", at(8), pause=waits(7))),
    (Answer(429, "x"), Failed("quota_exceeded", "x", at(60), pause=waits(60))),
    (Answer(503, "x", "UNAVAILABLE"), Failed("unavailable", "x", at(2))),
    (Answer(503, "x", "UNAVAILABLE", retry_after="30"), Failed("unavailable", "x", at(31), pause=waits(30))),
    (
        Answer(503, "x", "UNAVAILABLE", retry_after="Tue, 03 Nov 2026 12:00:20 GMT"),
        Failed("unavailable", "x", at(21), pause=waits(20)),
    ),
    (Answer(503, "x", retry_after="1"), Failed("unavailable", "x", at(2), pause=waits(1))),
    (Answer(500, "x", "INTERNAL"), Failed("internal", "x", at(2))),
    (Answer(502, "x"), Failed("unavailable", "x", at(2))),
    (Answer(500, "x", "UNSPECIFIED_ERROR"), Failed("unspecified_error", "x", at(2))),
    (Answer(503, "x", "SOMETHING_NEW"), Failed("unavailable", "x", at(2))),
    (Answer(404, "x"), Misconfigured("http_404", "x", at(60), REFUSED)),  # a wrong base URL must not retire addresses
    (Answer(400, "x"), Misconfigured("http_400", "x", at(60), REFUSED)),
    (Answer(302, "x"), Misconfigured("http_302", "x", at(60), REFUSED)),
]


@pytest.mark.parametrize("answer, expected", TABLE)
def test_every_answer(answer: Answer, expected: Outcome) -> None:
    assert after_answer(answer, attempt()) == expected


WEB_TABLE: list[tuple[Answer, Outcome]] = [
    (Answer(201, "201"), Sent("201")),
    (Answer(200, "200"), Sent("200")),
    (Answer(404, "x"), Failed("unregistered", "x", retire_address=True)),
    (Answer(410, "x"), Failed("unregistered", "x", retire_address=True)),
    (Answer(413, "x"), Failed("payload_too_large", "x")),
    (Answer(429, "x", retry_after="7"), Failed("quota_exceeded", "x", at(8))),  # this subscription's, nobody else's
    (Answer(429, "x"), Failed("quota_exceeded", "x", at(2))),
    (Answer(503, "x", retry_after="30"), Failed("unavailable", "x", at(31), pause=waits(30))),
    (Answer(500, "x"), Failed("unavailable", "x", at(2))),
    (Answer(400, "x"), Misconfigured("vapid", "x", at(60))),
    (Answer(401, "x"), Misconfigured("vapid", "x", at(60))),
    (Answer(403, "x"), Misconfigured("vapid", "x", at(60))),
    (Answer(302, "x"), Misconfigured("http_302", "x", at(60))),
]


@pytest.mark.parametrize("answer, expected", WEB_TABLE)
def test_every_answer_of_a_web_push_service(answer: Answer, expected: Outcome) -> None:
    assert after_web_push(answer, attempt()) == expected


def test_while_paused_a_message_is_misconfigured_until_then_or_for_good() -> None:
    assert while_paused("credentials", "x", at(60), SOON) == Misconfigured("credentials", "x", at(60))
    assert while_paused("credentials", "x", at(60), at(30)) == Misconfigured("credentials", "x", None)


def test_an_unspecified_error_is_final_the_third_time() -> None:
    assert after_answer(Answer(500, "x", "UNSPECIFIED_ERROR"), attempt(3)) == Failed("unspecified_error", "x")


@pytest.mark.parametrize("answer", [Answer(503, "x"), Answer(429, "x"), Answer(401, "x"), Answer(404, "x")])
def test_no_retry_after_expiry(answer: Answer) -> None:
    outcome = after_answer(answer, attempt(expires_at=seconds(2)))
    assert isinstance(outcome, Failed | Misconfigured)
    assert outcome.retry_at is None


def test_silence_is_unknown_and_no_connection_is_a_failure() -> None:
    assert after_silence("timeout", attempt(2)) == Unknown("timeout", "timeout", at(4))
    assert after_silence("timeout", attempt(expires_at=seconds(1))) == Unknown("timeout", "timeout", None)
    assert not_reached("refused", attempt()) == Failed("unreachable", "refused", at(2))


def test_backoff_doubles_spreads_and_ends() -> None:
    assert [backoff_s(attempt(n)) for n in (1, 2, 3, 4)] == [2, 4, 8, 16]
    assert backoff_s(attempt(jitter=0.0)) == 1
    assert backoff_s(attempt(jitter=0.999)) == pytest.approx(3, abs=0.01)
    assert backoff_s(attempt(10_000)) == 600


@pytest.mark.parametrize(
    "value, expected",
    [
        (None, None),
        ("0", 0),
        (" 120 ", 120),
        ("99999999999999999999", 86_400),
        ("Tue, 03 Nov 2026 12:01:00 GMT", 60),
        ("Tue, 03 Nov 2026 12:01:00 -0000", 60),
        ("Tue, 03 Nov 2026 11:00:00 GMT", 0),
        ("soon", None),
        ("-5", None),
        ("", None),
    ],
)
def test_retry_after_in_both_forms(value: str | None, expected: float | None) -> None:
    assert retry_after_s(value, NOW) == expected


# --- how outcomes are written down -------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "before, outcome, expected",
    [
        ("queued", Sent("n"), Settled(Status.SENT, answer="n")),
        ("unknown", Sent("n"), Settled(Status.SENT, answer="n")),
        (
            "queued",
            Skipped((Blocker.EXPIRED, Blocker.NO_CONSENT)),
            Settled(Status.SKIPPED, "no_consent", (Blocker.EXPIRED, Blocker.NO_CONSENT), refund=True),
        ),
        ("unknown", Skipped((Blocker.EXPIRED,)), Settled(Status.UNKNOWN, "expired", (Blocker.EXPIRED,))),
        (
            "misconfigured",
            Skipped((Blocker.EXPIRED,)),
            Settled(Status.MISCONFIGURED, "expired", (Blocker.EXPIRED,), refund=True),
        ),
        ("queued", Failed("r", "a", SOON), Settled(Status.QUEUED, "r", answer="a", due_at=SOON)),
        ("queued", Failed("r", "a"), Settled(Status.FAILED, "r", answer="a", refund=True)),
        (
            "queued",
            Failed("r", "a", retire_address=True),
            Settled(Status.FAILED, "r", answer="a", refund=True, retire="r"),
        ),
        ("unknown", Failed("r", "a", SOON), Settled(Status.UNKNOWN, "r", answer="a", due_at=SOON)),
        ("unknown", Failed("r", "a"), Settled(Status.UNKNOWN, "r", answer="a")),
        ("queued", Misconfigured("w", "a", SOON), Settled(Status.MISCONFIGURED, "w", answer="a", due_at=SOON)),
        ("queued", Misconfigured("w", "a"), Settled(Status.MISCONFIGURED, "w", answer="a", refund=True)),
        ("queued", Unknown("r", "a", SOON), Settled(Status.UNKNOWN, "r", answer="a", due_at=SOON)),
        ("queued", Unknown("r", "a"), Settled(Status.UNKNOWN, "r", answer="a")),
    ],
)
def test_settle(before: str, outcome: Outcome, expected: Settled) -> None:
    assert settle(before, outcome) == expected


# --- texts -------------------------------------------------------------------------------------------------------

VALUES: dict[str, object] = {
    "first_name": "Ana", "store": {"name": "Toys & Co"}, "zone": {"name": "Hall"}, "mall": {"name": "Sihl"},
    "campaign": {"name": "Autumn"},
}  # fmt: skip


@pytest.mark.parametrize(
    "source, expected",
    [
        ("Hoi {{ first_name }}!", "Hoi Ana!"),
        ("{{ store.name }} <b>", "Toys & Co <b>"),  # plain text: nothing is escaped
        ("{{ first_name | upcase | append: '!' }}", "ANA!"),
        ("{% if zone.name == 'Hall' %}yes{% else %}no{% endif %}", "yes"),
        ("{% unless first_name %}x{% endunless %}{% assign n = 2 %}{{ n | times: 3 }}", "6"),
        ("{% case mall.name %}{% when 'Sihl' %}S{% endcase %}{% comment %}{{ nope }}{% endcomment %}", "S"),
        ("", ""),
    ],
)
def test_render(source: str, expected: str) -> None:
    check_template(source)
    assert render(source, VALUES) == expected


def test_an_unknown_first_name_takes_the_default() -> None:
    assert render("Hoi {{ first_name | default: 'du' }}", VALUES | {"first_name": None}) == "Hoi du"
    assert render("Hoi {{ first_name }}", VALUES | {"first_name": None}) == "Hoi "


@pytest.mark.parametrize(
    "source, detail, line, column",
    [
        ("Hoi {{ first_name", "expected '}}'", 1, 5),
        ("a\nb {{ first_name | shout }}", "there is no filter shout", 2, 19),
        ("{% if first_name %}x", "endif", 1, 21),
        ("{{ a b }}", "expected end of expression", 1, 6),
        ("{% for x in first_name %}{% endfor %}", "unexpected tag 'for'", 1, 4),
        ("{% include 'x' %}", "unexpected tag 'include'", 1, 4),
        ("{% render 'x' %}", "unexpected tag 'render'", 1, 4),
        ("x {{ (1..9) | join }}", "ranges", 1, 6),
        ("{% if first_name %}{% if (1..9) contains 'x' %}{% endif %}{% endif %}", "ranges", 1, 26),
        ("{% if false %}\n  {{ store.nmae }}{% endif %}", "there is no variable store.nmae", 2, 6),
        ("{{ first_name | date: '%Y' }}", "there is no filter date", 1, 17),
        ("x" * 4001, "longer than 4000", 1, 4001),
        ("{{" * 2000, "more than 100 tags", 1, 1),
        ("{% if first_name %}" * 40, "nesting", 1, 593),
    ],
)
def test_bad_templates_name_the_place(source: str, detail: str, line: int, column: int) -> None:
    with pytest.raises(TextError) as caught:
        check_template(source)
    assert detail in caught.value.detail
    assert (caught.value.line, caught.value.column) == (line, column)


@pytest.mark.parametrize(
    "source, detail",
    [
        ("{{ store.nmae }}", "undefined"),
        ("{{ 1 | divided_by: 0 }}", "divide by 0"),
        ("{{ 0.0 | modulo: 0 }}", "cannot work"),
        ("{{ 'a' " + "| replace: 'a', 'aaaaaaaaaaaaaaaaaaaa'" * 12 + " }}", "more than 10000"),
        ("{{ 9 " + "| times: 999999999" * 9 + " }}", "number above"),
        ("{% assign a = 'aaaaaaaaaa' %}" + "{% assign a = a | append: a %}" * 40, "more than"),
        ("{{ first_name | append: 'x', 'y' }}", "append"),
    ],
)
def test_texts_that_fail_or_run_away_while_rendering(source: str, detail: str) -> None:
    with pytest.raises(TextError, match=detail):
        render(source, VALUES)


def test_render_message_cuts_and_warns() -> None:
    text = render_message("a\n  b\x00", "Hoi\n{{ first_name }}", VALUES)
    assert (text.title, text.body, text.warnings) == ("a b", "Hoi\nAna", ())
    text = render_message("x" * 200, " ", VALUES)
    assert text.title == "x" * (TITLE_MAX - 1) + "…"
    assert text.warnings == ("the title has 200 characters and was cut to 120", "the body is empty")
    with pytest.raises(TextError) as caught:
        render_message("fine", "{{ nope }}", VALUES)
    assert caught.value.part == "body"


@pytest.mark.parametrize(
    "text, most, expected",
    [
        ("short", 5, "short"),
        ("one two three", 9, "one two…"),
        ("abcdefghij", 5, "abcd…"),
        ("abc👩‍👩‍👧def", 6, "abc…"),  # a family is one picture
        ("abc👍🏽def", 5, "abc…"),
        ("aa🇨🇭🇩🇪", 4, "aa…"),
        ("abce\u0301fgh", 5, "abc…"),
    ],
)
def test_cut_spares_words_and_characters(text: str, most: int, expected: str) -> None:
    assert cut(text, most, 1000) == expected


@given(st.text(max_size=300), st.integers(min_value=2, max_value=200), st.integers(min_value=8, max_value=400))
def test_cut_keeps_its_limits(text: str, most: int, most_bytes: int) -> None:
    shown = cut(clean(text), most, most_bytes)
    assert len(shown) <= most
    assert len(shown.encode()) <= most_bytes
    assert shown == clean(text) or shown.endswith("…")


PIECES = [
    "{{", "}}", "{%", "%}", "if", "endif", "else", "assign", "first_name", "store", ".", "name", "|", "append:", "'",
    '"', "(", "..", ")", "[", "]", "1", "=", "==", ",", "\n", ":", "é",
]  # fmt: skip


@given(st.lists(st.sampled_from(PIECES) | st.text(max_size=5), max_size=30).map(" ".join))
def test_any_source_renders_or_is_refused_with_a_place(source: str) -> None:
    try:
        check_template(source)
        text = render_message(source, source, VALUES)
    except TextError as error:
        place = (error.line, error.column)
        assert min(place) >= 1
    else:
        assert len(text.title) <= TITLE_MAX
        assert len(text.body) <= BODY_MAX
        assert "\x00" not in text.title + text.body
