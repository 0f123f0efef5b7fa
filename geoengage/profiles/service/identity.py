"""Whose ids are these? The one way in which people and their ids are made and joined.

Call `resolve` or `resolve_many` once in a transaction, before what came with the ids is written: it locks ids in their
order, and two that lock in several turns may wait for each other (kit/db retries that).
"""

from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime
from uuid import UUID

from geoengage.kit import events
from geoengage.kit.db import Session, at_end
from geoengage.kit.event_base import Event
from geoengage.kit.ids import TenantId, new_id
from geoengage.profiles import rules, store
from geoengage.profiles.rules import (
    Assembly,
    Edge,
    Id,
    Kind,
    Node,
    ProfileCreated,
    ProfileMerged,
    ProfileUnmerged,
    Proof,
    Together,
)
from geoengage.profiles.service.telling import tell_changed
from geoengage.profiles.store import Known, NewEdge, NewIdentifier


@dataclass(frozen=True, slots=True)
class Resolved:
    """Whose the ids are. `identifier_id`: the strongest of them, to which what came with them belongs."""

    profile_id: UUID
    identifier_id: UUID
    is_new: bool


async def resolve(
    session: Session,
    tenant_id: TenantId,
    ids: Sequence[Id],
    *,
    proof: Proof,
    source: str,
    at: datetime,
    now: datetime,
) -> Resolved:
    """Whose these ids are, which came together from `source` (at `at`, by its clock); the person is made if new.

    `ids` are normalised (`rules.normalise`) and at least one. With LINK they are joined with whom they were known for;
    with CLAIM nothing is joined: an anonymous id answers for its own person, anything else becomes a `claim`.
    """
    group = [Together(tuple(ids), at)]
    return (await resolve_many(session, tenant_id, group, proof=proof, source=source, now=now))[0]


async def resolve_many(
    session: Session,
    tenant_id: TenantId,
    groups: Sequence[Together],
    *,
    proof: Proof,
    source: str,
    now: datetime,
    quiet: bool = False,
) -> list[Resolved]:
    """`resolve` for thousands of groups at once, in few statements. `quiet`: no events (imports of the past)."""
    groups = [Together(rules.usable(group.ids, proof, source), group.at) for group in groups]
    if not all(group.ids for group in groups):
        raise ValueError("a group needs an id that counts with this proof")
    wanted = sorted({id_ for group in groups for id_ in group.ids})
    known = await store.find_identifiers(session, tenant_id, wanted) if wanted else {}
    work = Work(session, tenant_id, source, now, quiet=quiet)
    fresh = {id_ for id_ in wanted if id_ not in known}
    if fresh:
        known |= await work.make(groups, known, fresh, is_verified=proof is Proof.LINK)
    if proof is Proof.LINK:
        await work.join(groups, known)
    await work.finish()
    return [
        Resolved(profile_id, known[group.ids[0]].id, profile_id in work.new_profiles)
        for group in groups
        for profile_id in [work.owner_of(known[group.ids[0]])]
    ]


@dataclass(slots=True)
class Work:
    """One change of who is who: what was made, whose the ids are now, what is to be told."""

    session: Session
    tenant_id: TenantId
    source: str
    now: datetime
    quiet: bool = False
    new_profiles: set[UUID] = field(default_factory=set)
    new_ids: set[UUID] = field(default_factory=set)
    owners: dict[UUID, UUID] = field(default_factory=dict)
    stale: set[UUID] = field(default_factory=set)  # profiles to make anew
    news: list[Event] = field(default_factory=list)

    def owner_of(self, known: Known) -> UUID:
        return self.owners.get(known.id, known.profile_id)

    async def make(
        self, groups: Sequence[Together], known: Mapping[Id, Known], fresh: set[Id], *, is_verified: bool
    ) -> dict[Id, Known]:
        """Make ids that nobody knows, each in the profile of those with which it came, or in a new one."""
        since = _since(groups)
        homes = _homes(groups, known, self.now)
        new = [NewIdentifier(new_id(self.now), id_, *homes[id_], since[id_]) for id_ in sorted(fresh)]
        existing = {k.profile_id for k in known.values()}
        names: dict[UUID, str | None] = {n.profile_id: None for n in new if n.profile_id not in existing}
        for n in sorted(new, key=lambda n: (n.since, n.as_id.value), reverse=True):
            if n.as_id.kind is Kind.EXTERNAL_ID and n.profile_id in names:
                names[n.profile_id] = n.as_id.value
        self.new_profiles = await store.insert_profiles(self.session, self.tenant_id, names, self.now)
        made = await store.insert_identifiers(
            self.session, self.tenant_id, new, is_verified=is_verified, source=self.source
        )
        self.new_ids = made
        result = {n.as_id: n.as_known(self.source, is_verified=is_verified) for n in new if n.id in made}
        if len(made) < len(new):  # somebody else made some of them at the same moment
            missed = [n.as_id for n in new if n.id not in made]
            found = await store.find_identifiers(self.session, self.tenant_id, missed)
            result = found | await self._rehome(result, _homes(groups, {**known, **found}, self.now))
        return result

    async def _rehome(self, made: Mapping[Id, Known], homes: Mapping[Id, tuple[UUID, UUID]]) -> dict[Id, Known]:
        """Let ids that were just made go to who was faster."""
        result = {id_: replace(known, profile_id=homes[id_][0], origin=homes[id_][1]) for id_, known in made.items()}
        left = {known.profile_id for known in result.values()} - self.new_profiles
        names = dict.fromkeys(sorted(left))
        self.new_profiles |= await store.insert_profiles(self.session, self.tenant_id, names, self.now)
        await store.set_owners(self.session, self.tenant_id, {k.id: k.profile_id for k in result.values()})
        await store.set_origins(self.session, self.tenant_id, {k.id: k.origin for k in result.values()})
        unused = self.new_profiles - {known.profile_id for known in result.values()}
        await store.delete_profiles(self.session, self.tenant_id, unused)
        self.new_profiles -= unused
        self.stale |= self.new_profiles
        return result

    async def join(self, groups: Sequence[Together], known: Mapping[Id, Known]) -> None:
        """Keep the evidence that the groups are, and give each id to whom it belongs now."""
        stated = {
            (min(known[a].id, known[b].id), max(known[a].id, known[b].id)): at
            for (a, b), at in rules.pairs(groups).items()
        }
        old_pairs = [p for p in stated if not self.new_ids.issuperset(p)]
        kept = await store.list_evidence(self.session, self.tenant_id, old_pairs) if old_pairs else {}
        edges = [NewEdge(new_id(self.now), *p, at) for p, at in stated.items() if p not in kept or at < kept[p]]
        since = {known[id_].id: at for id_, at in _since(groups).items() if _is_news(known[id_], at)}
        touched = {id_ for edge in edges for id_ in (edge.a, edge.b)} | since.keys()
        if not touched:
            return
        old = touched - self.new_ids
        component = await store.lock_component(self.session, self.tenant_id, old) if old else {}
        before = {k.id: k for k in known.values() if k.id in self.new_ids} | component
        evidence = await store.list_edges(self.session, self.tenant_id, component.values()) if component else []
        await store.insert_edges(self.session, self.tenant_id, edges, source=self.source, reason=None)
        if since:
            await store.verify_identifiers(self.session, self.tenant_id, dict(sorted(since.items())))
            self.stale |= {before[i].profile_id for i in since if before[i].kind is Kind.EXTERNAL_ID}
        await self.settle(before, with_news(evidence, edges))

    async def settle(self, before: Mapping[UUID, Known], edges: Collection[Edge]) -> Assembly:
        """Give locked ids to whom the edges say they belong."""
        policy = await store.get_policy(self.session, self.tenant_id)
        assembly = rules.assemble(nodes_of(before.values(), policy.blocked), edges, policy.limits)
        if shared := {id_ for id_ in assembly.shared if not before[id_].is_shared}:
            await store.set_shared(self.session, self.tenant_id, shared)
        moved = {id_: p for id_, p in assembly.profile_of.items() if p != before[id_].profile_id}
        self.owners |= assembly.profile_of
        if moved:
            await self._move(before, assembly, moved)
        if shared:
            await self._part_origins(before, assembly)
        self.stale |= {
            assembly.profile_of[id_]
            for id_ in self.new_ids & before.keys()
            if before[id_].kind is Kind.EXTERNAL_ID and assembly.profile_of[id_] not in self.new_profiles
        }
        return assembly

    async def _move(self, before: Mapping[UUID, Known], assembly: Assembly, moved: Mapping[UUID, UUID]) -> None:
        left, taken = {before[id_].profile_id for id_ in moved}, set(moved.values())
        made = await store.insert_profiles(self.session, self.tenant_id, dict.fromkeys(sorted(taken)), self.now)
        profiles = left | taken | assembly.merged.keys()
        into = await store.lock_profiles(self.session, self.tenant_id, profiles)
        await store.set_owners(self.session, self.tenant_id, dict(sorted(moved.items())))
        in_use = set(assembly.profile_of.values())
        heirs = _heirs(before, assembly, moved)
        wanted = {p: None if p in in_use else heirs.get(p) for p in into}
        changed = {p: target for p, target in wanted.items() if target != into[p]}
        if changed:
            await store.set_merged(self.session, self.tenant_id, changed)
        self.stale |= left | taken
        newcomers = made - {p for id_, p in moved.items() if id_ not in self.new_ids}  # were nobody's before
        self.new_profiles |= newcomers
        made -= newcomers
        self._tell_moves(before, moved, into, changed, made)
        self.new_profiles -= {p for p in self.new_profiles if p not in in_use}

    def _tell_moves(
        self,
        before: Mapping[UUID, Known],
        moved: Mapping[UUID, UUID],
        into: Mapping[UUID, UUID | None],
        changed: Mapping[UUID, UUID | None],
        made: set[UUID],
    ) -> None:
        """Who became one with whom, and who came apart. Of profiles that are made and gone at once nobody has heard."""
        for profile_id, target in sorted(changed.items()):
            if target is not None and into[profile_id] is None and profile_id not in self.new_profiles:
                self.news.append(ProfileMerged(profile_id=profile_id, into_id=target, source=self.source, at=self.now))
        came_from: dict[UUID, UUID] = {}
        for id_, profile_id in moved.items():
            came_from.setdefault(profile_id, before[id_].profile_id)
        back = {p for p, target in changed.items() if target is None} | made
        for profile_id in sorted(back & came_from.keys()):
            from_id = came_from[profile_id]
            if from_id not in self.new_profiles:
                self.news.append(
                    ProfileUnmerged(profile_id=profile_id, from_id=from_id, source=self.source, at=self.now)
                )

    async def _part_origins(self, before: Mapping[UUID, Known], assembly: Assembly) -> None:
        """An id that has become shared connects no more: nobody may lay claim to a profile beyond it."""
        lost = {
            id_: profile_id
            for id_, profile_id in assembly.profile_of.items()
            if profile_id not in (before[id_].origin, assembly.merged.get(before[id_].origin))
        }
        if lost:
            await store.set_origins(self.session, self.tenant_id, lost)

    async def finish(self) -> None:
        """Make the profiles anew whose ids have changed, and let the ledger know at the end of the transaction."""
        stale = self.stale
        if stale:
            await store.lock_profiles(self.session, self.tenant_id, stale)
            await store.refresh_profiles(self.session, self.tenant_id, stale, self.now)
        if self.quiet:
            tell_changed(self.session, self.tenant_id, "person", self.now, profiles={*self.new_profiles, *stale})
            return
        told: list[Event] = [
            ProfileCreated(profile_id=p, source=self.source, at=self.now) for p in sorted(self.new_profiles)
        ]
        told += self.news
        if told:
            at_end(self.session, lambda: events.publish(self.session, self.tenant_id, told, self.now))


def nodes_of(known: Iterable[Known], blocked: Collection[str]) -> list[Node]:
    """The ids as they are decided on; those with a value that the tenant blocks join nobody."""
    return [replace(k.node, is_shared=True) if k.value in blocked else k.node for k in known]


def _since(groups: Iterable[Together]) -> dict[Id, datetime]:
    """Since when each id is known, as far as these groups say."""
    since: dict[Id, datetime] = {}
    for group in groups:
        for id_ in group.ids:
            since[id_] = min(group.at, since.get(id_, group.at))
    return since


def _is_news(known: Known, at: datetime) -> bool:
    return not known.is_verified or at < known.since


def _homes(groups: Iterable[Together], known: Mapping[Id, Known], now: datetime) -> dict[Id, tuple[UUID, UUID]]:
    """Profile and origin for each id: those of the strongest known one with which it came, be it by other groups.

    A shared id connects nobody, so nobody takes its home.
    """
    parent: dict[Id, Id] = {}

    def root(id_: Id) -> Id:
        while (above := parent.setdefault(id_, id_)) != id_:
            parent[id_] = id_ = parent[above]
        return id_

    for group in groups:
        joining = [i for i in group.ids if i not in known or not known[i].is_shared]
        for id_ in joining:
            parent[root(id_)] = root(joining[0])
    homes: dict[Id, tuple[UUID, UUID]] = {}
    for id_ in sorted((i for i in parent if i in known), key=lambda i: known[i].key):
        homes.setdefault(root(id_), (known[id_].profile_id, known[id_].origin))
    for id_ in sorted(parent):
        if root(id_) not in homes:
            made = new_id(now)
            homes[root(id_)] = made, made
    return {id_: homes[root(id_)] for id_ in parent}


def with_news(evidence: Iterable[Edge], new: Iterable[NewEdge]) -> list[Edge]:
    """Edges as they are after `new` was kept: of two about one pair the earlier."""
    edges = {(min(e.a, e.b), max(e.a, e.b), e.id if e.by_operator else None): e for e in evidence}
    for n in new:
        edges[min(n.a, n.b), max(n.a, n.b), n.id if n.act_id else None] = n.as_edge
    return list(edges.values())


def _heirs(before: Mapping[UUID, Known], assembly: Assembly, moved: Mapping[UUID, UUID]) -> dict[UUID, UUID]:
    """Where to look for a profile that has no id any more: where its strongest id went, unless its origin says more."""
    heirs: dict[UUID, UUID] = {}
    for id_ in sorted(moved, key=lambda i: before[i].key):
        heirs.setdefault(before[id_].profile_id, moved[id_])
    return heirs | assembly.merged
