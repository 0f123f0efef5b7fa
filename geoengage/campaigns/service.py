"""Campaigns as their owners use them: write, activate, review, pause, delete.

Every change locks the campaign's row, opens or closes its gate in messaging, and ends with a ledger event. A principal
that is restricted to stores sees and names only things of its stores; the rest does not exist for it.
"""

from collections.abc import Iterator, Sequence
from dataclasses import replace
from datetime import datetime
from typing import Any
from uuid import UUID

from geoengage.campaigns import entries, starts, store
from geoengage.campaigns.arriving import begin_with_present
from geoengage.campaigns.models import Campaign
from geoengage.campaigns.rules import (
    MAX_CAP_DAYS,
    MAX_COOLDOWN_S,
    Branch,
    CampaignChanged,
    Cap,
    Content,
    Definition,
    Ended,
    InSegment,
    Policy,
    Say,
    Standing,
    Status,
    TargetStore,
    TargetZone,
    TriggerKind,
    Words,
    after_activate,
    after_edit,
    after_pause,
    check_archivable,
    check_in_review,
    check_not_archived,
    check_texts,
    copy_of,
    messages_of,
    moved_places,
    needs_review,
    reviewed_part,
    segments_of,
    status_at,
    uses_content,
    uses_offer,
    walk,
)
from geoengage.content import service as items
from geoengage.experiments import store as experiments
from geoengage.kit import events
from geoengage.kit.db import Session
from geoengage.kit.errors import ItemErrors, NotFound
from geoengage.kit.ids import TenantId
from geoengage.messaging import service as messaging
from geoengage.messaging.rules import Purpose, campaign_gate
from geoengage.offers.service import offers
from geoengage.tenancy import store as tenancy
from geoengage.tenancy.rules import Principal, PrincipalKind, Review, actor_name

NO_DECISION: dict[str, Any] = {"decided_at": None, "decided_by": None, "decision_reason": None}


async def get(session: Session, me: Principal, id_: UUID, *, lock: bool = False) -> Campaign:
    """A campaign that the caller may see, else CampaignNotFound."""
    row = await store.get_campaign(session, TenantId(me.tenant_id), id_, lock=lock)
    if not me.sees_store(row.store_id):
        raise store.CampaignNotFound(f"campaign {id_} does not exist")
    return row


def check_variants(texts: Sequence[tuple[str, str]]) -> None:
    """Raise ItemErrors for Liquid that cannot be rendered, by the place of the variant."""
    wrong = {f"variants/{n}/{at}": detail for n, pair in enumerate(texts) for at, detail in check_texts(*pair).items()}
    if wrong:
        raise ItemErrors([{"pointer": f"#/{at}", "in": "body", "detail": detail} for at, detail in wrong.items()])


async def create(session: Session, me: Principal, id_: UUID, content: Content, now: datetime) -> Campaign:
    """A new draft. A caller with one store need not name it."""
    if content.store_id is None and me.store_ids is not None and len(me.store_ids) == 1:
        content = replace(content, store_id=next(iter(me.store_ids)))
    await _check(session, me, content)
    row = await store.insert_campaign(session, TenantId(me.tenant_id), id_, content, now)
    await _tell(session, row, now)
    return row


async def draft_for_segment(  # noqa: PLR0913 - what such a campaign is
    session: Session,
    tenant_id: TenantId,
    id_: UUID,
    *,
    name: str,
    segment_id: UUID,
    title: str,
    body: str,
    now: datetime,
    store_id: UUID | None = None,
) -> Campaign:
    """A draft that, once activated, speaks to who is in a segment and to who comes in. For alerts and playbooks."""
    content = Content(
        name=name, store_id=store_id, kind=TriggerKind.SEGMENT, zone_ids=(), store_ids=(), title=title, body=body,
        valid_from=None, valid_to=None, segment_id=segment_id,
        definition=Definition(present=True, cap=Cap(1, MAX_CAP_DAYS), cooldown_s=MAX_COOLDOWN_S),
    )  # fmt: skip
    row = await store.insert_campaign(session, tenant_id, id_, content, now)
    await _tell(session, row, now)
    return row


async def update(session: Session, me: Principal, row: Campaign, content: Content, now: datetime) -> None:
    """Replace the content of a locked campaign. What an approver must see again goes back to review."""
    old = store.content_of(row)
    await _check(session, me, content, before=old)
    changed = reviewed_part(old) != reviewed_part(content)
    review = changed and await _needs_review(session, me, content, approved=False)
    before = Status(row.status)
    status = after_edit(before, reviewed_part_changed=changed, needs_review=review)
    columns: dict[str, Any] = {"status": status.value}
    if review:
        columns |= NO_DECISION
    if status is Status.IN_REVIEW and changed:
        columns |= {"submitted_at": now}
    moved = moved_places(old.course, content.course)
    await store.set_campaign(session, TenantId(row.tenant_id), row, now, content, **columns)
    if moved:
        await entries.move_places(session, TenantId(row.tenant_id), row.id, moved, now)
    await _set_gate(session, row, before, now)
    await _tell(session, row, now)


async def clone(session: Session, me: Principal, id_: UUID, source: Campaign, now: datetime) -> Campaign:
    """A draft like it, with its plan of measurement and its variants. A time that has passed is left out.

    What its maker may not use any more (a zone that has gone) is an ItemErrors, as when it is written anew.
    """
    content = copy_of(store.content_of(source), now)
    await _check(session, me, content)
    tenant_id = TenantId(me.tenant_id)
    row = await store.insert_campaign(session, tenant_id, id_, content, now)
    await experiments.copy_experiment(session, tenant_id, source.id, row.id, now)
    await _tell(session, row, now)
    return row


async def archive(session: Session, row: Campaign, now: datetime) -> None:
    """Put a locked campaign away: it leaves the list and cannot be activated. Idempotent."""
    if row.archived_at is None:
        check_archivable(_status(row, now))
        await store.set_campaign(session, TenantId(row.tenant_id), row, now, archived_at=now)
        await _tell(session, row, now)


async def unarchive(session: Session, row: Campaign, now: datetime) -> None:
    """Take a locked campaign back into the list. Idempotent."""
    if row.archived_at is not None:
        await store.set_campaign(session, TenantId(row.tenant_id), row, now, archived_at=None)
        await _tell(session, row, now)


async def activate(session: Session, me: Principal, row: Campaign, now: datetime, *, is_new: bool = False) -> None:
    """Let a locked campaign run, or hand it in for review where the tenant's policy says so. `is_new`: this transaction
    has made it, and checked it."""
    check_not_archived(_status(row, now), row.archived_at)
    content = store.content_of(row)
    if not is_new:
        await _check(session, me, content, before=content)  # its zones may have gone since
    approved = row.decided_at is not None and row.decision_reason is None
    review = await _needs_review(session, me, content, approved=approved)
    status = after_activate(_status(row, now), row.valid_to, now, review=review)
    columns: dict[str, Any] = {}
    if status is Status.IN_REVIEW:
        columns = {"submitted_at": now} | NO_DECISION
    elif not approved:
        columns = await _decision(session, me, now) if me.store_ids is None else NO_DECISION
    await _move(session, row, status, columns, now)


async def pause(session: Session, row: Campaign, now: datetime) -> None:
    """Stop a locked campaign; what waits to be sent is skipped within seconds."""
    await _move(session, row, after_pause(_status(row, now)), {}, now)


async def approve(session: Session, me: Principal, row: Campaign, now: datetime) -> None:
    """Let a locked campaign in review run."""
    check_in_review(Status(row.status))
    content = store.content_of(row)
    await _check(session, me, content, before=content)
    status = after_activate(Status.DRAFT, row.valid_to, now, review=False)
    await _move(session, row, status, await _decision(session, me, now), now)


async def reject(session: Session, me: Principal, row: Campaign, reason: str, now: datetime) -> None:
    """Send a locked campaign in review back to its author, who reads why."""
    check_in_review(Status(row.status))
    await _move(session, row, Status.REJECTED, await _decision(session, me, now, reason), now)


async def delete(session: Session, row: Campaign, now: datetime) -> None:
    """Delete a locked campaign; what waits to be sent is skipped. Its messages stay."""
    before = Status(row.status)
    await store.set_campaign(session, TenantId(row.tenant_id), row, now, status=Status.PAUSED.value, deleted_at=now)
    await entries.end_all(session, TenantId(row.tenant_id), row.id, Ended.CAMPAIGN_OVER, now)
    await _set_gate(session, row, before, now)
    await _tell(session, row, now)


async def _move(session: Session, row: Campaign, status: Status, columns: dict[str, Any], now: datetime) -> None:
    before = Status(row.status)
    if status is not before:
        if status is Status.ACTIVE:
            columns = columns | {"activated_at": now}
        await store.set_campaign(session, TenantId(row.tenant_id), row, now, status=status.value, **columns)
        await _set_gate(session, row, before, now)
        await _tell(session, row, now)


async def _set_gate(session: Session, row: Campaign, before: Status, now: datetime) -> None:
    """The gate is open exactly while the campaign is active; a campaign that never ran has no messages to hold.

    Who is in its segment starts with it, and with it goes whoever waits for a good time.
    """
    tenant_id, gate = TenantId(row.tenant_id), campaign_gate(row.id)
    if row.status == Status.ACTIVE and before is not Status.ACTIVE:
        await messaging.open_gate(session, tenant_id, gate)
        if row.trigger_segment_id is not None and store.content_of(row).definition.present:
            await begin_with_present(session, tenant_id, row.id, store.content_of(row), max(row.valid_from or now, now))
        await entries.awaken(session, tenant_id, row.id, now)
    elif row.status != Status.ACTIVE and before is Status.ACTIVE:
        await starts.drop(session, tenant_id, row.id)
        await messaging.close_gate(session, tenant_id, gate, f"campaign is {row.status.replace('_', ' ')}", now)


async def _tell(session: Session, row: Campaign, now: datetime) -> None:
    status = Status.FINISHED if row.deleted_at is not None else _status(row, now)
    event = CampaignChanged(campaign_id=row.id, name=row.name, status=status, store_id=row.store_id)
    await events.publish(session, TenantId(row.tenant_id), [event], now)


def _status(row: Campaign, now: datetime) -> Status:
    return status_at(Status(row.status), row.valid_from, row.valid_to, now)


async def _needs_review(session: Session, me: Principal, content: Content, *, approved: bool) -> bool:
    tenant_id = TenantId(me.tenant_id)
    tenant = await tenancy.get_tenant(session, tenant_id)
    standing = Standing(
        restricted=me.store_ids is not None,
        is_marketing=content.is_marketing,
        approved=approved,
        store_approved=await store.has_approved(session, tenant_id, content.store_id),
    )
    return needs_review(Review(tenant.review), standing)


async def _decision(session: Session, me: Principal, now: datetime, reason: str | None = None) -> dict[str, Any]:
    """The columns of an approval, or (with a reason) of a rejection."""
    by = actor_name(me)
    if me.kind is PrincipalKind.OPERATOR:
        operator = await tenancy.find_operator(session, TenantId(me.tenant_id), me.id)
        by = operator.name if operator is not None else by
    return {"decided_at": now, "decided_by": by, "decision_reason": reason}


# --- what a campaign may say and point at ---------------------------------------------------------------------------


async def list_targets(
    session: Session, tenant_id: TenantId, contents: list[Content]
) -> tuple[list[TargetZone], list[TargetStore]]:
    """The zones and stores that these campaigns name, and the store zones of their trigger's stores. Two queries."""
    zone_ids = {z for content in contents for z in content.zone_ids}
    trigger_stores = {s for content in contents for s in content.store_ids}
    own_stores = {content.store_id for content in contents if content.store_id is not None}
    zones = await store.list_target_zones(session, tenant_id, zone_ids, trigger_stores)
    return zones, await store.list_target_stores(session, tenant_id, trigger_stores | own_stores)


async def _check(session: Session, me: Principal, content: Content, before: Content | None = None) -> None:
    """Raise ItemErrors for each member that names what does not exist, or what the caller may not do.

    A zone of another store passes for a restricted caller when it is in `before`: then somebody else put it there.
    """
    zones, stores = await list_targets(session, TenantId(me.tenant_id), [content])
    lent = () if before is None else before.zone_ids
    known_zones = {zone.zone_id: zone for zone in zones if me.sees_store(zone.store_id) or zone.zone_id in lent}
    known_stores = {found.store_id for found in stores if me.sees_store(found.store_id)}
    wrong = _text_flaws(content) | await _check_items(session, me, content, before)
    if content.store_id is None and me.store_ids is not None:
        wrong["store_id"] = "name one of your stores"
    elif content.store_id is not None and content.store_id not in known_stores:
        wrong["store_id"] = "there is no such store"
    for i, zone_id in enumerate(content.zone_ids):
        zone = known_zones.get(zone_id)
        if zone is None:
            wrong[f"trigger/zone_ids/{i}"] = "there is no such zone" + (
                "" if me.store_ids is None else " of your stores"
            )
        elif zone.is_sensitive:
            wrong[f"trigger/zone_ids/{i}"] = "a sensitive zone triggers nothing"
    for i, store_id in enumerate(content.store_ids):
        if store_id not in known_stores:
            wrong[f"trigger/store_ids/{i}"] = "there is no such store"
    wrong |= await _check_offers(session, me, content)
    wrong |= await _check_segments(session, me, content, before)
    wrong |= _exit_flaws(content)
    if me.store_ids is not None and not content.is_marketing:
        wrong["purpose"] = "service messages are sent by the tenant, not by its stores"
    if wrong:
        raise ItemErrors([{"pointer": f"#/{at}", "in": "body", "detail": detail} for at, detail in wrong.items()])


def _exit_flaws(content: Content) -> dict[str, str]:
    of_order = content.kind is TriggerKind.ORDER and content.definition.purpose is Purpose.TRANSACTIONAL
    if not of_order or not content.definition.exits.purchase:
        return {}
    return {"exits/purchase": "what is said about an order is not ended by the next order: who buys stays in it"}


def _text_flaws(content: Content) -> dict[str, str]:
    """What is wrong with its texts, by the member that holds them."""
    if not content.is_journey:
        return check_texts(content.title, content.body)
    found = {at: check_texts(words.title, words.body) for at, _, words in _texts_of(content)}
    return {f"{at}{part}": flaw for at, flaws in found.items() for part, flaw in flaws.items()}


def _texts_of(content: Content) -> Iterator[tuple[str, Say, Words]]:
    """Every text of its steps, with the place of the body that holds it."""
    for step in messages_of(content.course):
        at = f"steps/{step.id}/" if content.is_journey else ""
        for words in step.written:
            yield at if words.language is None else f"{at}texts/{words.language}/", step, words


async def _check_offers(session: Session, me: Principal, content: Content) -> dict[str, str]:
    """What is wrong with the offers that it carries: a text about an order or a service says nothing else."""
    wrong: dict[str, str] = {}
    refusal = f"a {content.definition.purpose} message carries no offer"
    for at, step, words in _texts_of(content):
        named = [f"{at}{part}" for part in ("title", "body") if uses_offer(getattr(words, part))]
        if not content.is_marketing:
            wrong |= dict.fromkeys(named, refusal)
        elif step.offer_id is None:
            wrong |= dict.fromkeys(named, "it names an offer, and there is none: set offer_id")
    for step in messages_of(content.course):
        at = f"steps/{step.id}/" if content.is_journey else ""
        if step.offer_id is not None and not content.is_marketing:
            wrong[f"{at}offer_id"] = refusal
        elif step.offer_id is not None and not await _has_offer(session, me, step.offer_id):
            wrong[f"{at}offer_id"] = "there is no such offer" + ("" if me.store_ids is None else " of your stores")
    return wrong


async def _has_offer(session: Session, me: Principal, offer_id: UUID) -> bool:
    try:
        await offers.get(session, me, offer_id)
    except NotFound:
        return False
    return True


async def _check_items(session: Session, me: Principal, content: Content, before: Content | None) -> dict[str, str]:
    """What is wrong with the content items that it speaks of; those named before may be nobody's to see now."""
    known = {None} if before is None else {None, *_named_items(before).values()}
    wrong, of_all = {}, content.definition.content_id
    for at, content_id in _named_items(content).items():
        try:
            if content_id not in known and content_id is not None:
                await items.get(session, me, content_id)
        except NotFound:
            wrong[at] = "there is no such content item" + ("" if me.store_ids is None else " of your stores")
    for _, step, words in _texts_of(content):
        if uses_content(words.title, words.body) and (step.content_id or of_all) is None:
            wrong["content_id"] = "the text speaks of a content item: say which one"
    return wrong


def _named_items(content: Content) -> dict[str, UUID | None]:
    """The content items that it names, by the member that names them."""
    steps = {f"steps/{step.id}/content_id": step.content_id for step in messages_of(content.definition.steps)}
    return {"content_id": content.definition.content_id} | steps


async def _check_segments(session: Session, me: Principal, content: Content, before: Content | None) -> dict[str, str]:
    """What is wrong with the segments that it names; one that was named before may have been deleted meanwhile."""
    found = await starts.list_target_segments(session, TenantId(me.tenant_id), segments_of(content))
    known = {segment.segment_id for segment in found if me.sees_store(segment.store_id)}
    known |= frozenset() if before is None else segments_of(before)
    detail = "there is no such segment" + ("" if me.store_ids is None else " of your stores")
    return {at: detail for at, id_ in _named_segments(content) if id_ is not None and id_ not in known}


def _named_segments(content: Content) -> Iterator[tuple[str, UUID | None]]:
    """Every place of the body that names a segment."""
    d = content.definition
    yield "trigger/segment_id", content.segment_id
    yield "audience/segment_id", d.audience.segment_id if isinstance(d.audience, InSegment) else None
    yield "exits/segment_id", d.exits.segment_id
    for step, _ in walk(d.steps):
        if isinstance(step, Branch) and isinstance(step.condition, InSegment):
            yield f"steps/{step.id}/when/segment_id", step.condition.segment_id


async def load_policy(session: Session, tenant_id: TenantId) -> Policy:
    """What the tenant has decided for all campaigns."""
    return (await store.ask_policy(session, tenant_id))()
