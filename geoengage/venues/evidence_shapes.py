"""What callers send of evidence points: GeoJSON Features of Points, each kind with its own identity."""

from typing import Annotated
from uuid import UUID

from pydantic import Field, model_validator

from geoengage.kit.shapes import Name
from geoengage.venues.rules import TIGHTEST_M, WIDEST_M, EvidenceKind, Flaw, identity_flaws
from geoengage.venues.shapes import FeatureIn, In, Ordinal, Spot, refuse

Half = Annotated[int, Field(ge=0, le=65_535)]
_IDENTITY = ("uuid", "major", "minor", "bssid", "radius_m", "rssi_at_1m")


class EvidenceProperties(In):
    """Properties of an evidence point."""

    kind: EvidenceKind = Field(description="beacon, access_point (Wi-Fi), or check_in (a code that people scan).")
    name: Name = Field(description="What people call it: “Door, ground floor”.")
    mall_id: UUID | None = Field(default=None, description="The mall it is in; none outdoors.")
    level: Ordinal | None = Field(default=None, description="Ordinal of its level; in a mall always, outdoors never.")
    store_id: UUID | None = Field(default=None, description="The store it belongs to.")
    uuid: str | None = Field(default=None, max_length=36, description="Of a beacon: its proximity UUID.")
    major: Half | None = Field(default=None, description="Of a beacon: its major number.")
    minor: Half | None = Field(default=None, description="Of a beacon: its minor number.")
    rssi_at_1m: int | None = Field(
        default=None,
        ge=-120,
        le=20,
        description="dBm that a phone receives 1 m away, on the maker's data sheet (beacon -59, access point -40).",
    )
    bssid: str | None = Field(default=None, max_length=17, description="Of an access point: its MAC address.")
    radius_m: float | None = Field(
        default=None,
        ge=TIGHTEST_M,
        le=WIDEST_M,
        description="Radius of the widest disc that hearing it may give (beacon 8, access point 25).",
    )

    @model_validator(mode="after")
    def _fits_its_kind(self) -> "EvidenceProperties":
        given = [name for name in _IDENTITY if getattr(self, name) is not None]
        flaws = identity_flaws(self.kind, given, self.uuid, self.bssid)
        if self.mall_id is not None and self.level is None:
            flaws.append(("level", "in a mall name its level, e.g. 0: it tells phones theirs"))
        if self.mall_id is None and self.level is not None:
            flaws.append(("level", "a level is one of a mall: give mall_id too, or leave the level out"))
        if flaws:
            refuse([Flaw((name,), detail) for name, detail in flaws])
        return self


class EvidencePointIn(FeatureIn):
    """An evidence point to place."""

    geometry: Spot = Field(description="Where it is: a Point.")
    properties: EvidenceProperties = Field(description="What is known of it.")
