"""HTTP of lint: what is doubtful about a zone while it is drawn. Nothing is refused for a bad shape: it is told."""

from typing import Any, Literal
from uuid import UUID

from fastapi import APIRouter
from pydantic import BaseModel, Field, ValidationError
from shapely.geometry import mapping

from geoengage.kit import errors
from geoengage.kit.db import Session
from geoengage.kit.http import Now, Tx
from geoengage.kit.ids import TenantId
from geoengage.reports import lint, store
from geoengage.reports.api.drafts import check_owner
from geoengage.reports.drafts import as_published
from geoengage.reports.rules import (
    Code,
    Finding,
    Severity,
    best_confidence,
    lint_flaws,
    lint_shape,
    lint_words,
)
from geoengage.tenancy.auth import VenueEditor
from geoengage.tenancy.rules import Principal
from geoengage.venues import service as venues_service
from geoengage.venues.api.common import LonLatOut
from geoengage.venues.rules import Flaw, check_area, check_point
from geoengage.venues.shapes import In, ZoneIn, ZoneProperties

router = APIRouter(tags=["zones before publishing"])


class LintProperties(ZoneProperties):
    """Properties of a zone that is drawn; the name may still be missing."""

    name: str = Field(default="", max_length=200, description="Name of the zone, when it has one already.")


class LintIn(In):
    """A zone that is drawn."""

    geometry: dict[str, Any] = Field(
        description="Polygon, MultiPolygon, or the Point of a circle; it may be wrong, that is what lint is for."
    )
    properties: LintProperties = Field(description="What is known of the zone so far.")
    zone_id: UUID | None = Field(default=None, description="The zone that it is an edit of.")


class FindingOut(BaseModel):
    """One doubt."""

    code: Code = Field(description="What it is about.")
    severity: Severity = Field(description="error: it cannot work; warning: hardly as meant; hint: worth a thought.")
    text: str = Field(description="What is doubtful, with the numbers.")
    advice: str = Field(description="What to do about it.")
    place: LonLatOut | None = Field(description="[lon, lat] to point at, when it has a place.")
    geometry: dict[str, Any] | None = Field(description="GeoJSON to highlight, when there is something to.")
    numbers: dict[str, Any] = Field(description="The numbers and names of the text.")


class LintOut(BaseModel):
    """What lint has to say."""

    findings: list[FindingOut] = Field(description="Errors first, then warnings, then hints; empty: all is well.")
    accuracy_m: float | None = Field(
        description="Median accuracy that phones report there, metres; the tenant's default where too few were seen."
    )
    accuracy_from: Literal["pings", "default"] = Field(
        description="pings: of the last 7 days in the zone and 20 m around, on its floors (and from phones that name no"
        " floor), of ten devices or more, test devices left out (but for demo tenants); default: the tenant's."
    )
    best_confidence: float | None = Field(
        description="Highest confidence in the zone for a phone that reports its floor; null without a valid shape."
    )
    best_confidence_without_level: float | None = Field(
        description="The same for a phone that has never reported a floor."
    )


@router.post("/v1/zones/lint")
async def lint_zone(body: LintIn, me: VenueEditor, tx: Tx, now: Now) -> LintOut:
    """Doubts about a drawn zone: crossings, size against accuracy, overlaps, floors, names. Nothing is stored.

    A flaw of the shape is a finding here and no refusal, so that an editor can ask with every stroke.
    """
    await check_owner(tx, me, body.properties, body.zone_id)
    tenant_id, p = TenantId(me.tenant_id), body.properties
    words = lint.words_of(p, await store.find_category(tx, tenant_id, p.store_id))
    zone, flaws = _read(body)
    if zone is None:
        return LintOut(
            findings=_out([*lint_flaws(body.geometry, flaws), *lint_words(words, now)]),
            accuracy_m=None,
            accuracy_from="default",
            best_confidence=None,
            best_confidence_without_level=None,
        )
    draft = await as_published(tx, tenant_id, zone, body.zone_id, now)
    around = await lint.look_around(tx, me, draft, now)
    refusals = await _refusals(tx, me, zone)
    return LintOut(
        findings=_out([*refusals, *lint_shape(around.subject, words), *lint_words(words, now)]),
        accuracy_m=round(around.subject.accuracy_m, 1),
        accuracy_from=around.accuracy_from,
        best_confidence=round(best_confidence(around.subject, reports_level=True), 3),
        best_confidence_without_level=round(best_confidence(around.subject, reports_level=False), 3),
    )


def _read(body: LintIn) -> tuple[ZoneIn | None, list[Flaw]]:
    """The zone, or what is wrong with its shape."""
    is_point = body.geometry.get("type") == "Point"
    shape, flaws = check_point(body.geometry) if is_point else check_area(body.geometry)
    if shape is None:
        return None, flaws
    properties = body.properties.model_dump(mode="json", exclude_unset=True) | {"name": body.properties.name or "-"}
    try:
        return ZoneIn.model_validate({"geometry": body.geometry, "properties": properties}), []
    except ValidationError as error:
        lines = error.errors(include_url=False, include_input=False)
        return None, [Flaw(e["loc"][1:] if e["loc"][:1] == ("geometry",) else e["loc"], e["msg"]) for e in lines]


async def _refusals(tx: Session, me: Principal, zone: ZoneIn) -> list[Finding]:
    """What would keep the zone from being saved: a mall far away, a floor that does not exist, swapped axes."""
    try:
        await venues_service.check_zone(tx, TenantId(me.tenant_id), zone, me.store_ids)
    except errors.ItemErrors as refused:
        return [
            Finding(
                code=Code.INVALID,
                severity=Severity.ERROR,
                text=f"{item['detail'][:1].upper()}{item['detail'][1:]}.",
                advice="It cannot be saved like this.",
                numbers={"pointer": item["pointer"]},
            )
            for item in refused.extra["errors"]
        ]
    return []


def _out(findings: list[Finding]) -> list[FindingOut]:
    order = list(Severity)
    return [
        FindingOut(
            code=f.code,
            severity=f.severity,
            text=f.text,
            advice=f.advice,
            place=f.place,
            geometry=None if f.geometry is None else mapping(f.geometry),
            numbers=dict(f.numbers),
        )
        for f in sorted(findings, key=lambda f: order.index(f.severity))
    ]
