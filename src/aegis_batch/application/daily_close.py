"""Close one period of one shop: find, read, check, derive, submit, confirm."""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import date, datetime, timedelta

from aegis_batch.application.close_journal import CloseJournal
from aegis_batch.application.deriving import Deriving, ReportPolicy
from aegis_batch.application.ports.clock import Clock
from aegis_batch.application.ports.metrics_sink import MetricsSink
from aegis_batch.application.ports.order_reader import OrderReader
from aegis_batch.application.ports.report_gateway import ReportGateway
from aegis_batch.application.sealed_days import MergedDays, SealedDays
from aegis_batch.domain.calendar import Calendar, Period, PeriodKind, Window
from aegis_batch.domain.consistency import Violation
from aegis_batch.domain.errors import (
    AegisError,
    AnswerLost,
    BackendRefused,
    BackendUnavailable,
    InvalidRequest,
    StateMisfit,
    StateUnavailable,
)
from aegis_batch.domain.events import Step
from aegis_batch.domain.outcome import CloseResult, Outcome, Problem, Submission
from aegis_batch.domain.report import Report, StoredReport
from aegis_batch.domain.run import CloseKey, Run
from aegis_batch.domain.seal import Seal
from aegis_batch.domain.totals import Totals

__all__ = ["CloseRequest", "DailyCloseUseCase"]


@dataclass(frozen=True, slots=True)
class CloseRequest:
    """The wish to close the period of a kind that holds ``day``: the last one unless given.

    With ``dry_run`` nothing is sent; ``allow_open_day`` then admits periods that have not ended.
    With ``rebuild`` a period that is closed is derived again and compared.
    """

    run_id: str
    trace_id: str
    tenant: str = "default"
    day: date | None = None
    kind: PeriodKind = PeriodKind.DAY
    dry_run: bool = False
    allow_open_day: bool = False
    rebuild: bool = False

    def run(self, calendar: Calendar, now: datetime) -> Run:
        """Return the run that this asks for, at a UTC instant."""
        day = self.day
        if day is None:
            day = _last_ended(self.kind, calendar.business_date(now))
        key = CloseKey(self.tenant, Period.holding(self.kind, day))
        return Run(self.run_id, self.trace_id, key)

    def named_period(self) -> Period | None:
        """Return the period that this names; ``None`` where it leaves that to the calendar."""
        return None if self.day is None else Period.holding(self.kind, self.day)


@dataclass(slots=True)
class _Progress:
    """What is known of a close while it goes on."""

    run: Run
    window: Window
    journal: CloseJournal
    report: Report | None = None
    already_closed: bool | None = None
    seal: Seal | None = None
    totals: Totals | None = None
    violations: tuple[Violation, ...] = ()
    submission: Submission | None = None
    problem: Problem | None = None
    backend: str | None = None

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
        )


class DailyCloseUseCase:
    """Closes days. Killed at any point and started again, it loses and doubles nothing."""

    def __init__(  # noqa: PLR0913, PLR0917 - the ports, and what it derives with
        self,
        orders: OrderReader,
        reports: ReportGateway | None,
        clock: Clock,
        metrics: MetricsSink,
        policy: ReportPolicy,
        sealed_days: SealedDays | None = None,
    ) -> None:
        """Take the ports and the policy; without ``reports`` only dry runs are possible.

        With ``sealed_days`` a week or a month need not read orders that its days have sealed.
        """
        self._deriving = Deriving(orders, clock, policy)
        self._reports = reports
        self._clock = clock
        self._metrics = metrics
        self._policy = policy
        self._sealed_days = sealed_days

    def close(
        self,
        request: CloseRequest,
        *,
        if_stopped: Callable[[CloseResult], None] | None = None,
    ) -> CloseResult:
        """Close a day, or rehearse it, and return how that ended.

        What is foreseen comes back as an outcome. ``InvalidRequest`` where the request makes no
        sense, before anything was tried, and a defect are told and raised as they are. So is a
        ``KeyboardInterrupt``, after ``if_stopped`` has been given all that was known by then.
        """
        run = request.run(self._policy.calendar, self._clock.now())
        journal = CloseJournal(self._clock, self._metrics, run, dry_run=request.dry_run)
        journal.started()
        try:
            window = self._accept(request, run.key.period)
        except InvalidRequest as error:
            journal.ended(Outcome.INVALID, error.code)
            raise
        progress = _Progress(run, window, journal)
        try:
            if request.dry_run or self._reports is None:
                outcome = self._rehearse(progress)
            elif request.rebuild:
                outcome = self._rebuild(progress, self._reports)
            else:
                outcome = self._attempt(progress, self._reports)
        except AegisError as error:
            progress.problem = Problem.of(error)
            outcome = Outcome.of(error)
        except Exception:
            journal.ended(Outcome.DEFECT, "defect")
            raise
        except KeyboardInterrupt:
            progress.problem = Problem.of_stop()
            known = progress.end(Outcome.UNAVAILABLE)
            if if_stopped is not None:
                if_stopped(known)
            raise
        return progress.end(outcome)

    def ends_at(self, request: CloseRequest) -> datetime | None:
        """Return when the period of a request ends, where that is still to come."""
        calendar, now = self._policy.calendar, self._clock.now()
        end = calendar.window_of(request.run(calendar, now).key.period).end
        return end if end > now else None

    def _accept(self, request: CloseRequest, period: Period) -> Window:
        if self._reports is None and not request.dry_run:
            raise InvalidRequest(
                "missing_setting",
                "Closing a day needs a Backend to hand the report to.",
                "Set BACKEND_BASE_URL and X_SERVICE_TOKEN, or look with --dry-run.",
            )
        calendar = self._policy.calendar
        today = calendar.business_date(self._clock.now())
        is_over = period.first_day < today and period.end_day <= today
        if not is_over and not (request.dry_run and request.allow_open_day):
            raise _not_over(period, today, calendar.zone_name)
        try:
            return calendar.window_of(period)
        except (OverflowError, ValueError):
            raise InvalidRequest(
                "day_out_of_range",
                f"The day {period.first_day} lies at the edge of what a calendar can hold.",
                "Name a day that is some days away from the first and the last date there is.",
            ) from None

    def _attempt(self, progress: _Progress, reports: ReportGateway) -> Outcome:
        progress.backend = reports.identity
        stored = _find(progress, reports)
        if stored is not None:
            progress.report = stored.as_report(self._policy.currency_decimals)
            return Outcome.ALREADY_CLOSED
        report = self._derive(progress, may_merge=True)
        if report is None:
            return Outcome.REJECTED
        return _hand_over(progress, reports, report)

    def _rehearse(self, progress: _Progress) -> Outcome:
        stored = None
        if self._reports is not None:
            try:
                stored = _find(progress, self._reports)
            except (BackendRefused, BackendUnavailable) as error:
                # A rehearsal is about the orders: a Backend that is away is worth a word only.
                progress.problem = Problem.of(error)
        report = self._derive(progress)
        if report is None:
            return Outcome.REJECTED
        if stored is not None:
            _compare(progress, report, stored)
        return Outcome.DRY_RUN

    def _rebuild(self, progress: _Progress, reports: ReportGateway) -> Outcome:
        stored = _find(progress, reports)
        report = self._derive(progress)
        if report is None:
            return Outcome.REJECTED
        if stored is None:
            return _hand_over(progress, reports, report)
        return _settle(progress, report, stored)

    def _derive(self, progress: _Progress, *, may_merge: bool = False) -> Report | None:
        """Read, check and derive; ``None`` where a rule that rejects is broken.

        Whoever wants to know what the orders say now must not merge what was sealed.
        """
        with progress.journal.step(Step.READ):
            began = self._clock.now()
            merged = self._merged(progress) if may_merge else None
            if merged is None:
                derived = self._deriving.derive(progress.window)
                progress.journal.read(derived.totals, derived.violations)
            else:
                derived = self._deriving.derive_from(merged.reading, progress.window, began)
                progress.journal.merged(merged.days, derived.totals, derived.violations)
        progress.violations = derived.violations
        progress.totals = derived.totals
        if derived.report is None:
            progress.problem = derived.problem
            return None
        progress.report = derived.report
        progress.seal = derived.seal
        return derived.report

    def _merged(self, progress: _Progress) -> MergedDays | None:
        if self._sealed_days is None:
            return None
        try:
            return self._sealed_days.merged(progress.run.key)
        except (StateUnavailable, StateMisfit) as error:
            # The orders are there to be read: the state is no condition for a close.
            progress.journal.could_not_merge(error.code)
            return None


def _last_ended(kind: PeriodKind, today: date) -> date:
    return Period.holding(kind, today).first_day - timedelta(days=1)


def _not_over(period: Period, today: date, zone_name: str) -> InvalidRequest:
    latest = Period.holding(period.kind, _last_ended(period.kind, today))
    named = f"business day {period}" if period.kind is PeriodKind.DAY else str(period)
    return InvalidRequest(
        "day_not_over",
        f"The {named} has not ended: today is {today} in {zone_name}.",
        f"Close {latest} or an earlier {period.kind},"
        f" or look at an open {period.kind} with --dry-run --allow-open-day.",
    )


def _find(progress: _Progress, reports: ReportGateway) -> StoredReport | None:
    if not reports.can_find:
        return None
    with progress.journal.step(Step.FIND):
        stored = reports.find(progress.run)
        progress.already_closed = stored is not None
        progress.journal.sought(found=stored is not None)
    return stored


def _hand_over(progress: _Progress, reports: ReportGateway, report: Report) -> Outcome:
    try:
        with progress.journal.step(Step.SUBMIT):
            receipt = reports.submit(progress.run, report)
            progress.journal.submitted(receipt)
    except AnswerLost as error:
        progress.submission = Submission(error.attempts, None)
        progress.already_closed = None
        stored = _find_once(progress, reports)
        if stored is None:
            raise
        return _settle(progress, report, stored)
    except (BackendRefused, BackendUnavailable) as error:
        progress.submission = Submission(error.attempts, error.status)
        raise
    except KeyboardInterrupt:
        # At least one request may have arrived; how many were made is known to nobody now.
        progress.submission = Submission(1, None)
        progress.already_closed = None
        raise
    progress.submission = Submission(receipt.attempts, receipt.status)
    if receipt.created:
        progress.already_closed = False
        return Outcome.CREATED
    stored = receipt.stored
    if stored is None or not stored.is_complete:
        stored = _find_once(progress, reports) or stored
    return _settle(progress, report, stored)


def _find_once(progress: _Progress, reports: ReportGateway) -> StoredReport | None:
    """Ask a single time what became of a report; ``None`` where that can't be known."""
    if not reports.can_find:
        return None
    try:
        with progress.journal.step(Step.FIND):
            stored = reports.find(progress.run, once=True)
            progress.journal.sought(found=stored is not None)
    except (BackendRefused, BackendUnavailable):
        return None
    return stored


def _settle(progress: _Progress, report: Report, stored: StoredReport | None) -> Outcome:
    """Decide about a report that the Backend says it has."""
    progress.already_closed = True
    if stored is not None:
        _compare(progress, report, stored)
    return Outcome.ALREADY_CLOSED if progress.problem is None else Outcome.CONFLICT


def _compare(progress: _Progress, report: Report, stored: StoredReport) -> None:
    differences = stored.differences(report)
    kind = progress.run.key.period.kind
    progress.problem = Problem.of_conflict(differences, kind) if differences else None
