"""HTTP of the demo's comparison: how noisy the simulated phones are, and what plain point-in-polygon would have pushed.

The console sets the noise and shows the newest report; the simulator reads the noise and reports. Demo tenants only.
"""

from datetime import datetime, timedelta
from typing import Annotated, Any, Literal
from uuid import UUID

import msgspec
from fastapi import APIRouter, Request
from pydantic import AwareDatetime, BaseModel, ConfigDict, Field

from geoengage.kit import errors
from geoengage.kit.http import CONFLICT, PROBLEMS, Now, Tx
from geoengage.kit.ids import TenantId
from geoengage.kit.pseudonym import as_text, pseudonym
from geoengage.simulation import store
from geoengage.tenancy.auth import PeopleReader, Reader, VenueEditor
from geoengage.tenancy.rules import Principal

router = APIRouter(tags=["simulation"])
USUAL_M = 3.0  # phones that are good indoors
MOST_M = 30.0
ALIVE_FOR = timedelta(seconds=15)  # a simulator reports every few seconds
Lon = Annotated[float, Field(ge=-180, le=180)]
Lat = Annotated[float, Field(ge=-90, le=90)]
Way = Literal["plain", "ours"]


class _Closed(BaseModel):
    """Unknown fields are an error."""

    model_config = ConfigDict(extra="forbid")


class Noise(_Closed):
    """How wrong simulated phones are."""

    noise_m: float = Field(
        ge=0, le=MOST_M, description="Sigma of the slow error of a typical phone, metres; other phones scale with it."
    )


class Tally(_Closed):
    """What one way of judging made of the walks."""

    right: int = Field(ge=0, description="Entries of shoppers who were there, the first of each visit.")
    wrong: int = Field(
        ge=0, description="Entries of shoppers who were not there within 30 seconds, the first of each zone and walk."
    )
    again: int = Field(
        ge=0,
        description="Further entries of one visit, or wrong ones at one zone: a cooldown would hold them back.",
    )
    missed: int = Field(ge=0, description="Visits of a minute or more without an entry.")


class WalkPoint(_Closed):
    """Where the shopper truly was."""

    at: AwareDatetime = Field(description="When.")
    lon: Lon = Field(description="Degrees.")
    lat: Lat = Field(description="Degrees.")
    level: int | None = Field(description="Floor; null outdoors.")


class WalkFix(WalkPoint):
    """What the phone said."""

    level: int | None = Field(description="Floor as reported.")
    accuracy_m: float = Field(ge=0, description="68 % radius as reported, metres.")


class WalkEntry(_Closed):
    """An entry that one of the two ways recorded."""

    way: Way = Field(description="Plain point-in-polygon, or the engine.")
    at: AwareDatetime = Field(description="When it was recorded.")
    zone_id: UUID = Field(description="The zone.")
    zone_name: str = Field(max_length=200, description="Its name.")
    verdict: Literal["right", "wrong", "again"] = Field(description="Against the truth.")


class WalkIn(_Closed):
    """One shopper's last minutes."""

    device_id: UUID = Field(description="The simulated phone.")
    truth: list[WalkPoint] = Field(max_length=500, description="Where it truly was, in order of time.")
    fixes: list[WalkFix] = Field(max_length=500, description="What it reported, in order of time.")
    entries: list[WalkEntry] = Field(max_length=500, description="What was made of it, in order of time.")


class ReportIn(_Closed):
    """What a simulator has counted since the noise was set (or since it started)."""

    revision: int = Field(ge=0, description="Of the noise it is about.")
    since: AwareDatetime = Field(description="Start of counting.")
    positions: int = Field(ge=0, description="Positions that both ways judged.")
    shoppers: int = Field(ge=0, description="Shoppers followed; those who refuse location are not among them.")
    visits: int = Field(ge=0, description="True visits of a minute or more that can be judged by now.")
    plain: Tally = Field(description="Point-in-polygon on each position, as most systems do it.")
    ours: Tally = Field(description="Zone events that the engine recorded.")
    walk: WalkIn | None = Field(default=None, description="The walk that plain got most wrong lately.")


class WalkOut(BaseModel):
    """One shopper's last minutes, for a picture."""

    pseudonym: str = Field(description="Its name of the day, with which explain is asked.")
    truth: list[WalkPoint] = Field(description="Where it truly was, in order of time.")
    fixes: list[WalkFix] = Field(description="What its phone reported, in order of time.")
    entries: list[WalkEntry] = Field(description="What was made of it, in order of time.")


class Comparison(BaseModel):
    """The newest report."""

    since: datetime = Field(description="Start of counting.")
    reported_at: datetime = Field(description="When it was reported.")
    positions: int = Field(description="Positions that both ways judged.")
    shoppers: int = Field(description="Shoppers followed.")
    visits: int = Field(description="True visits of a minute or more that can be judged by now.")
    plain: Tally = Field(description="Point-in-polygon on each position.")
    ours: Tally = Field(description="Zone events that the engine recorded.")
    saved: int = Field(description="Wrong pushes that ours saved: wrong entries of plain less those of ours.")
    walk: WalkOut | None = Field(description="The walk that plain got most wrong lately.")


class SimulationOut(BaseModel):
    """The demo's phones and what is made of their walks."""

    noise_m: float = Field(description="Sigma of the slow error of a typical phone, metres.")
    usual_m: float = Field(description="What it is while nobody has set another.")
    most_m: float = Field(description="The largest that can be set.")
    revision: int = Field(description="Rises with each change of the noise.")
    is_running: bool = Field(description="Whether a simulator has reported within 15 seconds.")
    comparison: Comparison | None = Field(description="Null until the first report about this noise.")


@router.get("/v1/simulation", responses=PROBLEMS)
async def get_simulation(me: Reader, tx: Tx, now: Now) -> SimulationOut:
    """How noisy the simulated phones are, and plain point-in-polygon beside the engine on the same walks."""
    _check(me)
    row = await store.find_simulation(tx, TenantId(me.tenant_id))
    if row is None:
        return _out(USUAL_M, 0, None, None, now)
    return _out(row.noise_m, row.revision, row.report, row.reported_at, now)


@router.put("/v1/simulation", responses=PROBLEMS)
async def set_simulation(me: VenueEditor, tx: Tx, now: Now, body: Noise) -> SimulationOut:
    """Make the simulated phones as noisy as this within seconds; counting begins anew."""
    _check(me)
    tenant_id = TenantId(me.tenant_id)
    await store.set_noise(tx, tenant_id, body.noise_m, now)
    return await get_simulation(me, tx, now)


@router.put("/v1/simulation/report", status_code=204, responses=PROBLEMS | CONFLICT)
async def put_simulation_report(request: Request, me: PeopleReader, tx: Tx, now: Now, body: ReportIn) -> None:
    """For simulators: what was counted so far. 409 when the noise has been changed since; read it again then."""
    _check(me)
    tenant_id = TenantId(me.tenant_id)
    report: dict[str, Any] = body.model_dump(mode="json", exclude={"revision"})
    if body.walk is not None:
        name = pseudonym(request.app.state.signing_key, tenant_id, body.walk.device_id, now.date())
        report["walk"] = {"pseudonym": as_text(name)} | {k: v for k, v in report["walk"].items() if k != "device_id"}
    told = msgspec.json.encode(report)
    if not await store.put_report(tx, tenant_id, told, revision=body.revision, usual_m=USUAL_M, now=now):
        raise errors.Conflict("the noise was changed meanwhile: read GET /v1/simulation and count anew")


def _check(me: Principal) -> None:
    if not me.is_demo:
        raise errors.Forbidden("this is for the simulated people of a demo tenant")
    if me.store_ids is not None:
        raise errors.Forbidden("this shows paths through the whole mall; it is for the mall's own people")


def _out(
    noise_m: float, revision: int, report: dict[str, Any] | None, reported_at: datetime | None, now: datetime
) -> SimulationOut:
    comparison = None
    if report is not None and reported_at is not None:
        saved = report["plain"]["wrong"] - report["ours"]["wrong"]
        comparison = Comparison(**report, reported_at=reported_at, saved=max(0, saved))
    is_running = reported_at is not None and now - reported_at < ALIVE_FOR
    return SimulationOut(
        noise_m=noise_m, usual_m=USUAL_M, most_m=MOST_M, revision=revision, is_running=is_running, comparison=comparison
    )
