"""Durations that every exporter can write."""

import math

__all__ = ["bounded_ms"]

_MILLISECONDS_MAX = 366 * 24 * 3600 * 1000.0


def bounded_ms(duration_ms: float) -> float:
    """Return milliseconds between zero and a year; zero for what is no number."""
    if math.isnan(duration_ms):
        return 0.0
    return min(max(duration_ms, 0.0), _MILLISECONDS_MAX)
