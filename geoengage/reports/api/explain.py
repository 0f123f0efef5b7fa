"""HTTP of explain: why did it (not) fire, for any device and time.

A real person's explanation is a path through the mall, so it needs the right to see people and a reason, and is
audited; test devices and tenants of simulated people are exempt.
"""

from datetime import datetime, timedelta
from typing import Annotated, Any
from uuid import UUID

from fastapi import APIRouter, Query, Request
from pydantic import AwareDatetime, BaseModel, ConfigDict, Field

from geoengage.campaigns import rules as campaigns
from geoengage.campaigns import store as campaign_store
from geoengage.kit import errors
from geoengage.kit.http import PROBLEMS, Now, Tx
from geoengage.kit.ids import TenantId
from geoengage.kit.pseudonym import as_text, pseudonym
from geoengage.presence import store as presence
from geoengage.profiles import store as profiles
from geoengage.reports import explain, rules, store
from geoengage.tenancy import store as tenancy
from geoengage.tenancy.auth import Reader
from geoengage.tenancy.rules import Principal, Scope, actor_name

router = APIRouter(tags=["explain"])
MOST_ZONES = 30
AFTER = timedelta(minutes=2)  # a message is decided a moment after the position that caused it


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


class ExplainedFix(BaseModel):
    """One stored position."""

    at: datetime = Field(description="Event time.")
    lon: float = Field(description="Degrees.")
    lat: float = Field(description="Degrees.")
    accuracy_m: float = Field(description="68 % radius, metres.")
    level: int | None = Field(description="Floor as reported.")
    late: bool = Field(description="Came after a newer one; kept, but decided nothing.")
    source: str = Field(description="gnss, wifi …")


class ExplainedRejection(BaseModel):
    """One refused position."""

    at: datetime = Field(description="As the phone said it.")
    reason: str = Field(description="From the closed list.")
    text: str = Field(description="The same in words.")


class ExplainedZone(BaseModel):
    """The closest approach to one zone, and what became of it."""

    zone_id: UUID = Field(description="The zone.")
    name: str = Field(description="Its name now.")
    zone_version: int = Field(description="The version published now.")
    store_id: UUID | None = Field(description="Its store.")
    at: datetime = Field(description="When the device came closest.")
    s_m: float = Field(description="Signed metres to the boundary, negative inside.")
    accuracy_m: float = Field(description="Of that position.")
    share: float = Field(description="Share of the accuracy circle inside, 0–1.")
    level_p: float = Field(description="Probability of being on one of its floors, 0–1.")
    confidence: float = Field(description="share × level_p × trust.")
    needed: float = Field(description="Confidence that this zone asks for.")
    verdict: rules.Verdict = Field(description="What became of it.")
    text: str = Field(description="The same in words, with numbers.")


class ExplainedEvent(BaseModel):
    """One recorded zone event."""

    id: UUID = Field(description="The event.")
    at: datetime = Field(description="Event time.")
    kind: str = Field(description="entered, dwelled, exited, retracted.")
    zone_id: UUID = Field(description="The zone.")
    zone_name: str | None = Field(description="Its name in that version.")
    zone_version: int = Field(description="The version that was matched.")
    confidence: float = Field(description="0–1.")
    evidence: str = Field(description="What the deciding position rests on.")
    reason: str = Field(description="The rule that decided.")
    dwell_s: int | None = Field(description="The mark, for dwelled.")
    late: bool = Field(description="Too old to push when recorded.")


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
    provider_answer: str | None = Field(description="What the push provider said.")


class ExplainedCampaign(BaseModel):
    """A campaign of an entered zone that decided nothing about this person."""

    campaign_id: UUID = Field(description="The campaign.")
    campaign_name: str = Field(description="Its name.")
    zone_id: UUID = Field(description="The zone that was entered.")
    verdict: str = Field(description="Its status, or not_in_audience.")
    text: str = Field(description="The same in words.")


class ExplanationOut(BaseModel):
    """Everything known about a device and a span of time."""

    device: ExplainedDevice = Field(description="Whose.")
    since: datetime = Field(alias="from", description="Start of the span.")
    until: datetime = Field(alias="to", description="End of the span.")
    summary: str = Field(description="The answer in one sentence.")
    fixes: list[ExplainedFix] = Field(description="In order of time.")
    rejections: list[ExplainedRejection] = Field(description="In order of arrival.")
    zones: list[ExplainedZone] = Field(description="What happened first, then the nearest misses.")
    events: list[ExplainedEvent] = Field(description="In order of time.")
    messages: list[ExplainedMessage] = Field(description="In order of decision.")
    campaigns: list[ExplainedCampaign] = Field(description="Campaigns of entered zones that decided nothing.")


@router.get("/v1/explain", responses=PROBLEMS)
async def get_explanation(
    request: Request,
    me: Reader,
    tx: Tx,
    now: Now,
    wanted: Annotated[Question, Query()],
) -> ExplanationOut:
    """Why did it (not) fire? Positions, near zones, events and messages of one device, in words and numbers.

    Test devices are open to all who may read; a real person's needs the role support or owner (or the scope
    `people`) and a reason, and is audited.
    """
    tenant_id = TenantId(me.tenant_id)
    if me.store_ids is not None:
        raise errors.Forbidden("explanations show a whole path; they are for the mall's own people")
    moment = wanted.at or now
    key: str = request.app.state.signing_key
    found = wanted.device_id or await _by_pseudonym(tx, me, key, wanted.pseudonym, moment)
    device = await store.get_device(tx, tenant_id, found)
    await _check_access(tx, me, device, wanted.reason, now)
    span = store.Span(found, moment - timedelta(minutes=wanted.minutes), moment + AFTER)
    policy = await presence.get_ping_policy(tx, tenant_id)
    index = await request.app.state.ping_writer.indexes.get(tx, tenant_id, policy.epoch)

    fixes = await store.list_fixes(tx, tenant_id, span)
    rejections = await store.list_rejections(tx, tenant_id, span)
    events = await store.list_events(tx, tenant_id, span)
    messages = await store.list_messages(tx, tenant_id, span)
    level = await store.find_level_before(tx, tenant_id, span)
    near = explain.approaches(index, fixes, level)
    recorded = explain.happened(events, await store.list_open_zones(tx, tenant_id, span))
    zones = [_zone(index.by_id[z], a, recorded.get(z, rules.Happened())) for z, a in near.items()]
    zones.sort(key=lambda z: (list(rules.Verdict).index(z.verdict), -z.confidence, z.s_m))
    entered = {e["zone_id"] for e in events if e["kind"] == "entered"}
    owners = {z: index.by_id[z].store_id for z in entered if z in index.by_id}
    spoke = {m["campaign_id"] for m in messages}
    return ExplanationOut(
        **{"from": span.since, "to": span.until},
        device=ExplainedDevice(
            **{k: device[k] for k in ("device_id", "platform", "is_test", "first_name")},
            consents={k: device[k] for k in ("location", "marketing_push", "personalisation")},
        ),
        summary=rules.summary(len(fixes), len(rejections), [z.verdict for z in zones], [m["status"] for m in messages]),
        fixes=[ExplainedFix(**{k: f[k] for k in ExplainedFix.model_fields}) for f in fixes],
        rejections=[ExplainedRejection(**r, text=rules.rejection_text(r["reason"])) for r in rejections],
        zones=zones[:MOST_ZONES],
        events=[ExplainedEvent(**{k: e[k] for k in ExplainedEvent.model_fields}) for e in events],
        messages=[_message(m) for m in messages],
        campaigns=await _silent_campaigns(tx, tenant_id, found, owners, spoke, now),
    )


async def _by_pseudonym(tx: Any, me: Principal, key: str, name: str | None, moment: datetime) -> UUID:
    if name is None:
        raise errors.ItemErrors([{"pointer": "device_id", "in": "query", "detail": "name a device_id or a pseudonym"}])
    tenant_id = TenantId(me.tenant_id)
    for device_id in await store.list_named_devices(tx, tenant_id, tests_only=not me.is_demo):
        if as_text(pseudonym(key, tenant_id, device_id, moment.date())) == name:
            return device_id
    raise errors.NotFound("no test device goes by that name on that day; real people cannot be found this way")


async def _check_access(tx: Any, me: Principal, device: dict[str, Any], reason: str | None, now: datetime) -> None:
    if me.is_demo or device["is_test"]:
        return
    if not me.may(Scope.PEOPLE):
        raise errors.Forbidden("a real person's explanation needs the role support or owner, or the scope 'people'")
    if not reason:
        raise errors.ItemErrors([{"pointer": "reason", "in": "query", "detail": "say why you look at a real person"}])
    await tenancy.insert_audit_entry(
        tx,
        TenantId(me.tenant_id),
        actor=actor_name(me),
        action="person.explain",
        subject=str(device["device_id"]),
        reason=reason,
        now=now,
    )


async def _silent_campaigns(
    tx: Any, tenant_id: TenantId, device_id: UUID, owners: dict[UUID, UUID | None], spoke: set[Any], now: datetime
) -> list[ExplainedCampaign]:
    """Campaigns that wait at the entered zones (zone → store) and sent nothing, each with what kept it silent."""
    person = (await profiles.list_recipients(tx, tenant_id, [device_id]))[device_id]
    result = []
    for row, zone_id in await store.list_campaigns_at(tx, tenant_id, owners):
        if row.id in spoke:
            continue
        content = campaign_store.content_of(row)
        status = campaigns.status_at(campaigns.Status(row.status), row.valid_from, row.valid_to, now)
        addressed = campaigns.in_audience(content.definition.audience, person)
        verdict, words = rules.silence(str(status), str(content.kind), addressed=addressed)
        result.append(
            ExplainedCampaign(campaign_id=row.id, campaign_name=row.name, zone_id=zone_id, verdict=verdict, text=words)
        )
    return result


def _zone(zone: Any, a: rules.Approach, recorded: rules.Happened) -> ExplainedZone:
    verdict = rules.verdict_of(a, recorded)
    return ExplainedZone(
        zone_id=a.zone_id,
        name=a.name,
        zone_version=zone.version,
        store_id=zone.store_id,
        at=a.at,
        s_m=a.s_m,
        accuracy_m=a.accuracy_m,
        share=a.share,
        level_p=a.level_p,
        confidence=round(a.confidence, 3),
        needed=a.needed,
        verdict=verdict,
        text=rules.zone_text(a, verdict, recorded),
    )


def _message(row: dict[str, Any]) -> ExplainedMessage:
    words = rules.message_text(row["status"], row["channel"], row["blockers"], row["provider_answer"])
    return ExplainedMessage(**{k: row[k] for k in ExplainedMessage.model_fields if k != "text"}, text=words)
