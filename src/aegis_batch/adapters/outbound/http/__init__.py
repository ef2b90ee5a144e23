"""The Backend, spoken to over HTTP."""
