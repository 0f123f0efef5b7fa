"""The format of a scenario file: what may be written, and what each field means. `checks.py` looks whether it fits.

Places are metres, x east and y north of the plan's origin (turned by `bearing_deg`). Moments are seconds from `start`,
`M:SS` or `H:MM:SS` from it, or RFC 3339 times. The JSON schema of these classes is `docs/scenario.schema.json`.
"""

import re
from datetime import UTC, datetime, timedelta
from enum import StrEnum
from itertools import pairwise
from typing import Annotated, Any, Literal, Self

import shapely
from pydantic import (
    AfterValidator,
    AwareDatetime,
    BaseModel,
    BeforeValidator,
    ConfigDict,
    Field,
    WithJsonSchema,
    model_validator,
)
from shapely.geometry.base import BaseGeometry

from geoengage.kit.geo import Frame
from geoengage.kit.shapes import TimeZone
from geoengage.scenarios.guards import Guard
from geoengage.venues.rules import Sensitivity
from geoengage.venues.shapes import RulesIn, ScheduleIn

FORMAT = 1
LONGEST = timedelta(days=3)  # partitions and retention reach further, but nobody reads such a file
START = datetime(2026, 6, 15, 8, tzinfo=UTC)  # a Monday morning in Leipzig without anything special about it
PHONE = "phone"  # the name of the one device of a file that names none
CIRCLE_CORNERS = 64
_CLOCK = r"^(([0-9]{1,3}):)?([0-9]{1,2}):([0-5][0-9])$"


class Kind(StrEnum):
    """What goes wrong with phones, or changes around them."""

    BORDER_JITTER = "border_jitter"
    DRIFT = "drift"
    LIFTS = "lifts"
    LEVELS = "levels"
    GAPS = "gaps"
    LATE_BATCHES = "late_batches"
    CLOCK_SKEW = "clock_skew"
    DUPLICATES = "duplicates"
    JUMPS = "jumps"
    EDITS = "edits"
    SCHEDULES = "schedules"
    CROSSING = "crossing"


def _moment(value: object) -> object:
    if isinstance(value, bool) or not isinstance(value, int | float | str):
        raise ValueError("a moment is seconds from `start`, M:SS, H:MM:SS, or an RFC 3339 time")
    if not isinstance(value, str):
        return float(value)
    if found := re.fullmatch(_CLOCK, value):
        _, hours, minutes, seconds = found.groups()
        return int(hours or 0) * 3600.0 + int(minutes) * 60.0 + int(seconds)
    at = datetime.fromisoformat(value)  # raises a ValueError that says so
    if at.tzinfo is None:
        raise ValueError("a time needs its offset: 2026-03-29T01:59:50+01:00")
    return at.astimezone(UTC)


Moment = Annotated[
    float | datetime,
    BeforeValidator(_moment),
    WithJsonSchema(
        {
            "anyOf": [
                {"type": "number"},
                {"type": "string", "pattern": _CLOCK},
                {"type": "string", "format": "date-time"},
            ],
            "description": "Seconds from `start`, M:SS or H:MM:SS from it, or an RFC 3339 time.",
        }
    ),
]
Number = Annotated[float, Field(strict=True)]
Metres = Annotated[float, Field(strict=True, ge=-5_000, le=5_000)]
Count = Annotated[int, Field(strict=True, ge=0)]
Level = Annotated[int, Field(strict=True, ge=-20, le=200)]
Named = Annotated[str, Field(pattern=r"^[a-z][a-z0-9_]{0,30}$")]
Kinds = Literal["entered", "dwelled", "exited", "revised", "retracted"]
Spot = tuple[Metres, Metres]


class Part(BaseModel):
    """Base of all parts of a file: nothing unknown, no NaN."""

    model_config = ConfigDict(extra="forbid", allow_inf_nan=False, frozen=True)


class Shape(Part):
    """Where something is: exactly one of the three."""

    box: tuple[Metres, Metres, Metres, Metres] | None = Field(default=None, description="[x0, y0, x1, y1].")
    polygon: list[Spot] | None = Field(default=None, min_length=3, description="Corners; the last needs no repeating.")
    circle: tuple[Metres, Metres, Annotated[float, Field(gt=0, le=2_000)]] | None = Field(
        default=None, description="[x, y, radius]."
    )

    @model_validator(mode="after")
    def _one(self) -> Self:
        given = [name for name in ("box", "polygon", "circle") if getattr(self, name) is not None]
        if len(given) != 1:
            raise ValueError(f"give one of box, polygon, circle, not {' and '.join(given) or 'none'}")
        if self.box is not None and not (self.box[0] < self.box[2] and self.box[1] < self.box[3]):
            raise ValueError("a box is [x0, y0, x1, y1] with x0 < x1 and y0 < y1")
        return self

    def metres(self) -> BaseGeometry:
        """The shape on the plan. A circle is a 64-gon of its area."""
        if self.box is not None:
            return shapely.box(*self.box)
        if self.circle is not None:
            x, y, radius = self.circle
            return shapely.Point(x, y).buffer(radius, quad_segs=CIRCLE_CORNERS // 4)
        return shapely.Polygon(self.polygon)


class Zone(Part):
    """A zone of the plan, published from the beginning unless it is a draft."""

    shape: Shape = Field(description="Where it is.")
    levels: list[Level] = Field(default=[], description="Its floors; empty where the plan has none.")
    rules: RulesIn = Field(default=RulesIn(), description="As the API takes them: enter_s, exit_s, dwell_s …")
    schedule: ScheduleIn | None = Field(default=None, description="As the API takes it; left out: always open.")
    sensitivity: Sensitivity = Field(default=Sensitivity.NONE, description="Anything but `none` keeps people out.")
    draft: bool = Field(default=False, description="Drawn but not published: a step may publish it.")


class Connector(Part):
    """Where people change floors."""

    kind: Literal["lift", "escalator", "stairs"] = Field(description="What it is.")
    shape: Shape = Field(description="Where it is.")
    levels: list[Level] = Field(min_length=1, description="The floors that it joins.")


class Beacon(Part):
    """A beacon that the map knows."""

    at: Spot = Field(description="[x, y] in metres.")
    level: Level | None = Field(default=None, description="Its floor; needed where the plan has floors.")
    radius_m: float | None = Field(default=None, ge=1.5, le=100, description="Radius of the widest disc it may give.")


class FloorPlan(Part):
    """What is where. Without `levels` there is no building: the zones lie outdoors."""

    origin: tuple[
        Annotated[float, Field(strict=True, ge=-180, le=180)], Annotated[float, Field(strict=True, ge=-80, le=80)]
    ] = Field(default=(12.3731, 51.3397), description="[lon, lat] of the point from which is measured.")
    bearing_deg: float = Field(default=0, gt=-360, lt=360, description="From north to +y, clockwise.")
    timezone: TimeZone = Field(default="Europe/Berlin", description="IANA zone: hours of zones are read in it.")
    levels: list[Level] = Field(default=[], description="The building's floors, 0 = ground.")
    outline: Shape | None = Field(default=None, description="Of every floor; left out: a box 50 m around all zones.")
    connectors: list[Connector] = Field(default=[], description="Lifts, escalators and stairs.")
    beacons: dict[Named, Beacon] = Field(default={}, description="Beacons by name.")
    zones: dict[Named, Zone] = Field(min_length=1, description="Zones by name.")

    @property
    def frame(self) -> Frame:
        """Between the plan's metres and lon, lat."""
        return Frame(*self.origin, self.bearing_deg)


class Policy(Part):
    """What the tenant decides about pings. What is left out stays at the product's default."""

    reject_mocked: bool | None = Field(default=None, description="Refuse positions marked as made up (default true).")
    default_accuracy_m: float | None = Field(default=None, ge=1, le=1_000, description="When a ping names none (50).")


class Device(Part):
    """A phone."""

    location: Literal["granted", "denied", "unknown"] = Field(default="granted", description="Consent to location.")
    clock_off_s: Number = Field(default=0, description="How far its clock is ahead (behind: negative), seconds.")
    says_when_sent: bool = Field(default=False, description="It sends `sent_at` with its pings, by its own clock.")


class Ping(Part):
    """One position. Its time is that of its step, or `at` inside of a batch."""

    x: Metres | None = Field(default=None, description="Metres; left out where the phone names no position.")
    y: Metres | None = Field(default=None, description="Metres.")
    lonlat: tuple[Number, Number] | None = Field(default=None, description="[lon, lat], instead of x and y.")
    accuracy_m: Number | None = Field(default=5, description="68 % radius; null: the phone names none.")
    level: Level | None = Field(default=None, description="The floor that the phone names.")
    speed_mps: Number | None = Field(default=None, description="Metres a second, as the phone says.")
    mocked: bool = Field(default=False, description="The phone marks it as made up.")
    source: str | None = Field(default=None, max_length=32, description="gnss, wifi, cell, fused …")
    hears: dict[Named, Annotated[int, Field(strict=True, ge=-128, le=20)]] = Field(
        default={}, description="Beacons heard, with their strength in dBm."
    )

    @model_validator(mode="after")
    def _whole(self) -> Self:
        if (self.x is None) != (self.y is None):
            raise ValueError("x and y belong together")
        if (self.x is not None) + (self.lonlat is not None) + bool(self.hears and self.x is None) != 1:
            raise ValueError("give x and y, or lonlat, or only what it hears")
        return self


class BatchPing(Ping):
    """A position that is sent later."""

    at: Moment = Field(description="When it was taken.")


class PingStep(Ping):
    """A position, sent when it was taken."""

    device: Named | None = Field(default=None, description="Whose; needed when the file has several devices.")


class Noise(Part):
    """How a phone errs: a slowly drifting bias (first-order Gauss-Markov), scatter on top, and outliers. Seeded."""

    seed: Count = Field(description="The same seed, the same errors.")
    bias_m: float = Field(default=0, ge=0, le=200, description="Sigma of the bias on each axis.")
    bias_s: float = Field(default=60, gt=0, description="Its correlation time.")
    white_m: float = Field(default=0, ge=0, le=200, description="Sigma of the scatter on each axis.")
    outliers: float = Field(default=0, ge=0, le=1, description="Share of fixes that lie `outlier_m` away.")
    outlier_m: float = Field(default=50, ge=0, le=5_000, description="How far, in a random direction.")
    no_level: float = Field(default=0, ge=0, le=1, description="Share of fixes that name no floor.")


Waypoint = Annotated[
    tuple[Annotated[float, Field(strict=True, ge=0)], Metres, Metres]
    | tuple[Annotated[float, Field(strict=True, ge=0)], Metres, Metres, Level],
    Field(description="[seconds from the beginning of the walk, x, y], and the floor that the phone names from there."),
]


def _rising(path: list[Waypoint]) -> list[Waypoint]:
    if any(b[0] <= a[0] for a, b in pairwise(path)):
        raise ValueError("the times of a path must rise")
    return path


class Walk(Part):
    """Somebody on the way from point to point, in straight lines at even speed; the phone reports every so often."""

    path: Annotated[list[Waypoint], AfterValidator(_rising)] = Field(
        min_length=2, description="Points with their times; the same place twice is standing still."
    )
    every_s: float = Field(gt=0, le=3_600, description="Seconds between two positions.")
    accuracy_m: Number | None = Field(default=5, description="What the phone says; null: nothing.")
    source: str | None = Field(default=None, max_length=32, description="gnss, wifi, cell, fused …")
    noise: Noise | None = Field(default=None, description="How the phone errs; left out: not at all.")


class WalkStep(Walk):
    """A walk that is reported live."""

    device: Named | None = Field(default=None, description="Whose; needed when the file has several devices.")


class BatchWalk(Walk):
    """A walk that is sent later."""

    at: Moment = Field(description="When it began.")


class Batch(Part):
    """Positions that are sent together, in one request, at the time of the step."""

    device: Named | None = Field(default=None, description="Whose; needed when the file has several devices.")
    pings: list[BatchPing] = Field(default=[], description="Positions with their times.")
    walk: BatchWalk | None = Field(default=None, description="The positions of a walk, after `pings`.")
    order: Literal["as_written", "reversed"] = Field(default="as_written", description="Of all of them.")
    each_alone: bool = Field(default=False, description="One request for each, in that order.")

    @model_validator(mode="after")
    def _something(self) -> Self:
        if not self.pings and self.walk is None:
            raise ValueError("give pings, a walk, or both")
        return self


class Edit(Part):
    """A zone is drawn anew and published at once; what is left out stays."""

    zone: Named = Field(description="Which.")
    shape: Shape | None = Field(default=None, description="Its new shape.")
    levels: list[Level] | None = Field(default=None, min_length=1, description="Its new floors.")
    rules: RulesIn | None = Field(default=None, description="What changes of its rules.")
    schedule: ScheduleIn | None = Field(default=None, description="Its new schedule.")


class ConsentStep(Part):
    """Somebody decides about location."""

    device: Named | None = Field(default=None, description="Whose; needed when the file has several devices.")
    location: Literal["granted", "denied"] = Field(description="The decision.")


class ClockStep(Part):
    """A phone's clock is set. Positions taken before keep the times that they were given."""

    device: Named | None = Field(default=None, description="Whose; needed when the file has several devices.")
    off_s: Number = Field(description="How far it is ahead from now on (behind: negative), seconds.")


class Answer(Part):
    """What the server must answer to the positions of a step, in all. Left out: all are accepted."""

    accepted: Count = Field(default=0, description="How many were taken.")
    duplicates: Count = Field(default=0, description="How many were known.")
    rejected: dict[str, Count] = Field(default={}, description="Reason and how many.")


ACTIONS = ("ping", "walk", "batch", "again", "publish", "edit", "unpublish", "delete", "consent", "clock")


class Step(Part):
    """Something that happens at a moment: exactly one thing."""

    at: Moment = Field(description="When it happens.")
    ping: PingStep | None = Field(default=None, description="A position, sent at once.")
    walk: WalkStep | None = Field(default=None, description="A walk from now on, reported live.")
    batch: Batch | None = Field(default=None, description="Positions of before, sent together.")
    again: Annotated[int, Field(strict=True, ge=1)] | None = Field(
        default=None, description="The positions of an earlier step (its number, from 1) are sent once more."
    )
    publish: Named | None = Field(default=None, description="The draft zone is published.")
    edit: Edit | None = Field(default=None, description="A zone is changed and published.")
    unpublish: Named | None = Field(default=None, description="The zone matches no more.")
    delete: Named | None = Field(default=None, description="The zone is deleted.")
    consent: ConsentStep | None = Field(default=None, description="Somebody decides about location.")
    clock: ClockStep | None = Field(default=None, description="A phone's clock is set.")
    answer: Answer | None = Field(default=None, description="To ping, walk, batch, again. Left out: all accepted.")

    @model_validator(mode="after")
    def _one(self) -> Self:
        given = [name for name in ACTIONS if getattr(self, name) is not None]
        if len(given) != 1:
            raise ValueError(f"a step does one thing ({', '.join(ACTIONS)}), not {' and '.join(given) or 'none'}")
        if self.answer is not None and self.action not in ("ping", "walk", "batch", "again"):
            raise ValueError(f"`answer` is about positions; `{self.action}` sends none")
        return self

    @property
    def action(self) -> str:
        """What it does."""
        return next(name for name in ACTIONS if getattr(self, name) is not None)


class ExpectedEvent(Part):
    """A zone event. Only what is given is compared; device and zone may be left out when the file has one."""

    kind: Kinds = Field(description="What happened.")
    at: Moment = Field(description="Event time.")
    within_s: float = Field(default=1, ge=0, description="How far off it may be.")
    device: Named | None = Field(default=None, description="Whose; needed when the file has several devices.")
    zone: Named | None = Field(default=None, description="Where; needed when the plan has several zones.")
    reason: str | None = Field(default=None, description="The rule that decided.")
    evidence: str | None = Field(default=None, description="What the deciding fix rests on.")
    dwell_s: Count | None = Field(default=None, description="The mark, of dwelled and retracted.")
    by_silence: bool | None = Field(default=None, description="The mark passed while the phone was silent.")
    late: bool | None = Field(default=None, description="Too old to push when it was recorded.")
    version: Count | None = Field(default=None, description="The version of the zone.")
    confidence: tuple[Number, Number] | None = Field(default=None, description="[least, most], 0–1.")
    recorded_at: Moment | None = Field(default=None, description="When it was found out, within `within_s` too.")


class ExpectedVisit(Part):
    """A visit. `exited` null: it is still open."""

    entered: Moment = Field(description="First moment inside.")
    exited: Moment | None = Field(description="Last moment inside; null: the visit is open.")
    within_s: float = Field(default=1, ge=0, description="How far off the moments may be.")
    device: Named | None = Field(default=None, description="Whose; needed when the file has several devices.")
    zone: Named | None = Field(default=None, description="Where; needed when the plan has several zones.")
    reason: str | None = Field(default=None, description="Why it ended.")
    last_dwell_s: Count | None = Field(default=None, description="The highest mark reached.")


class AbsentEvent(Part):
    """No event of this description may exist; what is left out matches anything."""

    kind: Kinds | None = Field(default=None, description="Only such.")
    device: Named | None = Field(default=None, description="Only of this device.")
    zone: Named | None = Field(default=None, description="Only of this zone.")
    reason: str | None = Field(default=None, description="Only for this reason.")
    after: Moment | None = Field(default=None, description="Only events at or after it.")
    before: Moment | None = Field(default=None, description="Only events at or before it.")


class Expect(Part):
    """What must have happened in the end. `events` and `visits` are complete lists: what is not in them must not be."""

    events: list[ExpectedEvent] | None = Field(default=None, description="All zone events, in any order.")
    visits: list[ExpectedVisit] | None = Field(default=None, description="All visits.")
    absent: list[AbsentEvent] = Field(default=[], description="What must not be, where `events` is left out.")

    @model_validator(mode="after")
    def _something(self) -> Self:
        if self.events is None and self.visits is None and not self.absent:
            raise ValueError("expect something: events, visits, absent")
        return self


class Scenario(Part):
    """A scenario file."""

    scenario: Literal[1] = Field(description="Version of this format.")
    title: str = Field(min_length=1, max_length=120, description="What happens and what must come of it.")
    kind: Kind = Field(description="What it is about.")
    guards: Guard = Field(description="The rule without which it fails.")
    why: str | None = Field(default=None, description="What this is like in real life.")
    start: AwareDatetime = Field(default=START, description="The moment 0.")
    end: Moment = Field(description="When it is looked at; timers run until then.")
    policy: Policy = Field(default=Policy(), description="Of the tenant.")
    floor_plan: FloorPlan = Field(description="What is where.")
    devices: dict[Named, Device] = Field(default={PHONE: Device()}, min_length=1, description="Phones by name.")
    steps: list[Step] = Field(min_length=1, description="What happens, in the order of `at`.")
    expect: Expect = Field(description="What must come of it.")

    def seconds(self, moment: float | datetime) -> float:
        """A moment as seconds from the start."""
        return (moment - self.start).total_seconds() if isinstance(moment, datetime) else moment

    def device_of(self, named: str | None) -> str:
        """The device meant; a file with one need not name it."""
        return named or next(iter(self.devices))

    def zone_of(self, named: str | None) -> str:
        """The zone meant; a file with one need not name it."""
        return named or next(iter(self.floor_plan.zones))

    def clock_off_s(self, device: str, at_s: float) -> float:
        """How far a phone's clock is ahead at a moment."""
        steps = [s for s in self.steps if s.clock and self.device_of(s.clock.device) == device]
        settings = [s.clock.off_s for s in steps if s.clock and self.seconds(s.at) <= at_s]
        return settings[-1] if settings else self.devices[device].clock_off_s


def json_schema() -> dict[str, Any]:
    """The JSON schema of a scenario file."""
    schema = Scenario.model_json_schema()
    return {"$schema": "https://json-schema.org/draft/2020-12/schema", "title": "geoengage scenario"} | schema
