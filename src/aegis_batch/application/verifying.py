"""Verify one closed period: ask, read and derive again, and compare. Nothing is ever sent."""

from dataclasses import dataclass

from aegis_batch.application.deriving import Derived, Deriving, ReportPolicy
from aegis_batch.application.ports.clock import Clock
from aegis_batch.application.ports.report_gateway import ReportGateway
from aegis_batch.application.ports.turn import Turn
from aegis_batch.domain.errors import StateMisfit
from aegis_batch.domain.outcome import Problem
from aegis_batch.domain.report import Difference, Report, StoredReport
from aegis_batch.domain.run import CloseKey, Run
from aegis_batch.domain.totals import Totals
from aegis_batch.domain.verification import Change, Verdict, Verification

__all__ = ["Sealed", "Verifying", "newest_seal"]


@dataclass(frozen=True, slots=True)
class Sealed:
    """What a period was closed with: the newest link of the chain that is of it."""

    digest: str
    totals: Totals
    report: Report


def newest_seal(turn: Turn, key: CloseKey) -> Sealed | None:
    """Return what a period was closed with, as far as the chain of seals knows.

    Raises ``StateUnavailable``, and ``StateMisfit`` for a seal that can't be read.
    """
    link = turn.seals.newest_of(key)
    if link is None:
        return None
    try:
        report = Report.of_body(link.sealed.body)
    except ValueError:
        raise StateMisfit(
            "seal_unreadable",
            f"The seal of {key.period} in the state database holds no report.",
            "Look for the broken link with: aegis-batch audit --check.",
        ) from None
    return Sealed(link.kept().digest, link.sealed.totals, report)


class Verifying:
    """Looks at closed periods again; it sends nothing and keeps nothing."""

    def __init__(
        self,
        deriving: Deriving,
        reports: ReportGateway | None,
        clock: Clock,
        policy: ReportPolicy,
    ) -> None:
        """Take what derives, the ports and the policy; without ``reports`` seals alone count."""
        self._deriving = deriving
        self._reports = reports
        self._clock = clock
        self._policy = policy

    def verify(
        self, run: Run, sealed: Sealed | None, *, is_closed: bool = True
    ) -> Verification | None:
        """Verify the period of a run's key beside its seal, where it has one.

        ``None`` where it isn't sure that the period is closed, and the Backend knows of no report:
        then there is nothing to verify.

        Raises ``BackendRefused`` and ``BackendUnavailable``; for the others see ``OrderReader``.
        """
        stored: StoredReport | None = None
        asks = self._reports is not None and self._reports.can_find
        if self._reports is not None and asks:
            stored = self._reports.find(run)
        if stored is None and not is_closed:
            return None
        verified_at = self._clock.now()
        if sealed is None and not asks:
            return Verification(
                key=run.key,
                verdict=Verdict.UNKNOWN,
                seal_digest=None,
                verified_at=verified_at,
                problem=_NOTHING_TO_COMPARE,
            )
        derived = self._deriving.derive(self._policy.calendar.window_of(run.key.period))
        change = None if sealed is None else Change.between(sealed.totals, derived.totals)
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
