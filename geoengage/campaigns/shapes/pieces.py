"""Pieces of campaigns' requests: whom they address, when, how often, and how a push looks."""

from datetime import UTC, datetime
from typing import Annotated, Any, Literal
from uuid import UUID

import msgspec
from pydantic import AwareDatetime, Field, StringConstraints, ValidationInfo, field_validator

from geoengage.campaigns.rules import (
    MAX_CAP_DAYS,
    AttributeTest,
    Audience,
    Everyone,
    InSegment,
    Op,
)
from geoengage.kit.shapes import Shape
from geoengage.messaging.rules import LINK_MAX, PushOptions, https_flaw, link_flaw

Day = Literal["mon", "tue", "wed", "thu", "fri", "sat", "sun"]
Clock = Annotated[str, StringConstraints(pattern=r"^(([01][0-9]|2[0-3]):[0-5][0-9]|24:00)$")]
Words = Annotated[str, StringConstraints(max_length=500)]
Whole = Annotated[int, Field(ge=-(10**15), le=10**15)]
Number = Annotated[float, Field(allow_inf_nan=False, ge=-1e15, le=1e15)]
Value = Words | Whole | Number | bool
# Far enough for any campaign, and near enough for every time zone's arithmetic.
Moment = Annotated[AwareDatetime, Field(ge=datetime(2000, 1, 1, tzinfo=UTC), lt=datetime(2200, 1, 1, tzinfo=UTC))]
Tag = Annotated[str, StringConstraints(strip_whitespace=True, min_length=1, max_length=40)]
Source = Annotated[str, StringConstraints(max_length=4000)]
TITLE = (
    "Liquid; variables: first_name, store.name, zone.name, mall.name, campaign.name, recommendations.due[0].name (also"
    " usual, together, popular; 0 to 2). Phones show about 65 characters."
)
CONTENT = (
    "The content item that it speaks of: `{{ content.title }}`, text, terms, place, link, starts, ends. Messages say"
    " what it says when they go out, none goes out once it is over or cancelled; its picture and link are the push's"
    " where `push` has none."
)
BODY = "Liquid with the same variables as `title`. Phones show about 178 characters."


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


def audience_of(shape: EveryoneShape | AttributeTestShape | InSegmentShape) -> Audience:
    """As the rules see it."""
    if isinstance(shape, EveryoneShape):
        return Everyone()
    if isinstance(shape, InSegmentShape):
        return InSegment(shape.segment_id)
    return AttributeTest(shape.name, shape.op, shape.value)


def push_json(push: PushOptions) -> dict[str, Any]:
    """With the members of `PushShape`."""
    parts = {"android": msgspec.structs.asdict(push.android), "apns": msgspec.structs.asdict(push.apns)}
    return msgspec.structs.asdict(push) | parts
