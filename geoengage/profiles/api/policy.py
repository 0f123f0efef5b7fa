"""HTTP of how a tenant's ids are read."""

from fastapi import APIRouter

from geoengage.kit.http import PROBLEMS, Tx
from geoengage.kit.ids import TenantId
from geoengage.profiles import rules, store
from geoengage.profiles.people_shapes import PolicyOut, PolicyPut
from geoengage.tenancy.auth import Admin

router = APIRouter(tags=["people"], responses=PROBLEMS)


@router.get("/v1/identity-policy")
async def get_policy(me: Admin, tx: Tx) -> PolicyOut:
    """How ids are read: the country of phone numbers, values that are nobody's, limits. Needs the scope `admin`."""
    return _out(await store.get_policy(tx, TenantId(me.tenant_id)))


@router.put("/v1/identity-policy")
async def set_policy(body: PolicyPut, me: Admin, tx: Tx) -> PolicyOut:
    """Set it as a whole. It holds for what comes from now on; people who are known already stay as they are until
    something new is heard of them. Needs the scope `admin`."""
    tenant_id = TenantId(me.tenant_id)
    await store.set_policy(
        tx,
        tenant_id,
        region=body.region,
        blocked=sorted(set(body.blocked)),
        limits=body.limits.as_row(),
        shared_after=body.shared_after.as_row(),
    )
    return _out(await store.get_policy(tx, tenant_id))


def _out(policy: store.Policy) -> PolicyOut:
    limits = {kind.value: n for kind, n in policy.limits.per_person.items() if kind is not rules.Kind.CLAIM}
    shared = {kind.value: n for kind, n in policy.limits.shared_after.items()}
    return PolicyOut(region=policy.region, blocked=sorted(policy.blocked), limits=limits, shared_after=shared)
