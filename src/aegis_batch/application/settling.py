"""Settles how attempts ended: what is kept of each, and what follows from it."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime

from aegis_batch.application.after_run import AfterRun
from aegis_batch.application.jobs import Ended
from aegis_batch.application.ledger import Ledger, LedgerTurn
from aegis_batch.application.listening import requests_in
from aegis_batch.application.ports.calendars import Calendars
from aegis_batch.application.ports.resource_meter import ResourceMeter
from aegis_batch.application.sealing import ToSeal, add_seals
from aegis_batch.application.taking import still_mine, tokens_of
from aegis_batch.domain.events import RunEvent
from aegis_batch.domain.job_events import JobFailed
from aegis_batch.domain.outcome import Outcome, Problem
from aegis_batch.domain.retrying import RetryPolicy
from aegis_batch.domain.run import RunState, Trigger
from aegis_batch.domain.run_record import RunRecord

__all__ = ["Attempted", "RetryPolicies", "Settling"]


@dataclass(frozen=True, slots=True)
class RetryPolicies:
    """How often an attempt is repeated: one policy for closes, one for all other jobs.

    A defect is repeated as any other job is: it may be of the moment, and must not go on forever.
    """

    close: RetryPolicy
    other: RetryPolicy

    def of(self, record: RunRecord, problem: Problem) -> RetryPolicy | None:
        """Return the policy for a failure; ``None``: it is given up at once."""
        of_others = self.other if record.task is None else record.task.retry_policy
        if problem.code == "defect":
            return of_others
        if not problem.retryable:
            return None
        return self.close if record.job.is_of_a_period else of_others


@dataclass(frozen=True, slots=True)
class Attempted:
    """An attempt that has ended: the run as it was begun, what came of it, and what it took.

    ``heard`` are the events that were told of it.
    """

    record: RunRecord
    ended: Ended
    cpu_seconds: float
    heard: Sequence[RunEvent] = ()


@dataclass(frozen=True, slots=True)
class _PutOff:
    """A run that is to be tried again, and when."""

    record: RunRecord
    due_at: datetime
    code: str


class Settling:
    """Keeps how attempts ended, several in one turn."""

    def __init__(  # noqa: PLR0913 - the ports and what it goes by
        self,
        *,
        ledger: Ledger,
        meter: ResourceMeter,
        executor: str,
        policies: RetryPolicies,
        calendars: Calendars,
        after_run: AfterRun,
    ) -> None:
        """Take the ports, how often attempts are repeated, and what follows from their ends."""
        self._ledger = ledger
        self._meter = meter
        self._executor = executor
        self._policies = policies
        self._calendars = calendars
        self._after_run = after_run

    def may_pass(self, record: RunRecord, ended: Ended) -> bool:
        """Say whether an end leads to another attempt, as far as can be said before it is kept."""
        return ended.problem is not None and self._policies.of(record, ended.problem) is not None

    def settle(self, work_id: str, attempts: Sequence[Attempted]) -> None:
        """Keep the ends of attempts at runs of one piece of work.

        What was taken over meanwhile is left to who has it now. Raises ``StateUnavailable`` and
        ``StateMisfit``: the attempts then count as broken off.
        """
        with self._ledger.turn() as turn:
            begun = [each.record for each in attempts]
            ids = [record.id for record in begun]
            now = {record.id: record for record in turn.state.many_runs.of_work(work_id, ids)}
            same = [now[r.id] for r in begun if r.id in now and now[r.id].fence == r.fence]
            mine = {record.id: record for record in still_mine(turn, same, self._executor)}
            ends = [each for each in attempts if each.record.id in mine]
            for each in attempts:
                turn.note(each.heard)
            final = self._settle(turn, ends, mine)
            turn.state.leases.give_back(tokens_of(begun), self._executor)
            self._after_run.ended(turn, final)

    def _settle(
        self, turn: LedgerTurn, ends: Sequence[Attempted], mine: dict[str, RunRecord]
    ) -> list[RunRecord]:
        """Keep the ends, and return the runs that are final now."""
        succeeded: list[RunRecord] = []
        to_seal: list[ToSeal] = []
        failed: list[RunRecord] = []
        put_off: list[_PutOff] = []
        put_back: list[_PutOff] = []
        for each in ends:
            ended = each.ended
            record = self._spent(mine[each.record.id], each)
            if ended.cancelled_because is not None:
                failed.append(turn.cancel(record, ended.cancelled_because))
                continue
            if ended.problem is None:
                done = _succeeded(turn, record, ended)
                succeeded.append(done)
                if ended.sealed is not None and ended.outcome is not None:
                    to_seal.append(ToSeal(done, ended.outcome, ended.sealed))
                continue
            settled = self._failed(turn, record, ended, ended.problem)
            if isinstance(settled, _PutOff):
                (put_off if ended.put_back_until is None else put_back).append(settled)
            else:
                failed.append(settled)
        turn.state.many_runs.save(succeeded)
        add_seals(turn.state, to_seal, turn.now)
        for each in ends:
            if each.ended.problem is None and each.ended.cancelled_because is None:
                each.ended.in_turn(turn)
        self._put_off(turn, put_off)
        self._put_back(turn, put_back)
        return succeeded + failed

    def _spent(self, record: RunRecord, each: Attempted) -> RunRecord:
        ended = each.ended
        return replace(
            record,
            duration_ms=ended.duration_ms,
            cpu_seconds=(record.cpu_seconds or 0.0) + each.cpu_seconds,
            requests=(record.requests or 0) + requests_in(each.heard),
            peak_memory_bytes=self._meter.peak_memory_bytes(),
            orders=ended.orders if ended.orders is not None else record.orders,
            seal=ended.seal or record.seal,
        )

    def _failed(
        self, turn: LedgerTurn, record: RunRecord, ended: Ended, problem: Problem
    ) -> RunRecord | _PutOff:
        """Bury a run, or say when it is tried again."""
        only_waits = record.task is not None and ended.put_back_until is not None
        if not record.job.is_of_a_period and not only_waits:
            turn.tell(
                JobFailed(
                    run=record.run,
                    at=turn.now,
                    job=record.job,
                    code=problem.code,
                    duration_ms=ended.duration_ms,
                )
            )
        failed = replace(record, outcome=ended.outcome, problem=problem)
        if record.cancel_requested:
            return turn.cancel_as_asked(failed)
        if ended.put_back_until is not None:
            return _PutOff(failed, max(ended.put_back_until, turn.now), problem.code)
        policy = self._policies.of(record, problem)
        due_at = None
        if policy is not None:
            due_at = policy.next_attempt(record.attempt, turn.now, self._counted_from(record))
        if due_at is None:
            return turn.bury(failed, ended.outcome or Outcome.DEFECT, problem)
        return _PutOff(failed, max(due_at, ended.not_before or due_at), problem.code)

    def _put_off(self, turn: LedgerTurn, put_off: Sequence[_PutOff]) -> None:
        """Let the runs wait together for the last of their moments."""
        if not put_off:
            return
        due_at = max(each.due_at for each in put_off)
        turn.try_again_together(
            [each.record for each in put_off], due_at, [each.code for each in put_off]
        )
        self._after_run.put_off(turn, [each.record for each in put_off])

    def _put_back(self, turn: LedgerTurn, put_back: Sequence[_PutOff]) -> None:
        """Let the runs make the same attempt again, together, when all may that they need."""
        if not put_back:
            return
        due_at = max(each.due_at for each in put_back)
        turn.put_back([each.record for each in put_back], due_at, put_back[0].code)
        self._after_run.put_off(turn, [each.record for each in put_back])

    def _counted_from(self, record: RunRecord) -> datetime:
        period_end = self._calendars.of(record.zone_name).window_of(record.key.period).end
        if record.trigger in (Trigger.REPLAY, Trigger.BACKFILL):
            # A person wants it tried, however old the period is.
            return max(period_end, record.enqueued_at)
        return period_end


def _succeeded(turn: LedgerTurn, record: RunRecord, ended: Ended) -> RunRecord:
    return record.moved(
        RunState.SUCCEEDED,
        outcome=ended.outcome,
        problem=None,
        backend=ended.backend,
        ended_at=turn.now,
        # What an earlier attempt derived was not what was confirmed.
        seal=ended.seal,
    )
