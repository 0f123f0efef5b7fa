"""Texts of messages: Liquid rendered strictly and within limits, then cut so that every channel takes them. Pure.

The language is Liquid without loops, includes, ranges and the clock: a text is a line for a lock screen, and what
cannot be written cannot run away. Whatever comes out is plain text, never HTML.
"""

import functools
import unicodedata
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass

from liquid import (
    BoundTemplate,
    Environment,
    FalsyStrictUndefined,
    Node,
    RenderContext,
    StrictDefaultUndefined,
    Undefined,
)
from liquid.builtin.expressions.primitive import RangeLiteral
from liquid.exceptions import LiquidError, UndefinedError
from liquid.expression import Expression

from geoengage.messaging.rules.ways import EmailContent

# What the recommendations domain fills in: `{{ recommendations.due[0].name }}`, three of each kind.
RECOMMENDED_KINDS = ("due", "usual", "together", "popular")
RECOMMENDED_PLACES = 3
_RECOMMENDED = {f"recommendations.{kind}.{n}.name" for kind in RECOMMENDED_KINDS for n in range(RECOMMENDED_PLACES)}
TRAITS = "profile.*"  # any trait of the person: `{{ profile.favourite_team | default: "your team" }}`
TRIGGER = "trigger.*"  # any value that came with the event which set a campaign off
# By category the one within it that the person bought last: `{{ bought["toys"] | default: "toys" }}`.
BOUGHT = "bought.*"
OFFER_VARIABLES = frozenset({"offer.code", "offer.label"})  # not for transactional and service texts
_NAMES = frozenset({
    "first_name", "store.name", "zone.name", "mall.name", "campaign.name", "nearest_store.name",
    "nearest_store.distance_m", "usual_store.name", TRAITS, TRIGGER, BOUGHT,
})  # fmt: skip
_OPEN = {TRAITS: "profile", TRIGGER: "trigger", BOUGHT: "bought"}  # whose members have any names
# Of the content item that a campaign speaks of; the content domain fills them in.
CONTENT_NAMES = ("title", "text", "terms", "place", "link", "starts", "ends")
NO_CONTENT: Mapping[str, str] = dict.fromkeys(CONTENT_NAMES, "")
VARIABLES = _NAMES | OFFER_VARIABLES | _RECOMMENDED | {f"content.{name}" for name in CONTENT_NAMES}
Recommended = Mapping[str, Sequence[Mapping[str, str | None]]]  # kind → three places with a `name`, None: there is none
NOTHING_RECOMMENDED: Recommended = {kind: ({"name": None},) * RECOMMENDED_PLACES for kind in RECOMMENDED_KINDS}
TITLE_MAX = 120
BODY_MAX = 1000
# FCM takes 4,096 bytes for everything; ids, a deep link and the longest title leave this much for the body.
_TITLE_BYTES = 480
_BODY_BYTES = 2600
_SOURCE_MAX = 4000
EMAIL_MAX = 20_000  # characters of an e-mail's text
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


class Blank(TextError):
    """A text that would show a hole: a variable without a value and without `default`, or nothing at all."""


class _Missing(FalsyStrictUndefined):
    """What has no value, in strict mode: it may be asked for and replaced by `default`, and not be shown."""

    force_liquid_default = True


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


def _environment(undefined: type[Undefined]) -> _Environment:
    made = _Environment(undefined=undefined, strict_filters=True, autoescape=False)
    made.tags = {name: tag for name, tag in made.tags.items() if name in _TAGS}
    made.filters = {name: _limited(name, apply) for name, apply in made.filters.items() if name in _FILTERS}
    return made


_liquid = _environment(StrictDefaultUndefined)
_strict = _environment(_Missing)


def _place(source: str, index: int) -> tuple[int, int]:
    """Line and column, both from 1, of an index; the end of the text when the index is unknown (negative)."""
    before = source if index < 0 else source[:index]
    return before.count("\n") + 1, len(before) - (before.rfind("\n") + 1) + 1


def _text_error(source: str, error: LiquidError) -> TextError:
    detail = str(error.message)
    return TextError(detail, *_place(source, -1 if error.token is None else error.token.start_index))


@functools.lru_cache(maxsize=512)
def _template(source: str, most: int = _SOURCE_MAX, *, strict: bool = False) -> BoundTemplate:
    if len(source) > most:
        raise TextError(f"the text is longer than {most} characters", *_place(source, most))
    if source.count("{{") + source.count("{%") > _MARKUP_MAX:
        raise TextError(f"the text has more than {_MARKUP_MAX} tags")
    try:
        template = (_strict if strict else _liquid).from_string(source)
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


def check_template(source: str, variables: frozenset[str] = VARIABLES, most: int = _SOURCE_MAX) -> None:
    """Raise TextError for bad syntax, unknown variables and filters, also in branches that no sample takes."""
    found = _template(source, most).analyze(include_partials=False)
    for name, places in found.filters.items():
        if name not in _FILTERS:
            raise TextError(f"there is no filter {name[:60]}", *_place(source, places[0].index))
    for uses in found.globals.values():
        for use in uses:
            path = ".".join(str(segment) for segment in use.segments)
            is_open = len(use.segments) == 2 and use.segments[0] in {_OPEN[v] for v in variables & _OPEN.keys()}
            if path not in variables and not is_open:
                known = ", ".join(sorted(variables - _RECOMMENDED))
                more = ", recommendations.due[0].name" if variables >= _RECOMMENDED else ""
                raise TextError(
                    f"there is no variable {path[:60]}; there are {known}{more}", *_place(source, use.span.index)
                )


def render(source: str, variables: Mapping[str, object], *, strict: bool = False, most: int = _SOURCE_MAX) -> str:
    """Render one text. `variables` are nested as in `{"first_name": None, "store": {"name": "Toys"}}`; None is empty.

    Raises TextError with the place for bad syntax, unknown variables and filters, and texts that grow beyond limits;
    `strict`: Blank for one that would show an empty variable.
    """
    try:
        if strict:
            return _template(source, most, strict=True).render(**_filled(variables))
        return _template(source, most).render(**variables)
    except UndefinedError as error:
        wrong = _text_error(source, error)
        raise (Blank if strict else TextError)(wrong.detail, wrong.line, wrong.column) from error
    except LiquidError as error:
        raise _text_error(source, error) from error


def _filled(variables: Mapping[str, object]) -> dict[str, object]:
    """Without what is empty, so that it counts as missing."""
    return {name: _known(value) for name, value in variables.items() if value is not None and value != ""}


def _known(value: object) -> object:
    if isinstance(value, Mapping):
        return _filled(value)
    return [_known(one) for one in value] if isinstance(value, list | tuple) else value


@dataclass(frozen=True, slots=True)
class Text:
    """A rendered message; `warnings` say in plain words what was cut."""

    title: str
    body: str
    warnings: tuple[str, ...] = ()


def render_message(title: str, body: str, variables: Mapping[str, object], *, strict: bool = False) -> Text:
    """Render and cut title and body. Raises TextError, whose `part` names which of the two is wrong.

    `strict`: Blank when a variable without a value would be shown, or one of the two is empty.
    """
    done: dict[str, str] = {}
    warnings: list[str] = []
    limits = {"title": (title, TITLE_MAX, _TITLE_BYTES), "body": (body, BODY_MAX, _BODY_BYTES)}
    for part, (source, most, most_bytes) in limits.items():
        try:
            full = clean(render(source, variables, strict=strict), one_line=part == "title")
        except TextError as error:
            raise type(error)(error.detail, error.line, error.column, part) from error
        if strict and not full:
            raise Blank(f"the {part} is empty", part=part)
        done[part] = cut(full, most, most_bytes)
        if not full:
            warnings.append(f"the {part} is empty")
        elif done[part] != full:
            warnings.append(f"the {part} has {len(full)} characters and was cut to {len(done[part])}")
    return Text(done["title"], done["body"], tuple(warnings))


def render_email(email: EmailContent, variables: Mapping[str, object], *, strict: bool = False) -> EmailContent:
    """Render what an e-mail says beyond the message; its table comes as it is. TextError and Blank as above."""
    done: dict[str, str | None] = {}
    for part, most in (("subject", TITLE_MAX), ("preheader", TITLE_MAX), ("text", EMAIL_MAX), ("button", TITLE_MAX)):
        source = getattr(email, part)
        try:
            full = None if source is None else render(source, variables, strict=strict, most=EMAIL_MAX)
        except TextError as error:
            raise type(error)(error.detail, error.line, error.column, part) from error
        done[part] = None if full is None else cut(clean(full, one_line=part != "text"), most, 4 * most)
    return EmailContent(**done, rows=email.rows)


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
