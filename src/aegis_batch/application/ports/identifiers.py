"""The port for chance: ids that nobody else has."""

from typing import Protocol

__all__ = ["Identifiers"]


class Identifiers(Protocol):
    """Makes ids."""

    def new_run_id(self) -> str:
        """Return the id of a new run."""
        ...

    def new_trace_id(self) -> str:
        """Return a new trace id of 32 hexadecimal digits."""
        ...
