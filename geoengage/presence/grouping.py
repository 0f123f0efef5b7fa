"""Which waiting requests of a tenant are written together.

Two groups may be under way at once, so that one is decided about while the database writes the other; never with pings
of the same device, whose order would be lost. Nothing here waits or writes.
"""

from collections import deque
from collections.abc import Collection, Sized
from dataclasses import dataclass, field
from typing import Generic, Protocol, TypeVar
from uuid import UUID

MAX_PINGS = 2_000  # of one group
WORTH = 64  # pings for which a second group is begun: a group costs as much as fifty pings, however small it is
MOST_HELD_BACK = 64  # requests that are looked past because their devices are being written


class Request(Protocol):
    """What is grouped: some pings, and whose they are."""

    @property
    def pings(self) -> Sized: ...

    def devices(self) -> Collection[UUID]: ...


B = TypeVar("B", bound=Request)
D = TypeVar("D")


@dataclass(slots=True, eq=False)
class Group(Generic[B, D]):
    """Requests that are written together, each with what came along; their devices, and how many pings they are."""

    members: list[tuple[B, D]] = field(default_factory=list)
    devices: set[UUID] = field(default_factory=set)
    size: int = 0


@dataclass(slots=True)
class Line(Generic[B, D]):
    """What of a tenant waits, oldest first, and the groups that are under way. `takers`: tasks that take from it."""

    waiting: deque[tuple[B, D]] = field(default_factory=deque)
    takers: int = 0
    _size: int = 0
    _writing: list[Group[B, D]] = field(default_factory=list)
    _is_held_up: bool = False  # all that could be looked at belongs to devices that are being written

    def put(self, request: B, along: D) -> None:
        """One more that waits."""
        self.waiting.append((request, along))
        self._size += len(request.pings)

    @property
    def has_group(self) -> bool:
        """Whether it is worth while to take one now. Of what is taken when nothing is under way, half is left."""
        if not self._writing:
            return bool(self.waiting)
        return not self._is_held_up and self._size >= max(WORTH, max(group.size for group in self._writing) // 2)

    def take(self) -> Group[B, D]:
        """The next group, which is under way from now on; an empty one where it is better to wait for the others."""
        group = Group[B, D]()
        if not self.has_group:
            return group
        is_alone = not self._writing
        most = MAX_PINGS if not is_alone or self._size < 2 * WORTH else min(MAX_PINGS, self._size // 2)
        held_back, blocked = list[tuple[B, D]](), set[UUID]()
        while self.waiting and len(held_back) < MOST_HELD_BACK:
            request, along = self.waiting[0]
            if group.members and group.size + len(request.pings) > most:
                break
            self.waiting.popleft()
            devices = request.devices()
            if blocked.isdisjoint(devices) and all(each.devices.isdisjoint(devices) for each in self._writing):
                group.members.append((request, along))
                group.devices.update(devices)
                group.size += len(request.pings)
            else:
                held_back.append((request, along))
                blocked.update(devices)
        self.waiting.extendleft(reversed(held_back))
        self._size -= group.size
        if group.members:
            self._writing.append(group)
        else:
            self._is_held_up = True
        return group

    def written(self, group: Group[B, D]) -> None:
        """It is no longer under way."""
        self._writing.remove(group)
        self._is_held_up = False
