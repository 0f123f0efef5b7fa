"""Texts of messages: Liquid rendered strictly and within limits, then cut so that every channel takes them. Pure.

The language is Liquid without loops, includes, ranges and the clock: a text is a line for a lock screen, and what
cannot be written cannot run away. Whatever comes out is plain text, never HTML.
"""

import functools
import re
import unicodedata
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass

from liquid import BoundTemplate, Environment, Node, RenderContext, StrictDefaultUndefined
from liquid.builtin.expressions.primitive import RangeLiteral
from liquid.exceptions import LiquidError
from liquid.expression import Expression

# What the recommendations domain fills in: `{{ recommendations.due[0].name }}`, three of each kind.
RECOMMENDED_KINDS = ("due", "usual", "together", "popular")
RECOMMENDED_PLACES = 3
_RECOMMENDED = {f"recommendations.{kind}.{n}.name" for kind in RECOMMENDED_KINDS for n in range(RECOMMENDED_PLACES)}
_NAMES = frozenset({"first_name", "store.name", "zone.name", "mall.name", "campaign.name"})
_TRIGGER = "trigger.…"  # any value that came with the event which set a campaign off
_OF_TRIGGER = re.compile(r"^trigger\.[A-Za-z_]\w{0,99}$")
# Of the content item that a campaign speaks of; the content domain fills them in.
CONTENT_NAMES = ("title", "text", "terms", "place", "link", "starts", "ends")
NO_CONTENT: Mapping[str, str] = dict.fromkeys(CONTENT_NAMES, "")
VARIABLES = _NAMES | _RECOMMENDED | {_TRIGGER} | {f"content.{name}" for name in CONTENT_NAMES}
Recommended = Mapping[str, Sequence[Mapping[str, str | None]]]  # kind → three places with a `name`, None: there is none
NOTHING_RECOMMENDED: Recommended = {kind: ({"name": None},) * RECOMMENDED_PLACES for kind in RECOMMENDED_KINDS}
TITLE_MAX = 120
BODY_MAX = 1000
# FCM takes 4,096 bytes for everything; ids, a deep link and the longest title leave this much for the body.
_TITLE_BYTES = 480
_BODY_BYTES = 2600
_SOURCE_MAX = 4000
_MARKUP_MAX = 100  # tags and outputs; the lexer's time grows with their square when they are not closed
_VALUE_MAX = 10_000
_NUMBER_MAX = 10**15
_TAGS = {"content", "output", "illegal", "if", "unless", "case", "assign", "comment", "echo", "#"}
_FILTERS = {
    "abs", "append", "at_least", "at_most", "capitalize", "ceil", "default", "divided_by", "downcase", "first", "floor",
    "join", "last", "lstrip", "minus", "modulo", "plus", "prepend", "remove", "remove_first", "replace",
    "replace_first", "round", "rstrip", "size", "slice", "split", "squish", "strip", "strip_newlines", "times",
    "truncate", "truncatewords", "upcase", "url_encode",
}  # fmt: skip


class TextError(ValueError):
    """A text that cannot be rendered. `line` counts from 1, `column` from 1; `part` is `title` or `body` once known."""

    def __init__(self, detail: str, line: int = 1, column: int = 1, part: str | None = None) -> None:
        super().__init__(f"{detail} (line {line}, column {column})")
        self.detail = detail
        self.line = line
        self.column = column
        self.part = part


class _FilterRefused(LiquidError):
    """A filter made more than any text needs, or stumbled."""


class _Environment(Environment):
    local_namespace_limit = 100_000
    output_stream_limit = 20_000


def _limited(name: str, apply: Callable[..., object]) -> Callable[..., object]:
    """The same filter, refusing what would grow without bound when filters are chained."""

    @functools.wraps(apply)
    def filter_(*args: object, **kwargs: object) -> object:
        try:
            value = apply(*args, **kwargs)
        except (ArithmeticError, ValueError) as error:
            raise _FilterRefused(f"{name} cannot work with this value", token=None) from error
        if isinstance(value, str | list | tuple) and len(value) > _VALUE_MAX:
            raise _FilterRefused(f"{name} makes more than {_VALUE_MAX} characters", token=None)
        if isinstance(value, int | float) and abs(value) > _NUMBER_MAX:
            raise _FilterRefused(f"{name} makes a number above {_NUMBER_MAX}", token=None)
        return value

    return filter_


def _environment() -> _Environment:
    made = _Environment(undefined=StrictDefaultUndefined, strict_filters=True, autoescape=False)
    made.tags = {name: tag for name, tag in made.tags.items() if name in _TAGS}
    made.filters = {name: _limited(name, apply) for name, apply in made.filters.items() if name in _FILTERS}
    return made


_liquid = _environment()


def _place(source: str, index: int) -> tuple[int, int]:
    """Line and column, both from 1, of an index; the end of the text when the index is unknown (negative)."""
    before = source if index < 0 else source[:index]
    return before.count("\n") + 1, len(before) - (before.rfind("\n") + 1) + 1


def _text_error(source: str, error: LiquidError) -> TextError:
    detail = str(error.message)
    return TextError(detail, *_place(source, -1 if error.token is None else error.token.start_index))


@functools.lru_cache(maxsize=512)
def _template(source: str) -> BoundTemplate:
    if len(source) > _SOURCE_MAX:
        raise TextError(f"the text is longer than {_SOURCE_MAX} characters", *_place(source, _SOURCE_MAX))
    if source.count("{{") + source.count("{%") > _MARKUP_MAX:
        raise TextError(f"the text has more than {_MARKUP_MAX} tags")
    try:
        template = _liquid.from_string(source)
        context = RenderContext(template)
        for expression in (e for node in template.nodes for e in _expressions(node, context)):
            if isinstance(expression, RangeLiteral):
                raise TextError("ranges are not available here", *_place(source, expression.token.start_index))
    except LiquidError as error:
        raise _text_error(source, error) from error
    except RecursionError as error:
        raise TextError("the text is nested too deeply") from error
    return template


def _expressions(node: Node, context: RenderContext) -> Iterator[Expression]:
    waiting = list(node.expressions())
    while waiting:
        expression = waiting.pop()
        yield expression
        waiting.extend(expression.children())
    for child in node.children(context):
        yield from _expressions(child, context)


def check_template(source: str, variables: frozenset[str] = VARIABLES) -> None:
    """Raise TextError for bad syntax, unknown variables and filters, also in branches that no sample takes."""
    found = _template(source).analyze(include_partials=False)
    for name, places in found.filters.items():
        if name not in _FILTERS:
            raise TextError(f"there is no filter {name[:60]}", *_place(source, places[0].index))
    for uses in found.globals.values():
        for use in uses:
            path = ".".join(str(segment) for segment in use.segments)
            if path not in variables and not (_TRIGGER in variables and _OF_TRIGGER.match(path)):
                known = ", ".join(sorted(variables - _RECOMMENDED))
                more = ", recommendations.due[0].name" if variables >= _RECOMMENDED else ""
                raise TextError(
                    f"there is no variable {path[:60]}; there are {known}{more}", *_place(source, use.span.index)
                )


def render(source: str, variables: Mapping[str, object]) -> str:
    """Render one text. `variables` are nested as in `{"first_name": None, "store": {"name": "Toys"}}`; None is empty.

    Raises TextError with the place for bad syntax, unknown variables and filters, and texts that grow beyond limits.
    """
    try:
        return _template(source).render(**variables)
    except LiquidError as error:
        raise _text_error(source, error) from error


@dataclass(frozen=True, slots=True)
class Text:
    """A rendered message; `warnings` say in plain words what was cut."""

    title: str
    body: str
    warnings: tuple[str, ...] = ()


def render_message(title: str, body: str, variables: Mapping[str, object]) -> Text:
    """Render and cut title and body. Raises TextError, whose `part` names which of the two is wrong."""
    done: dict[str, str] = {}
    warnings: list[str] = []
    limits = {"title": (title, TITLE_MAX, _TITLE_BYTES), "body": (body, BODY_MAX, _BODY_BYTES)}
    for part, (source, most, most_bytes) in limits.items():
        try:
            full = clean(render(source, variables), one_line=part == "title")
        except TextError as error:
            raise TextError(error.detail, error.line, error.column, part) from error
        done[part] = cut(full, most, most_bytes)
        if not full:
            warnings.append(f"the {part} is empty")
        elif done[part] != full:
            warnings.append(f"the {part} has {len(full)} characters and was cut to {len(done[part])}")
    return Text(done["title"], done["body"], tuple(warnings))


def clean(text: str, *, one_line: bool = False) -> str:
    """Without control characters and lone surrogates (no database or phone takes them) and blanks at the ends."""
    kept = "".join(c for c in text if c in "\n\t" or unicodedata.category(c) not in ("Cc", "Cs"))
    return " ".join(kept.split()) if one_line else kept.strip()


def cut(text: str, most: int, most_bytes: int) -> str:
    """At most `most` characters and `most_bytes` bytes of UTF-8, ending in … when cut.

    Cuts at a blank when one is near, and never inside what is read as one character (accents, emoji sequences).
    """
    if len(text) <= most and len(text.encode()) <= most_bytes:
        return text
    room = len(text.encode()[: most_bytes - 3].decode(errors="ignore"))  # "…" takes three bytes
    end = min(most - 1, room)
    blank = text.rfind(" ", max(1, end - 20), end + 1)
    if blank > 0:
        end = blank
    while end > 0 and _belongs_together(text[end - 1], text[end]):
        end -= 1
    return text[:end].rstrip() + "…"


def _belongs_together(left: str, right: str) -> bool:
    """Whether no cut may fall between: combining marks, joiners, skin tones, flags (UAX #29, the part that matters)."""
    joiner = "\u200d"
    return (
        unicodedata.category(right) in ("Mn", "Mc", "Me")
        or joiner in (left, right)
        or "\U0001f3fb" <= right <= "\U0001f3ff"
        or ("\U0001f1e6" <= left <= "\U0001f1ff" and "\U0001f1e6" <= right <= "\U0001f1ff")
    )
