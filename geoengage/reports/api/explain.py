"""HTTP of explain: why did it (not) fire, for any device and time.

A real person's explanation is a path through the mall, so it needs the right to see people and a reason, and is
audited; test devices and tenants of simulated people are exempt.
"""

from collections import defaultdict
from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta
from typing import Annotated, Any
from uuid import UUID

from fastapi import APIRouter, Query, Request

from geoengage.kit import errors
from geoengage.kit.http import PROBLEMS, Now, Tx
from geoengage.kit.ids import TenantId
from geoengage.kit.pseudonym import as_text, pseudonym
from geoengage.presence import store as presence
from geoengage.presence.index import ZoneIndex
from geoengage.presence.rules.state import DeviceState
from geoengage.presence.service import IndexCache
from geoengage.presence.service.indexes import Area
from geoengage.reports import belief, decided, explain, rules, store
from geoengage.reports.api.explain_shapes import (
    ExplainedCampaign,
    ExplainedChange,
    ExplainedCheck,
    ExplainedDevice,
    ExplainedEvent,
    ExplainedFix,
    ExplainedFloor,
    ExplainedMessage,
    ExplainedNear,
    ExplainedRejection,
    ExplainedRules,
    ExplainedShape,
    ExplainedZone,
    ExplanationOut,
    Question,
)
from geoengage.tenancy import store as tenancy
from geoengage.tenancy.auth import Reader
from geoengage.tenancy.rules import Principal, Scope, actor_name
from geoengage.venues.rules import PublishedZone, to_geojson

router = APIRouter(tags=["explain"])
MOST_ZONES = 30
FAINTEST = 0.05  # a position says nothing worth telling of a zone below this confidence
AFTER = timedelta(minutes=2)  # a message is decided a moment after the position that caused it
# The engine's belief at the start of the span is told again from its last checkpoint before; without one from the
# positions of half an hour.
OLDEST_START = timedelta(days=1)
WARM_UP = timedelta(minutes=30)


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
    indexes: IndexCache = request.app.state.ping_writer.indexes
    index = await indexes.get(tx, tenant_id, policy.epoch)

    checkpoint = await presence.find_checkpoint(tx, tenant_id, found, span.since)
    start = None if checkpoint is None or checkpoint.last_at < span.since - OLDEST_START else checkpoint
    before = store.Span(found, span.since - WARM_UP if start is None else start.last_at, span.until)
    rows = [r for r in await store.list_fixes(tx, tenant_id, before) if start is None or r["at"] > start.last_at]
    fixes = [belief.fix_of(r) for r in rows]
    if fixes:
        area = Area.of([fixes], set() if start is None else set(start.zones))
        index = await indexes.reaching(tx, tenant_id, index, before.since, area)
    level = _level_at(start) or await store.find_level_before(tx, tenant_id, before)
    seen = await explain.look(index, rows, level)
    first = next((n for n, row in enumerate(rows) if row["at"] >= span.since), len(rows))
    believed = await belief.believe(index, found, fixes, min(now, span.until), start)
    rejections = await store.list_rejections(tx, tenant_id, span)
    events = await store.list_events(tx, tenant_id, span)
    messages = await store.list_messages(tx, tenant_id, span)
    recorded = explain.happened(events, await store.list_open_zones(tx, tenant_id, span))
    zones = _zones(index, explain.closest(seen[first:]), recorded, span)
    told = {z.zone_id for z in zones}
    case = await decided.load(tx, tenant_id, found, messages, events, zones, now)
    return ExplanationOut(
        **{"from": span.since, "to": span.until},
        device=ExplainedDevice(
            **{k: device[k] for k in ("device_id", "platform", "is_test", "first_name")},
            consents={k: device[k] for k in ("location", "marketing_push", "personalisation")},
        ),
        summary=rules.summary(
            len(rows) - first, len(rejections), [z.verdict for z in zones], [m["status"] for m in messages]
        ),
        fixes=_fixes(rows[first:], seen[first:], believed, told),
        rejections=[ExplainedRejection(**r, text=rules.rejection_text(r["reason"])) for r in rejections],
        zones=zones,
        changes=_changes(believed, told, span),
        events=[_event(e) for e in events],
        messages=[_message(m, case) for m in messages],
        campaigns=[_campaign(w) for w in case.waiting],
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


def _level_at(start: DeviceState | None) -> tuple[int, datetime] | None:
    if start is None or start.level is None or start.level_at is None:
        return None
    return start.level, start.level_at


def _zones(
    index: ZoneIndex,
    closest: Mapping[UUID, rules.Approach],
    recorded: Mapping[UUID, rules.Happened],
    span: store.Span,
) -> list[ExplainedZone]:
    """What happened first, then the nearest misses."""
    versions: dict[UUID, list[PublishedZone]] = defaultdict(list)
    for zone in index.zones:
        if zone.effective_from <= span.until and (zone.effective_to is None or zone.effective_to > span.since):
            versions[zone.zone_id].append(zone)
    zones = [_zone(index, a, recorded.get(z, rules.Happened()), versions[z]) for z, a in closest.items()]
    order = list(rules.Verdict)
    zones.sort(key=lambda z: (order.index(z.verdict), -z.confidence, z.s_m))
    return zones[:MOST_ZONES]


def _zone(
    index: ZoneIndex, a: rules.Approach, recorded: rules.Happened, versions: Sequence[PublishedZone]
) -> ExplainedZone:
    number = index.versions.number_at(a.zone_id, a.at)
    zone = index.by_id[a.zone_id] if number is None else index.zones[number]
    verdict = rules.verdict_of(a, recorded)
    asked = {name: getattr(zone.rules, name) for name in ExplainedRules.model_fields}
    return ExplainedZone(
        zone_id=a.zone_id,
        name=a.name,
        zone_version=zone.version,
        store_id=zone.store_id,
        kind=zone.kind.value,
        levels=sorted(zone.levels),
        at=a.at,
        s_m=a.s_m,
        accuracy_m=a.accuracy_m,
        share=a.share,
        level_p=a.level_p,
        confidence=round(a.confidence, 3),
        trust=a.trust,
        reported_level=a.reported_level,
        needed=a.needed,
        rule=rules.rule_of(a, verdict, recorded),
        rules=ExplainedRules(**asked),
        shapes=[_shape(version) for version in sorted(versions, key=lambda v: v.effective_from)],
        verdict=verdict,
        text=rules.zone_text(a, verdict, recorded),
    )


def _shape(zone: PublishedZone) -> ExplainedShape:
    return ExplainedShape(
        **{"from": zone.effective_from, "to": zone.effective_to},
        version=zone.version,
        levels=sorted(zone.levels),
        geometry=to_geojson(zone.geometry),
    )


def _fixes(
    rows: Sequence[Mapping[str, Any]], seen: Sequence[explain.Seen], believed: belief.Belief, told: set[UUID]
) -> list[ExplainedFix]:
    return [_fix(row, moment, believed.at(row["at"]), told) for row, moment in zip(rows, seen, strict=True)]


def _fix(row: Mapping[str, Any], moment: explain.Seen, phases: belief.Phases, told: set[UUID]) -> ExplainedFix:
    near = [
        ExplainedNear(
            zone_id=a.zone_id,
            s_m=a.s_m,
            share=a.share,
            level_p=a.level_p,
            confidence=round(a.confidence, 3),
            phase=phases.get(a.zone_id, belief.OUTSIDE),
        )
        for a in moment.near
        if a.zone_id in told and (a.s_m <= 0 or a.confidence >= FAINTEST or a.zone_id in phases)
    ]
    floor = None if moment.floor is None else ExplainedFloor(level=moment.floor[0], p=round(moment.floor[1], 3))
    kept = ("at", "lon", "lat", "accuracy_m", "level", "late", "source", "trust")
    return ExplainedFix(**{k: row[k] for k in kept}, floor=floor, zones=near)


def _changes(believed: belief.Belief, told: set[UUID], span: store.Span) -> list[ExplainedChange]:
    """Those within the span, and where the device stood when it began."""
    changes = [c for c in believed.changes if c.zone_id in told and c.at <= span.until]
    last = {c.zone_id: n for n, c in enumerate(changes) if c.at < span.since}
    kept = [c for n, c in enumerate(changes) if c.at >= span.since or last.get(c.zone_id) == n]
    return [
        ExplainedChange(at=c.at, zone_id=c.zone_id, phase=c.phase, reason=c.reason, text=rules.how(c.reason))
        for c in kept
    ]


def _event(row: Mapping[str, Any]) -> ExplainedEvent:
    kept = {k: row[k] for k in ExplainedEvent.model_fields if k not in ("text", "visit", "before")}
    spans = {name: row["details"].get(name) for name in ("visit", "before")}
    return ExplainedEvent(**kept, **spans, text=rules.how(row["reason"]))


def _message(row: Mapping[str, Any], case: decided.Case) -> ExplainedMessage:
    words = rules.message_text(row)
    own = {"text", "checks", "campaign_changed"}
    return ExplainedMessage(
        **{k: row[k] for k in ExplainedMessage.model_fields if k not in own},
        text=words,
        checks=_checks(case.checks(row)),
        campaign_changed=case.is_changed_since(row),
    )


def _campaign(w: decided.WaitingCampaign) -> ExplainedCampaign:
    verdict, words = rules.verdict_of_checks(w.checks, w.status)
    return ExplainedCampaign(
        campaign_id=w.campaign_id,
        campaign_name=w.name,
        zone_id=w.zone_id,
        zone_name=w.zone_name,
        verdict=verdict,
        text=words,
        checks=_checks(w.checks),
    )


def _checks(checks: Sequence[rules.Check]) -> list[ExplainedCheck]:
    return [ExplainedCheck(check=c.check, passed=c.passed, text=c.text) for c in checks]
