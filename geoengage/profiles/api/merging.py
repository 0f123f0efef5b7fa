"""HTTP of an operator's word about who is who. Each call is a transaction of its own, which is tried again when two
such calls lock the same people crosswise."""

from uuid import UUID

from fastapi import APIRouter, Request

from geoengage.kit import errors
from geoengage.kit.db import Session, retried
from geoengage.kit.http import CONFLICT, PROBLEMS, Now
from geoengage.kit.ids import TenantId
from geoengage.profiles import service, store
from geoengage.profiles.people_shapes import MergedOut, MergeIn, PartedOut, UnmergeIn
from geoengage.tenancy.auth import PeopleReader
from geoengage.tenancy.rules import actor_name
from geoengage.tenancy.store import insert_audit_entry

router = APIRouter(tags=["people"], responses=PROBLEMS | CONFLICT)


@router.post("/v1/profiles/{profile_id}/merge")
async def merge_profiles(profile_id: UUID, body: MergeIn, request: Request, me: PeopleReader, now: Now) -> MergedOut:
    """Say that two people are one. All their ids, devices, orders and consents are one person's from now on.

    Nothing is moved, so it can be taken back at any time (`…/unmerge`), and then what arrived meanwhile goes to whom
    it belongs. It stands before all evidence and exceeds limits. Needs the scope `people` or role support or owner.
    """
    tenant_id = TenantId(me.tenant_id)

    async def work(session: Session) -> MergedOut:
        ours = await _strongest(session, tenant_id, profile_id)
        theirs = await _strongest(session, tenant_id, body.profile_id)
        if ours == theirs:
            raise errors.Conflict("these two are one person already")
        merged = await service.merge(session, tenant_id, ours, theirs, reason=body.reason, now=now)
        await insert_audit_entry(
            session,
            tenant_id,
            actor=actor_name(me),
            action="person.merge",
            subject=str(merged),
            reason=body.reason,
            now=now,
        )
        return MergedOut(profile_id=merged)

    return await retried(request.app.state.sessions, tenant_id, work)


async def _strongest(session: Session, tenant_id: TenantId, profile_id: UUID) -> UUID:
    """The strongest id of a person, by whom they are known before and after."""
    profile = await store.get_current(session, tenant_id, profile_id, None)
    ids = await store.list_identifiers(session, tenant_id, [profile.id])
    if not ids:
        raise errors.NotFound(f"profile {profile_id} does not exist")
    return ids[0].id


@router.post("/v1/profiles/{profile_id}/unmerge")
async def unmerge_profile(profile_id: UUID, body: UnmergeIn, request: Request, me: PeopleReader, now: Now) -> PartedOut:
    """Say that a person is two: these ids are somebody else's, or what an operator joined was not one.

    What came with an id goes with it, whenever it came. Where only an operator had joined them, that is taken back and
    all is as before; where evidence did, they are kept apart from now on, whatever comes. Needs the scope `people` or
    role support or owner.
    """
    tenant_id = TenantId(me.tenant_id)

    async def work(session: Session) -> PartedOut:
        profile = await store.get_current(session, tenant_id, profile_id, None)
        own = {known.id for known in await store.list_identifiers(session, tenant_id, [profile.id])}
        if body.act_id is not None:
            stays, parted = await service.take_back(session, tenant_id, own, body.act_id, now=now)
        else:
            out = set(body.identifier_ids or ())
            if not out <= own:
                raise errors.field("identifier_ids", "these are not all ids of this person")
            stays, parted = await service.unmerge(session, tenant_id, out, reason=body.reason, now=now)
        for subject in [stays, *parted]:
            await insert_audit_entry(
                session,
                tenant_id,
                actor=actor_name(me),
                action="person.unmerge",
                subject=str(subject),
                reason=body.reason,
                now=now,
            )
        return PartedOut(profile_id=stays, parted=parted)

    return await retried(request.app.state.sessions, tenant_id, work)
