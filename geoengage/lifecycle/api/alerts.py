"""HTTP of early warnings: what is off its course, who moved it, and what became of it."""

from datetime import date, datetime, timedelta
from typing import Annotated, Literal
from uuid import UUID

from fastapi import APIRouter, Query
from pydantic import BaseModel, Field

from geoengage.kit.http import CONFLICT, PROBLEMS, Now, Paging, Tx
from geoengage.kit.ids import TenantId
from geoengage.kit.shapes import Shape
from geoengage.lifecycle.api.overview import OverviewButton
from geoengage.lifecycle.api.questions import MetricName
from geoengage.lifecycle.models import Alert
from geoengage.lifecycle.rules.alerts import AlertStatus
from geoengage.lifecycle.rules.catalogue import METRICS, Unit
from geoengage.lifecycle.rules.playbooks import PLAYBOOKS
from geoengage.lifecycle.rules.sentences import alert_sentence, money_sentence
from geoengage.lifecycle.rules.watched import WATCHED
from geoengage.lifecycle.service import alerts as service
from geoengage.lifecycle.store import alerts as store
from geoengage.tenancy.auth import Reader, SegmentEditor

router = APIRouter(tags=["alerts"], responses=PROBLEMS)


class AlertDriver(BaseModel):
    """Whose people moved the metric."""

    kind: Literal["store", "segment"] = Field(description="What it is.")
    id: UUID = Field(description="Its id.")
    name: str = Field(description="Its name when the alert was found.")
    change: float = Field(description="By how much the metric of these people changed: -0.2 is 20 % less.")


class AlertDraft(BaseModel):
    """What a playbook made of it."""

    segment_id: UUID = Field(description="The segment.")
    campaign_id: UUID = Field(description="The campaign, made as a draft.")


class AlertOut(BaseModel):
    """A metric that was off its own course."""

    id: UUID = Field(description="Its id.")
    metric: MetricName = Field(description="Which metric.")
    label: str = Field(description="Its name for people.")
    text: str = Field(description="The alert in one sentence.")
    money_text: str | None = Field(description="What the change is worth, in a sentence.")
    is_good: bool = Field(description="Whether it went the way that a shop wants.")
    unit: Unit = Field(description="Of `expected` and `now`.")
    expected: float = Field(description="What its own past let expect, to three figures.")
    now: float = Field(description="What it was, over one week or two, to three figures.")
    change: float = Field(description="`now` relative to `expected`: -0.12 is 12 % less.")
    currency: str | None = Field(description="Of money.")
    money_minor: int | None = Field(description="Gained or lost in 90 days if the change stays; two figures.")
    driver: AlertDriver | None = Field(description="Whose people moved it; null: everybody did.")
    through: date = Field(description="The local day at whose end it was so.")
    found_at: datetime = Field(description="When it was found.")
    status: AlertStatus = Field(description="`over`: the metric is back, or this is how things are by now.")
    snoozed_until: datetime | None = Field(description="When one that was put off comes back.")
    decided_at: datetime | None = Field(description="When somebody dismissed it or put it off.")
    decided_by: str | None = Field(description="Who did.")
    over_at: datetime | None = Field(description="Since when it is over.")
    made: list[AlertDraft] = Field(description="Segments and draft campaigns that its playbook made.")
    button: OverviewButton | None = Field(description="What repairs it; null for good news and what is over.")


class AlertPage(BaseModel):
    """A page of alerts, the newest first."""

    items: list[AlertOut] = Field(description="Alerts.")
    next: str | None = Field(description="`cursor` of the next page; null at the end.")


class SnoozeIn(Shape):
    """For how long an alert is put off."""

    days: int = Field(ge=1, le=90, description="Days from now.")


@router.get("/v1/alerts")
async def list_alerts(
    me: Reader,
    tx: Tx,
    now: Now,
    page: Paging,
    status: Annotated[AlertStatus | None, Query(description="Only in this status; else all there ever were.")] = None,
    metric: Annotated[MetricName | None, Query(description="Only of this metric.")] = None,
) -> AlertPage:
    """Early warnings, the newest first. They are of the whole tenant: restricted to stores one gets none."""
    if me.store_ids is not None:
        return AlertPage(items=[], next=None)
    wanted = store.Wanted(status, metric, page.after, page.limit + 1)
    rows = await store.list_alerts(tx, TenantId(me.tenant_id), wanted, now)
    kept, next_ = page.cut(rows, lambda row: row.id)
    return AlertPage(items=[alert_out(row, now) for row in kept], next=next_)


@router.get("/v1/alerts/{alert_id}")
async def get_alert(alert_id: UUID, me: Reader, tx: Tx, now: Now) -> AlertOut:
    """One early warning."""
    return alert_out(await service.get(tx, me, alert_id), now)


@router.post("/v1/alerts/{alert_id}/dismiss", responses=CONFLICT)
async def dismiss_alert(alert_id: UUID, me: SegmentEditor, tx: Tx, now: Now) -> AlertOut:
    """Have done with it. The same metric is told of again in four weeks at the earliest."""
    return alert_out(await service.decide(tx, me, alert_id, now, None), now)


@router.post("/v1/alerts/{alert_id}/snooze", responses=CONFLICT)
async def snooze_alert(alert_id: UUID, body: SnoozeIn, me: SegmentEditor, tx: Tx, now: Now) -> AlertOut:
    """Put it off: it comes back after so many days, unless it is over by then."""
    return alert_out(await service.decide(tx, me, alert_id, now, timedelta(days=body.days)), now)


def alert_out(row: Alert, now: datetime) -> AlertOut:
    """An alert as the API shows it."""
    status = service.status_at(row, now)
    book = WATCHED[row.metric].playbook
    shown = not row.is_good and status in (AlertStatus.OPEN, AlertStatus.SNOOZED)
    return AlertOut(
        id=row.id,
        metric=row.metric,
        label=METRICS[row.metric].label,
        text=alert_sentence(row.metric, row.change, row.driver_name),
        money_text=money_sentence(row.money_minor, row.currency),
        is_good=row.is_good,
        unit=METRICS[row.metric].unit,
        expected=row.expected,
        now=row.now,
        change=row.change,
        currency=row.currency,
        money_minor=row.money_minor,
        driver=_driver(row),
        through=row.through,
        found_at=row.found_at,
        status=status,
        snoozed_until=row.snoozed_until if status is AlertStatus.SNOOZED else None,
        decided_at=row.decided_at,
        decided_by=row.decided_by,
        over_at=row.over_at,
        made=[AlertDraft(segment_id=each["segment_id"], campaign_id=each["campaign_id"]) for each in row.made or ()],
        button=OverviewButton(playbook=book, label=PLAYBOOKS[book].button) if shown else None,
    )


def _driver(row: Alert) -> AlertDriver | None:
    if row.driver_id is None:
        return None
    return AlertDriver.model_validate(
        {"kind": row.driver_kind, "id": row.driver_id, "name": row.driver_name, "change": row.driver_change}
    )
