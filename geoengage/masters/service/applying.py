"""Making a store run what it is to run. One store, one transaction."""

from dataclasses import replace
from datetime import datetime
from uuid import UUID

from pydantic import ValidationError

from geoengage.kit import errors
from geoengage.kit.db import Session
from geoengage.kit.ids import TenantId
from geoengage.masters import store
from geoengage.masters.models import RecipeFollower
from geoengage.masters.rules import MasterText, settings_for, with_texts
from geoengage.recipes.rules import RecipeKey, RecipeSettings, Shop
from geoengage.recipes.service import launching
from geoengage.recipes.service.launching import Inherited
from geoengage.recipes.service.planning import Planned, plan_for, usual_currency
from geoengage.tenancy import store as tenancy
from geoengage.tenancy.rules import Principal, PrincipalKind, Scope
from geoengage.timing.service import calendars_of
from geoengage.venues import store as venues
from geoengage.venues.models import Store

BY_STORE = "the store: its campaign was deleted"


async def apply_due(session: Session, tenant_id: TenantId, master_id: UUID, store_id: UUID, now: datetime) -> None:
    """See to one store that is due, unless another worker does. What stands in the way is raised: nothing is changed
    then, and `note_problem` says it."""
    row = await store.lock_due(session, tenant_id, master_id, store_id)
    if row is None:
        return
    me = Principal(tenant_id, master_id, PrincipalKind.SECRET_KEY, frozenset(Scope))
    if row.wanted is None:
        if row.applied is not None:
            await stop_launched(session, me, row, now)
        row.applied, row.applied_at = None, now
    else:
        await _run(session, me, row, row.wanted, now)
    row.due_at, row.problem = None, None


async def note_problem(
    session: Session, tenant_id: TenantId, master_id: UUID, store_id: UUID, problem: str, tried_at: datetime
) -> None:
    """Why a store could not be seen to. It runs what it ran, until somebody asks again; who has done so since it was
    tried is not told what is over."""
    row = await store.lock_due(session, tenant_id, master_id, store_id)
    if row is not None and row.due_at is not None and row.due_at <= tried_at:
        row.due_at, row.problem = None, problem[:1000]


async def stop_launched(session: Session, me: Principal, row: RecipeFollower, now: datetime) -> None:
    """Stop what was switched on for the store, if it is still there."""
    if row.launch_id is not None and await launching.find_launched(session, me, row.launch_id, now) is not None:
        await launching.stop(session, me, RecipeKey(row.recipe), row.launch_id, now)


async def _run(session: Session, me: Principal, row: RecipeFollower, wanted: int, now: datetime) -> None:
    if row.applied is not None and row.launch_id is not None:
        there = await launching.find_launched(session, me, row.launch_id, now)
        if there is None:  # it was not to the store's liking
            row.opted_out_at, row.opted_out_by, row.wanted, row.applied = now, BY_STORE, None, None
            return
    planned = await _planned(session, TenantId(me.tenant_id), row, wanted)
    was_on = row.applied is not None
    launched = await launching.launch(session, me, planned, now, Inherited(row.written, was_on))
    launched.row.launched_by = f"master {row.master_id}"
    row.launch_id, row.written = launched.row.id, launched.words
    row.applied, row.applied_at = wanted, now


async def _planned(session: Session, tenant_id: TenantId, row: RecipeFollower, wanted: int) -> Planned:
    key = RecipeKey(row.recipe)
    version = await store.find_version(session, tenant_id, row.master_id, wanted)
    assert version is not None  # noqa: S101 - versions stay
    try:
        settings = RecipeSettings.model_validate(settings_for(version.settings, row.own))
    except ValidationError as error:
        raise errors.Invalid("; ".join(each["msg"] for each in error.errors())) from error
    place = await venues.get_row(session, tenant_id, Store, row.store_id)
    tenant = await tenancy.get_tenant(session, tenant_id)
    currency = row.currency or await usual_currency(session, tenant_id)
    country = (await calendars_of(session, tenant_id, row.store_id)).territory or ""
    shop = None if currency is None else Shop(place.name, tenant.default_language, currency, None, country)
    if key is RecipeKey.SECOND_ITEM and settings.below_minor is None:
        raise errors.Invalid("say below_minor, in the master or for the store: whose average order is below it")
    planned = plan_for(key, settings, row.store_id, shop)
    if planned.plan is None:
        return planned
    texts = [MasterText.model_validate(each) for each in version.texts]
    campaign = with_texts(planned.plan.campaign, texts, tenant.default_language)
    return replace(planned, plan=replace(planned.plan, campaign=campaign))
