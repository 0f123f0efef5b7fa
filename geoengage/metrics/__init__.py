"""What is computed about people from all that is known: for now, traits such as their usual store and hour."""
