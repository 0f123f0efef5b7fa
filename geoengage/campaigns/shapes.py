"""Request and answer shapes of campaigns. Times of day are local to the mall, else the store, else the tenant."""

from datetime import UTC, datetime
from typing import Annotated, Any, ClassVar, Literal
from uuid import UUID

import msgspec
from pydantic import (
    AwareDatetime,
    BaseModel,
    Field,
    StringConstraints,
    ValidationInfo,
    field_validator,
    model_validator,
)

from geoengage.campaigns.rules import (
    MAX_CAP_DAYS,
    MAX_COOLDOWN_S,
    AttributeTest,
    Audience,
    Cap,
    Content,
    Definition,
    Everyone,
    InSegment,
    Move,
    Op,
    QuietHours,
    Span,
    Status,
    TriggerKind,
)
from geoengage.campaigns.views import Described
from geoengage.kit.shapes import Name, Patch, Shape
from geoengage.messaging.rules import LINK_MAX, Purpose, PushOptions, https_flaw, link_flaw
from geoengage.venues.rules import DAYS

Day = Literal["mon", "tue", "wed", "thu", "fri", "sat", "sun"]
Clock = Annotated[str, StringConstraints(pattern=r"^(([01][0-9]|2[0-3]):[0-5][0-9]|24:00)$")]
Words = Annotated[str, StringConstraints(max_length=500)]
Whole = Annotated[int, Field(ge=-(10**15), le=10**15)]
Number = Annotated[float, Field(allow_inf_nan=False, ge=-1e15, le=1e15)]
Value = Words | Whole | Number | bool
# Far enough for any campaign, and near enough for every time zone's arithmetic.
Moment = Annotated[AwareDatetime, Field(ge=datetime(2000, 1, 1, tzinfo=UTC), lt=datetime(2200, 1, 1, tzinfo=UTC))]
Source = Annotated[str, StringConstraints(max_length=4000)]
_TITLE = (
    "Liquid; variables: first_name, store.name, zone.name, mall.name, campaign.name, recommendations.due[0].name (also"
    " usual, together, popular; 0 to 2). Phones show about 65 characters."
)
_BODY = "Liquid with the same variables as `title`. Phones show about 178 characters."


class TriggerShape(Shape):
    """What starts the campaign: somebody enters one of these zones or stores, stays for `dwell_s`, or leaves; or comes
    into a segment or leaves it, by what they do or by time alone.
    """

    kind: TriggerKind = Field(
        description="`entered`, `dwelled` for a dwell mark of the zone, or `exited`. Nothing is sent for an exit that"
        " nobody walked: the zone was edited, closed by its schedule or taken down, consent was withdrawn."
        " `segment`: what `on` says happens to `segment_id`. It waits until the campaign's hours are open and quiet"
        " hours over, a day at most; location needs no consent for it, personalisation does."
    )
    segment_id: UUID | None = Field(
        default=None, validate_default=True, description="For `segment`: which one. Its people need no zone."
    )
    on: Move = Field(default=Move.ENTERED, description="For `segment`: what somebody does with it.")
    present: bool = Field(
        default=False,
        validate_default=True,
        description="For `segment` and `entered`: when the campaign is activated, who is in the segment gets it too.",
    )
    zone_ids: list[UUID] = Field(default=[], max_length=200, description="Zones to wait at.")
    store_ids: list[UUID] = Field(
        default=[], max_length=200, description="Stores to wait at: stands for all their zones of kind store."
    )
    dwell_s: int | None = Field(
        default=None,
        ge=1,
        le=86_400,
        validate_default=True,
        description="For `dwelled`: seconds inside; one of the zone's `rules.dwell_s`.",
    )

    @field_validator("dwell_s")
    @classmethod
    def _fits_kind(cls, value: int | None, info: ValidationInfo) -> int | None:
        if "kind" in info.data and (value is None) is (info.data["kind"] is TriggerKind.DWELLED):
            raise ValueError("belongs to kind dwelled, and only there")
        return value

    @field_validator("segment_id")
    @classmethod
    def _is_of_segment(cls, value: UUID | None, info: ValidationInfo) -> UUID | None:
        if "kind" in info.data and (value is None) is (info.data["kind"] is TriggerKind.SEGMENT):
            raise ValueError("belongs to kind segment, and only there")
        return value

    @field_validator("present")
    @classmethod
    def _are_inside(cls, value: bool, info: ValidationInfo) -> bool:
        is_entry = info.data.get("kind") is TriggerKind.SEGMENT and info.data.get("on") is Move.ENTERED
        if value and not is_entry:
            raise ValueError("is for segments that are entered: who is in one has not left it")
        return value

    @model_validator(mode="after")
    def _is_somewhere(self) -> "TriggerShape":
        somewhere = bool(self.zone_ids or self.store_ids)
        if self.kind is TriggerKind.SEGMENT and somewhere:
            raise ValueError("a segment is at no place: leave zone_ids and store_ids empty")
        if self.kind is not TriggerKind.SEGMENT and not somewhere:
            raise ValueError("name at least one zone or store")
        return self


class EveryoneShape(Shape):
    """Everybody who meets the trigger."""

    kind: Literal["all"] = Field(description="Everybody.")


class AttributeTestShape(Shape):
    """People who agreed to personalisation and whose profile attribute passes one test."""

    kind: Literal["attribute"] = Field(description="One test of one attribute.")
    name: str = Field(min_length=1, max_length=100, description="Name of the profile attribute.")
    op: Op = Field(description="An attribute that is not known passes `exists` with value false, and nothing else.")
    value: Value = Field(
        default=True,
        validate_default=True,
        description="`gt`, `lt`: a number. `exists`: true or false. `eq`, `ne`: any.",
    )

    @field_validator("value")
    @classmethod
    def _fits_op(cls, value: Value, info: ValidationInfo) -> Value:
        op = info.data.get("op")
        if op is Op.EXISTS and not isinstance(value, bool):
            raise ValueError("exists takes true or false")
        if op in (Op.GT, Op.LT) and (isinstance(value, bool) or not isinstance(value, int | float)):
            raise ValueError("gt and lt compare with a number")
        return value


class InSegmentShape(Shape):
    """People who agreed to personalisation and are in a segment at that moment."""

    kind: Literal["segment"] = Field(description="Members of a segment.")
    segment_id: UUID = Field(description="Which one.")


AudienceShape = Annotated[EveryoneShape | AttributeTestShape | InSegmentShape, Field(discriminator="kind")]


class HoursShape(Shape):
    """A span of the local clock; an end before the start means the next morning, and belongs to the first day."""

    start: Clock = Field(description="HH:MM, included.", examples=["09:00"])
    end: Clock = Field(description="HH:MM, excluded; 24:00 is midnight.", examples=["18:30"])

    @field_validator("end")
    @classmethod
    def _is_span(cls, value: str, info: ValidationInfo) -> str:
        if info.data.get("start") in (value, "24:00"):
            raise ValueError("start and end must differ and start be before 24:00; for all day leave hours null")
        return value


class CapShape(Shape):
    """At most `count` messages of this campaign to one person in any `per_days` × 24 hours."""

    count: int = Field(default=1, ge=0, le=100, description="Messages.")
    per_days: int = Field(default=1, ge=1, le=MAX_CAP_DAYS, description="Days, counted back from the moment.")


# Names that an app has given to its own channels, sounds and threads: never a path.
Token = Annotated[str, StringConstraints(pattern=r"^[A-Za-z0-9][A-Za-z0-9_.-]*$", max_length=100)]


class AndroidShape(Shape):
    """Of the notification on Android."""

    channel_id: Token | None = Field(
        default=None, description="The app's notification channel, which must exist there; null: its default one."
    )
    priority: Literal["high", "normal"] | None = Field(
        default=None, description="`normal` may wait while the phone dozes; null: high, as befits somebody who is here."
    )
    sound: Token | None = Field(default=None, description="A sound in the app, without ending; null: the channel's.")


class ApnsShape(Shape):
    """Of the notification on Apple's systems."""

    sound: Token | None = Field(default=None, description="A sound in the app, e.g. `bell.caf`; null: the default one.")
    interruption_level: Literal["passive", "active", "time-sensitive"] | None = Field(
        default=None,
        description="`passive` adds to the list without a sound, `time-sensitive` breaks through a Focus and needs the"
        " app's entitlement; null: active. `critical` is not for shops.",
    )
    thread_id: Token | None = Field(default=None, description="Groups notifications; null: by app.")


class PushShape(Shape):
    """What a push says beyond its words."""

    android: AndroidShape = Field(default=AndroidShape(), description="Of the notification on Android.")
    apns: ApnsShape = Field(default=ApnsShape(), description="Of the notification on Apple's systems.")
    image_url: str | None = Field(
        default=None, max_length=LINK_MAX, description="Picture, https, at most 1 MB; phones fetch it."
    )
    link: str | None = Field(
        default=None,
        max_length=LINK_MAX,
        description="What a tap opens: https, or the app's own scheme (`myshop://offer/7`). In the push's data as"
        " `link`. Browsers open https only.",
    )

    @field_validator("image_url", "link")
    @classmethod
    def _is_safe(cls, value: str | None, info: ValidationInfo) -> str | None:
        if value is not None and (flaw := (https_flaw if info.field_name == "image_url" else link_flaw)(value)):
            raise ValueError(flaw)
        return value

    def options(self) -> PushOptions:
        """As the rules see it."""
        return msgspec.convert(self.model_dump(), PushOptions)


class CampaignIn(Shape):
    """A campaign as its owner writes it."""

    name: Name = Field(description="For people who run campaigns.")
    store_id: UUID | None = Field(
        default=None, description="Whose campaign it is; null: the tenant's. A key for one store need not say."
    )
    trigger: TriggerShape = Field(description="What starts it.")
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
    title: Source = Field(min_length=1, description=_TITLE)
    body: Source = Field(min_length=1, description=_BODY)
    fallback_name: str | None = Field(
        default=None, max_length=60, description="For first_name where it is unknown or may not be used."
    )
    push: PushShape = Field(default=PushShape(), description="Sound, channel, picture, link of the notification.")
    content_id: UUID | None = Field(
        default=None,
        description="The content item that it speaks of: `{{ content.title }}`, text, terms, place, link, starts, ends."
        " Messages say what it says when they go out, none goes out once it is over or cancelled; its picture and link"
        " are the push's where `push` has none.",
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

    def content(self) -> Content:
        """As the rules see it; repeated ids and days are dropped."""
        return Content(
            name=self.name,
            store_id=self.store_id,
            kind=self.trigger.kind,
            zone_ids=tuple(dict.fromkeys(self.trigger.zone_ids)),
            store_ids=tuple(dict.fromkeys(self.trigger.store_ids)),
            title=self.title,
            body=self.body,
            valid_from=self.valid_from,
            valid_to=self.valid_to,
            segment_id=self.trigger.segment_id,
            definition=Definition(
                audience=_audience(self.audience),
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
                content_id=self.content_id,
            ),
        )


def _audience(shape: EveryoneShape | AttributeTestShape | InSegmentShape) -> Audience:
    if isinstance(shape, EveryoneShape):
        return Everyone()
    if isinstance(shape, InSegmentShape):
        return InSegment(shape.segment_id)
    return AttributeTest(shape.name, shape.op, shape.value)


class CampaignPatch(Patch):
    """A JSON merge patch: members left out stay, also inside `trigger`, `audience`, `hours` and `cap`."""

    nullable: ClassVar[frozenset[str]] = frozenset(
        {"store_id", "audience", "hours", "valid_from", "valid_to", "fallback_name", "push", "content_id"}
    )

    name: str | None = Field(default=None, description="See POST.")
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
    content_id: UUID | None = Field(default=None, description="See POST; null: none.")


class EstimateOut(BaseModel):
    """How many people it could be sent to now, the holdout included. Groups of one to nine are not shown."""

    people: int | None = Field(description="Distinct people; null when there are one to nine, or so few others.")
    blocked_by: dict[str, int] = Field(description="People of the audience out of reach: no_consent, suppressed, …")


class ReviewOut(BaseModel):
    """Where it stands with the tenant's approvers."""

    submitted_at: datetime | None = Field(description="When it was handed in.")
    decided_at: datetime | None = Field(description="When it was approved or rejected.")
    decided_by: str | None = Field(description="Who decided.")
    reason: str | None = Field(description="Why it was rejected; null when it was approved.")


class CampaignOut(CampaignIn):
    """A campaign with what follows from it."""

    id: UUID = Field(description="Its id.")
    status: Status = Field(description="Scheduled and finished follow from `valid_from` and `valid_to`.")
    version: int = Field(description="Rises with every change; the ETag.")
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
        "store_id": content.store_id,
        "trigger": {
            "kind": content.kind,
            "zone_ids": list(content.zone_ids),
            "store_ids": list(content.store_ids),
            "dwell_s": d.dwell_s,
            "segment_id": content.segment_id,
            "on": d.move,
            "present": d.present,
        },
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
        "push": msgspec.structs.asdict(d.push)
        | {"android": msgspec.structs.asdict(d.push.android), "apns": msgspec.structs.asdict(d.push.apns)},
        "content_id": d.content_id,
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
            "version": row.version,
            "estimate": {"people": found.estimate.people, "blocked_by": found.estimate.blocked_by},
            "warnings": found.warnings,
            "review": review if row.submitted_at or row.decided_at else None,
            "created_at": row.created_at,
            "updated_at": row.updated_at,
        }
    )


class RejectIn(Shape):
    """Why a campaign cannot run as it is."""

    reason: Annotated[str, StringConstraints(strip_whitespace=True, min_length=1, max_length=1000)] = Field(
        description="For its author."
    )


class PreviewIn(Shape):
    """A text to try."""

    title: Source = Field(description=_TITLE)
    body: Source = Field(description=_BODY)
    store_id: UUID | None = Field(default=None, description="Whose name store.name is; else the zone's store.")
    zone_id: UUID | None = Field(default=None, description="Whose names zone.name and mall.name are.")
    first_name: str | None = Field(default=None, max_length=200, description="Left out: as for an unknown name.")


class PreviewOut(BaseModel):
    """The text as a phone would get it."""

    title: str = Field(description="Rendered title.")
    body: str = Field(description="Rendered text.")
    warnings: list[str] = Field(description="What a phone will cut, and the like.")


class ReportOut(BaseModel):
    """What became of the messages. Null: the number would point at one to nine people."""

    sent: int | None = Field(description="Taken by the provider or shown in the preview inbox.")
    received: int | None = Field(description="Of those, confirmed by the app.")
    opened: int | None = Field(description="Of those, opened.")
    failed: int | None = Field(description="Refused by the provider, misconfigured, or without an answer.")
    skipped: dict[str, int] = Field(description="Not sent, by the first reason; small groups are left out.")
    people: int | None = Field(description="Distinct people who were sent a message.")
