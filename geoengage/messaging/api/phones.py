"""HTTP of WhatsApp, SMS and Viber: the accounts of tenant and stores, write-only, their state and check; templates.

Providers are never called inside a transaction: read, ask, write down.
"""

from collections.abc import Callable, Sequence
from datetime import datetime
from typing import Annotated, Any, Literal
from uuid import UUID

import aiohttp
from fastapi import APIRouter, Request
from pydantic import AwareDatetime, Field, StringConstraints

from geoengage.kit import errors
from geoengage.kit.db import Session, transaction
from geoengage.kit.http import PROBLEMS, Now, Problem, Tx
from geoengage.kit.ids import TenantId
from geoengage.kit.shapes import Shape
from geoengage.messaging import service, store
from geoengage.messaging.channels.phone import Line, PhoneChannel
from geoengage.messaging.channels.unreadable import WORDS as UNREADABLE
from geoengage.messaging.phone_choosing import HOOKS
from geoengage.messaging.phone_models import PhoneSender, WhatsappTemplate
from geoengage.messaging.rules import CheckResult, MessageChannel, Purpose, Route, SenderStatus, whatsapp
from geoengage.messaging.rules.phone import Call, Reply, SmsAccount, Template, ViberAccount, WhatsappAccount, hook_token
from geoengage.messaging.senders import open_senders
from geoengage.tenancy.auth import Admin
from geoengage.tenancy.rules import Principal

router = APIRouter(tags=["phone senders"], responses=PROBLEMS)
_LIMITED: dict[int | str, dict[str, Any]] = {429: {"model": Problem, "description": "Too many attempts; wait."}}
_ASKED = {**_LIMITED, 409: {"model": Problem, "description": "Meta cannot be reached, or refuses."}}
ONE = "/v1/senders/{sender_id}"
PhoneKind = Literal["whatsapp", "sms", "viber"]
Secret = Annotated[str, StringConstraints(max_length=1000)]
Word = Annotated[str, StringConstraints(strip_whitespace=True, min_length=1, max_length=600)]
KEPT = "Stored encrypted and never shown again. Left out: the one that is there stays."
STORE = "Whose account it is; null: the tenant's, by which each store without one of its own sends too."


class MetaRefuses(errors.Conflict):
    """Meta did not do what it was asked."""

    code = "meta-refuses"
    title = "Meta cannot be reached, or refuses"


class WhatsappIn(Shape):
    """A number of the WhatsApp Cloud API."""

    store_id: UUID | None = Field(default=None, description=STORE)
    phone_number_id: Word = Field(description="The number's id in Meta's developer console (not the number).")
    business_account_id: Word = Field(description="The id of the WhatsApp business account that it belongs to.")
    access_token: Secret | None = Field(default=None, description=f"Of a system user, that never expires. {KEPT}")
    app_secret: Secret | None = Field(default=None, description=f"Of the Meta app; it signs webhooks. {KEPT}")
    templates: dict[Purpose, Word] = Field(
        default={}, description="By purpose, the template that goes to whoever has not written for 24 hours."
    )
    per_minute: int = Field(default=1200, ge=1, le=60_000, description="Most messages in a minute (Meta: 80 a second).")


class SmsIn(Shape):
    """An account of Twilio, and who speaks through it."""

    store_id: UUID | None = Field(default=None, description=STORE)
    account_sid: Word = Field(description="`AC…`, from Twilio's console.")
    auth_token: Secret | None = Field(default=None, description=f"It also signs webhooks. {KEPT}")
    webhook_keys: dict[str, Secret] | None = Field(
        default=None, max_length=5, description=f"By its id, each key that signs webhooks with SHA-256. {KEPT}"
    )
    sender: Word | None = Field(
        default=None, description="A number (`+41…`), a short code, or a name of at most 11 letters, digits and blanks."
    )
    messaging_service_sid: Word | None = Field(default=None, description="`MG…`: Twilio chooses the sender.")
    senders: dict[str, Word] = Field(
        default={}, max_length=250, description='Others by country, `{"US": "+1…"}`: names arrive not everywhere.'
    )
    per_minute: int = Field(default=60, ge=1, le=60_000, description="Most messages in a minute; a number: 60.")


class ViberIn(Shape):
    """A Viber Business Messages sender at Infobip. A Viber bot is another product, which only its subscribers get."""

    store_id: UUID | None = Field(default=None, description=STORE)
    base: Word = Field(description="What stands before `.api.infobip.com` in the account's base URL.")
    sender: Word = Field(description="The sender's name, as Viber has approved it.")
    api_key: Secret | None = Field(default=None, description=KEPT)
    per_minute: int = Field(default=1200, ge=1, le=60_000, description="Most messages in a minute.")


class PhoneSenderOut(Shape):
    """An account, without its secrets."""

    id: UUID = Field(description="Of the account.")
    channel: PhoneKind = Field(description="What it sends.")
    store_id: UUID | None = Field(description="Whose it is; null: the tenant's.")
    account: dict[str, Any] = Field(description="What was put, but for what is secret.")
    per_minute: int = Field(description="Most messages in a minute.")
    status: SenderStatus = Field(description="`unchecked` until a check or the first message; then `works` or `fails`.")
    since: AwareDatetime = Field(description="Since when the status is what it is.")
    checked_at: AwareDatetime | None = Field(description="When the provider last told; null: never.")
    detail: str | None = Field(description="What is wrong, when it fails.")
    paused_until: AwareDatetime | None = Field(description="Messages wait until then: refused, or asked to wait.")
    hook_url: str | None = Field(
        description="Where its provider tells what becomes of messages, and what people write: put it there. null"
        " while GEOENGAGE_PUBLIC_URL is not set."
    )
    verify_token: str | None = Field(description="What Meta asks for beside it; null for other providers.")


class PhoneSenderList(Shape):
    """All accounts."""

    items: list[PhoneSenderOut] = Field(description="By when they were made.")
    next: str | None = Field(default=None, description="Always null: there are few.")


class PhoneCheckOut(PhoneSenderOut):
    """What a check found."""

    result: CheckResult = Field(description="`works`; `wrong_key`, `not_allowed`; `unreachable`, `busy` prove nothing.")
    words: str = Field(description="The same for people, with what to do.")
    answer: str = Field(description="What the provider said.")


@router.put("/v1/senders/whatsapp")
async def put_whatsapp(body: WhatsappIn, request: Request, me: Admin, tx: Tx, now: Now) -> PhoneSenderOut:
    """Give a store, or the tenant, its WhatsApp number. Replaces the one it had. Check it next, then read its
    templates."""
    account = WhatsappAccount(
        phone_number_id=body.phone_number_id,
        business_account_id=body.business_account_id,
        templates={purpose.value: name for purpose, name in body.templates.items()},
    )
    secrets = {"access_token": body.access_token, "app_secret": body.app_secret}
    new = service.NewPhoneSender(MessageChannel.WHATSAPP, body.store_id, account, secrets, body.per_minute)
    return await put(request, me, tx, new, now)


@router.put("/v1/senders/sms")
async def put_sms(body: SmsIn, request: Request, me: Admin, tx: Tx, now: Now) -> PhoneSenderOut:
    """Give a store, or the tenant, its SMS account. Replaces the one it had. Check it next."""
    account = SmsAccount(
        account_sid=body.account_sid,
        sender=body.sender,
        messaging_service_sid=body.messaging_service_sid,
        senders=body.senders,
    )
    secrets = {"auth_token": body.auth_token, "webhook_keys": body.webhook_keys}
    new = service.NewPhoneSender(MessageChannel.SMS, body.store_id, account, secrets, body.per_minute)
    return await put(request, me, tx, new, now)


@router.put("/v1/senders/viber")
async def put_viber(body: ViberIn, request: Request, me: Admin, tx: Tx, now: Now) -> PhoneSenderOut:
    """Give a store, or the tenant, its Viber sender. Replaces the one it had. Check it next."""
    account = ViberAccount(base=body.base, sender=body.sender)
    secrets = {"api_key": body.api_key}
    new = service.NewPhoneSender(MessageChannel.VIBER, body.store_id, account, secrets, body.per_minute)
    return await put(request, me, tx, new, now)


async def put(
    request: Request, me: Principal, tx: Session, new: service.NewPhoneSender, now: datetime
) -> PhoneSenderOut:
    """Store an account and show it."""
    sender = await service.put_phone_sender(tx, me, new, sealing_keys=request.app.state.sealing_keys, now=now)
    return await _out(request, tx, sender, now)


@router.get("/v1/senders")
async def list_senders(request: Request, me: Admin, tx: Tx, now: Now) -> PhoneSenderList:
    """The accounts of WhatsApp, SMS and Viber, of tenant and stores."""
    rows = await store.list_phone_senders(tx, me.tenant_id)
    shown = [row for row in rows if me.sees_store(row.store_id)]
    return PhoneSenderList(items=[await _out(request, tx, row, now) for row in shown])


@router.get(ONE)
async def get_sender(sender_id: UUID, request: Request, me: Admin, tx: Tx, now: Now) -> PhoneSenderOut:
    """One account and whether it works."""
    return await _out(request, tx, await service.get_phone_sender(tx, me, sender_id), now)


@router.delete(ONE, status_code=204)
async def remove_sender(sender_id: UUID, me: Admin, tx: Tx, now: Now) -> None:
    """Forget an account with its templates. A store's messages then go by the tenant's, else by their next channel."""
    await service.remove_phone_sender(tx, me, sender_id, now)


@router.post(f"{ONE}/check", responses=_LIMITED)
async def check_sender(sender_id: UUID, request: Request, me: Admin, now: Now) -> PhoneCheckOut:
    """Ask the provider whether the credentials work. Sends nothing to anybody. 10 a minute."""
    state = request.app.state
    state.provider_limit.spend(f"phone check {me.tenant_id}", now)
    async with transaction(state.sessions, me.tenant_id) as session:
        sender = await service.get_phone_sender(session, me, sender_id)
    async with open_senders(state.settings, lambda: now) as senders:
        found = await senders.phones.check(sender)
    async with transaction(state.sessions, me.tenant_id) as session:
        await service.note_phone_check(session, sender, found, now)
        shown = await _out(request, session, await service.get_phone_sender(session, me, sender_id), now)
    return PhoneCheckOut(**shown.model_dump(), result=found.result, words=found.words, answer=found.answer)


async def _out(request: Request, session: Session, sender: PhoneSender, now: datetime) -> PhoneSenderOut:
    state = request.app.state
    tenant_id = TenantId(sender.tenant_id)
    routes = [Route(tenant_id, f"{name}:{sender.id}") for name in ("phone", sender.channel)]
    routes += [Route(tenant_id, f"phone:{sender.id}/{purpose.value}") for purpose in Purpose]
    pauses = await store.list_pauses(session, tenant_id, routes, now)
    url, token = state.settings.public_url, hook_token(state.signing_key, sender.id)
    path = f"{HOOKS}/{sender.channel}/{sender.id}" + (f"/{token}" if sender.channel == MessageChannel.VIBER else "")
    own = {"paused_until", "hook_url", "verify_token"}
    return PhoneSenderOut(
        **{name: getattr(sender, name) for name in PhoneSenderOut.model_fields if name not in own},
        paused_until=max((pause.until for pause in pauses.values()), default=None),
        hook_url=None if url is None else url.rstrip("/") + path,
        verify_token=token if sender.channel == MessageChannel.WHATSAPP else None,
    )


# --- templates ---------------------------------------------------------------------------------------------------


class WhatsappTemplateIn(Shape):
    """A template to be handed in to Meta."""

    name: Annotated[str, StringConstraints(pattern="^[a-z0-9_]{1,512}$")] = Field(
        description="Small letters, digits, _."
    )
    language: Annotated[str, StringConstraints(pattern="^[a-z]{2,3}(_[A-Z]{2})?$")] = Field(
        description="`en`, `pt_BR`."
    )
    category: Literal["marketing", "utility"] = Field(description="What sells is `marketing`, or Meta refuses it.")
    body: Annotated[str, StringConstraints(strip_whitespace=True, min_length=1, max_length=1024)] = Field(
        description="The text. `{{1}}` is a message's title, `{{2}}` its body, `{{3}}` its link."
    )
    header: Annotated[str, StringConstraints(max_length=60)] | None = Field(default=None, description="Above it.")
    footer: Annotated[str, StringConstraints(max_length=60)] | None = Field(default=None, description="Below it.")
    button: Annotated[str, StringConstraints(max_length=25)] | None = Field(
        default=None, description="Words on a button that opens the link; `button_url` says how all links begin."
    )
    button_url: Annotated[str, StringConstraints(pattern="^https://", max_length=1900)] | None = Field(
        default=None, description="How all links of these messages begin, `https://shop.example.com/`."
    )
    stop: Annotated[str, StringConstraints(max_length=25)] | None = Field(
        default=None, description="Words on a button that unsubscribes: a word such as `Stop`."
    )


class WhatsappTemplateOut(Shape):
    """A template as Meta last told of it."""

    name: str = Field(description="Its name.")
    language: str = Field(description="Its language.")
    category: str = Field(description="`marketing`, `utility` or `authentication`.")
    status: Literal["pending", "approved", "rejected", "paused", "disabled", "deleted"] = Field(
        description="Only `approved` ones are sent. `paused`: too many people blocked it; Meta opens it again itself."
    )
    reason: str | None = Field(description="Why it was rejected, or taken back.")
    components: list[dict[str, Any]] = Field(description="As Meta has them.")
    changed_at: AwareDatetime = Field(description="When this became known.")


class WhatsappTemplateList(Shape):
    """The templates of an account."""

    items: list[WhatsappTemplateOut] = Field(description="By name and language.")
    next: str | None = Field(default=None, description="Always null: there are few.")


@router.get(f"{ONE}/templates")
async def list_whatsapp_templates(sender_id: UUID, me: Admin, tx: Tx) -> WhatsappTemplateList:
    """The message templates of a WhatsApp account, as Meta last told of them."""
    sender = await service.get_phone_sender(tx, me, sender_id, MessageChannel.WHATSAPP)
    return _templates_out(await store.list_templates(tx, me.tenant_id, [sender.id]))


@router.post(f"{ONE}/templates", status_code=201, responses=_ASKED)
async def submit_template(
    sender_id: UUID, body: WhatsappTemplateIn, request: Request, me: Admin, now: Now
) -> WhatsappTemplateOut:
    """Hand a template in to Meta, which answers within minutes or a day by webhook. 10 a minute."""
    template = Template(
        name=body.name,
        language=body.language,
        category=body.category,
        status="pending",
        components=whatsapp.components_of(
            body.body, header=body.header, footer=body.footer, stop=body.stop,
            button=(body.button, body.button_url) if body.button and body.button_url else None,
        ),
    )  # fmt: skip
    sender, reply = await _ask_meta(
        request, me, sender_id, now, lambda line: whatsapp.submit_call(line.url, line.account, line.secrets, template)
    )
    status = whatsapp.template_status(str(reply.body.get("status") or "PENDING"))
    known = Template(
        name=body.name, language=body.language, category=body.category, status=status, components=template.components
    )
    async with transaction(request.app.state.sessions, me.tenant_id) as session:
        rows = await service.put_templates(session, sender, [(known, None)], now)
    return next(t for t in _templates_out(rows).items if (t.name, t.language) == (body.name, body.language))


@router.post(f"{ONE}/templates/sync", responses=_ASKED)
async def sync_templates(sender_id: UUID, request: Request, me: Admin, now: Now) -> WhatsappTemplateList:
    """Read all templates of the account from Meta. 10 a minute."""
    sender, reply = await _ask_meta(
        request, me, sender_id, now, lambda line: whatsapp.templates_call(line.url, line.account, line.secrets)
    )
    async with transaction(request.app.state.sessions, me.tenant_id) as session:
        return _templates_out(await service.put_templates(session, sender, whatsapp.read_templates(reply), now))


async def _ask_meta(
    request: Request, me: Principal, sender_id: UUID, now: datetime, make: Callable[[Line], Call]
) -> tuple[PhoneSender, Reply]:
    """Ask Meta something of an account; MetaRefuses says what it answered instead."""
    state = request.app.state
    state.provider_limit.spend(f"templates {me.tenant_id}", now)
    async with transaction(state.sessions, me.tenant_id) as session:
        sender = await service.get_phone_sender(session, me, sender_id, MessageChannel.WHATSAPP)
    async with open_senders(state.settings, lambda: now) as senders:
        channel = senders.phones.open(sender)
        if not isinstance(channel, PhoneChannel):
            raise MetaRefuses(UNREADABLE)
        try:
            reply = await channel.ask(make(channel.line))
        except (aiohttp.ClientError, TimeoutError) as error:
            raise MetaRefuses(f"Meta cannot be reached: {type(error).__name__}") from error
    if reply.status != 200:
        raise MetaRefuses(f"Meta answers {whatsapp.words_of(reply)}")
    return sender, reply


def _templates_out(rows: Sequence[WhatsappTemplate]) -> WhatsappTemplateList:
    return WhatsappTemplateList(items=[WhatsappTemplateOut.model_validate(row) for row in rows])
