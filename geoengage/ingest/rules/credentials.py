"""Where each client can put a device token. Pure."""

import base64
import binascii


def basic_password(authorization: str) -> str:
    """The password of HTTP Basic; empty for anything else.

    Overland's OwnTracks mode sends `Basic <token>:` without base64, which is taken as the token too.
    """
    scheme, _, credential = authorization.partition(" ")
    if scheme.lower() != "basic":
        return ""
    try:
        decoded = base64.b64decode(credential.strip(), validate=True).decode()
    except (binascii.Error, UnicodeDecodeError, ValueError):
        return credential.strip().rstrip(":")
    return decoded.partition(":")[2]
