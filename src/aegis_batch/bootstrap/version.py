"""The version of the installed program."""

from importlib.metadata import PackageNotFoundError, version

__all__ = ["program_version"]


def program_version() -> str:
    """Return the version that the package was installed as."""
    try:
        return version("aegis-batch")
    except PackageNotFoundError:
        return "unknown"
