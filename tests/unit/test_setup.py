"""What `scripts/setup.py` decides to install. The machine it looks at is given: programs found, release, variables."""

import importlib.util
import sys
from collections.abc import Callable
from pathlib import Path
from types import ModuleType

import pytest

SCRIPT = Path(__file__).resolve().parents[2] / "scripts" / "setup.py"
Machine = Callable[..., ModuleType]


@pytest.fixture
def machine(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Machine:
    """A machine without PostgreSQL, on which only the named programs are found."""

    def make(*programs: str, release: dict[str, str] | None = None, uid: int = 1000) -> ModuleType:
        spec = importlib.util.spec_from_file_location("geoengage_setup", SCRIPT)
        assert spec
        assert spec.loader
        setup = importlib.util.module_from_spec(spec)
        monkeypatch.setitem(sys.modules, "geoengage_setup", setup)
        spec.loader.exec_module(setup)
        for name in ("GEOENGAGE_DATABASE_URL", "GEOENGAGE_TEST_DATABASE_URL", "CHROMIUM"):
            monkeypatch.delenv(name, raising=False)
        monkeypatch.setattr(setup.shutil, "which", lambda name: f"/usr/bin/{name}" if name in programs else None)
        monkeypatch.setattr(setup.os, "geteuid", lambda: uid)
        monkeypatch.setattr(setup, "os_release", lambda: release or {"ID": "debian", "VERSION_ID": "12"})
        monkeypatch.setattr(setup, "postgis_package", lambda: "postgresql-15-postgis-3")
        monkeypatch.setattr("geoengage.kit.pgprograms.find_bindirs", list)
        return setup

    return make


def test_the_sudo_line_is_said_before_it_is_used(machine: Machine) -> None:
    (step,) = machine("apt-get", "sudo").system_packages({"postgresql"})
    line = "sudo scripts/apt-packages postgresql-15-postgis-3"
    assert step.cost.endswith(f"asks sudo once: {line}")
    assert step.commands == [line.split()]


def test_root_needs_no_sudo(machine: Machine) -> None:
    (step,) = machine("apt-get", uid=0).system_packages({"postgresql"})
    assert step.commands == [["scripts/apt-packages", "postgresql-15-postgis-3"]]


def test_a_database_of_ones_own_needs_no_postgresql(machine: Machine, monkeypatch: pytest.MonkeyPatch) -> None:
    setup = machine()
    monkeypatch.setenv("GEOENGAGE_DATABASE_URL", "postgresql+psycopg://somewhere/geoengage")
    assert setup.system_packages({"postgresql"}) == []


@pytest.mark.parametrize(
    "programs, text", [((), "docker build"), ((), "GEOENGAGE_DATABASE_URL"), (("apt-get",), "As root")]
)
def test_where_nothing_can_be_installed_it_says_what_works(
    machine: Machine, programs: tuple[str, ...], text: str
) -> None:
    setup = machine(*programs)
    with pytest.raises(setup.SetupError, match=text):
        setup.system_packages({"postgresql"})


def test_ubuntu_has_no_chromium_package(machine: Machine, capsys: pytest.CaptureFixture[str]) -> None:
    setup = machine("apt-get", "sudo", release={"ID": "ubuntu", "VERSION_ID": "24.04"})
    assert setup.system_packages({"chromium"}) == []
    assert "snap install chromium" in capsys.readouterr().out
    (step,) = machine("apt-get", "sudo").system_packages({"chromium"})
    assert step.commands[0][-1] == "chromium"
