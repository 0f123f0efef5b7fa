"""Request and answer shapes of devices and their consents.

Inputs refuse members they do not know, so an external id or e-mail sent with a publishable key or a device token is an
error and never a claim that is silently kept.
"""

from typing import Annotated, ClassVar, Literal
from uuid import UUID

from pydantic import (
    AwareDatetime,
    Field,
    FiniteFloat,
    StringConstraints,
    ValidationInfo,
    field_validator,
    model_validator,
)

from geoengage.kit.shapes import ExternalId, Language, Name, Patch, Shape, TimeZone
from geoengage.profiles.models import Device
from geoengage.profiles.push_addresses import read_subscription
from geoengage.profiles.rules import Consent, ConsentKind

Permission = Literal["always", "while_in_use", "denied", "unknown"]
UserToken = Annotated[str, StringConstraints(min_length=1, max_length=8192)]
Trait = Annotated[str, StringConstraints(max_length=500)] | bool | int | FiniteFloat
TraitName = Annotated[str, StringConstraints(min_length=1, max_length=64)]


class PushIn(Shape):
    """Where pushes for this installation go."""

    provider: Literal["fcm", "webpush"] = Field(description="Firebase Cloud Messaging, or the browser's push service.")
    kind: Literal["fcm_token", "fcm_fid", "webpush"] = Field(
        description="What `address` is: Firebase's registration token or installation id; `webpush` for webpush."
    )
    address: str = Field(
        min_length=1,
        max_length=4096,
        description="The token or installation id that Firebase gave the app; for webpush"
        " `JSON.stringify(subscription)` of the browser's PushSubscription, made with the server's VAPID key.",
    )

    @field_validator("kind")
    @classmethod
    def _fits_provider(cls, value: str, info: ValidationInfo) -> str:
        if "provider" in info.data and (value == "webpush") is not (info.data["provider"] == "webpush"):
            raise ValueError("fcm has fcm_token and fcm_fid, webpush has webpush")
        return value

    @field_validator("address")
    @classmethod
    def _is_subscription(cls, value: str, info: ValidationInfo) -> str:
        return read_subscription(value).as_text() if info.data.get("kind") == "webpush" else value

    def as_row(self) -> tuple[str, str, str]:
        return self.provider, self.address, self.kind


class ConsentsIn(Shape):
    """What the user decided. `unknown`, like leaving one out, states nothing and replaces no decision."""

    location: Consent | None = Field(default=None, description="May we store and match this device's positions?")
    marketing_push: Consent | None = Field(default=None, description="May we send marketing by push?")
    personalisation: Consent | None = Field(
        default=None, description="May name, attributes and history choose or fill the message?"
    )

    def stated(self) -> dict[ConsentKind, Consent]:
        given = {kind: getattr(self, kind) for kind in ConsentKind}
        return {kind: status for kind, status in given.items() if status is not None}


class ConsentsPut(ConsentsIn):
    """A decision with its proof."""

    text_version: str = Field(min_length=1, max_length=100, description="Version of the text that the user saw.")
    source: str = Field(min_length=1, max_length=100, description="Where, e.g. `onboarding` or `settings`.")

    @model_validator(mode="after")
    def _states_something(self) -> "ConsentsPut":
        if not self.stated():
            raise ValueError("state at least one of location, marketing_push, personalisation")
        return self


class ConsentsOut(Shape):
    """The decisions in force; `unknown` counts as denied."""

    location: Consent = Field(description="Positions may be stored and matched.")
    marketing_push: Consent = Field(description="Marketing pushes may be sent.")
    personalisation: Consent = Field(description="Name, attributes and history may be used.")


class DeviceIn(Shape):
    """An installation of an app."""

    app_id: UUID | None = Field(default=None, description="The app; needed unless the key belongs to one app.")
    platform: Literal["ios", "android", "web"] = Field(description="The operating system.")
    push: PushIn | None = Field(default=None, description="Push address, when the app has one already.")
    locale: Language | None = Field(default=None, description="Language of the app, e.g. `de-CH`.")
    timezone: TimeZone | None = Field(default=None, description="IANA time zone of the phone.")
    consents: ConsentsIn = Field(default=ConsentsIn(), description="Decisions made before registering.")
    consent_text_version: str | None = Field(
        default=None, max_length=100, description="Version of the text that the user saw."
    )
    permission: Permission = Field(default="unknown", description="What the system allows the app for location.")
    user_token: UserToken | None = Field(
        default=None, description="JWT of your server that says who the user is; see PUT /v1/devices/me/link."
    )


class DeviceCreated(Shape):
    """The new device and its credential."""

    device_id: UUID = Field(description="Id of this installation.")
    device_token: str = Field(description="Bearer credential of this installation; keep it in the system's key store.")


class DevicePatch(Patch):
    """What may change about an installation; null empties `push`, `locale` and `timezone`."""

    nullable: ClassVar[frozenset[str]] = frozenset({"push", "locale", "timezone"})
    push: PushIn | None = Field(default=None, description="A new push address; null when there is none any more.")
    locale: Language | None = Field(default=None, description="Language of the app.")
    timezone: TimeZone | None = Field(default=None, description="IANA time zone of the phone.")
    permission: Permission | None = Field(default=None, description="What the system allows the app for location.")


class PushOut(Shape):
    """Whether pushes can reach the installation. The address itself is not shown."""

    provider: str = Field(description="The push service.")
    kind: str = Field(description="Kind of address.")
    retired: bool = Field(description="The provider refused it; send a new one with PATCH.")


class DeviceOut(Shape):
    """An installation."""

    device_id: UUID = Field(description="Its id.")
    app_id: UUID = Field(description="The app it belongs to.")
    platform: str = Field(description="The operating system.")
    push: PushOut | None = Field(description="Push address, if one is known.")
    locale: str | None = Field(description="Language of the app.")
    timezone: str | None = Field(description="IANA time zone.")
    permission: str = Field(description="What the system allows the app for location.")
    consents: ConsentsOut = Field(description="The decisions in force.")
    linked: bool = Field(description="Whether it is proven whose device this is.")
    is_test: bool = Field(
        description="Registered with a test key: never counted, and no message but a test push leaves for a provider."
    )
    created_at: AwareDatetime = Field(description="When it was registered.")


class TestDeviceOut(Shape):
    """A phone or browser to try things with."""

    id: UUID = Field(description="Its id.")
    app_id: UUID = Field(description="The app it belongs to.")
    platform: str = Field(description="The operating system.")
    client: str | None = Field(description="The program that speaks for it where that is not the app itself.")
    pseudonym: str = Field(description="Its name of today (UTC), as in the live stream.")
    push: str | None = Field(description="Provider of its push address; null: it has none that works.")
    connected_at: AwareDatetime | None = Field(description="When its client first spoke.")
    created_at: AwareDatetime = Field(description="When it was registered.")


class TestDevices(Shape):
    """Phones and browsers to try things with."""

    items: list[TestDeviceOut] = Field(description="The newest first, at most 50.")


class UserTokenIn(Shape):
    """Proof of who uses the device."""

    user_token: UserToken = Field(
        description="JWT signed by your server (RS256, ES256 or EdDSA) with `sub` (your id of the person),"
        " `aud` (the app's id) and `exp` (at most 24 hours away)."
    )


class LinkIn(Shape):
    """Whose device this is, on your server's word."""

    external_id: ExternalId = Field(description="Your id of the person.")
    first_name: Name | None = Field(default=None, description="Used in messages, given consent to personalisation.")
    language: Language | None = Field(default=None, description="Language the person reads.")
    attributes: dict[TraitName, Trait] | None = Field(
        default=None, max_length=100, description="Facts for audiences; merged into those already known."
    )


class LinkOut(Shape):
    """The person."""

    profile_id: UUID = Field(description="Our id of the person.")


def device_out(device: Device) -> DeviceOut:
    """An installation as its owner and support see it."""
    push = None
    if device.push_provider is not None and device.push_kind is not None:
        push = PushOut(provider=device.push_provider, kind=device.push_kind, retired=device.push_retired_at is not None)
    return DeviceOut(
        device_id=device.id,
        app_id=device.app_id,
        platform=device.platform,
        push=push,
        locale=device.locale,
        timezone=device.timezone,
        permission=device.permission,
        consents=ConsentsOut.model_validate(device),
        linked=device.profile_id is not None,
        is_test=device.is_test,
        created_at=device.created_at,
    )
