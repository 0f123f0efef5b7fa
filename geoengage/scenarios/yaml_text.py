"""Strict YAML for scenario files: the core schema of YAML 1.2, and for each value the line that it stands on.

PyYAML alone reads YAML 1.1, in which `10:30` is a number in base 60, `no` is false and a key given twice silently wins.
Here `10:30` and `no` are texts, a key given twice is an error, and dates stay texts.
"""

import re
from collections.abc import Hashable
from dataclasses import dataclass, field
from typing import Any

import yaml

Path = tuple[str | int, ...]


class Unreadable(Exception):
    """The text is no such YAML. `line` counts from 1."""

    def __init__(self, line: int, detail: str) -> None:
        super().__init__(detail)
        self.line = line


@dataclass(slots=True)
class Document:
    """What a file says, and where: `lines` has the line of each value by its path."""

    value: Any
    lines: dict[Path, int] = field(default_factory=dict)

    def line_of(self, path: Path) -> int:
        """The line of a value; of one that is missing, the line of what it belongs to."""
        while path and path not in self.lines:
            path = path[:-1]
        return self.lines.get(path, 1)


class _Loader(yaml.SafeLoader):  # type: ignore[misc] # PyYAML has no types
    """Resolves plain scalars as YAML 1.2 core does."""


_Loader.yaml_implicit_resolvers = {}
for tag, pattern, first in (
    ("null", r"~|null|Null|NULL|", [*"~nN", ""]),
    ("bool", r"true|True|TRUE|false|False|FALSE", [*"tTfF"]),
    ("int", r"[-+]?(0|[1-9][0-9]*)", [*"-+0123456789"]),
    ("float", r"[-+]?(\.[0-9]+|[0-9]+(\.[0-9]*)?)([eE][-+]?[0-9]+)?", [*"-+.0123456789"]),
):
    _Loader.add_implicit_resolver(f"tag:yaml.org,2002:{tag}", re.compile(f"^(?:{pattern})$"), first)


def read_text(text: str) -> Document:
    """The one document of a file. Raises Unreadable with the line."""
    document = Document(None)
    try:
        loader = _Loader(text)
        node = loader.get_single_node()
        document.value = None if node is None else _value(loader, node, (), document.lines)
    except yaml.MarkedYAMLError as error:
        mark = error.problem_mark or error.context_mark
        raise Unreadable(1 if mark is None else mark.line + 1, error.problem or str(error)) from error
    except yaml.reader.ReaderError as error:
        raise Unreadable(text.count("\n", 0, error.position) + 1, error.reason) from error
    except RecursionError as error:
        raise Unreadable(1, "nested too deeply, or an alias inside of what it stands for") from error
    return document


def _value(loader: _Loader, node: yaml.Node, path: Path, lines: dict[Path, int]) -> Any:
    lines[path] = node.start_mark.line + 1
    if isinstance(node, yaml.SequenceNode):
        return [_value(loader, child, (*path, n), lines) for n, child in enumerate(node.value)]
    if not isinstance(node, yaml.MappingNode):
        return _scalar(loader, node)
    result: dict[Any, Any] = {}
    for key_node, child in node.value:
        key, line = _scalar(loader, key_node), key_node.start_mark.line + 1
        if not isinstance(key, str):
            raise Unreadable(line, f"a name is a text, {key!r} is none: put it in quotes")
        if key in result:
            raise Unreadable(line, f"`{key}` is given twice")
        result[key] = _value(loader, child, (*path, key), lines)
        lines[*path, key] = line
    return result


def _scalar(loader: _Loader, node: yaml.Node) -> Hashable:
    try:
        value: Hashable = loader.construct_object(node)
    except yaml.constructor.ConstructorError as error:
        raise Unreadable(node.start_mark.line + 1, error.problem or str(error)) from error
    return value
