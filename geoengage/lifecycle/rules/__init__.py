"""What is decided about how a business fares, one file a subject. Pure."""
