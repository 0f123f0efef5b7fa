"""A store as one row of a list says it: the store, its owner, app, brand, senders and recipe. Pure.

What a row leaves out stays as it is; of a new store it is as the API has it.
"""

from typing import Annotated, Any
from uuid import UUID

from pydantic import Field, JsonValue, StringConstraints, field_validator

from geoengage.commerce.rules import MAX_MINOR
from geoengage.kit.shapes import Color, ExternalId, Language, Name, Shape, TimeZone
from geoengage.messaging.rules import FontStack, Purpose, https_flaw
from geoengage.recipes.rules import RecipeKey, RecipeSettings
from geoengage.venues.shapes import HoursIn, Metadata, Ordinal, Tag, Territory, Text500

MOST_ROWS = 500
Email = Annotated[str, StringConstraints(strip_whitespace=True, max_length=254, pattern=r"^[^@\s]+@[^@\s]+$")]
Word = Annotated[str, StringConstraints(strip_whitespace=True, min_length=1, max_length=600)]
Secret = Annotated[str, StringConstraints(min_length=1, max_length=1000)]
Text255 = Annotated[str, StringConstraints(max_length=255)]
KEPT = "Stored encrypted and never shown again. Left out: the one that is there stays."


class RowOwner(Shape):
    """Whose store it is."""

    external_id: ExternalId | None = Field(
        default=None, description="Your id of them; who owns several stores has one. Left out: the store's own."
    )
    name: Name | None = Field(default=None, description="Of the company. Left out: the store's name.")
    email: Email | None = Field(
        default=None, description="Who may log in and sees this owner's stores only; the answer has their link."
    )


class RowApp(Shape):
    """The store's branded application."""

    name: Name | None = Field(default=None, description="Left out: the store's name.")
    default_language: Language | None = Field(default=None, description="When the device names none.")
    android_package: Text255 | None = Field(default=None, description="Package name on Android.")
    ios_bundle_id: Text255 | None = Field(default=None, description="Bundle id on iOS.")


class RowBrand(Shape):
    """How the store's app and e-mails look; its colour is the store's `brand_color`."""

    logo_url: str | None = Field(default=None, max_length=2000, description="https picture.")
    background: Color | None = Field(default=None, description="Behind the e-mail, #rrggbb.")
    font: FontStack | None = Field(default=None, description="Fonts that every mail program has.")
    address: Annotated[str, StringConstraints(max_length=300)] | None = Field(
        default=None, description="Postal address, which the law asks for in each e-mail."
    )
    footer: Text500 | None = Field(default=None, description="One more line at the end of each e-mail.")

    @field_validator("logo_url")
    @classmethod
    def _logo(cls, value: str | None) -> str | None:
        if value is not None and (flaw := https_flaw(value)) is not None:
            raise ValueError(flaw)
        return value


class RowWhatsapp(Shape):
    """The store's number at the WhatsApp Cloud API."""

    phone_number_id: Word = Field(description="The number's id at Meta (not the number).")
    business_account_id: Word = Field(description="The WhatsApp business account's id.")
    access_token: Secret | None = Field(default=None, repr=False, description=KEPT)
    app_secret: Secret | None = Field(default=None, repr=False, description=KEPT)
    templates: dict[Purpose, Word] | None = Field(
        default=None, description="By purpose, what goes to whoever has not written for 24 hours."
    )
    per_minute: int | None = Field(default=None, ge=1, le=60_000, description="Most messages in a minute (1200).")


class RowSms(Shape):
    """The store's account at Twilio."""

    account_sid: Word = Field(description="`AC…`, from Twilio's console.")
    auth_token: Secret | None = Field(default=None, repr=False, description=KEPT)
    sender: Word | None = Field(default=None, description="A number, a short code, or a name of up to 11 letters.")
    messaging_service_sid: Word | None = Field(default=None, description="`MG…`: Twilio chooses the sender.")
    per_minute: int | None = Field(default=None, ge=1, le=60_000, description="Most messages in a minute (60).")


class RowRecipe(Shape):
    """A recipe that is switched on for the store."""

    recipe: RecipeKey = Field(description="Which one; not `mall-zones`, which is about an item.")
    currency: Annotated[str, StringConstraints(pattern="^[A-Z]{3}$")] | None = Field(
        default=None, description="In which its offers are given (ISO 4217). Left out: the whole's main currency."
    )
    settings: RecipeSettings = Field(default=RecipeSettings(), description="What is set of it, without `store_id`.")

    @field_validator("settings")
    @classmethod
    def _of_the_row(cls, value: RecipeSettings) -> RecipeSettings:
        if value.store_id is not None or value.content_id is not None:
            raise ValueError("the store is the row's own: leave store_id and content_id out")
        return value


class RowMaster(Shape):
    """The master recipe that the store takes."""

    name: Name = Field(description="Of the master.")
    currency: Annotated[str, StringConstraints(pattern="^[A-Z]{3}$")] | None = Field(
        default=None, description="In which its offers are given (ISO 4217). Left out: the whole's main currency."
    )
    settings: RecipeSettings = Field(
        default=RecipeSettings(), description="The store's own values, of those that the master leaves to stores."
    )


class RowLimit(Shape):
    """What the store may spend on messages in a month."""

    minor: int = Field(ge=0, le=MAX_MINOR, description="Minor units.")
    currency: Annotated[str, StringConstraints(pattern="^[A-Z]{3}$")] = Field(description="ISO 4217.")


class StoreRow(Shape):
    """One store with all that belongs to it."""

    external_id: ExternalId = Field(description="Your id of the store, by which the next list finds it again.")
    name: Name | None = Field(default=None, description="Name of the store; a new one needs it.")
    lon: float | None = Field(default=None, ge=-180, le=180, description="Degrees; a new store needs them.")
    lat: float | None = Field(default=None, ge=-90, le=90, description="Degrees.")
    mall_id: UUID | None = Field(default=None, description="The mall it is in; left out for a store on a street.")
    level: Ordinal | None = Field(default=None, description="Ordinal of its level in the mall.")
    address: Text500 | None = Field(default=None, description="Postal address.")
    category: Tag | None = Field(default=None, description="What it sells, in a word of yours.")
    brand_color: Color | None = Field(default=None, description="Colour of store, app and e-mails, #rrggbb.")
    timezone: TimeZone | None = Field(default=None, description="IANA time zone.")
    territory: Territory | None = Field(
        default=None, description="Country or subdivision, ISO 3166; kept in the store's `metadata`."
    )
    opening_hours: list[HoursIn] | None = Field(default=None, max_length=50, description="When it is open.")
    metadata: Metadata | None = Field(default=None, description="Anything of yours; laid over what is there.")
    owner: RowOwner | None = Field(default=None, description="Whose store it is.")
    app: RowApp | None = Field(default=None, description="Its app; the answer has the new keys, once.")
    brand: RowBrand | None = Field(default=None, description="How it looks; makes an app if it has none.")
    whatsapp: RowWhatsapp | None = Field(default=None, description="Its WhatsApp number.")
    sms: RowSms | None = Field(default=None, description="Its SMS account.")
    limit: RowLimit | None = Field(default=None, description="What it may spend on messages in a month.")
    recipe: RowRecipe | None = Field(default=None, description="A recipe to switch on.")
    master: RowMaster | None = Field(default=None, description="A master recipe to take.")

    def store_words(self) -> dict[str, JsonValue]:
        """What the row says of the store itself, as the properties of a Feature."""
        said: dict[str, Any] = self.model_dump(mode="json", exclude_none=True, include=set(_PROPERTIES))
        return said


_PROPERTIES = (
    "external_id", "name", "mall_id", "level", "address", "category", "brand_color", "timezone", "opening_hours",
)  # fmt: skip
