"""Waits that look like chance and are functions of names: worked out again, they are the same."""

import hashlib
from datetime import timedelta

__all__ = ["jitter_of"]


def jitter_of(name: str, max_seconds: int) -> timedelta:
    """Return whole seconds from 0 to a maximum, included; names are spread evenly over them."""
    if max_seconds == 0:
        return timedelta(0)
    chance = int.from_bytes(hashlib.sha256(name.encode()).digest()[:8], "big")
    return timedelta(seconds=chance % (max_seconds + 1))
