"""Close one business day of one shop: find, read, check, derive, submit, confirm."""

from dataclasses import dataclass
from datetime import date, timedelta

from aegis_batch.application.ports.clock import Clock
from aegis_batch.application.ports.metrics_sink import MetricsSink
from aegis_batch.application.ports.order_reader import OrderReader
from aegis_batch.application.ports.report_gateway import ReportGateway
from aegis_batch.domain.calendar import Calendar, Period, PeriodKind, Window
from aegis_batch.domain.consistency import Action, Rules, Violation
from aegis_batch.domain.errors import (
    AegisError,
    AnswerLost,
    BackendRefused,
    BackendUnavailable,
    InvalidRequest,
    OrdersMisfit,
    OrdersUnreachable,
)
from aegis_batch.domain.events import (
    CloseCompleted,
    CloseFailed,
    CloseStarted,
    OrdersRead,
    ReportSought,
    ReportSubmitted,
)
from aegis_batch.domain.outcome import CloseResult, Outcome, Problem, Submission
from aegis_batch.domain.report import Difference, Report, StoredReport
from aegis_batch.domain.run import CloseKey, Run
from aegis_batch.domain.seal import Seal, Versions
from aegis_batch.domain.totals import Totals

__all__ = ["CloseRequest", "DailyCloseUseCase", "ReportPolicy"]


@dataclass(frozen=True, slots=True)
class ReportPolicy:
    """What a report depends on beside its orders.

    ``currency_decimals`` is the number of decimals of the revenue; ``top_items_max`` bounds the
    list of items.
    """

    calendar: Calendar
    rules: Rules
    versions: Versions
    top_items_max: int = 10
    currency_decimals: int = 2


@dataclass(frozen=True, slots=True)
class CloseRequest:
    """The wish to close a day; ``day`` is yesterday in the calendar unless given.

    With ``dry_run`` nothing is sent; ``allow_open_day`` then admits days that have not ended.
    """

    run_id: str
    trace_id: str
    tenant: str = "default"
    day: date | None = None
    dry_run: bool = False
    allow_open_day: bool = False


_OUTCOME_OF_ERROR: tuple[tuple[type[AegisError], Outcome], ...] = (
    (BackendRefused, Outcome.REFUSED),
    (BackendUnavailable, Outcome.UNAVAILABLE),
    (OrdersMisfit, Outcome.UNREADABLE),
    (OrdersUnreachable, Outcome.UNREADABLE),
    (InvalidRequest, Outcome.INVALID),
)


@dataclass(slots=True)
class _Progress:
    """What is known of a close while it goes on."""

    run: Run
    window: Window
    dry_run: bool
    started_seconds: float
    orders: int | None = None
    report: Report | None = None
    already_closed: bool | None = None
    seal: Seal | None = None
    violations: tuple[Violation, ...] = ()
    submission: Submission | None = None
    problem: Problem | None = None


class DailyCloseUseCase:
    """Closes days. Killed at any point and started again, it loses and doubles nothing."""

    def __init__(
        self,
        orders: OrderReader,
        reports: ReportGateway | None,
        clock: Clock,
        metrics: MetricsSink,
        policy: ReportPolicy,
    ) -> None:
        """Take the ports and the policy; without ``reports`` only dry runs are possible."""
        self._orders = orders
        self._reports = reports
        self._clock = clock
        self._metrics = metrics
        self._policy = policy

    def close(self, request: CloseRequest) -> CloseResult:
        """Close a day, or rehearse it, and return how that ended.

        What is foreseen comes back as an outcome. Raises ``InvalidRequest`` where the request
        makes no sense, before anything was tried; a defect is told and raised as it is.
        """
        run, window = self._accept(request)
        progress = _Progress(run, window, request.dry_run, self._clock.monotonic_seconds())
        self._metrics.emit(CloseStarted(run=run, at=self._clock.now(), dry_run=request.dry_run))
        try:
            outcome = self._attempt(progress)
        except AegisError as error:
            progress.problem = Problem.of(error)
            outcome = _outcome_of(error)
        except Exception:
            self._tell_end(progress, Outcome.DEFECT, "defect")
            raise
        code = None if progress.problem is None else progress.problem.code
        duration_ms = self._tell_end(progress, outcome, code)
        return CloseResult(
            run=run,
            outcome=outcome,
            duration_ms=duration_ms,
            window=window,
            report=progress.report,
            already_closed=progress.already_closed,
            seal=progress.seal,
            violations=progress.violations,
            submission=progress.submission,
            problem=progress.problem,
        )

    def _accept(self, request: CloseRequest) -> tuple[Run, Window]:
        if self._reports is None and not request.dry_run:
            raise InvalidRequest(
                "missing_setting",
                "Closing a day needs a Backend to hand the report to.",
                "Set BACKEND_BASE_URL and X_SERVICE_TOKEN, or look with --dry-run.",
            )
        calendar = self._policy.calendar
        today = calendar.business_date(self._clock.now())
        yesterday = today - timedelta(days=1)
        day = yesterday if request.day is None else request.day
        if day >= today and not (request.dry_run and request.allow_open_day):
            raise InvalidRequest(
                "day_not_over",
                f"The business day {day} has not ended: today is {today} in {calendar.zone_name}.",
                f"Close {yesterday} or an earlier day,"
                " or look at an open day with --dry-run --allow-open-day.",
            )
        try:
            window = calendar.window(day)
        except (OverflowError, ValueError):
            raise InvalidRequest(
                "day_out_of_range",
                f"The day {day} lies at the edge of what a calendar can hold.",
                "Name a day between 0001-01-03 and 9999-12-29.",
            ) from None
        key = CloseKey(request.tenant, Period(PeriodKind.DAY, day))
        return Run(request.run_id, request.trace_id, key), window

    def _attempt(self, progress: _Progress) -> Outcome:
        if progress.dry_run or self._reports is None:
            return self._rehearse(progress)
        stored = self._find(progress, self._reports)
        if stored is not None:
            progress.report = stored.as_report(self._policy.currency_decimals)
            return Outcome.ALREADY_CLOSED
        report = self._derive(progress)
        if report is None:
            return Outcome.REJECTED
        return self._hand_over(progress, self._reports, report)

    def _rehearse(self, progress: _Progress) -> Outcome:
        stored = None
        if self._reports is not None:
            try:
                stored = self._find(progress, self._reports)
            except (BackendRefused, BackendUnavailable) as error:
                # A rehearsal is about the orders: a Backend that is away is worth a word only.
                progress.problem = Problem.of(error)
        report = self._derive(progress)
        if report is None:
            return Outcome.REJECTED
        if stored is not None:
            progress.problem = _conflict(stored.differences(report))
        return Outcome.DRY_RUN

    def _find(self, progress: _Progress, reports: ReportGateway) -> StoredReport | None:
        if not reports.can_find:
            return None
        started = self._clock.monotonic_seconds()
        stored = reports.find(progress.run)
        progress.already_closed = stored is not None
        self._metrics.emit(
            ReportSought(
                run=progress.run,
                at=self._clock.now(),
                found=stored is not None,
                duration_ms=self._since_ms(started),
            )
        )
        return stored

    def _derive(self, progress: _Progress) -> Report | None:
        """Read, check and derive; ``None`` where a rule that rejects is broken."""
        policy = self._policy
        started = self._clock.monotonic_seconds()
        read_at = self._clock.now()
        reading = self._orders.read(progress.window, policy.rules.tolerance)
        totals = Totals.sum(reading.parts)
        progress.orders = totals.orders
        progress.violations = policy.rules.judge(totals.tallies)
        self._metrics.emit(
            OrdersRead(
                run=progress.run,
                at=self._clock.now(),
                orders=totals.orders,
                lines=totals.lines,
                violations=sum(violation.count for violation in progress.violations),
                duration_ms=self._since_ms(started),
            )
        )
        rejecting = [v for v in progress.violations if v.action is Action.REJECT]
        if rejecting:
            progress.problem = _rejection(rejecting)
            return None
        report = Report.derive(
            progress.window.day,
            totals,
            top_items_max=policy.top_items_max,
            currency_decimals=policy.currency_decimals,
        )
        progress.report = report
        progress.seal = Seal.of(
            progress.window,
            totals,
            report,
            snapshot=reading.snapshot,
            read_at=read_at,
            versions=policy.versions,
        )
        return report

    def _hand_over(self, progress: _Progress, reports: ReportGateway, report: Report) -> Outcome:
        started = self._clock.monotonic_seconds()
        try:
            receipt = reports.submit(progress.run, report)
        except AnswerLost as error:
            progress.submission = Submission(error.attempts, None)
            stored = _find_once(progress.run, reports)
            if stored is None:
                raise
            return _settle(progress, report, stored)
        except (BackendRefused, BackendUnavailable) as error:
            progress.submission = Submission(error.attempts, error.status)
            raise
        progress.submission = Submission(receipt.attempts, receipt.status)
        self._metrics.emit(
            ReportSubmitted(
                run=progress.run,
                at=self._clock.now(),
                status=receipt.status,
                attempts=receipt.attempts,
                duration_ms=self._since_ms(started),
            )
        )
        if receipt.created:
            progress.already_closed = False
            return Outcome.CREATED
        stored = receipt.stored
        if stored is None or not stored.is_complete:
            stored = _find_once(progress.run, reports) or stored
        return _settle(progress, report, stored)

    def _tell_end(self, progress: _Progress, outcome: Outcome, code: str | None) -> float:
        duration_ms = self._since_ms(progress.started_seconds)
        run, at = progress.run, self._clock.now()
        if outcome.is_success or outcome is Outcome.DRY_RUN:
            self._metrics.emit(
                CloseCompleted(
                    run=run,
                    at=at,
                    dry_run=progress.dry_run,
                    outcome=outcome,
                    orders=progress.orders,
                    duration_ms=duration_ms,
                )
            )
        else:
            self._metrics.emit(
                CloseFailed(
                    run=run,
                    at=at,
                    dry_run=progress.dry_run,
                    outcome=outcome,
                    code=code or outcome.value,
                    orders=progress.orders,
                    duration_ms=duration_ms,
                )
            )
        return duration_ms

    def _since_ms(self, started_seconds: float) -> float:
        return (self._clock.monotonic_seconds() - started_seconds) * 1000


def _outcome_of(error: AegisError) -> Outcome:
    return next(outcome for kind, outcome in _OUTCOME_OF_ERROR if isinstance(error, kind))


def _find_once(run: Run, reports: ReportGateway) -> StoredReport | None:
    """Ask a single time what became of a report; ``None`` where that can't be known."""
    try:
        return reports.find(run, once=True)
    except (BackendRefused, BackendUnavailable):
        return None


def _settle(progress: _Progress, report: Report, stored: StoredReport | None) -> Outcome:
    """Decide about a report that the Backend says it has."""
    progress.already_closed = True
    progress.problem = None if stored is None else _conflict(stored.differences(report))
    return Outcome.ALREADY_CLOSED if progress.problem is None else Outcome.CONFLICT


def _conflict(differences: tuple[Difference, ...]) -> Problem | None:
    if not differences:
        return None
    return Problem(
        code="conflict",
        message="The Backend holds a different report for this day: "
        + "; ".join(map(str, differences))
        + ".",
        remedy="Find out which of the two is right; the Backend can't replace a report,"
        " so a person must settle it there.",
        retryable=False,
    )


def _rejection(violations: list[Violation]) -> Problem:
    broken = "; ".join(
        f"{violation.rule} by {violation.count} (order {', '.join(violation.orders)})"
        for violation in violations
    )
    return Problem(
        code="orders_rejected",
        message=f"The orders break consistency rules: {broken}. Nothing was sent.",
        remedy="Mend the orders in the shop's database, or choose another action for the rule"
        " in AEGIS_RULES where that is allowed, and close the day again.",
        retryable=False,
    )
