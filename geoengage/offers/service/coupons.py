"""Coupons: reserved when a message is made, committed on delivery, released on failure, redeemed once.

Whoever changes a coupon holds its row, then the offer's (so that nobody changes the offer meanwhile), then its budgets,
the whole offer's before the store's. A refusal is an answer, not an error: nothing is left changed by it.
"""

import secrets
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from geoengage.kit.db import Session
from geoengage.kit.ids import TenantId, new_id
from geoengage.offers import store
from geoengage.offers.models import CouponRow, OfferRow
from geoengage.offers.rules import (
    CODE_BYTES,
    OPEN,
    Coupon,
    CouponStatus,
    OfferStatus,
    OfferTerms,
    Refusal,
    ReleaseReason,
    code_of,
    coupon_trouble,
    label_of,
    read_code,
)
from geoengage.offers.rules.terms import SIZED
from geoengage.offers.store import Buyer, Spending


@dataclass(frozen=True, slots=True)
class Reserved:
    """A coupon that was made. `code` and `label` are for the message."""

    coupon_id: UUID
    offer_id: UUID
    code: str
    label: str
    expires_at: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class Use:
    """A purchase that uses an offer: the order as its source names it, where, by whom, when, and what it took off."""

    source: str
    order_ref: str
    currency: str
    discount_minor: int
    at: datetime
    store_id: UUID | None = None
    profile_id: UUID | None = None


@dataclass(frozen=True, slots=True)
class Redeemed:
    """A coupon that was used. `is_new` False: this order had used it before."""

    coupon_id: UUID
    offer_id: UUID
    discount_minor: int
    is_new: bool


async def reserve(  # noqa: PLR0913 - all that a coupon holds
    session: Session,
    tenant_id: TenantId,
    offer_id: UUID,
    profile_id: UUID | None,
    message_id: UUID | None,
    expires_at: datetime,
    *,
    now: datetime,
    store_id: UUID | None = None,
    language: str | None = None,
) -> Reserved | Refusal:
    """Make somebody a coupon and set aside what it may cost.

    `store_id`: good only there, and out of that store's budget too. `language`: of the label, where the offer has none
    of its own. The size follows from the person's decline now and
    stays. A message that is named later: `name_message`. Without one, somebody must commit or release it.
    """
    row = await store.get_offer(session, tenant_id, offer_id, hold=True)
    if (refusal := _not_given(row, now)) is not None:
        return refusal
    buyer = None if profile_id is None else await store.find_buyer(session, tenant_id, profile_id)
    terms = OfferTerms.model_validate(row.terms)
    found = await _size_for(session, tenant_id, row, terms, buyer)
    if isinstance(found, Refusal):
        return found
    made = await _make(
        session, tenant_id, row, terms, 1, now,
        size=found, profile_id=profile_id, message_id=message_id, expires_at=expires_at,
        store_id=store_id or _only_store(row, terms), status=CouponStatus.RESERVED, language=language,
    )  # fmt: skip
    return made if isinstance(made, Refusal) else made[0]


def _not_given(row: OfferRow, now: datetime) -> Refusal | None:
    if row.status != OfferStatus.ACTIVE or (row.valid_from is not None and now < row.valid_from):
        return Refusal.OFFER_NOT_ACTIVE
    return Refusal.OFFER_ENDED if row.valid_to is not None and now >= row.valid_to else None


async def _size_for(
    session: Session, tenant_id: TenantId, row: OfferRow, terms: OfferTerms, buyer: Buyer | None
) -> int | Refusal | None:
    """What the coupon promises; None for a kind without sizes."""
    if buyer is not None and terms.conditions.first_order and buyer.has_bought:
        return Refusal.NOT_FIRST_ORDER
    if (
        buyer is not None
        and terms.conditions.once_per_person
        and await store.has_had(session, tenant_id, row.id, buyer.people)
    ):
        return Refusal.ALREADY_GIVEN
    if not isinstance(terms.benefit, SIZED):
        return None
    if buyer is None:
        return Refusal.NO_TIER if terms.tiers else terms.benefit_size
    return terms.size(buyer.decline) or Refusal.NO_TIER


def _only_store(row: OfferRow, terms: OfferTerms) -> UUID | None:
    if row.store_id is not None:
        return row.store_id
    return terms.conditions.store_ids[0] if len(terms.conditions.store_ids) == 1 else None


async def _make(  # noqa: PLR0913 - all that a coupon holds
    session: Session,
    tenant_id: TenantId,
    row: OfferRow,
    terms: OfferTerms,
    count: int,
    now: datetime,
    *,
    size: int | None,
    profile_id: UUID | None,
    message_id: UUID | None,
    expires_at: datetime,
    store_id: UUID | None,
    status: CouponStatus,
    batch_id: UUID | None = None,
    language: str | None = None,
) -> list[Reserved] | Refusal:
    """Coupons with their budget set aside, all or none."""
    held = terms.most_minor or 0
    hold = Spending(held_minor=held * count, held_uses=count)
    if (refusal := await _spend(session, tenant_id, row.id, store_id, hold, hold)) is not None:
        return refusal
    ends = expires_at if row.valid_to is None else min(expires_at, row.valid_to)
    label = row.label or label_of(terms, row.currency, size, language)
    made = [Reserved(new_id(now), row.id, code_of(secrets.token_bytes(CODE_BYTES)), label, ends) for _ in range(count)]
    same = {
        "offer_id": row.id, "profile_id": profile_id, "message_id": message_id, "batch_id": batch_id,
        "store_id": store_id, "status": status, "size": size, "label": label, "held_minor": held,
        "once": terms.conditions.once_per_person,
        "reserved_at": now, "expires_at": ends, "committed_at": now if status is CouponStatus.COMMITTED else None,
    }  # fmt: skip
    rows = [{"id": each.coupon_id, "code": each.code, **same} for each in made]
    if len(await store.insert_coupons(session, tenant_id, rows)) < count:
        await _spend(session, tenant_id, row.id, store_id, hold.undone(), hold.undone())
        return Refusal.ALREADY_GIVEN
    return made


async def print_coupons(
    session: Session,
    tenant_id: TenantId,
    row: OfferRow,
    count: int,
    expires_at: datetime,
    now: datetime,
    *,
    batch_id: UUID,
    store_id: UUID | None,
) -> list[Reserved] | Refusal:
    """Coupons for whoever has them, good at once: for print. All or none. The caller holds the offer's row."""
    if (refusal := _not_given(row, now)) is not None:
        return refusal
    terms = OfferTerms.model_validate(row.terms)
    if terms.tiers:
        return Refusal.NO_TIER
    return await _make(
        session, tenant_id, row, terms, count, now,
        size=terms.benefit_size, profile_id=None, message_id=None, expires_at=expires_at,
        store_id=store_id or _only_store(row, terms), status=CouponStatus.COMMITTED, batch_id=batch_id,
    )  # fmt: skip


async def name_message(session: Session, tenant_id: TenantId, coupon_id: UUID, message_id: UUID) -> None:
    """Say in which message a reserved coupon goes out, where it was not known yet: it lives and dies with it."""
    await store.lock_coupon(session, tenant_id, coupon_id)
    await store.set_coupon(session, tenant_id, coupon_id, message_id=message_id)


async def commit(session: Session, tenant_id: TenantId, coupon_id: UUID, now: datetime) -> None:
    """The coupon has reached its person. Idempotent; one that was released or used stays what it is."""
    await commit_locked(session, tenant_id, await store.lock_coupon(session, tenant_id, coupon_id), now)


async def commit_locked(session: Session, tenant_id: TenantId, row: CouponRow, now: datetime) -> None:
    """The same for a coupon whose row the caller holds."""
    if row.status == CouponStatus.RESERVED:
        await store.set_coupon(session, tenant_id, row.id, status=CouponStatus.COMMITTED, committed_at=now)


async def release(
    session: Session, tenant_id: TenantId, coupon_id: UUID, now: datetime, reason: ReleaseReason = ReleaseReason.FAILED
) -> None:
    """The coupon is good for nothing any more, and its budget is free. Idempotent; a used one stays used."""
    await release_locked(session, tenant_id, await store.lock_coupon(session, tenant_id, coupon_id), reason, now)


async def release_locked(
    session: Session, tenant_id: TenantId, row: CouponRow, reason: ReleaseReason, now: datetime
) -> None:
    """The same for a coupon whose row the caller holds."""
    if row.status not in OPEN:
        return
    await store.get_offer(session, tenant_id, row.offer_id, hold=True)
    freed = Spending(held_minor=-row.held_minor, held_uses=-1)
    await _spend(session, tenant_id, row.offer_id, row.store_id, freed, freed)
    await store.set_coupon(
        session, tenant_id, row.id, status=CouponStatus.RELEASED, released_at=now, release_reason=reason
    )


async def redeem(session: Session, tenant_id: TenantId, code: str, use: Use, now: datetime) -> Redeemed | Refusal:
    """Use a code for an order, once. The same order again changes nothing; a refusal leaves the code as it was."""
    written = read_code(code)
    row = None if written is None else await store.lock_by_code(session, tenant_id, written)
    if row is None:
        return Refusal.UNKNOWN_CODE
    if row.status == CouponStatus.REDEEMED:
        known = await store.find_redemption(session, tenant_id, row.id, use.source, use.order_ref)
        if known is not None and known.reversed_at is None:
            return Redeemed(row.id, row.offer_id, known.discount_minor, is_new=False)
    offer = await store.get_offer(session, tenant_id, row.offer_id, hold=True)
    if (
        refusal := await trouble_with(session, tenant_id, row, offer, use.store_id, use.profile_id, use.at)
    ) is not None:
        return refusal
    if use.currency != offer.currency:
        return Refusal.OTHER_CURRENCY
    if row.held_minor and use.discount_minor > row.held_minor:
        return Refusal.TOO_MUCH
    return await _redeem(session, tenant_id, row, offer, use, now)


async def trouble_with(
    session: Session,
    tenant_id: TenantId,
    row: CouponRow,
    offer: OfferRow,
    store_id: UUID | None,
    profile_id: UUID | None,
    at: datetime,
) -> Refusal | None:
    """Why a coupon would not be taken at a store from somebody; None when it would."""
    buyer = None if profile_id is None else await store.find_buyer(session, tenant_id, profile_id)
    people = frozenset[UUID]() if buyer is None else buyer.people
    if (refusal := coupon_trouble(coupon_of(row), store_id, people, at)) is not None:
        return refusal
    terms = OfferTerms.model_validate(offer.terms)
    if offer.status not in (OfferStatus.ACTIVE, OfferStatus.ARCHIVED):
        return Refusal.OFFER_NOT_ACTIVE
    if offer.valid_to is not None and at >= offer.valid_to:
        return Refusal.OFFER_ENDED
    if offer.store_id not in (None, store_id):
        return Refusal.OTHER_STORE
    if terms.conditions.store_ids and store_id not in terms.conditions.store_ids:
        return Refusal.OTHER_STORE
    if (
        terms.conditions.once_per_person
        and people
        and row.offer_id in await store.list_used(session, tenant_id, people)
    ):
        return Refusal.ALREADY_GIVEN
    return None


def coupon_of(row: CouponRow) -> Coupon:
    """A coupon as its rules see it."""
    return Coupon(
        status=CouponStatus(row.status),
        profile_id=row.profile_id,
        store_id=row.store_id,
        expires_at=row.expires_at,
        release_reason=None if row.release_reason is None else ReleaseReason(row.release_reason),
    )


async def _redeem(
    session: Session, tenant_id: TenantId, row: CouponRow, offer: OfferRow, use: Use, now: datetime
) -> Redeemed | Refusal:
    plain = Spending(spent_minor=use.discount_minor, spent_uses=1)
    from_held = Spending(-row.held_minor, -1, use.discount_minor, 1) if row.status in OPEN else plain
    at_store = from_held if row.store_id is not None else plain
    if (refusal := await _spend(session, tenant_id, row.offer_id, use.store_id, from_held, at_store)) is not None:
        return refusal
    if await note_use(session, tenant_id, offer, use, row, now) is None:
        await _spend(session, tenant_id, row.offer_id, use.store_id, from_held.undone(), at_store.undone())
        return Refusal.ALREADY_GIVEN
    await store.set_coupon(
        session, tenant_id, row.id,
        status=CouponStatus.REDEEMED, redeemed_at=now, released_at=None, release_reason=None,
    )  # fmt: skip
    return Redeemed(row.id, row.offer_id, use.discount_minor, is_new=True)


async def use_without_code(
    session: Session, tenant_id: TenantId, offer_id: UUID, use: Use, now: datetime
) -> Redeemed | Refusal:
    """Note that an order used an offer that needs no code, if its budget reaches. Once for an order."""
    offer = await store.get_offer(session, tenant_id, offer_id, hold=True)
    spent = Spending(spent_minor=use.discount_minor, spent_uses=1)
    if (refusal := await _spend(session, tenant_id, offer_id, use.store_id, spent, spent)) is not None:
        return refusal
    noted = await note_use(session, tenant_id, offer, use, None, now)
    if noted is None:
        await _spend(session, tenant_id, offer_id, use.store_id, spent.undone(), spent.undone())
        return Refusal.ALREADY_GIVEN
    return Redeemed(noted, offer_id, use.discount_minor, is_new=True)


async def note_use(
    session: Session, tenant_id: TenantId, offer: OfferRow, use: Use, coupon: CouponRow | None, now: datetime
) -> UUID | None:
    """Write the use down; None when it is known, or the person has had an offer that is for each once."""
    given_to = None if coupon is None else coupon.profile_id
    row = {
        "id": new_id(now), "offer_id": offer.id, "coupon_id": None if coupon is None else coupon.id,
        "profile_id": use.profile_id or given_to, "store_id": use.store_id, "source": use.source,
        "order_ref": use.order_ref, "currency": use.currency, "discount_minor": use.discount_minor,
        "funded_by": offer.funded_by, "once": OfferTerms.model_validate(offer.terms).conditions.once_per_person,
        "redeemed_at": use.at,
    }  # fmt: skip
    return await store.insert_redemption(session, tenant_id, row)


async def _spend(
    session: Session, tenant_id: TenantId, offer_id: UUID, store_id: UUID | None, whole: Spending, at_store: Spending
) -> Refusal | None:
    """Move the offer's budget and the store's; where one does not reach, neither moves."""
    if not await store.move_budget(session, tenant_id, offer_id, offer_id, whole):
        return Refusal.BUDGET_USED_UP
    if store_id is None or await store.move_budget(session, tenant_id, offer_id, store_id, at_store):
        return None
    await store.move_budget(session, tenant_id, offer_id, offer_id, whole.undone())
    return Refusal.STORE_BUDGET_USED_UP


async def give_back(
    session: Session,
    tenant_id: TenantId,
    offer_id: UUID,
    *,
    spent_at: UUID | None,
    spent_minor: int,
    spent_uses: int,
) -> None:
    """What a return brought back is free again, in the budget of the offer and of the store where it was spent."""
    back = Spending(spent_minor=-spent_minor, spent_uses=-spent_uses)
    await _spend(session, tenant_id, offer_id, spent_at, back, back)


async def reopen(session: Session, tenant_id: TenantId, row: CouponRow, offer: OfferRow, now: datetime) -> None:
    """A used coupon whose order came back is good again, if its time is not over and its budget still reaches."""
    reason: ReleaseReason | None = None
    if now >= row.expires_at:
        reason = ReleaseReason.EXPIRED
    else:
        hold = Spending(held_minor=row.held_minor, held_uses=1)
        if await _spend(session, tenant_id, offer.id, row.store_id, hold, hold) is not None:
            reason = ReleaseReason.BUDGET
    status = CouponStatus.COMMITTED if reason is None else CouponStatus.RELEASED
    await store.set_coupon(
        session, tenant_id, row.id,
        status=status, redeemed_at=None, release_reason=reason, released_at=None if reason is None else now,
    )  # fmt: skip
