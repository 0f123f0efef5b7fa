"""HTTP of value models: which there are, how well each describes and foresees, as numbers and as pictures."""

from enum import StrEnum
from typing import Annotated
from uuid import UUID

from fastapi import APIRouter, Depends
from fastapi.responses import Response

from geoengage.kit import errors
from geoengage.kit.http import PROBLEMS, Tx
from geoengage.kit.ids import TenantId
from geoengage.metrics import shapes, store
from geoengage.metrics.models import ValueModelRow
from geoengage.metrics.rules import draw_by_times, draw_calibration, draw_holdout
from geoengage.tenancy.auth import Reader
from geoengage.tenancy.rules import Principal

_BYTES = {"schema": {"type": "string", "format": "binary"}}
_PICTURE = {"image/svg+xml": _BYTES, "application/octet-stream": _BYTES}  # the latter for generators of clients
router = APIRouter(tags=["metrics"])


async def _whole_tenant(me: Reader) -> Principal:
    """Models are of all customers: nothing for who is restricted to stores."""
    if me.store_ids is not None:
        raise errors.NotFound("there is no such thing for a credential that is restricted to stores")
    return me


Whole = Annotated[Principal, Depends(_whole_tenant)]


class Picture(StrEnum):
    """What is drawn."""

    CALIBRATION = "calibration"
    HOLDOUT = "holdout"
    BY_TIMES = "by-times"


@router.get("/v1/metrics/models", responses=PROBLEMS)
async def list_value_models(me: Whole, tx: Tx) -> shapes.ValueModelsOut:
    """The value models of half a year, one a week, the newest first. One is current: customers are valued with it.

    A model that could not be fitted says why in `refusal`; then nobody has a value.
    """
    rows = await store.list_models(tx, TenantId(me.tenant_id))
    return shapes.ValueModelsOut(items=[shapes.ValueModelOut.of(row) for row in rows])


@router.get("/v1/metrics/models/{model_id}", responses=PROBLEMS)
async def get_value_model(me: Whole, tx: Tx, model_id: UUID) -> shapes.ValueModelDetailOut:
    """One model with its checks: how it describes the purchases that it was fitted on, and how it foresaw purchases
    that were kept back. Figures are about ten people or more; smaller groups are put together.
    """
    return shapes.ValueModelDetailOut.of(await _model(me, tx, model_id))


@router.get(
    "/v1/metrics/models/{model_id}/pictures/{picture}",
    response_class=Response,
    responses=PROBLEMS | {200: {"description": "The picture, SVG.", "content": _PICTURE}},
)
async def draw_value_model(me: Whole, tx: Tx, model_id: UUID, picture: Picture) -> Response:
    """The same numbers drawn (SVG): customers by repeat purchases (`calibration`), purchase days week by week before
    and after the cut (`holdout`), purchase days of the hold-out by those before (`by-times`).
    """
    quality = shapes.quality_of(await _model(me, tx, model_id))
    if quality is None:
        raise errors.NotFound("this model could not be fitted: there is nothing to draw")
    if picture is Picture.CALIBRATION:
        drawn = draw_calibration(quality.calibration)
    elif quality.trial is None:
        raise errors.NotFound(f"there was no hold-out: {quality.untried}")
    else:
        drawn = draw_holdout(quality.trial) if picture is Picture.HOLDOUT else draw_by_times(quality.trial.by_times)
    headers = {"X-Content-Type-Options": "nosniff", "Cache-Control": "private, max-age=3600"}
    return Response(drawn, media_type="image/svg+xml", headers=headers)


async def _model(me: Principal, tx: Tx, model_id: UUID) -> ValueModelRow:
    row = await store.get_model(tx, TenantId(me.tenant_id), model_id)
    if row is None:
        raise errors.NotFound(f"model {model_id} does not exist")
    return row
