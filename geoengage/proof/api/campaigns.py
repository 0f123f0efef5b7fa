"""HTTP of the proof of one campaign."""

from typing import Any
from uuid import UUID

from fastapi import APIRouter

from geoengage.campaigns import service as campaigns
from geoengage.kit.http import PROBLEMS, Now, Tx
from geoengage.lifecycle.rules.catalogue import DIRECT_DAYS
from geoengage.proof.api.files import CSV, FORMAT, Format, file_of
from geoengage.proof.api.shapes import ProofOut, proof_out
from geoengage.proof.service.proofs import read_proof
from geoengage.tenancy.auth import Reader

router = APIRouter(responses=PROBLEMS)


@router.get("/v1/campaigns/{campaign_id}/proof", response_model=ProofOut, responses=CSV)
async def get_proof(campaign_id: UUID, me: Reader, tx: Tx, now: Now, format: Format = FORMAT) -> Any:
    """What a campaign brought: people meant to get it against people held back by lot, each watched from the decision
    on, with intervals that hold however often one looks. Beside it the funnel, and what followed the last opened
    message, which proves nothing.

    Counted up to yesterday in the tenant's time zone; numbers about fewer than ten people are not told.
    """
    row = await campaigns.get(tx, me, campaign_id)
    found = proof_out(await read_proof(tx, me, row, now), DIRECT_DAYS)
    return file_of("proof", found) if format == "csv" else found
