"""What is right: entries against the true visits; rates with 95 % intervals."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from math import inf, sqrt
from statistics import median

from tests.bench.accuracy.contenders import Entry
from tests.bench.accuracy.people import Person, is_counted

LATE_S = 15.0  # somebody counts as inside for the zone's `exit_s` after the door: nobody can know sooner
Z95 = 1.959964


@dataclass
class Score:
    """Counts. `visits` of 1–40 min, how many of them were `missed`; `entries`, of which `false` with the person in no
    such store, `floors` of these on another floor, `repeats` a second time in the same visit; `fronts` that were
    passed, as pairs of walk and shop, and the pairs of false entries, wherever the shop is (`wrong`)."""

    people: int = 0
    visits: int = 0
    missed: int = 0
    entries: int = 0
    false: int = 0
    floors: int = 0
    repeats: int = 0
    fronts: int = 0
    wrong: int = 0
    delays_s: list[float] = field(default_factory=list)

    def add(self, other: "Score") -> "Score":
        for name in ("people", "visits", "missed", "entries", "false", "floors", "repeats", "fronts", "wrong"):
            setattr(self, name, getattr(self, name) + getattr(other, name))
        self.delays_s += other.delays_s
        return self

    @property
    def delay_s(self) -> float:
        return median(self.delays_s) if self.delays_s else inf


def score(people: Iterable[Person], entries: Mapping[str, Sequence[Entry]], levels: Mapping[str, int]) -> Score:
    """Hold what was said against the truth. `levels`: the floor of each zone."""
    result = Score()
    for person in people:
        result.people += 1
        said = entries.get(person.key, [])
        used: set[int] = set()
        wrong: set[str] = set()
        for entry in said:
            result.entries += 1
            hit = _visit_of(person, entry)
            if hit is None:
                result.false += 1
                wrong.add(entry.zone)
                result.floors += person.walk.at(entry.at_s).level != levels[entry.zone]
            elif hit in used:
                result.repeats += 1
            else:
                used.add(hit)
                if is_counted(person.walk.visits[hit]):
                    result.delays_s.append(entry.at_s - person.walk.visits[hit].entered_s)
        result.wrong += len(wrong)
        for number, visit in enumerate(person.walk.visits):
            if is_counted(visit):
                result.visits += 1
                result.missed += number not in used
    return result


def _visit_of(person: Person, entry: Entry) -> int | None:
    """The true visit that an entry tells of, None when there is none."""
    for number, visit in enumerate(person.walk.visits):
        if visit.place_id == entry.zone and visit.entered_s <= entry.at_s <= visit.left_s + LATE_S:
            return number
    return None


def wilson(count: int, of: int) -> tuple[float, float]:
    """The 95 % interval of a share (E. B. Wilson, JASA 22, 1927)."""
    if of == 0:
        return 0.0, 1.0
    p, z2 = count / of, Z95 * Z95
    middle, half = p + z2 / (2 * of), Z95 * sqrt(p * (1 - p) / of + z2 / (4 * of * of))
    return max(0.0, (middle - half) / (1 + z2 / of)), min(1.0, (middle + half) / (1 + z2 / of))


def rate(count: int, of: int) -> tuple[float, float]:
    """The 95 % interval of events per trial that may exceed one: Byar's approximation to Poisson's exact limits."""
    low = 0.0 if count == 0 else count * (1 - 1 / (9 * count) - Z95 / (3 * sqrt(count))) ** 3
    high = (count + 1) * (1 - 1 / (9 * (count + 1)) + Z95 / (3 * sqrt(count + 1))) ** 3
    return low / of, high / of
