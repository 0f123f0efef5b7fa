"""HTTP of footfall: one place, places side by side, flows, heat, and files.

Windows are calendar periods only. What may be told does not depend on who asks (`rules/release.py`); a credential that
is restricted to stores gets fewer places, never other numbers.
"""

import asyncio
from collections.abc import Callable
from typing import Annotated, Any, TypeVar

from fastapi import APIRouter, Query, Request
from fastapi.responses import Response

from geoengage.kit import errors
from geoengage.kit.anonymity import K
from geoengage.kit.http import PROBLEMS, Now, Problem, Tx
from geoengage.kit.ids import TenantId
from geoengage.reports import footfall, footfall_files, footfall_report
from geoengage.reports.api import footfall_shapes as shapes
from geoengage.reports.rules.footfall import BINS_S, Figures, Footfall
from geoengage.reports.rules.periods import Span
from geoengage.tenancy.auth import Reader
from geoengage.tenancy.rules import Principal

router = APIRouter(tags=["footfall"])
T = TypeVar("T")
Asked = tuple[footfall.Venue, Footfall, Footfall]
MEDIA = {"csv": "text/csv; charset=utf-8", "geojson": "application/geo+json", "html": "text/html; charset=utf-8"}


@router.get("/v1/footfall", responses=PROBLEMS)
async def get_footfall(
    me: Reader, tx: Tx, now: Now, asked: Annotated[shapes.PlaceWindow, Query()]
) -> shapes.FootfallOut:
    """Visits, people, dwell, hours of one place in one calendar period, beside the period before.

    Numbers about fewer than k people are not told, nor those that would give them away beside others.
    """
    venue, now_, before = await _count(me, tx, now, asked)
    number = _place(me, venue, asked)
    return await asyncio.to_thread(_answer, venue, now_, before, number)


@router.get("/v1/footfall/places", responses=PROBLEMS)
async def list_places(me: Reader, tx: Tx, now: Now, asked: Annotated[shapes.PlacesWindow, Query()]) -> shapes.PlacesOut:
    """All zones, stores or levels of a mall with their main numbers of one calendar period."""
    venue, counted, _ = await _count(me, tx, now, asked)
    return shapes.PlacesOut(items=[item for item, _ in await _figures(me, venue, counted, asked.by)])


@router.get("/v1/footfall/flows", responses=PROBLEMS)
async def list_flows(me: Reader, tx: Tx, now: Now, asked: Annotated[shapes.Window, Query()]) -> shapes.FlowsOut:
    """How many people went straight from one zone to another. Whoever is restricted to stores sees only their zones."""
    venue, counted, _ = await _count(me, tx, now, asked)
    found, untold = await asyncio.to_thread(counted.flows)
    mine = {n for n, spot in enumerate(venue.spots) if spot.is_current and _may_see(me, spot.store_id)}
    items = [_flow(venue, *flow) for flow in found if {flow[0], flow[1]} <= mine]
    hidden = untold if me.store_ids is None else 0
    return shapes.FlowsOut(
        items=items,
        hidden=_hidden(
            hidden, f"way between zones of fewer than {K} people", f"ways between zones of fewer than {K} people"
        ),
    )


@router.get("/v1/footfall/heat", responses=PROBLEMS)
async def get_heat(me: Reader, tx: Tx, now: Now, asked: Annotated[shapes.HeatWindow, Query()]) -> shapes.HeatOut:
    """Where people were on a floor, in squares of five metres, for a day or a week (positions are kept for days)."""
    _whole_mall(me)
    if asked.period is Span.MONTH:
        raise _bad("period", "positions are kept for days only; ask for a day or a week")
    venue = await footfall.read_venue(tx, TenantId(me.tenant_id), asked.mall_id, now)
    if venue.find("level", level=asked.level) is None:
        raise errors.NotFound(f"this mall has no level {asked.level}")
    heat = await footfall.read_heat(tx, TenantId(me.tenant_id), venue, asked.level, asked.wanted, now)
    return shapes.HeatOut(
        cell_m=footfall.CELL_M,
        k=K,
        cells=[shapes.CellOut(lon=lon, lat=lat, people=people) for lon, lat, people in heat.cells],
        hidden=_hidden(
            heat.hidden,
            "day that is not over or whose positions are not all kept",
            "days that are not over or whose positions are not all kept",
        ),
    )


@router.get(
    "/v1/footfall/export",
    response_class=Response,
    responses=PROBLEMS
    | {200: {"description": "The file.", "content": {media: {} for media in MEDIA.values()}}}
    | {503: {"model": Problem, "description": "The map files of the HTML report are not built."}},
)
async def export_footfall(
    request: Request, me: Reader, tx: Tx, now: Now, asked: Annotated[shapes.ExportWindow, Query()]
) -> Response:
    """The same numbers as a file: CSV (UTF-8, one line a place), GeoJSON, or an HTML report that opens offline."""
    venue, counted, before = await _count(me, tx, now, asked)
    if asked.format == "html":
        _whole_mall(me)
        floors = await footfall.read_floors(tx, TenantId(me.tenant_id), venue, asked.wanted, now)
        body = await asyncio.to_thread(
            footfall_report.render, venue, counted, before, floors, request.app.state.report_assets
        )
    else:
        figures = await _figures(me, venue, counted, asked.by)
        if asked.format == "csv":
            body = footfall_files.as_csv(asked.wanted, [item.model_dump() for item, _ in figures])
        else:
            shapes_of = await footfall.read_shapes(tx, TenantId(me.tenant_id), venue)
            body = footfall_files.as_geojson(
                [(item.model_dump(mode="json"), shapes_of.get(venue.places[n])) for item, n in figures]
            )
    name = f"footfall-{asked.period}-{asked.wanted.first}.{asked.format}"
    headers = {"Content-Disposition": f'attachment; filename="{name}"', "X-Content-Type-Options": "nosniff"}
    return Response(body, media_type=MEDIA[asked.format], headers=headers)


# --- who may ask, and the answers ----------------------------------------------------------------------------------


async def _count(me: Principal, tx: Any, now: Any, asked: shapes.Window) -> Asked:
    tenant_id = TenantId(me.tenant_id)
    venue = await footfall.read_venue(tx, tenant_id, asked.mall_id, now)
    counted, before = await footfall.count(tx, tenant_id, venue, asked.wanted)
    return venue, counted, before


def _may_see(me: Principal, store_id: Any) -> bool:
    return me.store_ids is None or store_id in me.store_ids


def _whole_mall(me: Principal) -> None:
    if me.store_ids is not None:
        raise errors.NotFound("there is no such thing for a credential that is restricted to stores")


def _bad(name: str, detail: str) -> errors.ItemErrors:
    return errors.ItemErrors([{"pointer": name, "in": "query", "detail": detail}])


def _place(me: Principal, venue: footfall.Venue, asked: shapes.PlaceWindow) -> int:
    """The number of the place asked for; NotFound when it is another's."""
    if asked.zone_id is not None:
        number = venue.find("zone", id_=asked.zone_id)
    elif asked.store_id is not None:
        number = venue.find("store", id_=asked.store_id)
    elif asked.level is not None:
        number = venue.find("level", level=asked.level)
    else:
        number = venue.find("mall")
    if number is None or not _may_see(me, venue.places[number].store_id):
        raise errors.NotFound("there is no such place in this mall")
    return number


def _answer(venue: footfall.Venue, counted: Footfall, before: Footfall, number: int) -> shapes.FootfallOut:
    f, period, earlier = counted.figures(number), counted.period, before.period
    return shapes.FootfallOut(
        place=_place_out(venue, number),
        period=period.span,
        since=period.first,
        until=period.last,
        timezone=venue.mall.timezone,
        k=K,
        complete=counted.complete,
        visits=f.visits,
        people=f.people,
        returning_share=f.returning_share,
        dwell=_dwell(f),
        by_day=[shapes.DayOut(on=on, visits=visits, people=people) for on, visits, people in f.by_day],
        hours=f.hours,
        peak=_peak(f.peak),
        previous=shapes.PreviousOut(
            since=earlier.first, until=earlier.last, visits=before.visits(number), people=before.people(number)
        ),
        hidden=_hidden(
            f.hidden, f"day of a zone with fewer than {K} people", f"days of zones with fewer than {K} people"
        ),
    )


def _place_out(venue: footfall.Venue, number: int) -> shapes.PlaceOut:
    place = venue.places[number]
    return shapes.PlaceOut(kind=place.kind, id=place.id, level=place.level, name=place.name)


def _dwell(f: Figures) -> shapes.DwellOut:
    ends = (*BINS_S[1:], None)
    bins = [shapes.BinOut(from_s=a, to_s=b, visits=n) for a, b, n in zip(BINS_S, ends, f.bins, strict=True)]
    return shapes.DwellOut(median_s=f.median_s, bins=bins)


def _peak(peak: tuple[int, int] | None) -> shapes.PeakOut | None:
    return None if peak is None else shapes.PeakOut(weekday=peak[0], hour=peak[1])


def _hidden(cells: int, one: str, many: str) -> shapes.HiddenOut:
    why = f"1 {one} is left out" if cells == 1 else f"{cells} {many} are left out"
    return shapes.HiddenOut(cells=cells, why=why)


def _flow(venue: footfall.Venue, start: int, end: int, people: int) -> shapes.FlowOut:
    a, b = venue.spots[start], venue.spots[end]
    return shapes.FlowOut(from_zone_id=a.zone_id, from_name=a.name, to_zone_id=b.zone_id, to_name=b.name, people=people)


async def _figures(
    me: Principal, venue: footfall.Venue, counted: Footfall, by: str
) -> list[tuple[shapes.PlaceFiguresOut, int]]:
    """The places of a kind that the caller may see, with their numbers, most visited first."""
    if by == "level":
        _whole_mall(me)
    numbers = [n for n, p in enumerate(venue.places) if p.kind == by and _may_see(me, p.store_id)]
    make: Callable[[int], shapes.PlaceFiguresOut] = lambda n: _line(venue, counted, n)  # noqa: E731
    items = await asyncio.to_thread(lambda: [(make(n), n) for n in numbers])
    return sorted(items, key=lambda item: (item[0].visits is None, -(item[0].visits or 0), item[0].name))


def _line(venue: footfall.Venue, counted: Footfall, n: int) -> shapes.PlaceFiguresOut:
    return shapes.PlaceFiguresOut(
        **_place_out(venue, n).model_dump(),
        store_id=venue.places[n].store_id,
        visits=counted.visits(n),
        people=counted.people(n),
        median_dwell_s=counted.median_s(n),
        returning_share=counted.returning_share(n),
        peak=_peak(counted.peak(n)),
    )
