"""``serve`` whose signs of life, after the first, hang for good: the program run by its test."""

import sys
import threading

from dependency_injector import providers

import aegis_batch.__main__
from aegis_batch.adapters.outbound.memory.pulse import InMemoryPulse
from aegis_batch.application.ports.pulse import Beat
from aegis_batch.bootstrap.serving_container import ServingContainer


class HangingPulse(InMemoryPulse):
    """Keeps one sign of life, and never comes back from the second."""

    def beat(self, beat: Beat) -> None:
        """Keep a sign of life, the first time."""
        if self.last() is not None:
            threading.Event().wait()
        super().beat(beat)


if __name__ == "__main__":
    ServingContainer.pulse.override(providers.Singleton(HangingPulse))
    sys.exit(aegis_batch.__main__.main())
