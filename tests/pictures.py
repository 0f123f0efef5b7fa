"""Small pictures to upload."""

from io import BytesIO
from typing import Any

from PIL import Image


def picture(width: int, height: int, kind: str = "PNG", *, mode: str = "RGB", color: Any = 0, **how: Any) -> bytes:
    """A picture of one colour; `how` goes to Pillow's save."""
    out = BytesIO()
    Image.new(mode, (width, height), color).save(out, kind, **how)
    return out.getvalue()
