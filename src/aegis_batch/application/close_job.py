"""The job that closes one period, or derives a closed one again."""

from dataclasses import replace
from datetime import datetime

from aegis_batch.application.daily_close import CloseRequest, DailyCloseUseCase
from aegis_batch.application.jobs import Ended
from aegis_batch.domain.errors import InvalidRequest
from aegis_batch.domain.outcome import Outcome, Problem
from aegis_batch.domain.run import JobKind
from aegis_batch.domain.run_record import RunRecord
from aegis_batch.domain.seal_link import SealedReport

__all__ = ["CloseJob"]


class CloseJob:
    """Closes the period of a run."""

    def __init__(self, daily_close: DailyCloseUseCase) -> None:
        """Take the use case."""
        self._daily_close = daily_close

    def do(self, record: RunRecord) -> Ended:
        """Close the period; see ``Job``."""
        request = CloseRequest(
            run_id=record.id,
            trace_id=record.trace_id,
            tenant=record.key.tenant,
            day=record.key.period.first_day,
            kind=record.key.period.kind,
            rebuild=record.job is JobKind.REBUILD,
        )
        ends_at = self._daily_close.ends_at(request)
        if ends_at is not None:
            # It had ended when the run was made: the clock has been set back, and goes on.
            return Ended(Outcome.INVALID, 0.0, _not_over(ends_at), not_before=ends_at)
        try:
            result = self._daily_close.close(request)
        except InvalidRequest as error:
            # It was set back in this very moment.
            problem = replace(Problem.of(error), retryable=error.code == "day_not_over")
            return Ended(Outcome.INVALID, 0.0, problem)
        orders = None if result.report is None else result.report.total_orders
        return Ended(
            outcome=result.outcome,
            duration_ms=result.duration_ms,
            problem=result.problem,
            orders=orders if result.seal is None else result.seal.orders_read,
            seal=result.seal,
            sealed=SealedReport.of(result),
            backend=result.backend,
        )


def _not_over(ends_at: datetime) -> Problem:
    return Problem(
        code="day_not_over",
        message=f"The clock was set back: the business day ends at {ends_at.isoformat()}.",
        remedy="Nothing needs to be done: the close begins when the day has ended.",
        retryable=True,
    )
