"""`geoengage demo check` for a planted experiment: what its message does, beside what its proof finds."""

from collections.abc import Iterator

from geoengage.demo.client import Client, Json
from geoengage.demo.findings import NOT_TOLD, Finding
from geoengage.demo.planting.story import Story

WORDS = {
    "conversion": "buy within the window",
    "revenue": "revenue a person",
    "churn": "customers lost",
    "ltv": "lifetime value a person",
    "roi": "return on its cost",
}
_MONEY = ("revenue", "ltv")


def check(client: Client, story: Story, campaign_id: str) -> Iterator[Finding]:
    """Each outcome that was planted; it is found where its interval holds it."""
    proof = client.get(f"/v1/campaigns/{campaign_id}/proof")
    told = {each["outcome"]: each for each in proof["findings"]} | {"roi": proof["roi"] or {}}
    for outcome in story.outcomes:
        yield _finding(outcome, f"{story.short}: {WORDS[outcome]}", told.get(outcome, {}))


def _finding(outcome: str, words: str, told: Json) -> Finding:
    planted, low, high = (told.get(name) for name in ("planted", "low", "high"))
    if planted is None or low is None or high is None:
        return Finding(words, NOT_TOLD if planted is None else _text(outcome, planted), NOT_TOLD, None)
    found = f"{_text(outcome, told['value'])} ({_text(outcome, low)} to {_text(outcome, high)})"
    return Finding(words, _text(outcome, planted), found, low <= planted <= high)


def _text(outcome: str, value: float) -> str:
    if outcome in _MONEY:
        return f"{value / 100:+,.2f}"
    return f"{100 * value:+.0f} %" if outcome == "roi" else f"{100 * value:+.1f} of 100"
