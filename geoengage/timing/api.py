"""HTTP of timing: the tenant's day parts, and the best hours of one person."""

from datetime import date
from typing import Annotated, Literal
from uuid import UUID

from fastapi import APIRouter
from pydantic import BaseModel, Field, StringConstraints

from geoengage.kit import errors
from geoengage.kit.http import PROBLEMS, Now, Tx
from geoengage.kit.ids import TenantId
from geoengage.kit.shapes import Name, Shape
from geoengage.tenancy.auth import CampaignEditor, PeopleReader, Reader
from geoengage.timing import service, store
from geoengage.timing.rules import USUAL, DayPart, flaw_of
from geoengage.venues.api.common import unrestricted
from geoengage.venues.rules import DAYS

router = APIRouter(tags=["timing"], responses=PROBLEMS)
TOLD = 5  # hours of a person that are told in words
Clock = Annotated[str, StringConstraints(pattern=r"^(([01][0-9]|2[0-3]):[0-5][0-9]|24:00)$")]
DayName = Literal["mon", "tue", "wed", "thu", "fri", "sat", "sun", "weekday", "weekend"]


class DayPartShape(Shape):
    """A named span of the day, on the clock of whom it is about."""

    name: Name = Field(description="What people call it: morning, after work.")
    days: list[DayName] = Field(
        default=[], max_length=9, description="Empty: every day. `weekend` is the country's own (CLDR)."
    )
    starts: Clock = Field(description="HH:MM, included.", examples=["17:00"])
    ends: Clock = Field(description="HH:MM, excluded; before the start means the next morning; 24:00 is midnight.")
    valid_from: date | None = Field(default=None, description="First day on which it holds; null: since ever.")
    valid_to: date | None = Field(default=None, description="Last day on which it holds; null: for good.")
    is_good: bool = Field(
        default=True, description="Whether people like to be written to then. Chooses the hour of who is not known yet."
    )


class DayPartsIn(Shape):
    """All day parts of the tenant, in its order."""

    items: list[DayPartShape] = Field(max_length=50, description="Day parts; empty: the usual ones.")


class DayPartsOut(BaseModel):
    """All day parts of the tenant."""

    items: list[DayPartShape] = Field(description="Day parts, in the tenant's order.")
    is_usual: bool = Field(description="The tenant has written none: these are the usual ones.")


class GoodHour(BaseModel):
    """One hour of the week."""

    day: str = Field(description="mon … sun.")
    hour: int = Field(description="0 to 23, on the person's clock.")
    share: float = Field(description="How much of the person's week falls on it; an even week has 0.006 an hour.")


class ActionsOut(BaseModel):
    """What the hours rest on: the person's own actions of the last 365 days."""

    clicks: int = Field(description="Messages that were tapped or clicked in the person's own app or browser.")
    visits: int = Field(description="Visits.")
    purchases: int = Field(description="Orders.")


class BestHoursOut(BaseModel):
    """When to write to somebody."""

    timezone: str = Field(description="The person's clock.")
    basis: Literal["own", "others"] = Field(
        description="`own`: from what the person did, filled up from the tenant's people and day parts. `others`: only"
        " from these; nothing of the person is known, or may be used."
    )
    agrees: bool = Field(description="Whether the person agreed to personalisation.")
    best: list[GoodHour] = Field(description="The five best hours, best first.")
    hours: list[float] = Field(description="168 shares, from Monday 00:00 on.")
    concentration: float | None = Field(description="0: any time of the day, 1: always the same; null: nothing known.")
    actions: ActionsOut = Field(description="What it rests on.")


@router.get("/v1/day-parts")
async def get_day_parts(me: Reader, tx: Tx) -> DayPartsOut:
    """The tenant's day parts."""
    return _out(await store.list_day_parts(tx, TenantId(me.tenant_id)))


@router.put("/v1/day-parts")
async def put_day_parts(body: DayPartsIn, me: CampaignEditor, tx: Tx) -> DayPartsOut:
    """Replace all day parts: of other seasons, with dates; for a country's weekend. Not for shops."""
    unrestricted(me)
    parts = [_rule(shape) for shape in body.items]
    wrong = {i: flaw for i, part in enumerate(parts) if (flaw := flaw_of(part)) is not None}
    if wrong:
        items = [{"pointer": f"#/items/{i}", "in": "body", "detail": flaw} for i, flaw in wrong.items()]
        raise errors.ItemErrors(items)
    await store.set_day_parts(tx, TenantId(me.tenant_id), parts)
    return _out(parts)


@router.get("/v1/profiles/{profile_id}/best-hours")
async def get_best_hours(profile_id: UUID, me: PeopleReader, tx: Tx, now: Now) -> BestHoursOut:
    """When this person most likely answers, by the 168 hours of the week: what they did, filled up by what the tenant's
    people do. Without their consent to personalisation their own history is not used.
    """
    found = await service.best_hours(tx, TenantId(me.tenant_id), profile_id, now)
    shares = found.peak.shares
    order = sorted(range(len(shares)), key=lambda hour: (-shares[hour], hour))
    return BestHoursOut(
        timezone=found.zone.key,
        basis="own" if found.is_own else "others",
        agrees=found.agrees,
        best=[GoodHour(day=DAYS[h // 24], hour=h % 24, share=round(float(shares[h]), 5)) for h in order[:TOLD]],
        hours=[round(float(share), 5) for share in shares],
        concentration=None if found.peak.concentration is None else round(found.peak.concentration, 3),
        actions=ActionsOut(
            clicks=found.actions["click"], visits=found.actions["visit"], purchases=found.actions["purchase"]
        ),
    )


def _rule(shape: DayPartShape) -> DayPart:
    return DayPart(
        name=shape.name,
        days=tuple(dict.fromkeys(shape.days)),
        starts=_minutes(shape.starts) % 1440,
        ends=_minutes(shape.ends),
        valid_from=shape.valid_from,
        valid_to=shape.valid_to,
        is_good=shape.is_good,
    )


def _minutes(clock: str) -> int:
    hour, minute = clock.split(":")
    return int(hour) * 60 + int(minute)


def _out(parts: list[DayPart]) -> DayPartsOut:
    return DayPartsOut(
        items=[
            DayPartShape(
                name=part.name,
                days=list(part.days),
                starts=_clock(part.starts),
                ends=_clock(part.ends),
                valid_from=part.valid_from,
                valid_to=part.valid_to,
                is_good=part.is_good,
            )
            for part in parts or USUAL
        ],
        is_usual=not parts,
    )


def _clock(minutes: int) -> str:
    return f"{minutes // 60:02}:{minutes % 60:02}"
