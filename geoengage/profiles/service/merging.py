"""An operator's word about who is who: these two are one person, or this person is two.

What was said can be taken back: joining takes back what has parted the two before, and parting what has joined them.
Only where evidence says otherwise is a new word needed, which then stands before all evidence, whatever comes later.
"""

from collections.abc import Collection
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from geoengage.kit import errors
from geoengage.kit.db import Session
from geoengage.kit.ids import TenantId, new_id
from geoengage.profiles import rules, store
from geoengage.profiles.rules import Aside, Assembly, Edge
from geoengage.profiles.service.identity import Work, nodes_of, with_news
from geoengage.profiles.store import Evidence, Known, NewEdge

OPERATOR = "operator"


class KeptApart(errors.Conflict):
    """Somebody has said that these are different people, by way of others."""

    code = "profiles-kept-apart"
    title = "Kept apart by what was said before"


async def merge(
    session: Session, tenant_id: TenantId, identifier_id: UUID, other_id: UUID, *, reason: str, now: datetime
) -> UUID:
    """The persons of two ids are one; returns their profile. KeptApart when a third id is said to be neither.

    Limits do not hold an operator back. Nothing is done where they are one already.
    """
    component, edges = await _lock(session, tenant_id, [identifier_id, other_id])
    ours, theirs = (_same_owner(component, id_) for id_ in (identifier_id, other_id))
    work = Work(session, tenant_id, OPERATOR, now)
    edges = await _take_back(work, edges, rules.taken_back(edges, ours, theirs, by_joining=True))
    if (await _assembled(work, component, edges)).are_one(identifier_id, other_id):
        new = []
    else:
        new = [NewEdge(new_id(now), identifier_id, other_id, now, act_id=new_id(now))]
        await store.insert_edges(session, tenant_id, new, source=OPERATOR, reason=reason)
    assembly = await work.settle(component, with_news(edges, new))
    if not assembly.are_one(identifier_id, other_id):
        raise KeptApart(
            "an operator said that ids of these two are different people; take them apart differently first"
        )
    await work.finish()
    return assembly.profile_of[identifier_id]


async def unmerge(
    session: Session, tenant_id: TenantId, identifier_ids: Collection[UUID], *, reason: str, now: datetime
) -> tuple[UUID, list[UUID]]:
    """These ids of one person are somebody else; returns who the rest is now, and whose these are.

    What arrived under an id goes with it. Invalid when they are not of one person, or all of it.
    """
    component, edges = await _lock(session, tenant_id, identifier_ids)
    out = set(identifier_ids)
    if len({component[id_].profile_id for id_ in out}) != 1:
        raise errors.field("identifier_ids", "these are not ids of one person")
    rest = _same_owner(component, next(iter(out))) - out
    if not rest:
        raise errors.field("identifier_ids", "leave the person at least one id")
    work = Work(session, tenant_id, OPERATOR, now)
    edges = await _take_back(work, edges, rules.taken_back(edges, out, rest, by_joining=False))
    assembly = await _assembled(work, component, edges)
    new = []
    if {assembly.profile_of[id_] for id_ in out} & {assembly.profile_of[id_] for id_ in rest}:
        new = _parting(component, out, rest, now)
        await store.insert_edges(session, tenant_id, new, source=OPERATOR, reason=reason)
    assembly = await work.settle(component, with_news(edges, new))
    await work.finish()
    return _people(assembly, out | rest, min(rest, key=lambda id_: component[id_].key))


async def take_back(
    session: Session, tenant_id: TenantId, identifier_ids: Collection[UUID], act_id: UUID, *, now: datetime
) -> tuple[UUID, list[UUID]]:
    """What an operator said of these ids at once holds no more; returns whose the strongest is, whose the others."""
    component, edges = await _lock(session, tenant_id, identifier_ids)
    said = {edge.id for edge in edges if edge.act_id == act_id}
    if not said:
        raise errors.field("act_id", "no operator said this about this person, or it is taken back already")
    work = Work(session, tenant_id, OPERATOR, now)
    assembly = await work.settle(component, await _take_back(work, edges, said))
    await work.finish()
    return _people(assembly, identifier_ids, min(identifier_ids, key=lambda id_: component[id_].key))


def _people(assembly: Assembly, ids: Collection[UUID], first: UUID) -> tuple[UUID, list[UUID]]:
    """Whose `first` is, and whose the others of these ids are."""
    stays = assembly.profile_of[first]
    return stays, sorted({assembly.profile_of[id_] for id_ in ids} - {stays})


@dataclass(frozen=True, slots=True)
class Explained:
    """Why a person is one. `others`: ids of others that came together with theirs. `set_aside`: edge → why."""

    ids: list[Known]
    others: list[Known]
    evidence: list[Evidence]
    set_aside: dict[UUID, Aside]


async def explain_person(session: Session, tenant_id: TenantId, profile_id: UUID) -> Explained:
    """The ids of a person, what joins them, and what was set aside. Takes no lock."""
    ids = await store.list_identifiers(session, tenant_id, [profile_id])
    own = {known.id for known in ids}
    evidence = await store.list_evidence_of(session, tenant_id, own)
    component = await store.reach(session, tenant_id, own)
    edges = await store.list_edges(session, tenant_id, component.values())
    policy = await store.get_policy(session, tenant_id)
    assembly = rules.assemble(nodes_of(component.values(), policy.blocked), edges, policy.limits)
    named = {id_ for row in evidence for id_ in (row.a_id, row.b_id)} - own
    return Explained(ids, await store.list_by_id(session, tenant_id, named), evidence, assembly.set_aside)


async def _lock(session: Session, tenant_id: TenantId, ids: Collection[UUID]) -> tuple[dict[UUID, Known], list[Edge]]:
    component = await store.lock_component(session, tenant_id, ids)
    if missing := set(ids) - component.keys():
        raise errors.NotFound(f"identifier {min(missing)} does not exist")
    return component, await store.list_edges(session, tenant_id, component.values())


def _same_owner(component: dict[UUID, Known], id_: UUID) -> set[UUID]:
    return {other.id for other in component.values() if other.profile_id == component[id_].profile_id}


async def _take_back(work: Work, edges: list[Edge], old: set[UUID]) -> list[Edge]:
    """Retire these edges; returns those that are left."""
    if old:
        await store.retire_edges(work.session, work.tenant_id, old, work.now)
    return [edge for edge in edges if edge.id not in old]


async def _assembled(work: Work, component: dict[UUID, Known], edges: Collection[Edge]) -> Assembly:
    policy = await store.get_policy(work.session, work.tenant_id)
    return rules.assemble(nodes_of(component.values(), policy.blocked), edges, policy.limits)


def _parting(component: dict[UUID, Known], out: set[UUID], rest: set[UUID], now: datetime) -> list[NewEdge]:
    """That each of two sets of ids is one person, and that these two are not the same."""
    act_id = new_id(now)
    (first, *its), (second, *others) = (sorted(ids, key=lambda id_: component[id_].key) for ids in (out, rest))
    pairs = [*((first, id_) for id_ in its), *((second, id_) for id_ in others)]
    return [
        *(NewEdge(new_id(now), a, b, now, act_id=act_id) for a, b in pairs),
        NewEdge(new_id(now), first, second, now, is_same=False, act_id=act_id),
    ]
