"""The word about the nights of a single tenant: told once, when none of its days is in flight."""

from collections.abc import Sequence
from datetime import date

from aegis_batch.application.day_standing import Standing, standing_of
from aegis_batch.application.ledger import LedgerTurn
from aegis_batch.application.ports.runs import RunFilter
from aegis_batch.application.timings import AHEAD_MAX
from aegis_batch.domain.calendar import PeriodKind
from aegis_batch.domain.dead_letter import DeadLetterState
from aegis_batch.domain.expectation import Expectation
from aegis_batch.domain.notice import NIGHT_COMPLETE, NIGHT_FAILED, NoticeKind
from aegis_batch.domain.run import CloseKey, JobKind, RunState, Trigger
from aegis_batch.domain.run_record import RunRecord

__all__ = ["NightsOfOne"]

_IN_FLIGHT = frozenset({RunState.QUEUED, RunState.RUNNING, RunState.WAITING})
_DEAD_LETTERS_MAX = 1_000
_DAYS_MAX = 1_000
_NIGHTS_MAX = 100


class NightsOfOne:
    """Says, within the turn in which the last of its closes ends, how a night came out."""

    def __init__(self, expectation: Expectation, backend: str) -> None:
        """Take which days a night looks at, and the identity of what takes the reports."""
        self._expectation = expectation
        self._backend = backend

    def ended(self, turn: LedgerTurn, records: Sequence[RunRecord]) -> None:
        """Follow up on runs that are final now; see ``Nights``."""
        if any(self._may_complete_a_night(record, turn) for record in records):
            self._judge_night(turn)

    def put_off(self, turn: LedgerTurn, record: RunRecord) -> None:
        """Do nothing: whatever is tried again keeps the night from its end."""

    def _may_complete_a_night(self, record: RunRecord, turn: LedgerTurn) -> bool:
        return record.job is JobKind.NIGHT or (
            record.job is JobKind.CLOSE and self._is_of_night(record, turn)
        )

    def _judge_night(self, turn: LedgerTurn) -> None:
        """Tell, once, how the last night came out when none of its days is in flight any more."""
        night = self._newest_night(turn)
        if night is None or not night.state.is_final:
            return
        if self._has_closes_in_flight(turn):
            return
        still_open = self._still_open(turn, night)
        day = night.key.period.first_day
        if night.state is RunState.SUCCEEDED and not still_open:
            kind, event = NoticeKind.NIGHT_COMPLETE, NIGHT_COMPLETE
            text = f"The night of {day} is complete."
        else:
            kind, event = NoticeKind.NIGHT_FAILED, NIGHT_FAILED
            which = ", ".join(map(str, still_open)) or "it could not find out which days are open"
            text = f"The night of {day} failed: {which}. See: aegis-batch dead-letters list"
        turn.announce(kind, key=f"night:{night.id}", event=event, text=text)

    def _newest_night(self, turn: LedgerTurn) -> RunRecord | None:
        """Return the last night that looked at the newest day, and whose decision is not void."""
        # Nearly always the first that is found is the one.
        for limit in (1, _NIGHTS_MAX):
            for night in turn.state.runs.search(RunFilter(job=JobKind.NIGHT), limit):
                if self._is_of_the_newest_day(night) and _stands(turn, night):
                    return night
        return None

    def _is_of_the_newest_day(self, night: RunRecord) -> bool:
        # A person may start one for a time gone by, which says nothing of the days since.
        if night.trigger is Trigger.SCHEDULE or night.nominal is None:
            return True
        newest_day = self._expectation.newest_day
        return newest_day(night.nominal) >= newest_day(night.enqueued_at)

    def _is_of_night(self, record: RunRecord, turn: LedgerTurn) -> bool:
        """Say whether the end of a close may complete a night; that of a long past day can't."""
        return record.trigger is not Trigger.BACKFILL or self._is_looked_at(record.key, turn)

    def _is_looked_at(self, key: CloseKey, turn: LedgerTurn) -> bool:
        days = self._expectation.days(turn.now, turn.now)
        return key.period.kind is PeriodKind.DAY and key.period.first_day in days

    def _has_closes_in_flight(self, turn: LedgerTurn) -> bool:
        going = turn.state.runs.search(RunFilter(job=JobKind.CLOSE, states=_IN_FLIGHT), _DAYS_MAX)
        # A clock that was far ahead may have left closes of days to come; and a night leaves a day
        # to the backfill that is at it, but waits for no other of its days.
        newest = self._expectation.newest_day(turn.now + AHEAD_MAX)
        return any(
            record.key.period.first_day <= newest and self._is_of_night(record, turn)
            for record in going
        )

    def _still_open(self, turn: LedgerTurn, night: RunRecord) -> list[date]:
        """Return the days that are not closed: the night's own, and those given up before it."""
        days = self._expectation.days(turn.now, turn.now)
        keys = {
            letter.key
            for letter in turn.state.dead_letters.newest(DeadLetterState.OPEN, _DEAD_LETTERS_MAX)
            if letter.job is JobKind.CLOSE
            and letter.key.period.kind is PeriodKind.DAY
            and letter.key.period.first_day in days
        }
        # A day that the night left to a backfill is left to nobody where that was cancelled since.
        given_up = RunFilter(job=JobKind.CLOSE, states=frozenset({RunState.CANCELLED}))
        keys.update(
            record.key
            for record in turn.state.runs.search(given_up, _DAYS_MAX)
            if record.trigger is Trigger.BACKFILL and self._is_looked_at(record.key, turn)
        )
        found = turn.state.runs.search(RunFilter(parent=night.id), _DAYS_MAX)
        keys.update(record.key for record in found)
        return sorted(
            key.period.first_day
            for key in keys
            if standing_of(turn.state, key, self._backend).standing is not Standing.CLOSED
        )


def _stands(turn: LedgerTurn, night: RunRecord) -> bool:
    if night.schedule is None or night.nominal is None:
        return True
    decision = turn.state.occurrences.find(night.schedule, night.nominal)
    return decision is not None and decision.run_id == night.id
