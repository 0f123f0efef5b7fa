"""Loads the demo mall through the API, as an integrator would: owners, mall, floors, shops, zones, beacons, campaigns.

Idempotent: what exists by external id (floors by ordinal, evidence points and campaigns by name) is left as it is, and
an Idempotency-Key covers a load that was interrupted. Once loaded it is not looked at again until the files change, so
that what a visitor deleted stays deleted.
"""

import hashlib
import json
from collections.abc import Callable, Iterable
from datetime import timedelta
from pathlib import Path
from typing import Any

from geoengage.demo import whats_on
from geoengage.demo.client import Client, Json
from geoengage.demo.state import State
from geoengage.kit.clock import utc_now

_PACKAGED = Path(__file__).resolve().parents[1] / "_zones" / "demo_mall"
_CHECKOUT = Path(__file__).resolve().parents[2] / "zones" / "demo_mall"
FOLDER = _PACKAGED if _PACKAGED.exists() else _CHECKOUT
STREET_STORES = "street_stores.csv"
SHOP = "st-cafe-morgenrot"  # the one whose own key a visitor gets

PAST_DAYS = 7  # the simulator tells the mall's past; zones must have been there
Ids = dict[str, str]  # external id -> id


def read(name: str) -> Any:
    """One file of the demo mall; of a feature collection its features."""
    found = json.loads((FOLDER / name).read_text())
    return found["features"] if name.endswith(".geojson") else found


def load(client: Client, state: State) -> State:
    """Put into the tenant of the client's key what is missing; adds the ids, a spot in the shop, `loaded`."""
    version = _version()
    if state.get("loaded") == version:
        return state
    ids: Ids = {}
    ids |= _ensure(client, "/v1/owners", read("owners.json"), ids)
    mall = read("mall.json")
    ids |= _ensure(client, "/v1/malls", [mall], ids)
    mall_id = ids[mall["external_id"]]
    _ensure(client, f"/v1/malls/{mall_id}/levels", read("levels.geojson"), ids, _ordinal)
    _ensure(client, f"/v1/malls/{mall_id}/units", read("units.geojson"), ids)
    ids |= _ensure(client, "/v1/stores", read("stores.geojson"), ids)
    ids |= _ensure(client, "/v1/zones", read("zones.geojson"), ids)
    _ensure(client, "/v1/evidence-points", read("evidence_points.geojson"), ids, _point_name)
    client.post_file("/v1/imports/stores?mode=commit", (FOLDER / STREET_STORES).read_text("utf-8"), "text/csv")
    for zone in _all(client, "/v1/zones"):
        if zone["properties"]["status"] == "draft":
            client.post(f"/v1/zones/{zone['id']}/publish", {"effective_from": _days_ago(PAST_DAYS)})
    campaigns = [{k: v for k, v in c.items() if k != "external_id"} for c in read("campaigns.json")]  # known by name
    _ensure(client, "/v1/campaigns", campaigns, ids, _name)
    for campaign in _all(client, "/v1/campaigns"):
        if campaign["status"] == "draft":
            campaign = client.post(f"/v1/campaigns/{campaign['id']}/activate")
        if campaign["status"] == "in_review":
            client.post(f"/v1/campaigns/{campaign['id']}/approve")
    whats_on.put(client, mall_id, ids[SHOP])
    shop = next(s["properties"] for s in read("stores.geojson") if s["properties"]["external_id"] == SHOP)
    lon, lat = shop["point"]
    spot = {"lon": str(lon), "lat": str(lat), "level": str(shop["level"])}
    return state | spot | {"mall_id": mall_id, "store_id": ids[SHOP], "store_name": shop["name"], "loaded": version}


def describe() -> str:
    """What the files hold, in a line."""
    counts = {
        "floors": read("levels.geojson"),
        "shops": read("stores.geojson"),
        "zones": read("zones.geojson"),
        "beacons and check-in codes": read("evidence_points.geojson"),
        "campaigns": read("campaigns.json"),
    }
    return f"{read('mall.json')['name']}: " + ", ".join(f"{len(rows)} {what}" for what, rows in counts.items())


def _days_ago(days: int) -> str:
    return (utc_now() - timedelta(days=days)).isoformat()


def _version() -> str:
    files = sorted(path for path in FOLDER.iterdir() if path.is_file())
    return hashlib.sha256(b"".join(path.name.encode() + path.read_bytes() for path in files)).hexdigest()[:16]


def _external_id(item: Json) -> str:
    found = _properties(item).get("external_id")
    return str(found) if found else f"id {item.get('id')}"


def _ordinal(item: Json) -> str:
    return str(_properties(item)["ordinal"])


def _name(item: Json) -> str:
    return str(item["name"])


def _point_name(item: Json) -> str:
    return str(_properties(item)["name"])


def _ensure(
    client: Client, path: str, wanted: Iterable[Json], ids: Ids, identity: Callable[[Json], str] = _external_id
) -> Ids:
    """Create at `path` what is not there; the ids of all that `wanted` names."""
    there = {identity(item): str(item["id"]) for item in _all(client, path)}
    result: Ids = {}
    for item in wanted:
        name = identity(item)
        if name not in there:
            body = with_ids(item, ids)
            content = hashlib.sha256(json.dumps(body, sort_keys=True).encode()).hexdigest()[:16]
            there[name] = str(client.post(path, body, idempotency_key=f"demo-{name}-{content}")["id"])
        result[_external_id(item)] = there[name]
    return result


def _all(client: Client, path: str) -> Iterable[Json]:
    page = client.get(f"{path}?limit=500")
    yield from page["items"]
    while cursor := page.get("next"):
        page = client.get(f"{path}?limit=500&cursor={cursor}")
        yield from page["items"]


def _properties(item: Json) -> Json:
    found = item.get("properties", item)
    return found if isinstance(found, dict) else item


def with_ids(value: Any, ids: Ids) -> Any:
    """The same with `…_external_id(s)` turned into the `…_id(s)` that the API wants."""
    if isinstance(value, list):
        return [with_ids(item, ids) for item in value]
    if not isinstance(value, dict):
        return value
    result: Json = {}
    for key, item in value.items():
        if key.endswith("_external_id"):
            result[key.replace("_external_id", "_id")] = ids[item] if item else None
        elif key.endswith("_external_ids"):
            result[key.replace("_external_ids", "_ids")] = [ids[name] for name in item]
        else:
            result[key] = with_ids(item, ids)
    return result
