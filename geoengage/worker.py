"""The background process: reactions to the ledger, timers of presence, delivery of messages, upkeep.

Any number may run: reactions are claimed by their cursor's row, timers by the device's row, messages by a lease. Each
loop wakes at the bell and polls besides; a database that goes away is waited for, and what one tenant's data break does
not stop the others. What becomes a message has a loop of its own, so that it waits behind nothing else.
"""

import asyncio
import contextlib
import signal
import sys
import time
from collections import defaultdict
from collections.abc import Awaitable, Callable, Iterable, Iterator, Sequence
from datetime import datetime, timedelta
from functools import partial

import prometheus_client
import uvloop

from geoengage.buzz import jobs as buzz
from geoengage.campaigns import by_reference
from geoengage.campaigns import jobs as campaigns
from geoengage.commerce import jobs as commerce
from geoengage.ingest import jobs as ingest
from geoengage.ingest import store as ingest_store
from geoengage.ingest.files import jobs as imports
from geoengage.kit import collector, events, http, log, partitions
from geoengage.kit.clock import utc_now
from geoengage.kit.db import Session, Sessions, glance, is_passing, make_engine, make_sessions, transaction
from geoengage.kit.events import Bell
from geoengage.kit.ids import TenantId
from geoengage.kit.settings import Settings
from geoengage.lifecycle import jobs as lifecycle
from geoengage.marketplace.service import spending
from geoengage.masters import jobs as masters
from geoengage.messaging import jobs as messaging
from geoengage.messaging.store import Queue
from geoengage.metrics import jobs as metrics
from geoengage.offers import jobs as offers
from geoengage.presence import service as presence
from geoengage.presence import store as presence_store
from geoengage.privacy import service as privacy
from geoengage.profiles import store as profiles_store
from geoengage.recommendations import jobs as recommendations
from geoengage.segments import jobs as segments
from geoengage.webhooks import jobs as webhooks
from geoengage.webhooks import store as webhooks_store
from geoengage.wiring import Reaction, reactions

logger = log.get("worker")
# Its name, one round (is there more?), how to wait until the next, for how many seconds at most.
Once = Callable[[], Awaitable[bool]]
Loop = tuple[str, Once, Callable[[float], Awaitable[None]], float]
BATCH = 500
GIVE_WAY_S = 0.0005  # after which a thread that builds an index lets a message pass
GATHER_S = 0.25  # what nobody waits for is done later, and for many events at once
GATHER_SEGMENTS_S = 0.03  # of the tenth of a second in which an event is to move somebody
LEARN_S = 1.0
UPKEEP_S = 3600.0
BUILD_POLL_S = 0.5
IMPORT_POLL_S = 2.0
MASTERS_POLL_S = 1.0
HABITS_S = 2.0  # a batch of people whom time alone has changed
COMMERCE_S = 2.0  # carts wait for minutes at least, guests for anything
LEDGER_DAYS = 30
LEDGER_LAST_DAYS = 37  # what a webhook has not had yet is kept for a week longer
MESSAGE_ID_DAYS = 7  # how long an event's messageId is unique, and how long refusals are listed
DELIVERY_DAYS = 30  # how long a shop's deliveries are listed


async def react(sessions: Sessions, tenant_id: TenantId, reaction: Reaction, *, limit: int = BATCH) -> int:
    """Hand a reaction the tenant's next events; returns how many ledger rows it has passed (0: none, or taken).

    A batch that fails is tried event by event; an event that fails alone is noted and stepped over, so that it cannot
    hold up the others. Trouble with the database itself is raised.
    """

    handed: list[int] = []  # the last position that was handed over

    async def step(session: Session) -> int:
        read = await events.claim(session, tenant_id, reaction.name, reaction.types, limit)
        if read.wanted:
            handed.append(read.last)
            await reaction.handle(session, tenant_id, read.wanted, utc_now())
        if read.count:
            await events.move_cursor(session, tenant_id, reaction.name, read.last)
        return read.count

    try:
        async with transaction(sessions, tenant_id) as session:
            return await step(session)
    except Exception as error:
        if is_passing(error) or not handed:
            raise
        failure = error
    if limit > 1:
        logger.warning("reaction_retried_singly", reaction=reaction.name, error=repr(failure))
        return await react(sessions, tenant_id, reaction, limit=1)
    return await step_over(sessions, tenant_id, reaction, handed[-1], failure)


async def step_over(sessions: Sessions, tenant_id: TenantId, reaction: Reaction, at: int, failure: Exception) -> int:
    """Note the event at this position as failed and go on behind it, unless another worker has done so meanwhile."""
    logger.error("reaction_failed", reaction=reaction.name, exc_info=failure)
    async with transaction(sessions, tenant_id) as session:
        read = await events.claim(session, tenant_id, reaction.name, (), 1)
        if read.last != at:
            return 0
        await events.record_failure(session, tenant_id, reaction.name, at, repr(failure), utc_now())
        await events.move_cursor(session, tenant_id, reaction.name, at)
    return read.count


async def react_once(sessions: Sessions, table: Sequence[Reaction], ring: Callable[[], None] = lambda: None) -> int:
    """One round over all reactions and tenants; returns how many ledger rows were passed."""
    return await react_among(sessions, table, table, ring)


async def react_among(
    sessions: Sessions, acting: Sequence[Reaction], passing: Sequence[Reaction], ring: Callable[[], None]
) -> int:
    """One round, with one look at all cursors; returns how many ledger rows were passed.

    Those of `acting` for which something lies in a ledger act; `ring` is called after each, so that a message that it
    wrote need not wait for the others. Those of `passing` are moved past what they do not want.
    """
    named, passed = {reaction.name: reaction for reaction in acting}, 0
    passers, idle = {reaction.name for reaction in passing}, defaultdict[TenantId, list[events.Behind]](list)
    for behind in await _look(sessions, dict.fromkeys((*acting, *passing))):
        if not behind.wanted and behind.reaction in passers:
            idle[behind.tenant_id].append(behind)
        elif behind.wanted and behind.reaction in named:
            with _only_this_tenant("reaction_waits", behind.tenant_id):
                moved = await react(sessions, behind.tenant_id, named[behind.reaction])
                passed += moved
                if moved:
                    ring()
    for tenant_id, those in idle.items():
        with _only_this_tenant("reaction_waits", tenant_id):
            async with transaction(sessions, tenant_id) as session:
                moved = await events.pass_by(session, tenant_id, those)
            passed += moved
    return passed


async def _look(sessions: Sessions, table: Iterable[Reaction]) -> list[events.Behind]:
    async with glance(sessions) as session:
        found = await events.look(session, {reaction.name: reaction.types for reaction in table})
    for behind in found:
        if behind.is_new:
            async with transaction(sessions, behind.tenant_id) as session:
                await events.make_cursor(session, behind.tenant_id, behind.reaction)
    return found


@contextlib.contextmanager
def _only_this_tenant(message: str, tenant_id: TenantId) -> Iterator[None]:
    """Keep a failure to the tenant whose work it is; the next round tries again."""
    try:
        yield
    except Exception as error:
        if is_passing(error):
            logger.warning(message, tenant=str(tenant_id), error=repr(error)[:300])
        else:
            logger.exception(message, tenant=str(tenant_id))


async def fire_timers_once(sessions: Sessions, indexes: presence.IndexCache) -> int:
    """One round over the tenants with due timers; returns how many devices were advanced."""
    async with glance(sessions) as session:
        tenants = await presence_store.tenants_with_due_timers(session, utc_now())
    fired = 0
    for tenant_id in tenants:
        with _only_this_tenant("timers_wait", tenant_id):
            async with transaction(sessions, tenant_id) as session:
                advanced = await presence.fire_timers(session, tenant_id, indexes, utc_now())
            fired += advanced
    return fired


async def learn_zones_once(sessions: Sessions, indexes: presence.IndexCache) -> bool:
    """Load the zones of tenants whose timers are still to come: 50,000 take a second, in which messages would wait.

    Whether any were loaded.
    """
    learned = False
    async with glance(sessions) as session:
        tenants = await presence_store.tenants_with_timers(session)
    for tenant_id in tenants:
        if indexes.at_hand(tenant_id) is None:
            with _only_this_tenant("zones_wait", tenant_id):
                async with transaction(sessions, tenant_id) as session:
                    await presence.learn_zones(session, tenant_id, indexes)
                learned = True
    return learned


async def upkeep_once(sessions: Sessions, nightly: privacy.Nightly | None = None) -> None:
    """Partitions ahead, retention behind, what is worked out every hour; once a day what `nightly` does."""
    now = utc_now()
    async with transaction(sessions, None) as session:
        await partitions.make_ahead(session, now)
    await privacy.delete_old(sessions, now)
    async with transaction(sessions, None) as session:
        await events.delete_before(
            session,
            now - timedelta(days=LEDGER_DAYS),
            needed=await webhooks_store.oldest_needed(session),
            at_last=now - timedelta(days=LEDGER_LAST_DAYS),
        )
        await webhooks.forget(session, now)
        await profiles_store.forget_message_ids(session, now - timedelta(days=MESSAGE_ID_DAYS))
        await ingest_store.delete_old_rejections(session, now - timedelta(days=MESSAGE_ID_DAYS))
        await ingest_store.sweep_deliveries(
            session, stuck=now - timedelta(days=1), old=now - timedelta(days=DELIVERY_DAYS)
        )
        await http.delete_old_idempotency_keys(session, now - timedelta(days=1))
        await segments.upkeep(session, now)
        await campaigns.forget_old(session, now)
    await commerce.attach_guests_once(sessions, now, all_ids=True)
    await metrics.compute_traits_once(sessions, now)
    await metrics.repair_once(sessions, now)
    await lifecycle.keep_days_once(sessions, now)
    if nightly is not None:
        await nightly.run(sessions, now)


def _worked_out(import_once: Once, sessions: Sessions, ring: Callable[[], None]) -> Once:
    """Imports, and as soon as nothing waits to be imported what follows from it: else it would wait for the hour."""
    has_news = False

    async def once() -> bool:
        nonlocal has_news
        if await import_once():
            has_news = True
            return True
        if has_news:
            has_news = False
            await metrics.compute_traits_once(sessions, utc_now())
            await metrics.repair_once(sessions, utc_now())
            ring()
        return False

    return once


def _slow_loops(sessions: Sessions, bell: Bell) -> tuple[Loop, ...]:
    """What is worked out of what happened: nobody waits for it at once, but some wait for what follows from it."""

    def ringing(once: Callable[[Sessions, datetime], Awaitable[int]]) -> Once:
        async def step() -> bool:
            if await once(sessions, utc_now()):
                bell.ring()
            return False

        return step

    return (
        ("shops", partial(commerce.mind_shops, sessions, bell.ring), asyncio.sleep, COMMERCE_S),
        ("values", ringing(metrics.value_customers_once), asyncio.sleep, metrics.PAUSE_S),
        ("recommendations", partial(recommendations.fit_once, sessions), asyncio.sleep, recommendations.PAUSE_S),
        ("habits", partial(metrics.mind_habits, sessions, bell.ring), asyncio.sleep, HABITS_S),
        ("coupons", partial(offers.release_expired_once, sessions), asyncio.sleep, offers.PAUSE_S),
        ("early warnings", ringing(lifecycle.warn_once), asyncio.sleep, lifecycle.PAUSE_S),
    )


def run(settings: Settings, database_url: str) -> None:
    """Work until SIGTERM or SIGINT; messages in flight are finished and recorded first."""
    sys.setswitchinterval(GIVE_WAY_S)
    collector.settle()
    uvloop.run(_run(settings, database_url))


async def _run(settings: Settings, database_url: str) -> None:
    engine = make_engine(database_url, application_name="geoengage-worker")
    sessions = make_sessions(engine)
    bell, indexes = Bell(database_url), presence.IndexCache()
    learning = partial(learn_zones_once, sessions, indexes)
    table = reactions(indexes, privacy.Eraser.of(sessions, settings).on_requested)
    urgent, patient = ([r for r in table if r.is_urgent is hurried and not r.is_apart] for hurried in (True, False))
    stopping, ear = asyncio.Event(), bell.ear()
    _stop_at_signals(stopping)

    async def reacting_urgently() -> bool:
        ear.forget()
        return await react_among(sessions, urgent, (), bell.ring) > 0

    async def reacting() -> bool:
        passed = await react_among(sessions, patient, table, lambda: None)
        if passed:
            bell.ring()
        return passed > 0

    patiently = partial(_patiently, bell)

    async def timing() -> bool:
        fired = await fire_timers_once(sessions, indexes)
        if fired:
            bell.ring()
        return fired > 0  # what is taken by others is for the next round

    nightly = privacy.Nightly(settings)

    async def keeping() -> bool:
        await upkeep_once(sessions, nightly)
        return False

    poll_s = settings.worker.poll_s
    if settings.worker.metrics_port is not None:
        prometheus_client.start_http_server(settings.worker.metrics_port, "127.0.0.1")
    async with (
        bell.open(),
        messaging.deliverer(
            sessions, settings, bell, queues=[Queue.PATIENT], rewrite=by_reference.rewrite, spend=spending.hold_back
        ) as deliverer,
        messaging.deliverer(
            sessions, settings, bell, queues=[Queue.URGENT], rewrite=by_reference.rewrite, spend=spending.hold_back
        ) as urgently,
        webhooks.courier(sessions, settings, bell) as tell_once,
        buzz.buzzer(sessions, settings) as buzz_once,
        ingest.reader(sessions, settings) as read_a_shop,
        imports.importer(sessions, settings, bell.ring) as import_once,
    ):
        logger.info("worker_started")
        mind_starts = partial(campaigns.mind_starts, sessions, bell.ring)
        loops: tuple[Loop, ...] = (
            ("urgent reactions", reacting_urgently, ear.wait, poll_s),
            ("reactions", reacting, patiently(reads_ledger=True), poll_s),
            *_segment_loops(sessions, [r for r in table if r.is_apart], bell, poll_s),
            ("urgent delivery", urgently.claim, bell.ear(reads_ledger=False).wait, poll_s),
            ("urgent outcomes", urgently.land, urgently.took_off.wait, poll_s),
            ("delivery", deliverer.claim, bell.ear(reads_ledger=False).wait, poll_s),
            ("outcomes", deliverer.land, deliverer.took_off.wait, poll_s),
            ("webhooks", tell_once, patiently(reads_ledger=True), poll_s),
            ("operators' phones", buzz_once, patiently(), poll_s),
            ("connections", read_a_shop, asyncio.sleep, ingest.PAUSE_S),
            ("imports", _worked_out(import_once, sessions, bell.ring), patiently(), IMPORT_POLL_S),
            ("campaign starts", mind_starts, patiently(), poll_s),
            ("journeys", partial(campaigns.mind_journeys, sessions, bell.ring), patiently(), poll_s),
            ("masters", partial(masters.mind_masters, sessions, bell.ring), patiently(), MASTERS_POLL_S),
            ("calendar", partial(campaigns.mind_calendar, sessions, bell.ring), asyncio.sleep, campaigns.CALENDAR_S),
            ("timers", timing, asyncio.sleep, poll_s),
            *_slow_loops(sessions, bell),
            ("zones", learning, asyncio.sleep, LEARN_S),
            ("upkeep", keeping, asyncio.sleep, UPKEEP_S),
        )
        async with asyncio.TaskGroup() as tasks:
            for name, once, wait, pause_s in loops:
                tasks.create_task(_loop(name, once, wait, pause_s, stopping))
    await engine.dispose()
    logger.info("worker_stopped")


def _segment_loops(sessions: Sessions, apart: Sequence[Reaction], bell: Bell, poll_s: float) -> tuple[Loop, ...]:
    """Membership by news and by time, and builds beside it: an event moves somebody within a second."""

    by_time_at = 0.0  # in the same loop, for both hold the tenant's members

    async def keeping() -> bool:
        nonlocal by_time_at
        moved = await react_among(sessions, apart, (), bell.ring)
        if time.monotonic() >= by_time_at:
            moved += await segments.keep_time_once(sessions, utc_now)
            by_time_at = time.monotonic() + poll_s
        if moved:
            bell.ring()
        return moved > 0

    async def building() -> bool:
        built = await segments.build_once(sessions, utc_now) + await segments.sweep_positions_once(sessions, utc_now)
        if built:
            bell.ring()
        return built > 0

    return (
        ("segments", keeping, _patiently(bell, GATHER_SEGMENTS_S, reads_ledger=True), poll_s),
        ("segment builds", building, _patiently(bell), BUILD_POLL_S),
    )


def _patiently(
    bell: Bell, gather_s: float = GATHER_S, *, reads_ledger: bool = False
) -> Callable[[float], Awaitable[None]]:
    """How to wait for the bell where a moment more does no harm: what rings meanwhile is done with it."""
    heard = bell.ear(reads_ledger=reads_ledger)

    async def wait(timeout_s: float) -> None:
        await heard.wait(timeout_s)
        await asyncio.sleep(gather_s)

    return wait


def _stop_at_signals(stopping: asyncio.Event) -> None:
    for number in (signal.SIGTERM, signal.SIGINT):
        asyncio.get_running_loop().add_signal_handler(number, stopping.set)


async def _loop(
    name: str,
    once: Callable[[], Awaitable[bool]],
    wait: Callable[[float], Awaitable[None]],
    pause_s: float,
    stopping: asyncio.Event,
) -> None:
    """Repeat `once` until told to stop; without a pause while it says that there is more."""
    while not stopping.is_set():
        try:
            more = await once()
        except Exception as error:  # the loop must outlive any one piece of work
            more = False
            if is_passing(error):
                logger.warning("database_trouble", loop=name, error=repr(error)[:300])
            else:
                logger.exception("loop_failed", loop=name)
        if not more:
            stop = asyncio.create_task(stopping.wait())
            pause = asyncio.ensure_future(wait(pause_s))
            await asyncio.wait({stop, pause}, return_when=asyncio.FIRST_COMPLETED)
            stop.cancel()
            pause.cancel()
