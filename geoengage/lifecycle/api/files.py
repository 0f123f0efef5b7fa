"""Numbers as CSV: RFC 4180 with a header, in UTF-8; what is not told is empty."""

import csv
import io
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from fastapi.responses import Response

_FORMULA = ("=", "+", "-", "@", "\t", "\r", "\n")
CSV: dict[int | str, dict[str, Any]] = {
    200: {"description": "The numbers.", "content": {"text/csv": {"schema": {"type": "string"}}}}
}


def as_csv(name: str, columns: Sequence[str], rows: Iterable[Mapping[str, Any]]) -> Response:
    """A file with one line a row; columns that a row has not are empty."""
    out = io.StringIO()
    writer = csv.DictWriter(out, columns, extrasaction="ignore")
    writer.writeheader()
    for row in rows:
        writer.writerow({key: _cell(value) for key, value in row.items()})
    headers = {"Content-Disposition": f'attachment; filename="{name}.csv"', "X-Content-Type-Options": "nosniff"}
    return Response(out.getvalue(), media_type="text/csv; charset=utf-8", headers=headers)


def _cell(value: Any) -> Any:
    """A text that a spreadsheet would compute gets an apostrophe first."""
    return f"'{value}" if isinstance(value, str) and value.startswith(_FORMULA) else value
