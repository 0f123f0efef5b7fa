"""Child processes of the demo: each in its own group with its own log, restarted when it dies, gone when we are.

The kernel kills a child when its supervisor dies, however that happens; Ctrl-C reaches only the supervisor, which
then stops the children itself.
"""

import contextlib
import ctypes
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path

PR_SET_PDEATHSIG = 1
LOG_KEEP_BYTES = 10_000_000
FIRST_PAUSE_S = 1.0
LONGEST_PAUSE_S = 30.0
SETTLED_S = 60.0  # a child that lived this long starts again with the first pause
_libc = ctypes.CDLL(None)


def _die_with_parent() -> None:
    _libc.prctl(PR_SET_PDEATHSIG, signal.SIGKILL)


class Child:
    """One process; unless a test says otherwise, `python -m geoengage …`. `once`: it has an end of its own."""

    def __init__(
        self,
        name: str,
        arguments: Sequence[str],
        env: Mapping[str, str],
        logs: Path,
        *,
        program: Sequence[str] = (sys.executable, "-m", "geoengage"),
        once: bool = False,
    ) -> None:
        self.name = name
        self.log = logs / f"{name.lower()}.log"
        self._command = [*program, *arguments]
        self._env = env
        self._process: subprocess.Popen[bytes] | None = None
        self._started = 0.0
        self._pause_s = FIRST_PAUSE_S
        self._restart_at: float | None = None
        self._once, self._is_through = once, False

    def start(self) -> None:
        """Start it; to be called from the main thread, whose end the kernel takes for ours."""
        self.log.parent.mkdir(parents=True, exist_ok=True)
        with contextlib.suppress(FileNotFoundError):
            if self.log.stat().st_size > LOG_KEEP_BYTES:
                self.log.replace(self.log.with_suffix(".log.1"))
        with self.log.open("a") as log:
            self._process = subprocess.Popen(  # noqa: S603 - our own program
                self._command,
                env={**os.environ, **self._env},
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=log,
                start_new_session=True,
                preexec_fn=_die_with_parent,
            )
        self._started, self._restart_at = time.monotonic(), None

    @property
    def pid(self) -> int | None:
        """Its process id, None before the first start."""
        return self._process.pid if self._process else None

    def ended(self) -> int | None:
        """The exit code once it has ended, None while it runs."""
        return self._process.poll() if self._process else None

    def watch(self, say: Callable[[str], None]) -> None:
        """Start it again when it has died, after a pause that doubles; pass on the last word of one that is through."""
        code, now = self.ended(), time.monotonic()
        if code is None or self._is_through:
            return
        if self._once and code == 0:
            self._is_through = True
            say(f"  {self.tail(1).removeprefix('  | ')}")
            return
        if self._restart_at is None:
            settled = now - self._started > SETTLED_S
            self._pause_s = FIRST_PAUSE_S if settled else min(self._pause_s * 2, LONGEST_PAUSE_S)
            self._restart_at = now + self._pause_s
            how = f"was killed by signal {-code}" if code < 0 else f"ended with code {code}"
            say(f"{self.name} {how}; starting it again in {self._pause_s:.0f} s (see {self.log})")
        elif now >= self._restart_at:
            self.start()

    def tail(self, lines: int = 20) -> str:
        """The end of its log, for a message."""
        text = self.log.read_text(errors="replace") if self.log.exists() else ""
        return "\n".join("  | " + line for line in text.splitlines()[-lines:])

    def _signal(self, number: signal.Signals) -> None:
        if self._process:
            with contextlib.suppress(ProcessLookupError):
                os.killpg(self._process.pid, number)

    @staticmethod
    def stop_all(children: Sequence["Child"], patience_s: float) -> None:
        """Ask all to stop, wait, and kill what is left of their groups."""
        for child in children:
            child._signal(signal.SIGTERM)
        deadline = time.monotonic() + patience_s
        while any(child._process and child.ended() is None for child in children) and time.monotonic() < deadline:
            time.sleep(0.02)
        for child in children:
            child._signal(signal.SIGKILL)
            if child._process:
                child._process.wait()
