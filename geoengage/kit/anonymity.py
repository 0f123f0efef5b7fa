"""What may be told of people who were counted: no number that stands for one to nine of them (DESIGN section 7)."""

from collections.abc import Collection, Hashable

K = 10

Group = Collection[Hashable]


def is_told(people: Group, *, exact: bool = False) -> bool:
    """Whether a number about these people may be told. `exact`: they are simulated, so there is nobody to hide."""
    return exact or not 0 < len(set(people)) < K


def is_total_told(parts: Collection[Group], *, whole: bool, exact: bool = False) -> bool:
    """Whether a total may stand beside its parts, of which those about fewer than K people are hidden.

    A total beside one hidden part tells it; beside several it tells their sum, which must be about K people too. And
    two totals over windows of which one holds the other tell what lies between them: so unless it is of the `whole`
    time there is, a total is told only where nothing is hidden.
    """
    hidden = [set(part) for part in parts if not is_told(part, exact=exact)]
    everybody: set[Hashable] = set().union(*parts)
    if not hidden:
        return is_told(everybody, exact=exact)
    return whole and len(hidden) > 1 and len(set().union(*hidden)) >= K
