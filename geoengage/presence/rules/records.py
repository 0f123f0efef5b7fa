"""How stored positions are laid out: a run of one device's fixes as records of eight big-endian 32-bit integers.

A record costs the database a tenth of a row. A run lies within one hour of event time (so that partitions and retention
cut between runs) and shares everything but the numbers below; its fixes are in order of event time. The view `ping` in
the database shows the fixes one by one; `stored` rounds a fix to what a record can hold, before anything is decided, so
that deciding again from stored fixes gives the same.
"""

import dataclasses
from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import NamedTuple
from uuid import UUID

import numpy as np
from msgspec.structs import replace
from numpy.typing import NDArray

from geoengage.presence.rules.fixes import Rejected
from geoengage.presence.rules.state import Fix, Said, by_time

EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
US = timedelta(microseconds=1)
HOUR_US = 3_600_000_000
RECORD = np.dtype(
    [
        ("us", ">u4"),  # event time, microseconds after the run's first
        ("lon", ">i4"),  # 1e-7 degrees
        ("lat", ">i4"),
        ("accuracy", ">i4"),  # millimetres
        ("speed", ">i4"),  # millimetres a second
        ("level", ">i4"),
        ("trust", ">i4"),  # millionths
        ("verdict", ">i4"),  # place in `VERDICTS`
    ]
)
VERDICTS = (None, Rejected.IMPOSSIBLE_SPEED.value)
NONE = -(2**31)  # of speed and level
MOST_RECORDS = 128  # of a run: two full runs fit a page of the database
FASTEST_MPS = 2_000_000.0  # metres a second that a record can hold; it is only ever shown


class RunKey(NamedTuple):
    """What all fixes of a run share. `skew_us`: event time minus the phone's time."""

    device_id: UUID
    skew_us: int
    source: str
    late: bool
    said: Said | None


@dataclass(frozen=True, slots=True)
class Run:
    """Fixes of one device in order of event time; `first_us` and `last_us` since 1970, of event time."""

    key: RunKey
    first_us: int
    last_us: int
    fixes: bytes


@dataclass(frozen=True, slots=True)
class PlainRuns:
    """Runs of fixes that came in order and with which no phone told anything, as columns of a run each."""

    devices: Sequence[UUID]
    first_us: NDArray[np.int64]
    last_us: NDArray[np.int64]
    skew_us: NDArray[np.int64]
    sources: Sequence[str]
    fixes: Sequence[bytes]


def micros(at: datetime) -> int:
    """Microseconds since 1970, exactly."""
    return (at - EPOCH) // US


def moment(us: int) -> datetime:
    """The time of so many microseconds since 1970."""
    return EPOCH + timedelta(microseconds=us)


def stored(fix: Fix) -> Fix:
    """The fix as a record holds it: position to 1e-7°, accuracy to a millimetre (but not 0), trust to a millionth."""
    return replace(
        fix,
        lon=round(fix.lon * 1e7) / 1e7,
        lat=round(fix.lat * 1e7) / 1e7,
        accuracy_m=max(1, round(fix.accuracy_m * 1000)) / 1000,
        trust=round(fix.trust * 1e6) / 1e6,
    )


def runs_of(device_id: UUID, fixes: Sequence[Fix], late: Collection[Fix] = ()) -> Iterator[Run]:
    """The fixes of a device as runs."""
    times = {(fix.at, fix.sent_at) for fix in late}
    by_key: dict[tuple[RunKey, int], list[Fix]] = {}
    for fix in sorted(fixes, key=by_time):
        key = RunKey(device_id, micros(fix.at) - micros(fix.sent_at), fix.source, by_time(fix) in times, fix.said)
        by_key.setdefault((key, micros(fix.at) // HOUR_US), []).append(fix)
    for (key, _), same in by_key.items():
        for i in range(0, len(same), MOST_RECORDS):
            yield _run(key, same[i : i + MOST_RECORDS])


def _run(key: RunKey, fixes: Sequence[Fix]) -> Run:
    first, last = micros(fixes[0].at), micros(fixes[-1].at)
    records = np.array([_record(f, first) for f in fixes], dtype=RECORD)
    return Run(key, first, last, records.tobytes())


def _record(f: Fix, first_us: int) -> tuple[int, ...]:
    speed = NONE if f.speed_mps is None else round(min(max(f.speed_mps, -FASTEST_MPS), FASTEST_MPS) * 1000)
    return (
        micros(f.at) - first_us,
        round(f.lon * 1e7),
        round(f.lat * 1e7),
        round(f.accuracy_m * 1000),
        speed,
        NONE if f.level is None else f.level,
        round(f.trust * 1e6),
        VERDICTS.index(f.verdict),
    )


def records_of(fixes: bytes) -> NDArray[np.void]:
    """The records of a run as a structured array."""
    return np.frombuffer(fixes, dtype=RECORD)


def fixes_of(run: Run) -> Iterator[Fix]:
    """The fixes of a run."""
    for us, lon, lat, accuracy, speed, level, trust, verdict in records_of(run.fixes).tolist():
        at_us = run.first_us + us
        yield Fix(
            at=moment(at_us),
            sent_at=moment(at_us - run.key.skew_us),
            lon=lon / 1e7,
            lat=lat / 1e7,
            accuracy_m=accuracy / 1000,
            level=None if level == NONE else level,
            trust=trust / 1e6,
            source=run.key.source,
            speed_mps=None if speed == NONE else speed / 1000,
            said=run.key.said,
            verdict=VERDICTS[verdict],
        )


def with_verdicts(run: Run, verdicts: Mapping[tuple[UUID, datetime, datetime], str | None]) -> Run:
    """The run with other verdicts for some fixes, by (device, event time, time as sent); itself when none changes."""
    records = records_of(run.fixes).copy()
    for record in records:
        at = moment(run.first_us + int(record["us"]))
        key = (run.key.device_id, at, at - run.key.skew_us * US)
        if key in verdicts:
            record["verdict"] = VERDICTS.index(verdicts[key])
    fixes = records.tobytes()
    return run if fixes == run.fixes else dataclasses.replace(run, fixes=fixes)
