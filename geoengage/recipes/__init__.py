"""Recipes: campaigns that somebody who runs a shop switches on, with what they need made for them."""
