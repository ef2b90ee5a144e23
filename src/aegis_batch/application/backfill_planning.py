"""Plan a backfill: say how each period of a range stands, and start what was planned."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import date

from aegis_batch.application.backfill_control import cancelled, unknown_plan
from aegis_batch.application.backfilling import Backfilling
from aegis_batch.application.close_request import last_ended
from aegis_batch.application.day_standing import Standing, standing_of
from aegis_batch.application.ledger import Ledger
from aegis_batch.application.ports.clock import Clock
from aegis_batch.application.ports.identifiers import Identifiers
from aegis_batch.application.ports.report_gateway import ReportGateway
from aegis_batch.domain.audit import AuditEntry
from aegis_batch.domain.backfill import (
    PERIODS_MAX,
    Backfill,
    BackfillState,
    Deed,
    PeriodStanding,
    PlannedPeriod,
    Reprocess,
    deed_for,
    has_changed,
    periods_between,
)
from aegis_batch.domain.calendar import Calendar, Period, PeriodKind
from aegis_batch.domain.errors import BackendRefused, BackendUnavailable, InvalidRequest
from aegis_batch.domain.run import CloseKey, Run

__all__ = ["BackfillRequest", "PlanBackfillUseCase", "Planned", "Started", "periods_over"]

_TENANT = "default"
# Long enough for ten years of a Backend that answers as it should.
_ASKING_SECONDS_MAX = 60.0
# The state is not kept from others for longer than it takes to look at so many.
_BATCH = 100
_NAMED_MAX = 10
_OF_LEDGER = {
    Standing.CLOSED: PeriodStanding.CLOSED,
    Standing.IN_FLIGHT: PeriodStanding.IN_FLIGHT,
    Standing.DEAD: PeriodStanding.DEAD,
    Standing.UNKNOWN: PeriodStanding.UNASKED,
}


@dataclass(frozen=True, slots=True, kw_only=True)
class BackfillRequest:
    """The wish to fill a range, both dates included; see ``Backfill`` for the rest."""

    first_day: date
    last_day: date
    kind: PeriodKind = PeriodKind.DAY
    reprocess: Reprocess = Reprocess.NONE
    newest_first: bool = False
    max_active: int = 2


@dataclass(frozen=True, slots=True)
class Planned:
    """A plan with its periods, oldest first.

    ``why_unasked`` says why the Backend was not asked about all that the ledger doesn't know.
    """

    backfill: Backfill
    periods: tuple[PlannedPeriod, ...]
    why_unasked: str | None = None


@dataclass(frozen=True, slots=True)
class Started:
    """A backfill that was started; ``is_new`` is false where it had been before."""

    backfill: Backfill
    is_new: bool


@dataclass(frozen=True, slots=True)
class _Looked:
    standings: dict[Period, PeriodStanding]
    why_unasked: str | None


class PlanBackfillUseCase:
    """Plans backfills, and starts them where the world is still as it was planned for."""

    def __init__(  # noqa: PLR0913 - the ports, and what days there are
        self,
        *,
        ledger: Ledger,
        reports: ReportGateway,
        clock: Clock,
        identifiers: Identifiers,
        calendar: Calendar,
        backfilling: Backfilling,
    ) -> None:
        """Take the ports, the calendar, and what carries backfills on."""
        self._ledger = ledger
        self._reports = reports
        self._clock = clock
        self._identifiers = identifiers
        self._calendar = calendar
        self._backfilling = backfilling

    def plan(self, request: BackfillRequest, operator: str) -> Planned:
        """Look at each period of a range, and keep what is to be done with it; nothing starts.

        Raises ``InvalidRequest`` for a range that is none, is too long, or has not ended.
        """
        periods = periods_over(request, self._calendar, self._clock)
        looked = self._look(periods, periods)
        planned = tuple(
            PlannedPeriod(period, standing, deed_for(standing, request.reprocess))
            for period, standing in looked.standings.items()
        )
        ordered = planned[::-1] if request.newest_first else planned
        backfill = Backfill(
            id=self._identifiers.new_run_id(),
            tenant=_TENANT,
            kind=request.kind,
            first_day=request.first_day,
            last_day=request.last_day,
            reprocess=request.reprocess,
            newest_first=request.newest_first,
            max_active=request.max_active,
            planned_by=operator,
            planned_at=self._clock.now(),
            backend=self._reports.identity,
            to_do=sum(each.deed is not Deed.LEAVE for each in planned),
            next_day=ordered[0].period.first_day,
        )
        with self._ledger.turn() as turn:
            turn.state.backfills.save(backfill, planned)
        return Planned(backfill, planned, looked.why_unasked)

    def start(self, backfill_id: str, operator: str) -> Started:
        """Plan once more, and start where nothing has changed; what was started stays so.

        Raises ``InvalidRequest`` for an unknown plan, for a cancelled one, and for one of which a
        period stands otherwise now: ``plan_outdated`` names them.
        """
        with self._ledger.turn() as turn:
            backfill = turn.state.backfills.get(backfill_id)
            periods = turn.state.backfills.periods(backfill_id, None, PERIODS_MAX)
        if backfill is None:
            raise unknown_plan(backfill_id)
        if backfill.state is BackfillState.CANCELLED:
            raise cancelled(backfill)
        if backfill.state is not BackfillState.PLANNED:
            return Started(backfill, is_new=False)
        self._refuse_outdated(backfill, periods)
        with self._ledger.turn() as turn:
            backfill = turn.state.backfills.get(backfill_id) or backfill
            is_new = backfill.state is BackfillState.PLANNED
            if is_new:
                backfill = replace(
                    backfill,
                    state=BackfillState.RUNNING,
                    started_by=operator,
                    started_at=turn.now,
                )
                turn.state.backfills.save(backfill)
                told = f"{backfill.first_day} to {backfill.last_day}"
                turn.state.audit.add(
                    AuditEntry(turn.now, operator, "backfill.start", backfill_id, told)
                )
                self._backfilling.go_on(turn, backfill_id)
            return Started(turn.state.backfills.get(backfill_id) or backfill, is_new)

    def _refuse_outdated(self, backfill: Backfill, periods: Sequence[PlannedPeriod]) -> None:
        asked = [
            each.period
            for each in periods
            if each.standing in (PeriodStanding.OPEN, PeriodStanding.CLOSED)
        ]
        now = self._look([each.period for each in periods], asked).standings
        changed = [
            f"{each.period} was {each.standing} and is {now[each.period]}"
            for each in periods
            if has_changed(each.standing, now[each.period])
        ]
        if not changed:
            return
        more = f", and {len(changed) - _NAMED_MAX} more" if len(changed) > _NAMED_MAX else ""
        raise InvalidRequest(
            "plan_outdated",
            f"The world has moved since {backfill.id} was planned:"
            f" {'; '.join(changed[:_NAMED_MAX])}{more}.",
            "Plan again, and look at what has changed.",
        )

    def _look(self, periods: Sequence[Period], asked: Sequence[Period]) -> _Looked:
        """Return how periods stand; the Backend is asked about some that the ledger can't tell."""
        standings: dict[Period, PeriodStanding] = {}
        for place in range(0, len(periods), _BATCH):
            with self._ledger.turn() as turn:
                for period in periods[place : place + _BATCH]:
                    key = CloseKey(_TENANT, period)
                    found = standing_of(turn.state, key, self._reports.identity)
                    standings[period] = _OF_LEDGER[found.standing]
        unknown = {p for p, standing in standings.items() if standing is PeriodStanding.UNASKED}
        if not self._reports.can_find:
            # There is nobody to ask: what the ledger doesn't know is open.
            return _Looked(
                {p: PeriodStanding.OPEN if p in unknown else s for p, s in standings.items()}, None
            )
        why_unasked = self._ask([period for period in asked if period in unknown], standings)
        return _Looked(standings, why_unasked)

    def _ask(
        self, periods: Sequence[Period], standings: dict[Period, PeriodStanding]
    ) -> str | None:
        """Ask the Backend, within a bound; return why it was not asked about all of them."""
        started_seconds = self._clock.monotonic_seconds()
        run_id, trace_id = self._identifiers.new_run_id(), self._identifiers.new_trace_id()
        for period in periods:
            if self._clock.monotonic_seconds() - started_seconds >= _ASKING_SECONDS_MAX:
                return f"that took longer than {_ASKING_SECONDS_MAX:g} s"
            try:
                stored = self._reports.find(
                    Run(run_id, trace_id, CloseKey(_TENANT, period)), once=True
                )
            except (BackendRefused, BackendUnavailable) as error:
                # The rest would only wait for the same silence.
                return f"{error.code}: {error.message}"
            standings[period] = PeriodStanding.OPEN if stored is None else PeriodStanding.CLOSED
        return None


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
        periods = periods_between(request.kind, request.first_day, request.last_day)
        calendar.window_of(periods[0])
    except (OverflowError, ValueError):
        raise InvalidRequest(
            "day_out_of_range",
            "The range lies at the edge of what a calendar can hold.",
            "Name days that are some days away from the first and the last date there is.",
        ) from None
    today = calendar.business_date(clock.now())
    last_possible = last_ended(request.kind, today).last_day
    for period in periods:
        if period.first_day > last_possible:
            named = f"business day {period}" if request.kind is PeriodKind.DAY else str(period)
            raise InvalidRequest(
                "day_not_over",
                f"The {named} has not ended: today is {today} in {calendar.zone_name}.",
                f"The last that is possible: --to {last_possible}",
            )
    if len(periods) > PERIODS_MAX:
        raise InvalidRequest(
            "range_too_long",
            f"The range holds more than {PERIODS_MAX:,} {request.kind}s.",
            f"Fill it in parts of {PERIODS_MAX:,} {request.kind}s at most.",
        )
    return periods
