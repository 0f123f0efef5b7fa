"""Orders of channels, languages, holes in texts, what servers' answers mean: pure."""

from datetime import UTC, datetime, timedelta
from uuid import UUID

import pytest

from geoengage.messaging.rules import (
    Attempt,
    Blank,
    EmailContent,
    Failed,
    Misconfigured,
    Reply,
    Row,
    Settled,
    SmtpAccount,
    Stage,
    Status,
    TextError,
    TlsMode,
    ToldOrder,
    Values,
    Waiting,
    account_flaws,
    after_smtp,
    channel_order,
    check_template,
    choose_text,
    fall_back,
    is_address,
    locale_chain,
    not_connected,
    order_rows,
    read_message_id,
    render_email,
    render_message,
    wished_channels,
)
from geoengage.messaging.rules.options import NO_OPTIONS

NOW = datetime(2026, 6, 1, 12, tzinfo=UTC)
ATTEMPT = Attempt(1, NOW, NOW + timedelta(hours=1), base_s=2.0, jitter=0.0)


@pytest.mark.parametrize(
    "said, order",
    [
        ({}, ("push", "email")),
        ({"preferred_channels": "email"}, ("email", "push")),
        ({"preferred_channels": ["pigeon", "email", 7]}, ("email", "push")),
        ({"preferred_channels": ["web_card"]}, ("push", "email")),
        ({"preferred_channels": {"email": 1}}, ("push", "email")),
    ],
)
def test_a_wish_orders_and_never_adds(said: dict[str, object], order: tuple[str, ...]) -> None:
    assert channel_order(("push", "email"), wished_channels(said)) == order
    assert channel_order(("push", "email", "push"), (), ("inbox", "email")) == ("email", "push")
    assert channel_order(("push", "email"), ("push",), ("email", "push")) == ("push", "email")


def test_the_nearest_language_is_taken() -> None:
    texts = {"de": 1, "fr-CA": 2, "en": 3}
    assert choose_text(texts, locale_chain("de_CH", "en", "en")) == ("de", 1)
    assert choose_text(texts, locale_chain("fr-ca", "en")) == ("fr-CA", 2)
    assert choose_text(texts, locale_chain("it", None, "en")) == ("en", 3)
    assert choose_text(texts, locale_chain("it")) is None
    assert locale_chain("de-CH", "de", "", None, "en-GB") == ("de-ch", "de", "en-gb", "en")


@pytest.mark.parametrize(
    "body, shown",
    [
        ("{{ first_name }}", "Mia"),
        ("{{ profile.team | default: 'you' }}", "you"),
        ("{% if offer.code %}{{ offer.code }}{% else %}none{% endif %}", "none"),
        ("{{ recommendations.due[0].name | default: recommendations.popular[0].name | default: 'new' }}", "new"),
        ("{{ offer.code }}", None),
        ("{{ profile.team | upcase }}", None),
        ("{{ store.name }}", None),
        ("{{ recommendations.due[0].name }}", None),
        ("{% if offer.code %}x{% endif %}", None),
    ],
)
def test_strict_mode_refuses_a_hole(body: str, shown: str | None) -> None:
    variables = Values(first_name="Mia").as_variables()
    check_template(body)
    if shown is None:
        with pytest.raises(Blank) as hole:
            render_message("Title", body, variables, strict=True)
        assert hole.value.part == "body"
        render_message("Title", body, variables)
    else:
        assert render_message("Title", body, variables, strict=True).body == shown


def test_emails_are_rendered_part_by_part() -> None:
    email = EmailContent(subject="Hi {{ first_name }}", text="a\n\nb", rows=(Row("{{ x }}", "1"),))
    done = render_email(email, Values(first_name="Mia").as_variables(), strict=True)
    assert done == EmailContent(subject="Hi Mia", text="a\n\nb", rows=(Row("{{ x }}", "1"),))
    with pytest.raises(Blank) as hole:
        render_email(email, Values().as_variables(), strict=True)
    assert hole.value.part == "subject"
    for wrong in ("{{ profile }}", "{{ profile.a.b }}", "{{ nobody }}"):
        with pytest.raises(TextError, match="no variable"):
            check_template(wrong)


@pytest.mark.parametrize(
    "stage, code, text, reason, retires, again",
    [
        (Stage.CONNECT, 421, "busy", "smtp_busy", False, True),
        (Stage.RCPT, 450, "4.2.0 later", "smtp_450", False, True),
        (Stage.RCPT, 550, "no such user", "mailbox_unavailable", True, False),
        (Stage.RCPT, 550, "5.2.1 disabled", "mailbox_unavailable", True, False),
        (Stage.RCPT, 550, "5.2.2 full", "recipient_refused", False, False),
        (Stage.RCPT, 552, "too much", "recipient_refused", False, False),
        (Stage.DATA, 550, "5.1.1 said late", "content_refused", False, False),
        (Stage.DATA, 552, "too big", "too_large", False, False),
    ],
)
def test_what_a_refusal_means(stage: Stage, code: int, text: str, reason: str, retires: bool, again: bool) -> None:
    found = after_smtp(stage, Reply(code, text), ATTEMPT)
    assert isinstance(found, Failed)
    assert (found.reason, found.retire_address, found.retry_at is not None) == (reason, retires, again)


def test_a_refused_account_is_to_be_mended_and_a_lost_server_left_alone() -> None:
    for stage, what in ((Stage.LOGIN, "smtp_auth"), (Stage.MAIL, "smtp_sender"), (Stage.CONNECT, "smtp_refused")):
        found = after_smtp(stage, Reply(550, "no"), ATTEMPT)
        assert isinstance(found, Misconfigured)
        assert found.what == what
    lost = not_connected("x", ATTEMPT)
    assert lost.pause is not None
    assert lost.retry_at == NOW + timedelta(seconds=30)
    late = Attempt(1, NOW, NOW + timedelta(seconds=5), base_s=2.0, jitter=0.0)
    assert not_connected("x", late).retry_at is None


def account(**over: object) -> SmtpAccount:
    values: dict[str, object] = {
        "host": "smtp.example.com", "port": 587, "tls": TlsMode.STARTTLS, "username": None, "password": None,
        "from_address": "a@b.ch", "from_name": "A", "reply_to": None, "per_minute": 1,
    } | over  # fmt: skip
    return SmtpAccount(**values)  # type: ignore[arg-type]


def test_accounts_are_encrypted_unless_they_are_here() -> None:
    assert account_flaws(account(), has_password=False, is_local=False) == {}
    open_ = account(tls=TlsMode.NONE, port=8025)
    assert set(account_flaws(open_, has_password=False, is_local=False)) == {"tls", "port"}
    assert account_flaws(open_, has_password=False, is_local=True) == {}
    assert set(account_flaws(account(username="x"), has_password=False, is_local=False)) == {"password"}


def test_addresses() -> None:
    assert is_address("first.last+tag@sub.example.com")
    assert not any(map(is_address, ("a@b\n", "a@@b", "@b", "a@", "a@b c", "a@-b", "a<b@c.d")))
    assert read_message_id(f"<{UUID(int=7)}@example.com>") == UUID(int=7)
    assert [read_message_id(text) for text in (None, "", "<x@y>", f"{UUID(int=7)}")] == [None] * 4


def waiting(*channels: str) -> Waiting:
    return Waiting(
        id=UUID(int=1), device_id=None, person_id=UUID(int=2), campaign_id=None, store_id=None, zone_id=None,
        purpose="marketing", title="", body="", data={}, push=NO_OPTIONS, collapse_key="", timezone=None,
        status="queued", attempts=0, expires_at=NOW + timedelta(hours=1), closed_gates=(), visit_ended=False,
        channels=channels,
    )  # fmt: skip


@pytest.mark.parametrize(
    "channels, status, due, goes_on",
    [
        (("email", "push"), Status.FAILED, False, True),
        (("email",), Status.FAILED, False, False),
        (("email", "push"), Status.QUEUED, True, False),
        (("email", "push"), Status.UNKNOWN, False, False),
        (("email", "push"), Status.MISCONFIGURED, True, False),
    ],
)
def test_only_what_failed_for_good_goes_on(channels: tuple[str, ...], status: Status, due: bool, goes_on: bool) -> None:
    settled = Settled(status, "x", due_at=NOW if due else None, refund=True)
    found = fall_back(waiting(*channels), settled, NOW)
    assert (found != settled) == goes_on
    if goes_on:
        assert (found.status, found.channels, found.refund, found.due_at) == (Status.QUEUED, ("push",), False, NOW)
    assert fall_back(waiting(*channels), settled, NOW + timedelta(hours=2)) == settled


def test_a_receipt_lists_what_was_bought() -> None:
    told = ToldOrder("1", 1999, "CHF", None, (("Brot", 2000, 700), ("Käse", 350, 1299)))
    assert order_rows(told, "de-CH") == (
        Row("2 × Brot", "7,00"), Row("0,35 × Käse", "12,99"), Row("Summe", "CHF\xa019,99"),
    )  # fmt: skip
    assert order_rows(ToldOrder("1", 1, "CHF", None), None) == ()
    assert len(order_rows(ToldOrder("1", 1, "CHF", None, (("x", 1000, 1),) * 200), None)) == 102
