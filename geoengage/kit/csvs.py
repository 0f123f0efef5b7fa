"""What leaves as CSV: no cell that a spreadsheet program takes for a formula, and a mark that it is UTF-8. Pure."""

import csv
import io
import re
from collections.abc import Iterable, Sequence

MARK = "\ufeff"  # at the start of a file, for Excel
_NUMBER = re.compile(r"-?[0-9]+([.,][0-9]+)?")
_DANGEROUS = ("=", "+", "-", "@", "\t", "\r", "\n", "＝", "＋", "－", "＠")  # OWASP, CSV injection


def harmless(text: str) -> str:
    """A cell that no spreadsheet program takes for a formula."""
    if text.lstrip(" ").startswith(_DANGEROUS) and not _NUMBER.fullmatch(text):
        return f"'{text}"
    return text


def lines(rows: Iterable[Sequence[object]]) -> str:
    """Rows as CSV. Texts are made harmless; None is an empty cell."""
    out = io.StringIO()
    csv.writer(out).writerows(
        [harmless(cell) if isinstance(cell, str) else "" if cell is None else cell for cell in row] for row in rows
    )
    return out.getvalue()
