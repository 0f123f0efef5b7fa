"""How ids and names look to somebody who has given no reason yet: enough to recognise, too little to take. Pure."""

DOTS = "•••"
_SHOWN = 2  # characters at the end of a number
_LONG = 6  # from this length on a number's end says little about the whole


def masked_name(name: str) -> str:
    """The first letter of each word: `A••• M•••`."""
    return " ".join(word[0] + DOTS for word in name.split())


def masked_value(kind: str, value: str) -> str:
    """An id of that kind: of an address the first letters, of a number its last two characters."""
    if kind == "email" and "@" in value:
        return _email(value)
    start = value.partition(":")[0] + ":" if kind == "source_id" and ":" in value else ""
    number = value.removeprefix(start)
    return start + DOTS + (number[-_SHOWN:] if len(number) >= _LONG else "")


def _email(value: str) -> str:
    """`anna@example.com` as `a•••@e•••.com`."""
    name, _, host = value.rpartition("@")
    first, dot, rest = host.rpartition(".")
    shown = f"{first[:1]}{DOTS}{dot}{rest}" if dot else DOTS
    return f"{name[:1]}{DOTS}@{shown}"
