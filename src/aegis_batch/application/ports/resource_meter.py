"""The port for what work costs the machine."""

from typing import Protocol

__all__ = ["ResourceMeter"]


class ResourceMeter(Protocol):
    """Tells what the present thread and process have used so far."""

    def thread_cpu_seconds(self) -> float:
        """Return the processor's time that the present thread has used."""
        ...

    def peak_memory_bytes(self) -> int:
        """Return the most memory that the process has held at once."""
        ...
