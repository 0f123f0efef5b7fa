"""Cisco Meraki's Scanning API version 3: what access points hear of phones, once a minute for a whole network.

A Wi-Fi or Bluetooth address of nobody who agreed is not ours to read: observations are told apart by a keyed hash of
the address, and only those of registered devices are decoded further. Cisco writes numbers also as text. Where it could
not locate a phone, `latestRecord` names the access point that heard it best, which is evidence by itself.
Source: developer.cisco.com/meraki/scanning-api/3-0.
"""

import hashlib
import hmac
from collections.abc import Mapping
from typing import Any
from uuid import UUID

import msgspec

from geoengage.ingest.rules.vocabulary import (
    LEVELS,
    Ignored,
    Reading,
    access_point,
    make_ping,
    members,
    moment,
    not_negative,
    number,
    plain_address,
    text,
    whole,
)
from geoengage.presence.rules.fixes import PingIn

CLIENT = "meraki"
MAJOR_VERSION = "3"
_TYPES = ("wifi", "ble", "bluetooth")


class Message(msgspec.Struct, frozen=True):
    """The outside of a message. `data` is read only when the secret is right."""

    secret: str = ""
    version: Any = ""
    type: Any = ""
    data: msgspec.Raw = msgspec.Raw(b"null")

    @property
    def is_known(self) -> bool:
        """Whether it is of a version and kind that we read."""
        return str(self.version).partition(".")[0] == MAJOR_VERSION and str(self.type).lower() in _TYPES


class _Data(msgspec.Struct, frozen=True):
    observations: list[msgspec.Raw] = []


class _Heard(msgspec.Struct, frozen=True, rename="camel"):
    client_mac: str = ""


_message = msgspec.json.Decoder(Message)
_data = msgspec.json.Decoder(_Data)
_heard = msgspec.json.Decoder(_Heard)
_UNREADABLE = (msgspec.DecodeError, UnicodeDecodeError, RecursionError)


def read_message(body: bytes) -> Message | None:
    """The outside of a message; None when it is none."""
    try:
        return _message.decode(body)
    except _UNREADABLE:
        return None


def split(data: bytes, hash_key: bytes, tenant_id: UUID) -> dict[str, msgspec.Raw] | None:
    """The observations of a message by keyed hash of the address, nothing else of them read; None: unreadable."""
    try:
        parts = _data.decode(data).observations
    except _UNREADABLE:
        return None
    found = {}
    for raw in parts:
        try:
            address = plain_address(_heard.decode(raw).client_mac)
        except _UNREADABLE:
            continue
        if address is not None:
            found[address_hash(hash_key, tenant_id, address)] = raw
    return found


def read(observation: bytes, device_id: UUID, levels: Mapping[str, int]) -> Reading:
    """The pings of one registered device. `levels`: ordinals by Cisco's floor plan id."""
    reading = Reading(CLIENT)
    seen = members(msgspec.json.decode(observation))
    locations = seen.get("locations")
    if isinstance(locations, list) and locations:
        for each in locations:
            reading.take(_location(members(each), str(device_id), levels))
    else:
        reading.take(_latest(members(seen.get("latestRecord")), str(device_id)))
    return reading


def _location(location: Mapping[str, Any], device_id: str, levels: Mapping[str, int]) -> PingIn | Ignored:
    return make_ping(
        moment(location.get("time")),
        number(location.get("lng")),
        number(location.get("lat")),
        accuracy_m=not_negative(location.get("variance")),
        level=whole(levels.get(text(location.get("floorPlanId"))), LEVELS),
        device_id=device_id,
        source="wifi",
    )


def _latest(record: Mapping[str, Any], device_id: str) -> PingIn | Ignored:
    heard = access_point(record.get("nearestApMac"), record.get("nearestApRssi"))
    points = [heard] if heard else None
    return make_ping(moment(record.get("time")), None, None, access_points=points, device_id=device_id, source="wifi")


def derive_key(signing_key: str, purpose: str) -> bytes:
    """A key of its own for a purpose, out of the installation's signing key."""
    return hmac.digest(signing_key.encode(), f"geoengage/{purpose}".encode(), hashlib.sha256)


def address_hash(key: bytes, tenant_id: UUID, address: str) -> str:
    """What is kept of an address of twelve hex digits: useless without the key, and in another tenant."""
    return hmac.digest(key, tenant_id.bytes + bytes.fromhex(address), hashlib.sha256).hex()


def secret_hash(key: bytes, scanner_id: UUID, secret: str) -> str:
    """What is kept of a scanner's secret, which people choose themselves."""
    return hmac.digest(key, scanner_id.bytes + secret.encode(), hashlib.sha256).hex()
