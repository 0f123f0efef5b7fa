"""The scenario files, and a server with a virtual clock that plays them: one for all tests of a file."""

import logging
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import pytest
import structlog

from geoengage.kit import clock
from geoengage.kit.settings import Settings
from geoengage.scenarios import report
from geoengage.scenarios.checks import File, find_files, read_file
from geoengage.scenarios.client import Client
from geoengage.scenarios.runner import Result, run_with_clock
from geoengage.scenarios.server import running
from tests.conftest import KEY, ROOT, plain_logging

FOLDER = ROOT / "scenarios"
NAMES = [str(path.relative_to(FOLDER)) for path in find_files([FOLDER])]


@dataclass
class Player:
    """`server` is the control of the server."""

    server: Client

    def play(self, file: File) -> Result:
        return run_with_clock(file, self.server)


def read(name: str) -> File:
    return read_file(FOLDER / name, name)


def diff(result: Result) -> str:
    """What the command line would print."""
    return "\n".join(line.plain for line in report.lines(result, verbose=True))


@contextmanager
def open_player(database_url: str, data_dir: Path) -> Iterator[Player]:
    structlog.configure(wrapper_class=structlog.make_filtering_bound_logger(logging.CRITICAL))
    before = clock.utc_now()
    with running(Settings(data_dir=data_dir, secret_key=KEY), database_url) as (address, key):
        client = Client(address, key)
        yield Player(client)
        client.close()
    plain_logging()
    assert clock.utc_now() >= before, "the wall clock is back"


@pytest.fixture(scope="module")
def player(clone: Callable[[], str], tmp_path_factory: pytest.TempPathFactory) -> Iterator[Player]:
    with open_player(clone(), tmp_path_factory.mktemp("scenarios")) as opened:
        yield opened
