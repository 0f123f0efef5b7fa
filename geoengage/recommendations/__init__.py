"""What to show or offer to somebody next: essentials that are due, what is often bought together, and why."""
