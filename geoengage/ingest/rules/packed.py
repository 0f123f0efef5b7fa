"""Bodies that clients compress, unpacked up to a limit. Pure."""

import zlib

_GZIP_MAGIC = b"\x1f\x8b"
_GZIP = 16 + zlib.MAX_WBITS


class TooMuch(ValueError):
    """There is more in it than we read."""


class BadlyPacked(ValueError):
    """It says that it is compressed and is not, or it ends too early."""


def unpack(body: bytes, limit: int) -> bytes:
    """The body, unpacked if it is gzip, which its first bytes tell: headers of clients and proxies do not agree.

    Never makes more than `limit` bytes of it. Raises TooMuch or BadlyPacked.
    """
    if not body.startswith(_GZIP_MAGIC):
        return _within(body, limit)
    unpacked = b""
    while body:  # gzip files may follow one another
        stream = zlib.decompressobj(_GZIP)
        try:
            unpacked += stream.decompress(body, limit + 1 - len(unpacked))
        except zlib.error as error:
            raise BadlyPacked("the body is not what its compression says") from error
        _within(unpacked, limit)
        if not stream.eof:
            raise BadlyPacked("the compressed body ends too early")
        body = stream.unused_data
    return unpacked


def _within(body: bytes, limit: int) -> bytes:
    if len(body) > limit:
        raise TooMuch(f"more than {limit:,} bytes")
    return body
