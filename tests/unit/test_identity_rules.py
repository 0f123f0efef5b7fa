"""Which ids are one person, on values: order, limits, shared ids, an operator's word; and one spelling for ids."""

import random
from datetime import UTC, datetime, timedelta
from typing import ClassVar
from uuid import UUID

import pytest
from hypothesis import given
from hypothesis import strategies as st

from geoengage.kit.ids import new_id
from geoengage.profiles.rules import (
    Aside,
    Assembly,
    Edge,
    Id,
    Kind,
    Node,
    Proof,
    Together,
    assemble,
    normalise,
    pairs,
    taken_back,
    trait_problem,
    usable,
)

DAY = datetime(2026, 1, 1, tzinfo=UTC)


class Graph:
    """Ids and evidence, by short names: `e1` external, `m1` mail, `p1` phone, `a1` anonymous, `l1` card."""

    KINDS: ClassVar[dict[str, Kind]] = {
        "e": Kind.EXTERNAL_ID, "m": Kind.EMAIL, "p": Kind.PHONE, "a": Kind.ANONYMOUS_ID, "l": Kind.LOYALTY_CARD,
    }  # fmt: skip

    def __init__(self) -> None:
        self.nodes: dict[str, Node] = {}
        self.edges: list[Edge] = []

    def add(self, *names: str, day: int = 0) -> None:
        origin = next((self.nodes[n].origin for n in names if n in self.nodes), new_id(DAY + timedelta(days=day)))
        for name in names:
            self.nodes.setdefault(name, Node(new_id(), self.KINDS[name[0]], name, origin))
        for i, a in enumerate(names):
            self.edges += [self.edge(a, b, day) for b in names[i + 1 :]]

    def edge(self, a: str, b: str, day: int = 0, *, same: bool = True, act: UUID | None = None) -> Edge:
        return Edge(new_id(), self.nodes[a].id, self.nodes[b].id, DAY + timedelta(days=day), same, act)

    def say(self, a: str, b: str, *, same: bool, act: UUID | None = None) -> None:
        self.edges.append(self.edge(a, b, same=same, act=act or new_id()))

    def assembled(self) -> Assembly:
        return assemble(self.nodes.values(), self.edges)

    def people(self) -> set[frozenset[str]]:
        owner = self.assembled().profile_of
        by: dict[UUID, set[str]] = {}
        for name, node in self.nodes.items():
            by.setdefault(owner[node.id], set()).add(name)
        return {frozenset(names) for names in by.values()}

    def asides(self) -> set[tuple[str, str, Aside]]:
        names = {node.id: name for name, node in self.nodes.items()}
        aside = self.assembled().set_aside
        found = {(names[e.a], names[e.b], aside[e.id]) for e in self.edges if e.id in aside}
        return {(min(a, b), max(a, b), why) for a, b, why in found}


def people(*each: str) -> set[frozenset[str]]:
    return {frozenset(names.split()) for names in each}


def test_ids_that_came_together_are_one_person() -> None:
    graph = Graph()
    graph.add("e1", "m1")
    graph.add("m1", "a1")
    graph.add("e2", "p2")
    assert graph.people() == people("e1 m1 a1", "e2 p2")


def test_a_limit_sets_the_weaker_evidence_aside() -> None:
    graph = Graph()
    for n in range(1, 8):
        graph.add("e1", f"m{n}", day=n)
    assert graph.people() == people("e1 m1 m2 m3 m4 m5", "m6", "m7")
    assert graph.asides() == {("e1", "m6", Aside.LIMIT), ("e1", "m7", Aside.LIMIT)}


def test_a_family_phone_joins_until_it_is_recognised() -> None:
    graph = Graph()
    for n in (1, 2, 3):
        graph.add(f"e{n}", "p1", day=n)
    assert graph.people() == people("e1 e2 e3 p1"), "one person with three accounts, as far as can be seen"
    graph.add("e4", "p1", day=4)
    assert graph.people() == people("e1", "e2", "e3", "e4", "p1")
    assert {why for *_, why in graph.asides()} == {Aside.SHARED}


def test_a_shop_tablet_on_which_people_only_give_their_mail() -> None:
    graph = Graph()
    for n in range(1, 7):
        graph.add(f"m{n}", "a1")
    assert graph.people() == people("m1", "m2", "m3", "m4", "m5", "m6", "a1")


def test_what_came_together_stays_together_without_the_shared_id() -> None:
    graph = Graph()
    for n in range(1, 5):
        graph.add(f"e{n}", f"m{n}", "p1", f"a{n}")
    assert graph.people() == people("e1 m1 a1", "e2 m2 a2", "e3 m3 a3", "e4 m4 a4", "p1")


def test_an_operators_word_comes_first_and_is_taken_back() -> None:
    graph = Graph()
    graph.add("e1", "m1")
    graph.add("e2", "m1", day=1)
    graph.say("e1", "e2", same=False)
    assert graph.people() == people("e1 m1", "e2")
    assert graph.asides() == {("e2", "m1", Aside.DIFFERENT)}
    graph.edges.pop()
    assert graph.people() == people("e1 e2 m1")


def test_an_operator_may_exceed_a_limit_and_join_a_shared_id() -> None:
    graph = Graph()
    for n in range(1, 6):
        graph.add(f"e{n}", "p1")
        if n > 1:
            graph.say("e1", f"e{n}", same=True)
    graph.add("e6")
    graph.say("e1", "e6", same=True)
    graph.say("e6", "p1", same=True)
    assert graph.people() == people("e1 e2 e3 e4 e5 e6 p1")


def test_a_part_keeps_its_origin_and_others_are_named_after_their_strongest_id() -> None:
    graph = Graph()
    graph.add("e1", "m1")  # one origin
    before = graph.assembled()
    graph.say("e1", "m1", same=False)
    after = graph.assembled()
    e1, m1 = graph.nodes["e1"], graph.nodes["m1"]
    assert after.profile_of[e1.id] == before.profile_of[e1.id] == e1.origin
    assert after.profile_of[m1.id] not in (e1.origin, e1.id)
    assert after.profile_of[m1.id].version == 8
    graph.edges.pop()
    assert graph.assembled().merged[after.profile_of[m1.id]] == e1.origin


def test_the_earliest_origin_is_kept() -> None:
    graph = Graph()
    graph.add("a1", day=1)
    graph.add("e1", day=5)
    early, late = graph.nodes["a1"].origin, graph.nodes["e1"].origin
    graph.add("e1", "a1", day=6)
    assembly = graph.assembled()
    assert set(assembly.profile_of.values()) == {early}
    assert assembly.merged[late] == early


def test_who_parts_takes_back_only_what_joins() -> None:
    graph, act = Graph(), new_id()
    for name in ("e1", "e2", "e3"):
        graph.add(name)
    graph.say("e2", "e3", same=True, act=act)
    graph.say("e1", "e2", same=False, act=act)
    ids = {name: node.id for name, node in graph.nodes.items()}
    parted = taken_back(graph.edges, {ids["e3"]}, {ids["e2"]}, by_joining=False)
    assert parted == {graph.edges[0].id}
    joined = taken_back(graph.edges, {ids["e1"]}, {ids["e2"], ids["e3"]}, by_joining=True)
    assert joined == {edge.id for edge in graph.edges}


NAMES = [f"{kind}{n}" for kind in "empal" for n in range(1, 6)]
groups = st.lists(st.lists(st.sampled_from(NAMES), min_size=1, max_size=4, unique=True), min_size=1, max_size=25)


@given(
    groups, st.lists(st.tuples(st.sampled_from(NAMES), st.sampled_from(NAMES), st.booleans()), max_size=4), st.data()
)
def test_no_order_of_the_same_evidence_matters(
    together: list[list[str]], words: list[tuple[str, str, bool]], data: st.DataObject
) -> None:
    graph = Graph()
    for day, names in enumerate(together):
        graph.add(*names, day=day)
    for a, b, same in words:
        if a != b and a in graph.nodes and b in graph.nodes:
            graph.say(a, b, same=same)
    first = graph.assembled()
    shuffler = random.Random(data.draw(st.integers()))
    nodes, edges = list(graph.nodes.values()), list(graph.edges)
    shuffler.shuffle(nodes)
    shuffler.shuffle(edges)
    again = assemble(nodes, edges)
    assert again.profile_of == first.profile_of
    assert (again.set_aside, again.merged, again.shared) == (first.set_aside, first.merged, first.shared)
    # nobody's profile is merged into another, and no two parts have one profile
    assert not set(first.merged) & set(first.profile_of.values())


def test_the_evidence_of_a_group() -> None:
    ids = [Id(Kind.EMAIL, "m"), Id(Kind.EXTERNAL_ID, "e"), Id(Kind.CLAIM, "c")]
    strongest_first = usable(ids, Proof.LINK, "s")
    assert [i.kind for i in strongest_first] == [Kind.EXTERNAL_ID, Kind.EMAIL]
    found = pairs([Together(strongest_first, DAY + timedelta(days=1)), Together(strongest_first, DAY)])
    assert found == {strongest_first: DAY}


def test_a_claim_is_the_anonymous_ids_own_or_names_its_key() -> None:
    ids = [Id(Kind.EXTERNAL_ID, "anna"), Id(Kind.ANONYMOUS_ID, "a")]
    assert usable(ids, Proof.CLAIM, "wk:1") == (Id(Kind.ANONYMOUS_ID, "a"),)
    assert usable(ids[:1], Proof.CLAIM, "wk:1") == (Id(Kind.CLAIM, "wk:1:external_id:anna"),)


@pytest.mark.parametrize(
    "kind, value, spelt",
    [
        ("email", " Anna.Muster@Example.COM ", "anna.muster@example.com"),
        ("email", "test@shop.ch", None),
        ("email", "Test+1@shop.ch", None),
        ("email", "anna@localhost", None),
        ("email", "anna", None),
        ("phone", "079 123 45 67", "+41791234567"),
        ("phone", "0041 79 123 45 67", "+41791234567"),
        ("phone", "+41 (0)79 123 45 67", "+41791234567"),
        ("phone", "+1 650-253-0000", "+16502530000"),
        ("phone", "000 000 00 00", None),
        ("phone", "+41 111111111", None),
        ("phone", "call me", None),
        ("loyalty_card", "2801 0042-0007 ab", "280100420007AB"),
        ("loyalty_card", "111111", None),
        ("loyalty_card", "000", None),
        ("source_id", "shopify:6001", "shopify:6001"),
        ("source_id", "shopify:0", None),
        ("source_id", "6001", None),
        ("external_id", "  Anna ", "Anna"),
        ("external_id", "111", "111"),
        ("external_id", "0", None),
        ("external_id", "NULL", None),
        ("external_id", "undefined", None),
        ("external_id", "[object Object]", None),
        ("external_id", "", None),
        ("external_id", "a\x00b", None),
        ("external_id", "x" * 256, None),
        ("anonymous_id", "00000000-0000-0000-0000-000000000000", None),
        ("anonymous_id", "5b6f3a2e-5c0e-4d9b-8d8e-2f4a7c1b0e11", "5b6f3a2e-5c0e-4d9b-8d8e-2f4a7c1b0e11"),
    ],
)
def test_one_spelling(kind: str, value: str, spelt: str | None) -> None:
    assert normalise(Kind(kind), value, region="CH") == spelt
    if spelt is not None:
        assert normalise(Kind(kind), spelt) == spelt, "its own spelling, without a region"


def test_a_phone_without_prefix_needs_a_region_and_a_tenant_blocks_its_own() -> None:
    assert normalise(Kind.PHONE, "079 123 45 67") is None
    assert normalise(Kind.EMAIL, "Info@shop.ch", blocked={"info@shop.ch"}) is None


@given(st.sampled_from(list(Kind)), st.text(max_size=300))
def test_a_spelling_is_stable(kind: Kind, value: str) -> None:
    found = normalise(kind, value, region="DE")
    if found is not None:
        assert normalise(kind, found, region="DE") == found


@pytest.mark.parametrize(
    "name, value, fine",
    [
        ("city", "Bern", True), ("tags", ["a", {"b": 1}], True), ("gone", None, True), ("", 1, False),
        ("x" * 65, 1, False), ("n", float("nan"), False), ("long", "x" * 2_000, False), ("zero", "a\x00", False),
        ("first_name", 7, False), ("first_name", "Anna", True), ("language", None, True),
    ],
)  # fmt: skip
def test_what_can_be_a_trait(name: str, value: object, fine: bool) -> None:
    assert (trait_problem(name, value) is None) is fine
