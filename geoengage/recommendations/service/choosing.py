"""What is recommended: candidates of each kind in their order, of which those that can be had are kept.

Whatever knows the person (`due`, `usual`, and `together` with what they bought before) needs their consent to
personalisation; what goes with the things at hand and what is popular knows nobody.
"""

import math
from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass, replace
from datetime import date, datetime, timedelta
from enum import StrEnum
from uuid import UUID
from zoneinfo import ZoneInfo

from geoengage.kit.db import Session
from geoengage.kit.ids import TenantId
from geoengage.recommendations import store
from geoengage.recommendations.rules import (
    USUAL_GAP_DAYS,
    Because,
    Essential,
    Kind,
    essentials,
    is_young,
    reason,
    together,
)
from geoengage.recommendations.store import Model, Offer
from geoengage.tenancy import store as tenancy

HISTORY = timedelta(days=730)
SPEAKERS = 20  # of what somebody usually buys, that say what else they may like
AT_ONCE = 40  # candidates that are asked for at once
MOST_CANDIDATES = 200
_DAY_0 = date(1970, 1, 1)


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

    kinds: Sequence[Kind]
    limit: int
    profile_id: UUID | None = None
    at_hand: Sequence[UUID] = ()
    at: Collection[UUID] | None = None
    orders_of: Collection[UUID] | None = None
    place: UUID | None = None
    store_name: str | None = None


NO_FACTS = Because()


@dataclass(frozen=True, slots=True)
class Candidate:
    """Something that may be recommended, before it is known whether it can be had. `with_id`: bought with that."""

    product_id: UUID
    kind: Kind
    score: float
    because: Because = NO_FACTS
    with_id: UUID | None = None


@dataclass(frozen=True, slots=True)
class Recommended:
    """One recommendation."""

    offer: Offer
    kind: Kind
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
    person = (await store.get_people(session, tenant_id, [profile_id])).get(profile_id)
    if person is None:
        return Hindrance.NOBODY
    if person.denied or not person.granted:
        return Hindrance.NO_CONSENT
    tenant = await tenancy.get_tenant(session, tenant_id)
    today = now.astimezone(ZoneInfo(tenant.timezone)).date()
    return Hindrance.UNDER_16 if is_young(person.attributes, today) else None


async def recommend(session: Session, tenant_id: TenantId, ask: Ask, now: datetime) -> Answer:
    """Recommendations of the asked kinds, one kind after the other, each product once, nothing that is at hand."""
    model = await store.find_model(session, tenant_id)
    own: list[Essential] = []
    if ask.profile_id is not None and any(kind is not Kind.POPULAR for kind in ask.kinds):
        found = await list_essentials(session, tenant_id, model, [ask.profile_id], ask.orders_of, now)
        own = found.get(ask.profile_id, [])
    wishes: list[Candidate] = []
    for kind in ask.kinds:
        match kind:
            case Kind.DUE | Kind.USUAL:
                wishes += of_essentials(own, kind)
            case Kind.TOGETHER if model is not None:
                wishes += await _together(session, tenant_id, model, ask, own)
            case Kind.POPULAR if model is not None:
                wishes += await list_popular(session, tenant_id, model, ask.place)
            case _:
                pass  # nothing was learnt yet
    chosen, offers = await _that_can_be_had(session, tenant_id, ask, wishes)
    names = await _names(session, tenant_id, chosen, offers)
    items = tuple(_recommended(each, offers[each.product_id], names, ask.store_name) for each in chosen)
    return Answer(items, None if model is None else model.fitted_at)


# --- candidates ---------------------------------------------------------------------------------------------------


async def list_essentials(
    session: Session,
    tenant_id: TenantId,
    model: Model | None,
    profile_ids: Collection[UUID],
    orders_of: Collection[UUID] | None,
    now: datetime,
) -> dict[UUID, list[Essential]]:
    """What these people buy, by profile, the likeliest first; what they bought once too."""
    if not profile_ids:
        return {}
    bought = await store.list_bought(session, tenant_id, profile_ids, since=now - HISTORY, store_ids=orders_of)
    learnt = {}
    if model is not None:
        products = {product_id for own in bought.values() for product_id in own.products}
        learnt = await store.list_patterns(session, tenant_id, model.id, products, others=False)
    rhythms = {product_id: each.rhythm for product_id, each in learnt.items()}
    tenant = await tenancy.get_tenant(session, tenant_id)
    today = (now.astimezone(ZoneInfo(tenant.timezone)).date() - _DAY_0).days
    gap = USUAL_GAP_DAYS if model is None else model.gap_days
    return {profile_id: essentials(own, rhythms, gap, today) for profile_id, own in bought.items()}


def of_essentials(own: Iterable[Essential], kind: Kind) -> list[Candidate]:
    """`due`: only what is due; `usual`: everything that was bought more than once."""
    wanted = (each for each in own if each.is_due or (kind is Kind.USUAL and each.times > 1))
    return [
        Candidate(
            each.product_id,
            Kind.DUE if each.is_due else Kind.USUAL,
            each.score,
            Because(gap_days=round(each.gap_days), since_days=each.since_days, times=each.times, of=each.of),
        )
        for each in wanted
    ]


async def _together(
    session: Session, tenant_id: TenantId, model: Model, ask: Ask, own: Sequence[Essential]
) -> list[Candidate]:
    """What goes with the things at hand; with nothing at hand, what goes with what the person buys and is new."""
    if ask.at_hand:
        return await list_together(session, tenant_id, model, dict.fromkeys(ask.at_hand, 1.0), set(ask.at_hand))
    return await list_together(session, tenant_id, model, tastes(own), {each.product_id for each in own})


def tastes(own: Sequence[Essential]) -> dict[UUID, float]:
    """What somebody buys most, and how much each counts."""
    return {each.product_id: math.log1p(each.times) for each in own[:SPEAKERS]}


async def list_together(
    session: Session, tenant_id: TenantId, model: Model, things: dict[UUID, float], without: Collection[UUID]
) -> list[Candidate]:
    """What is bought together with things (product → how much it counts), without some."""
    if not things:
        return []
    learnt = await store.list_patterns(session, tenant_id, model.id, things, others=True)
    speakers = [(id_, things[id_], each.others, each.weights) for id_, each in learnt.items()]
    return [Candidate(id_, Kind.TOGETHER, score, with_id=thing) for id_, score, thing in together(speakers, without)]


async def list_popular(session: Session, tenant_id: TenantId, model: Model, place: UUID | None) -> list[Candidate]:
    """What most people bought lately, at the place where anything is known of it, else everywhere."""
    places = [tenant_id] if place is None else [place, tenant_id]
    found = await store.list_popular(session, tenant_id, model.id, places)
    most = max((buyers for _, buyers in found), default=1)
    return [Candidate(id_, Kind.POPULAR, buyers / most) for id_, buyers in found]


# --- what can be had ----------------------------------------------------------------------------------------------


async def _that_can_be_had(
    session: Session, tenant_id: TenantId, ask: Ask, wishes: Sequence[Candidate]
) -> tuple[list[Candidate], dict[UUID, Offer]]:
    first = {each.product_id: each for each in reversed(wishes) if each.product_id not in ask.at_hand}
    waiting = [each for each in wishes if first.get(each.product_id) is each][:MOST_CANDIDATES]
    chosen: list[Candidate] = []
    offers: dict[UUID, Offer] = {}
    step = max(AT_ONCE, ask.limit)
    while waiting and len(chosen) < ask.limit:
        some, waiting = waiting[:step], waiting[step:]
        offers |= await store.list_offers(session, tenant_id, [each.product_id for each in some], ask.at)
        chosen += [each for each in some if each.product_id in offers]
    return chosen[: ask.limit], offers


async def _names(
    session: Session, tenant_id: TenantId, chosen: Sequence[Candidate], offers: dict[UUID, Offer]
) -> dict[UUID, str]:
    known = {id_: offer.name for id_, offer in offers.items()}
    missing = {each.with_id for each in chosen if each.with_id is not None} - known.keys()
    return known | (await store.list_names(session, tenant_id, missing) if missing else {})


def _recommended(each: Candidate, offer: Offer, names: dict[UUID, str], store_name: str | None) -> Recommended:
    because = each.because if each.with_id is None else replace(each.because, with_name=names.get(each.with_id))
    return Recommended(offer, each.kind, each.score, because, reason(each.kind, because, at_store=store_name))
