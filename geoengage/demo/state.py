"""`demo.json`: what the demo must remember between runs, above all the keys that the database has as hashes only.

The file's mode is 600 and it is replaced as a whole, so a reader never sees half of it.
"""

import json
import shlex
from pathlib import Path

State = dict[str, str]

# Name of a shell variable -> field of demo.json
EXPORTS = {
    "GEOENGAGE_URL": "base_url",
    "PK": "publishable_key",
    "SK": "secret_key",
    "STORE_SK": "store_secret_key",
    "MALL": "mall_id",
    "STORE": "store_id",
    "LON": "lon",
    "LAT": "lat",
    "LEVEL": "level",
    "SHOPPER_URL": "shopper_url",
}


def path_in(data_dir: Path, chain: str | None = None) -> Path:
    """Where the file is: the mall's, or that of a shop chain."""
    return data_dir / (f"demo-{chain}.json" if chain else "demo.json")


def history_in(data_dir: Path) -> Path:
    """Where the simulator keeps what it told of the past."""
    return data_dir / "history.json"


def read(data_dir: Path, chain: str | None = None) -> State:
    """What was remembered; empty when the demo has not run here, or its file is damaged."""
    try:
        found = json.loads(path_in(data_dir, chain).read_text())
    except (FileNotFoundError, ValueError):
        return {}
    return found if isinstance(found, dict) else {}


def write(data_dir: Path, state: State, chain: str | None = None) -> None:
    """Remember `state` in place of what was remembered before."""
    new = path_in(data_dir, chain).with_suffix(".new")
    new.unlink(missing_ok=True)
    new.touch(mode=0o600)
    new.write_text(json.dumps(state, indent=2) + "\n")
    new.replace(path_in(data_dir, chain))


def export_lines(state: State) -> list[str]:
    """`export NAME=value` for a shell's eval."""
    return [f"export {name}={shlex.quote(state[field])}" for name, field in EXPORTS.items() if field in state]
