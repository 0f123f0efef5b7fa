"""The experiments of the demo's chains, one module each: who its people are and what the message does to them. Pure."""
