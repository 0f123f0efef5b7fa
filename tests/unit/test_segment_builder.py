"""What the console's builder makes of conditions, by all its dropdowns, is what the language takes."""

import json
import shutil
import subprocess

import pytest

from geoengage.segments.rules import KINDS, read_definition
from tests.conftest import ROOT

JOINING = {"all", "any", "not"}


def test_whatever_the_builder_makes_the_language_takes() -> None:
    node = shutil.which("node")
    if node is None:
        pytest.skip("no node here")
    script = ROOT / "web" / "test" / "every_definition.js"
    said = subprocess.run([node, str(script)], capture_output=True, text=True, check=True).stdout
    definitions = json.loads(said)
    for definition in definitions:
        read_definition(definition)
    assert {definition["kind"] for definition in definitions} == set(KINDS) - JOINING
    assert len(definitions) > 1000
