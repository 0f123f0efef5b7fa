"""HTTP of connections to shop systems: made, changed, removed; what they delivered; reading their orders again."""

from datetime import datetime
from typing import Annotated, Any, Literal
from uuid import UUID

from fastapi import APIRouter, Request, Response
from pydantic import AfterValidator, Field, SecretStr, StringConstraints

from geoengage.ingest import service, store
from geoengage.ingest.api.shopify import PATH
from geoengage.ingest.models import Connection, ConnectionDelivery
from geoengage.ingest.rules import shopify
from geoengage.kit import errors
from geoengage.kit.db import Session
from geoengage.kit.http import CONFLICT, EDIT, PROBLEMS, IfMatch, NewId, Now, Paging, Tx, check_version, etag
from geoengage.kit.ids import TenantId
from geoengage.kit.shapes import Name, Patch, Shape
from geoengage.tenancy.auth import Admin
from geoengage.tenancy.rules import actor_name
from geoengage.tenancy.store import insert_audit_entry, list_missing_stores

router = APIRouter(tags=["connections"], responses=PROBLEMS)
MOST_LOCATIONS = 1_000
Secret = Annotated[SecretStr, Field(min_length=8, max_length=255)]


def _shop(value: str) -> str:
    plain = value.strip().lower().removeprefix("https://").rstrip("/")
    if not shopify.SHOP.fullmatch(plain):
        raise ValueError("a shop's own name at Shopify, like toys.myshopify.com")
    return plain


Shop = Annotated[str, StringConstraints(max_length=255), AfterValidator(_shop)]


class Location(Shape):
    """A place where the shop sells, and the store that it is."""

    location: Annotated[str, StringConstraints(min_length=1, max_length=100)] = Field(
        description="Its id in the shop system, `location_id` of an order."
    )
    store_id: UUID = Field(description="The store here.")


Locations = Annotated[list[Location], Field(max_length=MOST_LOCATIONS)]


class ConnectionIn(Shape):
    """A shop system to listen to."""

    kind: Literal["shopify"] = Field(default="shopify", description="Which system it is.")
    name: Name = Field(description="What you call it.")
    shop: Shop = Field(description="The shop's own name at Shopify, like `toys.myshopify.com`.")
    secret: Secret = Field(description="The client secret of your app, which signs its webhooks. Never shown again.")
    access_token: Secret | None = Field(
        default=None, description="Admin API access token (read_orders), for the nightly reading. Never shown again."
    )
    store_id: UUID | None = Field(default=None, description="Whose orders these are where no location says so.")
    locations: Locations = Field(default=[], description="Which store each of the shop's locations is.")


class ConnectionPatch(Patch):
    """Changes of a connection."""

    nullable = frozenset({"access_token", "store_id"})
    name: Name | None = Field(default=None, description="What you call it.")
    secret: Secret | None = Field(default=None, description="A new client secret; the old one counts for another day.")
    access_token: Secret | None = Field(default=None, description="A new access token; null: read nothing any more.")
    store_id: UUID | None = Field(default=None, description="Whose orders these are where no location says so.")
    locations: Locations | None = Field(default=None, description="All of them, in place of those before.")


class ConnectionOut(Shape):
    """A shop system that is listened to. Its secrets are never shown."""

    id: UUID = Field(description="Id of the connection.")
    version: int = Field(description="Rises with every edit; the ETag is `v` and this number.")
    created_at: datetime = Field(description="When it was made.")
    updated_at: datetime = Field(description="When it was last changed.")
    kind: str = Field(description="Which system it is.")
    name: str = Field(description="What you call it.")
    shop: str = Field(description="The shop's own name there.")
    url: str = Field(description="Where the shop's webhooks go.")
    source: str = Field(description="`source` of its orders.")
    store_id: UUID | None = Field(description="Whose orders these are where no location says so.")
    locations: list[Location] = Field(description="Which store each of the shop's locations is.")
    currency: str | None = Field(description="The shop's currency, learnt from its first order.")
    has_token: bool = Field(description="Its orders are read again each night.")
    last_delivery_at: datetime | None = Field(description="When it last delivered something, to the minute.")
    reconciled_at: datetime | None = Field(description="When its orders were last read again to the end.")
    reconciled_to: datetime = Field(description="Orders that changed up to then have been read.")
    reconcile_error: str | None = Field(description="Why the last reading failed; null: it did not.")
    closed_at: datetime | None = Field(description="When the shop left (shop/redact); nothing is taken from it since.")


class ConnectionPage(Shape):
    """A page of connections."""

    items: list[ConnectionOut] = Field(description="Connections, oldest first.")
    next: str | None = Field(description="Cursor of the next page, null at the end.")


class DeliveryOut(Shape):
    """Something that a shop delivered, without its content, which is kept only until it was worked on."""

    id: UUID = Field(description="Id of the delivery.")
    topic: str = Field(description="What it is about.")
    delivery_id: str = Field(description="The shop system's id of it; the same in each try.")
    event_id: str | None = Field(description="The shop system's id of what happened.")
    triggered_at: datetime | None = Field(description="When it happened, as the shop system says.")
    received_at: datetime = Field(description="When it came.")
    status: Literal["waiting", "done", "unused", "failed", "open"] = Field(
        description="`waiting` for the worker, `done`, `unused` or `failed` (`note` says why), or `open`: somebody has"
        " to do what `note` says."
    )
    note: str | None = Field(description="What became of it, in words.")


class DeliveryPage(Shape):
    """A page of deliveries."""

    items: list[DeliveryOut] = Field(description="Deliveries of the last 30 days, the latest first.")
    next: str | None = Field(description="Cursor of the next page, null at the end.")


def _out(request: Request, row: Connection) -> ConnectionOut:
    base = request.app.state.settings.public_url or str(request.base_url)
    more = {
        "url": base.rstrip("/") + PATH.format(connection_id=row.id),
        "has_token": row.sealed_token is not None,
        "source": service.source_of(row),
    }
    about = {name: getattr(row, name) for name in ConnectionOut.model_fields if name not in more}
    return ConnectionOut(**about, **more)


async def _check_stores(tx: Session, tenant_id: TenantId, store_id: UUID | None, locations: list[Location]) -> None:
    named = {f"locations/{n}/store_id": each.store_id for n, each in enumerate(locations)}
    if store_id is not None:
        named["store_id"] = store_id
    missing = set(await list_missing_stores(tx, tenant_id, list(named.values()))) if named else set()
    wrong = [
        {"pointer": f"#/{where}", "in": "body", "detail": "there is no such store"}
        for where, id_ in named.items()
        if id_ in missing
    ]
    if wrong:
        raise errors.ItemErrors(wrong)


async def _audit(tx: Session, me: Admin, action: str, connection_id: UUID, now: datetime) -> None:
    actor, subject = actor_name(me), str(connection_id)
    await insert_audit_entry(tx, me.tenant_id, actor=actor, action=action, subject=subject, now=now)


@router.get("/v1/connections")
async def list_connections(request: Request, me: Admin, tx: Tx, page: Paging) -> ConnectionPage:
    """Shop systems that are listened to."""
    rows = await store.list_connections(tx, me.tenant_id, page.after, page.limit + 1)
    items, after = page.cut(rows, lambda row: row.id)
    return ConnectionPage(items=[_out(request, row) for row in items], next=after)


@router.post("/v1/connections", status_code=201, responses=CONFLICT)
async def create_connection(
    body: ConnectionIn, request: Request, response: Response, me: Admin, tx: Tx, now: Now, new: NewId
) -> ConnectionOut:
    """Listen to a shop. Enter the answer's `url` for its webhooks, in JSON; docs/shopify.md says for which topics.

    With an access token its orders of the last 60 days are read at once, and what has changed each night.
    """
    if not new.replayed:
        await _check_stores(tx, me.tenant_id, body.store_id, body.locations)
        row = Connection(
            id=new.id,
            kind=body.kind,
            name=body.name,
            shop=body.shop,
            store_id=body.store_id,
            locations=[each.model_dump(mode="json") for each in body.locations],
            reconciled_to=now - service.FIRST_READING,
        )
        row.tenant_id = me.tenant_id
        key = request.app.state.signing_key
        service.put_secret(key, me.tenant_id, row, body.secret.get_secret_value(), now)
        if body.access_token is not None:
            service.put_token(key, me.tenant_id, row, body.access_token.get_secret_value())
            row.reconcile_at = now
        await store.insert_connection(tx, me.tenant_id, row)
        await _audit(tx, me, "connection.create", new.id, now)
    row = await store.get_connection(tx, me.tenant_id, new.id)
    response.headers["ETag"] = etag(row.version)
    return _out(request, row)


@router.get("/v1/connections/{connection_id}")
async def get_connection(connection_id: UUID, request: Request, response: Response, me: Admin, tx: Tx) -> ConnectionOut:
    """A shop system that is listened to."""
    row = await store.get_connection(tx, me.tenant_id, connection_id)
    response.headers["ETag"] = etag(row.version)
    return _out(request, row)


@router.patch("/v1/connections/{connection_id}", responses=EDIT)
async def change_connection(
    connection_id: UUID,
    body: ConnectionPatch,
    request: Request,
    response: Response,
    me: Admin,
    tx: Tx,
    now: Now,
    seen: IfMatch,
) -> ConnectionOut:
    """Change a connection. Deliveries signed with the secret before are taken for another day."""
    row = await store.get_connection(tx, me.tenant_id, connection_id, lock=True)
    check_version(row.version, seen)
    await _check_stores(tx, me.tenant_id, body.store_id, body.locations or [])
    given, key = body.changes(), request.app.state.signing_key
    changes: dict[str, Any] = {name: value for name, value in given.items() if name in ("name", "store_id")}
    if body.locations is not None:
        changes["locations"] = [each.model_dump(mode="json") for each in body.locations]
    if body.secret is not None:
        service.put_secret(key, me.tenant_id, row, body.secret.get_secret_value(), now)
    if "access_token" in given:
        token = None if body.access_token is None else body.access_token.get_secret_value()
        service.put_token(key, me.tenant_id, row, token)
        changes["reconcile_at"] = None if token is None else now
    await store.update_connection(tx, me.tenant_id, row, changes, now)
    await _audit(tx, me, "connection.change", connection_id, now)
    response.headers["ETag"] = etag(row.version)
    return _out(request, row)


@router.delete("/v1/connections/{connection_id}", status_code=204)
async def delete_connection(connection_id: UUID, me: Admin, tx: Tx, now: Now) -> None:
    """Listen to a shop no more. Its orders and customers stay."""
    row = await store.get_connection(tx, me.tenant_id, connection_id, lock=True)
    await store.delete_connection(tx, me.tenant_id, row)
    await _audit(tx, me, "connection.delete", connection_id, now)


@router.post("/v1/connections/{connection_id}/reconcile", status_code=202, responses=CONFLICT)
async def reconcile_connection(connection_id: UUID, request: Request, me: Admin, tx: Tx, now: Now) -> ConnectionOut:
    """Read the shop's changed orders again now, and not only tonight."""
    row = await store.get_connection(tx, me.tenant_id, connection_id, lock=True)
    if row.sealed_token is None or row.closed_at is not None:
        raise errors.Conflict("this connection has no access token: put one, then its orders can be read")
    row.reconcile_at = now
    return _out(request, row)


@router.get("/v1/connections/{connection_id}/deliveries")
async def list_connection_deliveries(connection_id: UUID, me: Admin, tx: Tx, page: Paging) -> DeliveryPage:
    """What a shop delivered in the last 30 days and what became of it."""
    await store.get_connection(tx, me.tenant_id, connection_id)
    rows = await store.list_deliveries(tx, me.tenant_id, connection_id, page.after, page.limit + 1)
    items, after = page.cut(rows, lambda row: row.id)
    return DeliveryPage(items=[DeliveryOut.model_validate(row) for row in items], next=after)


@router.post("/v1/connections/{connection_id}/deliveries/{delivery_id}/done", responses=CONFLICT)
async def finish_connection_delivery(
    connection_id: UUID, delivery_id: UUID, me: Admin, tx: Tx, now: Now
) -> DeliveryOut:
    """Say that what an `open` delivery asks for was done."""
    row: ConnectionDelivery = await store.get_delivery(tx, me.tenant_id, connection_id, delivery_id)
    if row.status != "open":
        raise errors.Conflict(f"this delivery is {row.status}: there is nothing to do for it")
    row.status = "done"
    await _audit(tx, me, "connection.delivery_done", delivery_id, now)
    return DeliveryOut.model_validate(row)
