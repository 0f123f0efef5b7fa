"""Recipes as they are previewed, switched on and stopped."""
