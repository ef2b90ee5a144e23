"""Carries out pieces of work: an attempt at one run, or at the many runs of a shard."""

from collections.abc import Mapping, Sequence

from aegis_batch.application.jobs import Job, JobOfMany, attempted
from aegis_batch.application.listening import AttemptListener
from aegis_batch.application.ports.clock import Clock
from aegis_batch.application.ports.resource_meter import ResourceMeter
from aegis_batch.application.settling import Attempted, Settling
from aegis_batch.application.taking import Taking
from aegis_batch.domain.run import JobKind
from aegis_batch.domain.run_record import RunRecord

__all__ = ["CarryOutUseCase"]

# So many ends are kept in one turn: much more, and others would wait for it.
_ENDS_A_TURN = 250


class CarryOutUseCase:
    """Makes attempts at runs. Killed at any point and called again, it goes on from there."""

    def __init__(  # noqa: PLR0913 - the ports and what they are used by
        self,
        *,
        taking: Taking,
        settling: Settling,
        clock: Clock,
        meter: ResourceMeter,
        jobs: Mapping[JobKind, Job],
        of_many: JobOfMany,
        listener: AttemptListener,
    ) -> None:
        """Take the ports, the jobs by their kind, and what closes a whole shard.

        ``listener`` is one of the sinks that the jobs tell their events to.
        """
        self._taking = taking
        self._settling = settling
        self._clock = clock
        self._meter = meter
        self._jobs = jobs
        self._of_many = of_many
        self._listener = listener

    def carry_out(self, _: str, work_id: str) -> None:
        """Make the attempt that a piece of work stands for, unless it is stale.

        Raises ``StateUnavailable`` and ``StateMisfit``: the attempt then counts as broken off.
        """
        records = self._taking.take(work_id)
        for record in records:
            self._listener.begin(record.id)
        if len(records) == 1:
            self._carry_out_one(work_id, records[0])
        elif records:
            self._carry_out_many(work_id, records)

    def _carry_out_one(self, work_id: str, record: RunRecord) -> None:
        cpu_before = self._meter.thread_cpu_seconds()
        ended = attempted(self._clock, lambda: self._jobs[record.job].do(record))
        cpu_seconds = self._meter.thread_cpu_seconds() - cpu_before
        heard = self._listener.end(record.id)
        self._settling.settle(work_id, [Attempted(record, ended, cpu_seconds, heard)])

    def _carry_out_many(self, work_id: str, records: Sequence[RunRecord]) -> None:
        """Keep ends as they come; those that are tried again wait together for the last of them."""
        ends: list[Attempted] = []
        put_off: list[Attempted] = []
        for done in self._of_many.do(records):
            heard = self._listener.end(done.record.id)
            each = Attempted(done.record, done.ended, done.cpu_seconds, heard)
            may_pass = self._settling.may_pass(each.record, each.ended)
            (put_off if may_pass else ends).append(each)
            if len(ends) >= _ENDS_A_TURN:
                self._settling.settle(work_id, ends)
                ends = []
        self._settling.settle(work_id, ends + put_off)
