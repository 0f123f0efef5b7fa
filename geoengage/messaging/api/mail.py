"""HTTP of e-mail: an app's mail server, write-only, its state and check; how its e-mails look; reports about sent ones.

Servers are never called inside a transaction: read, ask, write down.
"""

from datetime import datetime
from typing import Annotated, Any
from uuid import UUID

from fastapi import APIRouter, Request
from pydantic import AwareDatetime, Field, StringConstraints, field_validator

from geoengage.kit import errors
from geoengage.kit.db import Session, transaction
from geoengage.kit.http import PROBLEMS, Now, Problem, Tx
from geoengage.kit.ids import TenantId
from geoengage.kit.shapes import Shape
from geoengage.messaging import service, store
from geoengage.messaging.models import EmailSender
from geoengage.messaging.phone_choosing import HOOKS
from geoengage.messaging.rules import (
    MOST_BYTES,
    BrandKit,
    CheckResult,
    FontStack,
    MailReport,
    MessageChannel,
    Report,
    Route,
    SenderStatus,
    SmtpAccount,
    TlsMode,
    https_flaw,
    is_color,
    read_report,
)
from geoengage.messaging.rules.phone import hook_token
from geoengage.messaging.senders import open_senders
from geoengage.tenancy.auth import Admin, PeopleReader

router = APIRouter(tags=["email"], responses=PROBLEMS)
_LIMITED: dict[int | str, dict[str, Any]] = {429: {"model": Problem, "description": "Too many attempts; wait."}}
_RAW = {
    "requestBody": {
        "required": True,
        "content": {"application/octet-stream": {"schema": {"type": "string", "format": "binary"}}},
    }
}
Line = Annotated[str, StringConstraints(strip_whitespace=True, min_length=1, max_length=120, pattern=r"^[^\r\n\x00]*$")]
Host = Annotated[str, StringConstraints(strip_whitespace=True, min_length=1, max_length=253)]


class MailServerIn(Shape):
    """An SMTP server that takes e-mails of this app, and in whose name."""

    host: Host = Field(description="The server, e.g. `smtp.example.com`. Private addresses are not called.")
    port: int = Field(default=587, ge=1, le=65535, description="587 for `starttls`, 465 for `tls`.")
    tls: TlsMode = Field(default=TlsMode.STARTTLS, description="How the connection is encrypted; it always is.")
    username: Line | None = Field(default=None, description="null: the server asks for none.")
    password: str | None = Field(
        default=None,
        max_length=500,
        description="Stored encrypted and never shown again. Left out: the one it has stays, while host, port and"
        " username are the same.",
    )
    from_address: Line = Field(description="Sender of the e-mails; bounces go there too.")
    from_name: Line = Field(description="The name beside it.")
    reply_to: Line | None = Field(default=None, description="Where answers go; null: to the sender.")
    takes_answers: bool = Field(
        default=False,
        description="Each e-mail names an address of its own for answers, `reply_to` with `+` and a signed token before"
        " the @. Have that mailbox's e-mails handed in at `answers_url`.",
    )
    per_minute: int = Field(default=600, ge=1, le=100_000, description="Most e-mails in a minute.")


class MailServerOut(Shape):
    """An app's mail server, without its secret."""

    host: str = Field(description="The server.")
    port: int = Field(description="Its port.")
    tls: TlsMode = Field(description="How the connection is encrypted.")
    username: str | None = Field(description="Who logs in.")
    from_address: str = Field(description="Sender of the e-mails.")
    from_name: str = Field(description="The name beside it.")
    reply_to: str | None = Field(description="Where answers go; null: to the sender.")
    takes_answers: bool = Field(description="What people answer is handed in here.")
    answers_url: str | None = Field(
        description="Where each answer is handed in as it came, signed; null while none are taken, or"
        " GEOENGAGE_PUBLIC_URL is not set."
    )
    answers_secret: str | None = Field(
        description="Signs them: `X-Geoengage-Signature: sha256=` and the HMAC-SHA256 of the e-mail in hexadecimal."
    )
    per_minute: int = Field(description="Most e-mails in a minute.")
    status: SenderStatus = Field(description="`unchecked` until a check or the first e-mail; then `works` or `fails`.")
    since: AwareDatetime = Field(description="Since when the status is what it is.")
    checked_at: AwareDatetime | None = Field(description="When the server last told; null: never.")
    detail: str | None = Field(description="What is wrong, when it fails.")
    paused_until: AwareDatetime | None = Field(
        description="E-mails wait until then: it refused us or asked us to wait."
    )


class MailCheckOut(MailServerOut):
    """What a check found."""

    result: CheckResult = Field(
        description="`works`; `wrong_key`: user name or password are refused; `not_allowed`: no encrypted connection,"
        " or refused; `unreachable` and `busy` prove nothing."
    )
    words: str = Field(description="The same for people, with what to do.")
    answer: str = Field(description="What the server said.")


@router.put("/v1/apps/{app_id}/email")
async def put_mail_server(
    app_id: UUID, body: MailServerIn, request: Request, me: Admin, tx: Tx, now: Now
) -> MailServerOut:
    """Give an app its mail server. Replaces the one it had; e-mails use it from the next one on. Check it next."""
    state = request.app.state
    sender = await service.put_mail_server(
        tx,
        me,
        app_id,
        SmtpAccount(**body.model_dump()),
        sealing_keys=state.sealing_keys,
        is_local=state.settings.email.allow_loopback,
        now=now,
    )
    return await _out(request, tx, sender, now)


@router.get("/v1/apps/{app_id}/email")
async def get_mail_server(app_id: UUID, request: Request, me: Admin, tx: Tx, now: Now) -> MailServerOut:
    """The app's mail server and whether it works. 404 while it has none, and sends no e-mails."""
    return await _out(request, tx, await service.get_mail_server(tx, me.tenant_id, app_id), now)


@router.delete("/v1/apps/{app_id}/email", status_code=204)
async def remove_mail_server(app_id: UUID, me: Admin, tx: Tx, now: Now) -> None:
    """Forget the app's mail server; its messages go by their next channel, or are skipped with `no_sender`."""
    await service.remove_mail_server(tx, me, app_id, now)


@router.post("/v1/apps/{app_id}/email/check", responses=_LIMITED)
async def check_mail_server(app_id: UUID, request: Request, me: Admin, now: Now) -> MailCheckOut:
    """Connect, encrypt, log in and go: does the server take this account? Sends nothing. 10 a minute."""
    state = request.app.state
    state.provider_limit.spend(f"mail check {me.tenant_id}", now)
    async with transaction(state.sessions, me.tenant_id) as session:
        stored = await service.get_mail_server(session, me.tenant_id, app_id)
    async with open_senders(state.settings, lambda: now) as senders:
        found = await senders.check_mail(stored)
    async with transaction(state.sessions, me.tenant_id) as session:
        await service.note_mail_check(session, me.tenant_id, app_id, stored.revision, found, now)
        shown = await _out(request, session, await service.get_mail_server(session, me.tenant_id, app_id), now)
    return MailCheckOut(**shown.model_dump(), result=found.result, words=found.words, answer=found.answer)


async def _out(request: Request, session: Session, sender: EmailSender, now: datetime) -> MailServerOut:
    state, tenant_id = request.app.state, TenantId(sender.tenant_id)
    routes = [Route(tenant_id, f"mail:{sender.app_id}"), Route(tenant_id, f"smtp:{sender.host.lower()}")]
    pauses = await store.list_pauses(session, tenant_id, routes, now)
    own = {"paused_until", "answers_url", "answers_secret"}
    url = state.settings.public_url
    return MailServerOut(
        **{name: getattr(sender, name) for name in MailServerOut.model_fields if name not in own},
        paused_until=max((pause.until for pause in pauses.values()), default=None),
        answers_url=f"{url.rstrip('/')}{HOOKS}/email/{sender.app_id}" if url and sender.takes_answers else None,
        answers_secret=hook_token(state.signing_key, sender.app_id) if sender.takes_answers else None,
    )


# --- looks -------------------------------------------------------------------------------------------------------


class BrandBody(Shape):
    """How an app's e-mails look."""

    logo_url: str | None = Field(default=None, description="https picture, shown at most 48 px high; null: the name.")
    color: str = Field(default=BrandKit().color, description="Of the head and of buttons, `#rrggbb`.")
    background: str = Field(default=BrandKit().background, description="Behind the e-mail, `#rrggbb`.")
    font: FontStack = Field(default=FontStack.SYSTEM, description="Fonts that every mail program has.")
    address: str | None = Field(
        default=None,
        max_length=300,
        description="Your postal address, which the law asks for at the end of each e-mail.",
    )
    footer: str | None = Field(default=None, max_length=500, description="One more line at the end.")

    @field_validator("color", "background")
    @classmethod
    def _color(cls, value: str) -> str:
        if not is_color(value):
            raise ValueError("a colour is written #rrggbb")
        return value.lower()

    @field_validator("logo_url")
    @classmethod
    def _logo(cls, value: str | None) -> str | None:
        if value is not None and (flaw := https_flaw(value)) is not None:
            raise ValueError(flaw)
        return value


@router.put("/v1/apps/{app_id}/brand")
async def put_brand(app_id: UUID, body: BrandBody, me: Admin, tx: Tx, now: Now) -> BrandBody:
    """Say how this app's e-mails look, in the place of what was said before."""
    await service.put_brand(tx, me, app_id, BrandKit(**body.model_dump()), now)
    return body


@router.get("/v1/apps/{app_id}/brand")
async def get_brand(app_id: UUID, me: Admin, tx: Tx) -> BrandBody:
    """How this app's e-mails look; without a kit of its own they have its colour."""
    return BrandBody.model_validate(await service.get_brand(tx, me.tenant_id, app_id))


# --- the order of channels ---------------------------------------------------------------------------------------


class ChannelOrder(Shape):
    """In which order channels are tried."""

    channels: list[MessageChannel] = Field(
        max_length=len(MessageChannel),
        description="The first one first, to whoever has not said otherwise (trait `preferred_channels`); it never adds"
        " a channel to a message. Empty: as each message says.",
    )


@router.get("/v1/channel-order")
async def get_channel_order(me: Admin, tx: Tx) -> ChannelOrder:
    """The tenant's order of channels."""
    return ChannelOrder(channels=[MessageChannel(c) for c in await store.find_policy(tx, me.tenant_id)])


@router.put("/v1/channel-order")
async def put_channel_order(body: ChannelOrder, me: Admin, tx: Tx) -> ChannelOrder:
    """Say in which order channels are tried. Counts for messages decided from now on."""
    order = list(dict.fromkeys(body.channels))
    await store.upsert_policy(tx, me.tenant_id, order)
    return ChannelOrder(channels=order)


# --- reports -----------------------------------------------------------------------------------------------------


class MailEventIn(Shape):
    """What is known of one e-mail that was sent."""

    kind: MailReport = Field(
        description="`bounce`: the address is dead, nothing more is sent there; `refused`: it did not arrive, the"
        " address may be good; `complaint`: called spam, no marketing and service any more; `delivered`."
    )
    message_id: UUID = Field(description="The message's id: what stands before the @ of its Message-ID.")
    words: str = Field(default="", max_length=300, description="What the receiving server said.")


class MailEventsIn(Shape):
    """What a mail provider tells."""

    events: list[MailEventIn] = Field(min_length=1, max_length=500, description="In any order; repeating is safe.")


class MailEventsOut(Shape):
    """What came of it."""

    known: int = Field(description="Events about e-mails of ours.")
    unknown: int = Field(description="Events that were passed over: no such e-mail.")


@router.post("/v1/email/events")
async def post_mail_events(body: MailEventsIn, me: PeopleReader, tx: Tx, now: Now) -> MailEventsOut:
    """Tell of bounces, complaints and deliveries: for the function that your mail provider's webhook calls.

    The same again changes nothing.
    """
    known = 0
    for event in sorted(body.events, key=lambda e: e.message_id):
        report = Report(event.kind, event.message_id, event.words)
        known += await service.note_report(tx, me.tenant_id, report, "provider", now)
    return MailEventsOut(known=known, unknown=len(body.events) - known)


@router.post("/v1/email/reports", openapi_extra=_RAW)
async def post_mail_report(request: Request, me: PeopleReader, tx: Tx, now: Now) -> MailEventsOut:
    """Hand in one e-mail as it came to your bounce address: a bounce (RFC 3464) or a complaint (ARF, RFC 5965).

    Anything else is passed over, so that the whole mailbox may be handed in.
    """
    raw = await request.body()
    if len(raw) > MOST_BYTES:
        raise errors.TooLarge(f"an e-mail here has at most {MOST_BYTES:,} bytes")
    report = read_report(raw)
    known = report is not None and await service.note_report(tx, me.tenant_id, report, "report", now)
    return MailEventsOut(known=int(known), unknown=int(not known))
