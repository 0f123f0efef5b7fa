"""HTTP of senders: an app's own Firebase project, write-only, its state and check; a test push to one phone.

Providers are never called inside a transaction: read, send, write down.
"""

import time
from datetime import datetime
from typing import Annotated, Any, Literal, assert_never
from uuid import UUID

from fastapi import APIRouter, Request
from pydantic import AwareDatetime, Field, StringConstraints

from geoengage.kit.db import Session, transaction
from geoengage.kit.http import CONFLICT, PROBLEMS, Now, Problem, Tx
from geoengage.kit.ids import TenantId
from geoengage.kit.shapes import Shape
from geoengage.messaging import service
from geoengage.messaging.models import FirebaseSender
from geoengage.messaging.rules import (
    Attempt,
    CheckResult,
    Failed,
    Misconfigured,
    Outcome,
    SenderStatus,
    Sent,
    Skipped,
    Unknown,
)
from geoengage.messaging.senders import open_senders
from geoengage.tenancy.auth import Admin

router = APIRouter(tags=["senders"], responses=PROBLEMS)
_LIMITED: dict[int | str, dict[str, Any]] = {429: {"model": Problem, "description": "Too many attempts; wait."}}


class FirebaseIn(Shape):
    """A service account of the app's Firebase project."""

    service_account: dict[str, Any] = Field(
        max_length=30,
        description="The JSON file from the Firebase console (Project settings, Service accounts, Generate new private"
        " key), unchanged. Stored encrypted and never shown again.",
    )


class FirebaseOut(Shape):
    """The Firebase project of an app, without its secret."""

    project_id: str = Field(description="The Firebase project.")
    client_email: str = Field(description="The service account that sends.")
    status: SenderStatus = Field(
        description="`unchecked` until a check or the first message; then `works` or `fails`, by checks and by sending."
    )
    since: AwareDatetime = Field(description="Since when the status is what it is.")
    checked_at: AwareDatetime | None = Field(description="When Google's answer last told; null: never.")
    detail: str | None = Field(description="What is wrong, when it fails.")
    paused_until: AwareDatetime | None = Field(
        description="Messages wait until then, because Google refused the credentials or asked us to wait."
    )


class FirebaseCheckOut(FirebaseOut):
    """What a check found."""

    result: CheckResult = Field(
        description="`works`; `wrong_key`: Google does not know the key; `api_disabled`: switch on the Firebase Cloud"
        " Messaging API; `not_allowed`: the account lacks the role; `unreachable` and `busy` prove nothing."
    )
    words: str = Field(description="The same for people, with what to do.")
    answer: str = Field(description="What Google said.")


Words = Annotated[str, StringConstraints(strip_whitespace=True, min_length=1)]


class TestPushIn(Shape):
    """A message to try the way to one phone."""

    device_id: UUID = Field(description="A device of this app.")
    title: Words | None = Field(default=None, max_length=120, description="Left out: says that it is a test.")
    body: Words | None = Field(default=None, max_length=1000, description="Left out: says that it is a test.")


class TestPushOut(Shape):
    """What became of it."""

    message_id: UUID = Field(
        description="In the push's data. It is no message of a campaign: no list and no inbox has it."
    )
    status: Literal["sent", "failed", "misconfigured", "unknown"] = Field(
        description="`sent`: the provider took it; the phone may still not show it (notifications off, app stopped)."
    )
    channel: Literal["fcm", "webpush", "preview"] = Field(description="`preview`: no provider is set up for this app.")
    reason: str | None = Field(description="The same word as for messages; null when it was sent.")
    answer: str = Field(description="What the provider said.")
    took_ms: int = Field(description="How long its answer took, milliseconds.")


@router.put("/v1/apps/{app_id}/firebase")
async def put_firebase(app_id: UUID, body: FirebaseIn, request: Request, me: Admin, tx: Tx, now: Now) -> FirebaseOut:
    """Give an app its own Firebase project. Replaces the one it had; messages use it from the next one on.

    The account is stored encrypted and cannot be read back. Check it next.
    """
    state = request.app.state
    sender = await service.put_account(
        tx,
        me,
        app_id,
        body.service_account,
        sealing_keys=state.sealing_keys,
        token_uri=state.settings.fcm.token_uri,
        now=now,
    )
    return await _out(tx, me.tenant_id, sender, now)


@router.get("/v1/apps/{app_id}/firebase")
async def get_firebase(app_id: UUID, me: Admin, tx: Tx, now: Now) -> FirebaseOut:
    """The app's own Firebase project and whether it works. 404 while it uses the installation's."""
    return await _out(tx, me.tenant_id, await service.get_account(tx, me.tenant_id, app_id), now)


@router.delete("/v1/apps/{app_id}/firebase", status_code=204)
async def remove_firebase(app_id: UUID, me: Admin, tx: Tx, now: Now) -> None:
    """Forget the app's Firebase project; its messages go through the installation's, else to the preview inbox."""
    await service.remove_account(tx, me, app_id, now)


@router.post("/v1/apps/{app_id}/firebase/check", responses=_LIMITED)
async def check_firebase(app_id: UUID, request: Request, me: Admin, now: Now) -> FirebaseCheckOut:
    """Ask Google whether the credentials work, by a message that is validated and not sent. 10 a minute."""
    state = request.app.state
    state.provider_limit.spend(f"check {me.tenant_id}", now)
    async with transaction(state.sessions, me.tenant_id) as session:
        stored = await service.get_account(session, me.tenant_id, app_id)
    async with open_senders(state.settings, lambda: now) as senders:
        found = await senders.check(me.tenant_id, stored)
    async with transaction(state.sessions, me.tenant_id) as session:
        await service.note_check(session, me.tenant_id, app_id, stored.revision, found, now)
        shown = await _out(session, me.tenant_id, await service.get_account(session, me.tenant_id, app_id), now)
    return FirebaseCheckOut(**shown.model_dump(), result=found.result, words=found.words, answer=found.answer)


@router.post("/v1/apps/{app_id}/test-push", responses={**CONFLICT, **_LIMITED})
async def send_test_push(app_id: UUID, body: TestPushIn, request: Request, me: Admin, now: Now) -> TestPushOut:
    """Send one message to one phone now, the way the app's messages go, and say what the provider answered.

    Its user must have agreed to pushes, unless it is a test device or the tenant a demo. Quiet hours and caps do not
    apply; neither list nor report counts it; it is audited. 10 a minute.
    """
    state = request.app.state
    state.provider_limit.spend(f"test push {me.tenant_id}", now)
    async with open_senders(state.settings, lambda: now) as senders:
        async with transaction(state.sessions, me.tenant_id) as session:
            words = (body.title, body.body)
            ready = await service.start_test_push(session, me, senders, app_id, body.device_id, words, now)
        started = time.perf_counter()
        attempt = Attempt(1, now, ready.push.expires_at, base_s=1.0, jitter=0.0)
        outcome = await ready.sender.channel.send(ready.push, attempt)
        took_ms = round((time.perf_counter() - started) * 1000)
    async with transaction(state.sessions, me.tenant_id) as session:
        await service.note_test_push(session, me.tenant_id, ready, outcome, now)
    status, reason, answer = told(outcome)
    if ready.sender.channel.name == "preview":
        answer = "nothing left this server: neither the app nor the installation has a Firebase project"
    return TestPushOut(
        message_id=ready.push.message_id,
        status=status,
        channel=ready.sender.channel.name,
        reason=reason,
        answer=answer,
        took_ms=took_ms,
    )


async def _out(session: Session, tenant_id: TenantId, sender: FirebaseSender, now: datetime) -> FirebaseOut:
    paused_until = await service.find_paused_until(session, tenant_id, sender, now)
    names = [name for name in FirebaseOut.model_fields if name != "paused_until"]
    return FirebaseOut(**{name: getattr(sender, name) for name in names}, paused_until=paused_until)


def told(outcome: Outcome) -> tuple[Literal["sent", "failed", "misconfigured", "unknown"], str | None, str]:
    """Status, reason and answer as the API shows them."""
    match outcome:
        case Sent():
            return "sent", None, outcome.answer
        case Failed():
            return "failed", outcome.reason, outcome.answer
        case Misconfigured():
            return "misconfigured", outcome.what, outcome.answer
        case Unknown():
            return "unknown", outcome.reason, outcome.answer
        case Skipped():  # channels never skip
            return "failed", str(outcome.reason), str(outcome.reason)
        case _:
            assert_never(outcome)
