"""Keeping what sources say about people, and which stores may know them."""

import json
from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any, Literal
from uuid import UUID

from geoengage.kit import errors
from geoengage.kit.db import Session
from geoengage.kit.ids import TenantId
from geoengage.profiles import rules, store
from geoengage.profiles.rules import Proof
from geoengage.profiles.service.telling import tell_changed

Basis = Literal["order", "consent", "app", "import"]


async def set_traits(
    session: Session,
    tenant_id: TenantId,
    identifier_id: UUID,
    traits: Mapping[str, Any],
    *,
    source: str,
    at: datetime,
    proof: Proof,
    now: datetime,
) -> None:
    """Keep what `source` says about an id's person, and make the profile anew; null takes a trait away.

    `first_name` and `language` become columns of the profile, all others its attributes. Invalid names what cannot be
    kept (`rules.trait_problem`), and then nothing is.
    """
    await set_traits_many(session, tenant_id, [(identifier_id, traits, at)], source=source, proof=proof, now=now)


async def set_traits_many(
    session: Session,
    tenant_id: TenantId,
    stated: Sequence[tuple[UUID, Mapping[str, Any], datetime]],
    *,
    source: str,
    proof: Proof,
    now: datetime,
) -> None:
    """The same about thousands of ids (id, traits, at) in few statements."""
    statements = [
        store.Statement(id_, name, _json(name, value), at)
        for id_, traits, at in stated
        for name, value in traits.items()
    ]
    if not statements:
        return
    await store.hold_owners(session, tenant_id, {s.identifier_id for s in statements})
    is_claim = proof is Proof.CLAIM
    news = await store.insert_traits(session, tenant_id, statements, source=source, is_claim=is_claim)
    await refresh(session, tenant_id, news, now)


def _json(name: str, value: Any) -> str:
    if problem := rules.trait_problem(name, value):
        raise errors.field(f"attributes/{name[: rules.TRAIT_NAME_MAX]}", problem)
    return json.dumps(value, ensure_ascii=False)


async def refresh(session: Session, tenant_id: TenantId, identifier_ids: set[UUID], now: datetime) -> None:
    """Make the profiles of these ids anew, after something about the ids has changed."""
    if identifier_ids:
        owners = set((await store.hold_owners(session, tenant_id, identifier_ids)).values())
        await store.lock_profiles(session, tenant_id, owners)  # so that two writers see each other's traits
        await store.refresh_profiles(session, tenant_id, owners, now)
        tell_changed(session, tenant_id, "traits", now, profiles=owners)


async def note_customer(
    session: Session, tenant_id: TenantId, pairs: Sequence[tuple[UUID, UUID]], basis: Basis, now: datetime
) -> None:
    """Let stores see the people of ids: (store_id, identifier_id), why, and since when. Idempotent."""
    if pairs:
        known = await store.insert_store_profiles(session, tenant_id, pairs, basis, now)
        tell_changed(session, tenant_id, "person", now, identifiers=known)
