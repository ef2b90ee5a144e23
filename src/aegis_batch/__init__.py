"""Aegis Batch closes the books: one exact, provable report for every business day."""
