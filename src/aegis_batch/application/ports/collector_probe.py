"""The port for asking whether a telemetry collector is there at all."""

from typing import Protocol

__all__ = ["CollectorProbe"]


class CollectorProbe(Protocol):
    """Knocks at an address of the network."""

    def accepts(self, host: str, port: int) -> bool:
        """Say whether something accepts TCP connections there, within a bounded time."""
        ...
