"""HTTP of phones: the shopper page."""
