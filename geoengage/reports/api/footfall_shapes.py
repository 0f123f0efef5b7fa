"""Questions and answers of footfall. Every number's formula, window and what null means is in its description."""

from datetime import date
from typing import Annotated, Literal
from uuid import UUID

from pydantic import BaseModel, ConfigDict, Field, model_validator

from geoengage.reports.rules.periods import Period, Span, period_of

UNTOLD = "null: not told, because it would stand for 1 to k-1 people, alone or beside other numbers"
On = Annotated[date, Field(ge=date(2000, 1, 1), le=date(2099, 12, 31))]


class Window(BaseModel):
    """Which mall, which calendar period."""

    model_config = ConfigDict(extra="forbid")

    mall_id: UUID = Field(description="The mall.")
    period: Span = Field(default=Span.WEEK, description="Day, ISO week (from Monday) or calendar month, in mall time.")
    on: On = Field(description="Any day in the period, YYYY-MM-DD.")

    @property
    def wanted(self) -> Period:
        """The calendar period."""
        return period_of(self.period, self.on)


class PlaceWindow(Window):
    """And which place: one of zone, store, level, or none of them for the whole mall."""

    zone_id: UUID | None = Field(
        default=None, description="A zone, as it is now: since its store and levels are these."
    )
    store_id: UUID | None = Field(default=None, description="A store: all zones that were its own when entered.")
    level: int | None = Field(
        default=None, ge=-99, le=999, description="A floor: all zones that lay on it when entered."
    )

    @model_validator(mode="after")
    def _one_place(self) -> "PlaceWindow":
        if sum(value is not None for value in (self.zone_id, self.store_id, self.level)) > 1:
            raise ValueError("name one of zone_id, store_id, level, or none for the whole mall")
        return self


class PlacesWindow(Window):
    """And what to list."""

    by: Literal["zone", "store", "level"] = Field(default="zone", description="What to list.")


class HeatWindow(Window):
    """And which floor."""

    level: int = Field(ge=-99, le=999, description="The floor's ordinal.")


class ExportWindow(PlacesWindow):
    """And how."""

    format: Literal["csv", "geojson", "html"] = Field(
        default="csv", description="`csv` and `geojson` list the places of `by`; `html` is a report in one file."
    )


class PlaceOut(BaseModel):
    """A place that numbers are told of."""

    kind: Literal["zone", "store", "level", "mall"] = Field(description="What it is.")
    id: UUID | None = Field(description="Its id.")
    level: int | None = Field(description="Its floor; of a zone on several the lowest; null for a mall.")
    name: str = Field(description="Its name now.")


class BinOut(BaseModel):
    """Visits of one length."""

    from_s: int = Field(description="Shortest dwell of the bin, seconds.")
    to_s: int | None = Field(description="Longest dwell, not included; null: no limit.")
    visits: int | None = Field(description=f"Ended visits of that length. {UNTOLD}.")


class DwellOut(BaseModel):
    """How long visits were. Told for weeks and months, of each week's part in a month when that is over."""

    median_s: int | None = Field(
        description="Median of exited_at − entered_at in seconds, estimated from the told bins (visits evenly spread "
        "in a bin; 3600: an hour or more). null: fewer than four fifths of the visits are in told bins."
    )
    bins: list[BinOut] = Field(description="0–1, 1–5, 5–15, 15–30, 30–60 and over 60 minutes. Open visits are in none.")


class DayOut(BaseModel):
    """One day."""

    on: date = Field(description="The local day.")
    visits: int | None = Field(description=f"Visits that began on it. {UNTOLD}, or the day is not over.")
    people: int | None = Field(description=f"Different people of these visits. {UNTOLD}, or the day is not over.")


class PeakOut(BaseModel):
    """The busiest hour."""

    weekday: int = Field(description="0 = Monday … 6 = Sunday.")
    hour: int = Field(description="0–23, local.")


class PreviousOut(BaseModel):
    """The period of the same kind just before."""

    since: date = Field(serialization_alias="from", description="Its first day.")
    until: date = Field(serialization_alias="to", description="Its last day.")
    visits: int | None = Field(description=f"As `visits`, of that period. {UNTOLD}.")
    people: int | None = Field(description=f"As `people`, of that period. {UNTOLD}.")


class HiddenOut(BaseModel):
    """What is left out."""

    cells: int = Field(description="How many things are left out of all numbers of this answer.")
    why: str = Field(description="The same in words.")


class FootfallOut(BaseModel):
    """The footfall of one place in one calendar period. Test devices are not counted."""

    place: PlaceOut = Field(description="Which place.")
    period: Span = Field(description="Which kind of period.")
    since: date = Field(serialization_alias="from", description="First day of the period.")
    until: date = Field(serialization_alias="to", description="Last day of the period.")
    timezone: str = Field(description="IANA zone of the mall; days and hours are in it.")
    k: int = Field(description="The fewest people that a number may stand for.")
    complete: bool = Field(description="Whether the period is over. Only days that are over are counted.")
    visits: int | None = Field(
        description="Visits that began in the period. For each zone a day counts if it is of k people or more; the "
        f"other days of its week (within the month) count together if they are, once the week is over. {UNTOLD}."
    )
    people: int | None = Field(
        description="Different people of these visits: a linked profile, else a device. Told when the period is over. "
        f"{UNTOLD}."
    )
    returning_share: float | None = Field(
        description="Share (0–1) of these people who had a visit to the same place in the 28 days before the period. "
        f"{UNTOLD}; or there are no people."
    )
    dwell: DwellOut = Field(description="How long visits were.")
    by_day: list[DayOut] = Field(description="Each day of the period.")
    hours: list[int | None] = Field(
        description="168 numbers, Monday 0:00 first: people of whom a visit began in that local hour (once per day and "
        f"hour), summed over the days of the period. {UNTOLD}, or the hour is not in the period. 0: nobody."
    )
    peak: PeakOut | None = Field(
        description="The hour of the week with most people per such day, among those told; null: no hour is told."
    )
    previous: PreviousOut = Field(description="For comparison.")
    hidden: HiddenOut = Field(description="Days of zones that are left out of every number here.")


class PlaceFiguresOut(PlaceOut):
    """A place with its main numbers; each as in `GET /v1/footfall`."""

    store_id: UUID | None = Field(description="The store of a zone.")
    visits: int | None = Field(description=f"Visits that began in the period. {UNTOLD}.")
    people: int | None = Field(description=f"Different people. {UNTOLD}, or the period is not over.")
    median_dwell_s: int | None = Field(
        description="Median dwell, seconds, estimated from the told bins; null: not told."
    )
    returning_share: float | None = Field(description=f"Share of people who came back within 28 days. {UNTOLD}.")
    peak: PeakOut | None = Field(description="The busiest hour told; null: none is.")


class PlacesOut(BaseModel):
    """Places side by side."""

    items: list[PlaceFiguresOut] = Field(description="By visits, most first; untold last.")


class FlowOut(BaseModel):
    """People who went from one zone to another."""

    from_zone_id: UUID = Field(description="The zone that they left.")
    from_name: str = Field(description="Its name.")
    to_zone_id: UUID = Field(description="The zone that they entered next, at most 30 minutes later on the same day.")
    to_name: str = Field(description="Its name.")
    people: int = Field(description="Different people who did so in the period; at least k.")


class FlowsOut(BaseModel):
    """Flows between zones. None before the period is over."""

    items: list[FlowOut] = Field(description="Most people first.")
    hidden: HiddenOut = Field(description="Pairs of zones with people between them that are not told.")


class CellOut(BaseModel):
    """A square of the plan."""

    lon: float = Field(description="Of its centre, degrees.")
    lat: float = Field(description="Of its centre, degrees.")
    people: int = Field(
        description="Different people with a position in it on a day, summed over days; at least k a day."
    )


class HeatOut(BaseModel):
    """Where people were on one floor, from stored positions that reported it."""

    cell_m: float = Field(description="Side of a square, metres; its sides lie along the axes of the mall's frame.")
    k: int = Field(description="A square of a day counts when it is of so many people.")
    cells: list[CellOut] = Field(description="Squares that are told.")
    hidden: HiddenOut = Field(description="Days left out: not over, or older than the tenant keeps positions.")
