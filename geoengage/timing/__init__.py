"""When to write to somebody: the hour of the week that is theirs, the tenant's day parts, hours and quiet hours."""
