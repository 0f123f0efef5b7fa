"""SQL of a person's own data, made from the erasure map: locking the person, counting, reading, erasing.

All of it finds rows by index: a device has up to some hundred thousand positions, a tenant has millions.
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any
from uuid import UUID

from sqlalchemy import BigInteger, Uuid, text

import geoengage.campaigns.models

# The map's statements are made from the models, so all of them must be loaded.
import geoengage.commerce.models
import geoengage.experiments.models
import geoengage.ingest.files.models
import geoengage.ingest.models
import geoengage.kit.events
import geoengage.kit.http
import geoengage.messaging.models
import geoengage.messaging.phone_models
import geoengage.messaging.reply_models
import geoengage.metrics.models
import geoengage.offers.models
import geoengage.presence.models
import geoengage.privacy.models
import geoengage.profiles.models
import geoengage.recommendations.models
import geoengage.segments.lists.models
import geoengage.segments.models
import geoengage.tenancy.models
import geoengage.webhooks.models  # noqa: F401
from geoengage.kit import errors
from geoengage.kit.db import Base, Session, row_dict
from geoengage.kit.ids import TenantId
from geoengage.privacy.rules import ERASURE_MAP, Ids, Way
from geoengage.profiles import store as profiles

SHORTEST = 5  # a shorter id would be found in anything


@dataclass(frozen=True, slots=True)
class Person:
    """Whose data it is. `device_id` is the calling device, if one calls; `devices` are all of the profile's, or it
    alone.

    `profiles`: the profile and those merged into it; `identifiers`: the ids that belong to it; `names`: these in words
    (kind, value), without those that others use too. `messages`, `other_devices` and `positions` as in `rules.Ids`;
    `not_mine` are messages to somebody else who was logged in on one of the devices.
    """

    device_id: UUID | None
    devices: tuple[UUID, ...]
    profile_id: UUID | None
    profiles: tuple[UUID, ...] = ()
    identifiers: tuple[UUID, ...] = ()
    names: tuple[tuple[str, str], ...] = ()
    messages: tuple[UUID, ...] = ()
    other_devices: tuple[UUID, ...] = ()
    not_mine: tuple[UUID, ...] = ()
    positions: tuple[int, ...] = ()

    def ids(self) -> dict[Ids, list[Any]]:
        """The values of each set of ids."""
        return {
            Ids.DEVICES: list(self.devices),
            Ids.PEOPLE: [*self.devices, *self.profiles],
            Ids.PROFILE: list(self.profiles),
            Ids.IDENTIFIERS: list(self.identifiers),
            Ids.MESSAGES: list(self.messages),
            Ids.OTHER_DEVICES: list(self.other_devices),
            Ids.POSITIONS: list(self.positions),
        }


async def find_person(session: Session, tenant_id: TenantId, device_id: UUID, token_version: int) -> Person:
    """The person behind a calling device. Unauthenticated when its token was revoked. Takes no lock."""
    row = await session.execute(
        text(
            "SELECT profile_id FROM device WHERE tenant_id = :tenant_id AND id = :device_id"
            " AND token_version = :version"
        ),
        {"tenant_id": tenant_id, "device_id": device_id, "version": token_version},
    )
    found = row.one_or_none()
    if found is None:
        raise errors.Unauthenticated("this device token was revoked; register the device again")
    return await _with_messages(session, tenant_id, await _with_devices(session, tenant_id, device_id, found[0]))


async def find_profile_person(session: Session, tenant_id: TenantId, profile_id: UUID) -> Person:
    """A person with all their ids and devices; NotFound when there is none. Takes no lock.

    A profile that was merged into another one is that other person.
    """
    while True:
        row = await session.execute(
            text("SELECT merged_into FROM profile WHERE tenant_id = :tenant_id AND id = :id"),
            {"tenant_id": tenant_id, "id": profile_id},
        )
        found = row.one_or_none()
        if found is None:
            raise errors.NotFound(f"profile {profile_id} does not exist")
        if found[0] is None:
            return await _with_messages(session, tenant_id, await _with_devices(session, tenant_id, None, profile_id))
        profile_id = found[0]


async def lock_person(session: Session, tenant_id: TenantId, device_id: UUID, token_version: int) -> Person:
    """`find_person` with ids, profiles and devices locked FOR UPDATE, in this order, each in id order.

    Whoever writes about a device or a person holds one of these rows (campaigns FOR KEY SHARE, the others more), so
    from here on nothing about them is added. Conflict when somebody logs in or out on the device, or two people become
    one, at this moment.
    """
    return await _lock(session, tenant_id, await find_person(session, tenant_id, device_id, token_version))


async def lock_profile_person(session: Session, tenant_id: TenantId, profile_id: UUID) -> Person:
    """The same for a person, whoever asks. NotFound when there is none."""
    return await _lock(session, tenant_id, await find_profile_person(session, tenant_id, profile_id))


async def lock_device_person(session: Session, tenant_id: TenantId, device_id: UUID) -> Person:
    """The same for a device that nobody is logged in on. NotFound when there is none."""
    row = await session.execute(
        text("SELECT token_version FROM device WHERE tenant_id = :tenant_id AND id = :id"),
        {"tenant_id": tenant_id, "id": device_id},
    )
    version = row.scalar_one_or_none()
    if version is None:
        raise errors.NotFound(f"device {device_id} does not exist")
    return await lock_person(session, tenant_id, device_id, version)


async def _lock(session: Session, tenant_id: TenantId, seen: Person) -> Person:
    await _lock_profiles(session, tenant_id, seen)
    rows = await session.execute(
        text(
            "SELECT id, profile_id FROM device WHERE tenant_id = :tenant_id"
            " AND (id = CAST(:device_id AS uuid) OR profile_id = CAST(:profile_id AS uuid)) ORDER BY id FOR UPDATE"
        ),
        {"tenant_id": tenant_id, "device_id": seen.device_id, "profile_id": seen.profile_id},
    )
    whose = {row.id: row.profile_id for row in rows}
    if seen.device_id is not None and seen.device_id not in whose:
        raise errors.Unauthenticated("this device token was revoked; register the device again")
    profile_id = seen.profile_id if seen.device_id is None else whose[seen.device_id]
    person = await _with_devices(session, tenant_id, seen.device_id, profile_id)
    if (person.profile_id, person.profiles, person.identifiers) != (seen.profile_id, seen.profiles, seen.identifiers):
        raise errors.Conflict("whose ids and devices these are is changing at this moment; send the request again")
    return await _with_messages(session, tenant_id, replace(person, devices=tuple(whose)))


async def _lock_profiles(session: Session, tenant_id: TenantId, person: Person) -> None:
    """Lock a person's ids with all that evidence connects with them, and their profiles.

    What stays of the connected ids is somebody else's, and comes from its own profile from now on.
    """
    component = await profiles.lock_component(session, tenant_id, person.identifiers)
    others = {k.id: k.profile_id for k in component.values() if k.id not in person.identifiers and not k.is_shared}
    await profiles.set_origins(session, tenant_id, others)
    for table, ids in (("identifier", person.identifiers), ("profile", person.profiles)):
        await session.execute(
            text(
                f"SELECT id FROM {table} WHERE tenant_id = :tenant_id"  # noqa: S608 - one of the two
                " AND id = ANY(CAST(:ids AS uuid[])) ORDER BY id FOR UPDATE"
            ),
            {"tenant_id": tenant_id, "ids": list(ids)},
        )


async def _with_devices(
    session: Session, tenant_id: TenantId, device_id: UUID | None, profile_id: UUID | None
) -> Person:
    """A person with their devices, ids and all profiles that are theirs by now."""
    parameters = {"tenant_id": tenant_id, "profile_id": profile_id}
    devices = await session.execute(
        text("SELECT id FROM device WHERE tenant_id = :tenant_id AND profile_id = CAST(:profile_id AS uuid)"),
        parameters,
    )
    known = [] if profile_id is None else await profiles.list_identifiers(session, tenant_id, [profile_id])
    return Person(
        device_id,
        tuple(sorted({*devices.scalars(), *([] if device_id is None else [device_id])})),
        profile_id,
        profiles=() if profile_id is None else await profiles.list_merged(session, tenant_id, profile_id),
        identifiers=tuple(sorted(k.id for k in known)),
        names=tuple((k.kind.value, k.value) for k in known if not k.is_shared),
    )


async def _with_messages(session: Session, tenant_id: TenantId, person: Person) -> Person:
    people = person.ids()[Ids.PEOPLE]
    rows = await session.execute(
        text(
            "SELECT id, device_id, person_id FROM message WHERE tenant_id = :tenant_id"
            " AND (device_id = ANY(CAST(:devices AS uuid[])) OR person_id = ANY(CAST(:people AS uuid[])))"
        ),
        {"tenant_id": tenant_id, "devices": list(person.devices), "people": people},
    )
    found = rows.all()
    known = replace(
        person,
        messages=tuple(row.id for row in found),
        other_devices=tuple({row.device_id for row in found} - {None, *person.devices}),
        not_mine=tuple(row.id for row in found if row.person_id not in people),
    )
    positions = await session.execute(
        text(f"SELECT position FROM ledger WHERE tenant_id = :tenant_id AND {_where('ledger')}"),  # noqa: S608 - the map
        {"tenant_id": tenant_id} | _parameters("ledger", known),
    )
    return replace(known, positions=tuple(positions.scalars()))


# --- statements from the map --------------------------------------------------------------------------------------


def _kind(table: str, expression: str) -> str:
    """The SQL type of a column or expression of the map; expressions are texts."""
    column = Base.metadata.tables[table].columns.get(expression)
    if column is None:
        return "text"
    return "uuid" if isinstance(column.type, Uuid) else "bigint" if isinstance(column.type, BigInteger) else "text"


def _where(table: str) -> str:
    """The condition under which a row is the person's."""
    matches = (
        " AND ".join(
            f"({expression}) = ANY(CAST(:{ids}_{_kind(table, expression)} AS {_kind(table, expression)}[]))"
            for expression, ids in match.items()
        )
        for match in ERASURE_MAP[table].rows
    )
    mentions = (
        f"EXISTS (SELECT 1 FROM unnest(CAST(:words AS text[])) word"  # noqa: S608 - the map
        f" WHERE strpos(lower({column}), word) > 0)"
        for column in ERASURE_MAP[table].mentions
    )
    return "(" + " OR ".join(f"({match})" for match in (*matches, *mentions)) + ")"


def _shown(table: str) -> str:
    """The narrower condition for what the person sees: without messages to somebody else."""
    column = ERASURE_MAP[table].message
    if column is None:
        return _where(table)
    kind = _kind(table, column)
    return f"{_where(table)} AND coalesce(({column}) <> ALL(CAST(:not_mine_{kind} AS {kind}[])), true)"


def _parameters(table: str, person: Person) -> dict[str, list[Any]]:
    entry, ids = ERASURE_MAP[table], person.ids()
    used = [(str(name), _kind(table, expression), ids[name]) for m in entry.rows for expression, name in m.items()]
    if entry.message is not None:
        used.append(("not_mine", _kind(table, entry.message), list(person.not_mine)))
    words = {"words": [value.lower() for _, value in person.names if len(value) >= SHORTEST]} if entry.mentions else {}
    return words | {
        f"{name}_{kind}": [str(v) for v in found] if kind == "text" else found for name, kind, found in used
    }


def _columns(table: str) -> list[str]:
    """The columns that an export shows, in the order of the model."""
    hidden = ERASURE_MAP[table].hidden | {"tenant_id"}
    return [column.name for column in Base.metadata.tables[table].columns if column.name not in hidden]


# --- reading ------------------------------------------------------------------------------------------------------


async def count_rows(session: Session, tenant_id: TenantId, table: str, person: Person) -> int:
    """How many rows of a table an export shows, or things that they hold."""
    holds = ERASURE_MAP[table].holds
    count = f"coalesce(sum((SELECT count(*) FROM ({holds}) held)), 0)" if holds else "count(*)"  # noqa: S608 - the map
    row = await session.execute(
        text(f"SELECT {count} FROM {table} t WHERE tenant_id = :tenant_id AND {_shown(table)}"),  # noqa: S608 - the map
        {"tenant_id": tenant_id} | _parameters(table, person),
    )
    return int(row.scalar_one())


async def read_page(
    session: Session, tenant_id: TenantId, table: str, person: Person, after: Sequence[Any] | None, limit: int
) -> tuple[list[str], list[Any] | None]:
    """Rows of a table, or what they hold, as JSON texts in the order of its key, above the key `after`; and the key of
    the next page."""
    key = [column.name for column in Base.metadata.tables[table].primary_key if column.name != "tenant_id"]
    content = ERASURE_MAP[table].holds or f"SELECT {', '.join(f't.{c}' for c in _columns(table))}"
    above = ""
    parameters: dict[str, Any] = {"tenant_id": tenant_id, "limit": limit} | _parameters(table, person)
    if after is not None:
        above = f" AND ({', '.join(key)}) > ({', '.join(f':after_{name}' for name in key)})"
        parameters |= {f"after_{name}": value for name, value in zip(key, after, strict=True)}
    rows = await session.execute(
        text(
            f"SELECT (SELECT string_agg(row_to_json(r)::text, ',\n  ') FROM ({content}) r),"  # noqa: S608 - the map
            f" {', '.join(f't.{name}' for name in key)} FROM {table} t"
            f" WHERE tenant_id = :tenant_id AND {_shown(table)}{above} ORDER BY {', '.join(key)} LIMIT :limit"
        ),
        parameters,
    )
    found = rows.all()
    return [row[0] for row in found], list(found[-1][1:]) if len(found) == limit else None


_PLACES = text("""
SELECT DISTINCT ON (v.zone_id) v.zone_id, v.name FROM zone_version v
WHERE v.tenant_id = :tenant_id AND v.zone_id IN (
  SELECT zone_id FROM visit WHERE tenant_id = :tenant_id AND device_id = ANY(CAST(:devices AS uuid[]))
  UNION SELECT zone_id FROM zone_event WHERE tenant_id = :tenant_id AND device_id = ANY(CAST(:devices AS uuid[]))
  UNION SELECT zone_id FROM message WHERE tenant_id = :tenant_id AND id = ANY(CAST(:messages AS uuid[])))
ORDER BY v.zone_id, v.version DESC
""")


async def name_places(session: Session, tenant_id: TenantId, person: Person) -> dict[str, str]:
    """The newest names of the zones that a person's rows speak of, by zone id."""
    rows = await session.execute(
        _PLACES, {"tenant_id": tenant_id, "devices": list(person.devices), "messages": list(person.messages)}
    )
    return {str(zone_id): name for zone_id, name in rows}


# --- erasing ------------------------------------------------------------------------------------------------------


async def erase_rows(session: Session, tenant_id: TenantId, table: str, person: Person) -> int:
    """Do to a table what the map says; returns how many rows that concerned. Call it for each table in its order."""
    entry, where = ERASURE_MAP[table], _where(table)
    emptied = ", ".join(f"{name} = {value}" for name, value in entry.strip.items())
    if entry.way is Way.ERASE:
        statement = f"DELETE FROM {table} WHERE tenant_id = :tenant_id AND {where}"  # noqa: S608 - the map
    else:
        statement = f"UPDATE {table} SET {emptied} WHERE tenant_id = :tenant_id AND {where}"  # noqa: S608 - the map
    result = await session.execute(text(statement), {"tenant_id": tenant_id} | _parameters(table, person))
    return int(getattr(result, "rowcount", 0))


async def get_controller(session: Session, tenant_id: TenantId) -> dict[str, Any]:
    """Who is responsible for the data: the tenant's name and slug."""
    row = await session.execute(
        text("SELECT name, slug FROM tenant WHERE id = :tenant_id"),
        {"tenant_id": tenant_id},
    )
    return row_dict(row.one())
