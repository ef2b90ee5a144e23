"""How a close ends."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

from aegis_batch.domain.calendar import PeriodKind, Window
from aegis_batch.domain.consistency import Violation
from aegis_batch.domain.defect import place_of
from aegis_batch.domain.errors import (
    AegisError,
    BackendRefused,
    BackendUnavailable,
    InOtherHands,
    InvalidRequest,
    LeaseLost,
    OrdersMisfit,
    OrdersUnreachable,
    ServiceRefused,
    ServiceUnavailable,
    StateUnavailable,
    VaultUnavailable,
)
from aegis_batch.domain.report import Difference, Report
from aegis_batch.domain.report_keeper import ReportKeeper
from aegis_batch.domain.run import Run
from aegis_batch.domain.seal import Seal
from aegis_batch.domain.totals import Totals

__all__ = ["CloseResult", "Outcome", "Problem", "Submission"]


class Outcome(StrEnum):
    """The ways in which a close can end; see the table of exit statuses."""

    CREATED = "created"
    ALREADY_CLOSED = "already_closed"
    DRY_RUN = "dry_run"
    REJECTED = "rejected"
    REFUSED = "refused"
    CONFLICT = "conflict"
    UNAVAILABLE = "unavailable"
    UNREADABLE = "unreadable"
    INVALID = "invalid"
    DEFECT = "defect"

    @property
    def is_success(self) -> bool:
        """Whether the Backend has confirmed that the period is closed."""
        return self in (Outcome.CREATED, Outcome.ALREADY_CLOSED)

    @classmethod
    def of(cls, error: AegisError) -> "Outcome":
        """Return how a close ends that met a foreseen error."""
        for kind, outcome in _OUTCOME_OF_ERROR:
            if isinstance(error, kind):
                return outcome
        return cls.DEFECT


_OUTCOME_OF_ERROR: tuple[tuple[type[AegisError], Outcome], ...] = (
    (BackendRefused, Outcome.REFUSED),
    (BackendUnavailable, Outcome.UNAVAILABLE),
    (OrdersMisfit, Outcome.UNREADABLE),
    (OrdersUnreachable, Outcome.UNREADABLE),
    (InvalidRequest, Outcome.INVALID),
    (LeaseLost, Outcome.UNAVAILABLE),
    (InOtherHands, Outcome.UNAVAILABLE),
    (ServiceRefused, Outcome.REFUSED),
    (ServiceUnavailable, Outcome.UNAVAILABLE),
    # Of a job that is no close: a close itself needs no state.
    (StateUnavailable, Outcome.UNAVAILABLE),
    (VaultUnavailable, Outcome.UNAVAILABLE),
)


@dataclass(frozen=True, slots=True)
class Problem:
    """What went wrong, in a form that is safe to show: a code, a message and a remedy."""

    code: str
    message: str
    remedy: str
    retryable: bool

    @classmethod
    def of(cls, error: AegisError) -> "Problem":
        """Return a foreseen error as a problem."""
        return cls(error.code, error.message, error.remedy, error.retryable)

    @classmethod
    def of_stop(cls) -> "Problem":
        """Return the problem of a close that was told to stop before it had ended."""
        return cls(
            code="stopped",
            message="The program was told to stop before the close had ended.",
            remedy="Close it again: what was sent is found, what was not is sent then.",
            retryable=True,
        )

    @classmethod
    def of_defect(cls, error: Exception) -> "Problem":
        """Return the problem of an error that nobody foresaw, told by its kind and place alone."""
        return cls(
            code="defect",
            message=f"A defect of this program broke the attempt off:"
            f" {type(error).__name__} at {place_of(error)}.",
            remedy="Please report it, with the version and the log lines of the run.",
            retryable=False,
        )

    @classmethod
    def of_conflict(
        cls,
        differences: Iterable[Difference],
        kind: PeriodKind = PeriodKind.DAY,
        *,
        can_replace: bool = False,
    ) -> "Problem":
        """Return the problem of a Backend that holds a report other than the derived one.

        With ``can_replace`` the reports' database stands in for the Backend.
        """
        if can_replace:
            return cls._of_replaceable(differences)
        told = "; ".join(map(str, differences))
        return cls(
            code="conflict",
            message=f"The Backend holds a different report for this {kind}: {told}.",
            remedy="Find out which of the two is right; the Backend can't replace a report,"
            " so a person must settle it there.",
            retryable=False,
        )

    @classmethod
    def _of_replaceable(cls, differences: Iterable[Difference]) -> "Problem":
        told = "; ".join(each.told("here", "there") for each in differences)
        return cls(
            code="conflict",
            message=f"The reports' database holds a different report for this period: {told}.",
            remedy="Find out which of the two is right. If it is the one derived now, have the"
            " period derived again by aegis-batch backfill with --reprocess all, which puts it in"
            " the other's place and keeps that one as a former revision.",
            retryable=False,
        )

    @classmethod
    def of_another_seal(
        cls, told: Iterable[str], kind: PeriodKind, *, is_replaceable: bool
    ) -> "Problem":
        """Return the problem of orders that no longer give what a period was closed with.

        With ``is_replaceable`` a rebuild would put the report that they give in the other's place.
        """
        if_right = "discard the dead letter and say why: the seal stays as it was made."
        if is_replaceable:
            if_right = (
                "have the period derived again by aegis-batch backfill with --reprocess all, which"
                " seals it anew and keeps the former seal."
            )
        return cls(
            code="conflict",
            message=f"This {kind} was sealed here with other totals or another report than its"
            f" orders give now: {'; '.join(told)}.",
            remedy="Find out who changed the orders (aegis-batch verify and prove show what), and"
            f" mend them. If they are right as they are, {if_right}",
            retryable=False,
        )

    @classmethod
    def of_rejection(cls, violations: Iterable[Violation]) -> "Problem":
        """Return the problem of orders that break rules which reject."""
        broken = "; ".join(
            f"{violation.rule} by {violation.count} (order {', '.join(violation.orders)})"
            for violation in violations
        )
        return cls(
            code="orders_rejected",
            message=f"The orders break consistency rules: {broken}. Nothing was sent.",
            remedy="Mend the orders in the shop's database, or choose another action for the rule"
            " in AEGIS_RULES where that is allowed, and close it again.",
            retryable=False,
        )


@dataclass(frozen=True, slots=True)
class Submission:
    """What became of handing a report over.

    ``attempts`` counts POST requests; ``status`` is the HTTP status of the last answer, or
    ``None`` where the last answer was lost.
    """

    attempts: int
    status: int | None


@dataclass(frozen=True, slots=True)
class CloseResult:
    """Everything that is known about a close once it has ended.

    ``backend`` is the identity of the one that has confirmed it, ``revision`` that of the report
    that stands, where revisions are kept. ``keeper`` is who takes the reports. ``zone_name`` is the
    zone of the tenant's calendar, ``None``: the deployment's. Where it ended because somebody who
    is needed was not asked, ``not_before`` is from when on he may be.
    """

    run: Run
    outcome: Outcome
    duration_ms: float
    window: Window | None = None
    report: Report | None = None
    already_closed: bool | None = None
    seal: Seal | None = None
    totals: Totals | None = None
    violations: tuple[Violation, ...] = ()
    submission: Submission | None = None
    problem: Problem | None = None
    backend: str | None = None
    revision: int | None = None
    keeper: ReportKeeper = ReportKeeper.BACKEND
    not_before: datetime | None = None
    zone_name: str | None = None
