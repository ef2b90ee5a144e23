"""``serve`` whose signs of life, after the first, hang for good: the program run by its test."""

import sys
import threading

from dependency_injector import providers

import aegis_batch.__main__
from aegis_batch.adapters.outbound.memory.pulse import InMemoryPulse
from aegis_batch.adapters.outbound.memory.state import InMemoryState
from aegis_batch.adapters.outbound.memory.work_queue import InMemoryWorkQueue
from aegis_batch.bootstrap.serving_container import ServingContainer


class HangingPulse(InMemoryPulse):
    """Keeps one sign of life, and never comes back from the second."""

    def __init__(self) -> None:
        super().__init__(InMemoryState(InMemoryWorkQueue()))

    def beat(self, name: str) -> bool:
        """Hang: the first sign was the process's registering."""
        del name
        threading.Event().wait()
        return False


if __name__ == "__main__":
    ServingContainer.pulse.override(providers.Singleton(HangingPulse))
    sys.exit(aegis_batch.__main__.main())
