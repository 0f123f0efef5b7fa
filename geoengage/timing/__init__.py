"""When somebody is likely to look: hours of the week of a person, day parts, weekends, opening hours."""
