"""HTTP of master recipes: what they say, how far they are rolled out, and the stores that take them."""

from typing import Annotated
from uuid import UUID

from fastapi import APIRouter, Query

from geoengage.kit.db import Session
from geoengage.kit.http import CONFLICT, PROBLEMS, Now, Tx
from geoengage.kit.ids import TenantId
from geoengage.masters import store
from geoengage.masters.models import RecipeMaster
from geoengage.masters.service import operating
from geoengage.masters.shapes import (
    MasterAgain,
    MasterIn,
    MasterList,
    MasterOut,
    MasterSampleIn,
    MasterSampleOut,
    MasterStoreOut,
    MasterStorePage,
    MasterStorePatch,
    MasterStoresIn,
    MasterStoresOut,
    MasterVersionIn,
    RollOutIn,
    TakeBackIn,
    master_out,
    sample_out,
    store_out,
)
from geoengage.recipes.rules import RecipeKey
from geoengage.recipes.service.planning import usual_currency
from geoengage.tenancy.auth import CampaignEditor, Reader
from geoengage.tenancy.rules import Principal, actor_name

router = APIRouter(tags=["masters"], responses=PROBLEMS)
PAGE = 200


@router.get("/v1/masters")
async def list_masters(me: Reader, tx: Tx) -> MasterList:
    """Recipes that many stores take from one place, and how far each is rolled out.

    Who is restricted to stores sees the masters that theirs take from, and counts of theirs.
    """
    tenant_id = TenantId(me.tenant_id)
    counts = await store.count_followers(tx, tenant_id, me.store_ids)
    rows = await store.list_masters(tx, tenant_id, me.store_ids)
    return MasterList(
        items=[master_out(row, counts.get(row.id), await store.list_versions(tx, tenant_id, row.id)) for row in rows]
    )


@router.post("/v1/masters", status_code=201)
async def create_master(body: MasterIn, me: CampaignEditor, tx: Tx, now: Now) -> MasterOut:
    """A master with its first version. No store runs it before it is rolled out."""
    operating.check_whole(me)
    await operating.sample(tx, TenantId(me.tenant_id), body.recipe, body.settings, body.texts)
    row = await operating.create(tx, me, body.name, body.recipe, body.row(actor_name(me)), now)
    return await _out(tx, me, row)


@router.post("/v1/masters:preview")
async def preview_master(body: MasterSampleIn, me: CampaignEditor, tx: Tx) -> MasterSampleOut:
    """The messages that stores would send, in each language. Nothing is kept."""
    operating.check_whole(me)
    campaign = await operating.sample(tx, TenantId(me.tenant_id), body.recipe, body.settings, body.texts)
    return sample_out(body.recipe, campaign, await usual_currency(tx, TenantId(me.tenant_id)))


@router.get("/v1/masters/{master_id}")
async def get_master(master_id: UUID, me: Reader, tx: Tx) -> MasterOut:
    """A master with its versions, and how its stores stand."""
    return await _out(tx, me, await operating.get(tx, me, master_id))


@router.delete("/v1/masters/{master_id}", status_code=204, responses=CONFLICT)
async def delete_master(master_id: UUID, me: CampaignEditor, tx: Tx, now: Now) -> None:
    """Forget a master that no store takes anything from."""
    await operating.delete(tx, me, master_id, now)


@router.post("/v1/masters/{master_id}/versions", status_code=201)
async def add_master_version(master_id: UUID, body: MasterVersionIn, me: CampaignEditor, tx: Tx, now: Now) -> MasterOut:
    """Another wording or timing. No store runs it before it is rolled out."""
    row = await operating.hold(tx, me, master_id)
    await operating.sample(tx, TenantId(me.tenant_id), RecipeKey(row.recipe), body.settings, body.texts)
    return await _out(tx, me, await operating.add_version(tx, me, row, body.row(actor_name(me)), now))


@router.post("/v1/masters/{master_id}/roll-out", responses=CONFLICT)
async def roll_out_master(master_id: UUID, body: RollOutIn, me: CampaignEditor, tx: Tx, now: Now) -> MasterOut:
    """Let some stores, or all, run a version. The worker sees to them one by one: `due` falls to 0.

    Texts that somebody has edited in a store's campaign stay; a campaign that its owner has paused stays paused.
    """
    return await _out(tx, me, await operating.roll_out(tx, me, master_id, body.version, body.percent, now))


@router.post("/v1/masters/{master_id}/take-back", responses=CONFLICT)
async def take_back_master(master_id: UUID, body: TakeBackIn, me: CampaignEditor, tx: Tx, now: Now) -> MasterOut:
    """End the trial of a version, or let every store run again what it ran before this one."""
    return await _out(tx, me, await operating.take_back(tx, me, master_id, body.version, now))


@router.post("/v1/masters/{master_id}/stop")
async def stop_master(master_id: UUID, me: CampaignEditor, tx: Tx, now: Now) -> MasterOut:
    """No store runs it any more, until a version is rolled out again."""
    return await _out(tx, me, await operating.stop(tx, me, master_id, now))


@router.post("/v1/masters/{master_id}/try-again")
async def try_master_again(master_id: UUID, me: CampaignEditor, tx: Tx, now: Now) -> MasterAgain:
    """Look again at the stores in whose way something stood."""
    row = await operating.hold(tx, me, master_id)
    return MasterAgain(stores=await store.look_again(tx, TenantId(me.tenant_id), row.id, now))


@router.post("/v1/masters/{master_id}/stores")
async def add_master_stores(
    master_id: UUID, body: MasterStoresIn, me: CampaignEditor, tx: Tx, now: Now
) -> MasterStoresOut:
    """Let stores take the recipe. They run what everyone runs; in a trial they have no part until the next step."""
    added, elsewhere = await operating.add_stores(tx, me, master_id, body.store_ids, now)
    return MasterStoresOut(added=added, elsewhere=elsewhere)


@router.get("/v1/masters/{master_id}/stores")
async def list_master_stores(
    master_id: UUID,
    me: Reader,
    tx: Tx,
    after: Annotated[UUID | None, Query(description="`next` of the page before.")] = None,
    troubled: Annotated[bool, Query(description="Only stores with a problem, or that go without.")] = False,
) -> MasterStorePage:
    """The stores that take it, and what each runs."""
    row, tenant_id = await operating.get(tx, me, master_id), TenantId(me.tenant_id)
    rows = await store.list_followers(tx, tenant_id, row.id, me.store_ids, after, PAGE + 1, troubled=troubled)
    last = rows[PAGE - 1].row.store_id if len(rows) > PAGE else None
    usual = await usual_currency(tx, tenant_id)
    return MasterStorePage(items=[store_out(each, usual) for each in rows[:PAGE]], next=last)


@router.patch("/v1/masters/{master_id}/stores/{store_id}")
async def change_master_store(
    master_id: UUID, store_id: UUID, body: MasterStorePatch, me: CampaignEditor, tx: Tx, now: Now
) -> MasterStoreOut:
    """A store's own values, whether it goes without, and whose words its messages have. Its owner may do that."""
    row = await operating.get_follower(tx, me, master_id, store_id)
    if "own" in body.model_fields_set:
        await operating.set_own(tx, me, row, body.own, now)
    if "opted_out" in body.model_fields_set:
        await operating.set_opted_out(tx, me, row, body.opted_out, now)
    if body.masters_words:
        await operating.take_masters_words(tx, me, row, now)
    await tx.flush()
    return await _store_out(tx, me, master_id, store_id)


@router.delete("/v1/masters/{master_id}/stores/{store_id}", status_code=204)
async def remove_master_store(master_id: UUID, store_id: UUID, me: CampaignEditor, tx: Tx, now: Now) -> None:
    """The store takes nothing from the master any more; what it ran of it is stopped."""
    row = await operating.get_follower(tx, me, master_id, store_id)
    operating.check_whole(me)
    await operating.release(tx, me, row, now)


async def _out(tx: Session, me: Principal, row: RecipeMaster) -> MasterOut:
    tenant_id = TenantId(me.tenant_id)
    counts = await store.count_followers(tx, tenant_id, me.store_ids)
    return master_out(row, counts.get(row.id), await store.list_versions(tx, tenant_id, row.id))


async def _store_out(tx: Session, me: Principal, master_id: UUID, store_id: UUID) -> MasterStoreOut:
    [found] = await store.list_followers(tx, TenantId(me.tenant_id), master_id, [store_id], None, 1)
    return store_out(found, await usual_currency(tx, TenantId(me.tenant_id)))
