"""The commands that make the first tenant, operator, app and keys, on a database where commits are real."""

from collections.abc import Callable

import pytest
from typer.testing import CliRunner, Result

from geoengage.cli import app
from geoengage.tenancy.rules import parse_key

PASSWORD = "correct horse battery"


@pytest.fixture(scope="module")
def database(clone: Callable[[], str]) -> str:
    """One database for the commands of this file."""
    return clone()


@pytest.fixture
def run(database: str, monkeypatch: pytest.MonkeyPatch) -> Callable[..., Result]:
    """Runs `geoengage …`."""
    monkeypatch.setenv("GEOENGAGE_DATABASE_URL", database)
    monkeypatch.setenv("GEOENGAGE_PASSWORD", PASSWORD)
    return lambda *words: CliRunner().invoke(app, [str(word) for word in words])


def test_from_nothing_to_a_key(run: Callable[..., Result]) -> None:
    assert run("db", "upgrade").exit_code == 0
    assert run("tenants", "create", "alpen", "Alpenmall", "--timezone", "Europe/Zurich").exit_code == 0
    assert run("operators", "create", "a@alpen.example", "Anna", "--tenant", "alpen").exit_code == 0
    app_id = run("apps", "create", "Alpen app", "--tenant", "alpen").output.strip()
    made = run("keys", "create", "pk", "app", "--tenant", "alpen", "--app-id", app_id, "--test")
    key = parse_key(made.output.strip())
    assert key is not None
    assert key.is_test
    listed = run("keys", "list", "--tenant", "alpen").output.split()
    assert listed[1:4] == [f"pk…{made.output.strip()[-4:]}", "valid", "app"]
    assert run("keys", "revoke", listed[0], "--tenant", "alpen").exit_code == 0
    assert "revoked" in run("keys", "list", "--tenant", "alpen").output


@pytest.mark.parametrize(
    "words, why",
    [
        (("tenants", "create", "no slug", "X"), "slug"),
        (("keys", "list", "--tenant", "nobody"), "there is no tenant 'nobody'"),
        (("serve", "--host", "192.0.2.1"), "--insecure-lan"),
    ],
)
def test_what_is_wrong_is_said_in_a_line(run: Callable[..., Result], words: tuple[str, ...], why: str) -> None:
    result = run(*words)
    assert (result.exit_code, why in result.output) == (1, True)
    assert "Traceback" not in result.output
