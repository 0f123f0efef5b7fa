"""Request and answer shapes of webhooks."""

from typing import Annotated, ClassVar
from uuid import UUID

from pydantic import AwareDatetime, Field, StringConstraints, model_validator

from geoengage.kit.shapes import Name, Patch, Shape
from geoengage.webhooks.rules import DeliveryStatus, DisabledReason, EndpointStatus, EventType

Url = Annotated[str, StringConstraints(strip_whitespace=True, min_length=1, max_length=2000)]
Types = Annotated[list[EventType], Field(max_length=len(EventType))]
_URL = "https address of your receiver on the open internet. Redirects are not followed."
_TYPES = "What it hears of; empty: everything, also types that are added later. `events.lost` is sent in any case."
_STORES = "Only events of these stores: their zones, messages and campaigns; null: of the whole tenant."
_PEOPLE = (
    "Whether events about people carry `device_id`, `external_id` and the words of messages. Needs the scope `people`;"
    " not with `store_ids`. Without it people appear under a pseudonym that changes daily."
)


class WebhookIn(Shape):
    """An endpoint to make."""

    name: Name = Field(description="For people: whose system it is.")
    url: Url = Field(description=_URL)
    types: Types = Field(default=[], description=_TYPES)
    store_ids: list[UUID] | None = Field(default=None, min_length=1, max_length=500, description=_STORES)
    with_people: bool = Field(default=False, description=_PEOPLE)


class WebhookPatch(Patch):
    """Changes; members left out stay."""

    nullable: ClassVar[frozenset[str]] = frozenset({"store_ids"})
    name: Name | None = Field(default=None, description="For people: whose system it is.")
    url: Url | None = Field(default=None, description=f"{_URL} What waits goes there too.")
    types: Types | None = Field(default=None, description=_TYPES)
    store_ids: list[UUID] | None = Field(default=None, min_length=1, max_length=500, description=_STORES)
    with_people: bool | None = Field(default=None, description=_PEOPLE)


class WebhookOut(Shape):
    """An endpoint and how it does."""

    id: UUID = Field(description="The endpoint.")
    name: str = Field(description="For people: whose system it is.")
    url: str = Field(description="Where events are sent.")
    types: list[str] = Field(description=_TYPES)
    store_ids: list[UUID] | None = Field(description=_STORES)
    with_people: bool = Field(description=_PEOPLE)
    status: EndpointStatus = Field(description="`disabled`: it is sent nothing; what happens meanwhile waits.")
    disabled_reason: DisabledReason | None = Field(
        description="`gone`: it answered 410; `dead`: it failed for three days; `secret`: the server's signing key was"
        " changed, rotate the secret; `by_hand`: somebody disabled it."
    )
    disabled_at: AwareDatetime | None = Field(description="Since when it is disabled.")
    failures: int = Field(description="Failed requests since the last success.")
    failing_since: AwareDatetime | None = Field(description="The first of them; null: the last request succeeded.")
    delivered_at: AwareDatetime | None = Field(description="Its last success.")
    position: int = Field(description="Up to this ledger position events were taken up for it.")
    pending: int = Field(description="Deliveries that wait for their next try or are on their way.")
    behind: int = Field(description="Events of the ledger above `position`, of all types.")
    old_secret_until: AwareDatetime | None = Field(description="Until when the secret before this one signs too.")
    version: int = Field(description="Rises with each edit; the ETag.")
    created_at: AwareDatetime = Field(description="When it was made.")


class WebhookCreated(WebhookOut):
    """A new endpoint with its secret."""

    secret: str | None = Field(
        description="`whsec_…`, for verifying signatures. Shown here once; null when an Idempotency-Key was repeated."
    )


class WebhookPage(Shape):
    """A page of endpoints."""

    items: list[WebhookOut] = Field(description="In the order in which they were made.")
    next: str | None = Field(description="Cursor of the next page, null at the end.")


class RotateIn(Shape):
    """How the secrets change over."""

    overlap_h: int = Field(
        default=24, ge=0, le=168, description="For so many hours requests carry signatures by the old secret as well."
    )


class SecretOut(Shape):
    """A new secret."""

    secret: str = Field(description="`whsec_…`. Shown here once.")
    old_secret_until: AwareDatetime | None = Field(description="Until when the old one signs too; null: no longer.")


class ReplayIn(Shape):
    """From where on: exactly one of the two."""

    from_position: int | None = Field(
        default=None, ge=1, le=2**62, description="The first ledger position to send again (`data.position`)."
    )
    from_time: AwareDatetime | None = Field(default=None, description="The first event recorded at or after this time.")

    @model_validator(mode="after")
    def _one(self) -> "ReplayIn":
        if (self.from_position is None) == (self.from_time is None):
            raise ValueError("name either from_position or from_time")
        return self


class ReplayOut(Shape):
    """What goes out again."""

    from_position: int = Field(description="The first ledger position.")
    to_position: int = Field(description="The newest one at this moment; what comes after it follows as usual.")


class TestOut(Shape):
    """How the endpoint answered."""

    status: int | None = Field(description="The HTTP status; null: no answer.")
    delivered: bool = Field(description="Whether that counts as received (2xx).")
    answer: str = Field(description="How its answer begins, or why there was none.")
    took_ms: int = Field(description="How long it took, milliseconds.")


class TryOut(Shape):
    """One request."""

    at: AwareDatetime = Field(description="When its answer was recorded.")
    status: int | None = Field(description="The HTTP status; null: no answer.")
    took_ms: int = Field(description="How long it took, milliseconds.")
    answer: str = Field(
        description="How its answer begins, at most 200 characters, or why there was none. Empty for those who may not"
        " see people, where the endpoint hears of them."
    )


class DeliveryOut(Shape):
    """One event for one endpoint."""

    message_id: str = Field(description="The header `webhook-id`: the same at every try, and again after a replay.")
    position: int = Field(description="The event's ledger position.")
    type: str = Field(description="The event's type.")
    status: DeliveryStatus = Field(
        description="`pending`: waits or is on its way; `failed`: given up after ten tries; `erased`: the person was"
        " erased before it went out; `expired`: the ledger does not hold it any more."
    )
    attempts: int = Field(description="Requests so far.")
    next_at: AwareDatetime | None = Field(description="The next try, for a pending one.")
    planned_at: AwareDatetime = Field(description="When it was taken up.")
    finished_at: AwareDatetime | None = Field(description="When it ended.")
    tries: list[TryOut] = Field(description="The requests, oldest first.")


class DeliveryPage(Shape):
    """A page of deliveries."""

    items: list[DeliveryOut] = Field(description="Newest event first. Those that ended are kept for seven days.")
    next: str | None = Field(description="Cursor of the next page, null at the end.")
