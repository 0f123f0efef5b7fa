"""Request and answer shapes of static lists."""

from typing import Annotated
from uuid import UUID

from pydantic import AwareDatetime, Field, StringConstraints

from geoengage.kit.shapes import Name, Patch, Shape
from geoengage.segments.lists.rules import IdKind
from geoengage.segments.shapes import About, Hidden, People, PersonShort, SegmentUseOut

MOST_AT_ONCE = 10_000
MOST_REFUSED = 1_000
Value = Annotated[str, StringConstraints(min_length=1, max_length=255)]


class PeopleListIn(Shape):
    """A list to make; people are put on it afterwards."""

    name: Name = Field(description="What people call it.")
    description: About = Field(default="", description="What it is for, or where it comes from.")
    store_id: UUID | None = Field(
        default=None, description="Whose it is; null: the tenant's. With a restriction to stores one of them."
    )


class PeopleListPatch(Patch):
    """Changes of a list as a JSON merge patch."""

    name: Name | None = Field(default=None, description="What people call it.")
    description: About | None = Field(default=None, description="What it is for.")


class PeopleListOut(Shape):
    """A static list: people stay on it until somebody takes them off."""

    id: UUID = Field(description="Its id.")
    name: str = Field(description="What people call it.")
    description: str = Field(description="What it is for.")
    store_id: UUID | None = Field(description="Whose it is; null: the tenant's.")
    people: People
    hidden: Hidden
    version: int = Field(description="Rises with every edit of name and description; the ETag is `v` and this number.")
    created_at: AwareDatetime = Field(description="When it was made.")
    updated_at: AwareDatetime = Field(description="When it or who is on it changed last.")
    used_by: list[SegmentUseOut] = Field(description="Segments that name it; while there is one it is not deleted.")


class PeopleListPage(Shape):
    """A page of lists."""

    items: list[PeopleListOut] = Field(description="Lists, oldest first.")
    next: str | None = Field(description="Cursor of the next page; null at the end.")


class PersonIdIn(Shape):
    """Somebody by an id of theirs."""

    kind: IdKind = Field(description="The kind of id.")
    value: Value = Field(description="The id, written as you like.")


class ListChangeIn(Shape):
    """Whom to put on a list and whom to take off."""

    add: list[PersonIdIn] = Field(default=[], max_length=MOST_AT_ONCE, description="Put on; who is on it stays.")
    remove: list[PersonIdIn] = Field(default=[], max_length=MOST_AT_ONCE, description="Take off.")


class RefusedRow(Shape):
    """An id that was not taken."""

    row: int = Field(description="Its line in the file, from 1; of JSON its index in `add` and then `remove`, from 0.")
    value: str = Field(description="What stands there, cut to 120 characters.")
    detail: str = Field(description="What is wrong and what to do.")


class ListChangeOut(Shape):
    """What became of it. Rows that were refused change nothing about the others."""

    added: int = Field(description="People who are on it now and were not.")
    already: int = Field(description="Rows about people who were on it, or came twice.")
    removed: int = Field(description="People who were on it and are not any more.")
    refused: int = Field(description="Rows that were not taken.")
    errors: list[RefusedRow] = Field(description=f"These, at most {MOST_REFUSED:,} of them.")


class PersonOnList(PersonShort):
    """Somebody who is on a list."""

    since: AwareDatetime = Field(description="Since when.")


class PeopleOnListPage(Shape):
    """A page of the people on a list."""

    items: list[PersonOnList] = Field(description="People, in a lasting order.")
    next: str | None = Field(description="Cursor of the next page; null at the end.")
