"""The Firebase accounts of apps: put, checked, removed; and one message to one phone, to try it all.

No provider is called here: what a check or a test push found is handed in and written down.
"""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

from geoengage.kit import errors, sealed
from geoengage.kit.db import Session
from geoengage.kit.ids import TenantId, new_id
from geoengage.messaging import recording, store
from geoengage.messaging.channels import Push
from geoengage.messaging.models import FirebaseSender
from geoengage.messaging.rules import (
    Blocker,
    Check,
    Failed,
    Outcome,
    Route,
    SenderStatus,
    kept_members,
    service_account_flaws,
    test_push_blockers,
)
from geoengage.messaging.sender import Sender
from geoengage.messaging.senders import Senders, account_about
from geoengage.profiles import store as profiles_store
from geoengage.profiles.rules import Recipient
from geoengage.tenancy import store as tenancy_store
from geoengage.tenancy.models import App
from geoengage.tenancy.rules import Principal, actor_name

TEST_PUSH_LIVES = timedelta(minutes=5)
_PLATFORMS = ("android", "ios", "web")


class NoSender(errors.NotFound):
    """The app has no Firebase project of its own."""

    code = "no-sender"
    title = "The app has no Firebase project of its own"


class TestPushRefused(errors.Conflict):
    """This device cannot be sent a test now; `reason` is the same word as in the reasons of messages."""

    code = "test-push-refused"
    title = "This device gets no test push"


async def put_account(
    session: Session,
    me: Principal,
    app_id: UUID,
    account: Mapping[str, Any],
    *,
    sealing_keys: sealed.Keys,
    token_uri: str,
    now: datetime,
) -> FirebaseSender:
    """Store an app's service account, encrypted, in the place of the one it had. ItemErrors names each wrong member."""
    tenant_id = TenantId(me.tenant_id)
    await tenancy_store.get_row(session, tenant_id, App, app_id)
    flaws = service_account_flaws(account, token_uri)
    if flaws:
        at = "#/service_account/"
        raise errors.ItemErrors([{"pointer": at + name, "in": "body", "detail": flaw} for name, flaw in flaws.items()])
    secret = json.dumps(kept_members(account, token_uri)).encode()
    sender = FirebaseSender(
        app_id=app_id,
        revision=new_id(now),
        project_id=account["project_id"],
        client_email=account["client_email"],
        sealed=sealed.seal(sealing_keys, account_about(tenant_id, app_id), secret),
        status=SenderStatus.UNCHECKED,
        since=now,
    )
    await store.upsert_firebase_sender(session, tenant_id, sender)
    await store.lift_pauses(session, tenant_id, app_id)
    await _audit(session, me, "firebase.put", app_id, f"project {sender.project_id}", now)
    return sender


async def get_account(session: Session, tenant_id: TenantId, app_id: UUID) -> FirebaseSender:
    """An app's own sender; NotFound when there is no such app, NoSender when it has none."""
    await tenancy_store.get_row(session, tenant_id, App, app_id)
    sender = await store.find_firebase_sender(session, tenant_id, app_id)
    if sender is None:
        raise NoSender("put a service account first; until then the app uses the installation's, if there is one")
    return sender


async def remove_account(session: Session, me: Principal, app_id: UUID, now: datetime) -> None:
    """Forget an app's service account. Idempotent."""
    tenant_id = TenantId(me.tenant_id)
    await tenancy_store.get_row(session, tenant_id, App, app_id)
    if await store.delete_firebase_sender(session, tenant_id, app_id):
        await store.lift_pauses(session, tenant_id, app_id)
        await _audit(session, me, "firebase.delete", app_id, None, now)


async def find_paused_until(
    session: Session, tenant_id: TenantId, sender: FirebaseSender, now: datetime
) -> datetime | None:
    """Until when an app's messages, or those to one platform, wait; None when they do not."""
    account = f"account:{sender.app_id}"
    names = [account, *(f"{account}/{platform}" for platform in _PLATFORMS), f"project:{sender.project_id}"]
    pauses = await store.list_pauses(session, tenant_id, [Route(tenant_id, name) for name in names], now)
    return max((pause.until for pause in pauses.values()), default=None)


async def note_check(
    session: Session, tenant_id: TenantId, app_id: UUID, revision: UUID, found: Check, now: datetime
) -> None:
    """Write down what a check found. One that works lets what waits go at once."""
    detail = None if found.status is SenderStatus.WORKS else found.words
    await store.set_sender_status(session, tenant_id, app_id, revision, found.status, detail, now)
    if found.status is SenderStatus.WORKS:
        await store.lift_pauses(session, tenant_id, app_id)


# --- a test push -------------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class TestPush:
    """One message to one phone, ready to go."""

    push: Push
    sender: Sender
    recipient: Recipient


async def start_test_push(
    session: Session,
    me: Principal,
    senders: Senders,
    app_id: UUID,
    device_id: UUID,
    words: tuple[str | None, str | None],
    now: datetime,
) -> TestPush:
    """What would go to this device of this app, and how; TestPushRefused says why nothing may. Audited.

    `words`: title and body; None for ours.
    """
    tenant_id = TenantId(me.tenant_id)
    app = await tenancy_store.get_row(session, tenant_id, App, app_id)
    tenant = await tenancy_store.get_tenant(session, tenant_id)
    recipient = (await profiles_store.list_recipients(session, tenant_id, [device_id])).get(device_id)
    if recipient is None or recipient.app_id != app_id:
        raise errors.NotFound(f"this app has no device {device_id}")
    own = await senders.load(session, tenant_id, [app_id])
    sender = senders.pick(recipient, own, is_test_push=True)
    blockers = test_push_blockers(
        recipient,
        is_demo=tenant.is_demo,
        stopped=tenant.sending_stopped,
        needs_address=sender.channel.needs_address,
    )
    if blockers:
        raise TestPushRefused(_WHY.get(blockers[0], str(blockers[0])), reason=str(blockers[0]))
    await _audit(session, me, "device.test_push", device_id, None, now)
    id_ = new_id(now)
    title, body = words
    push = Push(
        message_id=id_,
        campaign_id=None,
        title=title or f"Test from {app.name}",
        body=body or "If you can read this, messages reach this phone.",
        data={"message_id": str(id_), "test": "true"},
        collapse_key="test-push",
        expires_at=now + TEST_PUSH_LIVES,
        platform=recipient.platform,
        address=recipient.push_address,
        address_kind=recipient.push_kind,
    )
    return TestPush(push, sender, recipient)


_WHY = {
    Blocker.NO_CONSENT: "its user has not agreed to pushes; a test goes to people who have, and to test devices",
    Blocker.SUPPRESSED: "nothing is sent to this person",
    Blocker.SENDING_STOPPED: "all sending is stopped; resume it first",
    Blocker.NO_ADDRESS: "no push address is known of it, or the provider refused the last one: open the app on the"
    " phone, allow notifications, and have it send its address with PATCH /v1/devices/me",
}


async def note_test_push(
    session: Session, tenant_id: TenantId, sent: TestPush, outcome: Outcome, now: datetime
) -> None:
    """Write down what the answer says of the address and of the app's credentials."""
    own, proof = sent.sender.own, recording.status_after(outcome)
    if own is not None and proof is not None:
        await store.set_sender_status(session, tenant_id, own.owner_id, own.revision, *proof, now)
    if isinstance(outcome, Failed) and outcome.retire_address and sent.push.address is not None:
        device_id = sent.recipient.device_id
        await profiles_store.retire_address(session, tenant_id, device_id, sent.push.address, outcome.reason, now)


async def _audit(
    session: Session, me: Principal, action: str, subject: UUID, reason: str | None, now: datetime
) -> None:
    await tenancy_store.insert_audit_entry(
        session,
        TenantId(me.tenant_id),
        actor=actor_name(me),
        action=action,
        subject=str(subject),
        reason=reason,
        now=now,
    )
