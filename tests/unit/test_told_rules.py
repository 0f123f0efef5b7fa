"""What people are told of ways that a message did not take, and which ways the preference page offers."""

from uuid import UUID

import pytest

from geoengage.messaging.rules import REASONS, Blocker, not_taken, passed_over, refusal_text
from geoengage.privacy.page import phone_ways
from geoengage.profiles.rules import Address, Channel, PointState, Reach, Standing
from geoengage.reports.rules.explain import message_text

NUMBER, HANDLE = UUID(int=1), UUID(int=2)


@pytest.mark.parametrize("blocker", Blocker)
def test_a_blocker_is_told_in_its_own_words(blocker: Blocker) -> None:
    found = not_taken(passed_over("sms", blocker))
    assert (found.channel, found.reason, found.text) == ("sms", blocker, REASONS[blocker])


@pytest.mark.parametrize(
    "reason, text",
    [
        ("not_on_viber", "Viber does not know this number."),
        ("smtp_550", "The provider refused it: smtp 550."),
        ("a:b", "The provider refused it: a:b."),  # a code may hold what parts it from the channel
    ],
)
def test_a_providers_code_is_told(reason: str, text: str) -> None:
    assert not_taken(passed_over("viber", reason)).text == text


def test_where_the_provider_says_as_much_nothing_is_put_in_its_place() -> None:
    assert (refusal_text("smtp_550"), refusal_text(None)) == (None, None)


@pytest.mark.parametrize(
    "over, text",
    [
        ({}, "Handed over: SMS."),
        ({"channel": "preview"}, "Shown in the preview inbox (no provider)."),
        ({"status": "queued", "passed_over": ["viber:blocked"]},
         "Waiting to be sent. Not by Viber: This person has blocked the sender."),
        ({"status": "failed", "reason": "session_limit"}, f"Failed: {REASONS[Blocker.SESSION_LIMIT]}"),
        ({"status": "failed", "reason": "smtp_550", "provider_answer": "550 no"}, "Failed: 550 no."),
        ({"status": "skipped", "blockers": ["spend_limit"]}, f"Held back: {REASONS[Blocker.SPEND_LIMIT]}"),
    ],
)  # fmt: skip
def test_what_became_of_a_message(over: dict[str, object], text: str) -> None:
    row = {"status": "sent", "channel": "sms", "blockers": [], "provider_answer": None, "reason": None}
    assert message_text(row | {"passed_over": []} | over) == text


def reach(**points: PointState) -> Reach:
    """Somebody with a number, and with an id at the WhatsApp business 1. `points`: what is known of the number."""
    known = {(NUMBER, Channel(name)): state for name, state in points.items()}
    phones = (Address(NUMBER, "+41791234567", Channel.SMS), Address(HANDLE, "u", Channel.WHATSAPP, "1"))
    return Reach(UUID(int=3), None, None, {}, suppressed=False, standing=Standing([], points=known), phones=phones)


@pytest.mark.parametrize(
    "who, accounts, ways",
    [
        (reach(), [], []),
        (reach(), [("sms", None), ("viber", None)], ["viber", "sms"]),
        (reach(viber=PointState.BOUNCED, sms=PointState.REACHABLE), [("sms", None), ("viber", None)], ["sms"]),
        (reach(whatsapp=PointState.BOUNCED), [("whatsapp", "1")], ["whatsapp"]),  # by the id
        (reach(whatsapp=PointState.BOUNCED), [("whatsapp", "2")], []),  # another business does not know the id
        (reach(sms=PointState.STOPPED), [("sms", None), ("sms", None)], ["sms"]),  # receipts still come by it
    ],
)
def test_ways_to_the_phone(who: Reach, accounts: list[tuple[str, str | None]], ways: list[str]) -> None:
    assert phone_ways(who, [(Channel(channel), business) for channel, business in accounts]) == ways
