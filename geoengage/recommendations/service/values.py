"""Recommendations as the values of message templates: `{{ recommendations.due[0].name }}`."""

from collections.abc import Collection, Iterable, Mapping, Sequence
from datetime import datetime
from uuid import UUID
from zoneinfo import ZoneInfo

from geoengage.kit.db import Session
from geoengage.kit.ids import TenantId
from geoengage.messaging.rules.text import RECOMMENDED_KINDS, RECOMMENDED_PLACES
from geoengage.profiles.rules import Recipient
from geoengage.recommendations import store
from geoengage.recommendations.rules import Essential, Kind, is_young
from geoengage.recommendations.service.choosing import (
    Candidate,
    list_essentials,
    list_popular,
    list_together,
    of_essentials,
    tastes,
)
from geoengage.tenancy import store as tenancy

Values = dict[str, list[dict[str, str | None]]]
GRANTED = "granted"
TRIED = 8  # candidates of each kind for three places: some cannot be had


async def values_for(
    session: Session, tenant_id: TenantId, people: Collection[Recipient], store_id: UUID | None, now: datetime
) -> dict[UUID, Values]:
    """What texts may recommend to each of these, by device: three places of each kind, `name` None where there is none.

    `store_id`: whose message it is; then it must be to be had there, and only what was bought there counts. Who has not
    agreed to personalisation is told what is popular.
    """
    tenant = await tenancy.get_tenant(session, tenant_id)
    today = now.astimezone(ZoneInfo(tenant.timezone)).date()
    own_ids = {
        person.profile_id
        for person in people
        if person.profile_id and person.personalisation == GRANTED and not is_young(person.attributes, today)
    }
    stores = None if store_id is None else [store_id]
    model = await store.find_model(session, tenant_id)
    own = await list_essentials(session, tenant_id, model, own_ids, stores, now)
    popular = [] if model is None else await list_popular(session, tenant_id, model, store_id)
    wishes = {}
    for profile_id, bought in own.items():
        new = []
        if model is not None:
            without = {each.product_id for each in bought}
            new = await list_together(session, tenant_id, model, tastes(bought), without)
        wishes[profile_id] = _of_person(bought, new)
    wanted = [each for kinds in wishes.values() for some in kinds.values() for each in some] + popular[:TRIED]
    offers = await store.list_offers(session, tenant_id, {each.product_id for each in wanted}, stores)
    names = {id_: offer.name for id_, offer in offers.items()}

    def values(profile_id: UUID | None) -> Values:
        lists: Mapping[Kind, Sequence[Candidate]] = wishes.get(profile_id, {}) if profile_id else {}
        return {kind: _places(lists.get(Kind(kind), ()), names) for kind in RECOMMENDED_KINDS} | {
            Kind.POPULAR.value: _places(popular[:TRIED], names)
        }

    return {person.device_id: values(person.profile_id if person.profile_id in own_ids else None) for person in people}


def _of_person(bought: Sequence[Essential], new: Sequence[Candidate]) -> dict[Kind, list[Candidate]]:
    found = {kind: of_essentials(bought, kind)[:TRIED] for kind in (Kind.DUE, Kind.USUAL)}
    return found | {Kind.TOGETHER: list(new[:TRIED])}


def _places(candidates: Iterable[Candidate], names: Mapping[UUID, str]) -> list[dict[str, str | None]]:
    there: list[str | None] = [names[each.product_id] for each in candidates if each.product_id in names]
    return [{"name": name} for name in (there + [None] * RECOMMENDED_PLACES)[:RECOMMENDED_PLACES]]
