"""Tables of file imports: the imports, their error lines, what was decided about columns, and alerts of the drop folder."""

from datetime import date, datetime
from typing import Any
from uuid import UUID

from sqlalchemy import (
    BigInteger,
    CheckConstraint,
    ForeignKeyConstraint,
    Index,
    Text,
    UniqueConstraint,
    Uuid,
    func,
    text,
)
from sqlalchemy.dialects.postgresql import ARRAY, JSONB

from geoengage.kit.db import Base, Mapped, TenantRow, mapped_column

_KINDS = "kind IN ('customers', 'consents', 'products', 'stock', 'orders')"


class DataImport(TenantRow, Base):
    """A file that was or will be imported, and how far that is. The file itself goes when the import has ended.

    `path`: where it lies for the worker. `sent_at`: when its content was so; the same bytes again keep the first time.
    `lines_*` are physical lines, the header among them; `records` rows; `added` … `refused` things: an order is one
    thing of many rows. `store_ids`: the stores that the sender was restricted to. `lease`: whose worker it is.
    """

    __tablename__ = "data_import"
    id: Mapped[UUID] = mapped_column(primary_key=True)
    kind: Mapped[str] = mapped_column(Text)
    origin: Mapped[str] = mapped_column(Text)
    status: Mapped[str] = mapped_column(Text)
    file_name: Mapped[str] = mapped_column(Text)
    path: Mapped[str] = mapped_column(Text)
    size_bytes: Mapped[int] = mapped_column(BigInteger)
    digest: Mapped[str] = mapped_column(Text)
    sent_at: Mapped[datetime]
    encoding: Mapped[str] = mapped_column(Text)
    delimiter: Mapped[str] = mapped_column(Text)
    is_gzip: Mapped[bool]
    header: Mapped[list[str]] = mapped_column(ARRAY(Text))
    mapping: Mapped[dict[str, Any]] = mapped_column(JSONB)
    options: Mapped[dict[str, Any]] = mapped_column(JSONB)
    lines_total: Mapped[int] = mapped_column(BigInteger)
    lines_done: Mapped[int] = mapped_column(BigInteger, server_default="0")
    records: Mapped[int] = mapped_column(BigInteger, server_default="0")
    added: Mapped[int] = mapped_column(BigInteger, server_default="0")
    updated: Mapped[int] = mapped_column(BigInteger, server_default="0")
    unchanged: Mapped[int] = mapped_column(BigInteger, server_default="0")
    refused: Mapped[int] = mapped_column(BigInteger, server_default="0")
    errors: Mapped[int] = mapped_column(BigInteger, server_default="0")
    rows_per_s: Mapped[float | None]
    reason: Mapped[str | None] = mapped_column(Text)
    store_ids: Mapped[list[UUID] | None] = mapped_column(ARRAY(Uuid))
    created_by: Mapped[str] = mapped_column(Text)
    created_at: Mapped[datetime] = mapped_column(server_default=func.now())
    queued_at: Mapped[datetime | None]
    started_at: Mapped[datetime | None]
    updated_at: Mapped[datetime] = mapped_column(server_default=func.now())
    finished_at: Mapped[datetime | None]
    lease: Mapped[UUID | None]
    lease_until: Mapped[datetime | None]
    version: Mapped[int] = mapped_column(server_default="1")
    __table_args__ = (
        ForeignKeyConstraint(["tenant_id"], ["tenant.id"]),
        CheckConstraint(_KINDS, name="kind"),
        CheckConstraint("origin IN ('upload', 'drop', 'command')", name="origin"),
        CheckConstraint(
            "status IN ('waiting', 'held', 'queued', 'running', 'done', 'cancelled', 'failed')", name="status"
        ),
        Index("ix_data_import_work", "queued_at", postgresql_where=text("status IN ('queued', 'running')")),
        Index("ix_data_import_digest", "tenant_id", "digest"),
    )


class DataImportError(TenantRow, Base):
    """Why a line was not taken. `record`: the key of what the line is about: a customer's number, an order's."""

    __tablename__ = "data_import_error"
    import_id: Mapped[UUID] = mapped_column(primary_key=True)
    number: Mapped[int] = mapped_column(primary_key=True)
    line: Mapped[int] = mapped_column(BigInteger)
    column_name: Mapped[str] = mapped_column(Text)
    value: Mapped[str] = mapped_column(Text)
    reason: Mapped[str] = mapped_column(Text)
    record: Mapped[str] = mapped_column(Text)
    __table_args__ = (
        ForeignKeyConstraint(
            ["tenant_id", "import_id"], ["data_import.tenant_id", "data_import.id"], ondelete="CASCADE"
        ),
    )


class ImportMapping(TenantRow, Base):
    """Which column is which field, and how cells are meant, as it was decided last for files of that kind."""

    __tablename__ = "import_mapping"
    kind: Mapped[str] = mapped_column(Text, primary_key=True)
    mapping: Mapped[dict[str, Any]] = mapped_column(JSONB)
    options: Mapped[dict[str, Any]] = mapped_column(JSONB)
    updated_at: Mapped[datetime]
    updated_by: Mapped[str] = mapped_column(Text)
    __table_args__ = (ForeignKeyConstraint(["tenant_id"], ["tenant.id"]), CheckConstraint(_KINDS, name="kind"))


class ImportAlert(TenantRow, Base):
    """Something is wrong with a file that comes by itself: it is late, much smaller than usual, or cannot be read.

    At most one of a reason a kind and day. `resolved_at`: the file came, or somebody has decided.
    """

    __tablename__ = "import_alert"
    id: Mapped[UUID] = mapped_column(primary_key=True)
    kind: Mapped[str] = mapped_column(Text)
    reason: Mapped[str] = mapped_column(Text)
    on_day: Mapped[date]
    detail: Mapped[str] = mapped_column(Text)
    import_id: Mapped[UUID | None]
    at: Mapped[datetime]
    resolved_at: Mapped[datetime | None]
    __table_args__ = (
        ForeignKeyConstraint(["tenant_id"], ["tenant.id"]),
        UniqueConstraint("tenant_id", "kind", "reason", "on_day"),
        CheckConstraint(_KINDS, name="kind"),
        CheckConstraint("reason IN ('late', 'small', 'failed')", name="reason"),
    )
