"""What happens when … — the one table from events to reactions.

Reactions take a batch of events of one tenant, in ledger order, inside one transaction that also moves their cursor; so each
runs once per event, whatever crashes. `live` reads the ledger by itself and is no entry here.
"""

from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass
from datetime import datetime

from geoengage.kit.db import Session
from geoengage.kit.events import Recorded
from geoengage.kit.ids import TenantId

Handler = Callable[[Session, TenantId, Sequence[Recorded], datetime], Awaitable[None]]


@dataclass(frozen=True, slots=True)
class Reaction:
    """A named reader of the ledger: the event types it wants and what it does with a batch of them."""

    name: str
    types: frozenset[str]
    handle: Handler


REACTIONS: tuple[Reaction, ...] = ()
