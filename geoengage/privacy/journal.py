"""The journal of erasures: by what an erased person is known again, in a backup that is restored or a repeated import.

It holds keyed hashes, no id and no value. It lies in the database and, because a restore replaces that, in a file
beside it too. Who has neither the key nor the values learns nothing from it.
"""

import contextlib
import fcntl
import hashlib
import json
import os
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from functools import lru_cache
from pathlib import Path
from uuid import UUID

FILE = "erasures.jsonl"
OURS = ("profile", "device", "identifier")  # tables whose own ids are hashed too
_BYTES = 16


@dataclass(frozen=True, slots=True)
class Entry:
    """One erasure. `hashes`: see `hash_name`."""

    tenant_id: UUID
    id: UUID
    at: datetime
    hashes: tuple[str, ...]


def hash_name(key: str, tenant_id: UUID, kind: str, value: str) -> str:
    """Keyed hash of one id of a person (kind and value, as `identifier` has them), or of one of ours (`OURS`)."""
    words = f"{tenant_id.hex}\x1f{kind}\x1f{value}".encode()
    return hashlib.blake2b(words, digest_size=_BYTES, key=_derived(key), person=b"geoengage-erase").hexdigest()


@lru_cache
def _derived(key: str) -> bytes:
    return hashlib.sha256(b"journal of erasures\x1f" + key.encode()).digest()


def erased_at(entries: Iterable[Entry]) -> dict[str, datetime]:
    """When what each hash stands for was erased for the last time."""
    hashes: dict[str, datetime] = {}
    for entry in sorted(entries, key=lambda e: e.at):
        hashes |= dict.fromkeys(entry.hashes, entry.at)
    return hashes


def is_copy(hashes: Mapping[str, datetime], hashed: str, since: datetime) -> bool:
    """Whether an id is a copy of an erased person's: it says that it is from before the erasure.

    Somebody who comes back afterwards with the same e-mail address is a new person.
    """
    at = hashes.get(hashed)
    return at is not None and since <= at


# --- the file -----------------------------------------------------------------------------------------------------


def as_line(entry: Entry) -> str:
    """One line of the file."""
    return json.dumps(
        {
            "tenant_id": str(entry.tenant_id),
            "id": str(entry.id),
            "at": entry.at.isoformat(),
            "hashes": list(entry.hashes),
        }
    )


def read(text: str) -> list[Entry]:
    """The entries of a file's text. A last line that was cut off by a crash is left out: the database has it."""
    entries = []
    for line in text.splitlines():
        with contextlib.suppress(ValueError, KeyError):
            found = json.loads(line)
            entries.append(
                Entry(
                    UUID(found["tenant_id"]),
                    UUID(found["id"]),
                    datetime.fromisoformat(found["at"]),
                    tuple(found["hashes"]),
                )
            )
    return entries


def read_file(path: Path) -> list[Entry]:
    """The entries of a file; none where there is no file yet."""
    return read(path.read_text()) if path.exists() else []


def add(path: Path, entries: Sequence[Entry]) -> int:
    """Append those that the file does not have yet, and see them safely on the disk; returns how many that were."""
    path.parent.mkdir(parents=True, exist_ok=True)
    with os.fdopen(os.open(path, os.O_RDWR | os.O_CREAT, 0o600), "r+") as file:
        fcntl.flock(file, fcntl.LOCK_EX)  # API and worker write it
        there = file.read()
        known = {entry.id for entry in read(there)}
        new = [entry for entry in entries if entry.id not in known]
        if new:
            file.write(("" if there.endswith("\n") or not there else "\n") + "".join(as_line(e) + "\n" for e in new))
            file.flush()
            os.fsync(file.fileno())
    return len(new)


def forget(path: Path, before: datetime) -> None:
    """Drop entries that are older than every backup that may still be restored."""
    if not path.exists():
        return
    with path.open("r+") as file:
        fcntl.flock(file, fcntl.LOCK_EX)
        kept = [entry for entry in read(file.read()) if entry.at >= before]
        file.seek(0)
        file.truncate()
        file.write("".join(as_line(entry) + "\n" for entry in kept))
        file.flush()
        os.fsync(file.fileno())
