"""The person's own data: shown, handed over, erased. Reads and erases every domain's tables by one map."""
