"""What may be said about numbers of people: nothing that points at fewer than ten (DESIGN section 7)."""

K = 10


def visible(part: int, whole: int | None = None, *, exact: bool = False) -> int | None:
    """The number of people, or None where it or the rest of `whole` would be a group of one to nine.

    `exact`: the people are simulated or test devices, so there is nobody to hide.
    """
    rest = 0 if whole is None else whole - part
    if exact or not (0 < part < K or 0 < rest < K):
        return part
    return None


def visible_groups(groups: dict[str, int], *, exact: bool = False) -> dict[str, int]:
    """Groups of people by name, without those that are empty or too small to be shown."""
    return {name: n for name, n in groups.items() if n and visible(n, exact=exact) is not None}
