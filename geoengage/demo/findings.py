"""What was planted beside what was found, as one line of `geoengage demo check`."""

from dataclasses import dataclass

NOT_TOLD = "not told"


@dataclass(frozen=True, slots=True)
class Finding:
    """One planted effect. `holds` None: the report does not tell it (yet)."""

    what: str
    planted: str
    found: str
    holds: bool | None
