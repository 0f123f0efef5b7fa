"""SQL that counts people: whom a campaign could reach, and what became of its messages. Reads lower domains' tables.

What may be said about these numbers is decided by `rules.counts`, not here.
"""

import json
from collections.abc import Collection
from dataclasses import dataclass
from uuid import UUID

from sqlalchemy import (
    ColumnElement,
    Text,
    and_,
    cast,
    distinct,
    exists,
    false,
    func,
    literal,
    or_,
    select,
    text,
    true,
)
from sqlalchemy.dialects.postgresql import JSONB

from geoengage.campaigns.models import Campaign
from geoengage.campaigns.rules import OF_HISTORY, AttributeTest, Audience, Content, Everyone, InSegment, Op
from geoengage.kit.db import Session
from geoengage.kit.ids import TenantId, lowest_id
from geoengage.messaging.models import FirebaseSender
from geoengage.profiles.models import Device, Profile
from geoengage.segments.models import SegmentMember


@dataclass(frozen=True, slots=True)
class Whose:
    """Whose devices count: `tests` None for all, else test devices only or never. `preview`: no address is needed."""

    tests: bool | None
    preview: bool


@dataclass(frozen=True, slots=True)
class Addressed:
    """Whom a campaign is for. `segment_id`: the one it waits for. `needs`: the consent without which nothing is sent,
    beside that to marketing: to location, to personalisation, or none.
    """

    audience: Audience
    is_marketing: bool
    segment_id: UUID | None = None
    needs: str | None = "location"

    @classmethod
    def of(cls, content: Content) -> "Addressed":
        """By what somebody wrote."""
        if not content.has_entries:
            needs: str | None = "personalisation" if content.segment_id else "location"
        else:
            needs = "personalisation" if content.is_marketing and content.kind in OF_HISTORY else None
        return cls(content.definition.audience, content.is_marketing, content.segment_id, needs)


@dataclass(frozen=True, slots=True)
class Reach:
    """Distinct people. `everyone` is `people` as it would be without the audience."""

    people: int
    everyone: int
    no_consent: int
    suppressed: int
    no_address: int


async def count_reach(
    session: Session, tenant_id: TenantId, wanted: Collection[Addressed], whose: Whose
) -> dict[Addressed, Reach]:
    """How many people could be sent to now, for each. One pass over the devices for all."""
    keys = list(dict.fromkeys(wanted))
    if not keys:
        return {}
    person = func.coalesce(Device.profile_id, Device.id)
    columns = [
        func.count(distinct(person)).filter(condition) for key in keys for condition in _reach_conditions(key, whose)
    ]
    query = (
        select(*columns)
        .select_from(Device)
        .outerjoin(Profile, and_(Profile.tenant_id == Device.tenant_id, Profile.id == Device.profile_id))
        .where(Device.tenant_id == tenant_id)
    )
    if whose.tests is not None:
        query = query.where(Device.is_test.is_(whose.tests))
    row = (await session.execute(query)).one()
    return {key: _reach(*row[5 * i : 5 * i + 5]) for i, key in enumerate(keys)}


def _reach(audience: int, consenting: int, not_suppressed: int, reachable: int, everyone: int) -> Reach:
    return Reach(reachable, everyone, audience - consenting, consenting - not_suppressed, not_suppressed - reachable)


def _reach_conditions(key: Addressed, whose: Whose) -> list[ColumnElement[bool]]:
    """Each one narrower than the one before; the last is the reach without the audience."""
    asked = {"location": Device.location, "personalisation": Device.personalisation}
    consent = asked[key.needs] == "granted" if key.needs is not None else true()
    if key.is_marketing:
        consent = and_(consent, Device.marketing_push == "granted")
    awake = Profile.suppressed_at.is_(None)
    has_address = and_(Device.push_address.is_not(None), Device.push_retired_at.is_(None))
    address = or_(Device.is_test, has_address)
    if whose.preview:
        address = or_(address, ~_has_own_sender())
    inside = _in_audience(key.audience)
    if key.segment_id is not None:
        inside = and_(inside, _is_member(key.segment_id))
    return [
        inside,
        and_(inside, consent),
        and_(inside, consent, awake),
        and_(inside, consent, awake, address),
        and_(consent, awake, address),
    ]


def _has_own_sender() -> ColumnElement[bool]:
    """Whether the device's app has a Firebase project of its own, so that a message needs an address there."""
    mine = and_(FirebaseSender.tenant_id == Device.tenant_id, FirebaseSender.app_id == Device.app_id)
    return exists().where(mine)


def _in_audience(audience: Audience) -> ColumnElement[bool]:
    """`rules.in_audience` in SQL; a test holds the two together."""
    if isinstance(audience, Everyone):
        return true()
    chosen = _is_member(audience.segment_id) if isinstance(audience, InSegment) else _passes(audience)
    return and_(Device.personalisation == "granted", chosen)


def _is_member(segment_id: UUID) -> ColumnElement[bool]:
    mine = and_(SegmentMember.tenant_id == Device.tenant_id, SegmentMember.profile_id == Device.profile_id)
    return exists().where(mine, SegmentMember.segment_id == segment_id)


def _passes(test: AttributeTest) -> ColumnElement[bool]:
    actual = func.coalesce(Profile.attributes.op("->")(test.name), cast(literal("null", Text), JSONB))
    known = func.jsonb_typeof(actual) != "null"
    value = cast(literal(json.dumps(test.value), Text), JSONB)
    number = func.jsonb_typeof(actual) == "number"
    conditions: dict[Op, ColumnElement[bool]] = {
        Op.EQ: actual == value,
        Op.NE: and_(known, actual != value),
        Op.GT: and_(number, actual > value),
        Op.LT: and_(number, actual < value),
        Op.EXISTS: known if test.value else ~known,
    }
    return conditions.get(test.op, false())


@dataclass(frozen=True, slots=True)
class Outcome:
    """Messages of one kind, and to how many distinct people they went."""

    messages: int
    people: int


@dataclass(frozen=True, slots=True)
class Outcomes:
    """What became of a campaign's messages; `skipped` by reason."""

    sent: Outcome
    received: Outcome
    opened: Outcome
    failed: Outcome
    skipped: dict[str, Outcome]


_OUTCOMES = text("""
SELECT what, CASE WHEN what = 'skipped' THEN m.reason END, count(*), count(DISTINCT m.person_id)
FROM message m
LEFT JOIN device d ON d.tenant_id = m.tenant_id AND d.id = m.device_id
CROSS JOIN LATERAL unnest(ARRAY[
  CASE WHEN m.status IN ('failed', 'misconfigured', 'unknown') THEN 'failed' ELSE m.status END,
  CASE WHEN m.received_at IS NOT NULL THEN 'received' END,
  CASE WHEN m.opened_at IS NOT NULL THEN 'opened' END]) AS what
WHERE m.tenant_id = :tenant_id AND m.campaign_id = :campaign_id AND m.id >= :oldest
  AND (CAST(:tests AS boolean) IS NULL OR coalesce(d.is_test, false) = CAST(:tests AS boolean))
GROUP BY 1, 2
""")


async def count_outcomes(session: Session, tenant_id: TenantId, campaign: Campaign, whose: Whose) -> Outcomes:
    """What became of a campaign's messages, by distinct message and person."""
    rows = await session.execute(
        _OUTCOMES,
        {
            "tenant_id": tenant_id,
            "campaign_id": campaign.id,
            "oldest": lowest_id(campaign.created_at),  # skips the partitions from before the campaign
            "tests": whose.tests,
        },
    )
    found = {(what, reason): Outcome(messages, people) for what, reason, messages, people in rows}
    none = Outcome(0, 0)
    return Outcomes(
        sent=found.get(("sent", None), none),
        received=found.get(("received", None), none),
        opened=found.get(("opened", None), none),
        failed=found.get(("failed", None), none),
        skipped={reason: n for (what, reason), n in found.items() if what == "skipped" and reason is not None},
    )
