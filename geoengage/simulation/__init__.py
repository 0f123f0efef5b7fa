"""What the simulated phones of a demo are told (how noisy they are), and what their simulator reports back.

The simulator knows where its shoppers truly are, so it can count what plain point-in-polygon would have pushed to them
and what the engine recorded. Only tenants of made-up people have this.
"""
