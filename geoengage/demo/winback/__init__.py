"""The demo supermarket's win-back of the last ninety days: people who slowed down, a quarter of them held back by lot.

What the message does is planted (`proof.rules.winback`), so that the proof can be held against the truth.
"""
