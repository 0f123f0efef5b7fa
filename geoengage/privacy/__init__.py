"""A person's own data: what there is, the export, the erasure."""
