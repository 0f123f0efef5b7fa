"""One click: segments and drafts of campaigns from a playbook, for a whole tenant, a store, or what an alert names."""

from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from geoengage.campaigns import service as campaigns
from geoengage.kit import errors
from geoengage.kit.db import Session
from geoengage.kit.ids import TenantId, derived_id
from geoengage.lifecycle.models import Alert
from geoengage.lifecycle.rules.playbooks import PLAYBOOKS, Plan, Target, plans
from geoengage.lifecycle.rules.spans import DAY
from geoengage.lifecycle.service import alerts
from geoengage.lifecycle.service.scopes import Scope, get_place, today_in
from geoengage.lifecycle.service.trading import read_trade
from geoengage.lifecycle.store import alerts as store
from geoengage.segments import service as segments
from geoengage.segments.rules import read_definition
from geoengage.tenancy.rules import Principal, actor_name
from geoengage.tenancy.rules import Scope as Right


class PlaybookNotFound(errors.NotFound):
    """There is no playbook of this name."""

    code = "playbook-not-found"
    title = "No such playbook"


@dataclass(frozen=True, slots=True)
class Asked:
    """For what a playbook is asked: an alert, whose driver is then written to, or a store; neither: the whole."""

    alert_id: UUID | None = None
    store_id: UUID | None = None


@dataclass(frozen=True, slots=True)
class Made:
    """A segment and a draft campaign."""

    segment_id: UUID
    segment_name: str
    campaign_id: UUID
    campaign_name: str


def check_name(name: str) -> None:
    """PlaybookNotFound unless there is one."""
    if name not in PLAYBOOKS:
        raise PlaybookNotFound(f"there is no playbook {name}; there are {', '.join(PLAYBOOKS)}")


async def read_plans(session: Session, me: Principal, name: str, asked: Asked, now: datetime) -> list[Plan]:
    """What a playbook would make."""
    check_name(name)
    alert = None if asked.alert_id is None else await alerts.get(session, me, asked.alert_id)
    return plans(name, await _target(session, me, alert, _store_of(me, asked.store_id), now))


async def play(
    session: Session, me: Principal, name: str, asked: Asked, id_: UUID, now: datetime, *, again: bool
) -> list[Made]:
    """Make the segments and the drafts. `id_` names the call; `again`: it has made them already."""
    check_name(name)
    if not me.may(Right.CAMPAIGNS):
        raise errors.Forbidden("this makes drafts of campaigns; it needs the scope or role right 'campaigns'")
    alert = None if asked.alert_id is None else await alerts.get(session, me, asked.alert_id, lock=True)
    store_id = _store_of(me, asked.store_id)
    target = await _target(session, me, alert, store_id, now)
    drafts = [(plan, _ids(id_, number)) for number, plan in enumerate(plans(name, target))]
    made = [Made(ids[0], plan.segment_name, ids[1], plan.campaign_name) for plan, ids in drafts]
    if again:
        return made
    for plan, ids in drafts:
        await _make(session, me, plan, store_id, ids, now)
    if alert is not None:
        news = [{"segment_id": str(each.segment_id), "campaign_id": str(each.campaign_id)} for each in made]
        await store.set_alert(session, TenantId(me.tenant_id), alert, made=[*(alert.made or ()), *news])
    return made


def _store_of(me: Principal, store_id: UUID | None) -> UUID | None:
    """The store that it is for; who is restricted to stores names one of them, or has only one."""
    if store_id is None and me.store_ids is not None and len(me.store_ids) == 1:
        return next(iter(me.store_ids))
    if store_id is None and me.store_ids is not None:
        raise errors.ItemErrors([{"pointer": "#/store_id", "in": "body", "detail": "name one of your stores"}])
    return store_id


async def _target(session: Session, me: Principal, alert: Alert | None, store_id: UUID | None, now: datetime) -> Target:
    tenant_id, scope = TenantId(me.tenant_id), Scope(store_id=store_id, only=me.store_ids)
    place = await get_place(session, tenant_id, scope)
    trade = await read_trade(session, tenant_id, scope, today_in(place, now) - DAY, now)
    driver = {} if alert is None or alert.driver_id is None else {f"{alert.driver_kind}_id": alert.driver_id}
    return Target(
        currency=trade.currency,
        order_minor=round(trade.order_minor) or None,
        group=None if alert is None else alert.driver_name,
        in_store=store_id is not None,
        **driver,
    )


def _ids(id_: UUID, number: int) -> tuple[UUID, UUID]:
    """Of the segment and the campaign of a tier."""
    return derived_id(id_, number, "segment"), derived_id(id_, number, "campaign")


async def _make(
    session: Session, me: Principal, plan: Plan, store_id: UUID | None, ids: tuple[UUID, UUID], now: datetime
) -> None:
    tenant_id = TenantId(me.tenant_id)
    await segments.create(
        session,
        tenant_id,
        id_=ids[0],
        name=plan.segment_name,
        definition=read_definition(plan.definition),
        now=now,
        description=plan.description,
        store_id=store_id,
        by=actor_name(me),
    )
    await campaigns.draft_for_segment(
        session,
        tenant_id,
        ids[1],
        name=plan.campaign_name,
        segment_id=ids[0],
        title=plan.title,
        body=plan.body,
        now=now,
        store_id=store_id,
    )
