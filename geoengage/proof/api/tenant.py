"""HTTP of what all campaigns brought together, and of revenue after messages by month."""

from datetime import date
from typing import Annotated, Any
from uuid import UUID

from fastapi import APIRouter, Query
from pydantic import BaseModel, ConfigDict, Field

from geoengage.kit.http import PROBLEMS, Now, Tx
from geoengage.kit.ids import TenantId
from geoengage.lifecycle.rules.catalogue import DIRECT_DAYS
from geoengage.lifecycle.service import Scope
from geoengage.proof import store
from geoengage.proof.api.files import CSV, FORMAT, Format, file_of
from geoengage.proof.api.shapes import ProofOut, proof_out
from geoengage.proof.service.direct import read_months
from geoengage.proof.service.proofs import quarter_of, read_all
from geoengage.tenancy.auth import Reader

router = APIRouter(responses=PROBLEMS)


class DirectMonth(BaseModel):
    """A calendar month."""

    model_config = ConfigDict(from_attributes=True)

    first: date = Field(description="Its first day.")
    is_over: bool = Field(description="False: counted up to yesterday, and compared with nothing.")
    money_minor: float | None = Field(description="Revenue that followed a message; null: no data, or `hidden`.")
    share: float | None = Field(description="Its share of all revenue.")
    hidden: bool = Field(description="Fewer than ten people stand behind it.")
    growth: float | None = Field(description="Over the month before: 0.1 is a tenth more; null: one has no data.")
    year_on_year: float | None = Field(description="Over the same month a year earlier.")


class DirectRevenue(BaseModel):
    """Revenue from direct communication."""

    model_config = ConfigDict(from_attributes=True)

    currency: str | None = Field(description="The one of most orders.")
    others: dict[str, int] = Field(description="Orders in other currencies, left out: currencies are never added.")
    timezone: str = Field(description="IANA zone of the months.")
    months: list[DirectMonth] = Field(description="The last two years, the newest last.")


@router.get("/v1/proof", response_model=ProofOut, responses=CSV)
async def get_proof_of_all(
    me: Reader,
    tx: Tx,
    now: Now,
    quarter: Annotated[
        date | None, Query(description="A day of the calendar quarter; else the one we are in.", ge=date(2000, 1, 1))
    ] = None,
    format: Format = FORMAT,
) -> Any:
    """What all campaigns of a calendar quarter brought together, against the tenant's holdout, which gets none of them.

    Stores are pooled (Mantel and Haenszel's weights): a store too small to prove anything alone counts here. A
    credential that is restricted to stores gets their campaigns, and what was bought there.
    """
    asked = quarter_of(min(quarter or now.date(), now.date()))
    campaigns = await store.list_campaigns(tx, TenantId(me.tenant_id), me.store_ids)
    found = proof_out(await read_all(tx, me, campaigns, asked, now), DIRECT_DAYS)
    return file_of("proof", found) if format == "csv" else found


@router.get("/v1/direct-revenue")
async def get_direct_revenue(
    me: Reader,
    tx: Tx,
    now: Now,
    store_id: Annotated[UUID | None, Query(description="Only this store.")] = None,
) -> DirectRevenue:
    """Revenue of orders whose customer had opened a campaign's message in the three days before, by month: over the
    month before and over the same month a year earlier. Months of which no messages are kept have no data."""
    scope = Scope(store_id=store_id, only=me.store_ids)
    found = await read_months(tx, TenantId(me.tenant_id), scope, now, exact=me.is_demo)
    return DirectRevenue.model_validate(found)
