"""How versions of one order, which come late, twice and in any order, make one state. Pure.

The state is a function of the set of versions, not of their order: of the content the newest `updated_at` holds, of the
customer the newest version that names one, of each refund the newest version that has it. A refund that was given once
does not go away with a version that does not mention it. Among versions of the same moment the later arrival holds.
"""

import hashlib
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime
from enum import StrEnum
from uuid import UUID

import msgspec

from geoengage.commerce.rules.orders import OrderIn, Refund, Status

_encoder = msgspec.msgpack.Encoder()


class Outcome(StrEnum):
    """What became of a version that came in. `stale`: a newer one is known, and this one adds nothing."""

    CREATED = "created"
    UPDATED = "updated"
    UNCHANGED = "unchanged"
    STALE = "stale"


@dataclass(frozen=True, slots=True)
class Known:
    """What is known of an order. `content` None: what is stored, of which only these columns were read.

    `stated` is the status that the source gives, `digest` that of the content, `refunds` the version and amount of each
    refund. `erased`: the customer was erased and must not come back with a later version.
    """

    id: UUID
    version_at: datetime
    digest: bytes
    stated: Status
    total_minor: int
    content: OrderIn | None = None
    identifier_id: UUID | None = None
    customer_at: datetime | None = None
    erased: bool = False
    refunds: Mapping[str, tuple[datetime, int]] = field(default_factory=dict)
    new_refunds: Mapping[str, Refund] = field(default_factory=dict)

    @property
    def refunded_minor(self) -> int:
        """What was given back; all of it where the source says `refunded` and names no refund."""
        if not self.refunds and self.stated is Status.REFUNDED:
            return max(self.total_minor, 0)
        return sum(amount for _, amount in self.refunds.values())

    @property
    def status(self) -> Status:
        """The status that follows from what the source says and from the refunds."""
        return status_of(self.stated, self.total_minor, self.refunded_minor)


def status_of(stated: Status, total_minor: int, refunded_minor: int) -> Status:
    """Cancelled stays so; else the refunds say more than the source's word, unless that says more."""
    if stated in (Status.CANCELLED, Status.REFUNDED):
        return stated
    if refunded_minor > 0:
        return Status.REFUNDED if refunded_minor >= total_minor else Status.PARTIALLY_REFUNDED
    return stated


def digest_of(order: OrderIn) -> bytes:
    """Of an order's content, without its version, customer and refunds, which have rules of their own."""
    bare = (
        order.ordered_at, order.currency, order.total_minor, order.subtotal_minor, order.status, order.store_id,
        order.channel, order.lines, order.discount_minor, order.shipping_minor, order.tax_minor, order.coupons,
        order.return_of, order.return_of_source,
    )  # fmt: skip
    return hashlib.blake2b(_encoder.encode(bare), digest_size=16).digest()


def first(order: OrderIn, id_: UUID) -> Known:
    """The state after an order's first version."""
    return Known(
        id=id_,
        version_at=order.updated_at,
        digest=digest_of(order),
        stated=order.status,
        total_minor=order.total_minor,
        content=order,
        identifier_id=order.identifier_id,
        customer_at=None if order.identifier_id is None else order.updated_at,
        refunds={refund.external_id: (order.updated_at, refund.amount_minor) for refund in order.refunds},
        new_refunds={refund.external_id: refund for refund in order.refunds},
    )


def fold(known: Known, order: OrderIn) -> tuple[Known, Outcome]:
    """The state after one more version, and what became of it."""
    after = _with_refunds(known, order.refunds, order.updated_at)
    after = _with_customer(after, order.identifier_id, order.updated_at)
    is_newer = order.updated_at >= known.version_at
    changed = after != known
    if is_newer:
        digest = digest_of(order)
        if digest != known.digest:
            after = replace(after, digest=digest, stated=order.status, total_minor=order.total_minor, content=order)
            changed = True
        after = replace(after, version_at=order.updated_at)
    if changed:
        return after, Outcome.UPDATED
    return after, Outcome.UNCHANGED if is_newer else Outcome.STALE


def _with_refunds(known: Known, refunds: Iterable[Refund], version_at: datetime) -> Known:
    newer = {
        refund.external_id: refund
        for refund in refunds
        if refund.external_id not in known.refunds or known.refunds[refund.external_id][0] < version_at
    }
    if not newer:
        return known
    told = {id_: (version_at, refund.amount_minor) for id_, refund in newer.items()}
    return replace(known, refunds={**known.refunds, **told}, new_refunds={**known.new_refunds, **newer})


def _with_customer(known: Known, identifier_id: UUID | None, version_at: datetime) -> Known:
    if identifier_id is None or known.erased or (known.customer_at is not None and known.customer_at > version_at):
        return known
    return replace(known, identifier_id=identifier_id, customer_at=version_at)
