"""Takes runs out of the work queue: each in one pair of hands at a time, whoever is at work."""

from collections.abc import Callable, Collection, Mapping, Sequence
from datetime import datetime, timedelta

from aegis_batch.application.executor_lease import ExecutorLease
from aegis_batch.application.ledger import Ledger, LedgerTurn, attempt_of
from aegis_batch.domain.job_events import JobBegunAgain, JobHandedBack, JobTaken
from aegis_batch.domain.run import CloseKey, RunState, Trigger
from aegis_batch.domain.run_record import RunRecord

__all__ = ["Taking", "lease_of", "lease_of_close"]

# Whoever holds it may take hours, but most take seconds.
_WAIT = timedelta(seconds=30)


def lease_of(record: RunRecord) -> str:
    """Return the name of the lease that a run is carried out under.

    It begins with the tenant; runs about the same period of a tenant have the same one.
    """
    if record.job.is_of_a_period:
        return lease_of_close(record.key)
    return f"{record.key.tenant}\t{record.id}"


def lease_of_close(key: CloseKey) -> str:
    """Return the name of the lease that a period of a tenant is closed under, by whomever."""
    return f"{key.tenant}\t{key.period.kind}:{key.period.first_day}"


class Taking:
    """Takes the runs of a piece of work, and hands them back."""

    def __init__(
        self,
        ledger: Ledger,
        executor: str,
        rests_until: Callable[[], datetime | None] = lambda: None,
        tenant_concurrency: int = 0,
        lease: ExecutorLease | None = None,
    ) -> None:
        """Take the ledger, and the name under which this executor is registered.

        ``rests_until`` says until when a provider is left alone that every close needs,
        ``tenant_concurrency`` how many of a tenant's periods may be closed at a time, 0 for any.
        ``lease`` is asked by whoever hands something over, and ends before work is handed back.
        """
        self._ledger = ledger
        self._executor = executor
        self._rests_until = rests_until
        self._tenant_concurrency = tenant_concurrency
        self._lease = lease

    def take(self, work_id: str) -> Sequence[RunRecord]:
        """Begin the attempt that a piece of work stands for, and return its runs, under way now.

        None where it is stale, or has been done. What another holds that is living is not taken: a
        run that it is at itself is left to it, another one about the same period is put back. So
        are closes while somebody rests whom they need.

        Raises ``StateUnavailable`` and ``StateMisfit``.
        """
        rests_until = self._rests_until()
        with self._ledger.turn() as turn:
            found = [
                record
                for record in turn.state.many_runs.of_work(work_id)
                if not record.state.is_final and record.state is not RunState.HELD
            ]
            if rests_until is not None and _need_providers(found):
                turn.put_back(found, max(rests_until, turn.now), "breaker_open")
                return []
            too_many = self._too_many(turn, found)
            records = [record for record in found if record not in too_many]
            leases = {record.id: lease_of(record) for record in records}
            former = {leases[record.id]: record.fence for record in records}
            tokens = turn.state.leases.take(former, self._executor)
            nights = _nights_of(turn, records)
            taken = [
                self._taken(turn, record, tokens[leases[record.id]], nights)
                for record in records
                if leases[record.id] in tokens
            ]
            turn.state.many_runs.save(taken)
            in_other_hands = [
                record
                for record in records
                if leases[record.id] not in tokens and record.state is not RunState.RUNNING
            ]
            if in_other_hands and self._executor in turn.state.executors.living():
                turn.put_back(in_other_hands, turn.now + _WAIT, "in_other_hands")
            if too_many:
                turn.put_back(too_many, turn.now + _WAIT, "tenant_busy")
        return taken

    def _too_many(self, turn: LedgerTurn, records: Sequence[RunRecord]) -> Sequence[RunRecord]:
        """Return the closes that their tenants have no room for; what was begun goes on."""
        if not self._tenant_concurrency:
            return []
        room: dict[str, int] = {}
        too_many = []
        for record in records:
            if not record.job.is_of_a_period or record.state is RunState.RUNNING:
                continue
            tenant = record.key.tenant
            if tenant not in room:
                at_work = turn.state.leases.holders(f"{tenant}\t")
                room[tenant] = self._tenant_concurrency - len(at_work)
            room[tenant] -= 1
            if room[tenant] < 0:
                too_many.append(record)
        return too_many

    def hand_back(self, work_ids: Collection[str]) -> None:
        """Let attempts wait for the next start, which the stop of this process breaks off.

        Whatever of them goes on here until the end of the process hands nothing over any more.
        Raises ``StateUnavailable`` and ``StateMisfit``: they then count as broken off.
        """
        if self._lease is not None:
            self._lease.end()
        with self._ledger.turn() as turn:
            for work_id in work_ids:
                mine = still_mine(turn, turn.state.many_runs.of_work(work_id), self._executor)
                back = [record.moved(RunState.QUEUED, due_at=turn.now) for record in mine]
                turn.state.many_runs.save(back)
                turn.state.leases.give_back(tokens_of(back), self._executor)
                for record in back:
                    turn.tell(
                        JobHandedBack(
                            run=record.run, at=turn.now, job=record.job, attempt=record.attempt
                        )
                    )

    def _taken(
        self,
        turn: LedgerTurn,
        record: RunRecord,
        fence: int,
        nights: Mapping[str, RunRecord | None],
    ) -> RunRecord:
        if record.state is RunState.RUNNING:
            # The process that had it died: the same attempt, from its beginning.
            again = record.begun_by(self._executor, fence)
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
            attempt=attempt_of(record.work_id),
            started_at=record.started_at or turn.now,
        ).begun_by(self._executor, fence)
        turn.tell(
            JobTaken(
                run=taken.run,
                at=turn.now,
                job=taken.job,
                attempt=taken.attempt,
                queued_ms=(turn.now - record.due_at).total_seconds() * 1000,
                lateness_ms=_lateness_ms(turn, record, nights),
            )
        )
        return taken


def _need_providers(records: Sequence[RunRecord]) -> bool:
    """Say whether these are closes, none of which is in anybody's hands."""
    return bool(records) and all(
        record.job.is_of_a_period and record.state is not RunState.RUNNING for record in records
    )


def tokens_of(records: Sequence[RunRecord]) -> Mapping[str, int]:
    """Return the leases under which runs were begun, with their tokens."""
    return {lease_of(record): record.fence for record in records}


def still_mine(
    turn: LedgerTurn, records: Sequence[RunRecord], executor: str
) -> Sequence[RunRecord]:
    """Return those of the runs that are under way, and whose leases an executor still holds."""
    running = [record for record in records if record.state is RunState.RUNNING]
    held = turn.state.leases.held(tokens_of(running), executor)
    return [record for record in running if lease_of(record) in held]


def _nights_of(turn: LedgerTurn, records: Sequence[RunRecord]) -> Mapping[str, RunRecord | None]:
    """Return the runs that have dispatched others, each looked up once."""
    parents = {record.parent for record in records if record.parent is not None}
    return {parent: turn.state.runs.get(parent) for parent in sorted(parents)}


def _lateness_ms(
    turn: LedgerTurn, record: RunRecord, nights: Mapping[str, RunRecord | None]
) -> float | None:
    if record.nominal is None or record.started_at is not None:
        return None
    night = None if record.parent is None else nights[record.parent]
    # What a person starts for a time gone by is no sign of a slow machine, nor are its closes.
    if (night or record).trigger is not Trigger.SCHEDULE:
        return None
    return (turn.now - record.nominal).total_seconds() * 1000
