"""A Backend in memory, to be asked one question."""

from datetime import date
from typing import TYPE_CHECKING

from aegis_batch.application.ports.backend_probe import BackendAnswer
from aegis_batch.application.ports.clock import Clock
from aegis_batch.domain.clock_skew import ClockSample

if TYPE_CHECKING:
    from aegis_batch.domain.errors import AegisError

__all__ = ["InMemoryBackendProbe"]


class InMemoryBackendProbe:
    """Answers from the days in ``closed``; a ``fault`` is raised instead, if there is one."""

    def __init__(self, clock: Clock) -> None:
        """Take the clock, which is the Backend's too; no day is closed."""
        self._clock = clock
        self.closed: set[date] = set()
        self.is_page = False
        self.heeds_token = True
        self.asked_about: list[str | None] = []
        self.fault: AegisError | None = None

    def ask(self, day: date, tenant: str | None = None) -> BackendAnswer:
        """Say whether a day is closed."""
        self.asked_about.append(tenant)
        if self.fault is not None:
            raise self.fault
        now = self._clock.now()
        clock = ClockSample(now, now, now)
        return BackendAnswer(day in self.closed, self.is_page, clock, self.heeds_token)
