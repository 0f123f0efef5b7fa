"""Dead letters that wait again go the ordinary way: sent once, and consent is asked once more before the socket."""

import asyncio
from uuid import UUID

from geoengage.kit.db import transaction
from geoengage.messaging import service
from tests.db.test_messaging_delivery import NOW, Outbox, fcm_settings, outbox
from tests.providers.fcm_server import FcmServer

__all__ = ["fcm_settings", "outbox"]  # fixtures


async def retry(outbox: Outbox, *ids: UUID) -> service.Retried:
    people = {id_: m.person_id for id_, m in (await outbox.messages()).items()}
    async with transaction(outbox.sessions, outbox.world.tenant_id) as session:
        return await service.retry(session, outbox.world.tenant_id, [(id_, people[id_]) for id_ in ids], NOW)


async def fail(outbox: Outbox, fcm: FcmServer, count: int) -> list[UUID]:
    ids = await outbox.queue(count)
    fcm.fail_next(*["bad_payload"] * count)
    await outbox.deliver()
    assert {m.status for m in (await outbox.messages()).values()} == {"failed"}
    return ids


async def test_what_was_mended_is_sent_and_counts_once(outbox: Outbox, fcm: FcmServer) -> None:
    (id_,) = await fail(outbox, fcm, 1)
    assert await outbox.sends_counted(id_) == 0
    both = await asyncio.gather(retry(outbox, id_), retry(outbox, id_))
    assert sorted(done.retried for done in both) == [0, 1]
    assert await outbox.deliver() == 1
    message = await outbox.message(id_)
    assert (message.status, message.attempts) == ("sent", 2)
    assert len(fcm.accepted()) == 1
    assert await outbox.sends_counted(id_) == 1
    assert await outbox.told(id_) == [("queued", None), ("failed", "invalid_payload"), ("queued", None), ("sent", None)]
    assert (await retry(outbox, id_)).retried == 0


async def test_consent_is_asked_again(outbox: Outbox, fcm: FcmServer) -> None:
    ids = await fail(outbox, fcm, 2)
    await outbox.set_device((await outbox.message(ids[0])).person_id, marketing_push="denied")
    assert (await retry(outbox, *ids)).retried == 2
    await outbox.deliver()
    found = await outbox.messages()
    assert [(found[id_].status, found[id_].reason) for id_ in ids] == [("skipped", "no_consent"), ("sent", None)]
    assert await outbox.sends_counted(ids[0]) == 0
