"""The end of a coupon's code, as somebody reads it out. Pure."""

from geoengage.offers.rules import read_code

ENDING = 4  # signs
_FILL = "0" * 9  # with it, an ending is as long as a code


def read_ending(text: str) -> str | None:
    """The last four signs of a code as codes are kept: look-alikes and small letters do. None: it is none."""
    whole = read_code(_FILL + text)
    return None if whole is None else whole[-ENDING:]
