"""Request and answer shapes of campaigns. Times of day are local to the mall, else the store, else the tenant."""

from datetime import datetime
from typing import Any, ClassVar, Literal
from uuid import UUID

import msgspec
from pydantic import BaseModel, Field, ValidationInfo, field_validator

from geoengage.campaigns.rules import (
    MAX_COOLDOWN_S,
    OF_PLACES,
    Cap,
    Content,
    Definition,
    Exits,
    QuietHours,
    Span,
    Status,
    TriggerKind,
    messages_of,
)
from geoengage.campaigns.shapes.answers import EstimateOut, ReviewOut
from geoengage.campaigns.shapes.pieces import (
    BODY,
    CONTENT,
    TITLE,
    AudienceShape,
    CapShape,
    Day,
    EveryoneShape,
    HoursShape,
    Moment,
    PushShape,
    Source,
    Tag,
    audience_of,
    push_json,
)
from geoengage.campaigns.shapes.steps import (
    ExitsShape,
    ReentryShape,
    StepShape,
    exits_json,
    steps_flaw,
    steps_json,
    steps_of,
)
from geoengage.campaigns.shapes.triggers import TriggerShape, trigger_json
from geoengage.campaigns.views import Described
from geoengage.kit.shapes import Name, Patch, Shape
from geoengage.messaging.rules import Purpose
from geoengage.venues.rules import DAYS


class CampaignIn(Shape):
    """A campaign as its owner writes it."""

    name: Name = Field(description="For people who run campaigns.")
    tags: list[Tag] = Field(default=[], max_length=20, description="Words by which its owners find it again.")
    store_id: UUID | None = Field(
        default=None, description="Whose campaign it is; null: the tenant's. A key for one store need not say."
    )
    trigger: TriggerShape = Field(description="What starts it.")
    steps: list[StepShape] = Field(
        default=[],
        max_length=40,
        description="What somebody goes through, in order; empty: one message, `title` and `body`, at once.",
    )
    audience: AudienceShape = Field(default=EveryoneShape(kind="all"), description="Whom it addresses.")
    days: list[Day] = Field(default=[], max_length=7, description="Local days of the week; empty: every day.")
    hours: HoursShape | None = Field(default=None, description="Local hours; null: all day.")
    cap: CapShape = Field(default=CapShape(), description="Limit per person.")
    cooldown_s: int = Field(
        default=3600, ge=0, le=MAX_COOLDOWN_S, description="Least seconds between two messages to one person."
    )
    valid_from: Moment | None = Field(default=None, description="Not before; until then `scheduled`.")
    valid_to: Moment | None = Field(default=None, description="Not from here on; then `finished`.")
    purpose: Purpose = Field(
        default=Purpose.MARKETING,
        description="`marketing` needs consent, tenant cap and holdout. `service` carries no offer; only for the tenant"
        " itself, and always approved in a second step.",
    )
    quiet_hours: QuietHours = Field(
        default=QuietHours.TENANT, description="`ignore` is for service messages only: sent in quiet hours too."
    )
    title: Source = Field(
        default="", validate_default=True, description=f"{TITLE} Of a journey: that of its first message."
    )
    body: Source = Field(default="", validate_default=True, description=f"{BODY} Of a journey: as `title`.")
    fallback_name: str | None = Field(
        default=None, max_length=60, description="For first_name where it is unknown or may not be used."
    )
    push: PushShape = Field(default=PushShape(), description="Sound, channel, picture, link of the notification.")
    content_id: UUID | None = Field(default=None, description=CONTENT)
    exits: ExitsShape = Field(default=ExitsShape(), description="What ends it early for somebody.")
    reentry: ReentryShape = Field(
        default=ReentryShape(kind="always"), description="Whether somebody may come in again, of kinds with a place."
    )
    strict: bool = Field(
        default=False,
        description="Rather no message (`blank`) than one that shows a value that is not there; `default` helps.",
    )
    offer_id: UUID | None = Field(
        default=None,
        description="An offer, for marketing: everybody gets a coupon of their own, `{{ offer.code }}` and"
        " `{{ offer.label }}` in the text. Who can have none gets no message (`no_offer`). Of a journey: in its steps.",
    )
    offer_days: int = Field(default=14, ge=1, le=366, description="For how many days a coupon is good.")
    channels: list[Literal["push", "email", "inbox", "web_card", "whatsapp", "viber", "sms"]] = Field(
        default=["push"],
        min_length=1,
        max_length=7,
        description="The ways a message may take, in the order to try them where neither the person nor the tenant"
        " prefers another. A campaign of a zone or segment without steps takes `push` only.",
    )
    priority: int = Field(
        default=5, ge=1, le=9, description="When messages to one person compete in a moment, 1 goes before 9."
    )
    never_repeat: bool = Field(
        default=False,
        description="A try that may have reached somebody (no answer, a crash) is the last: rather none than two.",
    )

    win_back: bool = Field(
        default=False,
        description="It wins people back: of all such campaigns of the tenant and its stores, a person goes through one"
        " in six months; what another would say is held back (`cap`). For marketing with steps.",
    )

    @field_validator("valid_to")
    @classmethod
    def _ends_after_start(cls, value: datetime | None, info: ValidationInfo) -> datetime | None:
        start = info.data.get("valid_from")
        if value is not None and start is not None and value <= start:
            raise ValueError("must be after valid_from")
        return value

    @field_validator("quiet_hours")
    @classmethod
    def _is_quiet(cls, value: QuietHours, info: ValidationInfo) -> QuietHours:
        if value is QuietHours.IGNORE and info.data.get("purpose") is Purpose.MARKETING:
            raise ValueError("only service messages may ignore quiet hours")
        return value

    @field_validator("steps")
    @classmethod
    def _are_a_journey(cls, value: list[StepShape]) -> list[StepShape]:
        if value and (flaw := steps_flaw(value)):
            raise ValueError(flaw)
        return value

    @field_validator("title", "body")
    @classmethod
    def _says_something(cls, value: str, info: ValidationInfo) -> str:
        if not value and not info.data.get("steps"):
            raise ValueError("must not be empty; only a journey has its texts in its steps")
        return value

    @field_validator("offer_id")
    @classmethod
    def _is_of_no_step(cls, value: UUID | None, info: ValidationInfo) -> UUID | None:
        if value is not None and info.data.get("steps"):
            raise ValueError("a journey has its offers in its steps")
        return value

    @field_validator("channels")
    @classmethod
    def _has_ways(cls, value: list[str], info: ValidationInfo) -> list[str]:
        trigger = info.data.get("trigger")
        at_once = not info.data.get("steps") and trigger is not None and trigger.kind in (*OF_PLACES, "segment")
        if at_once and value != ["push"]:
            raise ValueError(
                "a campaign of a zone or segment without steps takes push only: give it a step of kind message"
            )
        return value

    @field_validator("win_back")
    @classmethod
    def _is_a_ladder(cls, value: bool, info: ValidationInfo) -> bool:
        if value and not info.data.get("steps"):
            raise ValueError("a win-back has steps")
        if value and info.data.get("purpose") is not Purpose.MARKETING:
            raise ValueError("a win-back is marketing")
        return value

    def _exits(self) -> Exits:
        asked = self.exits.purchase
        usual = self.purpose is Purpose.MARKETING and self.trigger.kind is not TriggerKind.ORDER
        event = None if self.exits.event is None else self.exits.event.rule()
        return Exits(usual if asked is None else asked, self.exits.segment_id, event)

    def content(self) -> Content:
        """As the rules see it; repeated ids and days are dropped."""
        steps = steps_of(self.steps)
        first = next(iter(messages_of(steps)), None)
        return Content(
            name=self.name,
            store_id=self.store_id,
            kind=self.trigger.kind,
            zone_ids=tuple(dict.fromkeys(self.trigger.zone_ids)),
            store_ids=tuple(dict.fromkeys(self.trigger.store_ids)),
            title=self.title if first is None else first.title,
            body=self.body if first is None else first.body,
            valid_from=self.valid_from,
            valid_to=self.valid_to,
            segment_id=self.trigger.segment_id,
            tags=tuple(dict.fromkeys(self.tags)),
            definition=Definition(
                audience=audience_of(self.audience),
                days=tuple(day for day in DAYS if day in self.days),
                hours=None if self.hours is None else Span(self.hours.start, self.hours.end),
                quiet_hours=self.quiet_hours,
                cap=Cap(self.cap.count, self.cap.per_days),
                cooldown_s=self.cooldown_s,
                purpose=self.purpose,
                dwell_s=self.trigger.dwell_s,
                move=self.trigger.on,
                present=self.trigger.present,
                fallback_name=self.fallback_name or None,
                push=self.push.options(),
                when=self.trigger.when(),
                steps=steps,
                exits=self._exits(),
                reentry=self.reentry.rule(),
                strict=self.strict,
                offer_id=self.offer_id,
                offer_days=self.offer_days,
                channels=tuple(dict.fromkeys(self.channels)),
                priority=self.priority,
                never_repeat=self.never_repeat,
                content_id=self.content_id,
                win_back=self.win_back,
            ),
        )


class CampaignPatch(Patch):
    """A JSON merge patch: members left out stay, also inside `trigger`, `audience`, `hours` and `cap`."""

    nullable: ClassVar[frozenset[str]] = frozenset(
        {
            "store_id",
            "audience",
            "hours",
            "valid_from",
            "valid_to",
            "fallback_name",
            "push",
            "steps",
            "exits",
            "reentry",
            "offer_id",
            "content_id",
        }
    )

    name: str | None = Field(default=None, description="See POST.")
    tags: list[str] | None = Field(default=None, description="All of them.")
    store_id: UUID | None = Field(default=None, description="See POST; null: the tenant's.")
    trigger: dict[str, Any] | None = Field(default=None, description="Members of the trigger to change.")
    audience: dict[str, Any] | None = Field(default=None, description="Members to change; null: everybody.")
    days: list[Any] | None = Field(default=None, description="See POST.")
    hours: dict[str, Any] | None = Field(default=None, description="Members to change; null: all day.")
    quiet_hours: str | None = Field(default=None, description="See POST.")
    cap: dict[str, Any] | None = Field(default=None, description="Members to change.")
    cooldown_s: int | None = Field(default=None, description="See POST.")
    valid_from: datetime | None = Field(default=None, description="See POST; null: at once.")
    valid_to: datetime | None = Field(default=None, description="See POST; null: without end.")
    purpose: str | None = Field(default=None, description="See POST.")
    title: str | None = Field(default=None, description="See POST.")
    body: str | None = Field(default=None, description="See POST.")
    fallback_name: str | None = Field(default=None, description="See POST; null: none.")
    push: dict[str, Any] | None = Field(default=None, description="Members to change; null: all as usual.")
    steps: list[dict[str, Any]] | None = Field(
        default=None, description="All steps anew, with the ids of those that stay; null: none."
    )
    exits: dict[str, Any] | None = Field(default=None, description="Members to change; null: as usual.")
    reentry: dict[str, Any] | None = Field(default=None, description="Both members; null: always.")
    offer_id: UUID | None = Field(default=None, description="See POST; null: none.")
    offer_days: int | None = Field(default=None, description="See POST.")
    strict: bool | None = Field(default=None, description="See POST.")
    channels: list[str] | None = Field(default=None, description="All of them, in their order.")
    content_id: UUID | None = Field(default=None, description="See POST; null: none.")
    priority: int | None = Field(default=None, description="See POST.")
    never_repeat: bool | None = Field(default=None, description="See POST.")
    win_back: bool | None = Field(default=None, description="See POST.")


class CampaignOut(CampaignIn):
    """A campaign with what follows from it."""

    id: UUID = Field(description="Its id.")
    status: Status = Field(description="Scheduled and finished follow from `valid_from` and `valid_to`.")
    archived_at: datetime | None = Field(description="When it was put away; null: it is in the list.")
    version: int = Field(description="Rises with every change; the ETag.")
    says: list[str] = Field(description="What it does, in plain sentences.")
    estimate: EstimateOut = Field(description="Whom it could reach now.")
    warnings: list[str] = Field(description="What will probably disappoint, and what to do about it.")
    review: ReviewOut | None = Field(description="Null while nobody has handed it in or decided.")
    created_at: datetime = Field(description="When it was made.")
    updated_at: datetime = Field(description="When it last changed.")


class CampaignPage(BaseModel):
    """A page of campaigns, oldest first."""

    items: list[CampaignOut] = Field(description="Campaigns.")
    next: str | None = Field(description="`cursor` of the next page; null at the end.")


def content_json(content: Content) -> dict[str, Any]:
    """A campaign's content with the members of `CampaignIn`."""
    d = content.definition
    return {
        "name": content.name,
        "tags": list(content.tags),
        "store_id": content.store_id,
        "trigger": trigger_json(content),
        "steps": steps_json(d.steps),
        "exits": exits_json(d.exits),
        "reentry": {"kind": d.reentry.kind, "days": d.reentry.days},
        "strict": d.strict,
        "offer_id": d.offer_id,
        "offer_days": d.offer_days,
        "channels": list(d.channels),
        "priority": d.priority,
        "never_repeat": d.never_repeat,
        "audience": msgspec.to_builtins(d.audience),
        "days": list(d.days),
        "hours": None if d.hours is None else {"start": d.hours.start, "end": d.hours.end},
        "quiet_hours": d.quiet_hours,
        "cap": {"count": d.cap.count, "per_days": d.cap.per_days},
        "cooldown_s": d.cooldown_s,
        "valid_from": content.valid_from,
        "valid_to": content.valid_to,
        "purpose": d.purpose,
        "title": content.title,
        "body": content.body,
        "fallback_name": d.fallback_name,
        "push": push_json(d.push),
        "content_id": d.content_id,
        "win_back": d.win_back,
    }


def campaign_out(found: Described) -> CampaignOut:
    """A described campaign as the API shows it."""
    row = found.row
    review = {
        "submitted_at": row.submitted_at,
        "decided_at": row.decided_at,
        "decided_by": row.decided_by,
        "reason": row.decision_reason,
    }
    return CampaignOut.model_validate(
        content_json(found.content)
        | {
            "id": row.id,
            "status": found.status,
            "archived_at": row.archived_at,
            "version": row.version,
            "says": found.says,
            "estimate": {"people": found.estimate.people, "blocked_by": found.estimate.blocked_by},
            "warnings": found.warnings,
            "review": review if row.submitted_at or row.decided_at else None,
            "created_at": row.created_at,
            "updated_at": row.updated_at,
        }
    )
