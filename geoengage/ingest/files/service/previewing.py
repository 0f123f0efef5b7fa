"""What the first rows of a file would become: stored and undone again, so that the preview cannot be wrong."""

import asyncio
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path

from geoengage.ingest.files.models import DataImport
from geoengage.ingest.files.rules.kinds import FileKind
from geoengage.ingest.files.rules.rows import Chunk, Flaw, Reader
from geoengage.ingest.files.rules.sheet import open_records
from geoengage.ingest.files.rules.text import UnreadableFile
from geoengage.ingest.files.service.receiving import FileRefused, MappingIncomplete, check_ready
from geoengage.ingest.files.service.running import OpenFile, flaws_of, look_of, make_context, store_each
from geoengage.ingest.files.service.storing import How
from geoengage.ingest.files.shapes import Options
from geoengage.kit.db import Session, undone
from geoengage.kit.ids import TenantId

ROWS = 20
EXAMPLES = 3


@dataclass(slots=True)
class Previewed:
    """One row of the file and what would become of it: `added`, `updated`, `unchanged` or `refused`."""

    line: int
    cells: list[str]
    becomes: str = "refused"
    flaws: list[Flaw] = field(default_factory=list)


@dataclass(slots=True)
class Preview:
    """What is known of a file before it begins. `problems`: what the mapping still lacks, by column or field."""

    examples: list[list[str]]
    problems: dict[str, str]
    rows: list[Previewed]


async def preview(session: Session, tenant_id: TenantId, row: DataImport, now: datetime) -> Preview:
    """Examples of each column, and what the first rows would become, as far as the mapping says it. Stores nothing."""
    kind = FileKind(row.kind)
    problems: dict[str, str] = {}
    try:
        check_ready(kind, row.header, row.mapping, Options.model_validate(row.options))
    except MappingIncomplete as error:
        problems = error.wrong
    try:
        rows = await asyncio.to_thread(_first_rows, row)
        examples = [_examples(place, rows) for place in range(len(row.header))]
        if problems:
            return Preview(examples, problems, [Previewed(line, cells, "") for line, cells in rows])
        return Preview(examples, {}, await _becomes(session, tenant_id, row, rows, now))
    except UnreadableFile as error:
        raise FileRefused(str(error)) from error


async def _becomes(
    session: Session, tenant_id: TenantId, row: DataImport, rows: list[tuple[int, list[str]]], now: datetime
) -> list[Previewed]:
    context = await make_context(session, tenant_id, row)

    def read() -> tuple[Reader, Chunk]:
        file = OpenFile(row, context)
        try:
            return file.reader, file.following(ROWS) or Chunk()
        finally:
            file.close()

    reader, chunk = await asyncio.to_thread(read)
    async with undone(session):
        how = How(now, row.store_ids is None)
        stored = await store_each(session, tenant_id, FileKind(row.kind), chunk.items, how)
    shown = {line: Previewed(line, cells) for line, cells in rows}
    for item, fate in stored:
        for line in item.lines:
            if line in shown and isinstance(fate, str):
                shown[line].becomes = fate
    for flaw in (*chunk.flaws, *(flaw for item, fate in stored for flaw in flaws_of(reader, item, fate))):
        if flaw.line in shown:
            shown[flaw.line].flaws.append(flaw)
    return list(shown.values())


def _examples(place: int, rows: list[tuple[int, list[str]]]) -> list[str]:
    """The first values of a column that differ."""
    values = (cells[place] for _, cells in rows if place < len(cells) and cells[place])
    return list(dict.fromkeys(values))[:EXAMPLES]


def _first_rows(row: DataImport) -> list[tuple[int, list[str]]]:
    """The cells of the first rows, cut to what a screen shows."""
    with Path(row.path).open("rb") as stream:
        header, records = open_records(stream, look_of(row), row.delimiter)
        return [
            (r.line, [c.strip()[:120] for c in r.cells[: len(header)]])
            for _, r in zip(range(ROWS), records, strict=False)
        ]
