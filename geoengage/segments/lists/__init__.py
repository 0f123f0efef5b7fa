"""Static lists of people: who was put on one stays on it, whatever they do."""
