"""Malls, levels, units, stores, zones: what is where."""
