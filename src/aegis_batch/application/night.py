"""The night: find every business day that should be closed and isn't, and have it closed."""

from datetime import date

from aegis_batch.application.day_standing import Standing, standing_of
from aegis_batch.application.jobs import Ended, stands_for
from aegis_batch.application.ledger import Ledger, LedgerTurn, first_work_id
from aegis_batch.application.ports.clock import Clock
from aegis_batch.application.ports.identifiers import Identifiers
from aegis_batch.application.ports.metrics_sink import MetricsSink
from aegis_batch.application.ports.report_finder import ReportFinder
from aegis_batch.domain.errors import BackendRefused, BackendUnavailable
from aegis_batch.domain.expectation import Expectation
from aegis_batch.domain.job_events import JobCompleted, JobStarted
from aegis_batch.domain.run import CloseKey, JobKind, RunState, Trigger
from aegis_batch.domain.run_record import RunRecord

__all__ = ["NightJob"]


class NightJob:
    """Enqueues a close for each open day of the catch-up window, oldest first.

    Days in flight, and days with an open dead letter, are left out. The Backend is asked for those
    that the ledger knows nothing of; where it doesn't answer, they are taken for open, since a
    close asks again for itself.
    """

    def __init__(  # noqa: PLR0913 - the ports, and what days there are
        self,
        *,
        ledger: Ledger,
        reports: ReportFinder,
        clock: Clock,
        metrics: MetricsSink,
        identifiers: Identifiers,
        expectation: Expectation,
    ) -> None:
        """Take the ports and which days are expected to be closed."""
        self._ledger = ledger
        self._reports = reports
        self._clock = clock
        self._metrics = metrics
        self._identifiers = identifiers
        self._expectation = expectation

    def do(self, record: RunRecord) -> Ended:
        """Find the open days; what is enqueued commits with the night's own end. See ``Job``."""
        started = self._clock.monotonic_seconds()
        self._metrics.emit(JobStarted(run=record.run, at=self._clock.now(), job=JobKind.NIGHT))
        days, unknown = self._look(record)
        open_days = self._without_closed(record, unknown)

        def enqueue(turn: LedgerTurn) -> None:
            enqueued = [day for day in open_days if self._enqueue(turn, record, day)]
            turn.tell(
                JobCompleted(
                    run=record.run,
                    at=turn.now,
                    job=JobKind.NIGHT,
                    told=_told(days, enqueued),
                    duration_ms=(self._clock.monotonic_seconds() - started) * 1000,
                )
            )

        duration_ms = (self._clock.monotonic_seconds() - started) * 1000
        return Ended(None, duration_ms, in_turn=enqueue)

    def _look(self, record: RunRecord) -> tuple[list[date], list[date]]:
        """Return the days that are expected to be closed, and those that no run knows of."""
        with self._ledger.turn() as turn:
            days = self._expectation.days(stands_for(turn.state, record), turn.now)
            unknown = [day for day in days if self._is_unknown(turn, record.run_on(day).key)]
        return days, unknown

    def _is_unknown(self, turn: LedgerTurn, key: CloseKey) -> bool:
        standing = standing_of(turn.state, key, self._reports.identity).standing
        return standing is Standing.UNKNOWN

    def _without_closed(self, record: RunRecord, days: list[date]) -> list[date]:
        if not self._reports.can_find:
            return days
        open_days: list[date] = []
        for place, day in enumerate(days):
            try:
                stored = self._reports.find(record.run_on(day), once=True)
            except (BackendRefused, BackendUnavailable):
                # The rest would only wait for the same silence.
                return open_days + days[place:]
            if stored is None:
                open_days.append(day)
        return open_days

    def _enqueue(self, turn: LedgerTurn, night: RunRecord, day: date) -> bool:
        key = night.run_on(day).key
        if not self._is_unknown(turn, key):
            return False
        run_id = self._identifiers.new_run_id()
        turn.dispatch(
            RunRecord(
                id=run_id,
                trace_id=self._identifiers.new_trace_id(),
                job=JobKind.CLOSE,
                key=key,
                trigger=Trigger.NIGHT,
                requested_by=night.requested_by,
                state=RunState.QUEUED,
                work_id=first_work_id(run_id),
                enqueued_at=turn.now,
                due_at=turn.now,
                nominal=night.nominal,
                parent=night.id,
            )
        )
        return True


def _told(days: list[date], enqueued: list[date]) -> str:
    named = ", ".join(map(str, enqueued)) or "none"
    return f"{len(days)} days looked at; to be closed: {named}"
