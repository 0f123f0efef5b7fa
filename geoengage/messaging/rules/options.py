"""What a message says beyond its words: sound, channel, interruption level, picture, link. Pure.

Stored with the campaign and copied to the message, so that what was approved is what is sent.
"""

import re
from urllib.parse import urlsplit

import msgspec

LINK_MAX = 500
# Schemes that run something, read files or reach other programs than the app itself.
_NOT_AN_APP = frozenset({
    "about", "android-app", "blob", "chrome", "content", "data", "edge", "file", "filesystem", "ftp", "http", "intent",
    "itms", "itms-apps", "itms-services", "jar", "javascript", "mailto", "market", "ms-settings", "resource", "sms",
    "smsto", "tel", "vbscript", "view-source", "ws", "wss",
})  # fmt: skip
_SCHEME = re.compile(r"[a-z][a-z0-9+.-]{1,31}")
_LINK = re.compile(r"[A-Za-z0-9\-._~:/?#\[\]@!$&()*+,;=%]+")  # RFC 3986 without the quote


class AndroidOptions(msgspec.Struct, frozen=True, omit_defaults=True):
    """Of the Android notification; None leaves it to the app."""

    channel_id: str | None = None
    priority: str | None = None
    sound: str | None = None


class ApnsOptions(msgspec.Struct, frozen=True, omit_defaults=True):
    """Of the notification on Apple's systems; None: the usual."""

    sound: str | None = None
    interruption_level: str | None = None
    thread_id: str | None = None


class PushOptions(msgspec.Struct, frozen=True, omit_defaults=True):
    """All options of a message."""

    android: AndroidOptions = AndroidOptions()
    apns: ApnsOptions = ApnsOptions()
    image_url: str | None = None
    link: str | None = None


NO_OPTIONS = PushOptions()


def link_flaw(link: str) -> str | None:
    """What is wrong with a message's link: https, or the app's own scheme (`myshop://offer/7`)."""
    scheme = link.partition(":")[0]
    if scheme == "https":
        return https_flaw(link)
    if not _SCHEME.fullmatch(scheme) or not link.startswith(f"{scheme}://"):
        return "starts with https:// or your app's own scheme, e.g. myshop://"
    if scheme in _NOT_AN_APP:
        return f"{scheme}: is no app's own scheme; use https:// or e.g. myshop://"
    return _text_flaw(link)


def https_flaw(url: str) -> str | None:
    """What is wrong with an https address that phones will open or fetch."""
    if not url.startswith("https://"):
        return "starts with https://"
    if (flaw := _text_flaw(url)) is not None:
        return flaw
    try:
        parts = urlsplit(url)
        host, _ = parts.hostname, parts.port
    except ValueError:
        return "is not a readable address"
    if not host:
        return "names no host"
    return "must hold no user name or password" if "@" in parts.netloc else None


def _text_flaw(url: str) -> str | None:
    if len(url) > LINK_MAX:
        return f"is longer than {LINK_MAX} characters"
    return None if _LINK.fullmatch(url) else "holds characters that belong percent-encoded (%20 for a space)"
