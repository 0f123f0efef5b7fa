"""What operators and integrators do with endpoints. All of it is audited; a secret is told once and kept sealed."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

from geoengage.kit import errors, events, outbound, sealed
from geoengage.kit.db import Session
from geoengage.kit.ids import TenantId, new_id
from geoengage.tenancy import store as tenancy_store
from geoengage.tenancy.rules import Principal, Scope, actor_name
from geoengage.webhooks import store
from geoengage.webhooks.models import Webhook
from geoengage.webhooks.rules import TEST, DisabledReason, EndpointStatus, body_of
from geoengage.webhooks.service.secrets import about, secrets_of

MOST = 20  # endpoints of a tenant


class WebhookStatus(errors.Conflict):
    """The endpoint is enabled or disabled already."""

    code = "webhook-status"
    title = "The endpoint is in that state already"


@dataclass(frozen=True, slots=True)
class NewWebhook:
    """An endpoint to make. `types` empty: everything; `store_ids` None: the whole tenant."""

    name: str
    url: str
    types: tuple[str, ...] = ()
    store_ids: frozenset[UUID] | None = None
    with_people: bool = False


async def create(
    session: Session,
    me: Principal,
    new: NewWebhook,
    *,
    id_: UUID,
    signing_key: str,
    allow_loopback: bool,
    now: datetime,
) -> tuple[Webhook, str]:
    """A new endpoint, which hears of what happens from now on, and its secret."""
    tenant_id = TenantId(me.tenant_id)
    if await store.count_webhooks(session, tenant_id) >= MOST:
        raise errors.Conflict(f"a tenant has at most {MOST} endpoints; delete one first")
    await _check(session, me, new.url, new.store_ids, allow_loopback=allow_loopback)
    _may_have_people(me, wanted=new.with_people, store_ids=new.store_ids)
    secret = outbound.new_secret()
    webhook = Webhook(
        id=id_,
        name=new.name,
        url=new.url,
        types=sorted(new.types),
        store_ids=None if new.store_ids is None else sorted(new.store_ids),
        with_people=new.with_people,
        status=EndpointStatus.ACTIVE,
        sealed=sealed.seal(signing_key, about(tenant_id, id_), secret.encode()),
        position=await events.head(session, tenant_id),
        failures=0,
        version=1,
        created_at=now,
    )
    await store.insert_webhook(session, tenant_id, webhook)
    await _audit(session, me, "webhook.create", id_, now, _host(new.url))
    return webhook, secret


async def change(
    session: Session,
    me: Principal,
    webhook: Webhook,
    changes: Mapping[str, Any],
    *,
    allow_loopback: bool,
    now: datetime,
) -> None:
    """Edit a locked endpoint. What waits goes to the new address; other types count from the next event on."""
    url, store_ids = changes.get("url", webhook.url), changes.get("store_ids", webhook.store_ids)
    await _check(session, me, changes.get("url"), changes.get("store_ids"), allow_loopback=allow_loopback)
    wanted = changes.get("with_people", webhook.with_people)
    # A new address for an endpoint that hears of people would lead them to whoever names it.
    _may_have_people(me, wanted=wanted, before=webhook.with_people, store_ids=store_ids)
    moved = url != webhook.url
    for name, value in changes.items():
        setattr(webhook, name, sorted(set(value)) if isinstance(value, list) else value)
    if moved:  # how the old address did says nothing of the new one
        webhook.failures, webhook.failing_since, webhook.held_until = 0, None, None
    webhook.version += 1
    await session.flush()
    if moved:
        await store.hurry(session, TenantId(me.tenant_id), webhook.id, now)
    await _audit(session, me, "webhook.change", webhook.id, now, _host(url))


async def remove(session: Session, me: Principal, webhook_id: UUID, now: datetime) -> None:
    """Delete an endpoint and its deliveries."""
    tenant_id = TenantId(me.tenant_id)
    await store.get_webhook(session, tenant_id, webhook_id, lock=True)
    await store.delete_webhook(session, tenant_id, webhook_id)
    await _audit(session, me, "webhook.delete", webhook_id, now)


async def rotate(
    session: Session, me: Principal, webhook: Webhook, *, overlap: timedelta, signing_key: str, now: datetime
) -> str:
    """A new secret for a locked endpoint; the old one signs beside it for so long. Returns the new one."""
    secret = outbound.new_secret()
    webhook.old_sealed, webhook.old_until = (webhook.sealed, now + overlap) if overlap else (None, None)
    webhook.sealed = sealed.seal(signing_key, about(me.tenant_id, webhook.id), secret.encode())
    webhook.version += 1
    await session.flush()
    await _audit(session, me, "webhook.rotate_secret", webhook.id, now)
    return secret


async def enable(session: Session, me: Principal, webhook: Webhook, now: datetime) -> None:
    """Let a locked endpoint that was disabled hear again: first of all that waits, with all tries anew."""
    if webhook.status == EndpointStatus.ACTIVE:
        raise WebhookStatus("it is enabled already")
    webhook.status, webhook.disabled_at, webhook.disabled_reason = EndpointStatus.ACTIVE, None, None
    webhook.failures, webhook.failing_since, webhook.held_until = 0, None, None
    webhook.version += 1
    await session.flush()
    await store.restart(session, TenantId(me.tenant_id), webhook.id, now)
    await _audit(session, me, "webhook.enable", webhook.id, now)


async def disable(session: Session, me: Principal, webhook: Webhook, now: datetime) -> None:
    """Send a locked endpoint nothing until it is enabled."""
    if webhook.status == EndpointStatus.DISABLED:
        raise WebhookStatus("it is disabled already")
    webhook.status, webhook.disabled_at = EndpointStatus.DISABLED, now
    webhook.disabled_reason = DisabledReason.BY_HAND
    webhook.version += 1
    await session.flush()
    await _audit(session, me, "webhook.disable", webhook.id, now)


@dataclass(frozen=True, slots=True)
class Replayed:
    """The span of the ledger that an endpoint gets again."""

    from_position: int
    to_position: int


async def replay(session: Session, me: Principal, webhook: Webhook, from_: int | datetime, now: datetime) -> Replayed:
    """Set a locked endpoint back to a ledger position or the first event recorded since a moment.

    Everything from there on goes out again under the ids that it had. Invalid when the ledger does not reach so far.
    """
    tenant_id = TenantId(me.tenant_id)
    head = await events.head(session, tenant_id)
    oldest = await events.oldest(session, tenant_id) or head + 1
    if isinstance(from_, datetime):
        start = await store.find_position_at(session, tenant_id, from_) or head + 1
    else:
        if not oldest <= from_ <= head + 1:
            detail = f"the ledger holds positions {oldest} to {head}"
            raise errors.Invalid(detail, oldest_position=oldest, newest_position=head)
        start = from_
    webhook.position = start - 1
    await session.flush()
    await _audit(session, me, "webhook.replay", webhook.id, now, f"from position {start}")
    return Replayed(start, head)


def make_test(webhook: Webhook, signing_key: str, now: datetime) -> tuple[bytes, dict[str, str]] | None:
    """Body and headers of a test; None when its secret cannot be read."""
    owned = secrets_of(webhook, signing_key, now)
    if owned is None:
        return None
    data = {"webhook_id": webhook.id, "name": webhook.name, "words": "If you can verify this, events arrive here."}
    body = body_of(TEST, now, data)
    return body, outbound.headers(owned, f"msg_test_{new_id(now).hex}", int(now.timestamp()), body)


# --- checks ------------------------------------------------------------------------------------------------------


async def _check(
    session: Session,
    me: Principal,
    url: str | None,
    store_ids: frozenset[UUID] | list[UUID] | None,
    *,
    allow_loopback: bool,
) -> None:
    if url is not None and (flaw := outbound.url_flaw(url, allow_loopback=allow_loopback)):
        raise errors.field("url", flaw)
    if store_ids is not None and await store.list_missing_stores(session, TenantId(me.tenant_id), store_ids):
        raise errors.field("store_ids", "one of these is no store of yours")


def _may_have_people(
    me: Principal, *, wanted: bool, before: bool = False, store_ids: frozenset[UUID] | list[UUID] | None
) -> None:
    if wanted and store_ids is not None:
        raise errors.field("with_people", "not for single stores: people belong to the whole programme")
    if (wanted or before) and not me.may(Scope.PEOPLE):
        raise errors.Forbidden("an endpoint that hears of people needs the scope 'people'", needs=Scope.PEOPLE.value)


def _host(url: str) -> str:
    """What of an address may stand in the audit trail: paths and queries often hold a secret."""
    return url.split("/")[2]


async def _audit(
    session: Session, me: Principal, action: str, webhook_id: UUID, now: datetime, reason: str | None = None
) -> None:
    await tenancy_store.insert_audit_entry(
        session,
        TenantId(me.tenant_id),
        actor=actor_name(me),
        action=action,
        subject=str(webhook_id),
        reason=reason,
        now=now,
    )
