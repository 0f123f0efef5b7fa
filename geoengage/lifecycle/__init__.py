"""How a business fares with its customers: metrics over time, early warnings, and what repairs them."""
