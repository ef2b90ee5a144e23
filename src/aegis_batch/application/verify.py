"""Verify every period of a range, and keep what came of each."""

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, replace
from datetime import date

from aegis_batch.application.close_request import last_ended
from aegis_batch.application.ports.calendars import Calendars
from aegis_batch.application.ports.clock import Clock
from aegis_batch.application.ports.metrics_sink import MetricsSink
from aegis_batch.application.ports.state import State
from aegis_batch.application.verification_text import found_lines
from aegis_batch.application.verifying import Sealed, Verifying, newest_seal
from aegis_batch.domain.broken_link import BrokenLink
from aegis_batch.domain.calendar import Calendar, Period, PeriodKind, Window
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
    """The wish to verify each period of a kind that holds a day from ``first`` to ``last``.

    ``zone_name`` is the zone of the tenant's calendar, ``None``: the deployment's. A period that
    has neither a seal nor a report is missing one, unless ``may_be_open``: then it is left out.
    """

    run_id: str
    trace_id: str
    first: date
    last: date
    kind: PeriodKind = PeriodKind.DAY
    tenant: str = "default"
    zone_name: str | None = None
    may_be_open: bool = False


@dataclass(frozen=True, slots=True)
class Verified:
    """What came of one period; ``failure`` says how its reading failed, where it did."""

    verification: Verification
    failure: Outcome | None = None


def _nobody(key: CloseKey) -> None:
    del key


class VerifyUseCase:
    """Verifies ranges. It sends nothing; killed at any point, what it found so far is kept."""

    def __init__(
        self,
        verifying: Verifying,
        state: State,
        clock: Clock,
        metrics: MetricsSink,
        calendars: Calendars,
    ) -> None:
        """Take what verifies one period, and the ports."""
        self._verifying = verifying
        self._state = state
        self._clock = clock
        self._metrics = metrics
        self._calendars = calendars

    def periods(self, request: VerifyRequest) -> list[Period]:
        """Return the periods of a range, oldest first.

        Raises ``InvalidRequest`` for a range that ends before it begins, is longer than
        ``PERIODS_MAX`` periods, or holds a period that is not over, and for a zone that is none.
        """
        if request.last < request.first:
            raise InvalidRequest(
                "range_reversed",
                f"The range ends on {request.last}, before it begins on {request.first}.",
                "Name its first day with --from and its last with --to.",
            )
        calendar = self._calendars.of(request.zone_name)
        today = calendar.business_date(self._clock.now())
        last_period = Period.holding(request.kind, request.last)
        _refuse_open(last_period, today, calendar.zone_name)
        periods = [Period.holding(request.kind, request.first)]
        _refuse_edge(calendar, periods[0])
        while periods[-1] != last_period:
            if len(periods) == PERIODS_MAX:
                raise InvalidRequest(
                    "range_too_long",
                    f"The range holds more than {PERIODS_MAX} periods.",
                    "Verify it in several parts, or by --period month.",
                )
            periods.append(Period(request.kind, periods[-1].end_day))
        return periods

    def window_of(self, request: VerifyRequest) -> Window:
        """Return the time from the start of a range's first period to the end of its last."""
        calendar = self._calendars.of(request.zone_name)
        periods = self.periods(request)
        first, last = (calendar.window_of(each) for each in (periods[0], periods[-1]))
        return Window(first.day, first.start, last.end, first.wall_start, last.wall_end)

    def verify(
        self, request: VerifyRequest, if_state_fails: Callable[[Problem], None]
    ) -> Iterator[Verified]:
        """Verify the periods of a range, and yield what came of each as it comes.

        What can't be read is unknown, and the next is looked at; but nobody is asked any more
        after so many failures of one kind in a row, and the range then ends early. Where the state
        fails, ``if_state_fails`` is told once, and what follows is neither compared with seals nor
        kept. Raises ``InvalidRequest`` before anything is asked; see ``periods``.
        """
        return self._verify(request, _Memory(self._state, if_state_fails))

    def verify_each(
        self,
        requests: Iterable[VerifyRequest],
        if_state_fails: Callable[[Problem], None],
        if_open: Callable[[CloseKey], None] = _nobody,
    ) -> Iterator[Verified]:
        """Verify the ranges of many tenants as ``verify`` does that of one.

        ``if_open`` is told of each period that is left out since it was never closed.
        Nobody is asked any more after so many tenants in a row whose last period nobody could
        answer for.
        """
        memory = _Memory(self._state, if_state_fails)
        away_in_a_row = 0
        for request in requests:
            last = None
            for last in self._verify(request, memory, if_open):
                yield last
            is_away = last is not None and last.failure is Outcome.UNAVAILABLE
            away_in_a_row = away_in_a_row + 1 if is_away else 0
            if away_in_a_row == _FAILURES_IN_A_ROW_MAX:
                return

    def _verify(
        self,
        request: VerifyRequest,
        memory: "_Memory",
        if_open: Callable[[CloseKey], None] = _nobody,
    ) -> Iterator[Verified]:
        in_a_row, last_failure = 0, None
        for period in self.periods(request):
            run = Run(request.run_id, request.trace_id, CloseKey(request.tenant, period))
            sealed = memory.seal_of(run.key)
            verified = self._verify_one(run, sealed, request)
            if verified is None:
                if_open(run.key)
                continue
            memory.keep(verified.verification)
            self._metrics.emit(
                verified_event(run, verified.verification, known_closed=sealed is not None)
            )
            yield verified
            failure = verified.failure
            in_a_row = in_a_row + 1 if failure is not None and failure is last_failure else 1
            last_failure = failure
            if failure is not None and in_a_row == _FAILURES_IN_A_ROW_MAX:
                return

    def _verify_one(
        self, run: Run, sealed: Sealed | BrokenLink | None, request: VerifyRequest
    ) -> Verified | None:
        try:
            verification = self._verifying.verify(
                run,
                sealed,
                is_closed=sealed is not None or not request.may_be_open,
                zone_name=request.zone_name,
            )
        except (BackendRefused, BackendUnavailable, OrdersMisfit, OrdersUnreachable) as error:
            unknown = Verification(
                key=run.key,
                verdict=Verdict.UNKNOWN,
                seal_digest=sealed.digest if isinstance(sealed, Sealed) else None,
                verified_at=self._clock.now(),
                problem=Problem.of(error),
            )
            return Verified(unknown, Outcome.of(error))
        return None if verification is None else Verified(verification)


class _Memory:
    """The state, which is left alone from its first failure on: each would wait as long."""

    def __init__(self, state: State, if_fails: Callable[[Problem], None]) -> None:
        self._state = state
        self._if_fails = if_fails
        self._works = True

    def seal_of(self, key: CloseKey) -> Sealed | BrokenLink | None:
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


def verified_event(
    run: Run, verification: Verification, *, known_closed: bool = True
) -> PeriodVerified:
    """Return the event that tells of a verification; ``run`` is what made it."""
    return PeriodVerified(
        run=replace(run, key=verification.key),
        at=verification.verified_at,
        verdict=verification.verdict,
        found="; ".join(found_lines(verification)) or None,
        known_closed=known_closed,
    )


def _refuse_open(period: Period, today: date, zone_name: str) -> None:
    if period.first_day < today and period.end_day <= today:
        return
    latest = last_ended(period.kind, today)
    by = "" if period.kind is PeriodKind.DAY else f" (any day up to {latest.last_day})"
    raise InvalidRequest(
        "day_not_over",
        f"The {_named(period)} has not ended: today is {today} in {zone_name}.",
        f"The newest that is over is {_named(latest)}{by}: name that one or an earlier"
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
