"""Scenario files (floor plan, walk, noise, edits → expected events) and their runner: an outside client, HTTP only."""
