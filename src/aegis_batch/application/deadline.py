"""The deadline: say which business days should be closed by now and aren't."""

from collections.abc import Sequence
from datetime import date

from aegis_batch.application.day_standing import DayStanding, Standing, standing_of
from aegis_batch.application.jobs import Ended, stands_for
from aegis_batch.application.ledger import Ledger, LedgerTurn
from aegis_batch.application.ports.clock import Clock
from aegis_batch.application.ports.metrics_sink import MetricsSink
from aegis_batch.application.ports.report_finder import ReportFinder
from aegis_batch.domain.errors import BackendRefused, BackendUnavailable
from aegis_batch.domain.expectation import Expectation
from aegis_batch.domain.job_events import DayOverdue, JobCompleted, JobStarted
from aegis_batch.domain.notice import NoticeKind
from aegis_batch.domain.report_keeper import ReportKeeper
from aegis_batch.domain.run import JobKind
from aegis_batch.domain.run_record import RunRecord

__all__ = ["DeadlineJob"]


class DeadlineJob:
    """Raises an event for each expected day that is open, and tells people once a day."""

    def __init__(
        self,
        *,
        ledger: Ledger,
        reports: ReportFinder,
        clock: Clock,
        metrics: MetricsSink,
        expectation: Expectation,
    ) -> None:
        """Take the ports and which days are expected to be closed."""
        self._ledger = ledger
        self._reports = reports
        self._clock = clock
        self._metrics = metrics
        self._expectation = expectation

    def do(self, record: RunRecord) -> Ended:
        """Look at every expected day; see ``Job``."""
        started = self._clock.monotonic_seconds()
        self._metrics.emit(JobStarted(run=record.run, at=self._clock.now(), job=JobKind.DEADLINE))
        days, standings = self._look(record)
        overdue = self._overdue(record, days, standings)

        def tell(turn: LedgerTurn) -> None:
            for day, why in overdue:
                _tell_overdue(turn, record, day, why)
            turn.tell(
                JobCompleted(
                    run=record.run,
                    at=turn.now,
                    job=JobKind.DEADLINE,
                    told=f"{len(days)} days looked at, {len(overdue)} overdue",
                    duration_ms=(self._clock.monotonic_seconds() - started) * 1000,
                )
            )

        duration_ms = (self._clock.monotonic_seconds() - started) * 1000
        return Ended(None, duration_ms, in_turn=tell)

    def _look(self, record: RunRecord) -> tuple[list[date], list[DayStanding]]:
        """Return the days that are expected to be closed, and where each stands."""
        with self._ledger.turn() as turn:
            days = self._expectation.days(stands_for(turn.state, record), turn.now)
            keys = [record.run_on(day).key for day in days]
            return days, [standing_of(turn.state, key, self._reports.identity) for key in keys]

    def _overdue(
        self, record: RunRecord, days: Sequence[date], standings: Sequence[DayStanding]
    ) -> list[tuple[date, str]]:
        overdue = []
        asks = self._reports.can_find
        keeper = ReportKeeper.of(can_replace=self._reports.can_replace)
        for day, found in zip(days, standings, strict=True):
            if found.standing is Standing.CLOSED:
                continue
            why = found.why
            if asks:
                try:
                    if self._reports.find(record.run_on(day), once=True) is not None:
                        continue
                except (BackendRefused, BackendUnavailable) as error:
                    asks = not error.retryable
                    why = f"{found.why}, and {keeper.named} can't be asked ({error.code})"
            overdue.append((day, why))
        return overdue


def _tell_overdue(turn: LedgerTurn, record: RunRecord, day: date, why: str) -> None:
    turn.tell(DayOverdue(run=record.run, at=turn.now, day=day, why=why))
    turn.announce(
        NoticeKind.MESSAGE,
        key=f"overdue:{record.key.tenant}:{day}",
        event=DayOverdue.name,
        text=f"The business day {day} is not closed by its deadline: {why}."
        f" See: aegis-batch runs --date {day}",
    )
