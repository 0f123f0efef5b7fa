"""What tests of file imports share: a tenant with two stores, files sent over HTTP, the worker's part done here."""

import csv
import io
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any
from uuid import UUID

import httpx
from sqlalchemy import text

from geoengage.ingest.files.jobs import Importer
from geoengage.kit.db import Session, Sessions
from tests.api.test_venues_api import make_store
from tests.factories import World, make_world

Json = dict[str, Any]
HEAD = (
    "order_id,ordered_at,status,currency,total,customer_external_id,email,store_external_id,product_id,quantity,"
    "unit_price\n"
)
# What imports fill, without what changes with every call by design.
TABLES = (
    "product", "product_variant", "stock", "shop_order", "order_line", "refund", "identifier", "profile", "trait",
    "store_profile", "identity_edge",
)  # fmt: skip


def order(id_: str, store: str = "s1", *, customer: str = "c1", quantity: str = "2", total: str = "10.00") -> str:
    """An order of one line."""
    return f"{id_},2026-11-20T10:00:00+01:00,paid,CHF,{total},{customer},,{store},p1,{quantity},5.00\n"


@dataclass(frozen=True)
class Shops:
    """A tenant with two stores, s1 and s2."""

    world: World
    ids: dict[str, UUID]
    client: httpx.AsyncClient
    sessions: Sessions

    async def send(
        self, kind: str, body: str | bytes, headers: Json | None = None, name: str = "file.csv"
    ) -> httpx.Response:
        """Upload a file."""
        content = body if isinstance(body, bytes) else body.encode()
        query = {"kind": kind, "file_name": name}
        return await self.client.post(
            "/v1/imports/data", params=query, content=content, headers=headers or self.world.sk_headers
        )

    async def get(self, path: str, headers: Json | None = None, **query: Any) -> Json:
        answer = await self.client.get(path, params=query, headers=headers or self.world.sk_headers)
        assert answer.status_code == 200, answer.text
        found: Json = answer.json()
        return found

    async def do(self, kind: str, body: str | bytes, headers: Json | None = None, **options: Any) -> Json:
        """Send a file, start it, do the worker's part; the import as it is then."""
        sent = await self.send(kind, body, headers)
        assert sent.status_code == 201, sent.text
        id_ = sent.json()["id"]
        if options:
            patch = {"options": sent.json()["options"] | options}
            await self.patch(id_, sent.headers.get("ETag", '"v1"'), patch, headers)
        started = await self.client.post(f"/v1/imports/data/{id_}/start", headers=headers or self.world.sk_headers)
        assert started.status_code == 200, started.text
        await work(self.sessions)
        return await self.get(f"/v1/imports/data/{id_}", headers)

    async def patch(self, id_: str, tag: str, body: Json, headers: Json | None = None) -> httpx.Response:
        return await self.client.patch(
            f"/v1/imports/data/{id_}", json=body, headers=(headers or self.world.sk_headers) | {"If-Match": tag}
        )

    async def errors(self, id_: str) -> list[tuple[str, str, str, str]]:
        """Line, column, value and reason of the error file."""
        answer = await self.client.get(f"/v1/imports/data/{id_}/errors.csv", headers=self.world.sk_headers)
        assert answer.status_code == 200, answer.text
        rows = list(csv.reader(io.StringIO(answer.text.removeprefix("\ufeff"))))
        assert rows[0] == ["line", "column", "value", "reason", "record"]
        return [(line, column, value, reason) for line, column, value, reason, _ in rows[1:]]

    async def rows(self) -> dict[str, list[str]]:
        """All that was imported, as texts by table."""
        found = {}
        async with self.sessions() as session:
            for table in TABLES:
                query = text(f"SELECT to_jsonb(t)::text FROM {table} t WHERE tenant_id = :tenant_id")  # noqa: S608
                found[table] = sorted((await session.execute(query, {"tenant_id": self.world.tenant_id})).scalars())
        return found

    async def one(self, sql: str, **parameters: Any) -> Any:
        """The rows of a query; `:tenant_id` is bound."""
        async with self.sessions() as session:
            found = await session.execute(text(sql), {"tenant_id": self.world.tenant_id} | parameters)
            return [tuple(row) for row in found]


async def make_shops(client: httpx.AsyncClient, session: Session, sessions: Sessions, **over: Any) -> Shops:
    """See `Shops`."""
    world = await make_world(session, **over)
    ids = {name: UUID(await make_store(client, world, external_id=name, name=name)) for name in ("s1", "s2")}
    return Shops(world, ids, client, sessions)


async def work(sessions: Sessions) -> None:
    """Import whatever waits, as the worker does."""
    importer = Importer(sessions, lease_s=30, ring=lambda: None)
    while await importer.step():
        pass
    await importer.finish()


def as_csv(header: Iterable[str], rows: Iterable[Iterable[Any]]) -> str:
    """Rows as the text of a file."""
    out = io.StringIO()
    csv.writer(out, lineterminator="\n").writerows([list(header), *map(list, rows)])
    return out.getvalue()
