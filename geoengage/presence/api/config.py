"""How a phone should report, chosen by the server from what it knows of the phone."""

from datetime import datetime, timedelta

from fastapi import APIRouter, Request
from pydantic import BaseModel, Field

from geoengage.kit.http import PROBLEMS, Now, Tx
from geoengage.kit.ids import TenantId
from geoengage.presence import store
from geoengage.presence.api.pings import MAX_PINGS
from geoengage.presence.index import ZoneIndex
from geoengage.presence.rules.reporting import Known, Mode, Reason, advise, words
from geoengage.presence.store.reporting import Reporting, find_reporting
from geoengage.presence.writer import PingWriter
from geoengage.tenancy.auth import DeviceCaller

router = APIRouter(tags=["presence"], responses=PROBLEMS)
GEOFENCE_REFRESH_M = 500


class ConfigOut(BaseModel):
    """How the app should report until it asks again."""

    mode: Mode = Field(
        description="`responsive`: beside a zone. `efficient`: now and then. `far_away`: stop; send one position when"
        " the refresh circle of GET /v1/geofences/nearby is left, and ask again."
    )
    reason: Reason = Field(description="Why this mode.")
    reason_text: str = Field(description="The same in words, for the developer.")
    location_allowed: bool = Field(description="Without it do not even ask the system for positions.")
    send_pings: bool = Field(description="False: take no positions but those that a region gives.")
    ping_interval_s: int = Field(description="Report a position this often while moving, seconds.")
    distance_filter_m: int = Field(description="Leave out positions closer than this to the one before, metres.")
    batch_max: int = Field(description="Most pings in one POST /v1/pings.")
    send_after: int = Field(description="Send when this many pings are collected,")
    send_within_s: int = Field(description="or when the oldest of them is this old, seconds.")
    monitor_regions: bool = Field(description="Have the system monitor the circles of GET /v1/geofences/nearby.")
    geofence_refresh_m: int = Field(description="Fetch GET /v1/geofences/nearby again after so many metres.")
    ask_again_s: int = Field(
        description="Ask this again after so many seconds, when the app comes to the foreground, and when consent or"
        " permission change."
    )


@router.get("/v1/config")
async def get_config(request: Request, me: DeviceCaller, tx: Tx, now: Now) -> ConfigOut:
    """How often and how much the calling installation should report.

    Decided from the last known position against the published zones, from consent, and from the permission that the app
    has told (PATCH /v1/devices/me).
    """
    tenant_id = TenantId(me.tenant_id)
    phone = await find_reporting(tx, tenant_id, me.id, me.token_version)
    writer: PingWriter = request.app.state.ping_writer
    policy = await store.get_ping_policy(tx, tenant_id)
    index = await writer.indexes.get(tx, tenant_id, policy.epoch)
    advice = advise(_known(phone, index, now))
    return ConfigOut(
        mode=advice.mode,
        reason=advice.reason,
        reason_text=words(advice.reason),
        location_allowed=phone.may_locate,
        send_pings=advice.send_pings,
        ping_interval_s=advice.ping_interval_s,
        distance_filter_m=advice.distance_filter_m,
        batch_max=MAX_PINGS,
        send_after=advice.send_after,
        send_within_s=advice.send_within_s,
        monitor_regions=advice.monitors_regions,
        geofence_refresh_m=GEOFENCE_REFRESH_M,
        ask_again_s=advice.ask_again_s,
    )


def _known(phone: Reporting, index: ZoneIndex, now: datetime) -> Known:
    nearest, age = None, timedelta()
    if phone.lon is not None and phone.lat is not None and phone.last_at is not None:
        found = index.nearest_circles(phone.lon, phone.lat, 1)
        nearest, age = (found[0][1] if found else None), now - phone.last_at
    return Known(phone.may_locate, phone.permission, len(index) > 0, nearest, age)
