"""The laws that must hold at every step, whatever strikes."""

from collections.abc import Mapping
from datetime import date, datetime

from aegis_batch.adapters.outbound.memory.report_gateway import InMemoryReportGateway
from aegis_batch.application.ports.runs import RunFilter
from aegis_batch.application.ports.state import State
from aegis_batch.domain.report import StoredReport
from aegis_batch.domain.run import JobKind, RunState

__all__ = ["BrokenLawError", "Laws"]

_ALL = 1_000_000


class BrokenLawError(AssertionError):
    """A law is broken: the program, or the simulation, has a defect."""


class Laws:
    """Holds what the world contains against what the oracle allows."""

    def __init__(self, backend: InMemoryReportGateway, state: State) -> None:
        """Take the world as it is, behind the faults."""
        self._backend = backend
        self._state = state
        self._first_stored: dict[date, StoredReport] = {}
        self._bodies_seen = 0

    def at_every_step(self, allowed: Mapping[date, set[bytes]]) -> None:
        """One effective report a day, never replaced, and made of a snapshot that existed."""
        for body in self._backend.bodies[self._bodies_seen :]:
            day = date.fromisoformat(body[15:25].decode())
            if body not in allowed.get(day, set()):
                raise BrokenLawError(f"sent for {day} what no snapshot holds: {body!r}")
        self._bodies_seen = len(self._backend.bodies)
        for key, stored in self._backend.stored.items():
            day = key.period.first_day
            if stored.report_date != day:
                raise BrokenLawError(f"the report of {stored.report_date} stands for {day}")
            if self._first_stored.setdefault(day, stored) != stored:
                raise BrokenLawError(f"the report of {day} was replaced")

    def of_success(self) -> None:
        """No close has succeeded of which the Backend knows nothing."""
        with self._state.turn() as turn:
            succeeded = turn.runs.search(
                RunFilter(job=JobKind.CLOSE, states=frozenset({RunState.SUCCEEDED})), _ALL
            )
        for record in succeeded:
            if record.key not in self._backend.stored:
                raise BrokenLawError(f"{record.key.period.first_day}: success without a report")

    def of_firing(self, schedule: str, expected: list[datetime]) -> None:
        """Each nominal time that has come is decided exactly once, and no other is."""
        with self._state.turn() as turn:
            decided = sorted(
                occurrence.nominal for occurrence in turn.occurrences.newest(schedule, _ALL)
            )
        if decided != expected:
            odd = sorted(set(decided) ^ set(expected))
            raise BrokenLawError(
                f"{schedule}: decided {len(decided)} of {len(expected)}: {odd[:5]}"
            )

    def of_the_end(self, days: list[date]) -> None:
        """When the faults have ended, every day is closed, and nothing is left under way."""
        stored = {key.period.first_day for key in self._backend.stored}
        still_open = [day for day in days if day not in stored]
        if still_open:
            raise BrokenLawError(f"never closed: {', '.join(map(str, still_open))}")
        unfinished = frozenset({RunState.HELD, RunState.QUEUED, RunState.RUNNING, RunState.WAITING})
        with self._state.turn() as turn:
            left = turn.runs.search(RunFilter(states=unfinished), _ALL)
        if left:
            raise BrokenLawError(f"left {left[0].state}: {left[0].job} {left[0].id}")
