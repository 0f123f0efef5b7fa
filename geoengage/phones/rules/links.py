"""How each client is told where to send and as whom (PROTOCOLS 1.1–1.4): links to open, and their QR codes. Pure.

All but the shopper page's hold the device token, because those apps can get it in no other way. A link is therefore as
secret as the token: it is shown once, to whoever connects the phone, and is in no log.
"""

import base64
import io
import json
import re
from collections.abc import Mapping
from dataclasses import dataclass
from urllib.parse import quote, urlencode
from uuid import UUID

import segno

INK, PAPER = "#14202b", "#ffffff"
QUIET_ZONE = 4  # modules, as ISO 18004 wants
MOVE_MODE = 2  # OwnTracks: a position every few seconds; with 1 (significant) a trial waits for 500 m
INTERVAL_S = 10


@dataclass(frozen=True, slots=True)
class Phone:
    """What the links are made of. `base` is the server's address as the phone reaches it, without a last slash."""

    base: str
    device_id: UUID
    device_token: str
    name: str


def shopper(base: str, app_id: UUID, pairing_code: str) -> str:
    """The shopper page, which trades the code for the device's token. Browsers send no fragment to a server."""
    return f"{base}/shopper/?app={app_id}#pair={pairing_code}"


def owntracks(phone: Phone) -> str:
    """OwnTracks takes its whole configuration from the link: HTTP mode, commands allowed, so that we push regions."""
    configuration = {
        "_type": "configuration",
        "mode": 3,
        "url": f"{phone.base}/ingest/owntracks",
        "auth": True,
        "username": str(phone.device_id),
        "password": phone.device_token,
        "deviceId": short_name(phone.name),
        "tid": short_name(phone.name)[:2].upper(),
        "cmd": True,
        "remoteConfiguration": True,
        "monitoring": MOVE_MODE,
    }
    text = json.dumps(configuration, separators=(",", ":")).encode()
    # percent-encoded: Android reads a bare + in a query as a blank
    return f"owntracks:///config?inline={quote(base64.b64encode(text).decode(), safe='')}"


def overland(phone: Phone) -> str:
    """Overland's setup link."""
    values = {
        "url": f"{phone.base}/ingest/overland",
        "token": phone.device_token,
        "device_id": short_name(phone.name),
        "unique_id": "yes",
    }
    return f"overland://setup?{urlencode(values, quote_via=quote)}"


def traccar(phone: Phone) -> str:
    """Traccar Client sends no header: the device id that it repeats with each position is the token."""
    values = {"id": phone.device_token, "interval": INTERVAL_S, "distance": 0, "accuracy": "high"}
    return f"{phone.base}/ingest/osmand?{urlencode(values, quote_via=quote)}"


def background_geolocation(phone: Phone) -> Mapping[str, str]:
    """What an app with the background-geolocation SDK sets in its own code: address and header."""
    return {
        "url": f"{phone.base}/ingest/background-geolocation",
        "header": f"Authorization: Bearer {phone.device_token}",
    }


def short_name(name: str) -> str:
    """The name as apps take it for a device: letters, digits and hyphens, two at least."""
    found = re.sub(r"[^a-z0-9]+", "-", name.lower()).strip("-")[:20]
    return found if len(found) >= 2 else "phone"


def qr_svg(text: str) -> str:
    """The text as a QR code: a whole SVG document that scales, dark on white with its quiet zone.

    The lowest error correction: it is read from a screen, where nothing is torn, and fewer modules are larger ones.
    """
    out = io.BytesIO()
    segno.make(text, error="l", micro=False, boost_error=False).save(
        out, kind="svg", xmldecl=False, border=QUIET_ZONE, dark=INK, light=PAPER, omitsize=True
    )
    return out.getvalue().decode().strip()
