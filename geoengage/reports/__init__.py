"""Reads everything, writes nothing: explain, campaign reports."""
