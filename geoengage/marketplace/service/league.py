"""The league of stores as a caller may see it."""

from dataclasses import dataclass
from datetime import date, datetime

from geoengage.kit import errors
from geoengage.kit.db import Session
from geoengage.kit.ids import TenantId
from geoengage.marketplace import store
from geoengage.marketplace.rules.league import (
    TREND_MONTHS,
    Cohort,
    League,
    Quartiles,
    Total,
    cohorts_of,
    league_of,
    month_before,
    quartiles_of,
    totals_of,
)
from geoengage.marketplace.rules.spend import month_of
from geoengage.tenancy import store as tenancy
from geoengage.tenancy.rules import Principal


@dataclass(frozen=True, slots=True)
class Seen:
    """What a caller sees. Who is restricted to stores: their rows and the quartiles of all, nothing else."""

    league: League
    totals: list[Total]
    cohorts: list[Cohort]
    quartiles: list[Quartiles]


async def read_league(session: Session, me: Principal, month: str | None, now: datetime) -> Seen:
    """The table of a month, `2026-11`; None: the last one that is over."""
    tenant_id = TenantId(me.tenant_id)
    tenant = await tenancy.get_tenant(session, tenant_id)
    wanted = month_before(month_of(now, tenant.timezone)) if month is None else _month(month)
    traded = await store.list_trade(session, tenant_id, tenant.timezone, month_before(wanted, TREND_MONTHS - 1), wanted)
    league = league_of(wanted, traded, exact=me.is_demo)
    quartiles = quartiles_of(league.rows)
    if me.store_ids is None:
        return Seen(league, totals_of(league.rows), cohorts_of(league.rows), quartiles)
    own = [row for row in league.rows if me.sees_store(row.store_id)]
    return Seen(League(league.month, league.months, own), [], [], quartiles)


def _month(text: str) -> date:
    try:
        return date.fromisoformat(f"{text}-01")
    except ValueError:
        raise errors.ItemErrors(
            [{"pointer": "month", "in": "query", "detail": "a month is written YYYY-MM, e.g. 2026-11"}]
        ) from None
