"""Which bytes are a picture: by content, decoded whole, without notes, without programs."""

import struct
import zlib
from io import BytesIO

import pytest
from PIL import Image

from geoengage.kit import errors
from geoengage.venues.rules import BadPicture, read_picture
from tests.pictures import picture


@pytest.mark.parametrize("kind, media_type", [("PNG", "image/png"), ("JPEG", "image/jpeg"), ("WEBP", "image/webp")])
def test_a_picture_is_kept_byte_for_byte(kind: str, media_type: str) -> None:
    data = picture(30, 20, kind)
    read = read_picture(data)
    assert (read.media_type, read.width_px, read.height_px, read.data) == (media_type, 30, 20, data)


def header_of(width: int, height: int) -> bytes:
    """A PNG that says it is so large and holds next to nothing."""

    def chunk(kind: bytes, body: bytes) -> bytes:
        return struct.pack(">I", len(body)) + kind + body + struct.pack(">I", zlib.crc32(kind + body))

    about = struct.pack(">IIBBBBB", width, height, 8, 2, 0, 0, 0)
    return b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", about) + chunk(b"IDAT", zlib.compress(bytes(99))) + chunk(b"IEND", b"")


def animated(kind: str) -> bytes:
    out = BytesIO()
    frames = [Image.new("RGB", (8, 8), color) for color in ("red", "blue")]
    frames[0].save(out, kind, save_all=True, append_images=frames[1:], duration=100)
    return out.getvalue()


@pytest.mark.parametrize(
    "data, words",
    [
        (b"", "neither PNG nor JPEG nor WebP"),
        (b"GIF89a" + bytes(50), "neither PNG nor JPEG nor WebP"),
        (picture(9, 9, "GIF"), "neither PNG nor JPEG nor WebP"),
        (picture(9, 9, "TIFF"), "neither PNG nor JPEG nor WebP"),
        (b'<?xml version="1.0"?>\n<!-- plan -->\n<SVG xmlns="http://www.w3.org/2000/svg"></SVG>', "export it as PNG"),
        (b"%PDF-1.7\n", "neither PNG"),
        (picture(300, 300, color="red")[:150], "damaged"),
        (picture(300, 300, "JPEG", color="red")[:-900], "damaged"),
        (picture(8193, 1), "8,192 pixels a side; this one has 8,193 × 1"),
        (header_of(10_000, 10_000), "8,192 pixels"),
        (header_of(40_000, 40_000), "8,192 pixels"),
        (header_of(300, 300), "damaged"),
        (animated("PNG"), "animated"),
        (animated("WEBP"), "animated"),
    ],
)
def test_what_is_refused(data: bytes, words: str) -> None:
    with pytest.raises(BadPicture, match=words):
        read_picture(data)


def test_a_file_that_is_too_large() -> None:
    with pytest.raises(errors.TooLarge, match="10 MB"):
        read_picture(bytes(10_000_001))


@pytest.mark.parametrize("kind", ["PNG", "JPEG", "WEBP"])
def test_notes_of_the_camera_go_and_the_picture_stands_upright(kind: str) -> None:
    notes = Image.Exif()
    notes[0x0112] = 6  # turn it by 90° to see it
    notes[0x013B] = "Somebody"
    notes.get_ifd(0x8825)[1] = "N"
    read = read_picture(picture(30, 20, kind, color="red", exif=notes))
    assert (read.width_px, read.height_px) == (20, 30)
    again = Image.open(BytesIO(read.data))
    assert again.size == (20, 30)
    assert again.convert("RGB").getpixel((5, 5))[0] > 200
    assert not again.getexif()
    assert b"Somebody" not in read.data
    assert read_picture(read.data).data == read.data


def test_xmp_goes_too() -> None:
    read = read_picture(picture(30, 20, "JPEG", xmp=b"<x:xmpmeta>Somebody</x:xmpmeta>"))
    assert b"Somebody" not in read.data


@pytest.mark.parametrize("mode", ["1", "L", "P", "RGBA", "LA"])
def test_all_kinds_of_png(mode: str) -> None:
    assert read_picture(picture(9, 9, mode=mode)).width_px == 9
    notes = Image.Exif()
    notes[0x013B] = "Somebody"
    assert Image.open(BytesIO(read_picture(picture(9, 9, mode=mode, exif=notes)).data)).mode == mode
