"""What is read of answers to e-mails, and when something may be answered."""

from datetime import UTC, datetime
from uuid import uuid4

import pytest
from hypothesis import given
from hypothesis import strategies as st

from geoengage.kit import errors
from geoengage.messaging.rules.inbound_mail import answer_address, read_letter, read_token, unquoted
from geoengage.messaging.rules.phone import command_of, is_stop
from geoengage.messaging.rules.replies import (
    TEXT_MOST,
    Place,
    WhyNot,
    kept_text,
    read_place,
    subject_of,
    why_not,
    write_place,
)

KEY = "a-key-for-tests-only-0123456789abcdef"


@pytest.mark.parametrize(
    "text, said",
    [
        ("Yes\n\nOn Mon, 2 Nov 2026, Shop <a@b.ch> wrote:\n> old", "Yes"),
        ("Ja\r\n\r\nAm 02.11.2026 um 10:00 schrieb Shop\r\n<a@b.ch>:\r\n> alt\r\n", "Ja"),
        ("Oui\n\nLe lun. 2 nov. 2026 à 10:00, Shop a écrit :\n> x", "Oui"),
        ("Sì\n-----Original Message-----\nFrom: Shop", "Sì"),
        ("Yes\n\nFrom: Shop <a@b.ch>\nSent: Monday\nSubject: x\n\nold", "Yes"),
        ("Above\n> quoted\nbelow\n-- \nMia Keller", "Above\n\nbelow".replace("\n\n", "\n")),
        ("On Mondays I wrote to you: twice", "On Mondays I wrote to you: twice"),
        ("> only what was quoted", "> only what was quoted"),
        ("", ""),
    ],
)
def test_what_is_quoted_goes(text: str, said: str) -> None:
    assert unquoted(text) == said


def test_html_becomes_words_and_broken_mail_becomes_nothing_worse() -> None:
    html = (
        b"Content-Type: text/html; charset=utf-8\r\n\r\n<style>p{}</style><p>Guten <b>Tag</b></p>"
        b"<script>x</script><blockquote>alt</blockquote>"
    )
    assert read_letter(html).text == "Guten Tag"
    assert read_letter(b"Content-Type: text/plain; charset=klingon\r\n\r\nhello").text in ("", "hello")
    for raw in (b"", b"\xff\xfe\x00", b"From: <\r\nTo: (((\r\n\r\nx", b"Content-Type: multipart/mixed\r\n\r\nx"):
        read_letter(raw)


@pytest.mark.parametrize(
    "header",
    ["Auto-Submitted: auto-replied", "Precedence: bulk", "Return-Path: <>", "List-Id: <a.b>", "X-Autoreply: yes"],
)
def test_programs_are_no_people(header: str) -> None:
    assert read_letter(f"{header}\r\n\r\nI am away".encode()).is_automatic
    assert not read_letter(b"Auto-Submitted: no\r\n\r\nHello").is_automatic


@given(st.binary(max_size=400))
def test_no_bytes_break_the_reader(raw: bytes) -> None:
    read_letter(raw)


def test_an_address_for_answers_names_its_message_and_cannot_be_made_up() -> None:
    app, message = uuid4(), uuid4()
    address = answer_address(KEY, app, message, "talk@shop.example")
    local = address.partition("@")[0]
    assert (local.startswith("talk+"), len(local) <= 64) == (True, True)
    token = read_letter(f"To: {address.upper()}\r\n\r\nx".encode()).token
    assert read_token(KEY, app, token) == message
    assert read_token(KEY, uuid4(), token) is None
    assert read_token("another key", app, token) is None
    for n in range(len(local) - 5):
        swapped = (local[5 + n] != "a" and "a") or "b"
        forged = local[5 : 5 + n] + swapped + local[6 + n :]
        assert read_token(KEY, app, forged) in (None, message)  # the last letter's spare bits say nothing
    for nothing in (None, "", "a", "1" * 42, "ä" * 42):
        assert read_token(KEY, app, nothing) is None


def test_the_first_of_all_hindrances_is_named() -> None:
    free = {"has_sender": True, "is_stopped": False, "is_reachable": True, "is_refused": False, "has_window": True}
    assert why_not(**free, is_open=True) is None
    assert why_not(**free, is_open=False) is WhyNot.WINDOW_CLOSED
    assert why_not(**free | {"has_window": False}, is_open=False) is None
    assert why_not(**free | {"is_stopped": True, "is_reachable": False}, is_open=False) is WhyNot.STOPPED
    assert why_not(**free | {"is_reachable": False}, is_open=False) is WhyNot.NO_ADDRESS
    assert why_not(**free | {"is_refused": True}, is_open=True) is WhyNot.REFUSED
    assert why_not(**free | {"has_sender": False}, is_open=True) is WhyNot.NO_SENDER


def test_texts_subjects_and_cursors() -> None:
    assert kept_text(" a\x00b ") == "ab"
    assert len(kept_text("x" * 9_000)) == TEXT_MOST
    assert (subject_of("RE: Hoi"), subject_of("Hoi\nBcc: x"), subject_of(None)) == ("RE: Hoi", "Re: Hoi Bcc: x", "Re:")
    place = Place(datetime(2026, 11, 29, 4, 5, 6, 789, UTC), uuid4())
    assert read_place(write_place(place)) == place
    with pytest.raises(errors.Invalid):
        read_place("no cursor")


@pytest.mark.parametrize(
    "word", ["Stop.", "ABMELDEN", "Désabonner", "baja", "одјава", "wypisz", "Odhlásit!", "إلغاء", "הסר"]
)
def test_stop_in_the_tenants_languages(word: str) -> None:
    assert is_stop(command_of(word))
