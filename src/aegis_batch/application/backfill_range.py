"""The range that a backfill is wished for, and the periods that it holds."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, timedelta

from aegis_batch.application.close_request import last_ended
from aegis_batch.application.ports.calendars import Calendars
from aegis_batch.application.ports.clock import Clock
from aegis_batch.application.ports.tenant_directory import TenantDirectory
from aegis_batch.domain.backfill import PERIODS_MAX, Reprocess, periods_between
from aegis_batch.domain.calendar import Calendar, Period, PeriodKind
from aegis_batch.domain.errors import InvalidRequest
from aegis_batch.domain.tenant import SINGLE

__all__ = ["BackfillRequest", "periods_over", "zones_without_calendar"]


@dataclass(frozen=True, slots=True, kw_only=True)
class BackfillRequest:
    """The wish to fill a range, both dates included; see ``Backfill`` for the rest."""

    tenant: str = SINGLE
    first_day: date
    last_day: date
    kind: PeriodKind = PeriodKind.DAY
    reprocess: Reprocess = Reprocess.NONE
    newest_first: bool = False
    max_active: int = 2
    zone_name: str | None = None


def periods_over(request: BackfillRequest, calendar: Calendar, clock: Clock) -> Sequence[Period]:
    """Return the periods of a range, oldest first, all of which have ended.

    Raises ``InvalidRequest`` for a range that is none, is too long, or has not ended.
    """
    if request.last_day < request.first_day:
        raise InvalidRequest(
            "invalid_range",
            f"The range ends on {request.last_day}, before it begins on {request.first_day}.",
            "Give the earlier day with --from, and the later one with --to.",
        )
    try:
        calendar.window_of(Period.holding(request.kind, request.first_day))
        # What lies ahead comes first: a shorter range would be refused for that all the same.
        _refuse_open(request, calendar, clock)
        periods = periods_between(request.kind, request.first_day, request.last_day)
    except (OverflowError, ValueError):
        raise InvalidRequest(
            "day_out_of_range",
            "The range lies at the edge of what a calendar can hold.",
            "Name days that are some days away from the first and the last date there is.",
        ) from None
    if len(periods) > PERIODS_MAX:
        raise InvalidRequest(
            "range_too_long",
            f"The range holds more than {PERIODS_MAX:,} {request.kind}s.",
            f"Fill it in parts of {PERIODS_MAX:,} {request.kind}s at most.",
        )
    return periods


def _refuse_open(request: BackfillRequest, calendar: Calendar, clock: Clock) -> None:
    today = calendar.business_date(clock.now())
    last_possible = last_ended(request.kind, today).last_day
    if request.last_day <= last_possible:
        return
    first_open = max(request.first_day, last_possible + timedelta(days=1))
    period = Period.holding(request.kind, first_open)
    named = f"business day {period}" if request.kind is PeriodKind.DAY else str(period)
    raise InvalidRequest(
        "day_not_over",
        f"The {named} has not ended: today is {today} in {calendar.zone_name}.",
        f"The last that is possible: --to {last_possible}",
    )


def zones_without_calendar(
    request: BackfillRequest, directory: TenantDirectory, calendars: Calendars, clock: Clock
) -> frozenset[str]:
    """Return the zones of the directory that are none; in all others the range has ended.

    Raises ``InvalidRequest`` where it hasn't; and as the directory does.
    """
    none: set[str] = set()
    for zone_name in directory.zones():
        try:
            calendar = calendars.of(zone_name)
        except InvalidRequest:
            none.add(zone_name or "")
            continue
        periods_over(request, calendar, clock)
    return frozenset(none)
