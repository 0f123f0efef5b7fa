"""What may be told of how many people are in something: exactly, or as k-anonymity allows. Pure.

Conditions can be made up at will, so hiding small numbers alone would not do: the difference of two large ones, with
and without "is not Mia", is a small one. Who may not see people gets full tens too.
"""

from dataclasses import dataclass

from geoengage.kit.anonymity import K

HIDDEN = f"fewer than {K} people"
UNBUILT = "not looked up yet"


@dataclass(frozen=True, slots=True)
class Told:
    """A number as it may be told; `hidden` says why there is none."""

    people: int | None
    hidden: str | None = None


def tell(people: int, *, exact: bool) -> Told:
    """A number of people. `exact`: the caller may see these people anyway, or they are simulated."""
    if exact or people == 0:
        return Told(people)
    return Told(people // K * K) if people >= K else Told(None, HIDDEN)
