"""People of many ids, their orders and carts, as tests of the support view need them."""

from collections.abc import Mapping, Sequence
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID

from geoengage.commerce import service as commerce
from geoengage.commerce.models import Cart, CartLine
from geoengage.commerce.rules import Line, OrderIn
from geoengage.kit.db import Session
from geoengage.kit.ids import new_id
from geoengage.profiles import service as profiles
from geoengage.profiles.rules import Id, Kind, Proof
from geoengage.profiles.service import Resolved
from geoengage.tenancy import service as tenancy
from geoengage.tenancy.auth import COOKIE
from geoengage.tenancy.models import Operator
from tests.factories import World

NOON = datetime.now(UTC).replace(hour=11, minute=0, second=0, microsecond=0) - timedelta(days=1)


async def sign_in(session: Session, world: World, role: str, owner_id: UUID | None = None) -> dict[str, str]:
    """The headers of an operator's browser, logged in to the console."""
    id_ = new_id()
    row = Operator(
        tenant_id=world.tenant_id, id=id_, email=f"{role}@example.com", name=role.title(), role=role, owner_id=owner_id,
        password_hash="none",
    )  # fmt: skip
    session.add(row)
    await session.flush()
    cookie = await tenancy.open_session(session, world.tenant_id, id_, datetime.now(UTC))
    await session.commit()
    return {"Cookie": f"{COOKIE}={cookie}", "Origin": "http://testserver"}


async def make_person(
    session: Session, world: World, ids: Mapping[str, str], *, stores: Sequence[UUID] = (), **traits: Any
) -> Resolved:
    """Somebody with these ids (normalised) and traits, a customer of these stores."""
    found = await profiles.resolve(
        session, world.tenant_id, [Id(Kind(kind), value) for kind, value in ids.items()], proof=Proof.LINK,
        source="test", at=NOON, now=NOON,
    )  # fmt: skip
    if traits:
        await profiles.set_traits(
            session, world.tenant_id, found.identifier_id, traits, source="crm", at=NOON, proof=Proof.LINK, now=NOON
        )
    pairs = [(store_id, found.identifier_id) for store_id in stores]
    await profiles.note_customer(session, world.tenant_id, pairs, "import", NOON)
    return found


async def make_order(session: Session, world: World, number: str, person: Resolved | None, **over: Any) -> UUID:
    """A paid order of two things, CHF 30."""
    lines = (
        Line(quantity_milli=2000, total_minor=2000, unit_price_minor=1000, external_id="1", name="Wooden train"),
        Line(quantity_milli=1000, total_minor=1000, unit_price_minor=1000, external_id="2", name="Kite"),
    )
    values: dict[str, Any] = {
        "source": "api", "external_id": number, "ordered_at": NOON, "updated_at": NOON, "currency": "CHF",
        "lines": lines, "subtotal_minor": 3000, "total_minor": 3000,
        "identifier_id": None if person is None else person.identifier_id,
    }  # fmt: skip
    made = await commerce.record_order(session, world.tenant_id, OrderIn(**values | over), NOON)
    return made.id


async def make_cart(session: Session, world: World, person: Resolved, name: str, **over: Any) -> UUID:
    """An open cart with two of something at CHF 12.50."""
    row = Cart(tenant_id=world.tenant_id, id=new_id(), identifier_id=person.identifier_id, changed_at=NOON, **over)
    session.add(row)
    await session.flush()
    line = CartLine(
        tenant_id=world.tenant_id, cart_id=row.id, item=name, name=name, quantity_milli=2000, unit_price_minor=1250,
        currency="CHF", added_at=NOON, changed_at=NOON,
    )  # fmt: skip
    session.add(line)
    await session.flush()
    return row.id
