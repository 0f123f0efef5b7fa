"""The journal of erasures, blanking a person in files, the words and pages of the preference page."""

import gzip
import json
from datetime import UTC, datetime, timedelta
from pathlib import Path
from uuid import uuid4

import pytest

from geoengage.privacy import files, journal, page, record, retention
from geoengage.privacy.rules import ERASURE_MAP, Way
from geoengage.profiles.rules import Channel, ConsentState, Decision, Hold, Purpose, Standing
from tests.conftest import KEY, ROOT

NOW = datetime(2026, 11, 28, 12, tzinfo=UTC)
TENANT = uuid4()


# --- the journal --------------------------------------------------------------------------------------------------


def entry(at: datetime, *hashes: str) -> journal.Entry:
    return journal.Entry(TENANT, uuid4(), at, hashes)


def test_the_journal_knows_nobody_by_name(tmp_path: Path) -> None:
    path = tmp_path / "data" / journal.FILE
    hashed = journal.hash_name(KEY, TENANT, "email", "anna@example.com")
    first = entry(NOW, hashed)
    assert journal.add(path, [first]) == 1
    assert journal.add(path, [first, entry(NOW + timedelta(days=1))]) == 1  # the first is there
    assert journal.read_file(path)[0] == first
    assert "anna" not in path.read_text()
    assert path.stat().st_mode & 0o077 == 0
    assert hashed != journal.hash_name(KEY + "x", TENANT, "email", "anna@example.com")
    assert hashed != journal.hash_name(KEY, uuid4(), "email", "anna@example.com")
    assert hashed != journal.hash_name(KEY, TENANT, "phone", "anna@example.com")


def test_a_line_that_was_cut_off_harms_no_other(tmp_path: Path) -> None:
    path = tmp_path / journal.FILE
    journal.add(path, [entry(NOW)])
    path.write_text(path.read_text() + journal.as_line(entry(NOW))[:40])
    later = entry(NOW + timedelta(days=2))
    journal.add(path, [later])
    assert [e.at for e in journal.read_file(path)] == [NOW, later.at]
    journal.forget(path, NOW + timedelta(days=1))
    assert journal.read_file(path) == [later]
    journal.forget(tmp_path / "nowhere", NOW)


def test_who_comes_back_is_a_new_person() -> None:
    hashes = journal.erased_at([entry(NOW, "h"), entry(NOW - timedelta(days=9), "h", "g")])
    assert journal.is_copy(hashes, "h", NOW - timedelta(seconds=1))
    assert not journal.is_copy(hashes, "h", NOW + timedelta(seconds=1))
    assert not journal.is_copy(hashes, "g", NOW)
    assert not journal.is_copy(hashes, "f", NOW - timedelta(days=99))


# --- files --------------------------------------------------------------------------------------------------------

CSV = (
    b"email,phone,card,total\r\n"
    b"anna@example.com,+41 79 123 45 67,C-1001,5\r\n"
    b"joanna@example.com,,,7\r\n"
    b'"Anna@Example.com",,,8\r\n'
    b"ben@example.com,0791234567,,1001\r\n"
    b"ben@example.com,079 999 45 67,C-10012,42\r\n"
    b"anna@example.com.au,,,C-1001"
)
NAMES = [("email", "anna@example.com"), ("phone", "+41791234567"), ("loyalty_card", "C-1001"), ("source_id", "erp:42")]


def test_lines_about_a_person_are_blanked_and_no_other(tmp_path: Path) -> None:
    folder = tmp_path / "imports" / "one"
    folder.mkdir(parents=True)
    (folder / "plain.csv").write_bytes(CSV)
    with gzip.open(folder / "packed.csv.gz", "wb") as packed:
        packed.write(CSV)
    (folder / "other.csv").write_bytes(b"ben@example.com\n")
    assert files.blank([tmp_path / "imports", tmp_path / "missing"], NAMES) == 2 * 4
    for content in ((folder / "plain.csv").read_bytes(), gzip.decompress((folder / "packed.csv.gz").read_bytes())):
        assert len(content) == len(CSV)  # an import that is reading keeps its place
        kept = content.split(b"\r\n")
        assert [bool(line.strip()) for line in kept] == [True, False, True, False, False, True, False]
    assert (folder / "other.csv").read_bytes() == b"ben@example.com\n"
    assert sorted(p.name for p in folder.iterdir()) == ["other.csv", "packed.csv.gz", "plain.csv"]


def test_a_damaged_archive_goes(tmp_path: Path) -> None:
    (tmp_path / "cut.gz").write_bytes(gzip.compress(CSV)[:60])
    assert files.blank([tmp_path], NAMES) == 1
    assert list(tmp_path.iterdir()) == []


def test_short_ids_are_not_searched_for(tmp_path: Path) -> None:
    (tmp_path / "a.csv").write_bytes(b"17,5\n")
    assert files.blank([tmp_path], [("external_id", "17")]) == 0


# --- the page -----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("language", page.ORDER)
def test_every_language_says_everything(language: str) -> None:
    english, words = page.words("en"), page.words(language)
    assert words.keys() == english.keys()
    assert all(words.values())
    for name, text in english.items():
        for place in ("{name}", "{date}"):
            assert (place in text) is (place in words[name]), name
    assert page.shown_date(NOW, language)
    assert {c.value for c in Channel} <= words.keys()
    assert {p.value for p in (Purpose.MARKETING, Purpose.SERVICE)} <= words.keys()
    assert (words["direction"] == "rtl") is (language == "ar")


def test_languages_are_chosen() -> None:
    assert page.choose_language(None, "de-CH", "fr") == "de"
    assert page.choose_language("xx", None, "FR_ca") == "fr"
    assert page.choose_language(None) == "en"
    assert page.accepted("fr-CH, fr;q=0.9, en;q=x, de;q=0.95") == ["fr-CH", "de", "fr"]


@pytest.mark.parametrize(("color", "ink"), [("#ffffff", "#000000"), ("#000000", "#ffffff"), ("#e8b500", "#000000")])
def test_what_stands_on_the_brand_can_be_read(color: str, ink: str) -> None:
    assert page.Brand("x", color).ink == ink


def test_only_what_was_shown_and_changed_is_decided() -> None:
    toys, books = uuid4(), uuid4()
    yes = Decision(
        identifier_id=uuid4(), channel=Channel.EMAIL, purpose=Purpose.MARKETING, store_id=toys,
        state=ConsentState.SUBSCRIBED, text_version="1", source="x", at=NOW,
    )  # fmt: skip
    senders = page.list_senders(Standing([yes]), {Channel.SMS}, "Mall", {toys: "Toys", books: "Books"})
    assert [s.name for s in senders] == ["Mall", "Books", "Toys"]
    choices = {c.key: c for s in senders for section in s.purposes for c in section.choices}
    assert len(choices) == 3 * 2 * 2
    on = {key for key, c in choices.items() if c.is_on}
    assert f"email|marketing|{toys}" in on
    assert not {k for k in on if "marketing" in k} - {f"email|marketing|{toys}"}
    assert page.changed(senders, choices, on) == []
    (off,) = page.changed(senders, choices, on - {f"email|marketing|{toys}"})
    assert (off.store_id, off.is_on) == (toys, False)
    assert page.changed(senders, [], []) == []  # nothing was shown
    assert page.changed(senders, ["email|marketing|forged"], ["email|marketing|forged"]) == []
    stopped = page.list_senders(Standing([yes], [Hold(stopped_at=NOW)]), (), "Mall", {toys: "Toys"})
    assert not any(c.is_on for s in stopped for section in s.purposes[:1] for c in section.choices)
    assert page.list_senders(Standing(), (), "Mall", {}) == []


def test_what_comes_from_data_is_escaped() -> None:
    frame = page.Frame("en", page.Brand("<b>&", "#123456"), "<script>", "/p/x", "nonce")
    html = page.render(
        frame, "preferences", "title", said="", senders=[page.Sender("<i>", [])], groups=[], is_full=True,
        paused_until="", ways=[("<i>", "email")], first="",
    )  # fmt: skip
    assert "<b>" not in html
    assert "<script>" not in html
    assert "&lt;script&gt;" in html


# --- retention ----------------------------------------------------------------------------------------------------


def test_every_kind_is_of_tables_of_the_map_and_within_limits() -> None:
    named = [table.name for kind in retention.KINDS.values() for table in kind.tables]
    assert len(named) == len(set(named))
    assert set(named) | set(retention.ELSEWHERE) <= set(ERASURE_MAP)
    for kind in retention.KINDS.values():
        assert kind.least <= kind.usual <= kind.most


def test_every_group_of_the_page_exists() -> None:
    names = {entry.name for entry in ERASURE_MAP.values() if entry.way is not Way.NONE}
    grouped = [name for group in page.GROUPS.values() for name in group]
    assert len(grouped) == len(set(grouped))
    assert set(grouped) <= names
    assert page.grouped({"profile": 1, "devices": 2, "unheard_of": 3}) == [
        ("g_profile", 1), ("g_devices", 2), ("g_other", 3),
    ]  # fmt: skip


def test_days_are_checked() -> None:
    assert retention.days_of({"visits": 40})["visits"] == 40
    with pytest.raises(Exception, match="choose"):
        retention.check_days("positions", 61)
    assert json.dumps(list(retention.KINDS))


# --- the record ---------------------------------------------------------------------------------------------------


def test_the_docs_hold_the_record_of_the_schema() -> None:
    text = (ROOT / "docs" / "privacy.md").read_text()
    held = text[text.index(record.BEGIN) : text.index(record.END) + len(record.END)]
    assert held == record.write(), "put what `geoengage privacy record` prints between its marks in docs/privacy.md"
