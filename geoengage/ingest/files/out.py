"""What the API says about imports, and what it takes."""

from collections.abc import Sequence
from datetime import date, datetime, timedelta
from uuid import UUID

from pydantic import BaseModel, Field

from geoengage.ingest.files.models import DataImport
from geoengage.ingest.files.rules.kinds import FIELDS, ONE_OF, FileKind
from geoengage.ingest.files.rules.text import ENCODING_WORDS
from geoengage.ingest.files.service import progress
from geoengage.ingest.files.service.previewing import Preview
from geoengage.ingest.files.shapes import Mapping, Options
from geoengage.kit.shapes import Patch, Shape


class FieldOut(BaseModel):
    """Something that a column may be."""

    name: str = Field(description="As a mapping names it.")
    words: str = Field(description="As people call it.")
    about: str = Field(description="What it means.")
    required: bool = Field(description="A file without it cannot be imported.")
    many: bool = Field(description="Several columns may be it.")


class KindOut(BaseModel):
    """A kind of file and its fields."""

    kind: FileKind = Field(description="What the rows are.")
    fields: list[FieldOut] = Field(description="What its columns may be.")
    one_of: list[list[str]] = Field(description="Of each group at least one field must be there.")


class KindsOut(BaseModel):
    """Everything that can be imported."""

    items: list[KindOut] = Field(description="The kinds, in the order in which they build on each other.")


class ImportIn(Patch):
    """Changes of an import that has not started: as a JSON merge patch, `mapping` as a whole."""

    mapping: Mapping | None = Field(default=None, description="Column to field; columns left out are not read.")
    options: Options | None = Field(default=None, description="How cells are meant, all of them.")


class MappingIn(Shape):
    """What is decided for files of a kind."""

    mapping: Mapping = Field(description="Column to field; names that a file does not have do no harm.")
    options: Options = Field(default=Options(), description="How cells are meant.")


class MappingOut(BaseModel):
    """What was decided for files of a kind."""

    kind: FileKind = Field(description="What the rows are.")
    mapping: dict[str, str] = Field(description="Column to field.")
    options: Options = Field(description="How cells are meant.")
    updated_at: datetime | None = Field(description="When; null: never, names are guessed.")


class ImportOut(BaseModel):
    """A file and how far its import is."""

    id: UUID = Field(description="Id of the import.")
    kind: FileKind = Field(description="What the rows are.")
    origin: str = Field(description="`upload`, `drop` (the folder) or `command`.")
    status: str = Field(
        description="`waiting` for a start; `held`, see `reason`; `queued`; `running`; `done`; `cancelled`; `failed`."
    )
    file_name: str = Field(description="Name of the file.")
    size_bytes: int = Field(description="Its size as it came.")
    encoding: str = Field(description="What its characters are in, in words.")
    delimiter: str = Field(description="What stands between its cells.")
    compressed: bool = Field(description="It is a gzip file.")
    header: list[str] = Field(description="Its columns; names that come twice are numbered.")
    mapping: dict[str, str] = Field(description="Column to field.")
    options: Options = Field(description="How cells are meant.")
    lines_total: int = Field(description="Lines of the file, the header among them.")
    lines_done: int = Field(description="How far it is read and stored.")
    rows: int = Field(description="Rows read and stored or refused.")
    added: int = Field(description="Things that were not there; an order is one, whatever its lines.")
    updated: int = Field(description="Things that changed.")
    unchanged: int = Field(description="Things that were there just so.")
    refused: int = Field(description="Things that were not taken.")
    errors: int = Field(description="Lines of the error file (at most 100,000 of them are kept, for 30 days).")
    share: float = Field(description="How much is done, 0 to 1.")
    rows_per_s: float | None = Field(description="Rows a second, lately.")
    ends_at: datetime | None = Field(description="When it will be done at that speed; null while it does not run.")
    reason: str | None = Field(description="Why it is held or has failed.")
    version: int = Field(description="Rises with every edit; the ETag is `v` and this number.")
    created_at: datetime = Field(description="When the file came.")
    started_at: datetime | None = Field(description="When its first row was read.")
    finished_at: datetime | None = Field(description="When it ended.")


class ImportPage(BaseModel):
    """A page of imports."""

    items: list[ImportOut] = Field(description="Imports, newest first.")
    next: str | None = Field(description="Cursor of the next page, null at the end.")


class ColumnOut(BaseModel):
    """A column of the file."""

    name: str = Field(description="As the header has it.")
    field: str | None = Field(description="What it is taken for; null: not read.")
    examples: list[str] = Field(description="Its first values that differ.")
    problem: str | None = Field(description="What is wrong with what it is taken for.")


class FlawOut(BaseModel):
    """Why a row would not be taken."""

    column: str = Field(description="The column; empty when it is about the whole row.")
    value: str = Field(description="What stands there.")
    reason: str = Field(description="What is wrong and what to do.")


class RowOut(BaseModel):
    """A row of the preview."""

    line: int = Field(description="Its line in the file.")
    cells: list[str] = Field(description="Its cells, cut to 120 characters.")
    becomes: str = Field(
        description="`added`, `updated`, `unchanged`, `refused`; empty while the mapping is incomplete."
    )
    flaws: list[FlawOut] = Field(description="What is wrong with it.")


class PreviewOut(BaseModel):
    """What a file would become; nothing is stored."""

    columns: list[ColumnOut] = Field(description="Its columns in their order.")
    missing: dict[str, str] = Field(description="Fields that need a column, with what to do.")
    rows: list[RowOut] = Field(description="Its first rows and what they would become.")


class AlertOut(Shape):
    """Something was wrong with a file that comes by itself."""

    id: UUID = Field(description="Id of the alert.")
    kind: FileKind = Field(description="What its rows are.")
    reason: str = Field(description="`late`, `small` (less than half of what is usual) or `failed`.")
    on_day: date = Field(description="The day, on the tenant's clock.")
    detail: str = Field(description="What happened.")
    import_id: UUID | None = Field(description="The import, where there is a file.")
    at: datetime = Field(description="When it was noticed.")
    resolved_at: datetime | None = Field(description="When the file came, or somebody decided.")


class DropFile(BaseModel):
    """What comes of a kind."""

    kind: FileKind = Field(description="What the rows are.")
    pattern: str = Field(description="Where in the folder its files are looked for.")
    last_at: datetime | None = Field(description="When the last file came that was imported.")
    usual_at: str | None = Field(description="At what time of day it usually comes, HH:MM; null until three came.")
    usual_lines: int | None = Field(description="How many lines it usually has.")
    late_since: datetime | None = Field(description="Since when today's is overdue; null when it is not.")


class DropOut(BaseModel):
    """The folder in which other systems leave files."""

    enabled: bool = Field(description="Whether one is set up (GEOENGAGE_IMPORTS__DROP_DIR).")
    files: list[DropFile] = Field(description="Kind by kind.")
    alerts: list[AlertOut] = Field(description="What was wrong lately, newest first.")


def import_out(row: DataImport, now: datetime) -> ImportOut:
    """An import as the API tells it."""
    how_far = progress(row, now)
    left = how_far["seconds_left"]
    same = {n: getattr(row, n) for n in ImportOut.model_fields if hasattr(row, n)}
    return ImportOut(
        **same | {"encoding": ENCODING_WORDS.get(row.encoding, row.encoding), "options": Options(**row.options)},
        compressed=row.is_gzip,
        rows=row.records,
        share=how_far["share"],
        ends_at=None if left is None else now + timedelta(seconds=left),
    )


def kinds_out() -> KindsOut:
    """All kinds with their fields."""
    return KindsOut(
        items=[
            KindOut(
                kind=kind,
                fields=[
                    FieldOut(name=f.name, words=f.words, about=f.about, required=f.required, many=f.many)
                    for f in FIELDS[kind]
                ],
                one_of=[list(group) for group in ONE_OF[kind]],
            )
            for kind in (FileKind.PRODUCTS, FileKind.STOCK, FileKind.CUSTOMERS, FileKind.CONSENTS, FileKind.ORDERS)
        ]
    )


def preview_out(row: DataImport, found: Preview) -> PreviewOut:
    """A preview as the API tells it."""
    columns = [
        ColumnOut(name=name, field=row.mapping.get(name), examples=examples, problem=found.problems.get(name))
        for name, examples in zip(row.header, found.examples, strict=True)
    ]
    rows = [
        RowOut(
            line=r.line, cells=r.cells, becomes=r.becomes, flaws=[_flaw(f.column, f.value, f.reason) for f in r.flaws]
        )
        for r in found.rows
    ]
    missing = {name: why for name, why in found.problems.items() if name not in row.header}
    return PreviewOut(columns=columns, missing=missing, rows=rows)


def _flaw(column: str, value: str, reason: str) -> FlawOut:
    return FlawOut(column=column, value=value, reason=reason)


def alerts_out(rows: Sequence[object]) -> list[AlertOut]:
    """Alerts as the API tells them."""
    return [AlertOut.model_validate(row) for row in rows]
