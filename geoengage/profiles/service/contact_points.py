"""Whether addresses reach people: noted in bulk, told by providers, proven by a one-time code; links to the page.

The code and the link go back to the tenant's server, which sends them; nothing is sent from here.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from geoengage.kit import errors
from geoengage.kit.db import Session
from geoengage.kit.ids import TenantId, new_id
from geoengage.profiles import rules, store
from geoengage.profiles.models import ContactProof, PreferenceLink
from geoengage.profiles.rules import Channel, LinkKind, PointState
from geoengage.profiles.service.telling import tell_changed

DOUBLE_OPT_IN = "double opt-in"


@dataclass(frozen=True, slots=True)
class AskedProof:
    """What the tenant's server sends to the address."""

    code: str
    token: str
    expires_at: datetime


async def note_addresses(
    session: Session,
    tenant_id: TenantId,
    addresses: Sequence[tuple[UUID, Channel, bool]],
    *,
    source: str,
    now: datetime,
) -> None:
    """Note (id, channel, is it proven?) of many addresses. Without proof nothing is sent there; a known one keeps its
    state, but that a proof lifts `unproven` and `bounced`."""
    points = [
        (id_, channel, PointState.REACHABLE if is_proven else PointState.UNPROVEN)
        for id_, channel, is_proven in addresses
    ]
    await store.insert_points(session, tenant_id, points, source=source, now=now)
    tell_changed(session, tenant_id, "consents", now, identifiers={id_ for id_, _, _ in points})


async def tell_state(
    session: Session,
    tenant_id: TenantId,
    identifier_id: UUID,
    channel: Channel,
    state: PointState,
    *,
    reason: str | None,
    source: str,
    now: datetime,
) -> PointState:
    """Something became known of an address: a bounce, a complaint, a proof. Returns its state from now on."""
    known = await store.lock_point(session, tenant_id, identifier_id, channel)
    old = None if known is None else PointState(known.state)
    new = rules.point_after(old, state)
    if new is not old:
        await store.put_point(session, tenant_id, identifier_id, channel, new, reason=reason, source=source, now=now)
        tell_changed(session, tenant_id, "consents", now, identifiers=[identifier_id])
    return new


async def ask_proof(
    session: Session,
    tenant_id: TenantId,
    profile_id: UUID,
    identifier_id: UUID,
    channel: Channel,
    *,
    key: str,
    now: datetime,
) -> AskedProof:
    """A one-time code and a link that prove an address. Those asked for before are void."""
    kind, _ = await store.get_address(session, tenant_id, profile_id, identifier_id)
    rules.check_channel(kind, channel)
    await tell_state(
        session, tenant_id, identifier_id, channel, PointState.UNPROVEN, reason=None, source=DOUBLE_OPT_IN, now=now
    )
    id_, code = new_id(now), rules.make_code()
    proof = ContactProof(
        id=id_,
        identifier_id=identifier_id,
        channel=channel.value,
        code_hash=rules.hash_code(key, id_, code),
        wrong=0,
        expires_at=now + rules.CODE_LIFETIME,
    )
    await store.put_proof(session, tenant_id, proof)
    return AskedProof(code, rules.sign_link(key, LinkKind.PROOF, tenant_id, id_), proof.expires_at)


async def prove_by_code(
    session: Session,
    tenant_id: TenantId,
    profile_id: UUID,
    identifier_id: UUID,
    channel: Channel,
    code: str,
    *,
    key: str,
    now: datetime,
) -> bool:
    """The person typed the code. False when it is wrong, which counts: the caller commits all the same.

    NotFound when no code is waited for: it was used, has ended, or was guessed at too often.
    """
    await store.get_address(session, tenant_id, profile_id, identifier_id)
    proof = await store.lock_proof(session, tenant_id, now, address=(identifier_id, channel))
    if proof is None:
        raise errors.NotFound("no code is waited for; ask for a new one")
    if not rules.same_code(key, proof.id, code, proof.code_hash):
        proof.wrong += 1
        if proof.wrong >= rules.MOST_WRONG:
            await store.delete_proof(session, tenant_id, proof.id)
        return False
    await _prove(session, tenant_id, proof, now)
    return True


async def prove_by_link(session: Session, tenant_id: TenantId, proof_id: UUID, now: datetime) -> bool:
    """The person followed the link; False when it has ended or was used."""
    proof = await store.lock_proof(session, tenant_id, now, proof_id=proof_id)
    if proof is None:
        return False
    await _prove(session, tenant_id, proof, now)
    return True


async def _prove(session: Session, tenant_id: TenantId, proof: ContactProof, now: datetime) -> None:
    """The address reaches its person, and what they agreed to for its channel is no longer pending."""
    channel = Channel(proof.channel)
    await store.put_point(
        session,
        tenant_id,
        proof.identifier_id,
        channel,
        PointState.REACHABLE,
        reason=DOUBLE_OPT_IN,
        source=DOUBLE_OPT_IN,
        now=now,
    )
    pending = await store.list_pending(session, tenant_id, proof.identifier_id, channel)
    confirmed = [rules.confirmed(d, source=DOUBLE_OPT_IN, at=now) for d in pending]
    await store.record_decisions(session, tenant_id, confirmed, now)
    tell_changed(session, tenant_id, "consents", now, identifiers=[proof.identifier_id])
    await store.delete_proof(session, tenant_id, proof.id)


async def make_link(session: Session, tenant_id: TenantId, link: PreferenceLink, *, key: str, now: datetime) -> str:
    """Store a link to the preference page of whoever its `identifier_id` belongs to; returns its token."""
    link.id = new_id(now)
    await store.insert_link(session, tenant_id, link)
    return rules.sign_link(key, LinkKind.PREFERENCES, tenant_id, link.id)
