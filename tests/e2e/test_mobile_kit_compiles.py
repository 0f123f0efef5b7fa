"""The Kotlin files of the mobile kit compile, without a warning.

Android's own classes come with its SDK only, so they compile against the signatures in tests/mobile/android; the
compiler is the one of JetBrains' npm package, which set-up installs in tests/generators, and needs a Java.
"""

import subprocess
from pathlib import Path

import pytest

from tests.conftest import ROOT

COMPILER = ROOT / "tests" / "generators" / "node_modules" / "kotlin-compiler"


@pytest.mark.slow
def test_kotlin_compiles(tmp_path: Path) -> None:
    stubs = sorted((ROOT / "tests" / "mobile" / "android").glob("*.kt"))
    kit = sorted((ROOT / "clients" / "android").glob("*.kt"))
    done = subprocess.run(
        [
            *("java", "-Xmx768m", "-cp", COMPILER / "lib" / "kotlin-compiler.jar"),
            *("org.jetbrains.kotlin.cli.jvm.K2JVMCompiler", "-kotlin-home", COMPILER, "-Werror", "-jvm-target", "1.8"),
            *("-d", tmp_path, *stubs, *kit),
        ],
        capture_output=True, text=True, check=False,
    )  # fmt: skip
    assert done.returncode == 0, done.stdout + done.stderr
    assert (tmp_path / "com" / "example" / "geoengage" / "GeoEngage.class").exists()
