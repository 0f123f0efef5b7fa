"""Reading the orders of shops again: at once when a shop is connected, then each night what has changed since.

Webhooks may be lost (eight failures in a row remove a subscription); this is what makes up for it. No shop is called
inside a transaction; each page of orders is one, and moves the mark up to which all is read, so a reading that breaks
off goes on where it was. Orders that are known already change nothing.
"""

import asyncio
import contextlib
import re
from collections.abc import AsyncIterator, Awaitable, Callable
from dataclasses import dataclass
from datetime import datetime, timedelta
from urllib.parse import parse_qs, urlencode, urlsplit
from uuid import UUID

import msgspec
from prometheus_client import Counter

from geoengage.ingest import service, store
from geoengage.ingest.rules import shopify
from geoengage.ingest.rules.shops import Fact, UnreadableDelivery
from geoengage.ingest.rules.vocabulary import members, moment
from geoengage.kit import errors, log
from geoengage.kit.clock import utc_now
from geoengage.kit.db import Session, Sessions, is_passing, retried, transaction
from geoengage.kit.ids import TenantId
from geoengage.kit.outbound import Outbound, open_outbound
from geoengage.kit.settings import ConnectionSettings, Settings

PAGE = 100  # orders; of at most some 100 kB each
MOST_BYTES = 20_000_000
OVERLAP = timedelta(minutes=10)  # an order that changes while we read may be shown late
LEASE = timedelta(minutes=30)  # longer than a page may take; each page renews it
AFTER_ERROR = timedelta(hours=1)
MOST_WAIT_S = 60.0
WAITS = 5  # 429 in a row
PAUSE_S = 30.0
logger = log.get("connections")
READ = Counter("geoengage_shop_orders_read_total", "Orders read from shops again, by kind of shop.", ["kind"])
_NEXT = re.compile(r'<([^>]*)>;\s*rel="?next"?')


@dataclass(frozen=True, slots=True)
class Shop:
    """Whom to read, how, and from when on."""

    tenant_id: TenantId
    connection_id: UUID
    kind: str
    source: str
    shop: str
    token: str
    since: datetime


class ReadingFailed(Exception):
    """A shop that could not be read; the text says why, for the operator."""


class Reader:
    """Reads shops one after the other."""

    def __init__(
        self,
        sessions: Sessions,
        outbound: Outbound,
        settings: ConnectionSettings,
        signing_key: str,
        *,
        clock: Callable[[], datetime] = utc_now,
        sleep: Callable[[float], Awaitable[None]] = asyncio.sleep,
    ) -> None:
        self._sessions, self._outbound, self._settings = sessions, outbound, settings
        self._key, self._clock, self._sleep = signing_key, clock, sleep

    async def step(self) -> bool:
        """Read a shop that is due to its end; False when none is."""
        shop = await self._claim()
        if shop is None:
            return False
        error: str | None = None
        try:
            await self._read(shop)
        except errors.NotFound:
            return True  # the connection was removed meanwhile
        except ReadingFailed as failure:
            error = str(failure)
            logger.warning("shop_not_read", connection=str(shop.connection_id), error=error)
        except Exception as failure:
            if is_passing(failure):
                raise
            error = "a fault of ours, which was logged"
            logger.exception("shop_not_read", connection=str(shop.connection_id))
        with contextlib.suppress(errors.NotFound):
            await self._finish(shop, error)
        return True

    async def _claim(self) -> Shop | None:
        now = self._clock()
        async with transaction(self._sessions, None) as session:  # cross-tenant: only to find who is due
            found = await store.claim_due(session, now, now + LEASE)
        if found is None:
            return None
        tenant_id, connection_id = found
        async with transaction(self._sessions, tenant_id) as session:
            row = await store.get_connection(session, tenant_id, connection_id)
            token = service.token_of(self._key, row) or ""
            source = service.source_of(row)
            return Shop(tenant_id, row.id, row.kind, source, row.shop, token, row.reconciled_to - OVERLAP)

    async def _read(self, shop: Shop) -> None:
        if not shop.token:
            raise ReadingFailed("the access token cannot be opened any more: put it again")
        base = self._settings.shopify_url.format(shop=shop.shop)
        path = f"{base}/admin/api/{self._settings.shopify_version}/orders.json"
        query = {"status": "any", "order": "updated_at asc", "updated_at_min": shop.since.isoformat()}
        page: str | None = f"{path}?{urlencode(query | {'limit': str(PAGE)})}"
        while page is not None:
            orders, following = await self._fetch(page, shop)
            await retried(self._sessions, shop.tenant_id, lambda session, o=orders: self._take(session, shop, o))  # type: ignore[misc]
            READ.labels(shop.kind).inc(len(orders))
            page = None if following is None else f"{path}?{urlencode({'limit': PAGE, 'page_info': following})}"

    async def _fetch(self, url: str, shop: Shop) -> tuple[list[object], str | None]:
        """A page of orders and what names the next one. Waits where the shop says that we ask too often."""
        headers = {"X-Shopify-Access-Token": shop.token, "Accept": "application/json"}
        answer, fetched = await self._outbound.get(url, headers, MOST_BYTES)
        for _ in range(WAITS):
            if answer.status != 429:
                break
            await self._sleep(_wait_s(answer.retry_after))
            answer, fetched = await self._outbound.get(url, headers, MOST_BYTES)
        if answer.status != 200:
            raise ReadingFailed(_why(answer.status, answer.text))
        try:
            orders = msgspec.json.decode(fetched.body, type=dict[str, list[object]])["orders"]
        except (msgspec.DecodeError, KeyError, UnicodeDecodeError) as error:
            raise ReadingFailed("its answer is no list of orders") from error
        return orders, _next_page(fetched.link)

    async def _take(self, session: Session, shop: Shop, orders: list[object]) -> None:
        row = await store.get_connection(session, shop.tenant_id, shop.connection_id, lock=True)
        facts = [_fact(members(order), shop.source) for order in orders]
        await service.apply(session, shop.tenant_id, row, facts, self._clock())
        changed = [at for order in orders if (at := moment(members(order).get("updated_at"))) is not None]
        row.reconciled_to = max([row.reconciled_to, *changed])
        row.reconcile_at = self._clock() + LEASE

    async def _finish(self, shop: Shop, error: str | None) -> None:
        now = self._clock()
        async with transaction(self._sessions, shop.tenant_id) as session:
            row = await store.get_connection(session, shop.tenant_id, shop.connection_id, lock=True)
            row.reconcile_error = error
            row.reconcile_at = now + (AFTER_ERROR if error else timedelta(seconds=self._settings.every_s))
            if error is None:
                row.reconciled_at = now


def _fact(order: object, source: str) -> Fact | UnreadableDelivery:
    try:
        return shopify.read_order(members(order), source)
    except UnreadableDelivery as error:
        return error


def _wait_s(retry_after: str | None) -> float:
    """How long to wait, as the shop says in seconds ("2.0"); not for ever."""
    try:
        return min(max(float(retry_after or 2), 0.1), MOST_WAIT_S)
    except ValueError:
        return 2.0


def _why(status: int | None, text: str) -> str:
    if status in (401, 403):
        return f"the shop refuses the access token ({status}): it needs read_orders, and read_all_orders beyond 60 days"
    if status == 404:
        return "there is no such shop, or no such version of its API (404)"
    if status == 429:
        return "the shop says that it is asked too often"
    return text[:200] if status is None else f"the shop answered {status}"


def _next_page(link: str | None) -> str | None:
    """`page_info` of the next page. Only that is taken: the address stays ours, wherever a link leads."""
    found = _NEXT.search(link or "")
    if found is None:
        return None
    return next(iter(parse_qs(urlsplit(found[1]).query).get("page_info", [])), None)


@contextlib.asynccontextmanager
async def reader(sessions: Sessions, settings: Settings) -> AsyncIterator[Callable[[], Awaitable[bool]]]:
    """The worker's loop body, to be called again at once while it says True."""
    own = settings.connections
    async with open_outbound(timeout_s=own.timeout_s, allow_loopback=own.allow_loopback) as outbound:
        yield Reader(sessions, outbound, own, settings.signing_key()).step
