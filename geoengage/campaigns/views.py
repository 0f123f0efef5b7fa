"""What somebody reads about campaigns: estimate, warnings, preview, report. Nothing here writes.

Numbers of people follow k-anonymity; the people of a demo tenant are simulated and test devices belong to developers,
so a demo tenant and a test key see exact ones, the test key of its test devices only.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from geoengage.campaigns import counts, service, starts, store
from geoengage.campaigns.counts import Addressed, Outcome, Reach, Whose
from geoengage.campaigns.models import Campaign
from geoengage.campaigns.rules import (
    SAMPLE_CONTENT,
    SAMPLE_OFFER,
    SAMPLE_RECOMMENDED,
    Content,
    Names,
    Status,
    TargetZone,
    check_texts,
    length_warnings,
    sample_said,
    says,
    segments_of,
    status_at,
    visible,
    visible_groups,
    warnings,
    write,
)
from geoengage.kit.db import Session
from geoengage.kit.errors import ItemErrors
from geoengage.kit.ids import TenantId
from geoengage.messaging.rules.text import Text
from geoengage.tenancy.rules import Principal
from geoengage.venues.rules import ZoneKind


@dataclass(frozen=True, slots=True)
class Estimate:
    """Whom a campaign could reach now; None and left out are groups of one to nine."""

    people: int | None
    blocked_by: dict[str, int]


@dataclass(frozen=True, slots=True)
class Described:
    """A campaign with what is computed for its reader."""

    row: Campaign
    content: Content
    status: Status
    estimate: Estimate
    warnings: list[str]
    says: list[str]


@dataclass(frozen=True, slots=True)
class Report:
    """What became of a campaign's messages."""

    sent: int | None
    received: int | None
    opened: int | None
    failed: int | None
    skipped: dict[str, int]
    people: int | None


def whose(me: Principal, *, preview: bool) -> Whose:
    """Whose devices count for this caller. `preview`: no push provider is set up."""
    if me.is_test:
        return Whose(tests=True, preview=preview)
    return Whose(tests=None if me.is_demo else False, preview=preview)


def is_exact(me: Principal) -> bool:
    """Whether numbers are of made-up people or of the caller's own phones, so that small ones may be told."""
    return me.is_test or me.is_demo


async def describe(
    session: Session, me: Principal, rows: Sequence[Campaign], now: datetime, *, preview: bool
) -> list[Described]:
    """Campaigns as the API shows them; five queries however many. `preview`: no push provider is set up."""
    tenant_id = TenantId(me.tenant_id)
    contents = [store.content_of(row) for row in rows]
    zones, stores = await service.list_targets(session, tenant_id, contents)
    policy = await service.load_policy(session, tenant_id)
    named = {id_ for content in contents for id_ in segments_of(content)}
    segments = await starts.list_target_segments(session, tenant_id, named)
    wanted = [Addressed.of(content) for content in contents]
    known = {z.zone_id: z.name for z in zones} | {s.store_id: s.name for s in stores}
    known |= {s.segment_id: s.name for s in segments}
    reach = await counts.count_reach(session, tenant_id, wanted, whose(me, preview=preview))
    return [
        Described(
            row=row,
            content=content,
            status=status_at(Status(row.status), row.valid_from, row.valid_to, now),
            estimate=_estimate(reach[key], exact=is_exact(me)),
            warnings=warnings(
                content,
                [z for z in zones if _waits_at(content, z)],
                [s for s in stores if s.store_id == content.store_id or s.store_id in content.store_ids],
                [s for s in segments if s.segment_id in segments_of(content)],
                policy,
            ),
            says=says(content, known),
        )
        for row, content, key in zip(rows, contents, wanted, strict=True)
    ]


def _waits_at(content: Content, zone: TargetZone) -> bool:
    return zone.zone_id in content.zone_ids or (zone.kind == ZoneKind.STORE and zone.store_id in content.store_ids)


def _estimate(reach: Reach, *, exact: bool) -> Estimate:
    blocked = {"no_consent": reach.no_consent, "suppressed": reach.suppressed, "no_address": reach.no_address}
    return Estimate(
        visible(reach.people, reach.everyone, exact=exact),
        visible_groups(blocked, exact=exact),
    )


@dataclass(frozen=True, slots=True)
class Sample:
    """A text to try, and whose names to put in."""

    title: str
    body: str
    store_id: UUID | None
    zone_id: UUID | None
    first_name: str | None


async def preview(session: Session, me: Principal, sample: Sample) -> Text:
    """A text as somebody would get it; ItemErrors for bad Liquid and for places that the caller may not see."""
    tenant_id = TenantId(me.tenant_id)
    wrong = check_texts(sample.title, sample.body)
    zones = await store.list_target_zones(session, tenant_id, [sample.zone_id] if sample.zone_id else [], [])
    zone = next((z for z in zones if me.sees_store(z.store_id)), None)
    if sample.zone_id is not None and zone is None:
        wrong["zone_id"] = "there is no such zone"
    store_id = sample.store_id or (zone.store_id if zone else None)
    stores = await store.list_target_stores(session, tenant_id, [store_id] if store_id else [])
    shop = next((s for s in stores if me.sees_store(s.store_id)), None)
    if sample.store_id is not None and shop is None:
        wrong["store_id"] = "there is no such store"
    if wrong:
        raise ItemErrors([{"pointer": f"#/{at}", "in": "body", "detail": detail} for at, detail in wrong.items()])
    mall = await store.find_mall_name(session, tenant_id, sample.zone_id, store_id)
    names = Names(store=shop.name if shop else None, zone=zone.name if zone else None, mall=mall)
    said = sample_said(sample.title, sample.body)
    text = write(
        sample.title, sample.body, names, sample.first_name, SAMPLE_RECOMMENDED, said, SAMPLE_OFFER, SAMPLE_CONTENT
    )
    return Text(text.title, text.body, (*text.warnings, *length_warnings(text.title, text.body)))


async def report(session: Session, me: Principal, row: Campaign) -> Report:
    """What became of the campaign's messages so far."""
    found = await counts.count_outcomes(session, TenantId(me.tenant_id), row, whose(me, preview=True))
    exact, everyone = is_exact(me), found.sent.people

    def shown(outcome: Outcome, whole: int | None = None) -> int | None:
        return None if visible(outcome.people, whole, exact=exact) is None else outcome.messages

    return Report(
        sent=shown(found.sent),
        received=shown(found.received, everyone),
        opened=shown(found.opened, everyone),
        failed=shown(found.failed),
        skipped={reason: n for reason, outcome in found.skipped.items() if (n := shown(outcome))},
        people=visible(everyone, exact=exact),
    )
