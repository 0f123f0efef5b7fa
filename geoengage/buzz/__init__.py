"""Telling operators' phones by web push that customers have written. See docs/replies.md."""
