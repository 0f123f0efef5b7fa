"""Content items: what is on (promotion, event, new arrival, notice), written once and shown everywhere by reference."""
