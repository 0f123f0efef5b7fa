"""Pings in; what the engine believes of a device and a zone; enter, dwell, exit, visits."""
