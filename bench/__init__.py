"""Measures a close beside other ways to the same figures; see ``make bench``."""
