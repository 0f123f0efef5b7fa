"""What came of a row, and who sent the list."""

from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum
from uuid import UUID

from geoengage.kit import sealed
from geoengage.kit.ids import TenantId
from geoengage.tenancy.rules import Principal

Path = tuple[str | int, ...]


class RowOutcome(StrEnum):
    """What came of a row. `created`: its store is new; `updated`: something of it is; `failed`: nothing was done."""

    CREATED = "created"
    UPDATED = "updated"
    UNCHANGED = "unchanged"
    FAILED = "failed"


@dataclass(slots=True)
class RowResult:
    """What came of a row. `changes`: its parts that are new or other than before; `problems`: where (a path within the
    row) and what is wrong; `made`: keys and links that are shown once."""

    outcome: RowOutcome = RowOutcome.UNCHANGED
    external_id: str | None = None
    store_id: UUID | None = None
    app_id: UUID | None = None
    owner_id: UUID | None = None
    campaign_id: UUID | None = None
    changes: list[str] = field(default_factory=list)
    problems: list[tuple[Path, str]] = field(default_factory=list)
    made: dict[str, str] = field(default_factory=dict, repr=False)

    @property
    def is_new(self) -> bool:
        """The store is made by this row: nothing of it can be there."""
        return self.outcome is RowOutcome.CREATED


@dataclass(frozen=True, slots=True)
class Desk:
    """Who sends the list, when, and what seals and signs. `lanes`: how many rows are done at once."""

    me: Principal
    now: datetime
    sealing_keys: sealed.Keys = field(repr=False)
    signing_key: str = field(repr=False)
    lanes: int = 1

    @property
    def tenant_id(self) -> TenantId:
        """Whose stores they are."""
        return TenantId(self.me.tenant_id)
