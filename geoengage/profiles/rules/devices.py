"""Whose device is this, and what did its user agree to? Pure: decides on values, knows no SQL and no HTTP.

A device is anonymous until a signed user token or a secret key says whose it is; nothing else ever links.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum
from typing import Any
from uuid import UUID

import jwt

from geoengage.kit import errors
from geoengage.kit.event_base import Event, Recorded
from geoengage.profiles.rules.consents import Standing, push_hindrance
from geoengage.tenancy.rules import user_token_algorithm

USER_TOKEN_LIFETIME = timedelta(hours=24)
CLOCK_SKEW = timedelta(seconds=60)  # between the store's server, which writes `exp`, and ours


class ConsentKind(StrEnum):
    """What a person can agree to."""

    LOCATION = "location"
    MARKETING_PUSH = "marketing_push"
    PERSONALISATION = "personalisation"


class Consent(StrEnum):
    """`unknown` counts as denied everywhere."""

    GRANTED = "granted"
    DENIED = "denied"
    UNKNOWN = "unknown"


class ConsentChanged(Event, frozen=True, kw_only=True, tag="consent.changed"):
    """A device's user decided differently than before."""

    device_id: UUID
    kind: str
    status: str
    at: datetime


class UserTokenRefused(errors.Invalid):
    """A user token that proves nothing."""

    code = "user-token-refused"
    title = "The user token proves nothing"


def withdrew_location(recorded: Sequence[Recorded]) -> set[UUID]:
    """The devices from which a batch of `consent.changed` takes the consent to location."""
    return {
        UUID(r.payload["device_id"])
        for r in recorded
        if r.payload["kind"] == ConsentKind.LOCATION and r.payload["status"] != Consent.GRANTED
    }


@dataclass(frozen=True, slots=True)
class Recipient:
    """A device with all that decides whether and how it is addressed.

    `person_id` is the profile, or the device while that is anonymous: caps and holdout count by it. `language` is the
    profile's, else the device's locale. Consents are `granted | denied | unknown`. `wishes`: what the person decided
    about pushes beside this device's own consent, None when nothing; `rules.push_hindrance` judges it.
    """

    device_id: UUID
    app_id: UUID
    person_id: UUID
    profile_id: UUID | None
    first_name: str | None
    language: str | None
    attributes: dict[str, Any]
    location: str
    marketing_push: str
    personalisation: str
    suppressed: bool
    is_test: bool
    timezone: str | None
    push_provider: str | None
    push_address: str | None
    push_kind: str | None
    push_retired: bool
    platform: str
    wishes: Standing | None = None


def agrees_to_push(recipient: Recipient, store_id: UUID | None, now: datetime) -> bool:
    """Whether marketing may be pushed: the device's own consent is a yes, and the person decided nothing against it.

    `store_id`: whose marketing it is; None: the tenant's.
    """
    if recipient.marketing_push != Consent.GRANTED:
        return False
    return recipient.wishes is None or push_hindrance(recipient.wishes, store_id, now=now) is None


def changed_consents(
    current: Mapping[ConsentKind, Consent], stated: Mapping[ConsentKind, Consent]
) -> dict[ConsentKind, Consent]:
    """What a statement changes. `unknown` states nothing, so it never replaces a decision, neither yes nor no."""
    return {
        kind: status
        for kind, status in stated.items()
        if status is not Consent.UNKNOWN and status is not current.get(kind, Consent.UNKNOWN)
    }


def read_user_token(token: str, keys: Sequence[str], app_id: UUID, now: datetime) -> str:
    """The `sub` of a user token; UserTokenRefused says why there is none.

    It must be signed by one of the app's keys with that key's own algorithm, be meant for this app (`aud`), and end
    within 24 hours (`exp`), since it can be replayed until then. `keys` are PEM public keys.
    """
    if not keys:
        raise UserTokenRefused("this app has no user_token_keys; register the public key of your server first")
    claims = _verified_claims(token, keys)
    if claims.get("aud") not in (str(app_id), [str(app_id)]):
        raise UserTokenRefused(f"aud must be this app's id, {app_id}")
    expires = claims.get("exp")
    if isinstance(expires, bool) or not isinstance(expires, int | float):
        raise UserTokenRefused("exp is missing; use at most 24 hours from now")
    # Written as "not inside", so that NaN is refused too.
    if not expires > now.timestamp():
        raise UserTokenRefused("exp is over; have your server sign a new token")
    if not expires <= (now + USER_TOKEN_LIFETIME + CLOCK_SKEW).timestamp():
        raise UserTokenRefused("exp is more than 24 hours away")
    not_before = claims.get("nbf", 0)
    if not isinstance(not_before, int | float) or not not_before <= (now + CLOCK_SKEW).timestamp():
        raise UserTokenRefused("nbf has not come yet")
    subject = claims.get("sub")
    if not isinstance(subject, str) or not 1 <= len(subject) <= 255:
        raise UserTokenRefused("sub must be the person's external id, 1 to 255 characters")
    return subject


def _verified_claims(token: str, keys: Sequence[str]) -> dict[str, Any]:
    # Times are compared with `now` above, by the caller's clock; here only the signature counts.
    options: Any = {"verify_exp": False, "verify_nbf": False, "verify_iat": False, "verify_aud": False}
    for pem in keys:
        try:
            claims = jwt.decode(token, pem, algorithms=[user_token_algorithm(pem)], options=options)
        except (jwt.InvalidSignatureError, jwt.InvalidAlgorithmError):
            continue  # another key may fit
        except jwt.PyJWTError as error:
            raise UserTokenRefused("not a readable JWT") from error
        return claims
    raise UserTokenRefused("not signed by a user_token_key of this app (RS256, ES256 or EdDSA)")
