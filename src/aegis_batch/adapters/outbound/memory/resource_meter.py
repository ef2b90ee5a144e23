"""A meter that shows what it was set to."""

__all__ = ["InMemoryResourceMeter"]


class InMemoryResourceMeter:
    """Tells a cost that only ``spend`` changes."""

    def __init__(self) -> None:
        """Begin with nothing used."""
        self._cpu_seconds = 0.0
        self._peak_bytes = 0

    def thread_cpu_seconds(self) -> float:
        """Return the seconds that were spent."""
        return self._cpu_seconds

    def peak_memory_bytes(self) -> int:
        """Return the most bytes that were held at once."""
        return self._peak_bytes

    def spend(self, cpu_seconds: float, memory_bytes: int) -> None:
        """Use the processor for so long, and hold so much; ``ValueError`` where it is negative."""
        if cpu_seconds < 0 or memory_bytes < 0:
            raise ValueError(cpu_seconds, memory_bytes)
        self._cpu_seconds += cpu_seconds
        self._peak_bytes = max(self._peak_bytes, memory_bytes)
