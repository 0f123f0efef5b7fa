"""Short links: codes, where they may lead, and who counts as somebody. Pure."""

import io
import re
import secrets
from collections.abc import Collection
from typing import Any
from urllib.parse import urlsplit
from uuid import UUID

import segno

# Without 0 O 1 I l, which posters and people confuse.
_ALPHABET = "23456789ABCDEFGHJKLMNPQRSTUVWXYZabcdefghijkmnopqrstuvwxyz"
CODE_LENGTH = 9  # 57^9 ≈ 6 × 10^15: nobody guesses one
CODE = re.compile(rf"[{_ALPHABET}]{{{CODE_LENGTH}}}")
HOST = re.compile(r"(?=.{1,253}$)([a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?\.)+[a-z]([a-z0-9-]{0,61}[a-z0-9])")
_MACHINES = re.compile(
    r"bot|crawl|spider|preview|facebookexternalhit|whatsapp|telegram|slack|curl|wget|python|http-?client|monitor", re.I
)
_QUIET_ZONE, INK, PAPER = 4, "#14202b", "#ffffff"
PNG_SCALE_MAX = 40


FEED_TOKEN = re.compile(r"feed_([0-9a-f]{32})_[A-Za-z0-9_-]{24}")


def new_feed_token(tenant_id: UUID) -> str:
    """The token of a feed. It names its tenant, so that a look-up stays in one tenant."""
    return f"feed_{tenant_id.hex}_{secrets.token_urlsafe(18)}"


def new_code() -> str:
    """A random code."""
    return "".join(secrets.choice(_ALPHABET) for _ in range(CODE_LENGTH))


def target_flaw(url: str, hosts: Collection[str]) -> str | None:
    """Why a link may not lead there: only https, on port 443, to a host that the tenant has listed."""
    try:
        parts = urlsplit(url)
        host, port = parts.hostname, parts.port
    except ValueError:
        return "is not a readable address"
    if parts.scheme != "https" or not host or "@" in parts.netloc or port not in (None, 443):
        return "is an https address without user name or port"
    if not url.isascii() or any(char <= " " or char in '"<>\\^`{|}' for char in url):
        return "holds characters that belong percent-encoded (%20 for a space)"
    if host not in hosts:
        return f"{host[:100]} is not among the hosts that links may lead to"
    return None


def is_machine(user_agent: str) -> bool:
    """Whether a programme, not a person, opens it by what it says of itself: mail scanners, messengers' previews."""
    return not user_agent or _MACHINES.search(user_agent) is not None


def qr_svg(url: str) -> bytes:
    """The address as a QR code for print: level M (15 % may be dirty), with its quiet zone."""
    return _qr(url, kind="svg", xmldecl=False, omitsize=True)


def qr_png(url: str, scale: int) -> bytes:
    """The same as a picture, `scale` pixels a module."""
    return _qr(url, kind="png", scale=scale)


def _qr(url: str, **how: Any) -> bytes:
    out = io.BytesIO()
    segno.make(url, error="m", micro=False).save(out, border=_QUIET_ZONE, dark=INK, light=PAPER, **how)
    return out.getvalue()
