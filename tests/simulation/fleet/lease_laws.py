"""The laws of who is at work: one holder a period, and none that is stale changes anything."""

from collections.abc import Callable, Mapping

from aegis_batch.adapters.outbound.memory.state import InMemoryState
from aegis_batch.adapters.outbound.memory.work_queue import InMemoryWorkQueue
from aegis_batch.domain.run import Run, RunState
from aegis_batch.domain.run_record import RunRecord
from tests.simulation.fleet.stage import Life
from tests.simulation.law import BrokenLawError
from tests.simulation.watched_state import Changes

__all__ = ["LeaseLaws"]

# After so many leases' time nothing is left with the dead, where somebody lives.
_TAKEN_OVER_LEASES_MAX = 4.0
# Instants are kept to the microsecond.
_ROUNDING_SECONDS = 0.001


class LeaseLaws:
    """Knows who is at which period, from commits alone, and who is alive, from the world."""

    def __init__(
        self,
        state: InMemoryState,
        queue: InMemoryWorkQueue,
        now_seconds: Callable[[], float],
        lease_seconds: float,
        reached: Callable[[str], None],
    ) -> None:
        """Take the state and the queue behind the faults, and how long a lease lasts."""
        self._state = state
        self._queue = queue
        self._now_seconds = now_seconds
        self._lease_seconds = lease_seconds
        self._reached = reached
        # By tenant, and period or run: the process that is at it, and under which number.
        self._at_work: dict[tuple[str, str], tuple[str, int]] = {}
        self._gone: set[str] = set()
        self._newest = 0
        # How far apart a tenant's submissions must be, and when the last one was begun.
        self.permit_seconds = 0.0
        self._submitted: dict[str, float] = {}
        # Whom to tell that the work of a process has been begun again by another.
        self.on_taken_over: Callable[[str], None] = lambda _: None
        # By process: when it gave its last sign of life.
        self.beaten: dict[str, float] = {}
        self._gaps: set[str] = set()
        # By work and who has it: since when, as far as was seen.
        self._taken_at: dict[tuple[str, str], float] = {}

    def beat(self, life: Life) -> None:
        """Take note of a sign of life."""
        if self.was_silent(life):
            self._gaps.add(life.name)
        self.beaten[life.name] = self._now_seconds()

    def was_silent(self, life: Life) -> bool:
        """Say whether a process has ever given no sign of life for longer than its lease."""
        silent = self._now_seconds() - self.beaten.get(life.name, self._now_seconds())
        return silent >= self._lease_seconds or life.name in self._gaps

    def stopped(self, life: Life) -> None:
        """Take note that a process went in good order."""
        self._gone.add(life.name)

    def of_a_run(self, life: Life, before: RunRecord | None, after: RunRecord) -> None:
        """A run is begun by who gets its lease, and ended by who holds it."""
        was_running = before is not None and before.state is RunState.RUNNING
        if after.state is RunState.RUNNING:
            if before is None or not was_running or before.fence != after.fence:
                self._begins(life, before, after)
        elif before is not None and was_running:
            self._ends(life, before, after)

    def of_commit(self, life: Life, changes: Changes) -> None:
        """Only who has been silent for its lease is taken for dead; numbers only grow."""
        fences = [after.fence for _, after in changes.runs]
        self._newest = max(self._newest, *fences, 0)
        for executor in changes.buried:
            silent = self._now_seconds() - self.beaten.get(executor.name, 0.0)
            if silent < self._lease_seconds - _ROUNDING_SECONDS:
                raise BrokenLawError(f"{life.name} buries {executor.name} after {silent} s")
            self._reached("executor: buried")
            self._gone.add(executor.name)

    def of_a_submission(self, life: Life, run: Run) -> None:
        """Who hands over is at that period; or has not had the time to see that it is stale."""
        self._of_a_permit(life, run.key.tenant)
        held = self._at_work.get((run.key.tenant, _period_of(run)))
        silent = self._now_seconds() - self.beaten.get(life.name, 0.0)
        # It looked at its clock and was frozen right then: nobody could tell.
        was_frozen = life.frozen_at_seconds >= life.looked_seconds
        if silent >= self._lease_seconds:
            if not was_frozen and life.looked_seconds - self.beaten[life.name] >= (
                self._lease_seconds
            ):
                raise BrokenLawError(f"{life.name} hands over {run.key}, {silent} s after its sign")
            self._reached("submit: by who was frozen for longer than its lease")
        elif held is None or held[0] != life.name:
            raise BrokenLawError(f"{life.name} hands over {run.key}, and {held} is at it")

    def _of_a_permit(self, life: Life, tenant: str) -> None:
        """Of a tenant's submissions there are no more than its limit has it."""
        now_seconds = self._now_seconds()
        since_seconds = now_seconds - self._submitted.get(tenant, -self.permit_seconds)
        was_frozen = life.frozen_at_seconds >= life.looked_seconds
        if since_seconds < self.permit_seconds - _ROUNDING_SECONDS and not was_frozen:
            raise BrokenLawError(f"{life.name} hands over for {tenant} after {since_seconds} s")
        self._submitted[tenant] = now_seconds

    def of_time(self, well_since: Mapping[str, float]) -> None:
        """What the dead have left is taken over in bounded time, by any that are well."""
        well = min(well_since.values(), default=None)
        if well is None:
            return
        now_seconds = self._now_seconds()
        limit = _TAKEN_OVER_LEASES_MAX * self._lease_seconds
        intake = self._queue.intake
        # A process that was frozen may take work just before it finds itself dead.
        taken = {(work_id, intake.holder_of[work_id]) for work_id in intake.begun}
        self._taken_at = {each: self._taken_at.get(each, now_seconds) for each in taken}
        for (work_id, holder), taken_at in self._taken_at.items():
            left_at = max(self.beaten.get(holder, 0.0), well, taken_at)
            if holder not in well_since and now_seconds - left_at > limit:
                raise BrokenLawError(f"{work_id} is left with {holder} for {limit} s and longer")

    def of_calm(self) -> None:
        """Where nothing is under way, nobody holds anything."""
        with self._state.look() as turn:
            held = len(turn.leases.holders(""))
        if held > len(self._at_work):
            raise BrokenLawError(f"{held} leases are held, by {len(self._at_work)} runs under way")

    def _begins(self, life: Life, before: RunRecord | None, after: RunRecord) -> None:
        name = after.key.tenant, _lease_of(after)
        if after.executor != life.name:
            raise BrokenLawError(f"{life.name} begins {after.id} for {after.executor}")
        if life.name in self._gone:
            raise BrokenLawError(f"{life.name} is taken for dead, and begins {after.id}")
        if after.fence <= self._newest:
            raise BrokenLawError(f"{after.id} begins under {after.fence}, after {self._newest}")
        holder = self._at_work.get(name)
        if holder is not None and holder[0] not in self._gone and holder[0] != life.name:
            raise BrokenLawError(f"{life.name} begins {name}, and {holder} is at it")
        if before is not None and before.state is RunState.RUNNING:
            self._reached("run: begun again")
            if before.executor is not None and before.executor != life.name:
                self.on_taken_over(before.executor)
        # All of a shard begin in one commit, each under a number of its own.
        self._at_work[name] = life.name, after.fence

    def _ends(self, life: Life, before: RunRecord, after: RunRecord) -> None:
        name = after.key.tenant, _lease_of(after)
        held = self._at_work.pop(name, None)
        with self._state.look() as turn:
            if turn.leases.holders("\t".join(name)):
                raise BrokenLawError(f"{after.id} is {after.state}, and its lease is held still")
        code = None if after.problem is None else after.problem.code
        is_lost = after.state is RunState.QUEUED or code == "work_lost"
        if is_lost or after.state is RunState.CANCELLED:
            return
        if life.name != before.executor or held != (life.name, before.fence):
            raise BrokenLawError(
                f"{life.name} ends {after.key} as {after.state}, and {held} is at it"
            )
        if life.name in self._gone:
            raise BrokenLawError(f"{life.name} is taken for dead, and ends {after.key}")


def _lease_of(record: RunRecord) -> str:
    return _period_of(record.run) if record.job.is_of_a_period else record.id


def _period_of(run: Run) -> str:
    return f"{run.key.period.kind}:{run.key.period.first_day}"
