"""The wish to close a period, and why one that has not ended can't be closed."""

from dataclasses import dataclass
from datetime import date, datetime, timedelta

from aegis_batch.domain.calendar import Calendar, Period, PeriodKind
from aegis_batch.domain.errors import InvalidRequest
from aegis_batch.domain.run import CloseKey, Run
from aegis_batch.domain.tenant import check_tenant_id

__all__ = ["CloseRequest", "last_ended", "not_over"]


@dataclass(frozen=True, slots=True)
class CloseRequest:
    """The wish to close the period of a kind that holds ``day``: the last one unless given.

    With ``dry_run`` nothing is sent; ``allow_open_day`` then admits periods that have not ended.
    With ``rebuild`` a period that is closed is derived again and compared, and a different report
    is replaced where that is possible. ``zone_name`` is the zone of the tenant's calendar,
    ``None``: the deployment's. ``cause`` is what ``Run`` has it for.
    """

    run_id: str
    trace_id: str
    tenant: str = "default"
    day: date | None = None
    kind: PeriodKind = PeriodKind.DAY
    dry_run: bool = False
    allow_open_day: bool = False
    rebuild: bool = False
    zone_name: str | None = None
    cause: str | None = None

    def run(self, calendar: Calendar, now: datetime) -> Run:
        """Return the run that this asks for, at a UTC instant.

        Raises ``InvalidRequest`` for a tenant that can be none.
        """
        check_tenant_id(self.tenant)
        day = self.day
        if day is None:
            day = last_ended(self.kind, calendar.business_date(now)).last_day
        key = CloseKey(self.tenant, Period.holding(self.kind, day))
        return Run(self.run_id, self.trace_id, key, self.cause)

    def named_period(self) -> Period | None:
        """Return the period that this names; ``None`` where it leaves that to the calendar."""
        return None if self.day is None else Period.holding(self.kind, self.day)


def last_ended(kind: PeriodKind, today: date) -> Period:
    """Return the newest period of a kind that has ended."""
    return Period.holding(kind, Period.holding(kind, today).first_day - timedelta(days=1))


def not_over(period: Period, today: date, zone_name: str) -> InvalidRequest:
    """Return the error of whoever would close a period that goes on today."""
    latest = last_ended(period.kind, today)
    named = f"business day {period}" if period.kind is PeriodKind.DAY else str(period)
    by = "" if period.kind is PeriodKind.DAY else f" (--date {latest.first_day})"
    return InvalidRequest(
        "day_not_over",
        f"The {named} has not ended: today is {today} in {zone_name}.",
        f"Close {latest}{by} or an earlier {period.kind},"
        f" or look at an open {period.kind} with --dry-run --allow-open-day.",
    )
