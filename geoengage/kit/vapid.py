"""The installation's key for web push (VAPID, RFC 8292). Browsers subscribe with its public half."""

import base64
import os
import secrets
from pathlib import Path

from cryptography.hazmat.primitives.asymmetric.ec import SECP256R1, EllipticCurvePrivateKey, derive_private_key
from cryptography.hazmat.primitives.asymmetric.ec import generate_private_key as generate
from cryptography.hazmat.primitives.serialization import (
    Encoding,
    NoEncryption,
    PrivateFormat,
    PublicFormat,
    load_pem_private_key,
)

from geoengage.kit.settings import Settings

KEY_FILE = "vapid_key.pem"


def load_vapid_key(settings: Settings) -> EllipticCurvePrivateKey:
    """The key of the settings, else the one in `data_dir`, made on first use. ValueError when it is unreadable."""
    if settings.webpush.private_key is not None:
        return read_vapid_key(settings.webpush.private_key.get_secret_value())
    path = settings.data_dir / KEY_FILE
    if not path.exists():
        settings.data_dir.mkdir(parents=True, exist_ok=True)
        _make(path)
    return read_vapid_key(path.read_text())


def _make(path: Path) -> None:
    """Write a new key, readable by the owner only, whole or not at all: API and worker may both be the first."""
    fresh = path.with_name(f"{path.name}.{secrets.token_hex(8)}")
    fresh.touch(mode=0o600)
    pem = generate(SECP256R1()).private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())
    fresh.write_bytes(pem)
    try:
        os.link(fresh, path)
    except FileExistsError:
        pass
    finally:
        fresh.unlink()


def read_vapid_key(text: str) -> EllipticCurvePrivateKey:
    """A P-256 private key from PEM or from its 32 bytes as base64url; ValueError for anything else."""
    if "-----" in text:
        key = load_pem_private_key(text.encode(), password=None)
    else:
        raw = base64.urlsafe_b64decode(text.strip().rstrip("=") + "=" * (-len(text.strip().rstrip("=")) % 4))
        if len(raw) != 32:
            raise ValueError("GEOENGAGE_WEBPUSH__PRIVATE_KEY must be 32 bytes as base64url, or PEM")
        key = derive_private_key(int.from_bytes(raw), SECP256R1())
    if not isinstance(key, EllipticCurvePrivateKey) or not isinstance(key.curve, SECP256R1):
        raise ValueError("GEOENGAGE_WEBPUSH__PRIVATE_KEY must be a P-256 key")
    return key


def public_key_text(key: EllipticCurvePrivateKey) -> str:
    """The public half as browsers want it: an uncompressed point, base64url without padding."""
    point = key.public_key().public_bytes(Encoding.X962, PublicFormat.UncompressedPoint)
    return base64.urlsafe_b64encode(point).decode().rstrip("=")
