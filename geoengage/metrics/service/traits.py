"""Computed traits: worked out from what people did, kept beside what sources say, with the provenance `computed`."""

from collections.abc import Collection, Sequence
from datetime import date, datetime
from uuid import UUID
from zoneinfo import ZoneInfo

from geoengage.kit.db import Session
from geoengage.kit.event_base import Recorded, payload_uuid
from geoengage.kit.ids import TenantId
from geoengage.metrics import rules, store
from geoengage.profiles import service as profiles
from geoengage.profiles import store as profiles_store
from geoengage.profiles.rules import COMPUTED, Proof
from geoengage.tenancy.models import Tenant

WANTED = frozenset({"profile.merged", "profile.unmerged", "consent.changed"})


async def compute(session: Session, tenant_id: TenantId, profile_ids: Collection[UUID], now: datetime) -> int:
    """Work out the traits of these people anew; returns of how many something has changed."""
    if not profile_ids:
        return 0
    today = await _today(session, tenant_id, now)
    known = await store.get_known(session, tenant_id, profile_ids, now)
    current = await store.list_computed(session, tenant_id, known)
    strongest: dict[UUID, UUID] = {}
    for identifier in await profiles_store.list_identifiers(session, tenant_id, list(known)):
        strongest.setdefault(identifier.profile_id, identifier.id)
    changes = []
    for profile_id, person in known.items():
        found = rules.compute(person, today)
        news = {name: value for name, value in found.items() if value != current[profile_id].get(name)}
        if news and profile_id in strongest:
            changes.append((strongest[profile_id], news, now))
    await profiles.set_traits_many(session, tenant_id, changes, source=COMPUTED, proof=Proof.LINK, now=now)
    return len(changes)


async def _today(session: Session, tenant_id: TenantId, now: datetime) -> date:
    tenant = await session.get_one(Tenant, tenant_id)
    return now.astimezone(ZoneInfo(tenant.timezone)).date()


async def on_people_changed(session: Session, tenant_id: TenantId, recorded: Sequence[Recorded], now: datetime) -> None:
    """Who joined, parted or withdrew a consent is computed at once: nothing is left of what they did not agree to."""
    people = {
        id_
        for r in recorded
        for name in ("profile_id", "into_id", "from_id")
        if (id_ := payload_uuid(r.payload, name)) is not None
    }
    devices = {id_ for r in recorded if (id_ := payload_uuid(r.payload, "device_id")) is not None}
    people |= await store.list_owners_of(session, tenant_id, devices)
    await compute(session, tenant_id, people, now)
