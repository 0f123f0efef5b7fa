"""Every scenario fails when the rule that it guards is switched off in the running engine, so none passes by chance."""

import pytest

from tests.e2e.scenario_player import NAMES, Player, diff, player, read
from tests.scenario_switches import SWITCHES

__all__ = ["player"]
pytestmark = pytest.mark.slow


@pytest.mark.parametrize("name", NAMES)
def test_it_fails_without_its_rule(player: Player, name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    file = read(name)
    SWITCHES[file.scenario.guards](monkeypatch)
    result = player.play(file)
    words = f"{file.scenario.guards.value} was switched off, and everything came as before"
    assert result.failed, f"{words}\n{diff(result)}"
