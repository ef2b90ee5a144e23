"""Verify one closed period: ask, read and derive again, and compare. Nothing is ever sent."""

from dataclasses import dataclass
from datetime import datetime

from aegis_batch.application.deriving import Derived, Deriving, ReportPolicy
from aegis_batch.application.ports.clock import Clock
from aegis_batch.application.ports.report_finder import ReportFinder
from aegis_batch.application.ports.turn import Turn
from aegis_batch.domain.broken_link import Breach, BrokenLink
from aegis_batch.domain.calendar import Window
from aegis_batch.domain.outcome import Problem
from aegis_batch.domain.report import Difference, Report, StoredReport
from aegis_batch.domain.report_keeper import ReportKeeper
from aegis_batch.domain.run import CloseKey, Run
from aegis_batch.domain.seal_chain import judge_alone
from aegis_batch.domain.totals import Totals
from aegis_batch.domain.verification import Change, Verdict, Verification

__all__ = ["Sealed", "Verifying", "newest_seal"]


@dataclass(frozen=True, slots=True)
class Sealed:
    """What a period was closed with: the newest link of the chain that is of it."""

    digest: str
    totals: Totals
    report: Report
    window: Window

    def change_to(self, present: Totals) -> Change | None:
        """Return how the period's orders add up otherwise now; ``None`` where they don't."""
        # It may be of a Python with another Unicode; that names are written anew is no change.
        sealed = self.totals.with_present_names()
        return Change.between(sealed, present, self.report.decimals)

    def differences(self, derived: Report) -> tuple[Difference, ...]:
        """Return in which fields a derived report differs from the one that was sealed."""
        return StoredReport.of(self.report).differences(derived)


def newest_seal(turn: Turn, key: CloseKey) -> Sealed | BrokenLink | None:
    """Return what a period was closed with, as far as the chain of seals knows.

    That is a broken link where the seal can't be read, or is not as it was kept. Raises
    ``StateUnavailable`` and ``StateMisfit``.
    """
    newest = turn.seals.of(key, 1)
    if not newest:
        return None
    kept = newest[0]
    link = judge_alone(kept)
    if isinstance(link, BrokenLink):
        return link
    try:
        report = Report.of_body(link.sealed.body)
    except ValueError:
        period = str(key.period)
        detail = "Its body can't be read as a report."
        return BrokenLink(kept.tenant, kept.number, Breach.CONTENT, detail, period, kept.run_id)
    return Sealed(kept.digest, link.sealed.totals, report, link.sealed.seal.window)


class Verifying:
    """Looks at closed periods again; it sends nothing and keeps nothing."""

    def __init__(
        self,
        deriving: Deriving,
        reports: ReportFinder | None,
        clock: Clock,
        policy: ReportPolicy,
    ) -> None:
        """Take what derives, the ports and the policy; without ``reports`` seals alone count."""
        self._deriving = deriving
        self._reports = reports
        self._clock = clock
        self._policy = policy

    def verify(
        self,
        run: Run,
        sealed: Sealed | BrokenLink | None,
        *,
        is_closed: bool = True,
        zone_name: str | None = None,
    ) -> Verification | None:
        """Verify the period of a run's key, in a zone, beside its seal where it has one.

        What was sealed is looked at in the window that it was sealed for, whatever zone its tenant
        has by now.
        ``None`` where it isn't sure that the period is closed, and the Backend knows of no report:
        then there is nothing to verify. Beside a broken link nothing is compared, since nothing
        says any more what the period was closed with; nobody is asked then.

        Raises ``BackendRefused`` and ``BackendUnavailable``; for the others see ``OrderReader``.
        """
        if isinstance(sealed, BrokenLink):
            return _known_without(run, Verdict.SEAL_CHANGED, self._clock.now(), sealed.as_problem())
        stored: StoredReport | None = None
        asks = self._reports is not None and self._reports.can_find
        if self._reports is not None and asks:
            stored = self._reports.find(run)
        if stored is None and not is_closed:
            return None
        verified_at = self._clock.now()
        if sealed is None and not asks:
            return _known_without(run, Verdict.UNKNOWN, verified_at, _NOTHING_TO_COMPARE)
        if sealed is None:
            window = self._policy.calendars.of(zone_name).window_of(run.key.period)
        else:
            window = sealed.window
        derived = self._deriving.derive(run.key.tenant, window)
        change = None if sealed is None else sealed.change_to(derived.totals)
        differences = _differences(sealed, change, derived, stored)
        return Verification(
            key=run.key,
            verdict=_verdict(
                is_missing=asks and stored is None,
                differences=differences,
                derived=derived,
                change=change,
            ),
            seal_digest=None if sealed is None else sealed.digest,
            verified_at=verified_at,
            change=change,
            differences=differences,
            problem=derived.problem,
            keeper=ReportKeeper.of(
                can_replace=self._reports is not None and self._reports.can_replace
            ),
        )


def _known_without(
    run: Run, verdict: Verdict, verified_at: datetime, problem: Problem
) -> Verification:
    """Return what is known of a period without a comparison."""
    return Verification(
        key=run.key,
        verdict=verdict,
        seal_digest=None,
        verified_at=verified_at,
        problem=problem,
    )


_NOTHING_TO_COMPARE = Problem(
    code="nothing_to_compare",
    message="There is neither a seal of this period nor a Backend to ask for its report.",
    remedy="Let AEGIS_REPORT_STATUS name a source, or verify where the ledger is that closed it.",
    retryable=False,
)


def _differences(
    sealed: Sealed | None, change: Change | None, derived: Derived, stored: StoredReport | None
) -> tuple[Difference, ...]:
    """Return how the Backend's report differs from what it should be.

    That is what was sealed. Where the orders are as they were, what they give now must be the same
    too; it isn't where the settings of the report have changed since.
    """
    if stored is None:
        return ()
    differences = () if sealed is None else stored.differences(sealed.report)
    if not differences and change is None and derived.report is not None:
        return stored.differences(derived.report)
    return differences


def _verdict(
    *,
    is_missing: bool,
    differences: tuple[Difference, ...],
    derived: Derived,
    change: Change | None,
) -> Verdict:
    """Return the gravest thing that was found; all the others stand beside it."""
    if is_missing:
        return Verdict.MISSING
    if differences:
        return Verdict.CONFLICT
    if derived.report is None:
        return Verdict.REJECTED
    return Verdict.EQUAL if change is None else Verdict.CHANGED
