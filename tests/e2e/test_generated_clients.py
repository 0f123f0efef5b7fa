"""Clients generated from our OpenAPI run README's flow: a Python one and a TypeScript one, made anew for each test.

The generators lie in tests/generators, apart from our own dependencies (openapi-python-client wants an older Typer than
the product has). Nothing that they make is kept.
"""

import asyncio
import json
import os
import shutil
from pathlib import Path

import pytest
from fastapi import FastAPI

from geoengage.kit.openapi import operations
from tests.conftest import ROOT
from tests.e2e.calls import Server
from tests.e2e.stack import Stack, running
from tests.factories import World

GENERATORS = ROOT / "tests" / "generators"
LON, LAT = 8.5405, 47.3785
RING = [(LON + x, LAT + y) for x, y in ((-0.0005, -0.0005), (0.0005, -0.0005), (0.0005, 0.0005), (-0.0005, 0.0005))]


@pytest.fixture
def openapi(app: FastAPI, tmp_path: Path) -> Path:
    path = tmp_path / "openapi.json"
    path.write_text(json.dumps(app.openapi()))
    return path


async def run(*command: str | Path, cwd: Path, env: dict[str, str] | None = None) -> str:
    """The output of a program, which must succeed."""
    process = await asyncio.create_subprocess_exec(
        *map(str, command), cwd=cwd, env=os.environ | (env or {}), stdin=asyncio.subprocess.DEVNULL,
        stdout=asyncio.subprocess.PIPE, stderr=asyncio.subprocess.STDOUT,
    )  # fmt: skip
    output = (await process.communicate())[0].decode()
    assert process.returncode == 0, f"{command}\n{output}"
    return output


async def in_the_demo(stack: Stack, world: World, *flow: str | Path, cwd: Path) -> None:
    """Run a flow against the product with a zone and a campaign; its last line is the message that came."""
    async with running(stack, "serve", "worker") as http:
        server = Server(http, stack, world)
        zone = await server.add_zone("Front", [*RING, RING[0]])
        await server.add_campaign("Hello", zone_ids=[zone])
        said = await run(*flow, stack.url, world.pk, str(LON), str(LAT), cwd=cwd)
    assert said.splitlines()[-1] == "Hello you, this is Front"


@pytest.mark.slow
async def test_a_generated_python_client(stack: Stack, world: World, openapi: Path, tmp_path: Path) -> None:
    tools = GENERATORS / ".venv" / "bin"
    made = await run(
        tools / "openapi-python-client", "generate", "--path", openapi, "--meta", "none", "--output-path",
        tmp_path / "geoengage_client", "--config", GENERATORS / "python.yaml", cwd=tmp_path,
        env={"PATH": f"{tools}:{os.environ['PATH']}"},
    )  # fmt: skip
    assert "WARNING" not in made.upper(), made
    shutil.copy(GENERATORS / "flow.py", tmp_path)
    await in_the_demo(stack, world, tools / "python", "flow.py", cwd=tmp_path)


@pytest.mark.slow
async def test_a_generated_typescript_client(stack: Stack, world: World, openapi: Path, tmp_path: Path) -> None:
    (tmp_path / "node_modules").symlink_to(GENERATORS / "node_modules")
    (tmp_path / "package.json").write_text('{"type": "module"}')
    shutil.copy(GENERATORS / "flow.ts", tmp_path)
    tools = GENERATORS / "node_modules" / ".bin"
    await run(tools / "openapi-typescript", openapi, "--default-non-nullable=false", "--output", "api.ts", cwd=tmp_path)
    strict = ("--strict", "--noUncheckedIndexedAccess", "--skipLibCheck", "--target", "es2022", "--module", "nodenext")
    await run(tools / "tsc", *strict, "--lib", "es2022,dom,dom.iterable", "flow.ts", cwd=tmp_path)
    await in_the_demo(stack, world, "node", "flow.js", cwd=tmp_path)


def test_names_that_generators_can_use(app: FastAPI) -> None:
    """Functions and classes of generated clients are named by these; a change of one is a change of the API."""
    document = app.openapi()
    names = [operation["operationId"] for _, _, operation in operations(document)]
    assert len(names) == len(set(names))
    assert all(name.isidentifier() and "v1" not in name for name in names), names
    assert [name for name in document["components"]["schemas"] if not name.isalnum()] == []
