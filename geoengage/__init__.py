"""geoengage: location-aware retail engagement. Start reading in `wiring.py`, then `presence/`."""
