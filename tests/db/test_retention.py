"""What has grown old goes: by each tenant's own times, with totals where they are promised, and it is written down."""

from collections.abc import Awaitable, Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path
from uuid import UUID

import httpx
import pytest
from sqlalchemy import text

from geoengage.kit import partitions
from geoengage.kit.clock import utc_now
from geoengage.kit.db import Session, Sessions
from geoengage.kit.ids import new_id
from geoengage.privacy.service import delete_old
from geoengage.privacy.service.retention import delete_old_logs
from tests.campaign_rows import make_device, make_mall, make_zone
from tests.factories import World, make_world

NOW = utc_now()
OLD = NOW - timedelta(days=400)
Add = Callable[[World, UUID, datetime, int], Awaitable[None]]


async def partition_of(session: Session, at: datetime) -> None:
    """Partitions around a moment long past."""
    await partitions.make_ahead(session, at)


async def add_visits(session: Session, world: World, zone_id: UUID, at: datetime, people: int) -> None:
    """So many people were in a zone for ten minutes, one of them twice; each entering is an event and a message."""
    for n in range(people):
        device = await make_device(session, world)
        for minutes in (0, 30) if n == 0 else (0,):
            entered = at + timedelta(minutes=minutes)
            values = {
                "t": world.tenant_id, "id": new_id(entered), "d": device, "z": zone_id, "at": entered,
                "end": entered + timedelta(minutes=10), "e": new_id(),
            }  # fmt: skip
            await session.execute(
                text(
                    "INSERT INTO visit (tenant_id, id, device_id, zone_id, zone_version, entered_at, exited_at)"
                    " VALUES (:t, :id, :d, :z, 1, :at, :end)"
                ),
                values,
            )
            await session.execute(
                text(
                    "INSERT INTO zone_event (tenant_id, id, at, kind, device_id, zone_id, zone_version, visit_id,"
                    " confidence, evidence, reason, by_silence, late, recorded_at, details)"
                    " VALUES (:t, :e, :at, 'entered', :d, :z, 1, :id, 1, 'gnss', 'x', false, false, :at, '{}')"
                ),
                values,
            )
            await session.execute(
                text(
                    "INSERT INTO message (tenant_id, id, device_id, person_id, purpose, status, blockers, gates, title,"
                    " body, data, collapse_key, attempts, created_at, expires_at)"
                    " VALUES (:t, :id, :d, :d, 'marketing', 'sent', '{}', '{}', 'text', 'text', '{}', 'k', 1, :at, :at)"
                ),
                values,
            )


@pytest.fixture
async def two(session: Session) -> tuple[World, World, UUID, UUID]:
    """Two tenants with a zone each; partitions of 13 months ago are there."""
    worlds = await make_world(session), await make_world(session)
    zones = [await make_zone(session, w, mall_id=await make_mall(session, w)) for w in worlds]
    await partition_of(session, OLD)
    await partition_of(session, NOW - timedelta(days=95))
    await session.commit()
    return (*worlds, *zones)


async def count(session: Session, table: str, world: World) -> int:
    rows = await session.execute(text(f"SELECT count(*) FROM {table} WHERE tenant_id = :t"), {"t": world.tenant_id})  # noqa: S608
    return int(rows.scalar_one())


async def test_old_visits_leave_totals_of_ten_people_at_least(
    session: Session, sessions: Sessions, two: tuple[World, World, UUID, UUID]
) -> None:
    alpha, beta, in_alpha, in_beta = two
    noon = OLD.replace(hour=12, minute=0)
    await add_visits(session, alpha, in_alpha, noon, 12)
    await add_visits(session, alpha, in_alpha, noon + timedelta(days=1), 9)
    await add_visits(session, beta, in_beta, noon, 12)
    await session.execute(
        text("INSERT INTO retention_setting VALUES (:t, 'visits', 500, now()), (:t, 'messages', 500, now())"),
        {"t": beta.tenant_id},
    )
    await session.commit()
    await delete_old(sessions, NOW)
    for table, kept in (("visit", 13), ("message", 13), ("zone_event", 0)):
        assert (await count(session, table, alpha), await count(session, table, beta)) == (0, kept), table
    totals = await session.execute(
        text("SELECT kind, starts_on, events, people, dwell_s FROM place_total WHERE tenant_id = :t ORDER BY kind"),
        {"t": alpha.tenant_id},
    )
    assert [tuple(row) for row in totals] == [
        ("entered", noon.date(), 13, 12, 0),
        ("visit", noon.date(), 13, 12, 13 * 600),
    ]
    messages = await session.execute(
        text("SELECT campaign_id, status, sum(messages) FROM message_total WHERE tenant_id = :t GROUP BY 1, 2"),
        {"t": alpha.tenant_id},
    )
    assert [tuple(row) for row in messages] == [(UUID(int=0), "sent", 13 + 10)]
    assert await count(session, "message_total", beta) == 0
    before = await session.execute(text("SELECT sum(events) FROM place_total"))
    await delete_old(sessions, NOW)  # again: nothing is counted twice
    assert (await session.execute(text("SELECT sum(events) FROM place_total"))).scalar_one() == before.scalar_one()


async def test_partitions_go_when_nobody_keeps_them(
    session: Session, sessions: Sessions, two: tuple[World, World, UUID, UUID]
) -> None:
    alpha, beta, in_alpha, _ = two
    await add_visits(session, alpha, in_alpha, OLD, 12)
    await session.commit()
    old = [p.name for p in await partitions.list_before(session, "visit", NOW - timedelta(days=396))]
    assert old
    await delete_old(sessions, NOW)
    assert await partitions.list_before(session, "visit", NOW - timedelta(days=396)) == []
    assert await count(session, "place_total", alpha) == 2
    runs = await session.execute(
        text("SELECT table_name, rows FROM retention_run WHERE tenant_id = :t ORDER BY 1"), {"t": alpha.tenant_id}
    )
    assert {tuple(r) for r in runs} >= {("visit", 13), ("message", 13), ("zone_event", 13)}
    assert await count(session, "retention_run", beta) == 0


async def test_a_tenants_own_times(client: httpx.AsyncClient, session: Session, sessions: Sessions) -> None:
    world = await make_world(session)
    told = (await client.get("/v1/retention", headers=world.sk_headers)).json()
    days = {item["kind"]: item["days"] for item in told["items"]}
    assert (days["positions"], days["zone_events"], days["visits"], days["messages"]) == (7, 90, 396, 396)
    changed = await client.put("/v1/retention", json={"days": {"positions": 3, "audit": 40}}, headers=world.sk_headers)
    days = {item["kind"]: item["days"] for item in changed.json()["items"]}
    assert (days["positions"], days["audit"]) == (3, 40)
    assert (await client.get("/v1/tenant", headers=world.sk_headers)).json()["ping_retention_days"] == 3
    for wrong in ({"positions": 61}, {"audit": 0}, {"visits": 5}, {"unheard_of": 9}, {}):
        answer = await client.put("/v1/retention", json={"days": wrong}, headers=world.sk_headers)
        assert answer.status_code == 422, wrong
    log = (await client.get("/v1/audit-log", params={"action": "retention.change"}, headers=world.sk_headers)).json()
    assert log["items"][0]["reason"] == "audit 40 days, positions 3 days"
    for age in (10, 50):
        at = NOW - timedelta(days=age)
        await session.execute(
            text(
                "INSERT INTO audit_entry (tenant_id, id, created_at, actor, action) VALUES (:t, :id, :at, 'x', 'x.y')"
            ),
            {"t": world.tenant_id, "id": new_id(at), "at": at},
        )
    await session.commit()
    await delete_old(sessions, NOW)
    old = (await client.get("/v1/audit-log", params={"action": "x.y"}, headers=world.sk_headers)).json()["items"]
    assert len(old) == 1
    (run,) = (await client.get("/v1/retention/runs", headers=world.sk_headers)).json()["items"]
    assert (run["table"], run["rows"], run["kind"]) == ("audit_entry", 1, "audit")


async def test_a_message_that_waits_is_kept(
    session: Session, sessions: Sessions, two: tuple[World, World, UUID, UUID]
) -> None:
    alpha, beta, in_alpha, _ = two
    await add_visits(session, alpha, in_alpha, OLD, 1)
    await session.execute(
        text("INSERT INTO retention_setting VALUES (:t, 'messages', 500, now())"), {"t": beta.tenant_id}
    )
    await session.execute(
        text("INSERT INTO message_due SELECT tenant_id, id, now(), NULL FROM message ORDER BY id LIMIT 1")
    )
    await session.commit()
    await delete_old(sessions, NOW)
    assert await count(session, "message", alpha) == 1


def test_old_log_files_go(tmp_path: Path) -> None:
    import os

    for name, age in (("new.log", 1), ("old.log", 15)):
        (tmp_path / name).write_text("x")
        at = (datetime.now(UTC) - timedelta(days=age)).timestamp()
        os.utime(tmp_path / name, (at, at))
    assert delete_old_logs(tmp_path, datetime.now(UTC)) == 1
    assert [p.name for p in tmp_path.iterdir()] == ["new.log"]
    assert delete_old_logs(tmp_path / "none", datetime.now(UTC)) == 0
