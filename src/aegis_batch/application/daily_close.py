"""Close one period of one shop: find, read, check, derive, submit, confirm."""

from collections.abc import Callable, Generator
from datetime import datetime

from aegis_batch.application.asking_seals import may_be_ours, merged_of
from aegis_batch.application.close_journal import CloseJournal
from aegis_batch.application.close_progress import CloseProgress
from aegis_batch.application.close_request import CloseRequest, not_over
from aegis_batch.application.closing import Closing, ReadingWanted, served
from aegis_batch.application.deriving import Deriving, ReportPolicy
from aegis_batch.application.ports.clock import Clock
from aegis_batch.application.ports.metrics_sink import MetricsSink
from aegis_batch.application.ports.order_reader import OrderReader, Reading
from aegis_batch.application.ports.report_finder import ReportFinder
from aegis_batch.application.ports.report_gateway import ReportGateway
from aegis_batch.application.sealed_days import SealedDays
from aegis_batch.domain.calendar import Calendar, Period, PeriodKind, Window
from aegis_batch.domain.errors import (
    AegisError,
    AnswerLost,
    BackendRefused,
    BackendUnavailable,
    InvalidRequest,
)
from aegis_batch.domain.events import Step
from aegis_batch.domain.outcome import CloseResult, Outcome, Problem, Submission
from aegis_batch.domain.report import Report, StoredReport
from aegis_batch.domain.run import CloseKey

__all__ = ["DailyCloseUseCase"]


_Deriving = Generator[ReadingWanted, Reading, Report | None]
_Deciding = Generator[ReadingWanted, Reading, Outcome]


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
        *,
        finder: ReportFinder | None = None,
        compares_first: bool = False,
        hold: Callable[[CloseKey], None] | None = None,
    ) -> None:
        """Take the ports and the policy; without ``reports`` only dry runs are possible.

        They ask ``finder`` in its place, where there is one.
        With ``sealed_days`` a week or a month need not read orders that its days have sealed, and
        a period that has a seal is closed already only where its report is what orders give; so is
        one whose report an attempt that was broken off may have handed over, and it is sealed then.
        With ``compares_first`` that goes for all periods: one of several tenants may have been
        given the report of another. ``hold`` is asked before anything is read or sent, except in a
        rehearsal, and raises ``InOtherHands`` where another process is at the same close.
        """
        self._deriving = Deriving(orders, clock, policy)
        self._reports = reports
        self._finder = finder or reports
        self._clock = clock
        self._metrics = metrics
        self._policy = policy
        self._sealed_days = sealed_days
        self._compares_first = compares_first
        self._hold = hold

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
        closing = self.closing(request, if_stopped=if_stopped)
        return served(closing, self._deriving.read)

    def closing(
        self,
        request: CloseRequest,
        *,
        if_stopped: Callable[[CloseResult], None] | None = None,
    ) -> Closing[CloseResult]:
        """Close a day as ``close`` does, but leave the reading of its orders to the caller.

        So many closes can be served by one reading. Nothing is done before the first ``next``.
        """
        calendar = self._policy.calendars.of(request.zone_name)
        run = request.run(calendar, self._clock.now())
        journal = CloseJournal(self._clock, self._metrics, run, dry_run=request.dry_run)
        journal.started()
        try:
            window = self._accept(request, run.key.period, calendar)
        except InvalidRequest as error:
            journal.ended(Outcome.INVALID, error.code)
            raise
        progress = CloseProgress(run, window, journal, request.zone_name)
        progress.can_replace = self._finder is not None and self._finder.can_replace
        progress.sealed_days, progress.is_rebuild = self._sealed_days, request.rebuild
        try:
            if self._hold is not None and not request.dry_run:
                self._hold(run.key)
            if request.dry_run or self._reports is None:
                outcome = yield from self._rehearse(progress)
            elif request.rebuild:
                outcome = yield from self._rebuild(progress, self._reports)
            else:
                outcome = yield from self._attempt(progress, self._reports)
        except AegisError as error:
            progress.problem = Problem.of(error)
            progress.not_before = error.not_before
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
        """Return when the period of a request ends, where that is still to come.

        Raises ``InvalidRequest`` for a zone that is none.
        """
        calendar, now = self._policy.calendars.of(request.zone_name), self._clock.now()
        end = calendar.window_of(request.run(calendar, now).key.period).end
        return end if end > now else None

    def _accept(self, request: CloseRequest, period: Period, calendar: Calendar) -> Window:
        if self._reports is None and not request.dry_run:
            raise InvalidRequest(
                "missing_setting",
                "Closing a day needs a Backend to hand the report to.",
                "Set BACKEND_BASE_URL and X_SERVICE_TOKEN, or look with --dry-run.",
            )
        today = calendar.business_date(self._clock.now())
        is_over = period.first_day < today and period.end_day <= today
        if not is_over and not (request.dry_run and request.allow_open_day):
            raise not_over(period, today, calendar.zone_name)
        try:
            return calendar.window_of(period)
        except (OverflowError, ValueError):
            raise InvalidRequest(
                "day_out_of_range",
                f"The day {period.first_day} lies at the edge of what a calendar can hold.",
                "Name a day that is some days away from the first and the last date there is.",
            ) from None

    def _attempt(self, progress: CloseProgress, reports: ReportGateway) -> _Deciding:
        progress.backend = reports.identity
        stored = _find(progress, reports)
        if stored is not None and stored.is_whole and not self._must_compare(progress):
            progress.report = stored.as_report(self._policy.currency_decimals)
            return Outcome.ALREADY_CLOSED
        if stored is not None:
            progress.go_by_seal()
        report = yield from self._derive(progress, may_merge=True)
        if report is None:
            return Outcome.REJECTED
        if stored is not None:
            # What isn't what the orders give closes no period silently, whoever handed it over.
            return _settle(progress, report, stored)
        return _hand_over(progress, reports, report)

    def _must_compare(self, progress: CloseProgress) -> bool:
        """Say whether a report that is there has to be what the orders give."""
        return self._compares_first or may_be_ours(
            self._sealed_days, progress.run, progress.journal
        )

    def _rehearse(self, progress: CloseProgress) -> _Deciding:
        stored = None
        if self._finder is not None:
            try:
                stored = _find(progress, self._finder)
            except (BackendRefused, BackendUnavailable) as error:
                # A rehearsal is about the orders: a Backend that is away is worth a word only.
                progress.problem = Problem.of(error)
        if stored is not None:
            progress.go_by_seal()
        report = yield from self._derive(progress)
        if report is None:
            return Outcome.REJECTED
        if stored is not None:
            _compare(progress, report, stored)
        return Outcome.DRY_RUN

    def _rebuild(self, progress: CloseProgress, reports: ReportGateway) -> _Deciding:
        stored = _find(progress, reports)
        progress.go_by_seal()
        report = yield from self._derive(progress)
        if report is None:
            return Outcome.REJECTED
        if stored is None or (reports.can_replace and stored.differences(report)):
            progress.problem = progress.other_than_sealed(report)
            if progress.problem is not None:
                return Outcome.CONFLICT
            return _hand_over(progress, reports, report, is_replacing=reports.can_replace)
        return _settle(progress, report, stored)

    def _derive(self, progress: CloseProgress, *, may_merge: bool = False) -> _Deriving:
        """Read, check and derive; ``None`` where a rule that rejects is broken.

        Whoever wants to know what the orders say now must not merge what was sealed.
        """
        key, journal = progress.run.key, progress.journal
        seals = self._sealed_days if may_merge and key.period.kind is not PeriodKind.DAY else None
        with journal.step(Step.READ, begins=seals is not None):
            began = self._clock.now()
            merged = merged_of(seals, key, progress.zone_name, journal)
            if merged is None:
                try:
                    reading = yield ReadingWanted(key.tenant, progress.window, journal.reading)
                finally:
                    journal.goes_on()
                derived = self._deriving.derive_from(
                    reading, progress.window, journal.reading_since
                )
                journal.read(derived.totals, derived.violations)
            else:
                derived = self._deriving.derive_from(merged.reading, progress.window, began)
                journal.merged(merged.days, derived.totals, derived.violations)
        progress.violations = derived.violations
        progress.totals = derived.totals
        if derived.report is None:
            progress.problem = derived.problem
            return None
        progress.report = derived.report
        progress.seal = derived.seal
        return derived.report


def _find(progress: CloseProgress, reports: ReportFinder) -> StoredReport | None:
    if not reports.can_find:
        return None
    with progress.journal.step(Step.FIND):
        stored = reports.find(progress.run)
        progress.already_closed = stored is not None
        progress.revision = None if stored is None else stored.revision
        progress.journal.sought(found=stored is not None)
    return stored


def _hand_over(
    progress: CloseProgress, reports: ReportGateway, report: Report, *, is_replacing: bool = False
) -> Outcome:
    try:
        with progress.journal.step(Step.SUBMIT):
            hand_over = reports.replace if is_replacing else reports.submit
            receipt = hand_over(progress.run, report)
            progress.journal.submitted(receipt)
    except AnswerLost as error:
        progress.submission = Submission(error.attempts, None)
        progress.already_closed = None
        stored = _find_once(progress, reports)
        if stored is None or (is_replacing and stored.differences(report)):
            # What was to be replaced still stands: that is no conflict, but a failed attempt.
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
    progress.revision = receipt.revision
    if receipt.created:
        progress.already_closed = False
        return Outcome.CREATED
    stored = receipt.stored
    if stored is None or not stored.is_complete:
        stored = _find_once(progress, reports) or stored
    return _settle(progress, report, stored)


def _find_once(progress: CloseProgress, reports: ReportFinder) -> StoredReport | None:
    """Ask a single time what became of a report; ``None`` where that can't be known."""
    if not reports.can_find:
        return None
    try:
        with progress.journal.step(Step.FIND):
            stored = reports.find(progress.run, once=True)
            progress.revision = None if stored is None else stored.revision
            progress.journal.sought(found=stored is not None)
    except (BackendRefused, BackendUnavailable):
        return None
    return stored


def _settle(progress: CloseProgress, report: Report, stored: StoredReport | None) -> Outcome:
    """Decide about a report that the Backend says it has."""
    progress.already_closed = True
    if stored is not None:
        _compare(progress, report, stored)
    if progress.problem is None:
        # Orders and report may have been changed alike; and a report doesn't name every item.
        progress.problem = progress.other_than_sealed(report)
    return Outcome.ALREADY_CLOSED if progress.problem is None else Outcome.CONFLICT


def _compare(progress: CloseProgress, report: Report, stored: StoredReport) -> None:
    differences = stored.differences(report)
    if differences:
        progress.problem = Problem.of_conflict(
            differences, progress.run.key.period.kind, can_replace=progress.can_replace
        )
    else:
        progress.problem = None
