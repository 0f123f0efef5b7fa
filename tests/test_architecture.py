"""The import contracts, and the house rules that import-linter cannot say; a failure prints file:line and the rule."""

import ast
import re
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

from pydantic import BaseModel

from geoengage.kit.settings import Settings

ROOT = Path(__file__).resolve().parents[1] / "geoengage"
MAX_FILE_LINES = 500
LONGER_FOR_A_REASON: dict[str, str] = {}  # "campaigns/rules.py": "one table of 40 node types"
Function = ast.FunctionDef | ast.AsyncFunctionDef


def method_calls(tree: ast.AST, *names: str) -> Iterator[tuple[ast.Call, ast.expr]]:
    """Calls of `something.name(…)`, with the something."""
    for node in ast.walk(tree):
        if isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute) and node.func.attr in names:
            yield node, node.func.value


def raw_sql(node: ast.AST) -> Iterator[tuple[int, str]]:
    """Each text that starts like a statement, with its line; what is added or formatted into it counts with it."""
    if isinstance(node, ast.Constant | ast.JoinedStr | ast.BinOp):
        texts = [n for n in ast.walk(node) if isinstance(n, ast.Constant) and isinstance(n.value, str)]
        whole = " ".join(n.value for n in sorted(texts, key=lambda n: (n.lineno, n.col_offset)))
        if re.match(r"\s*(SELECT|INSERT|UPDATE|DELETE|MERGE|WITH)\b", whole):
            yield node.lineno, whole
            return
    for child in ast.iter_child_nodes(node):
        yield from raw_sql(child)


def is_cross_tenant(node: ast.AST) -> bool:
    return isinstance(node, Function) and "cross-tenant" in (ast.get_docstring(node) or "")


def transactions_and_clock(rel: str, tree: ast.Module) -> Iterator[str]:
    if rel != "kit/db.py":
        for call, _ in method_calls(tree, "commit", "rollback"):
            yield f"{rel}:{call.lineno}: transactions end in kit/db.py only"
    if rel != "kit/clock.py":
        for call, owner in method_calls(tree, "now", "utcnow", "today"):
            if isinstance(owner, ast.Name) and owner.id in ("datetime", "date"):
                yield f"{rel}:{call.lineno}: take `now` as an argument"


def is_store(rel: str) -> bool:
    """`store.py`, or a module of a package `store`."""
    return rel.endswith("/store.py") or "/store/" in rel


def tenant_wall(rel: str, tree: ast.Module) -> Iterator[str]:
    if not is_store(rel):
        return
    for node in tree.body:
        if isinstance(node, Function) and not node.name.startswith("_") and not is_cross_tenant(node):
            names = {arg.arg for arg in (*node.args.args, *node.args.kwonlyargs)}
            if "tenant_id" not in names:
                yield f"{rel}:{node.lineno}: {node.name} reads without tenant_id"
        if not is_cross_tenant(node):
            for line, sql in raw_sql(node):
                if re.search(r"\b(FROM|INTO|UPDATE)\b", sql) and ":tenant_id" not in sql:
                    yield f"{rel}:{line}: raw SQL must bind :tenant_id"


def violations() -> Iterator[str]:
    for path in sorted(ROOT.rglob("*.py")):
        rel, source = path.relative_to(ROOT).as_posix(), path.read_text()
        tree = ast.parse(source)
        if source.count("\n") > MAX_FILE_LINES and rel not in LONGER_FOR_A_REASON:
            yield f"{rel}: longer than {MAX_FILE_LINES} lines"
        if ast.get_docstring(tree) is None:
            yield f"{rel}: a module says what lives in it"
        yield from transactions_and_clock(rel, tree)
        yield from tenant_wall(rel, tree)


def test_house_rules() -> None:
    assert not (found := list(violations())), "\n".join(found)


def test_the_rules_find_what_they_forbid() -> None:
    bad = ast.parse(
        "async def list_all(session):\n    await session.commit()\n    datetime.now()\n"
        "    return text(f'SELECT {1} FROM ping')\n"
        "async def sweep(session):\n    'Deletes old rows (cross-tenant: retention).'\n    text('DELETE FROM ping')\n"
    )
    found = [*transactions_and_clock("venues/store.py", bad), *tenant_wall("venues/store.py", bad)]
    assert [line.partition(" ")[0] for line in found] == [
        "venues/store.py:2:",
        "venues/store.py:3:",
        "venues/store.py:1:",
        "venues/store.py:4:",
    ]
    assert not list(tenant_wall("venues/api.py", bad))


def test_import_contracts() -> None:
    command = [str(Path(sys.executable).with_name("lint-imports")), "--no-cache"]
    done = subprocess.run(command, cwd=ROOT.parent, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout + done.stderr


def test_the_life_of_a_ping_names_real_lines() -> None:
    """ARCHITECTURE.md points at `file.py:line name`; each is where it says. The failure prints the right line."""
    text, wrong = (ROOT.parent / "ARCHITECTURE.md").read_text(), []
    references = re.findall(r"`(geoengage/[\w/]+\.py):(\d+) (\w+)`", text)
    assert len(references) > 20
    for path, line, name in references:
        source = (ROOT.parent / path).read_text().splitlines()
        found = [n for n, s in enumerate(source, 1) if re.match(rf"\s*(async def|def|class) {name}\b", s)]
        if int(line) not in found:
            wrong.append(f"{path}:{line} {name} is at {found}")
    assert not wrong, "\n".join(wrong)


def test_every_setting_is_documented() -> None:
    text = (ROOT.parent / "docs" / "operations.md").read_text()
    missing = [name for name in setting_names() if f"`{name}`" not in text]
    assert not missing, missing


def setting_names() -> Iterator[str]:
    """The environment variables that `Settings` reads."""
    for name, info in Settings.model_fields.items():
        if isinstance(info.annotation, type) and issubclass(info.annotation, BaseModel):
            yield from (f"GEOENGAGE_{name}__{part}".upper() for part in info.annotation.model_fields)
        else:
            yield f"GEOENGAGE_{name}".upper()
