"""Campaigns that speak of a content item: nothing of it is copied for good.

A message is written from the item when it is decided, so that lists and previews can show it, and keeps how
(`messaging.rules.Wording`). When a worker takes it and the item has another revision by then, it is written again: so
an edit reaches what is queued at once, whatever the queue's length. Its gate closes when the item is cancelled.
"""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any
from uuid import UUID

import msgspec

from geoengage.campaigns.rules import Content, write_values
from geoengage.content import service as items
from geoengage.content.rules import Reference, is_over, values_of, when
from geoengage.kit import log
from geoengage.kit.db import Session
from geoengage.kit.ids import TenantId
from geoengage.messaging.rules import Blocker, Draft, PushOptions, Rewritten, Waiting, Wording, content_gate
from geoengage.messaging.rules.text import NO_CONTENT, TextError
from geoengage.profiles.rules import Recipient

BAD_TEMPLATE = "bad_template"
_FILLED = ("link", "image_url")  # of the push, by the item, where the campaign says nothing
logger = log.get("campaigns")


@dataclass(frozen=True, slots=True)
class About:
    """The items that the campaigns of a batch speak of, as they are at `now`, by language."""

    references: Mapping[tuple[UUID, str | None], Reference]
    now: datetime

    def _find(self, content: Content, person: Recipient) -> Reference | None:
        content_id = content.definition.content_id
        return None if content_id is None else self.references.get((content_id, person.language))

    def blockers(self, content: Content, person: Recipient) -> list[str]:
        """What about its item keeps a campaign's message from being sent."""
        if content.definition.content_id is None:
            return []
        found = self._find(content, person)
        if found is None or not found.is_published:
            return [Blocker.CONTENT_WITHDRAWN]
        return [Blocker.EXPIRED] if is_over(found.ends_at, self.now) else []

    def values(self, content: Content, person: Recipient) -> Mapping[str, str]:
        """What the text may say of the item."""
        found = self._find(content, person)
        return NO_CONTENT if found is None else _values(found)

    def refer(self, draft: Draft, content: Content, person: Recipient, values: Mapping[str, Any]) -> Draft:
        """The draft with its item: gate, id, end, picture and link, and how to write it again."""
        found = self._find(content, person)
        if found is None:
            return draft
        fills = tuple(name for name in _FILLED if getattr(draft.push, name) is None)
        return replace(
            draft,
            gates=(*draft.gates, content_gate(found.id)),
            data={**draft.data, "content_id": str(found.id)},
            expires_at=_earlier(draft.expires_at, found.ends_at),
            push=_filled(draft.push, fills, found),
            wording=Wording(
                content_id=found.id,
                revision=found.revision,
                language=person.language,
                title=content.title,
                body=content.body,
                values=dict(values),
                fills=fills,
            ),
        )


async def load(
    session: Session, tenant_id: TenantId, addressed: Collection[tuple[Content, Recipient]], now: datetime
) -> About:
    """The items of these campaigns for these people. No query where no campaign speaks of one."""
    wanted = {
        (content.definition.content_id, person.language)
        for content, person in addressed
        if content.definition.content_id is not None
    }
    return About(await items.read_references(session, tenant_id, wanted), now)


async def rewrite(session: Session, tenant_id: TenantId, waiting: Sequence[Waiting]) -> dict[UUID, Rewritten]:
    """Those of these messages whose item has changed since they were written, as it has them now.

    One query. What was written of a revision that still stands is left out.
    """
    named = {m.id: m.wording for m in waiting if m.wording is not None}
    references = await items.read_references(session, tenant_id, {(w.content_id, w.language) for w in named.values()})
    found = {}
    for message in waiting:
        wording = named.get(message.id)
        reference = references.get((wording.content_id, wording.language)) if wording is not None else None
        if wording is not None and reference is not None and reference.revision != wording.revision:
            found[message.id] = _rewritten(message, wording, reference)
    return found


def _rewritten(message: Waiting, wording: Wording, reference: Reference) -> Rewritten:
    title, body, fault = message.title, message.body, None
    try:
        text = write_values(wording.title, wording.body, wording.values | {"content": _values(reference)})
        title, body = text.title, text.body
    except TextError as error:
        logger.warning("template", content_id=str(reference.id), error=str(error))
        fault = BAD_TEMPLATE
    expires_at = _earlier(message.expires_at, reference.ends_at)
    return Rewritten(title, body, expires_at, _filled(message.push, wording.fills, reference), fault)


def _values(reference: Reference) -> Mapping[str, str]:
    said = when(reference.starts_at, reference.ends_at, reference.timezone, reference.language)
    return values_of(reference, said)


def _filled(push: PushOptions, fills: Sequence[str], reference: Reference) -> PushOptions:
    return msgspec.structs.replace(push, **{name: getattr(reference, name) for name in fills})


def _earlier(expires_at: datetime, ends_at: datetime | None) -> datetime:
    return expires_at if ends_at is None else min(expires_at, ends_at)
