"""The night of all tenants of a zone: find every day that should be closed and isn't."""

from aegis_batch.application.day_standing import Standing
from aegis_batch.application.jobs import Ended, stands_for
from aegis_batch.application.ledger import Ledger, LedgerTurn
from aegis_batch.application.ports.clock import Clock
from aegis_batch.application.ports.identifiers import Identifiers
from aegis_batch.application.ports.metrics_sink import MetricsSink
from aegis_batch.application.shards import Dispatcher, Sharding, ShardLimits
from aegis_batch.application.tenants_days import TenantsDays
from aegis_batch.domain.job_events import JobCompleted, JobStarted
from aegis_batch.domain.run import JobKind, Trigger
from aegis_batch.domain.run_record import RunRecord

__all__ = ["NightOfAllJob"]


class NightOfAllJob:
    """Dispatches, in shards, a close for each open day of each tenant of its zone.

    Days in flight, and days with an open dead letter, are left out. The Backend is not asked: each
    close asks for itself. What it has dispatched is kept as it goes on, so that one that is begun
    anew goes on from there.
    """

    def __init__(  # noqa: PLR0913 - the ports, and what days there are
        self,
        *,
        ledger: Ledger,
        clock: Clock,
        metrics: MetricsSink,
        identifiers: Identifiers,
        tenants_days: TenantsDays,
        limits: ShardLimits,
        backend: str,
    ) -> None:
        """Take the ports, the tenants with their days, and how large shards are."""
        self._ledger = ledger
        self._clock = clock
        self._metrics = metrics
        self._identifiers = identifiers
        self._tenants_days = tenants_days
        self._limits = limits
        self._backend = backend

    def do(self, record: RunRecord) -> Ended:
        """Find the open days, and have them closed; see ``Job``."""
        started = self._clock.monotonic_seconds()
        now = self._clock.now()
        self._metrics.emit(JobStarted(run=record.run, at=now, job=JobKind.NIGHT))
        with self._ledger.look() as turn:
            nominal = stands_for(turn, record)
        sharding = self._sharding(record)
        days = 0
        for page in self._tenants_days.expected(record.zone_name, nominal, now):
            days += len(page)
            for day in page:
                if day.standing.standing is Standing.UNKNOWN:
                    sharding.add(day)
        sharding.flush()

        def tell(turn: LedgerTurn) -> None:
            turn.tell(
                JobCompleted(
                    run=record.run,
                    at=turn.now,
                    job=JobKind.NIGHT,
                    told=f"{days} days of tenants looked at; to be closed: {sharding.dispatched}",
                    duration_ms=(self._clock.monotonic_seconds() - started) * 1000,
                )
            )

        duration_ms = (self._clock.monotonic_seconds() - started) * 1000
        return Ended(None, duration_ms, in_turn=tell)

    def _sharding(self, record: RunRecord) -> Sharding:
        dispatcher = Dispatcher(
            run_id=record.id,
            requested_by=record.requested_by,
            trigger=Trigger.NIGHT,
            nominal=record.nominal,
            zone_name=record.zone_name,
            not_before=record.nominal or record.enqueued_at,
        )
        return Sharding(self._ledger, self._identifiers, self._limits, self._backend, dispatcher)
