"""What is to be done with a period of a backfill when its turn has come, and its run."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from aegis_batch.application.day_standing import IN_FLIGHT, Standing, standing_by
from aegis_batch.application.ledger import LedgerTurn, first_work_id
from aegis_batch.application.ports.identifiers import Identifiers
from aegis_batch.application.ports.many_runs import CloseFact
from aegis_batch.application.ports.turn import Turn
from aegis_batch.domain.backfill import Backfill, Deed, Fate, Reprocess
from aegis_batch.domain.calendar import Period
from aegis_batch.domain.run import CloseKey, JobKind, RunState, Trigger
from aegis_batch.domain.run_record import RunRecord

__all__ = ["PeriodNow", "fate_of", "periods_now", "run_of"]


@dataclass(frozen=True, slots=True)
class PeriodNow:
    """Where a period stands now.

    ``is_rebuilding`` where it is being derived again; ``close_letter`` and ``rebuild_letter`` name
    the runs of which a dead letter is open, if there is one.
    """

    standing: Standing
    is_rebuilding: bool
    close_letter: str | None
    rebuild_letter: str | None

    def letter(self, job: JobKind) -> str | None:
        """Return the run of a job of which a dead letter is open."""
        return self.rebuild_letter if job is JobKind.REBUILD else self.close_letter


def periods_now(
    turn: Turn, tenants: Sequence[str], periods: Sequence[Period], backend: str
) -> Mapping[CloseKey, PeriodNow]:
    """Return where periods of one kind, oldest first, of many tenants stand with a Backend.

    With two statements for all of them.
    """
    first, last, kind = periods[0].first_day, periods[-1].first_day, periods[0].kind

    def facts(job: JobKind) -> Mapping[CloseKey, Sequence[CloseFact]]:
        by_key: dict[CloseKey, list[CloseFact]] = {}
        for fact in turn.many_runs.closes(tenants, first, last, kind=kind, job=job):
            by_key.setdefault(fact.key, []).append(fact)
        return by_key

    closes, rebuilds = facts(JobKind.CLOSE), facts(JobKind.REBUILD)
    keys = [CloseKey(tenant, period) for tenant in tenants for period in periods]
    return {
        key: PeriodNow(
            standing=standing_by(closes.get(key, ()), backend).standing,
            is_rebuilding=any(fact.state in IN_FLIGHT for fact in rebuilds.get(key, ())),
            close_letter=_letter(closes.get(key, ())),
            rebuild_letter=_letter(rebuilds.get(key, ())),
        )
        for key in keys
    }


def fate_of(now: PeriodNow, deed: Deed, reprocess: Reprocess, *, is_closed: bool) -> Fate | None:
    """Return how a period has come out already; ``None`` where a run is to be started for it.

    ``is_closed`` where there is a report of it, be it that the ledger doesn't know. What others
    have taken care of since it was planned, or have in their hands, is passed over.
    """
    if now.standing is Standing.IN_FLIGHT:
        return Fate.SKIPPED
    if not is_closed:
        is_dead = now.standing is Standing.DEAD
        return Fate.SKIPPED if is_dead and reprocess is Reprocess.NONE else None
    if deed is Deed.CLOSE:
        return Fate.DONE
    if now.is_rebuilding:
        return Fate.SKIPPED
    # What had failed was decided about since, or done.
    return Fate.DONE if deed is Deed.REPLAY and now.rebuild_letter is None else None


def run_of(  # noqa: PLR0913 - what a run is made of
    turn: LedgerTurn,
    backfill: Backfill,
    identifiers: Identifiers,
    *,
    key: CloseKey,
    job: JobKind,
    zone_name: str | None,
    replay_of: str | None,
) -> RunRecord:
    """Return a new run of a backfill, which is a piece of work by itself unless it is given one."""
    run_id = identifiers.new_run_id()
    return RunRecord(
        id=run_id,
        trace_id=identifiers.new_trace_id(),
        job=job,
        key=key,
        trigger=Trigger.BACKFILL,
        requested_by=backfill.started_by or backfill.planned_by,
        state=RunState.QUEUED,
        work_id=first_work_id(run_id),
        enqueued_at=turn.now,
        due_at=turn.now,
        parent=backfill.id,
        zone_name=zone_name,
        replay_of=replay_of,
    )


def _letter(facts: Sequence[CloseFact]) -> str | None:
    return next((fact.run_id for fact in facts if fact.state is RunState.FAILED), None)
