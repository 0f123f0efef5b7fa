"""SQL that finds people by whatever somebody says of them, and lists whom one has looked up.

Each way to be found is one query that an index serves, and cut to `most` by itself: names and typed ids by trigrams
(migration 0020), whole ids, orders and devices by their keys. A caller restricted to stores finds their customers only;
that is part of each query, so that nobody else's rows use up the places.
"""

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import text

from geoengage.kit.db import Session, row_dict
from geoengage.kit.ids import TenantId
from geoengage.reports.rules.people import Wanted, like

# As the index of migration 0020 has it: a space before every word, so that `% ann%` finds words that begin so.
_NAME = (
    "translate(lower(' ' || coalesce(p.first_name, '') || ' ' || coalesce(p.attributes ->> 'last_name', '')"
    " || ' ' || coalesce(p.attributes ->> 'name', '')), '-', ' ')"
)
_TRIGRAM = 3  # characters from which on the index finds a part of an id
_TYPED = "i.kind IN ('external_id', 'loyalty_card', 'source_id', 'email', 'phone')"
_CUSTOMER = (
    " AND EXISTS (SELECT FROM store_profile s JOIN identifier k ON k.tenant_id = s.tenant_id AND k.id = s.identifier_id"
    " WHERE s.tenant_id = :tenant_id AND s.store_id = ANY(CAST(:stores AS uuid[])) AND k.profile_id = {profile})"
)
_SHOWN_NAME = (
    "coalesce(nullif(trim(coalesce(p.first_name, '') || ' ' || coalesce(p.attributes ->> 'last_name', '')), ''),"
    " p.attributes ->> 'name')"
)


@dataclass(frozen=True, slots=True)
class Found:
    """A person and by what they were found: a kind of id, `name`, `order` or `device`, and its value."""

    profile_id: UUID
    name: str | None
    kind: str | None
    value: str | None
    open_until: datetime | None  # the caller may look at them until then
    opened_at: datetime | None


async def search(
    session: Session, tenant_id: TenantId, wanted: Wanted, actor_id: UUID, stores: Collection[UUID] | None, most: int
) -> list[Found]:
    """People who match, the surest first: whole ids, then orders and devices, then names, then parts of ids."""
    branches = _branches(wanted, is_restricted=stores is not None)
    query = text(
        "SELECT DISTINCT ON (f.rank, p.id) p.id AS profile_id, f.kind, f.value, f.rank,"  # noqa: S608 - constants
        f" {_SHOWN_NAME} AS name FROM ({' UNION ALL '.join(branches)}) f"
        " JOIN profile p ON p.tenant_id = :tenant_id AND p.id = f.profile_id ORDER BY f.rank, p.id"
    )
    parameters: dict[str, Any] = {"tenant_id": tenant_id, "text": wanted.text, "most": most, "uuid": wanted.uuid}
    parameters |= {"part": f"%{like(wanted.text.lower())}%", "digits": f"%{wanted.digits}"}
    parameters |= {f"word{n}": f"% {like(word)}%" for n, word in enumerate(wanted.words)}
    parameters |= {"stores": list(stores or ())}
    used = {name: value for name, value in parameters.items() if f":{name}" in query.text}
    best: dict[UUID, Any] = {}
    for row in await session.execute(query, used):
        best.setdefault(row.profile_id, row)
    opened = await _opened(session, tenant_id, actor_id, list(best))
    found = [
        Found(row.profile_id, row.name, row.kind, row.value, *opened.get(row.profile_id, (None, None)))
        for row in best.values()
    ]
    return found[:most]


def _branches(wanted: Wanted, *, is_restricted: bool) -> list[str]:
    """The queries that may find somebody. Each gives profile_id, kind, value, rank."""

    def one(rank: int, kind: str, value: str, source: str, where: str, profile: str) -> str:
        mine = _CUSTOMER.format(profile=profile) if is_restricted else ""
        return (
            f"(SELECT {profile} AS profile_id, {kind} AS kind, {value} AS value, {rank} AS rank"  # noqa: S608 - constants
            f" FROM {source}"
            f" WHERE {where}{mine} LIMIT :most)"
        )

    ids = "identifier i"
    of_tenant = "i.tenant_id = :tenant_id"
    every_kind = "i.kind IN ('external_id', 'loyalty_card', 'source_id', 'email', 'phone', 'anonymous_id')"
    whole = f"{of_tenant} AND {every_kind} AND i.value IN (:text, lower(:text))"
    branches = [one(0, "i.kind", "i.value", ids, whole, "i.profile_id")]
    orders = "shop_order o JOIN identifier i ON i.tenant_id = o.tenant_id AND i.id = o.identifier_id"
    of_store = " AND o.store_id = ANY(CAST(:stores AS uuid[]))" if is_restricted else ""
    number = f"o.tenant_id = :tenant_id AND o.external_id IN (:text, '#' || :text){of_store}"
    branches.append(one(1, "'order'", "o.external_id", orders, number, "i.profile_id"))
    if wanted.uuid is not None:
        profile = f"{of_tenant} AND (i.profile_id = :uuid OR i.origin_profile_id = :uuid)"
        branches.append(one(0, "'profile'", "CAST(:uuid AS text)", ids, profile, "i.profile_id"))
        if not is_restricted:
            device = "d.tenant_id = :tenant_id AND d.id = :uuid AND d.profile_id IS NOT NULL"
            branches.append(one(1, "'device'", "CAST(d.id AS text)", "device d", device, "d.profile_id"))
        return branches
    if wanted.digits is not None:
        phone = f"{of_tenant} AND {_TYPED} AND i.kind = 'phone' AND lower(i.value) LIKE :digits"
        branches.append(one(2, "i.kind", "i.value", ids, phone, "i.profile_id"))
    if len(wanted.text) >= _TRIGRAM:
        part = f"{of_tenant} AND {_TYPED} AND lower(i.value) LIKE :part"
        branches.append(one(4, "i.kind", "i.value", ids, part, "i.profile_id"))
    if wanted.words:
        words = " AND ".join(f"{_NAME} LIKE :word{n}" for n, _ in enumerate(wanted.words))
        named = f"p.tenant_id = :tenant_id AND p.merged_into IS NULL AND {words}"
        branches.append(one(3, "'name'", "NULL", "profile p", named, "p.id"))
    return branches


async def _opened(
    session: Session, tenant_id: TenantId, actor_id: UUID, profile_ids: Sequence[UUID]
) -> dict[UUID, tuple[datetime, datetime]]:
    """Until when somebody may look at these people, and since when; of those whom they have looked up."""
    rows = await session.execute(
        text(
            "SELECT i.profile_id, max(a.until) AS until, max(a.opened_at) AS opened_at FROM person_access a"
            " JOIN identifier i ON i.tenant_id = a.tenant_id AND i.id = a.identifier_id"
            " WHERE a.tenant_id = :tenant_id AND a.actor_id = :actor_id AND i.profile_id = ANY(CAST(:ids AS uuid[]))"
            " GROUP BY i.profile_id"
        ),
        {"tenant_id": tenant_id, "actor_id": actor_id, "ids": list(profile_ids)},
    )
    return {row.profile_id: (row.until, row.opened_at) for row in rows}


async def list_recent(
    session: Session, tenant_id: TenantId, actor_id: UUID, stores: Collection[UUID] | None, limit: int
) -> list[Found]:
    """Whom somebody has looked up, the last one first."""
    mine = "" if stores is None else _CUSTOMER.format(profile="i.profile_id")
    query = text(
        f"SELECT p.id AS profile_id, {_SHOWN_NAME} AS name, a.until AS open_until, a.opened_at"  # noqa: S608 - constants
        " FROM (SELECT i.profile_id, max(a.until) AS until, max(a.opened_at) AS opened_at FROM person_access a"
        " JOIN identifier i ON i.tenant_id = a.tenant_id AND i.id = a.identifier_id"
        f" WHERE a.tenant_id = :tenant_id AND a.actor_id = :actor_id{mine} GROUP BY i.profile_id) a"
        " JOIN profile p ON p.tenant_id = :tenant_id AND p.id = a.profile_id ORDER BY a.opened_at DESC LIMIT :most"
    )
    parameters = {"tenant_id": tenant_id, "actor_id": actor_id, "most": limit, "stores": list(stores or ())}
    used = {name: value for name, value in parameters.items() if f":{name}" in query.text}
    return [Found(kind=None, value=None, **row_dict(row)) for row in await session.execute(query, used)]
