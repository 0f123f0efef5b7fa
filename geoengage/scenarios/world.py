"""The world of a scenario on a server: floor plan, zones and phones, made through the API and taken away again."""

import secrets
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

import shapely
from shapely.geometry import mapping
from shapely.geometry.base import BaseGeometry

from geoengage.scenarios.client import Client, Json, Refused
from geoengage.scenarios.format import Edit, Scenario, Shape, Zone
from geoengage.scenarios.timeline import beacon_properties

APP = "Scenarios"
MARGIN_M = 50.0  # of a building around its zones
PROOF = {"text_version": "scenario", "source": "scenario"}


@dataclass(slots=True)
class Phone:
    """A registered device."""

    id: str
    token: str


@dataclass(slots=True)
class World:
    """What a scenario has made on a server, by its names in the file."""

    client: Client
    scenario: Scenario
    mall_id: str | None = None
    key_id: str | None = None
    zones: dict[str, str] = field(default_factory=dict)
    phones: dict[str, Phone] = field(default_factory=dict)
    points: list[str] = field(default_factory=list)

    # --- made

    def make(self, publishable_key: str, since: datetime | None = None) -> None:
        """Build everything. `since`: from when zones count; None: from now on."""
        self._register_phones(publishable_key)
        plan = self.scenario.floor_plan
        if plan.levels:
            self._build_mall()
        for number, (name, beacon) in enumerate(plan.beacons.items()):
            properties = beacon_properties(number, name, beacon) | {"mall_id": self.mall_id}
            made = self.client.post("/v1/evidence-points", self._feature(shapely.Point(beacon.at), properties))
            self.points.append(made["id"])
        for name, zone in plan.zones.items():
            made = self.client.post("/v1/zones", self._zone(name, zone))
            self.zones[name] = made["id"]
            if not zone.draft:
                body = {} if since is None else {"effective_from": since.isoformat()}
                self.client.post(f"/v1/zones/{made['id']}/publish", body)

    def make_key(self) -> str:
        """A publishable key of an app for scenarios, whose devices are test devices: no report counts them."""
        apps = [app for app in self.client.all("/v1/apps") if app["name"] == APP]
        app_id = (apps[0] if apps else self.client.post("/v1/apps", {"name": APP}))["id"]
        made = self.client.post("/v1/keys", {"kind": "pk", "name": "scenario", "app_id": app_id, "is_test": True})
        self.key_id = made["id"]
        key: str = made["key"]
        return key

    def _register_phones(self, publishable_key: str) -> None:
        for name, device in self.scenario.devices.items():
            body = {
                "platform": "android",
                "consents": {"location": device.location},
                "consent_text_version": "scenario",
            }
            made = self.client.post("/v1/devices", body, key=publishable_key)
            self.phones[name] = Phone(made["device_id"], made["device_token"])

    def _build_mall(self) -> None:
        plan = self.scenario.floor_plan
        about = {"origin": plan.origin, "bearing_deg": plan.bearing_deg, "timezone": plan.timezone}
        self.mall_id = self.client.post("/v1/malls", {"name": f"Scenario {secrets.token_hex(4)}", **about})["id"]
        outline = self._outline()
        for n in plan.levels:
            level = self._feature(outline, {"ordinal": n, "name": f"Floor {n}", "short_name": str(n)})
            self.client.post(f"/v1/malls/{self.mall_id}/levels", level)
        for connector in plan.connectors:
            for n in connector.levels:
                unit = self._feature(connector.shape.metres(), {"level": n, "category": connector.kind})
                self.client.post(f"/v1/malls/{self.mall_id}/units", unit)

    def _outline(self) -> BaseGeometry:
        plan = self.scenario.floor_plan
        if plan.outline is not None:
            return plan.outline.metres()
        shapes = [zone.shape.metres() for zone in plan.zones.values()]
        shapes += [connector.shape.metres() for connector in plan.connectors]
        x0, y0, x1, y1 = shapely.union_all(shapes).bounds
        return shapely.box(x0 - MARGIN_M, y0 - MARGIN_M, x1 + MARGIN_M, y1 + MARGIN_M)

    def _feature(self, shape: BaseGeometry, properties: Json) -> Json:
        return {"type": "Feature", "geometry": self._geojson(shape), "properties": properties}

    def _geojson(self, shape: BaseGeometry) -> Json:
        on_earth = shapely.transform(self.scenario.floor_plan.frame.geometry_to_lonlat(shape), lambda c: c.round(9))
        result: Json = mapping(on_earth)
        return result

    def _zone(self, name: str, zone: Zone) -> Json:
        shape = self._drawn(zone.shape)
        properties: dict[str, Any] = {
            "name": name, "kind": "store", "mall_id": self.mall_id, "levels": zone.levels,
            "sensitivity": zone.sensitivity.value, "rules": zone.rules.model_dump(exclude_none=True),
        }  # fmt: skip
        if zone.schedule is not None:
            properties["schedule"] = zone.schedule.model_dump(mode="json", exclude_none=True)
        return {"type": "Feature", "geometry": shape["geometry"], "properties": properties | shape["properties"]}

    def _drawn(self, shape: Shape) -> Json:
        """Geometry and radius of a zone; a circle stays one."""
        if shape.circle is None:
            return self._feature(shape.metres(), {})
        return self._feature(shapely.Point(shape.circle[:2]), {"radius_m": shape.circle[2]})

    # --- changed

    def edit(self, edit: Edit) -> None:
        """Draw a zone anew and publish it."""
        changes: Json = {}
        if edit.shape is not None:
            shape = self._drawn(edit.shape)
            changes = {"geometry": shape["geometry"], "properties": {"radius_m": None} | shape["properties"]}
        properties = changes.setdefault("properties", {})
        if edit.levels is not None:
            properties["levels"] = edit.levels
        if edit.rules is not None:
            properties["rules"] = edit.rules.model_dump(exclude_none=True)
        if edit.schedule is not None:
            properties["schedule"] = edit.schedule.model_dump(mode="json", exclude_none=True)
        path = f"/v1/zones/{self.zones[edit.zone]}"
        self.client.edit(path, changes)
        self.client.post(f"{path}/publish")

    def publish(self, zone: str) -> None:
        """Put a draft in force."""
        self.client.post(f"/v1/zones/{self.zones[zone]}/publish")

    def unpublish(self, zone: str) -> None:
        """Let a zone match no more."""
        self.client.post(f"/v1/zones/{self.zones[zone]}/unpublish")

    def delete(self, zone: str) -> None:
        """Delete a zone."""
        self.client.send("DELETE", f"/v1/zones/{self.zones[zone]}")

    def decide(self, device: str, location: str) -> None:
        """Let the person of a device grant or withdraw the consent to location."""
        body = PROOF | {"location": location}
        self.client.send("PUT", "/v1/devices/me/consents", body, key=self.phones[device].token)

    # --- looked at

    def events(self) -> list[Json]:
        """All zone events of the scenario's phones, if they are asked about."""
        expect = self.scenario.expect
        return [] if expect.events is None and not expect.absent else self._found("/v1/zone-events")

    def visits(self) -> list[Json]:
        """All visits of the scenario's phones, if they are asked about."""
        return [] if self.scenario.expect.visits is None else self._found("/v1/visits")

    def _found(self, path: str) -> list[Json]:
        """Items with the file's own names in place of ids."""
        zones = {id_: name for name, id_ in self.zones.items()}
        return [
            item | {"device": name, "zone": zones[item["zone_id"]]}
            for name, phone in self.phones.items()
            for item in self.client.all(path, device_id=phone.id)
            if item["zone_id"] in zones
        ]

    # --- taken away

    def clear_away(self) -> None:
        """Remove everything from a server that others use too; what has gone meanwhile is no error."""
        for phone in self.phones.values():
            self._remove("/v1/devices/me", key=phone.token)
        if self.key_id is not None:
            self._remove(f"/v1/keys/{self.key_id}")
        for point in self.points:
            self._remove(f"/v1/evidence-points/{point}")
        for zone in self.zones.values():
            self._remove(f"/v1/zones/{zone}")
        if self.mall_id is not None:
            self._remove(f"/v1/malls/{self.mall_id}")

    def _remove(self, path: str, key: str | None = None) -> None:
        try:
            self.client.send("DELETE", path, key=key)
        except Refused as error:
            if ": 404 " not in str(error):
                raise
