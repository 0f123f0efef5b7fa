"""HTTP of looking at one person with a reason, and of notes about them."""

from typing import Annotated
from uuid import UUID

from fastapi import APIRouter, Response
from pydantic import AwareDatetime, Field, StringConstraints

from geoengage.kit.http import EDIT, PROBLEMS, IfMatch, NewId, Now, Paging, Tx, check_version, etag
from geoengage.kit.ids import TenantId
from geoengage.kit.shapes import Shape
from geoengage.profiles import service, store
from geoengage.profiles.models import MOST_NOTE, Note
from geoengage.tenancy.auth import ProfileReader
from geoengage.tenancy.rules import Principal

router = APIRouter(tags=["people"], responses=PROBLEMS)
ReasonText = Annotated[str, StringConstraints(strip_whitespace=True, min_length=3, max_length=300)]
NoteText = Annotated[str, StringConstraints(strip_whitespace=True, min_length=1, max_length=MOST_NOTE)]


class AccessIn(Shape):
    """Why somebody looks at a person."""

    reason: ReasonText | None = Field(
        default=None,
        description="In a few words, e.g. a ticket's number. Needed for real people. It is kept in the audit log, and"
        " the person gets to read it when they ask for their data.",
    )


class AccessOut(Shape):
    """Whether the caller may look at a person now."""

    profile_id: UUID = Field(description="The person; another id than asked for when the two were joined.")
    needed: bool = Field(description="A reason is needed; false for simulated and test people.")
    open: bool = Field(description="The caller may look at them now.")
    reason: str | None = Field(description="The reason that was given.")
    until: AwareDatetime | None = Field(description="When the reason has to be given again.")


@router.get("/v1/profiles/{profile_id}/access")
async def get_access(profile_id: UUID, me: ProfileReader, tx: Tx, now: Now) -> AccessOut:
    """Whether a reason is needed to look at this person, and whether you have given one in the last half hour."""
    subject = await store.get_subject(tx, TenantId(me.tenant_id), profile_id, me.store_ids)
    return await _access(tx, me, subject, now)


@router.post("/v1/profiles/{profile_id}/access")
async def open_access(profile_id: UUID, body: AccessIn, me: ProfileReader, tx: Tx, now: Now) -> AccessOut:
    """Say why you look at a person. It opens them to you for half an hour, and is kept in the audit log."""
    subject = await store.get_subject(tx, TenantId(me.tenant_id), profile_id, me.store_ids)
    await service.open_person(tx, me, subject, body.reason, now)
    return await _access(tx, me, subject, now)


async def _access(tx: Tx, me: Principal, subject: store.Subject, now: Now) -> AccessOut:
    found = await service.find_open(tx, me, subject.profile_id, now)
    needed = service.needs_reason(me, subject)
    return AccessOut(
        profile_id=subject.profile_id,
        needed=needed,
        open=found is not None or not needed,
        reason=None if found is None else found.reason,
        until=None if found is None else found.until,
    )


# --- notes --------------------------------------------------------------------------------------------------------


class NoteIn(Shape):
    """What somebody writes about a person."""

    text: NoteText = Field(description="The person gets to read it when they ask for their data.")
    store_id: UUID | None = Field(
        default=None,
        description="The store whose people read it; null: everybody of the tenant who may see the person.",
    )


class NotePatch(Shape):
    """Other words."""

    text: NoteText = Field(description="Instead of those before.")


class NoteOut(Shape):
    """A note."""

    id: UUID = Field(description="Its id.")
    store_id: UUID | None = Field(description="The store whose people read it; null: the whole tenant.")
    author: str = Field(description="Who wrote it, as they were called then.")
    mine: bool = Field(description="You wrote it, so you may change and delete it.")
    text: str = Field(description="The words.")
    version: int = Field(description="For If-Match.")
    created_at: AwareDatetime = Field(description="When it was written.")
    changed_at: AwareDatetime | None = Field(description="When it was changed last.")


class NotePage(Shape):
    """Notes about a person."""

    items: list[NoteOut] = Field(description="The newest first.")
    next: str | None = Field(description="`cursor` of the next page; null at the end.")


def _note(me: Principal, note: Note) -> NoteOut:
    names = ("id", "store_id", "author", "text", "version", "created_at", "changed_at")
    return NoteOut(**{name: getattr(note, name) for name in names}, mine=note.author_id == me.id)


@router.get("/v1/profiles/{profile_id}/notes")
async def list_notes(profile_id: UUID, me: ProfileReader, tx: Tx, now: Now, page: Paging) -> NotePage:
    """Notes about a person; a credential that is restricted to stores reads those of its stores."""
    tenant_id, subject = TenantId(me.tenant_id), await service.get_open(tx, me, profile_id, now)
    rows = await store.list_notes(tx, tenant_id, subject.profile_id, me.store_ids, page.after, page.limit + 1)
    items, after = page.cut(rows, lambda note: note.id)
    return NotePage(items=[_note(me, note) for note in items], next=after)


@router.post("/v1/profiles/{profile_id}/notes", status_code=201)
async def create_note(
    profile_id: UUID, body: NoteIn, me: ProfileReader, tx: Tx, now: Now, new: NewId, response: Response
) -> NoteOut:
    """Write a note about a person. A credential that is restricted to stores names one of them."""
    tenant_id, subject = TenantId(me.tenant_id), await service.get_open(tx, me, profile_id, now)
    if new.replayed:
        note = await store.get_note(tx, tenant_id, new.id, me.store_ids)
    else:
        note = await service.write_note(tx, me, subject, id_=new.id, store_id=body.store_id, text=body.text, now=now)
    response.headers["ETag"] = etag(note.version)
    return _note(me, note)


@router.patch("/v1/notes/{note_id}", responses=EDIT)
async def change_note(
    note_id: UUID, body: NotePatch, me: ProfileReader, tx: Tx, now: Now, seen: IfMatch, response: Response
) -> NoteOut:
    """Change a note of your own."""
    note = await service.own_note(tx, me, note_id)
    check_version(note.version, seen)
    note.text, note.version, note.changed_at = body.text, note.version + 1, now
    response.headers["ETag"] = etag(note.version)
    return _note(me, note)


@router.delete("/v1/notes/{note_id}", status_code=204)
async def delete_note(note_id: UUID, me: ProfileReader, tx: Tx) -> None:
    """Delete a note of your own."""
    note = await service.own_note(tx, me, note_id)
    await store.delete_note(tx, TenantId(me.tenant_id), note)
