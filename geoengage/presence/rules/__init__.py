"""The pure half of presence: checking fixes, level belief, and the decision per device. No SQL, no HTTP, no clock."""
