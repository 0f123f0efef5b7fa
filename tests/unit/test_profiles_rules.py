"""User tokens and consents, without a database."""

import base64
import hashlib
import hmac
import json
import math
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID

import jwt
import pytest
from cryptography.hazmat.primitives.asymmetric import ec, ed25519, rsa
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

from geoengage.profiles.rules import Consent, ConsentKind, UserTokenRefused, changed_consents, read_user_token

NOW = datetime(2026, 3, 1, 12, tzinfo=UTC)
APP = UUID("01890a5d-ac96-774b-bcce-b302099a8057")
SIGNERS: dict[str, Any] = {
    "RS256": rsa.generate_private_key(65537, 2048),
    "ES256": ec.generate_private_key(ec.SECP256R1()),
    "EdDSA": ed25519.Ed25519PrivateKey.generate(),
}
PEMS = {
    name: key.public_key().public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo).decode()
    for name, key in SIGNERS.items()
}
CLAIMS: dict[str, Any] = {"sub": "anna", "aud": str(APP), "exp": NOW.timestamp() + 3600}


def signed(algorithm: str = "EdDSA", **over: object) -> str:
    claims = {name: value for name, value in (CLAIMS | over).items() if value is not None}
    return jwt.encode(claims, SIGNERS[algorithm], algorithm=algorithm)


def by_hand(algorithm: str, secret: bytes) -> str:
    """A token that no library would make: HMAC with a public key as the secret, or unsigned."""
    parts = [
        base64.urlsafe_b64encode(json.dumps(part).encode()).rstrip(b"=")
        for part in ({"alg": algorithm, "typ": "JWT"}, CLAIMS)
    ]
    signature = hmac.new(secret, b".".join(parts), hashlib.sha256).digest() if secret else b""
    return b".".join([*parts, base64.urlsafe_b64encode(signature).rstrip(b"=")]).decode()


@pytest.mark.parametrize("algorithm", list(SIGNERS))
def test_a_good_token_names_the_person(algorithm: str) -> None:
    assert read_user_token(signed(algorithm), list(PEMS.values()), APP, NOW) == "anna"
    assert read_user_token(signed(algorithm), [PEMS[algorithm]], APP, NOW) == "anna"


@pytest.mark.parametrize(
    "over, why",
    [
        ({"exp": NOW.timestamp()}, "exp is over"),
        ({"exp": NOW.timestamp() + 24 * 3600 + 61}, "24 hours"),
        ({"exp": 10**400}, "24 hours"),
        ({"exp": math.nan}, "exp is over"),
        ({"exp": None}, "exp is missing"),
        ({"exp": True}, "exp is missing"),
        ({"exp": "tomorrow"}, "exp is missing"),
        ({"aud": "another-app"}, "aud must be"),
        ({"aud": [str(APP), "another-app"]}, "aud must be"),
        ({"aud": None}, "aud must be"),
        ({"nbf": NOW.timestamp() + 120}, "nbf"),
        ({"sub": None}, "sub must be"),
        ({"sub": ""}, "sub must be"),
        ({"sub": "x" * 256}, "sub must be"),
    ],
)
def test_a_token_that_says_the_wrong_thing(over: dict[str, object], why: str) -> None:
    with pytest.raises(UserTokenRefused, match=why):
        read_user_token(signed(**over), [PEMS["EdDSA"]], APP, NOW)


@pytest.mark.parametrize(
    "token, why",
    [
        (by_hand("HS256", PEMS["EdDSA"].encode()), "not signed by"),  # the classic confusion of algorithms
        (by_hand("HS256", PEMS["RS256"].encode()), "not signed by"),
        (by_hand("none", b""), "not signed by"),
        (signed("ES256"), "not signed by"),
        (signed()[:-4] + "AAAA", "not signed by"),
        ("a.b.c", "not a readable JWT"),
        ("", "not a readable JWT"),
    ],
)
def test_a_token_that_nobody_vouches_for(token: str, why: str) -> None:
    with pytest.raises(UserTokenRefused, match=why):
        read_user_token(token, [PEMS["EdDSA"], PEMS["RS256"]], APP, NOW)


def test_an_app_without_keys_believes_nobody() -> None:
    with pytest.raises(UserTokenRefused, match="no user_token_keys"):
        read_user_token(signed(), [], APP, NOW)


def test_clocks_may_differ_a_little() -> None:
    assert read_user_token(signed(nbf=NOW.timestamp() + 59), [PEMS["EdDSA"]], APP, NOW) == "anna"
    assert read_user_token(signed(exp=NOW + timedelta(hours=24, seconds=59)), [PEMS["EdDSA"]], APP, NOW) == "anna"


def test_consents_change_by_decisions_only() -> None:
    current = {ConsentKind.LOCATION: Consent.GRANTED, ConsentKind.MARKETING_PUSH: Consent.DENIED}
    assert changed_consents(current, dict.fromkeys(ConsentKind, Consent.UNKNOWN)) == {}
    assert changed_consents(current, current) == {}
    assert changed_consents(current, dict.fromkeys(ConsentKind, Consent.DENIED)) == {
        ConsentKind.LOCATION: Consent.DENIED,
        ConsentKind.PERSONALISATION: Consent.DENIED,
    }
    assert changed_consents({}, {ConsentKind.LOCATION: Consent.GRANTED}) == {ConsentKind.LOCATION: Consent.GRANTED}
