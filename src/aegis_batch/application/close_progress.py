"""What is known of one close while it goes on."""

from dataclasses import dataclass
from datetime import datetime

from aegis_batch.application.asking_seals import other_than_sealed, sealed_of
from aegis_batch.application.close_journal import CloseJournal
from aegis_batch.application.sealed_days import SealedDays
from aegis_batch.application.verifying import Sealed
from aegis_batch.domain.calendar import Window
from aegis_batch.domain.consistency import Violation
from aegis_batch.domain.outcome import CloseResult, Outcome, Problem, Submission
from aegis_batch.domain.report import Report
from aegis_batch.domain.report_keeper import ReportKeeper
from aegis_batch.domain.run import Run
from aegis_batch.domain.seal import Seal
from aegis_batch.domain.totals import Totals

__all__ = ["CloseProgress"]


@dataclass(slots=True)
class CloseProgress:
    """What is known of a close while it goes on."""

    run: Run
    window: Window
    journal: CloseJournal
    zone_name: str | None = None
    can_replace: bool = False
    sealed_days: SealedDays | None = None
    is_rebuild: bool = False
    report: Report | None = None
    already_closed: bool | None = None
    seal: Seal | None = None
    totals: Totals | None = None
    violations: tuple[Violation, ...] = ()
    submission: Submission | None = None
    problem: Problem | None = None
    backend: str | None = None
    revision: int | None = None
    not_before: datetime | None = None
    _asked_seals: bool = False
    _sealed: Sealed | None = None

    def go_by_seal(self) -> None:
        """Look at what was sealed in its own window: the tenant may have another zone by now."""
        sealed = self._newest_seal()
        if sealed is not None:
            self.window = sealed.window

    def end(self, outcome: Outcome) -> CloseResult:
        """Tell how the close ended, and return all that is known of it."""
        code = None if self.problem is None else self.problem.code
        duration_ms = self.journal.ended(outcome, code)
        return CloseResult(
            run=self.run,
            outcome=outcome,
            duration_ms=duration_ms,
            window=self.window,
            report=self.report,
            already_closed=self.already_closed,
            seal=self.seal,
            totals=self.totals,
            violations=self.violations,
            submission=self.submission,
            problem=self.problem,
            backend=self.backend if outcome.is_success else None,
            revision=self.revision,
            keeper=ReportKeeper.of(can_replace=self.can_replace),
            not_before=self.not_before,
            zone_name=self.zone_name,
        )

    def other_than_sealed(self, report: Report) -> Problem | None:
        """Return how a derived report, or its totals, differ from the period's newest seal."""
        assert self.totals is not None  # noqa: S101 - they come before any report
        return other_than_sealed(
            self._newest_seal(),
            self.run.key,
            self.totals,
            report,
            can_replace=self.can_replace,
            is_rebuild=self.is_rebuild,
        )

    def _newest_seal(self) -> Sealed | None:
        """Ask once: who can't be asked is told of once."""
        if not self._asked_seals:
            self._asked_seals = True
            self._sealed = sealed_of(self.sealed_days, self.run.key, self.journal)
        return self._sealed
