"""Reading scenario files: what is wrong is named by file, line, step and field; all of it at once."""

import json
import re
from pathlib import Path

import jsonschema
import pytest

from geoengage.scenarios.checks import Invalid, find_files, parse, read_file
from geoengage.scenarios.format import ACTIONS, Kind, Scenario, json_schema
from geoengage.scenarios.guards import Guard
from geoengage.scenarios.yaml_text import read_text
from tests.conftest import ROOT

GOOD = """\
scenario: 1
title: Somebody comes in
kind: gaps
guards: silence
end: "2:00"
floor_plan:
  levels: [0]
  zones:
    shop: {shape: {box: [0, 0, 20, 20]}, levels: [0]}
steps:
  - {at: 0, ping: {x: 10, y: 10, level: 0}}
  - at: "1:00"
    walk:
      every_s: 10
      path: [[0, 10, 10], [30, 12, 10]]
expect:
  events:
    - {kind: entered, at: 0}
"""


def flaws(text: str) -> list[str]:
    with pytest.raises(Invalid) as caught:
        parse(text, "x.yaml")
    return [str(flaw) for flaw in caught.value.flaws]


def changed(old: str, new: str) -> str:
    assert old in GOOD
    return GOOD.replace(old, new)


def test_a_good_file() -> None:
    file = parse(GOOD, "x.yaml")
    assert file.scenario.seconds(file.scenario.end) == 120
    assert file.step_line(2) == 12


@pytest.mark.parametrize(
    "old, new, where, detail",
    [
        ("x: 10, y: 10", "x: ten, y: 10", "x.yaml:11: step 1: ping.x: ", "number"),
        ("x: 10, y: 10", 'x: "10", y: 10', "x.yaml:11: step 1: ping.x: ", "number"),
        ("x: 10, y: 10", "x: 10", "x.yaml:11: step 1: ping: ", "belong together"),
        ("level: 0}", "levle: 0}", "x.yaml:11: step 1: ping.levle: ", "not permitted"),
        ("every_s: 10", "every_s: 0", "x.yaml:14: step 2: walk.every_s: ", "greater than 0"),
        ("[30, 12, 10]", "[0, 12, 10]", "x.yaml:15: step 2: walk.path: ", "must rise"),
        ('at: "1:00"', "at: 2026-06-15T10:00:00", "x.yaml:12: step 2: at: ", "offset"),
        ('at: "1:00"', "at: soon", "x.yaml:12: step 2: at: ", "Invalid isoformat"),
        ('at: "1:00"', "at: -5", "x.yaml:12: step 2: at: ", "before the step above it"),
        ("guards: silence", "guards: sillence", "x.yaml:4: guards: ", "Input should be 'consent'"),
        ("kind: gaps", "kind: gap", "x.yaml:3: kind: ", "border_jitter"),
        ("scenario: 1", "scenario: 2", "x.yaml:1: scenario: ", "1"),
        ('end: "2:00"', "end: 80", "x.yaml:5: end: ", "before the last position, 90 s"),
        ('end: "2:00"', 'end: "80:00:00"', "x.yaml:5: end: ", "3 days"),
        ("box: [0, 0, 20, 20]", "box: [0, 0, 0, 20]", "x.yaml:9: floor_plan.zones.shop.shape: ", "x0 < x1"),
        ("box: [0, 0, 20, 20]", "", "x.yaml:9: floor_plan.zones.shop.shape: ", "box, polygon, circle"),
        (", levels: [0]}", "}", "x.yaml:9: floor_plan.zones.shop.levels: ", "name its floors"),
        (", levels: [0]}", ", levels: [3]}", "x.yaml:9: floor_plan.zones.shop.levels: ", "the plan has [0]"),
        (
            "levels: [0]}",
            "levels: [0], rules: {enter: 1}}",
            "x.yaml:9: floor_plan.zones.shop.rules.enter: ",
            "not perm",
        ),
        ("{kind: entered", "{zone: shoo, kind: entered", "x.yaml:18: expect.events.1.zone: ", "only shop"),
        ("{kind: entered", "{device: anna, kind: entered", "x.yaml:18: expect.events.1.device: ", "only phone"),
        ("ping: {x", "answer: {accepted: -1}, ping: {x", "x.yaml:11: step 1: answer.accepted: ", "greater"),
        ("ping: {x: 10, y: 10, level: 0}", "publish: shop", "x.yaml:11: step 1: publish: ", "draft: true"),
        ("ping: {x: 10, y: 10, level: 0}", "delete: shoo", "x.yaml:11: step 1: delete: ", "no zone `shoo`"),
        ("ping: {x: 10, y: 10, level: 0}", "again: 1", "x.yaml:11: step 1: again: ", "earlier step"),
        ("ping: {x: 10, y: 10, level: 0}", "ping: {hears: {b: -60}}", "x.yaml:11: step 1: ping.hears: ", "no beacon"),
        ("{at: 0, ping: {x: 10, y: 10, level: 0}}", "{at: 0}", "x.yaml:11: step 1: ", "one thing"),
        ("title: Somebody comes in", "title: a\ntitle: b", "x.yaml:3: ", "given twice"),
        (
            "expect:\n  events:\n    - {kind: entered, at: 0}\n",
            "expect: {}\n",
            "x.yaml:16: expect: ",
            "expect something",
        ),
    ],
)
def test_what_is_wrong_and_where(old: str, new: str, where: str, detail: str) -> None:
    (found,) = flaws(changed(old, new))
    assert found.startswith(where)
    assert detail in found


def test_everything_wrong_is_said_at_once() -> None:
    found = flaws(GOOD.replace("x: 10", "x: ten").replace("every_s: 10", "every_s: -1").replace("title:", "titel:"))
    assert [line.split(": ")[0] for line in found] == ["x.yaml:1", "x.yaml:2", "x.yaml:11", "x.yaml:14"]


@pytest.mark.parametrize(
    "text, line",
    [("a: [1", 1), ("a:\n  - b\n c", 3), ("a: 1\nb: \x00", 2), ("a: &x [*x]", 1), ("- !!python/name:os", 1)],
)
def test_no_yaml_at_all(text: str, line: int) -> None:
    (found,) = flaws(text)
    assert found.startswith(f"x.yaml:{line}: ")


def test_an_empty_file_is_no_scenario() -> None:
    assert "x.yaml:1: " in flaws("")[0]


def test_texts_stay_texts() -> None:
    found = read_text("a: 10:30\nb: no\nc: 2026-03-29\nd: 1.5e3\ne: -7\nf: ~\ng: true\nh: 0x10\n").value
    assert found == {
        "a": "10:30",
        "b": "no",
        "c": "2026-03-29",
        "d": 1500.0,
        "e": -7,
        "f": None,
        "g": True,
        "h": "0x10",
    }


def test_several_phones_and_zones_are_named() -> None:
    text = changed("steps:", "devices: {anna: {}, ben: {}}\nsteps:")
    assert [line.split(": ", 1)[1] for line in flaws(text)] == [
        "step 1: ping: name the device: anna, ben",
        "step 2: walk: name the device: anna, ben",
        "expect.events.1: name the device: anna, ben",
    ]


def test_files_and_folders(tmp_path: Path) -> None:
    for name in ("b.yaml", "sub/a.yml", "notes.txt"):
        (tmp_path / name).parent.mkdir(exist_ok=True)
        (tmp_path / name).write_text(GOOD)
    assert [p.name for p in find_files([tmp_path, tmp_path / "b.yaml"])] == ["b.yaml", "a.yml"]
    with pytest.raises(Invalid, match="no such file"):
        find_files([tmp_path / "nowhere"])
    (tmp_path / "b.yaml").write_bytes(b"\xff\xfe")
    with pytest.raises(Invalid, match="UTF-8"):
        read_file(tmp_path / "b.yaml")


def test_the_schema_is_the_committed_one_and_fits_all_files() -> None:
    """`geoengage scenario schema > docs/scenario.schema.json` after a change of the format."""
    schema = json.loads((ROOT / "docs" / "scenario.schema.json").read_text())
    assert schema == json.loads(json.dumps(json_schema()))
    validator = jsonschema.Draft202012Validator(schema)
    for path in find_files([ROOT / "scenarios"]):
        validator.validate(read_text(path.read_text()).value)
    assert not validator.is_valid(read_text(changed("kind: gaps", "kind: gap")).value)


def test_every_field_is_described() -> None:
    """Whoever writes a file in an editor with the schema is told what each field means."""
    parts = json_schema()["$defs"].items()
    ours = [(name, part) for name, part in parts if part.get("type") == "object"]
    bare = [
        f"{name}.{field}"
        for name, part in ours
        for field, about in part["properties"].items()
        if "description" not in about
    ]
    assert not bare


def test_the_documentation_has_a_file_that_is_right_and_names_everything() -> None:
    text = (ROOT / "docs" / "scenarios.md").read_text()
    (example,) = re.findall(r"```yaml\n(.*?)```", text, re.DOTALL)
    assert parse(example, "docs").scenario.title
    assert not [guard for guard in Guard if f"| `{guard.value}` | {guard.says} |" not in text]
    assert not [name for name in (*ACTIONS, *Kind, *Scenario.model_fields) if f"`{name}`" not in text]
