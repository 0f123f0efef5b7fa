"""Runs Alembic from the program, so that `geoengage db upgrade`, the demo and the tests share one way."""

from pathlib import Path

from alembic import command
from alembic.config import Config

_PACKAGED = Path(__file__).resolve().parents[1] / "_migrations"
_CHECKOUT = Path(__file__).resolve().parents[2] / "migrations"


def config(url: str) -> Config:
    """Alembic's configuration for a database; scripts come from the wheel, else from the checkout."""
    result = Config()
    result.set_main_option("script_location", str(_PACKAGED if _PACKAGED.exists() else _CHECKOUT))
    result.attributes["url"] = url
    return result


def upgrade(url: str, revision: str = "head") -> None:
    """Bring the schema up to `revision`. Safe to repeat; blocks, so call it outside an event loop."""
    command.upgrade(config(url), revision)
