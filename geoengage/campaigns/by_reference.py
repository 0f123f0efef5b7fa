"""Campaigns that speak of a content item: nothing of it is copied for good.

A message is written from the item when it is decided, so that lists and previews can show it, and keeps how
(`messaging.rules.Wording`). When a worker takes it and the item has another revision by then, it is written again: so
an edit reaches what is queued at once, whatever the queue's length. Its gate closes when the item is cancelled.
"""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime
from typing import Any, Protocol
from uuid import UUID

import msgspec

from geoengage.campaigns.rules import write_values
from geoengage.content import service as content
from geoengage.content.rules import Reference, is_over, values_of, when
from geoengage.kit import log
from geoengage.kit.db import Session
from geoengage.kit.ids import TenantId
from geoengage.messaging.rules import Blocker, Draft, PushOptions, Rewritten, Wording, Written, content_gate
from geoengage.messaging.rules.text import NO_CONTENT, TextError
from geoengage.messaging.rules.values import Traits

BAD_TEMPLATE = "bad_template"
_FILLED = ("link", "image_url")  # of the push, by the item, where the campaign says nothing
logger = log.get("campaigns")


class Reader(Protocol):
    """Whom an item is told of."""

    @property
    def language(self) -> str | None:
        """A tag such as `de-CH`."""


@dataclass(frozen=True, slots=True)
class Item:
    """The content item of one message to one person; without `reference`, none or one that is not there.

    `values`: what its text may say of the item. `blockers`: what about the item keeps it from being sent.
    """

    reference: Reference | None = None
    language: str | None = None
    values: Mapping[str, str] = field(default_factory=lambda: NO_CONTENT)
    blockers: tuple[Blocker, ...] = ()

    def refer(self, draft: Draft, title: str, body: str, values: Mapping[str, Any], *, strict: bool) -> Draft:
        """The draft with the item's gate, id, end, picture and link, and how to write it again: `title` and `body` are
        the Liquid, `values` what it names beside the item; `strict`: with no blanks."""
        found = self.reference
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
                language=self.language,
                title=title,
                body=body,
                values=dict(values),
                fills=fills,
                strict=strict,
            ),
        )


NO_ITEM = Item()


@dataclass(frozen=True, slots=True)
class Items:
    """The items that a batch of messages speaks of, as they are at `now`."""

    references: Mapping[tuple[UUID, str | None], Reference]
    now: datetime

    def of(self, content_id: UUID | None, person: Reader) -> Item:
        """The item for one person, in their language."""
        if content_id is None:
            return NO_ITEM
        found = self.references.get((content_id, person.language))
        if found is None or not found.is_published:
            return Item(found, person.language, blockers=(Blocker.CONTENT_WITHDRAWN,))
        blockers = (Blocker.EXPIRED,) if is_over(found.ends_at, self.now) else ()
        return Item(found, person.language, _values(found), blockers)


async def load(
    session: Session, tenant_id: TenantId, addressed: Collection[tuple[UUID | None, Reader]], now: datetime
) -> Items:
    """The items of (content id, person); no query where nothing speaks of one."""
    wanted = {(content_id, person.language) for content_id, person in addressed if content_id is not None}
    return Items(await content.read_references(session, tenant_id, wanted), now)


async def rewrite(session: Session, tenant_id: TenantId, messages: Sequence[Written]) -> dict[UUID, Rewritten]:
    """Those of these messages whose item has changed since they were written, as it has them now.

    One query. What was written of a revision that still stands is left out.
    """
    named = {m.id: m.wording for m in messages if m.wording is not None}
    references = await content.read_references(session, tenant_id, {(w.content_id, w.language) for w in named.values()})
    found = {}
    for message in messages:
        wording = named.get(message.id)
        reference = references.get((wording.content_id, wording.language)) if wording is not None else None
        if wording is not None and reference is not None and reference.revision != wording.revision:
            found[message.id] = _rewritten(message, wording, reference)
    return found


def _rewritten(message: Written, wording: Wording, reference: Reference) -> Rewritten:
    title, body, fault = message.title, message.body, None
    try:
        said = {**wording.values, "profile": Traits(wording.values["profile"]), "content": _values(reference)}
        text = write_values(wording.title, wording.body, said, strict=wording.strict)
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
