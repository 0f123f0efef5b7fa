"""Use cases of a marketplace. Each domain's own service does its part; nothing of theirs is written here."""
