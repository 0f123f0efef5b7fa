"""HTTP of people: find them, see what makes them one person, say what you know better.

Who has the scope `people` (support, owners) sees everybody; who has `customers` for some stores sees the customers of
these, their addresses in part, and not what leads to other stores: why their ids are one person, where they go.
"""

from typing import Annotated
from uuid import UUID

from fastapi import APIRouter, Query

from geoengage.kit import errors
from geoengage.kit.http import PROBLEMS, Now, Paging, Tx
from geoengage.kit.ids import TenantId
from geoengage.profiles import rules, service, store
from geoengage.profiles.models import Profile
from geoengage.profiles.people_shapes import (
    EvidenceOut,
    IdOut,
    ProfileDetail,
    ProfileOut,
    ProfilePage,
    ProfilePatch,
    StatementOut,
    StoreOut,
)
from geoengage.profiles.rules import Kind, Proof
from geoengage.profiles.shapes import device_out
from geoengage.tenancy.auth import PeopleReader, ProfileReader
from geoengage.tenancy.rules import Principal, PrincipalKind, Scope, actor_name
from geoengage.tenancy.store import insert_audit_entry

router = APIRouter(tags=["people"], responses=PROBLEMS)


@router.get("/v1/profiles")
async def list_profiles(
    me: ProfileReader,
    tx: Tx,
    page: Paging,
    external_id: Annotated[
        str | None, Query(max_length=255, description="Only the person with this id of yours.")
    ] = None,
    search: Annotated[
        str | None,
        Query(
            min_length=2,
            max_length=255,
            description="Only people with this id of whatever kind (e-mail, phone, card, …), written as you like, or"
            " whose first or last name begins so.",
        ),
    ] = None,
) -> ProfilePage:
    """People: all of the tenant (scope `people` or role support or owner), or the customers of your stores.

    Operators see names in part, and no ids and traits, before they have said why they look at somebody (`…/access`).
    """
    tenant_id = TenantId(me.tenant_id)
    ids = None
    if external_id is not None:
        ids = [rules.Id(Kind.EXTERNAL_ID, external_id)]
    name = None
    if search is not None:
        policy = await store.get_policy(tx, tenant_id)
        ids, name = (ids or []) + rules.spellings(search, policy.region), search
    stores = stores_of(me)
    wanted = store.Wanted(ids=ids, name=name, stores=stores)
    rows = await store.list_profiles(tx, tenant_id, wanted, page.after, page.limit + 1)
    items, after = page.cut(rows, lambda row: row.id)
    return ProfilePage(items=[_listed(me, row, stores) for row in items], next=after)


def _profile_out(row: Profile, stores: frozenset[UUID] | None) -> ProfileOut:
    shown = ProfileOut.model_validate(row)
    if stores is not None:
        shown.attributes = {name: v for name, v in row.attributes.items() if name not in rules.NOT_FOR_STORES}
    return shown


def _listed(me: Principal, row: Profile, stores: frozenset[UUID] | None) -> ProfileOut:
    """As a list shows it: an operator has not said yet why they look, so they see that there is somebody."""
    found = _profile_out(row, stores)
    if me.kind is not PrincipalKind.OPERATOR or me.is_demo:
        return found
    name = None if row.first_name is None else rules.masked_name(row.first_name)
    return found.model_copy(update={"first_name": name, "external_id": None, "attributes": {}})


def stores_of(me: Principal) -> frozenset[UUID] | None:
    """The stores whose customers the caller may see; None: everybody of the tenant."""
    return None if me.may(Scope.PEOPLE) else me.store_ids


@router.get("/v1/profiles/{profile_id}")
async def get_profile(profile_id: UUID, me: ProfileReader, tx: Tx, now: Now) -> ProfileDetail:
    """A person: their ids and why these are one person, what was said about them and by whom, their devices.

    Somebody who was merged is shown as who they are now. A credential that is restricted to stores sees their customers
    only: no devices, no evidence, addresses in part. An operator says first why they look (`…/access`).
    """
    tenant_id, stores = TenantId(me.tenant_id), stores_of(me)
    profile = await store.get_current(tx, tenant_id, profile_id, stores)
    await service.get_open(tx, me, profile.id, now)
    if stores is not None:
        return await _for_a_store(tx, tenant_id, profile, stores)
    found = await service.explain_person(tx, tenant_id, profile.id)
    return ProfileDetail(
        **ProfileOut.model_validate(profile).model_dump(),
        ids=[_id_out(known) for known in found.ids],
        others=[_id_out(known) for known in found.others],
        evidence=[_evidence_out(row, found.set_aside.get(row.id)) for row in found.evidence],
        traits=await _statements(tx, tenant_id, profile.id),
        merged=[id_ for id_ in await store.list_merged(tx, tenant_id, profile.id) if id_ != profile.id],
        stores=[StoreOut(**row) for row in await store.list_stores(tx, tenant_id, profile.id, None)],
        devices=[device_out(device) for device in await store.list_profile_devices(tx, tenant_id, profile.id)],
    )


async def _for_a_store(tx: Tx, tenant_id: TenantId, profile: Profile, stores: frozenset[UUID]) -> ProfileDetail:
    ids = await store.list_identifiers(tx, tenant_id, [profile.id])
    return ProfileDetail(
        **_profile_out(profile, stores).model_dump(),
        ids=[_id_out(known, masked=True) for known in ids if known.kind in rules.SHOWN_TO_STORES],
        others=[],
        evidence=[],
        traits=[],
        merged=[],
        stores=[StoreOut(**row) for row in await store.list_stores(tx, tenant_id, profile.id, stores)],
        devices=[],
    )


def _id_out(known: store.Known, *, masked: bool = False) -> IdOut:
    """`masked`: addresses are shortened; what the shop calls its customer stays."""
    hides = masked and known.kind in rules.ADDRESS_KIND.values()
    return IdOut(
        id=known.id,
        kind=known.kind,
        value=rules.masked_value(known.kind, known.value) if hides else known.value,
        verified=known.is_verified,
        shared=known.is_shared,
        source=known.source,
        since=known.since,
        profile_id=known.profile_id,
    )


def _evidence_out(row: store.Evidence, aside: rules.Aside | None) -> EvidenceOut:
    return EvidenceOut(
        id=row.id,
        first=row.a_id,
        second=row.b_id,
        says="same" if row.kind == "same" else "different",
        by_operator=row.act_id is not None,
        act_id=row.act_id,
        source=row.source,
        reason=row.reason,
        at=row.at,
        taken_back_at=row.retired_at,
        set_aside=aside,
    )


async def _statements(tx: Tx, tenant_id: TenantId, profile_id: UUID) -> list[StatementOut]:
    result: list[StatementOut] = []
    for row in await store.list_traits(tx, tenant_id, profile_id):
        result.append(
            StatementOut(
                name=row.name,
                value=row.value,
                source=row.source,
                claimed=row.is_claim,
                since=row.first_at,
                at=row.at,
                identifier_id=row.identifier_id,
                in_force=not result or result[-1].name != row.name,  # of each name that in force comes first
            )
        )
    return result


@router.patch("/v1/profiles/{profile_id}")
async def change_profile(profile_id: UUID, body: ProfilePatch, me: PeopleReader, tx: Tx, now: Now) -> ProfileOut:
    """Say what you know better about a person. Needs the scope `people` or role support or owner.

    Each member is a statement beside those of other sources, and counts until one of them says something newer. So
    there is no If-Match: nothing that somebody else said is lost.
    """
    tenant_id, traits = TenantId(me.tenant_id), body.traits()
    profile = await store.get_current(tx, tenant_id, profile_id, None)
    ids = await store.list_identifiers(tx, tenant_id, [profile.id])
    if not ids:
        raise errors.NotFound(f"profile {profile_id} does not exist")
    source = service.OPERATOR if me.kind is PrincipalKind.OPERATOR else service.SERVER
    await service.set_traits(tx, tenant_id, ids[0].id, traits, source=source, at=now, proof=Proof.LINK, now=now)
    await insert_audit_entry(
        tx,
        tenant_id,
        actor=actor_name(me),
        action="person.edit",
        subject=str(profile.id),
        reason=", ".join(sorted(traits))[:300] or None,
        now=now,
    )
    return ProfileOut.model_validate(await store.get_current(tx, tenant_id, profile.id, None))
