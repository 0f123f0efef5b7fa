"""Lists of what may be recommended, each kind for itself: what people buy, what goes with things, what is popular."""

import math
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from uuid import UUID

from geoengage.kit.db import Session
from geoengage.kit.ids import TenantId
from geoengage.recommendations import store
from geoengage.recommendations.rules import USUAL_GAP_DAYS, Because, Essential, RecommendationKind, essentials, together
from geoengage.recommendations.store import Model

HISTORY = timedelta(days=730)
MOST_POPULAR = 60
SPEAKERS = 10  # of what somebody buys, that say what else they may like
NO_FACTS = Because()
Others = Mapping[UUID, tuple[Sequence[UUID], Sequence[float]]]


@dataclass(frozen=True, slots=True)
class Candidate:
    """Something that may be recommended, before it is known whether it can be had. `with_id`: bought with that."""

    product_id: UUID
    kind: RecommendationKind
    score: float
    because: Because = NO_FACTS
    with_id: UUID | None = None


@dataclass(frozen=True, slots=True)
class Shopper:
    """What somebody buys again and again, the likeliest first, and everything they ever bought."""

    essentials: Sequence[Essential] = ()
    bought: Collection[UUID] = field(default_factory=frozenset)

    @property
    def tastes(self) -> dict[UUID, float]:
        """What says most of what they may like, and how much each counts; for lack of more, what was bought once."""
        if self.essentials:
            return {each.product_id: math.log1p(each.times) for each in self.essentials[:SPEAKERS]}
        return dict.fromkeys(sorted(self.bought)[:SPEAKERS], 1.0)


async def list_shoppers(
    session: Session,
    tenant_id: TenantId,
    model: Model | None,
    profile_ids: Collection[UUID],
    orders_of: Collection[UUID] | None,
    now: datetime,
) -> dict[UUID, Shopper]:
    """What these people buy, by profile; `orders_of`: at these stores (None: anywhere)."""
    if not profile_ids:
        return {}
    bought = await store.list_bought(session, tenant_id, profile_ids, since=now - HISTORY, now=now, store_ids=orders_of)
    rhythms = {}
    if model is not None:
        again = {id_ for own in bought.values() for id_, days in own.products.items() if len(days) > 1}
        rhythms = await store.list_rhythms(session, tenant_id, model.id, again)
    gap = USUAL_GAP_DAYS if model is None else model.gap_days
    return {
        profile_id: Shopper(essentials(own, rhythms, gap), own.products.keys()) for profile_id, own in bought.items()
    }


def of_essentials(own: Iterable[Essential], kind: RecommendationKind) -> list[Candidate]:
    """`due`: only what is due; `usual`: all of it."""
    return [
        Candidate(
            each.product_id,
            RecommendationKind.DUE if each.is_due else RecommendationKind.USUAL,
            each.score,
            Because(gap_days=round(each.gap_days), since_days=each.since_days, times=each.times, of=each.of),
        )
        for each in own
        if each.is_due or kind is RecommendationKind.USUAL
    ]


def that_go_with(others: Others, things: Mapping[UUID, float], without: Collection[UUID]) -> list[Candidate]:
    """What is bought together with things (product → how much it counts), the best first, without some."""
    speakers = [(id_, count, *others[id_]) for id_, count in things.items() if id_ in others]
    return [
        Candidate(id_, RecommendationKind.TOGETHER, score, with_id=thing)
        for id_, score, thing in together(speakers, without)
    ]


async def list_popular(session: Session, tenant_id: TenantId, model: Model, place: UUID | None) -> list[Candidate]:
    """What most people bought lately, at the place where anything is known of it, else everywhere."""
    places = [tenant_id] if place is None else [place, tenant_id]
    found = await store.list_popular(session, tenant_id, model.id, places, MOST_POPULAR)
    most = max((buyers for _, buyers in found), default=1)
    return [Candidate(id_, RecommendationKind.POPULAR, buyers / most) for id_, buyers in found]
