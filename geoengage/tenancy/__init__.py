"""Tenants, owners of shops, apps, operators, keys; who is calling (`auth.py`)."""
