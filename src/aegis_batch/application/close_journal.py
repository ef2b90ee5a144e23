"""The journal of one close: which events tell of it, and how long each part of it took."""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager

from aegis_batch.application.ports.clock import Clock
from aegis_batch.application.ports.metrics_sink import MetricsSink
from aegis_batch.application.ports.report_gateway import Receipt
from aegis_batch.domain.consistency import Violation
from aegis_batch.domain.errors import AegisError
from aegis_batch.domain.events import (
    CloseCompleted,
    CloseFailed,
    CloseStarted,
    OrdersRead,
    ReportRecorded,
    ReportSought,
    ReportSubmitted,
    RuleBroken,
    SealsMerged,
    SealsUnreadable,
    Step,
    StepFailed,
    StepStarted,
)
from aegis_batch.domain.outcome import Outcome
from aegis_batch.domain.run import Run
from aegis_batch.domain.totals import Totals

__all__ = ["CloseJournal"]


class CloseJournal:
    """Tells the events of one close as it goes on, and how long each step of it took."""

    def __init__(self, clock: Clock, metrics: MetricsSink, run: Run, *, dry_run: bool) -> None:
        """Take the run to tell of; nothing is told before ``started``."""
        self._clock = clock
        self._metrics = metrics
        self._run = run
        self._dry_run = dry_run
        self._started_seconds = self._step_started_seconds = clock.monotonic_seconds()
        self._read_seconds = 0.0
        self._step: Step | None = None
        self._orders: int | None = None
        self.reading_since = clock.now()

    def started(self) -> None:
        """Tell that the close began."""
        self._metrics.emit(CloseStarted(run=self._run, at=self._clock.now(), dry_run=self._dry_run))

    @contextmanager
    def step(self, step: Step, *, begins: bool = True) -> Iterator[None]:
        """Tell that a step began, and that it failed where an error leaves the context.

        What tells of its good end is one of the methods below, called inside the context. Where it
        doesn't begin by itself, ``reading`` begins it.
        """
        self._step = None
        if begins:
            self._begin(step)
        try:
            yield
        except AegisError as error:
            self._failed(step, error.code)
            raise
        except Exception:
            self._failed(step, "defect")
            raise
        except KeyboardInterrupt:
            self._failed(step, "stopped")
            raise

    @contextmanager
    def reading(self) -> Iterator[None]:
        """Time the reading of the orders, whoever reads them: a close may wait before and after."""
        self._begin(Step.READ)
        self.reading_since = self._clock.now()
        try:
            yield
        finally:
            self._read_seconds = self._clock.monotonic_seconds() - self._step_started_seconds

    def goes_on(self) -> None:
        """Go on with the step of the reading: the time since its end is no part of it."""
        self._step_started_seconds = self._clock.monotonic_seconds() - self._read_seconds

    def sought(self, *, found: bool) -> None:
        """Tell what the Backend said when it was asked for the report."""
        self._metrics.emit(
            ReportSought(
                run=self._run,
                at=self._clock.now(),
                found=found,
                duration_ms=self._since_ms(self._step_started_seconds),
            )
        )

    def read(self, totals: Totals, violations: Sequence[Violation]) -> None:
        """Tell what was read; the end of the close will tell of the orders again."""
        self._metrics.emit(
            OrdersRead(
                run=self._run,
                at=self._clock.now(),
                orders=totals.orders,
                lines=totals.lines,
                violations=sum(violation.count for violation in violations),
                duration_ms=self._since_ms(self._step_started_seconds),
            )
        )
        self._derived(totals, violations)

    def merged(self, seals: int, totals: Totals, violations: Sequence[Violation]) -> None:
        """Tell what was added up from seals, in the place of what was read."""
        self._metrics.emit(
            SealsMerged(
                run=self._run,
                at=self._clock.now(),
                seals=seals,
                orders=totals.orders,
                lines=totals.lines,
                violations=sum(violation.count for violation in violations),
                duration_ms=self._since_ms(self._step_started_seconds),
            )
        )
        self._derived(totals, violations)

    def could_not_merge(self, code: str) -> None:
        """Tell why the seals could not be looked at; the orders are read then."""
        self._metrics.emit(SealsUnreadable(run=self._run, at=self._clock.now(), code=code))

    def submitted(self, receipt: Receipt) -> None:
        """Tell what the Backend answered to the report."""
        event = ReportSubmitted(
            run=self._run,
            at=self._clock.now(),
            status=receipt.status,
            attempts=receipt.attempts,
            duration_ms=self._since_ms(self._step_started_seconds),
        )
        if receipt.revision is not None:
            event = ReportRecorded(
                run=event.run,
                at=event.at,
                status=event.status,
                attempts=event.attempts,
                duration_ms=event.duration_ms,
                revision=receipt.revision,
            )
        self._metrics.emit(event)

    def ended(self, outcome: Outcome, code: str | None) -> float:
        """Tell how the close ended, and return the milliseconds that all of it took.

        ``code`` is that of the problem, if there is one; a bad end without one has its outcome's.
        """
        duration_ms = self._since_ms(self._started_seconds)
        if outcome.is_success or outcome is Outcome.DRY_RUN:
            self._metrics.emit(
                CloseCompleted(
                    run=self._run,
                    at=self._clock.now(),
                    dry_run=self._dry_run,
                    outcome=outcome,
                    orders=self._orders,
                    duration_ms=duration_ms,
                )
            )
        else:
            self._metrics.emit(
                CloseFailed(
                    run=self._run,
                    at=self._clock.now(),
                    dry_run=self._dry_run,
                    outcome=outcome,
                    code=code or outcome.value,
                    orders=self._orders,
                    duration_ms=duration_ms,
                )
            )
        return duration_ms

    def _derived(self, totals: Totals, violations: Sequence[Violation]) -> None:
        self._orders = totals.orders
        for violation in violations:
            self._metrics.emit(
                RuleBroken(
                    run=self._run,
                    at=self._clock.now(),
                    rule=violation.rule,
                    action=violation.action,
                    count=violation.count,
                )
            )

    def _begin(self, step: Step) -> None:
        """Let the time of a step begin, and tell of it once."""
        self._step_started_seconds = self._clock.monotonic_seconds()
        if self._step is not step:
            self._step = step
            self._metrics.emit(StepStarted(run=self._run, at=self._clock.now(), step=step))

    def _failed(self, step: Step, code: str) -> None:
        self._metrics.emit(
            StepFailed(
                run=self._run,
                at=self._clock.now(),
                step=step,
                code=code,
                duration_ms=self._since_ms(self._step_started_seconds),
            )
        )

    def _since_ms(self, moment_seconds: float) -> float:
        return (self._clock.monotonic_seconds() - moment_seconds) * 1000
