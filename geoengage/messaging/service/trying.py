"""A text as one person would get it on one channel: shown, or sent as a test. Nothing here is a campaign's.

Whoever may send to a person is asked here as everywhere: consent, suppression, address. Quiet hours do not apply.
"""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import datetime, time, timedelta
from typing import Any
from uuid import UUID

from geoengage.kit import errors
from geoengage.kit.db import Session
from geoengage.kit.ids import TenantId, new_id
from geoengage.messaging.choosing import Round, write_letter
from geoengage.messaging.letters import Letter
from geoengage.messaging.phone_choosing import load_phones
from geoengage.messaging.recording import Flight
from geoengage.messaging.rules import (
    NO_OPTIONS,
    Blank,
    Blocker,
    BrandKit,
    CardContent,
    Draft,
    EmailContent,
    MessageChannel,
    Misconfigured,
    Policy,
    Purpose,
    PushOptions,
    SmtpAccount,
    Status,
    Text,
    TextError,
    TlsMode,
    Values,
    Waiting,
    choose_text,
    in_order,
    locale_chain,
    render_email,
    render_message,
)
from geoengage.messaging.rules.phone import PHONE_CHANNELS
from geoengage.messaging.sender import PREVIEW
from geoengage.messaging.senders import Mailer, Senders
from geoengage.messaging.service.outbox import enqueue
from geoengage.profiles import store as profiles_store
from geoengage.profiles.rules import Reach, Recipient, may_name
from geoengage.tenancy import store as tenancy_store
from geoengage.tenancy.models import App
from geoengage.tenancy.rules import Principal
from geoengage.tenancy.service import audit
from geoengage.venues import store as venues_store
from geoengage.venues.models import Store

LIVES = timedelta(hours=1)
SAMPLE_NAME = "Alexandra"
OF_CAMPAIGNS = ("content", "trigger")  # what campaigns' texts may use as well; who asks says what it is
_NEVER = time(0)  # a night that ends when it begins


class NoText(errors.Invalid):
    """A text that cannot be shown as it is written; `part` and `detail` say what and where."""

    code = "no-text"
    title = "The text cannot be rendered"


class TestRefused(errors.Conflict):
    """This person cannot be sent a test by that channel; `reason` is the same word as in the reasons of messages."""

    code = "test-refused"
    title = "This person gets no test"


@dataclass(frozen=True, slots=True, kw_only=True)
class Asked:
    """What to show or send, to whom. `texts`: title and body by language, before `title` and `body`; `values`: what
    the caller knows for the text (an offer, a zone, products). Neither profile nor device: a sample person."""

    channel: MessageChannel
    title: str
    body: str
    texts: Mapping[str, tuple[str, str]]
    email: EmailContent | None
    card: CardContent | None
    push: PushOptions = NO_OPTIONS
    app_id: UUID | None
    store_id: UUID | None
    profile_id: UUID | None
    device_id: UUID | None
    locale: str | None
    purpose: Purpose
    strict: bool
    values: Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class Tried:
    """The text in a person's words. `blockers`: what would keep it from them now; `blank`: what strict mode refuses."""

    waiting: Waiting
    text: Text
    locale: str | None
    letter: Letter | None
    blockers: tuple[Blocker, ...]
    blank: str | None
    flight: Flight | None


async def try_out(session: Session, me: Principal, senders: Senders, asked: Asked, now: datetime) -> Tried:
    """Render and judge; nothing is written. NotFound for a person or app that there is not, NoText with the place."""
    tenant_id = TenantId(me.tenant_id)
    tenant = await tenancy_store.get_tenant(session, tenant_id)
    app = None if asked.app_id is None else await tenancy_store.get_row(session, tenant_id, App, asked.app_id)
    round_ = await _round(session, tenant_id, senders, asked, now)
    reach, device = _whom(round_, asked)
    spoken = reach.language if reach is not None else None
    language = asked.locale or spoken or (None if device is None else device.language)
    chain = locale_chain(language, None if app is None else app.default_language, tenant.default_language)
    chosen = choose_text(asked.texts, chain)
    title, body = (asked.title, asked.body) if chosen is None else chosen[1]
    variables = await _variables(session, tenant_id, asked, reach, device)
    text, email, blank = _render(title, body, asked, variables)
    waiting = _waiting(asked, reach, device, text, email, now)
    found = None if reach is None and device is None else round_.try_channel(asked.channel, waiting)
    letter = None
    if asked.channel is MessageChannel.EMAIL:
        letter = _letter(round_, waiting, language or tenant.default_language, tenant.name)
    blockers = found if isinstance(found, tuple) else ()
    if isinstance(found, Misconfigured):
        blockers = (Blocker.NO_SENDER,)
    flight = found if isinstance(found, Flight) else None
    return Tried(waiting, text, chosen and chosen[0], letter, in_order(blockers), blank, flight)


async def start_test(session: Session, me: Principal, senders: Senders, asked: Asked, now: datetime) -> Tried:
    """The same for a message that goes out now; TestRefused says why it does not. Audited.

    What waits inside an app or a page is written here, to be placed by the worker; the caller sends the rest itself.
    """
    tried = await try_out(session, me, senders, asked, now)
    if tried.blank is not None:
        raise NoText(tried.blank)
    if tried.flight is None:
        reason = str(tried.blockers[0]) if tried.blockers else "no_address"
        raise TestRefused(f"it would not be sent: {reason}", reason=reason)
    person = asked.profile_id or asked.device_id
    await audit(session, me, "message.test", person or me.id, now)
    if asked.channel in (MessageChannel.INBOX, MessageChannel.WEB_CARD):
        ids = await enqueue(session, TenantId(me.tenant_id), [_draft(asked, tried)], now)
        return replace(tried, waiting=replace(tried.waiting, id=ids[0]))
    return tried


async def _round(session: Session, tenant_id: TenantId, senders: Senders, asked: Asked, now: datetime) -> Round:
    tenant = await tenancy_store.get_tenant(session, tenant_id)
    policy = Policy(tenant.timezone, _NEVER, _NEVER, tenant.sending_stopped, tenant.is_demo)
    ids = [] if asked.device_id is None else [asked.device_id]
    recipients = await profiles_store.list_recipients(session, tenant_id, ids)
    people = {d.profile_id for d in recipients.values() if d.profile_id} | {asked.profile_id} - {None}
    named = [id_ for id_ in people if id_ is not None]
    reaches = await profiles_store.list_reaches(session, tenant_id, named) if named else {}
    apps = {d.app_id for d in recipients.values()} | {d.app_id for r in reaches.values() for d in r.devices}
    own = await senders.load(session, tenant_id, apps)
    mailers = await senders.load_mail(session, tenant_id, [] if asked.store_id is None else [asked.store_id])
    if asked.app_id is not None:
        mailers = [m for m in mailers if m.app_id == asked.app_id] or mailers
    phones = None
    if asked.channel in PHONE_CHANNELS:
        stores = set() if asked.store_id is None else {asked.store_id}
        phones = await load_phones(session, tenant_id, senders.phones, stores, policy, reaches.values(), now)
    return Round(tenant_id, policy, now, senders, recipients, reaches, own, mailers, phones)


def _whom(round_: Round, asked: Asked) -> tuple[Reach | None, Recipient | None]:
    device = None if asked.device_id is None else round_.recipients.get(asked.device_id)
    if asked.device_id is not None and device is None:
        raise errors.NotFound(f"device {asked.device_id} does not exist")
    profile_id = asked.profile_id if device is None else device.profile_id
    reach = None if profile_id is None else round_.reaches.get(profile_id)
    if asked.profile_id is not None and reach is None:
        raise errors.NotFound(f"profile {asked.profile_id} does not exist")
    return reach, device


async def _variables(
    session: Session, tenant_id: TenantId, asked: Asked, reach: Reach | None, device: Recipient | None
) -> dict[str, Any]:
    """What is known, with what the caller says in its place."""
    first_name: str | None = SAMPLE_NAME if reach is None and device is None else None
    traits: Mapping[str, Any] = {}
    if reach is not None and may_name(reach):
        first_name, traits = reach.first_name, reach.attributes
    store_name = None
    if asked.store_id is not None:
        store_name = (await venues_store.get_row(session, tenant_id, Store, asked.store_id)).name
    variables = Values(first_name=first_name, profile=traits, store=store_name).as_variables()
    for name, value in asked.values.items():
        if name in variables:
            known = variables[name]
            variables[name] = {**known, **value} if isinstance(known, dict) and isinstance(value, dict) else value
        elif name in OF_CAMPAIGNS:
            variables[name] = value
    return variables


def _render(
    title: str, body: str, asked: Asked, variables: Mapping[str, Any]
) -> tuple[Text, EmailContent | None, str | None]:
    blank = None
    try:
        render_message(title, body, variables, strict=True)
        if asked.email is not None:
            render_email(asked.email, variables, strict=True)
    except Blank as error:
        blank = str(error)
    except TextError as error:
        raise NoText(str(error), part=error.part) from error
    try:
        email = None if asked.email is None else render_email(asked.email, variables)
        return render_message(title, body, variables), email, blank if asked.strict else None
    except TextError as error:
        raise NoText(str(error), part=error.part) from error


def _waiting(
    asked: Asked, reach: Reach | None, device: Recipient | None, text: Text, email: EmailContent | None, now: datetime
) -> Waiting:
    id_ = new_id(now)
    person_id = reach.profile_id if reach is not None else device.person_id if device is not None else id_
    return Waiting(
        id=id_,
        device_id=None if device is None else device.device_id,
        person_id=person_id,
        campaign_id=None,
        store_id=asked.store_id,
        zone_id=None,
        purpose=asked.purpose.value,
        title=text.title,
        body=text.body,
        data={"test": "true"},
        push=asked.push,
        collapse_key="test-message",
        timezone=None,
        status=Status.QUEUED,
        attempts=0,
        expires_at=now + LIVES,
        closed_gates=(),
        visit_ended=False,
        channels=(asked.channel,),
        email=email,
    )


def _letter(round_: Round, waiting: Waiting, language: str, sender: str) -> Letter:
    """The e-mail as it would look; an app without a mail server shows what it would wear."""
    mailer = round_.mailer_of(waiting)
    if mailer is None:
        nobody = SmtpAccount("", 0, TlsMode.TLS, None, None, "preview@example.com", sender, None, 0)
        mailer = Mailer(round_.tenant_id, None, PREVIEW, nobody, BrandKit(), language)
    return write_letter(
        waiting, mailer, "reader@example.com", language, round_.unsubscribe_url(waiting), round_.senders.key
    )


def _draft(asked: Asked, tried: Tried) -> Draft:
    waiting = tried.waiting
    return Draft(
        device_id=waiting.device_id,
        person_id=waiting.person_id,
        campaign_id=None,
        store_id=waiting.store_id,
        purpose=waiting.purpose,
        title=waiting.title,
        body=waiting.body,
        push=waiting.push,
        channels=(asked.channel,),
        card=asked.card,
        collapse_key=waiting.collapse_key,
        expires_at=waiting.expires_at,
        step="test",
        occurrence=waiting.id,
    )
