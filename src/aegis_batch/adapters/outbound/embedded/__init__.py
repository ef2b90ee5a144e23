"""Servers of the demo's own: detached processes in a temporary folder, PostgreSQL, sample orders."""
