"""From a reading of Segment's API to stored events of people: once each, with whom they belong to and their traits.

Nothing else happens here: what events mean for orders and carts is worked out from the ledger (`service/purchases.py`),
so that no order can hold up or lose an event.
"""

from collections import Counter as Counted
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from prometheus_client import Counter

from geoengage.ingest import store
from geoengage.ingest.rules.segment import EventKind, Refusal, Refused, SegmentReading, Tracked
from geoengage.kit import errors, log
from geoengage.kit.db import Session, Sessions, at_end, is_passing, retried
from geoengage.kit.events import publish
from geoengage.kit.ids import TenantId, new_id
from geoengage.profiles import rules as profiles
from geoengage.profiles import store as people
from geoengage.profiles.rules import EventsRecorded, Id, Kind, Proof, Together
from geoengage.profiles.service import resolve_many, set_traits_many
from geoengage.tenancy.rules import ParsedKey, Principal, Writes
from geoengage.tenancy.store import find_key_principal

EVENTS = Counter("geoengage_events_total", "Events of Segment's tracking API by what became of them.", ["outcome"])
MOST_LISTED = 100  # refusals of one request
_TRAITS = {"firstName": "first_name", "lastName": "last_name", "createdAt": "created_at", "locale": "language"}
_CONTACT_KINDS = {"email": Kind.EMAIL, "phone": Kind.PHONE, "loyalty_card": Kind.LOYALTY_CARD}
logger = log.get("ingest")


async def record_events(sessions: Sessions, key: ParsedKey, reading: SegmentReading, now: datetime) -> None:
    """Store a reading; durable when it returns, and harmless to repeat.

    What cannot be stored for a reason of ours that lasts is halved down to the one event that cannot, which is refused.
    Raises Unauthenticated when the key does not exist or was revoked.
    """

    async def work(session: Session) -> Counted[str]:
        return await _record(session, key, reading, now)

    try:
        counts = await retried(sessions, key.tenant_id, work)
    except Exception as error:
        if is_passing(error) or isinstance(error, errors.AppError):
            raise
        for part in _halves(reading, error):
            await record_events(sessions, key, part, now)
        return
    for outcome, count in counts.items():
        EVENTS.labels(outcome).inc(count)


def _halves(reading: SegmentReading, error: Exception) -> list[SegmentReading]:
    events, half = reading.events, len(reading.events) // 2
    if not events:
        raise error
    if half == 0:
        logger.error("event_refused", exc_info=error)
        return [SegmentReading(refused=[*reading.refused, _refusal(events[0], Refused.NOT_STORED)])]
    return [SegmentReading(events=events[:half], refused=reading.refused), SegmentReading(events=events[half:])]


async def _record(session: Session, key: ParsedKey, reading: SegmentReading, now: datetime) -> Counted[str]:
    tenant_id = key.tenant_id
    principal = await find_key_principal(session, tenant_id, key)
    if principal is None or principal.writes is None:
        raise errors.Unauthenticated("this write key does not exist or was revoked")
    is_claim = principal.writes is Writes.BROWSER
    policy = await people.get_policy(session, tenant_id)
    found = [(event, _ids(event, policy, is_claim=is_claim)) for event in reading.events]
    nobody = [_refusal(event, Refused.NO_USER_ANON_ID) for event, ids in found if not ids]
    fresh = await _once(session, tenant_id, [_Whose(*each) for each in found if each[1]], is_claim=is_claim, now=now)
    await _store(session, principal, fresh, now)
    refused = [*reading.refused, *nobody]
    await list_refusals(session, tenant_id, principal.id, refused, is_kept=False, now=now)
    counts = Counted({"accepted": len(fresh), "duplicate": len(found) - len(nobody) - len(fresh)})
    return counts + Counted(str(refusal.reason) for refusal in refused)


@dataclass(frozen=True, slots=True)
class _Whose:
    """An event and the ids of its person."""

    event: Tracked
    ids: tuple[Id, ...]


def _ids(event: Tracked, policy: people.Policy, *, is_claim: bool) -> tuple[Id, ...]:
    """The ids by which an event names its person, those that count. An alias names the anonymous id that was before.

    A browser says nothing that counts but who the visitor is to itself, and whom they claim to be.
    """
    said = [(Kind.EXTERNAL_ID, event.user_id), (Kind.ANONYMOUS_ID, event.anonymous_id)]
    if event.kind is EventKind.ALIAS:
        said.append((Kind.ANONYMOUS_ID, event.previous_id))
    elif not is_claim:
        said += [(_CONTACT_KINDS[name], value) for name, value in event.contacts.items()]
    normal = (
        (kind, profiles.normalise(kind, value, region=policy.region, blocked=policy.blocked))
        for kind, value in said
        if value is not None
    )
    ids = [Id(kind, value) for kind, value in normal if value is not None]
    named = {Kind.EXTERNAL_ID, Kind.ANONYMOUS_ID} & {id_.kind for id_ in ids}
    return tuple(ids) if named else ()


async def _once(
    session: Session, tenant_id: TenantId, events: Sequence[_Whose], *, is_claim: bool, now: datetime
) -> list[_Whose]:
    """Those that have not come before, neither in this request nor in the seven days before it."""
    named = {each.event.message_id: each for each in reversed(events) if each.event.message_id is not None}
    new = await people.claim_message_ids(session, tenant_id, named.keys(), is_claim=is_claim, now=now)
    return [each for each in events if (id_ := each.event.message_id) is None or (id_ in new and named[id_] is each)]


async def _store(session: Session, key: Principal, fresh: Sequence[_Whose], now: datetime) -> None:
    if not fresh:
        return
    is_claim = key.writes is Writes.BROWSER
    proof, source = (Proof.CLAIM, f"browser:{key.id}") if is_claim else (Proof.LINK, f"segment:{key.id}")
    together = [Together(each.ids, each.event.at) for each in fresh]
    owners = await resolve_many(session, key.tenant_id, together, proof=proof, source=source, now=now)
    rows = [_row(each.event, owner.identifier_id, now) for each, owner in zip(fresh, owners, strict=True)]
    await people.insert_events(
        session, key.tenant_id, rows, key_id=key.id, is_claim=is_claim, received_at=now
    )  # fmt: skip
    stated = [
        (owner.identifier_id, traits, each.event.at)
        for each, owner in zip(fresh, owners, strict=True)
        if (traits := _traits(each.event))
    ]
    await set_traits_many(session, key.tenant_id, stated, source=source, proof=proof, now=now)
    told = EventsRecorded(event_ids=[row["id"] for row in rows], is_claim=is_claim, at=now)
    at_end(session, lambda: publish(session, key.tenant_id, [told], now))


def _row(event: Tracked, identifier_id: UUID, now: datetime) -> dict[str, Any]:
    id_ = new_id(now)
    return {
        "id": id_,
        "identifier_id": identifier_id,
        "at": event.at,
        "type": event.kind,
        "name": event.name,
        "message_id": event.message_id or str(id_),
        "properties": event.properties,
        "context": event.context,
        "product_ids": event.product_ids,
        "order_id": event.order_id,
    }


def _traits(event: Tracked) -> Mapping[str, Any]:
    """What an identify call says of the person, by our names; what could not be kept is left out."""
    if event.kind is not EventKind.IDENTIFY:
        return {}
    said = dict(event.traits)
    said.pop("id", None)  # the person's id, which came as `userId`
    if "locale" not in said and (locale := event.context.get("locale")) is not None:
        said.setdefault("language", locale)
    ours = {_TRAITS.get(name, name): value for name, value in said.items()}
    kept = ((name, value) for name, value in ours.items() if profiles.trait_problem(name, value) is None)
    return dict(sorted(kept)[: profiles.MOST_TRAITS])


def _refusal(event: Tracked, reason: Refused) -> Refusal:
    return Refusal(reason, event.kind, event.name, event.message_id)


async def list_refusals(
    session: Session, tenant_id: TenantId, key_id: UUID, refused: Sequence[Refusal], *, is_kept: bool, now: datetime
) -> None:
    """Note refused events for the operator, of one request a hundred."""
    listed = [(str(one.reason), one.type, one.name, one.message_id) for one in refused[:MOST_LISTED]]
    await store.insert_rejections(session, tenant_id, key_id, listed, is_kept=is_kept, now=now)
