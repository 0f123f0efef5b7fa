"""HTTP of webhooks: endpoints, their secrets, a test, deliveries, replay. All of it needs the scope `admin`."""

from collections.abc import Mapping, Sequence
from datetime import timedelta
from typing import Annotated, Any
from uuid import UUID

from fastapi import APIRouter, Query, Request, Response

from geoengage.kit import errors
from geoengage.kit.db import Session, transaction
from geoengage.kit.http import CONFLICT, EDIT, PROBLEMS, IfMatch, NewId, Now, Paging, Problem, Tx, check_version, etag
from geoengage.kit.ids import TenantId
from geoengage.kit.outbound import open_outbound
from geoengage.tenancy.auth import Admin
from geoengage.tenancy.rules import Scope
from geoengage.webhooks import service, store
from geoengage.webhooks.models import Webhook, WebhookDelivery
from geoengage.webhooks.rules import DeliveryStatus, message_id
from geoengage.webhooks.shapes import (
    DeliveryOut,
    DeliveryPage,
    ReplayIn,
    ReplayOut,
    RotateIn,
    SecretOut,
    TestOut,
    TryOut,
    WebhookCreated,
    WebhookIn,
    WebhookOut,
    WebhookPage,
    WebhookPatch,
)

router = APIRouter(tags=["webhooks"], responses=PROBLEMS)
ONE = "/v1/webhooks/{webhook_id}"
_LIMITED: dict[int | str, dict[str, Any]] = {429: {"model": Problem, "description": "Too many attempts; wait."}}


@router.get("/v1/webhooks")
async def list_webhooks(me: Admin, tx: Tx, page: Paging) -> WebhookPage:
    """Endpoints of other systems and how they do."""
    items, after = page.cut(await store.list_webhooks(tx, me.tenant_id, page.after, page.limit + 1), lambda w: w.id)
    return WebhookPage(items=await _out(tx, me.tenant_id, items), next=after)


@router.post("/v1/webhooks", status_code=201, responses=CONFLICT)
async def create_webhook(
    body: WebhookIn, request: Request, me: Admin, response: Response, tx: Tx, now: Now, new: NewId
) -> WebhookCreated:
    """Register an endpoint. It hears of what happens from now on, as `{type, timestamp, data}`, signed by Standard
    Webhooks 1.0.0. The answer is the only place where its secret is shown.
    """
    response.headers["Cache-Control"] = "no-store"
    secret: str | None = None
    if new.replayed:
        webhook = await store.get_webhook(tx, me.tenant_id, new.id)
    else:
        webhook, secret = await service.create(
            tx, me, _new(body), id_=new.id, signing_key=request.app.state.signing_key,
            allow_loopback=_loopback(request), now=now,
        )  # fmt: skip
    response.headers["ETag"] = etag(webhook.version)
    return WebhookCreated(**(await _one_out(tx, me.tenant_id, webhook)).model_dump(), secret=secret)


@router.get(ONE)
async def get_webhook(webhook_id: UUID, me: Admin, response: Response, tx: Tx) -> WebhookOut:
    """One endpoint, without its secret."""
    webhook = await store.get_webhook(tx, me.tenant_id, webhook_id)
    response.headers["ETag"] = etag(webhook.version)
    return await _one_out(tx, me.tenant_id, webhook)


@router.patch(ONE, responses=EDIT)
async def change_webhook(
    webhook_id: UUID,
    body: WebhookPatch,
    request: Request,
    me: Admin,
    response: Response,
    tx: Tx,
    now: Now,
    seen: IfMatch,
) -> WebhookOut:
    """Change an endpoint. What waits goes to the new address; other types count from the next event on."""
    webhook = await store.get_webhook(tx, me.tenant_id, webhook_id, lock=True)
    check_version(webhook.version, seen)
    changes = body.changes() | ({} if body.types is None else {"types": [str(type_) for type_ in body.types]})
    await service.change(tx, me, webhook, changes, allow_loopback=_loopback(request), now=now)
    response.headers["ETag"] = etag(webhook.version)
    return await _one_out(tx, me.tenant_id, webhook)


@router.delete(ONE, status_code=204)
async def delete_webhook(webhook_id: UUID, me: Admin, tx: Tx, now: Now) -> None:
    """Remove an endpoint with its deliveries; what is on its way may still arrive."""
    await service.remove(tx, me, webhook_id, now)


@router.post(f"{ONE}/rotate-secret")
async def rotate_webhook_secret(
    webhook_id: UUID, request: Request, me: Admin, response: Response, tx: Tx, now: Now, body: RotateIn | None = None
) -> SecretOut:
    """Make a new secret. For the overlap requests carry two signatures, so that the receiver can change over."""
    response.headers["Cache-Control"] = "no-store"
    webhook = await store.get_webhook(tx, me.tenant_id, webhook_id, lock=True)
    overlap = timedelta(hours=(body or RotateIn()).overlap_h)
    key = request.app.state.signing_key
    secret = await service.rotate(tx, me, webhook, overlap=overlap, signing_key=key, now=now)
    return SecretOut(secret=secret, old_secret_until=webhook.old_until)


@router.post(f"{ONE}/enable", responses=CONFLICT)
async def enable_webhook(webhook_id: UUID, me: Admin, tx: Tx, now: Now) -> WebhookOut:
    """Let a disabled endpoint hear again: first what waited for it, as far back as the ledger reaches."""
    webhook = await store.get_webhook(tx, me.tenant_id, webhook_id, lock=True)
    await service.enable(tx, me, webhook, now)
    return await _one_out(tx, me.tenant_id, webhook)


@router.post(f"{ONE}/disable", responses=CONFLICT)
async def disable_webhook(webhook_id: UUID, me: Admin, tx: Tx, now: Now) -> WebhookOut:
    """Send an endpoint nothing for a while. What happens meanwhile waits, as long as the ledger keeps it."""
    webhook = await store.get_webhook(tx, me.tenant_id, webhook_id, lock=True)
    await service.disable(tx, me, webhook, now)
    return await _one_out(tx, me.tenant_id, webhook)


@router.post(f"{ONE}/replay")
async def replay_webhook(webhook_id: UUID, body: ReplayIn, me: Admin, tx: Tx, now: Now) -> ReplayOut:
    """Send everything again from a ledger position or a time on, under the ids that it had.

    The ledger holds thirty days. A receiver that remembers ids takes what it has already for what it is.
    """
    webhook = await store.get_webhook(tx, me.tenant_id, webhook_id, lock=True)
    from_ = body.from_position if body.from_position is not None else body.from_time
    if from_ is None:  # the shape has seen to that
        raise errors.Invalid("name either from_position or from_time")
    done = await service.replay(tx, me, webhook, from_, now)
    return ReplayOut(from_position=done.from_position, to_position=done.to_position)


@router.post(f"{ONE}/test", responses={**CONFLICT, **_LIMITED})
async def test_webhook(webhook_id: UUID, request: Request, me: Admin, now: Now) -> TestOut:
    """Send a `webhook.test` now, also to a disabled endpoint, and say how it answered. 10 a minute."""
    state = request.app.state
    state.provider_limit.spend(f"test webhook {me.tenant_id}", now)
    async with transaction(state.sessions, me.tenant_id) as session:
        webhook = await store.get_webhook(session, me.tenant_id, webhook_id)
        ready = service.make_test(webhook, state.signing_key, now)
    if ready is None:
        raise errors.Conflict("its secret cannot be read any more: the server's signing key was changed; rotate it")
    body, headers = ready
    settings = state.settings.webhooks
    async with open_outbound(timeout_s=settings.timeout_s, allow_loopback=settings.allow_loopback) as outbound:
        answer = await outbound.post(webhook.url, headers, body)
    delivered = answer.status is not None and 200 <= answer.status < 300
    return TestOut(status=answer.status, delivered=delivered, answer=answer.text, took_ms=answer.took_ms)


@router.get(f"{ONE}/deliveries")
async def list_webhook_deliveries(
    webhook_id: UUID,
    me: Admin,
    tx: Tx,
    page: Paging,
    status: Annotated[DeliveryStatus | None, Query(description="Only these.")] = None,
) -> DeliveryPage:
    """What an endpoint was sent or is to be sent, newest event first, with its answers."""
    webhook = await store.get_webhook(tx, me.tenant_id, webhook_id)
    before = None if page.after is None else min(page.after.int, 2**62)
    rows = await store.list_deliveries(tx, me.tenant_id, webhook_id, status, before, page.limit + 1)
    items, after = page.cut(rows, lambda d: UUID(int=d.position))
    # A receiver may repeat what it was told, and that names people.
    shows_answers = not webhook.with_people or me.may(Scope.PEOPLE)
    return DeliveryPage(items=[_delivery(row, shows_answers=shows_answers) for row in items], next=after)


# --- shapes ------------------------------------------------------------------------------------------------------


def _new(body: WebhookIn) -> service.NewWebhook:
    store_ids = None if body.store_ids is None else frozenset(body.store_ids)
    types = tuple(sorted({str(type_) for type_ in body.types}))
    return service.NewWebhook(body.name, body.url, types, store_ids, body.with_people)


def _loopback(request: Request) -> bool:
    return bool(request.app.state.settings.webhooks.allow_loopback)


async def _one_out(session: Session, tenant_id: TenantId, webhook: Webhook) -> WebhookOut:
    return (await _out(session, tenant_id, [webhook]))[0]


async def _out(session: Session, tenant_id: TenantId, webhooks: Sequence[Webhook]) -> list[WebhookOut]:
    waiting: Mapping[UUID, store.Waiting] = await store.count_waiting(session, tenant_id, [w.id for w in webhooks])
    extra = {"pending", "behind", "old_secret_until"}
    names = [name for name in WebhookOut.model_fields if name not in extra]
    return [
        WebhookOut(
            **{name: getattr(w, name) for name in names},
            pending=waiting[w.id].pending,
            behind=waiting[w.id].behind,
            old_secret_until=w.old_until,
        )
        for w in webhooks
    ]


def _delivery(row: WebhookDelivery, *, shows_answers: bool) -> DeliveryOut:
    waits = row.status == DeliveryStatus.PENDING
    return DeliveryOut(
        message_id=message_id(row.webhook_id, row.position),
        position=row.position,
        type=row.type,
        status=DeliveryStatus(row.status),
        attempts=row.attempts,
        next_at=row.next_at if waits else None,
        planned_at=row.planned_at,
        finished_at=row.finished_at,
        tries=[TryOut(**(tried if shows_answers else tried | {"answer": ""})) for tried in row.tries],
    )
