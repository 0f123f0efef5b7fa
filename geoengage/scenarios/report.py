"""Results as text for people: one line a file, and below one that failed what was expected and what was."""

from collections import Counter
from collections.abc import Iterator, Sequence

from rich.text import Text

from geoengage.scenarios.compare import Line, Verdict, stamp
from geoengage.scenarios.runner import Result

STYLES = {Verdict.SAME: "dim", Verdict.MISSING: "red", Verdict.SURPLUS: "yellow", Verdict.DIFFERS: "magenta"}
LEGEND = "= as expected   - missing   + not expected   ~ different"


def lines(result: Result, *, verbose: bool) -> Iterator[Text]:
    """What to print of a file."""
    word, style = _word(result)
    scenario = result.file.scenario
    yield Text.assemble((f"{word:5}", style), f" {result.file.name}", (f"  {scenario.title}", "dim"))
    if result.skipped or result.error:
        yield Text(f"      {result.skipped or result.error}")
    if result.comparison is None or not (verbose or result.failed):
        return
    if result.failed:
        yield Text(f"      guards {scenario.guards.value}: {scenario.guards.says}")
        yield Text(f"      {LEGEND}", "dim")
    for name, part in result.comparison.parts.items():
        if part:
            yield Text(f"      {name}")
        yield from (_line(line) for line in part)


def _word(result: Result) -> tuple[str, str]:
    if result.skipped:
        return "skip", "yellow"
    if result.error:
        return "ERROR", "bold red"
    return ("FAIL", "bold red") if result.failed else ("ok", "green")


def _line(line: Line) -> Text:
    style = STYLES[line.verdict]
    text = Text(f"      {line.verdict.value} {stamp(line.at_s):>9}  {line.what}", style)
    return text.append(f": {line.detail}" if line.detail else "")


def summary(results: Sequence[Result], seconds: float) -> Text:
    """The last line."""
    counts = Counter(_word(result)[0] for result in results)
    told = [f"{counts[word]} {name}" for word, name in NAMES.items() if counts[word]]
    bad = counts["FAIL"] + counts["ERROR"]
    return Text(f"{len(results)} scenarios in {seconds:.1f} s: {', '.join(told)}", "bold red" if bad else "green")


NAMES = {"ok": "hold", "FAIL": "fail", "ERROR": "could not be played", "skip": "skipped"}
