"""Calibration and hold-out of a value model as pictures (SVG). Pure; the numbers are those of the API's JSON."""

from collections.abc import Iterable, Sequence
from datetime import date

from geoengage.metrics.rules.trials import Group, Times, Trial

WIDTH, HEIGHT = 640, 320
_LEFT, _RIGHT, _TOP, _BOTTOM = 64, 16, 40, 48
_ACTUAL, _MODEL, _TEXT, _GRID = "#1f5fa8", "#c2571a", "#30343b", "#d9dde3"
_TICKS = 4


def calibration(times: Sequence[Times]) -> str:
    """Customers by how often they bought again: counted, and by the model."""
    labels = [
        f"{t.least}+" if t.most is None else f"{t.least}" if t.most == t.least else f"{t.least}–{t.most}" for t in times
    ]
    return _bars(
        ("Customers by repeat purchase days", "repeat purchase days", "customers"),
        labels,
        [(float(t.actual), t.expected) for t in times],
    )


def by_times(groups: Sequence[Group]) -> str:
    """Mean purchase days of the hold-out by how often customers had bought again before it."""
    return _bars(
        ("Hold-out by purchases before", "repeat purchase days before the cut", "mean purchase days"),
        [_between(group) for group in groups],
        [(group.actual, group.expected) for group in groups],
    )


def _between(group: Group) -> str:
    least = round(group.least)
    if group.below is None:
        return f"{least}+"
    most = round(group.below) - 1
    return f"{least}" if most <= least else f"{least}–{most}"


def holdout(trial: Trial) -> str:
    """Repeat purchase days so far, week by week: counted and expected, before and after the cut."""
    weeks = trial.weeks
    first, last = weeks[0].day - 7, trial.through
    top = _round_up(max(max(w.actual, w.expected) for w in weeks))

    def x(day: int) -> float:
        return _LEFT + (day - first) / (last - first) * (WIDTH - _LEFT - _RIGHT)

    parts = [*_frame("Repeat purchase days, added up", "week", "purchase days", top)]
    cut = x(trial.cut)
    parts.append(
        f'<line x1="{cut:.1f}" x2="{cut:.1f}" y1="{_TOP}" y2="{HEIGHT - _BOTTOM}" stroke="{_TEXT}"'
        f' stroke-dasharray="4 3"/>{_text(cut - 4, _TOP + 12, "fitted", "end")}{_text(cut + 4, _TOP + 12, "hold-out")}'
    )
    for colour, values in ((_ACTUAL, [w.actual for w in weeks]), (_MODEL, [w.expected for w in weeks])):
        points = " ".join(f"{x(w.day):.1f},{_y(value, top):.1f}" for w, value in zip(weeks, values, strict=True))
        parts.append(f'<polyline points="{points}" fill="none" stroke="{colour}" stroke-width="2"/>')
    for day, anchor in ((weeks[0].day, "start"), (last, "end")):
        parts.append(_text(x(day), HEIGHT - _BOTTOM + 16, date.fromordinal(day).isoformat(), anchor))
    return _svg("Repeat purchase days, counted and expected", parts)


def _bars(words: tuple[str, str, str], labels: Sequence[str], pairs: Sequence[tuple[float, float]]) -> str:
    title, x_label, y_label = words
    top = _round_up(max(max(pair) for pair in pairs))
    parts = [*_frame(title, x_label, y_label, top)]
    step = (WIDTH - _LEFT - _RIGHT) / len(pairs)
    for number, (label, pair) in enumerate(zip(labels, pairs, strict=True)):
        left = _LEFT + step * number
        for place, (value, colour) in enumerate(zip(pair, (_ACTUAL, _MODEL), strict=True)):
            y = _y(value, top)
            parts.append(
                f'<rect x="{left + step * (0.12 + 0.38 * place):.1f}" y="{y:.1f}" width="{step * 0.36:.1f}"'
                f' height="{HEIGHT - _BOTTOM - y:.1f}" fill="{colour}"/>'
            )
        parts.append(_text(left + step / 2, HEIGHT - _BOTTOM + 16, label, "middle"))
    return _svg(title, parts)


def _frame(title: str, x_label: str, y_label: str, top: float) -> Iterable[str]:
    yield _text(_LEFT, 20, f"{title} ({y_label})", weight="600")
    for place, (name, colour) in enumerate((("counted", _ACTUAL), ("model", _MODEL))):
        x = WIDTH - _RIGHT - 150 + 80 * place
        yield f'<rect x="{x}" y="11" width="10" height="10" fill="{colour}"/>{_text(x + 15, 20, name)}'
    for tick in range(_TICKS + 1):
        value = top * tick / _TICKS
        y = _y(value, top)
        yield f'<line x1="{_LEFT}" x2="{WIDTH - _RIGHT}" y1="{y:.1f}" y2="{y:.1f}" stroke="{_GRID}"/>'
        yield _text(_LEFT - 6, y + 4, f"{value:,.6g}", "end")
    yield _text((WIDTH + _LEFT - _RIGHT) / 2, HEIGHT - 10, x_label, "middle")


def _y(value: float, top: float) -> float:
    return HEIGHT - _BOTTOM - value / top * (HEIGHT - _TOP - _BOTTOM)


def _round_up(value: float) -> float:
    """The least of 1, 1.2, 1.6, 2, 3, 4, 5, 6, 8 times a power of ten that is not smaller."""
    power = 1.0
    while power * 10 <= value:
        power *= 10
    while power > value > 0:
        power /= 10
    return next((step * power for step in (1, 1.2, 1.6, 2, 3, 4, 5, 6, 8) if step * power >= value), 10 * power)


def _text(x: float, y: float, words: str, anchor: str = "start", weight: str = "400") -> str:
    return (
        f'<text x="{x:.1f}" y="{y:.1f}" text-anchor="{anchor}" font-size="12" font-weight="{weight}"'
        f' fill="{_TEXT}">{words}</text>'
    )


def _svg(title: str, parts: Iterable[str]) -> str:
    return (
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {WIDTH} {HEIGHT}" role="img"'
        f' font-family="system-ui, sans-serif"><title>{title}</title>'
        f'<rect width="{WIDTH}" height="{HEIGHT}" fill="#ffffff"/>{"".join(parts)}</svg>'
    )
