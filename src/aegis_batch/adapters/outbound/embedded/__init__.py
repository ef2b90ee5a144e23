"""Servers of the demo's own, in a temporary folder: PostgreSQL with sample orders."""
