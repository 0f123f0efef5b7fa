"""What callers send of places: GeoJSON Features whose geometry arrives as shapely, with all flaws found at once.

The service works on these shapes too (an import makes them from files), so they live beside `api`, not in it.
Unknown properties are refused; foreign members of a Feature itself are ignored, as RFC 7946 section 6.1 allows.
"""

from collections.abc import Callable, Sequence
from datetime import UTC
from typing import Annotated, Any, ClassVar, Literal, NoReturn
from uuid import UUID

from pydantic import (
    AfterValidator,
    AwareDatetime,
    BaseModel,
    ConfigDict,
    Field,
    JsonValue,
    PlainValidator,
    StringConstraints,
    ValidationError,
    WithJsonSchema,
    field_validator,
    model_validator,
)
from pydantic_core import InitErrorDetails, PydanticCustomError
from shapely.geometry.base import BaseGeometry

from geoengage.kit.shapes import Color, ExternalId, Name, Patch, Shape, TimeZone
from geoengage.venues.rules import (
    CIRCLE_MAX_M,
    CIRCLE_MIN_M,
    Flaw,
    Sensitivity,
    UnitCategory,
    ZoneKind,
    check_any,
    check_area,
    check_crs,
    check_hours,
    check_point,
    circle_flaw,
)

# --- pieces ---------------------------------------------------------------------------------------------------------


def refuse(flaws: Sequence[Flaw]) -> NoReturn:
    """Raise pydantic's error with one line per flaw, each at its own place."""
    raise ValidationError.from_exception_data(
        "place",
        [
            InitErrorDetails(
                type=PydanticCustomError("geometry", "{detail}", {"detail": flaw.detail}), loc=flaw.path, input=None
            )
            for flaw in flaws
        ],
    )


def _checked(check: Callable[[Any], tuple[BaseGeometry | None, list[Flaw]]]) -> Callable[[Any], BaseGeometry]:
    def validator(value: Any) -> BaseGeometry:
        shape, flaws = check(value)
        if shape is None:
            refuse(flaws)
        return shape

    return validator


def _area_or_point(value: Any) -> tuple[BaseGeometry | None, list[Flaw]]:
    is_point = isinstance(value, dict) and value.get("type") == "Point"
    return check_point(value) if is_point else check_area(value)


def _position(value: Any) -> tuple[float, float]:
    point, flaws = check_point({"type": "Point", "coordinates": value})
    if point is None:
        refuse([Flaw(flaw.path[1:], flaw.detail) for flaw in flaws])
    return float(point.x), float(point.y)


def _geojson_schema(*kinds: str) -> WithJsonSchema:
    return WithJsonSchema(
        {
            "type": "object",
            "description": "GeoJSON (RFC 7946): WGS 84, [longitude, latitude], closed rings.",
            "required": ["type", "coordinates"],
            "properties": {"type": {"enum": list(kinds)}, "coordinates": {"type": "array", "items": {}}},
        }
    )


Area = Annotated[BaseGeometry, PlainValidator(_checked(check_area)), _geojson_schema("Polygon", "MultiPolygon")]
AreaOrPoint = Annotated[
    BaseGeometry, PlainValidator(_checked(_area_or_point)), _geojson_schema("Polygon", "MultiPolygon", "Point")
]
Spot = Annotated[BaseGeometry, PlainValidator(_checked(check_point)), _geojson_schema("Point")]
LonLat = Annotated[
    tuple[float, float],
    PlainValidator(_position),
    WithJsonSchema({"type": "array", "items": {"type": "number"}, "minItems": 2, "examples": [[12.439, 51.426]]}),
]
Clock = Annotated[str, StringConstraints(pattern="^([01][0-9]|2[0-3]):[0-5][0-9]$|^24:00$")]
Ordinal = Annotated[int, Field(ge=-20, le=200)]
Utc = Annotated[AwareDatetime, AfterValidator(lambda value: value.astimezone(UTC))]
Tag = Annotated[str, StringConstraints(strip_whitespace=True, min_length=1, max_length=60)]
Territory = Annotated[str, StringConstraints(pattern="^[A-Z]{2}(-[A-Z0-9]{1,3})?$")]
Metadata = Annotated[dict[str, JsonValue], Field(max_length=50)]
Text500 = Annotated[str, StringConstraints(strip_whitespace=True, max_length=500)]


class In(Shape):
    """Base of inputs: no unknown members, no NaN."""

    model_config = ConfigDict(extra="forbid", allow_inf_nan=False, from_attributes=False)


class FeatureIn(BaseModel):
    """A GeoJSON Feature as input."""

    model_config = ConfigDict(extra="ignore", arbitrary_types_allowed=True)
    type: Literal["Feature"] = Field(default="Feature", description="Always `Feature`.")
    crs: JsonValue = Field(default=None, description="Only WGS 84 lon/lat; better left out (RFC 7946 section 4).")

    @field_validator("crs")
    @classmethod
    def _wgs84(cls, value: JsonValue) -> JsonValue:
        if flaws := check_crs({"crs": value}):
            refuse([Flaw(flaw.path[1:], flaw.detail) for flaw in flaws])
        return None


class HoursIn(In):
    """Days with a local opening and closing time."""

    days: list[Literal["mon", "tue", "wed", "thu", "fri", "sat", "sun"]] = Field(
        min_length=1, max_length=7, description="Days of the week on which it opens."
    )
    open: Clock = Field(description="Local time, HH:MM.")
    close: Clock = Field(description="Local time, HH:MM up to 24:00; before `open` it means the next morning.")

    @model_validator(mode="after")
    def _span(self) -> "HoursIn":
        if detail := check_hours(self.open, self.close):
            refuse([Flaw(("close",), detail)])
        return self


# --- malls, levels, units -------------------------------------------------------------------------------------------


class MallIn(In):
    """A mall to create."""

    name: Name = Field(description="Name of the mall.")
    external_id: ExternalId | None = Field(default=None, description="Your own id of it, unique in the tenant.")
    address: Text500 | None = Field(default=None, description="Postal address.")
    timezone: TimeZone = Field(description="IANA time zone; schedules of its zones are read in it.")
    territory: Territory | None = Field(default=None, description="Country or subdivision, ISO 3166 (`DE`, `DE-SN`).")
    origin: LonLat = Field(description="[lon, lat] of the point from which the mall is measured in metres.")
    bearing_deg: float = Field(
        default=0, gt=-360, lt=360, description="Clockwise angle in degrees from north to the mall's +y axis."
    )
    metadata: Metadata = Field(default={}, description="Anything of yours; given back as it came.")


class LevelProperties(In):
    """Properties of a level."""

    mall_id: UUID | None = Field(default=None, description="May be repeated here; it is the mall of the path.")
    ordinal: Ordinal = Field(description="0 is the ground floor, 1 the floor above, -1 the one below (IMDF).")
    name: Name = Field(description="Name of the level.")
    short_name: Annotated[str, StringConstraints(strip_whitespace=True, min_length=1, max_length=20)] = Field(
        description="What a level switcher shows: G, 1, 2."
    )
    metadata: Metadata = Field(default={}, description="Anything of yours; given back as it came.")


class LevelIn(FeatureIn):
    """A level to create: its outline."""

    geometry: Area = Field(description="Outline of the level.")
    properties: LevelProperties = Field(description="What is known of the level.")


class UnitProperties(In):
    """Properties of a unit."""

    mall_id: UUID | None = Field(default=None, description="May be repeated here; it is the mall of the path.")
    level: Ordinal = Field(description="Ordinal of the level.")
    category: UnitCategory = Field(description="What it is.")
    name: Name | None = Field(default=None, description="Name, where it has one.")
    external_id: ExternalId | None = Field(default=None, description="Your own id of it, unique in the mall.")
    metadata: Metadata = Field(default={}, description="Anything of yours; given back as it came.")


class UnitIn(FeatureIn):
    """A part of a level that is no store: a corridor, a lift, an entrance."""

    geometry: Area = Field(description="Its floor area.")
    properties: UnitProperties = Field(description="What is known of the unit.")


# --- stores ---------------------------------------------------------------------------------------------------------


class StoreProperties(In):
    """Properties of a store."""

    name: Name = Field(description="Name of the store.")
    owner_id: UUID | None = Field(default=None, description="Who owns it; restricted operators and keys go by owner.")
    mall_id: UUID | None = Field(default=None, description="The mall it is in; none for a store on a street.")
    level: Ordinal | None = Field(default=None, description="Ordinal of its level in the mall.")
    point: LonLat | None = Field(
        default=None, description="[lon, lat] of its door or label; by default a point inside the footprint."
    )
    address: Text500 | None = Field(default=None, description="Postal address.")
    category: Tag | None = Field(default=None, description="What it sells, in a word of yours.")
    brand_color: Color = Field(default="#3b5b92", description="Colour of the brand, #rrggbb.")
    timezone: TimeZone | None = Field(default=None, description="IANA time zone, where it differs from the mall's.")
    opening_hours: list[HoursIn] = Field(default=[], max_length=50, description="When it is open.")
    external_id: ExternalId | None = Field(default=None, description="Your own id of it, unique in the tenant.")
    metadata: Metadata = Field(default={}, description="Anything of yours; given back as it came.")

    @model_validator(mode="after")
    def _level_needs_mall(self) -> "StoreProperties":
        if self.level is not None and self.mall_id is None:
            refuse([Flaw(("level",), "a level is one of a mall: give mall_id too, or leave the level out")])
        return self


class StoreIn(FeatureIn):
    """A store to create."""

    geometry: AreaOrPoint = Field(description="Footprint; a Point where no footprint is known.")
    properties: StoreProperties = Field(description="What is known of the store.")


# --- zones ----------------------------------------------------------------------------------------------------------


class ScheduleIn(In):
    """When a zone is in force; outside of it nobody is inside."""

    valid_from: Utc | None = Field(default=None, description="First moment, RFC 3339.")
    valid_to: Utc | None = Field(default=None, description="First moment after the end, RFC 3339.")
    hours: list[HoursIn] = Field(default=[], max_length=50, description="Days and local times; none: always.")

    @model_validator(mode="after")
    def _order(self) -> "ScheduleIn":
        if self.valid_from and self.valid_to and self.valid_from >= self.valid_to:
            refuse([Flaw(("valid_to",), "it must be after valid_from")])
        return self


class RulesIn(In):
    """When somebody counts as inside; what is left out follows the default, also when the default changes."""

    enter_s: int | None = Field(
        default=None, ge=0, le=600, description="Seconds inside before entered (10; outdoors 30)."
    )
    exit_s: int | None = Field(default=None, ge=0, le=3600, description="Seconds outside before exited (15).")
    exit_tolerance_m: float | None = Field(default=None, ge=0, le=500, description="Metres beyond the edge (3).")
    min_confidence: float | None = Field(default=None, ge=0.05, le=1, description="Confidence to enter, 0-1 (0.5).")
    dwell_s: list[Annotated[int, Field(ge=1, le=86_400)]] | None = Field(
        default=None, max_length=10, description="Dwell marks in seconds: a dwelled event at each."
    )
    timeout_s: int | None = Field(default=None, ge=30, le=86_400, description="Silence that ends a visit (300).")
    single_fix: bool | None = Field(default=None, description="One fix suffices to enter (false).")
    crossing: bool | None = Field(default=None, description="Count somebody who passed between two fixes (false).")
    dwell_silence_s: int | None = Field(
        default=None, ge=0, le=86_400, description="How old the last fix inside may be for a dwell mark (120)."
    )


class ZoneProperties(In):
    """Properties of a zone."""

    name: Name = Field(description="Name of the zone.")
    kind: ZoneKind = Field(default=ZoneKind.OTHER, description="What it is for.")
    mall_id: UUID | None = Field(default=None, description="The mall it is in; none outdoors.")
    levels: list[Ordinal] = Field(default=[], max_length=50, description="Ordinals of its levels; empty outdoors.")
    store_id: UUID | None = Field(default=None, description="The store it belongs to.")
    radius_m: float | None = Field(
        default=None, ge=CIRCLE_MIN_M, le=CIRCLE_MAX_M, description="Radius of a circle (geometry Point)."
    )
    tags: list[Tag] = Field(default=[], max_length=50, description="Words of yours to find and group zones by.")
    sensitivity: Sensitivity = Field(
        default=Sensitivity.NONE,
        description="Anything but `none` is counted in anonymous totals only: no visits, no events, no messages.",
    )
    color: Color | None = Field(default=None, description="Colour on the map, #rrggbb.")
    schedule: ScheduleIn | None = Field(default=None, description="When it is in force; none: always.")
    rules: RulesIn = Field(default=RulesIn(), description="When somebody counts as inside.")
    external_id: ExternalId | None = Field(default=None, description="Your own id of it, unique in the tenant.")
    metadata: Metadata = Field(default={}, description="Anything of yours; given back as it came.")

    @model_validator(mode="after")
    def _levels_in_malls(self) -> "ZoneProperties":
        if self.mall_id is not None and not self.levels:
            refuse([Flaw(("levels",), "a zone in a mall needs at least one level, e.g. [0]")])
        if self.mall_id is None and self.levels:
            refuse([Flaw(("levels",), "outdoors there are no levels: give mall_id, or leave them empty")])
        return self


class ZoneIn(FeatureIn):
    """A zone to create: a polygon, several, or a circle (Point with `radius_m`)."""

    geometry: AreaOrPoint = Field(description="Polygon or MultiPolygon; for a circle the Point of its centre.")
    properties: ZoneProperties = Field(description="What is known of the zone.")

    @model_validator(mode="after")
    def _circle_is_whole(self) -> "ZoneIn":
        radius_m, is_point = self.properties.radius_m, self.geometry.geom_type == "Point"
        if is_point and radius_m is None:
            refuse([Flaw(("properties", "radius_m"), "a Point is the centre of a circle: give its radius in metres")])
        if not is_point and radius_m is not None:
            refuse([Flaw(("properties", "radius_m"), "only a circle has a radius: send a Point as geometry")])
        if radius_m is not None and (flaw := circle_flaw(self.geometry, radius_m)):
            refuse([Flaw(("geometry", *flaw.path), flaw.detail)])
        return self


# --- features of a venue -------------------------------------------------------------------------------------------


class VenueFeatureProperties(In):
    """Properties of a door, an amenity, an address: whatever IMDF knows and we have no other word for."""

    external_id: ExternalId = Field(description="Its id in the archive.")
    feature_type: Annotated[str, StringConstraints(min_length=1, max_length=60)] = Field(
        description="What IMDF calls it."
    )
    level: Ordinal | None = Field(default=None, description="Ordinal of its level, where it has one.")
    name: Name | None = Field(default=None, description="Name, where it has one.")
    properties: dict[str, JsonValue] = Field(default={}, description="Its properties as they are in the archive.")


class VenueFeatureIn(FeatureIn):
    """Such a thing, as an import brings it."""

    geometry: Annotated[BaseGeometry, PlainValidator(_checked(check_any))] | None
    properties: VenueFeatureProperties


# --- edits ----------------------------------------------------------------------------------------------------------


class MallPatch(Patch):
    """Changes of a mall."""

    nullable: ClassVar[frozenset[str]] = frozenset({"external_id", "address", "territory"})
    name: Name | None = Field(default=None, description="Name of the mall.")
    external_id: ExternalId | None = Field(default=None, description="Your own id of it.")
    address: Text500 | None = Field(default=None, description="Postal address.")
    timezone: TimeZone | None = Field(default=None, description="IANA time zone.")
    territory: Territory | None = Field(default=None, description="Country or subdivision, ISO 3166.")
    origin: LonLat | None = Field(default=None, description="[lon, lat] of the frame's origin.")
    bearing_deg: float | None = Field(default=None, gt=-360, lt=360, description="Bearing of the +y axis, degrees.")
    metadata: Metadata | None = Field(default=None, description="What changes of it; a member that is null goes away.")


class FeaturePatch(BaseModel):
    """A JSON merge patch (RFC 7396) of a Feature: what is left out stays, null takes away."""

    model_config = ConfigDict(extra="forbid")
    type: Literal["Feature"] = Field(default="Feature", description="Always `Feature`.")
    geometry: dict[str, Any] | None = Field(default=None, description="The new geometry, whole.")
    properties: dict[str, Any] | None = Field(default=None, description="The properties that change.")
