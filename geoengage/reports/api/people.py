"""HTTP of finding people: by whatever a customer says of themselves, and whom one has looked up lately.

What is shown of a real person before somebody has said why they look is masked (`profiles.rules.masks`).
"""

from datetime import datetime
from typing import Annotated
from uuid import UUID

from fastapi import APIRouter, Query
from pydantic import AwareDatetime, Field

from geoengage.kit import errors
from geoengage.kit.http import PROBLEMS, Now, Tx
from geoengage.kit.ids import TenantId
from geoengage.kit.shapes import Shape
from geoengage.profiles.rules import masked_name, masked_value
from geoengage.reports import store
from geoengage.reports.rules.people import SHORTEST, read_query
from geoengage.reports.store import Found
from geoengage.tenancy.auth import ProfileReader
from geoengage.tenancy.rules import Principal, PrincipalKind

router = APIRouter(tags=["people"], responses=PROBLEMS)
RECENT = 12


class FoundPerson(Shape):
    """Somebody who may be meant."""

    profile_id: UUID = Field(description="The person.")
    name: str | None = Field(description="Their name; null when none is known.")
    masked: bool = Field(description="Name and match are shortened: no reason was given yet to look at them.")
    matched_kind: str | None = Field(
        description="By what they were found: a kind of id, `name`, `order`, `device` or `profile`."
    )
    matched: str | None = Field(description="The id or number that was found.")
    opened_at: AwareDatetime | None = Field(description="When you have looked at them last.")


class PeopleOut(Shape):
    """People who may be meant."""

    items: list[FoundPerson] = Field(description="The surest first.")
    more: bool = Field(description="There are more: ask for more of the name or id.")


@router.get("/v1/people/search")
async def search_people(
    me: ProfileReader,
    tx: Tx,
    now: Now,
    q: Annotated[
        str,
        Query(
            max_length=200,
            description="A name, e-mail address, phone number (in any writing, or its last digits), loyalty card, your"
            " customer id, an order's number, a device or profile id; whole or in part.",
        ),
    ],
    limit: Annotated[int, Query(ge=1, le=50, description="Most items in the answer.")] = 20,
) -> PeopleOut:
    """Find people. A credential that is restricted to stores finds their customers, and orders of these stores."""
    wanted = read_query(q)
    if wanted is None:
        detail = f"type at least {SHORTEST} characters"
        raise errors.ItemErrors([{"pointer": "q", "in": "query", "detail": detail}])
    found = await store.search(tx, TenantId(me.tenant_id), wanted, me.id, me.store_ids, limit + 1)
    return PeopleOut(items=[_person(me, one, now) for one in found[:limit]], more=len(found) > limit)


@router.get("/v1/people/recent")
async def list_recent_people(me: ProfileReader, tx: Tx, now: Now) -> PeopleOut:
    """Whom you have looked up in the last thirty days, the last one first, at most twelve."""
    found = await store.list_recent(tx, TenantId(me.tenant_id), me.id, me.store_ids, RECENT)
    return PeopleOut(items=[_person(me, one, now) for one in found], more=False)


def _person(me: Principal, one: Found, now: datetime) -> FoundPerson:
    """As answer; a program with the scope sees what it asks for."""
    is_open = me.is_demo or me.kind is PrincipalKind.SECRET_KEY or (one.open_until is not None and one.open_until > now)
    hidden = not is_open
    value = one.value
    if hidden and value is not None and one.kind not in ("order", "device", "profile"):
        value = masked_value(one.kind or "", value)
    return FoundPerson(
        profile_id=one.profile_id,
        name=masked_name(one.name) if hidden and one.name else one.name,
        masked=hidden,
        matched_kind=one.kind,
        matched=value,
        opened_at=one.opened_at,
    )
