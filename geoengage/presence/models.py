"""Tables of the ping path. Partitioned ones have no foreign keys and no reference to them.

`ping_run`, `ping_rejection`, `zone_event` are partitioned by time, `visit` by its UUIDv7 id. A partitioned table's key
holds the partition column, so duplicates are judged under the device's row lock, not by an index.
"""

from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import ARRAY, Index, Text, Uuid
from sqlalchemy.dialects.postgresql import JSONB

from geoengage.kit.db import Base, Mapped, TenantRow, mapped_column


class PingRun(TenantRow, Base):
    """Positions of one device, within an hour, as records (`rules/records.py`). The view `ping` shows them one by one.

    `at` of the first is as the phone said, `event_at` the same moment with its clock skew corrected; that difference,
    `late`, `source` and what the phone's own monitoring told with it (`said_zone_id`, `said_left`) are the same for all
    of a run. `late`: came after something had been decided that it changed.
    """

    __tablename__ = "ping_run"
    device_id: Mapped[UUID] = mapped_column(primary_key=True)
    event_at: Mapped[datetime] = mapped_column(primary_key=True)
    at: Mapped[datetime] = mapped_column(primary_key=True)
    last_at: Mapped[datetime]
    received_at: Mapped[datetime]
    late: Mapped[bool]
    source: Mapped[str] = mapped_column(Text)
    said_zone_id: Mapped[UUID | None]
    said_left: Mapped[bool | None]
    fixes: Mapped[bytes]
    __table_args__ = ({"postgresql_partition_by": "RANGE (event_at)"},)


class PingRejection(TenantRow, Base):
    """A ping that was refused, without its coordinates, so that "why did nothing fire?" has an answer."""

    __tablename__ = "ping_rejection"
    device_id: Mapped[UUID] = mapped_column(primary_key=True)
    received_at: Mapped[datetime] = mapped_column(primary_key=True)
    n: Mapped[int] = mapped_column(primary_key=True)
    at: Mapped[datetime | None]
    reason: Mapped[str] = mapped_column(Text)
    __table_args__ = ({"postgresql_partition_by": "RANGE (received_at)"},)


class DeviceState(TenantRow, Base):
    """What the engine knows of a device. Read and written once per group under the device row's lock; no other index.

    `zones`: JSON of `rules.ZoneState` by zone id, `track` of `rules.Track`; the other columns as in
    `rules.DeviceState`.
    """

    __tablename__ = "device_state"
    device_id: Mapped[UUID] = mapped_column(primary_key=True)
    version: Mapped[int]
    last_at: Mapped[datetime]
    last_sent_at: Mapped[datetime]
    lon: Mapped[float]
    lat: Mapped[float]
    accuracy_m: Mapped[float]
    level: Mapped[int | None]
    level_at: Mapped[datetime | None]
    connector_at: Mapped[datetime | None]
    skew_s: Mapped[float]
    interval_s: Mapped[float]
    trust: Mapped[float]
    source: Mapped[str] = mapped_column(Text)
    settled_at: Mapped[datetime]
    venue_at: Mapped[datetime]
    checkpoint_at: Mapped[datetime]
    level_weight: Mapped[float]
    track: Mapped[dict[str, Any] | None] = mapped_column(JSONB)
    zones: Mapped[dict[str, Any]] = mapped_column(JSONB)
    __table_args__ = ({"postgresql_with": {"fillfactor": 50}},)


class Checkpoint(TenantRow, Base):
    """A device's whole state before one of its fixes: where a late fix lets it begin anew. `state`: JSON of
    `rules.DeviceState`; `at`: the moment up to which that has decided everything."""

    __tablename__ = "checkpoint"
    device_id: Mapped[UUID] = mapped_column(primary_key=True)
    at: Mapped[datetime] = mapped_column(primary_key=True)
    state: Mapped[dict[str, Any]] = mapped_column(JSONB)
    __table_args__ = ({"postgresql_partition_by": "RANGE (at)"},)


class Visit(TenantRow, Base):
    """One entered … exited span. `revision`: how often late fixes have put it right."""

    __tablename__ = "visit"
    id: Mapped[UUID] = mapped_column(primary_key=True)
    device_id: Mapped[UUID]
    zone_id: Mapped[UUID]
    zone_version: Mapped[int]
    entered_at: Mapped[datetime]
    exited_at: Mapped[datetime | None]
    exit_reason: Mapped[str | None] = mapped_column(Text)
    last_dwell_s: Mapped[int | None]
    revision: Mapped[int] = mapped_column(server_default="0")
    __table_args__ = (
        Index("ix_visit_zone", "tenant_id", "zone_id", "id"),
        Index("ix_visit_device", "tenant_id", "device_id", "id"),
        {"postgresql_partition_by": "RANGE (id)"},
    )


class ZoneEventRow(TenantRow, Base):
    """One zone event; `id` is hashed from (device, zone, visit, kind, dwell mark, revision)."""

    __tablename__ = "zone_event"
    id: Mapped[UUID] = mapped_column(primary_key=True)
    at: Mapped[datetime] = mapped_column(primary_key=True)
    kind: Mapped[str] = mapped_column(Text)
    device_id: Mapped[UUID]
    zone_id: Mapped[UUID]
    zone_version: Mapped[int]
    visit_id: Mapped[UUID]
    dwell_s: Mapped[int | None]
    confidence: Mapped[float]
    evidence: Mapped[str] = mapped_column(Text)
    reason: Mapped[str] = mapped_column(Text)
    by_silence: Mapped[bool]
    late: Mapped[bool]
    recorded_at: Mapped[datetime]
    details: Mapped[dict[str, Any]] = mapped_column(JSONB)
    __table_args__ = (
        Index("ix_zone_event_device", "tenant_id", "device_id", "at"),
        Index("ix_zone_event_zone", "tenant_id", "zone_id", "at"),
        {"postgresql_partition_by": "RANGE (at)"},
    )


class Timer(TenantRow, Base):
    """When the clock alone may change a device's state in a zone. Written at transitions only."""

    __tablename__ = "timer"
    device_id: Mapped[UUID] = mapped_column(primary_key=True)
    zone_id: Mapped[UUID] = mapped_column(primary_key=True)
    due_at: Mapped[datetime]
    __table_args__ = (Index("ix_timer_due", "due_at"),)


class ZoneOccupant(TenantRow, Base):
    """Who is inside a zone now: for live counts and for the fate of those inside when a zone changes."""

    __tablename__ = "zone_occupant"
    zone_id: Mapped[UUID] = mapped_column(primary_key=True)
    device_id: Mapped[UUID] = mapped_column(primary_key=True)
    entered_at: Mapped[datetime]


class ZoneChange(TenantRow, Base):
    """Zones that change at a moment, for the job that gives those inside their fate: it works through devices by id.

    `after`: the last one it has done; null: none yet.
    """

    __tablename__ = "zone_change"
    id: Mapped[UUID] = mapped_column(primary_key=True)
    due_at: Mapped[datetime]
    zone_ids: Mapped[list[UUID]] = mapped_column(ARRAY(Uuid))
    after: Mapped[UUID | None]
    __table_args__ = (Index("ix_zone_change_due", "due_at"),)
