"""Phone apps from the stores and scanning access points: their wire formats in, the answers they need out."""
