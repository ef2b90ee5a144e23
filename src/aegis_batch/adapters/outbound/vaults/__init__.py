"""Secrets out of the vaults of cloud providers; nothing of their libraries is imported unasked."""
