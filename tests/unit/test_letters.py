"""E-mails as bytes: MIME, headers that nobody can add to, and HTML in which nothing of the data is markup."""

from datetime import UTC, datetime
from email import message_from_bytes
from email.policy import SMTP
from html.parser import HTMLParser
from uuid import UUID

import pytest
from hypothesis import given
from hypothesis import strategies as st

from geoengage.messaging.letters import Letter, NoAddress, compose, write_html, write_text
from geoengage.messaging.rules import BrandKit, Row

AT = datetime(2026, 6, 1, 12, tzinfo=UTC)
URL = "https://shop.example/u/" + "A" * 64
HEADERS = {
    "List-Unsubscribe", "List-Unsubscribe-Post", "From", "To", "Subject", "Date", "Message-ID", "Content-Language",
    "MIME-Version", "Content-Type",
}  # fmt: skip


def letter(**over: object) -> Letter:
    values: dict[str, object] = {
        "message_id": UUID(int=7), "to": "mia@example.com", "from_address": "shop@example.com",
        "from_name": "Corner shop", "reply_to": None, "sender": "Corner shop", "subject": "Hello", "text": "One\n\nTwo",
        "unsubscribe_url": URL,
    } | over  # fmt: skip
    return Letter(**values)  # type: ignore[arg-type]


def test_an_email_parses_and_says_the_same_twice() -> None:
    made = letter(
        subject="Grüezi mitenand", text="Öl & Brot\n\nzwei\nZeilen", link="https://shop.example/7", button="Ansehen",
        rows=(Row("2 × Brot", "7.00"), Row("Summe", "CHF 7.00")), brand=BrandKit(address="Hauptgasse 1"),
        language="de-CH",
    )  # fmt: skip
    raw = compose(made, AT)
    assert b"\r\n\r\n" in raw
    assert all(len(line) <= 998 for line in raw.split(b"\r\n"))
    assert b"\n" not in raw.replace(b"\r\n", b"")
    parsed = message_from_bytes(raw, policy=SMTP)
    assert not parsed.defects
    assert (parsed["Subject"], parsed["Message-ID"]) == ("Grüezi mitenand", f"<{UUID(int=7)}@example.com>")
    assert parsed["Date"].datetime == AT
    assert parsed["List-Unsubscribe"] == f"<{URL}>"
    assert f"List-Unsubscribe: <{URL}>\r\n".encode() in raw, "in one line: folded ones are not found by some"
    assert "Feedback-ID" not in parsed
    assert [part.get_content_type() for part in parsed.walk()] == ["multipart/alternative", "text/plain", "text/html"]
    plain, html = [part.get_content() for part in parsed.iter_parts()]  # type: ignore[attr-defined]
    for words in ("Öl", "zwei", "2 × Brot", "CHF 7.00", "https://shop.example/7", "Hauptgasse 1", "Abmelden"):
        assert words in plain
        assert words in html
    assert "Öl &amp; Brot" in html


NASTY = st.text(alphabet=st.sampled_from("aé\r\n:<>\"',;@\\ \t\x00\u2028\u0085=?"), max_size=40)


@given(subject=NASTY, name=NASTY, sender=NASTY, text=NASTY)
def test_no_text_starts_a_header(subject: str, name: str, sender: str, text: str) -> None:
    injected = "\r\nBcc: all@example.com\r\n\r\n"
    made = letter(
        subject=subject + injected, from_name=name + injected, sender=sender + injected, text=text + injected,
        preheader=text + injected,
    )  # fmt: skip
    parsed = message_from_bytes(compose(made, AT), policy=SMTP)
    assert set(parsed.keys()) == HEADERS
    assert [a.addr_spec for a in parsed["To"].addresses] == ["mia@example.com"]
    assert [a.addr_spec for a in parsed["From"].addresses] == ["shop@example.com"]


@pytest.mark.parametrize(
    "to",
    [
        "",
        "mia",
        "a@b\r\nBcc: c@d",
        "a@b,c@d",
        "<a@b>",
        "a b@c",
        "ä@example.com",
        "a@exa mple",
        "a@b..c",
        "a" * 250 + "@b.ch",
    ],
)
def test_what_is_no_address_is_written_to_by_nobody(to: str) -> None:
    with pytest.raises(NoAddress):
        compose(letter(to=to), AT)


@pytest.mark.parametrize("url", ["https://x/\r\nBcc: a@b", "https://x/>,<y", "https://x/ü"])
def test_the_link_in_the_header_is_plain(url: str) -> None:
    with pytest.raises(ValueError, match="header"):
        compose(letter(unsubscribe_url=url), AT)


class Tags(HTMLParser):
    def __init__(self) -> None:
        super().__init__()
        self.found: list[tuple[str, dict[str, str | None]]] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.found.append((tag, dict(attrs)))


@given(st.text(alphabet=st.sampled_from("<>&\"'`{}%/ scriptonerror=x;:()"), max_size=60))
def test_nothing_of_the_data_is_markup(text: str) -> None:
    nasty = f"{text}<script>x</script><img src=x onerror=alert(1)>{{{{ 7 * 7 }}}}\"'"
    made = letter(
        subject=nasty, text=nasty, sender=nasty, preheader=nasty, button=nasty, link="https://shop.example/7",
        rows=(Row(nasty, nasty),), brand=BrandKit(address=nasty, footer=nasty),
    )  # fmt: skip
    tags = Tags()
    tags.feed(write_html(made))
    names = {tag for tag, _ in tags.found}
    assert names <= {
        "html", "head", "meta", "title", "style", "body", "div", "table", "tr", "td", "h1", "p", "br", "a"
    }  # fmt: skip
    assert not any(name.startswith("on") for _, attrs in tags.found for name in attrs)
    assert "49" not in write_html(made)
    assert {attrs["href"] for tag, attrs in tags.found if tag == "a"} == {"https://shop.example/7", URL}


def test_right_to_left_languages_read_from_the_right() -> None:
    assert 'dir="rtl"' in write_html(letter(language="ar"))
    assert "Unsubscribe" in write_text(letter(language="ar")), "in English, where the words are missing"
