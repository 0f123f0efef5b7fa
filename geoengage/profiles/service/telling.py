"""Letting the ledger know that something about people is not as it was, at the end of the transaction."""

from collections.abc import Collection
from datetime import datetime
from uuid import UUID

from geoengage.kit import events
from geoengage.kit.db import Session, at_end
from geoengage.kit.ids import TenantId
from geoengage.profiles.rules import people_changed


def tell_changed(
    session: Session,
    tenant_id: TenantId,
    what: str,
    now: datetime,
    *,
    identifiers: Collection[UUID] = (),
    devices: Collection[UUID] = (),
    profiles: Collection[UUID] = (),
) -> None:
    """Have `people.changed` published for these when the transaction ends; `what` as `rules.PeopleChanged` has it."""
    told = people_changed(what, now, identifiers=identifiers, devices=devices, profiles=profiles)
    if told:
        at_end(session, lambda: events.publish(session, tenant_id, told, now))
