"""Commerce: products, orders, refunds, carts and the till, whatever channel they came from."""
