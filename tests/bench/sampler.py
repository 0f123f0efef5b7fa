"""Where the CPU time of a running server goes: a sampling profiler by step of the ping path, cheap enough to leave on.

Every millisecond of CPU time the kernel sends SIGPROF; the handler looks at the main thread's stack and counts the
innermost frame whose function belongs to a step. Time inside C (Shapely, msgspec, libpq) counts for the Python function
that called it.
"""

import signal
from collections import Counter
from types import CodeType, FrameType

EVERY_S = 0.001
# (end of the file's name, function or "" for all of the file) → step; the first that fits the innermost frame wins.
STEPS = (
    ("presence/api/pings.py", "_ping_sender", "credential"),
    ("tenancy/auth.py", "", "credential"),
    ("presence/api/pings.py", "", "decode"),
    ("presence/service/columns.py", "sort_out", "sort in"),
    ("presence/service/columns.py", "", "decide"),
    ("presence/edges.py", "", "match"),
    ("kit/pgarrays.py", "", "statements"),
    ("kit/trips.py", "", "statements"),
    ("presence/index.py", "", "match"),
    ("kit/geo.py", "", "match"),
    ("presence/rules/", "", "decide"),
    ("presence/service/matching.py", "", "decide"),
    ("presence/store/", "", "statements"),
    ("presence/service/indexes.py", "", "index"),
    ("presence/service/outcome.py", "", "statements"),
    ("presence/service/", "", "sort in"),
    ("kit/events.py", "", "statements"),
    ("kit/db.py", "", "transaction"),
    ("sqlalchemy/", "", "transaction"),
    ("psycopg", "", "statements"),
    ("presence/writer.py", "", "group"),
    ("uvicorn/", "", "http"),
    ("starlette/", "", "http"),
    ("fastapi/", "", "http"),
    ("kit/middleware.py", "", "http"),
    ("kit/doors.py", "", "http"),
)


class Sampler:
    """Counts samples by step and by function of the product. Start it in the main thread."""

    def __init__(self) -> None:
        self.steps: Counter[str] = Counter()
        self.functions: Counter[str] = Counter()
        self._known: dict[CodeType, str] = {}

    def start(self) -> None:
        """Begin to count."""
        signal.signal(signal.SIGPROF, self._sample)
        signal.setitimer(signal.ITIMER_PROF, EVERY_S, EVERY_S)

    def take(self) -> dict[str, dict[str, int]]:
        """The counts since the last call."""
        taken = {"steps": dict(self.steps), "functions": dict(self.functions)}
        self.steps.clear()
        self.functions.clear()
        return taken

    def _sample(self, _signal: int, frame: FrameType | None) -> None:
        if frame is not None:
            self.functions[
                f"{frame.f_code.co_filename.rpartition('site-packages/')[2]}:{frame.f_code.co_qualname}"
            ] += 1
        while frame is not None:
            step = self._step(frame.f_code)
            if step:
                self.steps[step] += 1
                return
            frame = frame.f_back
        self.steps["event loop"] += 1

    def _step(self, code: CodeType) -> str:
        step = self._known.get(code)
        if step is None:
            fits = (s for f, name, s in STEPS if f in code.co_filename and name in ("", code.co_name))
            step = self._known[code] = next(fits, "")
        return step
