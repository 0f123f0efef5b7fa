"""The words of IMDF 1.0.0 (OGC 20-094): types, the members each must have, and categories in our words and back."""

from geoengage.venues.rules import UnitCategory

VERSION = "1.0.0"
_NAMED = ("name", "alt_name")
_OPEN = ("hours", "phone", "website")
REQUIRED: dict[str, tuple[str, ...]] = {
    "venue": ("category", "restriction", *_NAMED, *_OPEN, "display_point", "address_id"),
    "building": (*_NAMED, "category", "restriction", "display_point", "address_id"),
    "footprint": ("category", "name", "building_ids"),
    "level": (
        "category", "restriction", "outdoor", "ordinal", "name", "short_name", "display_point", "address_id",
        "building_ids",
    ),
    "unit": ("category", "restriction", "accessibility", *_NAMED, "level_id", "display_point"),
    "opening": ("category", "accessibility", "access_control", "door", *_NAMED, "display_point", "level_id"),
    "anchor": ("address_id", "unit_id"),
    "occupant": ("name", "category", "anchor_id", *_OPEN, "validity", "correlation_id"),
    "amenity": ("category", "accessibility", *_NAMED, *_OPEN, "unit_ids", "address_id", "correlation_id"),
    "geofence": (
        "category", "restriction", *_NAMED, "correlation_id", "display_point", "building_ids", "level_ids", "parents",
    ),
    "section": (
        "category", "restriction", "accessibility", *_NAMED, "display_point", "level_id", "address_id",
        "correlation_id", "parents",
    ),
    "kiosk": (*_NAMED, "anchor_id", "level_id", "display_point"),
    "detail": ("level_id",),
    "fixture": ("category", *_NAMED, "anchor_id", "level_id", "display_point"),
    "relationship": ("category", "direction", "origin", "intermediary", "destination", "hours"),
    "address": (
        "address", "unit", "locality", "province", "country", "postal_code", "postal_code_ext", "postal_code_vanity",
    ),
}  # fmt: skip
WITHOUT_GEOMETRY = frozenset({"building", "occupant", "address"})

_UNITS: dict[UnitCategory, tuple[str, ...]] = {  # the first is what an export writes
    UnitCategory.CORRIDOR: ("walkway", "movingwalkway", "footbridge", "ramp", "walkway.island"),
    UnitCategory.LIFT: ("elevator",),
    UnitCategory.ESCALATOR: ("escalator",),
    UnitCategory.STAIRS: ("stairs", "steps"),
    UnitCategory.ENTRANCE: ("lobby",),
    UnitCategory.RESTROOM: (
        "restroom", "restroom.family", "restroom.female", "restroom.female.wheelchair", "restroom.male",
        "restroom.male.wheelchair", "restroom.transgender", "restroom.transgender.wheelchair", "restroom.unisex",
        "restroom.unisex.wheelchair", "restroom.wheelchair", "shower",
    ),
    UnitCategory.EVENTS_AREA: ("unenclosedarea", "auditorium", "theater"),
    UnitCategory.PARKING: ("parking",),
    UnitCategory.BACK_OF_HOUSE: ("nonpublic", "kitchen", "mailroom", "office", "serverroom", "storage"),
    UnitCategory.VOID: ("opentobelow",),
    UnitCategory.OTHER: (
        "unspecified", "brick", "classroom", "column", "concrete", "conferenceroom", "drywall", "fieldofplay",
        "firstaid", "fitnessroom", "foodservice", "glass", "huddleroom", "laboratory", "library", "lounge",
        "mothersroom", "movietheater", "phoneroom", "platform", "privatelounge", "recreation", "road", "room",
        "smokingarea", "structure", "terrace", "vegetation", "waitingroom", "wood",
    ),
}  # fmt: skip
UNIT_CATEGORY = {theirs: ours for ours, words in _UNITS.items() for theirs in words}
IMDF_CATEGORY = {ours: words[0] for ours, words in _UNITS.items()}


def label(names: object, language: str) -> str | None:
    """The text of LABELS in a language, else in English, else in whichever comes first; a bare text is taken too."""
    if isinstance(names, str):
        return names.strip() or None
    if not isinstance(names, dict):
        return None
    texts = {key: text.strip() for key, text in names.items() if isinstance(text, str) and text.strip()}
    short = language.partition("-")[0]
    return next((texts[key] for key in (language, short, "en") if key in texts), next(iter(texts.values()), None))
