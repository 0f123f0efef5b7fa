"""The rules of WhatsApp, SMS and Viber: segments, senders, templates, codes, signatures, words that stop."""

import math
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from geoengage.messaging.rules import Attempt, Failed, MessageChannel, Misconfigured, Sent, Then, sms, viber, whatsapp
from geoengage.messaging.rules.phone import (
    Note,
    Reply,
    SmsAccount,
    Template,
    ViberAccount,
    WhatsappAccount,
    account_flaws,
    command_of,
    e164,
    is_start,
    is_stop,
    said,
    stop_word,
)
from tests.providers.text_servers import KEY_ID, WEBHOOK_KEY, signed, signed_json

NOW = datetime(2026, 11, 20, 10, tzinfo=UTC)
ATTEMPT = Attempt(1, NOW, NOW + timedelta(hours=2), base_s=2.0, jitter=0.5)
ID = UUID("01890a5d-ac96-774b-bcce-b302099a8057")


# --- SMS ---------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "text, encoding, units, count",
    [
        ("", "GSM-7", 0, 0),
        ("a" * 160, "GSM-7", 160, 1),
        ("a" * 161, "GSM-7", 161, 2),
        ("a" * 306, "GSM-7", 306, 2),
        ("a" * 307, "GSM-7", 307, 3),
        ("€" * 80, "GSM-7", 160, 1),
        ("€" * 77, "GSM-7", 154, 1),
        ("a" * 152 + "€" + "a" * 10, "GSM-7", 164, 2),
        ("a" * 152 + "€" + "a" * 151, "GSM-7", 305, 2),
        ("a" * 152 + "€" + "a" * 152, "GSM-7", 306, 3),  # the escape is not cut: one septet stays empty
        ("ш" * 70, "UCS-2", 70, 1),
        ("ш" * 71, "UCS-2", 71, 2),
        ("ш" * 66 + "😀" + "ш" * 66, "UCS-2", 134, 3),  # nor is the surrogate pair
        ("a" * 70 + "š", "UCS-2", 71, 2),  # one foreign character makes all of it UCS-2
    ],
)
def test_segments_are_counted_before_sending(text: str, encoding: str, units: int, count: int) -> None:
    assert sms.segments(text) == sms.Segments(encoding, units, count)


@given(st.text(alphabet=st.sampled_from("aé€^ш😀\n"), max_size=400))
def test_segments_are_never_fewer_than_the_units_need(text: str) -> None:
    found = sms.segments(text)
    one, many = (160, 153) if found.encoding == "GSM-7" else (70, 67)
    least = 0 if not text else 1 if found.units <= one else math.ceil(found.units / many)
    assert least <= found.count <= least + math.ceil(least / (many // 2))


def test_plain_quotes_save_segments_and_other_scripts_stay() -> None:
    assert sms.plainer("It’s “fresh” – today…") == 'It\'s "fresh" - today...'
    assert sms.plainer("Свежо – данас") == "Свежо – данас"


def test_senders_by_country() -> None:
    named = SmsAccount(account_sid="AC", sender="SHOP", senders={"US": "+12025550123"})
    assert sms.sender_for(named, "+41791234567") == ("From", "SHOP")
    assert sms.sender_for(named, "+12015550123") == ("From", "+12025550123")
    assert sms.sender_for(SmsAccount(account_sid="AC", sender="SHOP"), "+12015550123") is None
    service = SmsAccount(account_sid="AC", messaging_service_sid="MG1", sender="SHOP")
    assert sms.sender_for(service, "+12015550123") == ("MessagingServiceSid", "MG1")
    assert (sms.can_be_answered(named, "+41791234567"), sms.can_be_answered(named, "+12015550123")) == (False, True)
    assert sms.refused(SmsAccount(account_sid="AC", sender="SHOP"), Note(to="+12015550123", text="x", purpose="m"))
    long = Note(to="+41791234567", text="ш" * 67 * 6 + "!", purpose="marketing")
    assert sms.refused(named, long) == Failed("too_long", "7 segments; 6 at most")


def test_both_signatures_of_twilio() -> None:
    url, form = "https://api.example.com/hooks/twilio", b"MessageSid=SM1&MessageStatus=delivered&AccountSid=AC1"
    secrets: dict[str, Any] = {"auth_token": "auth_token"}
    vector = "y7jlCvuSSW7VSX9onV4Sblzhv/M="  # PROTOCOLS.md 8
    assert sms.is_signed(secrets, url, form, signature=vector, settings=None)
    assert sms.is_signed(secrets, url.replace(".com/", ".com:443/"), form, signature=vector, settings=None)
    assert not sms.is_signed(secrets, url + "?message=1", form, signature=vector, settings=None)
    assert not sms.is_signed(secrets, url, form + b"&x=1", signature=vector, settings=None)
    assert not sms.is_signed(secrets, url, form, signature=None, settings=None)
    new = signed(url, {"MessageSid": "SM1"}, key_id=KEY_ID, key=WEBHOOK_KEY)
    seen, how = new["headers"]["X-Twilio-Signature"], new["headers"]["X-Twilio-Webhooks-Signature-Settings"]
    both = secrets | {"webhook_keys": {KEY_ID: WEBHOOK_KEY}}
    assert sms.is_signed(both, url, new["content"], signature=seen, settings=how)
    assert not sms.is_signed(secrets, url, new["content"], signature=seen, settings=how)
    # the header does not choose the algorithm: the auth token signs nothing in the new scheme
    old = signed(url, {"MessageSid": "SM1"}, key="auth_token")
    assert not sms.is_signed(
        both,
        url,
        old["content"],
        signature=old["headers"]["X-Twilio-Signature"],
        settings="key=other,algorithm=HMAC_SHA1",
    )
    address, signature = signed_json(url, b'{"a":1}', "auth_token")
    assert sms.is_signed(secrets, address, b'{"a":1}', signature=signature, settings=None)
    assert not sms.is_signed(secrets, address, b'{"a":2}', signature=signature, settings=None)


@pytest.mark.parametrize(
    "code, reason, then, retires, again",
    [
        (21610, "opted_out", Then.WITHDRAW, False, False),
        (30004, "blocked", Then.WITHDRAW, False, False),
        (21211, "invalid_number", None, True, False),
        (30006, "landline", None, True, False),
        (30005, "unknown_number", None, True, False),
        (30007, "carrier_filtered", None, False, False),
        (30003, "unreachable_phone", None, False, True),
        (20429, "rate", None, False, True),
        (39999, "twilio_39999", None, False, False),
    ],
)
def test_codes_of_twilio(code: int, reason: str, then: Then | None, retires: bool, again: bool) -> None:
    found = sms.after_code(code, "", ATTEMPT)
    assert isinstance(found, Failed)
    assert (found.reason, found.then, found.retire_address, found.retry_at is not None) == (
        reason,
        then,
        retires,
        again,
    )


def test_an_unreachable_phone_is_asked_twice_more_and_no_oftener() -> None:
    third = Attempt(3, NOW, NOW + timedelta(hours=2), base_s=2.0, jitter=0.5)
    assert sms.after_code(30003, "", third) == Failed("unreachable_phone", "")
    assert isinstance(sms.after_code(21408, "", ATTEMPT), Misconfigured)
    alone = sms.after_reply(Reply(401, {"code": 20003, "message": "Authenticate"}), ATTEMPT)
    assert isinstance(alone, Misconfigured)
    assert alone.pause is not None


# --- WhatsApp ----------------------------------------------------------------------------------------------------


def made(name: str = "news", language: str = "en", **over: Any) -> Template:
    values = {"category": "marketing", "status": "approved", "components": [{"type": "BODY", "text": "{{1}} {{2}}"}]}
    return Template(name=name, language=language, **(values | over))


ACCOUNT = WhatsappAccount(phone_number_id="1" * 8, business_account_id="2" * 8, templates={"marketing": "news"})


def test_a_template_is_taken_in_the_readers_language() -> None:
    some = [made(), made(language="pt_BR"), made(language="de"), made("other", "ar")]

    def choose(*chain: str) -> str:
        found = whatsapp.choose_template(ACCOUNT, some, "marketing", chain)
        assert found is not None
        return found.language

    assert [choose(tag) for tag in ("de", "pt-br", "pt", "en-gb")] == ["de", "pt_BR", "pt_BR", "en"]
    assert choose("ar") == "de"
    assert whatsapp.choose_template(ACCOUNT, some, "service", ["en"]) is None
    paused = [made(status="paused"), made(language="de", category="utility")]
    assert whatsapp.choose_template(ACCOUNT, paused, "marketing", ["en"]) is None


def test_a_template_that_a_message_cannot_fill_is_none_for_it() -> None:

    def fill(t: Template, **over: Any) -> Any:
        values = {"title": "T", "body": "B\n\tC", "link": "https://s.example/a", "image_url": None} | over
        return whatsapp.fill_template(t, **values)

    button = {"type": "BUTTONS", "buttons": [
        {"type": "QUICK_REPLY", "text": "Stop"}, {"type": "URL", "text": "See", "url": "https://s.example/{{1}}"},
    ]}  # fmt: skip
    shown = fill(made(components=[{"type": "BODY", "text": "{{title}}: {{body}}"}, button]))
    assert shown["components"] == [
        {"type": "body", "parameters": [
            {"type": "text", "text": "T", "parameter_name": "title"},
            {"type": "text", "text": "B C", "parameter_name": "body"},
        ]},
        {"type": "button", "sub_type": "url", "index": "1", "parameters": [{"type": "text", "text": "a"}]},
    ]  # fmt: skip
    assert fill(made(components=[button]), link="https://elsewhere.example/a") is None
    assert fill(made(components=[button]), link=None) is None
    assert fill(made(components=[{"type": "BODY", "text": "{{campaign}}"}])) is None
    picture = made(components=[{"type": "HEADER", "format": "IMAGE"}])
    assert fill(picture) is None
    assert fill(picture, image_url="https://s.example/a.jpg")["components"][0]["parameters"][0]["type"] == "image"


def test_every_documented_code_of_whatsapp_has_a_meaning() -> None:
    documented = [
        0, 190, 3, 10, 200, 299, 4, 80007, 130429, 131056, 131048, 131064, 131049, 131050, 131026, 131047, 130472,
        130497, 131030, 131008, 131009, 131051, 132000, 132001, 132005, 132007, 132008, 132012, 131021, 132015, 132016,
        131052, 131053, 131042, 131044, 131045, 131031, 368, 133016, 131000, 131016, 131057, 131062, 131063, 135000,
    ]  # fmt: skip
    for code in documented:
        found = whatsapp.after_code(code, "", ATTEMPT)
        word = found.what if isinstance(found, Misconfigured) else found.reason
        assert not word.startswith("whatsapp_"), code
    pair = [
        whatsapp.after_code(131056, "", Attempt(n, NOW, NOW + timedelta(hours=2), base_s=2.0, jitter=0.0)).retry_at
        for n in (1, 2, 3)
    ]
    assert [(at - NOW).total_seconds() for at in pair if at] == [6.0, 12.0, 24.0]


def test_the_signature_of_meta() -> None:
    seen = "sha256=63bdd5468fd11a9e9cb6a6a61172b40371faa4cdeb50c4f7886ef2c105faed92"  # PROTOCOLS.md 8
    assert whatsapp.is_signed("app_secret", seen, b'{"order_id":"1001"}')
    assert not whatsapp.is_signed("app_secret", seen, b'{"order_id":"1002"}')
    assert not whatsapp.is_signed("app_secret", None, b"")


# --- Viber -------------------------------------------------------------------------------------------------------


def test_a_viber_message_with_picture_and_button() -> None:
    account = ViberAccount(base="x1y2", sender="SHOP")
    note = Note(
        to="+381641234567", text="ш" * 1200, purpose="marketing", link="https://s.example/a", button="B" * 40,
        image_url="https://s.example/a.jpg", stop="https://s.example/u/t", callback_url="https://s.example/hook",
    )  # fmt: skip
    call = viber.message_call("https://x1y2.api.infobip.com", account, {"api_key": "k" * 8}, note, ID, 5)
    message = msgspec.json.decode(call.body or b"")["messages"][0]
    assert message["destinations"] == [{"to": "381641234567", "messageId": str(ID)}]
    content = message["content"]
    assert (content["type"], content["mediaUrl"]) == ("IMAGE", note.image_url)
    assert (len(content["text"]), content["text"].endswith("…\nhttps://s.example/u/t")) == (1000, True)
    assert len(content["button"]["title"]) == 30
    assert message["options"]["label"] == "PROMOTIONAL"
    assert message["options"]["validityPeriod"]["amount"] == 30
    assert message["webhooks"]["seen"]["url"] == note.callback_url
    assert call.headers["Authorization"] == "App kkkkkkkk"


@pytest.mark.parametrize(
    "name, reason, then, retires",
    [
        ("EC_USER_BLOCKED", "blocked", Then.WITHDRAW, False),
        ("EC_NOT_VIBER_USER", "not_on_viber", None, True),
        ("NO_SUITABLE_DEVICE", "no_suitable_device", None, False),
        ("WAIT_FOR_USER_RESPONSE", "session_limit", Then.END_SESSION, False),
        ("REJECTED_DESTINATION", "invalid_number", None, True),
        ("EXPIRED_EXPIRED", "expired_expired", None, False),
    ],
)
def test_statuses_of_viber(name: str, reason: str, then: Then | None, retires: bool) -> None:
    assert viber.after_status(name, "w", ATTEMPT) == Failed(reason, "w", retire_address=retires, then=then)


def test_a_message_that_infobip_has_had_is_sent() -> None:
    status = {"groupName": "REJECTED", "name": "REJECTED_DUPLICATE_MESSAGE_ID"}
    row = {"messageId": str(ID), "status": status}
    assert viber.after_reply(Reply(200, {"messages": [row]}), ATTEMPT) == Sent(str(ID))


# --- in common ---------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("text", ["STOP", " stop. ", "Stopp!", "Odjava", "إيقاف", "СТОП", "Dezabonare", "ATTEIKTIES"])
def test_words_that_stop(text: str) -> None:
    assert is_stop(command_of(text))


def test_other_words_do_not_stop() -> None:
    for text in ("don't stop", "when do you stop selling strawberries", "stop " * 20, "", "no"):
        assert not is_stop(command_of(text))
    assert is_start(command_of("Start"))
    assert all(is_stop(command_of(stop_word(tag))) for tag in ("en", "de-CH", "sr", "ro", "lv", "da", "ar", None))


def test_numbers_and_what_is_said_of_them() -> None:
    assert (e164("41791234567"), e164("+41791234567"), e164("SHOP"), e164(None)) == ("+41791234567",) * 2 + (None, None)
    assert said(400, 21211, "The number +41791234567 is\nwrong") == "400 21211 The number … is wrong"


def test_accounts_that_are_none() -> None:
    good: dict[str, Any] = {"access_token": "a" * 20, "app_secret": "b" * 20}
    assert account_flaws(MessageChannel.WHATSAPP, ACCOUNT, good) == {}
    wrong = WhatsappAccount(phone_number_id="+41", business_account_id="x", templates={"marketing": "No Good"})
    assert set(account_flaws(MessageChannel.WHATSAPP, wrong, {})) == {
        "phone_number_id", "business_account_id", "templates", "access_token", "app_secret",
    }  # fmt: skip
    nobody = SmsAccount(account_sid="AC" + "0" * 32)
    assert set(account_flaws(MessageChannel.SMS, nobody, {"auth_token": "a" * 20})) == {"sender"}
    elsewhere = ViberAccount(base="evil.example.com/", sender="SHOP")
    assert set(account_flaws(MessageChannel.VIBER, elsewhere, {"api_key": "a" * 20})) == {"base"}
