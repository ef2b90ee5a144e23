"""Plan a backfill: say how each period of a range stands, and start what was planned."""

from collections.abc import Sequence
from dataclasses import dataclass, replace

from aegis_batch.application.backfill_control import cancelled, unknown_plan
from aegis_batch.application.backfill_everyone import PlanEveryone, PlannedEveryone
from aegis_batch.application.backfill_range import BackfillRequest, periods_over
from aegis_batch.application.backfill_standings import OF_LEDGER
from aegis_batch.application.backfilling import Backfilling
from aegis_batch.application.day_standing import (
    is_in_doubt,
    standing_of,
    why_in_flight,
)
from aegis_batch.application.ledger import Ledger
from aegis_batch.application.ports.calendars import Calendars
from aegis_batch.application.ports.clock import Clock
from aegis_batch.application.ports.identifiers import Identifiers
from aegis_batch.application.ports.report_finder import ReportFinder
from aegis_batch.application.ports.turn import Turn
from aegis_batch.domain.audit import AuditEntry
from aegis_batch.domain.backfill import (
    PERIODS_MAX,
    Backfill,
    BackfillState,
    Deed,
    PeriodStanding,
    PlannedPeriod,
    deed_for,
    has_changed,
)
from aegis_batch.domain.calendar import Period
from aegis_batch.domain.errors import BackendRefused, BackendUnavailable, InvalidRequest
from aegis_batch.domain.run import CloseKey, JobKind, Run
from aegis_batch.domain.tenant import EVERYONE

__all__ = ["PlanBackfillUseCase", "Planned", "Started"]

# Long enough for ten years of a Backend that answers as it should.
_ASKING_SECONDS_MAX = 60.0
# The state is not kept from others for longer than it takes to look at so many.
_BATCH = 100
_NAMED_MAX = 10


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

    def __init__(  # noqa: PLR0913 - the ports, and what carries on
        self,
        *,
        ledger: Ledger,
        reports: ReportFinder,
        clock: Clock,
        identifiers: Identifiers,
        calendars: Calendars,
        backfilling: Backfilling,
        everyone: PlanEveryone,
    ) -> None:
        """Take the ports, what carries backfills on, and what plans for all tenants."""
        self._ledger = ledger
        self._reports = reports
        self._clock = clock
        self._identifiers = identifiers
        self._calendars = calendars
        self._backfilling = backfilling
        self._everyone = everyone

    def plan(
        self, request: BackfillRequest, operator: str, *, backfill_id: str | None = None
    ) -> Planned:
        """Look at each period of a range, and keep what is to be done with it; nothing starts.

        The plan has a new id, unless the caller gives one.
        Raises ``InvalidRequest`` for a range that is none, is too long, or has not ended.
        """
        calendar = self._calendars.of(request.zone_name)
        periods = periods_over(request, calendar, self._clock)
        looked = self._look(request.tenant, periods, periods)
        planned = tuple(
            PlannedPeriod(period, standing, deed_for(standing, request.reprocess))
            for period, standing in looked.standings.items()
        )
        ordered = planned[::-1] if request.newest_first else planned
        backfill = Backfill(
            id=backfill_id or self._identifiers.new_run_id(),
            tenant=request.tenant,
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
            zone_name=request.zone_name,
        )
        with self._ledger.turn() as turn:
            turn.state.backfills.save(backfill, planned)
        return Planned(backfill, planned, looked.why_unasked)

    def plan_everyone(self, request: BackfillRequest, operator: str) -> PlannedEveryone:
        """Plan the range of all tenants, as ``plan`` does that of one; see ``PlanEveryone``."""
        return self._everyone.plan(replace(request, tenant=EVERYONE), operator)

    def start(self, backfill_id: str, operator: str, *, whatever_changed: bool = False) -> Started:
        """Plan once more, and start where nothing has changed; what was started stays so.

        With ``whatever_changed`` it starts as it was planned: what others have done since, or are
        at, is left to them. Raises ``InvalidRequest`` for an unknown plan, for a cancelled one, and
        for one of which a period stands otherwise now: ``plan_outdated`` names them.
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
        if not whatever_changed:
            if backfill.is_of_everyone:
                self._everyone.refuse_outdated(backfill)
            else:
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

    def take_up(self, backfill: Backfill) -> int:
        """Go on with an ended backfill of one tenant, where it had left periods to others.

        Returns how many it had left: without any, nothing is done. Those that others are still at
        stay theirs until it is taken up once more; all others are derived, again where others have
        done so.
        """
        with self._ledger.look() as turn:
            left = _left_by(turn, backfill)
        free: set[Period] = set()
        for place in range(0, len(left), _BATCH):
            with self._ledger.look() as turn:
                free |= {
                    each.period
                    for each in left[place : place + _BATCH]
                    if not _is_at_hand(turn, CloseKey(backfill.tenant, each.period))
                }
        with self._ledger.turn() as turn:
            # Whoever was quicker has taken up some of them, or all.
            now = turn.state.backfills.get(backfill.id) or backfill
            taken = [each for each in _left_by(turn.state, now) if each.period in free]
            if taken and now.state is BackfillState.ENDED:
                wanted = [replace(each, deed=Deed.REBUILD, fate=None) for each in taken]
                turn.state.backfills.save(now.taken_up(taken), wanted)
                self._backfilling.go_on(turn, now.id)
        return len(left)

    def _refuse_outdated(self, backfill: Backfill, periods: Sequence[PlannedPeriod]) -> None:
        asked = [
            each.period
            for each in periods
            if each.standing is PeriodStanding.OPEN or each.standing.is_closed
        ]
        now = self._look(backfill.tenant, [each.period for each in periods], asked).standings
        changed = [
            f"{each.period} was {each.standing.words} and is {now[each.period].words}"
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

    def _look(self, tenant: str, periods: Sequence[Period], asked: Sequence[Period]) -> _Looked:
        """Return how periods stand; the Backend is asked about some that the ledger can't tell."""
        standings: dict[Period, PeriodStanding] = {}
        doubted: set[Period] = set()
        for place in range(0, len(periods), _BATCH):
            with self._ledger.turn() as turn:
                for period in periods[place : place + _BATCH]:
                    key = CloseKey(tenant, period)
                    standings[period] = self._of_ledger(turn.state, key)
                    if is_in_doubt(turn.state, key):
                        doubted.add(period)
        unknown = {p for p, standing in standings.items() if standing is PeriodStanding.UNASKED}
        why_unasked = None
        if self._reports.can_find:
            wanted = [CloseKey(tenant, period) for period in asked if period in unknown]
            why_unasked = self._ask(wanted, standings)
        else:
            # There is nobody to ask: what the ledger doesn't know is open.
            standings.update(dict.fromkeys(unknown, PeriodStanding.OPEN))
        for period in doubted:
            if standings[period] is PeriodStanding.CLOSED:
                standings[period] = PeriodStanding.DOUBTED
        return _Looked(standings, why_unasked)

    def _of_ledger(self, turn: Turn, key: CloseKey) -> PeriodStanding:
        if why_in_flight(turn, key, JobKind.REBUILD) is not None:
            return PeriodStanding.IN_FLIGHT
        return OF_LEDGER[standing_of(turn, key, self._reports.identity).standing]

    def _ask(self, keys: Sequence[CloseKey], standings: dict[Period, PeriodStanding]) -> str | None:
        """Ask the Backend, within a bound; return why it was not asked about all of them."""
        started_seconds = self._clock.monotonic_seconds()
        run_id, trace_id = self._identifiers.new_run_id(), self._identifiers.new_trace_id()
        for key in keys:
            if self._clock.monotonic_seconds() - started_seconds >= _ASKING_SECONDS_MAX:
                return f"that took longer than {_ASKING_SECONDS_MAX:g} s"
            try:
                stored = self._reports.find(Run(run_id, trace_id, key), once=True)
            except (BackendRefused, BackendUnavailable) as error:
                # The rest would only wait for the same silence.
                return f"{error.code}: {error.message}"
            standing = PeriodStanding.OPEN if stored is None else PeriodStanding.CLOSED
            standings[key.period] = standing
        return None


def _left_by(turn: Turn, backfill: Backfill) -> list[PlannedPeriod]:
    """Return those periods, oldest first, that a backfill has no run of."""
    periods = turn.backfills.periods(backfill.id, None, PERIODS_MAX)
    return [each for each in periods if each.run_id is None]


def _is_at_hand(turn: Turn, key: CloseKey) -> bool:
    """Say whether somebody is closing a period, or deriving it again."""
    jobs = (JobKind.CLOSE, JobKind.REBUILD)
    return any(why_in_flight(turn, key, job) is not None for job in jobs)
