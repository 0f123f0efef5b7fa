"""SQL of a person's time line: one query a kind of thing, each newest first below a place in the order of time.

A person is a set of ids (`Of`), found once a request. Rows of ids that were joined come with them; rows of a device
that is the person's come too, but a message only if it was decided for them, not for who used the device before.
"""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from typing import Any
from uuid import UUID

from sqlalchemy import text

from geoengage.kit.db import Session, row_dict
from geoengage.kit.ids import TenantId
from geoengage.profiles import store as profiles
from geoengage.reports.rules.timeline import Below, Kind

Rows = Sequence[Mapping[str, Any]]


@dataclass(frozen=True, slots=True)
class Of:
    """Whose rows, and of which stores (None: all). `people`: as messages name them."""

    ids: Sequence[UUID]
    devices: Sequence[UUID]
    people: Sequence[UUID]
    stores: Collection[UUID] | None


async def find_ids(session: Session, tenant_id: TenantId, profile_id: UUID, stores: Collection[UUID] | None) -> Of:
    """By which ids a person's rows are found. A store's eye finds none by device: a device is no store's."""
    parameters = {"tenant_id": tenant_id, "profile_id": profile_id}

    async def listed(query: str) -> list[UUID]:
        return list((await session.execute(text(query), parameters)).scalars())

    ids = await listed("SELECT id FROM identifier WHERE tenant_id = :tenant_id AND profile_id = :profile_id")
    devices = await listed("SELECT id FROM device WHERE tenant_id = :tenant_id AND profile_id = :profile_id")
    merged = await profiles.list_merged(session, tenant_id, profile_id)
    return Of(ids, devices, [*merged, *devices], stores)


async def list_entries(
    session: Session, tenant_id: TenantId, kind: Kind, of: Of, below: Below, store_id: UUID | None, limit: int
) -> Rows:
    """Rows of one kind, newest first below that place; with `store_id` those of that store only."""
    source = _SOURCES[kind]
    of_store = f" AND {source.store} = :store_id" if store_id else ""
    of_stores = "" if of.stores is None else f" AND {source.store} = ANY(CAST(:stores AS uuid[]))"
    query = text(
        f"SELECT * FROM ({source.query}{of_store}{of_stores}) found WHERE (at, id) < (:at, :id)"  # noqa: S608 - constants
        " ORDER BY at DESC, id DESC LIMIT :most -- :tenant_id"
    )
    parameters = {"tenant_id": tenant_id, "at": below.at, "id": below.id, "most": limit, "store_id": store_id}
    parameters |= {"ids": of.ids, "devices": of.devices, "people": of.people, "stores": list(of.stores or ())}
    used = {name: value for name, value in parameters.items() if f":{name}" in query.text}
    return [row_dict(row) for row in await session.execute(query, used)]


@dataclass(frozen=True, slots=True)
class _Source:
    """A query whose rows have `id`, `at`, `store_id`, `store_name`; and the expression of the store in it."""

    query: str
    store: str


_STORE = " LEFT JOIN store s ON s.tenant_id = t.tenant_id AND s.id = t.store_id"
_THEIRS = "t.identifier_id = ANY(CAST(:ids AS uuid[]))"

_VISIT = _Source(
    "SELECT t.id, t.entered_at AS at, t.exited_at, t.device_id, z.name AS zone_name, z.store_id, s.name AS store_name"
    " FROM visit t LEFT JOIN zone_version z"
    " ON z.tenant_id = t.tenant_id AND z.zone_id = t.zone_id AND z.version = t.zone_version"
    " LEFT JOIN store s ON s.tenant_id = z.tenant_id AND s.id = z.store_id"
    " WHERE t.tenant_id = :tenant_id AND t.device_id = ANY(CAST(:devices AS uuid[]))",
    "z.store_id",
)
_MESSAGE = _Source(
    "SELECT t.id, t.created_at AS at, t.title, t.status, t.reason, t.channel, t.passed_over, t.blockers,"  # noqa: S608 - constants
    " t.provider_answer, t.received_at, t.opened_at, t.device_id, c.name AS campaign_name, t.store_id,"
    " s.name AS store_name FROM message t LEFT JOIN campaign c ON c.tenant_id = t.tenant_id AND c.id = t.campaign_id"
    f"{_STORE} WHERE t.tenant_id = :tenant_id AND t.person_id = ANY(CAST(:people AS uuid[]))",
    "t.store_id",
)
_REPLY = _Source(
    "SELECT m.id, m.at, m.text, m.conversation_id, t.channel, t.store_id, s.name AS store_name"  # noqa: S608 - constants
    " FROM conversation t JOIN conversation_message m ON m.tenant_id = t.tenant_id AND m.conversation_id = t.id"
    f" AND m.provider_id IS NOT NULL{_STORE} WHERE t.tenant_id = :tenant_id AND {_THEIRS}",
    "t.store_id",
)
_ORDER = _Source(
    "SELECT t.id, t.ordered_at AS at, t.external_id, t.status, t.channel, t.total_minor, t.currency, t.store_id,"  # noqa: S608 - constants
    " s.name AS store_name, (SELECT array_agg(l.name ORDER BY l.n) FROM order_line l WHERE l.tenant_id = t.tenant_id"
    f" AND l.order_id = t.id) AS things FROM shop_order t{_STORE}"
    f" WHERE t.tenant_id = :tenant_id AND {_THEIRS}",
    "t.store_id",
)
# A refund has no id of its own.
_REFUND = _Source(
    "SELECT CAST(md5(r.order_id || r.external_id) AS uuid) AS id, r.at, r.amount_minor, r.reason, t.id AS order_id,"  # noqa: S608 - constants
    " t.external_id, t.currency, t.store_id, s.name AS store_name FROM shop_order t"
    f" JOIN refund r ON r.tenant_id = t.tenant_id AND r.order_id = t.id{_STORE}"
    f" WHERE t.tenant_id = :tenant_id AND {_THEIRS}",
    "t.store_id",
)
_CART = _Source(
    "SELECT t.id, t.changed_at AS at, t.status, t.abandoned_at, t.recovered_at, t.store_id, s.name AS store_name,"  # noqa: S608 - constants
    " l.things, l.currency, l.value_minor FROM cart t"
    f"{_STORE} CROSS JOIN LATERAL (SELECT array_agg(name ORDER BY added_at) AS things, min(currency) AS currency,"
    " CASE WHEN count(DISTINCT currency) = 1"
    " THEN CAST(round(sum(quantity_milli * unit_price_minor) / 1000.0) AS bigint) END AS value_minor"
    " FROM cart_line WHERE tenant_id = t.tenant_id AND cart_id = t.id) l"
    " WHERE t.tenant_id = :tenant_id AND (t.identifier_id = ANY(CAST(:ids AS uuid[]))"
    " OR t.device_id = ANY(CAST(:devices AS uuid[])))",
    "t.store_id",
)
_EVENT = _Source(
    "SELECT t.id, t.at, t.type, t.name, t.is_claim, t.properties, CAST(NULL AS uuid) AS store_id,"  # noqa: S608 - constants
    f" NULL AS store_name FROM event t WHERE t.tenant_id = :tenant_id AND {_THEIRS}",
    "CAST(NULL AS uuid)",
)
# A wish is kept with each id of the person, so that it still holds for each if they come apart; it is told once.
_CONSENT = _Source(
    "SELECT t.id, t.at, t.channel, t.purpose, t.state, t.source, t.text_version, t.store_id,"  # noqa: S608 - constants
    " s.name AS store_name FROM ((SELECT DISTINCT ON (at, channel, purpose, store_id, state, source, text_version)"
    " tenant_id, id, at, channel, purpose, state, source, text_version, store_id FROM consent_history"
    " WHERE tenant_id = :tenant_id AND identifier_id = ANY(CAST(:ids AS uuid[]))"
    " ORDER BY at, channel, purpose, store_id, state, source, text_version, id)"
    " UNION ALL SELECT tenant_id, id, at, NULL, kind, status, source, text_version, NULL FROM consent_entry"
    f" WHERE tenant_id = :tenant_id AND device_id = ANY(CAST(:devices AS uuid[]))) t{_STORE} WHERE true",
    "t.store_id",
)
_NOTE = _Source(
    "SELECT t.id, t.created_at AS at, t.author, t.text, t.store_id, s.name AS store_name"  # noqa: S608 - constants
    f" FROM note t{_STORE} WHERE t.tenant_id = :tenant_id AND {_THEIRS}",
    "t.store_id",
)
# Each pair of ids that came together is an edge; what was said at once is told once.
_MERGE = _Source(
    "SELECT * FROM (SELECT (array_agg(t.id ORDER BY t.id))[1] AS id, t.at, t.kind, t.proof, t.source, t.reason,"
    " t.retired_at, jsonb_agg(DISTINCT jsonb_build_array(i.kind, i.value)) AS ids, CAST(NULL AS uuid) AS store_id,"
    " NULL AS store_name FROM identity_edge t"
    " JOIN identifier i ON i.tenant_id = t.tenant_id AND i.id IN (t.a_id, t.b_id) WHERE t.tenant_id = :tenant_id"
    " AND (t.a_id = ANY(CAST(:ids AS uuid[])) OR t.b_id = ANY(CAST(:ids AS uuid[])))"
    " GROUP BY t.at, t.kind, t.proof, t.source, t.reason, t.retired_at, t.act_id) t WHERE true",
    "t.store_id",
)
_SOURCES = {
    Kind.VISIT: _VISIT, Kind.MESSAGE: _MESSAGE, Kind.REPLY: _REPLY, Kind.ORDER: _ORDER, Kind.REFUND: _REFUND,
    Kind.CART: _CART, Kind.EVENT: _EVENT, Kind.CONSENT: _CONSENT, Kind.NOTE: _NOTE, Kind.MERGE: _MERGE,
}  # fmt: skip
