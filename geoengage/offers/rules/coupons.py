"""Coupons: their codes, where they stand, and why one is refused. Pure.

reserved (the message is made, the money set aside) → committed (delivered, or printed) → redeemed, or released (the
message failed, time ran out). A return of the whole order makes a redeemed one committed again.
"""

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from uuid import UUID

# Crockford's base 32: no I, L, O and U; who reads or types one of them for 1 or 0 is understood.
_ALPHABET = "0123456789ABCDEFGHJKMNPQRSTVWXYZ"
_LOOK_ALIKES = str.maketrans({"O": "0", "I": "1", "L": "1", "-": None, " ": None})
CODE_LENGTH = 13  # 65 bits
CODE_BYTES = 9  # of randomness that a code is made of


class CouponStatus(StrEnum):
    """Where a coupon stands."""

    RESERVED = "reserved"
    COMMITTED = "committed"
    REDEEMED = "redeemed"
    RELEASED = "released"


OPEN = (CouponStatus.RESERVED, CouponStatus.COMMITTED)


class ReleaseReason(StrEnum):
    """Why a coupon is good for nothing any more."""

    FAILED = "failed"
    EXPIRED = "expired"
    BUDGET = "budget"


class Refusal(StrEnum):
    """Why no coupon is made, or why one is not taken."""

    UNKNOWN_CODE = "unknown_code"
    OFFER_NOT_ACTIVE = "offer_not_active"
    OFFER_ENDED = "offer_ended"
    EXPIRED = "expired"
    TAKEN_BACK = "taken_back"
    ALREADY_REDEEMED = "already_redeemed"
    ALREADY_GIVEN = "already_given"
    OTHER_PERSON = "other_person"
    OTHER_STORE = "other_store"
    OTHER_CURRENCY = "other_currency"
    NO_TIER = "no_tier"
    NOT_FIRST_ORDER = "not_first_order"
    TOO_MUCH = "too_much"
    BUDGET_USED_UP = "budget_used_up"
    STORE_BUDGET_USED_UP = "store_budget_used_up"
    SAME_OFFER = "same_offer"
    CART_DOES_NOT_QUALIFY = "cart_does_not_qualify"


REFUSAL_WORDS: Mapping[Refusal, str] = {
    Refusal.UNKNOWN_CODE: "Nobody was given this code. Look at it once more.",
    Refusal.OFFER_NOT_ACTIVE: "The offer of this code is not switched on at the moment.",
    Refusal.OFFER_ENDED: "The offer of this code is over.",
    Refusal.EXPIRED: "This code is too old.",
    Refusal.TAKEN_BACK: "This code was taken back: its message did not arrive.",
    Refusal.ALREADY_REDEEMED: "This code was used before.",
    Refusal.ALREADY_GIVEN: "This customer has had the offer, and it is for each customer once.",
    Refusal.OTHER_PERSON: "This code was given to another customer.",
    Refusal.OTHER_STORE: "This code does not hold at this store.",
    Refusal.OTHER_CURRENCY: "This code is in another currency.",
    Refusal.NO_TIER: "The offer has no size for how this customer buys now.",
    Refusal.NOT_FIRST_ORDER: "The offer is for a first order, and this customer has bought before.",
    Refusal.TOO_MUCH: "This code takes off less than that.",
    Refusal.BUDGET_USED_UP: "The budget of the offer is used up.",
    Refusal.STORE_BUDGET_USED_UP: "What this store may spend on the offer is used up.",
    Refusal.SAME_OFFER: "Another code of the same offer is used here already.",
    Refusal.CART_DOES_NOT_QUALIFY: "The code is good, but gives nothing for what is bought here.",
}


def code_of(random: bytes) -> str:
    """A code from `CODE_BYTES` random bytes: thirteen signs, `7XK2-9QWE-M3T5R`."""
    number, signs = int.from_bytes(random, "big"), []
    for _ in range(CODE_LENGTH):
        number, sign = divmod(number, 32)
        signs.append(_ALPHABET[sign])
    joined = "".join(signs)
    return f"{joined[:4]}-{joined[4:8]}-{joined[8:]}"


def read_code(written: str) -> str | None:
    """The code that somebody typed or scanned, as we write it; None when it is none of ours."""
    plain = written.strip().upper().translate(_LOOK_ALIKES)
    if len(plain) != CODE_LENGTH or not set(plain) <= set(_ALPHABET):
        return None
    return f"{plain[:4]}-{plain[4:8]}-{plain[8:]}"


@dataclass(frozen=True, slots=True, kw_only=True)
class Coupon:
    """A coupon as its rules see it."""

    status: CouponStatus
    profile_id: UUID | None
    store_id: UUID | None
    expires_at: datetime
    release_reason: ReleaseReason | None


def coupon_trouble(coupon: Coupon, store_id: UUID | None, people: Collection[UUID], at: datetime) -> Refusal | None:
    """Why a coupon is not taken at a store from somebody for a purchase made `at`. `people`: all profiles that are this
    person; none: nobody knows who it is.

    A till that was offline sends the sale later: what counts is when it was made.
    """
    was_good = at < coupon.expires_at
    if coupon.status is CouponStatus.REDEEMED:
        return Refusal.ALREADY_REDEEMED
    if coupon.status is CouponStatus.RELEASED and coupon.release_reason is not ReleaseReason.EXPIRED:
        return Refusal.TAKEN_BACK
    if not was_good:
        return Refusal.EXPIRED
    if coupon.store_id is not None and coupon.store_id != store_id:
        return Refusal.OTHER_STORE
    if people and coupon.profile_id is not None and coupon.profile_id not in people:
        return Refusal.OTHER_PERSON
    return None
