"""Early warning of one tenant: once a day each metric is held against its own past, and what is news becomes an alert.

Figures about fewer than ten people are not looked at, those of simulated people are. What an alert tells is rounded.
"""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from uuid import UUID

import numpy as np

from geoengage.kit import events
from geoengage.kit.db import Session
from geoengage.kit.ids import TenantId, new_id
from geoengage.lifecycle.models.alerts import Alert
from geoengage.lifecycle.rules import alerts as rules
from geoengage.lifecycle.rules import warnings
from geoengage.lifecycle.rules.catalogue import METRICS, Unit
from geoengage.lifecycle.rules.events import MetricAlerted
from geoengage.lifecycle.rules.money import Change, Trade, worth_minor
from geoengage.lifecycle.rules.open_days import openness_at
from geoengage.lifecycle.rules.sentences import alert_sentence
from geoengage.lifecycle.rules.spans import DAY, Span
from geoengage.lifecycle.rules.told import why_hidden
from geoengage.lifecycle.rules.warnings import Floats, Part
from geoengage.lifecycle.rules.watched import WATCHED
from geoengage.lifecycle.service.facts import Wanted, read_facts
from geoengage.lifecycle.service.scopes import Scope
from geoengage.lifecycle.service.series import Series, measure
from geoengage.lifecycle.service.trading import read_trade
from geoengage.lifecycle.store import alerts as store
from geoengage.segments.rules import read_definition
from geoengage.tenancy.store import get_tenant

MOST_GROUPS = 40  # of each kind, that are asked whether they moved a metric


@dataclass(frozen=True, slots=True)
class Course:
    """A metric's last weeks, and how they are judged. `people`: whom its last week is about."""

    name: str
    people: int
    verdict: warnings.Verdicts

    @property
    def part(self) -> Part:
        """For telling who moved it: sums count as they are, means and shares by their people."""
        weight = 1.0 if METRICS[self.name].unit is Unit.PEOPLE or self.name == "revenue" else float(self.people)
        v = self.verdict
        return Part(float(v.expected[0]), float(v.now[0]), float(v.clearness[0]), weight)

    @property
    def is_warning(self) -> bool:
        """Significant, large enough, and about enough people."""
        if not self.verdict.warnings(WATCHED[self.name].least)[0]:
            return False
        part = self.part
        return rules.concerns_enough(METRICS[self.name].unit, part.expected, part.now, self.people)


@dataclass(frozen=True, slots=True)
class Driver:
    """The group that moved a metric, and by how much it changed itself."""

    kind: str
    id: UUID
    name: str
    change: float


async def watch(session: Session, tenant_id: TenantId, through: date, now: datetime) -> int:
    """Look at all metrics up to the end of a day, once; returns how many alerts are new or wake up again."""
    if not await store.claim_day(session, tenant_id, through):
        return 0
    recent = await store.list_recent(session, tenant_id, through - rules.AGAIN_AFTER)
    courses = await read_courses(session, tenant_id, Scope(), WATCHED, through, now)
    told = await _settle(session, tenant_id, recent, courses, through, now)
    known = [rules.Found(row.metric, row.is_good, row.through) for row in recent]
    warned = [c for c in courses.values() if c.is_warning and rules.is_news(c.name, _is_good(c), through, known)]
    if warned:
        drivers = await _drivers(session, tenant_id, warned, through, now)
        trade = await read_trade(session, tenant_id, Scope(), through, now)
        for course in warned:
            row = _row(course, drivers.get(course.name), trade, through, now)
            await store.insert_alert(session, tenant_id, row)
            told.append(_event(row))
    await events.publish(session, tenant_id, told, now)
    return len(told)


def _is_good(course: Course) -> bool:
    return bool(course.verdict.change[0] > 0) is (METRICS[course.name].better == "up")


async def read_courses(
    session: Session,
    tenant_id: TenantId,
    scope: Scope,
    names: Collection[str],
    through: date,
    now: datetime,
) -> dict[str, Course]:
    """The courses of metrics up to the end of a day, or as far as each is known by then."""
    exact = (await get_tenant(session, tenant_id)).is_demo
    of_stages = rules.weeks_of_stages(await store.count_customers(session, tenant_id))
    weeks = {name: of_stages if "stages" in METRICS[name].needs else warnings.WEEKS for name in names}
    found: dict[str, Course] = {}
    for late, count in sorted({(WATCHED[name].late_days, weeks[name]) for name in names}):
        group = [name for name in names if (WATCHED[name].late_days, weeks[name]) == (late, count)]
        last = through - late * DAY
        spans = [Span(end - 6 * DAY, end) for end in (last - 7 * k * DAY for k in reversed(range(count)))]
        wanted = Wanted(group, spans)
        facts = await read_facts(session, tenant_id, scope, wanted, now)
        read = await measure(facts, wanted)
        was_open = None
        if any(WATCHED[name].is_sum for name in group):
            ends = np.array([span.last.toordinal() for span in spans])
            was_open = openness_at(facts.orders.day[facts.orders.counted], ends)
        found |= {name: _course(name, read[name], was_open, exact=exact) for name in group}
    return {name: found[name] for name in names}


def _course(name: str, series: Series, was_open: Floats | None, *, exact: bool) -> Course:
    figures = [point.figure for point in series.points]
    weeks: Floats = np.array(
        [[np.nan if f.value is None or (why_hidden(f) and not exact) else f.value for f in figures]], dtype=float
    )
    weeks, watched = warnings.since_it_began(weeks), WATCHED[name]
    if watched.is_sum and was_open is not None:
        verdict = warnings.judge_with_shut_days(weeks, was_open[None, :], watched.shift)
    else:
        verdict = warnings.judge(weeks, watched.shift)
    return Course(name, figures[-1].people, verdict)


async def _settle(
    session: Session,
    tenant_id: TenantId,
    recent: Sequence[Alert],
    courses: Mapping[str, Course],
    through: date,
    now: datetime,
) -> list[MetricAlerted]:
    """End alerts whose metric is back; wake those that were put off until now."""
    woken = []
    for row in recent:
        if row.status == rules.AlertStatus.OVER:
            continue
        course, found = courses[row.metric], rules.Found(row.metric, row.is_good, row.through)
        current = float(course.verdict.now[0])
        known = None if np.isnan(current) else current
        if rules.is_over(found, row.expected, known, WATCHED[row.metric].least, through):
            await store.set_alert(
                session, tenant_id, row, status=rules.AlertStatus.OVER.value, snoozed_until=None, over_at=now
            )
        elif row.snoozed_until is not None and row.snoozed_until <= now:
            await store.set_alert(session, tenant_id, row, status=rules.AlertStatus.OPEN.value, snoozed_until=None)
            woken.append(_event(row))
    return woken


def _row(course: Course, driver: Driver | None, trade: Trade, through: date, now: datetime) -> Alert:
    part = course.part
    return Alert(
        id=new_id(),
        metric=course.name,
        through=through,
        found_at=now,
        is_good=_is_good(course),
        expected=rules.rounded(part.expected),
        now=rules.rounded(part.now),
        change=rules.rounded(float(course.verdict.change[0])),
        driver_kind=driver and driver.kind,
        driver_id=driver and driver.id,
        driver_name=driver and driver.name,
        driver_change=driver and rules.rounded(driver.change),
        currency=trade.currency,
        money_minor=worth_minor(course.name, Change(part.now, part.expected, course.people, 7), trade),
        status=rules.AlertStatus.OPEN.value,
    )


def _event(row: Alert) -> MetricAlerted:
    text = alert_sentence(row.metric, row.change, row.driver_name)
    return MetricAlerted(alert_id=row.id, metric=row.metric, text=text, is_good=row.is_good)


async def _drivers(
    session: Session, tenant_id: TenantId, warned: Sequence[Course], through: date, now: datetime
) -> dict[str, Driver]:
    """By metric the store or the segment that moved it; segments that follow from buying may not be named."""
    groups = await store.list_groups(session, tenant_id, MOST_GROUPS)
    lasting = [g for g in groups if g.definition is None or rules.may_drive(read_definition(g.definition))]
    names = [course.name for course in warned]
    own = [
        await read_courses(
            session, tenant_id, Scope(segment_id=g.id) if g.definition else Scope(store_id=g.id), names, through, now
        )
        for g in lasting
    ]
    found = {}
    for course in warned:
        which = warnings.driver(course.part, [courses[course.name].part for courses in own])
        if which is not None:
            group, change = lasting[which], float(own[which][course.name].verdict.change[0])
            found[course.name] = Driver("segment" if group.definition else "store", group.id, group.name, change)
    return found
