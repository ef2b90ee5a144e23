"""Carries out what comes out of the work queue: one attempt, and what follows from its end."""

from collections.abc import Collection, Mapping
from dataclasses import dataclass, replace
from datetime import datetime

from aegis_batch.application.after_run import AfterRun
from aegis_batch.application.jobs import Ended, Job
from aegis_batch.application.ledger import Ledger, LedgerTurn, attempt_of
from aegis_batch.application.listening import AttemptListener, requests_in
from aegis_batch.application.ports.clock import Clock
from aegis_batch.application.ports.resource_meter import ResourceMeter
from aegis_batch.application.sealing import add_seal
from aegis_batch.domain.errors import AegisError
from aegis_batch.domain.events import JobBegunAgain, JobFailed, JobHandedBack, JobTaken
from aegis_batch.domain.expectation import Expectation
from aegis_batch.domain.outcome import Outcome, Problem
from aegis_batch.domain.retrying import RetryPolicy
from aegis_batch.domain.run import JobKind, RunState, Trigger
from aegis_batch.domain.run_record import RunRecord

__all__ = ["CarryOutUseCase", "RetryPolicies"]


@dataclass(frozen=True, slots=True)
class RetryPolicies:
    """How often an attempt is repeated: one policy for closes, one for all other jobs.

    A defect is repeated as any other job is: it may be of the moment, and must not go on forever.
    """

    close: RetryPolicy
    other: RetryPolicy

    def of(self, record: RunRecord, problem: Problem) -> RetryPolicy | None:
        """Return the policy for a failure; ``None``: it is given up at once."""
        if problem.code == "defect":
            return self.other
        if not problem.retryable:
            return None
        return self.close if record.job.is_of_a_period else self.other


@dataclass(frozen=True, slots=True)
class _Spent:
    """What one attempt took: ``requests`` are those to the Backend."""

    cpu_seconds: float
    requests: int


class CarryOutUseCase:
    """Makes attempts at runs. Killed at any point and called again, it goes on from there."""

    def __init__(  # noqa: PLR0913 - the ports and what they are used by
        self,
        *,
        ledger: Ledger,
        clock: Clock,
        meter: ResourceMeter,
        executor: str,
        jobs: Mapping[JobKind, Job],
        policies: RetryPolicies,
        expectation: Expectation,
        after_run: AfterRun,
        listener: AttemptListener,
    ) -> None:
        """Take the ports, the jobs by their kind, and the name of this executor.

        ``listener`` is one of the sinks that the jobs tell their events to.
        """
        self._ledger = ledger
        self._clock = clock
        self._meter = meter
        self._executor = executor
        self._jobs = jobs
        self._policies = policies
        self._expectation = expectation
        self._after_run = after_run
        self._listener = listener

    def carry_out(self, run_id: str, work_id: str) -> None:
        """Make the attempt that a piece of work stands for, unless it is stale.

        Raises ``StateUnavailable`` and ``StateMisfit``: the attempt then counts as broken off.
        """
        record = self._take(run_id, work_id)
        if record is None:
            return
        cpu_before = self._meter.thread_cpu_seconds()
        self._listener.begin(run_id)
        ended = self._attempt(record)
        cpu_seconds = self._meter.thread_cpu_seconds() - cpu_before
        heard = self._listener.end(run_id)
        with self._ledger.turn() as turn:
            turn.note(heard)
            self._settle(turn, work_id, ended, _Spent(cpu_seconds, requests_in(heard)))

    def hand_back(self, work_ids: Collection[str]) -> None:
        """Let attempts wait for the next start, which the stop of this process breaks off.

        Raises ``StateUnavailable`` and ``StateMisfit``: they then count as broken off.
        """
        with self._ledger.turn() as turn:
            for work_id in work_ids:
                record = turn.state.runs.get(work_id.partition("#")[0])
                if record is None or not _is_at(record, work_id):
                    continue
                back = record.moved(RunState.QUEUED, due_at=turn.now)
                turn.state.runs.save(back)
                turn.tell(
                    JobHandedBack(run=back.run, at=turn.now, job=back.job, attempt=back.attempt)
                )

    def _take(self, run_id: str, work_id: str) -> RunRecord | None:
        with self._ledger.turn() as turn:
            record = turn.state.runs.get(run_id)
            if record is None or record.work_id != work_id or record.state.is_final:
                return None
            if record.state is RunState.RUNNING:
                # The process that had it died: the same attempt, from its beginning.
                again = replace(record, executor=self._executor)
                turn.state.runs.save(again)
                turn.tell(
                    JobBegunAgain(
                        run=again.run,
                        at=turn.now,
                        job=again.job,
                        attempt=again.attempt,
                        left_by=record.executor,
                    )
                )
                return again
            taken = record.moved(
                RunState.RUNNING,
                attempt=attempt_of(work_id),
                started_at=record.started_at or turn.now,
                executor=self._executor,
            )
            turn.state.runs.save(taken)
            turn.tell(
                JobTaken(
                    run=taken.run,
                    at=turn.now,
                    job=taken.job,
                    attempt=taken.attempt,
                    queued_ms=(turn.now - record.due_at).total_seconds() * 1000,
                    lateness_ms=_lateness_ms(turn, record),
                )
            )
        return taken

    def _attempt(self, record: RunRecord) -> Ended:
        started = self._clock.monotonic_seconds()
        try:
            return self._jobs[record.job].do(record)
        except AegisError as error:
            outcome, problem = Outcome.of(error), Problem.of(error)
        except Exception as error:  # noqa: BLE001 - a defect of one run is not that of all others
            outcome, problem = Outcome.DEFECT, Problem.of_defect(error)
        duration_ms = (self._clock.monotonic_seconds() - started) * 1000
        return Ended(outcome, duration_ms, problem)

    def _settle(self, turn: LedgerTurn, work_id: str, ended: Ended, spent: _Spent) -> None:
        run_id = work_id.partition("#")[0]
        record = turn.state.runs.get(run_id)
        if record is None or not _is_at(record, work_id):
            # Taken over meanwhile: whoever has it now tells how it ends.
            return
        record = replace(
            record,
            duration_ms=ended.duration_ms,
            cpu_seconds=(record.cpu_seconds or 0.0) + spent.cpu_seconds,
            requests=(record.requests or 0) + spent.requests,
            peak_memory_bytes=self._meter.peak_memory_bytes(),
            orders=ended.orders if ended.orders is not None else record.orders,
            seal=ended.seal or record.seal,
        )
        if ended.problem is None:
            done = record.moved(
                RunState.SUCCEEDED,
                outcome=ended.outcome,
                problem=None,
                backend=ended.backend,
                ended_at=turn.now,
                # What an earlier attempt derived was not what was confirmed.
                seal=ended.seal,
            )
            turn.state.runs.save(done)
            if ended.sealed is not None and ended.outcome is not None:
                add_seal(turn.state, done.run, ended.outcome, ended.sealed, turn.now)
            ended.in_turn(turn)
        else:
            done = self._settle_failure(turn, record, ended, ended.problem)
        if done.state.is_final:
            self._after_run.ended(turn, done)
        else:
            self._after_run.put_off(turn, done)

    def _settle_failure(
        self, turn: LedgerTurn, record: RunRecord, ended: Ended, problem: Problem
    ) -> RunRecord:
        if not record.job.is_of_a_period:
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
        policy = self._policies.of(record, problem)
        due_at = None
        if policy is not None:
            due_at = policy.next_attempt(record.attempt, turn.now, self._counted_from(record))
        if due_at is None:
            return turn.bury(failed, ended.outcome or Outcome.DEFECT, problem)
        turn.try_again(failed, max(due_at, ended.not_before or due_at), problem.code)
        return failed

    def _counted_from(self, record: RunRecord) -> datetime:
        period_end = self._expectation.calendar.window_of(record.key.period).end
        if record.trigger in (Trigger.REPLAY, Trigger.BACKFILL):
            # A person wants it tried, however old the period is.
            return max(period_end, record.enqueued_at)
        return period_end


def _is_at(record: RunRecord, work_id: str) -> bool:
    """Say whether a run's attempt under way is that of a piece of work."""
    return record.work_id == work_id and record.state is RunState.RUNNING


def _lateness_ms(turn: LedgerTurn, record: RunRecord) -> float | None:
    if record.nominal is None or record.started_at is not None:
        return None
    night = None if record.parent is None else turn.state.runs.get(record.parent)
    # What a person starts for a time gone by is no sign of a slow machine, nor are its closes.
    if (night or record).trigger is not Trigger.SCHEDULE:
        return None
    return (turn.now - record.nominal).total_seconds() * 1000
