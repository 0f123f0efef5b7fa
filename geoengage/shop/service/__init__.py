"""Today at a shop, and an offer in three taps."""
