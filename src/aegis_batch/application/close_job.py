"""The job that closes one period, or derives a closed one again."""

from collections.abc import Callable
from dataclasses import dataclass, replace
from datetime import datetime

from aegis_batch.application.close_request import CloseRequest
from aegis_batch.application.closing import Closing, served
from aegis_batch.application.daily_close import DailyCloseUseCase
from aegis_batch.application.jobs import Ended
from aegis_batch.application.ports.order_reader import Reading
from aegis_batch.domain.calendar import Window
from aegis_batch.domain.errors import InvalidRequest
from aegis_batch.domain.outcome import CloseResult, Outcome, Problem
from aegis_batch.domain.run import JobKind, Trigger
from aegis_batch.domain.run_record import RunRecord
from aegis_batch.domain.seal_link import SealedReport

__all__ = ["CloseJob", "Rehearsal"]


@dataclass(frozen=True, slots=True)
class Rehearsal:
    """How closes are rehearsed; see ``CloseRequest``."""

    allow_open_day: bool = False


def _nobody(result: CloseResult) -> None:
    del result


class CloseJob:
    """Closes the period of a run."""

    def __init__(
        self,
        daily_close: DailyCloseUseCase,
        read: Callable[[str, Window], Reading],
        rehearsal: Rehearsal | None = None,
        tell: Callable[[CloseResult], None] = _nobody,
    ) -> None:
        """Take the use case, and what reads the orders of a tenant.

        With a ``rehearsal`` nothing is sent. ``tell`` is given all that is known of each close that
        has ended, from whatever thread it ends in.
        """
        self._daily_close = daily_close
        self._read = read
        self._rehearsal = rehearsal
        self._tell = tell

    def do(self, record: RunRecord) -> Ended:
        """Close the period; see ``Job``."""
        return served(self.closing(record), self._read)

    def closing(self, record: RunRecord) -> Closing[Ended]:
        """Close the period, and leave the reading of its orders to the caller."""
        request = CloseRequest(
            run_id=record.id,
            trace_id=record.trace_id,
            tenant=record.key.tenant,
            day=record.key.period.first_day,
            kind=record.key.period.kind,
            dry_run=self._rehearsal is not None,
            allow_open_day=self._rehearsal is not None and self._rehearsal.allow_open_day,
            rebuild=record.job is JobKind.REBUILD,
            zone_name=record.zone_name,
            cause=record.parent,
        )
        try:
            ends_at = self._daily_close.ends_at(request)
            if ends_at is not None and record.trigger is not Trigger.HAND:
                # It had ended when the run was made: the clock has been set back, and goes on.
                return Ended(Outcome.INVALID, 0.0, _not_over(ends_at), not_before=ends_at)
            result = yield from self._daily_close.closing(request)
            self._tell(result)
        except InvalidRequest as error:
            # It was set back in this very moment; or the run's zone is none any more.
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
            put_back_until=result.not_before,
        )


def _not_over(ends_at: datetime) -> Problem:
    return Problem(
        code="day_not_over",
        message=f"The clock was set back: the business day ends at {ends_at.isoformat()}.",
        remedy="Nothing needs to be done: the close begins when the day has ended.",
        retryable=True,
    )
