"""The outbox: messages as rows, gates, budgets, channels, receipts. Never asks why a message exists."""
