"""Simulated shoppers: an outside client that knows the product only by its HTTP API, never its database.

`venue` and `route` say where one can walk, `walk` moves a shopper, `phone` blurs what is reported of it, `people`
invents shoppers; these are pure and seeded. `run` plays them against a server through `client`.
"""
