"""HTTP of the phones on which an operator is told that customers have written. For whoever is logged in, no keys."""

import hashlib
from typing import Annotated
from uuid import UUID

from fastapi import APIRouter, Request
from pydantic import AfterValidator, AwareDatetime, Field

from geoengage.buzz.rules import MOST_PHONES
from geoengage.kit import errors
from geoengage.kit.http import CONFLICT, PROBLEMS, Now, Tx
from geoengage.kit.ids import TenantId, new_id
from geoengage.kit.shapes import Shape
from geoengage.profiles.push_addresses import is_allowed, read_subscription
from geoengage.tenancy import store
from geoengage.tenancy.auth import COOKIE, Operator
from geoengage.tenancy.models import OperatorPhone
from geoengage.tenancy.rules import Scope, reads_replies

router = APIRouter(tags=["replies"], responses=PROBLEMS)
PHONES = "/v1/session/phones"


class OperatorPhoneIn(Shape):
    """A browser's push subscription."""

    subscription: Annotated[str, AfterValidator(lambda text: read_subscription(text).as_text())] = Field(
        max_length=4096, description="`JSON.stringify(subscription)`, made with `vapid_public_key`."
    )


class OperatorPhoneOut(Shape):
    """A phone on which you are told of replies."""

    id: UUID = Field(description="Its id.")
    fingerprint: str = Field(description="SHA-256 of the subscription's endpoint, in hex: a page knows itself by it.")
    created_at: AwareDatetime = Field(description="Since when.")
    last_sent_at: AwareDatetime | None = Field(description="When its push service last took something.")
    last_failed_at: AwareDatetime | None = Field(description="When it last did not.")
    failed_why: str | None = Field(description="Why not, in a word.")


class OperatorPhones(Shape):
    """Your phones."""

    items: list[OperatorPhoneOut] = Field(description=f"The newest first, {MOST_PHONES} at most.")
    vapid_public_key: str = Field(description="With which a browser subscribes, base64url.")


@router.get(PHONES)
async def list_my_phones(request: Request, me: Operator, tx: Tx) -> OperatorPhones:
    """The phones on which you are told that customers have written to your stores."""
    rows = await store.list_phones(tx, TenantId(me.tenant_id), me.id)
    items = [OperatorPhoneOut.model_validate(row) for row in rows]
    return OperatorPhones(items=items, vapid_public_key=request.app.state.vapid_public_key)


@router.put(PHONES, responses=CONFLICT)
async def put_my_phone(body: OperatorPhoneIn, request: Request, me: Operator, tx: Tx, now: Now) -> OperatorPhoneOut:
    """Be told on this phone from now on, by web push: how many conversations wait, and at which store. Idempotent.

    A phone is one operator's: the last one who named it. It ends when you log out there, when you are disabled, and
    when its push service says that it is gone.
    """
    if not reads_replies(me):
        raise errors.Forbidden("this needs a role that may read replies", needs=Scope.CUSTOMERS.value)
    to = read_subscription(body.subscription)
    if not is_allowed(to.origin, request.app.state.settings.webpush.allowed_hosts):
        raise errors.field("subscription", f"{to.origin} is no push service that this server sends to")
    tenant_id = TenantId(me.tenant_id)
    session_id = await store.hold_session(tx, tenant_id, request.cookies[COOKIE].partition(".")[2])
    if session_id is None:
        raise errors.Unauthenticated("the session has ended; log in again")
    phone = OperatorPhone(
        id=new_id(now),
        operator_id=me.id,
        session_id=session_id,
        fingerprint=hashlib.sha256(to.endpoint.encode()).hexdigest(),
        address=to.as_text(),
        created_at=now,
    )
    return OperatorPhoneOut.model_validate(await store.put_phone(tx, tenant_id, phone, MOST_PHONES))


@router.delete(f"{PHONES}/{{phone_id}}", status_code=204)
async def delete_my_phone(phone_id: UUID, me: Operator, tx: Tx) -> None:
    """Be told on that phone no more. 404 for one that is not yours."""
    tenant_id = TenantId(me.tenant_id)
    if phone_id not in {row.id for row in await store.list_phones(tx, tenant_id, me.id)}:
        raise errors.NotFound(f"phone {phone_id} does not exist")
    await store.delete_phones(tx, tenant_id, [phone_id])
