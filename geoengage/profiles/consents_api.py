"""HTTP of a person's consents: for the tenant's servers and support, for stores (their own part), for the person's app.

A credential restricted to stores sees and changes what concerns its stores, of people who are its customers. What holds
for the whole programme (a pause, addresses, links) is closed to it.
"""

from collections.abc import Collection
from datetime import datetime, timedelta
from typing import Annotated, Any
from uuid import UUID

from fastapi import APIRouter, Query, Request

from geoengage.kit import errors
from geoengage.kit.db import Session, transaction
from geoengage.kit.http import CONFLICT, PROBLEMS, Now, Paging, Tx
from geoengage.kit.ids import TenantId
from geoengage.profiles import rules, service, store
from geoengage.profiles.consent_shapes import (
    AddressOut,
    CodeIn,
    HistoryPage,
    LinkIn,
    MayContactOut,
    PauseIn,
    PauseOut,
    PersonConsents,
    PointIn,
    PointOut,
    PointStateOut,
    PreferenceLinkOut,
    ProofOut,
    StopIn,
    WishesPut,
    WishIn,
    decision_out,
    history_out,
)
from geoengage.profiles.models import Device, PreferenceLink
from geoengage.profiles.rules import Channel, Decision, Purpose
from geoengage.tenancy import store as tenancy
from geoengage.tenancy.auth import CustomerReader, DeviceCaller, PeopleReader
from geoengage.tenancy.models import App
from geoengage.tenancy.rules import Principal, actor_name
from geoengage.tenancy.service import audit

router = APIRouter(tags=["consents"], responses=PROBLEMS)
_PERSON = "/v1/profiles/{profile_id}"
_ADDRESS = _PERSON + "/addresses/{identifier_id}/{channel}"
PAGE = "/p"  # where the preference page lives


class ProofRefused(errors.Invalid):
    """A code that proves nothing."""

    code = "proof-refused"
    title = "The code proves nothing"


# --- for the tenant's servers, support and stores -----------------------------------------------------------------


@router.get(f"{_PERSON}/consents")
async def get_consents(profile_id: UUID, me: CustomerReader, tx: Tx, now: Now) -> PersonConsents:
    """What a person decided, over all their ids. A store sees what concerns it."""
    await service.get_open(tx, me, profile_id, now)
    return await _consents(tx, me.tenant_id, profile_id, me.store_ids)


@router.put(f"{_PERSON}/consents")
async def put_consents(profile_id: UUID, body: WishesPut, me: CustomerReader, tx: Tx, now: Now) -> PersonConsents:
    """Record what a person decided, with text version, source and time. Repeating it changes nothing.

    An older decision than the one in force goes into the history only. `subscribed` for an address that was never
    proven reaches nobody: use `pending` and ask for proof, or say with `PUT …/addresses/…` that you have it.
    """
    await service.get_open(tx, me, profile_id, now)
    await _check_stores(tx, me, [wish.store_id for wish in body.decisions])
    await _wish(tx, me.tenant_id, profile_id, body, now)
    await audit(tx, me, "consents.change", profile_id, now)
    return await _consents(tx, me.tenant_id, profile_id, me.store_ids)


@router.get(f"{_PERSON}/consents/history")
async def list_consent_history(profile_id: UUID, me: CustomerReader, tx: Tx, now: Now, page: Paging) -> HistoryPage:
    """Every decision that was ever stated, the newest first: the proof. A store sees what concerns it."""
    await service.get_open(tx, me, profile_id, now)
    return await _history(tx, me.tenant_id, profile_id, me.store_ids, page)


@router.get(f"{_PERSON}/may-contact")
async def may_contact(
    profile_id: UUID,
    me: CustomerReader,
    tx: Tx,
    now: Now,
    channel: Annotated[Channel, Query(description="By which channel.")],
    purpose: Annotated[Purpose, Query(description="What for.")],
    store_id: Annotated[UUID | None, Query(description="From which store; left out: from the programme.")] = None,
    identifier_id: Annotated[UUID | None, Query(description="At which address; left out: whatever address.")] = None,
) -> MayContactOut:
    """Whether a message may be sent so at this moment, and why not."""
    await service.get_open(tx, me, profile_id, now)
    await _check_stores(tx, me, [store_id])
    standing = (await store.list_standings(tx, me.tenant_id, [profile_id]))[profile_id]
    found = rules.may_contact(standing, channel, purpose, store_id, now=now, address_id=identifier_id)
    return MayContactOut(allowed=found is None, reason=found)


@router.post(f"{_PERSON}/stop", status_code=204)
async def stop(profile_id: UUID, body: StopIn, me: CustomerReader, tx: Tx, now: Now) -> None:
    """A STOP: it withdraws the marketing of that sender (a store, or the programme) by that channel; `everything`
    withdraws all marketing. Service and transactional messages are never withdrawn by it."""
    await service.get_open(tx, me, profile_id, now)
    if body.everything and me.store_ids is not None:
        raise errors.Forbidden("a key of a store may stop its own marketing only; name channel and store_id")
    await _check_stores(tx, me, [] if body.everything else [body.store_id])
    tenant_id, at = me.tenant_id, body.at or now
    if body.channel is None:
        await service.stop_everything(tx, tenant_id, profile_id, source=body.source, at=at, now=now)
    else:
        ids = await service.identifiers_of(tx, tenant_id, profile_id)
        await service.stop_sender(
            tx, tenant_id, ids, channel=body.channel, store_id=body.store_id, source=body.source, at=at, now=now
        )
    await audit(tx, me, "consents.stop", profile_id, now)


@router.put(f"{_PERSON}/pause")
async def pause(profile_id: UUID, body: PauseIn, me: PeopleReader, tx: Tx, now: Now) -> PauseOut:
    """Hold back all marketing to a person for a while. What they agreed to stays."""
    until = rules.pause_until(now, body.until)
    await service.pause(tx, me.tenant_id, profile_id, until, source=actor_name(me), now=now)
    await audit(tx, me, "consents.pause", profile_id, now)
    return PauseOut(paused_until=until)


@router.delete(f"{_PERSON}/pause", status_code=204)
async def end_pause(profile_id: UUID, me: PeopleReader, tx: Tx, now: Now) -> None:
    """End a pause before its time."""
    await service.pause(tx, me.tenant_id, profile_id, None, source=actor_name(me), now=now)
    await audit(tx, me, "consents.pause", profile_id, now)


@router.put(_ADDRESS)
async def tell_address(
    profile_id: UUID, identifier_id: UUID, channel: Channel, body: PointIn, me: PeopleReader, tx: Tx, now: Now
) -> PointStateOut:
    """Say what became known of an address: a bounce, a complaint, a proof that you have yourself."""
    kind, _ = await store.get_address(tx, me.tenant_id, profile_id, identifier_id)
    rules.check_channel(kind, channel)
    state = await service.tell_state(
        tx,
        me.tenant_id,
        identifier_id,
        channel,
        body.state,
        reason=body.reason,
        source=actor_name(me),
        now=now,
    )
    await audit(tx, me, "address.change", profile_id, now)
    return PointStateOut(state=state)


@router.post(f"{_ADDRESS}/proof")
async def ask_proof(
    profile_id: UUID, identifier_id: UUID, channel: Channel, request: Request, me: PeopleReader, tx: Tx, now: Now
) -> ProofOut:
    """Double opt-in: a one-time code and a link that your server sends to the address. Earlier ones stop working.

    Whoever gives the code back, or follows the link and presses its button, proves the address; decisions that were
    `pending` for the channel become `subscribed`.
    """
    key = request.app.state.signing_key
    asked = await service.ask_proof(tx, me.tenant_id, profile_id, identifier_id, channel, key=key, now=now)
    return ProofOut(code=asked.code, link=f"{_base(request)}{PAGE}/confirm/{asked.token}", expires_at=asked.expires_at)


@router.post(f"{_ADDRESS}/proof/confirm", status_code=204)
async def confirm_proof(
    profile_id: UUID,
    identifier_id: UUID,
    channel: Channel,
    body: CodeIn,
    request: Request,
    me: PeopleReader,
    now: Now,
) -> None:
    """The person typed the code on your page. After five wrong ones ask for a new code."""
    state = request.app.state
    # in a transaction of its own: a wrong code is counted, so it must commit before the refusal
    async with transaction(state.sessions, me.tenant_id) as session:
        proven = await service.prove_by_code(
            session,
            me.tenant_id,
            profile_id,
            identifier_id,
            channel,
            body.code,
            key=state.signing_key,
            now=now,
        )
    if not proven:
        raise ProofRefused("this is not the code that was sent")


@router.post(f"{_PERSON}/preference-link")
async def make_preference_link(
    profile_id: UUID, request: Request, me: PeopleReader, tx: Tx, now: Now, body: LinkIn | None = None
) -> PreferenceLinkOut:
    """A link to the page where this person chooses what they get, takes their data along, and erases themselves.

    No login: whoever has the link is taken for the person. It ends by itself; `DELETE` revokes all links at once.
    """
    await audit(tx, me, "preference-link.create", profile_id, now)
    return await _make_link(request, tx, me.tenant_id, profile_id, body or LinkIn(), now)


@router.delete(f"{_PERSON}/preference-link", status_code=204)
async def revoke_preference_links(profile_id: UUID, me: PeopleReader, tx: Tx, now: Now) -> None:
    """Revoke every link to this person's preference page."""
    await store.get_profile(tx, me.tenant_id, profile_id)
    await store.revoke_links(tx, me.tenant_id, profile_id, now)
    await audit(tx, me, "preference-link.revoke", profile_id, now)


# --- for the person's own app -------------------------------------------------------------------------------------


@router.get("/v1/me/consents", responses=CONFLICT)
async def get_my_consents(me: DeviceCaller, tx: Tx) -> PersonConsents:
    """What the person who is logged in on this device decided, beside the device's own consents. 409: nobody is."""
    return await _consents(tx, me.tenant_id, await _person_of(tx, me), None)


@router.put("/v1/me/consents", responses=CONFLICT)
async def put_my_consents(body: WishesPut, me: DeviceCaller, tx: Tx, now: Now) -> PersonConsents:
    """Record what the person who is logged in decided. 409: nobody is; a device has `PUT /v1/devices/me/consents`."""
    tenant_id, profile_id = me.tenant_id, await _person_of(tx, me)
    await _check_stores(tx, me, [wish.store_id for wish in body.decisions])
    await _wish(tx, tenant_id, profile_id, body, now)
    return await _consents(tx, tenant_id, profile_id, None)


@router.get("/v1/me/consents/history", responses=CONFLICT)
async def list_my_consent_history(me: DeviceCaller, tx: Tx, page: Paging) -> HistoryPage:
    """Every decision that the person who is logged in ever stated. 409: nobody is."""
    return await _history(tx, me.tenant_id, await _person_of(tx, me), None, page)


@router.post("/v1/me/preference-link", responses=CONFLICT)
async def make_my_preference_link(request: Request, me: DeviceCaller, tx: Tx, now: Now) -> PreferenceLinkOut:
    """A link to the preference page of the person who is logged in, in the look of this app; it works for an hour.

    409: nobody is logged in.
    """
    device = await store.get_device(tx, me.tenant_id, me.id, me.token_version)
    profile_id = await _person_of(tx, me)
    wanted = LinkIn(app_id=device.app_id, language=device.locale)
    return await _make_link(request, tx, me.tenant_id, profile_id, wanted, now, lasts=timedelta(hours=1))


# --- what both share ----------------------------------------------------------------------------------------------


async def _person_of(tx: Session, me: Principal) -> UUID:
    device: Device = await store.get_device(tx, me.tenant_id, me.id, me.token_version)
    if device.profile_id is None:
        raise errors.Conflict("nobody is logged in on this device; link it first (PUT /v1/devices/me/link)")
    return device.profile_id


async def _check_stores(tx: Session, me: Principal, store_ids: Collection[UUID | None]) -> None:
    """Refuse stores that are not the tenant's or not the caller's; for a store's key None is not its own either."""
    if me.store_ids is not None and None in store_ids:
        raise errors.field("store_id", "name one of your stores: this key is not for the programme as a whole")
    named = {id_ for id_ in store_ids if id_ is not None}
    missing = set(await tenancy.list_missing_stores(tx, me.tenant_id, sorted(named)))
    missing |= {id_ for id_ in named if not me.sees_store(id_)}
    if missing:
        raise errors.field("store_id", "no such store: " + ", ".join(map(str, sorted(missing))))


async def _consents(
    tx: Session, tenant_id: TenantId, profile_id: UUID, store_ids: Collection[UUID] | None
) -> PersonConsents:
    standing = (await store.list_standings(tx, tenant_id, [profile_id]))[profile_id]
    hold = rules.hold_of(standing.holds)
    seen = {(d.channel, d.purpose, d.store_id) for d in standing.decisions}
    of_scope: list[Decision] = []
    for channel, purpose, store_id in sorted(seen, key=lambda s: (s[0], s[1], str(s[2] or ""))):
        same = [d for d in standing.decisions if d.store_id == store_id]
        decision = rules.deciding(same, channel, purpose, store_id)
        if decision is not None and (store_ids is None or store_id in store_ids):
            of_scope.append(decision)
    return PersonConsents(
        decisions=[decision_out(d) for d in of_scope],
        paused_until=hold.paused_until,
        stopped_at=hold.stopped_at,
        addresses=[_address(a) for a in await store.list_addresses(tx, tenant_id, profile_id)],
    )


def _address(address: store.Address) -> AddressOut:
    points = [PointOut.model_validate(p, extra="ignore") for p in address.points.values()]
    return AddressOut(identifier_id=address.identifier_id, kind=address.kind, points=points)


async def _history(
    tx: Session, tenant_id: TenantId, profile_id: UUID, store_ids: Collection[UUID] | None, page: Any
) -> HistoryPage:
    rows = await store.list_consent_history(
        tx, tenant_id, profile_id, store_ids=store_ids, after=page.after, limit=page.limit + 1
    )
    items, after = page.cut(rows, lambda row: row.id)
    return HistoryPage(items=[history_out(row) for row in items], next=after)


async def _wish(tx: Session, tenant_id: TenantId, profile_id: UUID, body: WishesPut, now: datetime) -> None:
    await service.wish(
        tx,
        tenant_id,
        profile_id,
        [_as_wish(wish) for wish in body.decisions],
        text_version=body.text_version,
        source=body.source,
        at=body.at or now,
        now=now,
    )


def _as_wish(wish: WishIn) -> service.Wish:
    return service.Wish(wish.channel, wish.purpose, wish.store_id, wish.state)


async def _make_link(
    request: Request,
    tx: Session,
    tenant_id: TenantId,
    profile_id: UUID,
    wanted: LinkIn,
    now: datetime,
    lasts: timedelta | None = None,
) -> PreferenceLinkOut:
    if wanted.app_id is not None:
        await tenancy.get_row(tx, tenant_id, App, wanted.app_id)
    profile = await store.get_profile(tx, tenant_id, profile_id)
    ids = await service.identifiers_of(tx, tenant_id, profile_id)
    link = PreferenceLink(
        identifier_id=ids[0],
        app_id=wanted.app_id,
        language=wanted.language or profile.language,
        is_full=wanted.may_erase,
        expires_at=now + (lasts or timedelta(days=wanted.expires_in_days)),
    )
    token = await service.make_link(tx, tenant_id, link, key=request.app.state.signing_key, now=now)
    return PreferenceLinkOut(url=f"{_base(request)}{PAGE}/{token}", expires_at=link.expires_at)


def _base(request: Request) -> str:
    return (request.app.state.settings.public_url or str(request.base_url)).rstrip("/")
