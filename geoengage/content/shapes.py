"""Request and answer shapes of content items, links and feeds."""

from datetime import UTC, datetime
from typing import Annotated, Any, ClassVar
from uuid import UUID

import msgspec
from pydantic import AfterValidator, AwareDatetime, BaseModel, Field, StringConstraints, WithJsonSchema, field_validator

from geoengage.content.rules import HOST, ContentKind, ContentStatus, Item, Words, language_for
from geoengage.content.store import Located, item_of
from geoengage.kit.shapes import Language, Name, Patch, Shape
from geoengage.messaging.rules import LINK_MAX, https_flaw


def _naive(value: datetime) -> datetime:
    if value.tzinfo is not None:
        raise ValueError("is the wall clock at the place: leave out Z and offset, e.g. 2026-12-05T14:00")
    if not 2000 <= value.year < 2200:
        raise ValueError("is between the years 2000 and 2199")
    return value


def _https(value: str | None) -> str | None:
    if value is not None and (flaw := https_flaw(value)):
        raise ValueError(flaw)
    return value


# RFC 3339, and so `format: date-time`, asks for an offset, which a wall clock has not.
WallClock = Annotated[
    datetime,
    WithJsonSchema(
        {"type": "string", "pattern": r"^[0-9]{4}-[0-9]{2}-[0-9]{2}T[0-9]{2}:[0-9]{2}(:[0-9]{2}(\.[0-9]{1,6})?)?$"}
    ),
]
Local = Annotated[WallClock, AfterValidator(_naive)]
Moment = Annotated[AwareDatetime, Field(ge=datetime(2000, 1, 1, tzinfo=UTC), lt=datetime(2200, 1, 1, tzinfo=UTC))]
Tag = Annotated[str, StringConstraints(strip_whitespace=True, min_length=1, max_length=200)]
Url = Annotated[str, StringConstraints(max_length=LINK_MAX), AfterValidator(_https)]
Source = Annotated[str, StringConstraints(pattern=r"^[a-z0-9][a-z0-9_-]{0,39}$")]


class ItemWordsShape(Shape):
    """An item in one language. Plain text: no HTML, no Liquid."""

    title: Annotated[str, StringConstraints(strip_whitespace=True, min_length=1, max_length=120)] = Field(
        description="What it is, in a line."
    )
    text: str = Field(default="", max_length=2000, description="The rest of it; line breaks are kept.")
    terms: str = Field(default="", max_length=2000, description="Small print: how long, how many, what is excluded.")


class ContentIn(Shape):
    """A content item as its owner writes it."""

    kind: ContentKind = Field(description="What sort of thing it is. An event needs `starts`.")
    texts: dict[Language, ItemWordsShape] = Field(
        min_length=1, max_length=30, description="Its words by language (BCP 47): `de`, `fr-CH`."
    )
    default_language: Language | None = Field(
        default=None, description="For readers of any other language; left out: the first of `texts`."
    )
    store_id: UUID | None = Field(
        default=None, description="Whose it is and, without `zone_id`, where. Null: the tenant's."
    )
    mall_id: UUID | None = Field(default=None, description="The mall, for what goes on anywhere in it.")
    zone_id: UUID | None = Field(default=None, description="The zone in which it is, e.g. the stage in the atrium.")
    starts: Local | None = Field(
        default=None, description="Wall clock at the place, without offset: `2026-12-05T14:00`. Null: already on."
    )
    ends: Local | None = Field(default=None, description="Likewise, excluded. Null: until it is cancelled.")
    products: list[Tag] = Field(default=[], max_length=200, description="External ids of products of the catalogue.")
    categories: list[Tag] = Field(default=[], max_length=50, description="Categories it is about: `Toys > Games`.")
    brands: list[Tag] = Field(default=[], max_length=50, description="Brands it is about.")
    image_url: Url | None = Field(default=None, description="Picture, https.")
    link: Url | None = Field(default=None, description="Where to read on, https.")

    @field_validator("texts")
    @classmethod
    def _are_distinct(cls, value: dict[str, ItemWordsShape]) -> dict[str, ItemWordsShape]:
        if len({name.replace("_", "-").lower() for name in value}) < len(value):
            raise ValueError("name each language once")
        return value

    def item(self) -> Item:
        """As the rules see it, before the time zone of its place is known; repetitions are dropped."""
        return Item(
            kind=self.kind,
            texts={name: Words(w.title, w.text, w.terms) for name, w in self.texts.items()},
            default_language=self.default_language or next(iter(self.texts)),
            timezone="UTC",
            store_id=self.store_id,
            mall_id=self.mall_id,
            zone_id=self.zone_id,
            starts=self.starts,
            ends=self.ends,
            products=tuple(dict.fromkeys(self.products)),
            categories=tuple(dict.fromkeys(self.categories)),
            brands=tuple(dict.fromkeys(self.brands)),
            image_url=self.image_url,
            link=self.link,
        )


class ContentPatch(Patch):
    """A JSON merge patch: members left out stay, also inside `texts`, where null removes a language."""

    nullable: ClassVar[frozenset[str]] = frozenset(
        {"store_id", "mall_id", "zone_id", "starts", "ends", "image_url", "link", "default_language"}
    )

    kind: str | None = Field(default=None, description="See POST.")
    texts: dict[str, Any] | None = Field(default=None, description="Languages to change; null removes one.")
    default_language: str | None = Field(default=None, description="See POST.")
    store_id: UUID | None = Field(default=None, description="See POST; null: the tenant's.")
    mall_id: UUID | None = Field(default=None, description="See POST.")
    zone_id: UUID | None = Field(default=None, description="See POST.")
    starts: WallClock | None = Field(default=None, description="See POST; null: already on.")
    ends: WallClock | None = Field(default=None, description="See POST; null: until it is cancelled.")
    products: list[Any] | None = Field(default=None, description="See POST.")
    categories: list[Any] | None = Field(default=None, description="See POST.")
    brands: list[Any] | None = Field(default=None, description="See POST.")
    image_url: str | None = Field(default=None, description="See POST.")
    link: str | None = Field(default=None, description="See POST.")


class PointOut(BaseModel):
    """A position, WGS 84."""

    lon: float = Field(description="Degrees east.")
    lat: float = Field(description="Degrees north.")


class ContentOut(BaseModel):
    """A content item."""

    id: UUID = Field(description="Its id.")
    kind: ContentKind = Field(description="What sort of thing it is.")
    status: ContentStatus = Field(description="Only `published` is seen outside; `cancelled` was published before.")
    language: str = Field(description="In which language `title`, `text` and `terms` are.")
    title: str = Field(description="What it is, in a line.")
    text: str = Field(description="The rest of it.")
    terms: str = Field(description="Small print.")
    texts: dict[str, ItemWordsShape] = Field(description="All languages.")
    default_language: str = Field(description="For readers of any other language.")
    store_id: UUID | None = Field(description="Whose it is; null: the tenant's.")
    mall_id: UUID | None = Field(description="Its mall.")
    zone_id: UUID | None = Field(description="Its zone.")
    place: str | None = Field(description="The place in words; null: everywhere.")
    point: PointOut | None = Field(description="A point of the place.")
    timezone: str = Field(description="IANA time zone of `starts` and `ends`.")
    starts: WallClock | None = Field(description="Wall clock at the place, without offset.")
    ends: WallClock | None = Field(description="Likewise, excluded.")
    starts_at: datetime | None = Field(description="The moment that `starts` is.")
    ends_at: datetime | None = Field(description="The moment that `ends` is.")
    products: list[str] = Field(description="External ids of products.")
    categories: list[str] = Field(description="Categories it is about.")
    brands: list[str] = Field(description="Brands it is about.")
    image_url: str | None = Field(description="Picture.")
    link: str | None = Field(description="Where to read on.")
    revision: int = Field(description="Rises with every change; the ETag, and SEQUENCE in calendars.")
    created_at: datetime = Field(description="When it was made.")
    updated_at: datetime = Field(description="When it last changed.")


class ContentPage(BaseModel):
    """A page of items, oldest first."""

    items: list[ContentOut] = Field(description="Items.")
    next: str | None = Field(description="`cursor` of the next page; null at the end.")


class RevisionOut(BaseModel):
    """What an item said after a change."""

    revision: int = Field(description="Its number.")
    status: ContentStatus = Field(description="Where it stood.")
    changed_at: datetime = Field(description="When.")
    changed_by: str = Field(description="Who.")
    title: str = Field(description="Its title in the default language of then.")
    starts: WallClock | None = Field(description="Wall clock at the place.")
    ends: WallClock | None = Field(description="Likewise.")


class RevisionPage(BaseModel):
    """The newest revisions."""

    items: list[RevisionOut] = Field(description="Newest first, 100 at most.")
    next: str | None = Field(default=None, description="Always null.")


class RecipeOut(BaseModel):
    """A campaign that suits an item."""

    says: str = Field(description="What it does, in words.")
    segment: dict[str, Any] | None = Field(description="For POST /v1/segments, to be made first; null: none is needed.")
    campaign: dict[str, Any] | None = Field(
        description="For POST /v1/campaigns; `$segment` stands for the segment's id. Null: it cannot be made yet."
    )
    lacks: list[str] = Field(description="What keeps it from being made.")


class LinkIn(Shape):
    """A short link: to an item, or to an address on one of the tenant's listed hosts."""

    content_id: UUID | None = Field(default=None, description="The item it leads to; else `target_url`.")
    target_url: Url | None = Field(default=None, validate_default=True, description="https address it leads to.")
    source: Source = Field(default="link", description="Where it is shown, to count by: poster, bag, newsletter.")
    expires_at: Moment | None = Field(default=None, description="From then on it says that it has ended.")
    store_id: UUID | None = Field(default=None, description="Of an address: whose link it is. An item knows.")

    @field_validator("target_url")
    @classmethod
    def _one_of_two(cls, value: str | None, info: Any) -> str | None:
        if (value is None) is (info.data.get("content_id") is None):
            raise ValueError("name either content_id or target_url")
        return value


class LinkOut(BaseModel):
    """A short link with how often it was opened: numbers only, nobody's."""

    id: UUID = Field(description="Its id.")
    url: str = Field(description="The address to print or send.")
    code: str = Field(description="The last part of it.")
    content_id: UUID | None = Field(description="The item it leads to.")
    target_url: str | None = Field(description="The address it leads to.")
    store_id: UUID | None = Field(description="Whose it is.")
    source: str = Field(description="Where it is shown.")
    expires_at: datetime | None = Field(description="When it ends; an item's link ends with the item, too.")
    opens: int = Field(description="How often people opened it; programmes that say so are not counted.")
    opens_30_days: int = Field(description="Of those, in the last 30 days.")
    created_at: datetime = Field(description="When it was made.")


class LinkPage(BaseModel):
    """A page of links, oldest first."""

    items: list[LinkOut] = Field(description="Links.")
    next: str | None = Field(description="`cursor` of the next page; null at the end.")


class HostsShape(Shape):
    """The hosts that short links may lead to."""

    hosts: list[Annotated[str, StringConstraints(to_lower=True, max_length=253)]] = Field(
        max_length=100, description="Whole host names, no patterns: `shop.example`, `www.shop.example`."
    )

    @field_validator("hosts")
    @classmethod
    def _are_names(cls, value: list[str]) -> list[str]:
        for host in value:
            if not HOST.fullmatch(host):
                raise ValueError(f"{host[:60]} is not a host name, e.g. shop.example")
        return sorted(set(value))


class FeedIn(Shape):
    """A feed to open."""

    name: Name = Field(description="Its title in readers and calendars.")
    store_id: UUID | None = Field(default=None, description="Only items of this store; null: all of the tenant.")


class FeedOut(BaseModel):
    """A feed: whoever has its addresses reads what is published, and nothing else."""

    id: UUID = Field(description="Its id.")
    name: str = Field(description="Its title.")
    store_id: UUID | None = Field(description="Whose items it has; null: all.")
    json_url: str = Field(description="As JSON.")
    rss_url: str = Field(description="As RSS 2.0.")
    ics_url: str = Field(description="As an iCalendar.")
    created_at: datetime = Field(description="When it was opened.")


class FeedPage(BaseModel):
    """A page of feeds, oldest first."""

    items: list[FeedOut] = Field(description="Feeds.")
    next: str | None = Field(description="`cursor` of the next page; null at the end.")


def content_out(found: Located, locale: str | None) -> ContentOut:
    """An item as the API shows it to readers of a language."""
    row, item = found.row, item_of(found.row)
    language = language_for(item.texts, locale, item.default_language)
    return ContentOut(
        **msgspec.structs.asdict(item.texts[language]),
        **{
            name: getattr(row, name)
            for name in (
                "id", "kind", "status", "default_language", "store_id", "mall_id", "zone_id", "timezone", "starts_at",
                "ends_at", "products", "categories", "brands", "image_url", "link", "revision", "created_at",
                "updated_at", "texts",
            )
        },
        language=language,
        place=found.place,
        point=None if found.point is None else PointOut(lon=found.point[0], lat=found.point[1]),
        starts=row.starts_local,
        ends=row.ends_local,
    )  # fmt: skip


def as_input(item: Item) -> dict[str, Any]:
    """An item as somebody would send it."""
    found: dict[str, Any] = msgspec.to_builtins(item)
    found.pop("timezone")
    return found
