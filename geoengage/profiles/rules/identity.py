"""Which ids are one person? Pure: profiles are a function of the ids and of the evidence that joins them.

Evidence is taken in a canonical order, never in the order in which it came, so any order of the same statements gives
the same people; taking a piece of it away gives what would be without it. What would break a limit, or join what an
operator took apart, is set aside with its reason.
"""

from collections import defaultdict
from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum
from itertools import combinations
from uuid import UUID

from geoengage.kit.ids import derived_id


class Kind(StrEnum):
    """Kinds of ids, the strongest first. A `claim` is what a browser says without proof; it joins nobody."""

    EXTERNAL_ID = "external_id"
    LOYALTY_CARD = "loyalty_card"
    SOURCE_ID = "source_id"
    EMAIL = "email"
    PHONE = "phone"
    ANONYMOUS_ID = "anonymous_id"
    CLAIM = "claim"


RANK = {kind: rank for rank, kind in enumerate(Kind)}


class Proof(StrEnum):
    """How sure it is whose an id is. LINK: a secret key, server, import, till or signed token says so, which joins ids.

    CLAIM: a browser, app or device says so, which joins nothing and changes no id that is verified.
    """

    LINK = "link"
    CLAIM = "claim"


@dataclass(frozen=True, slots=True, order=True)
class Id:
    """An id, normalised. A `source_id` is `system:id`."""

    kind: Kind
    value: str


@dataclass(frozen=True, slots=True)
class Limits:
    """`per_person`: so many ids of a kind a person may have; of source ids, so many of each system.

    `shared_after`: an id that came with more than so many accounts of one kind (external ids, cards, ids of one system)
    is shared and joins nobody; so is one that came with more addresses of a stronger kind than a person may have.
    """

    per_person: Mapping[Kind, int]
    shared_after: Mapping[Kind, int]


PER_PERSON = {
    Kind.EXTERNAL_ID: 5, Kind.LOYALTY_CARD: 5, Kind.SOURCE_ID: 5, Kind.EMAIL: 5, Kind.PHONE: 5, Kind.ANONYMOUS_ID: 200,
    Kind.CLAIM: 200,
}  # fmt: skip
SHARED_AFTER = {Kind.LOYALTY_CARD: 4, Kind.SOURCE_ID: 4, Kind.EMAIL: 3, Kind.PHONE: 3, Kind.ANONYMOUS_ID: 3}
LIMITS = Limits(PER_PERSON, SHARED_AFTER)


@dataclass(frozen=True, slots=True)
class Node:
    """An id as it is known. `origin`: the profile that was made for it, or for the ids with which it first came."""

    id: UUID
    kind: Kind
    value: str
    origin: UUID
    is_shared: bool = False

    @property
    def key(self) -> tuple[int, str]:
        """The canonical order of ids: the strongest first."""
        return RANK[self.kind], self.value

    @property
    def family(self) -> str:
        """What a limit counts: the kind, and of a source id the system too."""
        return f"source_id:{self.value.partition(':')[0]}" if self.kind is Kind.SOURCE_ID else self.kind


@dataclass(frozen=True, slots=True)
class Edge:
    """That `a` and `b` are one person, or (`is_same` false) are not. `act_id`: an operator said so, in that act."""

    id: UUID
    a: UUID
    b: UUID
    at: datetime
    is_same: bool = True
    act_id: UUID | None = None

    @property
    def by_operator(self) -> bool:
        """Whether it comes before all evidence."""
        return self.act_id is not None


class Aside(StrEnum):
    """Why a piece of evidence joins nothing."""

    DIFFERENT = "different"
    LIMIT = "limit"
    SHARED = "shared"


@dataclass(slots=True)
class Assembly:
    """People. `profile_of`: id → profile. `merged`: profile that nobody has any more → whose its ids are.

    `set_aside`: edge → why it joins nothing. `shared`: ids that many people have.
    """

    profile_of: dict[UUID, UUID] = field(default_factory=dict)
    merged: dict[UUID, UUID] = field(default_factory=dict)
    set_aside: dict[UUID, Aside] = field(default_factory=dict)
    shared: set[UUID] = field(default_factory=set)

    def are_one(self, a: UUID, b: UUID) -> bool:
        """Whether two ids are one person's."""
        return self.profile_of[a] == self.profile_of[b]


def own_profile(node: UUID) -> UUID:
    """The profile of an id that was taken apart from those with which it first came."""
    return derived_id("profile", node)


def assemble(nodes: Iterable[Node], edges: Collection[Edge], limits: Limits = LIMITS) -> Assembly:
    """People of whole connected components of ids. An edge to an id that is not among `nodes` is left out."""
    known = {node.id: node for node in nodes}
    edges = [edge for edge in edges if edge.a in known and edge.b in known]
    result = Assembly(shared=_find_shared(known, edges, limits))
    groups = _Groups(known, limits, [(e.a, e.b) for e in edges if not e.is_same])
    for edge in sorted((e for e in edges if e.is_same), key=lambda e: _order(e, known)):
        if not edge.by_operator and (edge.a in result.shared or edge.b in result.shared):
            result.set_aside[edge.id] = Aside.SHARED
        elif why := groups.join(edge.a, edge.b, by_operator=edge.by_operator):
            result.set_aside[edge.id] = why
    _name(result, known, groups)
    return result


def _order(edge: Edge, known: Mapping[UUID, Node]) -> tuple[object, ...]:
    """An operator's word, then the strength of both ids, then time, then the ids themselves."""
    first, second = sorted((known[edge.a].key, known[edge.b].key))
    return not edge.by_operator, first[0], second[0], edge.at, first[1], second[1]


def _find_shared(known: Mapping[UUID, Node], edges: Iterable[Edge], limits: Limits) -> set[UUID]:
    """Ids that came with too many ids of one stronger family. Once shared, always shared."""
    beside: dict[UUID, dict[str, set[UUID]]] = defaultdict(lambda: defaultdict(set))
    for edge in edges:
        if edge.is_same and not edge.by_operator:
            strong, weak = sorted((known[edge.a], known[edge.b]), key=lambda n: n.key)
            if RANK[strong.kind] < RANK[weak.kind]:
                beside[weak.id][strong.family].add(strong.id)
    shared = {node.id for node in known.values() if node.is_shared}
    for id_, families in beside.items():
        most = limits.shared_after.get(known[id_].kind)
        if most is not None and any(len(ids) > _most(family, most, limits) for family, ids in families.items()):
            shared.add(id_)
    return shared


def _most(family: str, accounts: int, limits: Limits) -> int:
    """How many ids of a family may stand beside an id that one person has."""
    return max(accounts, limits.per_person[Kind(family)]) if family in (Kind.EMAIL, Kind.PHONE) else accounts


class _Groups:
    """Union-find over ids that refuses what breaks a limit or joins what is different."""

    def __init__(self, known: Mapping[UUID, Node], limits: Limits, different: Iterable[tuple[UUID, UUID]]) -> None:
        self._limits = limits
        self._parent = {id_: id_ for id_ in known}
        self._count = {id_: {node.family: 1} for id_, node in known.items()}
        self._apart: dict[UUID, set[UUID]] = defaultdict(set)  # root → ids that may not join it
        self.members = {id_: [id_] for id_ in known}
        self._kind = {node.family: node.kind for node in known.values()}
        for a, b in different:
            self._apart[a].add(b)
            self._apart[b].add(a)

    def root(self, id_: UUID) -> UUID:
        while (above := self._parent[id_]) != id_:
            self._parent[id_] = id_ = self._parent[above]
        return id_

    def join(self, a: UUID, b: UUID, *, by_operator: bool) -> Aside | None:
        """Make the two one group, or say why not. An operator may exceed a limit."""
        big, small = self.root(a), self.root(b)
        if big == small:
            return None
        if len(self.members[big]) < len(self.members[small]):
            big, small = small, big
        if any(self.root(id_) == big for id_ in self._apart.get(small, ())):
            return Aside.DIFFERENT
        ours, theirs = self._count[big], self._count[small]
        over = (f for f, n in theirs.items() if ours.get(f, 0) + n > self._limits.per_person[self._kind[f]])
        if not by_operator and next(over, None) is not None:
            return Aside.LIMIT
        for family, n in theirs.items():
            ours[family] = ours.get(family, 0) + n
        self._parent[small] = big
        self.members[big] += self.members.pop(small)
        if small in self._apart:
            self._apart[big] |= self._apart.pop(small)
        return None


def _name(result: Assembly, known: Mapping[UUID, Node], groups: _Groups) -> None:
    """Give each group its profile.

    An origin belongs to the group with its strongest id; a group takes the earliest origin that belongs to it, and one
    to which none belongs gets a profile derived from its strongest id. A shared id owns no origin: who came with it
    may be beyond the component.
    """
    strongest = {
        root: min((known[m] for m in members), key=lambda n: n.key) for root, members in groups.members.items()
    }
    owner: dict[UUID, Node] = {}
    for node in sorted(known.values(), key=lambda n: n.key):
        if node.id not in result.shared:
            owner.setdefault(node.origin, node)
    owned: dict[UUID, list[UUID]] = defaultdict(list)
    for origin, node in owner.items():
        owned[groups.root(node.id)].append(origin)
    for root, members in groups.members.items():
        # Origins are UUIDv7, so the least is the earliest; derived ones (after an erasure) come last.
        origins = sorted(owned[root], key=lambda o: (o.version != 7, o.int))
        profile = origins[0] if origins else own_profile(strongest[root].id)
        for id_ in members:
            result.profile_of[id_] = profile
        former = [*origins[1:], *(own_profile(m) for m in members)] if len(members) > 1 or origins else []
        result.merged.update((p, profile) for p in former if p != profile)


@dataclass(frozen=True, slots=True)
class Together:
    """Ids of one person that came together, and when."""

    ids: tuple[Id, ...]
    at: datetime


def usable(ids: Iterable[Id], proof: Proof, source: str) -> tuple[Id, ...]:
    """What ids that came together count for, the strongest first.

    With a proof all of them, but for claims. Without: the anonymous id alone, or else one claim, in which `source` (the
    key that it came with) is named, so that two keys never claim the same.
    """
    ordered = sorted(set(ids), key=lambda i: (RANK[i.kind], i.value))
    if proof is Proof.LINK:
        return tuple(i for i in ordered if i.kind is not Kind.CLAIM)
    claims = [i if i.kind is Kind.CLAIM else Id(Kind.CLAIM, f"{source}:{i.kind.value}:{i.value}") for i in ordered]
    return tuple([*(i for i in ordered if i.kind is Kind.ANONYMOUS_ID), *claims][:1])


def pairs(groups: Iterable[Together]) -> dict[tuple[Id, Id], datetime]:
    """The evidence in what came together: each two ids, since when."""
    found: dict[tuple[Id, Id], datetime] = {}
    for group in groups:
        for pair in combinations(group.ids, 2):
            known = found.get(pair)
            if known is None or group.at < known:
                found[pair] = group.at
    return found


def taken_back(
    edges: Collection[Edge], ours: Collection[UUID], theirs: Collection[UUID], *, by_joining: bool
) -> set[UUID]:
    """The operators' edges that no longer hold when two sets of ids are joined, or parted.

    Who joins takes back each act that has parted them, as a whole. Who parts takes back only what joins them: an act
    that joins some of these ids may have parted others.
    """
    between = [
        edge
        for edge in edges
        if edge.by_operator
        and edge.is_same is not by_joining
        and ((edge.a in ours and edge.b in theirs) or (edge.a in theirs and edge.b in ours))
    ]
    acts = {edge.act_id for edge in between} if by_joining else set()
    return {edge.id for edge in between} | {edge.id for edge in edges if edge.by_operator and edge.act_id in acts}
