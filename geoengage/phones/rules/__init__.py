"""What phones need, decided without a database. Pure."""
