"""The way through a journey's steps, where a branch has nothing on one side."""

import pytest

from geoengage.campaigns.rules import Bought, Branch, Say, Wait, moved_places
from geoengage.campaigns.rules.steps import Step, after

HELLO, BYE = Say("hello", "Hi", "Hello."), Say("bye", "Bye", "Come again.")
ASK = Branch("ask", Bought(), then=(HELLO,), otherwise=())
DAY = Wait("day", 86_400)


@pytest.mark.parametrize(
    ("steps", "ways"),
    [
        ((ASK, BYE), {"ask": BYE, "hello": BYE, "bye": None}),
        ((DAY, ASK), {"day": ASK, "ask": None, "hello": None}),
        ((Branch("ask", Bought(), then=(), otherwise=(HELLO, DAY)), BYE), {"hello": DAY, "day": BYE, "ask": BYE}),
    ],
)
def test_an_empty_side_leads_on(steps: tuple[Step, ...], ways: dict[str, Step | None]) -> None:
    assert {id_: after(steps, id_) for id_ in ways} == ways


def test_places_move_through_it() -> None:
    assert moved_places((DAY, ASK, BYE), (BYE,)) == {"day": "bye", "ask": "bye", "hello": "bye"}
