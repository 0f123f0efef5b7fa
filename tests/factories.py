"""Plain functions that put one row each into the database and return what a test needs of it."""

from dataclasses import dataclass
from datetime import UTC, datetime
from uuid import UUID

from geoengage.kit.db import Session
from geoengage.kit.ids import TenantId, new_id
from geoengage.tenancy.models import App, Credential, Tenant
from geoengage.tenancy.rules import KeyKind, Scope, hash_secret, make_key


@dataclass(frozen=True)
class World:
    """A tenant with one app and its keys in text form."""

    tenant_id: TenantId
    app_id: UUID
    pk: str
    sk: str

    @property
    def sk_headers(self) -> dict[str, str]:
        return {"Authorization": f"Bearer {self.sk}"}

    @property
    def pk_headers(self) -> dict[str, str]:
        return {"Authorization": f"Bearer {self.pk}"}


async def make_key_row(session: Session, tenant_id: TenantId, kind: KeyKind, **over: object) -> str:
    """A key with all scopes unless `scopes` says otherwise; returns its text."""
    text = make_key(kind, tenant_id, is_test=bool(over.get("is_test", False)))
    values: dict[str, object] = {
        "name": "test", "hint": text[-4:], "scopes": [s.value for s in Scope], "store_ids": None, "app_id": None,
        "is_test": False,
    } | over  # fmt: skip
    session.add(Credential(tenant_id=tenant_id, id=new_id(), kind=kind.value, secret_hash=hash_secret(text), **values))
    await session.flush()
    return text


async def make_world(session: Session, **over: object) -> World:
    """A tenant without quiet hours and holdout (so that tests decide), an app, a pk, and an sk with all scopes."""
    tenant_id = TenantId(new_id())
    midnight = datetime(2026, 1, 1, tzinfo=UTC).time()
    values: dict[str, object] = {
        "slug": f"t-{tenant_id.hex[-12:]}", "name": "Test mall", "timezone": "Europe/Zurich", "holdout_percent": 0,
        "quiet_start": midnight, "quiet_end": midnight, "daily_cap": 50,
    } | over  # fmt: skip
    session.add(Tenant(id=tenant_id, **values))
    await session.flush()
    app = App(tenant_id=tenant_id, id=new_id(), name="Test app")
    session.add(app)
    await session.flush()
    pk = await make_key_row(session, tenant_id, KeyKind.PUBLISHABLE, app_id=app.id, scopes=[])
    sk = await make_key_row(session, tenant_id, KeyKind.SECRET)
    await session.commit()
    return World(tenant_id, app.id, pk, sk)
