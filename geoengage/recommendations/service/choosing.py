"""What is recommended: candidates of each kind in their order, of which those that can be had are kept.

Whatever knows the person (`due`, `usual`, and `together` with what they bought before) needs their consent to
personalisation; what goes with the things at hand and what is popular knows nobody.
"""

from collections.abc import Collection, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from enum import StrEnum
from uuid import UUID

from geoengage.kit.db import Session
from geoengage.kit.ids import TenantId
from geoengage.recommendations import store
from geoengage.recommendations.rules import Because, RecommendationKind, is_young, reason
from geoengage.recommendations.service.candidates import (
    Candidate,
    Shopper,
    list_popular,
    list_shoppers,
    of_essentials,
    that_go_with,
)
from geoengage.recommendations.store import Model, Offer

AT_ONCE = 40  # candidates that are asked for at once
MOST_CANDIDATES = 200  # of each kind


class Hindrance(StrEnum):
    """Why nothing that knows the person is recommended."""

    NOBODY = "nobody"  # it is not known whose the device is
    NO_CONSENT = "no_consent"
    UNDER_16 = "under_16"


@dataclass(frozen=True, slots=True, kw_only=True)
class Ask:
    """For whom (`profile_id`: may be judged by what they bought) or with what at hand, of which kinds, how many.

    `at`: stores where it must be to be had, None anywhere. `orders_of`: only what was bought there counts. `place`: the
    store whose favourites come before everybody's. `store_name`: what it is called.
    """

    kinds: Sequence[RecommendationKind]
    limit: int
    profile_id: UUID | None = None
    at_hand: Sequence[UUID] = ()
    at: Collection[UUID] | None = None
    orders_of: Collection[UUID] | None = None
    place: UUID | None = None
    store_name: str | None = None


@dataclass(frozen=True, slots=True)
class Recommended:
    """One recommendation."""

    offer: Offer
    kind: RecommendationKind
    score: float
    because: Because
    reason: str


@dataclass(frozen=True, slots=True)
class Answer:
    """Recommendations, the best first. `fitted_at`: when what they rest on was learnt; None: nothing was yet."""

    items: tuple[Recommended, ...]
    fitted_at: datetime | None


async def hindrance_of(session: Session, tenant_id: TenantId, profile_id: UUID, now: datetime) -> Hindrance | None:
    """Why what a person bought may not choose anything for them; None: it may.

    They agree when one of their devices does and none refuses.
    """
    person = await store.find_person(session, tenant_id, profile_id, now)
    if person is None:
        return Hindrance.NOBODY
    if person.denied or not person.granted:
        return Hindrance.NO_CONSENT
    return Hindrance.UNDER_16 if is_young(person.attributes, person.today) else None


async def recommend(session: Session, tenant_id: TenantId, ask: Ask, now: datetime) -> Answer:
    """Recommendations of the asked kinds, one kind after the other, each product once, nothing that is at hand."""
    model = await store.find_model(session, tenant_id)
    shopper = Shopper()
    if ask.profile_id is not None and any(kind is not RecommendationKind.POPULAR for kind in ask.kinds):
        found = await list_shoppers(session, tenant_id, model, [ask.profile_id], ask.orders_of, now)
        shopper = found.get(ask.profile_id, shopper)
    chosen: dict[UUID, Candidate] = {}
    offers: dict[UUID, Offer] = {}
    for kind in ask.kinds:
        if len(chosen) < ask.limit:  # what comes later need not be thought of
            wishes = await _candidates(session, tenant_id, model, ask, kind, shopper)
            await _take(session, tenant_id, ask, wishes, chosen, offers)
    items = list(chosen.values())[: ask.limit]
    names = await _names(session, tenant_id, items, offers)
    told = tuple(_recommended(each, offers[each.product_id], names, ask.store_name) for each in items)
    return Answer(told, None if model is None else model.fitted_at)


async def _candidates(
    session: Session, tenant_id: TenantId, model: Model | None, ask: Ask, kind: RecommendationKind, shopper: Shopper
) -> list[Candidate]:
    """Of one kind. What goes with the things at hand, or with nothing at hand, with what the person buys and is new."""
    if kind in (RecommendationKind.DUE, RecommendationKind.USUAL):
        return of_essentials(shopper.essentials, kind)
    if model is None:
        return []
    if kind is RecommendationKind.POPULAR:
        return await list_popular(session, tenant_id, model, ask.place)
    things = dict.fromkeys(ask.at_hand, 1.0) or shopper.tastes
    others = await store.list_others(session, tenant_id, model.id, things)
    return that_go_with(others, things, ask.at_hand or shopper.bought)


async def _take(
    session: Session,
    tenant_id: TenantId,
    ask: Ask,
    wishes: Sequence[Candidate],
    chosen: dict[UUID, Candidate],
    offers: dict[UUID, Offer],
) -> None:
    """Choose what is new among these and can be had, until there is enough."""
    taken = {*ask.at_hand, *chosen}
    waiting = [each for each in wishes[:MOST_CANDIDATES] if each.product_id not in taken]
    step = max(AT_ONCE, ask.limit)
    while waiting and len(chosen) < ask.limit:
        some, waiting = waiting[:step], waiting[step:]
        offers |= await store.list_offers(session, tenant_id, [each.product_id for each in some], ask.at)
        chosen |= {each.product_id: each for each in some if each.product_id in offers}


async def _names(
    session: Session, tenant_id: TenantId, items: Sequence[Candidate], offers: dict[UUID, Offer]
) -> dict[UUID, str]:
    known = {id_: offer.name for id_, offer in offers.items()}
    missing = {each.with_id for each in items if each.with_id is not None} - known.keys()
    return known | (await store.list_names(session, tenant_id, missing) if missing else {})


def _recommended(each: Candidate, offer: Offer, names: dict[UUID, str], store_name: str | None) -> Recommended:
    because = each.because if each.with_id is None else replace(each.because, with_name=names.get(each.with_id))
    return Recommended(offer, each.kind, each.score, because, reason(each.kind, because, at_store=store_name))
