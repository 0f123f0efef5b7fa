"""The secrets of endpoints: what they are sealed for, and which of them sign now."""

from datetime import datetime
from uuid import UUID

from geoengage.kit import sealed
from geoengage.webhooks.models import Webhook


def about(tenant_id: UUID, webhook_id: UUID) -> str:
    """What a stored secret belongs to."""
    return f"webhook:{tenant_id}:{webhook_id}"


def secrets_of(webhook: Webhook, signing_key: str, now: datetime) -> list[str] | None:
    """The secrets that sign now, the newest first; None when that one cannot be read (another signing key)."""
    belongs = about(webhook.tenant_id, webhook.id)
    newest = sealed.unseal(signing_key, belongs, webhook.sealed)
    if newest is None:
        return None
    is_due = webhook.old_sealed is not None and webhook.old_until is not None and now < webhook.old_until
    old = sealed.unseal(signing_key, belongs, webhook.old_sealed or b"") if is_due else None
    return [newest.decode()] + ([old.decode()] if old else [])
