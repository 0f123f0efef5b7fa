"""HTTP of "what can reach this zone?": GPS, beacons, Wi-Fi, check-in; before anybody is matched with it."""

from uuid import UUID

from fastapi import APIRouter
from pydantic import BaseModel, Field

from geoengage.kit import errors
from geoengage.kit.db import Session
from geoengage.kit.http import Now, Tx
from geoengage.kit.ids import TenantId
from geoengage.reports.api.drafts import check_owner
from geoengage.reports.api.lint import LintIn
from geoengage.reports.drafts import as_published
from geoengage.reports.evidence import points_around
from geoengage.reports.rules.evidence import (
    SENSITIVE_WORDS,
    TYPICAL_GNSS_M,
    Target,
    Verdict,
    best_reach,
    evidence_words,
    gnss_share,
    gnss_words,
    verdict_of_evidence,
)
from geoengage.tenancy.auth import Reader, VenueEditor
from geoengage.tenancy.rules import Principal
from geoengage.venues import store as venues
from geoengage.venues.api.common import patched
from geoengage.venues.rules import EvidenceKind, Sensitivity, ZoneRules
from geoengage.venues.shapes import ZoneIn

router = APIRouter(tags=["zones before publishing"])


class GnssOut(BaseModel):
    """What phones can do that know their place by themselves."""

    reaches: bool = Field(description="Whether they can enter the zone.")
    typical_accuracy_m: float = Field(description="68 % radius that phones report indoors, metres.")
    largest_share: float = Field(description="Largest share (0–1) of that circle that can lie in the zone.")
    needs: float = Field(description="The zone's min_confidence, 0–1.")
    words: str = Field(description="The same in a sentence.")


class PointReachOut(BaseModel):
    """An evidence point near the zone."""

    id: UUID = Field(description="The point.")
    name: str = Field(description="Its name.")
    kind: EvidenceKind = Field(description="beacon, access_point or check_in.")
    level: int | None = Field(description="Ordinal of its level; null outdoors.")
    distance_m: float = Field(description="Metres from it to the zone; 0 inside.")
    share: float = Field(description="Largest share (0–1) of its disc that lies in the zone; 0 on another level.")


class ZoneEvidenceOut(BaseModel):
    """Which evidence can reach a zone."""

    gnss: GnssOut = Field(description="Phones by themselves.")
    points: list[PointReachOut] = Field(
        description="Points whose widest disc touches the zone, the best first; of your stores only, if restricted."
    )
    verdict: Verdict = Field(description="The best that can enter it: gnss, beacon, wifi, check_in, or none.")
    words: str = Field(description="The answer in plain words.")


@router.get("/v1/zones/{zone_id}/evidence")
async def get_zone_evidence(zone_id: UUID, me: Reader, tx: Tx) -> ZoneEvidenceOut:
    """Which evidence can reach a zone (its newest edit): GPS alone, or the beacons, access points and codes around."""
    zone = await venues.get_zone(tx, TenantId(me.tenant_id), zone_id)
    if not me.sees_store(zone.head.store_id):
        raise errors.NotFound(f"there is no zone {zone_id}")
    edit = zone.edit
    needs = ZoneRules.of(edit.rules, outdoor=edit.mall_id is None).min_confidence
    return await _answer(tx, me, Target(edit.geom, edit.levels, needs), Sensitivity(edit.sensitivity))


@router.post("/v1/zones/evidence")
async def get_draft_evidence(body: LintIn, me: VenueEditor, tx: Tx, now: Now) -> ZoneEvidenceOut:
    """The same for a zone that is only drawn. Nothing is stored; a shape that cannot be saved is refused."""
    await check_owner(tx, me, body.properties, body.zone_id)
    properties = body.properties.model_dump(mode="json", exclude_unset=True) | {"name": body.properties.name or "-"}
    zone = patched(ZoneIn, {"geometry": body.geometry, "properties": properties}, {})
    draft = await as_published(tx, TenantId(me.tenant_id), zone, body.zone_id, now)
    target = Target(draft.geometry, draft.levels, draft.rules.min_confidence)
    return await _answer(tx, me, target, draft.sensitivity)


async def _answer(tx: Session, me: Principal, target: Target, sensitivity: Sensitivity) -> ZoneEvidenceOut:
    share, needs = gnss_share(target), target.needs
    matched = sensitivity is Sensitivity.NONE
    reaches = await points_around(tx, TenantId(me.tenant_id), target)
    best = best_reach(target, reaches)
    named = best is not None and me.sees_store(best.point.store_id)
    return ZoneEvidenceOut(
        gnss=GnssOut(
            reaches=matched and share >= needs,
            typical_accuracy_m=TYPICAL_GNSS_M,
            largest_share=round(share, 3),
            needs=needs,
            words=gnss_words(share, needs) if matched else SENSITIVE_WORDS,
        ),
        points=[
            PointReachOut(
                id=r.point.id,
                name=r.point.name,
                kind=r.point.kind,
                level=r.point.level,
                distance_m=round(r.distance_m, 1),
                share=round(r.share, 3),
            )
            for r in reaches
            if me.sees_store(r.point.store_id)
        ],
        verdict=verdict_of_evidence(share, needs, best) if matched else "none",
        words=evidence_words(share, needs, best, named=named) if matched else SENSITIVE_WORDS,
    )
