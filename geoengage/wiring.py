"""What happens when … — the one table from events to reactions.

Reactions take a batch of events of one tenant, in ledger order, inside one transaction that also moves their cursor; so
each runs once per event, whatever crashes. `live` reads the ledger by itself and is no entry here.
"""

from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass
from datetime import datetime
from functools import partial

from geoengage.buzz import service as buzz
from geoengage.campaigns import moves as campaign_moves
from geoengage.campaigns import news as campaign_news
from geoengage.campaigns import reaction as campaigns
from geoengage.experiments import service as experiments
from geoengage.ingest import service as ingest
from geoengage.kit.db import Session
from geoengage.kit.events import Recorded
from geoengage.kit.ids import TenantId
from geoengage.messaging import service as messaging
from geoengage.metrics import service as metrics
from geoengage.offers import service as offers
from geoengage.presence import service as presence
from geoengage.segments import service as segments

Handler = Callable[[Session, TenantId, Sequence[Recorded], datetime], Awaitable[None]]


@dataclass(frozen=True, slots=True)
class Reaction:
    """A named reader of the ledger: the event types it wants and what it does with a batch of them.

    `is_urgent`: somebody waits for what follows, so it never waits for the others. `is_apart`: has its own loop.
    """

    name: str
    types: frozenset[str]
    handle: Handler
    is_urgent: bool = False
    is_apart: bool = False


async def _erases_nobody(
    _session: Session, _tenant_id: TenantId, _recorded: Sequence[Recorded], _now: datetime
) -> None:
    raise RuntimeError("this process has no eraser")  # noted as a failure, never passed over in silence


def reactions(indexes: presence.IndexCache, erase: Handler = _erases_nobody) -> tuple[Reaction, ...]:
    """All reactions. `indexes`: the zones that this process keeps in memory. `erase`: its `privacy.Eraser`."""
    return (
        Reaction("campaigns.send", campaigns.WANTED, campaigns.on_zone_events, is_urgent=True),
        Reaction("campaigns.segments", campaign_moves.WANTED, campaign_moves.on_moves),
        Reaction("experiments.people", experiments.WANTED, experiments.on_messages),
        Reaction("campaigns.journeys", campaign_news.WANTED, campaign_news.on_news),
        Reaction("messaging.visit_ended", frozenset({"zone.exited", "zone.retracted"}), messaging.on_zone_exited),
        Reaction("presence.consent", frozenset({"consent.changed"}), presence.on_consent_changed),
        Reaction("ingest.consent", frozenset({"consent.changed"}), ingest.on_consent_changed),
        Reaction("ingest.purchases", frozenset({"events.recorded"}), ingest.on_events_recorded),
        Reaction("ingest.shops", frozenset({"connection.delivered"}), ingest.on_delivered),
        Reaction("privacy.erasures", frozenset({"erasure.requested"}), erase),
        Reaction("messaging.consent", frozenset({"consent.changed"}), messaging.on_consent_changed),
        Reaction("presence.venue", frozenset({"venue.changed"}), partial(presence.on_venue_changed, indexes=indexes)),
        Reaction("messaging.people", frozenset({"profile.merged"}), messaging.on_profile_merged),
        Reaction("buzz.replies", buzz.WANTED, buzz.on_replies),
        Reaction("metrics.habits", metrics.BOUGHT, metrics.on_bought),
        Reaction("metrics.people", metrics.WANTED, metrics.on_people_changed),
        Reaction("offers.coupons", offers.MESSAGES, offers.on_messages),
        Reaction("offers.returns", offers.ORDERS, offers.on_orders),
        Reaction("messaging.venue", frozenset({"venue.changed"}), messaging.on_venue_changed),
        Reaction(segments.REACTION, segments.WANTED, segments.on_news, is_apart=True),
    )
