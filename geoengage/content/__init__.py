"""Content items (promotion, event, new arrival, notice) that every channel shows by reference, feeds and short links."""
