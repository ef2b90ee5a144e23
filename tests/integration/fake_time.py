"""Processes that live at another time, or in one that goes faster.

libfaketime answers for the system's clock in them, so that the library that takes the time, the
engine and SQLite all see the same. What measures how long something takes stays as it is.
"""

from datetime import UTC, datetime
from importlib.util import find_spec
from pathlib import Path

__all__ = ["living_at"]

_LIBRARY = "vendor/libfaketime/src/libfaketime.so.1"


def living_at(moment: datetime, times_as_fast: int = 1) -> dict[str, str]:
    """Return variables for a process whose clock shows an instant when it starts."""
    # Importing the package would fake nothing, but ask for more than its library.
    spec = find_spec("libfaketime")
    assert spec is not None
    assert spec.origin is not None
    return {
        "LD_PRELOAD": str(Path(spec.origin).parent / _LIBRARY),
        "FAKETIME": f"@{moment.astimezone(UTC):%Y-%m-%d %H:%M:%S} x{times_as_fast}",
        "FAKETIME_DONT_FAKE_MONOTONIC": "1",
        "TZ": "UTC",
    }
