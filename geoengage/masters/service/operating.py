"""What operators do with master recipes. Each change says which version each store is to run; the worker follows."""

from collections.abc import Sequence
from datetime import datetime
from typing import Any
from uuid import UUID

from pydantic import ValidationError

from geoengage.campaigns.rules import check_texts
from geoengage.campaigns.shapes.campaigns import CampaignIn
from geoengage.kit import errors
from geoengage.kit.db import Session
from geoengage.kit.ids import TenantId, new_id
from geoengage.masters import store
from geoengage.masters.models import RecipeFollower, RecipeMaster, RecipeMasterVersion
from geoengage.masters.rules import MasterText, Standing, chosen, own_of, unknown_messages, with_texts
from geoengage.masters.service.applying import stop_launched
from geoengage.recipes.rules import OFFER, RECIPES, SEGMENT, Json, RecipeKey, RecipeSettings, Shop, filled
from geoengage.recipes.service import launching
from geoengage.recipes.service.planning import check_settings, plan_for, usual_currency
from geoengage.tenancy import store as tenancy
from geoengage.tenancy.rules import Principal, actor_name
from geoengage.tenancy.service import audit

_ANY_STORE = UUID(int=0)
_ANY_CATEGORY = "…"


class MasterNotFound(errors.NotFound):
    """There is no such master, or none that the caller's stores take something from."""

    code = "master-not-found"
    title = "No such master recipe"


class NothingToTakeBack(errors.Conflict):
    """Another version runs by now, or there was none before this one."""

    code = "nothing-to-take-back"
    title = "There is nothing to take back"


async def sample(
    session: Session, tenant_id: TenantId, key: RecipeKey, settings: RecipeSettings, texts: Sequence[MasterText]
) -> Json:
    """The campaign that a store would get, for some store. ItemErrors for what the recipe does not take."""
    if key is RecipeKey.MALL_ZONES:
        raise errors.field("recipe", f"{RECIPES[key].name!r} is about an item and not about a store")
    if settings.store_id is not None or settings.content_id is not None:
        raise errors.field("settings/store_id", "a master is for many stores: leave store_id and content_id out")
    try:
        check_settings(key, settings)
    except errors.ItemErrors as error:
        raise error.below("settings") from error
    tenant = await tenancy.get_tenant(session, tenant_id)
    some = settings.model_copy(
        update={name: [_ANY_CATEGORY] for name in RECIPES[key].needs if getattr(settings, name) is None}
    )
    shop = Shop(tenant.name, tenant.default_language, await usual_currency(session, tenant_id) or "EUR", 1)
    plan = plan_for(key, some, _ANY_STORE, shop).plan
    assert plan is not None  # noqa: S101 - nothing that it needs is missing
    if unknown := unknown_messages(plan.campaign, texts):
        detail = "the recipe has no such message; POST /v1/masters:preview lists those it has"
        raise errors.ItemErrors([{"pointer": f"#/texts/{n}/message", "in": "body", "detail": detail} for n in unknown])
    wrong = {
        f"texts/{n}/{part}": flaw
        for n, each in enumerate(texts)
        for part, flaw in check_texts(each.title, each.body).items()
    }
    if wrong:
        raise errors.ItemErrors([{"pointer": f"#/{at}", "in": "body", "detail": flaw} for at, flaw in wrong.items()])
    seen = set[tuple[str, str]]()
    for n, each in enumerate(texts):
        if (each.message, each.language) in seen:
            raise errors.field(f"texts/{n}", "this message has a text in this language already")
        seen.add((each.message, each.language))
    campaign = with_texts(plan.campaign, texts, tenant.default_language)
    ids = {SEGMENT: str(_ANY_STORE), OFFER: str(_ANY_STORE)}
    try:
        CampaignIn.model_validate(filled(campaign, ids))
    except ValidationError as error:
        raise errors.field("texts", "; ".join(each["msg"] for each in error.errors())) from error
    return campaign


async def create(
    session: Session, me: Principal, name: str, key: RecipeKey, said: RecipeMasterVersion, now: datetime
) -> RecipeMaster:
    """A master with its first version, which no store runs yet. `said` has been checked (`sample`)."""
    tenant_id, id_ = TenantId(me.tenant_id), new_id(now)
    if not await store.insert_master(session, tenant_id, id_, name, key.value):
        raise errors.field("name", "there is a master of this name already")
    await store.insert_version(session, tenant_id, id_, 1, said)
    await audit(session, me, "master.create", id_, now, name)
    return await get(session, me, id_)


async def get(session: Session, me: Principal, id_: UUID, *, lock: bool = False) -> RecipeMaster:
    """The master; who is restricted to stores knows those that their stores take something from. MasterNotFound."""
    tenant_id = TenantId(me.tenant_id)
    row = await store.find_master(session, tenant_id, id_, lock=lock)
    if row is None or (
        me.store_ids is not None and not await store.list_followers(session, tenant_id, id_, me.store_ids, None, 1)
    ):
        raise MasterNotFound(f"there is no master {id_}")
    return row


def check_whole(me: Principal) -> None:
    """Forbidden for who is restricted to stores: what concerns all is not theirs."""
    if me.store_ids is not None:
        raise errors.Forbidden("a master is kept by who may see all stores; you may set your own store's part")


async def hold(session: Session, me: Principal, id_: UUID) -> RecipeMaster:
    """The master, locked, for who may change it: whose stores take nothing from it hears that there is none."""
    row = await get(session, me, id_, lock=True)
    check_whole(me)
    return row


async def add_version(
    session: Session, me: Principal, row: RecipeMaster, said: RecipeMasterVersion, now: datetime
) -> RecipeMaster:
    """What a held master says from its next roll-out on. `said` has been checked (`sample`)."""
    row.latest += 1
    await store.insert_version(session, TenantId(me.tenant_id), row.id, row.latest, said)
    await audit(session, me, "master.version", row.id, now, str(row.latest))
    return row


async def roll_out(
    session: Session, me: Principal, id_: UUID, version: int, percent: int, now: datetime
) -> RecipeMaster:
    """Let so many of a hundred stores run a version, at least one."""
    row = await hold(session, me, id_)
    if await store.find_version(session, TenantId(me.tenant_id), id_, version) is None:
        raise errors.field("version", f"there is no version {version}; the newest is {row.latest}")
    if not await store.list_willing(session, TenantId(me.tenant_id), id_):
        raise errors.Conflict("no store takes this recipe yet: add stores first")
    await _stand(session, me, row, _standing(row).rolled_out(version, percent), now)
    await audit(session, me, "master.roll_out", id_, now, f"version {version} to {percent} %")
    return row


async def take_back(session: Session, me: Principal, id_: UUID, version: int, now: datetime) -> RecipeMaster:
    """End the trial of a version, or let everyone run again what they ran before it. NothingToTakeBack."""
    row = await hold(session, me, id_)
    standing = _standing(row)
    if standing.newest != version:
        raise NothingToTakeBack(f"version {version} is not what is being rolled out")
    if standing.trial is None and standing.before is None:
        raise NothingToTakeBack("no version ran before this one; stop it, or roll out another one")
    await _stand(session, me, row, standing.taken_back(), now)
    await audit(session, me, "master.take_back", id_, now, f"version {version}")
    return row


async def stop(session: Session, me: Principal, id_: UUID, now: datetime) -> RecipeMaster:
    """No store runs any version. What was rolled out last is what was there before, for `take_back` from the next."""
    row = await hold(session, me, id_)
    await _stand(session, me, row, Standing(before=row.everyone or row.before), now)
    await audit(session, me, "master.stop", id_, now)
    return row


async def delete(session: Session, me: Principal, id_: UUID, now: datetime) -> None:
    """Forget a master that no store takes anything from."""
    row = await hold(session, me, id_)
    if await store.list_followers(session, TenantId(me.tenant_id), id_, None, None, 1):
        raise errors.Conflict("stores take this recipe from it: take them out first")
    await session.delete(row)
    await session.flush()
    await audit(session, me, "master.delete", id_, now, row.name)


def _standing(row: RecipeMaster) -> Standing:
    return Standing(row.everyone, row.trial, row.percent, row.before)


async def _stand(session: Session, me: Principal, row: RecipeMaster, new: Standing, now: datetime) -> None:
    """Write what is to run, and tell each store's row."""
    tenant_id = TenantId(me.tenant_id)
    row.everyone, row.trial, row.percent, row.before = new.everyone, new.trial, new.percent, new.before
    await session.flush()
    await store.want(session, tenant_id, row.id, new.everyone, await _trying(session, row), now)


async def _trying(session: Session, row: RecipeMaster) -> dict[UUID, int]:
    if row.trial is None:
        return {}
    willing = await store.list_willing(session, TenantId(row.tenant_id), row.id)
    return dict.fromkeys(chosen(row.id, row.trial, willing, row.percent), row.trial)


# --- its stores ------------------------------------------------------------------------------------------------------


async def add_stores(
    session: Session, me: Principal, id_: UUID, stores: Sequence[UUID] | None, now: datetime
) -> tuple[int, list[UUID]]:
    """Let these stores (None: all) take the recipe: how many, and those that take it from another master."""
    row = await hold(session, me, id_)
    tenant_id = TenantId(me.tenant_id)
    if stores is None:
        stores = await store.list_store_ids(session, tenant_id)
    elif missing := await tenancy.list_missing_stores(session, tenant_id, list(stores)):
        raise errors.field("store_ids", f"there is no store {missing[0]}")
    there = await store.list_followers(session, tenant_id, id_, stores, None, len(stores))
    known = {each.row.store_id for each in there}
    taken, elsewhere = 0, []
    for store_id in sorted(set(stores)):
        if store_id in known:
            continue
        if await _follow(session, row, store_id, {}, None, now):
            taken += 1
        else:
            elsewhere.append(store_id)
    await audit(session, me, "master.add_stores", id_, now, f"{taken} stores")
    return taken, elsewhere


async def follow(
    session: Session,
    tenant_id: TenantId,
    name: str,
    store_id: UUID,
    own: RecipeSettings,
    currency: str | None,
    now: datetime,
) -> bool:
    """Let a store of a list take the recipe from the master of that name, with its own values; whether that is new or
    has changed. ItemErrors with pointers `name` and `settings/…`."""
    row = await store.find_master_named(session, tenant_id, name)
    if row is None:
        raise errors.field("name", f"there is no master of this name: {name}")
    check_own(RecipeKey(row.recipe), own.given(), "settings")
    before = await store.find_follower(session, tenant_id, row.id, store_id)
    if before is not None and (before.own, before.currency) == (own.given(), currency):
        return False
    if not await _follow(session, row, store_id, own.given(), currency, now):
        raise errors.field("name", f"the store takes {RECIPES[RecipeKey(row.recipe)].name!r} from another master")
    return True


async def _follow(
    session: Session, row: RecipeMaster, store_id: UUID, own: dict[str, Any], currency: str | None, now: datetime
) -> bool:
    wished = RecipeFollower(
        master_id=row.id, store_id=store_id, recipe=row.recipe, own=own, currency=currency, wanted=row.everyone,
        due_at=None if row.everyone is None else now,
    )  # fmt: skip
    return await store.put_follower(session, TenantId(row.tenant_id), wished) == row.id


def check_own(key: RecipeKey, own: dict[str, Any], at: str) -> None:
    """Raise ItemErrors for what a store may not set itself."""
    allowed = own_of(key)
    wrong = [name for name in own if name not in allowed]
    if wrong:
        detail = f"comes from the master; a store sets {', '.join(allowed) or 'nothing'} itself"
        raise errors.ItemErrors([{"pointer": f"#/{at}/{name}", "in": "body", "detail": detail} for name in wrong])


async def get_follower(session: Session, me: Principal, id_: UUID, store_id: UUID) -> RecipeFollower:
    """A store of a master, locked. MasterNotFound where the caller does not see it."""
    row = None
    if me.sees_store(store_id):
        row = await store.find_follower(session, TenantId(me.tenant_id), id_, store_id, lock=True)
    if row is None:
        raise MasterNotFound(f"store {store_id} takes nothing from master {id_}")
    return row


async def set_own(session: Session, me: Principal, row: RecipeFollower, own: RecipeSettings, now: datetime) -> None:
    """The store's own values, in place of those it had."""
    check_own(RecipeKey(row.recipe), own.given(), "own")
    row.own = own.given()
    if row.wanted is not None:
        row.due_at = now
    await audit(session, me, "master.own_values", row.store_id, now, ", ".join(sorted(row.own)))


async def set_opted_out(session: Session, me: Principal, row: RecipeFollower, out: bool, now: datetime) -> None:
    """A store goes without the recipe, or takes it again."""
    if out is (row.opted_out_at is not None):
        return
    row.opted_out_at, row.opted_out_by = (now, actor_name(me)) if out else (None, None)
    await session.flush()
    master = await store.find_master(session, TenantId(me.tenant_id), row.master_id)
    assert master is not None  # noqa: S101 - the row rests on it
    trying = await _trying(session, master)
    row.wanted, row.due_at, row.problem = None if out else trying.get(row.store_id, master.everyone), now, None
    await audit(session, me, "master.opt_out" if out else "master.opt_in", row.store_id, now)


async def take_masters_words(session: Session, me: Principal, row: RecipeFollower, now: datetime) -> None:
    """What somebody has edited in the store's campaign gives way to the master's words."""
    if row.launch_id is None:
        return
    launched = await launching.find_launched(session, me, row.launch_id, now)
    if launched is not None:
        row.written, row.due_at = launching.words_of(launched.campaign), now if row.wanted is not None else row.due_at


async def release(session: Session, me: Principal, row: RecipeFollower, now: datetime) -> None:
    """The store takes nothing from the master any more; what it ran is stopped."""
    await stop_launched(session, me, row, now)
    await session.delete(row)
    await session.flush()
    await audit(session, me, "master.release", row.store_id, now)
