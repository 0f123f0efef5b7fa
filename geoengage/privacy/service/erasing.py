"""Erasing people: whoever asks, it is one transaction over every table of the map, for half of it would be neither kept
nor gone.

It leaves a receipt, which names nobody, and an entry in the journal, by which a copy of the person in a backup or a
repeated import is known and erased again.
"""

import asyncio
from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from pathlib import Path
from uuid import UUID

from geoengage.kit import errors, log
from geoengage.kit.db import Session, Sessions, retried, transaction
from geoengage.kit.ids import TenantId, new_id
from geoengage.kit.settings import Settings
from geoengage.privacy import files, journal, rules, store
from geoengage.privacy.models import ErasureReceipt
from geoengage.privacy.retention import KINDS
from geoengage.privacy.rules import Asked, AskedBy, ErasureReason
from geoengage.privacy.service.retention import delete_old_logs
from geoengage.tenancy import store as tenancy

logger = log.get("privacy")
BY_THEMSELVES = Asked(by=AskedBy.PERSON, reason=ErasureReason.REQUEST, actor="the person")
COPY = Asked(by=AskedBy.JOURNAL, reason=ErasureReason.COPY, actor="the journal of erasures")
_UPLOADS = "imports"  # of the data folder, where ingest keeps what was uploaded


@dataclass(frozen=True, slots=True)
class Traces:
    """What an erasure needs of the installation: the key of the journal's hashes, its file, where files lie about."""

    key: str
    journal: Path
    uploads: Path
    drop: Path | None

    @classmethod
    def of(cls, settings: Settings, key: str) -> "Traces":
        """Of an installation."""
        data = settings.data_dir.absolute()
        return cls(key, data / journal.FILE, data / _UPLOADS, settings.imports.drop_dir)

    def folders(self, tenant_id: TenantId, slug: str) -> list[Path]:
        """Where files of a tenant lie."""
        return [self.uploads / str(tenant_id), *([] if self.drop is None else [self.drop / slug])]


Lock = Callable[[Session], Awaitable[store.Person]]


async def erase_caller(
    sessions: Sessions, tenant_id: TenantId, device_id: UUID, token_version: int, traces: Traces, now: datetime
) -> ErasureReceipt:
    """Erase whoever is behind a calling device: it, and while it is linked the person with all their devices.

    Unauthenticated when the device's token was revoked, so a second call changes nothing.
    """

    async def lock(session: Session) -> store.Person:
        return await store.lock_person(session, tenant_id, device_id, token_version)

    return await _erase(sessions, tenant_id, lock, BY_THEMSELVES, traces, now)


async def erase_profile(
    sessions: Sessions, tenant_id: TenantId, profile_id: UUID, asked: Asked, traces: Traces, now: datetime
) -> ErasureReceipt:
    """Erase a person with all their ids and devices. NotFound when there is no such person."""

    async def lock(session: Session) -> store.Person:
        return await store.lock_profile_person(session, tenant_id, profile_id)

    return await _erase(sessions, tenant_id, lock, asked, traces, now)


async def _erase(
    sessions: Sessions, tenant_id: TenantId, lock: Lock, asked: Asked, traces: Traces, now: datetime
) -> ErasureReceipt:
    async def work(session: Session) -> tuple[ErasureReceipt, journal.Entry]:
        person = await lock(session)
        counts = {
            entry.name: await store.erase_rows(session, tenant_id, table, person)
            for table, entry in rules.about_people().items()
        }
        # Last, and before the commit: a file that cannot be written leaves everything as it was.
        slug = (await store.get_controller(session, tenant_id))["slug"]
        blanked = await asyncio.to_thread(files.blank, traces.folders(tenant_id, slug), person.names)
        counts["lines_in_files"] = blanked
        entry = _known_again_by(person, traces, tenant_id, now)
        await store.insert_journal(session, tenant_id, entry.id, entry.at, entry.hashes)
        receipt = ErasureReceipt(
            id=entry.id,
            at=now,
            asked_by=asked.by,
            reason=asked.reason,
            rows={name: count for name, count in counts.items() if count},
            devices=len(person.devices),
            ids=len(person.identifiers),
        )
        await store.insert_receipt(session, tenant_id, receipt)
        await tenancy.insert_audit_entry(
            session, tenant_id, actor=asked.actor, action="person.erase", subject=None, reason=asked.reason, now=now
        )
        return receipt, entry

    receipt, entry = await retried(sessions, tenant_id, work)
    await asyncio.to_thread(journal.add, traces.journal, [entry])
    return receipt


def _known_again_by(person: store.Person, traces: Traces, tenant_id: TenantId, now: datetime) -> journal.Entry:
    ours = zip(journal.OURS, (person.profiles, person.devices, person.identifiers), strict=True)
    named = [*person.names, *((table, str(id_)) for table, ids in ours for id_ in ids)]
    hashes = tuple(journal.hash_name(traces.key, tenant_id, kind, value) for kind, value in named)
    return journal.Entry(tenant_id, new_id(now), now, hashes)


# --- once more ----------------------------------------------------------------------------------------------------


async def keep_journal(sessions: Sessions, traces: Traces) -> None:
    """Make the file and the database hold the same entries: a crash between the two writes is made good."""
    async with transaction(sessions, None) as session:  # cross-tenant: the file is the installation's
        rows = await store.list_journal(session)
        stored = [journal.Entry(r.tenant_id, r.id, r.at, tuple(r.hashes)) for r in rows]
        known = {entry.id for entry in stored}
        for entry in journal.read_file(traces.journal):
            if entry.id not in known:
                await store.insert_journal(session, TenantId(entry.tenant_id), entry.id, entry.at, entry.hashes)
    if stored:
        await asyncio.to_thread(journal.add, traces.journal, stored)


async def replay(sessions: Sessions, traces: Traces, now: datetime) -> int:
    """Erase again whom the journal knows: people who are back by a restore, or by an import that says they are from
    before. Returns how many that were."""
    await keep_journal(sessions, traces)
    async with transaction(sessions, None) as session:  # cross-tenant: all tenants' journals
        rows = await store.list_journal(session)
    by_tenant: dict[TenantId, list[journal.Entry]] = {}
    for row in rows:
        entry = journal.Entry(row.tenant_id, row.id, row.at, tuple(row.hashes))
        by_tenant.setdefault(TenantId(row.tenant_id), []).append(entry)
    erased = 0
    for tenant_id, entries in by_tenant.items():
        profiles, devices = await _back_again(sessions, tenant_id, entries, traces.key)
        for profile_id in sorted(profiles):
            erased += await _again(erase_profile(sessions, tenant_id, profile_id, COPY, traces, now))
        for device_id in sorted(devices):
            erased += await _again(_erase_device(sessions, tenant_id, device_id, traces, now))
    if erased:
        logger.warning("people_who_were_erased_before_are_erased_again", people=erased)
    return erased


async def _again(erasing: Awaitable[ErasureReceipt]) -> bool:
    try:
        await erasing
    except errors.NotFound:  # went with another one's erasure
        return False
    return True


async def _back_again(
    sessions: Sessions, tenant_id: TenantId, entries: Sequence[journal.Entry], key: str
) -> tuple[set[UUID], set[UUID]]:
    hashes = journal.erased_at(entries)
    profiles: set[UUID] = set()
    devices: set[UUID] = set()
    async with transaction(sessions, tenant_id) as session:
        for table in journal.OURS:
            async for batch in store.scan(session, tenant_id, table):
                for row in batch:
                    if not _is_back(hashes, key, tenant_id, table, row):
                        continue
                    if row.profile_id is None:
                        devices.add(row.id)
                    else:
                        profiles.add(row.profile_id)
    return profiles, devices


def _is_back(hashes: Mapping[str, datetime], key: str, tenant_id: TenantId, table: str, row: store.Named) -> bool:
    """The very row that was erased; or one that says it is from before."""
    if journal.hash_name(key, tenant_id, table, str(row.id)) in hashes:
        return True
    if row.since is None:
        return False
    return journal.is_copy(hashes, journal.hash_name(key, tenant_id, row.kind, row.value), row.since)


async def _erase_device(
    sessions: Sessions, tenant_id: TenantId, device_id: UUID, traces: Traces, now: datetime
) -> ErasureReceipt:
    async def lock(session: Session) -> store.Person:
        return await store.lock_device_person(session, tenant_id, device_id)

    return await _erase(sessions, tenant_id, lock, COPY, traces, now)


class Nightly:
    """What is done once a day, and when the program starts: erasing copies again, log files that are old enough."""

    def __init__(self, settings: Settings) -> None:
        self._traces = Traces.of(settings, settings.signing_key())
        self._logs = settings.data_dir.absolute() / "logs"
        self._done_on: date | None = None

    async def run(self, sessions: Sessions, now: datetime) -> None:
        """Do it, unless it was done today (UTC)."""
        if self._done_on == now.date():
            return
        await replay(sessions, self._traces, now)
        oldest = now - timedelta(days=KINDS["erasures"].most)
        await asyncio.to_thread(journal.forget, self._traces.journal, oldest)
        await asyncio.to_thread(delete_old_logs, self._logs, now)
        self._done_on = now.date()
