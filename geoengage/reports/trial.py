"""What the tenant's campaigns would have made of replayed visits, by their own rules. Sends nothing."""

from collections.abc import Iterable, Iterator
from uuid import UUID
from zoneinfo import ZoneInfo

from geoengage.campaigns.rules import Place
from geoengage.kit.ids import TenantId
from geoengage.presence.rules.decide import Transition
from geoengage.presence.service.outcome import event_of
from geoengage.profiles.rules import Recipient
from geoengage.reports.rules import Start
from geoengage.venues.rules import PublishedZone


def place_of(zone: PublishedZone) -> Place:
    """A zone as campaigns see it; the names of its store and mall are of no use when nothing is written."""
    return Place(zone.zone_id, zone.version, zone.name, zone.kind, zone.store_id, None, None, ZoneInfo(zone.timezone))


def starts(
    tenant_id: TenantId,
    device_id: UUID,
    person: Recipient,
    transitions: Iterable[Transition],
    places: dict[UUID, Place],
) -> Iterator[Start]:
    """What campaigns may wait for in a device's transitions, each told at the moment it happened.

    A zone that was only crossed is left as soon as it is entered, which campaigns hear at once.
    """
    told = list(transitions)
    crossed = {t.visit_id: t.at for t in told if t.kind == "exited" and t.reason == "crossing"}
    for t in told:
        if t.kind in ("entered", "dwelled", "exited") and t.zone_id in places:
            event = event_of(tenant_id, device_id, t, t.at)
            yield Start(event, places[t.zone_id], person, crossed.get(t.visit_id))
