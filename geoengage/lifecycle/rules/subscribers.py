"""Who agreed to marketing when: decisions and devices' consents as columns, and the metrics of them. Pure.

As `profiles.rules.deciding` and `push_hindrance` have it: a store's decision counts before the tenant's, the newest
counts, "stop everything" ends what was agreed to before, and what a person decided about pushes can only take away
from what their devices agreed to. Days are local; what counts is how things stand at the end of one.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from geoengage.lifecycle.rules.catalogue import CONVERSION_DAYS
from geoengage.lifecycle.rules.purchases import NEVER, Figure, Ints, Purchases, share_of
from geoengage.lifecycle.rules.spans import Span

CHANNELS = ("push", "web_push", "email", "sms", "whatsapp", "viber", "in_app")
STATES = ("subscribed", "pending", "unsubscribed", "redacted")
FOREVER = 2**31 - 1  # as a day
TENANT = 0  # as a sender: the tenant itself; stores are hashes
_YES, _PUSH_REFUSED, _PUSH_WISHED = 0, 1, 2
_PUSHES = 2  # the first so many channels
Columns = Mapping[str, npt.NDArray[Any]]


@dataclass(frozen=True, slots=True)
class Consents:
    """What held for `person` (a 64-bit name) about `channel` (a number of CHANNELS) at the end of each local day from
    `start` to before `end`. `what`: a yes; or a person's word about pushes, which stands beside that of devices.
    """

    person: Ints
    channel: Ints
    start: Ints
    end: Ints
    what: Ints

    @staticmethod
    def none() -> "Consents":
        """Nobody said anything."""
        return Consents(*(np.zeros(0, dtype=np.int64) for _ in range(5)))

    def held(self, day: int, channel: str | None) -> Ints:
        """The people who agree at the end of a day, by one channel or by any."""
        now = (self.start <= day) & (day < self.end)
        refused = np.setdiff1d(
            self.person[now & (self.what == _PUSH_REFUSED)], self.person[now & (self.what == _PUSH_WISHED)]
        )
        yes = now & (self.what == _YES)
        if channel is not None:
            yes &= self.channel == CHANNELS.index(channel)
        yes &= ~((self.channel < _PUSHES) & np.isin(self.person, refused))
        return np.unique(self.person[yes])

    def began(self) -> tuple[Ints, Ints]:
        """Everybody who ever agreed, and the day on which they first did."""
        yes = self.what == _YES
        person, start = self.person[yes], self.start[yes]
        order = np.lexsort((start, person))
        person, start = person[order], start[order]
        first = _is_first(person)
        return person[first], start[first]


@dataclass(frozen=True, slots=True)
class Reached:
    """Addresses at a moment: whose, of which channel, and whether it reaches them."""

    person: Ints
    channel: Ints
    alive: npt.NDArray[np.bool_]

    def people(self, channel: str, *, alive: bool) -> Ints:
        """Who has an address of a channel; `alive`: one that reaches them."""
        those = self.channel == CHANNELS.index(channel)
        return np.unique(self.person[those & self.alive if alive else those])


def reachable(consents: Consents, reached: Reached, day: int, channel: str | None) -> Ints:
    """The people who agree by a channel (None: by any) that reaches them. Inside an app no address is needed."""
    found = [np.zeros(0, dtype=np.int64)]
    for name in CHANNELS if channel is None else (channel,):
        held = consents.held(day, name)
        found.append(held if name == "in_app" else np.intersect1d(held, reached.people(name, alive=True)))
    return np.unique(np.concatenate(found))


def _is_first(*keys: Ints) -> npt.NDArray[np.bool_]:
    """Where a new group begins in columns that are sorted by it."""
    if not len(keys[0]):
        return np.zeros(0, dtype=bool)
    return np.concatenate([[True], np.any([key[1:] != key[:-1] for key in keys], axis=0)])


def consents_of(decisions: Columns, devices: Columns, stores: int | None) -> Consents:
    """Spells of what was decided (`person, channel, sender, state, at, day, stopped_at, stopped_day`) and of devices'
    consents to pushes (`person, channel, device, granted, at, day`). `stores`: of how many the decisions are, besides
    the tenant's own; None: of all there are, each of which makes a subscriber of the tenant.
    """
    parts = [_spells_of_people(decisions, stores), _spells_of_devices(devices)]
    return Consents(*(np.concatenate(columns) for columns in zip(*parts, strict=True)))


def _spells_of_devices(rows: Columns) -> tuple[Ints, ...]:
    order = np.lexsort((rows["at"], rows["device"]))
    person, channel, device, day = (rows[n][order].astype(np.int64) for n in ("person", "channel", "device", "day"))
    last = np.r_[_is_first(device)[1:], True] if len(device) else np.zeros(0, dtype=bool)
    end = np.where(last, FOREVER, np.r_[day[1:], FOREVER][: len(day)])
    keep = (rows["granted"][order] != 0) & (end > day)
    return person[keep], channel[keep], day[keep], end[keep], np.full(int(keep.sum()), _YES)


def _spells_of_people(rows: Columns, stores: int | None) -> tuple[Ints, ...]:
    channel = np.where(rows["channel"] < _PUSHES, 0, rows["channel"])  # a push is a push, whatever shows it
    order = np.lexsort((rows["state"], rows["at"], rows["sender"], channel, rows["person"]))
    person, sender, state, at, day, stopped_at, stopped_day = (
        rows[n][order].astype(np.int64) for n in ("person", "sender", "state", "at", "day", "stopped_at", "stopped_day")
    )
    channel = channel[order].astype(np.int64)
    last = np.r_[_is_first(person, channel, sender)[1:], True] if len(person) else np.zeros(0, dtype=bool)
    end = np.where(last, FOREVER, np.r_[day[1:], FOREVER][: len(day)])
    if stores is not None:
        end = np.where(
            sender == TENANT, np.minimum(end, _where_stores_decide(person, channel, sender, day, stores)), end
        )
    stops = (state == 0) & (stopped_at >= at)
    end = np.where(stops, np.minimum(end, stopped_day), end)
    is_push, is_yes = channel == 0, state == 0
    what = np.where(~is_push, _YES, np.where(is_yes, _PUSH_WISHED, _PUSH_REFUSED))
    keep = (is_yes | is_push) & (end > day)
    return person[keep], channel[keep], day[keep], end[keep], what[keep]


def _where_stores_decide(person: Ints, channel: Ints, sender: Ints, day: Ints, stores: int) -> Ints:
    """For each row the day from which every store has a decision of its own about its person and channel.

    Until then the tenant's counts for at least one of them. Rows are sorted by person, channel, sender, time.
    """
    group = np.cumsum(_is_first(person, channel)) - 1
    firsts = _is_first(person, channel, sender) & (sender != TENANT)
    count = np.bincount(group[firsts], minlength=int(group[-1]) + 1 if len(group) else 0)
    latest = np.full(len(count), NEVER, dtype=np.int64)
    np.maximum.at(latest, group[firsts], day[firsts])
    found: Ints = np.where(count == stores, latest, FOREVER)[group]
    return found


def subscribers(consents: Consents, spans: Sequence[Span], channel: str | None) -> list[Figure]:
    """How many people agree at the end of each span."""
    counts = [len(consents.held(span.last.toordinal(), channel)) for span in spans]
    return [Figure(float(n), n) for n in counts]


def conversion(orders: Purchases, consents: Consents, spans: Sequence[Span], today: int) -> list[Figure]:
    """Of the people who subscribed without having bought, those who bought soon after."""
    person, start = consents.began()
    first = _first_purchase(orders, person)
    bought_before = (first != NEVER) & (first < start)
    start, first = start[~bought_before], first[~bought_before]
    soon = (first != NEVER) & (first <= start + CONVERSION_DAYS)
    over = start + CONVERSION_DAYS < today
    return [share_of(start, soon, over, span) for span in spans]


def _first_purchase(orders: Purchases, person: Ints) -> Ints:
    """The first purchase day of people by their 64-bit names; NEVER: none."""
    if not len(orders.ids):
        return np.full(len(person), NEVER, dtype=np.int64)
    at = np.minimum(np.searchsorted(orders.ids, person), len(orders.ids) - 1)
    found: Ints = np.where(orders.ids[at] == person, orders.days.first[at], NEVER)
    return found
