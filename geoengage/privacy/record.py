"""The record of processing (GDPR art. 30): what each table holds about people, how long, what an erasure does to it.

Made of the schema and the erasure map, so that it cannot fall behind them; docs/privacy.md holds it, a test compares.
"""

import geoengage.privacy.store  # noqa: F401 - every model that the map speaks of
from geoengage.kit.db import Base
from geoengage.privacy.retention import ELSEWHERE, KINDS
from geoengage.privacy.rules import ERASURE_MAP, Table, Way

BEGIN, END = "<!-- record: begin -->", "<!-- record: end -->"
_KEYS = {"tenant_id"}


def kept_for(table: str, entry: Table) -> str:
    """For how long rows of a table are kept, in words."""
    for name, kind in KINDS.items():
        if table in (aged.name for aged in kind.tables):
            return f"{kind.usual} days ({name}: {kind.least} to {kind.most}); afterwards {kind.left}"
    if table in ELSEWHERE:
        return ELSEWHERE[table]
    return entry.kept


def _on_erasure(entry: Table) -> str:
    if entry.way is Way.ERASE:
        return "deleted"
    emptied = ", ".join(f"`{name}`" for name in entry.strip)
    return f"anonymised: {emptied} emptied"


def write() -> str:
    """The record as Markdown, in the order of the tables' names."""
    about = sorted((n, e) for n, e in ERASURE_MAP.items() if e.way is not Way.NONE)
    nobody = sorted((n, e) for n, e in ERASURE_MAP.items() if e.way is Way.NONE)
    lines = [
        BEGIN,
        "",
        "| table | what it holds about a person | columns | kept | on erasure |",
        "|---|---|---|---|---|",
    ]
    for name, entry in about:
        columns = ", ".join(c.name for c in Base.metadata.tables[name].columns if c.name not in _KEYS)
        lines.append(f"| `{name}` | {entry.what} | {columns} | {kept_for(name, entry)} | {_on_erasure(entry)} |")
    lines += ["", "Nothing about shoppers is in:", "", "| table | why |", "|---|---|"]
    lines += [f"| `{name}` | {entry.why} |" for name, entry in nobody]
    return "\n".join([*lines, "", END])
