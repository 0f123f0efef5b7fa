"""What happens right now: server-sent events and live positions."""
