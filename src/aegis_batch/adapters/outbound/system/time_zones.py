"""Time zones from the pinned ``tzdata`` package, whatever the machine has installed."""

from importlib import resources
from zoneinfo import ZoneInfo

import tzdata

__all__ = ["load_zone", "tzdata_version"]


def load_zone(name: str) -> ZoneInfo:
    """Return an IANA zone by its name; ``KeyError`` where the package has none of that name."""
    parts = name.split("/")
    # A zone's name becomes a path: only plain names may.
    if not all(part.replace("_", "").replace("-", "").replace("+", "").isalnum() for part in parts):
        raise KeyError(name)
    resource = resources.files("tzdata").joinpath("zoneinfo", *parts)
    if not resource.is_file():
        raise KeyError(name)
    try:
        with resource.open("rb") as file:
            return ZoneInfo.from_file(file, key=name)
    except ValueError:
        raise KeyError(name) from None


def tzdata_version() -> str:
    """Return the version of the IANA data, such as ``2026a``."""
    return tzdata.IANA_VERSION
