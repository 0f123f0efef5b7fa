"""README's flow through the generated Python client: a shopper's phone from its registration to its erasure.

Arguments: where the server is, a publishable key, and lon, lat of a spot in a zone with a campaign. Ends with the text
of the message on standard output; anything unexpected ends it before.
"""

import datetime
import sys
import time

from geoengage_client import AuthenticatedClient
from geoengage_client.api.devices_and_people import get_device, register_device, state_consents
from geoengage_client.api.messages import get_inbox, post_receipt
from geoengage_client.api.my_data import erase_my_data, get_my_data
from geoengage_client.api.presence import get_config, list_nearby_geofences, post_pings
from geoengage_client.models import (
    Consent,
    ConsentsPut,
    DeviceCreated,
    DeviceIn,
    DeviceInPlatform,
    GeofencesOut,
    InboxPage,
    Mode,
    PingIn,
    PingsIn,
    PingsOut,
    Problem,
    PushIn,
    ReceiptIn,
    ReceiptInKind,
)

url, key, lon, lat = sys.argv[1], sys.argv[2], float(sys.argv[3]), float(sys.argv[4])

app = AuthenticatedClient(base_url=url, token=key)
push = PushIn.from_dict({"provider": "fcm", "kind": "fcm_token", "address": "python-phone"})
device = DeviceIn(platform=DeviceInPlatform.ANDROID, locale="de-CH", push=push)
created = register_device.sync(client=app, body=device)
assert isinstance(created, DeviceCreated), created
phone = AuthenticatedClient(base_url=url, token=created.device_token)

yes = Consent.GRANTED
agreed = ConsentsPut(location=yes, marketing_push=yes, personalisation=yes, text_version="1", source="onboarding")
assert state_consents.sync(client=phone, body=agreed).location is yes
assert get_device.sync(client=phone).device_id == created.device_id
assert get_config.sync(client=phone).mode is Mode.EFFICIENT

for _ in range(2):
    ping = PingIn(at=datetime.datetime.now(datetime.UTC), lon=lon, lat=lat, accuracy_m=4.0)
    taken = post_pings.sync(client=phone, body=PingsIn(pings=[ping]))
    assert isinstance(taken, PingsOut), taken
    assert (taken.accepted, taken.rejected) == (1, []), taken
    time.sleep(1)
assert get_config.sync(client=phone).mode is Mode.RESPONSIVE
near = list_nearby_geofences.sync(client=phone, lon=lon, lat=lat)
assert isinstance(near, GeofencesOut), near
assert near.circles[0].name == "Front", near

for _ in range(100):
    inbox = get_inbox.sync(client=phone)
    assert isinstance(inbox, InboxPage), inbox
    if inbox.items:
        break
    time.sleep(0.1)
(message,) = inbox.items
opened = post_receipt.sync_detailed(client=phone, body=ReceiptIn(message_id=message.id, kind=ReceiptInKind.OPENED))
assert opened.status_code == 204, opened
assert get_inbox.sync(client=phone).items[0].opened_at is not None

assert "positions" in {kind.name for kind in get_my_data.sync(client=phone).data}
assert erase_my_data.sync(client=phone).devices == 1
refused = get_inbox.sync(client=phone)
assert isinstance(refused, Problem), refused
assert refused.status == 401, refused
print(message.body)
