"""What a person may ask for: what is there, and all of it in one document.

A document is read page by page, each in a short transaction of its own: a phone that reads slowly holds no connection.
"""

import json
from collections.abc import AsyncIterator
from dataclasses import dataclass
from datetime import datetime

from geoengage.kit.db import Session, Sessions, transaction
from geoengage.kit.ids import TenantId
from geoengage.privacy import retention, rules, store

PAGE = 2_000


@dataclass(frozen=True, slots=True)
class Kept:
    """How many rows of one kind there are, and for how long."""

    name: str
    what: str
    count: int
    kept: str


async def list_kept(session: Session, tenant_id: TenantId, person: store.Person) -> list[Kept]:
    """Each kind of data about a person that has a row, in the order of an export."""
    days = retention.days_of(await store.get_days(session, tenant_id))
    found = [
        Kept(
            entry.name,
            entry.what,
            await store.count_rows(session, tenant_id, table, person),
            retention.kept_for(table, entry.kept, days),
        )
        for table, entry in _in_order_of_reading()
    ]
    return [kept for kept in found if kept.count]


async def export(sessions: Sessions, tenant_id: TenantId, person: store.Person, now: datetime) -> AsyncIterator[bytes]:
    """Everything about a person as one JSON document, in pieces. Rows that come meanwhile may or may not be in it."""
    async with transaction(sessions, tenant_id) as session:
        controller = await store.get_controller(session, tenant_id)
        places = await store.name_places(session, tenant_id, person)
    head = {
        "exported_at": now.isoformat(),
        "controller": controller["name"],
        "about": {entry.name: entry.what for _, entry in _in_order_of_reading()},
        "places": places,
    }
    yield json.dumps(head, ensure_ascii=False, indent=1)[:-2].encode()
    for table, entry in _in_order_of_reading():
        yield f",\n {json.dumps(entry.name)}: [".encode()
        first, after = True, None
        while first or after is not None:
            async with transaction(sessions, tenant_id) as session:
                rows, after = await store.read_page(session, tenant_id, table, person, after, PAGE)
            if rows:
                yield ("\n  " if first else ",\n  ").encode() + ",\n  ".join(rows).encode()
            first = False
        yield b"]"
    yield b"\n}\n"


def _in_order_of_reading() -> list[tuple[str, rules.Table]]:
    """Who one is comes first; erasing goes the other way."""
    return list(reversed(rules.about_people().items()))
