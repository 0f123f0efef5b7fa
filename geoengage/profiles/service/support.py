"""Looking at one person, with a reason; and notes about them.

Simulated people and test people need no reason. A secret key stands for a program, which was given its scope for good:
it needs a reason for the places where somebody was only.
"""

from datetime import datetime, timedelta
from uuid import UUID

from geoengage.kit import errors
from geoengage.kit.db import Session
from geoengage.kit.ids import TenantId
from geoengage.profiles import store
from geoengage.profiles.models import Note, PersonAccess
from geoengage.profiles.store import Subject
from geoengage.tenancy import store as tenancy
from geoengage.tenancy.rules import Principal, PrincipalKind, actor_name

OPEN_FOR = timedelta(minutes=30)  # as long as a call with a customer lasts, and no longer


class ReasonNeeded(errors.Forbidden):
    """Somebody looks at a real person without having said why."""

    code = "reason-needed"
    title = "Say why you look at this person"


def needs_reason(me: Principal, subject: Subject) -> bool:
    """Whether this caller has to say why, to see this person."""
    return not (me.is_demo or subject.is_test)


async def open_person(session: Session, me: Principal, subject: Subject, reason: str | None, now: datetime) -> datetime:
    """Let the caller look at a person for half an hour, and put who and why into the audit log; until when.

    Raises ItemErrors when a reason is needed and none was given.
    """
    if needs_reason(me, subject):
        if not reason:
            raise errors.field("reason", "say why you look at this person; it is kept in the audit log")
        await tenancy.insert_audit_entry(
            session,
            TenantId(me.tenant_id),
            actor=actor_name(me),
            action="person.open",
            subject=str(subject.profile_id),
            reason=reason,
            now=now,
        )
    until = now + OPEN_FOR
    access = {"actor_id": me.id, "identifier_id": subject.identifier_id, "reason": reason}
    await store.upsert_access(session, TenantId(me.tenant_id), access | {"opened_at": now, "until": until})
    return until


async def check_open(session: Session, me: Principal, subject: Subject, reason: str | None, now: datetime) -> None:
    """Raise ReasonNeeded unless the caller may see this person now; a `reason` that comes along opens."""
    if not needs_reason(me, subject):
        return
    if reason:
        await open_person(session, me, subject, reason, now)
        return
    if me.kind is PrincipalKind.SECRET_KEY:
        return
    if await find_open(session, me, subject.profile_id, now) is None:
        raise ReasonNeeded(
            "this is a real person: say why you look at them (POST /v1/profiles/{id}/access, or the parameter reason)"
        )


async def get_open(
    session: Session, me: Principal, profile_id: UUID, now: datetime, reason: str | None = None
) -> Subject:
    """The person, if the caller may see them now.

    NotFound when they are nobody or no customer of the caller's stores, ReasonNeeded when no reason was given; one that
    comes along opens.
    """
    subject = await store.get_subject(session, TenantId(me.tenant_id), profile_id, me.store_ids)
    await check_open(session, me, subject, reason, now)
    return subject


async def find_open(session: Session, me: Principal, profile_id: UUID, now: datetime) -> PersonAccess | None:
    """What lets the caller look at that person now, if they have said why."""
    return await store.find_access(session, TenantId(me.tenant_id), me.id, profile_id, now)


async def write_note(
    session: Session, me: Principal, subject: Subject, *, id_: UUID, store_id: UUID | None, text: str, now: datetime
) -> Note:
    """Keep what somebody writes about a person. NotFound for a store that is none of theirs."""
    if not me.sees_store(store_id):
        raise errors.field("store_id", "name one of your stores: your notes are for them")
    author = await tenancy.find_actor_name(session, TenantId(me.tenant_id), me.id)
    note = Note(
        id=id_, identifier_id=subject.identifier_id, store_id=store_id, author_id=me.id, author=author or "",
        text=text, version=1, created_at=now,
    )  # fmt: skip
    await store.insert_note(session, TenantId(me.tenant_id), note)
    return note


async def own_note(session: Session, me: Principal, note_id: UUID) -> Note:
    """A note that the caller wrote, locked. Forbidden for one that somebody else wrote."""
    note = await store.get_note(session, TenantId(me.tenant_id), note_id, me.store_ids, lock=True)
    if note.author_id != me.id:
        raise errors.Forbidden("only who wrote a note may change or delete it")
    return note
