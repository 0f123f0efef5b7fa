"""HTTP of trying a text: as one person would get it on one channel, and a test message there."""

import time
from typing import Annotated, Any, Literal
from uuid import UUID

from fastapi import APIRouter, Request
from pydantic import Field, StringConstraints, model_validator

from geoengage.kit import errors
from geoengage.kit.db import transaction
from geoengage.kit.http import CONFLICT, PROBLEMS, Now, Problem
from geoengage.kit.shapes import Shape
from geoengage.messaging import service
from geoengage.messaging.api.senders import told
from geoengage.messaging.letters import write_html, write_text
from geoengage.messaging.recording import push_of
from geoengage.messaging.rules import (
    Attempt,
    Blocker,
    CardContent,
    CardPosition,
    EmailContent,
    MessageChannel,
    Purpose,
    PushOptions,
    Row,
    https_flaw,
    link_flaw,
    sms,
)
from geoengage.messaging.rules.phone import Note, whole_text
from geoengage.messaging.senders import open_senders
from geoengage.messaging.service.trying import Asked, Tried
from geoengage.tenancy.auth import CampaignEditor
from geoengage.tenancy.rules import Principal, Scope

router = APIRouter(tags=["messages"], responses=PROBLEMS)
_LIMITED: dict[int | str, dict[str, Any]] = {429: {"model": Problem, "description": "Too many attempts; wait."}}
Words = Annotated[str, StringConstraints(strip_whitespace=True, min_length=1, max_length=4000)]
Tag = Annotated[str, StringConstraints(pattern=r"^[A-Za-z]{2,3}([-_][A-Za-z0-9]{2,8})*$")]


class LocalText(Shape):
    """A message's text in one language; Liquid."""

    title: Words = Field(description="First line, or an e-mail's subject.")
    body: Words = Field(description="Text.")


class EmailRow(Shape):
    """A line of a table."""

    label: str = Field(max_length=200, description="What.")
    value: str = Field(max_length=60, description="How much.")


class EmailPart(Shape):
    """What an e-mail says beyond title and text; Liquid."""

    subject: Words | None = Field(default=None, description="In the place of the title.")
    preheader: Words | None = Field(default=None, description="What a list of e-mails shows beside the subject.")
    text: str | None = Field(
        default=None, max_length=20_000, description="In the place of the body; empty lines part paragraphs."
    )
    button: Words | None = Field(default=None, description="Words on the button that leads to the link.")
    rows: list[EmailRow] = Field(default=[], max_length=100, description="A table; its last line is the sum.")


class CardPart(Shape):
    """What a web card says beyond title and text."""

    position: CardPosition = Field(default=CardPosition.CORNER, description="Where the page shows it.")
    button: str | None = Field(default=None, max_length=60, description="Words on its button.")


class MessagePreviewIn(LocalText):
    """A text, and as whom to see it on which channel."""

    channel: MessageChannel = Field(default=MessageChannel.PUSH, description="On which channel.")
    texts: dict[Tag, LocalText] = Field(
        default={}, max_length=50, description="By language; the person's, then the app's, then the tenant's is taken."
    )
    email: EmailPart | None = Field(default=None, description="What an e-mail says beyond that.")
    card: CardPart | None = Field(default=None, description="What a card says beyond that.")
    link: str | None = Field(default=None, max_length=500, description="Where it leads: https or the app's own scheme.")
    image_url: str | None = Field(default=None, max_length=500, description="https picture.")
    app_id: UUID | None = Field(default=None, description="As this app sends it.")
    store_id: UUID | None = Field(default=None, description="The store that speaks; null: the tenant.")
    profile_id: UUID | None = Field(default=None, description="As this person; needs the right `people`.")
    device_id: UUID | None = Field(default=None, description="As who uses this device; needs the right `people`.")
    locale: Tag | None = Field(default=None, description="In this language; null: the person's.")
    purpose: Purpose = Field(default=Purpose.MARKETING, description="What the message is for.")
    strict: bool = Field(default=True, description="Say what would be a hole in the text.")
    values: dict[str, Any] = Field(
        default={},
        max_length=20,
        description="What the text may use, e.g. `offer`, `zone`, `recommendations`, `trigger`, `content`.",
    )

    @model_validator(mode="after")
    def _check(self) -> "MessagePreviewIn":
        if self.profile_id is not None and self.device_id is not None:
            raise ValueError("give profile_id or device_id, not both")
        if self.link is not None and (flaw := link_flaw(self.link)) is not None:
            raise ValueError(f"link {flaw}")
        if self.image_url is not None and (flaw := https_flaw(self.image_url)) is not None:
            raise ValueError(f"image_url {flaw}")
        return self


class MessagePreviewOut(Shape):
    """The text as that person would get it."""

    channel: MessageChannel = Field(description="On which channel.")
    locale: str | None = Field(description="Which of `texts` was taken; null: `title` and `body`.")
    title: str = Field(description="As rendered; an e-mail's subject.")
    body: str = Field(description="As rendered.")
    html: str | None = Field(description="An e-mail as a page of its own; show it in a sandboxed frame.")
    text: str | None = Field(description="An e-mail for who reads no HTML.")
    warnings: list[str] = Field(description="What was cut or is empty.")
    segments: int | None = Field(description="How many SMS it is, each paid; null for other channels.")
    blank: str | None = Field(description="With `strict`: the hole because of which it would not be sent.")
    blocked_by: list[Blocker] = Field(description="What would keep it from this person now; empty for a sample person.")


class MessageTestIn(MessagePreviewIn):
    """A text to be sent to one person now, as a test."""

    @model_validator(mode="after")
    def _check_person(self) -> "MessageTestIn":
        if self.profile_id is None and self.device_id is None:
            raise ValueError("say to whom: profile_id or device_id")
        return self


class MessageTestOut(Shape):
    """What became of it."""

    message_id: UUID = Field(description="Of the test; only one in the inbox or on a card is listed.")
    status: Literal["sent", "queued", "failed", "misconfigured", "unknown"] = Field(
        description="`queued`: it is placed within a second."
    )
    channel: str = Field(description="How it went.")
    reason: str | None = Field(description="The same word as for messages; null when it was sent.")
    answer: str = Field(description="What the provider said.")
    took_ms: int = Field(description="How long its answer took, milliseconds.")


@router.post("/v1/messages/preview")
async def preview_message(body: MessagePreviewIn, request: Request, me: CampaignEditor, now: Now) -> MessagePreviewOut:
    """Show a text as one person would get it on one channel, and what would keep it from them. Sends nothing."""
    _check_caller(body, me)
    state = request.app.state
    async with (
        open_senders(state.settings, lambda: now) as senders,
        transaction(state.sessions, me.tenant_id) as session,
    ):
        tried = await service.try_out(session, me, senders, _asked(body), now)
    return _shown(body, tried)


@router.post("/v1/messages/test", responses={**CONFLICT, **_LIMITED})
async def send_test_message(body: MessageTestIn, request: Request, me: CampaignEditor, now: Now) -> MessageTestOut:
    """Send a text to one person on one channel now, the way messages go, and say what came back.

    They must have agreed, as to any message; quiet hours and caps do not apply, and no report counts it. 10 a minute.
    """
    _check_caller(body, me)
    state = request.app.state
    state.provider_limit.spend(f"test message {me.tenant_id}", now)
    async with open_senders(state.settings, lambda: now) as senders:
        async with transaction(state.sessions, me.tenant_id) as session:
            tried = await service.start_test(session, me, senders, _asked(body), now)
        flight, started = tried.flight, time.perf_counter()
        if flight is None or body.channel in (MessageChannel.INBOX, MessageChannel.WEB_CARD):
            return MessageTestOut(
                message_id=tried.waiting.id, status="queued", channel=body.channel, reason=None, answer="", took_ms=0
            )
        attempt = Attempt(1, now, tried.waiting.expires_at, base_s=1.0, jitter=0.0)
        outcome = await flight.sender.channel.send(push_of(flight), attempt)
    took_ms = round((time.perf_counter() - started) * 1000)
    status, reason, answer = told(outcome)
    name = flight.sender.channel.name
    return MessageTestOut(
        message_id=tried.waiting.id, status=status, channel=name, reason=reason, answer=answer, took_ms=took_ms
    )


def _check_caller(body: MessagePreviewIn, me: Principal) -> None:
    """Who may not see people may not see a text with their name in it."""
    if (body.profile_id or body.device_id) and not me.may(Scope.PEOPLE):
        raise errors.Forbidden("as a person needs the scope or role right 'people'", needs=Scope.PEOPLE.value)
    if not me.sees_store(body.store_id):
        raise errors.NotFound(f"store {body.store_id} does not exist")


def _asked(body: MessagePreviewIn) -> Asked:
    email = body.email
    return Asked(
        channel=body.channel,
        title=body.title,
        body=body.body,
        texts={tag: (text.title, text.body) for tag, text in body.texts.items()},
        email=None
        if email is None
        else EmailContent(
            email.subject, email.preheader, email.text, email.button, tuple(Row(r.label, r.value) for r in email.rows)
        ),
        card=None if body.card is None else CardContent(body.card.position, body.card.button),
        push=PushOptions(link=body.link, image_url=body.image_url),
        app_id=body.app_id,
        store_id=body.store_id,
        profile_id=body.profile_id,
        device_id=body.device_id,
        locale=body.locale,
        purpose=body.purpose,
        strict=body.strict,
        values=body.values,
    )


def _segments(tried: Tried) -> int:
    """As it goes to that person; to a sample person without the line that says how to stop."""
    note = tried.flight.note if tried.flight is not None else None
    plain = Note(to="", text=whole_text(tried.text.title, tried.text.body), purpose="", link=tried.waiting.push.link)
    return sms.segments(sms.text_of(note or plain)).count


def _shown(body: MessagePreviewIn, tried: Tried) -> MessagePreviewOut:
    letter = tried.letter
    return MessagePreviewOut(
        channel=body.channel,
        locale=tried.locale,
        title=tried.text.title if letter is None else letter.subject,
        body=tried.text.body,
        html=None if letter is None else write_html(letter),
        text=None if letter is None else write_text(letter),
        warnings=list(tried.text.warnings),
        segments=_segments(tried) if body.channel is MessageChannel.SMS else None,
        blank=tried.blank,
        blocked_by=list(tried.blockers),
    )
