"""What the owner of a shop sees and does on a phone: today, an offer in three taps, codes. Owns no table."""
