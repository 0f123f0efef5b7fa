"""Files of customers, consents, products, stock and orders: uploaded, dropped in a folder, or given to the command."""
