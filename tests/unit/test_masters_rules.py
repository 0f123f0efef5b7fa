"""Which version of a master each store is to run, and what it says there."""

from uuid import UUID, uuid4

import pytest
from hypothesis import given
from hypothesis import strategies as st

from geoengage.masters.rules import (
    PER_STORE,
    MasterText,
    Standing,
    chosen,
    own_of,
    settings_for,
    unknown_messages,
    with_texts,
)
from geoengage.recipes.rules import RECIPES, RecipeKey, RecipeSettings, Shop, messages_in, plan_of

SHOP = Shop("Corner shop", "en", "CHF", 2000)
MASTER = UUID(int=7)


def test_a_trial_ends_and_a_roll_out_goes_back() -> None:
    first = Standing().rolled_out(1, 100)
    assert first == Standing(everyone=1)
    trial = first.rolled_out(2, 5)
    assert trial == Standing(everyone=1, trial=2, percent=5)
    assert trial.rolled_out(2, 25) == Standing(everyone=1, trial=2, percent=25)
    assert trial.taken_back() == first
    everywhere = trial.rolled_out(2, 100)
    assert everywhere == Standing(everyone=2, before=1)
    assert everywhere.rolled_out(2, 100) == everywhere, "the same again forgets nothing"
    assert everywhere.taken_back() == Standing(everyone=1)


moves = st.lists(st.tuples(st.integers(1, 5), st.sampled_from([1, 5, 50, 100])), max_size=12)


@given(moves, st.integers(1, 5), st.integers(1, 99))
def test_whatever_was_tried_is_undone_by_one_step_back(
    course: list[tuple[int, int]], version: int, percent: int
) -> None:
    standing = Standing()
    for move in course:
        standing = standing.rolled_out(*move)
    tried = standing.rolled_out(version, percent)
    assert tried.newest == version
    assert tried.taken_back().everyone == standing.everyone
    everywhere = standing.rolled_out(version, 100)
    assert everywhere.newest == version
    if standing.everyone not in (None, version):
        assert everywhere.taken_back().everyone == standing.everyone


@given(st.sets(st.uuids(), min_size=1, max_size=60), st.integers(1, 100), st.integers(1, 100), st.integers(1, 9))
def test_a_share_of_the_stores_is_at_least_one_and_grows(stores: set[UUID], some: int, more: int, version: int) -> None:
    few, many = sorted((some, more))
    small, large = (chosen(MASTER, version, stores, percent) for percent in (few, many))
    assert 1 <= len(small) <= max(1, -(-len(stores) * few // 100))
    assert small <= large <= stores
    assert chosen(MASTER, version, sorted(stores), few) == small, "in whatever order they are listed"
    assert chosen(MASTER, version, stores, 100) == stores


def test_other_versions_are_tried_by_other_stores() -> None:
    stores = [uuid4() for _ in range(200)]
    assert len({chosen(MASTER, version, stores, 5) for version in range(1, 9)}) == 8


@pytest.mark.parametrize("key", [key for key in RecipeKey if key is not RecipeKey.MALL_ZONES])
def test_words_of_a_master_stand_in_every_recipe(key: RecipeKey) -> None:
    """Wherever the recipe has its messages; all others stay as they are."""
    settings = RECIPES[key].defaults | {"store_id": str(uuid4()), "categories": ["Toys"], "day_part": "lunch"}
    plain = plan_of(key, settings, SHOP).campaign
    messages = list(messages_in(plain["steps"]))
    last = messages[-1]["id"]
    texts = [
        MasterText(message=last, language="en", title="Here", body="Come in"),
        MasterText(message=last, language="lv", title="Šeit", body="Nāc iekšā"),
    ]
    said = {each["id"]: each for each in messages_in(with_texts(plain, texts, "en")["steps"])}
    assert (said[last]["title"], said[last]["body"]) == ("Here", "Come in")
    assert said[last]["texts"]["lv"] == {"title": "Šeit", "body": "Nāc iekšā"}
    assert said[last]["texts"]["de"] == messages[-1]["texts"]["de"]
    assert [said[each["id"]] for each in messages[:-1]] == messages[:-1]
    assert unknown_messages(plain, [*texts, MasterText(message="other", language="en", title="a", body="b")]) == [2]


def test_a_store_sets_what_its_recipe_takes() -> None:
    assert own_of(RecipeKey.ESSENTIALS) == tuple(n for n in PER_STORE if n in RECIPES[RecipeKey.ESSENTIALS].takes)
    assert "discount_percent" in own_of(RecipeKey.WIN_BACK)
    assert "days_between" not in own_of(RecipeKey.WIN_BACK), "timing is the master's"


def test_own_values_come_before_the_masters() -> None:
    said = settings_for({"discount_percent": 10, "days_between": 3}, {"discount_percent": 15})
    assert said == {"discount_percent": 15, "days_between": 3}
    alone = settings_for({}, {"budget_minor": 5000})
    assert RecipeSettings.model_validate(alone).given() == {}, "a budget needs to know what one use may cost"
