"""Time zones from the pinned ``tzdata`` package, whatever the machine has installed."""

from importlib import import_module, resources
from zoneinfo import ZoneInfo

__all__ = ["load_zone", "tzdata_version"]

_PUNCTUATION = str.maketrans("", "", "_-+")


def load_zone(name: str) -> ZoneInfo:
    """Return an IANA zone by its name; ``KeyError`` where the package has none of that name."""
    parts = name.split("/")
    # A zone's name becomes a path: only plain names may.
    if not all(_is_plain(part) for part in parts):
        raise KeyError(name)
    resource = resources.files("tzdata").joinpath("zoneinfo", *parts)
    try:
        with resource.open("rb") as file:
            return ZoneInfo.from_file(file, key=name)
    except (OSError, ValueError):
        # No file, a directory, a name longer than a file's may be, or a file that is no zone.
        raise KeyError(name) from None


def tzdata_version() -> str:
    """Return the version of the IANA data, such as ``2026a``."""
    # Imported by name, since the package comes without types.
    version: str = import_module("tzdata").IANA_VERSION
    return version


def _is_plain(part: str) -> bool:
    return part.isascii() and part.translate(_PUNCTUATION).isalnum()
