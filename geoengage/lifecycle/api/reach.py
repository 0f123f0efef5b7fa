"""HTTP of when and where people are: hours of the week, devices, languages, and the funnel of each channel."""

from typing import Annotated, Any, get_args

from fastapi import APIRouter, Query
from fastapi.responses import Response

from geoengage.kit.anonymity import K
from geoengage.kit.http import PROBLEMS, Now, Tx
from geoengage.kit.ids import TenantId
from geoengage.lifecycle import service
from geoengage.lifecycle.api import customer_shapes as shapes
from geoengage.lifecycle.api.files import CSV, as_csv
from geoengage.lifecycle.api.metrics import scope_out
from geoengage.lifecycle.api.questions import Period, Whose
from geoengage.tenancy.auth import Reader

router = APIRouter()
WEEKDAYS = ("Mon", "Tue", "Wed", "Thu", "Fri", "Sat", "Sun")


@router.get("/v1/metrics/when", response_model=shapes.WhenOut, responses=PROBLEMS | CSV)
async def get_when(me: Reader, tx: Tx, now: Now, asked: Annotated[Period, Query()]) -> shapes.WhenOut | Response:
    """When and where are they? Visits, opened messages and orders by hour of the week; devices and languages.

    The period is widened to whole months, of which only those that are over count (in a demo all days that are).
    """
    tenant_id, scope = TenantId(me.tenant_id), asked.scope(me)
    place = await service.get_place(tx, tenant_id, scope)
    period = asked.span(service.today_in(place, now))
    found = await service.read_when(tx, tenant_id, scope, period, now, exact=me.is_demo)
    answer = shapes.WhenOut(
        scope=scope_out(me, asked, place.timezone),
        k=1 if me.is_demo else K,
        since=found.period and found.period.first,
        until=found.period and found.period.last,
        formula="visits by when they began (of a store: of its zones), messages by when opened, counted orders"
        " by when they were placed; test devices never count. People by device: anonymous ones too, while nobody is"
        " linked. Languages: what is known of the person, else of their newest device",
        items=[
            shapes.HoursOut(kind=kind, hours=found.hours[kind])
            for kind in get_args(shapes.HoursOut.model_fields["kind"].annotation)
        ],
        devices=[shapes.PeopleCount(name=name, people=n) for name, n in found.devices],
        languages=[shapes.PeopleCount(name=name, people=n) for name, n in found.languages],
    )
    return answer if asked.format == "json" else _when_file(answer)


def _when_file(answer: shapes.WhenOut) -> Response:
    rows: list[dict[str, Any]] = [
        {"what": item.kind, "weekday": WEEKDAYS[hour // 24], "hour": hour % 24, "number": n}
        for item in answer.items
        for hour, n in enumerate(item.hours)
    ]
    for what, counts in (("device", answer.devices), ("language", answer.languages)):
        rows += [{"what": what, "name": count.name, "number": count.people} for count in counts]
    return as_csv("when", ("what", "weekday", "hour", "name", "number"), rows)


@router.get("/v1/metrics/funnel", response_model=shapes.FunnelOut, responses=PROBLEMS | CSV)
async def get_funnel(me: Reader, tx: Tx, now: Now, asked: Annotated[Whose, Query()]) -> shapes.FunnelOut | Response:
    """How far each channel reaches: known people, consent, address, alive. As of now."""
    tenant_id, scope = TenantId(me.tenant_id), asked.scope(me)
    found = await service.read_funnel(tx, tenant_id, scope, now, exact=me.is_demo)
    answer = shapes.FunnelOut(
        scope=scope_out(me, asked, found.place.timezone),
        k=1 if me.is_demo else K,
        formula="known: profiles that are not suppressed. consent: whose decision in force for marketing by the channel"
        " is a yes; of pushes: a device agrees, and the person decided nothing against it. address: an e-mail address,"
        " a phone number, a push address; in_app needs none. alive: proven and not bounced, complained or stopped; of"
        " pushes: not retired, and the phone shows them; and the person has not paused",
        items=[
            shapes.FunnelRow(
                channel=row.channel, known=row.known, consent=row.consent, address=row.address, alive=row.alive
            )
            for row in found.channels
        ],
    )
    if asked.format == "json":
        return answer
    columns = ("channel", "known", "consent", "address", "alive")
    return as_csv("funnel", columns, [row.model_dump() for row in answer.items])
