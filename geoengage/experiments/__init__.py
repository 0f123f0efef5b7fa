"""Who belongs to which arm of a test, and what the arms tell: pure assignment and statistics."""
