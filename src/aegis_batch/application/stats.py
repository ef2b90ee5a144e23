"""What the runs of a range of business days come to."""

from dataclasses import dataclass
from datetime import date, timedelta

from aegis_batch.application.ports.clock import Clock
from aegis_batch.application.ports.state import State
from aegis_batch.domain.calendar import Calendar
from aegis_batch.domain.errors import InvalidRequest
from aegis_batch.domain.run_statistics import (
    JobStatistics,
    Prices,
    begin_of_comparison,
    statistics_of,
)
from aegis_batch.domain.tenant_statistics import TenantsRanked, tenants_of

__all__ = ["RUNS_MAX", "Stats", "StatsUseCase"]

RUNS_MAX = 100_000
_DAYS_BEFORE = timedelta(days=29)
_ONE_DAY = timedelta(days=1)


@dataclass(frozen=True, slots=True)
class Stats:
    """The statistics of the runs about some business days, both dates included.

    With ``is_cut`` there are more runs than are looked at: the newest ones are. ``tenants`` are
    those that took longest and that failed most.
    """

    first_day: date
    last_day: date
    jobs: tuple[JobStatistics, ...]
    is_cut: bool
    tenants: TenantsRanked


class StatsUseCase:
    """Adds up the ledger."""

    def __init__(
        self, state: State, clock: Clock, calendar: Calendar, prices: Prices | None
    ) -> None:
        """Take the ports, the calendar, and the prices where the settings have them."""
        self._state = state
        self._clock = clock
        self._calendar = calendar
        self._prices = prices

    def stats(
        self, first_day: date | None, last_day: date | None, *, tenant: str | None = None
    ) -> Stats:
        """Return what the runs of a range come to, which is the last 30 days unless given.

        Those of one tenant, where one is named. Closes before the range are read too, since those
        in it are compared with them, but count for nothing else.
        Raises ``InvalidRequest`` for a range that ends before it begins, ``StateUnavailable`` and
        ``StateMisfit``.
        """
        last_day = last_day or self._calendar.business_date(self._clock.now())
        first_day = first_day or last_day - _DAYS_BEFORE
        if last_day < first_day:
            raise InvalidRequest(
                "empty_range",
                f"The range from {first_day} to {last_day} holds no day.",
                "Name the earlier day with --from and the later one with --to.",
            )
        with self._state.look() as turn:
            figures = turn.runs.figures(first_day, last_day, RUNS_MAX + 1, tenant=tenant)
            begin = begin_of_comparison(figures, first_day)
            before = (
                turn.runs.figures(begin, first_day - _ONE_DAY, RUNS_MAX, tenant=tenant)
                if begin < first_day
                else ()
            )
        is_cut = len(figures) > RUNS_MAX
        figures = figures[:RUNS_MAX]
        return Stats(
            first_day,
            last_day,
            statistics_of(figures, self._prices, before),
            is_cut,
            tenants_of(figures),
        )
