"""Learning from a tenant's orders: read, fit beside the event loop, put in the place of what was known before."""

import asyncio
from datetime import datetime, timedelta

import numpy as np

from geoengage.kit.db import Sessions, transaction
from geoengage.kit.ids import TenantId, new_id
from geoengage.recommendations import store
from geoengage.recommendations.rules import Fitted, fit

LEARNS_FROM = timedelta(days=365)


async def fit_tenant(sessions: Sessions, tenant_id: TenantId, now: datetime) -> Fitted:
    """Fit a tenant's model and use it. The same orders give the same model."""
    async with transaction(sessions, tenant_id) as session:
        products, stores = await store.list_known(session, tenant_id)
        bought, through = await store.read_purchases(
            session, tenant_id, products=products, stores=stores, since=now - LEARNS_FROM, now=now
        )
    rng = np.random.default_rng(tenant_id.int % 2**32)
    fitted = await asyncio.to_thread(fit, bought, len(products), rng)
    async with transaction(sessions, tenant_id) as session:
        await store.replace_model(
            session, tenant_id, new_id(now), fitted, products=products, stores=stores, through=through, now=now
        )
    return fitted
