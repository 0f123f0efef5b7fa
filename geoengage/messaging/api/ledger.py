"""HTTP of the ledger of messages: which ones, how many by reason, and dead letters that are tried again."""

from dataclasses import replace
from datetime import UTC, date, datetime, time, timedelta
from typing import Annotated
from uuid import UUID

from fastapi import APIRouter, Depends, Query, Request
from pydantic import AwareDatetime, BaseModel, Field

from geoengage.kit import errors
from geoengage.kit.http import CONFLICT, PROBLEMS, Now, Paging, Tx
from geoengage.kit.ids import TenantId
from geoengage.kit.pseudonym import as_text, pseudonym
from geoengage.messaging import service, store
from geoengage.messaging.rules import NO_RETRY, REASONS, Blocker, MessageChannel, NoRetry, Status, no_retry
from geoengage.messaging.store import MessageFilter
from geoengage.profiles import store as profiles_store
from geoengage.tenancy.auth import CampaignEditor, Reader
from geoengage.tenancy.rules import Principal, Scope

router = APIRouter(tags=["messages"], responses=PROBLEMS)


async def _wanted(  # noqa: PLR0913 - one parameter a filter
    request: Request,
    me: Reader,
    tx: Tx,
    now: Now,
    campaign_id: Annotated[UUID | None, Query(description="Only of this campaign.")] = None,
    device_id: Annotated[UUID | None, Query(description="Only to this device; needs the right `people`.")] = None,
    profile_id: Annotated[UUID | None, Query(description="Only to this person; needs the right `people`.")] = None,
    pseudonym: Annotated[
        str | None, Query(pattern="^[0-9a-f]{16}$", description="Only to who goes by this name on `day`.")
    ] = None,
    day: Annotated[date | None, Query(description="The day (UTC) of `pseudonym`; default: today.")] = None,
    status: Annotated[Status | None, Query(description="Only with this status.")] = None,
    reason: Annotated[
        str | None, Query(max_length=100, description="Only with this reason, of a blocker or a provider.")
    ] = None,
    channel: Annotated[MessageChannel | None, Query(description="Only by this channel, taken or to be taken.")] = None,
    store_id: Annotated[UUID | None, Query(description="Only of this store.")] = None,
    after: Annotated[AwareDatetime | None, Query(description="Only decided after this moment.")] = None,
    before: Annotated[AwareDatetime | None, Query(description="Only decided before this moment.")] = None,
    dead: Annotated[
        bool | None, Query(description="true: only dead letters, which failed for good; false: only others.")
    ] = None,
) -> MessageFilter:
    """Which messages a request means. A credential restricted to stores gets those of its stores."""
    if (device_id is not None or profile_id is not None) and not me.may(Scope.PEOPLE):
        named = "device_id" if device_id is not None else "profile_id"
        raise errors.Forbidden(f"{named} needs the scope or role right 'people'", needs=Scope.PEOPLE.value)
    stores = me.store_ids
    if store_id is not None:
        stores = frozenset({store_id}) if me.sees_store(store_id) else frozenset()
    tenant_id = TenantId(me.tenant_id)
    wanted = MessageFilter(
        campaign_id=campaign_id,
        device_id=device_id,
        person_ids=None if profile_id is None else await _person(tx, tenant_id, profile_id),
        store_ids=stores,
        statuses=None if status is None else (status,),
        reason=reason,
        way=channel,
        after=after,
        before=before,
        is_dead=dead,
    )
    if pseudonym is None:
        return wanted
    return await _named(tx, tenant_id, wanted, request.app.state.signing_key, pseudonym, day or now.date())


Wanted = Annotated[MessageFilter, Depends(_wanted, scope="function")]


async def _person(tx: Tx, tenant_id: TenantId, profile_id: UUID) -> frozenset[UUID]:
    return frozenset({profile_id, *await profiles_store.list_merged(tx, tenant_id, profile_id)})


async def _named(tx: Tx, tenant_id: TenantId, wanted: MessageFilter, key: str, name: str, day: date) -> MessageFilter:
    """The messages of that day to who goes by this name. It tells no more than the list does."""
    start = datetime.combine(day, time(), UTC) - timedelta(microseconds=1)
    end = start + timedelta(days=1, microseconds=1)
    of_day = replace(wanted, after=max(start, wanted.after or start), before=min(end, wanted.before or end))
    everybody = await store.list_addressees(tx, tenant_id, of_day)
    found = frozenset(id_ for id_ in everybody if as_text(pseudonym(key, tenant_id, id_, day)) == name)
    return replace(of_day, addressees=found)


class MessageCount(BaseModel):
    """Messages of one status and reason."""

    status: Status = Field(description="Where they stand.")
    reason: str | None = Field(description="Why they were skipped, or the provider's reason of a failure.")
    text: str | None = Field(description="Why they were skipped, in a sentence for people; else null.")
    messages: int = Field(description="How many.")
    dead: int = Field(description="How many of them failed for good.")


class MessageCounts(BaseModel):
    """What became of messages, most first."""

    items: list[MessageCount] = Field(description="By status and reason.")


@router.get("/v1/messages/counts")
async def count_messages(me: Reader, tx: Tx, wanted: Wanted) -> MessageCounts:
    """How many messages there are by status and reason, with the filters of the list. Name a time: it counts all."""
    found = await store.count_messages(tx, TenantId(me.tenant_id), wanted)
    return MessageCounts(
        items=[
            MessageCount(
                status=Status(each.status),
                reason=each.reason,
                text=in_words(each.reason) if each.status == Status.SKIPPED else None,
                messages=each.messages,
                dead=each.dead,
            )
            for each in found
        ]
    )


def in_words(reason: str | None) -> str | None:
    """The sentence of a blocker."""
    return None if reason is None else REASONS[Blocker(reason)]


class DeadLetterOut(BaseModel):
    """That a message failed for good."""

    retryable: bool = Field(description="Whether it may be tried again.")
    reason: NoRetry | None = Field(description="Why not.")
    text: str | None = Field(description="The same in a sentence for people.")


async def letters_of(tx: Tx, me: Principal, message_ids: list[UUID], now: Now) -> dict[UUID, DeadLetterOut]:
    """Those of these messages that failed for good."""
    found = await store.read_dead(tx, TenantId(me.tenant_id), message_ids)
    why = {dead.id: no_retry(dead.letter, now) for dead in found}
    return {
        id_: DeadLetterOut(retryable=no is None, reason=no, text=None if no is None else NO_RETRY[no])
        for id_, no in why.items()
    }


class RetryOut(BaseModel):
    """What became of dead letters."""

    retried: int = Field(description="How many wait to be sent again.")
    kept: dict[NoRetry, int] = Field(description="How many stay what they are, by why.")
    next: str | None = Field(description="`cursor` of the next call; null at the end.")


class NotRetried(errors.Conflict):
    """A dead letter that must not be tried again."""

    code = "message-not-retried"
    title = "It cannot be tried again"


@router.post("/v1/messages/retry")
async def retry_messages(me: CampaignEditor, tx: Tx, now: Now, wanted: Wanted, page: Paging) -> RetryOut:
    """Try the dead letters of a filter again, newest first, `limit` of them; go on with `next`. Safe to repeat.

    Each is checked again in the moment before it goes out, as every message is. What may have arrived and must not
    arrive twice, what is too old, and what would be more than a person's share stays as it is (`kept`).
    """
    tenant_id = TenantId(me.tenant_id)
    rows = await store.list_dead(tx, tenant_id, replace(wanted, is_dead=None), page.after, page.limit + 1)
    these, following = page.cut(rows, lambda row: row[0])
    done = await service.retry(tx, tenant_id, these, now)
    return RetryOut(retried=done.retried, kept=dict(done.kept), next=following)


@router.post("/v1/messages/{message_id}/retry", responses=CONFLICT)
async def retry_message(message_id: UUID, me: CampaignEditor, tx: Tx, now: Now) -> RetryOut:
    """Try one dead letter again. Safe to repeat: what waits, or was sent meanwhile, stays as it is."""
    tenant_id = TenantId(me.tenant_id)
    message = await store.find_message(tx, tenant_id, message_id)
    if message is None or not me.sees_store(message.store_id):
        raise errors.NotFound(f"message {message_id} does not exist")
    done = await service.retry(tx, tenant_id, [(message.id, message.person_id)], now)
    if done.kept:
        (why,) = done.kept
        raise NotRetried(NO_RETRY[why], reason=why.value)
    return RetryOut(retried=done.retried, kept={}, next=None)
