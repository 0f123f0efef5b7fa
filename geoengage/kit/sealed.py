"""Secrets that must be readable again, encrypted at rest: AES-256-GCM under a key derived from the signing key.

`about` names what the secret belongs to and is checked when it is opened, so that a stored value cannot be moved to
another row. Who changes the signing key has to put such secrets again.
"""

import os

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from cryptography.hazmat.primitives.kdf.hkdf import HKDF

_NONCE_BYTES = 12


def seal(signing_key: str, about: str, secret: bytes) -> bytes:
    """The secret, encrypted and bound to `about`."""
    nonce = os.urandom(_NONCE_BYTES)
    return nonce + _cipher(signing_key).encrypt(nonce, secret, about.encode())


def unseal(signing_key: str, about: str, sealed: bytes) -> bytes | None:
    """The secret; None when another key or another `about` sealed it."""
    try:
        return _cipher(signing_key).decrypt(sealed[:_NONCE_BYTES], sealed[_NONCE_BYTES:], about.encode())
    except InvalidTag:
        return None


def _cipher(signing_key: str) -> AESGCM:
    kdf = HKDF(algorithm=hashes.SHA256(), length=32, salt=None, info=b"geoengage/sealed/1")
    return AESGCM(kdf.derive(signing_key.encode()))
