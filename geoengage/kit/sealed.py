"""Secrets that must be readable again, encrypted at rest: AES-256-GCM under keys derived from the installation's.

`about` names what the secret belongs to and is checked when it is opened, so that a stored value cannot be moved to
another row. With several keys the first one closes and each of them opens, so that a new one can be put before the old.
"""

import os

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from cryptography.hazmat.primitives.kdf.hkdf import HKDF

_NONCE_BYTES = 12
Keys = str | tuple[str, ...]  # one, or the newest first


def seal(keys: Keys, about: str, secret: bytes) -> bytes:
    """The secret, encrypted with the newest key and bound to `about`."""
    nonce = os.urandom(_NONCE_BYTES)
    return nonce + _cipher(_every(keys)[0]).encrypt(nonce, secret, about.encode())


def unseal(keys: Keys, about: str, sealed: bytes) -> bytes | None:
    """The secret; None when none of the keys, or another `about`, sealed it."""
    for key in _every(keys):
        try:
            return _cipher(key).decrypt(sealed[:_NONCE_BYTES], sealed[_NONCE_BYTES:], about.encode())
        except InvalidTag:
            continue
    return None


def is_sealed_with_newest(keys: Keys, about: str, sealed: bytes) -> bool:
    """Whether the newest key opens it."""
    return unseal(_every(keys)[0], about, sealed) is not None


def _every(keys: Keys) -> tuple[str, ...]:
    return (keys,) if isinstance(keys, str) else keys


def _cipher(key: str) -> AESGCM:
    kdf = HKDF(algorithm=hashes.SHA256(), length=32, salt=None, info=b"geoengage/sealed/1")
    return AESGCM(kdf.derive(key.encode()))
