"""Verify every period of a range, and keep what came of each."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import date

from aegis_batch.application.close_request import last_ended
from aegis_batch.application.ports.clock import Clock
from aegis_batch.application.ports.metrics_sink import MetricsSink
from aegis_batch.application.ports.state import State
from aegis_batch.application.verification_text import found_lines
from aegis_batch.application.verifying import Sealed, Verifying, newest_seal
from aegis_batch.domain.calendar import Calendar, Period, PeriodKind
from aegis_batch.domain.errors import (
    BackendRefused,
    BackendUnavailable,
    InvalidRequest,
    OrdersMisfit,
    OrdersUnreachable,
    StateMisfit,
    StateUnavailable,
)
from aegis_batch.domain.job_events import PeriodVerified
from aegis_batch.domain.outcome import Outcome, Problem
from aegis_batch.domain.run import CloseKey, Run
from aegis_batch.domain.verification import Verdict, Verification

__all__ = ["PERIODS_MAX", "Verified", "VerifyRequest", "VerifyUseCase", "verified_event"]

# Ten years of days.
PERIODS_MAX = 3_660
# What fails so often in a row, in the same way, fails for all the others too.
_FAILURES_IN_A_ROW_MAX = 3


@dataclass(frozen=True, slots=True)
class VerifyRequest:
    """The wish to verify each period of a kind that holds a day from ``first`` to ``last``."""

    run_id: str
    trace_id: str
    first: date
    last: date
    kind: PeriodKind = PeriodKind.DAY
    tenant: str = "default"


@dataclass(frozen=True, slots=True)
class Verified:
    """What came of one period; ``failure`` says how its reading failed, where it did."""

    verification: Verification
    failure: Outcome | None = None


class VerifyUseCase:
    """Verifies ranges. It sends nothing; killed at any point, what it found so far is kept."""

    def __init__(
        self,
        verifying: Verifying,
        state: State,
        clock: Clock,
        metrics: MetricsSink,
        calendar: Calendar,
    ) -> None:
        """Take what verifies one period, the ports and the calendar."""
        self._verifying = verifying
        self._state = state
        self._clock = clock
        self._metrics = metrics
        self._calendar = calendar

    def periods(self, request: VerifyRequest) -> list[Period]:
        """Return the periods of a range, oldest first.

        Raises ``InvalidRequest`` for a range that ends before it begins, is longer than
        ``PERIODS_MAX`` periods, or holds a period that is not over.
        """
        if request.last < request.first:
            raise InvalidRequest(
                "range_reversed",
                f"The range ends on {request.last}, before it begins on {request.first}.",
                "Name its first day with --from and its last with --to.",
            )
        today = self._calendar.business_date(self._clock.now())
        last_period = Period.holding(request.kind, request.last)
        _refuse_open(last_period, today, self._calendar.zone_name)
        periods = [Period.holding(request.kind, request.first)]
        _refuse_edge(self._calendar, periods[0])
        while periods[-1] != last_period:
            if len(periods) == PERIODS_MAX:
                raise InvalidRequest(
                    "range_too_long",
                    f"The range holds more than {PERIODS_MAX} periods.",
                    "Verify it in several parts, or by --period month.",
                )
            periods.append(Period(request.kind, periods[-1].end_day))
        return periods

    def verify(
        self, request: VerifyRequest, if_state_fails: Callable[[Problem], None]
    ) -> Iterator[Verified]:
        """Verify the periods of a range, and yield what came of each as it comes.

        What can't be read is unknown, and the next is looked at; but nobody is asked any more
        after so many failures of one kind in a row, and the range then ends early. Where the state
        fails, ``if_state_fails`` is told once, and what follows is neither compared with seals nor
        kept. Raises ``InvalidRequest`` before anything is asked; see ``periods``.
        """
        memory = _Memory(self._state, if_state_fails)
        in_a_row, last_failure = 0, None
        for period in self.periods(request):
            run = Run(request.run_id, request.trace_id, CloseKey(request.tenant, period))
            verified = self._verify_one(run, memory.seal_of(run.key))
            memory.keep(verified.verification)
            self._metrics.emit(verified_event(run, verified.verification))
            yield verified
            failure = verified.failure
            in_a_row = in_a_row + 1 if failure is not None and failure is last_failure else 1
            last_failure = failure
            if failure is not None and in_a_row == _FAILURES_IN_A_ROW_MAX:
                return

    def _verify_one(self, run: Run, sealed: Sealed | None) -> Verified:
        try:
            verification = self._verifying.verify(run, sealed)
        except (BackendRefused, BackendUnavailable, OrdersMisfit, OrdersUnreachable) as error:
            unknown = Verification(
                key=run.key,
                verdict=Verdict.UNKNOWN,
                seal_digest=None if sealed is None else sealed.digest,
                verified_at=self._clock.now(),
                problem=Problem.of(error),
            )
            return Verified(unknown, Outcome.of(error))
        # Whoever asks for a range says that it is closed: there always is a verification.
        assert verification is not None  # noqa: S101 - see above
        return Verified(verification)


class _Memory:
    """The state, which is left alone from its first failure on: each would wait as long."""

    def __init__(self, state: State, if_fails: Callable[[Problem], None]) -> None:
        self._state = state
        self._if_fails = if_fails
        self._works = True

    def seal_of(self, key: CloseKey) -> Sealed | None:
        if not self._works:
            return None
        try:
            with self._state.turn() as turn:
                return newest_seal(turn, key)
        except (StateUnavailable, StateMisfit) as error:
            self._fail(Problem.of(error))
            return None

    def keep(self, verification: Verification) -> None:
        if not self._works or verification.verdict is Verdict.UNKNOWN:
            return
        try:
            with self._state.turn() as turn:
                turn.verifications.save(verification)
        except (StateUnavailable, StateMisfit) as error:
            self._fail(Problem.of(error))

    def _fail(self, problem: Problem) -> None:
        self._works = False
        self._if_fails(problem)


def verified_event(run: Run, verification: Verification) -> PeriodVerified:
    """Return the event that tells of a verification; ``run`` is what made it."""
    return PeriodVerified(
        run=Run(run.id, run.trace_id, verification.key),
        at=verification.verified_at,
        verdict=verification.verdict,
        found="; ".join(found_lines(verification)) or None,
    )


def _refuse_open(period: Period, today: date, zone_name: str) -> None:
    if period.first_day < today and period.end_day <= today:
        return
    raise InvalidRequest(
        "day_not_over",
        f"The {_named(period)} has not ended: today is {today} in {zone_name}.",
        f"Let the range end with {_named(last_ended(period.kind, today))} or an earlier"
        f" {period.kind}.",
    )


def _refuse_edge(calendar: Calendar, period: Period) -> None:
    try:
        calendar.window_of(period)
    except (OverflowError, ValueError):
        raise InvalidRequest(
            "day_out_of_range",
            f"The {_named(period)} lies at the edge of what a calendar can hold.",
            "Name a day that is some days away from the first date there is.",
        ) from None


def _named(period: Period) -> str:
    return f"business day {period}" if period.kind is PeriodKind.DAY else str(period)
