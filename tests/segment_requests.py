"""Whole requests recorded from Segment's official clients (tests/data/segment_requests: own recordings).

The bodies were recorded unpacked and parsed; what was gzip is packed again.
"""

import gzip
import json
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from tests.conftest import ROOT

FOLDER = ROOT / "tests" / "data" / "segment_requests"
ITS_OWN = ("host", "content-length", "connection", "authorization")  # the test's client sets these


@dataclass(frozen=True)
class Recorded:
    """One request. `body` as the client wrote it, with the write key that it was recorded with."""

    name: str
    path: str
    headers: dict[str, str]
    body: dict[str, Any]

    @property
    def events(self) -> list[dict[str, Any]]:
        return list(self.body["batch"])

    def packed(self, write_key: str) -> bytes:
        """The bytes to send, with another write key in the body."""
        content = json.dumps(self.body | {"writeKey": write_key}).encode()
        return gzip.compress(content) if self.headers.get("Content-Encoding") == "gzip" else content


def recorded_requests() -> Iterator[Recorded]:
    """All of them, by file."""
    for path in sorted(FOLDER.glob("*.json")):
        for n, request in enumerate(json.loads(path.read_text())):
            headers = {name: value for name, value in request["headers"].items() if name.lower() not in ITS_OWN}
            yield Recorded(f"{path.stem}-{n}", request["path"], headers, request["body"])
