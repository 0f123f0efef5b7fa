"""/healthz, /readyz, /metrics and the texts behind problem types. No credential needed, no tenant's data shown."""

from typing import Any

from fastapi import APIRouter, Request
from fastapi.responses import PlainTextResponse, Response
from prometheus_client import CONTENT_TYPE_LATEST, CollectorRegistry, generate_latest
from prometheus_client.multiprocess import MultiProcessCollector
from pydantic import BaseModel, Field

from geoengage.kit import errors, partitions
from geoengage.kit.db import transaction
from geoengage.kit.http import Now, Problem

router = APIRouter(tags=["operations"])
LEAST_DAYS_AHEAD = 2


def _problem(description: str) -> dict[str, Any]:
    return {"model": Problem, "description": description}


class Ready(BaseModel):
    """The server can do its work."""

    status: str = Field(description="Always `ready`.")
    partition_days_ahead: int = Field(description="For how many days the dated tables are prepared.")


class ProblemText(BaseModel):
    """What a problem type means."""

    type: str = Field(description="As in the `type` of a problem.")
    title: str = Field(description="The kind of error in words.")
    meaning: str = Field(description="When it happens.")


@router.get("/healthz", response_class=PlainTextResponse)
async def get_health() -> str:
    """The process answers."""
    return "ok"


@router.get("/readyz", responses={503: _problem("Database away, or its dated tables not prepared.")})
async def get_readiness(request: Request, now: Now) -> Ready:
    """The database answers, is migrated, and its dated tables reach at least two days ahead."""
    try:
        async with transaction(request.app.state.sessions, None) as session:
            days = await partitions.days_ahead(session, now)
    except OSError as error:
        raise errors.Unavailable("the database does not answer") from error
    if days < LEAST_DAYS_AHEAD:
        raise errors.Unavailable(f"partitions reach only {days} days ahead; is the worker running?")
    return Ready(status="ready", partition_days_ahead=days)


@router.get("/metrics", response_class=PlainTextResponse)
async def get_metrics(request: Request) -> Response:
    """Counters for Prometheus: of this process, or of all that share the port, added up."""
    if request.app.state.settings.processes == 1:
        return Response(generate_latest(), media_type=CONTENT_TYPE_LATEST)
    registry = CollectorRegistry()
    MultiProcessCollector(registry)  # type: ignore[no-untyped-call]
    return Response(generate_latest(registry), media_type=CONTENT_TYPE_LATEST)


def _kinds(cls: type[errors.AppError]) -> dict[str, type[errors.AppError]]:
    found = {cls.code: cls}
    for child in cls.__subclasses__():
        found = _kinds(child) | found
    return found


@router.get("/problems/{code}", responses={404: _problem("No such problem type.")})
async def get_problem(code: str) -> ProblemText:
    """What the problem type `/problems/<code>` means."""
    cls: Any = _kinds(errors.AppError).get(code)
    if cls is None:
        raise errors.NotFound(f"there is no problem type '{code}'")
    return ProblemText(type=f"/problems/{code}", title=cls.title, meaning=(cls.__doc__ or "").strip())
