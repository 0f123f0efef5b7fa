"""Many stores at once: set up from one list, what they spend, how they compare."""
