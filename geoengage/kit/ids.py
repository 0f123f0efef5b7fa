"""Identifiers. Rows get UUIDv7 (time-ordered, so they partition by time); derived ids are UUIDv8 of a hash.

Neither Python 3.11 nor PostgreSQL 15 has UUIDv7, hence the few lines here (RFC 9562 sections 5.7 and 5.8).
"""

import hashlib
import secrets
from datetime import UTC, datetime
from typing import NewType
from uuid import UUID

from geoengage.kit.clock import utc_now

TenantId = NewType("TenantId", UUID)
DeviceId = NewType("DeviceId", UUID)
ProfileId = NewType("ProfileId", UUID)
ZoneId = NewType("ZoneId", UUID)
VisitId = NewType("VisitId", UUID)
CampaignId = NewType("CampaignId", UUID)
MessageId = NewType("MessageId", UUID)


def new_id(at: datetime | None = None) -> UUID:
    """A UUIDv7 of this millisecond, or of `at` where the row belongs to another moment."""
    ms = int((at or utc_now()).timestamp() * 1000)
    return UUID(int=(ms << 80) | (0x7 << 76) | (secrets.randbits(12) << 64) | (0b10 << 62) | secrets.randbits(62))


def derived_id(*parts: object) -> UUID:
    """The UUIDv8 of a SHA-256 over `parts`: the same parts always give the same id."""
    digest = hashlib.sha256("\x1f".join(map(str, parts)).encode()).digest()
    value = int.from_bytes(digest[:16], "big")
    value = (value & ~(0xF << 76)) | (0x8 << 76)
    return UUID(int=(value & ~(0b11 << 62)) | (0b10 << 62))


def derived_time_id(at: datetime, *parts: object) -> UUID:
    """A UUIDv7 of the moment `at` whose random part is a hash of `parts`: sortable by time and reproducible.

    Before 1970 there is no such time: the id is then of that year's first moment.
    """
    ms = int(at.timestamp() * 1000)
    seed = derived_id(ms, *parts).int
    low = (seed & ((1 << 62) - 1)) | (0b10 << 62)
    return UUID(int=(max(ms, 0) << 80) | (0x7 << 76) | ((seed >> 64 & 0xFFF) << 64) | low)


def lowest_id(at: datetime) -> UUID:
    """The smallest UUIDv7 of that millisecond, at least that of 1970: the bound for paging and partitions by time."""
    return UUID(int=max(0, int(at.timestamp() * 1000)) << 80)


def id_time(id_: UUID) -> datetime:
    """The moment inside a UUIDv7, to the millisecond."""
    return datetime.fromtimestamp((id_.int >> 80) / 1000, UTC)
