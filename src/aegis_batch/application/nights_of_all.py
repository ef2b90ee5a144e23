"""The word about the nights of many tenants: they are counted when a night has come to rest."""

from collections.abc import Sequence

from aegis_batch.application.ledger import LedgerTurn, first_work_id
from aegis_batch.application.ports.identifiers import Identifiers
from aegis_batch.application.ports.runs import RunFilter
from aegis_batch.domain.notice import NIGHT_FAILED, NoticeKind
from aegis_batch.domain.run import JobKind, RunState, Trigger
from aegis_batch.domain.run_record import RunRecord

__all__ = ["NightsOfAll"]

_ACTIVE = frozenset({RunState.QUEUED, RunState.RUNNING})
_WAITING = frozenset({RunState.WAITING})
# When it has come to rest, and when what waited then has ended too.
_COUNTS_MAX = 2


class NightsOfAll:
    """Starts a count of a night's tenants, within the turn in which the last of its closes ends.

    A close that is to be tried again later keeps a night from nothing: who is missing then is told
    by name. Once none is tried again any more, they are counted a second time.
    """

    def __init__(self, identifiers: Identifiers) -> None:
        """Take the source of ids."""
        self._identifiers = identifiers

    def ended(self, turn: LedgerTurn, records: Sequence[RunRecord]) -> None:
        """Follow up on runs that are final now; see ``Nights``."""
        nights = [record.id for record in records if record.job is JobKind.NIGHT]
        nights += [
            record.parent
            for record in records
            if record.trigger is Trigger.NIGHT and record.parent is not None
        ]
        for night_id in dict.fromkeys(nights):
            self._follow_up(turn, night_id)

    def put_off(self, turn: LedgerTurn, record: RunRecord) -> None:
        """Follow up on a run that waits for its next attempt now."""
        if record.trigger is Trigger.NIGHT and record.parent is not None:
            self._follow_up(turn, record.parent)

    def _follow_up(self, turn: LedgerTurn, night_id: str) -> None:
        night = turn.state.runs.get(night_id)
        if night is None or not night.state.is_final:
            return
        if night.state is not RunState.SUCCEEDED:
            day = night.key.period.first_day
            turn.announce(
                NoticeKind.NIGHT_FAILED,
                key=f"night:{night.id}",
                event=NIGHT_FAILED,
                text=f"The night of {day} failed: it could not find out which days are open."
                " See: aegis-batch dead-letters list",
            )
            return
        if self._has(turn, night, _ACTIVE):
            return
        counts = turn.state.runs.search(
            RunFilter(parent=night.id, job=JobKind.COMPLETENESS), _COUNTS_MAX
        )
        if not counts or (len(counts) < _COUNTS_MAX and not self._has(turn, night, _WAITING)):
            turn.dispatch(self._count_of(turn, night))

    def _has(self, turn: LedgerTurn, night: RunRecord, states: frozenset[RunState]) -> bool:
        wanted = RunFilter(parent=night.id, job=JobKind.CLOSE, states=states)
        return bool(turn.state.runs.search(wanted, 1))

    def _count_of(self, turn: LedgerTurn, night: RunRecord) -> RunRecord:
        run_id = self._identifiers.new_run_id()
        return RunRecord(
            id=run_id,
            trace_id=self._identifiers.new_trace_id(),
            job=JobKind.COMPLETENESS,
            key=night.key,
            trigger=Trigger.SCHEDULE,
            requested_by=night.requested_by,
            state=RunState.QUEUED,
            work_id=first_work_id(run_id),
            enqueued_at=turn.now,
            due_at=turn.now,
            nominal=night.nominal,
            parent=night.id,
            zone_name=night.zone_name,
        )
