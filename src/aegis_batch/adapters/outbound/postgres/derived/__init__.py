"""The database of derived data, where reports are kept for those without a Backend."""
