"""Puts the web pages, migrations and the demo mall into the wheel; editable installs need none of it."""

from pathlib import Path
from typing import Any

from hatchling.builders.hooks.plugin.interface import BuildHookInterface


class WheelData(BuildHookInterface[Any]):
    """Adds files from outside the package folder when a real wheel is built."""

    def initialize(self, version: str, build_data: dict[str, Any]) -> None:
        if version == "editable":
            return
        console = Path(self.root) / "web" / "dist"
        pages = ("index.html", "shopper/index.html", "till/index.html", "shop/index.html")
        if not all((console / page).exists() for page in pages):
            raise RuntimeError("console and pages are not built: `npm ci && npm run build` in web/ first")
        build_data["force_include"] |= {
            str(console): "geoengage/_web",
            str(Path(self.root) / "migrations"): "geoengage/_migrations",
            str(Path(self.root) / "zones" / "demo_mall"): "geoengage/_zones/demo_mall",
        }
