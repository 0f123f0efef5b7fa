"""The folder of real data that lies beside the project on some machines; tests that need it skip elsewhere."""

import os
from pathlib import Path

import pytest

from tests.conftest import ROOT


def shared_data(name: str) -> Path:
    """A folder of the real data; skips the test where there is none. `GEOENGAGE_SHARED` names another place."""
    folder = Path(os.environ.get("GEOENGAGE_SHARED", ROOT.parent / "shared")) / "data" / name
    if not folder.exists():
        pytest.skip(f"no {name} on this machine")
    return folder
