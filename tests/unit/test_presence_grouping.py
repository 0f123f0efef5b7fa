"""Which requests are written together: never two groups with one device's pings, each device in its order."""

from dataclasses import dataclass
from uuid import UUID

from hypothesis import given
from hypothesis import strategies as st

from geoengage.presence.grouping import MAX_PINGS, MOST_HELD_BACK, WORTH, Group, Line

GROUPS = 2


@dataclass(frozen=True)
class Sent:
    pings: tuple[None, ...]
    of: frozenset[int]

    def devices(self) -> set[UUID]:
        return {UUID(int=device) for device in self.of}


def sent(count: int, *devices: int) -> Sent:
    return Sent((None,) * count, frozenset(devices))


requests = st.builds(
    lambda count, of: Sent((None,) * count, frozenset(of)),
    st.sampled_from([1, 1, 1, 40, 100, 1000]),
    st.sets(st.integers(0, 12), min_size=1, max_size=4),
)
# A request comes in, somebody takes a group, or one of those under way ends.
steps = st.lists(st.one_of(requests, st.just("take"), st.sampled_from([0, 1])), max_size=150)


@given(steps)
def test_groups_never_share_a_device_and_keep_its_order(course: list[Sent | str | int]) -> None:
    line, came, went, under_way = Line[Sent, int](), list[Sent](), list[int](), list[Group[Sent, int]]()

    def take() -> None:
        alone, before = not under_way, len(line.waiting)
        group = line.take()
        assert not alone or bool(group.members) == bool(before), "whoever is alone finds what waits"
        assert len(group.members) <= 1 or group.size <= MAX_PINGS
        assert all(group.devices.isdisjoint(other.devices) for other in under_way)
        if group.members:
            under_way.append(group)
            went.extend(number for _, number in group.members)

    for step in course:
        if isinstance(step, Sent):
            line.put(step, len(came))
            came.append(step)
        elif step == "take":
            if len(under_way) < GROUPS:
                take()
        elif len(under_way) > int(step):
            line.written(under_way.pop(int(step)))
    while line.waiting or under_way:
        for group in under_way:
            line.written(group)
        under_way.clear()
        take()
    assert sorted(went) == list(range(len(came)))
    place = {number: n for n, number in enumerate(went)}
    for device in range(13):
        mine = [n for n, each in enumerate(came) if device in each.of]
        assert mine == sorted(mine, key=place.__getitem__)


def test_whoever_begins_leaves_half_to_another_group() -> None:
    line = Line[Sent, int]()
    for n in range(2 * WORTH):
        line.put(sent(1, n), n)
    first, second = line.take(), line.take()
    assert (first.size, second.size, len(line.waiting)) == (WORTH, WORTH, 0)


def test_a_few_wait_for_the_group_that_is_under_way() -> None:
    line = Line[Sent, int]()
    line.put(sent(1, 1), 0)
    first = line.take()
    for n in range(WORTH - 1):
        line.put(sent(1, 100 + n), n)
    assert not line.has_group
    assert not line.take().members
    line.written(first)
    assert line.take().size == WORTH - 1


def test_who_is_held_up_is_not_looked_at_again_until_a_group_has_ended() -> None:
    line = Line[Sent, int]()
    line.put(sent(WORTH, 1), 0)
    first = line.take()
    for n in range(2 * MOST_HELD_BACK):
        line.put(sent(WORTH, 1), n)
    assert not line.take().members
    line.put(sent(WORTH, 2), 0)
    assert not line.has_group
    line.written(first)
    assert line.take().members
