"""What explain answers: JSON shapes."""

from datetime import datetime
from typing import Any
from uuid import UUID

from pydantic import AwareDatetime, BaseModel, ConfigDict, Field

from geoengage.reports.rules import Verdict


class Question(BaseModel):
    """Which device, which time."""

    model_config = ConfigDict(extra="forbid")

    device_id: UUID | None = Field(default=None, description="The device.")
    pseudonym: str | None = Field(
        default=None, pattern="^[0-9a-f]{16}$", description="Or its name of the day on the map."
    )
    at: AwareDatetime | None = Field(default=None, description="The moment in question; now when left out.")
    minutes: int = Field(default=10, ge=1, le=120, description="How far to look back from it.")
    reason: str | None = Field(default=None, max_length=500, description="Why a real person is looked at.")


class ExplainedDevice(BaseModel):
    """Whose time this is."""

    device_id: UUID = Field(description="The device.")
    platform: str = Field(description="ios, android or web.")
    is_test: bool = Field(description="Registered with a test key.")
    first_name: str | None = Field(description="Of the linked person, if known.")
    consents: dict[str, str] = Field(description="location, marketing_push, personalisation: as of now.")


class ExplainedNear(BaseModel):
    """A zone near a position, in the engine's numbers, and where the device stood with it from then on."""

    zone_id: UUID = Field(description="The zone.")
    s_m: float = Field(description="Signed metres to the boundary, negative inside.")
    share: float = Field(description="Share of the accuracy circle inside, 0–1.")
    level_p: float = Field(description="Probability of being on one of its floors, 0–1.")
    confidence: float = Field(description="share × level_p × trust.")
    phase: str = Field(description="outside, pending, inside, leaving or dormant (inside while it is closed).")


class ExplainedFloor(BaseModel):
    """The floor that was reckoned with."""

    level: int = Field(description="The floor.")
    p: float = Field(description="1 as reported with this position, else what the last known floor still counts, 0–1.")


class ExplainedFix(BaseModel):
    """One stored position."""

    at: datetime = Field(description="Event time.")
    lon: float = Field(description="Degrees.")
    lat: float = Field(description="Degrees.")
    accuracy_m: float = Field(description="68 % radius, metres.")
    level: int | None = Field(description="Floor as reported.")
    late: bool = Field(description="Came after a newer one; visits were put right by it.")
    source: str = Field(description="gnss, wifi, beacon, check_in …")
    trust: float = Field(description="How far the position itself is believed, 0–1.")
    floor: ExplainedFloor | None = Field(description="Floor reckoned with; null while none was ever known.")
    zones: list[ExplainedNear] = Field(
        description="Zones that it lies in, or that it gave a confidence of 0.05 or more, of those told of."
    )


class ExplainedRejection(BaseModel):
    """One refused position."""

    at: datetime = Field(description="As the phone said it.")
    reason: str = Field(description="From the closed list.")
    text: str = Field(description="The same in words.")


class ExplainedShape(BaseModel):
    """A version of a zone, as long as it was in force."""

    version: int = Field(description="Number of the version.")
    since: datetime = Field(alias="from", description="Since when it was in force.")
    until: datetime | None = Field(alias="to", description="Until when; null: it still is.")
    levels: list[int] = Field(description="Its floors; none: outdoors.")
    geometry: dict[str, Any] = Field(description="GeoJSON, lon, lat degrees.")


class ExplainedRules(BaseModel):
    """What the zone asks for. Seconds, metres."""

    min_confidence: float = Field(description="Confidence of a position that counts.")
    enter_s: int = Field(description="After so long without contradiction one position is enough.")
    exit_tolerance_m: float = Field(description="So far beyond the accuracy circle is outside.")
    exit_s: int = Field(description="Outside for so long means gone.")
    timeout_s: int = Field(description="Silence of so long ends a visit.")
    dwell_s: list[int] = Field(description="Marks of a stay.")


class ExplainedZone(BaseModel):
    """The closest approach to one zone, and what became of it."""

    zone_id: UUID = Field(description="The zone.")
    name: str = Field(description="Its name now.")
    zone_version: int = Field(description="The version in force at that moment.")
    store_id: UUID | None = Field(description="Its store.")
    kind: str = Field(description="What it is for.")
    levels: list[int] = Field(description="Its floors; none: outdoors.")
    at: datetime = Field(description="When the device came closest.")
    s_m: float = Field(description="Signed metres to the boundary, negative inside.")
    accuracy_m: float = Field(description="Of that position.")
    share: float = Field(description="Share of the accuracy circle inside, 0–1.")
    level_p: float = Field(description="Probability of being on one of its floors, 0–1.")
    confidence: float = Field(description="share × level_p × trust.")
    trust: float = Field(description="How far that position itself is believed, 0–1.")
    reported_level: int | None = Field(description="Floor that the phone reported with it.")
    needed: float = Field(description="Confidence that this zone asks for.")
    rule: str | None = Field(
        description="What decided: the reason of the recorded event, or what held the zone back: share, level or trust"
        " (the smallest part of a confidence that was too small), confirmation, distance, schedule, publication."
    )
    rules: ExplainedRules = Field(description="What the zone asks for.")
    shapes: list[ExplainedShape] = Field(description="Its versions in that time, in order.")
    verdict: Verdict = Field(description="What became of it.")
    text: str = Field(description="The same in words, with numbers.")


class ExplainedChange(BaseModel):
    """From that moment on the device stood otherwise with a zone."""

    at: datetime = Field(description="Event time.")
    zone_id: UUID = Field(description="The zone.")
    phase: str = Field(description="outside, pending, inside, leaving or dormant.")
    reason: str = Field(
        description="As an event gives it; else what a position did (one_fix, seen_outside, came_back, contradicted);"
        " known: it was so before."
    )
    text: str = Field(description="The reason in words.")


class ExplainedVisit(BaseModel):
    """A visit as a whole, before or after it was put right."""

    entered_at: datetime = Field(description="First position inside.")
    exited_at: datetime | None = Field(description="Last moment inside; null: it goes on.")
    exit_reason: str | None = Field(description="Why it ended.")
    last_dwell_s: int | None = Field(description="The highest dwell mark reached.")


class ExplainedEvent(BaseModel):
    """One recorded zone event."""

    id: UUID = Field(description="The event.")
    at: datetime = Field(description="Event time.")
    kind: str = Field(description="entered, dwelled, exited, revised, retracted.")
    zone_id: UUID = Field(description="The zone.")
    zone_name: str | None = Field(description="Its name in that version.")
    zone_version: int = Field(description="The version that was matched.")
    confidence: float = Field(description="0–1.")
    evidence: str = Field(description="What the deciding position rests on.")
    reason: str = Field(description="The rule that decided.")
    text: str = Field(description="The rule in words, with what was put right.")
    dwell_s: int | None = Field(description="The mark, for dwelled.")
    by_silence: bool = Field(description="The mark passed while the phone said nothing.")
    late: bool = Field(description="Too old to push when recorded.")
    recorded_at: datetime = Field(description="When it was found out.")
    visit: ExplainedVisit | None = Field(description="For revised: the visit as it holds now.")
    before: ExplainedVisit | None = Field(description="For revised: the visit as it was told before.")


class ExplainedCheck(BaseModel):
    """One check, in the order in which they are asked."""

    check: str = Field(description="What is asked; a blocker's name, or status, trigger, audience.")
    passed: bool | None = Field(description="Whether it let the message pass; null: it was not asked any more.")
    text: str = Field(description="Its numbers in words.")


class ExplainedMessage(BaseModel):
    """One message, sent or held back."""

    id: UUID = Field(description="The message.")
    campaign_id: UUID | None = Field(description="Its campaign.")
    campaign_name: str | None = Field(description="The campaign's name.")
    zone_id: UUID | None = Field(description="The zone that caused it.")
    zone_name: str | None = Field(description="That zone's name then.")
    zone_version: int | None = Field(description="That zone's version.")
    status: str = Field(description="queued, sending, sent, skipped, failed, misconfigured, unknown.")
    reason: str | None = Field(description="The first blocker of a skipped message.")
    blockers: list[str] = Field(description="All blockers, in the order they are checked.")
    text: str = Field(description="The same in words.")
    title: str = Field(description="As rendered.")
    body: str = Field(description="As rendered.")
    created_at: datetime = Field(description="When it was decided.")
    checks: list[ExplainedCheck] = Field(description="Every check in order, with its numbers.")
    campaign_changed: bool = Field(description="The campaign was edited since; its settings are shown as of now.")
    channel: str | None = Field(description="By which way it went; null: none took it.")
    attempts: int = Field(description="How often it was handed over.")
    expires_at: datetime = Field(description="When it would have been stale.")
    sent_at: datetime | None = Field(description="When the provider took it.")
    received_at: datetime | None = Field(description="When the phone said that it came.")
    opened_at: datetime | None = Field(description="When it was opened.")
    provider_answer: str | None = Field(description="What the push provider said.")


class ExplainedCampaign(BaseModel):
    """A campaign that waits at one of the zones and decided nothing about this person."""

    campaign_id: UUID = Field(description="The campaign.")
    campaign_name: str = Field(description="Its name.")
    zone_id: UUID = Field(description="The zone at which it waits.")
    zone_name: str = Field(description="That zone's name.")
    verdict: str = Field(description="Its status, or not_triggered, not_in_audience, undecided.")
    text: str = Field(description="The same in words.")
    checks: list[ExplainedCheck] = Field(description="Whether it runs, was set off, addresses this person.")


class ExplanationOut(BaseModel):
    """Everything known about a device and a span of time."""

    device: ExplainedDevice = Field(description="Whose.")
    since: datetime = Field(alias="from", description="Start of the span.")
    until: datetime = Field(alias="to", description="End of the span.")
    summary: str = Field(description="The answer in one sentence.")
    fixes: list[ExplainedFix] = Field(description="In order of time.")
    rejections: list[ExplainedRejection] = Field(description="In order of arrival.")
    zones: list[ExplainedZone] = Field(description="What happened first, then the nearest misses.")
    changes: list[ExplainedChange] = Field(description="What the engine believed, from moment to moment.")
    events: list[ExplainedEvent] = Field(description="What was recorded, in order of time.")
    messages: list[ExplainedMessage] = Field(description="In order of decision.")
    campaigns: list[ExplainedCampaign] = Field(description="Campaigns that wait at these zones and decided nothing.")
