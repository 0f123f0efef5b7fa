"""Is it a picture that we show? Read by its content, never by its name or header, and decoded whole. Pure.

SVG is refused: it is a program as much as a picture, and would run with the console's rights when opened by itself.

A picture is kept as it came, byte for byte: encoding again would blur a JPEG and take seconds. Only one that carries
notes of a camera or an editor (EXIF, XMP: place, owner, "turn me by 90°") is turned upright and encoded again without.
"""

from dataclasses import dataclass
from io import BytesIO

from PIL import Image, ImageOps, UnidentifiedImageError

from geoengage.kit import errors

MAX_BYTES = 10_000_000
MAX_SIDE_PX = 8_192
MEDIA_TYPES = {"PNG": "image/png", "JPEG": "image/jpeg", "WEBP": "image/webp"}
_BROKEN = (
    OSError,
    ValueError,
    SyntaxError,
    EOFError,
    IndexError,
    TypeError,
    MemoryError,
)  # what Pillow's readers raise


class BadPicture(errors.Invalid):
    """What came is no picture, or none that we show."""

    code = "bad-picture"
    title = "The picture cannot be used"


@dataclass(frozen=True, slots=True)
class Picture:
    """A picture that every browser shows, with its size."""

    media_type: str
    width_px: int
    height_px: int
    data: bytes


def read_picture(data: bytes) -> Picture:
    """The picture in those bytes; raises BadPicture, or TooLarge."""
    if len(data) > MAX_BYTES:
        raise errors.TooLarge(f"a picture has at most {MAX_BYTES // 1_000_000} MB; this one has {len(data) / 1e6:.1f}")
    if b"<svg" in data[:4_096].lower():
        raise BadPicture("SVG is a program as much as a picture and is not taken; export it as PNG first")
    try:
        with Image.open(BytesIO(data), formats=list(MEDIA_TYPES)) as image:
            return _checked(image, data)
    except (Image.DecompressionBombError, Image.DecompressionBombWarning) as error:
        raise _too_many_pixels() from error
    except UnidentifiedImageError as error:
        raise BadPicture("neither PNG nor JPEG nor WebP; export the plan as one of these") from error
    except _BROKEN as error:
        raise BadPicture(f"the picture is damaged: {error}") from error


def _checked(image: Image.Image, data: bytes) -> Picture:
    if max(image.size) > MAX_SIDE_PX:  # known from the header: nothing is unpacked yet
        raise _too_many_pixels(image.size)
    kind = (
        "JPEG" if image.format == "MPO" else str(image.format)
    )  # a JPEG with further ones behind it: the first counts
    if kind != "JPEG" and getattr(image, "is_animated", False):
        raise BadPicture("an animated picture is no floor plan; save one frame of it")
    image.load()
    if image.getexif() or "xmp" in image.info:
        image, data = _without_notes(image, kind)
    return Picture(MEDIA_TYPES[kind], image.width, image.height, data)


def _without_notes(image: Image.Image, kind: str) -> tuple[Image.Image, bytes]:
    upright, out = ImageOps.exif_transpose(image), BytesIO()
    upright.info = {name: value for name, value in upright.info.items() if name == "transparency"}
    upright.save(out, kind, quality=92, icc_profile=image.info.get("icc_profile"))
    return upright, out.getvalue()


def _too_many_pixels(size: tuple[int, int] | None = None) -> BadPicture:
    this = f"; this one has {size[0]:,} × {size[1]:,}" if size else ""
    return BadPicture(f"a picture has at most {MAX_SIDE_PX:,} pixels a side{this}: save it smaller")
