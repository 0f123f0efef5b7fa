"""Who belongs together: the conditions of segments, who is in them, and since when."""
