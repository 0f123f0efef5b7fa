"""The pure half of recipes: which there are, what each makes, what it costs, what stands in its way, what it says."""

from geoengage.recipes.rules.blocking import MENDS, Block, Obstacle, block
from geoengage.recipes.rules.catalogue import RECIPES, Parameter, ParameterKind, Recipe, RecipeKey
from geoengage.recipes.rules.costs import Offered, after_holdout, expected_minor, incentives_minor, messages_minor
from geoengage.recipes.rules.plans import (
    BIRTH_TRAITS,
    OFFER,
    SEGMENT,
    Json,
    Plan,
    Shop,
    Size,
    filled,
    messages_in,
    plan_of,
    worded,
)
from geoengage.recipes.rules.settings import RecipeSettings
from geoengage.recipes.rules.texts import TEXTS, text_of

__all__ = [
    "BIRTH_TRAITS", "MENDS", "OFFER", "RECIPES", "SEGMENT", "TEXTS", "Block", "Json", "Obstacle", "Offered",
    "Parameter", "ParameterKind", "Plan", "Recipe", "RecipeKey", "RecipeSettings", "Shop", "Size", "after_holdout",
    "block", "expected_minor", "filled", "incentives_minor", "messages_in", "messages_minor", "plan_of", "text_of",
    "worded",
]  # fmt: skip
