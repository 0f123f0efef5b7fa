"""Tables of places. A zone row is a head; every edit adds an immutable `zone_version`, publishing picks one of them.

Geometry columns are SRID 4326, lon/lat, and shapely geometries in Python (`Geom`). Circles keep their true centre and
radius; `geom` then holds a 64-gon of the same area for indexes and maps.
"""

from datetime import datetime
from typing import Any
from uuid import UUID

from geoalchemy2 import Geometry
from geoalchemy2.shape import from_shape, to_shape
from shapely.geometry.base import BaseGeometry
from sqlalchemy import (
    ARRAY,
    BigInteger,
    CheckConstraint,
    ForeignKeyConstraint,
    Index,
    Integer,
    LargeBinary,
    Text,
    TypeDecorator,
    UniqueConstraint,
    func,
)
from sqlalchemy.dialects.postgresql import JSONB
from sqlalchemy.engine import Dialect

from geoengage.kit.db import Base, Mapped, TenantRow, mapped_column
from geoengage.kit.geo import SRID


class Geom(TypeDecorator[BaseGeometry]):
    """A geometry column that takes and gives shapely geometries."""

    impl = Geometry
    cache_ok = True

    def __init__(self, geometry_type: str) -> None:
        super().__init__(geometry_type, srid=SRID, spatial_index=False)

    def process_bind_param(self, value: BaseGeometry | None, dialect: Dialect) -> Any:
        return None if value is None else from_shape(value, srid=SRID)

    def process_result_value(self, value: Any, dialect: Dialect) -> BaseGeometry | None:
        return None if value is None else to_shape(value)


class Place(TenantRow):
    """A row of this domain: id, version for ETags, times."""

    id: Mapped[UUID] = mapped_column(primary_key=True)
    version: Mapped[int] = mapped_column(server_default="1")
    created_at: Mapped[datetime] = mapped_column(server_default=func.now())
    updated_at: Mapped[datetime] = mapped_column(server_default=func.now())


class Mall(Place, Base):
    """A building. Its frame (origin, bearing) is the metric plane that the console edits in."""

    __tablename__ = "mall"
    name: Mapped[str] = mapped_column(Text)
    external_id: Mapped[str | None] = mapped_column(Text)
    address: Mapped[str | None] = mapped_column(Text)
    timezone: Mapped[str] = mapped_column(Text)
    territory: Mapped[str | None] = mapped_column(Text)
    origin_lon: Mapped[float]
    origin_lat: Mapped[float]
    bearing_deg: Mapped[float] = mapped_column(server_default="0")
    extra: Mapped[dict[str, Any]] = mapped_column("metadata", JSONB, server_default="{}")
    __table_args__ = (
        ForeignKeyConstraint(["tenant_id"], ["tenant.id"]),
        UniqueConstraint("tenant_id", "external_id"),
    )


class Level(Place, Base):
    """A floor; `ordinal` 0 is the ground floor (IMDF)."""

    __tablename__ = "level"
    mall_id: Mapped[UUID]
    ordinal: Mapped[int]
    name: Mapped[str] = mapped_column(Text)
    short_name: Mapped[str] = mapped_column(Text)
    geom: Mapped[Any] = mapped_column(Geom("MULTIPOLYGON"))
    extra: Mapped[dict[str, Any]] = mapped_column("metadata", JSONB, server_default="{}")
    __table_args__ = (
        ForeignKeyConstraint(["tenant_id", "mall_id"], ["mall.tenant_id", "mall.id"], ondelete="CASCADE"),
        UniqueConstraint("tenant_id", "mall_id", "ordinal"),
    )


class LevelPlan(TenantRow, Base):
    """A picture of a level's floor plan, and where it lies.

    `points`: two known points, each `{"pixel": [x, y], "at": [lon, lat]}` with pixels from the top left corner; null
    until it is placed. `version` rises with the picture and with the placement.
    """

    __tablename__ = "level_plan"
    level_id: Mapped[UUID] = mapped_column(primary_key=True)
    version: Mapped[int] = mapped_column(server_default="1")
    updated_at: Mapped[datetime] = mapped_column(server_default=func.now())
    media_type: Mapped[str] = mapped_column(Text)
    width_px: Mapped[int]
    height_px: Mapped[int]
    image: Mapped[bytes] = mapped_column(LargeBinary, deferred=True)
    points: Mapped[list[Any] | None] = mapped_column(JSONB(none_as_null=True))
    opacity: Mapped[float] = mapped_column(server_default="0.5")
    __table_args__ = (
        ForeignKeyConstraint(["tenant_id", "level_id"], ["level.tenant_id", "level.id"], ondelete="CASCADE"),
    )


class Unit(Place, Base):
    """A part of a level that is no store: corridor, lift, entrance …"""

    __tablename__ = "unit"
    mall_id: Mapped[UUID]
    level: Mapped[int]
    category: Mapped[str] = mapped_column(Text)
    name: Mapped[str | None] = mapped_column(Text)
    external_id: Mapped[str | None] = mapped_column(Text)
    geom: Mapped[Any] = mapped_column(Geom("GEOMETRY"))
    extra: Mapped[dict[str, Any]] = mapped_column("metadata", JSONB, server_default="{}")
    __table_args__ = (
        ForeignKeyConstraint(["tenant_id", "mall_id"], ["mall.tenant_id", "mall.id"], ondelete="CASCADE"),
        UniqueConstraint("tenant_id", "mall_id", "external_id"),
    )


class VenueFeature(Place, Base):
    """Something of a mall's IMDF archive that is neither level, unit, store nor zone: a door, an amenity, an address.

    Kept so that the map can show it and an export gives it back. `feature_type`, `properties` and `geom` as IMDF has
    them (`geom` null where IMDF has none); `external_id` is the IMDF id, `level` the ordinal where it has one.
    """

    __tablename__ = "venue_feature"
    mall_id: Mapped[UUID]
    feature_type: Mapped[str] = mapped_column(Text)
    external_id: Mapped[str] = mapped_column(Text)
    level: Mapped[int | None]
    name: Mapped[str | None] = mapped_column(Text)
    geom: Mapped[Any | None] = mapped_column(Geom("GEOMETRY"))
    properties: Mapped[dict[str, Any]] = mapped_column(JSONB)
    __table_args__ = (
        ForeignKeyConstraint(["tenant_id", "mall_id"], ["mall.tenant_id", "mall.id"], ondelete="CASCADE"),
        UniqueConstraint("tenant_id", "mall_id", "external_id"),
    )


class Store(Place, Base):
    """A shop, in a mall or on a street. `footprint` may be missing, the point never is."""

    __tablename__ = "store"
    name: Mapped[str] = mapped_column(Text)
    owner_id: Mapped[UUID | None]
    mall_id: Mapped[UUID | None]
    level: Mapped[int | None]
    external_id: Mapped[str | None] = mapped_column(Text)
    category: Mapped[str | None] = mapped_column(Text)
    brand_color: Mapped[str] = mapped_column(Text, server_default="#3b5b92")
    address: Mapped[str | None] = mapped_column(Text)
    timezone: Mapped[str | None] = mapped_column(Text)
    opening_hours: Mapped[list[Any]] = mapped_column(JSONB, server_default="[]")
    point: Mapped[Any] = mapped_column(Geom("POINT"))
    footprint: Mapped[Any | None] = mapped_column(Geom("GEOMETRY"))
    extra: Mapped[dict[str, Any]] = mapped_column("metadata", JSONB, server_default="{}")
    __table_args__ = (
        ForeignKeyConstraint(["tenant_id"], ["tenant.id"]),
        ForeignKeyConstraint(["tenant_id", "mall_id"], ["mall.tenant_id", "mall.id"]),
        ForeignKeyConstraint(["tenant_id", "owner_id"], ["owner.tenant_id", "owner.id"]),
        UniqueConstraint("tenant_id", "external_id"),
        CheckConstraint("mall_id IS NOT NULL OR level IS NULL", name="level_needs_mall"),
        Index("ix_store_point", "point", postgresql_using="gist"),
    )


class Zone(Place, Base):
    """The head of a zone. `version` is its newest edit, `published_version` the one that matches pings (null: draft).

    `mall_id` and `store_id` are those of the newest edit: lists filter by them, and they say whose zone it is.
    """

    __tablename__ = "zone"
    mall_id: Mapped[UUID | None]
    store_id: Mapped[UUID | None]
    external_id: Mapped[str | None] = mapped_column(Text)
    published_version: Mapped[int | None]
    published_at: Mapped[datetime | None]
    deleted_at: Mapped[datetime | None]
    __table_args__ = (
        ForeignKeyConstraint(["tenant_id"], ["tenant.id"]),
        ForeignKeyConstraint(["tenant_id", "mall_id"], ["mall.tenant_id", "mall.id"]),
        ForeignKeyConstraint(["tenant_id", "store_id"], ["store.tenant_id", "store.id"]),
        Index(
            "uq_zone_external_id",
            "tenant_id",
            "external_id",
            unique=True,
            postgresql_where="deleted_at IS NULL",
        ),
    )


class ZoneVersion(TenantRow, Base):
    """One edit of a zone, never changed afterwards but for the times it was in force.

    `mall_id` and `store_id` have no foreign key: the history outlives malls and stores.
    """

    __tablename__ = "zone_version"
    zone_id: Mapped[UUID] = mapped_column(primary_key=True)
    version: Mapped[int] = mapped_column(primary_key=True)
    mall_id: Mapped[UUID | None]
    store_id: Mapped[UUID | None]
    name: Mapped[str] = mapped_column(Text)
    kind: Mapped[str] = mapped_column(Text)
    levels: Mapped[list[int]] = mapped_column(ARRAY(Integer))
    geom: Mapped[Any] = mapped_column(Geom("MULTIPOLYGON"))
    center: Mapped[Any | None] = mapped_column(Geom("POINT"))
    radius_m: Mapped[float | None]
    tags: Mapped[list[str]] = mapped_column(ARRAY(Text))
    sensitivity: Mapped[str] = mapped_column(Text)
    color: Mapped[str | None] = mapped_column(Text)
    schedule: Mapped[dict[str, Any] | None] = mapped_column(JSONB)
    rules: Mapped[dict[str, Any]] = mapped_column(JSONB)
    extra: Mapped[dict[str, Any]] = mapped_column("metadata", JSONB)
    created_at: Mapped[datetime] = mapped_column(server_default=func.now())
    created_by: Mapped[str | None] = mapped_column(Text)
    effective_from: Mapped[datetime | None]
    effective_to: Mapped[datetime | None]
    __table_args__ = (
        ForeignKeyConstraint(["tenant_id", "zone_id"], ["zone.tenant_id", "zone.id"]),
        CheckConstraint("(radius_m IS NULL) = (center IS NULL)", name="circle_is_whole"),
        Index("ix_zone_version_geom", "geom", postgresql_using="gist"),
    )


class EvidencePoint(Place, Base):
    """A beacon, a Wi-Fi access point or a check-in code, at its place on the map.

    A beacon has `uuid` (32 digits), `major`, `minor`; an access point its `bssid`; a check-in its `code`. What is found
    by a code alone (`ix_evidence_point_code`) is one row, for nobody chooses codes. `radius_m`: of the widest disc that
    hearing it gives.
    """

    __tablename__ = "evidence_point"
    kind: Mapped[str] = mapped_column(Text)
    name: Mapped[str] = mapped_column(Text)
    mall_id: Mapped[UUID | None]
    level: Mapped[int | None]
    store_id: Mapped[UUID | None]
    point: Mapped[Any] = mapped_column(Geom("POINT"))
    radius_m: Mapped[float | None]
    rssi_at_1m: Mapped[int | None]
    uuid: Mapped[str | None] = mapped_column(Text)
    major: Mapped[int | None]
    minor: Mapped[int | None]
    bssid: Mapped[str | None] = mapped_column(Text)
    code: Mapped[str | None] = mapped_column(Text)
    __table_args__ = (
        ForeignKeyConstraint(["tenant_id"], ["tenant.id"]),
        ForeignKeyConstraint(["tenant_id", "mall_id"], ["mall.tenant_id", "mall.id"], ondelete="CASCADE"),
        ForeignKeyConstraint(["tenant_id", "store_id"], ["store.tenant_id", "store.id"]),
        UniqueConstraint("tenant_id", "uuid", "major", "minor"),
        UniqueConstraint("tenant_id", "bssid"),
        UniqueConstraint("tenant_id", "code"),
        CheckConstraint("(mall_id IS NULL) = (level IS NULL)", name="level_and_mall"),
        CheckConstraint(
            "CASE kind WHEN 'beacon' THEN num_nonnulls(uuid, major, minor) = 3 AND num_nulls(bssid, code) = 2"
            " WHEN 'access_point' THEN bssid IS NOT NULL AND num_nulls(uuid, major, minor, code) = 4"
            " WHEN 'check_in' THEN code IS NOT NULL AND num_nulls(uuid, major, minor, bssid) = 4 ELSE false END",
            name="identity_of_its_kind",
        ),
        Index("ix_evidence_point_code", "code"),
        Index("ix_evidence_point_mall", "tenant_id", "mall_id", "level"),
    )


class VenueEpoch(TenantRow, Base):
    """Rises in every transaction that changes what matches; a process whose index has another number refreshes it."""

    __tablename__ = "venue_epoch"
    n: Mapped[int] = mapped_column(BigInteger, server_default="0")
