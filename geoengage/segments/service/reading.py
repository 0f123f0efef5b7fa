"""Definitions in plain English, with what the tenant calls the things that they speak of."""

from collections.abc import Iterable

from geoengage.kit.db import Session
from geoengage.kit.ids import TenantId
from geoengage.segments.rules import Condition, walk
from geoengage.segments.rules.word_pieces import Names
from geoengage.segments.store.names import read_names


async def names_of(session: Session, tenant_id: TenantId, conditions: Iterable[Condition]) -> Names:
    """What is needed to read these definitions (`rules.words`)."""
    ids = {id_ for each in conditions for _, part in walk(each) for id_ in part.names().values()}
    return await read_names(session, tenant_id, ids)
