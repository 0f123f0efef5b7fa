"""A phone in hand: the shopper page, pairing, "Connect a phone" with its listener on the LAN."""
