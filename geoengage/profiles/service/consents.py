"""Recording what people decide: one decision, many at once, a pause, a STOP. The rules are in rules/consents.py.

A decision goes to the id that it came with; what has no id of its own (a wish on the preference page, a console's
withdrawal) goes to all ids of the person, so that it still holds for each of them if they come apart.
"""

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from geoengage.kit import errors
from geoengage.kit.db import Session
from geoengage.kit.ids import TenantId
from geoengage.profiles import rules, store
from geoengage.profiles.rules import Channel, Consent, ConsentKind, ConsentState, Decision, Purpose
from geoengage.profiles.service.devices import state_consents as state_device_consents
from geoengage.profiles.service.telling import tell_changed


@dataclass(frozen=True, slots=True)
class Wish:
    """What a person wants of one channel, purpose and store (None: the tenant itself)."""

    channel: Channel
    purpose: Purpose
    store_id: UUID | None
    state: ConsentState


async def state_consent(  # noqa: PLR0913 - what a decision is
    session: Session,
    tenant_id: TenantId,
    identifier_id: UUID,
    *,
    channel: Channel,
    purpose: Purpose,
    store_id: UUID | None,
    state: ConsentState,
    text_version: str | None,
    source: str,
    at: datetime,
    now: datetime,
) -> bool:
    """Record one decision of an id; True when it is in force now, False when a newer one is.

    `at` is when the person decided. Repeating it changes nothing. ConsentRefused says what is wrong with it.
    """
    decision = Decision(
        identifier_id=identifier_id,
        channel=channel,
        purpose=purpose,
        store_id=store_id,
        state=state,
        text_version=text_version,
        source=source,
        at=at,
    )
    return bool(await state_consents_many(session, tenant_id, [decision], now))


async def state_consents_many(
    session: Session, tenant_id: TenantId, decisions: Sequence[Decision], now: datetime
) -> list[Decision]:
    """The same for thousands at once, in two statements; returns those that are in force now and were not before.

    Check each with `rules.check_decision` first where a wrong one should not stop the others.
    """
    for decision in decisions:
        rules.check_decision(decision, now)
    in_force = await store.record_decisions(session, tenant_id, decisions, now)
    tell_changed(session, tenant_id, "consents", now, identifiers={d.identifier_id for d in in_force})
    return in_force


async def wish(
    session: Session,
    tenant_id: TenantId,
    profile_id: UUID,
    wishes: Collection[Wish],
    *,
    text_version: str | None,
    source: str,
    at: datetime,
    now: datetime,
) -> list[Decision]:
    """Record what a person decided for themselves, on all their ids; returns what changed."""
    ids = await identifiers_of(session, tenant_id, profile_id)
    decisions = [
        Decision(
            identifier_id=id_,
            channel=w.channel,
            purpose=w.purpose,
            store_id=w.store_id,
            state=w.state,
            text_version=text_version,
            source=source,
            at=at,
        )
        for w in wishes
        for id_ in ids
    ]
    return await state_consents_many(session, tenant_id, decisions, now)


async def identifiers_of(session: Session, tenant_id: TenantId, profile_id: UUID) -> list[UUID]:
    """The ids of a person, held until the commit; NotFound when there are none: no such person, or erased."""
    ids = await store.list_identifiers_of(session, tenant_id, profile_id)
    if not ids:
        raise errors.NotFound(f"profile {profile_id} does not exist")
    return ids


async def pause(
    session: Session, tenant_id: TenantId, profile_id: UUID, until: datetime | None, *, source: str, now: datetime
) -> None:
    """Hold back all marketing to a person until a moment; None ends a pause."""
    ids = await identifiers_of(session, tenant_id, profile_id)
    await store.set_holds(session, tenant_id, ids, paused_until=until, stopped_at=None, source=source, now=now)
    tell_changed(session, tenant_id, "consents", now, identifiers=ids)


async def stop_sender(
    session: Session,
    tenant_id: TenantId,
    identifier_ids: Collection[UUID],
    *,
    channel: Channel,
    store_id: UUID | None,
    source: str,
    at: datetime,
    now: datetime,
) -> list[Decision]:
    """STOP to a sender: withdraws the marketing of its store (None: of the tenant itself) by that channel, no more."""
    decisions = rules.withdrawn_by_stop(identifier_ids, channel, store_id, source=source, at=at)
    return await state_consents_many(session, tenant_id, decisions, now)


async def stop_everything(
    session: Session, tenant_id: TenantId, profile_id: UUID, *, source: str, at: datetime, now: datetime
) -> None:
    """Withdraw all marketing: every channel, every store, and the marketing pushes of every device of the person.

    What is decided later counts again; what was decided before and arrives later does not. Service and transactional
    messages are untouched.
    """
    ids = await identifiers_of(session, tenant_id, profile_id)
    standing = (await store.list_standings(session, tenant_id, [profile_id]))[profile_id]
    await state_consents_many(
        session, tenant_id, rules.withdrawn_by_stop_all(standing.decisions, source=source, at=at), now
    )
    paused_until = rules.hold_of(standing.holds).paused_until
    await store.set_holds(session, tenant_id, ids, paused_until=paused_until, stopped_at=at, source=source, now=now)
    tell_changed(session, tenant_id, "consents", now, identifiers=ids)
    await deny_pushes(session, tenant_id, profile_id, source=source, now=now)


async def deny_pushes(session: Session, tenant_id: TenantId, profile_id: UUID, *, source: str, now: datetime) -> None:
    """Withdraw the consent to marketing pushes on every device of a person."""
    for device in await store.list_profile_devices(session, tenant_id, profile_id):
        if device.marketing_push == Consent.GRANTED:
            locked = await store.lock_device(session, tenant_id, device.id)
            denied = {ConsentKind.MARKETING_PUSH: Consent.DENIED}
            await state_device_consents(session, tenant_id, locked, denied, text_version=source, source=source, now=now)
