"""Requests of what starts a campaign."""

from datetime import date
from typing import Annotated, Any, Literal, get_args
from uuid import UUID

import msgspec
from pydantic import Field, StringConstraints, ValidationInfo, field_validator, model_validator

from geoengage.campaigns.rules import (
    OF_PLACES,
    Content,
    Move,
    OnCart,
    OnDate,
    OnEvent,
    OnOrder,
    OnSchedule,
    PropertyTest,
    TriggerKind,
    When,
    Whose,
)
from geoengage.kit.shapes import Name, Shape
from geoengage.segments.rules import PropertyTest as PropertyTestShape

LocalTime = Annotated[str, StringConstraints(pattern=r"^([01][0-9]|2[0-3]):[0-5][0-9]$")]
EventName = Annotated[str, StringConstraints(min_length=1, max_length=200)]
ScheduleDay = Literal[
    "mon", "tue", "wed", "thu", "fri", "sat", "sun", "weekday", "weekend", "weekend_start", "weekend_eve"
]
SCHEDULE_DAYS = get_args(ScheduleDay)
MOST_BEFORE = 360
ClockOf = Literal["store", "person"]
_CLOCK = (
    "Whose clock: `store` (the campaign's store, else the tenant) or `person` (as their phone says, else the store's)."
    " A time that a change of the clocks leaves out is taken an hour later; one that comes twice, the first time."
)


class EventTriggerShape(Shape):
    """Somebody does something that a site, app or server tells."""

    name: EventName = Field(description="Name of the track event, the page or the screen, as it is stored.")
    where: list[PropertyTestShape] = Field(default=[], max_length=10, description="Only if it passes all of these.")

    def rule(self) -> OnEvent:
        """As the rules see it."""
        return OnEvent(self.name, tests_of(self.where))


class ScheduleTriggerShape(Shape):
    """A local time, once or again and again."""

    at: LocalTime | None = Field(default=None, description="HH:MM. Null: `day_part` says it.", examples=["09:30"])
    on: date | None = Field(default=None, description="Once on this day; null: again and again.")
    days: list[ScheduleDay] = Field(
        default=[],
        max_length=11,
        description="Days of the week; empty: every day. `weekend` is that of the country (Friday and Saturday in Saudi"
        " Arabia) in which the store is or the person's clock hangs, `weekend_start` its first day, `weekend_eve` the"
        " day before it.",
    )
    day_part: Name | None = Field(
        default=None,
        description="When the tenant's day part of this name begins (`/v1/day-parts`), on the days and dates on which"
        " there is one.",
    )
    before_minutes: int = Field(
        default=0, ge=0, le=MOST_BEFORE, description="With `day_part`: so many minutes before it begins."
    )
    clock: ClockOf = Field(default="store", description=_CLOCK)

    @model_validator(mode="after")
    def _is_one_or_many(self) -> "ScheduleTriggerShape":
        if self.on is not None and self.days:
            raise ValueError("name on, for once, or days, for again and again")
        if (self.at is None) is (self.day_part is None):
            raise ValueError("name at or day_part, one of them")
        if self.before_minutes and self.day_part is None:
            raise ValueError("before_minutes belongs to day_part")
        return self


class DateTriggerShape(Shape):
    """A day that is known of a person."""

    trait: str = Field(min_length=1, max_length=100, description="A trait that is a date: `1990-05-17`.")
    days: int = Field(default=0, ge=-366, le=366, description="Days after it; less than 0: before it.")
    yearly: bool = Field(default=True, description="Its anniversaries; false: that one day.")
    at: LocalTime = Field(default="09:00", description="HH:MM.")
    clock: ClockOf = Field(default="store", description=_CLOCK)


class CartTriggerShape(Shape):
    """A cart is left alone, and nothing is ordered."""

    after_minutes: int = Field(
        default=60,
        ge=1,
        le=7 * 1440,
        description="Since it was last changed; not earlier than the tenant calls a cart abandoned.",
    )


class OrderTriggerShape(Shape):
    """An order is placed."""

    channels: list[Literal["web", "app", "pos", "phone", "other"]] = Field(
        default=[], max_length=5, description="Only orders of these channels; empty: of any."
    )


def tests_of(where: list[PropertyTestShape]) -> tuple[PropertyTest, ...]:
    """As the rules see them."""
    return tuple(msgspec.convert(test.model_dump(mode="json"), PropertyTest) for test in where)


class TriggerShape(Shape):
    """What starts the campaign: somebody enters one of these zones or stores, stays for `dwell_s`, or leaves; or comes
    into a segment or leaves it, by what they do or by time alone; or does something else; or it is time.
    """

    kind: TriggerKind = Field(
        description="`entered`, `dwelled` for a dwell mark of the zone, or `exited`. Nothing is sent for an exit that"
        " nobody walked: the zone was edited, closed by its schedule or taken down, consent was withdrawn."
        " `segment`: what `on` says happens to `segment_id`. It waits until the campaign's hours are open and quiet"
        " hours over, a day at most; location needs no consent for it, personalisation does. `event`, `schedule`,"
        " `date`, `cart`, `order`: see the member of that name. `api`: `POST /v1/campaigns/{id}/trigger`."
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

    event: EventTriggerShape | None = Field(default=None, description="For `event`, which needs it.")
    schedule: ScheduleTriggerShape | None = Field(default=None, description="For `schedule`, which needs it.")
    date: DateTriggerShape | None = Field(default=None, description="For `date`, which needs it.")
    cart: CartTriggerShape | None = Field(default=None, description="For `cart`; null: an hour.")
    order: OrderTriggerShape | None = Field(default=None, description="For `order`; null: any.")

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
        if self.kind not in OF_PLACES and somewhere:
            raise ValueError("this kind is at no place: leave zone_ids and store_ids empty")
        if self.kind in OF_PLACES and not somewhere:
            raise ValueError("name at least one zone or store")
        return self

    @model_validator(mode="after")
    def _has_its_member(self) -> "TriggerShape":
        for name in ("event", "schedule", "date", "cart", "order"):
            if getattr(self, name) is not None and self.kind != name:
                raise ValueError(f"{name} belongs to kind {name}, and only there")
        for name in ("event", "schedule", "date"):
            if self.kind == name and getattr(self, name) is None:
                raise ValueError(f"kind {name} needs the member {name}")
        return self

    def when(self) -> When | None:
        """As the rules see it; None of kinds that need no more than a kind."""
        if self.event is not None:
            return self.event.rule()
        if self.schedule is not None:
            s = self.schedule
            days = tuple(day for day in SCHEDULE_DAYS if day in s.days)
            on = None if s.on is None else s.on.isoformat()
            return OnSchedule(s.at, on, days, Whose(s.clock), s.day_part, s.before_minutes)
        if self.date is not None:
            d = self.date
            return OnDate(d.trait, d.days, d.yearly, d.at, Whose(d.clock))
        if self.kind is TriggerKind.CART:
            return OnCart() if self.cart is None else OnCart(self.cart.after_minutes)
        if self.kind is TriggerKind.ORDER:
            return OnOrder() if self.order is None else OnOrder(tuple(sorted(set(self.order.channels))))
        return None


def trigger_json(content: Content) -> dict[str, Any]:
    """With the members of `TriggerShape`."""
    d = content.definition
    of_kind: dict[str, Any] = {"event": None, "schedule": None, "date": None, "cart": None, "order": None}
    if d.when is not None:
        of_kind |= {content.kind.value: {k: v for k, v in msgspec.to_builtins(d.when).items() if k != "kind"}}
    return {
        "kind": content.kind,
        "zone_ids": list(content.zone_ids),
        "store_ids": list(content.store_ids),
        "dwell_s": d.dwell_s,
        "segment_id": content.segment_id,
        "on": d.move,
        "present": d.present,
        **of_kind,
    }
