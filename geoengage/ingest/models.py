"""Tables of ingest: scanning access points, and what each phone was told to monitor."""

from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import BigInteger, ForeignKeyConstraint, Index, Text, func
from sqlalchemy.dialects.postgresql import JSONB

from geoengage.kit.db import Base, Mapped, TenantRow, mapped_column


class Scanner(TenantRow, Base):
    """A network of access points that tells us where it hears phones (Cisco Meraki's Scanning API).

    `validator`: what Cisco wants to hear back before it sends. `secret_hash`: keyed hash of what each message must
    hold. `floor_plans`: `[{"floor_plan_id", "mall_id", "level"}]`.
    """

    __tablename__ = "scanner"
    id: Mapped[UUID] = mapped_column(primary_key=True)
    version: Mapped[int] = mapped_column(server_default="1")
    created_at: Mapped[datetime] = mapped_column(server_default=func.now())
    updated_at: Mapped[datetime] = mapped_column(server_default=func.now())
    name: Mapped[str] = mapped_column(Text)
    validator: Mapped[str] = mapped_column(Text)
    secret_hash: Mapped[str] = mapped_column(Text)
    floor_plans: Mapped[list[dict[str, Any]]] = mapped_column(JSONB, server_default="[]")
    __table_args__ = (ForeignKeyConstraint(["tenant_id"], ["tenant.id"]), Index("ix_scanner_id", "id"))


class ToldRegions(TenantRow, Base):
    """What a phone app was last told to monitor: digests by zone id, and the circle in which that holds.

    The circle is where the phone was; it goes with the location consent. A row without it says that the phone still
    has regions which must be taken from it. `asked_at`: time of the point whose answer told them.
    """

    __tablename__ = "told_regions"
    device_id: Mapped[UUID] = mapped_column(primary_key=True)
    client: Mapped[str] = mapped_column(Text)
    zones: Mapped[dict[str, str]] = mapped_column(JSONB)
    epoch: Mapped[int] = mapped_column(BigInteger)
    lon: Mapped[float | None]
    lat: Mapped[float | None]
    radius_m: Mapped[float | None]
    told_at: Mapped[datetime]
    asked_at: Mapped[datetime | None]
    __table_args__ = (
        ForeignKeyConstraint(["tenant_id", "device_id"], ["device.tenant_id", "device.id"], ondelete="CASCADE"),
    )
