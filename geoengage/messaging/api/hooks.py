"""Where the providers of WhatsApp, SMS, Viber and e-mail call us. What is not signed is refused and changes nothing.

What is signed is answered 200, also what is of no use here: providers repeat what they get no 200 for, for days.
"""

import asyncio
import json
from collections.abc import Mapping
from typing import Annotated, Any
from uuid import UUID

from fastapi import APIRouter, Query, Request
from fastapi.responses import PlainTextResponse, Response

from geoengage.kit import errors
from geoengage.kit.db import Session, retried, transaction
from geoengage.kit.http import PROBLEMS, Now
from geoengage.kit.ids import TenantId
from geoengage.messaging import service, store
from geoengage.messaging.phone_models import PhoneSender
from geoengage.messaging.phone_senders import account_of, secrets_of
from geoengage.messaging.rules import MOST_BYTES, MessageChannel, inbound_mail, sms, viber, whatsapp
from geoengage.messaging.rules.phone import (
    Heard,
    Secrets,
    SmsAccount,
    ViberAccount,
    WhatsappAccount,
    hook_token,
    is_hook_token,
)
from geoengage.messaging.service.phone_hooks import After

router = APIRouter(tags=["phone senders"], responses=PROBLEMS)
_LOOKS, _BETWEEN_S = 20, 0.1  # for the worker to note that a message went out
_JSON = {
    "requestBody": {"required": True, "content": {"application/json": {"schema": {"type": "object"}}}},
}


_RAW = {
    "requestBody": {
        "required": True,
        "content": {"application/octet-stream": {"schema": {"type": "string", "format": "binary"}}},
    }
}
_FORM = {
    "requestBody": {
        "required": True,
        "content": {"application/x-www-form-urlencoded": {"schema": {"type": "object"}}},
    }
}


@router.get("/v1/hooks/whatsapp/{sender_id}", response_class=PlainTextResponse)
async def confirm_whatsapp_hook(
    sender_id: UUID,
    request: Request,
    token: Annotated[str, Query(alias="hub.verify_token", description="The account's `verify_token`.")] = "",
    challenge: Annotated[str, Query(alias="hub.challenge", max_length=100, description="Echoed.")] = "",
) -> Response:
    """Meta asks whether this address is ours, when it is put into its console."""
    await _find(request, sender_id, MessageChannel.WHATSAPP)
    if not is_hook_token(request.app.state.signing_key, sender_id, token):
        raise errors.Unauthenticated("this is not the account's verify token")
    return PlainTextResponse(challenge, headers={"X-Content-Type-Options": "nosniff"})


@router.post("/v1/hooks/whatsapp/{sender_id}", response_class=PlainTextResponse, openapi_extra=_JSON)
async def hear_whatsapp(sender_id: UUID, request: Request, now: Now) -> Response:
    """Meta tells what became of messages, what people wrote, and what it thinks of templates.

    One Meta app has one address for all its numbers: what is about another number of the tenant is taken too, if that
    account has the same app secret.
    """
    body = await request.body()
    sender = await _find(request, sender_id, MessageChannel.WHATSAPP)
    signature = request.headers.get(whatsapp.SIGNATURE)
    if not _is_signed(request, sender, signature, body):
        raise errors.Unauthenticated("this was not signed with the app secret of this account")
    told = _object(body)
    for row in await _siblings(request, sender, told):
        account = account_of(row)
        if isinstance(account, WhatsappAccount) and _is_signed(request, row, signature, body):
            await _take(request, row, whatsapp.hear(told, account), whatsapp.after_report, now)
    return PlainTextResponse("")


@router.post("/v1/hooks/sms/{sender_id}", response_class=PlainTextResponse, openapi_extra=_FORM)
async def hear_sms(
    sender_id: UUID,
    request: Request,
    now: Now,
    message: Annotated[str | None, Query(max_length=60, description="Our message, where it is about one.")] = None,
) -> Response:
    """Twilio tells what became of an SMS, or what somebody wrote. The answer says nothing back to them."""
    body = await request.body()
    sender = await _find(request, sender_id, MessageChannel.SMS)
    is_signed = sms.is_signed(
        _secrets(request, sender),
        _outside(request),
        body,
        signature=request.headers.get(sms.SIGNATURE),
        settings=request.headers.get(sms.SETTINGS),
    )
    account = account_of(sender)
    if not is_signed or not isinstance(account, SmsAccount):
        raise errors.Unauthenticated("this was not signed with the auth token, or a key, of this account")
    await _take(request, sender, sms.hear(body, message, account, now), sms.after_report, now)
    return PlainTextResponse("")


@router.post("/v1/hooks/viber/{sender_id}/{token}", response_class=PlainTextResponse, openapi_extra=_JSON)
async def hear_viber(sender_id: UUID, token: str, request: Request, now: Now) -> Response:
    """Infobip tells what became of Viber messages, or what somebody wrote.

    Infobip signs nothing by itself: the address itself, with a code that only it was told, is the proof.
    """
    sender = await _find(request, sender_id, MessageChannel.VIBER)
    account = account_of(sender)
    if not is_hook_token(request.app.state.signing_key, sender_id, token) or not isinstance(account, ViberAccount):
        raise errors.Unauthenticated("this is not the address that the provider was told")
    told = viber.hear(_object(await request.body()), account, now)
    await _take(request, sender, told, viber.after_report, now)
    return PlainTextResponse("")


@router.post("/v1/hooks/email/{app_id}", response_class=PlainTextResponse, openapi_extra=_RAW)
async def hear_email(app_id: UUID, request: Request, now: Now) -> Response:
    """An e-mail that came to the app's mailbox for answers, as it is (RFC 5322), signed with `answers_secret`.

    What is no answer to an e-mail of the app, or was sent by a program, is passed over: the whole mailbox may be handed
    in. The same e-mail again changes nothing.
    """
    async with transaction(request.app.state.sessions, None) as session:  # the address names no tenant
        tenant_id = await store.find_tenant_of_mailer(session, app_id)
    if tenant_id is None:
        raise errors.NotFound("there is no such mailbox")
    raw = await request.body()
    key = request.app.state.signing_key
    if not whatsapp.is_signed(hook_token(key, app_id), request.headers.get(inbound_mail.SIGNATURE), raw):
        raise errors.Unauthenticated("this was not signed with the app's `answers_secret`")
    if len(raw) > MOST_BYTES:
        raise errors.TooLarge(f"an e-mail here has at most {MOST_BYTES:,} bytes")
    letter = await asyncio.to_thread(inbound_mail.read_letter, raw)

    async def work(session: Session) -> None:
        sender = await store.find_email_sender(session, tenant_id, app_id)
        if sender is not None:
            await service.take_letter(session, tenant_id, sender, letter, key, now)

    await retried(request.app.state.sessions, tenant_id, work)
    return PlainTextResponse("")


def _outside(request: Request) -> str:
    """The address of this call as the provider knows it: behind a proxy the request says another."""
    public_url = request.app.state.settings.public_url
    if public_url is None:
        raise errors.Unavailable("GEOENGAGE_PUBLIC_URL is not set: nobody can have been told this address")
    query = f"?{request.url.query}" if request.url.query else ""
    return f"{public_url.rstrip('/')}{request.url.path}{query}"


def _is_signed(request: Request, sender: PhoneSender, signature: str | None, body: bytes) -> bool:
    return whatsapp.is_signed(str(_secrets(request, sender)["app_secret"]), signature, body)


async def _siblings(request: Request, sender: PhoneSender, told: Mapping[str, Any]) -> list[PhoneSender]:
    """The tenant's accounts that the call speaks of."""
    named = whatsapp.accounts_in(told)
    if named <= _ids_of(sender):
        return [sender]
    tenant_id = TenantId(sender.tenant_id)
    async with transaction(request.app.state.sessions, tenant_id) as session:
        rows = await store.list_phone_senders(session, tenant_id)
    return [r for r in rows if r.channel == sender.channel and not named.isdisjoint(_ids_of(r))]


def _ids_of(sender: PhoneSender) -> set[str]:
    return {value for value in sender.account.values() if isinstance(value, str)}


async def _find(request: Request, sender_id: UUID, channel: MessageChannel) -> PhoneSender:
    """The account that the address names."""
    async with transaction(request.app.state.sessions, None) as session:  # the address names no tenant
        tenant_id = await store.find_tenant_of_sender(session, sender_id, channel)
    if tenant_id is not None:
        async with transaction(request.app.state.sessions, tenant_id) as session:
            found = await store.find_phone_sender(session, tenant_id, sender_id)
        if found is not None:
            return found
    raise errors.NotFound("there is no such account")


def _secrets(request: Request, sender: PhoneSender) -> Secrets:
    secrets = secrets_of(request.app.state.sealing_keys, sender)
    if secrets is None:
        raise errors.Unavailable("the secrets of this account cannot be read; put them again")
    return secrets


def _object(body: bytes) -> Mapping[str, Any]:
    """Signed, but no JSON object: nothing of use."""
    try:
        parsed = json.loads(body)
    except (ValueError, RecursionError):
        return {}
    return parsed if isinstance(parsed, dict) else {}


async def _take(request: Request, sender: PhoneSender, heard: Heard, after: After, now: Now) -> None:
    """Write it down; a provider that is quicker than our worker waits a moment."""
    tenant_id = TenantId(sender.tenant_id)

    async def work(session: Session) -> None:
        await service.take(session, tenant_id, sender, heard, after, now)

    for _ in range(_LOOKS):
        try:
            return await retried(request.app.state.sessions, tenant_id, work)
        except service.StillSending:
            await asyncio.sleep(_BETWEEN_S)
    raise errors.Unavailable("the message is still being sent; tell again")
