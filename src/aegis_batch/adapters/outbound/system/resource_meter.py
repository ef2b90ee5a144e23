"""What work costs the machine, as its kernel counts it."""

import resource
import sys
import time

__all__ = ["SystemResourceMeter"]

_UNIT_BYTES = 1 if sys.platform == "darwin" else 1024


class SystemResourceMeter:
    """Tells what the present thread and process have used so far."""

    def thread_cpu_seconds(self) -> float:
        """Return the processor's time that the present thread has used."""
        return time.thread_time()

    def peak_memory_bytes(self) -> int:
        """Return the most memory that the process has held at once (getrusage(2))."""
        # The kernel counts in kibibytes, on macOS in bytes.
        return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * _UNIT_BYTES
