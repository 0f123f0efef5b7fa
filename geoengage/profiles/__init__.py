"""People and their devices: identity, consent, traits."""
