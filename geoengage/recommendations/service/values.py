"""Recommendations as the values of message templates: `{{ recommendations.due[0].name }}`."""

from collections.abc import Iterable, Mapping
from datetime import datetime
from uuid import UUID
from zoneinfo import ZoneInfo

from geoengage.kit.db import Session
from geoengage.kit.ids import TenantId
from geoengage.messaging.rules.text import NOTHING_RECOMMENDED, RECOMMENDED_PLACES, Recommended
from geoengage.profiles.rules import Recipient
from geoengage.recommendations import store
from geoengage.recommendations.rules import RecommendationKind, is_young
from geoengage.recommendations.service.candidates import (
    Candidate,
    Others,
    Shopper,
    list_popular,
    list_shoppers,
    of_essentials,
    that_go_with,
)
from geoengage.tenancy import store as tenancy

GRANTED = "granted"
TRIED = 8  # candidates of each kind for three places: some cannot be had


async def values_for(
    session: Session, tenant_id: TenantId, people: Mapping[UUID, Recipient | None], store_id: UUID | None, now: datetime
) -> dict[UUID, Recommended]:
    """What texts may recommend to each of these: three places of each kind, `name` None where there is none.

    `people`: by what the caller calls them, the phone on which they agreed to what (None: on none).

    `store_id`: whose message it is; then it must be to be had there, and only what was bought there counts. Who has not
    agreed to personalisation is told what is popular. The number of statements does not grow with the people.
    """
    tenant = await tenancy.get_tenant(session, tenant_id)
    today = now.astimezone(ZoneInfo(tenant.timezone)).date()
    own_ids = {
        key: person.profile_id
        for key, person in people.items()
        if person is not None
        and person.profile_id
        and person.personalisation == GRANTED
        and not is_young(person.attributes, today)
    }
    stores = None if store_id is None else [store_id]
    model = await store.find_model(session, tenant_id)
    shoppers = await list_shoppers(session, tenant_id, model, set(own_ids.values()), stores, now)
    popular: list[Candidate] = []
    others: Others = {}
    if model is not None:
        popular = (await list_popular(session, tenant_id, model, store_id))[:TRIED]
        things = {id_ for shopper in shoppers.values() for id_ in shopper.tastes}
        others = await store.list_others(session, tenant_id, model.id, things)
    wishes = {profile_id: _of_shopper(shopper, others) for profile_id, shopper in shoppers.items()}
    wanted = {each.product_id for kinds in wishes.values() for some in kinds.values() for each in some}
    wanted |= {each.product_id for each in popular}
    names = {id_: o.name for id_, o in (await store.list_offers(session, tenant_id, wanted, stores)).items()}
    found: dict[UUID, Recommended] = {}
    for key in people:
        kinds = wishes.get(own_ids[key], {}) if key in own_ids else {}
        told = {
            kind.value: _places(some, names) for kind, some in ({RecommendationKind.POPULAR: popular} | kinds).items()
        }
        found[key] = {**NOTHING_RECOMMENDED, **told}
    return found


def _of_shopper(shopper: Shopper, others: Others) -> dict[RecommendationKind, list[Candidate]]:
    return {
        RecommendationKind.DUE: of_essentials(shopper.essentials, RecommendationKind.DUE)[:TRIED],
        RecommendationKind.USUAL: of_essentials(shopper.essentials, RecommendationKind.USUAL)[:TRIED],
        RecommendationKind.TOGETHER: that_go_with(others, shopper.tastes, shopper.bought)[:TRIED],
    }


def _places(candidates: Iterable[Candidate], names: Mapping[UUID, str]) -> list[dict[str, str | None]]:
    there: list[str | None] = [names[each.product_id] for each in candidates if each.product_id in names]
    return [{"name": name} for name in (there + [None] * RECOMMENDED_PLACES)[:RECOMMENDED_PLACES]]
