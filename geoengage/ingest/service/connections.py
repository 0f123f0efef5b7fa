"""Secrets of connections: sealed, two at a time while one replaces the other, and never shown."""

from datetime import datetime, timedelta
from uuid import UUID

import msgspec

from geoengage.ingest.models import Connection
from geoengage.kit import sealed
from geoengage.kit.ids import TenantId

OLD_SECRET_LASTS = timedelta(hours=24)  # Shopify signs with the old one for up to an hour after a change
MOST_SECRETS = 4


class _Secret(msgspec.Struct):
    secret: str
    until: datetime | None = None


def _about(tenant_id: TenantId | UUID, connection_id: UUID, what: str) -> str:
    return f"connection {tenant_id} {connection_id} {what}"


def put_secret(signing_key: str, tenant_id: TenantId, row: Connection, secret: str, now: datetime) -> None:
    """Let deliveries be signed with this secret from now on; those before it count for another day."""
    old = [s for s in _secrets(signing_key, row) if s.secret != secret and (s.until is None or s.until > now)]
    kept = [_Secret(s.secret, s.until or now + OLD_SECRET_LASTS) for s in old]
    text = msgspec.json.encode([_Secret(secret), *kept][:MOST_SECRETS])
    row.sealed_secrets = sealed.seal(signing_key, _about(tenant_id, row.id, "secrets"), text)


def secrets_of(signing_key: str, row: Connection, now: datetime) -> list[str]:
    """With what deliveries may be signed now; nothing when another signing key sealed it."""
    return [s.secret for s in _secrets(signing_key, row) if s.until is None or s.until > now]


def _secrets(signing_key: str, row: Connection) -> list[_Secret]:
    if row.sealed_secrets is None:
        return []
    text = sealed.unseal(signing_key, _about(row.tenant_id, row.id, "secrets"), row.sealed_secrets)
    return [] if text is None else msgspec.json.decode(text, type=list[_Secret])


def put_token(signing_key: str, tenant_id: TenantId, row: Connection, token: str | None) -> None:
    """With what the shop's API is read from now on; None: it is not."""
    about = _about(tenant_id, row.id, "token")
    row.sealed_token = None if token is None else sealed.seal(signing_key, about, token.encode())


def token_of(signing_key: str, row: Connection) -> str | None:
    """With what the shop's API is read; None when it is not, or another signing key sealed it."""
    if row.sealed_token is None:
        return None
    token = sealed.unseal(signing_key, _about(row.tenant_id, row.id, "token"), row.sealed_token)
    return None if token is None else token.decode()
