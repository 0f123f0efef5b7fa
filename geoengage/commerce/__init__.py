"""Products, orders, refunds and carts, whatever channel they came from."""
