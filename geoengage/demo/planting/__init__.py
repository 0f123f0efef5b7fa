"""Puts an experiment of the past into a demo's chain: what its message does is known, so proofs are held against it."""
