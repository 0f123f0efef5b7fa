"""CPU time of processes, from /proc: what the server, the database and the load each took."""

import os
from pathlib import Path

_TICKS = os.sysconf("SC_CLK_TCK")


def of_process(pid: int) -> float:
    """CPU seconds of a process, its threads and the children that it has waited for."""
    fields = Path(f"/proc/{pid}/stat").read_text().rpartition(") ")[2].split()
    return sum(map(int, fields[11:15])) / _TICKS


def of_children(pid: int) -> float:
    """CPU seconds of a process and of its living children: a database server is its postmaster and those."""
    total = of_process(pid)
    for entry in Path("/proc").iterdir():
        try:
            if entry.name.isdigit() and _parent(entry) == pid:
                total += of_process(int(entry.name))
        except (FileNotFoundError, ProcessLookupError):
            continue  # it ended meanwhile; its time is the parent's now
    return total


def parent_of(pid: int) -> int:
    """The process that made this one: of a database's backend its postmaster."""
    return _parent(Path(f"/proc/{pid}"))


def _parent(entry: Path) -> int:
    return int((entry / "stat").read_text().rpartition(") ")[2].split()[1])


def memory_mb(pid: int) -> float:
    """Resident memory of a process in megabytes."""
    return int(Path(f"/proc/{pid}/statm").read_text().split()[1]) * os.sysconf("SC_PAGE_SIZE") / 1e6
