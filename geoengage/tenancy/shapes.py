"""Request and answer shapes of logging in, the tenant, owners, apps, keys and operators."""

from typing import Annotated, ClassVar
from uuid import UUID

from pydantic import AwareDatetime, Field, StringConstraints

from geoengage.kit.shapes import ClockTime, Color, ExternalId, Language, Name, Patch, Shape, TimeZone
from geoengage.tenancy.rules import PASSWORD_LENGTH, KeyKind, NewApp, NewKey, NewOperator, Review, Role, Scope, Writes

Email = Annotated[str, StringConstraints(strip_whitespace=True, max_length=254, pattern=r"^[^@\s]+@[^@\s]+$")]
PublicKey = Annotated[str, StringConstraints(max_length=4096)]


class LoginIn(Shape):
    """E-mail and password of an operator."""

    email: str = Field(max_length=254, description="E-mail of the operator.")
    password: str = Field(max_length=200, description="Password of the operator.")
    tenant: str | None = Field(
        default=None, max_length=63, description="Slug of the tenant; only needed when the e-mail works in several."
    )


class MyOperator(Shape):
    """Who is logged in."""

    id: UUID = Field(description="Id of the operator.")
    name: str = Field(description="Name.")
    email: str = Field(description="E-mail.")
    role: Role = Field(description="What the operator may do.")


class MyTenant(Shape):
    """What the console shows of the tenant."""

    id: UUID = Field(description="Id of the tenant.")
    name: str = Field(description="Name.")
    slug: str = Field(description="Short name, unique on this server.")
    timezone: str = Field(description="IANA time zone.")
    is_demo: bool = Field(description="All its people are simulated.")
    sending_stopped: bool = Field(description="Somebody pressed Stop: no message leaves.")
    review: Review = Field(description="When a shop's campaign waits for an approver.")
    quiet_start: ClockTime = Field(description="Quiet hours begin, local time; equal to the end means none.")
    quiet_end: ClockTime = Field(description="Quiet hours end, local time.")


class MapBackground(Shape):
    """What the console's map lies on."""

    tiles_url: str | None = Field(description="Template of the tiles' address, `…/{z}/{x}/{y}.png`; null: no tiles.")
    tiles_attribution: str | None = Field(description="Whom the map names as their source, as plain text.")


class Me(Shape):
    """The operator behind the console's cookie."""

    operator: MyOperator = Field(description="Who is logged in.")
    tenant: MyTenant = Field(description="Where.")
    map: MapBackground = Field(description="What the map lies on: a setting of the server.")
    pictures_from: list[str] = Field(
        description="Origins whose product pictures may be shown: a setting of the server."
    )


class StoryLine(Shape):
    """A planted effect beside what was found of it."""

    what: str = Field(description="Which effect.")
    planted: str = Field(description="What was put in.")
    found: str = Field(description="What reports say of it, with its interval.")
    holds: bool | None = Field(description="Whether the interval holds what was planted; null: it cannot be said.")


class DemoStory(Shape):
    """What a demo shows. All of its people are made up."""

    about: str = Field(description="A sentence or two.")
    campaign_id: UUID | None = Field(description="Of the experiment; its proof shows the same with pictures.")
    lines: list[StoryLine] = Field(description="As of the day on which it was built.")


class Door(Shape):
    """Another demo tenant of this server, open to the same operator."""

    name: str = Field(description="Its name.")
    link: str = Field(description="Path that logs in there; good for 24 hours.")
    story: DemoStory | None = Field(description="What is planted there; null: nothing, or it is still being built.")


class Doors(Shape):
    """Where else the operator of a demo may go."""

    items: list[Door] = Field(description="By name.")
    here: DemoStory | None = Field(description="What is planted in this one.")


class TenantOut(MyTenant):
    """The tenant with its whole policy."""

    default_language: str = Field(description="Language when neither person nor app has one.")
    holdout_percent: int = Field(description="Share of people who get no marketing, to measure what it does.")
    daily_cap: int = Field(description="Most marketing messages to one person in a day.")
    reject_mocked: bool = Field(description="Refuse pings that the phone marks as mocked.")
    default_accuracy_m: float = Field(description="Accuracy assumed when a ping names none, metres.")
    ping_retention_days: int = Field(description="Days after which pings are deleted.")
    cart_abandoned_after_s: int = Field(description="Seconds without a change after which a cart counts as abandoned.")
    sending_stopped_at: AwareDatetime | None = Field(description="Since when sending is stopped.")
    version: int = Field(description="Rises with every edit.")


class TenantPatch(Patch):
    """Changes to the tenant's policy."""

    name: Name | None = Field(default=None, description="Name.")
    timezone: TimeZone | None = Field(default=None, description="IANA time zone.")
    default_language: Language | None = Field(default=None, description="Language when nobody names one.")
    review: Review | None = Field(default=None, description="When a shop's campaign waits for an approver.")
    quiet_start: ClockTime | None = Field(default=None, description="Quiet hours begin, local time.")
    quiet_end: ClockTime | None = Field(default=None, description="Quiet hours end; equal to the start means none.")
    holdout_percent: int | None = Field(default=None, ge=0, le=50, description="Share of people held out.")
    daily_cap: int | None = Field(default=None, ge=1, le=50, description="Most marketing messages a person and day.")
    reject_mocked: bool | None = Field(default=None, description="Refuse pings marked as mocked.")
    default_accuracy_m: float | None = Field(default=None, ge=1, le=1000, description="Accuracy assumed, metres.")
    ping_retention_days: int | None = Field(default=None, ge=1, le=60, description="Days until pings are deleted.")
    cart_abandoned_after_s: int | None = Field(
        default=None, ge=60, le=2_592_000, description="Seconds until a cart that nobody touches is abandoned."
    )


class OwnerIn(Shape):
    """Someone who owns stores."""

    name: Name = Field(description="Name of the company.")
    external_id: ExternalId | None = Field(default=None, description="Your id of it; unique in the tenant.")


class OwnerPatch(Patch):
    """Changes to an owner."""

    nullable: ClassVar[frozenset[str]] = frozenset({"external_id"})
    name: Name | None = Field(default=None, description="Name of the company.")
    external_id: ExternalId | None = Field(default=None, description="Your id of it; null for none.")


class OwnerOut(Shape):
    """Someone who owns stores; operators of role shop belong to one and see its stores only."""

    id: UUID = Field(description="Id.")
    name: str = Field(description="Name of the company.")
    external_id: str | None = Field(description="Your id of it.")
    version: int = Field(description="Rises with every edit.")
    created_at: AwareDatetime = Field(description="When it was made.")


class AppIn(Shape):
    """A branded application."""

    name: Name = Field(description="Name of the app.")
    store_id: UUID | None = Field(default=None, description="The store it belongs to; none: the whole tenant.")
    default_language: Language = Field(default="en", description="Language when the device names none.")
    android_package: str | None = Field(default=None, max_length=255, description="Package name on Android.")
    ios_bundle_id: str | None = Field(default=None, max_length=255, description="Bundle id on iOS.")
    brand_color: Color | None = Field(default=None, description="Colour of its shopper page and icon, #rrggbb.")
    user_token_keys: list[PublicKey] = Field(
        default=[],
        max_length=10,
        description="PEM public keys with which your server signs user tokens: RSA from 2048 bits (RS256),"
        " P-256 (ES256) or Ed25519 (EdDSA). List two while you change keys.",
    )

    def as_new(self) -> NewApp:
        return NewApp(**self.model_dump(exclude={"user_token_keys"}), user_token_keys=tuple(self.user_token_keys))


class AppPatch(Patch):
    """Changes to an app."""

    nullable: ClassVar[frozenset[str]] = frozenset({"store_id", "android_package", "ios_bundle_id", "brand_color"})
    name: Name | None = Field(default=None, description="Name of the app.")
    store_id: UUID | None = Field(default=None, description="The store it belongs to; null: the whole tenant.")
    default_language: Language | None = Field(default=None, description="Language when the device names none.")
    android_package: str | None = Field(default=None, max_length=255, description="Package name on Android.")
    ios_bundle_id: str | None = Field(default=None, max_length=255, description="Bundle id on iOS.")
    brand_color: Color | None = Field(default=None, description="Colour of its shopper page; null: our own.")
    user_token_keys: list[PublicKey] | None = Field(
        default=None, max_length=10, description="PEM public keys; replaces the whole list."
    )


class AppOut(Shape):
    """A branded application."""

    id: UUID = Field(description="Id; the `aud` of its user tokens.")
    name: str = Field(description="Name of the app.")
    store_id: UUID | None = Field(description="The store it belongs to.")
    default_language: str = Field(description="Language when the device names none.")
    android_package: str | None = Field(description="Package name on Android.")
    ios_bundle_id: str | None = Field(description="Bundle id on iOS.")
    user_token_keys: list[str] = Field(description="PEM public keys that sign its user tokens.")
    brand_color: str | None = Field(description="Colour of its shopper page and icon, #rrggbb; null: our own.")
    shopper_page: bool = Field(description="It has a web page at /shopper/; see POST /v1/apps/{app_id}/shopper-page.")
    version: int = Field(description="Rises with every edit.")
    created_at: AwareDatetime = Field(description="When it was made.")


class KeyIn(Shape):
    """A key to make."""

    kind: KeyKind = Field(
        description="`pk` ships in an app and registers devices; `sk` stays on a server; `wk` sends events to Segment's"
        " tracking API and can do nothing else."
    )
    name: Name = Field(description="What it is for, so that you know which one to revoke.")
    scopes: list[Scope] = Field(default=[], description="What a secret key may do; at most what you may yourself.")
    store_ids: list[UUID] | None = Field(
        default=None, max_length=1000, description="Restricts a secret key to these stores; all else is 404 to it."
    )
    app_id: UUID | None = Field(default=None, description="The app of a publishable key; none: any of the tenant.")
    is_test: bool = Field(default=False, description="Its devices are test devices: not counted, never really sent to.")
    writes: Writes | None = Field(
        default=None,
        description="Of a write key, required there. `server`: it stays secret, and what it says of a person counts."
        " `browser`: pages and apps carry it, so that all can read it; it makes claims about anonymous visitors only.",
    )

    def as_new(self) -> NewKey:
        return NewKey(
            kind=self.kind,
            name=self.name,
            scopes=frozenset(self.scopes),
            store_ids=None if self.store_ids is None else frozenset(self.store_ids),
            app_id=self.app_id,
            is_test=self.is_test,
            writes=self.writes,
        )


class KeyOut(Shape):
    """A key without its secret."""

    id: UUID = Field(description="Id.")
    kind: KeyKind = Field(description="Publishable, secret or write key.")
    name: str = Field(description="What it is for.")
    hint: str = Field(description="Its last four characters.")
    scopes: list[Scope] = Field(description="What it may do.")
    store_ids: list[UUID] | None = Field(description="The stores it is restricted to; null: none.")
    app_id: UUID | None = Field(description="The app it belongs to.")
    is_test: bool = Field(description="A test key.")
    writes: Writes | None = Field(description="Of a write key: whether a server or browsers and apps carry it.")
    created_at: AwareDatetime = Field(description="When it was made.")
    revoked_at: AwareDatetime | None = Field(description="Since when it is refused.")


class KeyCreated(KeyOut):
    """A new key with its secret."""

    key: str | None = Field(
        description="The key itself, shown now and never again; null when an Idempotency-Key is repeated."
    )


class OperatorIn(Shape):
    """Someone who shall log in to the console."""

    email: Email = Field(description="E-mail, unique in the tenant.")
    name: Name = Field(description="Name.")
    role: Role = Field(description="What the operator may do.")
    password: str = Field(
        min_length=PASSWORD_LENGTH,
        max_length=200,
        description=f"First password, at least {PASSWORD_LENGTH} characters.",
    )
    owner_id: UUID | None = Field(default=None, description="For role shop: the owner whose stores it sees.")

    def as_new(self) -> NewOperator:
        return NewOperator(self.email, self.name, self.role, self.password, self.owner_id)


class OperatorOut(Shape):
    """Someone who logs in to the console."""

    id: UUID = Field(description="Id.")
    email: str = Field(description="E-mail.")
    name: str = Field(description="Name.")
    role: Role = Field(description="What the operator may do.")
    owner_id: UUID | None = Field(description="For role shop: the owner.")
    created_at: AwareDatetime = Field(description="When it was made.")
    disabled_at: AwareDatetime | None = Field(description="Since when it may not log in.")


class OperatorLink(Shape):
    """How somebody comes in without a password."""

    link: str = Field(description="Path of the link; put the server's address before it. Good for 24 hours.")


class OwnerPage(Shape):
    """A page of owners."""

    items: list[OwnerOut] = Field(description="Owners, in a lasting order.")
    next: str | None = Field(description="Cursor of the next page; null at the end.")


class AppPage(Shape):
    """A page of apps."""

    items: list[AppOut] = Field(description="Apps, in a lasting order.")
    next: str | None = Field(description="Cursor of the next page; null at the end.")


class KeyPage(Shape):
    """A page of keys."""

    items: list[KeyOut] = Field(description="Keys, revoked ones included, in a lasting order.")
    next: str | None = Field(description="Cursor of the next page; null at the end.")


class OperatorPage(Shape):
    """A page of operators."""

    items: list[OperatorOut] = Field(description="Operators, disabled ones included, in a lasting order.")
    next: str | None = Field(description="Cursor of the next page; null at the end.")
