"""Recipes that many stores take from one master: tried on a few, rolled out to all, taken back with one call."""
