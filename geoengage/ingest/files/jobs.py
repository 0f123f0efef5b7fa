"""The worker's part of imports: a chunk at a time of each tenant's oldest file, and the drop folder.

What is running when a process dies is taken up by another when its lease has run out, behind the last chunk that was
stored.
"""

import asyncio
import contextlib
import shutil
import time
from collections.abc import AsyncIterator, Awaitable, Callable, Iterable
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from uuid import UUID
from zoneinfo import ZoneInfo

from geoengage.ingest.files import service, store
from geoengage.ingest.files.models import DataImport
from geoengage.ingest.files.rules.kinds import FileKind
from geoengage.ingest.files.rules.text import UnreadableFile
from geoengage.ingest.files.service import Dropped, Lost, Run
from geoengage.kit import log
from geoengage.kit.clock import utc_now
from geoengage.kit.db import Sessions, is_passing, transaction
from geoengage.kit.ids import TenantId, new_id
from geoengage.kit.settings import ImportSettings, Settings

LATE_EVERY_S = 300.0
TIDY_EVERY_S = 3_600.0
ERRORS_KEPT = timedelta(days=30)
ENDED_FOLDERS = {"done": "done", "failed": "failed", "cancelled": "failed"}
_UNFINISHED = (".part", ".tmp", ".filepart", ".crdownload", ".swp", "~")
logger = log.get("imports")


class Importer:
    """One worker's imports: at most one a tenant, all of them in turns."""

    def __init__(
        self, sessions: Sessions, *, lease_s: float, clock: Callable[[], datetime] = utc_now, ring: Callable[[], None]
    ) -> None:
        self._sessions, self._clock, self._ring = sessions, clock, ring
        self._lease, self._lease_for = new_id(), timedelta(seconds=lease_s)
        self._runs: dict[TenantId, Run] = {}

    async def step(self) -> bool:
        """Store one chunk of each import that is ours; False when there is nothing to do, or it has to wait."""
        now = self._clock()
        async with transaction(self._sessions, None) as session:  # cross-tenant: only to find who has work
            claimed = dict(await store.claim_imports(session, self._lease, now, now + self._lease_for))
        for tenant_id in [t for t, run in self._runs.items() if claimed.get(t) != run.id]:
            await self._close(tenant_id)
        moved = False
        for tenant_id, import_id in claimed.items():
            moved |= await self._advance(tenant_id, import_id)
        return moved

    async def _advance(self, tenant_id: TenantId, import_id: UUID) -> bool:
        now = self._clock()
        try:
            run = self._runs.get(tenant_id) or await service.open_run(self._sessions, tenant_id, import_id, self._lease)
            self._runs[tenant_id] = run
            row = await run.advance(self._sessions, now, now + self._lease_for)
        except Lost:
            await self._close(tenant_id)
        except UnreadableFile as error:
            await self._fail(tenant_id, import_id, str(error))
        except Exception as error:
            if is_passing(error):
                logger.warning("import_waits", import_id=str(import_id), error=repr(error)[:300])
                return False
            logger.exception("import_failed", import_id=str(import_id))
            await self._fail(tenant_id, import_id, "an error of ours, which has been logged; start it again later")
        else:
            if row.status in store.ENDED:
                await self._close(tenant_id)
                service.unlink_upload(row)
                self._ring()
        return True

    async def _fail(self, tenant_id: TenantId, import_id: UUID, reason: str) -> None:
        await self._close(tenant_id)
        async with transaction(self._sessions, tenant_id) as session:
            row = await service.fail(session, tenant_id, import_id, reason, self._clock())
        service.unlink_upload(row)
        self._ring()

    async def _close(self, tenant_id: TenantId) -> None:
        if (run := self._runs.pop(tenant_id, None)) is not None:
            await run.close()

    async def finish(self) -> None:
        """Hand over what is under way: another worker goes on at once."""
        for tenant_id in list(self._runs):
            await self._close(tenant_id)
        async with transaction(self._sessions, None) as session:
            await store.release_imports(session, self._lease)


@dataclass(frozen=True, slots=True)
class _Tenant:
    id: TenantId
    slug: str
    zone: ZoneInfo


class DropFolder:
    """Looks for files that systems leave at night. A file is taken when its size has been the same for a while."""

    def __init__(
        self, sessions: Sessions, settings: ImportSettings, *, clock: Callable[[], datetime], ring: Callable[[], None]
    ) -> None:
        self._sessions, self._settings, self._clock, self._ring = sessions, settings, clock, ring
        self._still: dict[Path, tuple[tuple[int, int], float]] = {}

    async def look(self) -> None:
        """Take in what lies there and is complete; put away what was imported."""
        tenants = await self._tenants()
        found = await asyncio.to_thread(lambda: [f for tenant in tenants for f in self._files(tenant)])
        self._still = {f.path: self._still[f.path] for f in found if f.path in self._still}
        zones = {tenant.id: tenant.zone for tenant in tenants}
        for file in found:
            if self._is_still(file):
                try:
                    await self._take(file, zones[file.tenant_id])
                except Exception as error:  # one file must not keep the others waiting
                    logger.warning("drop_file_waits", kind=file.kind.value, error=repr(error)[:300])

    async def note_late(self) -> None:
        """Alerts for files that have not come at their usual hour."""
        for tenant in await self._tenants():
            async with transaction(self._sessions, tenant.id) as session:
                raised = [await service.note_late(session, tenant.id, k, tenant.zone, self._clock()) for k in FileKind]
            if any(raised):
                self._ring()

    async def _tenants(self) -> list[_Tenant]:
        async with transaction(self._sessions, None) as session:  # cross-tenant: the folder is one for all
            rows = await store.list_tenants(session)
        return [_Tenant(id_, slug, ZoneInfo(zone)) for id_, slug, zone in rows]

    def _files(self, tenant: _Tenant) -> Iterable[Dropped]:
        """The tenant's files, without what is being written, links, and what was put away."""
        folder = self._settings.drop_dir
        if folder is None:
            return
        root = folder.resolve()
        for kind in FileKind:
            for path in sorted(root.glob(self._settings.drop_pattern.format(tenant=tenant.slug, kind=kind.value))):
                is_unfinished = path.name.startswith(".") or path.name.endswith(_UNFINISHED)
                if is_unfinished or path.is_symlink() or not path.is_file() or not path.resolve().is_relative_to(root):
                    continue
                if not {*ENDED_FOLDERS.values()} & {*path.relative_to(root).parts[:-1]}:
                    about = path.stat()
                    yield Dropped(tenant.id, kind, path, about.st_size, about.st_mtime_ns)

    def _is_still(self, file: Dropped) -> bool:
        """Whether the file has been the same for long enough, as far as this process has seen."""
        shape, now = (file.size, file.modified_ns), time.monotonic()
        before, since = self._still.get(file.path, (None, now))
        if before != shape:
            self._still[file.path] = shape, now
            return self._settings.drop_still_s <= 0
        return now - since >= self._settings.drop_still_s

    async def _take(self, file: Dropped, zone: ZoneInfo) -> None:
        async with transaction(self._sessions, file.tenant_id) as session:
            known = (await store.list_dropped(session, file.tenant_id, [file.id])).get(file.id)
        if known is not None:
            if known.status in store.ENDED:
                await asyncio.to_thread(put_away, file.path, ENDED_FOLDERS[known.status], known)
            return
        now = self._clock()
        try:
            looked = await service.look_at(file.path, file.kind)
        except service.FileRefused as error:
            async with transaction(self._sessions, file.tenant_id) as session:
                await service.refuse(session, file, error.detail, zone, now)
        else:
            async with transaction(self._sessions, file.tenant_id) as session:
                await service.take_in(session, file, looked, zone, now)
        self._ring()


def put_away(path: Path, folder: str, row: DataImport) -> None:
    """Move a file beside those that have ended, under a name that tells when; another of its name is left alone."""
    target = path.parent / folder
    target.mkdir(exist_ok=True)
    with contextlib.suppress(FileNotFoundError):  # another worker was first
        shutil.move(path, target / f"{row.created_at:%Y%m%dT%H%M%S}-{str(row.id)[-6:]}-{path.name}")


async def tidy(sessions: Sessions, settings: Settings, now: datetime) -> None:
    """Delete files of ended imports and error lines when their time is over; they hold what people told."""
    before = now - timedelta(days=settings.imports.keep_days)
    async with transaction(sessions, None) as session:  # cross-tenant: retention
        forgotten = await store.list_forgotten(session, before)
        await store.delete_old_errors(session, now - ERRORS_KEPT)
    await asyncio.to_thread(_delete_files, settings, [Path(path) for path in forgotten], before)


def _delete_files(settings: Settings, forgotten: Iterable[Path], before: datetime) -> None:
    uploads = settings.data_dir.absolute() / service.FOLDER
    drop = settings.imports.drop_dir
    old = [*uploads.glob("*/*.part")]
    if drop is not None:
        old += [p for folder in ("done", "failed") for p in drop.glob(f"**/{folder}/*") if p.is_file()]
    for path in [*forgotten, *(p for p in old if datetime.fromtimestamp(p.stat().st_ctime, UTC) < before)]:
        path.unlink(missing_ok=True)


@contextlib.asynccontextmanager
async def importer(
    sessions: Sessions, settings: Settings, ring: Callable[[], None], clock: Callable[[], datetime] = utc_now
) -> AsyncIterator[Callable[[], Awaitable[bool]]]:
    """The worker's loop body, to be called again at once while it says True. Leaving hands over what is under way."""
    made = Importer(sessions, lease_s=settings.worker.lease_s, clock=clock, ring=ring)
    drop = DropFolder(sessions, settings.imports, clock=clock, ring=ring)
    due = {"look": 0.0, "late": 0.0, "tidy": 0.0}

    def is_due(what: str, every_s: float) -> bool:
        if time.monotonic() < due[what]:
            return False
        due[what] = time.monotonic() + every_s
        return True

    async def step() -> bool:
        if settings.imports.drop_dir is not None:
            if is_due("look", settings.imports.drop_look_s):
                await drop.look()
            if is_due("late", LATE_EVERY_S):
                await drop.note_late()
        if is_due("tidy", TIDY_EVERY_S):
            await tidy(sessions, settings, clock())
        return await made.step()

    yield step
    await made.finish()
