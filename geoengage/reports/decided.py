"""What became of the messages of a span and of the campaigns that waited at its zones, with every check in order."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Protocol
from uuid import UUID
from zoneinfo import ZoneInfo

from geoengage.campaigns import rules as campaigns
from geoengage.campaigns import store as campaign_store
from geoengage.campaigns.models import Campaign
from geoengage.campaigns.service import load_policy
from geoengage.campaigns.starts import list_segments_of
from geoengage.kit.db import Session
from geoengage.kit.ids import TenantId
from geoengage.messaging.rules import Budget, Send
from geoengage.profiles import store as profiles
from geoengage.profiles.rules import Recipient
from geoengage.reports import rules, store
from geoengage.tenancy import store as tenancy


class ZoneTold(Protocol):
    """What must be known of a zone that is told of."""

    zone_id: UUID
    name: str
    kind: str
    store_id: UUID | None
    verdict: rules.Verdict
    text: str


@dataclass(frozen=True, slots=True)
class WaitingCampaign:
    """A campaign at a zone of the span that sent nothing, and why."""

    campaign_id: UUID
    name: str
    status: str
    zone_id: UUID
    zone_name: str
    checks: list[rules.Check]


@dataclass(frozen=True, slots=True)
class Case:
    """Everything that the checks of the span's messages need."""

    person: Recipient
    policy: campaigns.Policy
    budget: Budget
    timezone: str
    event_times: Mapping[UUID, datetime]
    campaigns: Mapping[UUID, Campaign]
    waiting: Sequence[WaitingCampaign]

    def checks(self, message: Mapping[str, Any]) -> list[rules.Check]:
        """Every check of a message (a row of `store.list_messages`), in order."""
        row = self.campaigns.get(message["campaign_id"])
        return rules.message_checks(
            rules.Decided(
                at=message["created_at"],
                event_at=self.event_times.get(message["event_id"]),
                expires_at=message["expires_at"],
                blockers=frozenset(message["blockers"]),
                campaign=None if row is None else (campaign_store.content_of(row), str(row.id)),
                person=self.person,
                policy=self.policy,
                budget=self.budget,
                timezone=ZoneInfo(message["timezone"] or self.timezone),
            )
        )

    def is_changed_since(self, message: Mapping[str, Any]) -> bool:
        """Whether the message's campaign was edited after it was decided."""
        row = self.campaigns.get(message["campaign_id"])
        return row is not None and row.updated_at > message["created_at"]


async def load(
    session: Session,
    tenant_id: TenantId,
    device_id: UUID,
    messages: Sequence[Mapping[str, Any]],
    events: Sequence[Mapping[str, Any]],
    zones: Sequence[ZoneTold],
    now: datetime,
) -> Case:
    """Reads what the checks need. `events` and `messages` are rows of the store, `zones` those told of."""
    person = (await profiles.list_recipients(session, tenant_id, [device_id]))[device_id]
    sends = await store.list_sends(session, tenant_id, person.person_id, now)
    near = [z for z in zones if z.verdict is not rules.Verdict.OUTSIDE]
    stores = {z.store_id for z in near if z.store_id is not None and z.kind == "store"}
    waiting = await store.list_campaigns_at(session, tenant_id, [z.zone_id for z in near], stores)
    named = {id_ for row in waiting for id_ in campaigns.segments_of(campaign_store.content_of(row))}
    inside = await list_segments_of(session, tenant_id, named, [person.person_id])
    spoke = {(m["campaign_id"], m["zone_id"]) for m in messages}
    return Case(
        person=person,
        policy=await load_policy(session, tenant_id),
        budget=Budget(person.person_id, tuple(Send(**row) for row in sends)),
        timezone=(await tenancy.get_tenant(session, tenant_id)).timezone,
        event_times={e["id"]: e["at"] for e in events},
        campaigns=await store.list_named_campaigns(session, tenant_id, {m["campaign_id"] for m in messages} - {None}),
        waiting=list(_silent(waiting, near, spoke, events, (person, inside.get(person.person_id, frozenset())), now)),
    )


def _silent(
    waiting: Sequence[Campaign],
    near: Sequence[ZoneTold],
    spoke: set[tuple[Any, Any]],
    events: Sequence[Mapping[str, Any]],
    whom: tuple[Recipient, frozenset[UUID]],
    now: datetime,
) -> Iterator[WaitingCampaign]:
    """Each campaign once for each zone at which it waits and sent nothing. `whom`: the person, their segments."""
    for row in waiting:
        content = campaign_store.content_of(row)
        status = str(campaigns.status_at(campaigns.Status(row.status), row.valid_from, row.valid_to, now))
        for zone in near:
            if (row.id, zone.zone_id) in spoke or not campaigns.waits_at(
                content, zone.zone_id, zone.kind, zone.store_id
            ):
                continue
            here = [e for e in events if e["zone_id"] == zone.zone_id]
            checks = rules.waiting_checks(
                rules.Waiting(
                    content=content,
                    status=status,
                    happened=frozenset(e["kind"] for e in here),
                    marks=frozenset(e["dwell_s"] for e in here if e["kind"] == "dwelled"),
                    instead=zone.text,
                    person=whom[0],
                    segments=whom[1],
                )
            )
            yield WaitingCampaign(row.id, row.name, status, zone.zone_id, zone.name, checks)
