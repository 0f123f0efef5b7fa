"""Technical helpers. Knows no domain and imports nothing of ours but itself."""
