"""Ways to a person, behind one Protocol: Firebase Cloud Messaging, web push and the preview inbox.

`fcm` and `webpush` are imported where they are used: aiohttp, google-auth and pywebpush take their time.
"""

from geoengage.messaging.channels.base import Channel, Push
from geoengage.messaging.channels.preview import PlacedChannel, PreviewChannel

__all__ = ["Channel", "PlacedChannel", "PreviewChannel", "Push"]
