"""How a ``close`` command ended, with or without a run that got anywhere."""

from dataclasses import dataclass

from aegis_batch.domain.calendar import Period, PeriodKind, Window
from aegis_batch.domain.consistency import Violation
from aegis_batch.domain.outcome import CloseResult, Outcome, Problem, Submission
from aegis_batch.domain.report import Report
from aegis_batch.domain.report_keeper import ReportKeeper
from aegis_batch.domain.seal import Seal

__all__ = ["Ending"]


@dataclass(frozen=True, slots=True)
class Ending:
    """Everything that a ``close`` command can tell; ``None`` for what did not come about.

    ``kind`` is what was to be closed, be it that nobody knows which ``period``, or of which
    ``tenant``: a command that ended before that was settled, and names none.
    """

    run_id: str
    trace_id: str
    outcome: Outcome
    duration_ms: float
    tenant: str | None = None
    kind: PeriodKind = PeriodKind.DAY
    period: Period | None = None
    window: Window | None = None
    report: Report | None = None
    already_closed: bool | None = None
    seal: Seal | None = None
    violations: tuple[Violation, ...] = ()
    submission: Submission | None = None
    problem: Problem | None = None
    revision: int | None = None
    keeper: ReportKeeper = ReportKeeper.BACKEND

    @classmethod
    def of(cls, result: CloseResult) -> "Ending":
        """Return the ending of a close that ran."""
        return cls(
            run_id=result.run.id,
            trace_id=result.run.trace_id,
            outcome=result.outcome,
            duration_ms=result.duration_ms,
            tenant=result.run.key.tenant,
            kind=result.run.key.period.kind,
            period=result.run.key.period,
            window=result.window,
            report=result.report,
            already_closed=result.already_closed,
            seal=result.seal,
            violations=result.violations,
            submission=result.submission,
            problem=result.problem,
            revision=result.revision,
            keeper=result.keeper,
        )
