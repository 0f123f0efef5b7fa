"""Rows as packed columns: each query's rows come as one string of bytes, which numpy reads as it is.

A million rows as Python objects would take seconds. People are told apart by a 64-bit hash of their id, which stays in
this process: two of a million share one with a probability of 3e-8.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any
from uuid import UUID

import numpy as np
import numpy.typing as npt
from sqlalchemy import text

from geoengage.kit.db import Session
from geoengage.kit.ids import TenantId

# the local day of a moment (an SQL expression of ours) as Python counts days
LOCAL_DAY = "(({0} AT TIME ZONE :timezone)::date - DATE '0001-01-01' + 1)"
_SIZES = {"int2": ">i2", "int4": ">i4", "int8": ">i8"}
Columns = dict[str, npt.NDArray[Any]]


@dataclass(frozen=True, slots=True)
class Place:
    """Of whom and whose: `store_ids` None: of the whole tenant; `segment_id`: only the people who are in it now.

    `timezone`: whose local days count.
    """

    timezone: str
    store_ids: Sequence[UUID] | None = None
    segment_id: UUID | None = None

    @property
    def parameters(self) -> dict[str, Any]:
        """What every statement here binds."""
        stores = None if self.store_ids is None else list(self.store_ids)
        return {"timezone": self.timezone, "stores": stores, "segment": self.segment_id}

    @property
    def has_device(self) -> str:
        """The condition that a device `d` of app `a` counts: its person is known or, without one, the app is theirs."""
        known = f"(d.profile_id IS NOT NULL{self.knows('d.profile_id')})"
        if self.segment_id is not None:
            return known
        own = "" if self.store_ids is None else " AND a.store_id = ANY(CAST(:stores AS uuid[]))"
        return f"({known} OR (d.profile_id IS NULL{own}))"

    def knows(self, profile: str) -> str:
        """The condition that a profile (an SQL expression of ours) is known to the stores and is in the segment."""
        if self.store_ids is None:
            return self.members(profile)
        return (
            " AND EXISTS (SELECT FROM store_profile s JOIN identifier k ON k.tenant_id = s.tenant_id"
            " AND k.id = s.identifier_id WHERE s.tenant_id = :tenant_id AND s.store_id = ANY(CAST(:stores AS uuid[]))"
            f" AND k.profile_id = {profile}){self.members(profile)}"
        )

    def members(self, profile: str) -> str:
        """The condition that a profile (an SQL expression of ours) is in the segment."""
        if self.segment_id is None:
            return ""
        return (
            " AND EXISTS (SELECT FROM segment_member m WHERE m.tenant_id = :tenant_id AND m.segment_id = :segment"
            f" AND m.profile_id = {profile})"
        )


async def read_packed(
    session: Session,
    tenant_id: TenantId,
    columns: Mapping[str, tuple[str, str]],
    source: str,
    parameters: dict[str, Any],
) -> Columns:
    """`columns`: name → (`int2`, `int4` or `int8`, SQL expression). `source`: FROM … WHERE …, binds :tenant_id."""
    packed = " || ".join(f"{kind}send(({sql})::{kind})" for kind, sql in columns.values())
    query = text(f"SELECT string_agg({packed}, ''::bytea) {source}")
    raw = (await session.execute(query, parameters | {"tenant_id": tenant_id})).scalar_one()
    record = np.dtype([(name, _SIZES[kind]) for name, (kind, _) in columns.items()])
    records = np.frombuffer(raw or b"", dtype=record)
    return {name: records[name].astype(np.int64) for name in columns}
