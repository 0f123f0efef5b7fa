"""Request and answer shapes of connecting a phone."""

from typing import Literal
from uuid import UUID

from pydantic import AwareDatetime, Field

from geoengage.kit.shapes import Name, Shape
from geoengage.phones.rules.places import Place
from geoengage.profiles.rules import Consent
from geoengage.profiles.shapes import ConsentsIn


class CodeIn(Shape):
    """What the links of a phone shall say."""

    name: Name = Field(default="My phone", description="What phone apps show as the name of the device.")
    address: str | None = Field(
        default=None, max_length=200, description="One of the `urls` of GET /v1/connect/lan; else the first."
    )


class ConnectIn(CodeIn):
    """A phone that shall be connected."""

    app_id: UUID | None = Field(default=None, description="Its app; else the tenant's first with a shopper page.")
    consents: ConsentsIn = Field(
        default=ConsentsIn(), description="What whoever holds the phone agreed to; noted as `connect-a-phone`."
    )


class HeaderLink(Shape):
    """For apps that set it in their own code."""

    url: str = Field(description="Where to send.")
    header: str = Field(description="The header to send along; holds the device token.")


class Links(Shape):
    """How each client is told. All but `shopper` hold the device token."""

    shopper: str | None = Field(description="The shopper page, with the pairing code; null: the app has no page.")
    owntracks: str = Field(description="OwnTracks opens it and configures itself.")
    overland: str = Field(description="Overland opens it and configures itself.")
    traccar: str = Field(description="Traccar Client scans it.")
    background_geolocation: HeaderLink = Field(description="Apps with the background-geolocation SDK.")


class QrCodes(Shape):
    """The same as QR codes, each a whole SVG document."""

    shopper: str | None = Field(description="The shopper page; null: the app has no page.")
    owntracks: str = Field(description="OwnTracks.")
    overland: str = Field(description="Overland.")
    traccar: str = Field(description="Traccar Client.")


class ConnectOut(Shape):
    """How to connect the phone."""

    device_id: UUID = Field(description="The device that the phone will be.")
    pairing_code: str = Field(description="What POST /v1/devices/pair trades for the device's token, once.")
    expires_at: AwareDatetime = Field(description="When the pairing code ends. The other links do not.")
    base_url: str = Field(description="The server's address in all links.")
    reach: Literal["public", "lan", "this_computer"] = Field(description="From where phones reach that address.")
    links: Links = Field(description="Links to open on the phone.")
    qr: QrCodes = Field(description="The links as QR codes.")


class Connected(Shape):
    """That the phone spoke."""

    at: AwareDatetime = Field(description="When this client first did.")
    client: str | None = Field(description="Which: `shopper-page`, `owntracks-android` …")


class ConsentStep(Shape):
    """The decision about location."""

    location: Consent = Field(description="In force now.")
    at: AwareDatetime = Field(description="When it was made.")


class PositionStep(Shape):
    """The newest position, without saying where."""

    at: AwareDatetime = Field(description="When it was taken.")
    accuracy_m: float = Field(description="68 % radius, metres.")
    level: int | None = Field(description="Level that the phone is believed to be on.")
    nearest_mall_m: float | None = Field(description="Metres to the outline of the nearest mall; 0 inside.")


class ZoneStep(Shape):
    """The zone that the phone is in."""

    name: str = Field(description="Its name.")
    entered_at: AwareDatetime = Field(description="Since when.")


class MessageStep(Shape):
    """The newest message to the phone."""

    id: UUID = Field(description="Its id.")
    at: AwareDatetime = Field(description="When it was sent, or decided on.")
    status: str = Field(description="As in GET /v1/messages.")
    reason: str | None = Field(description="What held it back.")
    title: str = Field(description="Its title.")


class StepsOut(Shape):
    """What has happened to the phone so far; null: not yet."""

    device_id: UUID = Field(description="The device.")
    connected: Connected | None = Field(description="It spoke to this server.")
    paired_at: AwareDatetime | None = Field(description="When a browser took it over: codes made before are used.")
    consent: ConsentStep | None = Field(description="Its holder decided about location.")
    position: PositionStep | None = Field(description="Its newest position. Never a coordinate.")
    zone: ZoneStep | None = Field(description="It is in a zone.")
    last_message: MessageStep | None = Field(description="A message was sent to it, or held back.")
    relocation: Place | None = Field(description="What was brought to it.")


class RelocationIn(Shape):
    """What to lay around the phone."""

    to: Place | None = Field(
        description="`mall`: it stands before the main entrance. `circle`: in the middle of 60 m. null: where it is."
    )


class LanOut(Shape):
    """The listener for phones on the local network."""

    open: bool = Field(description="Phones are served.")
    url: str | None = Field(description="Its likeliest address; null while closed.")
    urls: list[str] = Field(description="All its addresses.")
    until: AwareDatetime | None = Field(description="When it closes by itself.")
    public_url: str | None = Field(description="Phones reach this one, so that no listener is needed.")


class PairIn(Shape):
    """A pairing code."""

    code: str = Field(min_length=1, max_length=200, description="As it stands in the link after `#pair=`.")


class PairOut(Shape):
    """The device that the caller now is."""

    device_id: UUID = Field(description="Id of this installation.")
    device_token: str = Field(description="Bearer credential of this installation; keep it safe.")
