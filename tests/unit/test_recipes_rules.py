"""Recipes without a database: what each makes is what the APIs take, what it costs, what it says in which language."""

from dataclasses import replace
from typing import Any
from uuid import UUID

import pytest
from pydantic import ValidationError

from geoengage.campaigns.rules import check_texts, messages_of
from geoengage.campaigns.shapes.campaigns import CampaignIn
from geoengage.messaging.rules.text import render_message
from geoengage.messaging.rules.values import Shopping, Values
from geoengage.offers.rules.labels import LABELS
from geoengage.offers.shapes.offers import OfferIn
from geoengage.proof.rules.inputs import Price
from geoengage.recipes.rules import (
    MENDS,
    OFFER,
    RECIPES,
    SEGMENT,
    TEXTS,
    Obstacle,
    Offered,
    RecipeKey,
    RecipeSettings,
    Shop,
    after_holdout,
    block,
    expected_minor,
    filled,
    incentives_minor,
    messages_minor,
    plan_of,
    text_of,
)
from geoengage.segments.rules import flaws, read_definition

SHOP = Shop("Corner {{ shop }}", "en", "CHF", 4000)
STORE = UUID(int=7)
KEYS = [key for key in RecipeKey if key is not RecipeKey.MALL_ZONES]


@pytest.mark.parametrize("store_id", [None, STORE])
@pytest.mark.parametrize("key", KEYS)
def test_what_a_recipe_makes_is_taken_as_it_stands(key: RecipeKey, store_id: UUID | None) -> None:
    settings: dict[str, Any] = RECIPES[key].defaults | ({} if store_id is None else {"store_id": str(store_id)})
    settings |= {name: ["Kids > Toys", 'The "rest"}}'] for name in RECIPES[key].needs}
    plan = plan_of(key, settings, SHOP)
    campaign = CampaignIn.model_validate(filled(plan.campaign, {SEGMENT: str(STORE), OFFER: str(STORE)})).content()
    assert campaign.store_id == store_id
    if plan.offer is not None:
        offer = OfferIn.model_validate(plan.offer).written()
        assert offer.store_id == store_id
        assert offer.terms.conditions.with_code
    assert (plan.offer is None) is (key is RecipeKey.ESSENTIALS)
    for step in messages_of(campaign.course):
        assert check_texts(step.title, step.body) == {}
    assert campaign.definition.exits.purchase
    assert len(messages_of(campaign.course)) == plan.messages
    if plan.segment is not None:
        assert flaws(read_definition(plan.segment["definition"]), store_id) == []


def test_the_ladder_begins_without_an_offer() -> None:
    plan = plan_of(RecipeKey.WIN_BACK, RECIPES[RecipeKey.WIN_BACK].defaults, SHOP)
    says = [step for step in plan.campaign["steps"] if step["kind"] == "message"]
    assert [step.get("offer_id") for step in says] == [None, OFFER]
    assert plan.offer is not None
    assert plan.offer["tiers"] == {"marked": 10, "severe": 15, "gone": 20}
    assert plan.campaign["reentry"] == {"kind": "after", "days": 183}


@pytest.mark.parametrize("language", [*TEXTS, "fr"])
@pytest.mark.parametrize("name", TEXTS["en"])
def test_texts_are_liquid_in_every_language_and_english_where_there_is_none(name: str, language: str) -> None:
    title, body = text_of(name, language, "Corner {{ shop }}", ["Food > Fresh"])
    assert check_texts(title, body) == {}
    assert not any(word in title + body for word in ("BRAND", "SHOP", "CATEGORY", "PRODUCTS"))
    assert ("{{ shop" in title + body) is False, "a brand's name is no Liquid"
    if language == "fr":
        assert (title, body) == text_of(name, "en", "Corner {{ shop }}", ["Food > Fresh"])


def test_offers_have_labels_in_the_same_languages() -> None:
    assert set(TEXTS) == set(LABELS)
    assert all(set(texts) == set(TEXTS["en"]) for texts in TEXTS.values())
    plan = plan_of(RecipeKey.SECOND_ITEM, RECIPES[RecipeKey.SECOND_ITEM].defaults, replace(SHOP, language="lv"))
    (said,) = [step for step in plan.campaign["steps"] if step["kind"] == "message"]
    assert set(said["texts"]) == set(TEXTS)
    assert (said["title"], said["body"]) == tuple(said["texts"]["lv"].values()), "who reads none reads the tenant's"


def test_swiss_german_reads_german() -> None:
    assert text_of("win-back.reminder", "de-CH", "x")[0].startswith("Wir haben")


@pytest.mark.parametrize(
    "bought, shop, said",
    [
        (
            {"toys": "Puzzles", "toys > puzzles": "Puzzles"}, "Ada Mall",
            "Something new in Puzzles is there to try out together. You find it at Ada Mall, with time to look round.",
        ),
        (
            {"books": "Comics"}, None,
            "Something new in Toys is there to try out together. You find it at Kids 'R' us, with time to look round.",
        ),
    ],
)  # fmt: skip
def test_an_idea_names_the_last_category_and_the_shop(bought: dict[str, str], shop: str | None, said: str) -> None:
    title, body = text_of("parents-viber.idea", "en", 'Kids "R" us', ["Toys", "Baby"])
    values = Values(shopping=Shopping(bought=bought, usual_store=shop)).as_variables()
    assert render_message(title, body, values).body == said


PRICES = [Price("email", "", 120, "CHF"), Price("fcm", "CH", 5, "CHF")]


def test_messages_cost_what_somebody_said_and_never_nothing() -> None:
    both = {"push": 1000, "email": 500}
    assert messages_minor(both, 2, PRICES, "CHF") == 120
    assert messages_minor(both, 2, [], "CHF") is None
    assert messages_minor({"push": 1000, "email": 0}, 2, [], "CHF") == 0
    assert messages_minor({"email": 500}, 2, PRICES, "EUR") is None
    phones = [Price("viber", "RS", 3000, "RSD"), Price("sms", "", 9000, "RSD")]
    assert messages_minor({"viber": 1000, "sms": 100}, 1, phones, "RSD", "RS") == 3000 + 900
    assert messages_minor({"viber": 1000, "sms": 100}, 1, phones, "RSD", "SA") is None, "nobody said what Viber costs"


def test_offers_cost_at_most_the_budget() -> None:
    offered = [Offered(10, 10, 1.0), Offered(10, 20, 0.5)]
    assert incentives_minor(offered, 4000, None, None) == 10 * 400 + 10 * 400
    assert incentives_minor(offered, 4000, 300, None) == 20 * 300
    assert incentives_minor(offered, 4000, 300, 5000) == 5000
    assert incentives_minor(offered, None, 300, None) == 20 * 300
    assert incentives_minor(offered, None, None, None) is None


def test_what_is_expected_needs_fifty_decided_coupons() -> None:
    assert expected_minor(8000, 4, 49) is None
    assert expected_minor(8000, 5, 50) == 800
    assert expected_minor(None, 5, 50) is None


def test_holdouts_are_two_lots() -> None:
    assert after_holdout(1000, 10, 5) == 855
    assert after_holdout(1000, 0, 0) == 1000


def test_every_obstacle_has_words_and_a_page() -> None:
    assert set(MENDS) == set(Obstacle)
    for obstacle, mend in MENDS.items():
        assert mend.text.endswith((".", "?")), obstacle
        assert mend.link.startswith("/")
    assert block(Obstacle.NO_WAY, 12).text.startswith("12 more")
    assert block(Obstacle.NO_WAY).text.startswith("some more")


@pytest.mark.parametrize(
    "wrong",
    [
        {"budget_minor": 1000},
        {"hours_start": "09:00", "hours_end": "09:00"},
        {"discount_percent": 81},
        {"nonsense": 1},
        {"age_from": 17},
        {"age_from": 40, "age_to": 30},
    ],
)
def test_settings_that_make_no_sense(wrong: dict[str, Any]) -> None:
    with pytest.raises(ValidationError):
        RecipeSettings.model_validate(wrong)


def test_a_budget_with_what_one_use_costs_is_fine() -> None:
    assert RecipeSettings(budget_minor=1000, max_discount_minor=100).given() == {
        "budget_minor": 1000,
        "max_discount_minor": 100,
    }
