"""Aegis Batch closes the books: one business day of orders becomes one report, with evidence."""
